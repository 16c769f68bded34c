"""Networks: any height, width and channel count; they know nothing of losses, optimizers or averaging."""

from ganworks.networks.boltzmann import BoltzmannMachine
from ganworks.networks.codes import CodedGenerator, CodeReader, Codes
from ganworks.networks.discriminators import ConvDiscriminator
from ganworks.networks.efficientnet_lite import (
    EfficientNetLite0,
    efficientnet_lite0_installed,
    load_efficientnet_lite0,
)
from ganworks.networks.frozen import FrozenPyramid, lite0_pyramid
from ganworks.networks.generators import DCGANGenerator, UpsamplingGenerator
from ganworks.networks.minibatch import MinibatchDiscrimination
from ganworks.networks.mlp import MLPDiscriminator, MLPGenerator
from ganworks.networks.modulated import StyleGAN2Discriminator, StyleGAN2Generator
from ganworks.networks.multiscale import MultiscaleDiscriminator, PairDiscriminator, PatchDiscriminator
from ganworks.networks.packed import ClassifyingDiscriminator, ConcatDiscriminator, PackedDiscriminator
from ganworks.networks.patches import SpectralPatchDiscriminator
from ganworks.networks.progressive import GrowingDiscriminator, ProgressiveGenerator
from ganworks.networks.projected import ProjectedDiscriminator
from ganworks.networks.r3gan import R3Discriminator, R3Generator
from ganworks.networks.recurrent import RecurrentDiscriminator, RecurrentGenerator
from ganworks.networks.resnet import (
    LabelConditioning,
    ResidualDiscriminator,
    ResidualGenerator,
    SplitConditioning,
)
from ganworks.networks.rows import RowDiscriminator, RowGenerator
from ganworks.networks.spade import SpadeGenerator
from ganworks.networks.style import StyleGANGenerator
from ganworks.networks.translation import PatchHeads, ResidualTranslator, continued
from ganworks.networks.unet import UNetGenerator
from ganworks.networks.upscaling import CompactUpscaler, ResidualUpscaler, RRDBUpscaler
from ganworks.networks.variational import ConvEncoder

__all__ = [
    "BoltzmannMachine",
    "ClassifyingDiscriminator",
    "CodeReader",
    "CodedGenerator",
    "Codes",
    "CompactUpscaler",
    "ConcatDiscriminator",
    "ConvDiscriminator",
    "ConvEncoder",
    "DCGANGenerator",
    "EfficientNetLite0",
    "FrozenPyramid",
    "GrowingDiscriminator",
    "LabelConditioning",
    "MLPDiscriminator",
    "MLPGenerator",
    "MinibatchDiscrimination",
    "MultiscaleDiscriminator",
    "PackedDiscriminator",
    "PairDiscriminator",
    "PatchDiscriminator",
    "PatchHeads",
    "ProgressiveGenerator",
    "ProjectedDiscriminator",
    "R3Discriminator",
    "R3Generator",
    "RRDBUpscaler",
    "RecurrentDiscriminator",
    "RecurrentGenerator",
    "ResidualDiscriminator",
    "ResidualGenerator",
    "ResidualTranslator",
    "ResidualUpscaler",
    "RowDiscriminator",
    "RowGenerator",
    "SpadeGenerator",
    "SpectralPatchDiscriminator",
    "SplitConditioning",
    "StyleGAN2Discriminator",
    "StyleGAN2Generator",
    "StyleGANGenerator",
    "UNetGenerator",
    "UpsamplingGenerator",
    "continued",
    "efficientnet_lite0_installed",
    "lite0_pyramid",
    "load_efficientnet_lite0",
]
