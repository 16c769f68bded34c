"""Adversarial training: one loop, and everything that differs between methods as values."""

from ganworks.training.augment import AdaAugment, AdaController, Augmentation, DiffAugment, no_augmentation
from ganworks.training.checkpoint import Checkpoints, read_tensors, weights_sha256, write_tensors
from ganworks.training.draw import Batch, Draw
from ganworks.training.engine import Engine, EngineSettings, TorchEngine, find_device, usable_cores
from ganworks.training.fit import Budget, PhaseRecord, Watch, calibrate_for, fit
from ganworks.training.interrupt import held_interrupts
from ganworks.training.losses import (
    HINGE,
    LEAST_SQUARES,
    MINIMAX,
    NON_SATURATING,
    RELATIVISTIC,
    WASSERSTEIN,
    AdversarialLoss,
)
from ganworks.training.recipe import Adam, Average, Phase, Recipe, Stage, describe, two_player
from ganworks.training.sampler import Sampler
from ganworks.training.schedule import Growth, Ramp, Schedule, value_at
from ganworks.training.state import Growing, TrainingState
from ganworks.training.step import Judgement, Step
from ganworks.training.terms import Term, game, gradient_penalty, mode_seeking, r1, r2
from ganworks.training.watches import CheckpointWatch, ProgressWatch, Validation, ValidationWatch, best_score

__all__ = [
    "HINGE",
    "LEAST_SQUARES",
    "MINIMAX",
    "NON_SATURATING",
    "RELATIVISTIC",
    "WASSERSTEIN",
    "AdaAugment",
    "AdaController",
    "Adam",
    "AdversarialLoss",
    "Augmentation",
    "Average",
    "Batch",
    "Budget",
    "CheckpointWatch",
    "Checkpoints",
    "DiffAugment",
    "Draw",
    "Engine",
    "EngineSettings",
    "Growing",
    "Growth",
    "Judgement",
    "Phase",
    "PhaseRecord",
    "ProgressWatch",
    "Ramp",
    "Recipe",
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
    "best_score",
    "calibrate_for",
    "describe",
    "find_device",
    "fit",
    "game",
    "gradient_penalty",
    "held_interrupts",
    "mode_seeking",
    "no_augmentation",
    "r1",
    "r2",
    "read_tensors",
    "two_player",
    "usable_cores",
    "value_at",
    "weights_sha256",
    "write_tensors",
]
