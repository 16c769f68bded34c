"""Scores and verdicts by answers that are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from ganworks.metrics import Lite0Features, PixelFeatures
from ganworks_translation.evaluation import COPY, MEAN, NEAREST, OURS, judged, pair_scores, perceptual_rows

ROWS, SIDE = 24, 32


def scenes(rows: int = ROWS, channels: int = 3, side: int = SIDE, seed: int = 0) -> Tensor:
    """Smooth random pictures with an edge each, (rows, channels, side, side) in [-1, 1]."""
    draw = torch.Generator().manual_seed(seed)
    coarse = torch.rand(rows, channels, 4, 4, generator=draw) * 2 - 1
    smooth = torch.nn.functional.interpolate(coarse, size=side, mode="bilinear")
    edge = (torch.arange(side) < torch.randint(4, side - 4, (rows, 1), generator=draw)).float()
    return (0.6 * smooth + 0.4 * (2 * edge - 1)[:, None, None]).clamp(-1, 1)


def noisy(x: Tensor, scale: float, seed: int = 1) -> Tensor:
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(seed))
    return (x + scale * noise).clamp(-1, 1)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_equal_pictures_are_at_no_distance(channels: int) -> None:
    x = scenes(4, channels)
    found = pair_scores(x, x)
    assert found.l1.tolist() == [0] * 4
    assert found.ssim is not None
    assert found.perceptual is not None
    np.testing.assert_allclose(found.ssim, 1)
    np.testing.assert_allclose(found.perceptual, 0, atol=1e-6)


def test_l1_is_a_share_of_the_range() -> None:
    black, white = torch.full((2, 1, 16, 16), -1.0), torch.full((2, 1, 16, 16), 1.0)
    assert pair_scores(black, white).l1.tolist() == [1, 1]


def test_pictures_too_small_for_a_measure_have_none_of_it() -> None:
    x = scenes(2, 1, side=10)
    found = pair_scores(x, noisy(x, 0.1))
    assert (found.ssim, found.perceptual) == (None, None)
    assert found.l1.min() > 0


def test_the_order_is_from_near_to_far() -> None:
    x = scenes(6)
    scale = torch.tensor([0.5, 0.0, 0.3, 0.1, 0.4, 0.2])
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    made = (x + scale[:, None, None, None] * noise).clamp(-1, 1)
    assert pair_scores(made, x).order.tolist() == [1, 3, 5, 2, 4, 0]


def test_many_channels_are_compared_one_by_one() -> None:
    x = scenes(3, 4)
    y = noisy(x, 0.2)
    each = [perceptual_rows(x[:, [c]], y[:, [c]]) for c in range(4)]
    np.testing.assert_allclose(perceptual_rows(x, y), np.mean(each, axis=0), rtol=1e-4)


def test_a_good_translator_beats_its_rivals_and_the_table_says_so() -> None:
    x = scenes()
    made = {OURS: 0.95 * x, COPY: 0.3 * x - 0.6, MEAN: x.mean(0).expand_as(x)}
    found = judged(made, x, Lite0Features(), paired=True)
    assert {name: one["verdict"] for name, one in found["verdicts"].items()} == {
        "perceptual": "BETTER",
        "kid": "BETTER",
    }
    ours = found["scores"][OURS]
    for rival in (COPY, MEAN):
        theirs = found["scores"][rival]
        assert ours["l1"] < theirs["l1"]
        assert ours["ssim"] > theirs["ssim"]
        assert ours["fd"] < theirs["fd"]
    assert (found["n"], found["n_real"]) == (ROWS, ROWS)


def test_a_translator_that_copies_is_not_better_than_copying() -> None:
    x = scenes()
    source = noisy(x, 0.3)
    found = judged({OURS: source, COPY: source}, x, Lite0Features(), paired=True)
    assert found["verdicts"]["perceptual"] == {"verdict": "NOT BETTER", "unbeaten": [COPY]}
    assert found["verdicts"]["kid"] == {"verdict": "NOT BETTER", "unbeaten": [COPY]}


def test_real_pictures_are_no_rival_as_a_set_but_one_in_each_place() -> None:
    x = scenes()
    made = {OURS: 0.95 * x, COPY: 0.3 * x - 0.6, NEAREST: x}
    found = judged(made, x, Lite0Features(), paired=True)["verdicts"]
    assert found["perceptual"] == {"verdict": "NOT BETTER", "unbeaten": [NEAREST]}
    assert found["kid"] == {"verdict": "BETTER", "unbeaten": [NEAREST]}


def test_without_pairs_there_are_distances_between_sets_only() -> None:
    x, other = scenes(), scenes(ROWS + 7, seed=5)
    found = judged({OURS: x, COPY: -x}, other, PixelFeatures(), paired=False)
    assert set(found["scores"][OURS]) == {"fd", "kid", "kid_low", "kid_high"}
    assert set(found["verdicts"]) == {"kid"}
    assert found["n_real"] == ROWS + 7


def test_too_few_pictures_give_no_distance_between_sets_and_no_verdict_on_it() -> None:
    x = scenes(5)
    found = judged({OURS: noisy(x, 0.05), COPY: -x}, x, PixelFeatures(), paired=True)
    assert found["scores"][OURS]["kid"] is None
    assert found["kid_floor"] is None
    assert set(found["verdicts"]) == {"perceptual"}
