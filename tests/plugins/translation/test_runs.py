"""Whole runs: pairs, label maps, two sets without pairs; their files, numbers, model, resume and refusals."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganworks.registry import discover
from ganworks.session import Session
from ganworks.training import Sampler, Validation, read_scalars, weights_sha256
from ganworks_cli.ending import verdict_lines
from ganworks_cli.main import main
from ganworks_exports import runtime
from ganworks_translation.pipeline import TranslationPipeline

HEIGHT, WIDTH = 24, 32

CYCLEGAN = ("--recipe", "cyclegan", "--set", "recipe_options.blocks=1", "--steps", 2)

Start = Callable[..., Session]


def manifest(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "manifest.csv").read_text(encoding="utf-8").splitlines()))


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def model_of(session: Session) -> runtime.Model:
    return runtime.load(session.run_folder.model / "generator.onnx")


def test_held_out_pictures_are_translated_into_marked_files(paired: Session) -> None:
    samples = paired.run_folder.samples
    rows = manifest(samples)
    assert len(rows) == 4
    held_out = set(paired.pipeline.study.source.names("test"))
    sha256 = weights_sha256(paired.checkpoints.best)
    for row in rows:
        assert row["source"] in held_out
        assert row["generator_sha256"] == sha256
        with Image.open(samples / row["file"]) as image:
            assert (image.size, image.mode) == ((WIDTH, HEIGHT), "RGB")
            assert image.info["synthetic"] == "true"
            assert json.loads(image.info["provenance"])["source"] == row["source"]
    with Image.open(samples / "sheet.png") as sheet:
        assert sheet.info["synthetic"] == "true"
        assert sheet.width > 3 * WIDTH  # input, output, target


def test_the_exported_model_makes_the_files_from_the_files(paired: Session, pairs: Path) -> None:
    model = model_of(paired)
    for row in manifest(paired.run_folder.samples):
        source = pixels(pairs / "a" / Path(row["source"]).name)[..., None]
        made = model.transform(source)
        written = pixels(paired.run_folder.samples / row["file"])
        assert np.abs(made.astype(int) - written).max() <= 1


def test_the_model_takes_any_size_and_has_no_live_dropout(paired: Session) -> None:
    model = model_of(paired)
    picture = np.random.default_rng(0).integers(0, 256, (45, 61, 1), dtype=np.uint8)
    first, second = model.transform(picture), model.transform(picture)
    assert first.shape == (45, 61, 3)
    np.testing.assert_array_equal(first, second)


def test_scores_stand_beside_every_rival(paired: Session) -> None:
    found = paired.run_folder.metrics()["translation"]
    assert found["n"] == len(paired.pipeline.study.source.rows("test"))
    assert set(found["scores"]) == {"translation", "copy of the input", "mean target", "nearest neighbour"}
    for scores in found["scores"].values():
        assert 0 < scores["l1"] < 1
        assert scores["perceptual"] > 0
        assert -1 < scores["ssim"] < 1
    assert "perceptual" in found["verdicts"]
    assert any(
        line.startswith(f"translation: {found['verdict']} (")
        for line in verdict_lines({"translation": found})
    )
    assert "back" not in found


def test_more_translations_replace_the_earlier_ones(paired: Session, tmp_path: Path) -> None:
    folder = str(paired.run_folder.folder)
    for count in (3, 2):
        words = ["sample", folder, "-n", str(count), "--out", str(tmp_path / "more"), "--force"]
        assert main(words) == 0
        assert len(manifest(tmp_path / "more")) == count
    assert main(["sample", folder, "-n", "500", "--out", str(tmp_path / "more")]) == 2
    assert main(["sample", folder, "-n", "500", "--out", str(tmp_path / "more"), "--force"]) == 0
    assert len(manifest(tmp_path / "more")) == len(paired.pipeline.study.source.rows("test"))
    assert main(["sample", folder, "--label", "cat", "--out", str(tmp_path / "other")]) == 2


def test_training_comes_nearer_to_the_targets(paired: Session) -> None:
    checks = [e for e in paired.run_folder.events() if e["event"] == "validation"]
    assert checks[-1]["l1"] < 0.9 * checks[0]["l1"]
    chosen = min(e["score"] for e in checks)
    assert read_scalars(paired.checkpoints.best)["score"] == pytest.approx(chosen)


def test_label_maps_go_in_as_whole_numbers(run: Start, label_pairs: Path, tmp_path: Path) -> None:
    session = run(
        tmp_path / "out", "--pairs", label_pairs, "--labels", "a", "--recipe", "pix2pix", "--steps", 2
    )
    model = model_of(session)
    assert model.inputs["image"]["high"] == 2
    row = manifest(session.run_folder.samples)[0]
    places = pixels(label_pairs / "a" / Path(row["source"]).name)[..., None]
    written = pixels(session.run_folder.samples / row["file"])
    assert np.abs(model.transform(places).astype(int) - written).max() <= 1
    assert model.card["label_map"]["values"] == [0, 1, 2]
    assert len(model.card["label_colours"]) == 3  # by which the web page knows a palette


@pytest.fixture(scope="module")
def hidden(run: Start, pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Trained without the pairs, by a recipe with a way back."""
    words = ("--pairs", pairs, "--hide-pairs", *CYCLEGAN)
    return run(tmp_path_factory.mktemp("hidden") / "out", *words)


