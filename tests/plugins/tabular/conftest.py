"""One small trained table for all tests of this folder, with every kind of column."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ganworks.plugin import Domain
from ganworks.registry import discover
from ganworks.session import Session
from ganworks_tabular.options import Options
from ganworks_tabular.synthesizer import Synthesizer
from ganworks_tabular.table import write_table

ROWS = 600
RECIPE = {"batch": 64, "width": 32, "depth": 1, "latent": 16}
SMALL = {"threads": 1, "device": "cpu", "progress": False, **RECIPE}


def mixed_table(rows: int = ROWS, seed: int = 0) -> pd.DataFrame:
    """A table of payments: a tenth are frauds, and those are larger and at night."""
    draw = np.random.default_rng(seed)
    fraud = np.arange(rows) % 10 == 3
    amount = np.round(draw.lognormal(3 + fraud, 0.7, rows), 2)
    hours = np.where(fraud, draw.integers(0, 6, rows), draw.integers(0, 24, rows))
    when = pd.Timestamp("2024-01-01", tz="Europe/Berlin") + pd.to_timedelta(
        24 * draw.integers(0, 90, rows) + hours, "h"
    )
    frame = pd.DataFrame(
        {
            "payment": [f"P{number:05d}" for number in range(rows)],
            "score": draw.normal(size=rows) + fraud,
            "amount": np.where(draw.random(rows) < 0.2, 0.0, amount),
            "count": draw.poisson(30, rows),
            "age": pd.array(draw.integers(18, 90, rows), dtype="Int64"),
            "city": pd.Categorical(draw.choice(["Rome", "Oslo", "Bonn"], rows), ["Oslo", "Rome", "Bonn"]),
            "shop": draw.choice(["web", "till", "app"], rows, p=[0.5, 0.3, 0.2]),
            "level": draw.integers(1, 5, rows),
            "abroad": draw.random(rows) < 0.3 + 0.3 * fraud,
            "when": when.as_unit("us"),
            "day": pd.Series(when.tz_localize(None)).dt.strftime("%Y-%m-%d"),
            "currency": "EUR",
            "Class": fraud.astype(int),
        }
    )
    frame.loc[::7, "age"] = pd.NA
    frame.loc[::11, "shop"] = None
    frame.loc[::13, "when"] = pd.NaT
    return frame


@pytest.fixture(scope="session")
def table() -> pd.DataFrame:
    return mixed_table()


@pytest.fixture(scope="session")
def synthesizer(table: pd.DataFrame) -> Synthesizer:
    return Synthesizer(steps=40, **SMALL).fit(table, target="Class")


@pytest.fixture(scope="session")
def create() -> Callable[..., Session]:
    """Make a session of a small and short run."""

    def create(data: Path, folder: Path, **options: Any) -> Session:
        registry = discover(third_party=False)
        quick = {"steps": 4, "threads": 1, "device": "cpu", "utility": False, "recipe_options": RECIPE}
        wanted = Options(data=data, **{**quick, **options})
        return Session.create(registry.find(Domain, "tabular-fraud"), wanted, folder, registry)

    return create


@pytest.fixture(scope="session")
def data(table: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The table as a Parquet file, with a column of exact decimals more."""
    fee = [Decimal(int(cents)) / 100 for cents in np.random.default_rng(0).integers(0, 99, len(table))]
    path = tmp_path_factory.mktemp("data") / "payments.parquet"
    write_table(table.assign(fee=fee)[[*table.columns[:-1], "fee", "Class"]], path)
    return path


@pytest.fixture(scope="session")
def session(data: Path, create: Callable[..., Session], tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A whole run, its export among it."""
    made = create(data, tmp_path_factory.mktemp("runs") / "run", sensitive="city")
    made.run()
    return made
