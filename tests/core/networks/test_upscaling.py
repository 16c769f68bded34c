"""Networks that enlarge: any size, any scale, close to their source at first, and free in ONNX."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from ganworks.deploy import Deployable, Port
from ganworks.networks import CompactUpscaler, ResidualUpscaler, RRDBUpscaler, SpectralPatchDiscriminator
from ganworks.networks.upscaling import scale_between, upscaler_named
from ganworks.space import SampleSpace
from ganworks_exports.onnx import export

UPSCALERS = [CompactUpscaler, ResidualUpscaler, RRDBUpscaler]
ANY_UPSCALER = pytest.mark.parametrize("upscaler", UPSCALERS, ids=lambda network: network.__name__)


def images(channels: int, *size: int) -> SampleSpace:
    return SampleSpace(channels=channels, size=size)


def built(upscaler, scale: int, source_channels: int = 3, channels: int = 3):
    """A small network, trained for sources of 8 x 8."""
    torch.manual_seed(0)
    return upscaler(
        images(source_channels, 8, 8), images(channels, 8 * scale, 8 * scale), width=4, depth=1
    ).eval()


def some(rows: int, *shape: int) -> torch.Tensor:
    return torch.rand(rows, *shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


@ANY_UPSCALER
@settings(max_examples=20, deadline=None)
@given(
    scale=st.integers(1, 4),
    size=st.tuples(st.integers(1, 13), st.integers(1, 13)),
    channels=st.tuples(st.integers(1, 4), st.integers(1, 4)),
)
def test_any_size_becomes_scale_times_as_large(upscaler, scale, size, channels):
    net = built(upscaler, scale, *channels)
    with torch.no_grad():
        made = net(torch.zeros(2, 1), some(2, channels[0], *size))
    assert made.shape == (2, channels[1], scale * size[0], scale * size[1])
    assert (net.scale, net.multiple) == (scale, 1)


@ANY_UPSCALER
@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_training_begins_near_the_enlarged_source(upscaler, scale):
    source = some(2, 3, 9, 7)
    made = built(upscaler, scale)(torch.zeros(2, 1), source)
    enlarged = F.interpolate(source, scale_factor=scale, mode="nearest")
    assert (made - enlarged).abs().mean() < 0.3 * enlarged.abs().mean()


@pytest.mark.parametrize(
    ("source_channels", "channels", "taken"),
    [(1, 3, [0, 0, 0]), (4, 3, [0, 1, 2]), (3, 1, [0]), (2, 4, [0, 1, 1, 1])],
)
def test_missing_channels_are_repeated_and_further_ones_left_out(source_channels, channels, taken):
    net = built(CompactUpscaler, 2, source_channels, channels)
    source = some(1, source_channels, 5, 6)
    expected = F.interpolate(source[:, taken], scale_factor=2, mode="nearest")
    assert net.enlarged(source).equal(expected)


@ANY_UPSCALER
def test_an_image_does_not_depend_on_its_neighbours_or_the_latent(upscaler):
    net, source = built(upscaler, 2), some(3, 3, 8, 8)
    together = net(torch.zeros(3, 1), source)
    torch.testing.assert_close(together[1:2], net(torch.ones(1, 1), source[1:2]), atol=1e-5, rtol=0)


@ANY_UPSCALER
def test_every_weight_is_reached_by_a_gradient(upscaler):
    net = built(upscaler, 4)
    net(torch.zeros(2, 1), some(2, 3, 8, 8)).square().mean().backward()
    assert [name for name, p in net.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_the_compact_network_sees_as_far_as_its_layers_reach():
    net = CompactUpscaler(images(1, 8, 8), images(1, 16, 16), width=4, depth=2)  # four convolutions: 4 pixels
    source = some(1, 1, 21, 21).requires_grad_()
    (slope,) = torch.autograd.grad(net(torch.zeros(1, 1), source)[0, 0, 20, 20], source)
    rows = slope[0, 0].abs().sum(1).nonzero()
    assert (rows.min(), rows.max()) == (6, 14)


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        (images(3, 8, 8), images(3, 40, 40), "1, 2, 3 or 4"),
        (images(3, 8, 8), images(3, 4, 4), "1, 2, 3 or 4"),
        (images(3, 8, 8), images(3, 16, 24), "as many times as wide"),
        (images(3, 8, 8), images(3, 17, 17), "do not fit"),
        (images(3, 8), images(3, 8), "made for images"),
    ],
)
@ANY_UPSCALER
def test_sizes_that_do_not_fit_are_refused(upscaler, source, target, reason):
    with pytest.raises(ValueError, match=reason):
        upscaler(source, target, width=4, depth=1)


def test_the_scale_follows_from_both_spaces():
    assert [scale_between(images(1, 5, 7), images(3, 5 * s, 7 * s)) for s in (1, 2, 3, 4)] == [1, 2, 3, 4]


def test_a_misspelt_network_is_named_with_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'compact'"):
        upscaler_named("compakt")


@pytest.mark.parametrize(
    ("upscaler", "scale"),
    [
        (CompactUpscaler, 4),
        pytest.param(ResidualUpscaler, 3, marks=pytest.mark.slow),
        pytest.param(RRDBUpscaler, 2, marks=pytest.mark.slow),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_an_exported_network_takes_sizes_it_was_never_traced_at(upscaler, scale, tmp_path):
    net = built(upscaler, scale)
    source = Port(
        name="source", dtype="float32", shape=("batch", 3, "height", "width"), meaning="image", low=-1, high=1
    )
    latent = Port(name="latent", dtype="float32", shape=("batch", 1), meaning="not read")
    made = Port(
        name="made",
        dtype="float32",
        shape=("batch", 3, f"{scale}*height", f"{scale}*width"),
        meaning="larger image",
    )
    file = export(
        Deployable(module=net, inputs=(latent, source), outputs=(made,)), tmp_path / "net.onnx"
    ).file
    session = onnxruntime.InferenceSession(file)
    for rows, *size in [(1, 5, 31), (3, 24, 9)]:
        fed = some(rows, 3, *size)
        feed = {"source": fed.numpy(), "latent": np.zeros((rows, 1), np.float32)}
        (got,) = session.run(None, {i.name: feed[i.name] for i in session.get_inputs()})
        with torch.no_grad():
            expected = net(torch.zeros(rows, 1), fed)
        torch.testing.assert_close(torch.from_numpy(got), expected, atol=1e-5, rtol=0)
    kinds = {node.op_type for node in onnx.load(file).graph.node}
    assert "DepthToSpace" in kinds
    assert kinds <= {
        "Conv", "LeakyRelu", "Relu", "Add", "Mul", "Gather", "Concat", "DepthToSpace", "Resize",
    }  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(size=st.tuples(st.integers(8, 40), st.integers(8, 40)), channels=st.integers(1, 4))
def test_the_critic_judges_patches_of_any_size_each_row_by_itself(size, channels):
    torch.manual_seed(0)
    critic = SpectralPatchDiscriminator(channels, width=4).eval()
    x = some(3, channels, *size)
    judged = critic(x, x)
    assert judged.logits.shape == (3, (size[0] // 8) * (size[1] // 8))
    torch.testing.assert_close(critic(x[1:2], x).logits, judged.logits[1:2], atol=1e-5, rtol=0)


def test_the_critic_sees_contrast():
    torch.manual_seed(0)
    critic = SpectralPatchDiscriminator(1, width=8).eval()
    x = some(2, 1, 32, 32)
    assert not critic(x, x).logits.allclose(critic(x / 2, x).logits, rtol=0.05)
