"""The sample space: what one sample is. It comes from the data and sizes every network."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

KINDS = ("rows", "sequences", "images", "volumes")  # what samples are, by the rank of their space
TRANSLATED = ("pairs", "unpaired")  # kinds of data whose samples are made from another image of their size
RESTORED = "restored"  # kind of data whose samples are made from a worse, mostly smaller, version of them


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleSpace:
    """Tensors of samples are float, shape (batch, channels, *size), in [-1, 1].

    ``size`` has as many entries as a sample has axes to walk along: () for a row of a table or a point,
    (steps,) for a sequence, (height, width) for an image, (depth, height, width) for a volume.
    ``classes`` are the label names in label order; empty means unconditional.

    A row of a table says in ``parts`` how wide its parts are, in order: 1 for a number in [-1, 1], k >= 2 for
    a choice among k, as their probabilities. Where there are classes, the last part is the choice of the
    class. No parts: every channel is a number.
    """

    channels: int
    size: tuple[int, ...]
    classes: tuple[str, ...] = ()
    parts: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.parts and (self.size or min(self.parts) < 1 or sum(self.parts) != self.channels):
            raise ValueError(f"parts {self.parts} do not make a row of {self.channels} channels")

    @property
    def rank(self) -> int:
        """Axes beside the channels: 0 point, 1 sequence, 2 image, 3 volume."""
        return len(self.size)

    @property
    def height(self) -> int:
        """Rows of an image or of a slice of a volume."""
        return self.size[-2]

    @property
    def width(self) -> int:
        return self.size[-1]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.channels, *self.size

    def as_dict(self) -> dict[str, Any]:
        lists = {"size": list(self.size), "classes": list(self.classes)}
        return {**asdict(self), **lists, "parts": list(self.parts)}


def space_of_givens(space: SampleSpace) -> SampleSpace:
    """What a generator of table rows is told: the values that are given, then for each part whether it is.

    Values that are not given are 0, as are the numbers after the values where a part is free.
    """
    return SampleSpace(channels=space.channels + len(space.parts), size=())


def made_up_spaces(
    kind: str, side: int, channels: int = 1, classes: tuple[str, ...] = ()
) -> tuple[SampleSpace, SampleSpace | None]:
    """Spaces of some data of a kind of `ganworks.plugin.RECIPE_DATA`, and of what its samples are made from.

    To size a recipe without data: ``side`` is the length of every axis, or the numbers of a table row.
    """
    if kind == "tables":
        parts = (1,) * side + ((len(classes),) if len(classes) > 1 else ())
        table = SampleSpace(channels=sum(parts), size=(), classes=classes, parts=parts)
        return table, space_of_givens(table)
    rank = KINDS.index(kind if kind in KINDS else "images")
    space = SampleSpace(channels=channels, size=(side,) * rank, classes=classes)
    if kind == RESTORED:
        return space, SampleSpace(channels=channels, size=(side // 2,) * rank)
    return space, space if kind in TRANSLATED else None
