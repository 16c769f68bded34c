"""The sample space: what one sample is. It comes from the data and sizes every network."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleSpace:
    """An image space. Tensors of samples are float, shape (batch, channels, height, width), in [-1, 1].

    ``classes`` are the label names in label order; empty means unconditional.
    """

    channels: int
    height: int
    width: int
    classes: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.channels, self.height, self.width

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "classes": list(self.classes)}
