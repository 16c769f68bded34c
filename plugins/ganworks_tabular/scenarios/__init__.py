"""What a fraud team asks of a table: another rate, mix or amount of fraud, its tails, and drift."""

from ganworks_tabular.scenarios.drift import drift
from ganworks_tabular.scenarios.marginals import Marginals
from ganworks_tabular.scenarios.oversampling import oversample
from ganworks_tabular.scenarios.reading import read_scenario
from ganworks_tabular.scenarios.scenario import Scenario

__all__ = ["Marginals", "Scenario", "drift", "oversample", "read_scenario"]
