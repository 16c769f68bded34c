"""Whole runs over images of every kind: labelled or not, deep, colourful, tiny, not square."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganworks import UsageError
from ganworks.deploy import Deployable, Exported
from ganworks.registry import discover
from ganworks.session import Session
from ganworks_cli.main import main
from ganworks_exports import runtime
from ganworks_image.options import Options
from ganworks_image.pipeline import ImagePipeline
from ganworks_image.reading import ImageReader
from ganworks_image.study import Study

QUICK = ["--steps", "2", "--threads", "1", "--images-per-class", "3", "--set", "recipe_options.batch=8"]


def waves(row: int, height: int, width: int, channels: int = 1) -> np.ndarray:
    """A smooth picture (height, width, channels) in 0..1, no two alike."""
    draw = np.random.default_rng(row)
    y, x = np.mgrid[0 : 1 : 1j * height, 0 : 1 : 1j * width]
    planes = [
        sum(draw.normal() * np.sin(draw.uniform(1, 15) * x + draw.uniform(1, 15) * y) for _ in range(5))
        for _ in range(channels)
    ]
    found = np.stack(planes, axis=-1)
    return (found - found.min()) / np.ptp(found)


def write_folder(root: Path, classes: tuple[str, ...] = ("",), rows: int = 24, depth: int = 8) -> Path:
    """Pictures of 16 x 12 pixels, one folder a class; the class without a name lies in ``root`` itself."""
    dtype, top = {8: (np.uint8, 255), 16: (np.uint16, 65535)}[depth]
    for number, name in enumerate(classes):
        (root / name).mkdir(parents=True, exist_ok=True)
        for row in range(rows):
            pixels = np.rint(waves(1000 * number + row, 16, 12)[..., 0] * top).astype(dtype)
            Image.fromarray(pixels).save(root / name / f"{row:03d}.png")
    return root


def write_archive(root: Path, height: int, width: int, channels: int, **arrays: np.ndarray) -> Path:
    images = np.stack([np.rint(waves(row, height, width, channels) * 255) for row in range(24)])
    np.savez(root / "set.npz", images=images.astype(np.uint8), **arrays)
    return root / "set.npz"


def read(data: Path, root: Path, **options: Any) -> Study:
    return ImageReader(Options(data=data, **options)).read(root / "cache")


def run(data: Path, out: Path, *words: str, recipe: str = "sngan") -> Session:
    given = ["--data", str(data), "--out", str(out), *QUICK, "--architecture", recipe, *words]
    assert main(["run", "image", *given]) == 0
    return Session.open(out, discover(third_party=False))


def manifest(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "manifest.csv").read_text(encoding="utf-8").splitlines()))


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Session:
    root = tmp_path_factory.mktemp("image")
    return run(write_folder(root / "data", ("cat", "dog")), root / "out", recipe="wgan-gp")


def test_class_folders_become_classes_files_and_a_sheet(labelled: Session) -> None:
    assert labelled.data().space.classes == ("cat", "dog")
    assert labelled.run_folder.settings()["recipe"]["name"] == "wgan-gp"  # by its second spelling
    samples = labelled.run_folder.samples
    rows = manifest(samples)
    assert [row["label"] for row in rows] == ["cat"] * 3 + ["dog"] * 3
    for row in rows:
        with Image.open(samples / row["file"]) as file:
            assert (file.size, file.mode) == ((12, 16), "L")
            assert file.info["synthetic"] == "true"
    with Image.open(samples / "sheet.png") as sheet:
        assert sheet.info["synthetic"] == "true"
        assert sheet.height > 2 * 56


def test_the_exported_model_draws_the_written_files_from_their_seeds(labelled: Session) -> None:
    model = runtime.load(labelled.run_folder.model / "generator.onnx")
    for row in manifest(labelled.run_folder.samples):
        with Image.open(labelled.run_folder.samples / row["file"]) as file:
            written = np.asarray(file).astype(int)
        (drawn,) = model.sample([int(row["seed"])], label=row["label"])
        assert drawn.shape == (16, 12, 1)
        assert np.abs(drawn[:, :, 0].astype(int) - written).max() <= 1


def test_views_and_profiles_have_files_of_their_own(labelled: Session) -> None:
    before = labelled.run_folder.metrics()["export"]
    folder = str(labelled.run_folder.folder)
    assert main(["export", folder, "--view", "latent", "--profile", "w16"]) == 0
    light = runtime.load(labelled.run_folder.model / "generator-latent-w16.onnx")
    assert (light.card["view"], light.card["profile"]) == ("latent", "w16")
    metrics = labelled.run_folder.metrics()
    assert metrics["export"] == before
    assert metrics["exports"]["generator-latent-w16.onnx"]["loss"]["image"]["psnr_db"] > 40


def test_another_format_leaves_the_main_model_what_it_is(
    labelled: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = labelled.run_folder.folder
    before = labelled.run_folder.metrics()["export"]
    monkeypatch.chdir(folder.parent)  # a relative run folder

    def web(deployable: Deployable, path: Path, profile: str) -> Exported:
        path.mkdir(parents=True)
        return Exported(file=path, max_abs_diff=0.0, sha256="0", details={"next": (str(path.resolve()),)})

    monkeypatch.setattr("ganworks_exports.web.export", web)
    assert main(["export", folder.name, "--format", "web"]) == 0
    metrics = labelled.run_folder.metrics()
    assert metrics["export"] == before
    assert metrics["exports"]["generator"] == {"file": "model/generator", "max_abs_diff": 0.0, "sha256": "0"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--view", "style"), "--view: this generator has no view 'style'; it has app, latent"),
        (("--profile", "w61"), "the format 'onnx' has no profile 'w61' (did you mean 'w16'?)"),
        (("--web", "page", "--format", "onnx"), "leave out --format and --out"),
    ],
)
def test_a_wrong_export_is_one_line(
    labelled: Session, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert main(["export", str(labelled.run_folder.folder), *words]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert said in line


def test_the_numbers_and_the_page(labelled: Session) -> None:
    metrics = labelled.run_folder.metrics()
    assert {"kid", "kid_floor", "fd", "precision", "coverage", "per_class"} <= metrics["fidelity"].keys()
    assert {"ct", "authenticity", "verdict"} <= metrics["privacy"].keys()
    assert "downstream" not in metrics
    page = (labelled.run_folder.folder / "report.html").read_text(encoding="utf-8")
    assert "Downstream" not in page
    assert "patient" not in page
    for title in ("Samples", "Fidelity", "Copies and privacy", "Training", "Data", "Model card"):
        assert f"{title}</h2>" in page


def test_samples_replace_samples_and_can_be_read_again(labelled: Session, tmp_path: Path) -> None:
    for seed in (1, 2):
        labelled.sample(16, None, seed, tmp_path / "more")
    assert len(manifest(tmp_path / "more")) == 16
    assert read(tmp_path / "more", tmp_path, min_class=4).classes == ("cat", "dog")


def test_truncation_costs_variety_and_is_in_the_manifest(labelled: Session, tmp_path: Path) -> None:
    def drawn(truncation: float) -> np.ndarray:
        labelled.sample(4, "cat", 7, tmp_path / "cats", truncation=truncation)
        rows = manifest(tmp_path / "cats")
        assert {row.get("truncation") for row in rows} == {str(truncation) if truncation != 1 else None}
        return np.stack([np.asarray(Image.open(tmp_path / "cats" / row["file"])) for row in rows])

    whole, half, none = drawn(1.0), drawn(0.5), drawn(0.0)
    assert (none == none[0]).all()
    assert 0 < half.std(0).mean() < whole.std(0).mean()
    assert (drawn(1.0) == whole).all()
    for truncation in (-0.1, 1.1, float("nan")):
        with pytest.raises(UsageError, match=r"--truncation .* is out of range: use 0 to 1"):
            drawn(truncation)


def test_truncated_samples_have_a_folder_of_their_own(
    labelled: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = labelled.run_folder.folder
    assert main(["sample", str(folder), "-n", "2", "--truncation", "0.5", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["truncation"] == 0.5
    assert document["samples"] == str(folder / "samples-seed-0-truncation-0.5")
    assert [row["truncation"] for row in manifest(Path(document["samples"]))] == ["0.5", "0.5"]


def test_the_downstream_gain_on_request(labelled: Session) -> None:
    options = labelled.options.model_copy(update={"downstream": True})
    pipeline = ImagePipeline(options, labelled.run_folder, labelled.registry)
    found = pipeline.evaluate(labelled.sampler())
    assert found["downstream"]["verdict"] == "NOT APPLICABLE"  # too few images for it
    page = pipeline.report(labelled.sampler(), found).read_text(encoding="utf-8")
    assert "Downstream gain" in page
    labelled.report()


def test_a_recipe_that_ignores_labels_says_so(labelled: Session) -> None:
    labelled.pipeline.build_recipe("infogan", labelled.data())
    assert labelled.run_folder.events()[-1]["kind"] == "labels-unused"


def test_images_of_16_bits_without_labels(tmp_path: Path) -> None:
    session = run(write_folder(tmp_path / "data", rows=80, depth=16), tmp_path / "out")
    assert session.data().space.classes == ()
    samples = session.run_folder.samples
    rows = manifest(samples)
    assert [row["label"] for row in rows] == [""] * 3
    assert session.run_folder.metrics()["fidelity"]["per_class"] == {}
    for row in rows:
        with Image.open(samples / row["file"]) as file:
            pixels = np.asarray(file)
        assert pixels.dtype == np.uint16
        assert len(np.unique(pixels)) > 100
    session.sample(8, None, 1, tmp_path / "more")  # its manifest has empty labels
    assert not read(tmp_path / "more", tmp_path).labelled


def test_an_archive_of_colour_that_is_not_square(tmp_path: Path) -> None:
    session = run(write_archive(tmp_path, 8, 20, 3, labels=np.arange(24) % 2), tmp_path / "out")
    assert session.data().space.shape == (3, 8, 20)
    assert session.data().space.classes == ("0", "1")
    samples = session.run_folder.samples
    with np.load(samples / manifest(samples)[0]["file"]) as file:
        assert file["image"].shape == (8, 20, 3)


def test_an_archive_of_nothing_but_images_of_8_by_8(tmp_path: Path) -> None:
    session = run(write_archive(tmp_path, 8, 8, 1), tmp_path / "out")
    assert session.data().space.shape == (1, 8, 8)
    assert session.data().space.classes == ()
    assert session.pipeline.default_recipe(session.data()) == "sngan"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_an_interrupted_run_is_resumed(tmp_path: Path) -> None:
    data, out = write_folder(tmp_path / "data", ("cat", "dog")), tmp_path / "out"
    words = ["run", "image", "--data", str(data), "--out", str(out), *QUICK[2:], "--recipe", "sngan"]
    process = subprocess.Popen(
        [sys.executable, "-m", "ganworks_cli", *words, "--minutes", "20"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    log, deadline = out / "log.jsonl", time.monotonic() + 120
    while not (log.exists() and '"event": "step"' in log.read_text(encoding="utf-8")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert f"gan resume {out}" in err
    settings = (out / "run.toml").read_text(encoding="utf-8")
    (out / "run.toml").write_text(settings.replace("minutes = 20.0", "minutes = 0.01"), encoding="utf-8")
    assert main(["resume", str(out)]) == 0
    assert len(manifest(out / "samples")) == 6
    assert json.loads((out / "metrics.json").read_text(encoding="utf-8"))["training"]["steps"] >= 1
