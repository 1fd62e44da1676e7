"""Helpers that the golden functions call from another module."""

import numpy as np


def soft_threshold(x, level):
    """Towards zero by `level`, and no further."""
    return np.sign(x) * np.maximum(np.abs(x) - level, 0.0)
