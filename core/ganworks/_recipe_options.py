"""The options that a user sets of a recipe, held against the function that builds it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import PydanticSchemaGenerationError, TypeAdapter, ValidationError

from ganworks.errors import UsageError, nearest

SOURCE = "source"  # what a recipe is built for, as is its first argument: no options
NAMED = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def unfit(name: str, why: Exception | str) -> UsageError:
    return UsageError(f"recipe_options do not fit recipe '{name}': {why}")


def check_options(build: Callable[..., Any], given: Mapping[str, Any], name: str) -> None:
    """Refuse an option that the recipe has not, and one that is not of the kind it is annotated with.

    Raises:
        UsageError: naming the option and what it should be.
    """
    parameters = _parameters(build)
    takes_any = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values())
    known = sorted(one.name for one in [*parameters.values()][1:] if one.kind in NAMED and one.name != SOURCE)
    paths = paths_among(build, given)
    for option, value in given.items():
        if option in known and option not in paths:
            _check_kind(parameters[option], value, name)
        elif option not in known and not takes_any:
            raise unfit(name, f"no option '{option}'{nearest(option, known)}; there are {', '.join(known)}")


def paths_among(build: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Path]:
    """Those of the options given that the recipe annotates as ``Path``, as paths.

    Raises:
        UsageError: one of them is no path.
    """
    asked = {option for option, one in _parameters(build).items() if Path in _alternatives(one.annotation)}
    return {
        option: _path(option, given[option])
        for option in sorted(asked & set(given))
        if given[option] is not None
    }


def _parameters(build: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """By name; without annotations where only a type checker can read them."""
    try:
        return inspect.signature(build, eval_str=True).parameters
    except NameError:
        found = inspect.signature(build).parameters
        return {name: one.replace(annotation=inspect.Parameter.empty) for name, one in found.items()}


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    """The kinds of a union, or the one that is annotated."""
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)


def _check_kind(parameter: inspect.Parameter, value: object, name: str) -> None:
    if parameter.annotation is inspect.Parameter.empty:
        return
    one = not isinstance(value, list | tuple | Mapping)  # a list of a file may stand for a tuple
    try:
        TypeAdapter(parameter.annotation).validate_python(value, strict=one)  # "8" is no 8
    except PydanticSchemaGenerationError:  # a kind that no text can say: the recipe will judge
        return
    except ValidationError as error:
        first = error.errors()[0]
        raise unfit(name, f"{parameter.name}: {_lowered(first['msg'])}, got {value!r}") from None


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]


def _path(option: str, value: object) -> Path:
    if not isinstance(value, str | Path):
        raise UsageError(f"recipe_options.{option}: {value} is no path")
    return Path(value).expanduser()
