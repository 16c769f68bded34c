"""Synthesizers of tables side by side: likeness, usefulness, copying, speed, on one table in one run.

Every synthesizer learns the same 70 % of the rows on one thread; what it draws is compared with them and
with the other 30 %. Peers are run where they are installed (ctgan, sdv, mostlyai-engine), others are left
out by name::

    python benchmarks/tabular.py                                            # the embedded loans
    python benchmarks/tabular.py --csv fraud.csv --target Class --positive 1 --refits 3
    python benchmarks/tabular.py --only ours --speed 1000000                # rows per CPU-second, conditions
    python benchmarks/tabular.py --only ours --few 20 50 100                # gain where frauds are few
    python benchmarks/tabular.py --learn 10000000                           # a file of so many rows

Columns: CPU-seconds of the fit; rows per CPU-second; quality as SDMetrics defines it; AUC of a classifier
that tells synthetic from held-out rows (.5 is best); coverage of held-out positives; share of positives in
points off the real one; average precision after training on synthetic rows; AUC of guessing which positives
were trained on (.5); share of near-copies (.05 by chance).
"""

from __future__ import annotations

import argparse
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from time import process_time
from typing import Any

import numpy as np
import pandas as pd
import torch
from _tabular_large import learn_alone, write_large
from _tabular_peers import PEERS, Peer, installed
from sklearn.model_selection import train_test_split

from ganworks_tabular import embedded
from ganworks_tabular.columns.casting import floats
from ganworks_tabular.evaluation import (
    TableFacts,
    coverage,
    fidelity,
    privacy,
    two_sample_test,
    utility,
)
from ganworks_tabular.infer import infer_schema
from ganworks_tabular.table import read_table

HELD_OUT = 0.3
TREES = "HistGradientBoosting"
RATE_ROWS = 100_000  # drawn for the speed
MOST_TIMED = 400_000  # of the rows that --speed asks for
HEADS = (
    "fit",
    "rows/s",
    "quality",
    "two-sample",
    "coverage+",
    "rate off",
    "AP",
    "membership+",
    "near copies",
)


@dataclass(frozen=True)
class Task:
    """One table, split; discrete columns are texts, so that every peer takes them."""

    facts: TableFacts
    train: pd.DataFrame
    heldout: pd.DataFrame

    @classmethod
    def of(cls, table: pd.DataFrame, target: str | None, positive: str | None) -> Task:
        corrections = {"positive": positive} if positive else {}
        schema = infer_schema(table, target, corrections=corrections)
        discrete = tuple(one.name for one in schema.modelled if one.kind == "category")
        numeric = tuple(one.name for one in schema.modelled if one.kind == "number")
        plain = {name: table[name].astype(str) for name in discrete}
        plain |= {name: floats(table[name]) for name in numeric}
        frame = pd.DataFrame(plain)[[name for name in table if name in plain]]
        facts = TableFacts(target=schema.target, positive=schema.positive, numeric=numeric, discrete=discrete)
        parts = train_test_split(frame, test_size=HELD_OUT, stratify=frame[schema.target], random_state=0)
        return cls(facts, *(part.reset_index(drop=True) for part in parts))

    def like(self, table: pd.DataFrame) -> pd.DataFrame:
        """A synthetic table in the types of this one."""
        return pd.DataFrame(
            {name: table[name].astype(str if name in self.facts.discrete else float) for name in self.train}
        )


def measure(name: str, task: Task, seed: int) -> dict[str, float]:
    """Fit once and take every figure of a row."""
    peer = PEERS[name][1]()
    started = process_time()
    peer.fit(task.train, task.facts, seed)
    fitted = process_time() - started
    speed = rows_per_second(peer)
    made = task.like(peer.sample(len(task.train), seed + 1))
    rare = task.like(peer.positives(2_000, seed + 2))
    return {"fit": fitted, "rows/s": speed, **figures(task, made, rare)}


def rows_per_second(peer: Peer) -> float:
    peer.sample(1_000, 9)  # warm
    started = process_time()
    peer.sample(RATE_ROWS, 10)
    return RATE_ROWS / (process_time() - started)


def figures(task: Task, made: pd.DataFrame, rare: pd.DataFrame) -> dict[str, float]:
    facts, train, heldout = task.facts, task.train, task.heldout
    like = fidelity(facts, train, heldout, made)
    rate = like["positive_rate"]
    few = rare.head(int(facts.positives(train).sum()))
    seen = privacy(facts, train, heldout, made, rare)
    worth = utility(facts, train, heldout, made, lambda count, _label, _seed: rare.head(count), seeds=3)
    return {
        "quality": like["quality"],
        "two-sample": two_sample_test(facts, heldout, made, explain=False)["auc"],
        "coverage+": coverage(facts, train, heldout, made, few)["positives"]["coverage"] or np.nan,
        "rate off": 100 * (rate["synthetic"] - rate["train"]),
        "AP": worth["classifiers"][TREES]["arms"]["synthetic"]["average_precision"]["mean"],
        "membership+": seen["positives"].get("membership_auc", np.nan),
        "near copies": seen["all"]["below_p5"],
    }


def real_rows(task: Task) -> dict[str, float]:
    """What held-out rows reach in the place of synthetic ones; and real rows, to train on."""
    found = figures(task, task.heldout, task.heldout[task.facts.positives(task.heldout)])
    worth = utility(task.facts, task.train, task.heldout, task.train, lambda *_: task.train.head(0), seeds=3)
    real = worth["classifiers"][TREES]["arms"]["real"]["average_precision"]["mean"]
    return {
        "fit": np.nan,
        "rows/s": np.nan,
        **found,
        "AP": real,
        "membership+": np.nan,
        "near copies": np.nan,
    }


