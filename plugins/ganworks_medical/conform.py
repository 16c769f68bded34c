"""One channel count and one intensity map for all pictures of a study."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from ganworks.errors import DataError, UsageError
from ganworks_medical.frames import Frame, Rejects
from ganworks_medical.intensity import IntensityMap, Pixels, own_windows, percentile_window
from ganworks_medical.options import CT_WINDOWS_HU, window_limits

LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601


def one_channel_count(frames: list[Frame], wanted: str, rejects: Rejects) -> list[Frame]:
    """Return pictures that all have the same channels.

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
    return frames


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


def one_intensity(frames: Sequence[Frame], modality: str, window: str | None) -> tuple[Pixels, IntensityMap]:
    """Return the stored pictures, (rows, channels, height, width), and the map back to input units.

    A window that was asked for holds for all. Without one, 8-bit pictures keep 0..255; MR, which has no
    units, is windowed picture by picture (0.5th to 99.5th percentile) and goes back through the median
    window; anything else uses the pooled 0.1st to 99.9th percentile of the data.

    Raises:
        DataError: 8-bit and deeper pictures are mixed, or everything lies outside the window.
        UsageError: a CT preset for data that are not in HU.
    """
    unit = Counter(frame.unit for frame in frames).most_common(1)[0][0]
    dtype = _common_dtype(frames)
    if window in CT_WINDOWS_HU and unit != "HU":
        raise UsageError(
            f"--window {window} is in Hounsfield units, but the data are not; give two numbers LOW,HIGH"
        )
    if dtype == "uint8" and window is None:
        return np.stack([frame.pixels for frame in frames]), IntensityMap(
            low=0, high=255, dtype=dtype, unit=unit
        )
    pictures = [frame.pixels for frame in frames]
    if window is None and modality == "mr":
        windows = own_windows(pictures)
        low, high = (float(value) for value in np.median(windows, axis=0))
        maps = [IntensityMap(low=a, high=b, dtype=dtype, unit=unit) for a, b in windows]
        stored = np.stack([one.store(picture) for one, picture in zip(maps, pictures, strict=True)])
        return stored, IntensityMap(low=low, high=high, dtype=dtype, unit=unit)
    low, high = window_limits(window) if window is not None else _data_window(pictures, dtype)
    chosen = IntensityMap(low=low, high=high, dtype=dtype, unit=unit)
    stored = np.stack([chosen.store(picture) for picture in pictures])
    if stored.min() == stored.max():
        lowest, highest = min(p.min() for p in pictures), max(p.max() for p in pictures)
        raise DataError(
            f"window {low:g},{high:g} leaves nothing: the data run from {lowest:g} to {highest:g}"
        )
    return stored, chosen


def _data_window(pictures: Sequence[Pixels], dtype: str) -> tuple[float, float]:
    low, high = percentile_window(pictures, 0.1, 99.9)
    if low >= high:  # nearly every pixel is background
        low, high = float(min(p.min() for p in pictures)), float(max(p.max() for p in pictures))
    return (float(np.floor(low)), float(np.ceil(high))) if np.dtype(dtype).kind in "ui" else (low, high)


def _common_dtype(frames: Sequence[Frame]) -> str:
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
