"""Schedules: pure functions of the images seen, so that a resumed run is the same run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, isfinite, pi
from numbers import Real

Schedule = Callable[[int], float]  # images seen -> value


@dataclass(frozen=True)
class Ramp:
    """From ``start`` to ``end`` over ``images`` images, then constant.

    >>> Ramp(1.0, 0.0, images=100)(25), Ramp(1.0, 0.0, images=100)(500)
    (0.75, 0.0)

    Raises:
        ValueError: it would take less than one image.
    """

    start: float
    end: float
    images: int
    after: int = 0  # images before it begins
    cosine: bool = False  # half a cosine instead of a straight line

    def __post_init__(self) -> None:
        _require_images(self.images)

    def __call__(self, images: int) -> float:
        share = min(max((images - self.after) / self.images, 0.0), 1.0)
        share = (1 - cos(pi * share)) / 2 if self.cosine else share
        return self.start + (self.end - self.start) * share


@dataclass(frozen=True)
class Growth:
    """The level of a growing network: whole numbers hold, fractions fade the next level in.

    Karras et al. 2018 (Progressive GAN), section 2: each level holds for ``images`` images, then the next
    one fades in over as many. The fade ends at the whole number.

    >>> grow = Growth(levels=2, images=100)
    >>> [grow(n) for n in (0, 99, 150, 200, 250, 400)]
    [0.0, 0.0, 0.5, 1.0, 1.0, 2.0]

    Raises:
        ValueError: a phase would take less than one image.
    """

    levels: int  # the last level; level 0 is the smallest resolution
    images: int  # of each phase: holding a level, fading to the next

    def __post_init__(self) -> None:
        _require_images(self.images)

    def __call__(self, images: int) -> float:
        whole, within = divmod(images / self.images, 2)
        return min(whole + max(within - 1, 0.0), float(self.levels))


def _require_images(images: int) -> None:
    if images < 1:
        raise ValueError(f"a schedule takes 1 image or more, got {images}")


def is_number(value: object) -> bool:
    """Whether it is a finite number.

    >>> is_number(0.5), is_number(float("nan")), is_number("0.5")
    (True, False, False)
    """
    return isinstance(value, Real) and isfinite(value)


def value_at(value: float | Schedule, images: int) -> float:
    """The value after ``images`` images of something that may follow a schedule."""
    return value(images) if callable(value) else value
