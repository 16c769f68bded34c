"""Small trained generators as exported models, and the tools of other programs where they are installed."""

from __future__ import annotations

import contextlib
import functools
import http.server
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from ganworks.data import ArrayDataset
from ganworks.deploy import Deployable, Port
from ganworks.recipes.dcgan import dcgan
from ganworks.training import Budget, EngineSettings, Sampler, TorchEngine, fit
from ganworks.views import TRUNCATION, generator_view
from ganworks_exports import onnx, web
from ganworks_image.deploying import InUnits
from ganworks_image.intensity import IntensityMap

KITS = Path(__file__).parents[2] / "examples" / "embed"
NODE_MODULES = KITS / "node" / "node_modules"
SIDE, CLASSES = 16, ["disc", "square", "stripes & <b>"]
CARD = {
    "title": "Shapes <i>drawn</i> by a test",
    "notice": "Machine-generated shapes.",
    "license": "Apache-2.0",
    "training_data": {"title": "shapes", "fingerprint": "0123abcd"},
}


def shapes(channels: int) -> np.ndarray:
    """48 pictures, uint8 (rows, channels, side, side): the three classes in turn, at random places."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:SIDE, :SIDE]
    drawn = []
    for i in range(48):
        cy, cx = rng.integers(4, 12, 2)
        masks = [(y - cy) ** 2 + (x - cx) ** 2 < 12, (abs(y - cy) < 4) & (abs(x - cx) < 4), (x + cx) % 4 < 2]
        drawn.append(masks[i % 3] * rng.integers(60, 255, (channels, 1, 1)))
    return np.array(drawn, np.uint8)


class Scan(nn.Module):
    """Signed 16-bit grey pictures, -1000 to 400, that the seed shifts; there are no classes."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(SIDE * SIDE, generator=torch.Generator().manual_seed(0)))

    def forward(self, seed: Tensor, truncation: Tensor) -> Tensor:
        values = (self.weight + 0.01 * (seed % 50)[:, None].float() * truncation).frac() * 1400 - 1000
        return values.round().to(torch.int16).view(-1, SIDE, SIDE, 1)


def picture(dtype: str, channels: int, low: float, high: float) -> Port:
    shape = ("batch", SIDE, SIDE, channels)
    return Port(name="image", dtype=dtype, shape=shape, meaning="a shape", low=low, high=high)


@dataclass(frozen=True)
class Model:
    """A file, and the pictures that onnxruntime in this Python draws from it."""

    file: Path

    def draw(self, seeds: list[int], label: int | list[int] = 0, truncation: float = 1.0) -> np.ndarray:
        session = onnxruntime.InferenceSession(self.file, providers=["CPUExecutionProvider"])
        feed = {"seed": np.array(seeds), "truncation": np.array(truncation, np.float32)}
        if "label" in [port.name for port in session.get_inputs()]:
            feed["label"] = np.broadcast_to(np.array(label), len(seeds)).copy()
        return session.run(None, feed)[0]


@pytest.fixture(scope="session")
def coloured() -> Deployable:
    """A trained generator of 8-bit pictures in colour, of three classes."""
    data = ArrayDataset(shapes(3), np.arange(48) % 3, CLASSES)
    engine = TorchEngine(EngineSettings("cpu", 1, False))
    state = fit(dcgan(data.space, batch=8, width=8), data, engine, Budget(steps=20))
    return generator_view(
        Sampler.of(state),
        "app",
        finish=InUnits(IntensityMap(low=0, high=255, dtype="uint8")),
        outputs=[picture("uint8", 3, 0, 255)],
        classes=CLASSES,
        card={**CARD, "classes": CLASSES},
    )


@pytest.fixture(scope="session")
def model(
    coloured: Deployable, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Model:
    """The model of the page where there can be one: an export takes seconds."""
    if NODE_MODULES.exists():
        return Model(request.getfixturevalue("site") / "model.onnx")
    file = tmp_path_factory.mktemp("model") / "model.onnx"
    onnx.export(coloured, file, "w16")
    return Model(file)


@pytest.fixture(scope="session")
def publish(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Deployable], Path]:
    """Write the page of a deployable and return its folder."""

    def published(found: Deployable) -> Path:
        require(NODE_MODULES)
        with contextlib.chdir(NODE_MODULES.parent):
            return web.export(found, tmp_path_factory.mktemp("site") / "page").file

    return published


@pytest.fixture(scope="session")
def site(coloured: Deployable, publish: Callable[[Deployable], Path]) -> Path:
    return publish(coloured)


@pytest.fixture(scope="session")
def medical_site(publish: Callable[[Deployable], Path]) -> Path:
    seed = Port(name="seed", dtype="int64", shape=("batch",), meaning="a seed", low=0, high=2**40, default=0)
    outputs = (picture("int16", 1, -1000, 400),)
    return publish(Deployable(module=Scan(), inputs=(seed, TRUNCATION), outputs=outputs, card=CARD))


def require(*tools: str | Path) -> None:
    """Skip the test where a program or a folder is not there."""
    for tool in tools:
        there = tool.exists() if isinstance(tool, Path) else shutil.which(tool)
        if not there:
            pytest.skip(f"{Path(tool).name} is not installed")


class Handler(http.server.SimpleHTTPRequestHandler):
    """A static server that sends further headers, and says nothing."""

    def __init__(self, *words, headers: dict[str, str], **options) -> None:
        self.extra = headers
        super().__init__(*words, **options)

    def end_headers(self) -> None:
        for name, value in self.extra.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *words) -> None:
        pass


@contextlib.contextmanager
def served(folder: Path, **headers: str) -> Iterator[str]:
    """Serve a folder on a free port; yields the address."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    handler = functools.partial(Handler, directory=str(folder), headers=named)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="session", name="served")
def served_fixture():
    return served


@pytest.fixture(scope="session", name="require")
def require_fixture():
    return require


@pytest.fixture(scope="session")
def kits() -> Path:
    return KITS


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium of this machine."""
    playwright = pytest.importorskip("playwright.sync_api")
    names = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip("no Chromium is installed")
    with playwright.sync_playwright() as started:
        # the sandbox of a browser needs rights that a container and a root user do not have
        launched = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    torch.set_num_threads(1)
