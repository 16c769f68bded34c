"""Exported models against torch, and networks that the gate must refuse."""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from ganworks.deploy import Deployable, Port
from ganworks.errors import ExitCode, MissingExtraError, RunError
from ganworks_exports import graph, parity
from ganworks_exports.onnx import export

LATENT = Port(name="latent", dtype="float32", shape=("batch", 8), meaning="noise")
LABEL = Port(name="label", dtype="int64", shape=("batch",), meaning="class", low=0, high=2)
CARD = {"title": "Tiny <faces>", "classes": ["fröhlich", "müde", "wach"], "license": "Apache-2.0"}


def image(dtype: str, channels: int = 2, **range_: float) -> Port:
    return Port(name="image", dtype=dtype, shape=("batch", channels, 8, 8), meaning="an image", **range_)


class ConvGenerator(nn.Module):
    """Latent and class to a small image; a buffer is named like the output on purpose."""

    def __init__(self, final: str = "uint8", wrap=lambda layer: layer) -> None:
        super().__init__()
        self.final = final
        self.embed = nn.Embedding(3, 8)
        self.start = wrap(nn.Linear(16, 8 * 16))
        self.norm = nn.BatchNorm2d(8)
        self.conv = wrap(nn.Conv2d(8, 2, 3, padding=1))
        self.register_buffer("image", torch.full((1,), 0.1))

    def forward(self, latent: Tensor, label: Tensor) -> Tensor:
        h = self.start(torch.cat([latent, self.embed(label)], 1)).view(-1, 8, 4, 4)
        h = F.interpolate(F.relu(self.norm(h)), scale_factor=2)
        x = torch.tanh(self.conv(h) + self.image)
        return x * 1000 if self.final == "float32" else ((x + 1) * 127.5).round().to(torch.uint8)


def conditional(module: nn.Module, output: Port) -> Deployable:
    return Deployable(module=module, inputs=(LATENT, LABEL), outputs=(output,), card=CARD)


def from_latent(module: nn.Module, **card: object) -> Deployable:
    output = Port(name="image", dtype="float32", shape=("batch", 8), meaning="a row")
    return Deployable(module=module, inputs=(LATENT,), outputs=(output,), card=card)


def seeded(make):
    torch.manual_seed(4)
    return make()


