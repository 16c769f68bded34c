"""What chooses a checkpoint, which pictures are taken, and that evaluation pads as an exported model does."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganworks.data import PairedDataset
from ganworks.metrics import PixelFeatures
from ganworks.training import Sampler
from ganworks_image.image_to_image import image_to_image
from ganworks_image.intensity import IntensityMap
from ganworks_translation.examples import Examples, examples, translated
from ganworks_translation.validation import PairJudge, SetJudge

BYTES = IntensityMap(low=0, high=255, dtype="uint8")


class Faded(nn.Module):
    """A translator that keeps a share of its source; sides must be multiples of 8."""

    multiple, scale = 8, 1

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = nn.Parameter(torch.tensor(share))

    def forward(self, latent: Tensor, source: Tensor) -> Tensor:
        assert source.shape[2] % 8 == source.shape[3] % 8 == 0
        return self.share * source + 0.1 * source.mean((1, 2, 3), keepdim=True)  # sees the padding too


def sampler(share: float) -> Sampler:
    return Sampler(Faded(share), 1, 1, torch.device("cpu"))


def held(rows: int = 16, height: int = 20, width: int = 27) -> Examples:
    draw = torch.Generator().manual_seed(0)
    x = torch.randint(0, 256, (rows, 3, height, width), generator=draw) / 127.5 - 1
    return Examples(x, x, torch.arange(rows))


@pytest.mark.parametrize("side", [10, 20])
def test_pairs_choose_the_nearer_translator(side: int) -> None:
    judge = PairJudge(held(4, side, side))
    assert judge.measure == ("L1" if side < 16 else "Lite0 perceptual distance")
    near, far = judge.score(sampler(0.9)), judge.score(sampler(0.2))
    assert near.score < far.score
    assert near.values["l1"] < far.values["l1"]


def test_sets_choose_by_the_kernel_distance_and_know_no_pairs() -> None:
    judge = SetJudge(held(), PixelFeatures())
    near, far = judge.score(sampler(0.95)), judge.score(sampler(-0.5))
    assert near.score < far.score
    assert near.values == {}


def test_evaluation_translates_as_an_exported_model_does() -> None:
    found = held()
    made = BYTES.to_units(translated(sampler(0.9), found.sources).numpy())
    deployable = image_to_image(Faded(0.9), source=BYTES, target=BYTES, channels=3, size=None, card={})
    pictures = torch.from_numpy(BYTES.to_units(found.sources.numpy())).permute(0, 2, 3, 1)
    with torch.no_grad():
        exported = deployable.module.eval()(pictures).permute(0, 3, 1, 2).numpy()
    assert np.abs(exported.astype(int) - made).max() <= 1


def test_examples_are_spread_over_the_part_and_keep_pairs_together() -> None:
    rows = np.arange(101, dtype=np.uint8)[:, None, None, None]
    data = PairedDataset(np.tile(rows, (1, 3, 8, 8)), np.tile(rows, (1, 1, 8, 8)))
    found = examples(data, len(data), 11)
    assert found.places.tolist() == list(range(0, 101, 10))
    torch.testing.assert_close(found.sources[:, 0, 0, 0], found.targets[:, 0, 0, 0])
    assert len(examples(data, len(data), 10_000).targets) == 101


def test_large_pictures_are_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganworks_translation.examples.MOST_VALUES", 7 * 3 * 64)
    data = PairedDataset(np.zeros((20, 3, 8, 8), np.uint8), np.zeros((20, 1, 8, 8), np.uint8))
    assert len(examples(data, 20, 20).targets) == 7
