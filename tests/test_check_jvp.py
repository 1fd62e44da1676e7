"""`check_jvp` accepts what is right and names what is wrong."""

from __future__ import annotations

import math
from collections import namedtuple

import numpy as np
import pytest

from tangent_fwd import forward_grad
from tangent_fwd.testing import check_jvp

Point = namedtuple("Point", "x y n")


@forward_grad(argnums=(0, 1))
def mixed(x, y):
    return math.exp(x) * math.sqrt(y)


@forward_grad
def shifted(x, k):
    for i in range(x.size):
        x[i] = x[i] * x[i] + k
    return x[0]


def test_agreement_gives_a_table():
    check = check_jvp(mixed, (0.3, 2.0))
    assert check.passed
    assert [row.direction for row in check.rows] == ["", "`x`", "`y`", "`x` and `y`", "zero"]
    assert all(row.error < 1e-11 for row in check.rows)
    assert str(check).startswith("jvp of `mixed` against extrapolated differences: all agree")


def test_a_wrong_derivative_is_found_for_each_argument_alone():
    # The differences are of another function, whose slope along y has the other sign.
    with pytest.raises(AssertionError) as error:
        check_jvp(mixed, (0.3, 2.0), reference=lambda x, y: math.exp(x) * (2 / y) ** 0.5 * 2**0.5)
    told = str(error.value)
    assert "2 of 5 comparisons differ" in told
    assert "ok    tangent of the value along `x`" in told
    assert "WRONG tangent of the value along `y`" in told


def test_a_wrong_value_is_found():
    with pytest.raises(AssertionError, match="WRONG the value"):
        check_jvp(mixed, (0.3, 2.0), reference=lambda x, y: math.exp(x) * math.sqrt(y) + 1.0)


def test_kinks_and_jumps_do_not_pass_in_silence():
    with pytest.raises(AssertionError, match="WRONG"):
        check_jvp(lambda x: abs(x), (0.0,))
    with pytest.raises(AssertionError, match="do not settle"):
        check_jvp(lambda x: 1.0 + x if x > 1e-9 else x, (0.0,))


def test_steps_that_leave_the_domain_are_left_out():
    check_jvp(lambda x: math.log(x), (1e-2,))
    check_jvp(lambda x: math.sqrt(x), (1e-3,))


def test_written_arguments_are_compared_too():
    check = check_jvp(shifted, (np.array([1.0, 2.0]), 3))
    outputs = {row.output for row in check.rows}
    assert outputs == {"the value", "`x` after the call"}
    assert shifted.jvp((np.ones(1), 3), (np.ones(1),)) == (4.0, 2.0)


def test_structures_and_single_precision():
    @forward_grad
    def f(point):
        return point.x * point.y[0] * point.n, point.x + point.y[1]

    check_jvp(f, (Point(1.5, np.array([2.0, 3.0]), 4),))

    @forward_grad
    def g(x):
        total = x[0] * x[1]
        for i in range(x.size):
            total += x[i] * x[i]
        return total

    check = check_jvp(g, (np.array([1.5, 2.5], dtype=np.float32),))
    assert all(row.error < 1e-5 for row in check.rows)

    @forward_grad
    def h(x):
        return x.astype(np.float32).sum()

    assert check_jvp(h, (np.linspace(0.5, 1.5, 5),)).passed


def test_a_plain_function_is_decorated_first():
    def f(x, n=2):
        return x**n

    assert check_jvp(f, (3.0,)).passed
