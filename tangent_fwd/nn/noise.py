"""Layers that are random in training, and still the same function of their arguments every time."""

from __future__ import annotations

from typing import Any

import numpy as np

from tangent_fwd.optim.random import DROPOUT
from tangent_fwd.optim.words import block


def dropout(x: Any, rate: Any, seed: Any, step: Any) -> Any:
    """Set entries to 0, each with probability `rate`, and multiply the others by 1 / (1 − rate).

    After Srivastava and others, "Dropout: a simple way to prevent neural networks from
    overfitting" (2014).
    Which entries go is told by the seed, the step and their position alone, by the counter-based
    generator of `tangent_fwd.optim.random`: value and tangent see the same ones, and so does a run
    that is resumed. It is for training; leave it out where a network is used.

    Args:
        x: an array of floats, of any shape.
        rate: the share that is dropped, at least 0 and less than 1; exact to 2**-32.
        seed: an integer, another one for each such layer of a network.
        step: an integer, another one for each step of training.

    Returns:
        An array with the shape and dtype of `x`, of the same mean.

    Raises:
        ValueError: `rate` is not in its range.
    """
    if not 0.0 <= rate < 1.0:
        raise ValueError("dropout: `rate` must be at least 0 and less than 1")
    # A random word below the limit drops an entry. Four words come at a time, so the last few may
    # be for no entry.
    limit = np.uint32(rate * 4294967296.0)
    blocks = (x.size + 3) // 4
    factors = np.empty(4 * blocks, x.dtype)
    for i in range(blocks):
        words = block(seed, step, 0, i, DROPOUT)
        for k in range(4):
            factors[4 * i + k] = 1.0 / (1.0 - rate) if words[k] >= limit else 0.0
    return x * factors[: x.size].reshape(x.shape)
