"""A run in a process of its own, with hard limits, for a model that may be hostile."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._limits import ModelRefused, first_line

Array = NDArray[Any]

# Loads this folder by its path, as a package of its own, so that the program around it is not run again.
_START = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("runtime", sys.argv[1])
sys.modules["runtime"] = module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
from runtime._limited import serve
serve(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
"""


def run_limited(
    path: str | Path, inputs: Mapping[str, ArrayLike], *, memory_mb: int = 1500, seconds: float = 60
) -> dict[str, Array]:
    """Load and run a model in a child process that the system stops beyond ``memory_mb`` or ``seconds``.

    A file of 114 bytes can ask for gigabytes, which no check before the run can tell. The child needs about
    700 MB of address space for itself. It is no sandbox: it runs with the rights of this program.

    Returns:
        Every output by name.

    Raises:
        ModelRefused: see `load`; or the model does not run on the inputs, or needs more memory or time.
        OSError: the system cannot limit the memory of a process (Windows), or cannot start one.
    """
    if os.name != "posix":
        raise OSError("run_limited needs a system that limits the memory of a process, such as Linux")
    script = [sys.executable, "-P", "-c", _START, str(Path(__file__).with_name("__init__.py"))]
    # every thread of a linear algebra library would take address space of its own
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            [*script, str(path), str(memory_mb), str(int(seconds) + 1)],
            input=_packed(inputs),
            capture_output=True,
            timeout=seconds,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ModelRefused(f"{path}: stopped after {seconds:g} seconds") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        crashed = done.returncode < 0 or not said
        reason = f"crashed or was stopped at {memory_mb} MB" if crashed else said[-1][:400]
        raise ModelRefused(f"{path}: {reason}")
    return _unpacked(done.stdout)


def serve(path: str, memory_mb: int, seconds: int) -> None:
    """In the child: bind it to its limits, run the inputs of stdin, write the outputs to stdout."""
    import resource

    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not mix with the results
    try:
        for limit, most in (
            (resource.RLIMIT_AS, memory_mb * 2**20),
            (resource.RLIMIT_CPU, seconds),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_CORE, 0),
        ):
            already = resource.getrlimit(limit)[1]
            most = most if already == resource.RLIM_INFINITY else min(most, already)
            resource.setrlimit(limit, (most, most))
        from ._model import load

        model = load(path)
        made = model.run(**_unpacked(sys.stdin.buffer.read()))
        results.write(_packed(made if isinstance(made, dict) else {next(iter(model.outputs)): made}))
        results.close()
    except Exception as error:
        sys.exit(_reason(error, path, memory_mb))


def _reason(error: Exception, path: str, memory_mb: int) -> str:
    everything = f"{error} {error.__cause__}".lower()
    if isinstance(error, MemoryError) or "memory" in everything or "bad_alloc" in everything:
        return f"needs more than {memory_mb} MB of memory"
    return first_line(error).removeprefix(f"{path}: ")


def _packed(arrays: Mapping[str, ArrayLike]) -> bytes:
    """Return arrays as the bytes of an .npz file: no pickle, so that nothing is run where it is read."""
    stream = io.BytesIO()
    named = {}
    for name, value in arrays.items():
        array = np.asarray(value)
        # "=": np.savez has argument names of its own
        named[f"={name}"] = array.astype(str) if array.dtype == object else array
    np.savez(stream, **cast(Any, named))
    return stream.getvalue()


def _unpacked(content: bytes) -> dict[str, Array]:
    arrays = {}
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        for name in file.files:
            array = file[name]
            arrays[name.removeprefix("=")] = array.astype(object) if array.dtype.kind == "U" else array
    return arrays
