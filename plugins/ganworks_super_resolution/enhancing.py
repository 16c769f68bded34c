"""`gan run super-resolution FILE...`: pictures enhanced at once, by a bundled model or a trained one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np

from ganworks.errors import DataError, GanworksError, MissingExtraError, UsageError
from ganworks.run import Event
from ganworks_image.applying import Job, Picture, planned, read_picture, require_holds, write_picture
from ganworks_super_resolution.bands import Array
from ganworks_super_resolution.choosing import chosen_network
from ganworks_super_resolution.network import Network
from ganworks_super_resolution.options import Options
from ganworks_super_resolution.video import refuse_videos

Tell = Callable[[Event], None]

# options that only a training understands; passed over in silence they would promise another result
_TRAINING = ("data", "minutes", "steps", "recipe", "recipe_options", "techniques", "start_from", "channels")


def enhance(
    files: Sequence[Path],
    options: Options,
    out: Path | None = None,
    force: bool = False,
    tell: Tell = lambda event: None,
) -> None:
    """Enhance pictures and folders of pictures; see `ganworks_image.applying.planned` for where they go.

    A file that cannot be used is left out with a warning, and the others are done all the same.

    Args:
        options: ``scale`` chooses a bundled model, ``from_run`` a trained one.
        force: replace files that exist.
        tell: receives the events ``progress``, ``warning`` and, for each file written, ``result``.

    Raises:
        UsageError: options, files or names that cannot be; nothing has been computed.
        DataError: some pictures were left out, or the only one cannot be used.
        GanworksError: a trained run cannot be opened or exported.
    """
    refuse_videos(files)
    given = [name for name in _TRAINING if name in options.model_fields_set]
    if given:
        name = given[0].replace("_", "-")
        raise UsageError(f"--{name} is for training, and files are enhanced at once: give one of the two")
    with chosen_network(options, tell) as network:
        suffix = f"-x{network.scale}" if network.scale > 1 else "-restored"
        jobs = planned(files, out, suffix=suffix, force=force)
        tell({"event": "stage", "stage": "enhancing", "status": "started"})
        left_out = _done(jobs, network, options.tile, tell)
    if len(jobs) == 1 and left_out:
        raise left_out[0]
    if left_out:
        raise DataError(f"{len(left_out)} of {len(jobs)} pictures were left out, the first: {left_out[0]}")


def _done(jobs: Sequence[Job], network: Network, tile: int | None, tell: Tell) -> list[GanworksError]:
    """Do every job that can be done, and return why the others cannot."""
    left_out: list[GanworksError] = []
    for done, job in enumerate(jobs, 1):
        try:
            picture = _fitting(job, network)
        except MissingExtraError:
            raise
        except (DataError, UsageError) as error:
            left_out.append(error)
            if len(jobs) > 1:
                tell({"event": "warning", "kind": "left-out", "text": f"left out: {error}"})
        else:
            _write(job, picture, network, tile, tell)
        if len(jobs) > 1:
            tell({"event": "progress", "label": "Pictures", "done": done, "total": len(jobs)})
    return left_out


def _write(job: Job, picture: Picture, network: Network, tile: int | None, tell: Tell) -> None:
    def progress(done: int, total: int) -> None:
        tell({"event": "progress", "label": job.source.name, "done": done, "total": total})

    started = perf_counter()
    result = enhanced(picture, network, tile, progress)
    write_picture(job.target, result)
    height, width = result.pixels.shape[:2]
    tell(
        {
            "event": "result",
            "source": str(job.source),
            "target": str(job.target),
            "width": width,
            "height": height,
            "seconds": round(perf_counter() - started, 3),
            "notes": list(result.notes),
            "text": "; ".join([f"{width:,} x {height:,} pixels", *result.notes]),
        }
    )


def _fitting(job: Job, network: Network) -> Picture:
    """Read a picture, and refuse what could not be computed or written before it is."""
    picture = read_picture(job.source)
    height, width = picture.pixels.shape[:2]
    try:
        channels = network.made_of(picture.pixels, picture.alpha)
    except DataError as error:
        raise DataError(f"{job.source}: {error}") from None
    shown = replace(
        picture,
        pixels=np.broadcast_to(picture.pixels[..., :1], (height, width, channels)),
        alpha=None if network.holes else picture.alpha,
    )
    require_holds(job.target, shown, (height * network.scale, width * network.scale))
    return picture


def enhanced(
    picture: Picture,
    network: Network,
    tile: int | None = None,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Picture:
    """Return the picture as a network makes it, with the profile, the resolution and the alpha that it had.

    Alpha is enlarged by bicubic interpolation, not by the network: what is fully opaque or transparent stays
    so. Holes that a network fills become opaque.

    Raises:
        DataError: the network cannot take this picture.
    """
    pixels = network(picture.pixels, picture.alpha, tile=tile, tell=tell)
    alpha = None if picture.alpha is None or network.holes else enlarged_alpha(picture.alpha, network.scale)
    same = pixels.shape[2] == picture.pixels.shape[2]
    return replace(picture, pixels=pixels, alpha=alpha, icc=picture.icc if same else None)


def enlarged_alpha(alpha: Array, scale: int) -> Array:
    """Enlarge (height, width) by bicubic interpolation, within the range of its type."""
    from PIL import Image

    if scale == 1:
        return alpha
    size = (alpha.shape[1] * scale, alpha.shape[0] * scale)
    large = Image.fromarray(alpha.astype(np.float32)).resize(size, Image.Resampling.BICUBIC)
    return np.asarray(np.rint(np.asarray(large)).clip(0, np.iinfo(alpha.dtype).max).astype(alpha.dtype))
