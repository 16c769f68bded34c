"""The evaluation of a run: its generator's rows beside those that it has not seen."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pandas as pd

from ganworks.run import Run
from ganworks_tabular.drawing import Drawer
from ganworks_tabular.evaluation import evaluate_table
from ganworks_tabular.options import Options
from ganworks_tabular.report_verdicts import with_verdicts
from ganworks_tabular.study import TableStudy

STEPS, ARMS = 6, 18  # of `evaluate_table`; of a seed of its utility test, two classifiers each


def evaluate_run(study: TableStudy, drawer: Drawer, options: Options, run: Run, seed: int) -> dict[str, Any]:
    """Return the figures of `evaluate_table`, their verdicts, the rules broken, and the privacy paid for."""
    parts = {name: study.comparable(part) for name, part in study.parts.items()}
    synthetic = drawer.frame(len(parts["train"]), seed=seed)

    def draw(count: int, label: object, seed: int) -> pd.DataFrame:
        return study.comparable(drawer.frame(count, seed=seed, where={study.schema.target: label}))

    found = evaluate_table(
        study.facts(options.sensitive),
        parts["train"],
        parts["test"],
        study.comparable(synthetic),
        draw,
        seeds=options.seeds,
        utility=options.utility,
        progress=_progress(run, options),
    )
    paid = study.preparation.private
    return {
        **with_verdicts(found),
        "constraints": {"broken": study.preparation.constraints.check(synthetic).count},
        **({"differential_privacy": paid.card()} if paid else {}),
    }


def _progress(run: Run, options: Options) -> Callable[[str], None]:
    """What moves a progress bar at each step that `evaluate_table` tells of."""
    total = STEPS + (ARMS * options.seeds if options.utility else 0)
    steps = count()

    def tell(_text: str) -> None:
        done = min(next(steps), total - 1)
        run.tell({"event": "progress", "label": "evaluation", "done": done, "total": total})

    return tell
