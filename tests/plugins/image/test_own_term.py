"""The plugin with a loss term in docs/plugins.md: its files are taken from the page, and they train."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch

from ganworks import plugin
from ganworks.data import ArrayDataset
from ganworks.registry import Registry, from_modules
from ganworks.training import Budget, EngineSettings, Recipe, TorchEngine, TrainingState, fit

PAGE = Path(__file__).parents[3] / "docs" / "plugins.md"
MODULES = ("smooth", "smooth_recipe")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The three files of the page, by name; the modules can be imported."""
    section = PAGE.read_text(encoding="utf-8").split("## A loss term of your own\n")[1].split("\n## ")[0]
    found = dict(
        re.findall(r"^(?:and )?`([\w.]+)`.*?:\n\n```\w+\n(.*?)```$", section, re.MULTILINE | re.DOTALL)
    )
    for name, text in found.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield found
    for name in MODULES:
        sys.modules.pop(name, None)


@pytest.fixture
def registry(files: dict[str, str]) -> Registry:
    return from_modules(import_module("smooth"))


class Losses:
    """Remembers the losses of every step."""

    def __init__(self) -> None:
        self.seen: dict[str, list[float]] = {}

    def begin(self, state: TrainingState) -> None: ...

    def after_step(self, state: TrainingState, records: Sequence[Any], fraction: float) -> None:
        for record in records:
            for name, value in record.losses.items():
                self.seen.setdefault(f"{record.phase}.{name}", []).append(float(value))

    def end(self, state: TrainingState) -> None: ...


def trained(registry: Registry, smoothness: float) -> tuple[TrainingState, Losses]:
    build = registry.load(registry.find(plugin.Recipe, "smooth-wgan-gp"))
    pixels = torch.randint(0, 256, (24, 3, 16, 12), dtype=torch.uint8).numpy()
    data, watch = ArrayDataset(pixels, torch.zeros(24, dtype=torch.int64).numpy(), ()), Losses()
    recipe: Recipe = build(data.space, batch=8, width=4, smoothness=smoothness)
    return fit(recipe, data, TorchEngine(EngineSettings()), Budget(steps=3), watches=[watch]), watch


def test_the_page_has_all_files_and_declares_its_modules(files: dict[str, str]) -> None:
    assert sorted(files) == ["pyproject.toml", "smooth.py", "smooth_recipe.py"]
    project = tomllib.loads(files["pyproject.toml"])
    assert project["project"]["entry-points"]["ganworks"] == {"smooth": "smooth"}
    assert project["tool"]["setuptools"]["py-modules"] == list(MODULES)
    assert "torch" not in files["smooth.py"]  # `gan --help` imports it


def test_the_term_moves_the_generator_and_shows_among_the_losses(registry: Registry) -> None:
    plain, _ = trained(registry, 0.0)
    smooth, watch = trained(registry, 50.0)
    names = [name for name in watch.seen if name.endswith(".roughness")]
    assert names == ["generator.roughness"]
    assert all(value > 0 for value in watch.seen["generator.roughness"])
    weights = [
        torch.cat([p.flatten() for p in s.networks["generator"].parameters()]) for s in (plain, smooth)
    ]
    assert not torch.allclose(*weights)
