"""Known traps at special values: zeros, kinks, ties, overflow."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numba import njit

from tangent_fwd import forward_grad
from tests.harness import differentiate, plain
from tests.trap_support import again, agrees, array, both_ways, in_python, slope


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
    assert plain(differentiate(root, (0.0,), (True,), 1))(0.0, 0.0) == (0.0, 0.0)
    assert forward_grad(root).jvp((0.0,), (0.0,)) == (0.0, 0.0)
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


def edges(x, y):
    return (
        np.sqrt(x),
        np.cbrt(x),
        np.log(x),
        np.log2(x),
        np.log10(x),
        x**0.5,
        x**0.25,
        x**-0.5,
        np.power(x, 0.75),
        np.arcsin(y),
        np.arccos(y),
        np.arccosh(y),
        np.arctanh(y),
        np.log1p(-y),
    )


def test_V1_wherever_a_slope_is_infinite() -> None:
    """Two equal elements at the edge of the domain: the first stands still, the second moves."""
    x, y, d = array(0.0, 0.0), array(1.0, 1.0), array(0.0, 1.0)
    tangents = slope(edges, (x, y), (d, d))
    assert [t[0] for t in tangents] == [0.0] * 14
    # Those that fall from their edge, or from infinity, are negative.
    falling = {7, 10, 13}
    signs = [-math.inf if k in falling else math.inf for k in range(14)]
    assert [t[1] for t in tangents] == signs
    low = tuple(a.astype(np.float32) for a in (x, y, d))
    tangents = in_python(edges, low[:2], (low[2], low[2]))[1]
    assert [t.tolist() for t in tangents] == [[0.0, sign] for sign in signs]


def inner_stands_still(s, t):
    return np.sqrt(s * t), np.sqrt(s * s), (s * t) ** 0.5, np.log(np.exp(s) * t), np.arctan2(s, t)


def test_V1_an_inner_tangent_of_zero() -> None:
    """The arguments move, what is under the root does not."""
    args = np.float32(0.0), np.float32(0.0)
    ways = np.float32(1.0), np.float32(2.0)
    assert in_python(inner_stands_still, args, ways)[1][:3] == (0.0, 0.0, 0.0)
    roots_of = np.zeros(2), np.zeros(2)
    tangents = slope(inner_stands_still, roots_of, (np.ones(2), np.zeros(2)))
    assert [t.tolist() for t in tangents[:4]] == [[0.0, 0.0]] * 4
    still = in_python(inner_stands_still, roots_of, (np.zeros(2), np.zeros(2)))[1]
    assert [t.tolist() for t in still] == [[0.0, 0.0]] * 5


def sum_of_roots(x):
    return np.sum(np.sqrt(x))


def test_V2_a_gradient_at_the_edge() -> None:
    """Each unit direction moves one element, and the others stand still in its lane."""
    x = np.arange(9.0) ** 2
    gradient = forward_grad(sum_of_roots).grad(x)
    assert gradient.tolist() == [math.inf, *(0.5 / np.arange(1.0, 9.0))]


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
    assert slope(hypotenuse, (0.0, -2.0), (1.0, 0.0)) == 0.0
    assert slope(hypotenuse, (3e200, 4e200), (1.0, 1.0)) == pytest.approx(1.4, rel=1e-15)


def integer_powers(x, m):
    return x**m


def test_V4_integer_exponents_that_contain_zero() -> None:
    """x**0 is constant, at x = 0 too; x**1 has slope 1 there."""
    x, m = array(0.0, 0.0, 0.0, 2.0), np.array([0, 1, 2, 3])
    value, tangent = both_ways(integer_powers, (x, m), (np.ones(4), None))
    assert value.tolist() == [1.0, 0.0, 0.0, 8.0]
    assert tangent.tolist() == [0.0, 1.0, 0.0, 12.0]


def real_powers(x, y):
    return x**y, x**0.0, x**1.0, x**0, x**1, x**2


def test_V4_real_exponents_that_contain_zero() -> None:
    """The same with floats for exponents, active or not, in an array or written down."""
    for kind in (np.float64, np.float32):
        x, y = np.array([0.0, 0.0, 0.0, 2.0], kind), np.array([0.0, 1.0, 2.0, 3.0], kind)
        ways = np.ones(4, kind), np.zeros(4, kind)
        for way in (ways, (ways[0], None)):
            tangents = [t.tolist() for t in in_python(real_powers, (x, y), way)[1]]
            assert tangents[0] == [0.0, 1.0, 0.0, 12.0]
            assert tangents[1:5] == [[0.0] * 4, [1.0] * 4, [0.0] * 4, [1.0] * 4]
            assert tangents[5] == [0.0, 0.0, 0.0, 4.0]


def integer_power(s, n):
    return s**n


@pytest.mark.parametrize(("n", "expected"), [(0, 0.0), (1, 1.0), (2, 0.0), (3, 0.0)])
def test_V5_zero_to_an_integer_power(n: int, expected: float) -> None:
    """n - 1 can be negative, and 0.0 to a negative integer raises under numba."""
    assert slope(integer_power, (0.0, n), (1.0, None)) == expected


def test_V5_negative_integer_exponents() -> None:
    """Away from zero they take the same path."""
    assert slope(integer_power, (2.0, -1), (1.0, None)) == -0.25
    assert slope(integer_power, (-2.0, -2), (1.0, None)) == 0.25


def far_powers(x):
    return x**-1 + x**-2


def far_power(x, n):
    return x**n


def test_V5_a_power_may_be_a_number_where_the_next_one_is_none() -> None:
    """numba raises where x ** (n - 1) underflows, although the value is fine."""
    x = array(1e-110, -1e-110, 1e110, 2.0)
    expected = [-math.inf, math.inf, -1e-220, -0.5]
    assert slope(far_powers, (x,), (np.ones(4),)).tolist() == pytest.approx(expected, 1e-14)
    expected = [-math.inf, math.inf, -0.0, -0.25]
    assert slope(far_power, (x, -2), (np.ones(4), None)).tolist() == expected
    assert [forward_grad(far_powers).jvp((s,), (1.0,))[1] for s in x.tolist()][:2] == [
        -math.inf,
        math.inf,
    ]


@pytest.mark.parametrize("function", [far_powers, lambda x: x**-3])
def test_V5_zero_to_a_negative_power_raises_as_in_numba(function: Callable[..., Any]) -> None:
    """numba divides by zero there whatever the error model; so does the derivative."""
    for value in (0.0, array(0.0, 1.0)):
        for compiled in (njit(function), njit(error_model="numpy")(function)):
            with pytest.raises(ZeroDivisionError, match="division by zero"):
                compiled(value)
        with pytest.raises(ZeroDivisionError, match="division by zero"):
            forward_grad(function).jvp((value,), (value,))


def power(s, t):
    return s**t


def test_V6_base_zero_and_negative_bases() -> None:
    """The logarithm of the base belongs to the exponent's tangent alone, and not at 0."""
    assert slope(power, (0.0, 2.0), (None, 1.0)) == 0.0
    assert slope(power, (0.0, 2.0), (1.0, 1.0)) == 0.0
    assert slope(power, (-1.5, 3.0), (1.0, None)) == pytest.approx(3 * 2.25, rel=1e-15)
    assert slope(power, (-2.0, 2.0), (1.0, None)) == -4.0
    # An exponent that could move, and stands still, does not bring its logarithm in.
    assert slope(power, (-2.0, 2.0), (1.0, 0.0)) == -4.0
    assert slope(power, (0.0, 0.0), (1.0, 1.0)) == 0.0
    assert slope(power, (0.0, 1.0), (1.0, 1.0)) == 1.0
    assert slope(power, (0.0, 0.5), (None, 1.0)) == 0.0


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
    assert slope(larger, (-0.0, 0.0), ways) == slope(larger, (0.0, -0.0), ways) == (3.0,) * 4


