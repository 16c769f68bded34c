"""Photos from real files: whole ones in parts, copies together, depths, volumes, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from ganworks.errors import DataError, RunError
from ganworks.run import Run
from ganworks_super_resolution.options import Options
from ganworks_super_resolution.photos import FOLDER, PIXELS, Photos
from ganworks_super_resolution.reading import read


def photo(seed: int, height: int = 40, width: int = 52, channels: int = 3) -> NDArray[np.uint8]:
    """Smooth and unlike any other seed: (height, width, channels), or (height, width) of one channel."""
    random = np.random.default_rng(seed)
    x = gaussian_filter(random.random((height, width, channels)), (3, 3, 0))
    x = (x - x.min()) / np.ptp(x) * 255
    return np.rint(x if channels > 1 else x[..., 0]).astype(np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six colour PNG files of different sizes."""
    made = tmp_path / "photos"
    made.mkdir()
    for number in range(6):
        Image.fromarray(photo(number, 40 + number, 52 + 2 * number)).save(made / f"p{number}.png")
    return made


def reading(data: Path, **options: Any) -> Photos:
    return read(Options(data=data, **options), data.parent / "cache")


def parts_of(photos: Photos) -> dict[str, set[str]]:
    return {name: set(photos.part(name).names) for name in ("train", "validation", "test")}


def test_photos_keep_their_pixels_and_sizes(folder: Path) -> None:
    photos = reading(folder)
    assert photos.names == [f"p{number}.png" for number in range(6)]
    for number in range(6):
        wanted = photo(number, 40 + number, 52 + 2 * number).transpose(2, 0, 1)
        np.testing.assert_array_equal(photos.photo(number), wanted)
    assert photos.levels == 255
    assert "40-45" in photos.facts["Sizes"]


def test_each_photo_is_in_one_part_and_the_same_seed_shares_out_the_same(folder: Path) -> None:
    photos = reading(folder)
    parts = parts_of(photos)
    assert all(parts.values())
    assert sum(map(len, parts.values())) == len(photos) == 6
    again = reading(folder)
    assert parts_of(again) == parts
    assert again.fingerprint == photos.fingerprint
    assert len({reading(folder, seed=seed).fingerprint for seed in range(4)}) > 1


def test_what_was_read_is_found_again_and_damage_is_said(folder: Path) -> None:
    photos, cache = reading(folder), folder.parent / "cache"
    assert Photos.exists(cache)
    loaded = Photos.load(cache)
    assert loaded.describe() == photos.describe()
    np.testing.assert_array_equal(loaded.photo(4), photos.photo(4))
    assert [path.name for path in cache.iterdir()] == [FOLDER]  # no scratch is left
    (cache / FOLDER / PIXELS).unlink()
    with pytest.raises(RunError, match="start a new run"):
        Photos.load(cache)
    assert not Photos.exists(folder.parent / "elsewhere")


def test_copies_also_mirrored_and_smaller_ones_stay_together(folder: Path) -> None:
    original = Image.fromarray(photo(50, 64, 64))
    original.save(folder / "a.png")
    original.resize((48, 48), Image.Resampling.BICUBIC).save(folder / "b.jpg", quality=95)
    original.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "c.png")
    for seed in range(5):
        photos = reading(folder, seed=seed)
        assert (
            len({split for split, names in parts_of(photos).items() if names & {"a.png", "b.jpg", "c.png"}})
            == 1
        )
    assert photos.leaks["near_pairs"] == 3


def test_a_scene_named_by_an_expression_stays_together(tmp_path: Path) -> None:
    data = tmp_path / "photos"
    data.mkdir()
    for number in range(12):
        Image.fromarray(photo(number)).save(data / f"scene{number // 3}_{number}.png")
    photos = reading(data, group_regex=r"scene(\d+)")
    for names in parts_of(photos).values():
        assert len(names) == 3 * len({name.split("_")[0] for name in names})


def test_a_given_split_is_kept_and_its_copies_leave_the_test(folder: Path) -> None:
    data = folder.parent / "split"
    for part, numbers in {"train": (0, 1, 2), "val": (3,), "test": (4, 5)}.items():
        (data / part).mkdir(parents=True)
        for number in numbers:
            shutil.copy(folder / f"p{number}.png", data / part)
    shutil.copy(folder / "p0.png", data / "test" / "copy.png")
    photos = reading(data)
    assert parts_of(photos)["test"] == {"test/p4.png", "test/p5.png"}
    assert parts_of(photos)["validation"] == {"val/p3.png"}
    assert photos.leaks["dropped"] == 1


def test_sixteen_bits_stay_and_white_is_what_the_bits_say(tmp_path: Path) -> None:
    data = tmp_path / "deep"
    data.mkdir()
    pictures = [photo(number).astype(np.uint16) * 16 + 3 for number in range(4)]  # 12 bits
    for number, pixels in enumerate(pictures):
        tifffile.imwrite(data / f"{number}.tif", pixels, photometric="rgb")
    photos = reading(data)
    assert (photos.intensity.low, photos.intensity.high, photos.levels) == (0, 4095, 4095)
    np.testing.assert_array_equal(photos.photo(2), pictures[2].transpose(2, 0, 1))
    unit = photos.unit(photos.photo(2)).numpy()
    np.testing.assert_allclose(unit, pictures[2].transpose(2, 0, 1) / 4095, atol=1e-6)


