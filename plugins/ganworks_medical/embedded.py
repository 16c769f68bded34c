"""The embedded sample: real magnetic resonance patches, so that a first run needs no data and no network.

The picture is the ICBM 2009 symmetric average of 152 adult heads that nilearn ships: one averaged head,
nobody's own, and no disease in it. The task: is the middle of an axial patch rather grey or white matter?
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganworks.errors import MissingExtraError
from ganworks_medical.frames import MedicalFrame

TITLE = "Grey and white matter in the MNI152 head (nilearn; one averaged head, no pathology)"
STARVED = ("white_matter", 20)  # the rare class of the demonstration, and its training images
PATCH_MM = 28
STRIDE_MM = 12
SLICE_STEP_MM = 3
CENTRE_MM = 8
TISSUE_SHARE = 0.6  # a patch is brain, not skull or air
# The head is cut into axial slabs with free space between them, so that no anatomy is on two sides. Slabs,
# not halves, because the lower and the upper head look different: held-out data must be of the same kind.
# Cutting by height keeps the hemispheres, which mirror each other in this template, together.
SLABS = ("train", "train", "validation", "train", "test", "train", "train", "test")  # from the bottom up
LOWEST_MM = 2
SLAB_SLICES = 4
GAP_MM = 8  # between the last slice of a slab and the first of the next

Volume = NDArray[np.float32]


def embedded_frames() -> list[MedicalFrame]:
    """Return 8-bit patches of 28x28 mm at 1 mm with label, split and patient (the slice).

    Raises:
        MissingExtraError: nilearn is not installed.
    """
    head, grey, white = _volumes()
    frames: list[MedicalFrame] = []
    slab_mm = (SLAB_SLICES - 1) * SLICE_STEP_MM
    for number, split in enumerate(SLABS):
        low = LOWEST_MM + number * (slab_mm + GAP_MM)
        for z in range(low, low + slab_mm + 1, SLICE_STEP_MM):
            frames += _patches(z, split, head, grey, white)
    for number, frame in enumerate(frames):
        frame.source = number
    return frames


def _volumes() -> tuple[Volume, Volume, Volume]:
    """Head as 0..1, and the shares of grey and white matter, all (x, y, z) at 1 mm in RAS."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nilearn announces coming changes of its own defaults
            from nilearn import datasets

            loaders = (
                datasets.load_mni152_template,
                datasets.load_mni152_gm_template,
                datasets.load_mni152_wm_template,
            )
            head, grey, white = (np.asarray(load(resolution=1).dataobj, dtype=np.float32) for load in loaders)
    except ImportError:
        raise MissingExtraError("the embedded sample", "medical") from None
    return np.clip(head / np.percentile(head[head > 0], 99.5), 0, 1), grey, white


def _patches(z: int, split: str, head: Volume, grey: Volume, white: Volume) -> list[MedicalFrame]:
    frames = []
    edge = (PATCH_MM - CENTRE_MM) // 2
    for x in range(0, head.shape[0] - PATCH_MM + 1, STRIDE_MM):
        for y in range(0, head.shape[1] - PATCH_MM + 1, STRIDE_MM):
            whole = np.s_[x : x + PATCH_MM, y : y + PATCH_MM, z]
            if (grey[whole] + white[whole]).mean() < TISSUE_SHARE:
                continue
            middle = np.s_[x + edge : x + edge + CENTRE_MM, y + edge : y + edge + CENTRE_MM, z]
            label = "grey_matter" if grey[middle].mean() >= white[middle].mean() else "white_matter"
            frames.append(_frame(head[whole], label, split, f"mni152_x{x:03d}_y{y:03d}_z{z:03d}"))
    return frames


def _frame(patch: NDArray[Any], label: str, split: str, name: str) -> MedicalFrame:
    return MedicalFrame(
        pixels=np.rint(np.rot90(patch)[None] * 255).astype(np.uint8),  # anterior up
        dtype="uint8",
        spacing=(1.0, 1.0),
        modality="mr",
        name=name,
        label=label,
        split=split,
        group=name.rpartition("_")[2],  # the slice
    )
