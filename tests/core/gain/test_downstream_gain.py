from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from ganworks.errors import DataError, UsageError
from ganworks.metrics.gain import default_steps, downstream_gain
from ganworks.metrics.gain_arms import Score, duplicates, macro_auc, recalls
from ganworks.metrics.gain_summary import gain_over_best, interval, paired_gain, verdict
from ganworks.metrics.labelled import Labelled

ARM_KEYS = {"mean", "std", "low", "high", "values", "auc", "minority_recall"}
RESULT_KEYS = {
    *("metric", "arms", "best_real_arm", "ratio", "gain", "gain_low", "gain_high", "seeds", "steps"),
    *("verdict", "label_fidelity", "per_class"),
}


def cloud(rows: int, seed: int, size: tuple[int, int] = (9, 7), classes: int = 2) -> Labelled:
    """Noise whose brightness in one corner tells the class."""
    random = torch.Generator().manual_seed(seed)
    labels = torch.arange(rows) % classes
    x = 0.4 * torch.randn(rows, 1, *size, generator=random)
    x[:, :, : size[0] // 2, : size[1] // 2] += 0.25 * labels.view(-1, 1, 1, 1)
    return Labelled(x.clamp(-1, 1), labels)


def shake(x, random):
    return x + 0.1 * torch.randn(x.shape, generator=random)


def run(train=None, validation=None, test=None, synthetic=None, **options):
    parts = [train, validation, test, synthetic]
    standard = [cloud(20, 0), cloud(20, 1), cloud(30, 2), cloud(40, 3)]
    parts = [other if part is None else part for part, other in zip(parts, standard, strict=True)]
    return downstream_gain(*parts, **({"classes": 2, "augment": shake, "seeds": 3, "steps": 6} | options))


@pytest.fixture(scope="module")
def result():
    return run(workers=1)


def test_result_has_the_agreed_form(result):
    assert set(result) == RESULT_KEYS
    assert list(json.loads(json.dumps(result))) == list(result)  # plain values only
    assert set(result["arms"]) == set(result["per_class"])
    assert set(result["arms"]) == {
        *("real", "real+classical", "duplicated", "synthetic_only"),
        *("synthetic_0.25", "synthetic_0.5", "synthetic_1.0"),
    }
    assert all(set(arm) == ARM_KEYS for arm in result["arms"].values())
    assert result["best_real_arm"] in ("real", "real+classical", "duplicated")
    assert 0 <= result["label_fidelity"] <= 1
    assert (result["metric"], result["seeds"], result["steps"]) == ("balanced_accuracy", 3, 6)


def test_numbers_agree_with_each_other(result):
    arms = result["arms"]
    ours, rival = (arms[name]["values"] for name in (f"synthetic_{result['ratio']}", result["best_real_arm"]))
    difference = np.subtract(ours, rival)
    assert result["gain"] == pytest.approx(difference.mean())
    low, high = stats.t.interval(0.95, 2, difference.mean(), stats.sem(difference))
    assert result["gain_low"] <= low  # the draw of the test images comes on top of the seeds
    assert result["gain"] <= high <= result["gain_high"]  # and so does the choice of the rival
    for name, arm in arms.items():
        assert arm["mean"] == pytest.approx(np.mean(result["per_class"][name]))
        assert arm["minority_recall"] in result["per_class"][name]


def test_a_misleading_validation_set_cannot_weaken_the_rival():
    truth = cloud(20, 1)
    turned_round = Labelled(truth.images, 1 - truth.labels)  # prefers whatever does worst
    found = run(validation=turned_round, steps=30, ratios=(1.0,))
    rivals = {name: found["arms"][name]["mean"] for name in ("real", "real+classical", "duplicated")}
    assert rivals[found["best_real_arm"]] == max(rivals.values())


def test_the_number_of_workers_changes_nothing(result):
    before = torch.get_num_threads()
    assert run(workers=3) == result
    assert torch.get_num_threads() == before


def test_progress_counts_every_classifier():
    seen = []
    run(seeds=2, steps=1, ratios=(0.5,), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 10) for done in range(1, 11)]


def test_an_interrupt_leaves_at_once():
    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(seeds=500, steps=2, progress=interrupt)  # would take a minute


def test_only_the_starved_class_may_be_filled_up():
    starved = Labelled(cloud(40, 3).images[::2], torch.zeros(20, dtype=torch.int64))
    assert run(synthetic=starved, steps=2, ratios=(1,))["ratio"] == 1


