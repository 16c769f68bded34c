"""An interrupt waits for the end of the step, and what is saved continues to the same bits."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from ganworks.data import ArrayDataset
from ganworks.recipes.dcgan import dcgan
from ganworks.run import Run
from ganworks.training import (
    Budget,
    Checkpoints,
    CheckpointWatch,
    EngineSettings,
    TorchEngine,
    fit,
    held_interrupts,
    read_tensors,
)


@pytest.fixture(autouse=True)
def ctrl_c_is_heard():
    """A process started in the background of a shell ignores SIGINT; these tests need it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class PressCtrlC:
    """Sends SIGINT to this very process in the middle of a step's watching."""

    def __init__(self, at_step: int) -> None:
        self.at_step = at_step

    def begin(self, state): ...

    def end(self, state): ...

    def after_step(self, state, records, fraction):
        if state.step == self.at_step:
            os.kill(os.getpid(), signal.SIGINT)


def train(folder, steps, *extra):
    data = ArrayDataset(np.random.default_rng(0).integers(0, 256, (12, 1, 8, 8), dtype=np.uint8))
    run = Run(folder)
    checkpoints = Checkpoints(run.checkpoints)
    with held_interrupts() as interrupted:
        saving = CheckpointWatch(run, checkpoints, lambda: None, seconds=1e9, interrupted=interrupted)
        recipe = dcgan(data.space, batch=4, width=4, latent=8)
        engine = TorchEngine(EngineSettings("cpu", 1, False))
        fit(recipe, data, engine, Budget(steps=steps), watches=[*extra, saving])
    return checkpoints


def test_ctrl_c_saves_the_step_it_came_in(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "stopped", 6, PressCtrlC(3))
    stopped = Checkpoints(tmp_path / "stopped" / "checkpoints")
    assert read_tensors(stopped.complete()[-1])[1]["step"] == 3

    resumed, _ = read_tensors(train(tmp_path / "stopped", 6).complete()[-1])
    whole, _ = read_tensors(train(tmp_path / "whole", 6).complete()[-1])
    assert all(whole[key].equal(resumed[key]) for key in whole)


def test_handlers_are_put_back():
    before = signal.getsignal(signal.SIGINT)
    with held_interrupts() as interrupted:
        assert signal.getsignal(signal.SIGINT) is not before
        assert not interrupted()
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_interrupt_is_not_held_back():
    with held_interrupts() as interrupted:
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupted()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
