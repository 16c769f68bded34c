"""Rows of which some columns are given: whole columns, as often as it is said, and their own values."""

import pytest
import torch

from ganworks.data import CLASS_GIVEN, PartlyGiven
from ganworks.space import SampleSpace

PARTS = (1, 3, 1, 2, 2)
COLUMNS = [2, 1, 1, 1]  # the first has a number and a choice; the last is the class
LABELLED = SampleSpace(channels=9, size=(), classes=("no", "yes"), parts=PARTS)
UNLABELLED = SampleSpace(channels=9, size=(), parts=PARTS)
ROWS = 20_000


class Rows:
    def __init__(self, space):
        self.space = space
        self.table = torch.rand(ROWS, 9, generator=torch.Generator().manual_seed(0)) + 0.1
        self.labels = torch.arange(ROWS) % 2

    def __len__(self):
        return ROWS

    def rows(self, index):
        return self.table[index]


def sources(space, share):
    data = PartlyGiven(Rows(space), COLUMNS, share)
    torch.manual_seed(0)
    found = data.sources(torch.arange(ROWS))
    assert found.shape == (ROWS, *data.source_space.shape)
    return data, found[:, :9], found[:, 9:] > 0


@pytest.mark.parametrize("space", [LABELLED, UNLABELLED], ids=["labelled", "unlabelled"])
def test_values_are_those_of_the_row_and_free_ones_are_nought(space):
    data, values, given = sources(space, 0.5)
    wide = given.repeat_interleave(torch.tensor(PARTS), 1)
    assert torch.equal(values, torch.where(wide, data.rows(torch.arange(ROWS)), 0.0))
    assert torch.equal(given[:, 0], given[:, 1])  # all parts of a column, or none
    assert len(data) == ROWS
    assert torch.equal(data.labels, torch.arange(ROWS) % 2)


def test_the_class_is_given_in_all_other_rows_and_mostly_in_these():
    _, _, given = sources(LABELLED, 0.15)
    others = given[:, :-1].any(1)
    assert given[~others, -1].all()
    assert given[others, -1].float().mean().item() == pytest.approx(CLASS_GIVEN, abs=0.04)
    # a third of the columns on average, and at least one of three: 1 - integral of (1 - u^2)^3
    assert others.float().mean().item() == pytest.approx(0.15 * (1 - 16 / 35), abs=0.01)


def test_without_classes_nothing_is_given_in_most_rows():
    _, _, given = sources(UNLABELLED, 0.15)
    columns = given[:, [0, 2, 3, 4]]
    assert columns.float().mean(0).tolist() == pytest.approx([0.15 / 3] * 4, abs=0.01)
    assert given.all(1).any()  # few columns more often than many, but many as well
    few, many = (columns.sum(1) == count for count in (1, 3))
    assert few.sum() > many.sum() > 0


def test_no_share_gives_the_class_alone():
    _, _, given = sources(LABELLED, 0.0)
    assert not given[:, :-1].any()
    assert given[:, -1].all()


def test_columns_must_cover_the_parts():
    with pytest.raises(ValueError, match="columns of 4 parts for a space of 5 parts"):
        PartlyGiven(Rows(LABELLED), [2, 1, 1])
