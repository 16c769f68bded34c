"""Slices of one DICOM series lie in files of their own; neighbours are nearly the same picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from ganworks_image.frames import Rejects
from ganworks_medical.frames import MedicalFrame

SERIES = 8  # slices from which on files of one DICOM series count as a volume and are thinned


def thin_series(frames: Sequence[MedicalFrame], step: int, rejects: Rejects) -> list[MedicalFrame]:
    """Keep every ``step``-th file of a DICOM series, in anatomical order."""
    series: dict[str, list[int]] = defaultdict(list)
    for row, frame in enumerate(frames):
        if frame.series is not None:
            series[frame.series].append(row)
    dropped: set[int] = set()
    for rows in series.values():
        if len(rows) >= SERIES:
            ordered = sorted(rows, key=lambda row: frames[row].position)
            dropped |= set(ordered) - set(ordered[step // 2 :: step])
    if dropped:
        reason = f"slices of DICOM series between every {step}th (--slice-step)"
        rejects.add(f"({len(dropped)} files)", reason, "not used")
    return [frame for row, frame in enumerate(frames) if row not in dropped]
