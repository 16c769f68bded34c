"""Rules between columns, kept by construction: the table is rewritten before training and computed back."""

from ganworks_tabular.constraints.constraints import Constraints
from ganworks_tabular.constraints.reading import read_constraints
from ganworks_tabular.constraints.rules import Choice, Violation, Violations

__all__ = ["Choice", "Constraints", "Violation", "Violations", "read_constraints"]
