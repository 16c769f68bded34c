"""One channel count and one intensity map for all pictures of a study."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from ganworks.errors import DataError
from ganworks_image.frames import Frame, Rejects
from ganworks_image.intensity import IntensityMap, Pixels, data_window

LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601


def one_channel_count(frames: Sequence[Frame], wanted: str, rejects: Rejects) -> None:
    """Give all pictures the same channels, in place.

    Grey pictures saved as colour count as grey. ``wanted`` is auto, grey or colour.

    Raises:
        DataError: grey and colour pictures are mixed and ``wanted`` is auto, or counts cannot be reconciled.
    """
    disguised = [frame for frame in frames if _is_disguised_grey(frame)]
    if len(disguised) == len(frames) or (wanted == "auto" and _mixed(frames)):
        for frame in disguised:
            frame.pixels = frame.pixels[:1]
        if disguised:
            rejects.add(f"({len(disguised)} files)", "grey pictures saved as colour", "read as grey")
    if wanted != "auto":
        for frame in frames:
            frame.pixels = _to_grey(frame.pixels) if wanted == "grey" else _to_colour(frame.pixels)
    counts = Counter(frame.pixels.shape[0] for frame in frames)
    if len(counts) > 1:
        examples = "; ".join(
            f"{number} with {channels} ({next(f.name for f in frames if f.pixels.shape[0] == channels)})"
            for channels, number in counts.most_common()
        )
        raise DataError(f"images differ in channels: {examples}; convert all with --channels grey or colour")


def _mixed(frames: Sequence[Frame]) -> bool:
    return len({frame.pixels.shape[0] for frame in frames}) > 1


def _is_disguised_grey(frame: Frame) -> bool:
    pixels = frame.pixels
    return pixels.shape[0] == 3 and bool((pixels == pixels[:1]).all())


def _to_grey(pixels: Pixels) -> Pixels:
    if pixels.shape[0] != 3:
        return pixels
    grey = np.tensordot(LUMA, pixels.astype(np.float32), axes=1)[None]
    return np.rint(grey).astype(pixels.dtype) if pixels.dtype.kind in "ui" else grey


def _to_colour(pixels: Pixels) -> Pixels:
    return np.repeat(pixels, 3, axis=0) if pixels.shape[0] == 1 else pixels


def one_intensity(frames: Sequence[Frame], unit: str = "intensity") -> tuple[Pixels, IntensityMap]:
    """Return the stored pictures, (rows, channels, height, width), and the map back to input units.

    8-bit pictures keep 0..255; anything else uses the pooled 0.1st to 99.9th percentile of the data.

    Raises:
        DataError: 8-bit and deeper pictures are mixed.
    """
    dtype = common_dtype(frames)
    if dtype == "uint8":
        stored = np.stack([_eight_bits(frame.pixels) for frame in frames])
        return stored, IntensityMap(low=0, high=255, dtype=dtype, unit=unit)
    return in_window(frames, data_window([frame.pixels for frame in frames], dtype), unit)


def _eight_bits(pixels: Pixels) -> Pixels:
    return np.where(pixels, np.uint8(255), np.uint8(0)) if pixels.dtype == np.bool_ else pixels


def in_window(
    frames: Sequence[Frame], window: tuple[float, float], unit: str = "intensity"
) -> tuple[Pixels, IntensityMap]:
    """Return the stored pictures with everything outside ``window`` (low, high) clipped, and the map back.

    Raises:
        DataError: 8-bit and deeper pictures are mixed, or everything lies outside the window.
    """
    low, high = window
    chosen = IntensityMap(low=low, high=high, dtype=common_dtype(frames), unit=unit)
    stored = np.stack([chosen.store(frame.pixels) for frame in frames])
    if stored.min() == stored.max():
        lowest, highest = min(f.pixels.min() for f in frames), max(f.pixels.max() for f in frames)
        raise DataError(
            f"window {low:g},{high:g} leaves nothing: the data run from {lowest:g} to {highest:g}"
        )
    return stored, chosen


def common_dtype(frames: Sequence[Frame]) -> str:
    """Return the kind of number to write: the input's own, where a file format has it.

    Raises:
        DataError: 8-bit pictures are mixed with deeper ones, whose numbers mean something else.
    """
    kinds = Counter(frame.dtype for frame in frames)
    if len(kinds) > 1 and ({"uint8", "bool"} & set(kinds)):
        examples = ", ".join(f"{next(f.name for f in frames if f.dtype == kind)} is {kind}" for kind in kinds)
        raise DataError(f"images differ in depth: {examples}; save all with the same number of bits")
    dtype = np.result_type(*kinds)
    if dtype.kind == "b":
        return "uint8"
    if dtype.kind == "f":
        return "float32"
    if dtype.name in ("uint8", "uint16", "int16"):
        return str(dtype.name)
    low = min(int(frame.pixels.min()) for frame in frames)
    high = max(int(frame.pixels.max()) for frame in frames)
    fits = [name for name in ("uint16", "int16") if np.iinfo(name).min <= low and high <= np.iinfo(name).max]
    return fits[0] if fits else "float32"
