"""Arrays and figures as text that can stand inside an HTML page."""

from __future__ import annotations

import base64
import io
import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# colours a figure is drawn in, and the variables of the page that replace them: plots follow dark mode
THEME = {"#123450": "--ink", "#123451": "--muted", "#123452": "--line", "#123453": "--paper"}
INK, MUTED, LINE, PAPER = THEME

# without them the page would say when and by what version it was drawn, and differ at each writing
NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}


def png_uri(image: NDArray[np.uint8]) -> str:
    """Return a picture as a PNG data URI.

    Args:
        image: uint8, (height, width) grey or (height, width, 3) colour.

    Raises:
        ValueError: another shape or type.
    """
    grey_or_colour = image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)
    if image.dtype != np.uint8 or not grey_or_colour or image.size == 0:
        raise ValueError(
            f"expected uint8 (height, width) or (height, width, 3), got {image.dtype} {image.shape}"
        )
    file = io.BytesIO()
    Image.fromarray(image).save(file, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def inline_svg(figure: Figure, key: str) -> str:
    """Return a figure as an `<svg>` element that may stand in a page beside others.

    ``key`` is put before every id, since the ids of one page must differ. Text stays text.
    """
    import matplotlib  # slow to import, and only pages with plots need it

    file = io.StringIO()
    settings: dict[str, Any] = {"svg.fonttype": "none", "svg.hashsalt": key}
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        # only to measure the text: the reader's browser draws it, and has fonts for other scripts
        warnings.filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)
        figure.savefig(file, format="svg", metadata=NO_METADATA, bbox_inches="tight")
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :]  # what stands before it (XML declaration, DTD) is for files of their own
    svg = re.sub(
        r"<style[^>]*>.*?</style>", "", svg, flags=re.DOTALL
    )  # applies to `*`, hence to the whole page
    svg = re.sub(r'\b(id=")|((?:xlink:)?href="#)|(url\(#)', lambda found: f"{found[0]}{key}-", svg)
    for colour, variable in THEME.items():
        svg = svg.replace(colour, f"var({variable})")
    return svg
