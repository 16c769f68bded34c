"""LSTM generator and discriminator for sequences (rows, channels, steps)."""

from __future__ import annotations

from math import sqrt

import torch
from torch import Tensor, nn

from ganworks.networks.blocks import Labels, at_least
from ganworks.space import SampleSpace
from ganworks.training.step import Judgement


class Lstm(nn.Module):
    """A layer of long short-term memory. Hochreiter and Schmidhuber 1997; forget gate: Gers et al. 2000.

    Written out, because torch's own fused layer has no second derivative for gradient penalties, and torch
    2.10 exports it by a loop of its own that warns.
    """

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.drive = nn.Linear(inputs, 4 * width)
        self.recur = nn.Linear(width, 4 * width, bias=False)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -1 / sqrt(width), 1 / sqrt(width))

    def forward(self, x: Tensor) -> Tensor:
        """(rows, steps, inputs) -> (rows, steps, width)."""
        h = c = x.new_zeros(x.shape[0], self.width)
        outputs = []
        for drive in self.drive(x).unbind(1):
            enter, forget, new, leave = (drive + self.recur(h)).chunk(4, 1)  # (rows, width) each
            c = forget.sigmoid() * c + enter.sigmoid() * new.tanh()
            h = leave.sigmoid() * c.tanh()
            outputs.append(h)
        return torch.stack(outputs, 1)


class RecurrentGenerator(nn.Module):
    """An LSTM driven by noise and label at every step. Esteban et al. 2017 (RCGAN), section 3.

    The noise of all steps is a linear map of one latent vector, so that a sample is drawn from one latent
    like any other. ``noise`` is its width at each step.
    """

    def __init__(
        self, space: SampleSpace, latent: int, *, width: int = 64, noise: int = 8, layers: int = 1
    ) -> None:
        super().__init__()
        at_least(1, width=width, noise=noise, layers=layers)
        self.steps = space.size[0]
        self.labels = Labels(len(space.classes), width=8)
        self.noise = nn.Linear(latent, self.steps * noise)
        inputs = [noise + self.labels.width, *(width for _ in range(layers - 1))]
        self.layers = nn.Sequential(*(Lstm(i, width) for i in inputs))
        self.out = nn.Linear(width, space.channels)

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        """(rows, latent), (rows,) -> (rows, channels, steps) in [-1, 1]."""
        noise = self.noise(latent).unflatten(1, (self.steps, -1))  # (rows, steps, noise)
        h = self.layers(_at_every_step(self.labels, noise, labels))  # (rows, steps, width)
        return torch.tanh(self.out(h)).transpose(1, 2)


class RecurrentDiscriminator(nn.Module):
    """Two LSTMs that judge every step: Esteban et al. 2017, section 3.

    One reads forwards, one backwards, as in C-RNN-GAN (Mogren 2016): a start is judged by what it leads to.
    """

    rows_per_group = 1

    def __init__(self, space: SampleSpace, *, width: int = 64) -> None:
        super().__init__()
        self.labels = Labels(len(space.classes), width=8)
        self.forwards = Lstm(space.channels + self.labels.width, width)
        self.backwards = Lstm(space.channels + self.labels.width, width)
        self.judge = nn.Linear(2 * width, 1)

    def forward(self, x: Tensor, labels: Tensor) -> Judgement:
        """(rows, channels, steps), (rows,) -> logits (rows, steps)."""
        x = _at_every_step(self.labels, x.transpose(1, 2), labels)
        h = torch.cat([self.forwards(x), self.backwards(x.flip(1)).flip(1)], 2)  # (rows, steps, 2 width)
        return Judgement(self.judge(h).flatten(1), {"hidden": h.mean(1)})


def _at_every_step(table: Labels, x: Tensor, labels: Tensor) -> Tensor:
    """Append the label's embedding to each step of (rows, steps, n)."""
    steps = x.shape[1]
    joined: Tensor = table(x.flatten(0, 1), labels.repeat_interleave(steps))
    return joined.view(-1, steps, joined.shape[1])  # (rows, steps, n + width)
