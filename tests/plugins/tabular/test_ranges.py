"""Ranges and quantiles: every row lies in them, frequent single values among the rest as often as stored."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ganworks.errors import UsageError
from ganworks_tabular import ranges
from ganworks_tabular.columns.number import NumberColumn
from ganworks_tabular.columns.number_parts import NumberParts
from ganworks_tabular.conditions import Between, given_rows, typed_conditions
from ganworks_tabular.infer import infer_schema
from ganworks_tabular.preparation import Preparation
from ganworks_tabular.range_pieces import ends, pieces_of_quantiles, pieces_of_values
from ganworks_tabular.synthesizer import Synthesizer

ROWS = 2_000


def parts_of(values, *, shared=True):
    """The fitted parts of a column, as they are or as they were saved before shares were."""
    fitted = NumberColumn.fit(pd.Series(values, name="x"), "float64", 5).parts
    stored = fitted.as_dict()
    return NumberParts.from_dict(stored if shared else {n: v for n, v in stored.items() if n != "shares"})


def column_of(kind, seed=0):
    """Real columns, by what makes their ranges hard."""
    draw = np.random.default_rng(seed)
    amounts = np.round(draw.uniform(1, 1_000, ROWS), 2)
    made = {
        "mostly zero": np.where(draw.random(ROWS) < 0.9, 0.0, amounts),
        "zero amid": np.where(draw.random(ROWS) < 0.4, 0.0, draw.normal(0, 50, ROWS)),
        "two fees": np.where(draw.random(ROWS) < 0.5, draw.choice([9.99, 49.5], ROWS), amounts),
        "few": draw.choice([1.0, 2.0, 5.0, 9.0], ROWS, p=[0.1, 0.2, 0.3, 0.4]),
        "smooth": draw.normal(size=ROWS),
        "rates": draw.choice(np.round(draw.uniform(1, 90, 200), 3), ROWS),
    }[kind]
    return np.where(draw.random(ROWS) < 0.1, np.nan, made)


KINDS = ["mostly zero", "zero amid", "two fees", "few", "smooth", "rates"]


@settings(max_examples=60, deadline=None)
@example(kind="zero amid", quantiles=[0.0848087822183874, 0.0848087822183874], shared=False)
@given(
    kind=st.sampled_from(KINDS),
    quantiles=st.lists(st.floats(0, 1), min_size=2, max_size=2).map(sorted),
    shared=st.booleans(),
)
def test_all_that_is_drawn_lies_in_the_range(kind, quantiles, shared):
    values = column_of(kind)
    parts = parts_of(values, shared=shared)
    low, high = np.nanquantile(values, quantiles)
    pieces = pieces_of_values(low, high, parts)
    if not len(pieces.weights):
        assert kind not in ("few", "mostly zero") or low not in values
        return
    drawn = pieces.draw(parts, 500, np.random.default_rng(1))
    digit = 4 * np.spacing(np.abs(values[~np.isnan(values)]).max())  # `range_column` takes it away
    assert ((drawn >= low - digit) & (drawn <= high + digit)).all()


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(KINDS), quantiles=st.lists(st.floats(0.01, 0.99), min_size=2, max_size=2).map(sorted)
)
def test_values_come_as_often_as_in_the_table(kind, quantiles):
    values = column_of(kind)
    parts = parts_of(values)
    low, high = np.nanquantile(values, quantiles)
    real = np.sort(values[(values >= low) & (values <= high)])
    if len(real) < 100:
        return
    drawn = np.sort(pieces_of_values(low, high, parts).draw(parts, 4_000, np.random.default_rng(1)))
    assert_alike(drawn, real)


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(KINDS), quantiles=st.lists(st.floats(0.01, 0.99), min_size=2, max_size=2).map(sorted)
)
def test_quantiles_are_those_of_all_values(kind, quantiles):
    values = column_of(kind)
    parts = parts_of(values)
    low, high = quantiles
    known = np.sort(values[~np.isnan(values)])
    real = known[int(low * len(known)) : int(np.ceil(high * len(known)))]
    if len(real) < 100:
        return
    drawn = np.sort(pieces_of_quantiles(low, high, parts).draw(parts, 4_000, np.random.default_rng(1)))
    assert_alike(drawn, real)


def assert_alike(drawn, real):
    """The greatest distance of the two distribution functions is that of samples of one distribution."""
    points = np.unique(np.concatenate([drawn, real]))
    below = [np.searchsorted(one, points, side="right") / len(one) for one in (drawn, real)]
    assert np.abs(below[0] - below[1]).max() < 0.02 + 2 / np.sqrt(len(real))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", [0.0, 0.3, 0.5, 1.0])
def test_a_single_quantile_is_one_value(kind, place):
    values = column_of(kind)
    parts = parts_of(values)
    drawn = pieces_of_quantiles(place, place, parts).draw(parts, 50, np.random.default_rng(1))
    assert len(np.unique(drawn)) == 1
    if 0 < place < 1:
        near = np.nanquantile(values, [place - 0.03, place + 0.03])
        assert near[0] <= drawn[0] <= near[1]


def test_the_whole_range_is_the_whole_column():
    values = column_of("two fees")
    parts = parts_of(values)
    low, high = ends(parts)
    drawn = np.sort(pieces_of_values(low, high, parts).draw(parts, 4_000, np.random.default_rng(1)))
    assert_alike(drawn, np.sort(values[~np.isnan(values)]))


@pytest.fixture(scope="module")
def table():
    draw = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "capital": column_of("mostly zero")[:600],
            "change": column_of("zero amid")[:600],
            "rooms": draw.integers(1, 16, 600),
            "Class": np.arange(600) % 4 == 0,
        }
    )


@pytest.fixture(scope="module")
def prepared(table):
    return Preparation.fit(table, infer_schema(table, "Class"))


def drawn(prepared, name, between):
    given = given_rows(typed_conditions({name: between}, prepared), prepared, 0, 500, 0)[name]
    assert given.notna().all()
    return given


def test_a_range_that_is_one_frequent_value(prepared, table):
    assert prepared.codec["change"].parts.map is not None
    for name in ("change", "capital"):
        assert (drawn(prepared, name, Between(0, 0)) == 0).all()
    assert (drawn(prepared, "change", Between(-1e-9, 1e-9)).abs() <= 1e-9).all()


@settings(max_examples=60, deadline=None)
@given(share=st.floats(0.01, 0.99))
def test_what_is_drawn_keeps_a_narrow_range(prepared, table, share):
    low = float(table["change"].quantile(share))
    high = low + 1e-12
    assert drawn(prepared, "change", Between(low, high)).between(low, high).all()


def test_a_column_of_few_values_takes_a_range(prepared, table):
    assert prepared.codec["rooms"].parts.map is None
    found = drawn(prepared, "rooms", Between(3, 5.5))
    assert found.dtype == table["rooms"].dtype
    assert set(found) == {3, 4, 5}
    assert set(drawn(prepared, "rooms", Between(-np.inf, 2))) == {1, 2}


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"rooms": Between(3.2, 3.8)}, "'rooms' has no values between 3.2 and 3.8: it goes from 1 to 15"),
        ({"rooms": Between(20, 30)}, "'rooms' has no values between 20 and 30: it goes from 1 to 15"),
        ({"capital": Between(-9, -1)}, r"'capital' has no values between -9 and -1: it goes from 0 to \d+"),
    ],
)
def test_a_range_without_values_says_what_there_is(prepared, where, said):
    with pytest.raises(UsageError, match=said):
        typed_conditions(where, prepared)


def test_rows_of_a_model_hold_the_range(table):
    drawer = Synthesizer(steps=3, device="cpu", threads=1, progress=False).fit(table, target="Class").drawer
    frame = drawer.frame(300, where={"rooms": Between(3, 5), "change": Between(0, 0), "Class": True})
    assert frame["rooms"].between(3, 5).all()
    assert (frame["change"] == 0).all()
    assert frame["Class"].all()
    assert (frame.dtypes == table.dtypes).all()


def test_quantiles_of_few_values_whose_shares_are_not_stored_are_refused(prepared, monkeypatch):
    assert pieces_of_quantiles(0.1, 0.5, parts_of(column_of("few"), shared=False)) is None
    monkeypatch.setattr(ranges, "pieces_of_quantiles", lambda *_: None)
    with pytest.raises(UsageError, match=r"'rooms' takes no quantiles .* give values, rooms=LOW\.\.HIGH"):
        typed_conditions({"rooms": Between(0.1, 0.5, quantiles=True)}, prepared)
