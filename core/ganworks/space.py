"""The sample space: what one sample is. It comes from the data and sizes every network."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

KINDS = ("rows", "sequences", "images", "volumes")  # what samples are, by the rank of their space


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleSpace:
    """Tensors of samples are float, shape (batch, channels, *size), in [-1, 1].

    ``size`` has as many entries as a sample has axes to walk along: () for a row of a table or a point,
    (steps,) for a sequence, (height, width) for an image, (depth, height, width) for a volume.
    ``classes`` are the label names in label order; empty means unconditional.
    """

    channels: int
    size: tuple[int, ...]
    classes: tuple[str, ...] = ()

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
        return {**asdict(self), "size": list(self.size), "classes": list(self.classes)}
