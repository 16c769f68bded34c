"""What a run says when there is little evidence, or evidence against it: few unseen images, a copier."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn

from ganworks import RunError, UsageError, plugin
from ganworks.pipeline import SampleRequest
from ganworks.registry import discover
from ganworks.run import Run
from ganworks.session import Session
from ganworks.training import Checkpoints, Sampler
from ganworks_image.evaluation import FEWEST_KEPT, NOT_APPLICABLE, like_the_real_ones, validated_by
from ganworks_image.gate import CopyGate, Purpose, first_seed
from ganworks_image.study import Study
from ganworks_medical.options import Options
from ganworks_medical.pipeline import MedicalPipeline

QUICK = {
    "steps": 4,
    "threads": 1,
    "seeds": 2,
    "images_per_class": 3,
    "recipe": "sngan",
    "recipe_options": {"batch": 8, "width": 8},
    "modality": "mr",  # no flips: the copies stay as they are
}


def write_npz(path: Path, rows: int, patients: int, side: int = 16) -> Path:
    """Images of two classes, bright on the left or on the right; patients have images of both."""
    draw = np.random.default_rng(0)
    labels = np.arange(rows) % 2
    pixels = draw.integers(40, 160, (rows, side, side)).astype(np.uint8)
    pixels[labels == 0, :, : side // 2] += 60
    pixels[labels == 1, :, side // 2 :] += 60
    np.savez(path, x=pixels, y=labels, patient=np.arange(rows) * patients // rows)
    return path


def pipeline(data: Path, out: Path, **options) -> MedicalPipeline:
    run, chosen = Run(out), Options(data=data, **QUICK | options)
    run.save_settings({"domain": "medical-augment", "options": chosen.model_dump(mode="json")})
    return MedicalPipeline(chosen, run, discover(third_party=False))


class Copier(nn.Module):
    """A generator that learned its training images by heart and nothing else."""

    def __init__(self, images: torch.Tensor, labels: torch.Tensor, honest: int | None = None) -> None:
        super().__init__()
        self.images, self.labels, self.honest = images, labels, honest

    def forward(self, latent: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        made = torch.empty(len(label), *self.images.shape[1:])
        for row, (z, y) in enumerate(zip(latent, label.tolist(), strict=True)):
            own = self.images[self.labels == y]
            made[row] = own[int(z[0].abs() * 1e4) % len(own)]
            if y == self.honest:  # this class is drawn anew
                made[row] = torch.rand(made[row].shape, generator=torch.Generator().manual_seed(row)) - 0.5
        return made


def copier(study: Study, honest: int | None = None) -> Sampler:
    train = study.part("train")
    module = Copier(train.all_rows(), train.labels, honest)
    return Sampler(module, latent=8, classes=len(study.classes), device=torch.device("cpu"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> MedicalPipeline:
    """Enough unseen images for every number."""
    root = tmp_path_factory.mktemp("evidence")
    found = pipeline(write_npz(root / "set.npz", rows=240, patients=60), root / "out")
    found.run.checkpoints.mkdir(parents=True)
    save_file({"weight": torch.zeros(1)}, Checkpoints(found.run.checkpoints).best)  # nothing was trained
    return found


def test_one_patient_gives_a_whole_run_that_says_what_it_cannot_tell(tmp_path):
    data = write_npz(tmp_path / "set.npz", rows=40, patients=1)
    registry = discover(third_party=False)
    domain = registry.find(plugin.Domain, "medical-augment")
    session = Session.create(domain, Options(data=data, **QUICK), tmp_path / "out", registry)
    metrics = session.run()
    for block in ("fidelity", "privacy", "downstream"):
        assert metrics[block]["verdict"] == NOT_APPLICABLE
        assert metrics[block]["reason"]
    warned = [e["kind"] for e in session.run_folder.events() if e["event"] == "warning"]
    assert warned.count("no-held-out-images") == warned.count("validation-on-training") == 1
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "distance to training images" in page
    assert (tmp_path / "out" / "model" / "generator.onnx").exists()


def test_a_copier_fails_privacy_and_nothing_else_is_measured(whole):
    found = whole.evaluate(copier(whole.study))
    privacy = found["privacy"]
    assert privacy["verdict"] == "fail"
    assert privacy["copies"] == len(like_the_real_ones(whole.study))
    assert privacy["authenticity"] < 0.1
    for block in ("fidelity", "downstream"):
        assert found[block]["verdict"] == NOT_APPLICABLE
        assert "near-copies" in found[block]["reason"]
    assert "extra" not in found
    page = whole.report(copier(whole.study), found).read_text(encoding="utf-8")
    assert "Memorisation test: fail" in page


def test_a_copier_of_one_class_is_named_and_the_rest_is_measured(whole):
    found = whole.evaluate(copier(whole.study, honest=0))
    assert found["privacy"]["verdict"] == "fail"
    assert found["privacy"]["dropped"] > 0
    assert found["fidelity"]["n_synthetic"] >= FEWEST_KEPT
    assert found["downstream"]["verdict"] == NOT_APPLICABLE
    assert f"class '{whole.study.classes[1]}': 0 synthetic images" in found["downstream"]["reason"]


def test_samples_of_a_copier_are_an_empty_folder_with_a_manifest_and_a_warning(whole, tmp_path):
    folder = whole.sample(copier(whole.study), SampleRequest(out=tmp_path / "samples"))
    lines = (folder / "manifest.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("file,label,seed")
    last = [e for e in whole.run.events() if e["event"] == "warning"][-1]
    assert last["kind"] == "near-copies"
    assert "0 of 6 samples" in last["text"]


def test_samples_asked_for_later_are_further_ones(whole, tmp_path):
    sampler = copier(whole.study, honest=0)
    label = whole.study.classes[0]
    own = whole.sample(sampler, SampleRequest(out=whole.run.samples, count=5, label=label))
    more = whole.sample(sampler, SampleRequest(out=tmp_path / "more", count=5, label=label))
    seeds = []
    for folder in (own, more):
        rows = list(csv.DictReader((folder / "manifest.csv").read_text(encoding="utf-8").splitlines()))
        seeds.append({int(row["seed"]) for row in rows})
    assert [len(of) for of in seeds] == [5, 5]
    assert not seeds[0] & seeds[1]


PURPOSE, SEED, NUMBER = st.sampled_from(Purpose), st.integers(0, 2**31 - 1), st.integers(0, 2**27 - 1)


@given(PURPOSE, SEED, NUMBER, PURPOSE, SEED, NUMBER)
def test_no_two_purposes_seeds_or_numbers_share_a_seed(purpose, seed, number, other, its_seed, its_number):
    ours, theirs = first_seed(purpose, seed) + number, first_seed(other, its_seed) + its_number
    assert 0 <= ours < 2**63  # fits int64
    assert (ours == theirs) == ((purpose, seed, number) == (other, its_seed, its_number))


@pytest.mark.parametrize("seed", [-1, 2**31])
def test_a_seed_out_of_range_is_a_usage_error(seed):
    with pytest.raises(UsageError, match="use 0 to 2147483647"):
        first_seed(Purpose.FILES, seed)


def test_a_required_gain_is_asked_for_after_the_numbers_are_there(tmp_path):
    found = pipeline(tmp_path / "set.npz", tmp_path / "out", require_gain=True)
    found.conclude({"downstream": {"verdict": "GAIN"}})
    for metrics in ({"downstream": {"verdict": "HARM"}}, {}):
        with pytest.raises(RunError, match="--require-gain"):
            found.conclude(metrics)
    pipeline(tmp_path / "set.npz", tmp_path / "out").conclude({})


def test_few_test_images_are_no_downstream_experiment(tmp_path):
    found = pipeline(write_npz(tmp_path / "set.npz", rows=100, patients=50), tmp_path / "out")
    block = found.evaluate(copier(found.study, honest=0))["downstream"]
    assert block["verdict"] == NOT_APPLICABLE
    assert "too few test images (0 10, 1 10)" in block["reason"]


def test_eight_validation_images_are_used(tmp_path):
    found = pipeline(write_npz(tmp_path / "set.npz", rows=100, patients=50), tmp_path / "out")
    assert 8 <= len(found.study.part("validation")) < 24
    assert validated_by(found.study) == "validation"
    assert len(found._validation[1]) == len(found.study.part("validation"))
    warned = [e["kind"] for e in found.run.events() if e["event"] == "warning"]
    assert "validation-on-training" not in warned


def test_tiny_images_are_trained_from_scratch(tmp_path):
    found = pipeline(write_npz(tmp_path / "set.npz", rows=60, patients=30, side=12), tmp_path / "out")
    assert found.default_recipe(found.read()) == "sngan"


def test_a_report_before_any_evaluation_says_so(whole):
    page = whole.report(copier(whole.study), {}).read_text(encoding="utf-8")
    assert page.count("not evaluated yet: `gan evaluate RUN`") == 3


def test_the_report_shows_both_feature_spaces_and_percent(whole):
    measured = ("kid", "fd", "precision", "recall", "density", "coverage")
    space = {f"{name}{end}": 0.123456 for name in measured for end in ("", "_floor")}
    lite0 = space | {"extractor": {"name": "lite0", "hash": "a" * 64}, "n_real": 40, "n_synthetic": 500}
    lite0 |= {"diversity_ratio": None, "spectrum_distance": 0.98765, "intensity_emd": 0.1, "per_class": {}}
    lite0["independent"] = space | {"extractor": {"name": "self", "hash": "b" * 64}, "coverage": 0.77}
    arm = {"mean": 0.87654, "low": 0.8, "high": 0.9, "auc": 0.91234, "minority_recall": 0.5}
    gain = {"verdict": "GAIN", "gain": 0.031, "gain_low": 0.01, "gain_high": 0.05, "seeds": 2}
    gain |= {"best_real_arm": "real", "arms": {"real": arm, "synthetic_1.0": arm}, "label_fidelity": 0.934}
    metrics = json.loads(json.dumps({"fidelity": lite0, "downstream": gain}))
    page = whole.report(copier(whole.study), metrics).read_text(encoding="utf-8")
    for text in ("Coverage, lite0", "Coverage, self", "KID-lite0", "KID-self", "0.77", "0.988"):
        assert text in page
    for text in ("+3.1 points of balanced accuracy [+1.0, +5.0]", "87.7", "93.4 %", "0.912"):
        assert text in page
    assert "chosen on the test part itself" in " ".join(page.split())


def test_large_images_are_compared_small_and_kept_large(tmp_path):
    found = pipeline(
        write_npz(tmp_path / "set.npz", rows=60, patients=30, side=80), tmp_path / "out", size=80
    )
    gate, sampler = CopyGate(found.study), copier(found.study, honest=0)
    assert gate.train.shape[1:] == gate.heldout.shape[1:] == (1, 64, 64)
    labels = torch.zeros(5, dtype=torch.int64)
    large, small = (gate.draw(sampler, labels, 7, small=small) for small in (False, True))
    assert large.images.shape == (5, 1, 80, 80)
    assert small.images.shape == (5, 1, 64, 64)
    assert torch.equal(large.distances, small.distances)
    copies = gate.draw(sampler, labels + 1, 7)
    assert len(copies.labels) == 0
    assert copies.dropped == 15
    assert "closest of 256" in found.report(sampler, {"privacy": PASSED}).read_text(encoding="utf-8")


PASSED = {
    **dict.fromkeys(("ct", "authenticity", "authenticity_heldout", "membership_auc"), 0.5),
    **{"verdict": "pass", "reasons": [], "dropped": 0, "copies": 0},
}
