"""The tensors of one optimisation step, evaluated lazily and at most once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from ganworks.errors import UsageError
from ganworks.training.draw import Batch


class Judgement(NamedTuple):
    """What a discriminator says of a batch."""

    logits: Tensor  # (rows, k) for k >= 1 opinions a row; (rows / p, k) where p rows are packed into one
    features: Mapping[str, Tensor] = {}  # named intermediate results that terms may use


class Made(NamedTuple):
    """Fakes that the next phase judges again, with the graph to the generator."""

    batch: Batch
    fake: Tensor


class Step:
    """What the terms of one phase may ask for.

    Gradients flow only where they are needed: a network that does not move and gets no input that
    requires a gradient runs without a graph. So ``fake`` is a constant in a discriminator phase and
    carries the graph in a generator phase, without anyone saying which phase it is.
    """

    def __init__(
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        *,
        moving: Collection[str],
        augment: Callable[[Tensor, Tensor], Tensor],
        autocast: Callable[[str], AbstractContextManager[Any]],
        slopes: Collection[str] = (),
        images: int = 0,
        made: Made | None = None,
        hand_on: Collection[nn.Parameter] | None = None,
    ) -> None:
        self.networks = networks
        self.batch = batch
        self.moving = moving
        self.augment = augment
        self.autocast = autocast
        self.slopes = slopes
        self.images = images  # seen so far: what schedules are functions of
        self.made = made  # fakes of the phase before, to be judged again; or of this one, to be handed on
        self.hand_on = hand_on  # the generator's learning parameters, where the next phase wants the fakes
        self._memo: dict[Any, Any] = {}

    @property
    def latent(self) -> Tensor:
        """(batch, latent) standard normal."""
        return self.batch.latent

    @property
    def labels(self) -> Tensor:
        """(batch,) int64 class of each row, real and fake alike."""
        return self.batch.labels

    @property
    def condition(self) -> Tensor:
        """What both players are told: ``labels``, or the images to translate (batch, *source shape)."""
        return self.labels if self.batch.source is None else self.source

    @property
    def source(self) -> Tensor:
        """(batch, *source_space.shape) in [-1, 1].

        Raises:
            UsageError: the data set has no sources.
        """
        if self.batch.source is None:
            raise UsageError("a term asks for sources, but the data set has none: use a SourcedDataset")
        return cast(Tensor, self._once("source", self.batch.source))

    @property
    def real(self) -> Tensor:
        """(batch, *space.shape) in [-1, 1]; a leaf with gradient where a term needs its slope."""
        return cast(Tensor, self._once("real", lambda: self._leaf("real", self.batch.real())))

    @property
    def fake(self) -> Tensor:
        """(batch, *space.shape) in [-1, 1]: the generator's answer to ``latent`` and ``condition``."""
        return cast(Tensor, self._once("fake", lambda: self._leaf("fake", self._generated())))

    def run(self, network: str, *inputs: Tensor) -> Any:
        """Evaluate a network on these very tensors, once: a second call returns the first result."""
        key = (network, *map(id, inputs))
        _, result = self._once(key, lambda: (inputs, self._run(network, *inputs)))  # keeps the ids alive
        return result

    def judge(self, x: Tensor, condition: Tensor | None = None, *, by: str = "discriminator") -> Judgement:
        """The judgement of augmented ``x`` (rows, *space.shape) by one of the networks, evaluated once."""
        told = self.condition if condition is None else condition
        key = ("judge", by, id(x), id(told))
        _, judgement = self._once(key, lambda: ((x, told), self._run(by, self._augmented(x, told), told)))
        return cast(Judgement, judgement)

    def judge_both(self) -> tuple[Judgement, Judgement]:
        """Judgements of real and fake: in one forward where the discriminator's rows allow it.

        ``rows_per_group`` of the discriminator says how many neighbouring rows look at each other: 1 for
        independent rows, 4 for a minibatch standard deviation in groups of four, None for a whole batch
        (BatchNorm). A joint forward is the same function exactly when no group mixes real and fake. It
        does not pay where only the fakes carry a graph: the reals would be sent backward for nothing.
        """
        group = getattr(self.networks["discriminator"], "rows_per_group", None)
        alike = "discriminator" in self.moving or self.real.requires_grad == self.fake.requires_grad
        if alike and group and len(self.real) % group == 0:
            self._judge_jointly()
        return self.judge(self.real), self.judge(self.fake)

    def slope(self, which: str) -> Tensor:
        """d logits / d input at ``real`` or ``fake``, with graph: (batch, values of a sample).

        Of the sum of a row's logits, where the discriminator has several opinions of it.

        Raises:
            ValueError: the term did not announce it in ``Term.slopes``.
        """
        if which not in self.slopes:
            raise ValueError(f"a term uses slope('{which}') without naming it in Term.slopes")
        return cast(dict[str, Tensor], self._once("slopes", self._slopes))[which]

    def slope_at(self, x: Tensor) -> Tensor:
        """d logits / d input at any ``x`` (batch, *space.shape), with graph: (batch, values)."""
        leaf = x.detach().requires_grad_()
        return _input_gradients(self.judge(leaf).logits, [leaf])[0]

    def judged(self, which: str) -> Tensor | None:
        """Logits of ``real`` or ``fake`` if this step has computed them, for those who only watch."""
        x = self._memo.get(which)
        held = None if x is None else self._memo.get(("judge", "discriminator", id(x), id(self.condition)))
        return None if held is None else held[1].logits.detach()

    def _once(self, key: Any, compute: Callable[[], Any]) -> Any:
        if key not in self._memo:
            self._memo[key] = compute()
        return self._memo[key]

    def _generated(self) -> Tensor:
        if self.made is not None:
            return self.made.fake
        if self.hand_on is None:
            return cast(Tensor, self.run("generator", self.latent, self.condition))
        return self._generated_for_two_phases(self.hand_on)

    def _generated_for_two_phases(self, parameters: Collection[nn.Parameter]) -> Tensor:
        """Fakes as a constant for this phase, while their graph is kept for the next one."""
        for parameter in parameters:
            parameter.requires_grad_(True)
        with torch.enable_grad(), self.autocast("generator"):
            fake = _as_float(self.networks["generator"](self.latent, self.condition))
        for parameter in parameters:
            parameter.requires_grad_(False)
        self.made = Made(self.batch, fake)
        return cast(Tensor, fake.detach())

    def _augmented(self, x: Tensor, condition: Tensor) -> Tensor:
        return self.augment(x, self.labels if condition.is_floating_point() else condition)

    def _slopes(self) -> dict[str, Tensor]:
        """Every announced slope from one backward: no logit of a real row depends on a fake one."""
        names = [name for name in ("real", "fake") if name in self.slopes]
        if len(names) == 2:
            self.judge_both()
        inputs = [self.real if name == "real" else self.fake for name in names]
        logits = torch.stack([self.judge(x).logits.sum() for x in inputs])
        return dict(zip(names, _input_gradients(logits, inputs), strict=True))

    def _leaf(self, name: str, x: Tensor) -> Tensor:
        return x.detach().requires_grad_() if name in self.slopes and not x.requires_grad else x

    def _run(self, network: str, *inputs: Tensor) -> Any:
        tracked = network in self.moving or any(x.requires_grad for x in inputs)
        with torch.set_grad_enabled(tracked), self.autocast(network):
            return _as_float(self.networks[network](*inputs))

    def _judge_jointly(self) -> None:
        told = self.condition
        keys = [("judge", "discriminator", id(x), id(told)) for x in (self.real, self.fake)]
        if any(key in self._memo for key in keys):
            return
        both, twice = torch.cat([self.real, self.fake]), torch.cat([told, told])
        augmented = self.augment(both, self.labels.repeat(2))
        judgement = self._run("discriminator", augmented, twice)
        for key, x, half in zip(keys, (self.real, self.fake), (0, 1), strict=True):
            self._memo[key] = ((x, told), _half(judgement, half))


def _half(judgement: Judgement, half: int) -> Judgement:
    def cut(x: Tensor) -> Tensor:
        return x.chunk(2)[half]

    return Judgement(cut(judgement.logits), {name: cut(x) for name, x in judgement.features.items()})


def _input_gradients(logits: Tensor, inputs: list[Tensor]) -> list[Tensor]:
    gradients = torch.autograd.grad(logits.sum(), inputs, create_graph=True)
    return [gradient.flatten(1) for gradient in gradients]


def _as_float(result: Any) -> Any:
    """Leave reduced precision at the border of a network, so that losses are computed in float32."""
    if isinstance(result, Judgement):
        return Judgement(result.logits.float(), {name: x.float() for name, x in result.features.items()})
    if isinstance(result, tuple):
        return tuple(x.float() for x in result)
    return result.float()
