from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganworks.errors import DataError
from ganworks.metrics.labelled import Labelled, Mixture, balanced_batches, rows_of_class, stream


def numbered(counts: list[int], offset: int = 0) -> Labelled:
    """Images whose only pixel is the number of the row, in shuffled class order."""
    labels = torch.cat([torch.full((count,), k) for k, count in enumerate(counts)])
    labels = labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))]
    return Labelled(torch.arange(len(labels)).float().view(-1, 1, 1, 1) + offset, labels)


@settings(max_examples=25, deadline=None)
@given(
    counts=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    batch=st.integers(1, 9),
    steps=st.integers(1, 6),
    seed=st.integers(0, 99),
)
def test_classes_take_turns_whatever_their_sizes(counts, batch, steps, seed):
    rows = numbered(counts)
    batches = list(balanced_batches(rows, len(counts), steps=steps, batch=batch, seed=seed))
    assert [len(y) for _, y in batches] == [batch] * steps
    x, y = (torch.cat(part) for part in zip(*batches, strict=True))
    assert torch.equal(rows.labels[x.flatten().long()], y)
    seen = torch.bincount(y, minlength=len(counts))
    assert int(seen.max() - seen.min()) <= 1


def test_rows_of_a_class_are_equally_likely():
    wanted = torch.ones(6000, dtype=torch.int64)
    rows = rows_of_class(numbered([5, 3]), 2, wanted, stream(0, "test"))
    assert torch.bincount(rows).float()[torch.bincount(rows) > 0].div(6000).tolist() == pytest.approx(
        [1 / 3] * 3, abs=0.03
    )


def test_a_mixture_changes_only_the_rows_it_replaces():
    real, other = numbered([40, 4]), numbered([10, 30], offset=1000)
    plain = torch.cat([x for x, _ in balanced_batches(real, 2, steps=20, batch=16, seed=3)])
    mixed = torch.cat(
        [x for x, _ in balanced_batches(real, 2, steps=20, batch=16, seed=3, mixture=Mixture(other, 0.25))]
    )
    replaced = mixed.flatten() >= 1000
    assert float(replaced.float().mean()) == pytest.approx(0.25, abs=0.08)
    assert torch.equal(plain.flatten()[~replaced], mixed.flatten()[~replaced])
    labels = torch.arange(320) % 2
    assert torch.equal(other.labels[(mixed.flatten()[replaced] - 1000).long()], labels[replaced])


def test_a_class_without_further_images_keeps_its_own():
    real, other = (
        numbered([3, 3]),
        Labelled(torch.full((2, 1, 1, 1), 1000.0), torch.zeros(2, dtype=torch.int64)),
    )
    for x, y in balanced_batches(real, 2, steps=4, batch=8, seed=0, mixture=Mixture(other, 1.0)):
        assert torch.equal(x.flatten() >= 1000, y == 0)


def test_the_data_are_not_written_to():
    real = numbered([4, 4])
    before = real.images.clone()
    list(balanced_batches(real, 2, steps=3, batch=8, seed=0, mixture=Mixture(numbered([2, 2], 1000), 1.0)))
    assert torch.equal(real.images, before)


def test_images_and_labels_must_fit():
    with pytest.raises(DataError, match="one label a row"):
        Labelled(torch.zeros(3, 1, 8, 8), torch.zeros(2, dtype=torch.int64))
