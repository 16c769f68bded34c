"""Events in words. Short, and the same on a terminal and in a log file."""

from __future__ import annotations

from collections.abc import Iterable

from ganworks.run import Event

_STAGES = {
    "read": "Reading the data",
    "fit": "Training",
    "sample": "Writing samples",
    "evaluate": "Evaluating",
    "export": "Exporting the model",
    "report": "Writing the report",
}
_UNITS = {"tables": "rows", "rows": "points", "sequences": "sequences", "volumes": "volumes"}
_BEGUN = ("start", "started", "begin", "begun", "running")


def stage_line(event: Event) -> str:
    """Name a stage as it begins; its end needs no words unless it did not go well."""
    name = _STAGES.get(str(event["stage"]), str(event["stage"]).capitalize())
    status = str(event.get("status", "started"))
    if status in _BEGUN:
        return name
    return "" if status in ("done", "finished") else f"{name}: {status}"


def percent(event: Event) -> str:
    return f"{100 * float(event.get('fraction') or 0):.0f} %"


def time_left(event: Event) -> str:
    """Say how long the training will still take.

    >>> time_left({"seconds_left": 71.2}), time_left({"seconds_left": None})
    ('1:11 left', 'time left unknown')
    """
    seconds = event.get("seconds_left")
    return "time left unknown" if seconds is None else f"{clock(float(seconds))} left"


def clock(seconds: float) -> str:
    """Write a duration as m:ss or h:mm:ss.

    >>> clock(71.2), clock(3725)
    ('1:11', '1:02:05')
    """
    minutes, rest = divmod(round(max(seconds, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def unit_of(recipes: Iterable[str]) -> str:
    """Name what a domain trains on, by the data of its recipes (`ganworks.plugin.Domain.recipes`).

    >>> unit_of(("tables",)), unit_of(("pairs", "unpaired")), unit_of(("images", "volumes"))
    ('rows', 'images', 'samples')
    """
    units = {_UNITS.get(data, "images") for data in recipes}
    return units.pop() if len(units) == 1 else "samples"


def step_line(event: Event, unit: str = "images") -> str:
    """Say where the training is and how fast it goes; ``unit``: as `unit_of` names it."""
    parts = [f"step {event['step']:,}"]
    if event.get("images_per_second"):
        parts.append(f"{event['images_per_second']:,.0f} {unit}/s")
    losses = event.get("losses") or {}  # dotted names are parts and norms, for the log
    parts += [
        f"{name} {value:.2f}" for name, value in losses.items() if value is not None and "." not in name
    ]
    return ", ".join(parts)


def validation_line(event: Event) -> str:
    """Say what the validation found; lower is better."""
    score = event.get("score")
    if score is None:
        return ""
    best = ", the best so far" if event.get("best") else ""
    measure = event.get("measure", "score")
    return f"  validation at step {event['step']:,}: {measure} {score:.4g}{best}"
