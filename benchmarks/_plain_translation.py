"""Pix2Pix and CycleGAN in the plain formulation of their authors, in torch: the yardstick.

Networks are stacks of layers with padding layers of their own; real and fake are judged one after the other,
a translator runs once for each of its inputs, Adam is torch's default one, everything is float32. Where the
authors normalise over the batch, every image is normalised by itself, as in ganworks: so both sides train the
same function.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import chain, pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Pairs = Callable[[], tuple[Tensor, Tensor]]  # -> sources, targets (rows, 3, H, W)
Losses = tuple[float, float]  # of the discriminators, of the generators


class PlainUNet(nn.Module):
    """Isola et al. 2017, section 6.1.1: 4x4 convolutions down to the smallest map and up again."""

    def __init__(self, width: int, levels: int, dropout: float) -> None:
        super().__init__()
        sizes = [min(8 * width, width * 2**level) for level in range(levels)]
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        self.down.append(nn.Conv2d(3, sizes[0], 4, 2, 1))
        for level, (i, o) in enumerate(pairwise(sizes), start=1):
            last = level == levels - 1
            conv = nn.Conv2d(i, o, 4, 2, 1, bias=last)
            norm = [] if last else [nn.InstanceNorm2d(o)]
            self.down.append(nn.Sequential(nn.LeakyReLU(0.2), conv, *norm))
        ends = [sizes[-1], *(2 * size for size in sizes[-2::-1])]
        for place, (i, o) in enumerate(zip(ends, sizes[-2::-1], strict=False)):
            noise = [nn.Dropout(dropout)] if place < 3 else []
            conv = nn.ConvTranspose2d(i, o, 4, 2, 1, bias=False)
            self.up.append(nn.Sequential(nn.ReLU(), conv, nn.InstanceNorm2d(o), *noise))
        self.up.append(nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(ends[-1], 3, 4, 2, 1), nn.Tanh()))

    def forward(self, x: Tensor) -> Tensor:
        """(rows, 3, H, W) in [-1, 1] -> the same shape."""
        maps = []
        for down in self.down:
            x = down(x)
            maps.append(x)
        x = self.up[0](maps.pop())
        for up in self.up[1:]:
            x = up(torch.cat([x, maps.pop()], 1))
        return x


def plain_residual(width: int, blocks: int) -> nn.Module:
    """Zhu et al. 2017, appendix 7.2."""

    def layer(i: int, o: int, kernel: int, stride: int) -> list[nn.Module]:
        conv = nn.Conv2d(i, o, kernel, stride, bias=False)
        return [nn.ReflectionPad2d(kernel // 2), conv, nn.InstanceNorm2d(o), nn.ReLU(True)]

    def doubling(i: int, o: int) -> list[nn.Module]:
        conv = nn.ConvTranspose2d(i, o, 3, 2, 1, output_padding=1, bias=False)
        return [conv, nn.InstanceNorm2d(o), nn.ReLU(True)]

    return nn.Sequential(
        *layer(3, width, 7, 1),
        *layer(width, 2 * width, 3, 2),
        *layer(2 * width, 4 * width, 3, 2),
        *(
            Block([*layer(4 * width, 4 * width, 3, 1), *layer(4 * width, 4 * width, 3, 1)[:-1]])
            for _ in range(blocks)
        ),
        *doubling(4 * width, 2 * width),
        *doubling(2 * width, width),
        nn.ReflectionPad2d(3),
        nn.Conv2d(width, 3, 7),
        nn.Tanh(),
    )


class Block(nn.Module):
    """x + layers(x)."""

    def __init__(self, layers: list[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """(rows, channels, H, W) -> the same shape."""
        return x + self.layers(x)


def plain_patches(channels: int, width: int, halvings: int) -> nn.Module:
    """Isola et al. 2017, section 6.1.2: three halvings for patches of 70 x 70."""
    sizes = [channels, *(width * 2**level for level in range(halvings + 1))]
    layers: list[nn.Module] = []
    for level, (i, o) in enumerate(pairwise(sizes)):
        halves = level < halvings
        layers += [nn.Conv2d(i, o, 4, 2, 1)] if halves else [nn.ZeroPad2d((1, 2, 1, 2)), nn.Conv2d(i, o, 4)]
        layers += [nn.InstanceNorm2d(o)] if level else []
        layers.append(nn.LeakyReLU(0.2, True))
    return nn.Sequential(*layers, nn.ZeroPad2d((1, 2, 1, 2)), nn.Conv2d(sizes[-1], 1, 4))


def pix2pix_step(g: nn.Module, d: nn.Module, pairs: Pairs) -> Callable[[], Losses]:
    """One forward of the U-Net; the critic on the fake, on the real; then the U-Net, with the critic held."""
    opt_g = torch.optim.Adam(g.parameters(), lr=2e-4, betas=(0.5, 0.999))
    opt_d = torch.optim.Adam(d.parameters(), lr=2e-4, betas=(0.5, 0.999))

    def step() -> Losses:
        x, y = pairs()
        fake = g(x)
        hold(d, False)
        opt_d.zero_grad()
        loss_d = says(d(torch.cat([x, fake.detach()], 1)), 0.0) + says(d(torch.cat([x, y], 1)), 1.0)
        (loss_d / 2).backward()
        opt_d.step()
        hold(d, True)
        opt_g.zero_grad()
        loss_g = says(d(torch.cat([x, fake], 1)), 1.0) + 100 * F.l1_loss(fake, y)
        loss_g.backward()
        opt_g.step()
        return loss_d.item(), loss_g.item()

    return step


def cyclegan_step(
    g: nn.Module, g_back: nn.Module, d: nn.Module, d_back: nn.Module, pairs: Pairs
) -> Callable[[], Losses]:
    """Three forwards of each translator, their update, then that of both critics."""
    opt_g = torch.optim.Adam(chain(g.parameters(), g_back.parameters()), lr=2e-4, betas=(0.5, 0.999))
    opt_d = torch.optim.Adam(chain(d.parameters(), d_back.parameters()), lr=2e-4, betas=(0.5, 0.999))
    pool, pool_back = PlainPool(), PlainPool()

    def step() -> Losses:
        x, y = pairs()
        fake, fake_back = g(x), g_back(y)
        again, again_back = g(fake_back), g_back(fake)
        hold(d, True)
        hold(d_back, True)
        opt_g.zero_grad()
        same = F.l1_loss(g(y), y) + F.l1_loss(g_back(x), x)
        cycled = F.l1_loss(again, y) + F.l1_loss(again_back, x)
        loss_g = scored(d(fake), 1.0) + scored(d_back(fake_back), 1.0) + 10 * cycled + 5 * same
        loss_g.backward()
        opt_g.step()
        hold(d, False)
        hold(d_back, False)
        opt_d.zero_grad()
        loss_d = (scored(d(y), 1.0) + scored(d(pool(fake.detach())), 0.0)) / 2
        loss_d.backward()
        loss_d_back = (scored(d_back(x), 1.0) + scored(d_back(pool_back(fake_back.detach())), 0.0)) / 2
        loss_d_back.backward()
        opt_d.step()
        return loss_d.item() + loss_d_back.item(), loss_g.item()

    return step


class PlainPool:
    """Fifty past fakes; once full, half of the new ones change places with one of them."""

    def __init__(self) -> None:
        self.kept: list[Tensor] = []

    def __call__(self, fakes: Tensor) -> Tensor:
        shown = []
        for fake in fakes:
            if len(self.kept) < 50:
                self.kept.append(fake)
                shown.append(fake)
            elif random.random() < 0.5:
                place = random.randrange(50)
                shown.append(self.kept[place])
                self.kept[place] = fake
            else:
                shown.append(fake)
        return torch.stack(shown)


def hold(network: nn.Module, held: bool) -> None:
    for parameter in network.parameters():
        parameter.requires_grad_(not held)


def says(logits: Tensor, target: float) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def scored(logits: Tensor, target: float) -> Tensor:
    return F.mse_loss(logits, torch.full_like(logits, target))
