"""Held-out pictures side by side: what went in, what came out, and what should have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ganworks_image.strips import strip
from ganworks_translation.evaluation import pair_scores
from ganworks_translation.examples import Examples
from ganworks_translation.pairs import PairStudy

Picture = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Columns of pictures, (H, W) or (H, W, 3), a row a source.

    ``ordered``: the best first, by the distance of output and target; without pairs, as they were held out.
    """

    columns: dict[str, list[Picture]]
    order: Sequence[int]
    ordered: bool

    def __len__(self) -> int:
        return len(self.order)

    def rows(self, places: Sequence[int]) -> Picture:
        """The strip of those places in the order."""
        chosen = [self.order[place] for place in places]
        pictures = {name: [column[row] for row in chosen] for name, column in self.columns.items()}
        return np.asarray(strip(pictures))

    def sheet(self, rows: int) -> Image.Image:
        """The first rows as they were held out, not selected."""
        return strip({name: column[:rows] for name, column in self.columns.items()})


def shown(study: PairStudy, chosen: Examples, made: Tensor) -> Shown:
    """The columns input, output and, where pairs are known, target."""
    columns = {"input": _sources(study, chosen.sources), "output": _pictures(made)}
    if not study.pairs_known:
        return Shown(columns=columns, order=range(len(made)), ordered=False)
    columns["target"] = _pictures(chosen.targets)
    order = pair_scores(made, chosen.targets).order.tolist()
    return Shown(columns=columns, order=order, ordered=True)


def _sources(study: PairStudy, sources: Tensor) -> list[Picture]:
    """Pictures; label maps in the colours of their palette."""
    labels = study.source.labels
    if labels is None:
        return _pictures(sources)
    return [labels.coloured(places) for places in sources.argmax(1).numpy()]


def _pictures(images: Tensor) -> list[Picture]:
    """(rows, channels, H, W) in [-1, 1] as 8-bit pictures; of neither one nor three channels their mean."""
    shown = images if images.shape[1] in (1, 3) else images.mean(1, keepdim=True)
    pixels = shown.clamp(-1, 1).add(1).mul(127.5).round().byte().permute(0, 2, 3, 1).numpy()
    return [one[..., 0] if one.shape[2] == 1 else one for one in pixels]
