"""Synthetic tables from Python: fit, sample, save, load."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import pandas as pd
import torch
from safetensors import SafetensorError

from ganworks.errors import RunError, UsageError
from ganworks.run import write_text
from ganworks.training import Sampler, read_tensors, write_tensors
from ganworks_tabular.conditions import Condition
from ganworks_tabular.constraints.reading import check_list
from ganworks_tabular.drawing import Drawer
from ganworks_tabular.infer import infer_schema
from ganworks_tabular.learning import Learning
from ganworks_tabular.model import TableModel
from ganworks_tabular.options import STEPS
from ganworks_tabular.preparation import Preparation
from ganworks_tabular.private_plan import PrivateRequest
from ganworks_tabular.source import MOST_ROWS, Source
from ganworks_tabular.training_data import CodedRows

Rules = Sequence[Mapping[str, Any]]  # constraints as a schema file has them
ABOUT, WEIGHTS = "synthesizer.json", "generator.safetensors"


class Synthesizer:
    """Learns a table and draws synthetic rows; ``options`` are those of the recipe.

    That is `tabular`, or with ``epsilon`` `tabular-private`, whose noise no seed decides: `PrivateRequest`.

    >>> synthesizer = Synthesizer().fit(frame, target="Class")     # doctest: +SKIP
    >>> synthesizer.sample(1_000, where={"Class": 1}, seed=7)      # doctest: +SKIP
    """

    def __init__(
        self,
        *,
        steps: int = STEPS,
        seed: int = 0,
        device: str = "auto",
        threads: int | None = None,  # of the processor; measured where None
        least: int = 5,  # a value held by fewer rows is never given out
        given: float = 0.15,  # share of training rows in which columns beside the target are given
        most_rows: int = MOST_ROWS,  # of a file; of more so many are drawn at random
        progress: bool = True,
        epsilon: float | None = None,  # budget of differential privacy of each row; None: no privacy
        delta: float = 1e-5,  # with epsilon: chance that it fails
        **options: Any,
    ) -> None:
        self.learning = Learning(
            steps=steps,
            seed=seed,
            device=device,
            threads=threads,
            given=given,
            progress=progress,
            options=options,
        )
        self.least, self.most_rows, self.epsilon, self.delta = least, most_rows, epsilon, delta
        self._drawer: Drawer | None = None

    def fit(
        self,
        table: pd.DataFrame | Path | str,
        target: str | None = None,
        *,
        corrections: Mapping[str, Any] | None = None,
        constraints: Rules = (),
    ) -> Self:
        """Learn a table; a twentieth of its rows chooses the generator, with ``epsilon`` none.

        Args:
            table: a frame, or the path of a CSV or Parquet file.
            target: column with the classes; by default one with a usual name (class, label, fraud).
            corrections: of the inferred schema, as in a schema file, whose constraints may be among them.
            constraints: rules that every row keeps, as in a schema file; together with those of corrections.

        Raises:
            DataError: a table that cannot be used.
            UsageError: a target, correction or rule that does not fit it, or a table that cannot be learnt
                privately.
        """
        source = self._source(table)
        check_list(constraints, "constraints")
        with source.told():
            preparation = self._preparation(source, target, source.corrected(corrections or {}), constraints)
        self._drawer = Drawer(preparation, self.learning.learn(preparation, source.frame))
        return self

    def sample(
        self,
        count: int,
        *,
        where: Mapping[str, Condition] | None = None,
        seed: int = 0,
        out: Path | str | None = None,
    ) -> pd.DataFrame | None:
        """Draw rows: the same for the same seed, however they are drawn.

        Args:
            where: column -> a value, or `ganworks_tabular.conditions.Between`; every row meets all of them.
            out: write a CSV or Parquet file instead, in constant memory, and return None.

        Raises:
            RunError: nothing has been learned yet.
            UsageError: fewer than no rows, or a condition that no row can meet.
        """
        if count < 0:
            raise UsageError(f"{count} rows cannot be drawn; give 0 or more")
        if out is None:
            return self.drawer.frame(count, seed=seed, where=where)
        self.drawer.write(Path(out), count, seed=seed, where=where)
        return None

    @property
    def drawer(self) -> Drawer:
        """What draws the rows."""
        if self._drawer is None:
            raise RunError("the synthesizer has learned no table yet: call fit first")
        return self._drawer

    # saving
    def save(self, folder: Path | str) -> None:
        """Write the weights (safetensors) and everything else (JSON) into a folder.

        Raises:
            RunError: nothing has been learned yet.
            UsageError: ``folder`` cannot be one: it, or what should hold it, is a file.
        """
        drawer, folder = self.drawer, Path(folder)
        if any(place.exists() and not place.is_dir() for place in (folder, *folder.parents)):
            raise UsageError(f"{folder} is a file, or lies in one; name a folder")
        sampler = drawer.model.sampler
        write_tensors(folder / WEIGHTS, dict(sampler.generator.state_dict()), {})
        about = {
            "preparation": drawer.preparation.as_dict(),
            "rates": list(drawer.model.rates),
            "options": self.learning.options,
        }
        write_text(folder / ABOUT, json.dumps(about) + "\n")

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """Read what `save` wrote, for sampling on the CPU.

        Raises:
            UsageError: the folder holds no synthesizer, or a damaged one.
        """
        folder = Path(folder)
        try:
            about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
            tensors, _ = read_tensors(folder / WEIGHTS)
            preparation = Preparation.from_dict(about["preparation"])
            synthesizer = cls(**about["options"])
            recipe = synthesizer.learning.recipe(CodedRows.empty(preparation.codec), preparation.private)
            generator = recipe.networks["generator"]()
            generator.load_state_dict(tensors)
            rates = tuple(map(float, about["rates"]))
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
            text = f"{folder} holds no readable synthesizer ({type(error).__name__}); save it again"
            raise UsageError(text) from None
        sampler = Sampler(generator, recipe.draw.latent, len(rates), torch.device("cpu"))
        model = TableModel(preparation.codec, rates, sampler)
        synthesizer._drawer = Drawer(preparation, model)
        return synthesizer

    # inside
    def _source(self, table: pd.DataFrame | Path | str) -> Source:
        if isinstance(table, pd.DataFrame):
            return Source.of(table)
        return Source.read(Path(table), self.most_rows, self.learning.seed)

    def _preparation(
        self, source: Source, target: str | None, corrections: Mapping[str, Any], rules: Rules
    ) -> Preparation:
        schema = infer_schema(source.frame, target, corrections=corrections)
        rules = [*corrections.get("constraints", ()), *rules]
        private = self._private(corrections.get("columns", {}))
        found = Preparation.fit(source.frame, schema, rules=rules, least=self.least, private=private)
        return found.with_keys(source.column)

    def _private(self, columns: Mapping[str, Any]) -> PrivateRequest | None:
        if self.epsilon is None:
            return None
        return PrivateRequest(
            epsilon=self.epsilon,
            delta=self.delta,
            steps=self.learning.steps,
            seed=self.learning.seed,
            columns=columns,
            recipe_options=self.learning.options,
        )
