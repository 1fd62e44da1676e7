"""Single precision: what goes in as float32 comes out as float32."""

import math

import numpy as np


def elementwise32(x32, y32):
    return x32 * y32 - np.exp(x32)


def scaled32(x32):
    y = x32 * 2.0 + 0.5
    y /= x32.size + 0.25  # a float64, which an array does not take over
    return np.zeros((1, 1), dtype=np.float32) + y


def total32(x32):
    total = np.float32(0.0)
    for i in range(x32.size):
        total += x32[i] * x32[i]
    return total


def sum32(x32):
    return np.sum(np.tanh(x32))


def mean32(X32):
    return np.mean(X32 * X32)


def scalar32(s32, x32):
    return s32 * x32 + s32


def layer32(X32, W32):
    return np.tanh(X32 @ W32)


def loop32(s32):
    a = s32
    for _ in range(5):
        a = np.float32(math.sin(a))
    return a


def buffer32(x32):
    out = np.zeros(5, dtype=np.float32)
    for i in range(5):
        out[i] = x32[i] * x32[4 - i]
    return out


def like32(x32, s32):
    out = np.empty_like(x32)
    out[:] = x32 * s32
    out[0] = s32
    return out


def widened(x32):
    return x32.astype("float64") * 3.0


def narrowed(x):
    return x.astype(np.float32) * np.float32(2.0)


def mixed_precision(x32, y):
    return x32 * y


def maximum32(x32, y32):
    return np.maximum(x32, y32) + np.where(x32 > 0, x32, y32)


def mixed_scalar(s32, t):
    return s32 * t + s32


def power32(s32, x32):
    return x32**2 + s32**3
