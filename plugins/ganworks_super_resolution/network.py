"""A model made ready for pictures: 8 or 16 bits, any number of channels, any size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ganworks.errors import DataError, UsageError
from ganworks_super_resolution.bands import Array, bands

if TYPE_CHECKING:
    from ganworks_exports.runtime import Model

FARTHEST_HALO = 64  # pixels; a network that looks further gets this much, and blended seams
FADE = 16  # pixels on each side of such a seam
BAND_BYTES = 2**27  # of the result, as float32: bounds the tiles of wide pictures
SMALLEST, LARGEST = 128, 512  # sides of tiles, pixels
DTYPES = ("uint8", "uint16", "float32")  # of pictures


class Network:
    """Enlarges or restores one picture after the other.

    Attributes:
        scale: how many times larger the result is.
        holes: the last channel of the input is a mask of what is to be filled in.
    """

    def __init__(self, model: Model, name: str) -> None:
        """Take a model; ``name`` is how messages call it.

        Raises:
            UsageError: it does not map pictures of any size to pictures.
        """
        ports = [*model.inputs.values(), *model.outputs.values()]
        self._model, self._name = model, name
        if len(ports) != 2 or not all(_is_picture(port) for port in ports) or model.card.get("labels"):
            raise UsageError(f"{name} makes no picture of a picture: give a run of super-resolution")
        source, result = ports
        if not all(isinstance(side, str) for side in source["shape"][1:3]):
            raise UsageError(f"{name} takes pictures of one size only: export it again with free sizes")
        times = {_times(*sides) for sides in zip(source["shape"][1:3], result["shape"][1:3], strict=True)}
        self.scale = times.pop() or 0
        if times or not self.scale:
            raise UsageError(f"{name} enlarges height and width by no whole number, the same for both")
        self._takes, self._gives = int(source["shape"][3]), int(result["shape"][3])
        self._dtype = np.dtype(source["dtype"])
        self.holes = self._takes == self._gives + 1

    def made_of(self, pixels: Array, alpha: Array | None) -> int:
        """Return how many channels the result of a picture has.

        Raises:
            DataError: the model cannot take this picture.
        """
        channels = int(pixels.shape[2])
        if self._dtype.kind != "f" and pixels.dtype != self._dtype:
            depth, wanted = 8 * pixels.itemsize, 8 * self._dtype.itemsize
            raise DataError(f"the picture has {depth} bits a channel, and {self._name} takes {wanted}")
        if self.holes and alpha is None:
            raise DataError(f"{self._name} fills holes: make them transparent in a PNG or TIFF file")
        if channels == self._takes - self.holes or self._to_colour(channels):
            return self._gives
        if self.holes or self._takes != self._gives or self._takes not in (1, 3):
            wanted = self._takes - self.holes
            raise DataError(f"the picture has {channels} channels, and {self._name} takes {wanted}")
        return channels  # each by itself, as a grey picture

    def __call__(
        self,
        pixels: Array,
        alpha: Array | None = None,
        *,
        tile: int | None = None,  # pixels a side; None: as large as the memory allows
        tell: Callable[[int, int], None] = lambda done, total: None,
    ) -> Array:
        """Return the result, (scale * height, scale * width, channels) of the same type.

        Args:
            pixels: (height, width, channels), uint8 or uint16.
            alpha: (height, width); 0 where a hole is, for a model that fills holes.
            tell: called after each band with the rows done and all rows.

        Raises:
            DataError: the model cannot take this picture.
        """
        height, width = pixels.shape[:2]
        channels = self.made_of(pixels, alpha)
        if self.holes and alpha is not None:
            mask = (alpha == 0).astype(pixels.dtype) * np.iinfo(pixels.dtype).max
            pixels = np.dstack([np.where(mask[..., None] > 0, pixels.dtype.type(0), pixels), mask])
        result = np.empty((height * self.scale, width * self.scale, channels), pixels.dtype)
        side, at = tile or _side(width, channels, self.scale), 0

        def run(band: Array) -> Array:
            return self._run(band, side + 2 * (self._halo + self._fade))

        for band in bands(
            run,
            pixels,
            rows=side,
            halo=self._halo,
            fade=self._fade,
            scale=self.scale,
            multiple=self._tiles.get("multiple", 1),
        ):
            result[at : at + len(band)] = self._stored(band, pixels.dtype)
            at += len(band)
            tell(at // self.scale, height)
        return result

    # inside
    @property
    def _tiles(self) -> dict[str, Any]:
        tiles: dict[str, Any] = self._model.card.get("tiles", {})
        return tiles

    @cached_property
    def _reach(self) -> int | None:
        """The halo with which tiles equal the whole picture, if there is one."""
        if "halo" in self._tiles:
            told: int | None = self._tiles["halo"]  # the runtime has checked it
            return told
        try:
            return self._model.measure_halo(FARTHEST_HALO)
        except ValueError:
            return None

    @property
    def _halo(self) -> int:
        return FARTHEST_HALO if self._reach is None else self._reach

    @property
    def _fade(self) -> int:
        return FADE if self._reach is None else 0

    def _to_colour(self, channels: int) -> bool:
        """Whether a colour picture is made grey first, for a model that gives grey ones colours."""
        return channels == 3 and (self._takes, self._gives) == (1, 3)

    def _run(self, band: Array, tile: int) -> Array:
        """Run on (rows, width, channels); the result is float32, in [0, 1] or in the units of the model."""
        if self._dtype.kind == "f":
            low, high = self._window(band.dtype)
            band = (band.astype(np.float32) - low) / np.float32(high - low)
        if self._to_colour(band.shape[2]):
            from ganworks_image.conform import LUMA

            band = (band @ LUMA)[..., None].astype(self._dtype)
        if band.shape[2] == self._takes:
            return self._transformed(band, tile)
        grey = (band[..., [channel]].repeat(self._takes, axis=2) for channel in range(band.shape[2]))
        return np.dstack([self._transformed(one, tile).mean(axis=2) for one in grey])

    def _transformed(self, band: Array, tile: int) -> Array:
        made = self._model.transform(band, tile=tile, halo=self._halo, blend=self._fade)
        return made.astype(np.float32, copy=False)

    def _stored(self, band: Array, dtype: np.dtype[Any]) -> Array:
        low, high = self._window(dtype)
        scaled = band * np.float32(high - low) + low if self._dtype.kind == "f" else band
        return np.asarray(np.rint(scaled).clip(0, np.iinfo(dtype).max).astype(dtype))

    def _window(self, dtype: np.dtype[Any]) -> tuple[float, float]:
        """Black and white of such pictures: as in training, where the training pictures had the same type."""
        told = self._model.card.get("intensity")
        if isinstance(told, Mapping) and told.get("dtype") == dtype.name:
            low, high = told.get("low"), told.get("high")
            if isinstance(low, int | float) and isinstance(high, int | float) and low < high:
                return float(low), float(high)
        return 0.0, float(np.iinfo(dtype).max)


def _is_picture(port: Mapping[str, Any]) -> bool:
    """Whether a port is (batch, height, width, channels), by its card, which anyone may have written."""
    return len(port["shape"]) == 4 and isinstance(port["shape"][3], int) and port["dtype"] in DTYPES


def _times(side: str, made: Any) -> int | None:
    """Return 4 for "height" and "4*height", None where the one is no multiple of the other."""
    times, star, rest = str(made).rpartition("*")
    if rest != side or not (times.isdecimal() or not star):
        return None
    return int(times) if star else 1


def _side(width: int, channels: int, scale: int) -> int:
    """Return the side of tiles: large, so that little is computed twice, but for very wide pictures."""
    row_bytes = width * scale * scale * channels * 4
    return int(min(max(BAND_BYTES // row_bytes, SMALLEST), LARGEST))
