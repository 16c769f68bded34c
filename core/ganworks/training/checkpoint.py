"""Checkpoints: one safetensors file each, written beside and renamed, never a pickle."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ganworks.errors import RunError
from ganworks.run import replacing
from ganworks.training.state import TrainingState

FORMAT = 1
_NAME = re.compile(r"step-(\d{9})\.safetensors")


class Checkpoints:
    """The checkpoints of a run: the last few, and the best generator."""

    def __init__(self, folder: Path, keep: int = 2) -> None:
        self.folder = folder
        self.keep = keep
        self.skipped: list[Path] = []  # files that could not be read when loading

    @property
    def best(self) -> Path:
        """The averaged generator that scored best on the validation split."""
        return self.folder / "best.safetensors"

    def complete(self) -> list[Path]:
        """Whole checkpoints, oldest first."""
        return sorted(path for path in self.folder.glob("step-*") if _NAME.fullmatch(path.name))

    def save(self, state: TrainingState) -> Path:
        """Write the state; remove all but the newest ``keep`` checkpoints."""
        path = self.folder / f"step-{state.step:09d}.safetensors"
        write_tensors(path, state.tensors(), state.scalars())
        for old in self.complete()[: -self.keep]:
            old.unlink()
        return path

    def load_latest(self, state: TrainingState) -> Path | None:
        """Fill ``state`` from the newest readable checkpoint; None when there is none.

        Raises:
            RunError: the checkpoints belong to a different recipe.
        """
        for path in reversed(self.complete()):
            try:
                tensors, scalars = read_tensors(path)
            except (OSError, SafetensorError, KeyError, ValueError):
                self.skipped.append(path)  # the one before it is whole
                continue
            if scalars.get("format") != FORMAT:
                raise RunError(
                    f"{path} has checkpoint format {scalars.get('format')}, this version reads {FORMAT}: "
                    "continue the run with the version that started it"
                )
            try:
                state.load(tensors, scalars)
            except (ValueError, RuntimeError, KeyError) as error:
                raise RunError(f"{path} does not fit this run: {error}") from None
            return path
        return None

    def save_best(self, state: TrainingState, score: float) -> Path:
        """Write the generator to sample from, with the score it reached."""
        write_tensors(
            self.best,
            {key: value.detach().contiguous() for key, value in state.generator().state_dict().items()},
            {"step": state.step, "images": state.images, "score": score},
        )
        return self.best


def weights_sha256(path: Path) -> str:
    """SHA-256 of a weights file, as hexadecimal digits: names a generator."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_tensors(path: Path, tensors: Mapping[str, Tensor], scalars: Mapping[str, Any]) -> None:
    """Write tensors and JSON values into one safetensors file, atomically."""
    with replacing(path) as scratch:
        save_file(dict(tensors), scratch, metadata={"ganworks": json.dumps({"format": FORMAT, **scalars})})


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a file of `write_tensors`.

    Raises:
        SafetensorError, OSError: damaged or absent.
        KeyError: a safetensors file that ganworks did not write.
    """
    with safe_open(path, framework="pt") as file:
        return {key: file.get_tensor(key) for key in file.keys()}, _scalars(file.metadata())  # noqa: SIM118


def read_scalars(path: Path) -> dict[str, Any]:
    """Read the JSON values of a file of `write_tensors`, from its header; a file cut short is noticed.

    Raises: as `read_tensors`.
    """
    with safe_open(path, framework="pt") as file:
        return _scalars(file.metadata())


def _scalars(metadata: Mapping[str, str] | None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((metadata or {})["ganworks"])
    return found
