"""Adam behind clipped and noisy per-sample gradients, as the rule of a phase."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn
from torch.optim import Optimizer

from ganworks.errors import MissingExtraError
from ganworks.training.rules import Adam
from ganworks.training.schedule import Schedule


@dataclass(frozen=True, kw_only=True)
class PrivateAdam:
    """Options of DP-SGD (Abadi et al. 2016, algorithm 1) with Adam's step.

    For the discriminator of `private_side`, whose loss is a sum over rows divided by ``batch``.

    Args:
        noise: standard deviation of the noise over ``clip``, at least 0 (0: clipping alone, no privacy).
        clip: largest norm of the gradient of one row's loss.
        batch: expected number of real rows in an update, that of the draw.
        secure: take the noise from the operating system; a run can then not be repeated.
    """

    lr: float | Schedule
    noise: float
    clip: float
    batch: int
    betas: tuple[float, float] = (0.0, 0.99)
    secure: bool = False

    def __post_init__(self) -> None:
        if self.noise < 0 or self.clip <= 0:
            raise ValueError(f"noise must be at least 0 and clip above 0, got {self.noise} and {self.clip}")
        self._adam()  # looks at the rate

    def build(self, networks: list[nn.Module]) -> Optimizer:
        """Attach per-sample gradients to the network, and return the optimizer that uses them.

        Raises:
            MissingExtraError: Opacus is not installed.
            ValueError: several networks, or one whose layers let rows look at each other.
        """
        try:
            from ganworks.training.private import _opacus
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "opacus":
                raise
            raise MissingExtraError("differential privacy", "private") from None
        if len(networks) != 1:
            raise ValueError(f"private gradients are those of one network, got {len(networks)}")
        adam = self._adam().build(networks)
        return _opacus.PrivateOptimizer(
            networks[0], adam, noise=self.noise, clip=self.clip / self.batch, secure=self.secure
        )

    def schedule(self, optimizer: Optimizer, images: int) -> None:
        self._adam().schedule(optimizer, images)

    def _adam(self) -> Adam:
        return Adam(self.lr, self.betas)
