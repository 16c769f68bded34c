"""What chooses the checkpoint: how near translated validation pictures are to what they should be."""

from __future__ import annotations

from functools import cached_property
from typing import Protocol

from torch import Tensor

from ganworks.metrics import Extractor, diversity_ratio, kernel_distance
from ganworks.training import Sampler, Validation
from ganworks_translation.evaluation import pair_scores, perceptual_rows
from ganworks_translation.examples import Examples, translated


class Judge(Protocol):
    """Scores a translator; lower is better. ``measure`` says by what."""

    measure: str

    def score(self, sampler: Sampler) -> Validation: ...


class PairJudge:
    """Mean Lite0 perceptual distance to the targets; L1 where that cannot be measured."""

    def __init__(self, examples: Examples) -> None:
        self.examples = examples
        seen = perceptual_rows(examples.targets[:1], examples.targets[:1]) is not None
        self.measure = "Lite0 perceptual distance" if seen else "L1"

    def score(self, sampler: Sampler) -> Validation:
        made = translated(sampler, self.examples.sources)
        means = pair_scores(made, self.examples.targets).means()
        chosen = means["l1"] if means["perceptual"] is None else means["perceptual"]
        assert chosen is not None
        values = {name: value for name, value in means.items() if value is not None}
        return Validation(chosen, diversity_ratio(self.examples.targets, made), values, self.measure)


class SetJudge:
    """Kernel distance of the translated pictures to the real targets, as sets."""

    def __init__(self, examples: Examples, extractor: Extractor) -> None:
        self.examples, self.extractor = examples, extractor
        self.measure = f"kernel distance, {extractor.name}"

    @cached_property
    def _real(self) -> Tensor:
        return self.extractor(self.examples.targets)

    def score(self, sampler: Sampler) -> Validation:
        made = translated(sampler, self.examples.sources)
        found = kernel_distance(self._real, self.extractor(made))
        return Validation(found.value, diversity_ratio(self.examples.targets, made), measure=self.measure)
