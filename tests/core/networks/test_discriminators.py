"""Discriminators: norms, heads, packs, label maps, closeness within a batch, and latent codes."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from scipy.stats import kstest
from torch import nn

from ganworks.networks import (
    ClassifyingDiscriminator,
    CodedGenerator,
    CodeReader,
    Codes,
    ConcatDiscriminator,
    ConvDiscriminator,
    DCGANGenerator,
    MinibatchDiscrimination,
    PackedDiscriminator,
)
from ganworks.space import SampleSpace
from ganworks.training import Judgement

SPACES = [
    SampleSpace(channels=2, size=(20, 28), classes=("a", "b", "c")),
    SampleSpace(channels=1, size=(16, 16)),
    SampleSpace(channels=3, size=(12,), classes=("a", "b")),
    SampleSpace(channels=1, size=(8, 12, 16), classes=("a", "b")),
]
small = partial(ConvDiscriminator, width=4, norm="none")


def some(space: SampleSpace, rows: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return torch.randn(rows, *space.shape), torch.arange(rows) % max(len(space.classes), 1)


class Inner(nn.Module):
    """Shows what a wrapper passes on."""

    rows_per_group = 1

    def __init__(self, space: SampleSpace) -> None:
        super().__init__()
        self.space = space

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> Judgement:
        return Judgement(x.flatten(1).sum(1, keepdim=True), {"seen": x})


@pytest.mark.parametrize("space", SPACES, ids=lambda space: f"rank{space.rank}")
@pytest.mark.parametrize("norm", ["batch", "spectral", "weight", "none"])
def test_every_norm_judges_every_rank(space, norm):
    judgement = ConvDiscriminator(space, width=4, norm=norm, minibatch_discrimination=3)(*some(space))
    assert judgement.logits.shape == (6, 1)
    assert judgement.features["hidden"].shape[0] == 6


def test_weight_norm_parts_direction_from_length():
    network = ConvDiscriminator(SPACES[1], width=4, norm="weight")
    names = [name for name, _ in network.named_parameters() if "original0" in name]
    assert len(names) == len(network.convs) + 2  # convolutions, hidden layer, head
    for module in network.convs:
        lengths = module.weight.flatten(1).norm(dim=1)
        torch.testing.assert_close(lengths, module.parametrizations.weight.original0.flatten())


def test_closeness_is_the_sum_of_exponential_distances_to_the_group():
    torch.manual_seed(0)
    layer, h = MinibatchDiscrimination(5, group=3, kernels=2, dimensions=4), torch.randn(7, 5)
    points = (h.numpy() @ layer.project.weight.detach().numpy().T).reshape(7, 2, 4)
    expected = np.zeros((7, 2))
    for group in (range(3), range(3, 6), range(6, 7)):
        for i in group:
            for j in group:
                if i != j:
                    expected[i] += np.exp(-np.abs(points[i] - points[j]).sum(1))
    out = layer(h).detach().numpy()
    np.testing.assert_array_equal(out[:, :5], h.numpy())
    np.testing.assert_allclose(out[:, 5:], expected, rtol=1e-4, atol=1e-6)


def test_closeness_is_not_rounded_where_training_is_in_bfloat16():
    torch.manual_seed(0)
    layer, h = MinibatchDiscrimination(5, group=2, kernels=8), 4 * torch.randn(8, 5)
    with torch.autocast("cpu", torch.bfloat16):
        out = layer(h.bfloat16())
    assert out.dtype == torch.bfloat16
    close = out[:, 5:]
    assert ((close > 0) & (close < 1 / 256)).any()  # what a bfloat16 sum above 1 cannot hold
    torch.testing.assert_close(close.float(), layer(h)[:, 5:], atol=0.01, rtol=0.3)


def test_rows_of_other_groups_do_not_matter():
    network = ConvDiscriminator(SPACES[1], width=4, norm="none", minibatch_discrimination=3)
    x, labels = some(SPACES[1])
    assert network.rows_per_group == 3
    torch.testing.assert_close(network(x, labels).logits[:3], network(x[:3], labels[:3]).logits)
    assert (
        ConvDiscriminator(SPACES[1], minibatch_std=4, minibatch_discrimination=6, norm="none").rows_per_group
        == 12
    )


@pytest.mark.parametrize("space", [*SPACES, SampleSpace(channels=2, size=(), classes=("a", "b"))], ids=str)
def test_a_pack_is_neighbouring_rows_with_their_label_maps(space):
    network = PackedDiscriminator(space, Inner, pack=3)
    x, labels = some(space)
    logits, features = network(x, labels)
    channels = space.channels + len(space.classes)
    assert network.inner.space.shape == (3 * channels, *space.size)
    assert network.rows_per_group == network.rows_per_judgement == 3
    assert logits.shape == (2, 1)
    seen = features["seen"].view(2, 3, channels, *space.size)
    torch.testing.assert_close(seen[:, :, : space.channels], x.view(2, 3, *space.shape))
    for row, label in enumerate(labels.tolist()):
        maps = seen[row // 3, row % 3, space.channels :]
        assert [bool(m.all()) for m in maps] == [c == label for c in range(len(space.classes))]


def test_a_pack_keeps_the_groups_of_its_inner_discriminator():
    spread = partial(ConvDiscriminator, width=4, norm="none", minibatch_std=2)
    assert PackedDiscriminator(SPACES[0], spread, pack=3).rows_per_group == 6
    assert PackedDiscriminator(SPACES[0], partial(ConvDiscriminator, width=4), pack=3).rows_per_group is None


def test_incomplete_packs_are_refused():
    with pytest.raises(ValueError, match="7 rows do not make whole packs of 2"):
        PackedDiscriminator(SPACES[1], small)(*some(SPACES[1], 7))


@pytest.mark.parametrize("space", SPACES, ids=lambda space: f"rank{space.rank}")
def test_concatenated_labels_change_the_judgement_where_there_are_any(space):
    network, (x, labels) = ConcatDiscriminator(space, small), some(space)
    same = network(x, labels).logits.equal(network(x, (labels + 1) % max(len(space.classes), 1)).logits)
    assert same == (not space.classes)
    assert network.rows_per_group == 1


def test_a_classifier_reads_the_hidden_features_and_leaves_the_judgement_unconditional():
    network, (x, labels) = ClassifyingDiscriminator(SPACES[0], small), some(SPACES[0])
    judgement = network(x, labels)
    assert judgement.features["classes"].shape == (6, 3)
    assert judgement.logits.equal(network(x, 0 * labels).logits)


# codes
def test_codes_have_the_distributions_that_they_should_have():
    torch.manual_seed(0)
    codes = Codes((5,), 2)
    latent = torch.randn(20_000, 4 + codes.width)
    coded = codes(latent)
    torch.testing.assert_close(coded[:, :4], latent[:, :4])
    assert (coded[:, 4:9].sum(1) == 1).all()
    np.testing.assert_allclose(coded[:, 4:9].mean(0), np.full(5, 0.2), atol=0.01)
    for column in coded[:, 9:].T.numpy():
        assert kstest(column, "uniform", args=(-1, 2)).pvalue > 1e-3


def test_what_is_read_back_is_what_the_generator_was_told():
    codes, latent = Codes((3, 4), 1), torch.randn(50, 20)
    (first, second), values = codes.split(latent)
    coded = codes(latent)
    assert coded[:, -8:-5].argmax(1).equal(first)
    assert coded[:, -5:-1].argmax(1).equal(second)
    torch.testing.assert_close(coded[:, -1:], values)
    answers = CodeReader(6, codes)(torch.randn(50, 6))
    assert [tuple(a.shape) for a in answers] == [(50, 3), (50, 4), (50, 1), (50, 1)]


def test_equal_codes_and_noise_give_equal_samples():
    codes = Codes((3,), 1)
    generator = CodedGenerator(codes, DCGANGenerator(SPACES[1], 4 + codes.width, width=4)).eval()
    latent = torch.tensor([[0.1, 0.2, 0.3, 0.4, 0.0, 1.0, 0.5, 0.7]])
    louder = latent.clone()
    louder[0, 5] = 2.0  # still the largest of the three
    labels = torch.zeros(1, dtype=torch.int64)
    assert generator(latent, labels).equal(generator(louder, labels))
