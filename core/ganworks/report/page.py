"""The report as a value: headline numbers, then sections made of blocks; the template draws them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup
from numpy.typing import NDArray

from ganworks.report import encode, values
from ganworks.run import write_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Level = Literal["good", "neutral", "bad"]
Picture = NDArray[np.uint8]

TEMPLATE = "template.html.j2"


@dataclass(frozen=True)
class Headline:
    """A number that stands on top of the page."""

    label: str
    value: str
    level: Level


@dataclass(frozen=True)
class Block:
    """One piece of a section; ``kind`` names the macro of the template that draws it from ``parts``."""

    kind: str
    parts: Mapping[str, Any]


class Section:
    """A section under construction; every method adds a block and returns the section.

    Texts are plain text: whatever they hold, a class name or a file name too, is escaped. Values are shown
    with four significant digits; None and NaN as a dash.
    """

    def __init__(self, title: str, intro: str, key: str) -> None:
        self.title = title
        self.intro = _paragraphs(intro)
        self.key = key
        self.blocks: list[Block] = []

    def text(self, text: str) -> Section:
        """Add prose; a blank line starts a new paragraph."""
        return self._add("text", paragraphs=_paragraphs(text))

    def verdict(self, text: str, level: Level) -> Section:
        """Add a conclusion that must not be overlooked."""
        return self._add("verdict", text=text, level=_level(level))

    def facts(self, facts: Mapping[str, Any]) -> Section:
        """Add a list of names and values."""
        return self._add("facts", facts=[(name, values.shown(value)) for name, value in facts.items()])

    def table(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
        caption: str = "",
        *,
        folded: bool = False,
    ) -> Section:
        """Add a table. Columns of numbers are aligned; ``folded`` shows the caption only, to be opened.

        Raises:
            ValueError: a row has more or fewer cells than there are columns.
        """
        for row in rows:
            if len(row) != len(columns):
                raise ValueError(
                    f"a row of {len(row)} cells in a table of {len(columns)} columns: {list(row)!r}"
                )
        cells = [values.shown_column([row[place] for row in rows]) for place in range(len(columns))]
        numeric = [values.is_numeric_column(column) for column in cells]
        heads = list(zip(columns, numeric, strict=True))
        body = [list(zip(row, numeric, strict=True)) for row in zip(*cells, strict=True)]
        return self._add("table", heads=heads, rows=body, caption=caption, folded=folded)

    def picture(self, image: Picture, caption: str = "", scale: int = 1, alt: str = "") -> Section:
        """Add a picture: uint8, (height, width) or (height, width, 3), each pixel shown ``scale`` wide."""
        return self.pictures([(image, caption)], scale, alt)

    def pictures(self, images: Sequence[tuple[Picture, str]], scale: int = 1, alt: str = "") -> Section:
        """Add pictures side by side, each with its caption; ``alt`` describes them where a caption does not.

        Raises:
            ValueError: ``scale`` is below 1, or an array is no picture.
        """
        if scale < 1:
            raise ValueError(f"scale must be at least 1, got {scale}")
        drawn = [
            {
                "uri": encode.png_uri(image),
                "width": image.shape[1] * scale,
                "height": image.shape[0] * scale,
                "alt": alt
                or caption
                or f"{self.title}: picture of {image.shape[1]} x {image.shape[0]} pixels",
                "caption": caption,
            }
            for image, caption in images
        ]
        return self._add("pictures", pictures=drawn)

    def plot(self, figure: Figure, caption: str = "", alt: str = "") -> Section:
        """Add a matplotlib figure as SVG. Figures of `ganworks.report.pictures` follow the page's colours."""
        # matplotlib has escaped the figure's own texts
        svg = Markup(encode.inline_svg(figure, f"{self.key}-{len(self.blocks)}"))
        return self._add("plot", svg=svg, caption=caption, alt=alt or caption or f"{self.title}: plot")

    def code(self, code: str, language: str = "") -> Section:
        """Add a listing."""
        return self._add("code", code=code.strip("\n"), language=language)

    def warning_list(self, warnings: Sequence[str], none: str = "No warnings.") -> Section:
        """Add warnings, or the sentence ``none`` when there are none."""
        return self._add("warnings", warnings=list(warnings), none=none)

    def _add(self, kind: str, **parts: Any) -> Section:
        self.blocks.append(Block(kind, parts))
        return self


@dataclass
class Report:
    """A page: ``headline`` for the numbers on top, ``section`` for the rest, ``write`` when it is complete.

    The page loads nothing, runs no script, prints, fits a phone and follows the reader's dark mode.
    """

    title: str
    subtitle: str = ""
    headlines: list[Headline] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)

    def headline(self, label: str, value: Any, level: Level = "neutral") -> Report:
        """Add a number to the top of the page."""
        self.headlines.append(Headline(label, values.shown(value), _level(level)))
        return self

    def section(self, title: str, intro: str = "") -> Section:
        """Start a section; it gets an entry in the table of contents."""
        self.sections.append(Section(title, intro, key=f"s{len(self.sections) + 1}"))
        return self.sections[-1]

    def html(self) -> str:
        """Return the page."""
        return _template().render(report=self)

    def write(self, path: Path) -> None:
        """Write the page to ``path`` atomically."""
        write_text(path, self.html())


@cache
def _template() -> Template:
    source = files(__package__).joinpath(TEMPLATE).read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(source)


def _paragraphs(text: str) -> list[str]:
    return [paragraph.strip() for paragraph in text.split("\n\n") if paragraph.strip()]


def _level(level: Level) -> Level:
    if level not in get_args(Level):
        raise ValueError(f"expected one of {', '.join(get_args(Level))} as level, got {level!r}")
    return level
