"""Where an option's value comes from: flag > environment > --set > --config > default."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ganworks.errors import UsageError, nearest
from ganworks.options import RunOptions

Values = dict[str, Any]

_ALTERNATIVES = ("minutes", "steps")  # giving one takes back the other where it came from further below


def gather(
    model: type[RunOptions],
    flags: Mapping[str, Any],
    environment: Mapping[str, Any] | None = None,
    assignments: Iterable[str] = (),
    config: Path | None = None,
) -> RunOptions:
    """Return the options of a run, the stronger source first in the list of arguments.

    Args:
        model: the domain's options.
        flags: values of flags by field; None is "not given".
        environment: values of environment variables, likewise.
        assignments: ``key=value`` with a TOML value.
        config: a TOML file of options.

    Raises:
        UsageError: an unknown key (the message names the nearest), a value that does not fit.
    """
    levels: list[Mapping[str, Any]] = (
        [] if config is None else [_checked(model, read_config(config), str(config))]
    )
    levels += [_checked(model, read_assignment(text), "--set") for text in assignments]
    levels += [environment or {}, flags]
    values: Values = {}
    for level in levels:
        values = _over(values, {name: value for name, value in level.items() if value is not None})
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise UsageError("; ".join(_explained(detail) for detail in error.errors())) from None


def read_config(path: Path) -> Values:
    """Read a TOML file of options; a ``run.toml`` serves too, by the options it holds.

    Raises:
        UsageError: the file cannot be read.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"--config {path} cannot be read: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"--config {path} is not TOML: {error}") from None
    options = values.get("options")
    return options if isinstance(options, dict) else values


def read_assignment(text: str) -> Values:
    """Read ``key=value`` or ``table.key=value``. A value that is no TOML is taken as text.

    >>> read_assignment("recipe_options.batch=64"), read_assignment("device=cpu")
    ({'recipe_options': {'batch': 64}}, {'device': 'cpu'})

    Raises:
        UsageError: there is no ``=``, or the value begins like TOML and is not.
    """
    key, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not key:
        raise UsageError(f"--set {text}: give it as key=value, for example --set seed=3")
    try:
        return tomllib.loads(f"{key} = {value}")
    except tomllib.TOMLDecodeError as error:
        if value[:1] in tuple("[{\"'"):
            raise UsageError(f"--set {text}: the value is not TOML: {error}") from None
    try:
        return tomllib.loads(f"{key} = {_quoted(value)}")
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"--set {text}: the key is not TOML: {error}") from None


def hidden_assignments(assignments: Iterable[str], environment: Mapping[str, Any]) -> list[str]:
    """Return the keys set by ``--set`` that an environment variable goes before."""
    return [key for text in assignments for key in read_assignment(text) if environment.get(key) is not None]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _checked(model: type[RunOptions], values: Values, source: str) -> Values:
    for key in values:
        if key not in model.model_fields:
            raise UsageError(f"{source}: unknown key '{key}'{nearest(key, model.model_fields)}")
    return values


def _over(low: Values, high: Values) -> Values:
    """Lay one level of values over another."""
    kept = dict(low)
    if any(name in high for name in _ALTERNATIVES):
        kept = {name: value for name, value in low.items() if name not in _ALTERNATIVES}
    return _merged(kept, high)


def _merged(low: Values, high: Values) -> Values:
    """Take the values of ``high``; tables are merged key by key."""
    merged = dict(low)
    for name, value in high.items():
        both = isinstance(value, dict) and isinstance(merged.get(name), dict)
        merged[name] = _merged(merged[name], value) if both else value
    return merged


def _explained(detail: Any) -> str:
    text = str(detail["msg"]).removeprefix("Value error, ").split(", unable to parse")[0]
    if not detail["loc"]:
        return text
    name = str(detail["loc"][0])
    where = ".".join([name, *(str(part) for part in detail["loc"][1:])])
    value = detail["input"]
    got = f", got {value}" if isinstance(value, str | int | float | bool) else ""
    return f"{where}: {text[:1].lower()}{text[1:]}{got}"
