"""An options model becomes typed flags: `slice_step: int` is `--slice-step INTEGER` and GAN_SLICE_STEP."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer
from pydantic.fields import FieldInfo
from rich.markup import escape

from ganworks.errors import PluginError
from ganworks.options import RunOptions

OWN_FLAGS = frozenset({"out", "config", "set", "json", "force", "help"})  # of `gan run` itself
BASE_PANEL = "Run"

_SCALARS = (bool, int, float, str, Path)
_METAVARS = {int: "INT", float: "NUMBER", str: "TEXT", Path: "PATH"}

_SIGNS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}


def flag_type(annotation: Any) -> Any | None:
    """Return the type a flag of this field parses to, or None where a flag cannot express it.

    >>> flag_type(int | None), flag_type(dict[str, int]), flag_type(tuple[str, ...])
    (<class 'int'>, None, list[str])
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return flag_type(arguments[0])
    if origin in (Union, types.UnionType):
        rest = [item for item in arguments if item is not type(None)]
        return flag_type(rest[0]) if len(rest) == 1 else None
    if origin is Literal:
        return annotation if all(isinstance(value, str) for value in arguments) else None
    if origin is list or (origin is tuple and arguments[-1] is Ellipsis):
        item = flag_type(arguments[0])
        return list[item] if item in _SCALARS else None  # type: ignore[valid-type]
    if origin is tuple:
        return annotation if all(item in _SCALARS for item in arguments) else None
    is_scalar = annotation in _SCALARS or (isinstance(annotation, type) and issubclass(annotation, Enum))
    return annotation if is_scalar else None


def is_flag(field: FieldInfo) -> bool:
    """Tell whether a field is a flag, or reachable from `--config` and `--set` only."""
    return _extra(field, "flag") and flag_type(field.annotation) is not None


def _extra(field: FieldInfo, mark: str) -> bool:
    """Whether a mark of a field, ``flag`` or ``listed``, is on: it is, unless the field says False."""
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    return bool(extra.get(mark, True))


def aliases(field: FieldInfo) -> list[str]:
    """Return the second spellings of a flag: ``json_schema_extra={"aliases": ["architecture"]}``."""
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    found = extra.get("aliases", [])
    return [str(name) for name in found] if isinstance(found, list) else []


def file_only(model: type[RunOptions]) -> list[str]:
    """Return the names of the fields that have no flag, but for those marked ``{"listed": False}``.

    That is what a domain does not take, though every run has it, such as the size in pixels of a table.
    """
    return [
        name for name, field in model.model_fields.items() if not is_flag(field) and _extra(field, "listed")
    ]


def parameters(model: type[RunOptions], domain: str) -> Iterator[inspect.Parameter]:
    """Yield a typer parameter for every field with a flag: those of every run, then the domain's own.

    Every default is None, "not given": what the flags leave open, files and the model decide.

    Raises:
        PluginError: a field's flag would hide one of `gan run` itself.
    """
    for name, field in model.model_fields.items():
        if not is_flag(field):
            continue
        _check_free(name, model, domain)
        panel = BASE_PANEL if name in RunOptions.model_fields else f"Options of {domain}"
        kind: Any = flag_type(field.annotation)
        yield inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[_read_as(kind) | None, _option(name, kind, field, panel)],
        )


def _check_free(name: str, model: type[RunOptions], domain: str) -> None:
    """Refuse a field whose flag, or a second spelling of it, means something else already."""
    if name in OWN_FLAGS:
        raise PluginError(f"option '{name}' of domain '{domain}' would hide --{name} of `gan run`: rename it")
    others = {*OWN_FLAGS, *model.model_fields}
    others |= {a for other, field in model.model_fields.items() if other != name for a in aliases(field)}
    for alias in aliases(model.model_fields[name]):
        if alias.replace("-", "_") in others or alias in others:
            raise PluginError(f"option '{name}' of domain '{domain}': its second spelling --{alias} is taken")


def _read_as(kind: Any) -> Any:
    """Numbers are read by the model, as those of a file are: one check, and one wording when it fails."""
    if kind in (int, float):
        return str
    if get_origin(kind) in (list, tuple):
        return get_origin(kind)[tuple(_read_as(item) for item in get_args(kind))]
    return kind


def _option(name: str, kind: Any, field: FieldInfo, panel: str) -> Any:
    flag = name.replace("_", "-")
    hints = "; ".join(_hints(kind, field))
    return typer.Option(
        # A switch that is off needs no --no-flag: whoever turned it on in a file can use --set.
        f"--{flag}/--no-{flag}" if kind is bool and field.default is True else f"--{flag}",
        *(f"--{alias}" for alias in aliases(field)),
        help=escape(field.description or "") + (f" [dim]{escape(f'[{hints}]')}[/dim]" if hints else ""),
        metavar=None if kind is bool else _metavar(kind),
        show_default=False,
        envvar=f"GAN_{name.upper()}",
        show_envvar=False,
        rich_help_panel=panel,
    )


def _hints(kind: Any, field: FieldInfo) -> Iterator[str]:
    """What the help says in brackets: the words allowed, the limits, the default."""
    if get_origin(kind) is Literal:
        yield ", ".join(get_args(kind))
    elif isinstance(kind, type) and issubclass(kind, Enum):
        yield ", ".join(str(member.value) for member in kind)
    limits = _limits(field)
    if limits.keys() >= {"ge", "le"}:
        yield f"{limits['ge']} to {limits['le']}"
    else:
        yield from (f"{_SIGNS[name]} {limit}" for name, limit in limits.items())
    default = field.get_default(call_default_factory=True)
    if isinstance(default, bool):
        yield "default: yes" if default else "default: no"
    elif default not in (None, (), []):
        yield f"default: {default.value if isinstance(default, Enum) else default}"


def _limits(field: FieldInfo) -> dict[str, Any]:
    """Limits as pydantic keeps them: objects of annotated-types, told apart by what they carry."""
    found = ((name, getattr(limit, name, None)) for limit in field.metadata for name in _SIGNS)
    return {name: limit for name, limit in found if limit is not None}


def _metavar(kind: Any) -> str:
    items = [item for item in get_args(kind) if item in _METAVARS]
    return " ".join(_METAVARS[item] for item in items) or _METAVARS.get(kind, "WORD")
