"""A model that is ready to run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _halo, _tiles
from ._contents import Port, read
from ._feeding import default, fed
from ._limits import DEFAULT_LIMITS, Limits, ModelRefused, first_line
from ._where import conditions

Array = NDArray[Any]

HALO_LIMIT = 64  # pixels: a network that looks further has halos that cost more than the tiles themselves


def load(
    path: str | Path, *, threads: int = 1, spinning: bool = False, limits: Limits = DEFAULT_LIMITS
) -> Model:
    """Check a file as `read` does, compare its weights with its card, and make it ready to run.

    ``spinning`` lets idle threads burn processor time, to begin the next operator a little sooner.

    Raises:
        ModelRefused: see `read`; or the weights were changed after the export, or onnxruntime objects.
        OSError: it cannot be read.
    """
    contents = read(path, limits)
    if not contents.intact:
        raise ModelRefused(f"{path}: tampered: its weights are not those its card was written for")
    import onnxruntime  # only now: `read` does without

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4  # what goes wrong is raised
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spinning)))
    # left to guess, onnxruntime would read some files as another format than the one that was checked
    options.add_session_config_entry("session.load_model_format", "ONNX")
    try:  # from bytes: the file cannot change, and nothing beside it is looked at
        session = onnxruntime.InferenceSession(
            contents.file,
            options,
            providers=["CPUExecutionProvider"],
            enable_fallback=0,  # would print, and try the same again
            read_config_from_model=0,  # an environment variable could let the file choose the options
        )
    except Exception as error:  # onnxruntime's exceptions share no base class
        raise ModelRefused(f"{path}: onnxruntime cannot load it ({first_line(error)})") from error
    return Model(contents.card, session)


class Model:
    """Made by `load`. Every method raises ValueError for arguments that do not fit the model.

    Attributes:
        card: What the file says of itself.
        inputs: The inputs by name, as the card describes them: ``dtype``, ``shape``, ``meaning`` ...
        outputs: The same for the outputs.
        classes: Names in the order of the labels; empty where there are none.
    """

    def __init__(self, card: dict[str, Any], session: Any) -> None:
        self.card = card
        self.inputs: dict[str, Port] = {port["name"]: port for port in card["inputs"]}
        self.outputs: dict[str, Port] = {port["name"]: port for port in card["outputs"]}
        self.classes: list[str] = card.get("classes", [])
        self._session = session
        self._halo: int | None = None

    def sample(
        self,
        count: int | Sequence[int],
        *,
        label: str | int | None = None,  # a class by name or number; None: the classes take turns by the seed
        seed: int = 0,
        truncation: float | None = None,  # None: the model's default
        batch: int = 16,  # samples computed at a time: bounds the memory
        where: Mapping[str, Any] | None = None,  # of a table: column -> a value; every row has it
    ) -> Any:
        """Draw the samples of the seeds ``seed ... seed + count - 1``, or of the seeds listed as ``count``.

        A seed and a label give the same sample, alone or among others.

        Returns:
            An array (count, ...); where the model has several outputs, a dict of arrays by name.
        """
        if "seed" not in self.inputs:
            raise ValueError(f"the model does not draw from seeds: `run` takes {', '.join(self.inputs)}")
        numbers = list(range(seed, seed + int(count))) if isinstance(count, int | np.integer) else list(count)
        if not numbers or batch < 1:
            raise ValueError("the number of samples and the batch must be at least 1")
        if not all(isinstance(n, int | np.integer) and 0 <= n < 2**63 for n in numbers):
            raise ValueError("seeds are whole numbers from 0 to 2**63 - 1")
        seeds = np.array(numbers, np.int64)
        rows = {"seed": seeds}
        if label is not None or "label" in self.inputs:
            rows["label"] = self._labels(seeds, label)
        rows |= conditions(self.card, self.inputs, where or {}, len(seeds))
        shared = {} if truncation is None else {"truncation": truncation}
        parts = [
            self._run({**{name: values[at : at + batch] for name, values in rows.items()}, **shared})
            for at in range(0, len(seeds), batch)
        ]
        return _alone({name: np.concatenate([part[name] for part in parts]) for name in self.outputs})

    def run(self, **inputs: ArrayLike) -> Any:
        """Run on one array for each input; those with a default may be left out. Returns as `sample` does."""
        return _alone(self._run(inputs))

    def transform(
        self,
        image: Array,
        *,
        tile: int | None = None,  # pixels a side; None: the image whole
        halo: int | None = None,  # pixels computed round what is kept; None: what `measure_halo` finds
        blend: int = 0,  # pixels on each side of a seam over which two tiles fade into each other
        out: Array | None = None,  # filled and returned, such as a memory-mapped one; None: a new array
    ) -> Array:
        """Run a model from image to image; the image and the result are (height, width, channels).

        With ``tile`` the image is cut into squares, each computed with ``halo`` more on every side, so that
        the memory needed does not grow with the image; both are rounded up to what the network needs. Where
        the network looks further than the halo, ``blend`` (up to half a tile) hides the seams.
        A side that is no multiple of what the network needs is continued as in a mirror, and the result is
        cropped. Values beyond the range of the input are clipped, unless they are labels.
        """
        plan = _tiles.plan(self.card)
        if tile is not None and halo is None:
            halo = self._known_halo(blend)
        return _tiles.transform(plan, self._run, image, tile, halo or 0, blend, out)

    def measure_halo(self, limit: int = HALO_LIMIT) -> int:
        """Return the smallest halo, in pixels, with which a tile equals the same part of the whole image.

        Equal within one level, on an image of noise of about ``2 * limit + 80`` pixels a side.

        Raises:
            ValueError: no halo up to ``limit`` does: a pixel depends on more than its surroundings, as with
                instance norm or attention; such a model must see the image whole.
        """
        return _halo.measure(_tiles.plan(self.card), self._run, limit)

    def _known_halo(self, blend: int) -> int:
        """The halo that the card tells, else the measured one; blended tiles do with the largest tried."""
        if self._halo is None:
            told = self.card.get("tiles", {})
            try:
                self._halo = told["halo"] if told.get("halo") is not None else self.measure_halo()
            except ValueError:
                if not blend:
                    raise
                return HALO_LIMIT
        return self._halo

    def _run(self, inputs: Mapping[str, ArrayLike]) -> dict[str, Array]:
        for name in inputs:
            if name not in self.inputs:
                raise ValueError(f"the model has no input '{name}', but {', '.join(self.inputs)}")
        batch = next((len(x) for x in map(np.asarray, inputs.values()) if x.ndim), 1)
        feed = {name: fed(port, inputs.get(name, default(port, batch))) for name, port in self.inputs.items()}
        try:
            results = self._session.run(list(self.outputs), feed)
        except Exception as error:  # onnxruntime's exceptions share no base class
            raise ValueError(f"the model does not run on this: {first_line(error)}") from error
        return dict(zip(self.outputs, results, strict=True))

    def _labels(self, seeds: Array, label: str | int | None) -> Array:
        if not self.classes or "label" not in self.inputs:
            raise ValueError("the model has no classes")
        if label is None and self.inputs["label"].get("low", 0) < 0:  # a table: its classes at their rates
            return np.full(len(seeds), -1)
        if label is None:
            return np.asarray(seeds % len(self.classes))
        if isinstance(label, str):
            if label not in self.classes:
                raise ValueError(f"the model has no class '{label}', but {', '.join(self.classes)}")
            label = self.classes.index(label)
        return np.full(len(seeds), label)


def _alone(results: dict[str, Array]) -> Any:
    return next(iter(results.values())) if len(results) == 1 else results
