"""One training step of each method in the plain style of the well-known tutorials: the yardstick.

Every update runs its own forwards, gradients of the discriminator are computed in the generator's step too,
Adam is the default one, memory layout and precision are torch's defaults. Networks and data are the same
objects that the recipe uses, so that only the step differs.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Batch = Callable[[], tuple[Tensor, Tensor, Tensor]]  # -> real images, latents, labels


def dcgan(g: nn.Module, d: nn.Module, batch: Batch, *, lr: float = 2e-4) -> Callable[[], tuple[float, float]]:
    """Binary cross-entropy, D on real, D on fake, then G: as in the DCGAN tutorial of PyTorch."""
    opt_d = torch.optim.Adam(d.parameters(), lr=lr, betas=(0.5, 0.999))
    opt_g = torch.optim.Adam(g.parameters(), lr=lr, betas=(0.5, 0.999))
    criterion = nn.BCEWithLogitsLoss()

    def step() -> tuple[float, float]:
        real, z, y = batch()
        ones, zeros = torch.ones(len(real), 1), torch.zeros(len(real), 1)
        opt_d.zero_grad()
        loss_real = criterion(d(real, y).logits, ones)
        loss_real.backward()
        fake = g(z, y)
        loss_fake = criterion(d(fake.detach(), y).logits, zeros)
        loss_fake.backward()
        opt_d.step()
        opt_g.zero_grad()
        loss_g = criterion(d(fake, y).logits, ones)
        loss_g.backward()
        opt_g.step()
        return loss_real.item() + loss_fake.item(), loss_g.item()

    return step


def wgan_gp(
    g: nn.Module, d: nn.Module, batch: Batch, *, lr: float = 1e-4, critic_steps: int = 5, weight: float = 10.0
) -> Callable[[], tuple[float, float]]:
    """Five critic updates with a gradient penalty, then one of the generator."""
    opt_d = torch.optim.Adam(d.parameters(), lr=lr, betas=(0.0, 0.9))
    opt_g = torch.optim.Adam(g.parameters(), lr=lr, betas=(0.0, 0.9))

    def step() -> tuple[float, float]:
        for _ in range(critic_steps):
            real, z, y = batch()
            opt_d.zero_grad()
            fake = g(z, y).detach()
            share = torch.rand(len(real), 1, 1, 1)
            between = (share * real + (1 - share) * fake).requires_grad_(True)
            out = d(between, y).logits
            slope = torch.autograd.grad(out, between, torch.ones_like(out), create_graph=True)[0]
            penalty = ((slope.reshape(len(real), -1).norm(2, dim=1) - 1) ** 2).mean()
            loss_d = d(fake, y).logits.mean() - d(real, y).logits.mean()
            (loss_d + weight * penalty).backward()
            opt_d.step()
        _, z, y = batch()
        opt_g.zero_grad()
        loss_g = -d(g(z, y), y).logits.mean()
        loss_g.backward()
        opt_g.step()
        return loss_d.item(), loss_g.item()

    return step


def sngan(g: nn.Module, d: nn.Module, batch: Batch, *, lr: float = 2e-4) -> Callable[[], tuple[float, float]]:
    """Hinge loss with separate forwards of real and fake; no averaging, no augmentation."""
    opt_d = torch.optim.Adam(d.parameters(), lr=2 * lr, betas=(0.0, 0.99))
    opt_g = torch.optim.Adam(g.parameters(), lr=lr, betas=(0.0, 0.99))

    def step() -> tuple[float, float]:
        real, z, y = batch()
        opt_d.zero_grad()
        fake = g(z, y).detach()
        loss_d = F.relu(1 - d(real, y).logits).mean() + F.relu(1 + d(fake, y).logits).mean()
        loss_d.backward()
        opt_d.step()
        _, z, y = batch()
        opt_g.zero_grad()
        loss_g = -d(g(z, y), y).logits.mean()
        loss_g.backward()
        opt_g.step()
        return loss_d.item(), loss_g.item()

    return step


def stylegan2(
    g: nn.Module, d: nn.Module, batch: Batch, *, lr: float = 2e-3, r1_every: int = 16, r1_gamma: float = 1.0
) -> Callable[[], tuple[float, float]]:
    """Non-saturating loss and lazy R1, without path length, and the average as a loop over parameters."""
    opt_d = torch.optim.Adam(d.parameters(), lr=lr, betas=(0.0, 0.99))
    opt_g = torch.optim.Adam(g.parameters(), lr=lr, betas=(0.0, 0.99))
    mean = {name: p.detach().clone() for name, p in g.named_parameters()}
    count = 0

    def step() -> tuple[float, float]:
        nonlocal count
        real, z, y = batch()
        opt_d.zero_grad()
        fake = g(z, y).detach()
        loss_d = F.softplus(-d(real, y).logits).mean() + F.softplus(d(fake, y).logits).mean()
        loss_d.backward()
        opt_d.step()
        if count % r1_every == 0:
            opt_d.zero_grad()
            leaf = real.detach().requires_grad_(True)
            slope = torch.autograd.grad(d(leaf, y).logits.sum(), leaf, create_graph=True)[0]
            (slope.square().sum((1, 2, 3)).mean() * (r1_gamma / 2 * r1_every)).backward()
            opt_d.step()
        _, z, y = batch()
        opt_g.zero_grad()
        loss_g = F.softplus(-d(g(z, y), y).logits).mean()
        loss_g.backward()
        opt_g.step()
        with torch.no_grad():
            for name, p in g.named_parameters():
                mean[name].lerp_(p, 0.001)
        count += 1
        return loss_d.item(), loss_g.item()

    return step


STEPS = {"dcgan": dcgan, "wgan-gp": wgan_gp, "sngan": sngan, "stylegan2": stylegan2}
