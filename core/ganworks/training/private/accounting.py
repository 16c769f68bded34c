"""What noise costs: epsilon of a number of noisy updates, and the noise for a wanted epsilon."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

from scipy.special import log_ndtr, ndtr

from ganworks.errors import MissingExtraError

MOST_NOISE = 1e6
PRECISION = 2e-3  # relative, of the noise found
# a smaller noise would take the PRV accountant minutes and gigabytes, for an epsilon that protects nothing
LEAST_NOISE_OF_PRV = 0.4


def epsilon_of(noise: float, delta: float, sampling_rate: float, steps: int) -> float:
    """Epsilon at ``delta`` of ``steps`` Gaussian mechanisms, each on rows drawn with ``sampling_rate``.

    The smaller of two upper bounds: privacy random variables (Gopi et al. 2021, arXiv 2106.02848) where they
    converge, and Renyi divergences (Mironov et al. 2019, arXiv 1908.10530), both as computed by Opacus.

    Args:
        noise: standard deviation of the noise over the sensitivity, at least 0.
        delta: in (0, 1); well below 1 / rows.
        sampling_rate: probability of each row to be part of an update, in (0, 1].
        steps: updates of the discriminator, at least 0.

    Raises:
        ValueError: a value is out of its range.
        MissingExtraError: Opacus is not installed.
    """
    _check(delta, sampling_rate, steps)
    if noise < 0:
        raise ValueError(f"noise must be at least 0, got {noise}")
    if not steps:
        return 0.0
    if not noise:
        return math.inf
    return min(_renyi(noise, delta, sampling_rate, steps), _prv(noise, delta, sampling_rate, steps))


def noise_for(epsilon: float, delta: float, sampling_rate: float, steps: int) -> float:
    """The least noise, to two thousandths, whose `epsilon_of` is at most ``epsilon``.

    Raises:
        ValueError: a value is out of its range, or no noise reaches this epsilon.
        MissingExtraError: Opacus is not installed.
    """
    _check(delta, sampling_rate, steps)
    if not epsilon > 0 or steps < 1:
        raise ValueError(f"epsilon must be above 0 and steps at least 1, got {epsilon} and {steps}")
    enough = _least(lambda noise: _renyi(noise, delta, sampling_rate, steps) <= epsilon, 1e-3, MOST_NOISE)
    # the tighter accountant is slow: ask it about the last factor only
    return _least(
        lambda noise: epsilon_of(noise, delta, sampling_rate, steps) <= epsilon, 0.8 * enough, enough
    )


def gaussian_noise_for(epsilon: float, delta: float) -> float:
    """Noise of one Gaussian mechanism on all rows, exactly: Balle and Wang 2018, theorem 8 (no Opacus).

    Raises:
        ValueError: epsilon is not above 0, or delta not in (0, 1).
    """
    _check(delta, 1.0, 1)
    if not epsilon > 0:
        raise ValueError(f"epsilon must be above 0, got {epsilon}")
    return _least(lambda noise: _delta_of(noise, epsilon) <= delta, 1e-3, MOST_NOISE)


def _delta_of(noise: float, epsilon: float) -> float:
    half, ratio = 0.5 / noise, epsilon * noise
    return float(ndtr(half - ratio) - math.exp(epsilon + log_ndtr(-half - ratio)))


def _least(enough: Callable[[float], bool], low: float, high: float) -> float:
    """The smallest noise that is enough, by bisection on a logarithmic scale; never one that is not."""
    if not enough(high):
        raise ValueError("no amount of noise reaches this epsilon: ask for a larger epsilon or fewer steps")
    while high / low > 1 + PRECISION:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _renyi(noise: float, delta: float, sampling_rate: float, steps: int) -> float:
    from_opacus = _accountants().RDPAccountant()
    from_opacus.history = [(noise, sampling_rate, steps)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a wider range of orders might give a smaller epsilon
        return float(from_opacus.get_epsilon(delta=delta))


def _prv(noise: float, delta: float, sampling_rate: float, steps: int) -> float:
    """Infinity where it does not converge: the other bound then holds alone."""
    if noise < LEAST_NOISE_OF_PRV:
        return math.inf
    from_opacus = _accountants().PRVAccountant()
    from_opacus.history = [(noise, sampling_rate, steps)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # logarithms of 0 in places that are then masked
        try:
            epsilon = float(from_opacus.get_epsilon(delta=delta))
        except (RuntimeError, ValueError):
            return math.inf
    return epsilon if math.isfinite(epsilon) and epsilon > 0 else math.inf


def _accountants() -> Any:
    try:
        from opacus import accountants
    except ModuleNotFoundError:
        raise MissingExtraError("differential privacy", "private") from None
    return accountants


def _check(delta: float, sampling_rate: float, steps: int) -> None:
    if not 0 < delta < 1:
        raise ValueError(f"delta must lie between 0 and 1, got {delta}")
    if not 0 < sampling_rate <= 1:
        raise ValueError(f"the sampling rate must be above 0 and at most 1, got {sampling_rate}")
    if steps < 0:
        raise ValueError(f"steps must be at least 0, got {steps}")
