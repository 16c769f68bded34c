"""Splits without leaks, twins, intensity, policies, and a declaration that costs nothing."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganworks_image.duplicates import find_twins
from ganworks_image.frames import Rejects
from ganworks_image.intensity import IntensityMap
from ganworks_image.partition import Partition
from ganworks_image.policies import AugmentationPolicy, augment
from ganworks_image.splits import assign, leaking
from ganworks_medical.frames import MedicalFrame
from ganworks_medical.options import Options, window_limits
from ganworks_medical.policies import POLICIES, policy_for
from ganworks_medical.reading import MedicalReader


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3)), min_size=30, max_size=200), st.integers(0, 99)
)
def test_a_split_keeps_groups_whole_and_is_repeatable(rows, seed):
    groups, labels = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    part = assign(groups, labels, seed)
    assert all(len(set(part[groups == group])) == 1 for group in set(groups))
    np.testing.assert_array_equal(part, assign(groups, labels, seed))
    assert (part == 0).any()


@given(st.lists(st.integers(8, 60), min_size=1, max_size=5), st.integers(0, 99))
def test_single_images_are_split_70_10_20_within_every_class(sizes, seed):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    part = assign(np.arange(len(labels)), labels, seed)
    for label, size in enumerate(sizes):
        counts = np.bincount(part[labels == label], minlength=3)
        assert counts.min() >= 1
        assert np.abs(counts - np.array([0.7, 0.1, 0.2]) * size).max() <= 1.01


@given(
    st.lists(st.integers(-1, 2), min_size=4, max_size=40),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=20),
    st.data(),
)
def test_after_dropping_leaks_nothing_spans_two_parts(parts, pairs, data):
    part = np.array(parts)
    patients = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(parts), max_size=len(parts))))
    links = np.array([pair for pair in pairs if pair[0] != pair[1]], dtype=np.int64).reshape(-1, 2)
    training = (part == 0).sum()
    part[leaking(part, links, patients)] = -1
    assert (part == 0).sum() == training
    for a, b in links:
        assert part[a] == part[b] or -1 in (part[a], part[b])
    for patient in range(4):
        assert len(set(part[patients == patient]) - {-1}) <= 1


def pictures(rows, seed=0, side=32):
    rng = np.random.default_rng(seed)
    noise = torch.from_numpy(rng.normal(size=(rows, 1, 6, 6)).astype(np.float32))
    smooth = torch.nn.functional.interpolate(noise, size=(side, side), mode="bicubic")
    return ((smooth.clamp(-3, 3) + 3) / 6 * 255).round().numpy().astype(np.uint8)


def test_twins_are_found_exact_near_and_mirrored():
    images = pictures(40)
    images[30] = images[0]
    images[31] = np.clip(
        images[1].astype(int) + np.random.default_rng(0).integers(-3, 4, images[1].shape), 0, 255
    )
    images[32] = images[2][..., ::-1]
    twins = find_twins(images, mirrored=True)
    assert twins.exact == [[0, 30]]
    assert twins.pairs.tolist() == [[0, 30], [1, 31]]
    assert twins.mirrored.tolist() == [[2, 32]]
    assert find_twins(images, mirrored=False).mirrored.size == 0


def test_pictures_that_all_look_alike_only_match_exactly():
    base = pictures(1).astype(int)
    images = np.clip(base + np.random.default_rng(0).integers(-2, 3, (300, 1, 32, 32)), 0, 255).astype(
        np.uint8
    )
    images[7] = images[3]
    twins = find_twins(images, mirrored=False)
    assert not twins.reliable
    assert twins.pairs.tolist() == [[3, 7]]


def partition(images, labels, splits=None, patients=None, **options):
    frames = [
        MedicalFrame(
            pixels=image,
            dtype="uint8",
            name=f"{row}.png",
            label=labels[row],
            split=splits[row] if splits else None,
            group=patients[row] if patients else None,
        )
        for row, image in enumerate(images)
    ]
    chosen = Options(**options)
    groups = MedicalReader(chosen).groups()
    parts = Partition(frames, find_twins(images, mirrored=False), chosen, Rejects(), groups)
    parts.drop_conflicts()
    parts.drop_small_classes()
    parts.group()
    parts.split()
    return parts


def test_copies_across_a_given_split_are_counted_and_leave_the_evaluation_side():
    images = pictures(60)
    images[45], images[55], images[56] = images[0], images[1], images[45 + 1]
    splits = ["train"] * 40 + ["validation"] * 10 + ["test"] * 10
    parts = partition(images, ["a", "b"] * 30, splits=splits)  # 0|45 and 46|56: labels a,b and a,a
    assert parts.leaks["conflicting_labels"] == 1
    assert parts.leaks["across_before"] == {"validation": 1, "test": 1}
    assert parts.leaks["across_after"] == {"validation": 0, "test": 0}
    assert [row for row in range(60) if not parts.alive[row]] == [0, 45, 46, 55]


def test_a_patient_in_two_given_parts_leaves_the_evaluation_side():
    splits = ["train"] * 40 + ["validation"] * 10 + ["test"] * 10
    patients = [f"p{row}" for row in range(60)]
    patients[58] = "p3"
    parts = partition(pictures(60), ["a", "b"] * 30, splits=splits, patients=patients)
    assert np.flatnonzero(~parts.alive).tolist() == [58]


def test_copies_stand_in_for_patients_where_none_are_known():
    images = pictures(60)
    images[30:] = images[:30]
    parts = partition(images, ["a", "b"] * 30)
    np.testing.assert_array_equal(parts.part[:30], parts.part[30:])
    assert parts.grouped_by == "copies"
    assert sum(parts.leaks["across_before"].values()) > 0
    assert sum(parts.leaks["across_after"].values()) == 0
    assert any("stand in" in note for note in parts.notes)


def test_classes_sort_as_numbers_where_they_are():
    parts = partition(pictures(120), [str(row % 12) for row in range(120)])
    assert parts.classes == tuple(str(number) for number in range(12))


@given(
    st.sampled_from([("uint8", 0.0, 255.0), ("int16", -1000.0, 400.0), ("uint16", 0.0, 65535.0)]),
    st.lists(st.floats(0, 1), min_size=1, max_size=50),
)
def test_units_survive_the_way_there_and_back(kind, shares):
    dtype, low, high = kind
    values = np.rint(low + np.array(shares) * (high - low)).astype(dtype)
    there = IntensityMap(low=low, high=high, dtype=dtype)
    back = there.to_units(there.store(values).astype(np.float64) / 65535 * 2 - 1)
    np.testing.assert_array_equal(back, values)
    assert back.dtype == dtype


def test_values_outside_the_range_are_clipped_and_never_wrap():
    there = IntensityMap(low=-70000, high=70000, dtype="int16")
    assert there.to_units(np.array([-5.0, 5.0])).tolist() == [-32768, 32767]


@pytest.mark.parametrize(
    ("text", "limits"), [("lung", (-1350, 150)), ("-160,240", (-160, 240)), ("0.5,2", (0.5, 2))]
)
def test_windows(text, limits):
    assert window_limits(text) == limits


def test_a_window_from_a_file_may_be_a_list():
    assert Options(window=[-160, 240]).window == "-160,240"


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(sorted(POLICIES)), st.integers(1, 3), st.integers(8, 20), st.integers(8, 20))
def test_augmentation_keeps_shape_and_range_and_is_repeatable(modality, channels, height, width):
    images = torch.rand(5, channels, height, width) * 2 - 1
    one = augment(images, policy_for(modality), torch.Generator().manual_seed(3))
    two = augment(images, policy_for(modality), torch.Generator().manual_seed(3))
    assert one.shape == images.shape
    assert one.abs().max() <= 1
    assert torch.equal(one, two)


STILL = {"rotation_degrees": 0, "translation": 0, "scale": 0, "brightness": 0, "contrast": 0}


def test_nothing_allowed_changes_nothing_and_flips_are_flips():
    images = torch.rand(64, 1, 12, 10) * 2 - 1
    same = augment(images, AugmentationPolicy(**STILL), torch.Generator().manual_seed(0))
    assert torch.allclose(same, images, atol=1e-5)
    mirrored = augment(
        images, AugmentationPolicy(horizontal_flip=True, **STILL), torch.Generator().manual_seed(0)
    )
    flipped = torch.tensor(
        [torch.allclose(a, b.flip(2), atol=1e-5) for a, b in zip(mirrored, images, strict=True)]
    )
    kept = torch.tensor([torch.allclose(a, b, atol=1e-5) for a, b in zip(mirrored, images, strict=True)])
    assert (flipped ^ kept).all()
    assert 16 < flipped.sum() < 48


def test_rotation_keeps_a_disc_round_in_a_wide_picture():
    y, x = torch.meshgrid(torch.arange(40.0), torch.arange(80.0), indexing="ij")
    bar = ((y - 19.5).abs() < 3) & ((x - 39.5).abs() < 12)
    images = (bar.float() * 2 - 1).expand(32, 1, 40, 80).contiguous()
    turned = augment(
        images, AugmentationPolicy(**{**STILL, "rotation_degrees": 180}), torch.Generator().manual_seed(0)
    )
    areas = (turned > 0).sum(dim=(1, 2, 3)).float() / bar.sum()
    assert (areas - 1).abs().max() < 0.15


def test_chest_films_are_never_mirrored_unless_asked():
    assert not policy_for("xray").horizontal_flip
    assert policy_for("xray", "horizontal").horizontal_flip
    assert policy_for("histology", "none").vertical_flip is False


def test_declaring_the_domain_and_its_options_imports_nothing_heavy():
    code = (
        "import sys, ganworks_medical, ganworks_medical.options\n"
        "heavy = {'torch', 'monai', 'pandas', 'numpy', 'pydicom', 'nibabel'} & set(sys.modules)\n"
        "print(sorted(heavy)); print([d.name for d in ganworks_medical.ganworks_declare()])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split("\n")
    assert out[:2] == ["[]", "['medical-augment']"]


def test_the_list_of_flags_stays_humane():
    from ganworks.options import RunOptions

    own = set(Options.model_fields) - set(RunOptions.model_fields)
    flags = [n for n in own if (Options.model_fields[n].json_schema_extra or {}).get("flag") is not False]
    assert len(flags) <= 20
    assert all(Options.model_fields[name].description for name in own)
