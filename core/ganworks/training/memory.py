"""Terms that remember: running means, past samples, past weights. Their memories are saved with the run.

A memory is a module of buffers among the networks of the recipe, so a resumed run goes on with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

import torch
from torch import Tensor, nn

from ganworks.errors import UsageError
from ganworks.training.losses import AdversarialLoss
from ganworks.training.needs import DISCRIMINATOR, SINGLE_ROWS, needing, network_called
from ganworks.training.pool import ImagePool
from ganworks.training.step import Step


class RunningLogits(nn.Module):
    """Exponential means of the logits of real and of generated samples, without bias at the start."""

    def __init__(self, decay: float = 0.99) -> None:
        super().__init__()
        self.decay = decay
        self.means: Tensor
        self.weight: Tensor
        self.register_buffer("means", torch.zeros(2))
        self.register_buffer("weight", torch.zeros(()))  # of all that was seen: 1 in the end

    @torch.no_grad()
    def forward(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Take in logits of any shape; return the mean of the real and of the fake ones, scalars."""
        seen = torch.stack([real.detach().mean(), fake.detach().mean()])
        self.means.lerp_(seen, 1 - self.decay)
        self.weight.lerp_(torch.ones_like(self.weight), 1 - self.decay)
        now = self.means / self.weight
        return now[0], now[1]


@needing(DISCRIMINATOR, network_called("lecam"))
def lecam(step: Step) -> Tensor:
    """(D(real) - mean fake)^2 + (D(fake) - mean real)^2, (batch, k). Tseng et al. 2021 (LeCam), eq. 4.

    The means run over past batches (`RunningLogits`, network ``lecam``).
    """
    real, fake = step.judge_both()
    mean_real, mean_fake = step.run("lecam", real.logits, fake.logits)
    return cast(Tensor, (real.logits - mean_fake).square() + (fake.logits - mean_real).square())


@needing(DISCRIMINATOR, SINGLE_ROWS, network_called("replay"))
def replayed_side(step: Step, *, loss: AdversarialLoss) -> Tensor:
    """The discriminator's side where fakes are partly those of the past, (batch, k).

    Shrivastava et al. 2017, section 2.3. Past samples come with their own labels (network ``replay``).

    Raises:
        UsageError: the generator translates; its past samples would need their sources.
    """
    if step.batch.source is not None:
        raise UsageError("replay keeps samples and labels, not sources: it does not fit a translation")
    pool = cast(ImagePool, step.networks["replay"])
    shown, labels = pool(step.fake, step.labels)
    return loss.discriminator(step.judge(step.real).logits, step.judge(shown, labels).logits)


class WeightHistory(nn.Module):
    """The plain mean of every state that the weights which a network learns have been in."""

    def __init__(self, build: Callable[[], nn.Module]) -> None:
        super().__init__()
        self.mean: Tensor
        self.states: Tensor
        learned = {name: p for name, p in build().named_parameters() if p.requires_grad}
        self.names = tuple(learned)  # of the parameters: frozen ones have no history
        self.register_buffer("mean", torch.zeros(sum(p.numel() for p in learned.values())))
        self.register_buffer("states", torch.zeros(()))

    @torch.no_grad()
    def remember(self, network: nn.Module) -> None:
        """Take in the weights as they are now."""
        self.states += 1
        self.mean += (self._weights(network) - self.mean) / self.states

    def forward(self, network: nn.Module) -> Tensor:
        """|weights - mean|^2: a scalar, 0 before anything is remembered."""
        return (self._weights(network) - self.mean).square().sum() * (self.states > 0)

    def _weights(self, network: nn.Module) -> Tensor:
        parameters = dict(network.named_parameters())
        return torch.cat([parameters[name].flatten() for name in self.names])


def historical_averaging(step: Step, *, network: str) -> Tensor:
    """|weights - mean of all past weights|^2 of a network: a scalar. Salimans et al. 2016, section 3.3.

    The mean is kept by a `WeightHistory` named ``NETWORK_history``; `remember_weights` after each update.
    """
    return cast(Tensor, step.networks[f"{network}_history"](step.networks[network]))


def remember_weights(networks: Mapping[str, nn.Module], *, network: str) -> None:
    """Let the history of a network take in its new weights: for ``Phase.after``."""
    cast(WeightHistory, networks[f"{network}_history"]).remember(networks[network])
