"""Players for table rows: what is given stays, rows do not see each other, choices are choices."""

from contextlib import nullcontext
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganworks.data import PartlyGiven
from ganworks.networks.rows import RowDiscriminator, RowGenerator
from ganworks.recipes.ctgan import ctgan
from ganworks.recipes.tabular import tabular
from ganworks.space import SampleSpace, space_of_givens
from ganworks.training import Batch, Budget, EngineSettings, Sampler, Step, TorchEngine, fit, moment_matching

PARTS = (1, 3, 1, 1, 2, 4, 2)
LATENT = 12
SPACE = SampleSpace(channels=sum(PARTS), size=(), classes=("no", "yes"), parts=PARTS)
FREE = SampleSpace(channels=sum(PARTS), size=(), parts=PARTS)
NUMBERS = SampleSpace(channels=3, size=())
parts_lists = st.lists(st.integers(1, 5), min_size=1, max_size=6).map(tuple)


def some_rows(space, count, seed=0):
    """Rows (count, channels) of a space: numbers in [-1, 1], choices one-hot."""
    draw = torch.Generator().manual_seed(seed)
    pieces = []
    for width in space.parts or (1,) * space.channels:
        if width == 1:
            pieces.append(torch.rand(count, 1, generator=draw) * 2 - 1)
        else:
            places = torch.randint(width, (count,), generator=draw)
            pieces.append(torch.nn.functional.one_hot(places, width).float())
    return torch.cat(pieces, 1)


def told(space, rows, given):
    """(rows, channels + parts); ``given`` (rows, parts) bool."""
    parts = torch.tensor(space.parts or (1,) * space.channels)
    flags = given.float()
    return torch.cat([rows * flags.repeat_interleave(parts, 1), flags], 1)


def generator_of(space, seed=0, **options):
    torch.manual_seed(seed)
    made = RowGenerator(space, LATENT, width=16, depth=1, **options).eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return made


def split(rows, space):
    return rows.split(space.parts, 1)


@settings(max_examples=40, deadline=None)
@given(parts=parts_lists, labelled=st.booleans(), seed=st.integers(0, 99), training=st.booleans())
def test_given_parts_are_kept_and_free_ones_are_values(parts, labelled, seed, training):
    parts = (*parts, 3) if labelled else parts
    space = SampleSpace(channels=sum(parts), size=(), classes=("a", "b", "c") * labelled, parts=parts)
    rows = some_rows(space, 20, seed)
    given = torch.rand(20, len(parts)) < 0.5
    made = generator_of(space).train(training)(torch.randn(20, LATENT), told(space, rows, given))
    assert made.shape == rows.shape
    for number, (real, fake) in enumerate(zip(split(rows, space), split(made, space), strict=True)):
        assert torch.equal(fake[given[:, number]], real[given[:, number]])
        if parts[number] == 1:
            continue
        torch.testing.assert_close(fake.sum(1), torch.ones(20))
        if not training:
            assert set(fake.unique().tolist()) <= {0.0, 1.0}


@pytest.mark.parametrize("training", [False, True])
def test_a_row_does_not_depend_on_its_neighbours(training):
    generator = generator_of(NUMBERS).train(training)
    latent, givens = torch.randn(9, LATENT), told(NUMBERS, some_rows(NUMBERS, 9), torch.rand(9, 3) < 0.3)
    together = generator(latent, givens)
    alone = torch.cat([generator(latent[row : row + 1], givens[row : row + 1]) for row in range(9)])
    torch.testing.assert_close(alone, together)


def test_rows_of_choices_do_not_depend_on_their_neighbours():
    generator = generator_of(SPACE)
    latent, givens = torch.randn(9, LATENT), told(SPACE, some_rows(SPACE, 9), torch.rand(9, len(PARTS)) < 0.3)
    together = generator(latent, givens)
    changed = latent.clone()
    changed[1:] = torch.randn(8, LATENT)
    torch.testing.assert_close(generator(changed, givens)[0], together[0])
    torch.testing.assert_close(generator(latent[:1], givens[:1])[0], together[0])


def test_what_is_given_changes_what_is_made_of_the_rest():
    generator, latent = generator_of(SPACE), torch.randn(1, LATENT).repeat(2, 1)
    rows = some_rows(SPACE, 2)
    rows[:, 0] = torch.tensor([-1.0, 1.0])
    given = torch.zeros(2, len(PARTS), dtype=torch.bool)
    given[:, 0] = True
    scores = generator.scores(latent[:, : LATENT - generator.choices], told(SPACE, rows, given))
    assert (scores[0, 1:] - scores[1, 1:]).abs().max() > 1e-3


def test_choices_are_drawn_by_their_probabilities():
    generator, count = generator_of(FREE), 40_000
    torch.manual_seed(1)
    latent = torch.randn(1, LATENT).repeat(count, 1)
    latent[:, -generator.choices :] = torch.randn(count, generator.choices)
    free = torch.zeros(count, FREE.channels + len(PARTS))
    made = generator(latent, free)
    scores = generator.scores(latent[:1, : LATENT - generator.choices], free[:1])
    for wanted, found in zip(split(scores, FREE), split(made, FREE), strict=True):
        if wanted.shape[1] > 1:
            torch.testing.assert_close(found.mean(0), wanted.softmax(1)[0], atol=0.012, rtol=0)


