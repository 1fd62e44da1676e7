"""Known traps at special values: zeros, kinks, ties, overflow."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from tangent_fwd import forward_grad
from tests.harness import differentiate, plain
from tests.trap_support import array, both_ways, slope


def infinite(function: Callable[[float], float], s: float) -> float:
    """The slope through numba where plain Python, as ever, refuses to divide by zero."""
    entry = plain(differentiate(function, (s,), (True,), 1))
    with pytest.raises(ZeroDivisionError), np.errstate(divide="ignore"):
        entry(s, 1.0)
    return forward_grad(function).jvp((s,), (1.0,))[1]


def root(s):
    return math.sqrt(s)


def roots(x):
    return np.sqrt(x)


def test_V1_a_zero_direction_beats_an_infinite_partial() -> None:
    """sqrt has an infinite slope at 0; standing still there is still standing still."""
    assert slope(root, (0.0,), (0.0,)) == 0.0
    assert infinite(root, 0.0) == math.inf
    assert slope(roots, (array(0.0, 4.0, 0.0),), (array(0.0, 1.0, 2.0),)).tolist() == [
        0.0,
        0.25,
        math.inf,
    ]


def log_of(s):
    return np.log(s)


def power_of_half(s):
    return s**0.5


def test_V1_also_for_logarithms_and_powers() -> None:
    """The other functions with infinite partials keep to the same rule."""
    assert slope(power_of_half, (0.0,), (0.0,)) == 0.0
    assert infinite(power_of_half, 0.0) == math.inf
    assert infinite(log_of, 0.0) == math.inf
    assert slope(roots, (array(0.0),), (array(0.0),)).tolist() == [0.0]
    assert slope(log_of, (0.0,), (0.0,)) == 0.0


def test_V2_the_check_is_per_lane_and_lanes_do_not_change_bits() -> None:
    """One lane that stands still must not decide for the others in its chunk."""

    x = array(0.0, 2.0, 0.3)
    ways = [array(0.0, 1.0, -1.0), array(1.0, 0.5, 0.25), array(0.0, 0.0, 0.7)]
    with np.errstate(all="ignore"):
        _, together = plain(differentiate(roots, (x,), (True,), 3))(x, *ways)
        single = plain(differentiate(roots, (x,), (True,), 1))
        for lane, way in zip(together, ways, strict=True):
            assert lane.tobytes() == single(x, way)[1].tobytes()
    assert together[0][0] == 0.0
    assert together[1][0] == math.inf


def hypotenuse(s, t):
    return math.hypot(s, t)


def norm_by_hand(x):
    return np.sqrt(np.sum(x * x))


def test_V3_norms_at_zero() -> None:
    """hypot(0, 0) has no slope; 0 is the one that lets a loss start there."""
    assert slope(hypotenuse, (0.0, 0.0), (1.0, 1.0)) == 0.0
    assert slope(hypotenuse, (0.0, 0.0), (0.0, 0.0)) == 0.0
    assert slope(norm_by_hand, (array(0.0, 0.0),), (array(1.0, 2.0),)) == 0.0
    assert slope(hypotenuse, (3.0, 4.0), (1.0, 0.0)) == pytest.approx(0.6, rel=1e-15)


def integer_powers(x, m):
    return x**m


def test_V4_integer_exponents_that_contain_zero() -> None:
    """x**0 is constant, at x = 0 too; x**1 has slope 1 there."""
    x, m = array(0.0, 0.0, 0.0, 2.0), np.array([0, 1, 2, 3])
    value, tangent = both_ways(integer_powers, (x, m), (np.ones(4), None))
    assert value.tolist() == [1.0, 0.0, 0.0, 8.0]
    assert tangent.tolist() == [0.0, 1.0, 0.0, 12.0]


def integer_power(s, n):
    return s**n


@pytest.mark.parametrize(("n", "expected"), [(0, 0.0), (1, 1.0), (2, 0.0), (3, 0.0)])
def test_V5_zero_to_an_integer_power(n: int, expected: float) -> None:
    """n - 1 can be negative, and 0.0 to a negative integer raises under numba."""
    assert slope(integer_power, (0.0, n), (1.0, None)) == expected


def test_V5_zero_to_the_power_zero_in_reverse() -> None:
    """Negative exponents away from zero take the same path."""
    assert slope(integer_power, (2.0, -1), (1.0, None)) == -0.25
    assert slope(integer_power, (-2.0, -2), (1.0, None)) == 0.25


def power(s, t):
    return s**t


def test_V6_base_zero_and_negative_bases() -> None:
    """The logarithm of the base belongs to the exponent's tangent alone, and not at 0."""
    assert slope(power, (0.0, 2.0), (None, 1.0)) == 0.0
    assert slope(power, (0.0, 2.0), (1.0, 1.0)) == 0.0
    assert slope(power, (-1.5, 3.0), (1.0, None)) == pytest.approx(3 * 2.25, rel=1e-15)
    assert slope(power, (-2.0, 2.0), (1.0, None)) == -4.0


