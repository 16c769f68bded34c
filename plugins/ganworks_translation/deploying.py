"""The trained translator as an embedding program wants it: a picture in, a picture out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ganworks.deploy import Deployable
from ganworks.training import Sampler
from ganworks_image.image_to_image import image_to_image
from ganworks_translation.pairs import PairStudy


def deployable(sampler: Sampler, study: PairStudy, card: Mapping[str, Any], view: str) -> Deployable:
    """Return what an exporter receives: pictures of any size in the units of the files, no live dropout.

    A label map comes in as it was read: a number a place.

    Raises:
        UsageError: there is no such view.
    """
    channels = (study.source_space.channels, study.target_space.channels)
    return image_to_image(
        sampler.module(),
        source=study.source_map,
        target=study.target_map,
        channels=(1, channels[1]) if study.labels else channels,
        size=None,
        card=card,
        labels=study.labels,
        latent=sampler.latent,
        view=view,
    )
