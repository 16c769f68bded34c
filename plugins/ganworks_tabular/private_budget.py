"""What a private model may cost in all, and what each release of it did cost."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ganworks.errors import UsageError


class Spend(NamedTuple):
    """What one release cost."""

    what: str
    epsilon: float
    delta: float


@dataclass
class PrivacyBudget:
    """The epsilon and delta of a whole model, and what they were spent on; spends add up (basic composition).

    Raises:
        UsageError: epsilon is not above 0, or delta not in (0, 1).
    """

    epsilon: float
    delta: float
    spends: list[Spend] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not (self.epsilon > 0 and math.isfinite(self.epsilon)):
            raise UsageError(f"epsilon must be above 0, got {self.epsilon}")
        if not 0 < self.delta < 1:
            raise UsageError(f"delta must lie between 0 and 1, got {self.delta}: take less than 1 / rows")

    @property
    def left(self) -> tuple[float, float]:
        """(epsilon, delta) that are not spent, at least 0."""
        epsilon = self.epsilon - math.fsum(spend.epsilon for spend in self.spends)
        delta = self.delta - math.fsum(spend.delta for spend in self.spends)
        return max(epsilon, 0.0), max(delta, 0.0)

    def spend(self, what: str, epsilon: float, delta: float = 0.0) -> Spend:
        """Note a spend before it is made.

        Raises:
            UsageError: there is not so much left.
        """
        left = self.left
        if epsilon > left[0] * (1 + 1e-9) or delta > left[1] * (1 + 1e-9):
            raise UsageError(
                f"{what} would cost epsilon {epsilon:g} and delta {delta:g}, but {left[0]:g} and {left[1]:g} "
                "are left: raise the budget or spend less elsewhere"
            )
        self.spends.append(Spend(what, epsilon, delta))
        return self.spends[-1]

    def spend_rest(self, what: str) -> Spend:
        """Spend all that is left."""
        return self.spend(what, *self.left)

    def as_dict(self) -> dict[str, Any]:
        """For the card: the budget, and each spend."""
        return {
            "epsilon": self.epsilon,
            "delta": self.delta,
            "composition": "sum",
            "spends": [spend._asdict() for spend in self.spends],
        }
