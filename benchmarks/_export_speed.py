"""Calls of torch and onnxruntime, timed in turn in one process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from time import thread_time
from typing import Any

import numpy as np
import onnxruntime
import torch
from _export_models import RANGE, Model
from numpy.typing import NDArray
from torch import nn

from ganworks.networks.folding import without_parametrizations
from ganworks_exports.graph import evaluation_copy

BATCHES = (1, 8)
FEWEST = 5  # rounds
BURST = 0.02  # seconds of one kind before the next: at first the caches hold another's weights
Call = Callable[[], object]
Feed = Mapping[str, NDArray[Any]]


def compare(
    model: Model, files: Mapping[str, Path], seconds: float, *, compiled: bool
) -> dict[str, dict[str, float]]:
    """Milliseconds of a call: by batch size, then by what was called."""
    sessions = {profile: session_of(file) for profile, file in files.items()}
    module = without_parametrizations(evaluation_copy(model.deployable.module))
    network = without_parametrizations(evaluation_copy(model.sampler.module()))
    found = {}
    for batch in BATCHES:
        feed = some_feed(model, batch)
        tensors = tuple(torch.from_numpy(np.asarray(values)) for values in feed.values())
        alone = inputs_of_network(model, feed)
        calls = {"torch": torch_call(module, tensors), "torch, network": torch_call(network, alone)}
        if compiled:
            calls["torch.compile"] = torch_call(torch.compile(module, dynamic=False), tensors)
        calls |= {name: onnx_call(session, feed) for name, session in sessions.items()}
        found[str(batch)] = {name: 1000 * t for name, t in least_times(calls, seconds).items()}
    return found


def least_times(
    calls: Mapping[str, Call], seconds: float, clock: Callable[[], float] = thread_time
) -> dict[str, float]:
    """The least time of a call, in seconds by name; all take turns for ``seconds`` in total.

    Least, not mean: what is added to the time of a call comes from the rest of the machine.
    """
    for call in calls.values():
        call()  # allocates, compiles
    found = dict.fromkeys(calls, float("inf"))
    started, rounds = clock(), 0
    while rounds < FEWEST or clock() - started < seconds:
        for name, call in calls.items():
            burst = clock()
            while clock() - burst < BURST:
                before = clock()
                call()
                found[name] = min(found[name], clock() - before)
        rounds += 1
    return found


def some_feed(model: Model, batch: int) -> dict[str, NDArray[Any]]:
    """What a program feeds: seeds in order, labels in turn, no truncation."""
    rng = np.random.default_rng(batch)
    values: dict[str, Any] = {
        "seed": np.arange(batch),
        "label": np.arange(batch) % 10,
        "truncation": np.array(1.0, np.float32),
        "latent": rng.standard_normal((batch, model.sampler.latent)).astype(np.float32),
        **{name: rows[:batch] for name, rows in model.deployable.examples.items()},
    }
    return {port.name: values[port.name] for port in model.deployable.inputs}


def inputs_of_network(model: Model, feed: Feed) -> tuple[torch.Tensor, torch.Tensor]:
    """The latents and labels, or sources, that the app would make of ``feed``."""
    if "source" in feed:
        pixels = torch.from_numpy(feed["source"]).permute(0, 3, 1, 2)
        return torch.from_numpy(feed["latent"]), pixels.float() / (RANGE / 2) - 1
    labels = feed.get("label", np.zeros_like(feed["seed"]))
    return model.sampler.latents(torch.from_numpy(feed["seed"])), torch.from_numpy(labels)


def torch_call(module: Any, inputs: tuple[torch.Tensor, ...]) -> Call:
    assert not (isinstance(module, nn.Module) and module.training)

    def call() -> object:
        with torch.inference_mode():
            return module(*inputs)

    return call


def onnx_call(session: onnxruntime.InferenceSession, feed: Feed) -> Call:
    return lambda: session.run(None, feed)


def session_of(file: Path) -> onnxruntime.InferenceSession:
    """One thread, which does not spin: waiting threads would take time from torch (onnxruntime #13808)."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