def test_classes_that_are_not_to_be_filled_enter_synthetic_only_and_no_other_arm():
    both = cloud(40, 3)
    options = {"steps": 8, "seeds": 2, "ratios": (1.0,)}
    alone = run(synthetic=Labelled(both.images[1::2], both.labels[1::2]), **options)
    found = run(synthetic=both, fill=[1], **options)
    same = ("real", "real+classical", "synthetic_1.0", "duplicated")
    assert {name: found["arms"][name] for name in same} == {name: alone["arms"][name] for name in same}
    assert found["label_fidelity"] == alone["label_fidelity"]
    assert found["per_class"]["synthetic_only"] != alone["per_class"]["synthetic_only"]
    with pytest.raises(DataError, match="classes to fill"):
        run(synthetic=Labelled(both.images[::2], both.labels[::2]), fill=[1])


def score(hits, labels):
    recall = np.array([hits[labels == label].mean() for label in np.unique(labels)])
    return Score(float("nan"), float(recall.mean()), float("nan"), recall, hits, float("nan"))


def test_the_gain_interval_is_a_stratified_bootstrap_over_test_images_when_seeds_agree():
    random, labels = np.random.default_rng(0), np.repeat([0, 1], [25, 120])
    ours, rival = ((random.random(145) < p).astype(float) for p in (0.85, 0.7))
    gain, low, high = paired_gain([score(ours, labels)] * 3, [score(rival, labels)] * 3, labels)
    rows = [np.flatnonzero(labels == label) for label in (0, 1)]
    draws = [
        np.mean([(ours - rival)[random.choice(of_class, len(of_class))].mean() for of_class in rows])
        for _ in range(4000)
    ]
    assert gain == pytest.approx(np.mean(draws), abs=0.01)
    assert (low, high) == pytest.approx(np.quantile(draws, [0.025, 0.975]), abs=0.015)


def test_the_gain_interval_is_students_when_every_test_image_agrees():
    labels = np.repeat([0, 1], 30)
    ours = [score(np.full(60, share), labels) for share in (0.7, 0.8, 0.75)]
    rival = [score(np.full(60, 0.7), labels)] * 3
    assert paired_gain(ours, rival, labels) == pytest.approx(interval(np.array([0.0, 0.1, 0.05])))


def scores_of(random, labels, shares):
    return [score((random.random(len(labels)) < share).astype(float), labels) for share in shares]


def test_equal_rivals_are_seldom_harm_though_one_of_them_is_always_ahead():
    random, labels = np.random.default_rng(0), np.repeat([0, 1], 3)
    found, careless = [], []
    for _ in range(400):
        arms = random.normal(0.8, 0.02, (4, 8))  # equal but for the seeds
        ours, *rivals = ([score(np.full(6, share), labels) for share in arm] for arm in arms)
        _, low, high = gain_over_best(ours, rivals, labels)
        found.append(verdict(low, high))
        careless.append(paired_gain(ours, rivals[int(arms[1:].mean(1).argmax())], labels)[2] < 0)
    assert found.count("HARM") <= 0.03 * 400 < sum(careless)
    assert found.count("GAIN") <= 0.03 * 400


def test_the_gain_is_over_the_best_rival_and_its_low_end_over_each():
    random, labels = np.random.default_rng(1), np.repeat([0, 1], 40)
    ours, weak, strong = (scores_of(random, labels, [share] * 6) for share in (0.8, 0.6, 0.75))
    gain, low, high = gain_over_best(ours, [weak, strong], labels)
    each = [paired_gain(ours, rival, labels) for rival in (weak, strong)]
    assert (gain, low) == (min(one[0] for one in each), min(one[1] for one in each))
    assert high > min(one[2] for one in each)
    assert gain_over_best(ours, [strong], labels) == paired_gain(ours, strong, labels)


def test_copies_of_the_control_weigh_every_real_image_alike():
    copies = duplicates(cloud(10, 0), Labelled(torch.zeros(53, 1, 9, 7), torch.arange(53) % 2), 2)
    _, times = copies.images.unique(dim=0, return_counts=True)
    assert len(times) == 10
    assert times.max() - times.min() <= 1


