"""Which model enhances: a bundled one, that of a trained run, or two runs mixed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ganworks.errors import MissingExtraError, UsageError
from ganworks.run import Event, Run
from ganworks_super_resolution.bundled import bundled
from ganworks_super_resolution.network import Network
from ganworks_super_resolution.options import Options

if TYPE_CHECKING:
    from ganworks.session import Session

DOMAIN, VIEW = "super-resolution", "float"  # the view keeps all bits of a picture
Tell = Callable[[Event], None]


@contextmanager
def chosen_network(options: Options, tell: Tell) -> Iterator[Network]:
    """Yield the network that the options ask for.

    Raises:
        UsageError: there is none such, or the options contradict the run.
        MissingExtraError: onnxruntime is not installed, or what exports a run is not.
        GanworksError: as the opening and the export of a run.
    """
    if options.from_run is None:
        if options.task != "upscale" or options.factor == 1 or options.degradation != "clean":
            raise UsageError(
                f"no bundled model is made for task {options.task}, degradation {options.degradation}: train "
                "one with --train FOLDER, and use it with --from RUN"
            )
        yield _loaded(bundled(options.factor), "the bundled model", options)
    elif options.from_run.suffix == ".onnx":
        if options.pixel_run is not None:
            raise UsageError(f"--pixel-run mixes the weights of two runs, and {options.from_run} is no run")
        yield _fitting(_loaded(options.from_run, str(options.from_run), options), options)
    elif options.pixel_run is None:
        _check_run(options.from_run, options)
        path = _exported(options.from_run, tell)
        yield _fitting(_loaded(path, str(options.from_run), options), options)
    else:
        with TemporaryDirectory() as scratch:
            path = _exported_mix(options, Path(scratch), tell)
            yield _fitting(_loaded(path, f"{options.from_run} with {options.pixel_run}", options), options)


def _loaded(path: Path, name: str, options: Options) -> Network:
    from ganworks_exports.runtime import ModelRefused, load

    try:
        model = load(path, threads=options.threads or _cores())
    except ImportError:
        raise MissingExtraError("enhancing pictures", "onnx") from None
    except ModelRefused as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    return Network(model, name)


def _cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _fitting(network: Network, options: Options) -> Network:
    if options.scale not in (None, network.scale):
        raise UsageError(
            f"--scale {options.scale}: {options.from_run} enlarges {network.scale} times; leave --scale out"
        )
    return network


def _check_run(folder: Path, options: Options) -> None:
    """Refuse a run of another domain, or one that learned something else than the options name."""
    settings = Run(folder).settings()
    domain = settings.get("domain")
    if domain != DOMAIN:
        raise UsageError(f"{folder} is a run of domain '{domain}', not of {DOMAIN}")
    for name in ("task", "degradation"):
        asked = getattr(options, name)
        trained = settings.get("options", {}).get(name, asked)
        if name in options.model_fields_set and asked != trained:
            raise UsageError(f"--{name} {asked}: {folder} was trained for {name} {trained}")


def _exported(folder: Path, tell: Tell) -> Path:
    """Return the model of a run; it is exported once, and again when the run has found better weights."""
    run = Run(folder)
    path, weights = run.model / f"generator-{VIEW}.onnx", list(run.checkpoints.glob("best.*"))
    if path.exists() and all(best.stat().st_mtime <= path.stat().st_mtime for best in weights):
        return path
    tell({"event": "stage", "stage": "preparing the model, once", "status": "started"})
    return _session(folder, tell).export("onnx", view=VIEW).file


def _session(folder: Path, tell: Tell) -> Session:
    from ganworks.registry import discover
    from ganworks.session import Session  # imports torch

    return Session.open(folder, discover(), [tell])


def _exported_mix(options: Options, folder: Path, tell: Tell) -> Path:
    from ganworks import plugin
    from ganworks_super_resolution.mixing import mixed_sampler

    assert options.from_run is not None
    assert options.pixel_run is not None
    for folder_of_run in (options.from_run, options.pixel_run):
        _check_run(folder_of_run, options)
    session = _session(options.from_run, tell)
    registry = session.registry
    sampler = mixed_sampler(options.from_run, options.pixel_run, options.blend, registry)
    exporter = registry.load(registry.find(plugin.Exporter, "onnx"))
    return Path(exporter(session.pipeline.deployable(sampler, VIEW), folder / "mixed.onnx").file)
