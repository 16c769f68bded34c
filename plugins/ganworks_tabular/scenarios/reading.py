"""Scenarios as a user writes them, in TOML or as options, checked against the training table."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ganworks.errors import UsageError, nearest
from ganworks_tabular.columns.casting import texts
from ganworks_tabular.scenarios.marginals import Marginals
from ganworks_tabular.scenarios.scenario import Scenario

KNOBS = ("rate", "mix", "scale", "tail")


def read_scenario(raw: Mapping[str, Any], marginals: Marginals) -> Scenario:
    """Return the scenario; numbers may be texts, as options are.

    Raises:
        UsageError: an unknown knob, column or value, shares or quantiles outside [0, 1], shares that do not
            sum to 1, a factor that is not positive, or a column with two knobs.
    """
    for knob in raw:
        if knob not in KNOBS:
            raise UsageError(f"unknown knob '{knob}'{nearest(knob, KNOBS)}; there are {', '.join(KNOBS)}")
    tables = {knob: _table(raw.get(knob, {}), knob) for knob in KNOBS[1:]}
    seen: set[str] = set()
    for knob, table in tables.items():
        for name in table:
            _check_column(name, knob, marginals)
            if name in seen:
                raise UsageError(f"the column '{name}' has two knobs; keep one of them")
            seen.add(name)
    rate = raw.get("rate")
    return Scenario(
        rate=None if rate is None else _share(rate, "rate"),
        mix={name: _mix(name, shares, marginals) for name, shares in tables["mix"].items()},
        scale={name: _factor(name, factor) for name, factor in tables["scale"].items()},
        tail={name: _tail(name, ends) for name, ends in tables["tail"].items()},
    )


def _table(value: object, knob: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise UsageError(f"{knob} must be given column by column, not as '{value}'")
    return value


def _check_column(name: str, knob: str, marginals: Marginals) -> None:
    own: Collection[str] = marginals.categories if knob == "mix" else marginals.numbers
    if name in own:
        return
    if name == marginals.name:
        raise UsageError(f"{knob}: '{name}' is the target; set its share with rate")
    every = [*marginals.numbers, *marginals.categories]
    if name in every:
        kind, other = ("numbers", "scale or tail") if knob == "mix" else ("categories", "mix")
        raise UsageError(f"{knob}: the column '{name}' holds {kind}; use {other}")
    raise UsageError(f"{knob}: no column '{name}'{nearest(name, every)}")


def _mix(name: str, raw: object, marginals: Marginals) -> dict[str, float]:
    known = marginals.categories[name].texts
    table = _table(raw, f"mix.{name}")
    shares = {texts([value])[0]: _share(share, f"mix.{name}.{value}") for value, share in table.items()}
    for value in shares:
        if value not in known:
            raise UsageError(
                f"mix.{name}: no value '{value}'{nearest(value, known)} in 5 rows of training or more"
            )
    total = sum(shares.values())
    if total > 1 + 1e-6:
        raise UsageError(f"mix.{name}: the shares sum to {total:g}; they may not exceed 1")
    if total < 1 - 1e-6 and len(shares) == len(known):
        raise UsageError(f"mix.{name}: all values are given, but their shares sum to {total:g}; make it 1")
    return shares


def _factor(name: str, raw: object) -> float:
    factor = _number(raw, f"scale.{name}")
    if not 0 < factor < float("inf"):
        raise UsageError(f"scale.{name} is {factor:g}; give a factor above 0, such as 1.5")
    return factor


def _tail(name: str, raw: object) -> tuple[float, float]:
    ends = raw.split("..") if isinstance(raw, str) else raw
    if not isinstance(ends, list | tuple) or len(ends) != 2:
        raise UsageError(f"tail.{name} must be two quantiles, such as [0.99, 1.0]; it is '{raw}'")
    low, high = (_share(end, f"tail.{name}") for end in ends)
    if low >= high:
        raise UsageError(f"tail.{name} runs from {low:g} to {high:g}; give the lower quantile first")
    return low, high


def _share(raw: object, where: str) -> float:
    share = _number(raw, where)
    if not 0 <= share <= 1:
        raise UsageError(f"{where} is {share:g}; give a share from 0 to 1")
    return share


def _number(raw: object, where: str) -> float:
    try:
        return float(raw)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise UsageError(f"{where} is '{raw}'; give a number") from None
