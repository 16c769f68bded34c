"""How good a synthetic table is: each figure beside what held-out real rows reach."""

from ganworks_tabular.evaluation.assembly import evaluate_table
from ganworks_tabular.evaluation.coverage import coverage
from ganworks_tabular.evaluation.facts import TableFacts
from ganworks_tabular.evaluation.fairness import fairness
from ganworks_tabular.evaluation.fidelity import fidelity
from ganworks_tabular.evaluation.privacy import privacy
from ganworks_tabular.evaluation.two_sample import two_sample_test
from ganworks_tabular.evaluation.utility import utility

__all__ = [
    "TableFacts",
    "coverage",
    "evaluate_table",
    "fairness",
    "fidelity",
    "privacy",
    "two_sample_test",
    "utility",
]
