"""One network of two trained runs, between the faithful and the sharp one. Wang et al. 2018, section 3.4."""

from __future__ import annotations

from pathlib import Path

from ganworks import UsageError
from ganworks.registry import Registry
from ganworks.session import Session
from ganworks.training import Sampler, interpolated
from ganworks_super_resolution.pipeline import RestorationPipeline

BLEND = 0.8  # without --blend: the paper's


def mixed_sampler(run: Path, pixel_run: Path, blend: float | None, registry: Registry) -> Sampler:
    """The network of ``run`` with its weights moved towards those of ``pixel_run``.

    Args:
        run: folder of a run that was trained against a critic, and began with ``pixel_run`` (``start_from``).
        pixel_run: folder of the run that was trained on pixels alone.
        blend: share of ``run``, 0 to 1; None is `BLEND`.

    Raises:
        UsageError: a folder is no run of this domain, or the two networks differ.
        RunError: one of them has no trained generator yet.
    """
    sharp, faithful = (
        _network(option, folder, registry) for option, folder in (("--from", run), ("--pixel-run", pixel_run))
    )
    share = BLEND if blend is None else blend
    scales = [int(getattr(one.generator, "scale", 1)) for one in (sharp, faithful)]
    if scales[0] != scales[1]:  # x2 and x3 of rrdb have weights of the same shapes
        raise UsageError(
            f"--pixel-run {pixel_run} cannot be mixed with {run}: "
            f"they enlarge {scales[1]} and {scales[0]} times"
        )
    try:
        weights = interpolated(faithful.generator.state_dict(), sharp.generator.state_dict(), share)
    except ValueError as error:
        raise UsageError(
            f"--pixel-run {pixel_run} cannot be mixed with {run}: {error}. Train the second run with "
            f"--start-from {pixel_run} and the same network"
        ) from None
    sharp.generator.load_state_dict(weights)
    return sharp


def _network(option: str, folder: Path, registry: Registry) -> Sampler:
    session = Session.open(folder, registry)
    if not isinstance(session.pipeline, RestorationPipeline):
        raise UsageError(f"{option} {folder}: a run of domain '{session.domain.name}', not of this one")
    return session.sampler()
