"""Image synthesis: from any folder of images to more of them, and to how good they are.

Other image domains build on this package; `docs/image.md` lists the modules they may import. Importing the
package itself declares the domain and costs neither torch nor pandas.
"""

from __future__ import annotations

from collections.abc import Iterator

from ganworks import plugin

__all__ = ["ganworks_declare"]


@plugin.hookimpl
def ganworks_declare() -> Iterator[plugin.Declaration]:
    yield plugin.Domain(
        name="image",
        summary="Synthetic images of any kind, per class where there are classes.",
        options="ganworks_image.options:Options",
        pipeline="ganworks_image.pipeline:ImagePipeline",
    )
