"""Image-to-image translation: from pairs of images, or from two sets without pairs.

Importing the package itself declares the domain and costs neither torch nor scikit-image.
"""

from __future__ import annotations

from collections.abc import Iterator

from ganworks import plugin

__all__ = ["ganworks_declare"]


@plugin.hookimpl
def ganworks_declare() -> Iterator[plugin.Declaration]:
    yield plugin.Domain(
        name="translate",
        summary="One kind of picture turned into another: from pairs, or from two sets without pairs.",
        options="ganworks_translation.options:Options",
        pipeline="ganworks_translation.pipeline:TranslationPipeline",
        recipes=("pairs", "unpaired"),
        then="gan translate {run} PICTURE RESULT",
    )
    yield plugin.Command(
        name="translate",
        summary="Translate files or folders with a trained run.",
        target="ganworks_translation.commands:app",
    )
