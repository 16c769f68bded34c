"""From one latent to another: interpolation and style mixing."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganworks.latent.spaces import StyleGenerator, latent_space


@torch.no_grad()
def interpolate(generator: nn.Module, start: Tensor, end: Tensor, labels: Tensor, steps: int) -> Tensor:
    """Samples (rows, steps, *space.shape) on the way between latents (rows, latent), both ends included.

    On a straight line in w, on an arc in z. Smooth change says that the generator did not learn single
    samples by heart.
    """
    space = latent_space(generator)
    rows, many = len(start), labels.repeat_interleave(steps)
    first = space.points(start, labels).repeat_interleave(steps, 0)  # (rows * steps, size)
    last = space.points(end, labels).repeat_interleave(steps, 0)
    share = torch.linspace(0, 1, steps, device=start.device).repeat(rows)[:, None]
    made: Tensor = space.samples(space.between(first, last, share), many).unflatten(0, (rows, steps))
    return made.clamp(-1, 1)


@torch.no_grad()
def mix_styles(generator: nn.Module, coarse: Tensor, fine: Tensor, labels: Tensor, layer: int) -> Tensor:
    """Samples (rows, *space.shape) with styles of ``coarse`` below ``layer``, and of ``fine`` from it on.

    Karras et al. 2019, section 3.1 and figure 3. At layer 0 the sample is that of ``fine`` (rows, latent), at
    the number of layers that of ``coarse`` (rows, latent).

    Raises:
        ValueError: the generator has no styles, or the layer is not one of its layers.
    """
    net = styled(generator)
    layers = len(net.style_weights())
    if not 0 <= layer <= layers:
        raise ValueError(f"layer must lie between 0 and {layers}, got {layer}")
    below = (torch.arange(layers, device=coarse.device) < layer)[None, :, None]
    low, high = (net.mapping(z, labels)[:, None] for z in (coarse, fine))  # (rows, 1, style) each
    return net.synthesis(torch.where(below, low, high)).clamp(-1, 1)


def styled(generator: nn.Module) -> StyleGenerator:
    """The generator, seen as one with styles.

    Raises:
        ValueError: it has none.
    """
    if not isinstance(generator, StyleGenerator):
        raise ValueError(
            f"{type(generator).__name__} has no styles; train a style-based recipe (stylegan, stylegan2)"
        )
    return generator
