"""Whole runs: photos in, restored ones, a report and a model out; for every task and depth."""

from __future__ import annotations

import csv
import html
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from skimage import data

from ganworks import UsageError
from ganworks.pipeline import SampleRequest
from ganworks.registry import discover
from ganworks.session import Session
from ganworks_cli.main import main
from ganworks_exports import runtime
from ganworks_super_resolution.mixing import mixed_sampler
from ganworks_super_resolution.pipeline import RestorationPipeline
from ganworks_super_resolution.report import INVENTS

SMALL = {"width": 8, "depth": 1, "batch": 4}
GAME = {**SMALL, "critic_width": 8}


def write_photos(root: Path, *, depth: int = 8, grey: bool = False) -> Path:
    """Eight pieces of one photo, of two sizes."""
    root.mkdir()
    for row in range(8):
        height, width = (48, 64) if row % 2 else (53, 47)
        pixels = data.chelsea()[32 * row : 32 * row + height, 40 * row : 40 * row + width]
        if grey:
            pixels = pixels[..., 1]
        if depth == 16:
            pixels = pixels.astype(np.uint16) * 257
        Image.fromarray(np.ascontiguousarray(pixels)).save(root / f"{row}.png")
    return root


def words(options: dict[str, Any]) -> list[str]:
    return [word for name, value in options.items() for word in ("--set", f"recipe_options.{name}={value}")]


def run(photos: Path, out: Path, *given: str, options: dict[str, Any] | None = None) -> Session:
    quick = ["--steps", "2", "--crop", "16", "--threads", "1", *words(SMALL if options is None else options)]
    assert main(["run", "super-resolution", "--train", str(photos), "--out", str(out), *quick, *given]) == 0
    return opened(out)


def opened(out: Path) -> Session:
    return Session.open(out, discover(third_party=False))


def manifest(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "manifest.csv").read_text(encoding="utf-8").splitlines()))


def pixels(path: Path) -> NDArray[Any]:
    with Image.open(path) as file:
        return np.asarray(file)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Session:
    root = tmp_path_factory.mktemp("upscale")
    return run(write_photos(root / "photos"), root / "out", "--scale", "4")


def test_the_written_results_are_what_the_exported_model_makes_of_the_inputs(trained: Session) -> None:
    samples = trained.run_folder.samples
    rows = manifest(samples)
    model = runtime.load(trained.run_folder.model / "generator.onnx")
    assert rows
    for made in rows:
        with Image.open(samples / made["file"]) as file:
            assert file.info["synthetic"] == "true"
            about = json.loads(file.info["provenance"])
        assert about["generator_sha256"] == model.card["generator_sha256"]
        result = model.transform(pixels(samples / made["input"]))
        assert np.abs(result.astype(int) - pixels(samples / made["file"])).max() <= 1
    with Image.open(samples / "sheet.png") as sheet:
        assert sheet.info["synthetic"] == "true"


def test_the_run_says_what_it_learned_and_what_it_is_worth(trained: Session) -> None:
    found = trained.run_folder.metrics()["restoration"]
    assert (found["task"], found["scale"], found["border"]) == ("upscale", 4, 4)
    assert set(found["mean"]) == {"model", "bicubic", "nearest"}
    assert found["photos"] == len(found["per_photo"]) > 0
    assert found["seconds_per_megapixel"] > 0
    settings = trained.run_folder.settings()
    assert settings["recipe"]["name"] == "restore"
    assert (settings["data"]["task"], settings["data"]["scale"]) == ("upscale", 4)
    assert sum(settings["data"]["photos"].values()) == 8
    held_out = {row["photo"] for row in manifest(trained.run_folder.samples)}
    table = trained.pipeline.photos.table  # type: ignore[attr-defined]
    assert held_out == set(table["file"][table["split"] == "test"])  # whole photos, none trained on
    report = (trained.run_folder.folder / "report.html").read_text(encoding="utf-8")
    assert "PSNR-Y over bicubic" in report


def test_the_float_view_agrees_with_the_app_view(trained: Session) -> None:
    """Also in a session that opens a run only to export it, as enhancing does."""
    path = opened(trained.run_folder.folder).export(view="float").file
    whole, fine = runtime.load(trained.run_folder.model / "generator.onnx"), runtime.load(path)
    picture = np.ascontiguousarray(data.chelsea()[:23, :31])
    made = fine.transform(picture.astype(np.float32) / 255)
    assert np.abs(np.rint(made * 255) - whole.transform(picture)).max() <= 1
    assert (whole.card["scale"], whole.card["invents_detail"]) == (4, False)


