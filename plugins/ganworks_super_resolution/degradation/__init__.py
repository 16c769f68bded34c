"""How good pictures get worse: blur, resampling, noise and JPEG, seeded for each row of a batch.

Pictures are float tensors (batch, channels, height, width) in [0, 1].
"""

from ganworks_super_resolution.degradation.blur import REACH as BLUR_REACH
from ganworks_super_resolution.degradation.blur import blurred, random_kernels
from ganworks_super_resolution.degradation.draws import Draws
from ganworks_super_resolution.degradation.holes import random_holes
from ganworks_super_resolution.degradation.jpeg import jpeg_coded
from ganworks_super_resolution.degradation.noise import NoiseRange, gaussian_noise, random_noise, shot_noise
from ganworks_super_resolution.degradation.resampling import (
    REACH,
    bicubic_down,
    quantised,
    reduced,
    repeated_edge,
    resized,
    symmetric_index,
    symmetric_pad,
)
from ganworks_super_resolution.degradation.second_order import second_order

__all__ = [
    "BLUR_REACH",
    "REACH",
    "Draws",
    "NoiseRange",
    "bicubic_down",
    "blurred",
    "gaussian_noise",
    "jpeg_coded",
    "quantised",
    "random_holes",
    "random_kernels",
    "random_noise",
    "reduced",
    "repeated_edge",
    "resized",
    "second_order",
    "shot_noise",
    "symmetric_index",
    "symmetric_pad",
]
