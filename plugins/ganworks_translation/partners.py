"""Files of two sides that belong together by their names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ganworks.errors import DataError
from ganworks_image.frames import Item
from ganworks_image.readers import FileKinds

SHOWN = 3  # names in a message


def partners(
    a: Sequence[Item], b: Sequence[Item], files: FileKinds, roots: tuple[Path, Path]
) -> tuple[list[Item], list[Item]]:
    """Return both sides in the order of their common names, whatever the suffix.

    Where no name agrees, what all names of a side end in is left out: 01_T1.nii.gz belongs to 01_T2.nii.gz.

    Raises:
        DataError: files without a partner, or two of one name.
    """
    first, second = _by_stem(a, files), _by_stem(b, files)
    if not set(first) & set(second):
        first, second = _without_ending(first), _without_ending(second)
    alone = [first[stem].name for stem in first if stem not in second]
    alone_b = [second[stem].name for stem in second if stem not in first]
    if alone or alone_b:
        missing = "; ".join(
            f"{len(names)} of {side.name or side} without a partner: {_first(names)}"
            for side, names in zip(roots, (alone, alone_b), strict=True)
            if names
        )
        raise DataError(
            f"{len(a)} and {len(b)} pictures do not pair by name: {missing}; add or remove these, or list "
            "the pairs in a CSV with columns a and b"
        )
    stems = sorted(first)
    return [first[stem] for stem in stems], [second[stem] for stem in stems]


def _by_stem(items: Sequence[Item], files: FileKinds) -> dict[str, Item]:
    found: dict[str, Item] = {}
    for item in items:
        stem = item.name.removesuffix(item.path.name[-len(files.suffix_of(item.path)) :])
        if stem in found:
            raise DataError(f"{item.name} and {found[stem].name} have one name for two pictures; remove one")
        found[stem] = item
    return found


def _without_ending(found: dict[str, Item]) -> dict[str, Item]:
    """Shorten the names by their longest common ending, where they stay different."""
    backwards = [stem[::-1] for stem in found]
    ending = next(
        (place for place, letters in enumerate(zip(*backwards, strict=False)) if len(set(letters)) > 1), 0
    )
    while ending and any(_inside_number(stem, len(stem) - ending) for stem in found):
        ending -= 1  # 10_T1 and 20_T1 end in _T1: without the 0 they would pair with 1_T2 and 2_T2
    shorter = {stem[: len(stem) - ending]: item for stem, item in found.items()}
    return shorter if len(shorter) == len(found) > 1 else found


def _inside_number(text: str, place: int) -> bool:
    return text[max(place - 1, 0) : place].isdigit() and text[place : place + 1].isdigit()


def _first(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
