"""Is this training well? Checks that run while it trains, and say what to try."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

import torch
from torch import Tensor

from ganworks.errors import RunError
from ganworks.training.fit import PhaseRecord


@dataclass(frozen=True)
class Warned:
    """A finding: its kind for machines, one line for people."""

    kind: str
    text: str


WON_WINDOWS, WON_STEPS = 3, 100  # a few slow first steps are no sign yet


@dataclass
class Health:
    """Collects a window of steps and judges it as a whole, so that the device is asked once a window."""

    window: list[tuple[int, PhaseRecord]] = field(default_factory=list)
    first_norms: dict[str, float] = field(default_factory=dict)
    won_windows: int = 0
    won_since: int | None = None  # the first step of these windows
    said: set[str] = field(default_factory=set)

    def add(self, step: int, records: Sequence[PhaseRecord]) -> None:
        self.window.extend((step, record) for record in records)

    def close(self, last_checkpoint: str) -> tuple[dict[str, float], list[Warned]]:
        """Judge the window and start a new one; return its mean values and new findings.

        Raises:
            RunError: a loss or a gradient is not finite; names step, phase, term and last checkpoint.
        """
        window, self.window = self.window, []
        if not window:
            return {}, []
        _stop_if_not_finite(window, last_checkpoint)
        values = _means(window)
        steps = range(window[0][0], window[-1][0] + 1)
        found = [*self._discriminator_won(values, steps), *self._vanishing(values)]
        fresh = [warned for warned in found if warned.kind not in self.said]
        self.said |= {warned.kind for warned in fresh}
        return values, fresh

    def _discriminator_won(self, values: dict[str, float], steps: range) -> list[Warned]:
        """Real above fake in practically every pair, for several windows and many steps in a row."""
        if values.get("real_above_fake", 0) <= 0.995:
            self.won_windows, self.won_since = 0, None
            return []
        self.won_windows += 1
        self.won_since = steps.start if self.won_since is None else self.won_since
        if self.won_windows < WON_WINDOWS or steps.stop - self.won_since < WON_STEPS:
            return []
        text = (
            "the discriminator tells real from fake without error: its gradients teach little. "
            "Try more data, or `--set recipe_options={lr=1e-4}`"
        )
        return [Warned("discriminator-won", text)]

    def _vanishing(self, values: dict[str, float]) -> list[Warned]:
        """A gradient that fell to a thousandth of its first window."""
        found = []
        for name, norm in ((k, v) for k, v in values.items() if k.startswith("gradient_norm.")):
            phase = name.removeprefix("gradient_norm.")
            if norm < 1e-3 * self.first_norms.setdefault(phase, norm):
                text = f"the gradient of phase '{phase}' vanished ({norm:.1e}): try a hinge loss"
                found.append(Warned(f"vanishing-gradient.{phase}", text))
        return found


def collapse(diversity_ratio: float, limit: float = 0.25) -> list[Warned]:
    """Warn when generated samples differ among themselves far less than real ones do."""
    if not diversity_ratio < limit:  # also where it is not a number
        return []
    text = (
        f"mode collapse: generated samples vary {diversity_ratio:.2f} times as much as real ones. "
        "Train longer; if it stays, try a smaller learning rate or another recipe (`gan architectures`)"
    )
    return [Warned("collapse", text)]


def _stop_if_not_finite(window: list[tuple[int, PhaseRecord]], last_checkpoint: str) -> None:
    every = torch.stack([_sum(record) for _, record in window])
    if bool(every.isfinite().all()):
        return
    step, record = window[int((~every.isfinite()).nonzero()[0])]
    broken = [name for name, loss in record.losses.items() if not bool(loss.isfinite())]
    what = f"term '{broken[0]}'" if broken else "the gradient"
    raise RunError(
        f"training diverged: {what} of phase '{record.phase}' is not finite at step {step}. "
        f"Last good checkpoint: {last_checkpoint}. "
        "Try `--set recipe_options={lr=1e-4}` or `--set bf16=false`"
    )


def _sum(record: PhaseRecord) -> Tensor:
    return torch.stack([*record.losses.values(), record.gradient_norm]).sum()


def _means(window: list[tuple[int, PhaseRecord]]) -> dict[str, float]:
    """Mean of each loss, median gradient norm of each phase, share of pairs with real above fake."""
    values: dict[str, list[Tensor]] = {}
    for _, record in window:
        named = {**record.losses, f"gradient_norm.{record.phase}": record.gradient_norm}
        if record.real_logits is not None and record.fake_logits is not None:
            above = record.real_logits.mean(1) > record.fake_logits.mean(1)
            named["real_above_fake"] = above.float().mean()
        for name, value in named.items():
            values.setdefault(name, []).append(value)
    found = {name: torch.stack(series).tolist() for name, series in values.items()}  # one wait a name
    return {k: median(v) if "norm" in k else sum(v) / len(v) for k, v in found.items()}