@pytest.mark.parametrize("channels", [3, 5])
def test_any_number_of_channels(tmp_path: Path, channels: int) -> None:
    data = tmp_path / "many"
    data.mkdir()
    for number in range(3):
        np.save(data / f"{number}.npy", photo(number, channels=channels))
    photos = reading(data)
    assert photos.channels == photos.photo(0).shape[0] == channels


def test_transparency_is_dropped_and_said(folder: Path) -> None:
    Image.fromarray(np.dstack([photo(9), np.full((40, 52), 128, np.uint8)]), "RGBA").save(
        folder / "alpha.png"
    )
    photos = reading(folder)
    assert photos.channels == 3
    assert "transparency dropped" in set(photos.rejects["reason"])


def test_grey_saved_as_colour_is_grey_and_real_mixtures_are_refused(folder: Path) -> None:
    grey = folder.parent / "grey"
    grey.mkdir()
    for number in range(4):
        pixels = photo(number, channels=1)
        Image.fromarray(pixels if number % 2 else np.dstack([pixels] * 3)).save(grey / f"{number}.png")
    photos = reading(grey)
    assert photos.channels == 1
    np.testing.assert_array_equal(photos.photo(0)[0], photo(0, channels=1))
    shutil.copy(grey / "1.png", folder / "grey.png")
    with pytest.raises(DataError, match="--channels grey or colour"):
        reading(folder)
    assert reading(folder, channels="grey").photo(0).shape[0] == 1
    assert reading(folder, channels="colour").photo(6).shape[0] == 3


def test_eight_and_sixteen_bits_are_not_mixed(folder: Path) -> None:
    tifffile.imwrite(folder / "deep.tif", photo(9).astype(np.uint16) * 257, photometric="rgb")
    with pytest.raises(DataError, match=r"deep\.tif is uint16"):
        reading(folder)


def test_bad_files_are_listed_and_too_many_of_them_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "broken.png").write_bytes((folder / "p0.png").read_bytes()[:60])
    (folder / "notes.txt").write_text("no picture")
    Image.new("RGB", (1, 1)).save(folder / "dot.png")
    with pytest.raises(DataError, match="--max-bad"):
        reading(folder)
    photos = read(Options(data=folder, max_bad=0.5), tmp_path / "cache", run := Run(tmp_path / "run"))
    assert set(photos.rejects["file"]) == {"broken.png", "dot.png", "notes.txt"}
    assert len(photos) == 6
    assert "2 files left out" in (run.folder / "log.jsonl").read_text(encoding="utf-8")


def test_a_failed_reading_leaves_the_photos_that_were_there(folder: Path) -> None:
    before = reading(folder)
    (folder / "p1.png").write_bytes(b"")
    with pytest.raises(DataError):
        reading(folder)
    cache = folder.parent / "cache"
    assert Photos.load(cache).fingerprint == before.fingerprint
    assert [path.name for path in cache.iterdir()] == [FOLDER]


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_photos_to_share_out(tmp_path: Path, count: int) -> None:
    data = tmp_path / "few"
    data.mkdir()
    for number in range(count):
        Image.fromarray(photo(number)).save(data / f"{number}.png")
    with pytest.raises(DataError, match="at least three different"):
        reading(data)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        reading(tmp_path / "nowhere")


def test_slices_of_a_volume_stay_together(tmp_path: Path) -> None:
    nibabel = pytest.importorskip("nibabel")
    pytest.importorskip("monai")
    data = tmp_path / "heads"
    data.mkdir()
    for number in range(3):
        random = np.random.default_rng(number)
        volume = gaussian_filter(random.random((40, 36, 5)), 2) * (1000 + 300 * number) + 50
        nibabel.save(nibabel.Nifti1Image(volume.astype(np.float32), np.eye(4)), data / f"h{number}.nii.gz")
    photos = reading(data)
    assert len(photos) == 15
    assert photos.channels == 1
    assert photos.levels is None
    assert photos.photo(0).dtype == np.float32
    for names in parts_of(photos).values():
        assert len(names) == 5
        assert len({name.split("#")[0] for name in names}) == 1


def test_the_embedded_sample(tmp_path: Path) -> None:
    photos = read(Options(), tmp_path)
    parts = parts_of(photos)
    assert parts["test"] == {"skimage/chelsea", "skimage/coffee", "sklearn/flower"}
    assert parts["validation"] == {"skimage/rocket"}
    assert len(parts["train"]) >= 7
    assert photos.leaks["dropped"] == 0


def test_memory_does_not_grow_with_the_photos(tmp_path: Path) -> None:
    """The arrays of all photos are never in memory together, by the count of NumPy's own allocations."""
    import tracemalloc

    data = tmp_path / "large"
    data.mkdir()
    for number in range(12):
        np.save(
            data / f"{number}.npy", np.random.default_rng(number).integers(0, 255, (600, 600, 3), np.uint8)
        )
    tracemalloc.start()
    photos = reading(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert photos.pixels.nbytes >= 12 * 600 * 600 * 3
    assert peak < 0.8 * photos.pixels.nbytes
