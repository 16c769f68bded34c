"""What goes with an exported table model."""

from __future__ import annotations

from typing import Any

from ganworks_tabular.columns.category import CategoryColumn
from ganworks_tabular.study import TableStudy


def model_card(study: TableStudy, generator_sha256: str) -> dict[str, Any]:
    """The card of a generator trained on ``study``; of a private one without the fingerprint of the rows.

    That would tell whether they are those that someone guesses.
    """
    paid = study.preparation.private
    fingerprint = {} if paid else {"fingerprint": study.fingerprint}
    return {
        "title": f"Synthetic rows after {study.title}",
        "classes": list(study.schema.classes),
        "target": study.schema.target,
        "values": _values(study),
        "training_data": {"title": study.title, **fingerprint},
        "generator_sha256": generator_sha256,
        "notice": "Machine-generated rows: nobody's data.",
        "license": "by the owner of the training data",
        **({"differential_privacy": paid.card()} if paid else {}),
    }


def _values(study: TableStudy) -> dict[str, list[str]]:
    """By column, the values that a condition names by their numbers; a missing one is ''."""
    codec = study.preparation.codec
    names = (name for name in codec.columns if name != study.schema.target)
    return {name: list(codec.texts(name)) for name in names if isinstance(codec[name], CategoryColumn)}
