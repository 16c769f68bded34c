"""Networks: any height, width and channel count; they know nothing of losses, optimizers or averaging."""

from ganworks.networks.boltzmann import BoltzmannMachine
from ganworks.networks.codes import CodedGenerator, CodeReader, Codes
from ganworks.networks.discriminators import ConvDiscriminator
from ganworks.networks.efficientnet_lite import EfficientNetLite0, load_efficientnet_lite0
from ganworks.networks.generators import DCGANGenerator, UpsamplingGenerator
from ganworks.networks.minibatch import MinibatchDiscrimination
from ganworks.networks.mlp import MLPDiscriminator, MLPGenerator
from ganworks.networks.modulated import StyleGAN2Discriminator, StyleGAN2Generator
from ganworks.networks.packed import ClassifyingDiscriminator, ConcatDiscriminator, PackedDiscriminator
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
from ganworks.networks.style import StyleGANGenerator
from ganworks.networks.translation import PairDiscriminator, PatchDiscriminator, ResidualTranslator
from ganworks.networks.unet import UNetGenerator
from ganworks.networks.variational import ConvEncoder

__all__ = [
    "BoltzmannMachine",
    "ClassifyingDiscriminator",
    "CodeReader",
    "CodedGenerator",
    "Codes",
    "ConcatDiscriminator",
    "ConvDiscriminator",
    "ConvEncoder",
    "DCGANGenerator",
    "EfficientNetLite0",
    "GrowingDiscriminator",
    "LabelConditioning",
    "MLPDiscriminator",
    "MLPGenerator",
    "MinibatchDiscrimination",
    "PackedDiscriminator",
    "PairDiscriminator",
    "PatchDiscriminator",
    "ProgressiveGenerator",
    "ProjectedDiscriminator",
    "R3Discriminator",
    "R3Generator",
    "RecurrentDiscriminator",
    "RecurrentGenerator",
    "ResidualDiscriminator",
    "ResidualGenerator",
    "ResidualTranslator",
    "RowDiscriminator",
    "RowGenerator",
    "SplitConditioning",
    "StyleGAN2Discriminator",
    "StyleGAN2Generator",
    "StyleGANGenerator",
    "UNetGenerator",
    "UpsamplingGenerator",
    "load_efficientnet_lite0",
]
