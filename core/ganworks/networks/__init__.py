"""Networks: any height, width and channel count; they know nothing of losses, optimizers or averaging."""

from ganworks.networks.discriminators import ConvDiscriminator
from ganworks.networks.efficientnet_lite import EfficientNetLite0, load_efficientnet_lite0
from ganworks.networks.generators import DCGANGenerator, UpsamplingGenerator
from ganworks.networks.projected import ProjectedDiscriminator

__all__ = [
    "ConvDiscriminator",
    "DCGANGenerator",
    "EfficientNetLite0",
    "ProjectedDiscriminator",
    "UpsamplingGenerator",
    "load_efficientnet_lite0",
]
