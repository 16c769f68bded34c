"""A NIfTI volume through a trained run, slice by slice as the training data were sliced."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganworks.errors import DataError, MissingExtraError, UsageError
from ganworks.run import replacing
from ganworks_medical.nifti import AXES
from ganworks_medical.readers import NIFTIS

if TYPE_CHECKING:
    from ganworks_translation.translating import Resize, Translator


def is_volume(path: Path) -> bool:
    return path.name.lower().endswith(NIFTIS)


def check_volume(source: Path, target: Path, force: bool) -> None:
    """Raise before anything is computed.

    Raises:
        UsageError: the input is not there, or the output is no NIfTI file or there already.
    """
    if not source.is_file():
        raise UsageError(f"{source}: no such file")
    if not is_volume(target):
        raise UsageError(f"{target}: a volume is written as {' or '.join(NIFTIS)}; name such a file")
    if target.exists() and not force:
        raise UsageError(f"{target} exists already: --force replaces it")


def translate_volume(
    translator: Translator, source: Path, target: Path, axis: str, resizing: Resize = "auto"
) -> tuple[int, int, int]:
    """Write the translated volume, in RAS orientation; return its shape.

    Raises:
        DataError: it cannot be read, is not three-dimensional, or not of the kind of the training.
        MissingExtraError: nibabel is not installed.
    """
    image, volume = _read(source)
    dtype = np.dtype(translator.model.inputs["image"]["dtype"])
    values = volume if dtype.kind == "f" else _whole(volume, dtype)
    number, slices = AXES[axis], []
    for index in range(volume.shape[number]):
        shown = np.rot90(np.take(values, index, number))[..., None].astype(dtype)  # as it was read to train
        made = translator.translated(np.ascontiguousarray(shown), f"{source}#{index}", resizing)
        if made.shape[2] != 1:
            raise DataError(f"{source}: the run makes {made.shape[2]} channels, and a volume holds one")
        slices.append(np.rot90(made[..., 0], -1))
    result = np.stack(slices, axis=number)
    _write(target, result, image)
    return result.shape[0], result.shape[1], result.shape[2]


def _whole(volume: Any, dtype: np.dtype[Any]) -> Any:
    limits = np.iinfo(dtype.name)
    return np.rint(volume).clip(limits.min, limits.max)


def _read(path: Path) -> tuple[Any, Any]:
    """Return the image and its values (x, y, z) in RAS orientation."""
    try:
        import nibabel
    except ImportError:
        raise MissingExtraError("reading NIfTI", "medical") from None
    try:
        image = nibabel.as_closest_canonical(nibabel.load(path))
        volume = np.asarray(image.dataobj, dtype=np.float32)
    except Exception as error:  # a damaged file raises anything
        raise DataError(f"{path} is no readable NIfTI volume ({type(error).__name__}: {error})") from None
    if volume.ndim != 3:
        raise DataError(f"{path} is {volume.ndim}-D; a volume has three dimensions")
    if not np.isfinite(volume).all():
        raise DataError(f"{path}: {int((~np.isfinite(volume)).sum())} voxels are NaN or infinite")
    return image, volume


def _write(path: Path, volume: Any, like: Any) -> None:
    """The place in the scanner and the size of a voxel are kept; nothing else of the header is."""
    import nibabel

    made = nibabel.Nifti1Image(volume, like.affine)
    made.header["descrip"] = b"synthetic: translated by ganworks"
    with replacing(path) as scratch:
        data = made.to_bytes()
        if path.name.lower().endswith(".gz"):
            import gzip

            data = gzip.compress(data, mtime=0)
        scratch.write_bytes(data)
