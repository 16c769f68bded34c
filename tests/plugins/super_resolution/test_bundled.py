"""What may be bundled, and what is said where nothing is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image
from torch import Tensor, nn

from ganworks.errors import RunError, UsageError
from ganworks_exports.onnx import export
from ganworks_exports.runtime import ModelRefused
from ganworks_image.image_to_image import image_to_image
from ganworks_image.intensity import IntensityMap
from ganworks_super_resolution import bundled as bundling
from ganworks_super_resolution.bundled import bundled, checked_card
from ganworks_super_resolution.enhancing import enhance
from ganworks_super_resolution.options import Options

BYTES = IntensityMap(low=0, high=255, dtype="uint8")
CARD = {"title": "t", "license": "Apache-2.0", "training_data": {"title": "photos"}, "figures": {"psnr_y": 1}}


class Twice(nn.Module):
    scale, multiple = 2, 1

    def forward(self, latent: Tensor, source: Tensor) -> Tensor:
        return nn.functional.interpolate(source, scale_factor=2.0, mode="nearest")


def exported(path: Path, card: dict[str, object]) -> Path:
    export(
        image_to_image(Twice(), source=BYTES, target=BYTES, channels=3, size=None, card=card, view="float"),
        path,
    )
    return path


@pytest.mark.parametrize("scale", [2, 4])
def test_what_is_bundled_may_be(scale: int) -> None:
    card = checked_card(bundled(scale))
    assert card["scale"] == scale
    assert card["figures"]["gain_db"] > 0.5  # dB over bicubic, on photos held out whole
    assert card["view"] == "float"  # so that 16 bits stay 16


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(tmp_path_factory.mktemp("model") / "model.onnx", CARD)


def test_a_model_may_be_bundled_that_is_small_whole_and_tells_all(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert checked_card(model)["license"] == "Apache-2.0"
    monkeypatch.setattr(bundling, "TOLD", ("title", "photographer"))
    with pytest.raises(RunError, match="does not tell photographer"):
        checked_card(model)
    monkeypatch.setattr(bundling, "MOST_BYTES", model.stat().st_size - 1)
    with pytest.raises(RunError, match="at most"):
        checked_card(model)
    (tmp_path / "text.onnx").write_bytes(b"not a model")
    with pytest.raises(ModelRefused):
        checked_card(tmp_path / "text.onnx")


def test_the_bundled_model_is_used_without_a_run(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = tmp_path / "models"
    models.mkdir()
    shutil.copy(model, models / "compact-x2.onnx")
    monkeypatch.setattr(bundling, "folder", lambda: models)
    Image.new("RGB", (5, 4), (9, 99, 199)).save(tmp_path / "a.png")
    enhance([tmp_path / "a.png"], Options())  # without --scale twice the size
    made = Image.open(tmp_path / "a-x2.png")
    assert made.size == (10, 8)
    assert made.getpixel((3, 3)) == (9, 99, 199)
    with pytest.raises(UsageError, match=r"enlarges 3 times \(there are --scale 2\)"):
        enhance([tmp_path / "a.png"], Options(scale=3))
    with pytest.raises(UsageError, match="no bundled model is made for task denoise"):
        enhance([tmp_path / "a.png"], Options(task="denoise"))
