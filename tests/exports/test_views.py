"""The views of a trained generator: what they take and give, and that they agree with each other."""

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from ganworks.data import ArrayDataset
from ganworks.deploy import Port
from ganworks.errors import UsageError
from ganworks.recipes.dcgan import dcgan
from ganworks.recipes.stylegan2 import stylegan2
from ganworks.training import Budget, EngineSettings, Sampler, TorchEngine, fit
from ganworks.views import generator_view
from ganworks_exports.onnx import export

CLASSES = ("no", "yes", "perhaps")
IMAGE = Port(name="image", dtype="uint8", shape=("batch", 16, 16, 1), meaning="grey", low=0, high=255)


class Grey(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return ((images.clamp(-1, 1).permute(0, 2, 3, 1) + 1) * 127.5).round().to(torch.uint8)


def trained(recipe, classes=CLASSES, **options) -> Sampler:
    noise = np.random.default_rng(0).integers(0, 256, (24, 1, 16, 16), dtype=np.uint8)
    labels = np.arange(24) % len(classes) if classes else None
    data = ArrayDataset(noise, labels, classes)
    built = recipe(data.space, batch=8, width=8, **options)
    return Sampler.of(fit(built, data, TorchEngine(EngineSettings("cpu", 1)), Budget(steps=2)))


@pytest.fixture(scope="module")
def styled():
    return trained(stylegan2, latent=12, style=20, most=16)


def model(sampler: Sampler, view: str, folder, profile: str = "fp32", classes=CLASSES):
    seen = generator_view(sampler, view, finish=Grey(), outputs=[IMAGE], classes=classes, card={})
    file = export(seen, folder / f"{view}.onnx", profile).file
    return onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])


def close(one: np.ndarray, other: np.ndarray) -> bool:
    gap = np.abs(one.astype(int) - other.astype(int))
    return gap.max() <= 1 and np.count_nonzero(gap) <= gap.size // 200


def test_one_seed_is_one_picture_in_every_view(styled, tmp_path):
    app, latent, style = (model(styled, view, tmp_path) for view in ("app", "latent", "style"))
    seeds, labels = torch.tensor([3, 2**40]), torch.tensor([2, 0])
    told = {"label": labels.numpy(), "truncation": np.array(0.6, np.float32)}
    drawn = Grey()(styled.sample(labels, seeds, truncation=0.6)).numpy()
    (from_seed,) = app.run(None, {"seed": seeds.numpy(), **told})
    from_latent, styles = latent.run(None, {"latent": styled.latents(seeds).numpy(), **told})
    layers = style.get_inputs()[0].shape[1]
    (from_style,) = style.run(None, {"style": np.repeat(styles[:, None], layers, 1)})
    assert from_seed.dtype == np.uint8
    assert all(close(drawn, other) for other in (from_seed, from_latent, from_style))


def test_styles_may_be_mixed_by_layer(styled, tmp_path):
    style = model(styled, "style", tmp_path)
    layers, size = style.get_inputs()[0].shape[1:]
    one, other = np.random.default_rng(1).standard_normal((2, size)).astype(np.float32)
    coarse = np.arange(layers)[:, None] < layers // 2
    mixed = np.where(coarse, one, other)
    pictures = style.run(
        None, {"style": np.stack([np.tile(one, (layers, 1)), np.tile(other, (layers, 1)), mixed])}
    )
    assert len(np.unique(pictures[0].reshape(3, -1), axis=0)) == 3


def test_a_generator_without_classes_asks_for_no_label(tmp_path):
    session = model(trained(dcgan, classes=()), "app", tmp_path, classes=())
    assert [port.name for port in session.get_inputs()] == ["seed", "truncation"]
    (images,) = session.run(None, {"seed": np.arange(3), "truncation": np.array(1, np.float32)})
    assert images.shape == (3, 16, 16, 1)


@pytest.mark.parametrize("profile", ["w16", "w8"])
def test_a_profile_keeps_seeds_and_says_what_it_cost(styled, tmp_path, profile):
    import json

    session = model(styled, "app", tmp_path, profile)
    card = json.loads(session.get_modelmeta().custom_metadata_map["card"])
    assert card["profile"] == profile
    assert card["loss"]["image"]["psnr_db"] > 40
    feed = {"seed": np.arange(4), "label": np.arange(4) % 3, "truncation": np.array(1, np.float32)}
    drawn = Grey()(styled.sample(torch.arange(4) % 3, torch.arange(4))).numpy().astype(int)
    assert np.abs(session.run(None, feed)[0].astype(int) - drawn).mean() < 6


@pytest.mark.parametrize(("view", "hint"), [("styles", "did you mean"), ("raw", "it has app, latent, style")])
def test_an_unknown_view_names_the_known_ones(styled, view, hint):
    with pytest.raises(UsageError, match=hint):
        generator_view(styled, view, finish=Grey(), outputs=[IMAGE], classes=CLASSES, card={})


def test_a_generator_without_styles_has_no_style_view():
    with pytest.raises(UsageError, match=r"it has app, latent$"):
        generator_view(trained(dcgan), "style", finish=Grey(), outputs=[IMAGE], classes=CLASSES, card={})
