"""The oracles themselves, against numbers that come from neither of them."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import pytest

from tests import oracle
from tests.complex_step import BINARY, CS, STEP, UNARY
from tests.harness import compare, integers_as_zero, patterns, writes_to_inactive

MPMATH = {
    "arcsin": mpmath.asin,
    "arccos": mpmath.acos,
    "arctan": mpmath.atan,
    "arcsinh": mpmath.asinh,
    "arccosh": mpmath.acosh,
    "arctanh": mpmath.atanh,
    "exp2": lambda v: mpmath.mpf(2) ** v,
    "log2": lambda v: mpmath.log(v) / mpmath.log(2),
    "log10": mpmath.log10,
    "cbrt": mpmath.cbrt,
    "square": lambda v: v * v,
    "reciprocal": lambda v: 1 / v,
    "negative": lambda v: -v,
    "positive": lambda v: v,
    "abs": lambda v: abs(v),
    "absolute": lambda v: abs(v),
    "fabs": lambda v: abs(v),
    "sinc": lambda v: mpmath.sin(mpmath.pi * v) / (mpmath.pi * v),
    "degrees": lambda v: v * 180 / mpmath.pi,
    "rad2deg": lambda v: v * 180 / mpmath.pi,
    "radians": lambda v: v * mpmath.pi / 180,
    "deg2rad": lambda v: v * mpmath.pi / 180,
    "lgamma": mpmath.loggamma,
    "rint": mpmath.nint,
    "trunc": lambda v: mpmath.floor(v) if v >= 0 else mpmath.ceil(v),
    "arctan2": mpmath.atan2,
    "power": lambda a, b: a**b,
    "maximum": max,
    "minimum": min,
    "fmax": max,
    "fmin": min,
    "copysign": lambda a, b: abs(a) * mpmath.sign(b),
    "fmod": lambda a, b: a - b * MPMATH["trunc"](a / b),
    "logaddexp": lambda a, b: mpmath.log(mpmath.exp(a) + mpmath.exp(b)),
}


def _exact(name: str) -> Any:
    return MPMATH.get(name) or getattr(mpmath, name)


@pytest.mark.parametrize("name", sorted(UNARY))
def test_functions_of_one_number(name: str) -> None:
    """Value and slope to 1e-14 at points of the domain, negative ones where there are any."""
    if name in ("log", "log2", "log10", "sqrt", "gamma", "lgamma"):
        points = [0.37, 2.6]
    elif name == "arccosh":
        points = [1.3, 4.1]
    else:
        points = [0.37, 0.81]
        points += [-0.43] if name not in ("cbrt",) else []
    for point in points:
        z = UNARY[name](complex(point, STEP))
        with mpmath.workdps(40):
            value = float(_exact(name)(mpmath.mpf(point)))
            slope = float(mpmath.diff(_exact(name), mpmath.mpf(point)))
        assert z.real == pytest.approx(value, rel=1e-14, abs=1e-300)
        assert z.imag / STEP == pytest.approx(slope, rel=1e-13, abs=1e-14)


def test_cube_roots_of_negative_numbers() -> None:
    z = UNARY["cbrt"](complex(-8.0, STEP))
    assert z.real == -2.0
    assert z.imag / STEP == pytest.approx(1.0 / 12.0, rel=1e-15)


@pytest.mark.parametrize("name", sorted(BINARY))
@pytest.mark.parametrize("point", [(0.7, 0.4), (1.3, 2.9)])
def test_functions_of_two_numbers(name: str, point: tuple[float, float]) -> None:
    """Both partials."""
    for side in (0, 1):
        steps = [complex(v, STEP if i == side else 0.0) for i, v in enumerate(point)]
        with mpmath.workdps(40):
            order = (1, 0) if side == 0 else (0, 1)
            slope = float(mpmath.diff(_exact(name), tuple(map(mpmath.mpf, point)), order))
        assert BINARY[name](*steps).imag / STEP == pytest.approx(slope, rel=1e-13, abs=1e-14)


def _kinked(s: float, t: float) -> float:
    return abs(s) + max(s, t)


def _stepped(s: float) -> float:
    return s * math.floor(2.0 * s)


@pytest.mark.parametrize(
    ("function", "args", "kinks"),
    [
        (_kinked, (1.0, 2.0), 0),
        (_kinked, (1e-9, 2.0), 1),
        (_kinked, (2.0, 2.0 + 1e-9), 1),
        (_stepped, (0.7,), 0),
        (_stepped, (0.5,), 1),
    ],
)
def test_points_at_kinks_are_noticed(function: Any, args: tuple[float, ...], kinks: int) -> None:
    ways = tuple(1.0 + i for i in range(len(args)))
    assert oracle.complex_step(function, args, ways).kinks == kinks


def _in_place(x: np.ndarray, s: float) -> np.ndarray:
    out = np.zeros(3)
    out[1:] = x[:-1] * s
    x[0] = s
    return out


def test_both_oracles_follow_buffers_and_arguments() -> None:
    """By hand: d(x s) = d_x s + x d_s, and the stored s in the argument."""
    args, ways = (np.array([1.0, 2.0, 3.0]), 4.0), (np.array([1.0, 10.0, 100.0]), 0.5)
    for find in (oracle.complex_step, oracle.extrapolated_difference):
        answer = find(_in_place, args, ways)
        assert answer.value == pytest.approx(np.array([0.0, 4.5, 41.0]), abs=1e-10)
        assert answer.arguments[0] == pytest.approx(np.array([0.5, 10.0, 100.0]), abs=1e-10)
    assert args[0].tolist() == [1.0, 2.0, 3.0]


def test_distance_sees_shapes_and_not_a_number() -> None:
    far = oracle.distance
    assert far(np.ones(3), np.ones((3, 1))) == math.inf
    assert far((1.0,), (1.0, 2.0)) == math.inf
    assert far(None, 1.0) == math.inf
    assert far(math.nan, 1.0) == math.inf
    assert far(math.nan, math.nan) == 0.0
    assert far(1e6 + 1.0, 1e6) == pytest.approx(1e-6)
    assert far((1e6, 1.0), (1e6, 2.0)) == pytest.approx(1e-6)


def test_a_wrong_derivative_is_noticed() -> None:
    """Each thing that the harness compares is reported when it is off."""
    args = (np.array([1.0, 2.0, 3.0]), 4.0)
    ways = (np.array([1.0, 10.0, 100.0]), 0.5)
    answer = oracle.complex_step(_in_place, args, ways)
    value = np.array([0.0, 4.0, 8.0])
    after, moved = np.array([4.0, 2.0, 3.0]), np.array([0.5, 10.0, 100.0])
    good = (value, [answer.value], (after, 4.0), [(moved, 0.5)])
    expected = (value, (after, 4.0))
    assert not compare(good, expected, [answer], args, (True, True))
    off = 1e-6
    for bad, name in (
        ((value + off, *good[1:]), "value"),
        ((value, [answer.value + off], *good[2:]), "tangent 0"),
        ((*good[:2], (after + off, 4.0), good[3]), "arguments after"),
        ((*good[:3], [(moved + off, 0.5)]), "tangent 0 of argument 0 after"),
    ):
        (complaint,) = compare(bad, expected, [answer], args, (True, True))
        assert complaint.startswith(name)


def test_what_the_harness_lets_pass() -> None:
    """Integers may have None for a tangent; a store into an inactive argument may be refused."""
    assert integers_as_zero((0.5, None), (1.0, 3)) == (0.5, 0.0)
    assert integers_as_zero(None, 1.0) is None
    args = (np.ones(2), 1.0)
    assert patterns((1.0, 3, np.ones(2))) == [
        (False, False, True),
        (True, False, False),
        (True, False, True),
    ]
    assert writes_to_inactive(args, (np.zeros(2), 1.0), (False, True))
    assert not writes_to_inactive(args, (np.zeros(2), 1.0), (True, False))
    assert not writes_to_inactive(args, args, (False, True))


def test_numbers_of_the_complex_step_refuse_to_become_floats() -> None:
    """A silent loss of the imaginary part would be a silent zero."""
    with pytest.raises(TypeError):
        float(CS(1 + 1j))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        np.zeros(2)[:] = np.array([CS(1j), CS(2j)])
