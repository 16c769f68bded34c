"""The residual networks of SAGAN, BigGAN and R3GAN, and what their recipes add to the loop."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganworks.data import ArrayDataset
from ganworks.networks import (
    LabelConditioning,
    R3Discriminator,
    R3Generator,
    ResidualDiscriminator,
    ResidualGenerator,
    SplitConditioning,
)
from ganworks.networks.attention import SelfAttention2d
from ganworks.networks.r3gan import InvertedBottleneck
from ganworks.recipes.biggan import biggan
from ganworks.recipes.r3gan import r3gan
from ganworks.recipes.sagan import sagan
from ganworks.space import SampleSpace
from ganworks.training import Batch, Budget, EngineSettings, Judgement, Step, TorchEngine, fit, orthogonal

SPACE = SampleSpace(channels=2, size=(20, 28), classes=("a", "b", "c"))
UNLABELLED = SampleSpace(channels=1, size=(9, 33))
GENERATORS = {
    "sagan": lambda space: ResidualGenerator(space, 16, width=8, attention=8),
    "biggan": lambda space: ResidualGenerator(space, 16, conditioning=SplitConditioning, width=8),
    "r3gan": lambda space: R3Generator(space, 16, width=8),
}
DISCRIMINATORS = {
    "residual": lambda space: ResidualDiscriminator(space, width=8, attention=8),
    "r3gan": lambda space: R3Discriminator(space, width=8),
}


def a_step(network: nn.Module) -> Step:
    return Step(
        {"generator": network},
        Batch(torch.zeros(2, dtype=torch.int64), torch.zeros(2, 4), lambda: torch.zeros(2, 1, 4, 4)),
        moving=("generator",),
        augment=lambda x, labels: x,
        autocast=lambda name: nullcontext(),
    )


@pytest.mark.parametrize("space", [SPACE, UNLABELLED], ids=["labelled", "unlabelled"])
@pytest.mark.parametrize("build", GENERATORS.values(), ids=GENERATORS)
def test_a_generator_fills_any_size_within_its_range(build, space):
    torch.manual_seed(0)
    x = build(space)(torch.randn(4, 16), torch.zeros(4, dtype=torch.int64))
    assert x.shape == (4, *space.shape)
    assert x.abs().max() <= 1


@pytest.mark.parametrize("space", [SPACE, UNLABELLED], ids=["labelled", "unlabelled"])
@pytest.mark.parametrize("build", DISCRIMINATORS.values(), ids=DISCRIMINATORS)
def test_a_discriminator_judges_every_row_alone_and_sees_every_pixel(build, space):
    torch.manual_seed(0)
    judge = build(space).eval()
    x, labels = torch.randn(4, *space.shape, requires_grad=True), torch.zeros(4, dtype=torch.int64)
    logits = judge(x, labels).logits
    assert logits.shape == (4, 1)
    torch.testing.assert_close(judge(x[:1], labels[:1]).logits, logits[:1], atol=1e-5, rtol=1e-4)
    (slope,) = torch.autograd.grad(logits[0].sum(), x)
    assert slope[1:].abs().max() == 0
    assert (slope[0].abs().amax(0) > 0).float().mean() > 0.99


@pytest.mark.parametrize("build", DISCRIMINATORS.values(), ids=DISCRIMINATORS)
def test_a_discriminator_hears_the_label(build):
    torch.manual_seed(0)
    judge, x = build(SPACE).eval(), torch.randn(1, *SPACE.shape)
    a, b = (judge(x, torch.tensor([label])).logits for label in (0, 1))
    assert not a.equal(b)


def test_attention_is_a_weighted_sum_over_all_places():
    torch.manual_seed(0)
    attention = SelfAttention2d(16).eval()
    attention.gain.data.fill_(0.7)
    x = torch.randn(2, 16, 3, 5)
    query, key, value, merge = (
        getattr(attention, part).weight[:, :, 0, 0] for part in ("query", "key", "value", "merge")
    )
    expected = x.clone()
    for row in range(2):
        places = [x[row, :, i, j] for i in range(3) for j in range(5)]
        for here, place in enumerate(places):
            alike = torch.stack([(query @ place) @ (key @ other) for other in places])
            share = alike.exp() / alike.exp().sum()
            seen = sum(s * (value @ other) for s, other in zip(share, places, strict=True))
            expected[row, :, here // 5, here % 5] += 0.7 * (merge @ seen)
    torch.testing.assert_close(attention(x), expected)


def test_attention_starts_as_the_identity_and_can_be_differentiated_twice():
    torch.manual_seed(0)
    attention = SelfAttention2d(4).eval().double()
    x = torch.randn(1, 4, 2, 3, dtype=torch.float64, requires_grad=True)
    assert attention(x).equal(x)
    attention.gain.data.fill_(1.0)
    assert torch.autograd.gradgradcheck(attention, (x,))


@pytest.mark.parametrize("build", [sagan, biggan])
def test_attention_and_channels_are_options(build):
    plain, attending, wide = (
        {name: make() for name, make in build(SPACE, width=8, **options).networks.items()}
        for options in ({"attention": 0, "most": 16}, {"most": 16}, {"most": 32})
    )
    for network in ("generator", "discriminator"):
        assert not any(isinstance(m, SelfAttention2d) for m in plain[network].modules())
        assert sum(isinstance(m, SelfAttention2d) for m in attending[network].modules()) == 1
    assert attending["generator"].first == 16
    assert wide["generator"].first == 32


def test_split_conditioning_hands_out_every_number_once():
    split = SplitConditioning(10, 3, 3, embedding=4)
    latent = torch.arange(20.0).view(2, 10)
    seed, blocks = split(latent, torch.tensor([0, 2]))
    assert torch.cat([seed, *(block[:, :2] for block in blocks)], 1).equal(latent)
    assert all(block[:, 2:].equal(split.table(torch.tensor([0, 2]))) for block in blocks)
    with pytest.raises(ValueError, match="raise latent"):
        SplitConditioning(3, 0, 3)


def test_label_conditioning_tells_the_blocks_the_class_alone():
    torch.manual_seed(0)
    seed, blocks = LabelConditioning(5, 3, 2)(torch.ones(2, 5), torch.tensor([2, 2]))
    assert seed.equal(torch.ones(2, 5))
    assert len(blocks) == 2
    assert all(block[0].equal(block[1]) for block in blocks)


def test_every_piece_of_a_split_latent_reaches_the_picture():
    torch.manual_seed(0)
    generator = ResidualGenerator(SPACE, 16, conditioning=SplitConditioning, width=8)
    generator.eval()
    latent = torch.randn(1, 16, requires_grad=True)
    generator(latent, torch.tensor([1])).square().sum().backward()
    assert (latent.grad != 0).all()


def test_an_inverted_bottleneck_is_the_identity_at_the_start():
    torch.manual_seed(0)
    block = InvertedBottleneck(24, blocks=8, group=16)
    x = torch.randn(3, 24, 5, 4)
    assert block(x).equal(x)
    assert block.mix.groups == 3
    block(x).square().sum().backward()
    assert block.shrink.weight.grad.abs().max() > 0


def test_fixup_shrinks_with_the_number_of_blocks():
    def spread(blocks: int) -> float:
        torch.manual_seed(0)
        return InvertedBottleneck(64, blocks=blocks, group=16).expand.weight.std().item()

    assert spread(16) == pytest.approx(spread(1) / 2, rel=1e-4)  # 16 ** -0.25


class Layers(nn.Module):
    """A convolution, a linear layer under spectral norm, and what has no filters."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, (1, 2))
        self.conv.weight.data = torch.tensor([[1.0, 2.0], [3.0, -1.0]]).view(2, 1, 1, 2)
        linear = nn.Linear(2, 3)
        linear.weight.data = torch.tensor([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
        self.linear = nn.utils.parametrizations.spectral_norm(linear)
        self.table = nn.Embedding(5, 4)


def test_orthogonal_regularisation_has_its_closed_form():
    # overlaps: <(1, 2), (3, -1)> = 1; of the linear layer 0, 1 and 2; each counts twice in W W^T
    assert orthogonal(a_step(Layers())).item() == pytest.approx(2 * 1 + 2 * (0 + 1 + 4))


def test_orthogonal_filters_cost_nothing_whatever_their_length():
    network = nn.Linear(4, 4)
    network.weight.data = torch.diag(torch.tensor([1.0, 2.0, 3.0, 4.0]))
    assert orthogonal(a_step(network)).item() == 0


class Cubic(nn.Module):
    """logits = sum of x^3 / 3: its slope is x^2."""

    rows_per_group = 1

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(()))
        self.calls = 0

    def forward(self, x: Tensor, labels: Tensor) -> Judgement:
        self.calls += 1
        return Judgement(self.gain * x.pow(3).flatten(1).sum(1, keepdim=True) / 3)


class Scale(nn.Module):
    """Pictures proportional to the latent."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(0.5))

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        return (latent * self.gain)[:, None, None]


def a_game(moving: str, slopes: tuple[str, ...] = (), rows_per_group: int | None = 1) -> Step:
    torch.manual_seed(0)
    critic, real = Cubic(), torch.randn(4, 1, 1, 6)
    critic.rows_per_group = rows_per_group
    return Step(
        {"generator": Scale(), "discriminator": critic},
        Batch(torch.zeros(4, dtype=torch.int64), torch.randn(4, 6), lambda: real),
        moving=(moving,),
        augment=lambda x, labels: x,
        autocast=lambda name: nullcontext(),
        slopes=slopes,
    )


@pytest.mark.parametrize("rows_per_group", [1, None], ids=["one forward", "two forwards"])
@pytest.mark.parametrize("slopes", [("real",), ("fake",), ("real", "fake")])
def test_slopes_asked_for_together_are_those_asked_for_alone(slopes, rows_per_group):
    step = a_game("discriminator", slopes, rows_per_group)
    for name in slopes:
        x = step.real if name == "real" else step.fake
        torch.testing.assert_close(step.slope(name), x.square().flatten(1))
    sum(step.slope(name).square().sum() for name in slopes).backward()
    everything = torch.cat([step.real if name == "real" else step.fake for name in slopes])
    expected = 2 * everything.pow(4).sum().detach()  # d (gain x^2)^2 / d gain at gain 1
    torch.testing.assert_close(step.networks["discriminator"].gain.grad, expected)


def test_reals_carry_no_graph_where_the_generator_moves():
    step = a_game("generator")
    step.networks["discriminator"].requires_grad_(False)
    real, fake = step.judge_both()
    assert not real.logits.requires_grad
    assert fake.logits.requires_grad


def test_one_forward_and_one_backward_serve_both_penalties():
    step = a_game("discriminator", ("real", "fake"))
    step.slope("fake"), step.slope("real"), step.judge_both()
    assert step.networks["discriminator"].calls == 1


def test_r3gan_lets_gamma_and_learning_rate_fall():
    recipe = r3gan(SPACE, batch=8, width=8, gamma=2.0, settle_images=100)
    critic = next(phase for phase in recipe.phases() if phase.name == "discriminator")
    penalties = {term.name: term for term in critic.terms if term.slopes}
    assert set(penalties) == {"r1", "r2"}
    assert [round(term.weight(100), 6) for term in penalties.values()] == [0.2, 0.2]
    assert critic.optimizer.lr(100) == pytest.approx(critic.optimizer.lr(0) / 4)


def test_r3gan_s_penalties_pass_through_the_augmentation():
    data = ArrayDataset(np.random.default_rng(0).integers(0, 255, (16, 1, 12, 12), dtype=np.uint8))
    recipe = r3gan(data.space, batch=8, width=8, augment=0.8, settle_images=8)
    state = fit(recipe, data, TorchEngine(EngineSettings()), Budget(steps=3))
    assert state.strengths == [0.8]
    assert all(value.isfinite().all() for value in state.tensors().values())


def test_biggan_refuses_a_latent_that_it_cannot_divide():
    with pytest.raises(ValueError, match="cannot be split"):
        biggan(SPACE, batch=8, width=8, latent=2).networks["generator"]()


@pytest.mark.parametrize(("side", "attends"), [(32, 8), (64, 16), (256, 32)])
def test_a_quarter_of_the_picture_attends_while_it_is_small(side, attends):
    space = SampleSpace(channels=1, size=(side, side))
    seen: list[int] = []
    for network in (
        ResidualGenerator(space, 4, width=4, most=8, attention=32),
        ResidualDiscriminator(space, width=4, most=8, attention=32),
    ):
        for module in network.modules():
            if isinstance(module, SelfAttention2d):
                module.register_forward_hook(lambda _module, _inputs, output: seen.append(output.shape[-1]))
        first = torch.zeros(2, 4) if isinstance(network, ResidualGenerator) else torch.zeros(2, 1, side, side)
        network(first, torch.zeros(2, dtype=torch.int64))
    assert seen == [attends, attends]
