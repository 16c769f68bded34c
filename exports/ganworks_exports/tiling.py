"""What the card of an image-to-image model says of tiles: how far round a tile the network must see."""

from __future__ import annotations

from typing import Any

from ganworks_exports import parity
from ganworks_exports.runtime import Model, contents_of

MOST_MULTIPLE = 32  # pixels: a network that halves more often than five times looks at everything


def measured(content: bytes) -> dict[str, Any]:
    """Return the entry ``tiles`` of a model whose card has one: what it says, and the measured ``halo``.

    The halo is None where no affordable one is enough: the model must see a picture whole. For the serialised
    model of another kind nothing is returned.
    """
    card = contents_of(content).card
    tiles = card.get("tiles")
    if tiles is None:
        return {}
    return {"tiles": {**tiles, "halo": _halo(card, content)}}


def _halo(card: dict[str, Any], content: bytes) -> int | None:
    if card["tiles"].get("multiple", 1) > MOST_MULTIPLE:
        return None
    try:
        return Model(card, parity.session(content)).measure_halo()
    except ValueError:
        return None
