"""`gan translate`: files and folders of any size through a finished run, and what it refuses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganworks.session import Session
from ganworks_cli.main import main
from ganworks_exports import runtime
from ganworks_image.geometry import resize
from ganworks_translation import translating

QUICK = ("--recipe", "pix2pix", "--steps", 4)

Capture = pytest.CaptureFixture[str]


def picture(path: Path, mode: str = "L", size: tuple[int, int] = (32, 24), seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    channels = len(Image.new(mode, (1, 1)).getbands())
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], channels), dtype=np.uint8)
    Image.fromarray(pixels.squeeze()).save(path)
    return path


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def translate(session: Session, *words: object) -> int:
    return main(["translate", str(session.run_folder.folder), *map(str, words)])


def test_a_file_becomes_what_the_model_makes_of_it(paired: Session, tmp_path: Path) -> None:
    given = picture(tmp_path / "in.png", size=(41, 27))
    assert translate(paired, given, tmp_path / "out.png") == 0
    made = pixels(tmp_path / "out.png")
    assert made.shape == (27, 41, 3)
    model = runtime.load(paired.run_folder.model / "generator.onnx")
    assert np.array_equal(made, model.transform(pixels(given)[..., None]))
    assert translate(paired, given, tmp_path / "again.png") == 0  # no dropout is live
    assert np.array_equal(pixels(tmp_path / "again.png"), made)


def test_a_folder_keeps_its_folders(paired: Session, tmp_path: Path, capfd: Capture) -> None:
    picture(tmp_path / "in/1.png")
    picture(tmp_path / "in/deep/2.png", size=(20, 36))
    assert translate(paired, tmp_path / "in", tmp_path / "out", "--json") == 0
    told = json.loads(capfd.readouterr().out)
    assert [one["shape"] for one in told["files"]] == [[24, 32], [36, 20]]
    assert told["failed"] == []
    assert pixels(tmp_path / "out/deep/2.png").shape == (36, 20, 3)


def test_colour_is_made_grey_and_transparency_is_kept(paired: Session, tmp_path: Path) -> None:
    given = picture(tmp_path / "in.png", mode="RGBA")
    assert translate(paired, given, tmp_path / "out.png") == 0
    made = pixels(tmp_path / "out.png")
    assert made.shape == (24, 32, 4)
    assert np.array_equal(made[..., 3], pixels(given)[..., 3])


def test_nothing_is_replaced_without_force(paired: Session, tmp_path: Path, capfd: Capture) -> None:
    given, out = picture(tmp_path / "in.png"), tmp_path / "out.png"
    out.write_bytes(b"mine")
    assert translate(paired, given, out) == 2
    assert "--force" in capfd.readouterr().err
    assert out.read_bytes() == b"mine"
    assert translate(paired, given, out, "--force") == 0
    assert pixels(out).shape == (24, 32, 3)


def test_bad_pictures_are_named_and_the_others_written(
    paired: Session, tmp_path: Path, capfd: Capture
) -> None:
    picture(tmp_path / "in/1.png")
    (tmp_path / "in/2.png").write_bytes(b"no picture")
    deep = np.full((24, 32), 5000, np.uint16)
    Image.fromarray(deep).save(tmp_path / "in/3.png")
    assert translate(paired, tmp_path / "in", tmp_path / "out") == 2
    error = capfd.readouterr().err
    assert "2 of 3 files were not translated" in error
    assert "2.png" in error
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["1.png"]


def test_the_depth_must_be_that_of_the_training(paired: Session, tmp_path: Path, capfd: Capture) -> None:
    Image.fromarray(np.full((24, 32), 5000, np.uint16)).save(tmp_path / "deep.png")
    assert translate(paired, tmp_path / "deep.png", tmp_path / "out.png") == 2
    assert "its numbers are uint16, the run was trained on uint8" in capfd.readouterr().err


def test_another_domain_or_no_run_is_refused(tmp_path: Path, capfd: Capture) -> None:
    given = picture(tmp_path / "in.png")
    (tmp_path / "run").mkdir()
    (tmp_path / "run/run.toml").write_text('domain = "image"\n', encoding="utf-8")
    assert main(["translate", str(tmp_path / "run"), str(given), str(tmp_path / "out.png")]) == 2
    assert "is a run of image: give the folder of a `gan run translate`" in capfd.readouterr().err
    assert main(["translate", str(tmp_path), str(given), str(tmp_path / "out.png")]) == 2
    assert "run.toml" in capfd.readouterr().err


def test_a_run_without_a_model_is_exported_on_the_fly(paired: Session, tmp_path: Path) -> None:
    given = picture(tmp_path / "in.png")
    assert translate(paired, given, tmp_path / "expected.png") == 0
    bare = tmp_path / "bare"
    shutil.copytree(paired.run_folder.folder, bare)
    shutil.rmtree(bare / "model")
    assert main(["translate", str(bare), str(given), str(tmp_path / "out.png")]) == 0
    assert np.array_equal(pixels(tmp_path / "out.png"), pixels(tmp_path / "expected.png"))
    assert not (bare / "model").exists()


def test_pictures_that_do_not_fit_in_memory_are_refused(
    paired: Session, tmp_path: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translating, "_physical_memory", lambda: 1e6)
    given = picture(tmp_path / "in.png", size=(200, 100))
    assert translate(paired, given, tmp_path / "out.png") == 2
    assert "200 x 100 pixels need about" in capfd.readouterr().err
    assert translate(paired, given, tmp_path / "out.png", "--resize", "fit") == 0
    assert pixels(tmp_path / "out.png").shape == (100, 200, 3)


@pytest.fixture(scope="module")
def labelled(
    tmp_path_factory: pytest.TempPathFactory, run: Callable[..., Session], label_pairs: Path
) -> Session:
    """A run from label maps, shrunk from 32 to 16 pixels, to pictures."""
    words = ("--pairs", label_pairs, "--labels", "a", "--size", 16, *QUICK)
    return run(tmp_path_factory.mktemp("labelled") / "run", *words)


def test_pictures_are_seen_at_the_scale_of_the_training(labelled: Session, tmp_path: Path) -> None:
    """A small map with every place doubled is shrunk to that map again, whatever its size."""
    small = np.random.default_rng(1).integers(0, 3, (24, 20), dtype=np.uint8)
    Image.fromarray(small.repeat(2, 0).repeat(2, 1)).save(tmp_path / "large.png")
    Image.fromarray(small).save(tmp_path / "small.png")
    for name, resizing in (("large", "auto"), ("small", "none"), ("large", "none")):
        target = tmp_path / f"{name}-{resizing}.png"
        assert translate(labelled, tmp_path / f"{name}.png", target, "--resize", resizing) == 0
    auto, none, own = (
        pixels(tmp_path / f"{name}.png") for name in ("large-auto", "small-none", "large-none")
    )
    assert auto.shape == own.shape == (48, 40, 3)
    smooth = np.moveaxis(resize(np.moveaxis(none, 2, 0), 48, 40), 0, 2)
    assert np.array_equal(auto, smooth)
    assert not np.array_equal(own, auto)


def test_label_maps_are_read_as_labels(
    labelled: Session, label_pairs: Path, tmp_path: Path, capfd: Capture
) -> None:
    given = min((label_pairs / "a").iterdir())
    assert translate(labelled, given, tmp_path / "palette.png") == 0
    Image.fromarray(pixels(given)).save(tmp_path / "grey.png")  # the same numbers without a palette
    assert translate(labelled, tmp_path / "grey.png", tmp_path / "same.png") == 0
    assert np.array_equal(pixels(tmp_path / "palette.png"), pixels(tmp_path / "same.png"))
    Image.fromarray(np.full((24, 32), 9, np.uint8)).save(tmp_path / "nine.png")
    capfd.readouterr()
    assert translate(labelled, tmp_path / "nine.png", tmp_path / "out.png") == 2
    assert "nine.png: label 9 is none of the 3 labels (0 to 2)" in capfd.readouterr().err


def test_a_volume_is_translated_slice_by_slice(
    run: Callable[..., Session], tmp_path: Path, capfd: Capture
) -> None:
    nibabel = pytest.importorskip("nibabel")
    pytest.importorskip("monai")
    draw, place = np.random.default_rng(0), np.diag([1.0, 2.0, -3.0, 1.0])
    for subject in range(8):
        head = draw.normal(100, 20, (16, 20, 8)).astype(np.float32)
        for word, values in (("t1", head), ("t2", 500 - head)):
            (tmp_path / "data" / word).mkdir(parents=True, exist_ok=True)
            image = nibabel.Nifti1Image(values, place)
            nibabel.save(image, tmp_path / "data" / word / f"{subject}.nii.gz")
    session = run(tmp_path / "run", "--pairs", tmp_path / "data", *QUICK)
    given = tmp_path / "data/t1/0.nii.gz"
    assert translate(session, given, tmp_path / "t2.nii.gz") == 0
    made, source = nibabel.load(tmp_path / "t2.nii.gz"), nibabel.as_closest_canonical(nibabel.load(given))
    assert made.shape == source.shape
    assert np.allclose(made.affine, source.affine)
    assert made.header["descrip"].item().startswith(b"synthetic")
    model = runtime.load(session.run_folder.model / "generator.onnx")
    third = np.rot90(source.get_fdata(dtype=np.float32)[..., 2])[..., None]
    assert np.allclose(np.rot90(made.get_fdata()[..., 2]), model.transform(third.copy())[..., 0], atol=1e-3)
    assert translate(session, given, tmp_path / "t2.nii.gz") == 2
    assert translate(session, given, given, "--force") == 2
    assert "is the volume given" in capfd.readouterr().err
    assert translate(session, given, tmp_path / "t2.png") == 2
    assert "a volume is written as .nii or .nii.gz" in capfd.readouterr().err
