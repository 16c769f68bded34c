"""The script beside an exported model: draws samples with numpy and onnxruntime, nothing else."""

from __future__ import annotations

from pathlib import Path

from ganworks.errors import UsageError
from ganworks.run import write_text

FILE = "sample.py"

SCRIPT = '''\
"""Draw synthetic samples from a model beside this file. Needs: pip install numpy onnxruntime"""
import argparse, json, pathlib, numpy as np, onnxruntime

ask = argparse.ArgumentParser(description=__doc__)
ask.add_argument("--count", type=int, default=16)
ask.add_argument("--label", help="one class only; default: all in turn, for tables at their rates")
ask.add_argument("--seed", type=int, default=0, help="of the first sample; the next has the next seed")
ask.add_argument("--truncation", type=float, default=1.0, help="0 to 1: from typical to varied")
ask.add_argument("--model", type=pathlib.Path, default=pathlib.Path(__file__).with_name(MODEL))
ask.add_argument("--out", default="samples.npz", help="NumPy archive; one that is there is replaced")
args = ask.parse_args()
out = pathlib.Path(args.out.removesuffix(".npz") + ".npz")  # as NumPy names it
if args.count < 1 or not 0 <= args.seed < 2**63 - args.count or not 0 <= args.truncation <= 1:
    ask.error("--count from 1, --seed from 0, --truncation from 0 to 1")
if not args.model.is_file() or not out.parent.is_dir():
    ask.error(f"there is no {args.model if out.parent.is_dir() else out.parent}")

model = onnxruntime.InferenceSession(args.model, providers=["CPUExecutionProvider"])
card = json.loads(model.get_modelmeta().custom_metadata_map["card"])
names = card.get("classes", [])
if args.label is not None and args.label not in names:
    ask.error(f"--label: no class {args.label!r}; the classes are {', '.join(names) or 'none'}")

rng, feed, sizes = np.random.default_rng(args.seed), {}, {"batch": args.count}
for port in card["inputs"]:
    shape, low, high = [sizes.get(size, size) for size in port["shape"]], port.get("low"), port.get("high")
    if port["name"] == "seed":
        values = args.seed + np.arange(args.count)
    elif port["name"] == "truncation":
        values = np.clip(args.truncation, low, high)
    elif port["name"] == "label" and names and (args.label or low >= 0):
        turn = (args.seed + np.arange(args.count)) % len(names)  # by the seed: that alone is one picture
        values = np.resize([names.index(args.label)], shape) if args.label else turn
    elif "default" in port:  # of a condition: not given
        values = np.full(shape, port["default"])
    elif port["dtype"].startswith("float"):
        values = rng.standard_normal(shape) if low is None else rng.uniform(low, high, shape)
    else:
        values = rng.integers(low, high, shape, endpoint=True)
    feed[port["name"]] = np.asarray(values).astype(port["dtype"])

rows = [port["name"] for port in card["inputs"] if port["shape"][:1] == ["batch"]]
parts = []
for i in range(0, args.count, 32):  # 32 at a time: memory stays small
    parts.append(model.run(None, {**feed, **{name: feed[name][i : i + 32] for name in rows}}))
made = {port["name"]: np.concatenate(part) for port, part in zip(card["outputs"], zip(*parts))}
made = {key: values.astype(str) if values.dtype == object else values for key, values in made.items()}
np.savez_compressed(out, **made, **{k: v for k, v in feed.items() if k not in made}, classes=names)
print(f"{args.count} synthetic samples in {out}")
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
    """Write ``sample.py`` beside ``model`` and return its path; see `check_free` for one that is there.

    One that is there and was written for another model of the folder stays: it takes ``--model``.
    """
    path = model.with_name(FILE)
    if path.exists() and any(
        f"with_name({other.name!r})" in path.read_text(encoding="utf-8")
        for other in model.parent.glob(f"*{model.suffix}")
        if other != model
    ):
        return path
    write_text(path, SCRIPT.replace("MODEL", repr(model.name)))
    return path
