"""How much could perfect synthetic images help? The ceiling of the downstream gain on a starved class.

The real images held back from the starved class play the synthetic ones: no generator can do better. A
gain that is not there for them is not there for any GAN::

    python benchmarks/headroom.py --data pneumonia28.npz --starve-class 0 --keep 30 100 388 --subsets 3

The .npz has the MedMNIST layout.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganworks.metrics import Labelled, downstream_gain
from ganworks_image.policies import AugmentationPolicy, augment, policy_for


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--starve-class", type=int, default=0)
    parser.add_argument("--keep", type=int, nargs="+", default=[30, 100, 388])
    parser.add_argument("--subsets", type=int, default=1, help="different choices of the images kept")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--modality", default="xray")
    options = parser.parse_args()
    parts = {name: part(options.data, name) for name in ("train", "val", "test")}
    print(
        "| kept | subset | real | classical | duplicated | oracle | ceiling of the gain, points | verdict |"
    )
    print("|" + " --- |" * 8)
    for keep in options.keep:
        for subset in range(options.subsets):
            print(row(parts, keep, subset, options), flush=True)


def part(path: Path, name: str) -> Labelled:
    with np.load(path, allow_pickle=False) as arrays:
        images = torch.from_numpy(arrays[f"{name}_images"]).float()[:, None] / 127.5 - 1
        return Labelled(images, torch.from_numpy(arrays[f"{name}_labels"].ravel().astype(np.int64)))


def row(parts: dict[str, Labelled], keep: int, subset: int, options: argparse.Namespace) -> str:
    train = parts["train"]
    of_class = (train.labels == options.starve_class).nonzero()[:, 0]
    order = of_class[torch.randperm(len(of_class), generator=torch.Generator().manual_seed(subset))]
    kept, back = order[:keep], order[keep:]
    rest = (train.labels != options.starve_class).nonzero()[:, 0]
    policy: AugmentationPolicy = policy_for(options.modality)

    def classical(images: Tensor, generator: torch.Generator, policy: AugmentationPolicy) -> Tensor:
        return augment(images, policy, generator)

    found = downstream_gain(
        taken(train, torch.cat([kept, rest])),
        parts["val"],
        parts["test"],
        taken(train, back),
        classes=int(train.labels.max()) + 1,
        augment=partial(classical, policy=policy),
        seeds=options.seeds,
    )
    arms = {name: f"{arm['mean']:.3f}" for name, arm in found["arms"].items()}
    points = [100 * found[key] for key in ("gain", "gain_low", "gain_high")]
    cells = [
        str(keep),
        str(subset),
        arms["real"],
        arms["real+classical"],
        arms["duplicated"],
        arms[f"synthetic_{found['ratio']}"],
        "{:+.1f} [{:+.1f}, {:+.1f}]".format(*points),
        found["verdict"],
    ]
    return "| " + " | ".join(cells) + " |"


def taken(rows: Labelled, index: Tensor) -> Labelled:
    return Labelled(rows.images[index], rows.labels[index])


if __name__ == "__main__":
    main()
