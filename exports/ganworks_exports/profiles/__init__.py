"""How small and how fast a model is made, and how far its outputs may move for it.

A profile is a pass over a finished ONNX model: it never sees torch, and what it gives is again a model of
standard operators for onnxruntime, a browser or any other engine. Importing this package imports no onnx.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from ganworks.errors import UsageError, nearest
from ganworks_exports.profiles.loss import OutputLoss, measure, require

if TYPE_CHECKING:
    import onnx

__all__ = ["PROFILES", "OutputLoss", "Profile", "apply", "measure", "require"]


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A way to store and compute the weights, with the loss that is still accepted against ``fp32``."""

    name: str
    summary: str
    least_psnr_db: float  # of numeric outputs
    least_exact: float  # share of equal values, of texts and categories
    instead: str = ""  # the next more exact profile


PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            Profile(
                name="fp32",
                summary="weights as trained",
                least_psnr_db=100.0,
                least_exact=1.0,
            ),
            Profile(
                name="w16",
                summary="weights stored in half the bytes, computed as before",
                least_psnr_db=65.0,
                least_exact=0.99,
                instead="fp32",
            ),
            Profile(
                name="w8",
                summary="weights stored in a quarter of the bytes, computed as before",
                least_psnr_db=40.0,
                least_exact=0.95,
                instead="w16",
            ),
            Profile(
                name="int8",
                summary="a quarter of the bytes, and convolutions computed with 8-bit integers",
                least_psnr_db=32.0,
                least_exact=0.9,
                instead="w8",
            ),
        )
    }
)


def apply(
    model: onnx.ModelProto, profile: str, calibration: Iterable[Mapping[str, NDArray[Any]]]
) -> onnx.ModelProto:
    """Return ``model`` in the form of a profile; the model handed in is left as it is.

    ``calibration`` holds inputs by name as the model will meet them; only ``int8`` reads it, to learn the
    range of every activation. Names and types of inputs and outputs, operator set and metadata stay.

    Raises:
        UsageError: there is no such profile.
        RunError: onnxruntime cannot quantise the model, or ``int8`` got no calibration.
    """
    if profile not in PROFILES:
        raise UsageError(
            f"there is no profile '{profile}'{nearest(profile, PROFILES)}; known: {', '.join(PROFILES)}"
        )
    if profile == "fp32":
        return model
    from ganworks_exports.profiles import quantize, storage

    if profile == "int8":
        return quantize.as_integers(model, calibration)
    return storage.stored(model, 16 if profile == "w16" else 8)
