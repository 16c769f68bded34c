"""The gate of an export: onnxruntime must give what torch gives, and a row must not depend on its batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import nn

from ganworks.deploy import Deployable, Port
from ganworks_exports import ports
from ganworks_exports._refusal import refused

BATCHES = (1, 2, 5)
FLOAT_TOLERANCE = 1e-4  # of the output's range
LEVEL_TOLERANCE = 1  # integers: rounding may fall the other way ...
LEVEL_FRACTION = 1e-3  # ... in fewer than this part of the values

Values = NDArray[Any]


def check(deployable: Deployable, reference: nn.Module, model: bytes) -> float:
    """Compare the serialised ``model`` with ``reference`` at each size of `BATCHES`, on nested random rows.

    Floating outputs may differ by 1e-4 of the output's range (``high - low``, else what torch produced);
    integer outputs by one level in fewer than 0.1 % of the values.

    Returns:
        The largest absolute difference, in output units.

    Raises:
        RunError: they differ by more, an output is not finite or not of the declared form, a row changes with
            the batch it is in, or either side fails to run.
    """
    rng = np.random.default_rng(20)
    rows = {port.name: ports.draw(port, max(BATCHES), rng) for port in deployable.inputs}
    session = _session(model)
    by_torch, by_onnx = [], []
    for batch in BATCHES:
        feed = {
            p.name: rows[p.name][:batch] if ports.is_batched(p) else rows[p.name] for p in deployable.inputs
        }
        by_torch.append(_checked(_run_torch(reference, feed), deployable.output, batch, "torch"))
        by_onnx.append(_checked(_run_onnx(session, feed), deployable.output, batch, "onnxruntime"))
    everything = by_torch[-1]
    alone = [everything[: len(values)] for values in by_torch]
    _compare(deployable.output, by_torch, alone, "alone and in a larger batch")
    return _compare(deployable.output, by_torch, by_onnx, "in torch and in onnxruntime")


def _session(model: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()  # the number this run was given
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions share no base class
        raise refused("onnxruntime cannot load the model", error) from error


def _run_onnx(session: Any, feed: ports.Feed) -> Values:
    try:
        return np.asarray(session.run(None, dict(feed))[0])
    except Exception as error:  # as above
        raise refused("onnxruntime cannot run the model", error) from error


def _run_torch(reference: nn.Module, feed: ports.Feed) -> Values:
    try:
        with torch.inference_mode():
            output = reference(*(torch.from_numpy(values) for values in feed.values()))
    except RuntimeError as error:
        raise refused("the network itself does not run", error) from error
    return np.asarray(output)


def _checked(values: Values, port: Port, batch: int, where: str) -> Values:
    shape = tuple(batch if size == ports.BATCH else size for size in port.shape)
    if values.shape != shape or values.dtype != np.dtype(port.dtype):
        declared = f"{port.dtype} {shape}"
        found = f"{values.dtype} {values.shape}"
        raise refused(f"output '{port.name}' is declared as {declared}, {where} gives {found}")
    if not np.isfinite(values).all():
        raise refused(f"output '{port.name}' of {where} is not finite at batch {batch}")
    return values


def _compare(port: Port, left: list[Values], right: list[Values], between: str) -> float:
    gaps = [np.abs(a.astype(np.float64) - b.astype(np.float64)) for a, b in zip(left, right, strict=True)]
    worst = max(float(gap.max()) for gap in gaps)
    batch = BATCHES[int(np.argmax([gap.max() for gap in gaps]))]
    if left[0].dtype.kind == "f":
        allowed = FLOAT_TOLERANCE * _spread(port, left)
        holds, limit = bool(worst <= allowed), f"{allowed:.3g}"
    else:
        fraction = np.count_nonzero(np.concatenate(gaps)) / sum(gap.size for gap in gaps)
        holds = bool(worst <= LEVEL_TOLERANCE and fraction < LEVEL_FRACTION)
        limit = f"{LEVEL_TOLERANCE} level in {LEVEL_FRACTION:.1%} of the values, found {fraction:.1%}"
    if not holds:
        raise refused(
            f"output '{port.name}' differs {between} by up to {worst:.3g} at batch {batch} "
            f"(allowed: {limit}); the network must be free of randomness and treat every row on its own"
        )
    return worst


def _spread(port: Port, values: list[Values]) -> float:
    """Return the output's range in its units; 1 for a constant output, of which nothing is known."""
    if port.low is not None and port.high is not None:
        return port.high - port.low
    return float(max(v.max() for v in values) - min(v.min() for v in values)) or 1.0
