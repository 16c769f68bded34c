"""Super-resolution and restoration: pictures made larger and cleaner, by a bundled model or one's own.

Importing the package itself declares the domain and costs neither torch nor scikit-image.
"""

from __future__ import annotations

from collections.abc import Iterator

from ganworks import plugin

__all__ = ["ganworks_declare"]


@plugin.hookimpl
def ganworks_declare() -> Iterator[plugin.Declaration]:
    yield plugin.Domain(
        name="super-resolution",
        summary="Pictures made larger and cleaner: at once, or by a model trained on yours.",
        options="ganworks_super_resolution.options:Options",
        pipeline="ganworks_super_resolution.pipeline:RestorationPipeline",
        recipes=("restored",),
        instant="ganworks_super_resolution.enhancing:enhance",
        then="gan run super-resolution PHOTO --from {run}",
    )