def test_large_images_are_averaged_down():
    train, validation, test, synthetic = (cloud(12, seed, size=(60, 24)) for seed in range(4))
    smaller = [
        Labelled(torch.nn.functional.avg_pool2d(part.images, 6), part.labels)
        for part in (train, validation, test, synthetic)
    ]
    options = {"classes": 2, "augment": shake, "seeds": 2, "steps": 2, "ratios": (1.0,)}
    shrunk = downstream_gain(train, validation, test, synthetic, longest_side=10, **options)
    assert shrunk == downstream_gain(*smaller, longest_side=None, **options)


def test_duplicates_match_the_class_counts_and_are_real_rows():
    train = cloud(10, 0)
    like = Labelled(torch.zeros(7, 1, 9, 7), torch.tensor([0, 1, 1, 1, 1, 1, 1]))
    copies = duplicates(train, like, 2)
    assert torch.equal(copies.labels, like.labels)
    for image, label in zip(copies.images, copies.labels, strict=True):
        twins = (train.images == image).flatten(1).all(1)
        assert twins.any()
        assert train.labels[twins].unique().tolist() == [int(label)]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=3, max_size=40))
def test_recalls_average_to_balanced_accuracy(pairs):
    truth, guess = (torch.tensor(part) for part in zip(*[*pairs, (0, 1), (1, 1), (2, 0)], strict=True))
    found = recalls(truth, torch.nn.functional.one_hot(guess, 3).float())
    assert found.mean() == pytest.approx(balanced_accuracy_score(truth, guess))


def test_macro_auc_is_sklearns():
    random = torch.Generator().manual_seed(0)
    truth = torch.arange(60) % 3
    guess = torch.randn(60, 3, generator=random).softmax(1)
    expected = roc_auc_score(truth.numpy(), guess.numpy(), multi_class="ovr")
    assert macro_auc(truth, guess) == pytest.approx(expected, abs=1e-6)
    two = guess[:, :2] / guess[:, :2].sum(1, keepdim=True)
    assert macro_auc(truth.clamp(max=1), two) == pytest.approx(
        roc_auc_score(truth.clamp(max=1).numpy(), two[:, 1].numpy())
    )


def test_interval_covers_the_truth_as_often_as_it_says():
    random = np.random.default_rng(0)
    inside = 0
    for _ in range(1000):
        _, low, high = interval(random.normal(0.3, 1, 5))
        inside += low < 0.3 < high
    assert 0.93 < inside / 1000 < 0.97


def test_verdict_needs_the_whole_interval_on_one_side():
    assert [verdict(0.0, 0.1), verdict(1e-9, 0.1), verdict(-0.1, 0.0), verdict(-0.1, -1e-9)] == [
        *("NO MEASURABLE GAIN", "GAIN", "NO MEASURABLE GAIN", "HARM"),
    ]


def test_steps_grow_with_the_smallest_class_and_the_classes():
    def rows(*counts):
        labels = torch.cat([torch.full((count,), k) for k, count in enumerate(counts)])
        return Labelled(torch.zeros(len(labels), 1, 1, 1), labels)

    assert default_steps(rows(30, 900), 2) == default_steps(rows(100, 900), 2) == 200
    assert default_steps(rows(5000, 5000), 2) == 400
    assert 200 < default_steps(rows(225, 900), 2) < 400
    assert default_steps(rows(50, 50, 50, 50), 4) == 400
    assert default_steps(rows(*[500] * 10), 10) == 800


BAD = {
    "no test images of class": {"test": Labelled(torch.zeros(4, 1, 9, 7), torch.zeros(4, dtype=torch.int64))},
    "no training images of class": {
        "train": Labelled(torch.zeros(4, 1, 9, 7), torch.ones(4, dtype=torch.int64))
    },
    "synthetic images are": {"synthetic": cloud(4, 0, size=(8, 8))},
    "labels run from": {"synthetic": cloud(9, 0, classes=3)},
    "hold NaN": {"synthetic": Labelled(torch.full((2, 1, 9, 7), float("nan")), torch.tensor([0, 1]))},
    "n > 0": {"synthetic": Labelled(torch.zeros(0, 1, 9, 7), torch.zeros(0, dtype=torch.int64))},
}


@pytest.mark.parametrize("message", BAD)
def test_bad_data_are_one_line(message):
    with pytest.raises(DataError, match=message) as caught:
        run(**BAD[message])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("options", [{"seeds": 1}, {"steps": 0}, {"ratios": ()}, {"ratios": (0.0, 1.0)}])
def test_bad_options_are_refused(options):
    with pytest.raises(UsageError, match="downstream gain"):
        run(**options)
