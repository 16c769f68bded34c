"""The score that chooses a generator: how well a classifier tells its rows from real ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from torch import Tensor

from ganworks.networks.rows import RowGenerator
from ganworks.training import Sampler
from ganworks_tabular.training_data import CALIBRATION_ROWS, CodedRows

MOST_ROWS = 2_000  # real ones; as many generated ones are drawn
FIRST_SEED = (1 << 62) + (1 << 31)  # seeds that no user can ask for: their rows end at 2^31
FOLDS = 2


@dataclass(frozen=True)
class Judge:
    """Scores generators against the same real rows, ``held_out``: 0.5 where a classifier is at a loss."""

    held_out: CodedRows

    def score(self, sampler: Sampler) -> float:
        """Area under the ROC curve of boosted trees, cross-fitted; the lower, the better."""
        count = min(len(self.held_out), MOST_ROWS)
        index = torch.linspace(0, len(self.held_out) - 1, count).long()
        made = drawn_like(sampler, self.held_out.labels[index], self.held_out, FIRST_SEED)
        rows = np.concatenate([self._features(self.held_out.rows(index)), self._features(made)])
        real = np.arange(2 * count) < count
        trees = HistGradientBoostingClassifier(max_iter=40, max_leaf_nodes=15, random_state=0)
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
        share = cross_val_predict(trees, rows, real, cv=folds, method="predict_proba")[:, 1]
        return float(roc_auc_score(real, share))

    def _features(self, rows: Tensor) -> NDArray[np.float32]:
        """Numbers as they are, choices as places: (rows, parts)."""
        parts = rows.split(self.held_out.codec.spans, 1)
        return torch.stack(
            [part[:, 0] if part.shape[1] == 1 else part.argmax(1).float() for part in parts], 1
        ).numpy()


def drawn_like(sampler: Sampler, labels: Tensor, rows: CodedRows, first: int) -> Tensor:
    """Rows of these classes (rows,), with the seeds that follow ``first``."""
    latent = sampler.latents(torch.arange(len(labels)) + first)
    return sampler.from_latents(latent, told_class(labels, rows), 4_096)


def told_class(labels: Tensor, rows: CodedRows) -> Tensor:
    """What a generator is told where only the class (rows,) is given: (rows, channels + parts)."""
    space = rows.space
    told = torch.zeros(len(labels), space.channels + len(space.parts))
    told[torch.arange(len(labels)), space.channels - space.parts[-1] + labels] = 1
    told[:, -1] = 1
    return told


@torch.no_grad()
def calibrate(sampler: Sampler, train: CodedRows) -> None:
    """Give the generator's rows of each class the marginals that the class has in the training rows."""
    generator = sampler.generator
    if not isinstance(generator, RowGenerator):
        return  # a recipe of a third party
    scores = []
    for label in range(len(train.space.classes)):
        labels = torch.full((CALIBRATION_ROWS,), label)
        latent = sampler.latents(torch.arange(len(labels)) + FIRST_SEED + (1 << 40))
        numbers = latent[:, : latent.shape[1] - generator.choices]
        told = told_class(labels, train)
        scores.append(
            torch.cat(
                [
                    generator.scores(z.to(sampler.device), y.to(sampler.device)).cpu()
                    for z, y in zip(numbers.split(4_096), told.split(4_096), strict=True)
                ]
            )
        )
    generator.marginals.calibrate(scores, train.marginals())
