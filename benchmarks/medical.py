"""How good is `gan run medical-augment` on a starved class?

For each number of images left of one class it runs the command as a user would and prints what its
``metrics.json`` says, beside the floor that real images reach::

    python benchmarks/medical.py --data pneumonia28.npz --starve-class 0 --keep 30 100 388 --minutes 5

The .npz has the MedMNIST layout (train_images, train_labels, val_..., test_...).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

COLUMNS = (
    "kept", "steps", "KID", "floor", "KID own", "floor", "coverage", "ceiling", "cov. own", "diversity",
    "C_T", "copies", "privacy", "rival", "bal. acc.", "with syn.", "gain [95 %], points", "verdict", "s",
)  # fmt: skip


def main() -> None:
    options = arguments()
    print(f"# {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print("| " + " | ".join(COLUMNS) + " |")
    print("|" + " --- |" * len(COLUMNS))
    for keep in options.keep:
        for seed in options.seed:
            out = options.out / f"keep-{keep}-seed-{seed}"
            run(options, keep, seed, out)
            metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
            print("| " + " | ".join(row(keep, metrics)) + " |", flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="an .npz in the MedMNIST layout")
    parser.add_argument("--starve-class", default="0", help="label of the class to starve")
    parser.add_argument("--keep", type=int, nargs="+", default=[30, 100, 388], help="images left of it")
    parser.add_argument("--minutes", type=float, default=5.0, help="training budget of each run")
    parser.add_argument("--seeds", type=int, default=20, help="paired repetitions of the downstream test")
    parser.add_argument("--seed", type=int, nargs="+", default=[0], help="seeds of the training")
    parser.add_argument("--evaluate-only", action="store_true", help="measure runs that are there again")
    parser.add_argument("--out", type=Path, default=Path("runs/benchmark-medical"))
    return parser.parse_args()


def run(options: argparse.Namespace, keep: int, seed: int, out: Path) -> None:
    command = [
        sys.executable, "-m", "ganworks_cli", "run", "medical-augment",
        "--data", str(options.data), "--modality", "xray", "--starve", f"{options.starve_class}={keep}",
        "--minutes", str(options.minutes), "--seeds", str(options.seeds), "--seed", str(seed),
        "--out", str(out), "--force",
    ]  # fmt: skip
    if options.evaluate_only:
        command = [sys.executable, "-m", "ganworks_cli", "evaluate", str(out), "--json"]
    subprocess.run(command, check=True, stdout=sys.stderr)


def row(keep: int, metrics: dict[str, Any]) -> list[str]:
    fidelity, privacy, downstream = metrics["fidelity"], metrics["privacy"], metrics["downstream"]
    for block in (fidelity, privacy, downstream):
        if "reason" in block:  # too few images for one of the columns
            return [str(keep), block["reason"], *[""] * (len(COLUMNS) - 2)]
    own = fidelity["independent"]
    rival = downstream["best_real_arm"]
    synthetic = f"synthetic_{downstream['ratio']}"
    arms = downstream["arms"]
    points = [100 * downstream[key] for key in ("gain", "gain_low", "gain_high")]
    return [
        str(keep),
        str(metrics["training"]["steps"]),
        f"{fidelity['kid']:.2f}",
        f"{fidelity['kid_floor']:.2f}",
        f"{own['kid']:.3f}",
        f"{own['kid_floor']:.3f}",
        f"{fidelity['coverage']:.2f}",
        f"{fidelity['coverage_floor']:.2f}",
        f"{own['coverage']:.2f}",
        f"{fidelity['diversity_ratio']:.2f}",
        f"{privacy['ct']:+.1f}",
        str(privacy["copies"] + privacy["dropped"]),
        privacy["verdict"],
        rival,
        f"{arms[rival]['mean']:.3f}",
        f"{arms[synthetic]['mean']:.3f}",
        "{:+.1f} [{:+.1f}, {:+.1f}]".format(*points),
        downstream["verdict"],
        f"{metrics['time']['total_s']:.0f}",
    ]


if __name__ == "__main__":
    main()
