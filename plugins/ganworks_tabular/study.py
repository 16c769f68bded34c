"""The table of a run as it was read: its parts, what was learned of its columns, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import pandas as pd

from ganworks.errors import UsageError
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
from ganworks_tabular.schema_file import corrected_kinds, read_corrections
from ganworks_tabular.source import Source
from ganworks_tabular.splits import split_rows
from ganworks_tabular.study_checks import check_rows, with_positive
from ganworks_tabular.study_rows import PARTS as PARTS
from ganworks_tabular.study_rows import Part as Part
from ganworks_tabular.study_rows import (
    Parts,
    damaged,
    fingerprint_of,
    have_parts,
    parts_of,
    read_again,
    read_parts,
    read_rows,
    write_parts,
)
from ganworks_tabular.text_hints import text_notes

FOLDER, ABOUT = "table", "preparation.json"  # the rows, and beside them what drawing new ones needs


@dataclass(frozen=True)
class TableStudy:
    """``suffix`` is that of the files to write; the rows are read when they are asked for."""

    preparation: Preparation
    source: Callable[[], Parts]
    rows: Mapping[Part, int]  # how many each part has
    rates: tuple[float, ...]  # share of each class in the training part, or as private counts have it
    title: str
    fingerprint: str
    suffix: str
    notes: tuple[str, ...]

    @property
    def schema(self) -> Schema:
        return self.preparation.schema

    @cached_property
    def parts(self) -> Parts:
        """The real rows that keep the rules.

        Raises:
            DataError: they were deleted from the cache, and the data are gone too.
            RunError: the data changed.
        """
        return self.source()

    @classmethod
    def read(cls, options: Options) -> TableStudy:
        """Read, check and split the table of the options.

        Raises:
            DataError, UsageError: the table, its target or the schema file cannot be used.
        """
        source = read_rows(options)
        with source.told():
            return cls._of(source, options)

    @classmethod
    def _of(cls, source: Source, options: Options) -> TableStudy:
        frame = source.frame
        corrections = {}
        if options.table_schema is not None:
            corrections = read_corrections(options.table_schema, map(str, frame.columns))
        rules = corrections.pop("constraints", [])
        target = options.target or (embedded.TARGET if options.data is None else None)
        if options.positive is not None:
            corrections["positive"] = options.positive
        corrections = source.corrected(corrections)
        schema = with_positive(infer_schema(frame, target, corrections=corrections), frame)
        check_rows(frame, schema)
        split = split_rows(frame[schema.target], options.seed)
        train = frame[split == "train"]
        private = PrivateRequest.of(options, corrections.get("columns", {}))
        preparation = Preparation.fit(train, schema, rules=rules, least=options.least, private=private)
        preparation = preparation.with_keys(source.column)
        constraints = preparation.constraints
        broken = [str(one) for one in constraints.check(frame).rules]
        parts = parts_of(frame, split, constraints)
        check_rows(pd.concat(parts.values()), schema, " that keep the rules")
        words = text_notes(frame, schema, corrected_kinds(corrections), None if private else options.least)
        notes = [*broken, *words, *preparation.codec.notes]
        return cls(
            preparation,
            lambda: parts,
            {name: len(part) for name, part in parts.items()},
            _rates(preparation, parts["train"]),
            embedded.TITLE if options.data is None else options.data.name,
            fingerprint_of(parts),
            _suffix(options),
            tuple(filter(None, (_share_note(source, broken + words), *notes, _private_note(preparation)))),
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
        write_parts(self.parts, cache / FOLDER)
        about = {
            "preparation": self.preparation.as_dict(),
            "rows": self.rows,
            "rates": self.rates,
            "title": self.title,
            "fingerprint": self.fingerprint,
            "suffix": self.suffix,
            "notes": list(self.notes),
        }
        write_text(cache / ABOUT, json.dumps(about) + "\n")

    @staticmethod
    def exists(cache: Path) -> bool:
        return (cache / ABOUT).exists()

    @classmethod
    def load(cls, cache: Path, options: Options | None = None) -> TableStudy:
        """Read what `save` wrote; rows that were deleted come from the data of the ``options`` again.

        Raises:
            RunError: it is damaged.
        """
        folder = cache / FOLDER
        try:
            about = json.loads((cache / ABOUT).read_text(encoding="utf-8"))
            preparation = Preparation.from_dict(about["preparation"])
            rows = {name: int(about["rows"][name]) for name in PARTS}
            said = (about["title"], about["fingerprint"], about["suffix"], tuple(about["notes"]))
            rates = tuple(map(float, about["rates"]))
        except (OSError, ValueError, KeyError, TypeError, UsageError) as error:
            raise damaged(cache / ABOUT, error) from None
        source = partial(read_parts, folder)
        if options is not None and not have_parts(folder):
            source = partial(read_again, options, preparation, about["fingerprint"], folder)
        return cls(preparation, source, rows, rates, *said)


def _rates(preparation: Preparation, train: pd.DataFrame) -> tuple[float, ...]:
    """As `Preparation.rates`, without encoding all rows."""
    if preparation.private:
        return preparation.private.shares
    found = count_categories(train[preparation.schema.target])
    counts = dict(zip(texts(found.values), found.counts.tolist(), strict=True))
    return tuple(counts.get(one, 0) / sum(counts.values()) for one in preparation.schema.classes)


def _share_note(source: Source, named: list[str]) -> str:
    """Which rows were looked at, where not all; ``named``: notes in which rows are named by number."""
    if not source.share:
        return ""
    counted_among = "; the rows named below are counted among these" if named else ""
    return f"learnt and judged by {source.share} (--most-rows){counted_among}"


def _private_note(preparation: Preparation) -> str:
    return preparation.private.note if preparation.private else ""


def _suffix(options: Options) -> str:
    if options.file_kind != "auto":
        return f".{options.file_kind}"
    packed = options.data is not None and options.data.suffix.lower() in (".parquet", ".pq")
    return ".parquet" if packed else ".csv"