def more_ties(s, t, u):
    return np.fmax(s, t), np.fmin(s, t), max(s, t, u), min(s, t, u), max(s, max(t, u))


def extremes_along(X):
    return np.max(X, axis=0), X.min(axis=1), np.max(X, axis=(0, 1)), X.max(axis=1, keepdims=True)


def test_V8_ties_of_several_and_along_axes() -> None:
    """The first in the order of the arguments, and in the order of memory."""
    assert slope(more_ties, (1.5, 1.5, 1.5), (3.0, 7.0, 9.0)) == (3.0,) * 5
    assert in_python(more_ties, (1.0, 1.5, 1.5), (3.0, 7.0, 9.0))[1] == (7.0, 3.0, 7.0, 3.0, 7.0)
    for kind in (np.float64, np.float32):
        X, d_X = np.ones((2, 3), kind), np.arange(1.0, 7.0).reshape(2, 3).astype(kind)
        columns, rows, whole, kept = in_python(extremes_along, (X,), (d_X,))[1]
        assert columns.tolist() == [1.0, 2.0, 3.0]
        assert rows.tolist() == [1.0, 4.0]
        assert whole == 1.0
        assert kept.tolist() == [[1.0], [4.0]]


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


def absolute_square(s):
    return abs(s * s)


def absolute_square_below(s):
    return abs(-s * s)


