"""The gate of an export: onnxruntime must give what torch gives, and a row must not depend on its batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganworks.deploy import Deployable, Port
from ganworks_exports import ports
from ganworks_exports._refusal import refused

FLOAT_TOLERANCE = 1e-4  # of the output's range
LEVEL_TOLERANCE = 1  # integers of up to 256 levels: rounding may fall the other way ...
LEVEL_FRACTION = 1e-3  # ... in fewer than this part of the values; finer levels: in proportion
LEVELS = 255

Values = NDArray[Any]
Outputs = list[Values]


def check(deployable: Deployable, reference: nn.Module, model: bytes) -> dict[str, float]:
    """Compare the serialised ``model`` with ``reference`` at every size of `ports.trials`, on random rows.

    Floating outputs may differ by 1e-4 of the output's range (``high - low``, else what torch produced);
    integer outputs by one level in fewer than 0.1 % of the values; texts not at all. The first row alone must
    be what it is among others.

    Returns:
        The largest absolute difference of each output, in its units; 0 for texts.

    Raises:
        RunError: they differ by more, an output is not finite or not of the declared form, a row changes with
            the batch it is in, or either side fails to run.
    """
    rng = np.random.default_rng(20)
    trials = list(ports.trials(deployable))
    tried = [ports.tried(deployable, sizes, rng) for sizes in trials]
    loaded = session(model)
    by_torch, by_onnx = [], []
    for sizes, feed in zip(trials, tried, strict=True):
        by_torch.append(_checked(deployable, _run_torch(reference, feed), sizes, "torch"))
        by_onnx.append(_checked(deployable, _run_onnx(loaded, feed), sizes, "onnxruntime"))
    alone = [_run_torch(reference, _first_row(deployable, feed)) for feed in tried]
    found = {}
    for place, port in enumerate(deployable.outputs):
        ours, theirs = ([outputs[place] for outputs in side] for side in (by_torch, by_onnx))
        rows = [np.concatenate([one[place], many[1:]]) for one, many in zip(alone, ours, strict=True)]
        _compare(port, ours, rows, "alone and in a larger batch")
        found[port.name] = _compare(port, ours, theirs, "in torch and in onnxruntime")
    return found


def _first_row(deployable: Deployable, feed: ports.Feed) -> ports.Feed:
    batched = {port.name for port in deployable.inputs if ports.is_batched(port)}
    return {name: values[:1] if name in batched else values for name, values in feed.items()}


def session(model: bytes) -> Any:
    """Return onnxruntime's session of a serialised model.

    Raises:
        RunError: onnxruntime cannot load it.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()  # the number this run was given
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions share no base class
        raise refused("onnxruntime cannot load the model", error) from error


def _run_onnx(session: Any, feed: ports.Feed) -> Outputs:
    try:
        return [np.asarray(values) for values in session.run(None, dict(feed))]
    except Exception as error:  # as above
        raise refused("onnxruntime cannot run the model", error) from error


def _run_torch(reference: nn.Module, feed: ports.Feed) -> Outputs:
    try:
        with torch.inference_mode():
            made = reference(*(torch.from_numpy(values) for values in feed.values()))
    except RuntimeError as error:
        raise refused("the network itself does not run", error) from error
    outputs: tuple[Tensor, ...] = (made,) if isinstance(made, Tensor) else tuple(made)
    return [output.numpy() for output in outputs]


def _checked(deployable: Deployable, outputs: Outputs, sizes: Mapping[str, int], where: str) -> Outputs:
    if len(outputs) != len(deployable.outputs):
        raise refused(f"{len(deployable.outputs)} outputs are declared, {where} gives {len(outputs)}")
    return [
        _valid(_as_places(values, port), port, sizes, where)
        for port, values in zip(deployable.outputs, outputs, strict=True)
    ]


def _as_places(values: Values, port: Port) -> Values:
    """Texts as places in the categories, so that both sides compare alike; -1: a text of no category."""
    if not port.categories or values.dtype.kind in "iu":
        return values
    place = {text: number for number, text in enumerate(port.categories)}
    return np.array([place.get(text, -1) for text in values.ravel().tolist()]).reshape(values.shape)


def _valid(values: Values, port: Port, sizes: Mapping[str, int], where: str) -> Values:
    shape, dtype = ports.shape_at(port, sizes), np.dtype("int64" if port.categories else port.dtype)
    if values.shape != shape or values.dtype != dtype:
        declared, found = f"{dtype} {shape}", f"{values.dtype} {values.shape}"
        raise refused(f"output '{port.name}' is declared as {declared}, {where} gives {found}")
    if not (np.isfinite(values) | (port.missing & np.isnan(values.astype(float)))).all():
        raise refused(f"output '{port.name}' of {where} is not finite at batch {sizes[ports.BATCH]}")
    if port.categories and not ((values >= 0) & (values < len(port.categories))).all():
        raise refused(f"output '{port.name}' of {where} is none of its {len(port.categories)} categories")
    return values


def _compare(port: Port, left: Outputs, right: Outputs, between: str) -> float:
    gaps = [_gap(a.astype(np.float64), b.astype(np.float64)) for a, b in zip(left, right, strict=True)]
    worst = max(float(gap.max()) for gap in gaps)
    batch = ports.BATCHES[int(np.argmax([gap.max() for gap in gaps]))]
    holds, limit = _allowed(port, left, gaps, worst)
    if not holds:
        raise refused(
            f"output '{port.name}' differs {between} by up to {worst:.3g} at batch {batch} "
            f"(allowed: {limit}); the network must be free of randomness and treat every row on its own"
        )
    return worst


def _gap(a: Values, b: Values) -> Values:
    """Distances; 0 where both values are missing, infinite where one is."""
    gone = np.isnan(a), np.isnan(b)
    distance = np.abs(np.where(gone[0], 0, a) - np.where(gone[1], 0, b))
    return np.where(gone[0] == gone[1], distance, np.inf)


def _allowed(port: Port, values: Outputs, gaps: Outputs, worst: float) -> tuple[bool, str]:
    if port.categories:
        return worst == 0, "nothing, these are texts"
    if values[0].dtype.kind == "f":
        allowed = FLOAT_TOLERANCE * _spread(port, values)
        return worst <= allowed, f"{allowed:.3g}"
    fraction = sum(np.count_nonzero(gap) for gap in gaps) / sum(gap.size for gap in gaps)
    finer = max(1.0, _declared_range(port) / LEVELS)  # than 256 levels: the same error crosses more of them
    most = max(float(LEVEL_TOLERANCE), FLOAT_TOLERANCE * _declared_range(port))
    share = min(LEVEL_FRACTION * finer, 1.0)
    limit = f"{most:.3g} level in {share:.1%} of the values, found {fraction:.1%}"
    return worst <= most and (fraction < share or share == 1), limit


def _declared_range(port: Port) -> float:
    return 0.0 if port.low is None or port.high is None else port.high - port.low


def _spread(port: Port, values: Outputs) -> float:
    """Return the output's range in its units; 1 for a constant output, of which nothing is known."""
    if port.low is not None and port.high is not None:
        return port.high - port.low
    seen = np.concatenate([v.ravel() for v in values])
    seen = seen[np.isfinite(seen)]
    return float(seen.max() - seen.min()) or 1.0 if len(seen) else 1.0
