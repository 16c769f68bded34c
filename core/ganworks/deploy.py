"""What an exporter receives: a network in its final form, and what an embedding program must know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn


@dataclass(frozen=True, kw_only=True)
class Port:
    """One input or output.

    ``shape`` holds sizes and names of free sizes (``("batch", 64)``). For integer inputs the values are
    ``low <= value <= high``; float inputs without a range are standard normal.
    """

    name: str
    dtype: str  # NumPy's name: float32, int64, uint8
    shape: tuple[int | str, ...]
    meaning: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class Deployable:
    """``module(*inputs) -> output`` in final units, with its card.

    The module is used in evaluation mode; an exporter may change it, so hand over a copy.
    """

    module: nn.Module
    inputs: tuple[Port, ...]
    output: Port
    card: Mapping[str, Any] = field(default_factory=dict)  # JSON values: title, classes, license, data ...


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What came of an export; lands in ``metrics.json`` under ``export``."""

    file: Path
    max_abs_diff: float  # largest difference to torch over the checked batches, in output units
    sha256: str
    details: Mapping[str, Any] = field(default_factory=dict)  # for ONNX: opset, bytes, batches checked
