"""How good synthetic images are, and whether they are copies; each number beside what real images reach."""

from ganworks.metrics._shrink import at_most
from ganworks.metrics.classifier import (
    ClassifierExtractor,
    SmallClassifier,
    self_trained_extractor,
    train_classifier,
)
from ganworks.metrics.distances import (
    KernelDistance,
    frechet_distance,
    frechet_distance_floor,
    intensity_emd,
    kernel_distance,
    kernel_distance_floor,
    spectrum_distance,
)
from ganworks.metrics.diversity import class_score, diversity, diversity_ratio
from ganworks.metrics.extractors import (
    Cached,
    Extractor,
    Lite0Features,
    PixelFeatures,
    available_extractors,
    default_extractor,
    extractor,
)
from ganworks.metrics.fidelity import fidelity
from ganworks.metrics.gain import downstream_gain
from ganworks.metrics.labelled import Labelled
from ganworks.metrics.manifold import Manifold, expected_coverage, manifold
from ganworks.metrics.memorisation import (
    CopyRule,
    NearestTraining,
    RankTest,
    chance_of_copies,
    copy_rule,
    nearest_training,
    rank_test,
)
from ganworks.metrics.perceptual import perceptual_distance
from ganworks.metrics.privacy import Limits, privacy

__all__ = [
    "Cached",
    "ClassifierExtractor",
    "CopyRule",
    "Extractor",
    "KernelDistance",
    "Labelled",
    "Limits",
    "Lite0Features",
    "Manifold",
    "NearestTraining",
    "PixelFeatures",
    "RankTest",
    "SmallClassifier",
    "at_most",
    "available_extractors",
    "chance_of_copies",
    "class_score",
    "copy_rule",
    "default_extractor",
    "diversity",
    "diversity_ratio",
    "downstream_gain",
    "expected_coverage",
    "extractor",
    "fidelity",
    "frechet_distance",
    "frechet_distance_floor",
    "intensity_emd",
    "kernel_distance",
    "kernel_distance_floor",
    "manifold",
    "nearest_training",
    "perceptual_distance",
    "privacy",
    "rank_test",
    "self_trained_extractor",
    "spectrum_distance",
    "train_classifier",
]
