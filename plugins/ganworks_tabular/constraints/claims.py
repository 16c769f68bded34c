"""Rules that get in each other's way, and the order in which the others are computed back."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter

from ganworks.errors import UsageError
from ganworks_tabular.constraints.limits import Range
from ganworks_tabular.constraints.rules import Rule


def check_claims(rules: Sequence[Rule], names: Sequence[str]) -> None:
    """No column may be computed by two rules, have two ranges, or be made under a name that is taken."""
    owner: dict[str, Rule] = {}
    for rule in rules:
        claims = [
            *rule.replaces,
            *rule.added,
            *(f"range of {name}" for name in rule.uses if isinstance(rule, Range)),
        ]
        for name in claims:
            if name in owner:
                raise UsageError(
                    f"two constraints claim '{name}': {owner[name].label}, and {rule.label}; drop one"
                )
            owner[name] = rule
        for name in rule.added:
            if name in names:
                raise UsageError(f"the constraint {rule.label} needs the name '{name}': rename that column")
    joined = {name: rule for rule in rules if rule.kind == "combination" for name in rule.replaces}
    for rule in rules:
        for name in rule.uses:
            if name in joined:
                raise UsageError(
                    f"'{name}' is in two constraints: {joined[name].label}, and {rule.label}; drop one"
                )


def sort_rules(rules: Sequence[Rule]) -> list[Rule]:
    """Put rules behind those that compute the columns they use."""
    owner = {name: number for number, rule in enumerate(rules) for name in rule.replaces}
    needs = {n: {owner[name] for name in rule.uses if name in owner} for n, rule in enumerate(rules)}
    try:
        return [rules[number] for number in TopologicalSorter(needs).static_order()]
    except CycleError as error:
        labels = "; ".join(rules[number].label for number in sorted(set(error.args[1])))
        raise UsageError(f"constraints go round in a circle: {labels}; drop one of them") from None
