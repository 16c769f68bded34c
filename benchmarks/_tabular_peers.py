"""Synthesizers of benchmarks/tabular.py behind one face; a peer is run where it is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
import pandas as pd

from ganworks_tabular.evaluation import TableFacts
from ganworks_tabular.synthesizer import Synthesizer

REJECTED = 150_000  # rows drawn at most in search of positives, where a peer has no condition


class Peer(Protocol):
    """Learns a table whose discrete columns hold texts, and draws rows."""

    def fit(self, table: pd.DataFrame, facts: TableFacts, seed: int) -> None: ...

    def sample(self, count: int, seed: int) -> pd.DataFrame: ...

    def positives(self, count: int, seed: int) -> pd.DataFrame: ...


class Ours:
    """`ganworks_tabular.synthesizer.Synthesizer`."""

    def __init__(self, **options: Any) -> None:
        self.options = options

    def fit(self, table: pd.DataFrame, facts: TableFacts, seed: int) -> None:
        self.target, self.positive = facts.target, facts.positive
        learner = Synthesizer(seed=seed, threads=1, progress=False, **self.options)
        self.model = learner.fit(table, target=facts.target)

    def sample(self, count: int, seed: int) -> pd.DataFrame:
        return self.model.drawer.frame(count, seed=seed)

    def positives(self, count: int, seed: int) -> pd.DataFrame:
        return self.model.drawer.frame(count, seed=seed, where={self.target: self.positive})


class Rejecting:
    """Draws positives by drawing rows and keeping those, as peers without conditions must."""

    target: str
    positive: object

    def sample(self, count: int, seed: int) -> pd.DataFrame:
        raise NotImplementedError

    def positives(self, count: int, seed: int) -> pd.DataFrame:
        drawn = self.sample(REJECTED, seed)
        kept = drawn[drawn[self.target].astype(str) == str(self.positive)]
        if kept.empty:
            return kept
        return kept.sample(count, replace=len(kept) < count, random_state=seed).reset_index(drop=True)


class Ctgan(Rejecting):
    """CTGAN or TVAE of the package ctgan (BUSL-1.1: run, never copied), with its defaults."""

    def __init__(self, kind: str = "CTGAN") -> None:
        self.kind = kind

    def fit(self, table: pd.DataFrame, facts: TableFacts, seed: int) -> None:
        import ctgan
        import torch

        self.target, self.positive = facts.target, facts.positive
        torch.manual_seed(seed)
        np.random.seed(seed)
        self.model = getattr(ctgan, self.kind)(enable_gpu=False)
        self.model.set_random_state(seed)
        self.model.fit(table, list(facts.discrete))

    def sample(self, count: int, seed: int) -> pd.DataFrame:
        self.model.set_random_state(seed)
        return self.model.sample(count)


class Copula(Rejecting):
    """The Gaussian copula of the package sdv (BUSL-1.1)."""

    def fit(self, table: pd.DataFrame, facts: TableFacts, seed: int) -> None:
        from sdv.metadata import Metadata
        from sdv.single_table import GaussianCopulaSynthesizer

        self.target, self.positive = facts.target, facts.positive
        kinds = {name: "categorical" if name in facts.discrete else "numerical" for name in table}
        columns = {name: {"sdtype": kind} for name, kind in kinds.items()}
        self.model = GaussianCopulaSynthesizer(
            Metadata.load_from_dict({"tables": {"t": {"columns": columns}}})
        )
        np.random.seed(seed)
        self.model.fit({"t": table})

    def sample(self, count: int, seed: int) -> pd.DataFrame:
        np.random.seed(seed)
        return self.model.sample(count)["t"]


class Smote:
    """Interpolation between neighbours of a class: SMOTE-NC of imbalanced-learn, SMOTE without categories."""

    def fit(self, table: pd.DataFrame, facts: TableFacts, seed: int) -> None:
        self.table, self.facts = table, facts

    def _over(self, wanted: Mapping[object, int], seed: int) -> pd.DataFrame:
        from imblearn.over_sampling import SMOTE, SMOTENC

        x, y = self.table.drop(columns=self.facts.target), self.table[self.facts.target]
        places = [place for place, name in enumerate(x) if name in self.facts.discrete]
        have = y.value_counts()
        strategy = {value: int(have[value]) + more for value, more in wanted.items()}
        common = {"sampling_strategy": strategy, "random_state": seed}
        sampler = SMOTENC(places, **common) if places else SMOTE(**common)
        rows, labels = sampler.fit_resample(x, y)
        made = rows.assign(**{self.facts.target: labels})[list(self.table)]
        return made.iloc[len(self.table) :].reset_index(drop=True)

    def sample(self, count: int, seed: int) -> pd.DataFrame:
        shares = self.table[self.facts.target].value_counts(normalize=True)
        counts = (shares * count).round().astype(int)
        counts.iloc[0] += count - counts.sum()
        return self._over(dict(counts), seed).sample(frac=1, random_state=seed, ignore_index=True)

    def positives(self, count: int, seed: int) -> pd.DataFrame:
        return self._over({self.facts.positive: count}, seed)


class Argn:
    """TabularARGN of the package mostlyai-engine (Apache-2.0)."""

    def fit(self, table: pd.DataFrame, facts: TableFacts, seed: int) -> None:
        from mostlyai import engine

        self.facts = facts
        engine.set_random_state(seed)
        self.model = engine.TabularARGN(device="cpu", random_state=seed, max_training_time=5.0, verbose=0)
        self.model.fit(table)

    def sample(self, count: int, seed: int) -> pd.DataFrame:
        from mostlyai import engine

        engine.set_random_state(seed)
        return self.model.sample(n_samples=count)

    def positives(self, count: int, seed: int) -> pd.DataFrame:
        from mostlyai import engine

        engine.set_random_state(seed)
        return self.model.sample(seed_data=pd.DataFrame({self.facts.target: [self.facts.positive] * count}))


class Bootstrap(Rejecting):
    """Real rows with replacement: the ceiling of likeness, the floor of privacy."""

    def fit(self, table: pd.DataFrame, facts: TableFacts, seed: int) -> None:
        self.table, self.target, self.positive = table, facts.target, facts.positive

    def sample(self, count: int, seed: int) -> pd.DataFrame:
        return self.table.sample(count, replace=True, random_state=seed, ignore_index=True)


PEERS: Mapping[str, tuple[str, Callable[[], Peer]]] = {  # name -> (module that it needs, maker)
    "ours": ("ganworks_tabular", Ours),
    "smote": ("imblearn", Smote),
    "bootstrap": ("pandas", Bootstrap),
    "ctgan": ("ctgan", Ctgan),
    "tvae": ("ctgan", lambda: Ctgan("TVAE")),
    "gaussiancopula": ("sdv", Copula),
    "argn": ("mostlyai", Argn),
}


def installed(name: str) -> bool:
    """Whether what the synthesizer needs is there."""
    return importlib.util.find_spec(PEERS[name][0]) is not None
