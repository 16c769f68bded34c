"""A row is what its seed and number say, however many are drawn beside it."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganworks.errors import UsageError
from ganworks_tabular.model import (
    BLOCK,
    MOST_FURTHER,
    MOST_ROWS,
    MOST_SEEDS,
    Stream,
    TableModel,
    blocks,
    row_seed,
    row_seeds,
)
from ganworks_tabular.preparation import Preparation
from ganworks_tabular.validation import FIRST_SEED


@given(st.integers(0, 20_000), st.integers(1, 20_000))
def test_blocks_cover_a_run_of_rows_once_and_in_order(start, count):
    found = [first + np.arange(part.start, part.stop) for first, part in blocks(count, start)]
    np.testing.assert_array_equal(np.concatenate(found), np.arange(start, start + count))
    assert all(first % BLOCK == 0 for first, _ in blocks(count, start))


@given(st.lists(st.tuples(st.integers(0, MOST_SEEDS - 1), st.integers(0, MOST_ROWS - 1)), unique=True))
def test_every_row_of_every_seed_has_a_seed_of_its_own(pairs):
    found = [int(row_seeds(np.array([row]), seed)[0]) for seed, row in pairs]
    assert len(set(found)) == len(pairs)
    assert all(0 <= one < 2**63 for one in found)


@given(st.integers(0, MOST_SEEDS - 1), st.integers(0, MOST_FURTHER - 1), st.integers(0, 10**6))
def test_further_rows_have_seeds_of_their_own(seed, row, judged):
    stream = Stream.further(100)
    own = range(row_seed(0, seed), row_seed(MOST_ROWS, seed))
    further = range(row_seed(stream.first, seed), row_seed(stream.first + stream.most, seed))
    assert stream.first % BLOCK == 0
    assert row_seed(stream.first + row, seed) in further
    assert own.stop <= further.start
    assert further.stop <= row_seed(0, seed + 1) <= 2**63
    for part in (0, 1 << 40, 1 << 50):  # of what a generator is chosen and calibrated by
        of_seed = FIRST_SEED + part + judged >> 32
        assert row_seed(stream.first, of_seed) > FIRST_SEED + part + judged >= row_seed(MOST_ROWS, of_seed)


@settings(max_examples=12, deadline=None)
@given(start=st.integers(0, 3 * BLOCK), count=st.integers(1, 50), seed=st.sampled_from([0, 7]))
def test_rows_do_not_depend_on_where_a_draw_begins_or_ends(drawer, many, start, count, seed):
    found = drawer.frame(count, start=start, seed=seed)
    pd.testing.assert_frame_equal(found, many[seed].iloc[start : start + count].reset_index(drop=True))


@pytest.fixture(scope="module")
def drawer(synthesizer):
    return synthesizer.drawer


@pytest.fixture(scope="module")
def many(drawer):
    return {seed: drawer.frame(4 * BLOCK, seed=seed) for seed in (0, 7)}


def test_another_seed_gives_other_rows(many):
    same = (many[0]["score"] == many[7]["score"]).mean()
    assert same < 0.01
    assert (many[0]["payment"] != many[7]["payment"]).mean() > 0.99


def test_keys_are_unique_and_constants_stay(many):
    assert many[0]["payment"].is_unique
    assert set(many[0]["currency"]) == {"EUR"}


def test_any_run_of_rows_has_the_classes_at_the_real_rates(drawer, many):
    rate = drawer.model.rates[1]
    assert rate == pytest.approx(0.1, abs=0.005)
    away = np.concatenate([[0], np.cumsum((many[0]["Class"] == 1) - rate)])
    assert np.ptp(away) < 6  # rows too many or too few, of any run


def test_a_row_does_not_depend_on_what_is_given_of_the_others(drawer):
    codec = drawer.model.codec
    count = pd.Series(np.arange(BLOCK) % 20 + 20)
    label = pd.Series(np.arange(BLOCK) % 2)
    one = drawer.model.block(0, 3, {"count": count, "Class": label})
    changed = count.where(np.arange(BLOCK) == 5, 25)
    two = drawer.model.block(0, 3, {"count": changed, "Class": label})
    assert list(one) == list(codec.columns)
    assert (one["count"] == count).all()
    others = one.drop(columns="count").iloc[5]
    pd.testing.assert_series_equal(two.drop(columns="count").iloc[5], others)


def test_a_model_read_back_from_json_draws_the_same_rows(drawer, many):
    stored = json.loads(json.dumps(drawer.preparation.as_dict()))
    codec = Preparation.from_dict(stored).codec
    model = TableModel(codec, drawer.model.rates, drawer.model.sampler)
    made = model.block(BLOCK, 7)
    expected = many[7].iloc[BLOCK : 2 * BLOCK].reset_index(drop=True)
    pd.testing.assert_frame_equal(made, expected[list(made)])


def test_seeds_beyond_those_of_a_row_are_refused(drawer):
    for seed in (-1, MOST_SEEDS):
        with pytest.raises(UsageError, match=f"seed {seed} is out of range"):
            drawer.frame(1, seed=seed)
    with pytest.raises(UsageError, match="use further seeds"):
        drawer.frame(2, start=MOST_ROWS - 1)
    with pytest.raises(UsageError, match="rows -1 to 1"):
        drawer.frame(2, start=-1)
    last = drawer.frame(2, seed=MOST_SEEDS - 1, start=MOST_ROWS - 2)
    assert len(last) == 2


def test_generated_values_are_those_that_the_codec_knows(drawer, many, table):
    assert (many[0].dtypes == table.dtypes).all()
    assert many[0]["amount"].between(0, table["amount"].max()).all()
    np.testing.assert_array_equal(many[0]["amount"], many[0]["amount"].round(2))
    assert set(many[0]["city"]) <= set(table["city"])
    assert many[0]["when"].min() >= table["when"].min().normalize()
