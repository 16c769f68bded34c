"""From privacy figures to a verdict with reasons, and how much a small table can tell."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ganworks_tabular.evaluation.uncertainty import share_error

LEAST_POSITIVES = 20  # rows of each set for a verdict about the positive class
Finding = tuple[str, str]  # level and one line for the report

PASS, WARN, FAIL = "pass", "warn", "fail"


@dataclass(frozen=True, slots=True)
class Limit:
    """When a figure is a finding: so far above its natural value, by more standard errors than chance gives.

    A fresh real table crosses 3 standard errors in about 1 of 700 tests.
    """

    natural: float
    warn: float
    fail: float
    errors: float = 3.0

    def level(self, value: float, error: float) -> str | None:
        if value - self.errors * error <= self.natural:
            return None
        return FAIL if value > self.fail else WARN if value > self.warn else None


MEMBERSHIP = Limit(natural=0.5, warn=0.55, fail=0.65)
NEAR = Limit(natural=0.05, warn=0.08, fail=0.20)
NEARER = Limit(natural=0.5, warn=0.55, fail=0.65)
EXACT = Limit(natural=0.0, warn=0.0, fail=0.01)  # of the excess over the hold-out

# largest standard error of the membership AUC at which a leak of .06 or .15 would be seen
GOOD_ERROR, FAIR_ERROR = 0.02, 0.05


def judge(block: dict[str, Any], where: str) -> Iterator[Finding]:
    """Yield what one block of the privacy figures gives reason to say; ``where`` stands before each line."""
    if "skipped" in block:
        rows = ", ".join(f"{count} {name}" for name, count in block["rows"].items())
        yield WARN, f"{where}not judged, for fewer than {LEAST_POSITIVES} rows in a set ({rows})"
        return
    for limit, value, error, text in _tests(block):
        level = limit.level(value, error)
        if level:
            yield level, where + text


def verdict(findings: Sequence[Finding]) -> str:
    """Return the worst level of the findings."""
    levels = {level for level, _ in findings}
    return FAIL if FAIL in levels else WARN if WARN in levels else PASS


def confidence(block: dict[str, Any]) -> str:
    """How small a leak the tests could see: "good", "fair" or "low", by the error of the membership AUC.

    The error is that of an AUC of 0.5: a table that leaks nothing, whatever was measured.
    """
    if "skipped" in block:
        return "low"
    members, others = block["membership_rows"].values()
    error = math.sqrt((members + others + 1) / (12 * members * others))
    return "good" if error <= GOOD_ERROR else "fair" if error <= FAIR_ERROR else "low"


def _tests(block: dict[str, Any]) -> Iterator[tuple[Limit, float, float, str]]:
    made, unseen = block["compared"]["synthetic"], block["compared"]["heldout"]
    rows = block["rows"]

    auc, error = block["membership_auc"], block["membership_se"]
    text = f"training rows can be told from held-out ones (membership AUC {auc:.2f} ± {error:.2f})"
    yield MEMBERSHIP, auc, error, text

    near = block["below_p5"]
    # the percentile is itself measured on the held-out rows
    error = math.hypot(share_error(near, made), share_error(NEAR.natural, unseen))
    text = f"{near:.1%} of the rows are nearer to a training row than 95 % of held-out rows are"
    yield NEAR, near, error, text

    nearer = block["nearer_train"]
    # the compared real rows vary as much as the synthetic ones
    error = 0.5 * math.sqrt(1 / made + 1 / min(rows["train"], rows["heldout"]))
    text = f"{nearer:.0%} of the rows are nearer to the training table than to a hold-out of equal size"
    yield NEARER, nearer, error, text

    exact, natural = block["exact"], block["exact_heldout"]
    pooled = (exact * rows["synthetic"] + natural * rows["heldout"]) / (rows["synthetic"] + rows["heldout"])
    error = math.sqrt(pooled * (1 - pooled) * (1 / rows["synthetic"] + 1 / rows["heldout"]))
    text = f"{exact:.2%} of the rows equal a training row; of held-out rows {natural:.2%} do"
    yield EXACT, exact - natural, error, text
