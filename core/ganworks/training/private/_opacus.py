"""Opacus' per-sample gradients and optimizer, fitted to a loop that knows nothing of them."""

from __future__ import annotations

from typing import Any

from opacus.grad_sample import GradSampleHooks
from opacus.optimizers import DPOptimizer
from torch import nn
from torch.optim import Optimizer

from ganworks.training.private.entropy import normal_like


class PrivateOptimizer(DPOptimizer):  # type: ignore[misc]  # Opacus has no types
    """Clips, sums, adds noise, and steps.

    The hooks listen between `zero_grad` and `step` only: in the generator's phase gradients flow through the
    discriminator as well, and rows of that phase must not be counted.
    """

    def __init__(
        self, network: nn.Module, optimizer: Optimizer, *, noise: float, clip: float, secure: bool
    ) -> None:
        try:
            self.hooks = GradSampleHooks(network, loss_reduction="sum", strict=True)
        except NotImplementedError as error:  # a BatchNorm
            raise ValueError(f"no private gradients for this discriminator: {error}") from None
        self.hooks.forbid_grad_accumulation()
        self.hooks.disable_hooks()
        self.secure = secure
        super().__init__(
            optimizer,
            noise_multiplier=noise,
            max_grad_norm=clip,
            expected_batch_size=None,
            loss_reduction="sum",
        )

    def zero_grad(self, set_to_none: bool = True) -> None:
        super().zero_grad(set_to_none)
        self.hooks.enable_hooks()

    def step(self, closure: Any = None) -> Any:
        self.hooks.disable_hooks()
        return super().step(closure)

    def add_noise(self) -> None:
        deviation = self.noise_multiplier * self.max_grad_norm
        for parameter in self.params:
            summed = parameter.summed_grad
            noise = normal_like(summed, secure=self.secure) * deviation
            parameter.grad = (summed + noise).view_as(parameter)