def absolute_square_below_by_hand(s):
    a = -s * s
    return a if a >= 0 else -a


def test_V9_the_second_order_follows_the_same_branch(tmp_path) -> None:
    """At 0 both orders are those of the branch taken, by the call as by hand."""

    def second(function: Callable[[float], float]) -> float:
        first = again(function, (0.0,), (True,), tmp_path)
        (_, tangent), (_, curvature) = in_python(first, (0.0, 1.0), (1.0, None))
        assert tangent == 0.0
        return curvature

    assert second(absolute_square) == 2.0
    assert second(absolute_square_below) == second(absolute_square_below_by_hand) == -2.0


def clipped(x):
    return np.clip(x, -1.0, 2.0)


def test_V10_clip_at_its_edges() -> None:
    """The slope is 1 on the closed interval."""
    x = array(-1.5, -1.0, 0.0, 2.0, 2.5)
    assert slope(clipped, (x,), (np.ones(5),)).tolist() == [0.0, 1.0, 1.0, 1.0, 0.0]
    low = x.astype(np.float32)
    assert in_python(clipped, (low,), (low,))[1].tolist() == [0.0, -1.0, 0.0, 2.0, 0.0]


def clipped_between(s, lo, hi):
    return np.clip(s, lo, hi)


def clipped_between_by_hand(s, lo, hi):
    return lo if s < lo else hi if s > hi else s


@pytest.mark.parametrize("s", [0.5, 1.0, 1.5, 2.0, 2.5])
def test_V10_bounds_that_move(s: float) -> None:
    """A bound has the slope where it is the value, and none where the value only touches it."""
    args, ways = (s, 1.0, 2.0), (3.0, 5.0, 7.0)
    assert slope(clipped_between, args, ways) == in_python(clipped_between_by_hand, args, ways)[1]


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


def more_products(X):
    total = 1.0
    for row in X:
        for a in row:
            total *= a
    return X.prod(axis=0), np.prod(X, axis=(0, 1)), np.prod(X, axis=1, keepdims=True), total


def test_V11_products_along_axes_and_by_hand() -> None:
    """In whatever order memory is walked."""
    X, d = np.array([[0.0, 4.0], [3.0, 5.0]]), np.array([[1.0, 10.0], [100.0, 1000.0]])
    columns, whole, rows, by_hand = in_python(more_products, (X,), (d,))[1]
    assert columns.tolist() == [3.0, 4050.0]
    assert whole == by_hand == 60.0
    assert rows.tolist() == [[4.0], [3500.0]]


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
    assert slope(logsumexp, (array(3.0, -math.inf),), (array(1.0, 2.0),)) == 1.0


def added_logarithms(x, y):
    return np.logaddexp(x, y), np.logaddexp2(x, y)


def test_V12_logarithms_added_at_infinity() -> None:
    """Equal arguments share the slope, at infinity as well; the smaller infinity has none."""
    x, y = array(1.0, -math.inf, math.inf, -math.inf), array(1.0, -math.inf, math.inf, 3.0)
    for tangent in slope(added_logarithms, (x, y), (np.ones(4), np.zeros(4))):
        assert tangent.tolist() == [0.5, 0.5, 0.5, 0.0]


def deviation(x):
    return np.std(x)


