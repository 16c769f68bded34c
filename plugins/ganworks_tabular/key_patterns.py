"""The form of keys of one length: which characters stand at which place, and which keys are free."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

DIGITS = "0123456789"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
ALPHABETS = (DIGITS, "0123456789abcdef", "0123456789ABCDEF", LETTERS)
WIDER = (LETTERS.upper(), DIGITS + LETTERS, DIGITS + LETTERS.upper())
ANY = DIGITS + LETTERS + LETTERS.upper()
COUNTABLE = 2**62  # forms with more keys are too many to number, and to meet a real one by chance
STEPS = range(2, 64)  # tried first, because small ones leave more keys free


def pattern_of(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the characters that each place may have, for texts of one length."""
    columns = np.array(texts, dtype=np.str_).reshape(-1, 1).view("U1")
    return _widened(tuple(_characters(set(columns[:, place].tolist())) for place in range(columns.shape[1])))


def digits_at_end(pattern: Sequence[str]) -> int | None:
    """Return how many digits end a pattern that is otherwise fixed; None for any other pattern."""
    fixed = next(place for place, choices in enumerate(pattern) if len(choices) > 1)
    return len(pattern) - fixed if all(choices == DIGITS for choices in pattern[fixed:]) else None


def free_step(pattern: Sequence[str], parts: Iterable[Sequence[str]], count: int) -> tuple[int, int] | None:
    """Return a step and a remainder that no text's number leaves, so that numbers with it are new keys.

    Of a pattern with too many keys to number, (1, 0): all of them. None: no key is left. ``count``: of the
    texts in all ``parts``; the memory is a byte for each.
    """
    capacity = math.prod(map(len, pattern))
    if capacity > COUNTABLE:
        return 1, 0
    held = {step: np.zeros(min(step, capacity), dtype=bool) for step in (*STEPS, count + 1)}
    for texts in parts:
        numbers = _numbers(pattern, texts)
        for step, taken in held.items():
            taken[numbers % step] = True
        held = {step: taken for step, taken in held.items() if not taken.all()}
    return next(((step, int(taken.argmin())) for step, taken in held.items()), None)


def _numbers(pattern: Sequence[str], texts: Sequence[str]) -> Ints:
    """The places of those texts that have the pattern, in the order that it counts in."""
    fitting = [text for text in texts if len(text) == len(pattern)]
    columns = np.array(fitting, dtype=f"U{len(pattern)}").reshape(-1, 1).view("U1")
    numbers, known = np.zeros(len(fitting), dtype=np.int64), np.ones(len(fitting), dtype=bool)
    for place, choices in enumerate(pattern):
        order = np.argsort(list(choices))
        sorted_choices = np.array(list(choices))[order]
        at = np.minimum(np.searchsorted(sorted_choices, columns[:, place]), len(choices) - 1)
        known &= sorted_choices[at] == columns[:, place]
        numbers = numbers * len(choices) + order[at]
    return numbers[known]


def _characters(seen: set[str]) -> str:
    """The narrowest usual alphabet that holds what was seen at a place; a fixed character stays."""
    if len(seen) == 1:
        return seen.pop()
    for alphabet in (*ALPHABETS, *WIDER, ANY):
        if seen <= set(alphabet):
            return alphabet
    return "".join(sorted(seen))


def _widened(pattern: tuple[str, ...]) -> tuple[str, ...]:
    """The leading zeros of a counter are digits too, even where no key has come so far."""
    wider = list(pattern)
    for place in reversed(range(len(wider) - 1)):
        if wider[place] == "0" and wider[place + 1] == DIGITS:
            wider[place] = DIGITS
    return tuple(wider)
