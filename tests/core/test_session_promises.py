"""What a session promises whatever the domain: stages, resume, plugins that fail, data that changed."""

from __future__ import annotations

import json
import sys
import types

import numpy as np
import pytest
import torch

from ganworks import RunError, UsageError, plugin
from ganworks.data import ArrayDataset
from ganworks.deploy import Deployable, Exported, Port
from ganworks.options import RunOptions
from ganworks.pipeline import Pipeline
from ganworks.recipes.dcgan import dcgan
from ganworks.registry import Registry, from_modules
from ganworks.session import Session
from ganworks.training import Validation

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 1, 8, 8), dtype=np.uint8)


class TinyPipeline(Pipeline[RunOptions]):
    """A domain of random pixels; ``calls`` notes which stages ran."""

    calls: list[str] = []  # noqa: RUF012
    fingerprint = "one"

    def read(self):
        return ArrayDataset(PIXELS)

    def facts(self):
        return {"fingerprint": self.fingerprint}

    def default_recipe(self, data):
        return "tiny"

    def validate(self, sampler):
        return Validation(1.0, 1.0)

    def sample(self, sampler, request):
        self.calls.append("sample")
        request.out.mkdir(parents=True, exist_ok=True)
        np.save(request.out / "made.npy", sampler.balanced(4, request.seed)[0].numpy())
        return request.out

    def evaluate(self, sampler):
        self.calls.append("evaluate")
        real = torch.zeros(4, 1, 8, 8)
        return {"extra": self.extra_metrics(real, sampler.balanced(4, 0)[0])}

    def deployable(self, sampler, view):
        port = Port(name="latent", dtype="float32", shape=("batch", 8), meaning="noise")
        return Deployable(module=sampler.module(), inputs=(port,), outputs=(port,))

    def report(self, sampler, metrics):
        self.calls.append("report")
        path = self.run.folder / "report.html"
        path.write_text(json.dumps(metrics), encoding="utf-8")
        return path


def tiny_recipe(space):
    return dcgan(space, batch=4, latent=8, width=4)


def good_metric(real, synthetic):
    return {"gap": np.float32((real.mean() - synthetic.mean()).abs().item())}


def bad_metric(real, synthetic):
    raise ZeroDivisionError("no")


def write_nothing(deployable, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("model", encoding="utf-8")
    return Exported(file=path, max_abs_diff=0.0, sha256="0" * 64)


def refuse(deployable, path):
    raise RunError("the exporter refuses")


@plugin.hookimpl
def ganworks_declare():
    here = "tiny_domain_for_tests"
    yield plugin.Domain(
        name="tiny", summary="t", options="ganworks.options:RunOptions", pipeline=f"{here}:TinyPipeline"
    )
    yield plugin.Recipe(name="tiny", summary="t", target=f"{here}:tiny_recipe")
    yield plugin.Metric(name="good", summary="t", target=f"{here}:good_metric")
    yield plugin.Metric(name="bad", summary="t", target=f"{here}:bad_metric")
    yield plugin.Exporter(name="onnx", summary="t", target=f"{here}:write_nothing", suffix=".onnx")
    yield plugin.Exporter(name="stubborn", summary="t", target=f"{here}:refuse", suffix=".no")


@pytest.fixture
def registry(monkeypatch) -> Registry:
    module = types.ModuleType("tiny_domain_for_tests")
    for name in ("TinyPipeline", "tiny_recipe", "good_metric", "bad_metric", "write_nothing", "refuse"):
        setattr(module, name, globals()[name])
    module.ganworks_declare = ganworks_declare
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(TinyPipeline, "calls", [])
    return from_modules(module)


def create(registry, folder, **options) -> Session:
    domain = registry.find(plugin.Domain, "tiny")
    return Session.create(domain, RunOptions(**{"steps": 2, "threads": 1, **options}), folder, registry)


def test_a_run_leaves_what_it_should(registry, tmp_path):
    metrics = create(registry, tmp_path).run()
    assert metrics["training"]["steps"] == 2
    assert metrics["export"]["file"] == "model/generator.onnx"
    assert metrics["time"]["total_s"] >= metrics["time"]["train_s"] > 0
    assert metrics["memory"]["peak_bytes"] > 1e6
    provenance = json.loads((tmp_path / "provenance.json").read_text(encoding="utf-8"))
    assert provenance["synthetic"] is True
    assert len(provenance["generator_sha256"]) == 64


def test_a_failing_metric_costs_a_warning_and_nothing_else(registry, tmp_path):
    session = create(registry, tmp_path)
    metrics = session.run()
    assert metrics["extra"].keys() == {"good"}
    warnings = [e["text"] for e in session.run_folder.events() if e["event"] == "warning"]
    assert any("metric 'bad' failed and was left out: ZeroDivisionError: no" in text for text in warnings)


def test_a_finished_run_does_nothing_twice(registry, tmp_path):
    create(registry, tmp_path).run()
    TinyPipeline.calls.clear()
    Session.open(tmp_path, registry).run()
    assert "evaluate" not in TinyPipeline.calls
    assert "sample" not in TinyPipeline.calls


def test_an_export_that_fails_does_not_cost_the_report(registry, tmp_path):
    session = create(registry, tmp_path, exporter="stubborn")
    with pytest.raises(RunError, match="the exporter refuses"):
        session.run()
    assert (tmp_path / "report.html").exists()
    assert session.run_folder.events()[-1]["outcome"] == "failed"


def test_an_unknown_exporter_is_said_before_anything_is_written(registry, tmp_path):
    with pytest.raises(UsageError, match="no exporter named 'onx'"):
        create(registry, tmp_path / "out", exporter="onx")
    assert not (tmp_path / "out").exists()


def test_changed_data_are_refused(registry, tmp_path, monkeypatch):
    create(registry, tmp_path).run()
    monkeypatch.setattr(TinyPipeline, "fingerprint", "another")
    with pytest.raises(RunError, match="the data changed since"):
        Session.open(tmp_path, registry).evaluate()


def test_the_recipe_is_chosen_once(registry, tmp_path, monkeypatch):
    session = create(registry, tmp_path)
    session.run()
    assert session.run_folder.settings()["recipe"]["name"] == "tiny"
    monkeypatch.setattr(TinyPipeline, "default_recipe", lambda self, data: "unknown now")
    assert Session.open(tmp_path, registry).recipe().name == "dcgan"


def test_an_untrained_run_cannot_be_sampled_and_says_how_to_go_on(registry, tmp_path):
    session = create(registry, tmp_path)
    with pytest.raises(RunError, match="gan resume"):
        session.sample(2, None, 0, tmp_path / "more")


def test_a_folder_that_is_no_run_is_one_line(registry, tmp_path):
    with pytest.raises(UsageError, match=r"is not a run folder: it has no run\.toml"):
        Session.open(tmp_path, registry)


def test_damaged_settings_are_one_line(registry, tmp_path):
    create(registry, tmp_path)
    (tmp_path / "run.toml").write_text("domain = ", encoding="utf-8")
    with pytest.raises(UsageError, match=r"run\.toml is damaged"):
        Session.open(tmp_path, registry)
