"""The generator of a run, written in one of the formats that are installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ganworks import plugin
from ganworks.deploy import Deployable, Exported
from ganworks.errors import UsageError, nearest
from ganworks.registry import Registry
from ganworks.run import Run


def export_generator(
    registry: Registry,
    run: Run,
    deployable: Callable[[], Deployable],
    exporter: plugin.Exporter,
    out: Path | None,
    *,
    main: bool,
    view: str,
    profile: str | None,
) -> Exported:
    """Write the generator; one that goes into the run folder is entered in ``metrics.json``.

    ``main`` says whether this is the format of the run's options. See `Session.export` for the rest.

    Raises:
        UsageError: the format has no such profile.
    """
    chosen = _profile_of(exporter, profile)
    unlike = [view] * (view != "app") + chosen * (profile not in (None, *exporter.profiles[:1]))
    path = out or run.model / f"{'-'.join(['generator', *unlike])}{exporter.suffix}"
    exported = registry.load(exporter)(deployable(), path, *chosen)
    assert isinstance(exported, Exported)
    if out is None:
        entry = _entry(exported, run.folder)
        others = run.metrics().get("exports", {})
        whole = {"export": entry} if main and not unlike else {"exports": {**others, path.name: entry}}
        run.merge_metrics(whole)
    return exported


def _profile_of(exporter: plugin.Exporter, asked: str | None) -> list[str]:
    """The further argument of the exporter: a profile where it has some.

    Raises:
        UsageError: it has no such profile.
    """
    if asked is not None and asked not in exporter.profiles:
        known = f"it has {', '.join(exporter.profiles)}" if exporter.profiles else "it has none"
        raise UsageError(
            f"--profile: the format '{exporter.name}' has no profile '{asked}'"
            f"{nearest(asked, exporter.profiles)}; {known}"
        )
    return [asked or exporter.profiles[0]] if exporter.profiles else []


def _entry(exported: Exported, folder: Path) -> dict[str, Any]:
    details = {key: value for key, value in exported.details.items() if key != "next"}  # names this machine
    return {
        "file": str(exported.file.resolve().relative_to(folder.resolve())),
        "max_abs_diff": exported.max_abs_diff,
        "sha256": exported.sha256,
        **details,
    }