class OnLatent(nn.Module):
    """A network that is one function of the latent."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, latent: Tensor) -> Tensor:
        return self.function(latent)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    module = seeded(ConvGenerator).train()
    return module, export(
        conditional(module, image("uint8", low=0, high=255)), tmp_path_factory.mktemp("model") / "g.onnx"
    )


def test_the_file_gives_what_torch_gives_at_any_batch(exported):
    module, result = exported
    session = onnxruntime.InferenceSession(result.file, providers=["CPUExecutionProvider"])
    latent, label = torch.randn(7, 8), torch.arange(7) % 3
    got = session.run(None, {"latent": latent.numpy(), "label": label.numpy()})[0]
    expected = module.eval()(latent, label).numpy()
    assert got.dtype == np.uint8
    assert got.shape == (7, 2, 8, 8)
    assert np.abs(got.astype(int) - expected).max() <= 1
    assert result.max_abs_diff <= 1


def test_the_callers_module_is_left_as_it_was(exported):
    module, _ = exported
    assert all(weight.requires_grad for weight in module.parameters())


def test_the_module_keeps_its_mode_and_parametrizations(tmp_path):
    module = seeded(lambda: ConvGenerator("float32", spectral_norm)).train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    export(conditional(module, image("float32")), tmp_path / "g.onnx")
    assert module.training
    assert parametrize.is_parametrized(module.conv)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    module(torch.randn(2, 8), torch.tensor([0, 1])).sum().backward()  # still trains


@pytest.mark.parametrize("wrap", [lambda layer: layer, spectral_norm, weight_norm], ids=["plain", "sn", "wn"])
def test_parametrized_networks_keep_parity_and_lose_the_parametrization(tmp_path, wrap):
    module = seeded(lambda: ConvGenerator("float32", wrap))
    result = export(conditional(module, image("float32", low=-1000, high=1000)), tmp_path / "g.onnx")
    assert result.max_abs_diff <= 0.2
    assert result.details["nodes"] <= 12


def test_the_details_are_those_of_the_file(exported):
    _, result = exported
    model = onnx.load(result.file)
    assert result.details["bytes"] == result.file.stat().st_size
    assert result.details["opset"] == 20 == model.opset_import[0].version
    assert result.details["nodes"] == len(model.graph.node)
    assert result.details["batches"] == [1, 2, 5]
    assert sorted(entry.name for entry in result.file.parent.iterdir()) == ["g.onnx", "sample.py"]


def test_the_card_travels_in_the_metadata(exported):
    _, result = exported
    session = onnxruntime.InferenceSession(result.file, providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    card = json.loads(metadata["card"])
    assert card["classes"] == CARD["classes"]
    assert card["inputs"][1] == {
        "name": "label", "dtype": "int64", "shape": ["batch"], "meaning": "class", "low": 0, "high": 2,
    }  # fmt: skip
    assert card["outputs"][0]["dtype"] == "uint8"
    assert len(card["weights_sha256"]) == 64
    assert (metadata["synthetic_content"], metadata["license"]) == ("true", "Apache-2.0")


def test_the_file_tells_nothing_about_this_machine(exported):
    _, result = exported
    content = result.file.read_bytes()
    for trace in (str(Path.cwd()), str(Path.home()), "site-packages", "stack_trace", __file__):
        assert trace.encode() not in content


def test_equal_weights_give_an_equal_fingerprint(exported, tmp_path):
    module, result = exported
    again = export(conditional(module, image("uint8", low=0, high=255)), tmp_path / "again.onnx")
    assert again.sha256 == result.sha256


def test_the_exporter_prints_nothing(tmp_path, capfd):
    export(from_latent(nn.Linear(8, 8)), tmp_path / "g.onnx")
    assert capfd.readouterr() == ("", "")


def test_a_shared_input_needs_no_row_per_sample(tmp_path):
    class Truncated(nn.Module):
        def forward(self, latent: Tensor, truncation: Tensor) -> Tensor:
            return latent * truncation

    truncation = Port(name="truncation", dtype="float32", shape=(), meaning="spread", low=0.5, high=1)
    output = Port(name="row", dtype="float32", shape=("batch", 8), meaning="a row")
    result = export(
        Deployable(module=Truncated(), inputs=(LATENT, truncation), outputs=(output,)), tmp_path / "g.onnx"
    )
    assert result.max_abs_diff < 1e-6


REFUSED = {
    "live dropout": (lambda z: F.dropout(z, 0.5, training=True), "is not among those allowed"),
    "noise in the graph": (lambda z: z + torch.randn_like(z), "'RandomNormalLike', which is not among"),
    "a branch on the batch size": (lambda z: z * 2 if z.shape[0] > 3 else z, "differs"),
    "statistics of the batch": (lambda z: z - z.mean(0), "alone and in a larger batch by up to"),
    "a fixed batch size": (lambda z: z.view(2, 8) + 1, "does not run"),
    "no number": (lambda z: z / 0 - z / 0, "not finite"),
    "another shape": (lambda z: z[:, :4], "declared as float32 (1, 8), torch gives float32 (1, 4)"),
    "no operator": (lambda z: torch.linalg.eigvals(z[:, :, None] * z[:, None]).real, "cannot express"),
}


@pytest.mark.parametrize(("function", "reason"), REFUSED.values(), ids=REFUSED)
def test_the_gate_refuses_and_leaves_no_file(tmp_path, function, reason):
    with pytest.raises(RunError, match="export refused") as caught:
        export(from_latent(OnLatent(function)), tmp_path / "g.onnx")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def exported_levels(columns: int) -> tuple[Deployable, bytes]:
    """Return a network of integer levels, and its serialised graph."""
    levels = OnLatent(lambda z: (z[:, :1] * 50).round().to(torch.int32).expand(-1, columns))
    output = Port(name="levels", dtype="int32", shape=("batch", columns), meaning="levels")
    deployable = Deployable(module=levels, inputs=(LATENT,), outputs=(output,))
    return deployable, graph.trace(deployable, graph.evaluation_copy(levels)).SerializeToString()


@pytest.mark.parametrize(("shift", "columns", "holds"), [(1, 1, True), (2, 1, False), (1, 2, False)])
def test_integers_may_differ_by_one_level_in_fewer_than_a_thousandth(shift, columns, holds):
    deployable, model = exported_levels(1500)
    shifted = OnLatent(lambda z: deployable.module(z) + shift * (torch.arange(1500) < columns).int())
    if holds:
        assert parity.check(deployable, shifted, model) == {"levels": shift}
    else:
        with pytest.raises(RunError, match=r"'levels' differs in torch and in onnxruntime by up to [12] at"):
            parity.check(deployable, shifted, model)


@pytest.mark.parametrize(("shift", "holds"), [(6, True), (8, False)])
def test_finer_levels_may_differ_in_proportion_to_their_range(shift, holds):
    output = Port(name="deep", dtype="int32", shape=("batch", 8), meaning="16 bits", low=0, high=65_535)
    levels = OnLatent(lambda z: (z.sigmoid() * 65_535).round().to(torch.int32))
    deployable = Deployable(module=levels, inputs=(LATENT,), outputs=(output,))
    model = graph.trace(deployable, graph.evaluation_copy(levels)).SerializeToString()
    shifted = OnLatent(lambda z: levels.function(z) + shift * (torch.arange(8) < 2).int())
    if holds:
        assert parity.check(deployable, shifted, model)["deep"] >= shift - 1
    else:
        with pytest.raises(RunError, match=r"'deep' differs .* \(allowed: 6\.55 level in 25\.7%"):
            parity.check(deployable, shifted, model)


def test_what_the_runtime_would_refuse_is_not_written(tmp_path):
    output = Port(name="row", dtype="float32", shape=("batch", 8), meaning="a row")
    deployable = Deployable(
        module=nn.Linear(8, 8), inputs=(LATENT,), outputs=(output,), card={"classes": [1, 2]}
    )
    with pytest.raises(RunError, match="the runtime would refuse the model"):
        export(deployable, tmp_path / "g.onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("offset", "holds"), [(0.09, True), (0.11, False)])
def test_floats_may_differ_by_a_ten_thousandth_of_the_range(offset, holds):
    output = Port(name="image", dtype="float32", shape=("batch", 8), meaning="a row", low=-500, high=500)
    deployable = Deployable(module=OnLatent(torch.tanh), inputs=(LATENT,), outputs=(output,))
    model = graph.trace(deployable, graph.evaluation_copy(deployable.module)).SerializeToString()
    shifted = OnLatent(lambda z: torch.tanh(z) + offset)
    if holds:
        assert parity.check(deployable, shifted, model) == pytest.approx({"image": offset}, abs=1e-4)
    else:
        with pytest.raises(RunError, match=r"by up to 0\.11 .* \(allowed: 0\.1\)"):
            parity.check(deployable, shifted, model)


@pytest.mark.parametrize(
    ("inputs", "output", "reason"),
    [
        (("length", "batch"), ("batch", 8), "'batch' must come first"),
        (("batch", 8), (1, 8), "an output needs 'batch' as its first size"),
        (("batch", 8), ("batch", "length"), "no input has the free size of 'length'"),
        (("batch", "length"), ("batch", "length/2"), "no name and no multiple of one"),
    ],
)
def test_ports_the_exporter_does_not_serve_are_named(tmp_path, inputs, output, reason):
    deployable = Deployable(
        module=nn.Identity(),
        inputs=(Port(name="row", dtype="float32", shape=inputs, meaning=""),),
        outputs=(Port(name="image", dtype="float32", shape=output, meaning=""),),
    )
    with pytest.raises(RunError, match=reason):
        export(deployable, tmp_path / "g.onnx")


class Enlarger(nn.Module):
    """Twice as large, channels last, any even height and any width."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(3, 8, 3, stride=(2, 1), padding=1)
        self.up = nn.Conv2d(8, 3, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        x = self.down(image.permute(0, 3, 1, 2).float() / 255)
        x = self.up(F.interpolate(x, scale_factor=(4, 2)))
        return (x.sigmoid() * 255).round().to(torch.uint8).permute(0, 2, 3, 1)


def enlarging(height: str) -> Deployable:
    source = Port(
        name="image", dtype="uint8", shape=("batch", "height", "width", 3), meaning="a picture",
        low=0, high=255, multiples={"height": 2},
    )  # fmt: skip
    output = Port(
        name="larger", dtype="uint8", shape=("batch", height, "2*width", 3), meaning="twice as large",
        low=0, high=255,
    )  # fmt: skip
    return Deployable(module=seeded(Enlarger), inputs=(source,), outputs=(output,))


def test_heights_and_widths_may_be_free(tmp_path):
    deployable = enlarging("2*height")
    session = onnxruntime.InferenceSession(export(deployable, tmp_path / "g.onnx").file)
    picture = np.random.default_rng(0).integers(0, 256, (1, 18, 11, 3), dtype=np.uint8)
    (got,) = session.run(None, {"image": picture})
    assert got.shape == (1, 36, 22, 3)
    assert np.abs(got.astype(int) - deployable.module(torch.from_numpy(picture)).numpy()).max() <= 1
    assert session.get_inputs()[0].shape == ["batch", "2*height_over_2", "width", 3]
    assert session.get_outputs()[0].shape == ["batch", "2*height", "2*width", 3]


def test_an_output_of_another_size_than_declared_is_refused(tmp_path):
    with pytest.raises(RunError, match=r"'larger' is declared as uint8 \(1, 72, 82, 3\), torch gives"):
        export(enlarging("3*height"), tmp_path / "g.onnx")


class Columns(nn.Module):
    """A small table: a number, a whole number, a text."""

    def forward(self, latent: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return latent[:, 0] * 10, (latent[:, 1] * 10).floor().long(), latent[:, 2:5].argmax(1)


def test_columns_come_out_with_their_names_and_texts(tmp_path):
    names = ("grün", "rot", "")
    outputs = (
        Port(name="amount", dtype="float32", shape=("batch",), meaning="euros"),
        Port(name="days", dtype="int64", shape=("batch",), meaning="days"),
        Port(name="colour", dtype="str", shape=("batch",), meaning="of the card", categories=names),
    )
    exported = export(
        Deployable(module=Columns(), inputs=(LATENT,), outputs=outputs), tmp_path / "table.onnx"
    )
    session = onnxruntime.InferenceSession(exported.file)
    latent = torch.randn(50, 8)
    amount, days, colour = session.run(None, {"latent": latent.numpy()})
    expected = Columns()(latent)
    np.testing.assert_allclose(amount, expected[0], rtol=1e-6)
    assert days.tolist() == expected[1].tolist()
    assert colour.tolist() == [names[place] for place in expected[2]]
    assert [port["name"] for port in card_of(exported.file)["outputs"]] == ["amount", "days", "colour"]


def test_a_place_outside_of_the_categories_is_refused(tmp_path):
    output = Port(name="text", dtype="str", shape=("batch",), meaning="one", categories=("a", "b"))
    module = OnLatent(lambda z: z[:, :3].argmax(1))
    with pytest.raises(RunError, match="'text' of torch is none of its 2 categories"):
        export(Deployable(module=module, inputs=(LATENT,), outputs=(output,)), tmp_path / "g.onnx")


def card_of(file: Path) -> dict:
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    return json.loads(session.get_modelmeta().custom_metadata_map["card"])


def test_an_integer_input_without_a_range_is_named(tmp_path):
    label = Port(name="label", dtype="int64", shape=("batch",), meaning="class")
    deployable = Deployable(module=ConvGenerator(), inputs=(LATENT, label), outputs=(image("uint8"),))
    with pytest.raises(RunError, match="int64 input 'label' declares no range"):
        export(deployable, tmp_path / "g.onnx")


def test_a_local_path_in_the_card_is_refused(tmp_path):
    with pytest.raises(RunError, match="local path"):
        export(from_latent(nn.Linear(8, 8), data=f"{Path.cwd()}/scans"), tmp_path / "g.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_card_that_is_not_json_is_refused(tmp_path):
    with pytest.raises(RunError, match="card cannot be written as JSON"):
        export(from_latent(nn.Linear(8, 8), made_by=object()), tmp_path / "g.onnx")


@pytest.mark.parametrize("library", ["onnx", "onnxscript", "onnxruntime"])
def test_a_missing_library_names_the_extra(tmp_path, monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'ganworks\[onnx\]'") as caught:
        export(from_latent(nn.Linear(8, 8)), tmp_path / "g.onnx")
    assert caught.value.exit_code == ExitCode.USAGE
