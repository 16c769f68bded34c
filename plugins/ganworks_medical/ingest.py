"""Every usable picture of a source, in input units; every other one in the table of rejects."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from ganworks.errors import DataError
from ganworks.run import Run
from ganworks_medical import archive, embedded, geometry
from ganworks_medical.frames import LEFT_OUT, BadFileError, Frame, Item, Rejects, refuse_unusable
from ganworks_medical.options import Options
from ganworks_medical.readers import kind_of, read_file
from ganworks_medical.sources import find_items, kind_of_source

SERIES = 8  # slices from which on files of one DICOM series count as a volume and are thinned


def ingest(options: Options, rejects: Rejects, run: Run | None) -> tuple[list[Frame], str, str]:
    """Return usable pictures, the kind of file they came from (png, tiff, npz, nifti, dicom) and a title.

    Raises:
        DataError: nothing is there, or more than ``max_bad`` of it cannot be used.
    """
    if options.data is None:
        return embedded.embedded_frames(), "png", embedded.TITLE
    title = options.data.resolve().stem
    if kind_of_source(options.data, options.kind) == "npz":
        frames = archive.read_archive(options.data)
        kept = [frame for frame in frames if _usable(frame, rejects, LEFT_OUT)]
        _refuse_too_many_bad(rejects, len(frames), options)
        return _limited(kept, options), "npz", title
    items = find_items(options, rejects)
    listed = len(items) + len(rejects.bad())
    frames = _read_all(items, options, rejects, run)
    _refuse_too_many_bad(rejects, listed, options)
    kind = Counter(kind_of(item.path) for item in items).most_common(1)[0][0]
    if kind_of_source(options.data, options.kind) != "csv":  # a manifest names exactly what is wanted
        frames = _thin_series(frames, options, rejects)
    return frames, kind, title


def _read_all(items: Sequence[Item], options: Options, rejects: Rejects, run: Run | None) -> list[Frame]:
    frames: list[Frame] = []
    steps: Iterable[Item] = items if run is None else run.progress(items, "reading")
    for source, item in enumerate(steps):
        try:
            found = read_file(item.path, options)
        except BadFileError as error:
            rejects.add(item.name, str(error))
            continue
        for frame in found:
            frame.name, frame.label, frame.split = item.name + frame.part, item.label, item.split
            frame.source = source
            frame.patient = item.patient or frame.patient or (item.name if len(found) > 1 else None)
        # a blank page of a file is no bad file, a file of blank pages is
        usable = [
            frame
            for frame in found
            if _usable(frame, rejects, LEFT_OUT if len(found) == 1 else "page left out")
        ]
        if not usable and len(found) > 1:
            rejects.add(item.name, f"none of its {len(found)} pictures can be used")
        for frame in usable:
            for note in frame.notes:
                rejects.add(frame.name, note, "used")
        frames += _limited(usable, options)
    return frames


def _usable(frame: Frame, rejects: Rejects, action: str) -> bool:
    try:
        refuse_unusable(frame)
    except BadFileError as error:
        rejects.add(frame.name, str(error), action)
        return False
    return True


def _limited(frames: list[Frame], options: Options) -> list[Frame]:
    """Shrink at once what is far larger than the result; twice the final size keeps resampling exact."""
    twice = 2 * (options.size or geometry.DEFAULT_LONGEST)
    limit = geometry.LARGEST if options.spacing is not None else twice
    return [geometry.shrink_to_limit(frame, limit) for frame in frames]


def _refuse_too_many_bad(rejects: Rejects, total: int, options: Options) -> None:
    bad = rejects.bad()
    if total and len(bad) < total and len(bad) <= options.max_bad * total:
        return
    first = "; ".join(f"{file}: {reason}" for file, reason, _ in bad[:3])
    raise DataError(
        f"{options.data}: {len(bad)} of {total} images cannot be used ({first}); "
        f"mend or remove them, or raise --max-bad (now {options.max_bad:g})"
    )


def _thin_series(frames: list[Frame], options: Options, rejects: Rejects) -> list[Frame]:
    """Keep every ``slice_step``-th file of a DICOM series, in anatomical order."""
    series: dict[str, list[int]] = defaultdict(list)
    for row, frame in enumerate(frames):
        if frame.series is not None:
            series[frame.series].append(row)
    dropped: set[int] = set()
    for rows in series.values():
        if len(rows) >= SERIES:
            ordered = sorted(rows, key=lambda row: frames[row].position)
            dropped |= set(ordered) - set(ordered[options.slice_step // 2 :: options.slice_step])
    if dropped:
        reason = f"slices of DICOM series between every {options.slice_step}th (--slice-step)"
        rejects.add(f"({len(dropped)} files)", reason, "not used")
    return [frame for row, frame in enumerate(frames) if row not in dropped]
