"""Normal numbers as a function of a seed and a place, in operations that every runtime computes alike.

Integers of 64 bits, additions, multiplications and one logarithm: the same seed gives the same latent in
torch, and in an exported graph run from Python, C or JavaScript. Number i of a seed needs none of the others.
"""

from __future__ import annotations

import torch
from torch import Tensor

_WORD = 0xFFFFFFFF
# the constants of both rounds are below 2^31: a product of 32 and 31 bits never leaves an int64
_FIRST, _SECOND = 0x2C1B3C6D, 0x297A2D39
_STEP, _LOW_KEY, _HIGH_KEY = 0x5851F42D, 0x14057B7E, 0x27220A95  # odd or even does not matter to the mixer

# Wichura 1988, algorithm AS 241, PPND7: coefficients from the constant term upwards
_CENTRE = (
    (3.3871327179, 50.434271938, 159.29113202, 59.109374720),
    (1.0, 17.895169469, 78.757757664, 67.187563600),
)
_TAIL = ((1.4234372777, 2.7568153900, 1.3067284816, 0.17023821103), (1.0, 0.73700164250, 0.12021132975))


def seeded_normal(seeds: Tensor, size: int) -> Tensor:
    """(rows, size) float32 standard normal numbers, row i from the int64 ``seeds[i] >= 0`` alone.

    The largest magnitude is 5.29: 23 random bits a number.
    """
    return normal_quantile(seeded_uniform(seeds, size))


def seeded_uniform(seeds: Tensor, size: int) -> Tensor:
    """(rows, size) float32, uniform over the centres of 2^23 equal cells of (-1/2, 1/2); exact."""
    low, high = (seeds & _WORD)[:, None], (seeds >> 32)[:, None]
    first = _mixed(low ^ _mixed((high + _LOW_KEY) & _WORD))  # two keys a seed: 64 bits, so that no two
    second = _mixed((first + _HIGH_KEY + high) & _WORD) ^ low  # seeds share their numbers
    places = _mixed((torch.arange(1, size + 1, device=seeds.device) * _STEP) & _WORD)
    word = _mixed((_mixed(first ^ places) + second) & _WORD)
    return ((word >> 9).float() + 0.5) * 2.0**-23 - 0.5


def normal_quantile(centred: Tensor) -> Tensor:
    """The standard normal quantile of ``centred + 1/2``, for float32 values in [-1/2, 1/2], to about 1e-6.

    Wichura 1988, algorithm AS 241 (PPND7), without its branch beyond 6.6: float32 ends at 5.42 here. Nothing
    but rational functions, a logarithm and a root.
    """
    inner = 0.180625 - centred.square()
    central = centred * _ratio(_CENTRE, inner)
    tail = (0.5 - centred.abs()).clamp_min(2.0**-25)
    outer = _ratio(_TAIL, (-tail.log()).sqrt() - 1.6)
    return torch.where(centred.abs() <= 0.425, central, outer * centred.sign())


def _mixed(word: Tensor) -> Tensor:
    """A bijection of 32-bit words (in int64) in which every input bit moves every output bit.

    Two rounds of shift, xor and multiplication, after C. Wellons' "hash prospector" (2018).
    """
    word = (word ^ (word >> 15)).mul_(_FIRST).bitwise_and_(_WORD)
    word = (word ^ (word >> 12)).mul_(_SECOND).bitwise_and_(_WORD)
    return word ^ (word >> 15)


def _ratio(coefficients: tuple[tuple[float, ...], tuple[float, ...]], x: Tensor) -> Tensor:
    above, below = (_polynomial(one, x) for one in coefficients)
    return above / below


def _polynomial(coefficients: tuple[float, ...], x: Tensor) -> Tensor:
    value = torch.full_like(x, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        value.mul_(x).add_(coefficient)
    return value
