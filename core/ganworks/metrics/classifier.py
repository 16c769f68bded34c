"""A small classifier: the judge of downstream gain, and a feature extractor that needs no downloaded weights.

One evaluation trains more than a hundred of these, several at a time in threads, so everything random comes
from explicit generators: the same seed gives the same weights on the same machine, whatever runs beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganworks.metrics._shrink import SIDE, at_most
from ganworks.metrics.extractors import require_images
from ganworks.metrics.labelled import Labelled, Mixture, balanced_batches, stream

# augment(images, generator) -> images of the same shape, float32 in [-1, 1]; random by the generator alone
Augment = Callable[[Tensor, torch.Generator], Tensor]

CELLS = (
    2  # the last map is pooled to 2 x 2: where something is matters in anatomy, and one mean would lose it
)


class SmallClassifier(nn.Module):
    """Three stride-2 convolutions, a 2 x 2 adaptive pooling and a linear layer; any height x width.

    Args:
        channels: channels of the images.
        classes: number of logits.
        width: channels of the first block; the next two have twice and four times as many.
    """

    def __init__(self, channels: int, classes: int, width: int = 24) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _block(channels, width),
            _block(width, 2 * width),
            _block(2 * width, 4 * width),
            nn.AdaptiveAvgPool2d(CELLS),
            nn.Flatten(),
        )
        self.head = nn.Linear(4 * width * CELLS**2, classes)

    def features(self, x: Tensor) -> Tensor:
        """Return the penultimate layer, (rows, 16 * width), of images (rows, channels, height, width)."""
        # channels last: the same convolutions in two thirds of the time on a CPU
        found: Tensor = self.body(x.contiguous(memory_format=torch.channels_last))
        return found

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(x))  # (rows, classes)
        return logits


def _block(inner: int, outer: int) -> nn.Sequential:
    convolution = nn.Conv2d(inner, outer, 3, stride=2, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outer), nn.ReLU(inplace=True))


def seeded_classifier(channels: int, classes: int, *, width: int = 24, seed: int = 0) -> SmallClassifier:
    """Return a new classifier whose weights depend on ``seed`` alone; no global random state moves."""
    with torch.device("meta"):  # nn.Conv2d would draw its first weights from the global generator
        model = SmallClassifier(channels, classes, width)
    model.to_empty(device="cpu")
    random = stream(seed, "weights")
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=random)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)
        if isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
    return model


def train_classifier(
    images: Tensor,
    labels: Tensor,
    classes: int,
    *,
    steps: int,
    seed: int,
    batch: int = 32,
    augment: Augment | None = None,
    mixture: Mixture | None = None,
    width: int = 24,
    rate: float = 4e-3,
    smoothing: float = 0.02,
) -> SmallClassifier:
    """Train on batches that hold every class equally often, whatever the class sizes.

    AdamW (Loshchilov and Hutter 2019) under a one-cycle schedule (Smith and Topin 2018). The rate ends near
    zero, so the last step is the one to keep and no validation set is needed to choose one. Runs that differ
    in ``mixture`` or ``augment`` only start from the same weights and meet the same real rows in the same
    order.

    Args:
        images: (rows, channels, height, width) float32 in [-1, 1]; training happens on their device.
        labels: (rows,) int64 in [0, classes).
        classes: number of classes; each needs at least one row.
        steps: optimiser steps.
        seed: decides the initial weights, the batch order and the augmentation.
        batch: images a step.
        augment: random transformation of every batch; None for none.
        mixture: further images mixed into the batches; None for none.
        width: see `SmallClassifier`.
        rate: highest learning rate of the cycle.
        smoothing: label smoothing.

    Returns:
        The trained classifier in evaluation mode.

    Raises:
        DataError: a class has no images, or a label is outside ``[0, classes)``.
    """
    model = seeded_classifier(images.shape[1], classes, width=width, seed=seed).to(images.device)
    optimizer = torch.optim.AdamW(model.parameters(), rate, weight_decay=1e-2, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    random, real = stream(seed, "augmentation"), Labelled(images, labels)
    for x, y in balanced_batches(real, classes, steps=steps, batch=batch, seed=seed, mixture=mixture):
        logits = model(x if augment is None else augment(x, random))
        loss = F.cross_entropy(logits, y, label_smoothing=smoothing)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return model.eval()


@torch.inference_mode()
def predict(model: SmallClassifier, images: Tensor, batch: int = 256) -> Tensor:
    """Return class probabilities (rows, classes) float32 on the CPU, computed ``batch`` images at a time."""
    device = next(model.parameters()).device
    return torch.cat([model(x.to(device)).softmax(1).cpu() for x in images.split(batch)])


class ClassifierExtractor:
    """The penultimate layer of a trained classifier as a feature extractor.

    ``extractor(images) -> features``: (n, c, h, w) float in [-1, 1] to (n, d) float32 on the CPU. Images
    above 64 pixels are averaged down to that first.

    Attributes:
        name: stands in the names of the metrics (``KID-self``).
        hash: SHA-256 of the weights: numbers of two extractors with different hashes cannot be compared.
    """

    batch = 256  # images

    def __init__(self, model: SmallClassifier, name: str = "self") -> None:
        self.model = model.eval()
        self.name = name
        self.hash = _weights_sha256(model)

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> Tensor:
        require_images(images)
        device = next(self.model.parameters()).device
        parts = (self.model.features(at_most(x, SIDE).to(device)) for x in images.split(self.batch))
        return torch.cat([part.float().cpu() for part in parts])  # (n, d)


def _weights_sha256(model: nn.Module) -> str:
    digest = hashlib.sha256()
    for name, value in model.state_dict().items():
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def self_trained_extractor(
    images: Tensor,
    labels: Tensor,
    classes: int,
    seed: int = 0,
    *,
    steps: int = 200,
    augment: Augment | None = None,
) -> ClassifierExtractor:
    """Train a classifier on the user's own images and return its features.

    With fewer than two classes it learns by how many quarter turns an image was rotated (Gidaris et al.
    2018), so there is an extractor for every data set. Give it training images only. It has seen them: a
    test for copies needs another extractor.

    Args:
        images: (rows, channels, height, width) float32 in [-1, 1].
        labels: (rows,) int64; only classes that have images are told apart.
        classes: number of classes.
        seed: same seed, same features.
        steps: optimiser steps.
        augment: as in `train_classifier`; it matters with small sets.

    Raises:
        DataError: there are no images, or a label is outside ``[0, classes)``.
    """
    require_images(images)
    images = at_most(images, SIDE)  # as the extractor will see them
    present = Labelled(images, labels).counts(max(classes, 1)).nonzero().flatten()
    if len(present) >= 2:
        task = Labelled(images, torch.searchsorted(present, labels.cpu()))
    else:
        task = _quarter_turns(images)
    count = int(task.labels.max()) + 1
    model = train_classifier(task.images, task.labels, count, steps=steps, seed=seed, augment=augment)
    return ClassifierExtractor(model)


def _quarter_turns(images: Tensor) -> Labelled:
    """Return the middle square of every image in four orientations, labelled 0 to 3."""
    height, width = images.shape[-2:]
    side = min(height, width)  # of an image that is not square, the shape alone would tell the turn
    top, left = (height - side) // 2, (width - side) // 2
    square = images[..., top : top + side, left : left + side]
    turned = torch.cat([square.rot90(turns, (2, 3)) for turns in range(4)])
    return Labelled(turned, torch.arange(4).repeat_interleave(len(images)))
