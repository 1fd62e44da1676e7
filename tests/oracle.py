"""What the tangent should be, found without the compiler.

Two oracles, both of which run the *original* function in plain Python:

`complex_step`
    The arguments become numbers with an imaginary part of 1e-30 along the direction; what comes
    out in the imaginary part is the tangent, without cancellation. NumPy's own complex numbers lie
    silently (`abs`, `sort`) or refuse (`<`, `floor`), so `CS` wraps a complex number and decides
    by the real part; the function runs with `np` and `math` replaced by stand-ins that know `CS`.

`extrapolated_difference`
    Central differences of the function in float64, extrapolated to step zero (Ridders).
    Slower and good to about 1e-11, but it makes no assumption on what the function calls.

`tangent` takes the first that can run, and says which one it was.
"""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.complex_step import CS, STEP, WATCH, CSArray, NotRepresentable
from tests.inputs import fresh, like
from tests.stand_ins import retarget


def _to_cs(value: Any, tangent: Any) -> Any:
    """An argument with its direction in the imaginary part; everything float becomes `CS`."""
    if isinstance(value, tuple):
        directions = [None] * len(value) if tangent is None else tangent
        parts = [_to_cs(v, d) for v, d in zip(value, directions, strict=True)]
        return like(value, parts)
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        made = np.empty(value.shape, dtype=object).view(CSArray)
        for index in np.ndindex(value.shape):
            step = 0.0 if tangent is None else float(tangent[index]) * STEP
            made[index] = CS(complex(float(value[index]), step))
        return made
    if isinstance(value, (float, np.floating)):
        return CS(complex(float(value), 0.0 if tangent is None else float(tangent) * STEP))
    if np.iscomplexobj(value):
        raise NotRepresentable("a complex number has no imaginary part to spare")
    return fresh(value)


def _slope(value: Any) -> Any:
    """The tangent in what a complex-step run gave back; integers have the tangent 0."""
    if isinstance(value, tuple):
        return tuple(_slope(part) for part in value)
    if isinstance(value, np.ndarray):
        if value.dtype != object:
            return np.zeros(value.shape)
        made = np.empty(value.shape)
        for index in np.ndindex(value.shape):
            made[index] = _slope(value[index])
        return made
    if value is None:
        return None
    return value.z.imag / STEP if isinstance(value, CS) else 0.0


@dataclass
class Answer:
    """A tangent by an oracle: of the value, and of every argument after the run."""

    oracle: str
    value: Any
    arguments: tuple[Any, ...]
    error: float = 0.0
    kinks: int = 0


def complex_step(function: Any, args: tuple[Any, ...], directions: tuple[Any, ...]) -> Answer:
    """The tangent along ``directions`` (None for an inactive argument) by the complex step."""
    WATCH.kinks = 0
    primals = tuple(_to_cs(a, d) for a, d in zip(args, directions, strict=True))
    value = retarget(function, {})(*primals)
    return Answer(
        "complex step", _slope(value), tuple(_slope(a) for a in primals), kinks=WATCH.kinks
    )


def _moved(value: Any, tangent: Any, h: float) -> Any:
    if isinstance(value, tuple):
        directions = [None] * len(value) if tangent is None else tangent
        parts = [_moved(v, d, h) for v, d in zip(value, directions, strict=True)]
        return like(value, parts)
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        made = fresh(value).astype(np.float64)
        return made if tangent is None else made + h * np.asarray(tangent, dtype=np.float64)
    if isinstance(value, (float, np.floating)):
        return float(value) + (0.0 if tangent is None else h * float(tangent))
    if np.iscomplexobj(value) and tangent is not None:
        return np.asarray(value + h * tangent, dtype=np.complex128)[()]
    return fresh(value)


def flat(value: Any) -> list[float]:
    """All numbers of a nested result, in order; None and text have none, a complex number two."""
    if value is None or isinstance(value, str):
        return []
    if isinstance(value, tuple):
        return [number for part in value for number in flat(part)]
    array = np.asarray(value)
    if np.iscomplexobj(array):
        parts = np.stack((array.real, array.imag), axis=-1)
        return flat(parts)
    return [float(number) for number in np.asarray(array, dtype=np.float64).ravel()]