def variance(x):
    return np.sqrt(x.var())


def norm(x):
    return np.linalg.norm(x)


def test_V12_and_V3_no_spread_and_no_length() -> None:
    """std, var and norm are 0/0 in their textbook forms."""
    for function, x in ((deviation, array(2.0, 2.0)), (variance, np.ones(3)), (norm, np.zeros(2))):
        assert slope(function, (x,), (np.arange(1.0, 1.0 + x.size),)) == 0.0
    agrees(norm, (array(3.0, -4.0),), (array(1.0, 2.0),))


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
    entry = plain(differentiate(saturating, (array(),), (True,), 1))
    with np.errstate(over="raise", invalid="raise"):
        assert entry(array(-800.0), array(1.0))[1].tolist() == [0.0]
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


def guarded_quotient(x, y):
    return np.where(y != 0.0, x / y, 7.0 * x)


def lazily(s):
    a = 1.0 / s if s != 0.0 else 3.0 * s
    c = math.log(s) if s > 0.0 else 0.0
    return a + c, np.where(s > 0.0, np.log(s), -s)


def test_V14_a_guard_holds_back_the_other_branch() -> None:
    """A quotient by zero does not leak, and what a reader sees skipped is not computed."""
    x, y = array(1.0, 2.0, 0.0), array(0.0, 4.0, 0.0)
    tangent = slope(guarded_quotient, (x, y), (np.ones(3), np.ones(3)))
    assert tangent.tolist() == [7.0, 0.25 - 2.0 / 16.0, 7.0]
    assert slope(lazily, (-0.5,), (1.0,)) == (-4.0, -1.0)
    assert in_python(lazily, (0.0,), (1.0,))[1] == (3.0, -1.0)
    low = tuple(a.astype(np.float32) for a in (x, y))
    assert in_python(guarded_quotient, low, low)[1].tolist() == [7.0, 0.0, 0.0]


def normalised(s):
    return s / max(abs(s), 1e-12)


def test_V15_a_branchless_floor_has_the_slope_it_says() -> None:
    """Below the floor this function really is that steep."""
    assert slope(normalised, (0.0,), (1.0,)) == pytest.approx(1e12, rel=1e-15)
    assert slope(normalised, (3.0,), (1.0,)) == 0.0


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


def square_but_for_one_point(x):
    return np.where(x == 1.0, x, x * x)


def test_V16_elementwise_too() -> None:
    """x * x and x meet at 1, where the branch taken has another slope than its neighbours."""
    x = array(1.0, 1.0 + 1e-15, 2.0)
    tangent = in_python(square_but_for_one_point, (x,), (np.ones(3),))[1]
    assert tangent.tolist() == [1.0, 2.0 * x[1], 4.0]


def remainders(s, t):
    return s % t, s // t, np.fmod(s, t), np.mod(s, t)


def test_V17_remainders_have_two_tangents() -> None:
    """d(s % t) = d_s - floor(s/t) d_t; fmod truncates instead."""
    assert slope(remainders, (-7.3, 2.0), (1.0, None)) == (1.0, 0.0, 1.0, 1.0)
    assert slope(remainders, (-7.3, 2.0), (None, 1.0)) == (4.0, 0.0, 3.0, 4.0)
    assert slope(remainders, (7.3, 2.0), (10.0, 1.0)) == (7.0, 0.0, 7.0, 7.0)
    assert slope(remainders, (7.3, -2.0), (10.0, 1.0)) == (14.0, 0.0, 13.0, 14.0)


def remainders_of_arrays(x, y):
    z = x * 1.0
    z %= y
    return z, np.remainder(x, y), x // y, np.floor_divide(x, y), x % 0.75, 5.0 % y


def test_V17_remainders_of_arrays_and_in_place() -> None:
    """Elementwise, in place, and with a number on either side."""
    for kind in (np.float64, np.float32):
        x, y = np.array([-7.3, 7.3], kind), np.array([2.0, -2.0], kind)
        d_x, d_y = np.array([1.0, 1.0], kind), np.array([10.0, 1.0], kind)
        z, function, *steps, by_number, of_number = in_python(
            remainders_of_arrays, (x, y), (d_x, d_y)
        )[1]
        assert z.tolist() == function.tolist() == [41.0, 5.0]
        assert [s.tolist() for s in steps] == [[0.0, 0.0]] * 2
        assert by_number.tolist() == [1.0, 1.0]
        assert of_number.tolist() == [-20.0, 3.0]


