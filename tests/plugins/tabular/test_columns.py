"""One column as numbers and choices, and back: what comes back exactly, what is never shown."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import kstest, norm

from ganworks.errors import DataError, UsageError
from ganworks_tabular.columns.category import HEAD, CategoryColumn
from ganworks_tabular.columns.datetime import DatetimeColumn
from ganworks_tabular.columns.epochs import iso_form
from ganworks_tabular.columns.number import NumberColumn
from ganworks_tabular.columns.number_map import find_rounding
from ganworks_tabular.decoder import Decoder
from ganworks_tabular.key_fitting import fit_key
from ganworks_tabular.keys import KeyMaker

seeds = st.integers(0, 2**31)


def parts_of(column, series, seed=0):
    """The rows of the model for ``series``: numbers as they are, choices one-hot."""
    parts = column.encode(series, np.random.default_rng(seed))
    wide = [
        part[:, None] if width == 1 else np.eye(width, dtype=np.float32)[part]
        for part, width in zip(parts, column.widths, strict=True)
    ]
    return torch.from_numpy(np.concatenate(wide, axis=1))


def back(column, series, seed=0):
    (values,) = Decoder([column])(parts_of(column, series, seed))
    return column.column(values.numpy()).rename(series.name)


def number_column(values, dtype=None, least=1):
    series = pd.Series(values, name="x", dtype=dtype)
    return NumberColumn.fit(series, str(series.dtype), least), series


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(st.integers(-8_000, 8_000), min_size=1, max_size=300),
    decimals=st.integers(0, 6),
    seed=seeds,
)
def test_rounded_values_come_back_exactly(values, decimals, seed):
    """What holds: all values exactly, when the range is at most 16,000 steps and no value is too rare."""
    exact = np.array(values) / 10.0**decimals
    column, series = number_column(exact)
    pd.testing.assert_series_equal(back(column, series, seed), series)


@settings(max_examples=40, deadline=None)
@given(values=st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=200), seed=seeds)
def test_few_integers_of_any_size_come_back_exactly(values, seed):
    """Values that are held by enough rows keep their places however far apart they lie."""
    column, series = number_column(np.repeat(values, 5), least=5)
    assert back(column, series, seed).dtype == np.int64
    if column.parts.map is None or column.parts.support is not None:
        pd.testing.assert_series_equal(back(column, series, seed), series)


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(
        st.floats(-1e9, 1e9, allow_nan=False, width=64) | st.none(), min_size=30, max_size=300
    ).filter(lambda cells: any(cell is not None for cell in cells)),
    seed=seeds,
)
def test_any_floats_come_back_in_range_with_the_same_gaps(values, seed):
    column, series = number_column(values, "float64")
    found = back(column, series, seed)
    assert (found.isna() == series.isna()).all()
    assert found.min() >= series.min() - 1e-9
    assert found.max() <= series.max() + 1e-9


@pytest.mark.parametrize(
    "dtype", ["int8", "uint16", "int64", "Int32", "UInt8", "float32", "float64", "Float64"]
)
def test_number_types_come_back(dtype):
    column, series = number_column(np.random.default_rng(0).integers(0, 120, 500), dtype)
    pd.testing.assert_series_equal(back(column, series), series)


def test_missing_integers_come_back():
    values = pd.array([*range(100), *[None] * 10], dtype="Int64")
    column, series = number_column(values)
    pd.testing.assert_series_equal(back(column, series), series)


def test_large_steps_and_endings_are_learnt():
    some = np.random.default_rng(0).permutation(200)[:50]
    assert find_rounding(some * 25.0).width == 25
    rounding = find_rounding(np.round(some + 0.99, 2))
    assert (rounding.width, rounding.decimals) == (1.0, 2)
    assert rounding(np.array([12.4])) == [11.99]
    assert find_rounding(np.array([25.0, 100.0, 1000.0])).width == 1  # three are no rule
    assert find_rounding(np.array([0.1, 1 / 3])) is None
    assert find_rounding(np.float32([0.1, 0.25]).astype(float), single=True).decimals == 2


def test_numbers_are_normal_scores():
    """Whatever the shape, v * 4 is standard normal: for a skewed column with digits and for one with ties."""
    random = np.random.default_rng(0)
    for values in (random.lognormal(size=5_000), np.round(random.exponential(40, 5_000))):
        column, series = number_column(values, least=5)
        v = column.encode(series, random)[0]
        v = v[v != 0]
        if len(column.widths) == 1:
            assert kstest(v * 4, norm.cdf).pvalue > 1e-3


def test_random_scores_give_the_frequencies_of_a_rounded_column():
    random = np.random.default_rng(1)
    values = np.round(random.gamma(2, 30, 40_000))
    column, _ = number_column(values)
    assert len(column.parts.atoms) > 0
    rest = ~np.isin(values, column.parts.atoms)
    rows = np.zeros((40_000, sum(column.widths)), dtype=np.float32)
    rows[:, 0], rows[:, 1] = random.normal(size=40_000) / 4, 1
    (found,) = Decoder([column])(torch.from_numpy(rows))
    edges = np.quantile(values[rest], np.linspace(0, 1, 20))[1:-1]
    shares = [
        np.bincount(np.searchsorted(edges, x), minlength=19) / len(x) for x in (values[rest], found.numpy())
    ]
    assert np.abs(shares[0] - shares[1]).max() < 0.01


def test_frequent_values_are_atoms():
    random = np.random.default_rng(0)
    values = np.where(random.random(2_000) < 0.3, 0.0, random.lognormal(size=2_000))
    values[:50] = -999
    column, series = number_column(values, least=5)
    assert column.parts.atoms.tolist() == [-999, 0]
    found = back(column, series)
    assert ((found == 0) == (series == 0)).all()
    assert ((found == -999) == (series == -999)).all()


@pytest.mark.parametrize("name", ["expon", "norm", "pareto", "uniform"])
def test_a_tail_goes_on_as_the_distribution_does_and_not_to_the_last_record(name):
    law = getattr(stats, name)(*([4] if name == "pareto" else []))
    values = np.sort(law.rvs(5_000, random_state=np.random.default_rng(1)))
    ends = []
    for outlier in (0.0, 20.0):  # one record far out must not be where the column ends
        column, _ = number_column([*values[:-1], values[-1] + outlier], least=5)
        ends.append(Decoder([column])(torch.tensor([[1.0]]))[0].item())
    spread = law.ppf(0.999) - law.ppf(0.5)
    assert ends[0] == pytest.approx(law.ppf(1 - 0.5 / 5_000), abs=0.6 * spread)
    assert ends[1] < values[-1] + 10


def test_a_tail_does_not_cross_zero_where_no_value_does():
    values = np.sort(np.random.default_rng(0).exponential(size=1_000)) + 1e-3
    column, _ = number_column(values, least=5)
    low = Decoder([column])(torch.tensor([[-1.0]]))[0].item()
    assert 0 <= low <= values[4]


def test_rare_values_among_few_become_the_nearest():
    column, series = number_column([0] * 500 + [1] * 300 + [7] * 2, least=5)
    assert column.widths == (2,)
    assert back(column, series).tolist() == [0] * 500 + [1] * 302


def test_a_column_with_sparse_values_keeps_to_them():
    random = np.random.default_rng(0)
    rates = np.sort(random.choice(10_000, 80, replace=False)) / 100
    values = rates[random.integers(0, 80, 20_000)]
    values[:40] += random.integers(1, 90, 40) * 1e-4
    column, series = number_column(values, least=5)
    column_rows = parts_of(column, series)
    column_rows[:, 0] = torch.from_numpy(random.normal(size=len(series)) / 4)
    found = Decoder([column])(column_rows)[0].numpy()
    assert np.isin(found, rates).mean() > 0.99


def test_missing_where_none_was_is_refused():
    column, _ = number_column(np.arange(100.0))
    with pytest.raises(DataError, match="'x' had no missing values"):
        column.encode(pd.Series([np.nan, 1.0]), np.random.default_rng(0))


def category(values, dtype=None, least=1):
    series = pd.Series(values, name="c", dtype=dtype)
    return CategoryColumn.fit(series, str(series.dtype), least), series


@pytest.mark.parametrize(
    "series",
    [
        pd.Series(["b", "a", None, "a"] * 5),
        pd.Series(["b", "a", None], dtype="string"),
        pd.Series([3, 1, 2], dtype="int16"),
        pd.Series([3, None, 2], dtype="Int64"),
        pd.Series([True, False]),
        pd.Series([True, None], dtype="boolean"),
        pd.Series(["b", "a", None, "b"], dtype=pd.CategoricalDtype(["b", "z", "a"], ordered=True)),
        pd.Series([20, 10], dtype=pd.CategoricalDtype([20, 10])),
        pd.Series([0.5, 1.0, np.nan]),
    ],
    ids=lambda series: str(series.dtype),
)
def test_category_types_come_back(series):
    series = series.rename("c")
    column = CategoryColumn.fit(series, str(series.dtype), 1)
    pd.testing.assert_series_equal(back(column, series), series)
    stored = CategoryColumn.from_dict(column.as_dict())
    pd.testing.assert_series_equal(back(stored, series), series)


def test_long_lists_have_a_tail():
    counts = np.maximum(2_000 // np.arange(1, 401), 6)
    values = np.repeat([f"v{i:03d}" for i in range(400)], counts)
    column, series = category(values, least=5)
    assert column.widths == (1, HEAD + 1)
    assert len(column.texts) == 400
    pd.testing.assert_series_equal(back(column, series), series)
    rows = np.zeros((20_000, HEAD + 2), dtype=np.float32)
    rows[:, 0] = np.clip(np.random.default_rng(0).normal(size=20_000) / 4, -1, 1)
    rows[:, -1] = 1  # "other"
    places = Decoder([column])(torch.from_numpy(rows))[0].numpy() - HEAD
    drawn = np.bincount(places, minlength=200) / 20_000
    real = counts[HEAD:] / counts[HEAD:].sum()
    assert np.abs(drawn - real).max() < 0.003


def test_rare_values_are_never_shown():
    column, series = category(["a"] * 60 + ["b"] * 40 + ["secret"] * 3, least=5)
    assert column.texts == ("a", "b")
    assert "1 value held by fewer than 5 rows" in column.notes[0]
    assert "secret" not in str(column.as_dict())
    drawn = pd.concat([back(column, series, seed)[-3:] for seed in range(100)])
    assert 0.5 < (drawn == "a").mean() < 0.7  # as among the others


def test_rare_categories_leave_the_type():
    kind = pd.CategoricalDtype(["a", "b", "rare", "never"])
    column, series = category(["a"] * 9 + ["b"] * 9 + ["rare"], kind, least=5)
    assert list(back(column, series).cat.categories) == ["a", "b", "never"]


def test_an_unknown_value_of_a_closed_column_is_refused():
    column, _ = category(["a"] * 10 + ["b"] * 10, least=5)
    with pytest.raises(DataError, match=r"'c' has the value 'q'.*known are a, b"):
        column.encode(pd.Series(["a", "q"]), np.random.default_rng(0))


def dates(rows=3_000, seed=0):
    """Business days of two years, office hours, mostly on the full hour."""
    random = np.random.default_rng(seed)
    days = pd.bdate_range("2022-01-03", "2023-12-29")[random.integers(0, 519, rows)]
    seconds = np.where(
        random.random(rows) < 0.7, 3600 * random.integers(8, 18, rows), random.integers(28800, 64800, rows)
    )
    return pd.Series(days + pd.to_timedelta(seconds, "s"), name="t")


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_datetimes_come_back(unit, zone):
    series = dates().dt.as_unit(unit)
    series = series if zone is None else series.dt.tz_localize(zone)
    series[:20] = pd.NaT
    column = DatetimeColumn.fit(series, str(series.dtype), None, 1)
    found = back(column, series)
    assert found.dtype == series.dtype
    assert (found.isna() == series.isna()).all()
    away = (found - series).dropna().abs()
    assert (away <= pd.Timedelta(seconds=1)).all()
    assert (away == pd.Timedelta(0)).mean() > 0.99


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_only_weekdays_that_occur_are_made(seed):
    series = dates().dt.normalize()
    column = DatetimeColumn.fit(series, str(series.dtype), None, 5)
    assert column.widths == (1, 5)
    random = np.random.default_rng(seed)
    rows = np.concatenate([random.uniform(-1, 1, (500, 1)), random.random((500, 5))], axis=1)
    found = column.column(Decoder([column])(torch.from_numpy(rows.astype(np.float32)))[0].numpy())
    assert (found.dt.day_of_week == rows[:, 1:].argmax(1)).all()
    assert found.between(series.min(), series.max()).all()
    assert (found == found.dt.normalize()).all()


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("YYYY-MM-DD", "%Y-%m-%d"),
        ("YYYY-MM-DD hh:mm", "%Y-%m-%d %H:%M"),
        ("YYYY-MM-DDThh:mm:ss", "%Y-%m-%dT%H:%M:%S"),
        ("YYYY-MM-DD hh:mm:ss.ffffffZ", "%Y-%m-%d %H:%M:%S.%fZ"),
    ],
)
def test_text_dates_come_back_as_text(form, text):
    series = dates(400).dt.floor("min").dt.strftime(text)
    series[3] = None
    assert iso_form(series) == form
    column = DatetimeColumn.fit(series, str(series.dtype), form, 1)
    found = back(column, series)
    assert found.dtype == series.dtype
    assert (found.isna() == series.isna()).all()
    assert (found.dropna() == series.dropna()).mean() > 0.99


@pytest.mark.parametrize(
    "cells", [["2020-13-01"], ["2020-01-01", "x"], ["2020-01-01", "2020-01-01 10:00"], []]
)
def test_what_is_no_date(cells):
    assert iso_form(pd.Series(cells, dtype="str")) is None


def test_dates_of_other_programs_come_back():
    import pyarrow as pa

    days = dates(300).dt.date
    for series in (days.astype("object"), days.astype(pd.ArrowDtype(pa.date32()))):
        dtype = "date" if series.dtype == "object" else str(series.dtype)
        column = DatetimeColumn.fit(series.rename("t"), dtype, None, 1)
        assert (back(column, series) == series).all()
        assert back(column, series).dtype == series.dtype


@pytest.mark.parametrize(
    "values",
    [
        [f"AC-{i:06d}" for i in range(0, 4_000, 7)],
        [f"{i:08x}-4{i % 4096:03x}" for i in range(100_000, 900_000, 1_117)],
        [f"user{i}" for i in range(1, 500)],
        list(range(5, 500)),
    ],
)
def test_keys_are_unique_in_the_format_of_the_real_ones(values):
    series = pd.Series(values, name="id")
    key = fit_key("id", str(series.dtype), [series])
    whole = key.make(20_000, 3, 0)
    assert whole.is_unique
    assert whole.dtype == series.dtype
    pd.testing.assert_series_equal(key.make(50, 3, 700), whole[700:750].reset_index(drop=True))
    stored = KeyMaker.from_dict(key.as_dict())
    pd.testing.assert_series_equal(stored.make(50, 3, 0), whole[:50])
    if isinstance(values[0], str) and key.pattern:
        assert whole.str.len().eq(len(values[0])).all()
    elif isinstance(values[0], str):
        assert whole.str.fullmatch(r"user\d+").all()
    else:
        assert not whole.isin(values).any()


def test_more_keys_than_the_format_has_stay_unique():
    key = fit_key("id", "str", [pd.Series([f"{i:02d}" for i in range(50)])])
    assert key.make(350, 0, 0).is_unique


def test_keys_that_cannot_be():
    with pytest.raises(UsageError, match="cannot be a key"):
        fit_key("id", "bool", [pd.Series([True, False])])
    key = fit_key("id", "int8", [pd.Series([1, 2, 100], dtype="int8")])
    with pytest.raises(DataError, match="cannot count to"):
        key.make(100, 0, 0)
