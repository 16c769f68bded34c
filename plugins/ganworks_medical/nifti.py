"""NIfTI volumes through MONAI: one orientation, one spacing, then two-dimensional slices."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ganworks.errors import MissingExtraError
from ganworks_image.frames import BadFileError
from ganworks_image.intensity import Pixels
from ganworks_medical.frames import MedicalFrame
from ganworks_medical.options import Options

AXES = {"sagittal": 0, "coronal": 1, "axial": 2}  # of a volume in RAS orientation


@contextlib.contextmanager
def quiet_monai() -> Iterator[None]:
    """Keep MONAI's remarks about absent GPU codecs and renamed arguments off the user's screen.

    Raises:
        MissingExtraError: MONAI is not installed.
    """
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("monai.data.nvimgcodec_pydicom_plugin").setLevel(logging.ERROR)
        try:
            import monai.transforms  # noqa: F401
        except ImportError:
            raise MissingExtraError("reading NIfTI", "medical") from None
        yield


def read_nifti(path: Path, options: Options) -> list[MedicalFrame]:
    """Return slices of one volume as a radiologist's screen shows them: anterior or superior side up.

    Every ``slice_step``-th slice along ``axis`` is taken when at least ``foreground`` of it is above
    background. The whole file is one group: neighbouring slices must not fall on two sides of a split.

    Raises:
        BadFileError: not three-dimensional, NaN inside, or no slice with enough foreground.
    """
    notes: list[str] = []
    volume, spacing = _oriented(path, options, notes)  # (x, y, z) in RAS
    if not np.isfinite(volume).all():
        raise BadFileError(f"{int((~np.isfinite(volume)).sum())} voxels are NaN or infinite")
    if volume.min() == volume.max():
        raise BadFileError(f"blank: every voxel is {volume.flat[0]:g}")
    axis = AXES[options.axis]
    kept, seen = _slices_with_foreground(volume, axis, options)
    if not kept:
        raise BadFileError(f"no {options.axis} slice has {options.foreground:.0%} foreground (--foreground)")
    if len(kept) < seen:
        notes.append(
            f"{seen - len(kept)} of {seen} slices have less than {options.foreground:.0%} foreground"
        )
    is_ct = float(volume.min()) <= -500  # air in Hounsfield units; no other modality goes there
    row, column = (side for number, side in enumerate(reversed(spacing)) if number != 2 - axis)
    return [
        MedicalFrame(
            pixels=np.rot90(np.take(volume, index, axis))[None].copy(),  # rows from superior or anterior
            dtype=_file_dtype(path),
            spacing=(row, column),
            modality="ct" if is_ct else "mr",
            unit="HU" if is_ct else "intensity",
            part=f"#{index}",
            notes=notes if index == kept[0] else [],
        )
        for index in kept
    ]


def _oriented(path: Path, options: Options, notes: list[str]) -> tuple[Pixels, tuple[float, float, float]]:
    with quiet_monai():
        from monai.transforms import LoadImage, Orientation, Spacing

        volume = LoadImage(image_only=True, reader="NibabelReader", ensure_channel_first=True)(str(path))
        if volume.ndim != 4:
            raise BadFileError(f"{volume.ndim - 1}-D; a volume has three dimensions")
        if len(volume) > 1:
            notes.append(f"4-D: the first of {len(volume)} volumes used")
        volume = Orientation(axcodes="RAS")(volume[:1])
        if options.spacing is not None:
            volume = Spacing(pixdim=options.spacing, mode="bilinear")(volume)
        side = [float(size) for size in volume.pixdim]
        return volume[0].numpy(), (side[0], side[1], side[2])


def _slices_with_foreground(volume: Pixels, axis: int, options: Options) -> tuple[list[int], int]:
    low, high = np.percentile(volume.astype(np.float32), (0, 99.5))
    above = (volume > low + 0.1 * (high - low)).mean(axis=tuple(i for i in range(3) if i != axis))
    candidates = range(
        options.slice_step // 2 if len(above) > options.slice_step else 0, len(above), options.slice_step
    )
    kept = [index for index in candidates if above[index] >= options.foreground]
    return [index for index in kept if np.ptp(np.take(volume, index, axis)) > 0], len(candidates)


def _file_dtype(path: Path) -> str:
    """The kind of number that the file's values are, after its own scale factor."""
    import nibabel

    header = nibabel.load(path).header
    slope, offset = header.get_slope_inter()
    stored = header.get_data_dtype().newbyteorder("=")
    plain = slope in (None, 1.0) and offset in (None, 0.0)
    return str(stored) if plain and stored.kind in "ui" else "float32"
