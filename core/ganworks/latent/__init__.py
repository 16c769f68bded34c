"""Controls of a trained generator: truncation, style mixing, interpolation, directions, projection.

Everything but style mixing and factorisation works on any generator: in its normal latents z or, where it has
styles (`StyleGenerator`), in those, called w.
"""

from ganworks.latent.directions import Directions, factorised_directions, principal_directions, strip
from ganworks.latent.moves import interpolate, mix_styles
from ganworks.latent.projection import Projected, project
from ganworks.latent.spaces import LatentSpace, NormalSpace, StyleGenerator, StyleSpace, latent_space

__all__ = [
    "Directions",
    "LatentSpace",
    "NormalSpace",
    "Projected",
    "StyleGenerator",
    "StyleSpace",
    "factorised_directions",
    "interpolate",
    "latent_space",
    "mix_styles",
    "principal_directions",
    "project",
    "strip",
]
