"""The table of a run as it was read: its parts, what was learned of its columns, and what is said of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pandas as pd

from ganworks.errors import DataError, RunError, UsageError
from ganworks.run import write_text
from ganworks_tabular import embedded
from ganworks_tabular.columns.casting import texts
from ganworks_tabular.columns.statistics import count_categories
from ganworks_tabular.comparing import comparable, facts_of
from ganworks_tabular.evaluation import TableFacts
from ganworks_tabular.infer import infer_schema
from ganworks_tabular.options import Options
from ganworks_tabular.preparation import Preparation
from ganworks_tabular.private_plan import PrivateRequest
from ganworks_tabular.schema import Schema
from ganworks_tabular.schema_file import read_corrections
from ganworks_tabular.splits import split_rows
from ganworks_tabular.table import read_table, write_table

FOLDER, ABOUT = "table", "about.json"
Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")
LEAST_ROWS = 100  # of the whole table: the evaluation needs 20, a fifth of them
LEAST_OF_A_CLASS = 4  # two to learn from, one to choose the generator by and one to judge it by


@dataclass(frozen=True)
class TableStudy:
    """``parts`` holds the rows that keep the rules; ``suffix`` is that of the files to write."""

    preparation: Preparation
    parts: Mapping[Part, pd.DataFrame]
    title: str
    fingerprint: str
    suffix: str
    notes: tuple[str, ...]

    @property
    def schema(self) -> Schema:
        return self.preparation.schema

    @classmethod
    def read(cls, options: Options) -> TableStudy:
        """Read, check and split the table of the options.

        Raises:
            DataError, UsageError: the table, its target or the schema file cannot be used.
        """
        frame = embedded.lending_club() if options.data is None else read_table(options.data)
        corrections = {}
        if options.table_schema is not None:
            corrections = read_corrections(options.table_schema, map(str, frame.columns))
        rules = corrections.pop("constraints", [])
        target = options.target or (embedded.TARGET if options.data is None else None)
        if options.positive is not None:
            corrections["positive"] = options.positive
        schema = _with_positive(infer_schema(frame, target, corrections=corrections), frame)
        _check_rows(frame, schema, "")
        split = split_rows(frame[schema.target], options.seed)
        private = PrivateRequest.of(options, corrections.get("columns", {}))
        preparation = Preparation.fit(
            frame[split == "train"], schema, rules=rules, least=options.least, private=private
        )
        constraints = preparation.constraints
        broken = [str(one) for one in constraints.check(frame).rules]
        parts = {name: constraints.keep(frame[split == name]).reset_index(drop=True) for name in PARTS}
        _check_rows(pd.concat(parts.values()), schema, " that keep the rules")
        return cls(
            preparation,
            parts,
            embedded.TITLE if options.data is None else options.data.name,
            _fingerprint(parts),
            _suffix(options),
            (*broken, *preparation.codec.notes, *([preparation.private.note] if preparation.private else [])),
        )

    def facts(self, sensitive: str | None = None) -> TableFacts:
        """What the evaluation must know of the columns.

        Raises:
            UsageError: the sensitive column is none that is modelled.
        """
        return facts_of(self.schema, sensitive)

    def comparable(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The modelled columns as the evaluation compares them, see `ganworks_tabular.comparing`."""
        return comparable(frame, self.schema, self.title)

    # in the run folder
    def save(self, cache: Path) -> None:
        """Write everything under ``cache``; the last file written says that all are there."""
        for name, part in self.parts.items():
            write_table(part, cache / FOLDER / f"{name}.parquet")
        about = {
            "preparation": self.preparation.as_dict(),
            "title": self.title,
            "fingerprint": self.fingerprint,
            "suffix": self.suffix,
            "notes": list(self.notes),
        }
        write_text(cache / FOLDER / ABOUT, json.dumps(about) + "\n")

    @staticmethod
    def exists(cache: Path) -> bool:
        return (cache / FOLDER / ABOUT).exists()

    @classmethod
    def load(cls, cache: Path) -> TableStudy:
        """Read what `save` wrote.

        Raises:
            RunError: it is damaged.
        """
        folder = cache / FOLDER
        try:
            about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
            parts = {name: read_table(folder / f"{name}.parquet") for name in PARTS}
            preparation = Preparation.from_dict(about["preparation"])
        except (OSError, ValueError, KeyError, UsageError) as error:
            text = f"{folder} holds no readable table ({type(error).__name__}); start a new run"
            raise RunError(text) from None
        return cls(
            preparation, parts, about["title"], about["fingerprint"], about["suffix"], tuple(about["notes"])
        )


def _with_positive(schema: Schema, frame: pd.DataFrame) -> Schema:
    """The class that matters is the one with the fewest rows, unless another was named."""
    if schema.positive is not None:
        return schema
    counts = count_categories(frame[schema.target]).counts
    return replace(schema, positive=schema.classes[int(counts.argmin())])


def _check_rows(frame: pd.DataFrame, schema: Schema, which: str) -> None:
    if len(frame) < LEAST_ROWS:
        raise DataError(f"{len(frame)} rows{which} are too few to learn from: give {LEAST_ROWS} or more")
    found = count_categories(frame[schema.target])
    for label, count in zip(texts(found.values), found.counts.tolist(), strict=True):
        if count < LEAST_OF_A_CLASS:
            raise DataError(
                f"the target '{schema.target}' is '{label}' in {count} rows{which}, too few to learn from "
                f"and to judge by: give {LEAST_OF_A_CLASS} or more, or leave them out"
            )


def _suffix(options: Options) -> str:
    if options.file_kind != "auto":
        return f".{options.file_kind}"
    packed = options.data is not None and options.data.suffix.lower() in (".parquet", ".pq")
    return ".parquet" if packed else ".csv"


def _fingerprint(parts: Mapping[Part, pd.DataFrame]) -> str:
    """SHA-256 over the names of the columns and the rows of every part."""
    found = hashlib.sha256()
    for name, part in parts.items():
        found.update(json.dumps([name, *map(str, part.columns)]).encode())
        found.update(pd.util.hash_pandas_object(part.astype("str"), index=False).to_numpy().tobytes())
    return found.hexdigest()
