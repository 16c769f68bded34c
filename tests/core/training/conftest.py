"""Small trained runs of a domain of arrays, for what learns from another run."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ganworks import plugin
from ganworks.data import ArrayDataset
from ganworks.options import RunOptions
from ganworks.pipeline import Pipeline
from ganworks.recipes.dcgan import dcgan
from ganworks.recipes.distilled import distilled
from ganworks.registry import Registry, from_modules
from ganworks.session import Session
from ganworks.training import Validation

HERE = "arrays_for_tests"


class Arrays(Pipeline[RunOptions]):
    """A domain of the arrays in a .npz; ``reads`` counts how often its data are read."""

    reads = 0

    def read(self):
        type(self).reads += 1
        with np.load(self.options.data) as stored:
            samples, classes = stored["samples"], [str(name) for name in stored["classes"]]
        return ArrayDataset(samples, np.arange(len(samples)) % len(classes) if classes else None, classes)

    def default_recipe(self, data):
        return "small"

    def validate(self, sampler):
        return Validation(1.0)

    def sample(self, sampler, request):
        raise NotImplementedError

    evaluate = deployable = report = sample


def small(space):
    return dcgan(space, batch=8, latent=6, width=4)


@plugin.hookimpl
def ganworks_declare():
    yield plugin.Domain(
        name="arrays", summary="t", options="ganworks.options:RunOptions", pipeline=f"{HERE}:Arrays"
    )
    yield plugin.Recipe(name="small", summary="t", target=f"{HERE}:small")
    yield plugin.Recipe(name="distilled", summary="t", target=f"{HERE}:distilled")
    yield plugin.Exporter(name="onnx", summary="t", target=f"{HERE}:small", suffix=".onnx")


class Teachers:
    """Trains runs, one for each shape of data."""

    def __init__(self, registry: Registry, root: Path) -> None:
        self.registry = registry
        self.domain = registry.find(plugin.Domain, "arrays")
        self.root = root
        self.pipeline = Arrays

    def stored(self, data: ArrayDataset) -> Path:
        """A file of the samples of ``data``, and its classes."""
        name = "-".join(map(str, [*data.space.shape, len(data.space.classes)]))
        path = self.root / f"{name}.npz"
        if not path.exists():
            samples = np.random.default_rng(0).integers(0, 255, (24, *data.space.shape), dtype=np.uint8)
            np.savez(path, samples=samples, classes=np.array(data.space.classes, dtype=str))
        return path

    def create(self, folder: Path, data: ArrayDataset, **options: object) -> Session:
        given = RunOptions(**{"data": self.stored(data), "steps": 2, "threads": 1, **options})
        return Session.create(self.domain, given, folder, self.registry)

    def of(self, data: ArrayDataset) -> Path:
        """The folder of a run that is trained, and no more than that, on samples like those of ``data``."""
        folder = self.stored(data).with_suffix("")
        if not (folder / "metrics.json").exists():
            train(self.create(folder, data))
        return folder


def train(session: Session) -> None:
    """Run a session to the end of its training: its domain knows nothing that would follow."""
    with pytest.raises(NotImplementedError):
        session.run()


@pytest.fixture(scope="session")
def teachers_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("teachers")


@pytest.fixture
def teachers(teachers_root: Path, monkeypatch: pytest.MonkeyPatch) -> Teachers:
    """Runs to learn from, kept for the whole session; their domain is installed for one test."""
    module = types.ModuleType(HERE)
    module.Arrays, module.small, module.distilled = Arrays, small, distilled
    module.ganworks_declare = ganworks_declare
    monkeypatch.setitem(sys.modules, HERE, module)
    registry = from_modules(module)
    monkeypatch.setattr("ganworks.registry.discover", lambda: registry)
    return Teachers(registry, teachers_root)


@pytest.fixture
def trained() -> Callable[[Session], None]:
    return train
