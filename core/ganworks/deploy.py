"""What an exporter receives: a network in its final form, and what an embedding program must know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from torch import nn


@dataclass(frozen=True, kw_only=True)
class Port:
    """One input or output.

    ``shape`` holds sizes and names of free sizes: ``("batch", 64)``, and for a picture of any size
    ``("batch", "height", "width", 3)``. An output may count in free sizes of the inputs: ``"4*height"``.
    For integer inputs the values are ``low <= value <= high``; float inputs without a range are standard
    normal.
    """

    name: str
    dtype: str  # NumPy's name: float32, int64, uint8; "str" for an output with `categories`
    shape: tuple[int | str, ...]
    meaning: str
    low: float | None = None
    high: float | None = None
    default: float | None = None  # what a program should feed that has no wish of its own; NaN: free
    multiples: Mapping[str, int] = field(default_factory=dict)  # a free size must be a multiple of this
    categories: tuple[str, ...] = ()  # of an output of texts: the module gives places in this list
    missing: bool = False  # floats: NaN stands for a missing value; at an input, infinity does


@dataclass(frozen=True, kw_only=True)
class Deployable:
    """``module(*inputs) -> outputs`` in final units, with its card: one tensor, or a tuple in their order.

    The module is used in evaluation mode; an exporter may change it, so hand over a copy.
    """

    module: nn.Module
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    card: Mapping[str, Any] = field(default_factory=dict)  # JSON values: title, classes, license, data ...
    view: str = "app"  # app: as a program wants it; latent, style: for interpolation
    # real rows of inputs by name, (rows, ...): what a network is calibrated with; others are drawn at random
    examples: Mapping[str, NDArray[Any]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What came of an export; lands in ``metrics.json`` under ``export``."""

    file: Path  # or folder
    max_abs_diff: float  # largest difference to torch over the checked batches, in output units
    sha256: str
    details: Mapping[str, Any] = field(default_factory=dict)  # for ONNX: opset, bytes, batches checked