def test_too_small_a_latent_is_refused():
    with pytest.raises(ValueError, match="latent=4 is too small: 4 numbers draw the choices"):
        RowGenerator(SPACE, 4)


def test_parts_that_do_not_fit_the_row_are_refused():
    with pytest.raises(ValueError, match="do not make a row of 5 channels"):
        SampleSpace(channels=5, size=(), parts=(1, 3))


@pytest.mark.parametrize("space", [SPACE, FREE, NUMBERS], ids=["classes", "choices", "numbers"])
@pytest.mark.parametrize("pack", [1, 4])
def test_the_discriminator_judges_rows_or_packs(space, pack):
    torch.manual_seed(0)
    judge = RowDiscriminator(space, width=16, depth=2, pack=pack)
    rows = some_rows(space, 8)
    givens = told(space, rows, torch.zeros(8, len(space.parts) or 3, dtype=torch.bool))
    found = judge(rows, givens)
    assert found.logits.shape == (8 // pack, 1)
    assert found.features["hidden"].shape == (8 // pack, 16)
    changed = rows.clone()
    changed[-1] = some_rows(space, 1, seed=9)[0]
    same = judge(changed, givens).logits[:-1]
    torch.testing.assert_close(same, found.logits[:-1])  # those of other packs
    assert (judge(changed, givens).logits[-1] != found.logits[-1]).all()


def test_the_discriminator_sees_which_parts_were_given():
    torch.manual_seed(0)
    judge, rows = RowDiscriminator(SPACE, width=16), some_rows(SPACE, 4)
    free, whole = (told(SPACE, rows, torch.full((4, len(PARTS)), given)) for given in (False, True))
    assert (judge(rows, free).logits != judge(rows, whole).logits).all()


# the term
def step_of(real, fake):
    class Fixed(torch.nn.Module):
        def forward(self, latent, labels):
            return fake

    batch = Batch(torch.zeros(len(real), dtype=torch.int64), torch.zeros(len(real), 1), lambda: real)
    return Step(
        {"generator": Fixed()}, batch, moving=(), augment=lambda x, _: x, autocast=lambda _: nullcontext()
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.integers(2, 30), st.integers(1, 6))
def test_moment_matching_against_numpy(seed, rows, columns):
    draw = np.random.default_rng(seed)
    real, fake = draw.normal(size=(rows, columns)), draw.normal(1, 2, size=(rows, columns))
    expected = np.square(real.mean(0) - fake.mean(0)).sum()
    covariances = [np.cov(x, rowvar=False, bias=True).reshape(columns, columns) for x in (real, fake)]
    expected += np.square(covariances[0] - covariances[1]).sum()
    found = moment_matching(step_of(torch.from_numpy(real), torch.from_numpy(fake)))
    assert found.item() == pytest.approx(expected, rel=1e-4)


def test_moment_matching_pulls_the_fakes_alone_to_the_real_moments():
    real = some_rows(NUMBERS, 64).requires_grad_()
    fake = (3 * torch.randn(64, 3) + 1).requires_grad_()
    moment_matching(step_of(real, fake)).backward()
    assert real.grad is None
    moved = (fake - 0.01 * fake.grad).detach()
    assert moment_matching(step_of(real, moved)) < moment_matching(step_of(real, fake))
    assert moment_matching(step_of(real, real.detach())) == 0


# training
class Rows:
    """A table of made-up rows."""

    def __init__(self, space, count=64):
        self.space, self.table = space, some_rows(space, count)
        self.labels = self.table[:, -space.parts[-1] :].argmax(1)

    def __len__(self):
        return len(self.table)

    def rows(self, index):
        return self.table[index]


@pytest.mark.parametrize("recipe", [tabular, ctgan])
def test_recipes_complete_given_parts_of_several_widths(recipe):
    data = PartlyGiven(Rows(SPACE), columns=[2, 1, 2, 1, 1], share=0.5)
    made = recipe(SPACE, source=space_of_givens(SPACE), batch=20, width=16, latent=8)
    engine = TorchEngine(EngineSettings(device="cpu", threads=1))
    state = fit(made, data, engine, Budget(steps=2), seed=0)
    sampler = Sampler.of(state)
    index = torch.arange(40)
    givens, rows = data.sources(index), data.rows(index)
    found = sampler.from_latents(sampler.latents(index), givens, 40)
    flags = givens[:, SPACE.channels :] > 0
    ends = np.cumsum([0, *PARTS])
    for part, (start, end) in enumerate(pairwise(ends)):
        kept = flags[:, part]
        assert kept.any()
        assert torch.equal(found[kept, start:end], rows[kept, start:end])
    assert found.isfinite().all()
