"""A domain's pipeline and the session that drives it: read, fit, sample, evaluate, export, report."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Generic, TypeVar

from ganworks.data import Dataset
from ganworks.deploy import Deployable, Exported
from ganworks.options import RunOptions
from ganworks.run import Event, Run

Options = TypeVar("Options", bound=RunOptions)


class Pipeline(ABC, Generic[Options]):
    """What a domain implements. One instance serves one run; stages run in the order below.

    Every stage may be called again on the same run folder (resume, `gan evaluate`, `gan report`), so a
    stage reads what it needs from the folder and writes atomically.
    """

    def __init__(self, options: Options, run: Run) -> None:
        self.options = options
        self.run = run

    @abstractmethod
    def read(self) -> Dataset:
        """Read, validate, split and cache the data; return the training part."""
