"""The fidelity and privacy blocks: keys, classes, labels and bad input."""

from __future__ import annotations

import json

import pytest
import torch

from ganworks.errors import DataError
from ganworks.metrics import PixelFeatures, copy_rule, fidelity, privacy

FIDELITY = {
    "kid", "kid_low", "kid_high", "kid_floor", "fd", "fd_floor", "precision", "recall", "density", "coverage",
    "precision_floor", "recall_floor", "density_floor", "coverage_floor", "diversity_ratio",
    "spectrum_distance", "intensity_emd", "extractor", "n_real", "n_synthetic", "per_class",
}  # fmt: skip
PRIVACY = {
    "ct", "ct_auc", "authenticity", "authenticity_heldout", "membership_auc", "copies", "dropped",
    "threshold", "verdict", "reasons", "n_train", "n_heldout", "n_synthetic", "per_class",
}  # fmt: skip


@pytest.fixture(scope="module")
def pixels():
    return PixelFeatures()


@pytest.fixture(scope="module")
def data(phantoms):
    return [phantoms(200, seed) for seed in (11, 12, 13)]


def test_fidelity_block_with_classes(data, pixels):
    (_, _), (real, real_labels), (fake, fake_labels) = data
    rare = torch.where(torch.arange(200) < 20, 2, fake_labels)
    block = fidelity(
        real, fake, pixels, real_labels=real_labels, synthetic_labels=rare, classes=("none", "lesion", "rare")
    )
    assert set(block) == FIDELITY
    assert block["extractor"] == {"name": "pixels16", "hash": pixels.hash}
    assert (block["n_real"], block["n_synthetic"]) == (200, 200)
    assert set(block["per_class"]) == {"none", "lesion", "rare"}
    assert block["per_class"]["rare"]["kid"] == "too few"
    assert block["per_class"]["rare"]["n_synthetic"] == 20
    assert isinstance(block["per_class"]["lesion"]["kid"], float)
    json.dumps(block)


def test_the_same_call_gives_the_same_numbers(data, pixels):
    assert fidelity(data[1][0], data[2][0], pixels) == fidelity(data[1][0], data[2][0], pixels)


def test_privacy_block_with_classes(data, pixels):
    (train, train_labels), (heldout, heldout_labels), (fake, fake_labels) = data
    labels = (train_labels, heldout_labels, fake_labels)
    block = privacy(train, heldout, fake, pixels, labels=labels, classes=("none", "lesion", "absent"))
    assert set(block) == PRIVACY
    assert block["verdict"] == "pass"
    assert block["per_class"]["absent"]["ct"] == "too few"
    assert abs(block["per_class"]["lesion"]["ct"]) < 3
    json.dumps(block)


def test_one_copied_class_is_named(data, pixels):
    (train, train_labels), (heldout, heldout_labels), (fake, fake_labels) = data
    copied = torch.cat([fake[fake_labels == 0], train[train_labels == 1][:60]])
    labels = torch.cat([torch.zeros(len(copied) - 60), torch.ones(60)]).long()
    block = privacy(
        train,
        heldout,
        copied,
        pixels,
        labels=(train_labels, heldout_labels, labels),
        classes=("none", "lesion"),
    )
    assert block["verdict"] == "fail"
    assert any(reason.startswith("class lesion: ") for reason in block["reasons"])
    assert not any(reason.startswith("class none: ") for reason in block["reasons"])


def test_a_known_rule_gives_the_same_block(data, pixels):
    (train, _), (heldout, _), (fake, _) = data
    rule = copy_rule(heldout, train)
    assert privacy(train, heldout, fake, pixels, rule=rule) == privacy(train, heldout, fake, pixels)


def test_few_heldout_images_are_a_warning_not_a_pass(data, pixels):
    (train, _), (heldout, _), (fake, _) = data
    block = privacy(train, heldout[:12], fake, pixels)
    assert block["verdict"] == "warn"
    assert "only 12 held-out images" in block["reasons"][0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x[:11], "needs 12 synthetic images"),
        (lambda x: x[..., :20], "bring them to one size"),
        (lambda x: x[0], "expected float"),
        (lambda x: x / 0, "200 of 200 hold NaN"),
    ],
)
def test_fidelity_refuses_bad_input(data, pixels, change, message):
    with pytest.raises(DataError, match=message):
        fidelity(data[0][0], change(data[1][0]), pixels)


@pytest.mark.parametrize("change", [lambda x: x[:4], lambda x: x[..., :20], lambda x: x[0], lambda x: x / 0])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_privacy_refuses_bad_input(data, pixels, change, place):
    images = [one for one, _ in data]
    images[place] = change(images[place])
    with pytest.raises(DataError) as error:
        privacy(*images, pixels)
    assert "\n" not in str(error.value)


def test_labels_must_fit(data, pixels):
    images = [one for one, _ in data]
    labels = (data[0][1], data[1][1], data[2][1][:7])
    with pytest.raises(DataError, match="labels of shape"):
        privacy(*images, pixels, labels=labels)
    with pytest.raises(DataError, match="labels of shape"):
        fidelity(images[0], images[1], pixels, real_labels=labels[0], synthetic_labels=labels[2])
