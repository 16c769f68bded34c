"""From what the user has to `Photos`: read, check, share out, cache. Called once a run."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ganworks.run import Run
from ganworks_image.conform import common_dtype, one_channel_count
from ganworks_image.folders import replacing_folder
from ganworks_image.frames import Rejects
from ganworks_image.intensity import IntensityMap, data_window
from ganworks_image.readers import FileKinds
from ganworks_image.sources import Groups, Source, kind_of_source
from ganworks_image.splits import PARTS
from ganworks_super_resolution.embedded import embedded_frames, sample_title
from ganworks_super_resolution.options import Options
from ganworks_super_resolution.parts import Parts, split
from ganworks_super_resolution.photos import FOLDER, PIXELS, Photos
from ganworks_super_resolution.spool import Spool, SpooledIngest


def read(options: Options, cache: Path, run: Run | None = None) -> Photos:
    """Read ``options.data`` (or the embedded sample), write the photos under ``cache`` and return them.

    Memory holds one file at a time. After a crash, `Photos.exists` finds the old photos or the new ones.

    Raises:
        DataError: the data cannot be used; the message names what, where and the way out.
        MissingExtraError: the library for a kind of file is not installed.
    """
    rejects = Rejects()
    with replacing_folder(cache / FOLDER) as folder:
        spool = Spool(folder / PIXELS, options.channels)
        try:
            frames, kind, title = _frames(options, spool, rejects, run)
        finally:
            spool.close()
        one_channel_count(frames, options.channels, rejects)
        parts = split(frames, spool.digests, spool.thumbnails(), options.holdout, options.seed)
        photos = Photos(
            pixels=np.memmap(folder / PIXELS, dtype=np.uint8, mode="r"),
            table=_table(frames, spool, parts),
            rejects=rejects.table(),
            channels=frames[0].pixels.shape[0],
            intensity=_intensity(frames, spool),
            title=title,
            fingerprint=_fingerprint(spool, parts),
            kind=kind,
            notes=parts.notes,
            leaks=parts.leaks,
        )
        photos.save(folder)
    if run is not None:
        _announce(photos, run)
    return Photos.load(cache)


def _frames(options: Options, spool: Spool, rejects: Rejects, run: Run | None) -> tuple[list[Any], str, str]:
    """Return stand-ins of all photos, the kind of most files, and the title."""
    if options.data is None:
        found = []
        for frame in embedded_frames():
            spool.take(frame)
            found.append(frame)
        return found, "png", sample_title(found)
    source = Source(
        path=options.data,
        kind=kind_of_source(options.data, "auto"),
        files=_files(options),
        groups=Groups(expression=options.group_regex),
        labelled=False,
    )
    ingest = SpooledIngest(source, rejects, max_bad=options.max_bad, limit=0, run=run)
    ingest.spool = spool
    return *ingest.read(), options.data.resolve().stem


def _files(options: Options) -> FileKinds:
    """Pictures, and the volumes and scans of hospitals, whose libraries are imported when one is met."""
    from ganworks_medical.options import Options as MedicalOptions
    from ganworks_medical.readers import medical_files

    slices = {"axis": options.axis, "slice_step": options.slice_step}
    return medical_files(MedicalOptions.model_validate(slices))


def _intensity(frames: Sequence[Any], spool: Spool) -> IntensityMap:
    """Choose what black and white are.

    8 bit keep 0 to 255, and 16-bit pictures 0 to the largest number of the bits they use (4,095 of 12 bits).
    Anything else, and magnetic resonance, which has no units, uses the pooled 0.1st to 99.9th percentile.

    Raises:
        DataError: 8-bit and deeper pictures are mixed.
    """
    dtype = common_dtype(frames)
    if dtype == "uint8":
        return IntensityMap(low=0, high=255, dtype=dtype)
    if dtype == "uint16" and not any(getattr(frame, "modality", None) == "mr" for frame in frames):
        bits = max(int(frame.pixels.max()) for frame in frames).bit_length()
        return IntensityMap(low=0, high=2 ** max(8, bits) - 1, dtype=dtype)
    low, high = data_window(spool.samples, dtype)
    return IntensityMap(low=low, high=high, dtype=dtype, unit=getattr(frames[0], "unit", "intensity"))


def _table(frames: Sequence[Any], spool: Spool, parts: Parts) -> pd.DataFrame:
    """Photos that are left out stay in the file of pixels, but not in the table."""
    table = pd.DataFrame(spool.records)
    table.insert(0, "file", [frame.name for frame in frames])
    table.insert(1, "split", [PARTS[number] if number >= 0 else "" for number in parts.part])
    return table[parts.part >= 0].reset_index(drop=True)


def _fingerprint(spool: Spool, parts: Parts) -> str:
    digest = hashlib.sha256()
    for record, photo, part in zip(spool.records, spool.digests, parts.part.tolist(), strict=True):
        shape = f"{record['channels']}x{record['height']}x{record['width']} {record['dtype']}"
        digest.update(f"{photo} {shape} {part}\n".encode())
    return digest.hexdigest()


def _announce(photos: Photos, run: Run) -> None:
    counts = Counter(photos.table["split"])
    run.emit("data", **photos.describe(), photos=dict(counts), rejected=len(photos.rejects))
    for note in photos.notes:
        run.warn("data", note)
    out = photos.rejects[photos.rejects["action"].str.contains("left out|dropped")]
    if len(out):
        first = f"{out['file'].iloc[0]}: {out['reason'].iloc[0]}"
        run.warn("rejected", f"{len(out)} files left out, listed in the report ({first})")