def line(name: str, runs: list[dict[str, float]]) -> str:
    return f"| {name} | " + " | ".join(_cell(head, [run[head] for run in runs]) for head in HEADS) + " |"


def _cell(head: str, values: list[float]) -> str:
    digits = {"fit": 1, "rows/s": 0, "rate off": 2}.get(head, 3)
    if any(value != value for value in values):
        return "-"
    spread = f" ± {stdev(values):,.{digits}f}" if len(values) > 1 and head != "rows/s" else ""
    return f"{mean(values):,.{digits}f}{spread}"


def few_positives(task: Task, counts: list[int]) -> None:
    """Average precision of real rows alone and with synthetic positives, where few real ones are there."""
    print(
        "\n| positives | real only | + synthetic positives x2 | + to balance | SMOTE-NC x2 |\n|"
        + " --- |" * 5
    )
    rare = task.facts.positives(task.train)
    for count in counts:
        kept = np.random.default_rng(count).permutation(np.flatnonzero(rare))[:count]
        part = pd.concat([task.train[~rare], task.train.iloc[kept]]).sample(frac=1, random_state=0)
        small = Task(task.facts, part.reset_index(drop=True), task.heldout)
        peer = PEERS["ours"][1]()
        peer.fit(small.train, task.facts, 0)
        made = task.like(peer.sample(len(small.train), 1))

        def draw(rows: int, _label: object, seed: int, peer: Peer = peer) -> pd.DataFrame:
            return task.like(peer.positives(rows, seed))

        worth = utility(task.facts, small.train, task.heldout, made, draw, seeds=5)
        print(f"| {count} | " + " | ".join(_arms(worth)) + " |", flush=True)


def _arms(worth: dict[str, Any]) -> list[str]:
    arms = worth["classifiers"][TREES]["arms"]
    names = ("real", "augmented_x2", "augmented_balance", "smote_x2")
    found = [arms[name]["average_precision"] for name in names if name in arms]
    return [f"{one['mean']:.3f} ± {one['sd']:.3f}" for one in found]


def speed(task: Task, rows: int) -> None:
    """Rows per CPU-second with and without conditions, and the memory of a large file."""
    peer: Any = PEERS["ours"][1]()
    peer.fit(task.train, task.facts, 0)
    where = {
        task.facts.target: task.facts.positive,
        task.facts.columns[0]: task.train[task.facts.columns[0]][0],
    }
    some = min(rows, MOST_TIMED)
    for name, conditions in {"free": None, "under two conditions": where}.items():
        started = process_time()
        for _ in peer.model.drawer.frames(some, where=conditions):
            pass
        print(f"{name}: {some / (process_time() - started):,.0f} rows a CPU-second", flush=True)
    path = Path("synthetic.parquet")
    started = process_time()
    peer.model.drawer.write(path, rows)
    print(
        f"{rows:,} rows to {path} ({path.stat().st_size / 1e6:.0f} MB): {process_time() - started:.0f} CPU-s"
    )
    path.unlink()
    print(f"peak memory of this process: {_peak_bytes() / 2**30:.2f} GiB")


def large(table: pd.DataFrame, rows: int, target: str) -> None:
    """What learning a Parquet file of ``rows`` rows takes."""
    path = Path("large.parquet")
    write_large(table, rows, path)
    print(f"{rows:,} rows in {path.stat().st_size / 1e6:,.0f} MB", flush=True)
    learn_alone(path, target)
    path.unlink()


def _peak_bytes() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--csv", type=Path, help="table (CSV or Parquet); default: the embedded loans")
    parser.add_argument("--target")
    parser.add_argument("--positive")
    parser.add_argument("--only", nargs="+", choices=list(PEERS), default=list(PEERS))
    parser.add_argument("--refits", type=int, default=1)
    parser.add_argument("--speed", type=int, metavar="ROWS", help="only the speed of ours")
    parser.add_argument(
        "--few", type=int, nargs="+", metavar="POSITIVES", help="only the gain where they are few"
    )
    parser.add_argument(
        "--learn", type=int, metavar="ROWS", help="only the memory that learning so many takes"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    table = read_table(options.csv) if options.csv else embedded.lending_club()
    task = Task.of(table, options.target or (None if options.csv else embedded.TARGET), options.positive)
    name = options.csv.name if options.csv else embedded.TITLE
    print(f"# {platform.machine()}, {os.cpu_count()} cores, one thread, torch {torch.__version__}; {name}:")
    print(
        f"# {len(task.train)} rows learned, {len(task.heldout)} held out, {len(task.train.columns)} columns"
    )
    if options.speed:
        return speed(task, options.speed)
    if options.learn:
        return large(table, options.learn, task.facts.target)
    if options.few:
        return few_positives(task, options.few)
    print("| | " + " | ".join(HEADS) + " |\n|" + " --- |" * (len(HEADS) + 1))
    print(line("held-out rows", [real_rows(task)]), flush=True)
    for name in options.only:
        if not installed(name):
            print(f"| {name} | not installed |", flush=True)
            continue
        print(line(name, [measure(name, task, seed) for seed in range(options.refits)]), flush=True)
    return None


if __name__ == "__main__":
    main()
