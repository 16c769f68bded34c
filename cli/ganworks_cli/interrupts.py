"""Ctrl-C, `kill` and a closed terminal all end a run the same way: it saves and can be resumed."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextmanager
def like_ctrl_c() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into `KeyboardInterrupt`, which the training loop answers by saving.

    A signal that is ignored already stays ignored: that is how nohup keeps a run alive.
    """
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in _SIGNALS:
        if before[number] is signal.SIG_DFL:
            signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number in _SIGNALS:
            signal.signal(number, before[number])


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
