"""Interrupts wait for the end of a step, so that what is saved is a whole step."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextmanager
def held_interrupts() -> Iterator[Callable[[], bool]]:
    """Hold back signals that would raise `KeyboardInterrupt`; yield a function that says if one came.

    A second signal is not held back. Signals with the system's own handler are left alone, and so is
    everything outside the main thread, where Python delivers no signals.
    """
    came = threading.Event()
    before: dict[int, Callable[[int, FrameType | None], object]] = {}

    def hold(number: int, frame: FrameType | None) -> None:
        if came.is_set():
            before[number](number, frame)
        came.set()
        os.write(2, b"\nstopping after this step and saving; once more to stop at once\n")

    if threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            handler = signal.getsignal(number)
            if callable(handler):
                before[number] = handler
                signal.signal(number, hold)
    try:
        yield came.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
