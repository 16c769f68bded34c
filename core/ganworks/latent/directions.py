"""Directions in the latent space that change one thing each, found without labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrize import is_parametrized

from ganworks.latent.moves import styled
from ganworks.latent.spaces import latent_space

NEGLIGIBLE = 1e-6  # spread of activations, as a share of their length: less is rounding


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
    back to z by least squares (section 2.2, eq. 1). A step of strength 1 is one standard deviation. Where the
    latent is divided among the layers (BigGAN), they move the share of the first one.

    Args:
        generator: any generator, in evaluation mode.
        latent: numbers in a latent.
        count: directions to return; fewer where the samples vary along fewer.
        label: the class whose samples are drawn.
        rows: samples to draw.
        seed: of the draw.

    Raises:
        ValueError: the generator has no layer with weights, or what its first one makes does not vary.
    """
    draw = torch.Generator().manual_seed(seed)
    z = torch.randn(rows, latent, generator=draw).to(_device(generator))
    labels = torch.full((rows,), label, device=z.device)
    space = latent_space(generator)
    points = space.points(z, labels)
    seen = points if space.name == "w" else _first_activations(generator, z, labels)
    deviation, coordinates = _components(seen.double())
    count = min(count, points.shape[1])
    deviation, coordinates = deviation[:count], coordinates[:, :count]
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


def _components(seen: Tensor) -> tuple[Tensor, Tensor]:
    """Deviations (axes,) and coordinates of unit variance (rows, axes) of what varies in (rows, values).

    Raises:
        ValueError: nothing does.
    """
    centred = seen - seen.mean(0)
    _, spread, axes = torch.linalg.svd(centred, full_matrices=False)
    varying = spread > NEGLIGIBLE * seen.norm()
    if not varying.any():
        raise ValueError("the first layer makes the same of every latent: there are no directions to find")
    deviation = spread[varying] / len(seen) ** 0.5
    return deviation, centred @ axes[varying].T / deviation


class _FirstLayer(Exception):  # noqa: N818 - no error
    """Ends a forward pass with what it was for: the layers behind would cost far more than this one."""

    def __init__(self, activations: Tensor) -> None:
        self.activations = activations


def _first_activations(generator: nn.Module, z: Tensor, labels: Tensor) -> Tensor:
    """(rows, values): what the first layer with weights, embeddings aside, makes of the latents."""

    def stop(_module: nn.Module, _inputs: object, output: Tensor) -> None:
        raise _FirstLayer(output.flatten(1))

    layers = [m for m in generator.modules() if _has_weights(m) and not isinstance(m, nn.Embedding)]
    hooks = [m.register_forward_hook(stop) for m in layers]
    try:
        generator(z, labels)
    except _FirstLayer as first:
        return first.activations
    finally:
        for hook in hooks:
            hook.remove()
    raise ValueError(f"{type(generator).__name__} has no layer with weights to take activations of")


def _has_weights(module: nn.Module) -> bool:
    """Whether it is a layer; one under spectral norm keeps its weights in a child."""
    return is_parametrized(module) or (not list(module.children()) and bool(list(module.parameters())))


def _require(count: int, most: int) -> None:
    if not 1 <= count <= most:
        raise ValueError(f"there are {most} directions to choose from, not {count}")


def _device(generator: nn.Module) -> torch.device:
    return next(generator.parameters()).device
