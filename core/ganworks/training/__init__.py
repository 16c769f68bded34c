"""Adversarial training: one loop, and everything that differs between methods as values."""

from ganworks.training.allocator import tune_allocator
from ganworks.training.augment import (
    AdaAugment,
    AdaController,
    Augmentation,
    Chain,
    DiffAugment,
    InstanceNoise,
    chain,
    no_augmentation,
)
from ganworks.training.auxiliary import (
    fake_class,
    feature_matching,
    gaussian_nll,
    mode_seeking,
    moment_matching,
    mutual_information,
    real_class,
)
from ganworks.training.calibration import calibrate_for
from ganworks.training.checkpoint import (
    Checkpoints,
    read_scalars,
    read_tensors,
    weights_sha256,
    write_tensors,
)
from ganworks.training.distillation import feature_distillation, pixel_distillation
from ganworks.training.draw import Batch, Draw
from ganworks.training.engine import Engine, EngineSettings, TorchEngine, find_device, usable_cores
from ganworks.training.fit import Budget, PhaseRecord, Watch, fit
from ganworks.training.interpolation import interpolated
from ganworks.training.interrupt import held_interrupts
from ganworks.training.likelihood_terms import kl_to_normal, persistent_divergence, reconstruction
from ganworks.training.losses import (
    HINGE,
    LEAST_SQUARES,
    MINIMAX,
    NON_SATURATING,
    RELATIVISTIC,
    WASSERSTEIN,
    AdversarialLoss,
    smoothed,
)
from ganworks.training.memory import (
    RunningLogits,
    WeightHistory,
    historical_averaging,
    lecam,
    remember_weights,
    replayed_side,
)
from ganworks.training.needs import PAIRS, ROW_CRITIC, Need, needing, network_called
from ganworks.training.orthogonal import orthogonal
from ganworks.training.patch_nce import identity_nce, patch_nce
from ganworks.training.path_length import PathLengths, path_length, path_length_weight
from ganworks.training.penalties import approximate_r1, clip_weights, dragan_penalty, gradient_penalty, r1, r2
from ganworks.training.pool import ImagePool
from ganworks.training.recipe import Average, Phase, Recipe, Stage, describe, two_player
from ganworks.training.restoration_terms import RELATIVISTIC_AVERAGE, charbonnier, perceptual
from ganworks.training.rules import Adam, RMSprop, Rule
from ganworks.training.sampler import Sampler
from ganworks.training.schedule import Growth, Ramp, Schedule, value_at
from ganworks.training.state import Growing, TrainingState
from ganworks.training.step import Judgement, Step
from ganworks.training.techniques import TECHNIQUES, with_technique
from ganworks.training.terms import Term, discriminator_side, game, generator_side, top_k
from ganworks.training.translation_terms import (
    FakesToShow,
    cycle,
    cycle_critics,
    cycle_makers,
    identity,
    layer_matching,
    paired_l1,
)
from ganworks.training.unrolled import unrolled_game
from ganworks.training.watches import CheckpointWatch, ProgressWatch, Validation, ValidationWatch, best_score

__all__ = [
    "HINGE",
    "LEAST_SQUARES",
    "MINIMAX",
    "NON_SATURATING",
    "PAIRS",
    "RELATIVISTIC",
    "RELATIVISTIC_AVERAGE",
    "ROW_CRITIC",
    "TECHNIQUES",
    "WASSERSTEIN",
    "AdaAugment",
    "AdaController",
    "Adam",
    "AdversarialLoss",
    "Augmentation",
    "Average",
    "Batch",
    "Budget",
    "Chain",
    "CheckpointWatch",
    "Checkpoints",
    "DiffAugment",
    "Draw",
    "Engine",
    "EngineSettings",
    "FakesToShow",
    "Growing",
    "Growth",
    "ImagePool",
    "InstanceNoise",
    "Judgement",
    "Need",
    "PathLengths",
    "Phase",
    "PhaseRecord",
    "ProgressWatch",
    "RMSprop",
    "Ramp",
    "Recipe",
    "Rule",
    "RunningLogits",
    "Sampler",
    "Schedule",
    "Stage",
    "Step",
    "Term",
    "TorchEngine",
    "TrainingState",
    "Validation",
    "ValidationWatch",
    "Watch",
    "WeightHistory",
    "approximate_r1",
    "best_score",
    "calibrate_for",
    "chain",
    "charbonnier",
    "clip_weights",
    "cycle",
    "cycle_critics",
    "cycle_makers",
    "describe",
    "discriminator_side",
    "dragan_penalty",
    "fake_class",
    "feature_distillation",
    "feature_matching",
    "find_device",
    "fit",
    "game",
    "gaussian_nll",
    "generator_side",
    "gradient_penalty",
    "held_interrupts",
    "historical_averaging",
    "identity",
    "identity_nce",
    "interpolated",
    "kl_to_normal",
    "layer_matching",
    "lecam",
    "mode_seeking",
    "moment_matching",
    "mutual_information",
    "needing",
    "network_called",
    "no_augmentation",
    "orthogonal",
    "paired_l1",
    "patch_nce",
    "path_length",
    "path_length_weight",
    "perceptual",
    "persistent_divergence",
    "pixel_distillation",
    "r1",
    "r2",
    "read_scalars",
    "read_tensors",
    "real_class",
    "reconstruction",
    "remember_weights",
    "replayed_side",
    "smoothed",
    "top_k",
    "tune_allocator",
    "two_player",
    "unrolled_game",
    "usable_cores",
    "value_at",
    "weights_sha256",
    "with_technique",
    "write_tensors",
]