def test_a_recipe_for_pairs_refuses_two_sets(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--pairs", str(pairs), "--hide-pairs", "--recipe", "pix2pix", "--steps", "1"]
    assert main(["run", "translate", *words, "--out", str(tmp_path / "out")]) == 2
    assert "'pix2pix' learns from pairs" in " ".join(capsys.readouterr().err.split())


def test_hidden_pairs_score_what_was_trained_without_them(hidden: Session) -> None:
    found = hidden.run_folder.metrics()["translation"]
    assert set(found["scores"]) == {"translation", "copy of the input", "mean target"}
    assert found["scores"]["translation"]["perceptual"] > 0
    checks = [e for e in hidden.run_folder.events() if e["event"] == "validation"]
    assert checks
    assert all("l1" not in e for e in checks)  # the checkpoint was not chosen by the pairs


def test_a_recipe_with_a_way_back_tells_of_it(hidden: Session) -> None:
    back = hidden.run_folder.metrics()["translation"]["back"]
    assert 0 < back["cycle"] < 1
    assert 0 < back["cycle_back"] < 1
    assert set(back["scores"]) == {"translation", "copy of the input"}


@pytest.mark.slow
def test_two_sets_of_different_numbers(run: Start, pairs: Path, tmp_path: Path) -> None:
    few = tmp_path / "few"
    shutil.copytree(pairs / "b", few)
    for number in range(8):
        (few / f"shape_{number:03d}.png").unlink()
    session = run(tmp_path / "out", "--a", pairs / "a", "--b", few, *CYCLEGAN)
    found = session.run_folder.metrics()["translation"]
    assert set(found["scores"]) == {"translation", "copy of the input"}
    assert "perceptual" not in found["scores"]["translation"]
    assert len(manifest(session.run_folder.samples)) == 4


def test_a_resumed_run_ends_where_an_uninterrupted_one_did(
    paired: Session,
    paired_words: tuple[Any, ...],
    run: Start,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    validate, calls = TranslationPipeline.validate, []

    def stop_in_the_middle(self: TranslationPipeline, sampler: Sampler) -> Validation:
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return validate(self, sampler)

    with monkeypatch.context() as patch:
        patch.setattr(TranslationPipeline, "validate", stop_in_the_middle)
        run(tmp_path / "cut", *paired_words, "--set", "checkpoint_seconds=0.001", code=130)
    monkeypatch.chdir(tmp_path)  # a resume may come from another directory
    assert main(["resume", str(tmp_path / "cut")]) == 0
    cut = Session.open(tmp_path / "cut", discover(third_party=False))
    assert weights_sha256(cut.checkpoints.best) == weights_sha256(paired.checkpoints.best)
    ours, theirs = (one.run_folder.metrics()["translation"]["scores"] for one in (paired, cut))
    assert ours == theirs


def test_a_missing_partner_is_one_line_that_names_it(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(pairs, tmp_path / "broken")
    (tmp_path / "broken" / "b" / "shape_007.png").unlink()
    assert (
        main(["run", "translate", "--pairs", str(tmp_path / "broken"), "--out", str(tmp_path / "out")]) == 2
    )
    assert "shape_007" in capsys.readouterr().err


def test_a_recipe_for_other_data_is_refused(pairs: Path, tmp_path: Path) -> None:
    words = ["run", "translate", "--pairs", str(pairs), "--out", str(tmp_path / "out"), "--recipe", "sngan"]
    assert main(words) == 2
