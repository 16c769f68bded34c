"""How far the outputs of one model are from those of another, and whether a profile allows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, log10
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ganworks_exports._refusal import refused

if TYPE_CHECKING:
    from ganworks_exports.profiles import Profile

Values = NDArray[Any]
Feed = Mapping[str, Values]


@dataclass(frozen=True, kw_only=True)
class OutputLoss:
    """What one output lost over all feeds. Numeric outputs have ``psnr_db``, texts and int64 ``exact``."""

    psnr_db: float | None = None  # infinite when equal, minus infinity when finite values became others
    exact: float | None = None  # share of equal values, 0 to 1
    largest: float | None = None  # largest difference of a numeric output, in its units
    rounding_db: float = inf  # PSNR that rounding to whole numbers costs by itself, of integer outputs


def measure(
    reference: bytes, candidate: bytes, feeds: Sequence[Feed], ranges: Mapping[str, float] | None = None
) -> dict[str, OutputLoss]:
    """Run two serialised models on the same feeds and return the loss of each output by name.

    The peak of the signal-to-noise ratio is the output's entry in ``ranges`` (high - low, in its units), else
    the range that the reference produced. A missing value (NaN) is no difference where both models give it.

    Raises:
        ValueError: there are no feeds.
        RunError: onnxruntime cannot load or run one of the models, or an output changed its form.
    """
    if not feeds:
        raise ValueError("nothing to measure: no feeds")
    wanted, got = _outputs(reference, feeds, "unchanged"), _outputs(candidate, feeds, "changed")
    peaks = ranges or {}
    return {name: _loss(name, wanted[name], got.get(name, []), peaks.get(name)) for name in wanted}


def require(profile: Profile, losses: Mapping[str, OutputLoss]) -> None:
    """Refuse a model that lost more than its profile allows.

    No profile has to be more exact than an integer output itself: with an error that is uniform over one
    level, uint8 levels over their full range have 59 dB.

    Raises:
        RunError: names the worst output, what it lost, and the profile to use instead.
    """
    hint = f"; use --profile {profile.instead} instead" if profile.instead else ""
    for name, loss in losses.items():
        least = min(profile.least_psnr_db, loss.rounding_db)
        if loss.psnr_db is not None and not loss.psnr_db >= least:
            found = f"it has a PSNR of {loss.psnr_db:.1f} dB, at least {least:.4g} dB are wanted"
            raise refused(f"profile '{profile.name}' changes output '{name}' too much: {found}{hint}")
        if loss.exact is not None and not loss.exact >= profile.least_exact:
            found = f"{loss.exact:.1%} of its values stay equal, at least {profile.least_exact:.1%} must"
            raise refused(f"profile '{profile.name}' changes output '{name}' too much: {found}{hint}")


def _outputs(model: bytes, feeds: Sequence[Feed], which: str) -> dict[str, list[Values]]:
    """What a model gives for each feed, by output."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1  # the same order of sums for both models
    try:
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        made = [session.run(names, dict(feed)) for feed in feeds]
    except Exception as error:  # onnxruntime's exceptions share no base class
        raise refused(f"onnxruntime cannot run the {which} model", error) from error
    return {name: [np.asarray(values[place]) for values in made] for place, name in enumerate(names)}


def _loss(name: str, wanted: list[Values], got: list[Values], peak: float | None) -> OutputLoss:
    if [(a.shape, a.dtype) for a in wanted] != [(b.shape, b.dtype) for b in got]:
        raise refused(f"output '{name}' has another shape or type in the changed model, or is not there")
    a, b = (np.concatenate([values.ravel() for values in side]) for side in (wanted, got))
    numeric = a.dtype.kind in "fui" and a.dtype != np.int64
    return _noise(a, b, peak) if numeric else _equal_share(a, b)


def _noise(wanted: Values, got: Values, peak: float | None) -> OutputLoss:
    a, b = wanted.astype(np.float64), got.astype(np.float64)
    usual = np.isfinite(a)
    # infinite and missing values have no distance: they must be the same
    if not np.array_equal(a[~usual], b[~usual], equal_nan=True) or not np.isfinite(b[usual]).all():
        return OutputLoss(psnr_db=-inf, largest=inf)
    a, b = a[usual], b[usual]
    if np.array_equal(a, b):
        return OutputLoss(psnr_db=inf, largest=0.0)
    height = peak or float(a.max() - a.min()) or 1.0  # of a constant output nothing is known
    return OutputLoss(
        psnr_db=_psnr(height, float(np.mean((a - b) ** 2))),
        largest=float(np.abs(a - b).max()),
        rounding_db=inf if wanted.dtype.kind == "f" else _psnr(height, 1 / 12),
    )


def _psnr(peak: float, squared_error: float) -> float:
    return 10 * log10(peak**2 / squared_error)


def _equal_share(wanted: Values, got: Values) -> OutputLoss:
    return OutputLoss(exact=float(np.mean(wanted == got)) if wanted.size else 1.0)
