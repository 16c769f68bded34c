"""Generators whose faults are known must be ordered as they must, and copies must fail privacy."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F

from ganworks.metrics import fidelity, privacy

N = 150  # images in each set


def blurred(images, sigma):
    reach = round(3 * sigma)
    kernel = torch.exp(-((torch.arange(2 * reach + 1) - reach) ** 2) / (2 * sigma**2))
    kernel = kernel / kernel.sum()
    padded = F.pad(images, (reach,) * 4, "reflect")
    return F.conv2d(F.conv2d(padded, kernel.view(1, 1, 1, -1)), kernel.view(1, 1, -1, 1))


def noisy(images, sigma):
    draw = torch.Generator().manual_seed(99)
    return (images + sigma * torch.randn(images.shape, generator=draw)).clamp(-1, 1)


@pytest.fixture(scope="module")
def sets(phantoms):
    (train, _), (heldout, _), (fresh, _) = (phantoms(N, seed) for seed in (1, 2, 3))
    more, more_labels = phantoms(2 * N + 60, seed=4)
    return SimpleNamespace(
        train=train,
        heldout=heldout,
        generators={
            "fresh": fresh,
            "slightly noisy": noisy(fresh, 0.1),
            "noisy": noisy(fresh, 0.3),
            "slightly blurred": blurred(fresh, 0.6),
            "blurred": blurred(fresh, 1.2),
            "less contrast": (fresh + 1) * 0.7 - 1,
            "one class": more[more_labels == 1][:N],
            "copies": train,
            "ten repeated": train[:10].repeat(N // 10, 1, 1, 1),
            "noisy copies": noisy(train, 0.02),
            "mirrored copies": train.flip(-1),
            "shifted copies": torch.roll(train, (2, 2), (2, 3)),
            "a fifth copied": torch.cat([train[: N // 5], fresh[N // 5 :]]),
        },
    )


@pytest.fixture(scope="module")
def score(sets, lite0):
    found = {}

    def of(name):
        if name not in found:
            found[name] = fidelity(sets.heldout, sets.generators[name], lite0)
        return found[name]

    return of


@pytest.fixture(scope="module")
def audit(sets, lite0):
    found = {}

    def of(name, flips=True):
        if (name, flips) not in found:
            found[name, flips] = privacy(sets.train, sets.heldout, sets.generators[name], lite0, flips=flips)
        return found[name, flips]

    return of


def test_fresh_real_images_reach_every_floor(score):
    fresh = score("fresh")
    assert fresh["kid_low"] <= 0 <= fresh["kid_high"]
    assert fresh["kid"] < 2 * fresh["kid_floor"]
    assert fresh["fd"] == pytest.approx(fresh["fd_floor"], rel=0.15)
    for name in ("precision", "recall", "density", "coverage"):
        assert fresh[name] == pytest.approx(fresh[f"{name}_floor"], abs=0.15)
    assert fresh["diversity_ratio"] == pytest.approx(1, abs=0.05)
    assert fresh["spectrum_distance"] < 0.5
    assert fresh["intensity_emd"] < 0.02


@pytest.mark.parametrize("distance", ["kid", "fd"])
@pytest.mark.parametrize(
    "order",
    [
        ("fresh", "slightly noisy", "noisy"),
        ("fresh", "slightly blurred", "blurred"),
        ("fresh", "less contrast", "blurred"),
        ("fresh", "one class", "noisy"),
        ("fresh", "ten repeated", "noisy"),
    ],
)
def test_worse_generators_are_further(score, distance, order):
    values = [score(name)[distance] for name in order]
    assert values == sorted(values)
    assert values[1] > score("fresh")[f"{distance}_floor"]


@pytest.mark.parametrize("name", ["noisy", "blurred", "ten repeated"])
def test_the_interval_excludes_the_floor_of_a_bad_generator(score, name):
    found = score(name)
    assert found["kid_floor"] < found["kid_low"] < found["kid"] < found["kid_high"]


def test_collapse_shows_in_recall_and_coverage_but_not_in_precision(score):
    collapsed, fresh = score("ten repeated"), score("fresh")
    assert collapsed["precision"] > 0.7
    assert collapsed["recall"] < 0.2
    assert collapsed["coverage"] < 0.5 < 0.8 < fresh["coverage"]


def test_texture_and_intensity_have_their_own_numbers(score):
    fresh = score("fresh")
    for name in ("noisy", "blurred"):
        assert score(name)["spectrum_distance"] > 5 * fresh["spectrum_distance"]
    assert score("less contrast")["intensity_emd"] > 5 * fresh["intensity_emd"]


def test_fidelity_alone_rewards_copies(score):
    copies = score("copies")
    assert copies["kid"] < 2 * copies["kid_floor"]
    assert copies["coverage"] > 0.8


@pytest.mark.parametrize("name", ["fresh", "slightly noisy", "noisy"])
def test_no_copying_passes(audit, name):
    assert audit(name)["verdict"] == "pass"
    assert audit(name)["reasons"] == []
    assert audit(name)["membership_auc"] == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("name", ["slightly blurred", "blurred", "less contrast"])
def test_smooth_images_do_not_count_as_copies(audit, name):
    assert audit(name)["verdict"] != "fail"
    assert audit(name)["copies"] <= 2


@pytest.mark.parametrize(
    "name",
    ["copies", "ten repeated", "noisy copies", "mirrored copies", "shifted copies", "a fifth copied"],
)
def test_copies_fail(audit, name):
    found = audit(name)
    assert found["verdict"] == "fail"
    assert any("near-copies" in reason for reason in found["reasons"])
    assert found["copies"] == pytest.approx(N // 5 if name == "a fifth copied" else N, abs=2)


@pytest.mark.parametrize("name", ["copies", "ten repeated", "mirrored copies"])
def test_copies_are_caught_by_the_data_copying_statistic(audit, name):
    assert audit(name)["ct"] < -6
    assert audit(name)["ct_auc"] < 0.2
    assert audit(name)["authenticity"] < 0.5 * audit(name)["authenticity_heldout"]


def test_members_are_recognised_by_their_copies(audit):
    assert audit("copies")["membership_auc"] > 0.95
    assert audit("mirrored copies")["membership_auc"] > 0.95


def test_mirrored_copies_need_flips(audit):
    assert audit("mirrored copies", flips=False)["copies"] < 0.1 * N  # some phantoms are symmetric
    assert audit("mirrored copies", flips=True)["copies"] == N


def test_dropping_copies_does_not_hide_them(sets, lite0):
    fresh = sets.generators["fresh"]
    assert privacy(sets.train, sets.heldout, fresh, lite0, dropped=60)["verdict"] == "fail"
