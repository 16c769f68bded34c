"""Rules: options of the optimizers that move the networks of a phase."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import nn
from torch.optim import Adam as TorchAdam
from torch.optim import Optimizer
from torch.optim import RMSprop as TorchRMSprop

from ganworks.training.schedule import Ramp, Schedule, is_number, value_at


class Rule(Protocol):
    """Options of an optimizer, as a frozen dataclass: `Adam`, `RMSprop`, or one of your own."""

    def build(self, networks: list[nn.Module]) -> Optimizer: ...

    def schedule(self, optimizer: Optimizer, images: int) -> None:
        """Set the learning rate that holds after ``images`` images."""
        ...


@dataclass(frozen=True)
class _Scheduled:
    lr: float | Schedule = 2e-4

    def __post_init__(self) -> None:
        rates = (self.lr.start, self.lr.end) if isinstance(self.lr, Ramp) else (value_at(self.lr, 0),)
        warms_up = callable(self.lr) and not isinstance(self.lr, Ramp)  # a schedule of one's own, from 0
        if not all(is_number(rate) and rate >= 0 for rate in rates) or not (warms_up or any(rates)):
            raise ValueError(f"a learning rate must be a finite number above 0, got {rates[0]!r}")

    def schedule(self, optimizer: Optimizer, images: int) -> None:
        for group in optimizer.param_groups:
            group["lr"] = value_at(self.lr, images)


@dataclass(frozen=True)
class Adam(_Scheduled):
    """Adam's options (Kingma and Ba 2015). GANs want little or no momentum: beta1 = 0 or 0.5."""

    betas: tuple[float, float] = (0.0, 0.99)

    def build(self, networks: list[nn.Module]) -> Optimizer:
        return TorchAdam(_trainable(networks), lr=value_at(self.lr, 0), betas=self.betas, fused=True)


@dataclass(frozen=True)
class RMSprop(_Scheduled):
    """RMSprop's options (Tieleman and Hinton 2012): no momentum at all, as WGAN with clipping asks for."""

    alpha: float = 0.99  # share of the old mean square

    def build(self, networks: list[nn.Module]) -> Optimizer:
        return TorchRMSprop(_trainable(networks), lr=value_at(self.lr, 0), alpha=self.alpha)


def _trainable(networks: list[nn.Module]) -> list[nn.Parameter]:
    return [p for net in networks for p in net.parameters() if p.requires_grad]
