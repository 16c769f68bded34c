"""What goes with an exported table model."""

from __future__ import annotations

from typing import Any

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
        "training_data": {"title": study.title, **fingerprint},
        "generator_sha256": generator_sha256,
        "notice": "Machine-generated rows: nobody's data.",
        "license": "by the owner of the training data",
        **({"differential_privacy": paid.card()} if paid else {}),
    }
