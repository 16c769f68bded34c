"""Fully connected players: shapes of any rank, maxout, which rows look at each other, what may not be."""

from __future__ import annotations

import pytest
import torch

from ganworks.networks import MLPDiscriminator, MLPGenerator
from ganworks.networks.mlp import Maxout
from ganworks.space import SampleSpace

SIZES = [(), (7,), (6, 5), (3, 4, 5)]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("classes", [(), ("a", "b", "c")], ids=["unlabelled", "labelled"])
def test_samples_and_logits_of_any_rank(size, classes):
    space = SampleSpace(channels=2, size=size, classes=classes)
    labels = torch.tensor([0, 1, 2, 0]) if classes else torch.zeros(4, dtype=torch.int64)
    samples = MLPGenerator(space, 5, width=16)(torch.randn(4, 5), labels)
    assert samples.shape == (4, *space.shape)
    assert samples.abs().max() <= 1
    judgement = MLPDiscriminator(space, width=16)(samples, labels)
    assert judgement.logits.shape == (4, 1)
    assert judgement.features["hidden"].shape == (4, 16)


def test_labels_reach_both_players():
    space = SampleSpace(channels=3, size=(), classes=("a", "b"))
    generator, discriminator = MLPGenerator(space, 5, norm="none"), MLPDiscriminator(space)
    latent, x = torch.randn(4, 5), torch.randn(4, 3)
    first, second = torch.zeros(4, dtype=torch.int64), torch.ones(4, dtype=torch.int64)
    assert not generator(latent, first).equal(generator(latent, second))
    assert not discriminator(x, first).logits.equal(discriminator(x, second).logits)


def test_maxout_is_the_largest_of_its_pieces():
    x = torch.randn(5, 12)
    torch.testing.assert_close(Maxout(3)(x), x.view(5, 4, 3).max(2).values)


def test_a_row_is_judged_alone_unless_the_network_says_otherwise():
    space, x, labels = SampleSpace(channels=2, size=()), torch.randn(8, 2), torch.zeros(8, dtype=torch.int64)
    for options, group in (({}, 1), ({"norm": "spectral"}, 1), ({"minibatch_discrimination": 4}, 4)):
        judge = MLPDiscriminator(space, width=16, **options).eval()
        assert judge.rows_per_group == group
        torch.testing.assert_close(judge(x, labels).logits[:4], judge(x[:4], labels[:4]).logits)
    assert MLPDiscriminator(space, width=16, norm="batch").rows_per_group is None


def test_spectral_norm_bounds_every_map():
    judge = MLPDiscriminator(SampleSpace(channels=4, size=()), width=16, norm="spectral")
    judge(torch.randn(8, 4), torch.zeros(8, dtype=torch.int64))
    for layer in (*[block[0] for block in judge.hidden], judge.head.linear):
        # one power iteration a forward: close to 1, not exactly
        assert torch.linalg.matrix_norm(layer.weight.detach(), 2) < 1.5
