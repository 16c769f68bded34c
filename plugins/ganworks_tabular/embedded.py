"""The embedded sample: real loans, a few of them bad, so that a first run needs no data and no network."""

from __future__ import annotations

from importlib.resources import as_file, files

import pandas as pd

from ganworks_tabular.table import read_table

TITLE = "9,857 loans of Lending Club, first quarter of 2016 (modeldata)"
TARGET = "Class"
POSITIVE = "bad"  # charged off, defaulted or late by 21 to 120 days: 517 rows, 5.2 %


def lending_club() -> pd.DataFrame:
    """Return 9,857 loans with 22 columns and `Class` (good or bad); `lending_club.txt` says where from."""
    with as_file(files(__package__) / "lending_club.csv.gz") as path:
        return read_table(path)