def _rebuild(like: Any, numbers: list[float]) -> Any:
    if like is None or isinstance(like, str):
        return like
    if isinstance(like, tuple):
        return tuple(_rebuild(part, numbers) for part in like)
    if isinstance(like, np.ndarray):
        made = [_rebuild(entry, numbers) for entry in like.ravel()]
        return np.array(made, dtype=complex if np.iscomplexobj(like) else float).reshape(like.shape)
    if np.iscomplexobj(like):
        return complex(numbers.pop(0), numbers.pop(0))
    return numbers.pop(0)


def extrapolated_difference(
    function: Any, args: tuple[Any, ...], directions: tuple[Any, ...], first_step: float = 0.02
) -> Answer:
    """The tangent along ``directions`` by central differences extrapolated to step zero."""
    function = getattr(function, "py_func", function)

    def run(h: float) -> tuple[np.ndarray, Any, tuple[Any, ...]]:
        moved = tuple(_moved(a, d, h) for a, d in zip(args, directions, strict=True))
        value = function(*moved)
        return np.array(flat(value) + flat(moved)), value, moved

    _, value, after = run(0.0)
    shrink, h = 1.6, first_step
    table: list[list[np.ndarray]] = []
    best: np.ndarray | None = None
    error: np.ndarray | None = None
    for i in range(12):
        line = [(run(h)[0] - run(-h)[0]) / (2.0 * h)]
        for j in range(1, i + 1):
            factor = shrink ** (2 * j)
            line.append((factor * line[j - 1] - table[i - 1][j - 1]) / (factor - 1.0))
            estimate = np.maximum(abs(line[j] - line[j - 1]), abs(line[j] - table[i - 1][j - 1]))
            if error is None or best is None:
                best, error = line[j].copy(), estimate
            else:
                better = estimate < error
                best[better], error[better] = line[j][better], estimate[better]
        table.append(line)
        h /= shrink
    assert best is not None
    assert error is not None
    numbers = [float(number) for number in best]
    slope = _rebuild(value, numbers)
    return Answer(
        "difference",
        slope,
        tuple(_rebuild(a, numbers) for a in after),
        error=float(error.max(initial=0.0)),
    )


def tangent(function: Any, args: tuple[Any, ...], directions: tuple[Any, ...]) -> Answer:
    """The tangent by the complex step if it can run, else by extrapolated differences."""
    try:
        return complex_step(function, args, directions)
    except (TypeError, AttributeError):
        return extrapolated_difference(function, args, directions)


def distance(found: Any, expected: Any) -> float:
    """The largest difference, relative to max(1, largest expected); inf if the shapes differ."""
    if isinstance(expected, tuple):
        if not isinstance(found, tuple) or len(found) != len(expected):
            return math.inf
        scale = max([1.0, *map(abs, flat(expected))])
        worst = 0.0
        for a, b in zip(found, expected, strict=True):
            worst = max(worst, distance(a, b) * max([1.0, *map(abs, flat(b))]))
        return worst / scale
    if expected is None:
        return 0.0 if found is None or found == () else math.inf
    if isinstance(expected, str):
        return 0.0 if found == expected else math.inf
    if found is None or isinstance(found, tuple) or np.shape(found) != np.shape(expected):
        return math.inf
    dtype = complex if np.iscomplexobj(found) or np.iscomplexobj(expected) else float
    a, b = np.asarray(found, dtype=dtype), np.asarray(expected, dtype=dtype)
    if a.size == 0:
        return 0.0
    if not np.all(np.isfinite(b)) or not np.all(np.isfinite(a)):
        same = np.array_equal(a, b, equal_nan=True)
        return 0.0 if same else math.inf
    return float(np.max(abs(a - b)) / max(1.0, float(np.max(abs(b)))))


def parameters(function: Any) -> list[str]:
    """The names of a function's parameters."""
    return list(inspect.signature(getattr(function, "py_func", function)).parameters)
