"""Functions as arguments of the function that is differentiated: settled, one text for each."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest

from tangent_fwd import forward_grad
from tests import oracle

X = np.array([0.3, 0.8, 1.2])
WAY = np.array([1.0, -1.0, 0.5])


@numba.njit
def squared(a):
    return a * a


def cubed(a):
    return a**3


@forward_grad
def waved(a):
    return a * math.sin(a)


def _applied(g, x, n=2, h=cubed):
    total = 0.0
    for v in x:
        for _ in range(n):
            v = g(v) * 0.5
        total += h(v)
    return total


applied = forward_grad(_applied, argnums=1)


@pytest.mark.parametrize(
    "given",
    [squared, waved, lambda a: a * a + 1.0, math.exp],
    ids=["njit", "ours", "plain", "math"],
)
def test_each_function_has_a_derivative_of_its_own(given: Callable[..., Any]) -> None:
    """By jvp and as a call; a default that is a function is settled, too."""
    plain = getattr(given, "py_func", given)
    value, slope = applied.jvp((given, X), (WAY,))
    (way,) = (WAY,)
    wanted = oracle.extrapolated_difference(lambda x: _applied(plain, x), (X,), (way,), 0.005)
    assert oracle.distance(value, _applied(plain, X)) < 1e-12
    assert oracle.distance(slope, wanted.value) < 1e-9
    assert oracle.distance(applied(given, X), value) < 1e-12


def test_every_way_of_asking_takes_functions() -> None:
    _, slope = applied.jvp((squared, X, 1, squared), (WAY,))
    gradient = X**3
    assert np.allclose(applied.grad(squared, X, 1, h=squared), gradient)
    assert np.allclose(applied.jacobian(squared, X, 1, squared), gradient)
    assert np.allclose(applied.hessian(squared, X, 1, squared), np.diag(3.0 * X**2))
    assert np.allclose(applied.hvp((squared, X, 1, squared), WAY)[1], 3.0 * X**2 * WAY)
    *_, curved = applied.directional2((squared, X, 1, squared), (WAY,))
    assert np.isclose(curved, np.sum(3.0 * X**2 * WAY**2))
    assert np.isclose(slope, gradient @ WAY)
    assert "def _applied_squared_squared_jvp(x, n, d_x):" in applied.source
    assert applied.source_for(squared, X, 1, squared) == applied.source
    assert applied.report().compiled


def test_inside_compiled_code() -> None:
    """A dispatcher and a decorated function are arguments there, and have types of their own."""

    @numba.njit
    def asked(x, way):
        first = applied.tangent(squared, x, 1, squared, way)
        second = applied.tangent(waved, x, 1, squared, way)
        return first, second, applied(waved, x, 1, squared)

    first, second, value = asked(X, WAY)
    assert np.allclose(first, applied.jvp((squared, X, 1, squared), (WAY,)))
    assert np.allclose(second, applied.jvp((waved, X, 1, squared), (WAY,)))
    assert value == second[0]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (functools.partial(cubed), "numba cannot take `g`, which is a functools.partial"),
        (numba.cfunc("float64(float64)")(cubed), "`g` is a compiled function without Python"),
    ],
    ids=["partial", "cfunc"],
)
def test_what_has_no_source_is_refused(given: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        applied.jvp((given, X), (WAY,))


def test_a_function_has_no_tangent() -> None:
    with pytest.raises(TypeError, match=r"with respect to `g`: .*choose another with argnums"):
        forward_grad(_applied).jvp((squared, X), (WAY,))


@numba.njit
def root(f, x, slope=None, args=()):
    for _ in range(40):
        if slope is not None:
            step = f(x, *args) / slope(x, *args)
        else:
            step = f(x, *args) * 1e-6 / (f(x + 1e-6, *args) - f(x, *args))
        x -= step
        if abs(step) < 1e-15:
            break
    return x


def _beyond(x, a):
    return x**3 - a


def _three_squares(x, a):
    return 3.0 * x * x


def test_a_function_that_may_be_left_out_is_asked_whether_it_is_there() -> None:
    """Solvers take `None` for a derivative; what they would do with the other is never reached."""
    ways = (
        lambda a: root(_beyond, 1.5, None, (a,)),
        lambda a: root(_beyond, 1.5, args=(a,)),
        lambda a: root(_beyond, 1.5, _three_squares, (a,)),
    )
    for way in ways:
        value, slope = forward_grad(way).jvp((2.0,), (1.0,))
        assert value == pytest.approx(2.0 ** (1 / 3), rel=1e-14)
        assert slope == pytest.approx(2.0 ** (-2 / 3) / 3, rel=1e-6)


@numba.njit
def scaled(f, x, factor=2.0, *more):
    return f(x, *more) * factor


def test_a_function_before_a_default_and_what_follows_it() -> None:
    """`func_params` behind `tol=1e-6` is how solvers pass parameters on."""
    value, slope = forward_grad(lambda a: scaled(_beyond, 2.0, 0.5, a)).jvp((3.0,), (1.0,))
    assert (value, slope) == (2.5, -0.5)
