"""What an exported model from image to image says of tiles, and at which sizes it is compared with torch."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

from ganworks.deploy import Deployable, Port
from ganworks_exports import ports, runtime
from ganworks_exports.onnx import checked_model

SHAPE = ("batch", "height", "width", 1)
SOURCE = Port(name="image", dtype="uint8", shape=SHAPE, meaning="a picture", low=0, high=255)
RESULT = Port(name="result", dtype="uint8", shape=SHAPE, meaning="a picture", low=0, high=255)


class Smooth(nn.Module):
    """Means over 5 x 5 pixels; with ``whole`` also over the picture."""

    def __init__(self, whole: bool = False) -> None:
        super().__init__()
        self.whole = whole
        self.filter = nn.Conv2d(1, 1, 5, padding=2, bias=False)
        nn.init.constant_(self.filter.weight, 1 / 25)

    def forward(self, image: Tensor) -> Tensor:
        x: Tensor = self.filter(image.permute(0, 3, 1, 2).float())
        x = (x + x.mean((2, 3), keepdim=True)) / 2 if self.whole else x
        return x.round().to(torch.uint8).permute(0, 2, 3, 1)


def deployable(tiles: dict[str, int] | None, whole: bool = False) -> Deployable:
    card = {} if tiles is None else {"tiles": tiles}
    return Deployable(module=Smooth(whole), inputs=(SOURCE,), outputs=(RESULT,), card=card)


@pytest.mark.parametrize("profile", ["fp32", "w16"])
def test_the_halo_is_measured_at_export(profile):
    content, _ = checked_model(deployable({"multiple": 1}), profile)
    assert runtime.contents_of(content).card["tiles"] == {"multiple": 1, "halo": 2}


def test_a_model_that_must_see_the_whole_says_so():
    content, _ = checked_model(deployable({"multiple": 1}, whole=True))
    assert runtime.contents_of(content).card["tiles"] == {"multiple": 1, "halo": None}
    content, _ = checked_model(deployable({"multiple": 64}))  # not tried: it would take long
    assert runtime.contents_of(content).card["tiles"] == {"multiple": 64, "halo": None}


def test_a_card_without_tiles_gets_none():
    assert "tiles" not in runtime.contents_of(checked_model(deployable(None))[0]).card


def test_the_halo_of_the_card_is_used(tmp_path):
    content, _ = checked_model(deployable({"multiple": 1}))
    (tmp_path / "model.onnx").write_bytes(content)
    model = runtime.load(tmp_path / "model.onnx")
    image = np.random.default_rng(0).integers(0, 256, (40, 90, 1), np.uint8)
    assert np.abs(model.transform(image, tile=16).astype(int) - model.transform(image)).max() <= 1
    assert model._halo == 2
    blended = model.transform(image, tile=16, blend=8).astype(int)
    assert np.abs(blended - model.transform(image)).max() <= 1


@pytest.mark.parametrize(
    "tiles", [{"multiple": 0}, {"multiple": "4"}, {"halo": -1}, {"halo": 2.5}, [4], "4"], ids=str
)
def test_a_card_that_says_nonsense_of_tiles_is_refused(tiles):
    model = onnx.load_from_string(checked_model(deployable(None))[0])
    (card,) = [entry for entry in model.metadata_props if entry.key == "card"]
    card.value = json.dumps({**json.loads(card.value), "tiles": tiles})
    with pytest.raises(runtime.ModelRefused, match="its card cannot be read"):
        runtime.contents_of(model.SerializeToString())


def test_the_sizes_tried_are_odd_and_even_and_no_squares():
    tried = [(sizes["height"], sizes["width"]) for sizes in ports.trials(deployable(None))]
    assert len(set(tried)) == len(tried) == 3
    assert all(height != width for height, width in tried)
    assert any(height % 2 and width % 2 for height, width in tried)
    assert any(height % 2 == 0 or width % 2 == 0 for height, width in tried)
