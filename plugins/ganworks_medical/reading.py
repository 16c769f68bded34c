"""From what the user has to a `Study`: read, check, conform, find copies, split, cache. Called once a run."""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ganworks.errors import UsageError, nearest
from ganworks.run import Run
from ganworks_medical import duplicates, embedded, geometry, partition
from ganworks_medical.conform import one_channel_count, one_intensity
from ganworks_medical.formats import output_kind
from ganworks_medical.frames import Frame, Rejects
from ganworks_medical.ingest import ingest
from ganworks_medical.options import Options
from ganworks_medical.policies import policy_for
from ganworks_medical.splits import PARTS
from ganworks_medical.study import Study

LOW_DATA = 50  # training images of a class below which copies and collapse are to be expected


def read(options: Options, cache: Path, run: Run | None = None) -> Study:
    """Read ``options.data`` (or the embedded sample), write the study under ``cache`` and return it.

    Raises:
        DataError: the data cannot be used; the message names what, where and the way out.
        UsageError: an option does not fit the data.
    """
    rejects = Rejects()
    frames, kind, title = ingest(options, rejects, run)
    frames = one_channel_count(frames, options.channels, rejects)
    shape = geometry.choose(frames, options.size, options.spacing)
    geometry.conform(frames, shape, rejects)
    modality = _modality(frames, options)
    images, intensity = one_intensity(frames, modality, options.window)
    policy = policy_for(modality, options.flips)
    twins = duplicates.find_twins(images, mirrored=policy.horizontal_flip)

    parts = partition.Partition(frames, twins, options, rejects)
    parts.drop_conflicts()
    left_out = parts.drop_small_classes()
    parts.group()
    parts.split()
    parts.limit_training(_starvation(options, parts.classes))
    keep = parts.rows().tolist()  # sorted by split
    table = _table([frames[row] for row in keep], parts, keep, _salt())
    study = Study(
        images=images[keep],
        table=table,
        rejects=rejects.table(),
        classes=parts.classes,
        intensity=intensity,
        kind=output_kind(options.file_kind, kind, intensity.dtype, images.shape[1]),
        modality=modality,
        policy=policy,
        spacing=shape.spacing,
        axis=options.axis if kind == "nifti" else None,
        fingerprint=_fingerprint(images[keep], table),
        title=title,
        grouped_by=parts.grouped_by,
        leaks=parts.leaks,
        notes=tuple(parts.notes),
        left_out=left_out,
    )
    training = Counter(table.loc[table["split"] == "train", "label"])
    study.low_data = {name: training[name] for name in study.classes if training[name] < LOW_DATA}
    study.save(cache)
    if run is not None:
        _announce(study, run)
    return Study.load(cache)


def _modality(frames: Sequence[Frame], options: Options) -> str:
    """The modality asked for, else what most files say; where none says any, colour counts as photograph."""
    if options.modality != "auto":
        return options.modality
    said = Counter(frame.modality for frame in frames if frame.modality)
    if said:
        return said.most_common(1)[0][0]
    return "photo" if frames[0].pixels.shape[0] == 3 else "other"


def _starvation(options: Options, classes: Sequence[str]) -> dict[str, int]:
    """Return class -> training images to keep.

    Raises:
        UsageError: ``starve`` names a class that is not there.
    """
    limits = {} if options.cap_per_class is None else dict.fromkeys(classes, options.cap_per_class)
    if options.starve is None:
        return limits if options.data is not None else {**limits, embedded.STARVED[0]: embedded.STARVED[1]}
    name, _, number = options.starve.rpartition("=")
    if name not in classes:
        known = nearest(name, classes) or f" (classes: {', '.join(classes)})"
        raise UsageError(
            f"--starve {options.starve}: there is no class '{name}'{known}; name one of the data"
        )
    return {**limits, name: int(number)}


def _table(
    frames: Sequence[Frame], parts: partition.Partition, keep: Sequence[int], salt: bytes
) -> pd.DataFrame:
    labels = [frame.label for frame in frames]
    return pd.DataFrame(
        {
            "file": [frame.name for frame in frames],
            "label": labels,
            "index": [parts.classes.index(label) for label in labels],
            "group": [_hashed(parts.group_name(row), salt) for row in keep],
            "split": [PARTS[parts.part[row]] for row in keep],
            "source": [frame.source for frame in frames],
        }
    )


def _salt() -> bytes:
    """A secret of this run, never written: without it a hash of a patient number is undone by trying all."""
    return secrets.token_bytes(16)


def _hashed(text: str, salt: bytes) -> str:
    return hashlib.blake2b(text.encode(), key=salt, digest_size=6).hexdigest()


def _fingerprint(images: np.ndarray[tuple[int, ...], np.dtype[np.generic]], table: pd.DataFrame) -> str:
    digest = hashlib.sha256(np.ascontiguousarray(images).data)
    digest.update(table[["label", "split"]].to_csv(index=False).encode())
    return digest.hexdigest()


def _announce(study: Study, run: Run) -> None:
    run.emit("data", **study.describe(), rejected=len(study.rejects))
    for note in study.notes:
        run.warn("data", note)
    out = study.rejects[study.rejects["action"].str.contains("left out|dropped|skipped|refused")]
    if len(out):
        first = f"{out['file'].iloc[0]}: {out['reason'].iloc[0]}"
        run.warn("rejected", f"{len(out)} files or images left out, listed in the report ({first})")
    for name, count in study.left_out.items():
        run.warn("small-class", f"class '{name}' has only {count} images and is left out (--min-class)")
    for name, count in study.low_data.items():
        run.warn(
            "low-data", f"class '{name}' trains on {count} images: expect little variety and near-copies"
        )
