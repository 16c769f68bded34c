"""Corrections of the inferred schema, in TOML."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ganworks.errors import UsageError, nearest
from ganworks_tabular.constraints.reading import check_list
from ganworks_tabular.schema import KINDS, Kind

SECTIONS = ("columns", "target", "positive", "keys", "constraints")
NUMBER_ENTRIES = ("low", "high", "decimals", "log", "special")
COLUMN_ENTRIES = ("kind", *NUMBER_ENTRIES, "values", "missing")
SCALARS = (str, int, float)  # bool is an int
MOST_DECIMALS = 6


def read_corrections(path: Path, names: Iterable[str]) -> dict[str, Any]:
    """Return the corrections in ``path``: `target`, `positive`, `keys`, `columns`, `constraints`.

    ``names`` are the columns of the table. `constraints` is returned as it stands in the file.

    Raises:
        UsageError: not TOML, an entry, a column or a kind that is not there, or constraints that are no list.
    """
    try:
        stored = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); give a TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}") from None
    check_corrections(stored, names, str(path))
    return stored


def check_corrections(stored: Mapping[str, Any], names: Iterable[str], where: str) -> None:
    """Refuse corrections of what is not there.

    Raises:
        UsageError: an entry, a column or a kind that does not exist, or constraints that are no list.
    """
    known = list(names)
    for entry in stored:
        if entry not in SECTIONS:
            hint = nearest(entry, SECTIONS)
            raise UsageError(f"{where}: unknown entry '{entry}'{hint}; known are {', '.join(SECTIONS)}")
    columns = stored.get("columns", {})
    keys = stored.get("keys", [])
    if not isinstance(columns, Mapping) or not all(isinstance(one, Mapping) for one in columns.values()):
        raise UsageError(f'{where}: write one table for each column: [columns.NAME] and kind = "category"')
    if not isinstance(keys, list):
        raise UsageError(f'{where}: keys is a list of columns: keys = ["account"]')
    check_list(stored.get("constraints", []), where)
    named = [*columns, *keys, *([stored["target"]] if "target" in stored else [])]
    for name in named:
        if name not in known:
            raise UsageError(f"{where}: the table has no column '{name}'{nearest(str(name), known)}")
    for name, correction in columns.items():
        _check_column(name, correction, where)


def corrected_kinds(corrections: Mapping[str, Any]) -> dict[str, Kind]:
    """Return the kinds that the user has settled, by column."""
    kinds: dict[str, Kind] = dict.fromkeys(corrections.get("keys", []), "key")
    columns = corrections.get("columns", {}).items()
    return {**kinds, **{name: one["kind"] for name, one in columns if "kind" in one}}


def _check_column(name: str, correction: Mapping[str, Any], where: str) -> None:
    where = f"{where}: columns.{name}"
    for entry in correction:
        if entry not in COLUMN_ENTRIES:
            hint, known = nearest(entry, COLUMN_ENTRIES), ", ".join(COLUMN_ENTRIES)
            raise UsageError(f"{where} has the unknown entry '{entry}'{hint}; known are {known}")
    kind = correction.get("kind")
    if kind not in KINDS and ("kind" in correction or not correction):
        hint = nearest(str(kind), KINDS)
        raise UsageError(f"{where} has the unknown kind '{kind}'{hint}; known: {', '.join(KINDS)}")
    _check_known(correction, where)


def _check_known(known: Mapping[str, Any], where: str) -> None:
    """What a private run is told of a column, because it must not look: bounds, or the values."""
    if "values" in known and any(entry in known for entry in NUMBER_ENTRIES):
        raise UsageError(f"{where} has values, as a category has, and bounds, as a number has: keep one")
    for entry in ("low", "high"):
        if entry in known and not _is_number(known[entry]):
            raise UsageError(f"{where}.{entry} is {known[entry]!r}: give a number")
    for entry in ("log", "missing"):
        if not isinstance(known.get(entry, False), bool):
            raise UsageError(f"{where}.{entry} is {known[entry]!r}: give true or false")
    decimals = known.get("decimals", 0)
    if type(decimals) is not int or not 0 <= decimals <= MOST_DECIMALS:
        raise UsageError(f"{where}.decimals is {decimals!r}: give a whole number from 0 to {MOST_DECIMALS}")
    if not _is_list(known.get("special", []), _is_number):
        raise UsageError(f"{where}.special is a list of numbers: special = [0, -1]")
    if not _is_list(known.get("values", [""]), lambda one: isinstance(one, SCALARS), least=1):
        raise UsageError(f'{where}.values is a list of all values: values = ["web", "app"]')


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) <= sys.float_info.max


def _is_list(found: Any, fits: Callable[[Any], bool], least: int = 0) -> bool:
    return isinstance(found, list | tuple) and len(found) >= least and all(map(fits, found))
