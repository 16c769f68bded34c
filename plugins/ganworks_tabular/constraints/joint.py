"""Joint values of several columns as JSON texts, made once for each combination that occurs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ganworks_tabular.columns.casting import Ints, plain

Texts = NDArray[np.object_]


def joint_texts(frame: pd.DataFrame, columns: Sequence[str]) -> tuple[Ints, Texts]:
    """Return for each row the place of its combination, and each combination's text (missing: null)."""
    places = np.zeros(len(frame), dtype=np.int64)
    first = np.zeros(0, dtype=np.int64)  # a row that holds each combination
    for name in columns:
        codes, values = pd.factorize(frame[name].astype(object), use_na_sentinel=True)
        combined = places * (len(values) + 1) + codes + 1
        _, first, places = np.unique(combined, return_index=True, return_inverse=True)
    examples = [[_json_value(value) for value in frame[name].iloc[first]] for name in columns]
    found = [json.dumps(list(parts), ensure_ascii=False) for parts in zip(*examples, strict=True)]
    return places, np.array(found, dtype=object)


def _json_value(value: Any) -> Any:
    return None if pd.isna(value) else plain(value)
