"""The kinds of files that are written. Every file says itself that it is synthetic; no header is copied."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganworks.errors import UsageError
from ganworks_image.intensity import Pixels

if TYPE_CHECKING:
    from ganworks_image.study import Study

Writer = Callable[[Path, Pixels, Mapping[str, Any], Any], None]  # file, pixels, provenance, study


@dataclass(frozen=True, kw_only=True)
class FileFormat:
    """A kind of file: its suffix, its writer, and what it can hold; None means anything.

    ``deep_colour``: more than one channel of more than 8 bits.
    """

    suffix: str
    write: Writer
    dtypes: frozenset[str] | None = None
    channels: frozenset[int] | None = None
    deep_colour: bool = True

    def holds(self, dtype: str, channels: int) -> bool:
        return (
            (self.dtypes is None or dtype in self.dtypes)
            and (self.channels is None or channels in self.channels)
            and (self.deep_colour or channels == 1 or dtype == "uint8")
        )


def output_kind(asked: str, kind: str, dtype: str, channels: int, formats: Mapping[str, FileFormat]) -> str:
    """Return the file kind to write: the input's own where it can hold the numbers, else TIFF.

    Raises:
        UsageError: a kind was asked for that cannot hold them.
    """
    wanted = kind if asked == "auto" else asked
    if formats[wanted].holds(dtype, channels):
        return wanted
    if asked == "auto":
        return "tiff"
    raise UsageError(f"--file-kind {asked} cannot hold {channels}-channel {dtype} images; use tiff or npz")


def interleaved(pixels: Pixels) -> Pixels:
    """(channels, height, width) to (height, width) or (height, width, channels)."""
    return pixels[0] if len(pixels) == 1 else np.ascontiguousarray(np.moveaxis(pixels, 0, -1))


def write_png(path: Path, pixels: Pixels, provenance: Mapping[str, Any], study: Study) -> None:
    from PIL import Image, PngImagePlugin

    info = PngImagePlugin.PngInfo()  # tEXt chunks
    info.add_text("synthetic", "true")
    info.add_text("provenance", json.dumps(provenance))
    Image.fromarray(interleaved(pixels)).save(path, pnginfo=info)


def write_tiff(path: Path, pixels: Pixels, provenance: Mapping[str, Any], study: Study) -> None:
    import tifffile

    photometric = "rgb" if len(pixels) == 3 else "minisblack"
    planes = interleaved(pixels) if len(pixels) in (1, 3) else pixels
    tifffile.imwrite(path, planes, photometric=photometric, description=json.dumps(provenance), metadata=None)


def write_npz(path: Path, pixels: Pixels, provenance: Mapping[str, Any], study: Study) -> None:
    np.savez_compressed(
        path,
        image=interleaved(pixels),
        label=np.array(provenance["label"]),
        synthetic=np.array(True),
        provenance=np.array(json.dumps(provenance)),
    )


FORMATS: dict[str, FileFormat] = {
    "png": FileFormat(
        suffix=".png",
        write=write_png,
        dtypes=frozenset({"uint8", "uint16"}),
        channels=frozenset({1, 3}),
        deep_colour=False,
    ),
    "tiff": FileFormat(suffix=".tiff", write=write_tiff),
    "npz": FileFormat(suffix=".npz", write=write_npz),
}
