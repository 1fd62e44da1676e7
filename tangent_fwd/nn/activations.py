"""Functions between the layers, applied to each element of an array of any shape."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_HALF_ROOT = math.sqrt(0.5)
_ROOT_2_PI = math.sqrt(2.0 / math.pi)


def relu(x: Any) -> Any:
    """Give the larger of x and 0; the slope at 0 is 1, as that of `np.maximum` here always is."""
    return np.maximum(x, 0.0)


def gelu(x: Any) -> Any:
    """Give x Φ(x), where Φ is the normal distribution function: x/2 (1 + erf(x/√2)).

    After Hendrycks and Gimpel, "Gaussian error linear units" (2016), without approximation.
    It is computed as x/2 erfc(−x/√2), which does not cancel where x is negative.

    Args:
        x: an array of floats.
    """
    flat = x.ravel()
    out = np.empty_like(flat)
    for i in range(flat.size):
        out[i] = 0.5 * flat[i] * math.erfc(-_HALF_ROOT * flat[i])
    return out.reshape(x.shape)


def gelu_tanh(x: Any) -> Any:
    """Give x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))), which is `gelu` to within 0.0005, and faster.

    After Hendrycks and Gimpel, "Gaussian error linear units" (2016).
    """
    return 0.5 * x * (1.0 + np.tanh(_ROOT_2_PI * x * (1.0 + 0.044715 * x * x)))
