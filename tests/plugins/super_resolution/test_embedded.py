"""The embedded photos: as they were installed, split by name, nothing downloaded."""

from __future__ import annotations

import socket

import numpy as np
import pytest
from skimage import data

from ganworks.errors import MissingExtraError
from ganworks_super_resolution import embedded
from ganworks_super_resolution.embedded import SAMPLES, Sample, embedded_frames, sample_title

HELD_OUT = {"skimage/chelsea", "skimage/coffee", "sklearn/flower"}


def test_whole_photos_are_held_out_and_no_network_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "create_connection", no_network)
    monkeypatch.setattr(socket.socket, "connect", no_network)
    frames = {frame.name: frame for frame in embedded_frames()}
    parts = {part: {name for name in frames if frames[name].split == part} for part in ("validation", "test")}
    assert parts == {"validation": {"skimage/rocket"}, "test": HELD_OUT}
    assert len({frame.group for frame in frames.values()}) == len(frames)
    np.testing.assert_array_equal(frames["skimage/chelsea"].pixels, data.chelsea().transpose(2, 0, 1))
    assert all(frame.dtype == "uint8" and frame.pixels.shape[0] == 3 for frame in frames.values())
    assert len({frame.name for frame in frames.values()}) == len(frames)


@pytest.mark.parametrize("package", ["skimage", "no_such_package", "no_such.package"])
def test_a_picture_that_is_not_installed_is_a_missing_extra(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = Sample(package=package, path="data/no_such_picture.png", split="train")
    monkeypatch.setattr(embedded, "SAMPLES", (absent,))
    with pytest.raises(MissingExtraError, match="embedded sample"):
        list(embedded_frames())


def test_pictures_that_are_a_bonus_may_be_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = Sample(package="no_such_package", path="a.png", split="train", needed=False)
    monkeypatch.setattr(embedded, "SAMPLES", (SAMPLES[0], absent))
    frames = list(embedded_frames())
    assert [frame.name for frame in frames] == ["skimage/astronaut"]
    assert sample_title(frames) == "Photos of scikit-image"  # and of no package that gave none
