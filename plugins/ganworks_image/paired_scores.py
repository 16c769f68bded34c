"""How near a made picture is to the one that it should be: pixel scores by the protocol of super-resolution.

`psnr_y` and `ssim_y` are the numbers of its papers: 8-bit pixels, luma of BT.601 in studio range, a border
left out, float64, peak 255. `psnr`, `ssim` and `l1` take pictures of any range, channel by channel.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.generic]

LUMA = (65.481, 128.553, 24.966)  # of R, G, B in [0, 1]; ITU-R BT.601
BLACK = 16.0  # studio range: 16 to 235
PEAK = 255.0
SIGMA = 1.5  # pixels; Wang et al. 2004
WINDOW = 11  # pixels that a Gaussian of SIGMA spans when cut at 3.5 sigma


def luma(picture: Pixels) -> NDArray[np.float64]:
    """The luma Y of a picture, not rounded.

    Args:
        picture: (height, width), (height, width, 1), or (height, width, 3) as RGB; 0 to 255. Numbers that are
            not whole are rounded first, as a file would hold them.

    Returns:
        (height, width) in [16, 235]; that of a grey picture is that of the same picture as RGB.

    Raises:
        ValueError: another shape.
    """
    x = np.clip(np.rint(np.asarray(picture, dtype=np.float64)), 0, PEAK)
    x = x[:, :, None] if x.ndim == 2 else x
    if x.ndim != 3 or x.shape[2] not in (1, 3):
        raise ValueError(f"expected (height, width, 1 or 3), got {x.shape}")
    y: NDArray[np.float64] = np.broadcast_to(x, (*x.shape[:2], 3)) @ (np.asarray(LUMA) / PEAK) + BLACK
    return y


def psnr_y(a: Pixels, b: Pixels, border: int) -> float:
    """Peak signal-to-noise ratio of the luma, in dB; infinite for equal pictures.

    Args:
        a, b: 8-bit pictures of one shape, as for `luma`.
        border: pixels left out at each side; papers take the scale.

    Raises:
        ValueError: shapes that differ, or nothing left inside the border.
    """
    return psnr(*_lumas(a, b, border), PEAK)


def ssim_y(a: Pixels, b: Pixels, border: int) -> float:
    """Structural similarity of the luma (Wang et al. 2004), at most 1: mean over the windows that fit whole.

    Args:
        a, b: 8-bit pictures of one shape, as for `luma`.
        border: pixels left out at each side before.

    Raises:
        ValueError: shapes that differ, or fewer than 11 pixels a side inside the border.
    """
    return ssim(*_lumas(a, b, border), PEAK)


def psnr(a: Pixels, b: Pixels, peak: float) -> float:
    """Peak signal-to-noise ratio in dB over all values; infinite for equal arrays.

    Args:
        a, b: arrays of one shape and any type.
        peak: the range of the values, for example 255 for 8 bit.

    Raises:
        ValueError: shapes that differ, or an empty array.
    """
    x, y = _alike(a, b)
    error = float(np.mean((x - y) ** 2))
    return float(10 * np.log10(peak**2 / error)) if error > 0 else float("inf")


def ssim(a: Pixels, b: Pixels, peak: float) -> float:
    """Structural similarity, mean over channels and over the windows that fit whole.

    Args:
        a, b: (height, width) or (height, width, channels) of one shape and any type, 11 pixels a side
            or more.
        peak: the range of the values.

    Raises:
        ValueError: shapes that differ, or too few pixels.
    """
    from skimage.metrics import structural_similarity  # slow to import

    x, y = _alike(a, b)
    if x.ndim not in (2, 3) or min(x.shape[:2]) < WINDOW:
        raise ValueError(f"expected {WINDOW} pixels or more a side, got shape {x.shape}")
    settings: dict[str, Any] = {"gaussian_weights": True, "sigma": SIGMA, "use_sample_covariance": False}
    axis = {"channel_axis": 2} if x.ndim == 3 else {}
    # its mean takes in windows that reach beyond the picture where sigma is not its default: crop by hand
    _, each = structural_similarity(x, y, data_range=peak, full=True, **settings, **axis)
    rim = WINDOW // 2
    return float(each[rim : x.shape[0] - rim, rim : x.shape[1] - rim].mean())


def l1(a: Pixels, b: Pixels) -> float:
    """Mean absolute difference, in the units of the arrays.

    Raises:
        ValueError: shapes that differ, or an empty array.
    """
    x, y = _alike(a, b)
    return float(np.mean(np.abs(x - y)))


def _lumas(a: Pixels, b: Pixels, border: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, y = _alike(luma(a), luma(b))
    height, width = x.shape
    if border < 0 or 2 * border >= min(height, width):
        raise ValueError(f"a border of {border} leaves nothing of {height} x {width} pixels")
    inside = (slice(border, height - border), slice(border, width - border))
    return x[inside], y[inside]


def _alike(a: Pixels, b: Pixels) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if x.shape != y.shape or not x.size:
        raise ValueError(f"expected two pictures of one shape, got {x.shape} and {y.shape}")
    return x, y
