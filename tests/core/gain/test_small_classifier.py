from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganworks.errors import DataError
from ganworks.metrics import at_most
from ganworks.metrics.classifier import (
    ClassifierExtractor,
    SmallClassifier,
    predict,
    self_trained_extractor,
    train_classifier,
)
from ganworks.metrics.extractors import Extractor


def stripes(rows: int, seed: int = 0, height: int = 12, width: int = 10, channels: int = 1):
    """Class 0 has vertical stripes, class 1 horizontal ones, both in noise."""
    random = torch.Generator().manual_seed(seed)
    labels = torch.arange(rows) % 2
    x = 0.3 * torch.randn(rows, channels, height, width, generator=random)
    x[labels == 0, :, :, ::2] += 0.5
    x[labels == 1, :, ::2, :] += 0.5
    return x.clamp(-1, 1), labels


def same(a: torch.nn.Module, b: torch.nn.Module) -> bool:
    pairs = zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    return all(torch.equal(x, y) for x, y in pairs)


@settings(max_examples=15, deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    channels=st.integers(1, 3),
    classes=st.integers(1, 5),
)
def test_takes_any_size(height, width, channels, classes):
    model = SmallClassifier(channels, classes, width=4).eval()
    x = torch.zeros(3, channels, height, width)
    assert model.features(x).shape == (3, 64)
    assert model(x).shape == (3, classes)


def test_learns_and_tells_unseen_images_apart():
    x, y = stripes(64)
    model = train_classifier(x, y, 2, steps=60, seed=0, width=8)
    fresh, truth = stripes(100, seed=1)
    probabilities = predict(model, fresh, batch=7)
    assert probabilities.shape == (100, 2)
    assert torch.allclose(probabilities.sum(1), torch.ones(100))
    assert (probabilities.argmax(1) == truth).float().mean() > 0.95


def test_balance_rescues_a_class_with_ten_images():
    x, y = stripes(200)
    keep = torch.cat([torch.where(y == 0)[0], torch.where(y == 1)[0][:10]])
    model = train_classifier(x[keep], y[keep], 2, steps=60, seed=0, width=8)
    fresh, truth = stripes(100, seed=1)
    assert (predict(model, fresh).argmax(1)[truth == 1] == 1).float().mean() > 0.8


def test_weights_depend_on_the_seed_alone():
    x, y = stripes(40)

    def shake(images, random):
        return images + 0.1 * torch.randn(images.shape, generator=random)

    def train(seed):
        return train_classifier(x, y, 2, steps=12, seed=seed, width=4, augment=shake)

    before = torch.get_rng_state()
    alone = [train(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(train, range(4)))
    assert torch.equal(torch.get_rng_state(), before)  # nobody else's random numbers moved
    assert all(same(a, b) for a, b in zip(alone, together, strict=True))
    assert not same(alone[0], alone[1])


@pytest.mark.parametrize(
    ("labels", "word"), [([0, 0, 0], r"class \[1\]"), ([0, 1, 2], "labels run from 0 to 2")]
)
def test_says_which_class_is_missing(labels, word):
    with pytest.raises(DataError, match=word):
        train_classifier(torch.zeros(3, 1, 8, 8), torch.tensor(labels), 2, steps=1, seed=0)


def test_extractor_has_the_common_form():
    x, y = stripes(30)
    found = self_trained_extractor(x, y, 2, seed=0, steps=5)
    assert isinstance(found, Extractor)
    assert found.name == "self"
    assert found(x.double()).dtype == torch.float32
    assert found(x).shape == (30, 384)
    # float sums may differ in the last bit with the size of the batch
    assert torch.allclose(found(x)[3:5], found(x[3:5]), atol=1e-5)


def test_extractor_hash_follows_the_weights():
    x, y = stripes(30)
    first, again, other = (self_trained_extractor(x, y, 2, seed=seed, steps=5) for seed in (0, 0, 1))
    assert first.hash == again.hash != other.hash
    assert len(first.hash) == 64
    before = first.hash
    with torch.no_grad():
        first.model.head.bias += 1
    assert ClassifierExtractor(first.model).hash != before


@pytest.mark.parametrize("labels", [torch.zeros(24, dtype=torch.int64), torch.full((24,), 2)])
def test_one_class_learns_orientation(labels):
    random = torch.Generator().manual_seed(0)
    ramp = torch.linspace(-1, 1, 12)[None, None, :, None].expand(24, 1, 12, 10)
    images = ramp + 0.1 * torch.randn(24, 1, 12, 10, generator=random)
    found = self_trained_extractor(images, labels, 3, seed=0, steps=40)
    square = images[:, :, 1:11]
    turned = torch.cat([square.rot90(k, (2, 3)) for k in range(4)])
    guess = predict(found.model, turned).argmax(1)
    assert (guess == torch.arange(4).repeat_interleave(24)).float().mean() > 0.95


def test_labels_with_a_gap_are_no_obstacle():
    x, y = stripes(20)
    assert self_trained_extractor(x, y * 3, 4, seed=0, steps=2).model.head.out_features == 2


def test_refuses_nan():
    x, y = stripes(4)
    x[1] = float("nan")
    with pytest.raises(DataError, match="1 of 4"):
        self_trained_extractor(x, y, 2)


@pytest.mark.parametrize(("size", "seen"), [((96, 128), (48, 64)), ((40, 64), (40, 64))])
def test_the_extractor_sees_images_at_64_pixels_at_most(size, seen):
    images = torch.rand(12, 1, *size, generator=torch.Generator().manual_seed(0)) * 2 - 1
    labels = torch.arange(12) % 2
    extractor = self_trained_extractor(images, labels, 2, steps=2)
    small = at_most(images)
    assert small.shape[-2:] == seen
    assert torch.equal(extractor(images), extractor(small))
    assert extractor.hash == self_trained_extractor(small, labels, 2, steps=2).hash
