"""The script beside an exported model: draws samples with numpy and onnxruntime, nothing else."""

from __future__ import annotations

from pathlib import Path

from ganworks.errors import UsageError
from ganworks.run import write_text

FILE = "sample.py"

SCRIPT = '''\
"""Draw synthetic samples from the model beside this file. Needs: pip install numpy onnxruntime"""
import argparse, json, pathlib, numpy as np, onnxruntime

path = pathlib.Path(__file__).with_name(MODEL)
model = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
card = json.loads(model.get_modelmeta().custom_metadata_map["card"])
names = card.get("classes", [])
ask = argparse.ArgumentParser(description=__doc__)
ask.add_argument("--count", type=int, default=16)
ask.add_argument("--label", choices=names, help="one class only; default: all in turn")
ask.add_argument("--seed", type=int, default=0)
ask.add_argument("--out", default="samples.npz")
args = ask.parse_args()

rng, feed, sizes = np.random.default_rng(args.seed), {}, {"batch": args.count}
for port in card["inputs"]:
    shape, low, high = [sizes.get(size, size) for size in port["shape"]], port.get("low"), port.get("high")
    if port["name"] == "label" and names:
        values = np.resize([names.index(args.label)] if args.label else range(len(names)), shape)
    elif port["dtype"].startswith("float"):
        values = rng.standard_normal(shape) if low is None else rng.uniform(low, high, shape)
    else:
        values = rng.integers(low, high, shape, endpoint=True)
    feed[port["name"]] = np.asarray(values).astype(port["dtype"])

rows = [port["name"] for port in card["inputs"] if port["shape"][:1] == ["batch"]]
parts = []
for i in range(0, args.count, 32):  # 32 at a time: memory stays small
    parts += model.run(None, {**feed, **{name: feed[name][i : i + 32] for name in rows}})
np.savez_compressed(args.out, **{card["output"]["name"]: np.concatenate(parts)}, **feed, classes=names)
print(f"{args.count} synthetic samples in {args.out}")
'''


def check_free(model: Path) -> None:
    """Make sure that `write` replaces nothing but an earlier script of its own.

    Raises:
        UsageError: the model itself would be replaced, or ``sample.py`` beside it is another program.
    """
    path = model.with_name(FILE)
    if model.name == FILE:
        raise UsageError(f"{model}: {FILE} is the script written beside the model; name it otherwise")
    try:
        with path.open("rb") as script:
            first = script.readline().rstrip().decode(errors="replace")
    except FileNotFoundError:
        return
    except OSError:  # a folder, or nothing to be read
        first = ""
    if first != SCRIPT.splitlines()[0]:
        raise UsageError(
            f"{path} is not a script of an earlier export and would be replaced; export to another folder"
        )


def write(model: Path) -> Path:
    """Write ``sample.py`` beside ``model`` and return its path; see `check_free` for one that is there."""
    path = model.with_name(FILE)
    write_text(path, SCRIPT.replace("MODEL", repr(model.name)))
    return path
