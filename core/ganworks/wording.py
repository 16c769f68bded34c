"""Words that every message needs."""

from __future__ import annotations


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """Write a count with its noun; ``plural`` where it is not the noun with an s.

    >>> counted(1, "row"), counted(1_200, "row"), counted(2, "class", "classes")
    ('1 row', '1,200 rows', '2 classes')
    """
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"
