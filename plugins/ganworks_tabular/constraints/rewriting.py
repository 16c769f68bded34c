"""The table rewritten so that no value breaks a rule, and computed back; in pandas and in tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ganworks_tabular.columns.casting import Floats, floats
from ganworks_tabular.constraints.combination import Combination
from ganworks_tabular.constraints.rules import Columns, NumberRule, Rule, Values, take

Rules = Sequence[Rule]
Splits = dict[
    str, tuple[tuple[int, ...], tuple[Any, ...]]
]  # by column: place in values by joint place, values


def rewrite(rules: Rules, columns: Columns, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the columns that the rules put in, in the places of those that go."""
    new: dict[str, pd.Series] = {}
    for rule in rules:
        if isinstance(rule, Combination):
            new[rule.joint] = rule.forward(frame)
        elif isinstance(rule, NumberRule):
            made = rule.forward(take(frame, number_columns(rule), columns), columns)
            whole = rule.integers(columns)
            new |= {name: _gap_series(gap, frame.index, whole) for name, gap in made.items()}
    replaced = {old: places for rule in rules for old, places in rule.replaces.items()}
    order = [name for old in frame.columns for name in replaced.get(old, (old,))]
    return pd.DataFrame({name: new[name] if name in new else frame[name] for name in order})


def restore(rules: Rules, columns: Columns, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the inverse of `rewrite`, in any order of columns."""
    gone = added(rules)
    found: dict[str, pd.Series] = {str(name): frame[name] for name in frame.columns if name not in gone}
    values = {name: columns[name].numbers(frame[name]) for name in bases(rules, columns)}
    values |= {name: floats(frame[name]) for name, kind in gone.items() if kind == "number"}
    tensors = {
        name: torch.from_numpy(np.require(array, requirements=["C", "W"])) for name, array in values.items()
    }
    for name, tensor in _restored(rules, columns, tensors).items():
        found[name] = columns[name].series(tensor.numpy(), frame.index)
    for rule in rules:
        if isinstance(rule, Combination):
            found |= rule.inverse(frame[rule.joint])
    return pd.DataFrame(found, index=frame.index)


def restore_tensors(
    rules: Rules, columns: Columns, tensors: Mapping[str, Tensor], joints: Mapping[str, Splits]
) -> dict[str, Tensor]:
    """Return the inverse of `rewrite` on tensors as a decoder gives them; ``joints`` by joint column."""
    gone = added(rules)
    found = {name: tensor for name, tensor in tensors.items() if name not in gone}
    values = {name: columns[name].from_tensor(tensors[name]) for name in bases(rules, columns)}
    values |= {name: tensors[name].double() for name, kind in gone.items() if kind == "number"}
    for name, tensor in _restored(rules, columns, values).items():
        found[name] = columns[name].to_tensor(tensor, _tensor_type(name, rules, columns, tensors))
    for joint, splits in joints.items():
        for name, (places, _) in splits.items():
            found[name] = torch.tensor(places, device=tensors[joint].device)[tensors[joint]]
    return found


def split_places(rule: Combination, texts: Sequence[str]) -> Splits:
    """Return the values of each column and, for each joint place, the place in them."""
    splits: Splits = {}
    for name, parts in rule.split(texts).items():
        values = tuple(dict.fromkeys(parts))
        place = {value: number for number, value in enumerate(values)}
        splits[name] = tuple(place[part] for part in parts), values
    return splits


def added(rules: Rules) -> dict[str, str]:
    """Return the columns that the rules put in, with their kinds."""
    return {name: kind for rule in rules for name, kind in rule.added.items()}


def bases(rules: Rules, columns: Columns) -> list[str]:
    """Return the number columns that stay in the rewritten table."""
    replaced = {name for rule in rules for name in rule.replaces}
    return [name for name in columns if name not in replaced]


def number_columns(rule: NumberRule) -> tuple[str, ...]:
    """Return the columns of the table whose values the rule needs."""
    return (*rule.uses, *rule.replaces)


def _restored(rules: Rules, columns: Columns, values: Values) -> Values:
    """Compute the number columns back; each on its grid and in its range."""
    found = {
        name: columns[name].snap(tensor) if name in columns else tensor for name, tensor in values.items()
    }
    for rule in rules:
        if isinstance(rule, NumberRule):
            found |= rule.inverse(found, columns)
    return {name: tensor for name, tensor in found.items() if name in columns}


def _tensor_type(name: str, rules: Rules, columns: Columns, tensors: Mapping[str, Tensor]) -> torch.dtype:
    """Dates and integers are int64, but for integers that something missing may go into."""
    if name in tensors:
        return tensors[name].dtype
    if columns[name].step:
        return torch.int64
    sources = _sources(name, rules)
    whole = columns[name].whole and all(tensors[source].dtype == torch.int64 for source in sources)
    return torch.int64 if whole else torch.float64


def _sources(name: str, rules: Rules) -> set[str]:
    """Return the columns of the rewritten table from which a column is computed back."""
    for rule in rules:
        if name in rule.replaces:
            before = (*rule.uses, *rule.added)
            return {source for one in before for source in _sources(one, rules)}
    return {name}


def _gap_series(gap: Floats, index: pd.Index, whole: bool) -> pd.Series:
    series = pd.Series(gap, index=index)
    return series.astype("Int64" if np.isnan(gap).any() else "int64") if whole else series