def quotient_and_remainder(s):
    return divmod(s, 2.0)[1]


def ieee_remainder(s):
    return math.remainder(s, 2.0)


def fraction(s):
    return math.modf(s)[0]


def test_V17_no_remainder_passes_for_a_step() -> None:
    """`divmod`, `remainder` and `modf` move with what they are the rest of."""
    for function in (quotient_and_remainder, ieee_remainder, fraction):
        assert slope(function, (7.3,), (2.0,)) == 2.0


def singular_values(X):
    return np.linalg.svd(X)[1]


def eigenvalues(X):
    return np.linalg.eigvalsh(X)


def eigenvectors(X):
    return np.linalg.eigh(X)[1]


def general_eigenvalues(X):
    return np.linalg.eigvals(X)


def test_V18_equal_eigenvalues_part_along_a_direction() -> None:
    """They have a slope each, though no vectors of their own; those of the direction tell it."""
    D = np.array([[0.3, 9.0], [0.7, -0.2]])
    lower = np.array([[0.3, 0.7], [0.7, -0.2]])
    assert np.allclose(in_python(eigenvalues, (np.eye(2),), (D,))[1], np.linalg.eigvalsh(lower))
    even = np.linalg.eigvalsh(0.5 * (D + D.T))[::-1]
    assert np.allclose(in_python(singular_values, (np.eye(2),), (D,))[1], even)


def test_V18_what_is_not_determined_is_nan() -> None:
    """Vectors of equal values could be any; along a direction that turns none they stand still."""
    D = np.array([[0.3, 0.7], [0.7, -0.2]])
    turned = in_python(eigenvectors, (np.eye(2),), (D,))[1]
    assert np.isnan(turned).any()
    assert not np.any(in_python(eigenvectors, (np.eye(2),), (np.diag([1.0, 2.0]),))[1])
    assert np.isnan(in_python(general_eigenvalues, (np.eye(2),), (D,))[1]).all()


def sorted_values(X):
    return np.sort(X)


def sorted_along(X):
    return np.sort(X, axis=0)


def sorted_in_place(X):
    X.sort()
    return X


def rows_in_order(X):
    return X[np.argsort(X[:, 0])]


def test_V19_each_row_is_sorted_in_its_own_way() -> None:
    """A rule that permutes the first axis only would be right for vectors and wrong for rows."""
    X, D = np.array([[3.0, 1.0, 2.0], [4.0, 5.0, 4.5]]), np.arange(6.0).reshape(2, 3)
    value, tangent = both_ways(sorted_values, (X,), (D,))
    assert value.tolist() == [[1.0, 2.0, 3.0], [4.0, 4.5, 5.0]]
    assert tangent.tolist() == [[1.0, 2.0, 0.0], [3.0, 5.0, 4.0]]


@pytest.mark.parametrize("function", [sorted_along, sorted_in_place])
def test_V19_other_sorting_moves_what_it_moves(function: Callable[..., object]) -> None:
    """Along another axis, and in place."""
    X, D = np.array([[3.0, 1.0, 2.0], [2.0, 5.0, 1.5]]), np.arange(6.0).reshape(2, 3)
    agrees(function, (X,), (D,))


def test_V19_rows_move_as_they_are_put_in_order() -> None:
    """The order is locally constant, and the tangents of whole rows take the same places."""
    X, D = np.array([[2.0, 1.0], [-1.0, 5.0]]), np.array([[0.3, 0.4], [-2.0, 7.0]])
    assert in_python(rows_in_order, (X,), (D,))[1].tolist() == D[::-1].tolist()
    agrees(rows_in_order, (X,), (D,))


def bubble_sorted(X):
    Y = X.copy()
    for i in range(Y.shape[0]):
        for k in range(1, Y.shape[1]):
            for j in range(Y.shape[1] - k):
                if Y[i, j] > Y[i, j + 1]:
                    Y[i, j], Y[i, j + 1] = Y[i, j + 1], Y[i, j]
    return Y


