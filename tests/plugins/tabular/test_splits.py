"""Each class in the same shares, each part with some of it, the same for the same seed."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from ganworks_tabular.splits import TEST, VALIDATION, set_aside, split_rows

COUNTS = st.lists(st.integers(4, 300), min_size=2, max_size=4)


def labels_of(counts, seed=0):
    labels = np.repeat([f"class {number}" for number in range(len(counts))], counts)
    return pd.Series(np.random.default_rng(seed).permutation(labels))


@given(COUNTS)
def test_every_part_has_its_share_of_every_class(counts):
    labels = labels_of(counts)
    found = pd.crosstab(labels, split_rows(labels, seed=3))
    assert list(found) == ["test", "train", "validation"]
    assert (found.to_numpy() > 0).all()
    np.testing.assert_allclose(found["test"], np.multiply(counts, TEST), atol=0.51)
    np.testing.assert_allclose(found["validation"], np.multiply(counts, VALIDATION), atol=0.75)


@given(COUNTS, st.integers(0, 99))
def test_a_seed_settles_the_split_whatever_the_row_index(counts, seed):
    labels = labels_of(counts)
    found = split_rows(labels, seed)
    np.testing.assert_array_equal(found, split_rows(labels.set_axis(labels.index[::-1] + 7), seed))
    if sum(counts) > 100:
        assert (found != split_rows(labels, seed + 1)).any()


def test_a_lone_row_is_learned_from():
    labels = pd.Series(["rare", *["usual"] * 20])
    assert not set_aside(labels, 0.5, 0)[0]
    assert set_aside(pd.Series(["rare", "rare"]), 0.1, 0).sum() == 1