def test_V7_the_exponent_has_a_tangent() -> None:
    """d(s**t)/dt = s**t log s."""
    assert slope(power, (2.0, 3.0), (None, 1.0)) == pytest.approx(8 * math.log(2), rel=1e-15)
    expected = 0.5 * 12.0 + 2.0 * 8.0 * math.log(2.0)
    assert slope(power, (2.0, 3.0), (0.5, 2.0)) == pytest.approx(expected, rel=1e-15)


def larger(s, t):
    return np.maximum(s, t), np.minimum(s, t), max(s, t), min(s, t)


def larger_in_arrays(x, y):
    return np.maximum(x, y) + 10.0 * np.minimum(x, y)


def extremes(x):
    return np.max(x), np.min(x)


def larger_by_hand(s, t):
    return (
        s if s >= t else t,
        s if s <= t else t,
        s if s >= t else t,
        s if s <= t else t,
    )


def test_V8_ties_go_to_the_first() -> None:
    """A call and its hand-written form agree: ``a if a >= b else b``."""
    tie, ways = (1.5, 1.5), (3.0, 7.0)
    assert slope(larger, tie, ways) == (3.0, 3.0, 3.0, 3.0)
    assert slope(larger, tie, ways) == slope(larger_by_hand, tie, ways)
    x = array(1.0, 2.0)
    assert slope(larger_in_arrays, (x, x.copy()), (array(3.0, 4.0), array(7.0, 8.0))).tolist() == [
        33.0,
        44.0,
    ]
    assert slope(extremes, (array(2.0, 2.0, 2.0),), (array(5.0, 6.0, 7.0),)) == (5.0, 5.0)


def absolute(s):
    return abs(s)


def absolute_numpy(x):
    return np.abs(x) + np.fabs(x)


def absolute_by_hand(s):
    return s if s >= 0 else -s


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_V9_abs_at_both_zeros(zero: float) -> None:
    """abs is ``s if s >= 0 else -s``, and -0.0 >= 0."""
    assert slope(absolute, (zero,), (2.0,)) == slope(absolute_by_hand, (zero,), (2.0,)) == 2.0
    assert slope(absolute_numpy, (array(zero),), (array(2.0),)).tolist() == [4.0]


def clipped(x):
    return np.clip(x, -1.0, 2.0)


def test_V10_clip_at_its_edges() -> None:
    """The slope is 1 on the closed interval."""
    x = array(-1.5, -1.0, 0.0, 2.0, 2.5)
    assert slope(clipped, (x,), (np.ones(5),)).tolist() == [0.0, 1.0, 1.0, 1.0, 0.0]


def product(x):
    return np.prod(x)


def product_by_rows(X):
    return np.prod(X, axis=1)


def test_V11_products_with_zeros() -> None:
    """out * sum(d_x / x) is NaN as soon as one factor is 0."""
    assert slope(product, (array(2.0, 0.0, 3.0),), (array(1.0, 1.0, 1.0),)) == 6.0
    assert slope(product, (array(0.0, 0.0, 3.0),), (array(1.0, 1.0, 1.0),)) == 0.0
    X = np.array([[0.0, 4.0], [0.0, 0.0]])
    assert slope(product_by_rows, (X,), (np.ones((2, 2)),)).tolist() == [4.0, 0.0]


def spread(x):
    mu = np.mean(x)
    return np.sqrt(np.mean((x - mu) ** 2))


def sinc(x):
    return np.sinc(x)


def logsumexp(x):
    top = np.max(x)
    return top + np.log(np.sum(np.exp(x - top)))


