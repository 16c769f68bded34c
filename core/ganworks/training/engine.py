"""Where and how a recipe runs: device, precision, threads, memory layout, processes.

`Engine` is the seam. `TorchEngine` is one process with nothing but torch. Several processes will be a
second implementation over Lightning Fabric; ranks and the reduction of gradients are its to add.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from ganworks.errors import UsageError

Net = TypeVar("Net", bound=nn.Module)


class Engine(Protocol):
    """What the loop asks of the place it runs on."""

    device: torch.device
    rank: int
    ranks: int

    def setup(self, network: Net) -> Net:
        """Move a network to the device, in the engine's memory layout."""
        ...

    def autocast(self, bf16: bool) -> AbstractContextManager[Any]:
        """Context in which a network that gains from bfloat16 runs."""
        ...

    def seed(self, *key: int) -> None:
        """Seed torch's generators from a key; equal keys give equal draws, whatever ran before."""
        ...

    def backward(self, loss: Tensor, parameters: Sequence[nn.Parameter]) -> None:
        """Write gradients of ``loss``, averaged over all ranks."""
        ...


@dataclass(frozen=True)
class EngineSettings:
    """The choices that decide the arithmetic. Saved with a run: a resumed run computes the same bits."""

    device: str = "cpu"
    threads: int = 1
    bf16: bool = False

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class TorchEngine:
    """One process, one device."""

    rank = 0
    ranks = 1

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self.device = torch.device(settings.device)
        if self.device.type == "cpu":
            torch.set_num_threads(settings.threads)

    def setup(self, network: Net) -> Net:
        network.to(self.device)
        # channels_last: 1.1 to 1.4 times faster convolutions on CPU and tensor cores (benchmarks/engine.py);
        # a network that is slower in it says so (instance norm is)
        layout = getattr(network, "memory_format", torch.channels_last)
        for parameter in network.parameters():
            if parameter.dim() == 4:
                parameter.data = parameter.data.contiguous(memory_format=layout)
        return network

    def autocast(self, bf16: bool) -> AbstractContextManager[Any]:
        if not (bf16 and self.settings.bf16):
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    def seed(self, *key: int) -> None:
        seed = int(np.random.SeedSequence(key).generate_state(1)[0])
        # torch.manual_seed also queues the seed, with a traceback, for devices that are not in use: 0.5 ms
        torch.default_generator.manual_seed(seed)
        if self.device.type == "cuda":
            torch.cuda.manual_seed(seed)

    def backward(self, loss: Tensor, parameters: Sequence[nn.Parameter]) -> None:
        loss.backward()


def find_device(name: str) -> torch.device:
    """Turn ``auto``, ``cpu``, ``cuda`` or ``cuda:N`` into a device that is there.

    Raises:
        UsageError: an unknown name, or a GPU that torch does not see.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(f"device '{name}' is unknown: use auto, cpu, cuda or cuda:N") from None
    if device.type not in ("cpu", "cuda"):
        raise UsageError(f"device '{name}' is not supported: use auto, cpu, cuda or cuda:N")
    seen = torch.cuda.device_count()
    if device.type == "cuda" and (device.index or 0) >= seen:
        raise UsageError(f"device '{name}' is not there (torch sees {seen} GPUs): use --device cpu")
    return device


def calibrate(
    device: torch.device,
    threads: int | None,
    bf16: bool | None,
    one_step: Callable[[Engine], Callable[[], object]],
) -> EngineSettings:
    """Choose precision and threads by timing; the faster wins.

    On a busy machine two torch threads can be many times slower than one, so the number of cores says
    little. ``one_step(engine)`` returns a function that runs one training step of a scratch copy.
    """
    if device.type != "cpu":
        with torch.cuda.device(device):
            supported = torch.cuda.is_bf16_supported(including_emulation=False)
        return EngineSettings(str(device), 1, supported if bf16 is None else bf16)
    bf16 = _bf16_pays() if bf16 is None else bf16
    cores = usable_cores()
    candidates = [threads] if threads else sorted({1, max(cores // 2, 1), cores})
    settings = [EngineSettings("cpu", count, bf16) for count in candidates]
    if len(settings) == 1:
        return settings[0]
    return min(settings, key=lambda choice: _fastest(one_step(TorchEngine(choice)), choice.threads))


def usable_cores() -> int:
    """Processors this process may use: fewer than the machine has under a scheduler or taskset."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _fastest(step: Callable[[], object], threads: int, repeats: int = 3) -> float:
    """Best wall time of one step, after a warm-up."""
    torch.set_num_threads(threads)
    step()
    return min(_timed(step) for _ in range(repeats))


def _timed(run: Callable[[], object]) -> float:
    start = perf_counter()
    run()
    return perf_counter() - start


def _bf16_pays() -> bool:
    """Whether a bfloat16 convolution is at least 1.2 times faster than float32 on this processor."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    x = torch.randn(16, 32, 32, 32).to(memory_format=torch.channels_last)
    conv = nn.Conv2d(32, 32, 3, padding=1).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    try:
        with torch.no_grad():
            single = min(_timed(lambda: conv(x)) for _ in range(8))
            with torch.autocast("cpu", torch.bfloat16):
                half = min(_timed(lambda: conv(x)) for _ in range(8))
    finally:
        torch.set_num_threads(before)
    return single > 1.2 * half
