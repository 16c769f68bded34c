"""Terms of translation against their unbatched and closed forms, and what ties CUT, pix2pixHD and SPADE."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from ganworks.data import ArrayDataset, PairedDataset, UnpairedDataset
from ganworks.networks import (
    MultiscaleDiscriminator,
    PatchDiscriminator,
    PatchHeads,
    ResidualTranslator,
)
from ganworks.recipes.cut import cut
from ganworks.recipes.cyclegan import cyclegan
from ganworks.recipes.spade import spade
from ganworks.space import SampleSpace
from ganworks.training import (
    LEAST_SQUARES,
    Batch,
    Budget,
    EngineSettings,
    FakesToShow,
    Judgement,
    Step,
    TorchEngine,
    TrainingState,
    cycle,
    cycle_critics,
    cycle_makers,
    fit,
    identity,
    layer_matching,
    no_augmentation,
    patch_nce,
    tune_allocator,
)
from ganworks.training.fit import evaluate, play

SPACE = SampleSpace(channels=2, size=(16, 24))
ROWS = 3


def some(space: SampleSpace, seed: int, rows: int = ROWS, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.rand(rows, *space.shape, generator=torch.Generator().manual_seed(seed), dtype=dtype) * 2 - 1


def step_of(networks: dict[str, nn.Module], moving: tuple[str, ...], x, y) -> Step:
    batch = Batch(torch.zeros(len(x), dtype=torch.int64), torch.zeros(len(x), 1), lambda: y, lambda: x)
    return Step(networks, batch, moving=moving, augment=no_augmentation, autocast=lambda _: nullcontext())


def unchanged_precision(monkeypatch) -> None:
    """Let steps keep float64, in which two orders of summation agree to many digits."""
    monkeypatch.setattr("ganworks.training.step._as_float", lambda result: result)


@pytest.fixture
def cycle_networks() -> dict[str, nn.Module]:
    torch.manual_seed(0)
    networks: dict[str, nn.Module] = {
        "generator": ResidualTranslator(SPACE, SPACE, width=4, blocks=1),
        "generator_back": ResidualTranslator(SPACE, SPACE, width=4, blocks=1),
        "discriminator": PatchDiscriminator(2, SPACE.size, width=4),
        "discriminator_back": PatchDiscriminator(2, SPACE.size, width=4),
    }
    for name in ("pool", "pool_back"):
        networks[name] = FakesToShow(SPACE, 50)
    return {name: network.double() for name, network in networks.items()}


def test_cyclegan_s_joint_forwards_give_the_losses_of_single_ones(cycle_networks, monkeypatch):
    unchanged_precision(monkeypatch)
    x, y = some(SPACE, 1), some(SPACE, 2)
    makers = (*cycle_makers(LEAST_SQUARES, 2.0),)
    step = step_of(cycle_networks, ("generator", "generator_back"), x, y)
    found = {"identity": identity(step).mean(), "cycle": cycle(step).mean()}  # identity first: jointly
    found |= {term.name: term.loss(step) for term in makers}

    g, f, d, e = (
        cycle_networks[n] for n in ("generator", "generator_back", "discriminator", "discriminator_back")
    )
    z = torch.zeros(ROWS, 1)
    fake, back = g(z, x), f(z, y)
    expected = {
        "identity": F.l1_loss(g(z, y), y) + F.l1_loss(f(z, x), x),
        "cycle": F.l1_loss(g(z, back), y) + F.l1_loss(f(z, fake), x),
        "generator": (d(fake, x).logits - 1).square().mean(),
        "generator_back": (e(back, y).logits - 1).square().mean(),
    }
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, msg=name)
    gradients = [
        torch.autograd.grad(sum(v.values()), [*g.parameters(), *f.parameters()]) for v in (found, expected)
    ]
    torch.testing.assert_close(*gradients)

    step = step_of(cycle_networks, ("discriminator", "discriminator_back"), x, y)
    critics = {term.name: term.loss(step) for term in cycle_critics(LEAST_SQUARES)}
    own = {
        "discriminator": [d(y, y).logits - 1, d(fake.detach(), y).logits],
        "discriminator_back": [e(x, x).logits - 1, e(back.detach(), x).logits],
    }
    for name, errors in own.items():
        torch.testing.assert_close(
            critics[name], sum(error.square().mean() for error in errors) / 2, msg=name
        )


def test_a_translator_of_cyclegan_runs_twice_a_step_and_its_critics_judge_together(monkeypatch):
    data = UnpairedDataset(some(SPACE, 1).float().numpy(), some(SPACE, 2).float().numpy())
    recipe = cyclegan(data.space, source=data.source_space, width=4, blocks=1)
    engine = TorchEngine(EngineSettings())
    state = TrainingState(recipe, engine)
    rows: dict[str, list[int]] = {name: [] for name in recipe.networks}
    for name, network in state.networks.items():
        network.register_forward_pre_hook(lambda _, inputs, name=name: rows[name].append(len(inputs[0])))
    play(state, recipe.draw.prepare(data, engine.device), engine)
    assert rows["generator"] == rows["generator_back"] == [4, 2]  # both domains at once, then the way back
    assert rows["discriminator"] == [2, 4]  # the fakes alone; then reals and fakes together


def test_critics_that_move_before_the_makers_are_told_so(cycle_networks):
    step = step_of(cycle_networks, ("discriminator",), some(SPACE, 1), some(SPACE, 2))
    with pytest.raises(ValueError, match="makers' phase come first"):
        cycle_critics(LEAST_SQUARES)[0].value(step)


class KnownCritic(nn.Module):
    """Features and logits that are known: multiples of the sample."""

    def forward(self, x, condition):
        features = {"0/0": 2 * x, "0/1": x[:, :1], "1/0": x[:, :, ::2, ::2]}
        return Judgement(x.flatten(1), features)


def test_layer_matching_sums_over_layers_and_averages_over_scales():
    x, y = some(SPACE, 1).float(), some(SPACE, 2).float()

    class Same(nn.Module):
        def forward(self, latent, source):
            return source

    found = layer_matching(step_of({"generator": Same(), "discriminator": KnownCritic()}, (), x, y))
    error = (x - y).abs()
    layers = [2 * error.mean((1, 2, 3)), error[:, :1].mean((1, 2, 3)), error[:, :, ::2, ::2].mean((1, 2, 3))]
    torch.testing.assert_close(found, sum(layers) / 2)


def test_every_scale_has_the_same_say_in_the_logits():
    torch.manual_seed(0)
    space = SampleSpace(channels=1, size=(64, 64))
    critic = MultiscaleDiscriminator(space, space, width=4, scales=2)
    x, source = some(space, 1).float(), some(space, 2).float()
    pair = torch.cat([source, x], 1)
    single = [critic.critics[0].maps(pair)[-1], critic.critics[1].maps(F.avg_pool2d(pair, 2))[-1]]
    mean = torch.stack([logits.flatten(1).mean(1) for logits in single]).mean(0)
    torch.testing.assert_close(critic(x, source).logits.mean(1), mean)


def contrast_of(
    generator: nn.Module, moving=("generator", "heads"), seed: int = 0, **options
) -> torch.Tensor:
    torch.manual_seed(seed)
    networks = {"generator": generator, "heads": PatchHeads(generator.encoded_channels, 16)}
    x = some(SPACE, 5).float()
    return patch_nce(step_of(networks, moving, x, x), **options)


class Unchanged(ResidualTranslator):
    """A translator that leaves its source alone; its encoder is an ordinary one."""

    def forward(self, latent, source):
        return source + 0 * sum(p.sum() for p in self.parameters())


class Mirrored(Unchanged):
    def forward(self, latent, source):
        return super().forward(latent, source).flip(3)


def test_contrast_is_small_where_every_patch_stays_and_large_where_patches_move():
    torch.manual_seed(0)
    stays = contrast_of(Unchanged(SPACE, SPACE, width=8, blocks=2))
    torch.manual_seed(0)
    moves = contrast_of(Mirrored(SPACE, SPACE, width=8, blocks=2))
    assert stays.shape == (ROWS,)
    assert (stays < moves).all()


@settings(max_examples=15, deadline=None)
@given(patches=st.integers(2, 64), rows=st.integers(1, 4), width=st.integers(1, 8))
def test_contrast_of_vectors_without_difference_is_chance(patches, rows, width):
    from ganworks.training.patch_nce import _own_place

    same = torch.ones(rows, patches, width) / width**0.5
    expected = torch.full((rows,), float(patches)).log()
    torch.testing.assert_close(_own_place(same, same, 0.07), expected)


def test_the_source_gets_no_gradient_from_the_contrast():
    torch.manual_seed(0)
    generator = ResidualTranslator(SPACE, SPACE, width=4, blocks=2)
    seen: list[bool] = []
    generator.layers[0].register_forward_hook(lambda *_: seen.append(torch.is_grad_enabled()))
    loss = contrast_of(generator)
    loss.mean().backward()
    assert seen == [True, False, True]  # the translation; the source encoded; the translation encoded
    assert all(p.grad is not None for p in generator.parameters())


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_cut_contrasts_any_channels_and_targets_only_where_it_can(channels):
    source = SampleSpace(channels=channels, size=(16, 24))
    data = UnpairedDataset(some(SPACE, 1).float().numpy(), some(source, 2).float().numpy())
    recipe = cut(data.space, source=data.source_space, width=4, blocks=1)
    alike = channels == SPACE.channels
    assert ("adapter" in recipe.networks) != alike
    assert ("identity_nce" in [t.name for t in recipe.phases()[1].terms]) == alike
    state = fit(recipe, data, TorchEngine(EngineSettings()), Budget(steps=1))
    assert all(v.isfinite().all() for v in state.tensors().values() if v.is_floating_point())


def test_cut_learns_to_keep_places():
    """The contrast falls when it is all that is trained."""
    data = UnpairedDataset(some(SPACE, 1, 8).float().numpy(), some(SPACE, 2, 8).float().numpy())
    recipe = cut(data.space, source=data.source_space, width=8, blocks=1, batch=4, patches=24, lr=1e-3)
    engine = TorchEngine(EngineSettings())
    state = TrainingState(recipe, engine)
    draw = recipe.draw.prepare(data, engine.device)
    torch.manual_seed(0)
    found = [play(state, draw, engine)[1].losses["patch_nce"].item() for _ in range(30)]
    assert sum(found[-5:]) < 0.8 * sum(found[:5])


def test_spade_paints_the_label_it_is_told():
    """Two labels of known colours: after some steps a map that was never seen is painted in them."""
    space = SampleSpace(channels=1, size=(16, 16))
    draw = torch.Generator().manual_seed(0)
    which = torch.rand(24, 1, 4, 4, generator=draw).lt(0.5).float()
    which = F.interpolate(which, 16)  # blocks of 4 x 4 pixels of one label
    labels = torch.cat([which, 1 - which], 1) * 2 - 1
    pictures = which * 1.2 - 0.6
    data = PairedDataset(pictures[:16].numpy(), labels[:16].numpy())
    recipe = spade(data.space, source=data.source_space, width=8, hidden=8, lr=2e-3)
    state = fit(recipe, data, TorchEngine(EngineSettings()), Budget(steps=60))
    with torch.no_grad():
        made = state.generator()(torch.zeros(8, 1), labels[16:])
    assert made.shape == (8, *space.shape)
    assert (made - pictures[16:]).abs().mean() < 0.25  # a constant answer is wrong by 0.6


def test_pix2pix_runs_its_generator_once_a_step():
    from ganworks.recipes.pix2pix import pix2pix

    data = PairedDataset(some(SPACE, 1).float().numpy(), some(SPACE, 2).float().numpy())
    recipe = pix2pix(data.space, source=data.source_space, width=4, batch=2)
    engine = TorchEngine(EngineSettings())
    state = TrainingState(recipe, engine)
    calls: list[int] = []
    state.networks["generator"].register_forward_pre_hook(lambda _, inputs: calls.append(len(inputs[1])))
    play(state, recipe.draw.prepare(data, engine.device), engine)
    assert calls == [2]
    _, losses = evaluate(state, recipe.phases()[1], recipe.draw.prepare(data, engine.device)(), engine)
    assert set(losses) == {"generator", "l1"}


def test_the_allocator_is_tuned_where_it_is_glibc_s_and_only_there(monkeypatch):
    import platform
    import subprocess
    import sys

    from ganworks.training import allocator

    # in a process of its own, which imports no torch: the module alone
    code = (
        f"import runpy, sys; sys.exit(0 if runpy.run_path({allocator.__file__!r})['tune_allocator']() else 3)"
    )
    expected = 0 if platform.libc_ver()[0] == "glibc" else 3
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == expected
    monkeypatch.setattr("platform.libc_ver", lambda: ("", ""))
    assert tune_allocator() is False


@pytest.mark.parametrize("asked", [False, True])
def test_a_run_tunes_the_allocator_only_if_asked_and_says_where_it_cannot(
    asked, teachers, trained, tmp_path, monkeypatch
):
    calls: list[str] = []

    def elsewhere() -> bool:  # a C library without mallopt; the real call would change this whole process
        calls.append("tuned")
        return False

    monkeypatch.setattr("ganworks._fitting.tune_allocator", elsewhere)
    data = ArrayDataset(torch.zeros(4, 1, 8, 8).numpy())
    session = teachers.create(tmp_path / "run", data, tune_allocator=asked)
    said: list[str] = []
    session.run_folder.listeners.append(lambda event: said.append(str(event)))
    trained(session)
    assert calls == ["tuned"] * asked
    assert any("tune_allocator has no effect" in text for text in said) == asked
