"""A generator as other programs use it: from a seed (the view "app"), from a latent, or from styles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from ganworks.deploy import Deployable, Port
from ganworks.errors import UsageError, nearest
from ganworks.latent import StyleGenerator, latent_space
from ganworks.latent.normal import seeded_normal
from ganworks.training import Sampler

MOST_SEED = 2**63 - 1

TRUNCATION = Port(
    name="truncation",
    dtype="float32",
    shape=(),
    meaning="less variety, more typical samples towards 0",
    low=0,
    high=1,
    default=1,
)


def seed_port(meaning: str) -> Port:
    """The input (batch,) of a model that draws the latent itself; ``meaning``: what a seed decides."""
    return Port(
        name="seed", dtype="int64", shape=("batch",), meaning=meaning, low=0, high=MOST_SEED, default=0
    )


def generator_view(
    sampler: Sampler,
    view: str,
    *,
    finish: nn.Module,
    outputs: Sequence[Port],
    classes: Sequence[str],
    card: Mapping[str, Any],
) -> Deployable:
    """Return what an exporter makes a model of.

    The views: ``app`` takes a seed, ``latent`` the latent itself, and a style-based generator also gives its
    styles there; ``style`` takes styles, one for each layer. Labels are an input where there are classes to
    choose from, truncation but in ``style``.

    Args:
        sampler: the trained generator.
        view: ``app``, ``latent``, or ``style``.
        finish: from samples (batch, *space.shape) in [-1, 1] to the outputs, in final units.
        outputs: what ``finish`` gives.
        classes: names in the order of the labels.
        card: what goes with the model.

    Raises:
        UsageError: there is no such view, or the generator has no styles.
    """
    generator = sampler.module()
    names = ("app", "latent", "style") if isinstance(generator, StyleGenerator) else ("app", "latent")
    if view not in names:
        raise UsageError(
            f"--view: this generator has no view '{view}'{nearest(view, names)}; it has {', '.join(names)}"
        )
    labelled = len(classes) > 1
    label = Port(
        name="label",
        dtype="int64",
        shape=("batch",),
        meaning="class number",
        low=0,
        high=len(classes) - 1,
        default=0,
    )
    told = ((label,) if labelled else ()) + (TRUNCATION,)
    if view == "style":
        assert isinstance(generator, StyleGenerator)
        return Deployable(
            module=FromStyles(generator, finish),
            inputs=(_style(generator, "one style a layer", per_layer=True),),
            outputs=tuple(outputs),
            card=card,
            view=view,
        )
    from_latent = FromLatent(generator, finish, labelled=labelled, styles=view == "latent")
    styles = (_style(generator, "of all layers, truncated"),) if from_latent.styles else ()
    seen: nn.Module = from_latent
    first = Port(name="latent", dtype="float32", shape=("batch", sampler.latent), meaning="standard normal")
    if view == "app":
        seen, first = FromSeed(from_latent, sampler.latent), seed_port("same seed, same sample")
    return Deployable(module=seen, inputs=(first, *told), outputs=(*outputs, *styles), card=card, view=view)


class FromSeed(nn.Module):
    """Draws the latent itself: an embedding program needs no random numbers."""

    def __init__(self, from_latent: FromLatent, size: int) -> None:
        super().__init__()
        self.from_latent, self.size = from_latent, size

    def forward(self, seed: Tensor, *told: Tensor) -> Any:
        """Seeds (batch,) of int64; ``told`` as for `FromLatent`."""
        return self.from_latent(seeded_normal(seed, self.size), *told)


class FromLatent(nn.Module):
    """A generator with labels and truncation; with ``styles`` a style-based one gives those too."""

    def __init__(self, generator: nn.Module, finish: nn.Module, *, labelled: bool, styles: bool) -> None:
        super().__init__()
        self.generator, self.finish, self.labelled = generator, finish, labelled
        self.styles = styles and isinstance(generator, StyleGenerator)

    def forward(self, latent: Tensor, *told: Tensor) -> Any:
        """Latents (batch, latent), labels (batch,) where there are classes, the scalar truncation."""
        label = told[0] if self.labelled else latent[:, 0].long() * 0
        space = latent_space(self.generator)
        points = space.truncated(space.points(latent, label), label, told[-1])
        made = self.finish(space.samples(points, label))
        return (made, points) if self.styles else made


class FromStyles(nn.Module):
    """The synthesis network of a style-based generator."""

    def __init__(self, generator: StyleGenerator, finish: nn.Module) -> None:
        super().__init__()
        assert isinstance(generator, nn.Module)
        self.generator, self.finish = generator, finish

    def forward(self, style: Tensor) -> Any:
        """Styles (batch, layers, style)."""
        return self.finish(self.generator.synthesis(style))


def _style(generator: nn.Module, meaning: str, per_layer: bool = False) -> Port:
    assert isinstance(generator, StyleGenerator)
    weights = generator.style_weights()
    size = weights[0].shape[1]
    shape = ("batch", len(weights), size) if per_layer else ("batch", size)
    return Port(name="style", dtype="float32", shape=shape, meaning=meaning)
