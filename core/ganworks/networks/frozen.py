"""A frozen feature network as one of a recipe's networks: terms compare its maps, nothing of it is saved."""

from __future__ import annotations

import copy
from typing import Any, cast

from torch import Tensor, nn

from ganworks.networks.efficientnet_lite import load_efficientnet_lite0
from ganworks.networks.projected import Pyramid


class FrozenPyramid(nn.Module):
    """Maps of a pretrained network, from fine to coarse. Gradients reach the samples, never the weights.

    A checkpoint holds none of it: the weights come from their package whenever the network is built.
    """

    def __init__(self, features: nn.Module) -> None:
        super().__init__()
        self.features = copy.deepcopy(features).requires_grad_(False).eval()
        self.register_state_dict_post_hook(_forget)  # type: ignore[no-untyped-call]
        self.register_load_state_dict_post_hook(_miss_nothing)  # type: ignore[no-untyped-call]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """(rows, channels, H, W) in [-1, 1] -> maps (rows, features, smaller H, smaller W)."""
        return tuple(cast(Pyramid, self.features).pyramid(x))


def lite0_pyramid() -> FrozenPyramid:
    """The four maps of EfficientNet-Lite0.

    Raises:
        MissingExtraError: the package with the weights is not installed.
    """
    return FrozenPyramid(load_efficientnet_lite0())


def _forget(module: nn.Module, state: dict[str, Any], prefix: str, metadata: dict[str, Any]) -> None:
    for key in [key for key in state if key.startswith(f"{prefix}features.")]:
        del state[key]


def _miss_nothing(module: nn.Module, incompatible: Any) -> None:
    incompatible.missing_keys.clear()
