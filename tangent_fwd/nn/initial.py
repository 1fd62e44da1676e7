"""First values of parameters, as ordinary NumPy arrays.

A weight array ends in (inputs, outputs); axes before these two are those of a window, as in
`conv2d`. Each output then adds up `fan in` products and each input goes into `fan out`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


def glorot_uniform(
    shape: Sequence[int], seed: int | np.random.Generator, dtype: DTypeLike = np.float32
) -> NDArray[Any]:
    """Draw weights evenly from ±√(6 / (fan in + fan out)), for layers followed by tanh or nothing.

    After Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
    networks" (2010).

    Args:
        shape: of the weights, (inputs, outputs) or (window rows, window columns, inputs, outputs).
        seed: a number, or a generator to go on with; layers of one network need different ones.
        dtype: float32 or float64. The same seed gives the same numbers, rounded.

    Raises:
        ValueError: `shape` has fewer than two axes, or a size below one.
    """
    fan_in, fan_out = _fans(shape)
    bound = math.sqrt(6.0 / (fan_in + fan_out))
    return np.random.default_rng(seed).uniform(-bound, bound, tuple(shape)).astype(dtype)


def he_normal(
    shape: Sequence[int], seed: int | np.random.Generator, dtype: DTypeLike = np.float32
) -> NDArray[Any]:
    """Draw weights from a normal distribution of variance 2 / fan in, for layers followed by relu.

    After He, Zhang, Ren and Sun, "Delving deep into rectifiers" (2015).

    Args, Raises: as `glorot_uniform`.
    """
    fan_in, _ = _fans(shape)
    return _normal(shape, math.sqrt(2.0 / fan_in), seed, dtype)


def lecun_normal(
    shape: Sequence[int], seed: int | np.random.Generator, dtype: DTypeLike = np.float32
) -> NDArray[Any]:
    """Draw weights from a normal distribution of variance 1 / fan in, which keeps that of sums.

    After LeCun, Bottou, Orr and Müller, "Efficient backprop" (1998).

    Args, Raises: as `glorot_uniform`.
    """
    fan_in, _ = _fans(shape)
    return _normal(shape, math.sqrt(1.0 / fan_in), seed, dtype)


def zeros(shape: int | Sequence[int], dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """Give zeros, float32 unless told otherwise: biases, and the last layer of a linear model."""
    return np.zeros(shape, dtype)


def _normal(
    shape: Sequence[int], deviation: float, seed: int | np.random.Generator, dtype: DTypeLike
) -> NDArray[Any]:
    drawn = np.random.default_rng(seed).standard_normal(tuple(shape))
    return (deviation * drawn).astype(dtype)


def _fans(shape: Sequence[int]) -> tuple[int, int]:
    """How many products an output adds up, and how many an input goes into."""
    sizes = tuple(shape)
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(f"`shape` must be (..., inputs, outputs), each at least 1, not {shape!r}")
    window = math.prod(sizes[:-2])
    return window * sizes[-2], window * sizes[-1]
