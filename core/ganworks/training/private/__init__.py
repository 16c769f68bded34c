"""Training with differential privacy: DP-SGD on the discriminator (Abadi et al. 2016), on the one loop.

What is protected is one row: two tables are neighbours if one of them has a row more. The argument, in the
order of the parts:

1. `PoissonDraw` puts each real row into a step by a coin of its own. The generator is told nothing of real
   rows: only a class, drawn from shares that are given (and paid for elsewhere).
2. `private_side` judges the real rows drawn and a fixed number of fakes. No row is judged by its neighbours,
   so each real row is in exactly one per-sample gradient; fakes and their number do not depend on real rows.
3. `PrivateAdam` clips every per-sample gradient to the norm ``clip`` and sums. A row more changes the sum by
   at most ``clip``: the sensitivity. Gaussian noise of standard deviation ``noise * clip`` is added once an
   update, and the sum is divided by the expected number of rows, which is no secret.
4. The generator learns from the discriminator's weights and its own fakes only: it is post-processing.
5. `epsilon_of` and `noise_for` say what all updates cost together.

Not protected, and not to be released: the losses and gradient norms that a run logs (they are taken before
the noise), and any choice among checkpoints by a score that reads real rows. The number of rows is taken as
public.

A run is a function of its seed, the noise included. Who knows the seed can compute the noise and take it off,
and seeds of 32 bits a step can be searched: the guarantee holds against those only who know neither seed nor
rows. ``secure=True`` takes rows and noise from the operating system instead, and then no run can be repeated.
"""

from ganworks.training.private.accounting import epsilon_of, gaussian_noise_for, noise_for
from ganworks.training.private.draw import PoissonDraw
from ganworks.training.private.lipschitz import limit_slopes
from ganworks.training.private.rule import PrivateAdam
from ganworks.training.private.side import private_side

__all__ = [
    "PoissonDraw",
    "PrivateAdam",
    "epsilon_of",
    "gaussian_noise_for",
    "limit_slopes",
    "noise_for",
    "private_side",
]
