"""Which photo is trained on and which is kept for the scores: whole photos, and copies together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ganworks.errors import DataError
from ganworks_image.duplicates import THUMBNAIL, Index, clusters, correlated_pairs
from ganworks_image.frames import Frame
from ganworks_image.splits import PARTS, assign, complete, leaking

GIANT = 0.3  # share of all photos in one cluster of near copies from which on they merely look alike
FEW = 10  # photos in a cluster that may be copies, however few there are in all


@dataclass(frozen=True)
class Parts:
    """``part`` (photos,) is a number of `PARTS`, or -1 for those left out; ``leaks`` counts copies."""

    part: NDArray[np.int64]
    leaks: dict[str, int]
    notes: tuple[str, ...]


def split(
    frames: Sequence[Frame], digests: Sequence[str], thumbs: Tensor, holdout: float, seed: int
) -> Parts:
    """Put every photo into a part: as given, else by groups.

    Args:
        frames: the photos, with the group and the part that are known.
        digests: equal for equal photos.
        thumbs: (photos, pixels) of `ganworks_image.duplicates.thumbnails`.
        holdout: share of the validation part, and of the test part.
        seed: of the draw.

    Raises:
        DataError: there are fewer than three photos (or groups) to share out, or none to train on.
    """
    known = _numbers([frame.group for frame in frames])
    exact, near, notes = _numbers(digests), _near(thumbs), []
    copies = near if near is not None else np.empty((0, 2), dtype=np.int64)
    groups = clusters(len(frames), [_links(known), _links(exact), copies])
    if near is None or np.bincount(groups).max() > max(GIANT * len(frames), np.bincount(known).max(), FEW):
        copies = np.empty((0, 2), dtype=np.int64)
        groups = clusters(len(frames), [_links(known), _links(exact)])
        notes.append("the photos are too alike to find near copies among them; only exact ones count")
    across = int((known[copies[:, 0]] != known[copies[:, 1]]).sum())
    leaks = {"exact_copies": len(frames) - len(np.unique(exact)), "near_pairs": across, "dropped": 0}
    labels = np.zeros(len(frames), dtype=np.int64)
    if any(frame.split for frame in frames):
        part = np.array([PARTS.index(frame.split or "train") for frame in frames])
        _check_training(part)
        part, carved = complete(part, groups, labels, seed)
        notes += carved
        dropped = leaking(part, np.concatenate([copies, _links(exact)]), _first_rows(known))
        part[dropped] = -1
        leaks["dropped"] = len(dropped)
    else:
        part = assign(groups, labels, seed, (1 - 2 * holdout, holdout, holdout))
    _check_parts(part, len(np.unique(groups)))
    return Parts(part, leaks, tuple(notes))


def _near(thumbs: Tensor) -> Index | None:
    """Pairs of near copies, also mirrored ones as training mirrors; None where nearly all agree."""
    flipped = thumbs.reshape(-1, THUMBNAIL, THUMBNAIL).flip(2).reshape(len(thumbs), -1)
    straight, mirrored = correlated_pairs(thumbs, thumbs), correlated_pairs(thumbs, flipped)
    if straight is None or mirrored is None:
        return None
    return np.unique(np.concatenate([straight, mirrored]), axis=0)


def _numbers(names: Sequence[str | None]) -> Index:
    """Number the names; what has none is alone."""
    seen: dict[str | int, int] = {}
    keys: list[str | int] = [row if name is None else name for row, name in enumerate(names)]
    return np.array([seen.setdefault(key, len(seen)) for key in keys], dtype=np.int64)


def _first_rows(numbers: Index) -> Index:
    """Return for each row the first row with its number."""
    _, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    return first[inverse].astype(np.int64)


def _links(numbers: Index) -> Index:
    """Return (rows, 2): each row and the first one with its number."""
    return np.stack([_first_rows(numbers), np.arange(len(numbers))], axis=1)


def _check_training(part: NDArray[np.int64]) -> None:
    if not (part == 0).any():
        raise DataError("the given split has no photo to train on; mark some as train")


def _check_parts(part: NDArray[np.int64], groups: int) -> None:
    lacking = [name for number, name in enumerate(PARTS) if not (part == number).any()]
    if lacking:
        raise DataError(
            f"{len(part)} pictures, {groups} without counting copies, slices of one volume and views of one "
            f"scene, leave nothing for {' and '.join(lacking)}: give at least three different ones"
        )
