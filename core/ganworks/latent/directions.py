"""Directions in the latent space that change one thing each, found without labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganworks.latent.moves import styled
from ganworks.latent.spaces import latent_space


@dataclass(frozen=True)
class Directions:
    """Directions, the one that changes most first."""

    vectors: Tensor  # (count, size), a step of strength 1 each
    scores: Tensor  # (count,): eigenvalue, or standard deviation of the samples' coordinates


def factorised_directions(
    generator: nn.Module, count: int, layers: Sequence[int] | None = None
) -> Directions:
    """The styles that change the layers' scales most: orthonormal eigenvectors of A^T A. No sample is drawn.

    Shen and Zhou 2021 (SeFa), eq. 5 and 6: A (styled channels, style) stacks what the layers read of a style,
    each channel at length 1.

    Args:
        generator: one with styles.
        count: directions to return; at most as many as a style has numbers.
        layers: whose weights count; None for all. Early layers hold the layout, late ones the texture.

    Raises:
        ValueError: the generator has no styles, or there are not as many directions.
    """
    weights = list(styled(generator).style_weights())
    chosen = range(len(weights)) if layers is None else layers
    A = F.normalize(torch.cat([weights[layer].detach() for layer in chosen]).double(), dim=1)
    _require(count, A.shape[1])
    values, vectors = torch.linalg.eigh(A.T @ A)  # ascending
    return Directions(vectors.T.flip(0)[:count].float(), values.flip(0)[:count].float())


@torch.no_grad()
def principal_directions(
    generator: nn.Module, latent: int, count: int, *, label: int = 0, rows: int = 2048, seed: int = 0
) -> Directions:
    """Principal components of drawn samples of one class. Harkonen et al. 2020 (GANSpace), section 2.

    With styles: the components of w (section 2.1). Otherwise those of the first layer's activations, carried
    back to z by least squares (section 2.2, eq. 1). A step of strength 1 is one standard deviation.

    Args:
        generator: any generator, in evaluation mode.
        latent: numbers in a latent.
        count: directions to return.
        label: the class whose samples are drawn.
        rows: samples to draw.
        seed: of the draw.

    Raises:
        ValueError: there are not as many directions, or the generator has no layer with weights.
    """
    draw = torch.Generator().manual_seed(seed)
    z = torch.randn(rows, latent, generator=draw).to(_device(generator))
    labels = torch.full((rows,), label, device=z.device)
    space = latent_space(generator)
    points = space.points(z, labels)
    seen = points if space.name == "w" else _first_activations(generator, z, labels)
    seen = (seen - seen.mean(0)).double()
    _, spread, axes = torch.linalg.svd(seen, full_matrices=False)
    _require(count, min(len(axes), points.shape[1]))
    deviation = spread[:count] / rows**0.5
    coordinates = seen @ axes[:count].T / deviation  # (rows, count), of unit variance
    centred = (points - points.mean(0)).double()
    vectors = torch.linalg.lstsq(coordinates, centred).solution  # (count, size)
    return Directions(vectors.float(), deviation.float())


@torch.no_grad()
def strip(
    generator: nn.Module, latent: Tensor, label: int, directions: Directions, strengths: Sequence[float]
) -> Tensor:
    """Samples (directions, strengths, *space.shape) in [-1, 1]: a latent (latent,), moved along each."""
    space = latent_space(generator)
    vectors = directions.vectors.to(latent.device)
    amounts = torch.tensor(strengths, device=latent.device)
    point = space.points(latent[None], torch.full((1,), label, device=latent.device))  # (1, size)
    moves = amounts[None, :, None] * vectors[:, None]  # (directions, strengths, size)
    moved = point + moves.flatten(0, 1)
    labels = torch.full((len(moved),), label, device=latent.device)
    made: Tensor = space.samples(moved, labels).unflatten(0, (len(vectors), len(amounts)))
    return made.clamp(-1, 1)


def _first_activations(generator: nn.Module, z: Tensor, labels: Tensor) -> Tensor:
    """(rows, values): what the first layer with weights, embeddings aside, makes of the latents."""
    seen: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: object, output: Tensor) -> None:
        seen.append(output.flatten(1))

    leaves = [m for m in generator.modules() if not list(m.children()) and list(m.parameters())]
    hooks = [m.register_forward_hook(keep) for m in leaves if not isinstance(m, nn.Embedding)]
    try:
        generator(z, labels)
    finally:
        for hook in hooks:
            hook.remove()
    if not seen:
        raise ValueError(f"{type(generator).__name__} has no layer with weights to take activations of")
    return seen[0]


def _require(count: int, most: int) -> None:
    if not 1 <= count <= most:
        raise ValueError(f"there are {most} directions to choose from, not {count}")


def _device(generator: nn.Module) -> torch.device:
    return next(generator.parameters()).device