def test_V12_constant_data_sinc_and_logsumexp() -> None:
    """0/0 in the textbook formula, a plain number in fact."""
    assert slope(spread, (array(2.0, 2.0, 2.0),), (array(1.0, 1.0, 1.0),)) == 0.0
    near = slope(sinc, (array(0.0, 1e-9, 0.5),), (np.ones(3),))
    assert near[0] == 0.0
    assert near[1] == pytest.approx(-(math.pi**2) * 1e-9 / 3, rel=1e-9)
    assert near[2] == pytest.approx(-4.0 / math.pi, rel=1e-14)
    equal = slope(logsumexp, (array(3.0, 3.0),), (array(1.0, 2.0),))
    assert equal == pytest.approx(1.5, rel=1e-15)
    far = slope(logsumexp, (array(1000.0, -1000.0),), (array(1.0, 2.0),))
    assert far == pytest.approx(1.0, rel=1e-15)


def saturating(x):
    return np.tanh(x)


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def near_zero(s):
    return math.log1p(s), math.expm1(s)


def test_V13_saturation_and_small_arguments() -> None:
    """1/cosh**2 overflows where tanh is flat; log1p and expm1 exist for small arguments."""
    flat = slope(saturating, (array(-800.0, 400.0, 0.5),), (np.ones(3),))
    assert flat[:2].tolist() == [0.0, 0.0]
    assert flat[2] == pytest.approx(1.0 / math.cosh(0.5) ** 2, rel=1e-15)
    tails = slope(sigmoid, (array(-300.0, 300.0),), (np.ones(2),))
    assert tails[0] == pytest.approx(math.exp(-300.0), rel=1e-13)
    assert tails[1] == pytest.approx(math.exp(-300.0), rel=1e-13, abs=1e-130)
    first, second = slope(near_zero, (1e-18,), (1.0,))
    assert first == second == 1.0
    assert slope(near_zero, (-0.5,), (1.0,)) == (2.0, pytest.approx(math.exp(-0.5), rel=1e-15))


def guarded_log(x):
    return np.where(x > 0.0, np.log(x), 0.0)


def guarded_root(x):
    return np.where(x > 0.0, np.sqrt(x), x * 3.0)


def test_V14_where_selects() -> None:
    """The branch not taken may be NaN; its tangent must not leak through a product with a mask."""
    x = array(-1.0, 0.0, 2.0)
    assert slope(guarded_log, (x,), (np.ones(3),)).tolist() == [0.0, 0.0, 0.5]
    assert slope(guarded_root, (x,), (np.ones(3),)).tolist() == [
        3.0,
        3.0,
        pytest.approx(0.5 / math.sqrt(2.0)),
    ]


def normalised(s):
    return s / max(abs(s), 1e-12)


def test_V15_a_branchless_floor_has_the_slope_it_says() -> None:
    """Below the floor this function really is that steep."""
    assert slope(normalised, (0.0,), (1.0,)) == pytest.approx(1e12, rel=1e-15)
    assert slope(normalised, (3.0,), (1.0,)) == pytest.approx(0.0, abs=1e-16)


def product_with_exit(x):
    total = 1.0
    for a in x:
        if a == 0.0:
            return 0.0
        total = total * a
    return total


def test_V16_an_equality_branch_is_followed() -> None:
    """The derivative is that of the branch taken, whatever the neighbourhood does."""
    assert slope(product_with_exit, (array(2.0, 0.0, 3.0),), (np.ones(3),)) == 0.0
    assert slope(product_with_exit, (array(2.0, 1.0, 3.0),), (np.ones(3),)) == 11.0


def remainders(s, t):
    return s % t, s // t, np.fmod(s, t), np.mod(s, t)


def test_V17_remainders_have_two_tangents() -> None:
    """d(s % t) = d_s - floor(s/t) d_t; fmod truncates instead."""
    assert slope(remainders, (-7.3, 2.0), (1.0, None)) == (1.0, 0.0, 1.0, 1.0)
    assert slope(remainders, (-7.3, 2.0), (None, 1.0)) == (4.0, 0.0, 3.0, 4.0)
    assert slope(remainders, (7.3, 2.0), (10.0, 1.0)) == (7.0, 0.0, 7.0, 7.0)


def newton(s, p):
    a = s
    while abs(a * a - p) > 1e-13:
        a = 0.5 * (a + p / a)
    return a


def test_V20_the_first_guess_does_not_matter_in_the_end() -> None:
    """A loop that stops when its value has converged leaves a tangent that is nearly converged."""
    assert slope(newton, (1.0, 2.0), (1.0, None)) == pytest.approx(0.0, abs=1e-6)
    assert slope(newton, (1.0, 2.0), (None, 1.0)) == pytest.approx(0.5 / math.sqrt(2), rel=1e-6)
