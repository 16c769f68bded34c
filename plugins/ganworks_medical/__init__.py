"""Medical augmentation: from a user's own scans to synthetic ones, with the evidence that they are any good.

Importing this package declares the domain and costs neither torch nor MONAI nor pandas.
"""

from __future__ import annotations

from collections.abc import Iterator

from ganworks import plugin

__all__ = ["ganworks_declare"]


@plugin.hookimpl
def ganworks_declare() -> Iterator[plugin.Declaration]:
    yield plugin.Domain(
        name="medical-augment",
        summary="Synthetic medical images per class, with privacy and downstream-gain checks.",
        options="ganworks_medical.options:Options",
        pipeline="ganworks_medical.pipeline:MedicalPipeline",
    )