def test_more_samples_and_a_seed(
    trained: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(trained.run_folder.folder)
    assert main(["sample", folder, "-n", "1", "--seed", "5", "--out", str(tmp_path / "more")]) == 0
    rows = manifest(tmp_path / "more")
    assert [row["seed"] for row in rows] == ["5"]
    assert "warning" not in capsys.readouterr().err  # as many as were asked for
    again = ["sample", folder, "-n", "1", "--out", str(tmp_path / "more")]
    assert main(again) == 2  # samples of an earlier call
    assert main([*again, "--force"]) == 0
    (tmp_path / "more" / "mine.txt").write_text("x")
    assert main([*again, "--force"]) == 2
    assert (tmp_path / "more" / "mine.txt").exists()


def test_what_makes_no_sense_is_refused(trained: Session, tmp_path: Path) -> None:
    pipeline = trained.pipeline
    with pytest.raises(UsageError, match="no classes"):
        pipeline.sample(trained.sampler(), SampleRequest(out=tmp_path / "x", label="cat"))
    with pytest.raises(UsageError, match="no view 'latent'"):
        pipeline.deployable(trained.sampler(), "latent")
    given = ["--from", str(trained.run_folder.folder), "--steps", "2", "--out", str(tmp_path / "y")]
    assert main(["run", "super-resolution", *given]) == 2


@pytest.mark.parametrize(
    ("task", "grey", "depth"),
    [
        ("denoise", True, 16),
        ("inpaint", False, 8),
        pytest.param("inpaint", True, 16, marks=pytest.mark.slow),
        pytest.param("deblur", False, 8, marks=pytest.mark.slow),
        pytest.param("jpeg", True, 8, marks=pytest.mark.slow),
    ],
)
def test_every_task_runs_from_photos_to_a_model(tmp_path: Path, task: str, grey: bool, depth: int) -> None:
    photos = write_photos(tmp_path / "photos", depth=depth, grey=grey)
    session = run(photos, tmp_path / "out", "--task", task)
    found = session.run_folder.metrics()["restoration"]
    assert (found["scale"], found["rival"]) == (1, "input")
    model = runtime.load(session.run_folder.model / "generator.onnx")
    channels = (1 if grey else 3) + (task == "inpaint")
    assert (model.inputs["image"]["dtype"], model.inputs["image"]["shape"][3]) == (f"uint{depth}", channels)
    made = manifest(session.run_folder.samples)[0]
    restored = pixels(session.run_folder.samples / made["file"])
    assert restored.dtype == (np.uint16 if depth == 16 else np.uint8)
    original = pixels(photos / made["photo"])
    assert restored.shape == original.shape


def test_grey_pictures_get_colours(tmp_path: Path) -> None:
    session = run(write_photos(tmp_path / "photos"), tmp_path / "out", "--task", "colourise")
    model = runtime.load(session.run_folder.model / "generator.onnx")
    assert model.transform(np.zeros((9, 11, 1), np.uint8)).shape == (9, 11, 3)


def test_a_grey_data_set_has_no_colours_to_learn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos = write_photos(tmp_path / "photos", grey=True)
    given = ["--train", str(photos), "--task", "colourise", "--steps", "2", "--out", str(tmp_path / "out")]
    assert main(["run", "super-resolution", *given]) == 2
    assert "colour photos" in capsys.readouterr().err


@pytest.fixture(scope="module")
def sharpened(trained: Session, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A run of a game that began with the network of `trained`."""
    folder = trained.run_folder.folder
    return run(
        folder.parent / "photos",
        tmp_path_factory.mktemp("game") / "out",
        *("--scale", "4", "--recipe", "srgan", "--start-from", str(folder)),
        options={**GAME, "warm_images": 0},
    )


def test_a_game_is_judged_by_perceptual_distance_and_says_that_it_invents(sharpened: Session) -> None:
    checks = [event for event in sharpened.run_folder.events() if event["event"] == "validation"]
    assert all(event["score"] == event["perceptual"] for event in checks)
    assert all("psnr_y" in event for event in checks)
    report = html.unescape((sharpened.run_folder.folder / "report.html").read_text(encoding="utf-8"))
    assert INVENTS in report
    assert runtime.load(sharpened.run_folder.model / "generator.onnx").card["invents_detail"] is True


@pytest.fixture(scope="module")
def short(trained: Session, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Twice as large, not four times, and over before the game begins."""
    photos = trained.run_folder.folder.parent / "photos"
    options = {**GAME, "warm_images": 1000}
    return run(photos, tmp_path_factory.mktemp("short") / "out", "--recipe", "srgan", options=options)


def test_a_game_that_never_began_is_told(short: Session) -> None:
    kinds = [event["kind"] for event in short.run_folder.events() if event["event"] == "warning"]
    assert "no-game" in kinds


def test_two_runs_are_mixed_by_their_weights(trained: Session, sharpened: Session) -> None:
    registry = discover(third_party=False)
    folders = sharpened.run_folder.folder, trained.run_folder.folder
    sharp, faithful = (session.sampler().generator.state_dict() for session in (sharpened, trained))
    ends = {share: mixed_sampler(*folders, share, registry).generator.state_dict() for share in (0, 0.25, 1)}
    for name, weight in faithful.items():
        assert torch.equal(ends[0][name], weight)
        assert torch.equal(ends[1][name], sharp[name])
        torch.testing.assert_close(ends[0.25][name], 0.75 * weight + 0.25 * sharp[name])
    assert not all(torch.equal(sharp[name], weight) for name, weight in faithful.items())


def test_networks_that_differ_are_not_mixed(trained: Session, short: Session) -> None:
    folders = short.run_folder.folder, trained.run_folder.folder
    with pytest.raises(UsageError, match="cannot be mixed"):
        mixed_sampler(*folders, None, discover(third_party=False))


def test_a_known_number_of_steps_sets_how_the_rate_falls(trained: Session) -> None:
    pipeline = trained.pipeline
    assert isinstance(pipeline, RestorationPipeline)
    trained.recipe()
    assert pipeline.options.recipe_options["decay_images"] == 2 * SMALL["batch"]
