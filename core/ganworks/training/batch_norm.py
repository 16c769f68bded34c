"""BatchNorm statistics that fit the weights they serve."""

from __future__ import annotations

import torch
from torch import nn

from ganworks.training.recipe import Recipe


@torch.no_grad()
def settle_batch_norm(generator: nn.Module, recipe: Recipe) -> None:
    """Replace running BatchNorm statistics by those of the very weights they serve, over fresh latents.

    Brock et al. 2019 (BigGAN), appendix D: statistics that trail the averaged weights spoil the samples.
    """
    norms = [m for m in generator.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over all batches
    generator.train()
    device = next(generator.parameters()).device
    draw = torch.Generator().manual_seed(0)
    classes = max(len(recipe.space.classes), 1)
    for _ in range(recipe.standing_batches):
        latent = torch.randn(recipe.draw.batch, recipe.draw.latent, generator=draw)
        labels = torch.randint(classes, (recipe.draw.batch,), generator=draw)
        generator(latent.to(device), labels.to(device))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
