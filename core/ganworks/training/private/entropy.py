"""Random numbers from torch's generator, which a run's seed decides, or from the operating system."""

from __future__ import annotations

import os

import numpy as np
import torch
from torch import Tensor

BITS = 53  # of a double's mantissa


def uniform(count: int, *, secure: bool) -> Tensor:
    """(count,) float64 strictly between 0 and 1."""
    if not secure:
        return torch.rand(count, dtype=torch.float64).clamp_min(2.0**-BITS)
    words = np.frombuffer(os.urandom(8 * count), dtype=np.uint64) >> np.uint64(64 - BITS)
    # every double is the middle of its cell but the last few, which would round to 1
    return torch.from_numpy(np.minimum((words + 0.5) * 2.0**-BITS, 1 - 2.0**-BITS))


def normal_like(reference: Tensor, *, secure: bool) -> Tensor:
    """Standard normal numbers of the reference's shape, type and device.

    Secure ones are half the sum of four (Holohan and Braghin 2021, section 5.1), so that which floats can
    occur does not betray what was added to them.
    """
    if not secure:
        return torch.randn(reference.shape, dtype=reference.dtype, device=reference.device)
    four: Tensor = torch.special.ndtri(uniform(4 * reference.numel(), secure=True))
    return (four.reshape(4, *reference.shape).sum(0) / 2).to(reference)
