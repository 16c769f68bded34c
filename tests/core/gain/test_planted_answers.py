"""The whole chain of evaluation on a phantom whose answers are known.

Five generators: one that copies, one that collapsed, one that mixes up the labels, one that draws fresh
phantoms (a perfect generator), and one that only repeats the training set.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganworks.metrics.classifier import self_trained_extractor
from ganworks.metrics.extractors import PixelFeatures
from ganworks.metrics.fidelity import fidelity
from ganworks.metrics.gain import downstream_gain
from ganworks.metrics.labelled import Labelled
from ganworks.metrics.privacy import privacy

FRESH, SHUFFLED, REPEATED = "fresh", "shuffled", "repeated"


@pytest.fixture(scope="module")
def parts(phantom):
    """Training sets of two sizes, validation, test and fresh images; no patient is in two of them."""
    people = {"few": (16, 1), "many": (60, 5), "validation": (60, 2), "test": (150, 3), "fresh": (150, 4)}
    made = {name: phantom(patients, seed) for name, (patients, seed) in people.items()}
    together = np.concatenate([np.unique(part.patients) for part in made.values()])
    assert len(np.unique(together)) == len(together)
    return {name: part.labelled() for name, part in made.items()}


def shuffled(rows: Labelled) -> Labelled:
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(1))
    return Labelled(rows.images, rows.labels[order])


def repeated(rows: Labelled, times: int) -> Labelled:
    return Labelled(rows.images.repeat(times, 1, 1, 1), rows.labels.repeat(times))


def measure(parts, augment, train, synthetic, **options):
    return downstream_gain(
        parts[train],
        parts["validation"],
        parts["test"],
        synthetic,
        classes=2,
        augment=augment,
        **options,
    )


QUICK = {"seeds": 4, "steps": 100, "ratios": (4.0,)}


def test_fresh_phantoms_are_a_gain(parts, phantom_augment):
    found = measure(parts, phantom_augment, "few", parts["fresh"], **QUICK)
    assert found["verdict"] == "GAIN"
    assert found["gain"] > 0.05
    assert found["arms"]["synthetic_4.0"]["mean"] > found["arms"]["real+classical"]["mean"]


def test_shuffled_labels_are_harm(parts, phantom_augment):
    found = measure(parts, phantom_augment, "many", shuffled(parts["fresh"]), **QUICK)
    assert found["verdict"] == "HARM"
    assert found["label_fidelity"] == pytest.approx(0.5, abs=0.1)  # the classifier of real images disagrees


def test_repeated_training_images_are_no_gain(parts, phantom_augment):
    found = measure(parts, phantom_augment, "few", repeated(parts["few"], 5), **QUICK)
    assert found["verdict"] == "NO MEASURABLE GAIN"


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("train", "generator", "expected"),
    [
        ("few", FRESH, "GAIN"),
        ("many", SHUFFLED, "HARM"),
        ("few", REPEATED, "NO MEASURABLE GAIN"),
    ],
)
def test_all_ratios_and_twenty_seeds_agree(parts, phantom_augment, train, generator, expected):
    synthetic = {
        FRESH: parts["fresh"],
        SHUFFLED: shuffled(parts["fresh"]),
        REPEATED: repeated(parts[train], 5),
    }[generator]
    assert measure(parts, phantom_augment, train, synthetic)["verdict"] == expected


@pytest.fixture(scope="module")
def spaces(parts):
    """Two feature spaces that need no downloaded weights."""
    train = parts["many"]
    learned = self_trained_extractor(train.images, train.labels, 2, seed=0, steps=60)
    return {"pixels": PixelFeatures(), "self": learned}


def test_copies_fail_privacy_and_fresh_phantoms_do_not(parts, spaces):
    train, heldout = parts["many"], parts["validation"]
    generator = torch.Generator().manual_seed(0)
    noise = 0.01 * torch.randn(train.images.shape, generator=generator)
    copies = (train.images + noise).clamp(-1, 1)
    found = privacy(train.images, heldout.images, copies, spaces["pixels"])
    assert found["verdict"] == "fail"
    assert found["copies"] > 0.9 * len(copies)

    fresh = privacy(train.images, heldout.images, parts["fresh"].images, spaces["pixels"])
    assert fresh["verdict"] != "fail", fresh["reasons"]


def test_copies_would_pass_fidelity_which_is_why_privacy_is_a_gate(parts, spaces):
    found = fidelity(parts["test"].images, parts["many"].images, spaces["pixels"])
    assert found["coverage"] > 0.8 * found["coverage_floor"]


@pytest.mark.parametrize("space", ["pixels", "self"])
def test_a_collapsed_generator_fails_coverage(parts, spaces, space):
    fresh = parts["fresh"].images
    generator = torch.Generator().manual_seed(0)
    few = fresh[:4].repeat(75, 1, 1, 1)
    collapsed = (few + 0.01 * torch.randn(few.shape, generator=generator)).clamp(-1, 1)
    found = fidelity(parts["test"].images, collapsed, spaces[space])
    healthy = fidelity(parts["test"].images, fresh, spaces[space])
    assert found["coverage"] < 0.35 * found["coverage_floor"]
    assert healthy["coverage"] > 0.8 * healthy["coverage_floor"]
    assert found["kid"] > found["kid_floor"]
