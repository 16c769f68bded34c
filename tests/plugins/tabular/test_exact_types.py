"""Exact decimals, whole numbers beyond 2^53, and dates that come as objects."""

from datetime import datetime, timedelta
from decimal import Context, Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganworks.errors import DataError
from ganworks_tabular.columns.casting import dtype_name, floats, from_floats
from ganworks_tabular.columns.datetime import DatetimeColumn
from ganworks_tabular.columns.number import NumberColumn
from ganworks_tabular.decoder import Decoder
from ganworks_tabular.infer import infer_schema

seeds = st.integers(0, 2**31)


def drawn(column, rows=2_000, seed=0):
    random = torch.randn(rows, sum(column.widths), generator=torch.Generator().manual_seed(seed)) / 4
    (values,) = Decoder([column])(random.clamp(-1, 1))
    return column.column(values.numpy())


@settings(max_examples=40, deadline=None)
@given(
    units=st.lists(st.integers(-(10**14), 10**14) | st.none(), min_size=1, max_size=50),
    places=st.integers(0, 12),
    scale=st.integers(12, 20),
)
@pytest.mark.parametrize("bits", [128, 256])
def test_decimals_of_15_digits_come_back_exactly(bits, units, places, scale):
    kind = pd.ArrowDtype(getattr(pa, f"decimal{bits}")(38, scale))
    cells = [None if unit is None else Decimal(unit).scaleb(-places) for unit in units]
    typed = pd.Series(pd.array(cells, dtype=kind))
    pd.testing.assert_series_equal(from_floats(floats(typed), str(kind), None), typed)
    objects = from_floats(floats(pd.Series(cells, dtype=object)), "decimal", places)
    assert [value for value in objects if value is not None] == [one for one in cells if one is not None]
    assert all(-one.as_tuple().exponent == places for one in objects if one is not None)


def test_what_an_arrow_decimal_cannot_hold_becomes_its_largest():
    found = from_floats(np.array([1e9, -1e9, 1.25, np.nan]), "decimal128(5, 2)[pyarrow]", None)
    assert found.tolist()[:3] == [Decimal("999.99"), Decimal("-999.99"), Decimal("1.25")]
    assert found.isna().tolist() == [False, False, False, True]


@pytest.mark.parametrize("places", [8, 18, 30])
@pytest.mark.parametrize("size", [0.4, 5_000.0])
def test_decimals_with_many_places_stay_near_the_real_ones(places, size):
    random = np.random.default_rng(0)
    step = Decimal(1).scaleb(-places)
    roomy = Context(prec=60)
    cells = [Decimal(str(value)).quantize(step, context=roomy) for value in random.uniform(0, size, 300)]
    column = NumberColumn.fit(pd.Series(cells, name="x"), "decimal", 5)
    found = drawn(column)
    assert {-value.as_tuple().exponent for value in found} == {places}
    assert abs(float(found.astype(float).median()) - size / 2) < size / 10
    assert found.nunique() > 1_000
    pa.array(found.tolist(), type=pa.decimal128(38, places))  # what Parquet gets


def test_an_arrow_decimal_with_many_places_keeps_those_that_are_used():
    kind = pa.decimal128(38, 18)
    cells = np.random.default_rng(0).uniform(5, 5_000, 300).round(2)
    series = pd.Series(pd.array([Decimal(str(cell)) for cell in cells], dtype=pd.ArrowDtype(kind)), name="x")
    column = NumberColumn.fit(series, dtype_name(series), 5)
    found = drawn(column)
    assert found.dtype == series.dtype
    assert all(value == round(value, 2) for value in found)
    assert 0 <= float(found.min()) < 500
    assert 4_000 < float(found.max()) < 6_000


@settings(max_examples=15, deadline=None)
@given(seed=seeds)
@pytest.mark.parametrize("dtype", ["int64", "Int64", "uint64"])
def test_whole_numbers_of_a_whole_type_stay_in_it(dtype, seed):
    low = 0 if dtype == "uint64" else -(2**63)
    values = np.random.default_rng(seed).integers(
        low, 2**63 - 1, 300, dtype="uint64" if low == 0 else "int64"
    )
    values[:30] = 2**63 - 1  # as programs write "none"
    column = NumberColumn.fit(pd.Series(values, name="x", dtype=dtype), dtype, 5)
    found = drawn(column)
    assert str(found.dtype) == dtype
    assert found.min() >= low
    assert (found > 0).mean() > 0.4
    assert found.value_counts(normalize=True).drop([2**63 - 4_096], errors="ignore").max() < 0.05


def test_whole_numbers_above_int64_are_refused_in_one_line():
    series = pd.Series(np.array([1, 2**63], dtype="uint64"), name="x")
    with pytest.raises(DataError, match=r"'x' \(uint64\).*make it a key in the schema, or turn it into text"):
        NumberColumn.fit(series, "uint64", 5)


def test_row_numbers_beyond_2_to_53_are_keys():
    frame = pd.DataFrame({"row": 2**60 + np.arange(300), "x": np.arange(300) / 7, "y": np.arange(300) % 2})
    assert infer_schema(frame, "y")["row"].kind == "key"


@pytest.mark.parametrize("zone", [None, "UTC"])
def test_points_in_time_as_objects_are_dates(zone):
    days = np.random.default_rng(0).integers(0, 400, 300)
    moments = [datetime(2024, 1, 1, 12) + timedelta(days=int(day)) for day in days]
    series = pd.Series(pd.to_datetime(moments).tz_localize(zone).to_pydatetime(), dtype=object, name="t")
    series[5] = None
    frame = pd.DataFrame({"t": series, "x": days / 7, "y": days % 2})
    schema = infer_schema(frame, "y")
    assert schema["t"].kind == "datetime"
    column = DatetimeColumn.fit(series, schema["t"].dtype, None, 5)
    found = drawn(column)
    expected = "datetime64[us]" if zone is None else "datetime64[us, UTC]"
    assert str(found.dtype) == schema["t"].dtype == expected
    assert (found.dropna().dt.hour == 12).all()
    column.encode(series, np.random.default_rng(0))


def test_points_in_time_of_several_zones_are_refused_in_one_line():
    zones = ["Europe/Berlin", "Asia/Tokyo"]
    series = pd.Series([pd.Timestamp("2024-01-01", tz=zone) for zone in zones], dtype=object, name="t")
    with pytest.raises(DataError, match="'t' holds dates of several time zones"):
        dtype_name(series)
