"""Pictures of what a trained generator has learned: truncation, interpolation, directions, style mixing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from ganworks.errors import DataError, UsageError
from ganworks.latent import (
    Directions,
    StyleGenerator,
    factorised_directions,
    interpolate,
    mix_styles,
    principal_directions,
    project,
    strip,
)
from ganworks.latent.moves import styled
from ganworks.report.pictures import image_grid
from ganworks.run import replacing
from ganworks.space import SampleSpace
from ganworks.training import Sampler

ROWS = 6  # of a sheet
TRUNCATIONS = (0.0, 0.25, 0.5, 0.75, 1.0)
STRENGTHS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
STEPS = 8  # of an interpolation


def explore(
    sampler: Sampler,
    space: SampleSpace,
    out: Path,
    *,
    label: int = 0,
    seed: int = 0,
    target: Path | None = None,
) -> dict[str, Path]:
    """Write a sheet for each control that the generator has; return their files by name.

    ``truncation``: a row a seed, from the mean picture to the whole variety. ``interpolation``: from one seed
    to the next. ``directions``: a row a direction, found without labels. ``mixing`` (style-based generators):
    a row holds one seed's styles below the middle layer, a column one seed's above; the diagonal is unmixed.
    ``projection``: ``target`` beside the nearest sample that a search in the latent space finds.
    The generator draws from latents and labels; one that translates has no latents to explore.

    Raises:
        UsageError: the samples are not images.
        DataError: ``target`` cannot be read.
    """
    if space.rank != 2:
        raise UsageError("only generators of images can be explored in pictures")
    wanted = None if target is None else read_target(target, space)
    out.mkdir(parents=True, exist_ok=True)
    return {name: _write(out / f"{name}.png", sheet) for name, sheet in _sheets(sampler, label, seed, wanted)}


def read_target(path: Path, space: SampleSpace) -> Tensor:
    """A picture as one sample (1, *space.shape) in [-1, 1], resized and converted to the space's channels.

    Raises:
        DataError: it cannot be read.
        UsageError: the space has neither one nor three channels.
    """
    if space.channels not in (1, 3):
        raise UsageError(
            f"a picture cannot be brought to {space.channels} channels: project works with 1 or 3"
        )
    try:
        with Image.open(path) as opened:
            deep = opened.mode.startswith("I")
            picture = opened if deep else opened.convert("L" if space.channels == 1 else "RGB")
            resized = picture.resize((space.width, space.height), Image.Resampling.LANCZOS)
    except (OSError, Image.DecompressionBombError) as error:
        raise DataError(f"{path} cannot be read as a picture: {error}") from None
    values = np.asarray(resized, dtype=np.float32) / (65535 if deep else 255) * 2 - 1  # (H, W) or (H, W, 3)
    channels = np.atleast_3d(values).transpose(2, 0, 1)
    return torch.from_numpy(np.ascontiguousarray(channels))[None].expand(1, space.channels, -1, -1)


def _sheets(sampler: Sampler, label: int, seed: int, target: Tensor | None) -> Iterator[tuple[str, Tensor]]:
    """Name and pictures (lines, columns, *space.shape) of each sheet."""
    generator, device = sampler.generator, sampler.device
    seeds, labels = torch.arange(ROWS) + seed, torch.full((ROWS,), label)
    latents, told = sampler.latents(seeds).to(device), labels.to(device)
    truncated = [sampler.sample(labels, seeds, truncation=share) for share in TRUNCATIONS]
    yield "truncation", torch.stack(truncated, 1)
    yield "interpolation", interpolate(generator, latents, latents.roll(-1, 0), told, STEPS).cpu()
    yield (
        "directions",
        strip(generator, latents[0], label, _directions(sampler, label, seed), STRENGTHS).cpu(),
    )
    if isinstance(generator, StyleGenerator):
        yield "mixing", _mixed(generator, latents, told)
    if target is not None:
        found = project(generator, target.to(device), told[:1], sampler.latent, seed=seed)
        yield "projection", torch.stack([target, found.samples.detach().cpu()], 1)


def _directions(sampler: Sampler, label: int, seed: int) -> Directions:
    if isinstance(sampler.generator, StyleGenerator):
        return factorised_directions(sampler.generator, ROWS)
    return principal_directions(sampler.generator, sampler.latent, ROWS, label=label, seed=seed)


def _mixed(generator: nn.Module, latents: Tensor, labels: Tensor) -> Tensor:
    """(coarse, fine, *space.shape): every latent's coarse styles with every latent's fine ones."""
    middle = len(styled(generator).style_weights()) // 2
    made = [mix_styles(generator, latents, fine.expand_as(latents), labels, middle) for fine in latents]
    return torch.stack(made, 1).cpu()


def _write(path: Path, sheet: Tensor) -> Path:
    with replacing(path) as scratch:
        Image.fromarray(image_grid(sheet.flatten(0, 1), sheet.shape[1])).save(scratch, format="PNG")
    return path
