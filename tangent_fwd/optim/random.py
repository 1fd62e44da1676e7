"""A stand-in for the counter-based generator."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def _mix(seed: Any, step: Any, direction: Any, position: Any, stream: Any) -> Any:
    z = np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15)
    for w in (np.uint64(step), np.uint64(direction), np.uint64(position), np.uint64(stream)):
        z = z ^ (w + np.uint64(0x9E3779B97F4A7C15) + (z << np.uint64(6)) + (z >> np.uint64(2)))
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return z


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def fill_uniforms(
    out: Any, seed: Any, step: Any, direction: Any, position: Any, stream: Any = 0
) -> None:
    for i in range(out.size):
        z = _mix(seed, step, direction, position + i, stream)
        out[i] = np.float64(z >> np.uint64(40)) / 16777216.0


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def fill_signs(
    out: Any, seed: Any, step: Any, direction: Any, position: Any, stream: Any = 0
) -> None:
    for i in range(out.size):
        z = _mix(seed, step, direction, position + i, stream)
        out[i] = 1.0 if z >> np.uint64(63) else -1.0


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def fill_normals(
    out: Any, seed: Any, step: Any, direction: Any, position: Any, stream: Any = 0
) -> None:
    for i in range(out.size):
        u = _mix(seed, step, direction, 2 * (position + i), stream)
        v = _mix(seed, step, direction, 2 * (position + i) + 1, stream)
        a = (np.float64(u >> np.uint64(11)) + 1.0) / 9007199254740993.0
        b = np.float64(v >> np.uint64(11)) / 9007199254740992.0
        out[i] = np.sqrt(-2.0 * np.log(a)) * np.cos(2.0 * np.pi * b)


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def permutation(out: Any, seed: Any, epoch: Any) -> None:
    for i in range(out.size):
        out[i] = i
    for i in range(out.size - 1, 0, -1):
        j = np.int64(_mix(seed, epoch, 0, i, 1) % np.uint64(i + 1))
        out[i], out[j] = out[j], out[i]