def test_V19_by_hand_each_tangent_goes_with_its_value() -> None:
    """Rows of a matrix are permuted each in its own way; equal values keep their order."""
    X = np.array([[3.0, 1.0, 2.0], [4.0, 5.0, 4.0]])
    value, tangent = in_python(bubble_sorted, (X,), (np.arange(6.0).reshape(2, 3),))
    assert value.tolist() == [[1.0, 2.0, 3.0], [4.0, 4.0, 5.0]]
    assert tangent.tolist() == [[1.0, 2.0, 0.0], [3.0, 5.0, 4.0]]


def newton(s, p):
    a = s
    while abs(a * a - p) > 1e-13:
        a = 0.5 * (a + p / a)
    return a


def test_V20_the_first_guess_does_not_matter_in_the_end() -> None:
    """A loop that stops when its value has converged leaves a tangent that is nearly converged."""
    assert slope(newton, (1.0, 2.0), (1.0, None)) == pytest.approx(0.0, abs=1e-6)
    assert slope(newton, (1.0, 2.0), (None, 1.0)) == pytest.approx(0.5 / math.sqrt(2), rel=1e-6)


def newton_stopped_early(s, p):
    a = s
    while abs(a * a - p) > 1e-2:
        a = 0.5 * (a + p / a)
    return a


def newton_with_a_last_step(s, p):
    a = s
    while abs(a * a - p) > 1e-2:
        a = 0.5 * (a + p / a)
    for _ in range(2):
        a = 0.5 * (a + p / a)
    return a


def test_V20_the_tangent_is_that_of_the_steps_taken() -> None:
    """A tangent that is a step behind its value is what such a loop has; more steps mend it."""
    early = in_python(newton_stopped_early, (1.0, 2.0), (None, 1.0))[1]
    # Two rounds from 1: a = (1 + p) / 2, then (a + p / a) / 2.
    assert early == pytest.approx(0.5 * (0.5 + 1.0 / 1.5 - 2.0 * 0.5 / 1.5**2), rel=1e-14)
    exact = 0.5 / math.sqrt(2.0)
    assert abs(early - exact) > 1e-3
    mended = in_python(newton_with_a_last_step, (1.0, 2.0), (None, 1.0))[1]
    assert mended == pytest.approx(exact, rel=1e-9)


def adaptive(s, rate):
    t, h, y = 0.0, 0.5, s
    while t < 1.0:
        h = min(h, 1.0 - t)
        once = y * math.exp(-rate * y * h)
        half = y * math.exp(-0.5 * rate * y * h)
        twice = half * math.exp(-0.5 * rate * half * h)
        error = abs(once - twice)
        if error > 1e-3:
            h = h * 0.8 * math.sqrt(1e-3 / error)
            continue
        t = t + h
        y = twice
        h = h * 1.1
    return y


def test_V21_step_control_is_differentiated_as_it_ran() -> None:
    """Step sizes that depend on the solution carry tangents; the controller sees values only."""
    assert "d_h" in differentiate(adaptive, (2.0, 1.5), (True, True), 1).text
    agrees(adaptive, (2.0, 1.5), (1.0, -0.5))


def mantissa_and_exponent(s):
    m, e = math.frexp(s)
    return m, e, m * e


@pytest.mark.parametrize("s", [10.0, -0.3, 1.0, 1e-300, 1e308])
def test_V_the_mantissa_is_the_value_scaled(s: float) -> None:
    """Where the exponent steps, the slope is that of the piece that the value lies on."""
    value, tangent = both_ways(mantissa_and_exponent, (s,), (1.0,))
    m, e = math.frexp(s)
    scale = 2.0**-e
    assert value == (m, e, m * e)
    assert tangent == (scale, 0.0, scale * e)


@pytest.mark.parametrize("s", [0.0, -0.0, math.inf, -math.inf])
def test_V_the_mantissa_of_what_has_none(s: float) -> None:
    """Zero and the infinities are their own mantissa."""
    value, _ = forward_grad(mantissa_and_exponent).jvp((s,), (1.0,))
    assert math.copysign(1.0, value[0]) == math.copysign(1.0, s)
    assert value[0] == s
