"""Derivatives of functions that take derivatives, and of derivatives themselves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numba import njit

from tangent_fwd import TangentError, forward_grad, jvp


@forward_grad
def wave(x):
    return np.sum(np.sin(x) * x)


@forward_grad(argnums=(0, 1))
def product(a, b):
    return a * a * b


@forward_grad
def potential(q, stiffness=2.0):
    total = 0.0
    for i in range(q.size):
        total += stiffness * q[i] ** 3
    return total


@forward_grad
def rooted(x):
    y = (x - 1.0) ** 2
    return math.sqrt(y + 4.0)


@forward_grad
def scaled_in_place(x, s):
    for i in range(x.size):
        x[i] = x[i] * x[i] * s
    return x[0]


def multiplied(a, b):
    return a * b


X, V, U = np.array([0.3, 0.7]), np.array([1.0, 0.5]), np.array([-0.4, 2.0])


def _second(u, v):
    return np.sum(u * v * (2.0 * np.cos(X) - X * np.sin(X)))


def test_the_derivative_of_a_derivative_to_the_third_order():
    twice = forward_grad(wave.tangent)
    (value, slope), (along_u, mixed) = twice.jvp((X, V), (U,))
    assert (value, slope) == wave.jvp((X,), (V,))
    assert along_u == pytest.approx(wave.jvp((X,), (U,))[1], rel=1e-14)
    assert mixed == pytest.approx(_second(U, V), rel=1e-14)
    thrice = forward_grad(twice.tangent)
    found = thrice.jvp((X, V, U), (V,))[1][1][1]
    assert found == pytest.approx(np.sum(V * V * U * (-3.0 * np.sin(X) - X * np.cos(X))), rel=1e-14)
    assert twice.source.count("def ") == 2
    assert list(twice.parameters) == ["x", "d_x"]


def test_the_direction_can_be_active_too():
    both = forward_grad(wave.tangent, argnums=(0, 1))
    slope, (along, mixed) = both.jvp((X, V), (U, V))
    assert slope == wave.jvp((X,), (V,))
    assert along == pytest.approx(wave.jvp((X,), (U,))[1], rel=1e-14)
    assert mixed == pytest.approx(_second(U, V) + slope[1], rel=1e-14)
    by_name = forward_grad(wave.tangent, argnames="d_x")
    assert by_name.jvp((X, V), (U,))[1] == (0.0, pytest.approx(along, rel=1e-14))


def test_a_tangent_that_is_zero_still_changes():
    """`p * d if d != 0.0 else 0.0` alone would say that the slope does not."""
    twice = forward_grad(rooted.tangent)
    assert twice.jvp((1.0, 1.0), (1.0,)) == ((2.0, 0.0), (0.0, 0.5))
    assert rooted.directional2((1.0,), (1.0,)) == (2.0, 0.0, 0.5)
    assert rooted.hessian(1.0) == 0.5


def test_chains_of_roots_do_not_leak_nan_where_nothing_moves():
    twice = forward_grad(forward_grad(lambda x, s: math.sqrt(x) * s, argnums=(0, 1)).tangent)
    assert twice.jvp((0.0, 2.0, 0.0, 1.0), (0.0,)) == ((0.0, 0.0), (0.0, 0.0))


# The first three are those with which perturbation confusion is usually shown (Siskind and
# Pearlmutter: "Perturbation Confusion and Referential Transparency", 2005).


@forward_grad
def siskind(x):
    return x * jvp(lambda y: x + y, (1.0,), (1.0,))[1]


@forward_grad
def of_a_product(x):
    def inner(y):
        return x * y

    return x * jvp(inner, (x,), (1.0,))[1]


@forward_grad
def captured_direction(x):
    return jvp(lambda y: y * y * y, (2.0,), (x,))[1]


@forward_grad
def twice_nested(x):
    def middle(y):
        def inner(z):
            return x * y * z * z

        return y * jvp(inner, (x,), (1.0,))[1]

    return x * jvp(middle, (x,), (1.0,))[1]


@forward_grad
def decorated_inside(x):
    @forward_grad
    def inner(y):
        return x * y * y

    again = forward_grad(inner)
    value, slope = inner.tangent(x, 1.0)
    return value + x * slope + again.jvp((x,), (1.0,))[1] + again(x) + forward_grad(inner)(x)


@forward_grad
def chosen_arguments(x):
    @forward_grad(argnums=(0, 2))
    def inner(a, b, c):
        return a * b * c * x

    by_name = forward_grad(inner, argnames="b")
    return inner.tangent(x, 2.0, 3.0, 1.0, x)[1] + by_name.tangent(x, 2.0, 3.0, 1)[1]


@pytest.mark.parametrize(
    ("function", "value", "slope"),
    [
        (siskind, lambda x: x, lambda x: 1.0),
        pytest.param(of_a_product, lambda x: x * x, lambda x: 2.0 * x, marks=pytest.mark.slow),
        pytest.param(
            captured_direction, lambda x: 12.0 * x, lambda x: 12.0, marks=pytest.mark.slow
        ),
        # inner' = 2 x y z at z = x, so middle = 2 x² y², and the rest is x · 4 x² y at y = x.
        (twice_nested, lambda x: 4.0 * x**4, lambda x: 16.0 * x**3),
        (decorated_inside, lambda x: 5.0 * x**3 + 2.0 * x**2, lambda x: 15.0 * x**2 + 4.0 * x),
        pytest.param(
            chosen_arguments,
            lambda x: 6.0 * x + 2.0 * x**3 + 3.0 * x**2,
            lambda x: 6.0 + 6.0 * x**2 + 6.0 * x,
            marks=pytest.mark.slow,
        ),
    ],
)
def test_no_direction_is_mistaken_for_another(function, value, slope):
    x = 1.7
    assert function(x) == pytest.approx(value(x), rel=1e-14)
    assert function.jvp((x,), (1.0,)) == (
        pytest.approx(value(x), rel=1e-14),
        pytest.approx(slope(x), rel=1e-14),
    )
    step = 1e-4
    curvature = (slope(x + step) - slope(x - step)) / (2.0 * step)
    found = function.directional2((x,), (1.0,))[2]
    assert found == pytest.approx(curvature, rel=1e-6, abs=1e-9)
    twice = forward_grad(function.tangent)
    assert twice.jvp((x, 1.0), (1.0,))[1] == (
        pytest.approx(slope(x), rel=1e-14),
        pytest.approx(found, rel=1e-14, abs=1e-14),
    )
    # What runs without the compiler is the same function.
    assert function.py_func(x) == pytest.approx(value(x), rel=1e-14)


@forward_grad
def leapfrog(q, p, dt):
    """A step that takes its force from the derivative of a potential."""
    unit = np.zeros(q.size)
    for _ in range(3):
        for i in range(q.size):
            unit[i] = 1.0
            p[i] -= dt * potential.tangent(q, 2.0, unit)[1]
            unit[i] = 0.0
        for i in range(q.size):
            q[i] += dt * p[i]
    return potential(q) + 0.5 * np.sum(p * p)


def test_arrays_loops_and_defaults():
    made = forward_grad(leapfrog, argnums=(0, 1))
    q, p = np.array([0.3, 0.4]), np.array([0.1, -0.2])
    d_q, d_p = np.array([1.0, 0.5]), np.array([0.0, -1.0])
    found = made.jvp((q.copy(), p.copy(), 0.1), (d_q.copy(), d_p.copy()))

    def energy(t):
        return leapfrog.py_func(q + t * d_q, p + t * d_p, 0.1)

    assert found[0] == pytest.approx(energy(0.0), rel=1e-14)
    assert found[1] == pytest.approx((energy(1e-5) - energy(-1e-5)) / 2e-5, rel=1e-9)


def test_in_place_functions_move_the_tangent_as_well():
    @forward_grad
    def outer(x, v, s):
        value, slope = scaled_in_place.tangent(x, s, v)
        return value + slope * x[1] + v[1]

    made = forward_grad(outer, argnums=(0, 1))
    x, v = np.array([0.3, 0.7]), np.array([1.0, -2.0])
    d_x, d_v = np.array([0.5, 0.1]), np.array([0.2, 0.3])
    found = made.jvp((x.copy(), v.copy(), 3.0), (d_x.copy(), d_v.copy()))

    def by_hand(t):
        a, b = x + t * d_x, v + t * d_v
        return 3.0 * a[0] ** 2 + 6.0 * a[0] * b[0] * 3.0 * a[1] ** 2 + 6.0 * a[1] * b[1]

    assert found[0] == pytest.approx(by_hand(0.0), rel=1e-14)
    assert found[1] == pytest.approx((by_hand(1e-5) - by_hand(-1e-5)) / 2e-5, rel=1e-9)


def test_several_directions_tuples_and_other_dtypes():
    @forward_grad
    def outer(a):
        value, slope = product.jvp((a, 2.0 * a), (1, a))
        return value, slope

    assert outer.jvp((3.0,), (1.0,)) == ((54.0, 36.0 + 27.0), (54.0, 24.0 + 27.0))
    single = outer.jvp((np.float32(3.0),), (np.float32(1.0),))
    assert single == ((54.0, 63.0), (54.0, 51.0))


def test_a_gradient_through_a_derivative():
    @forward_grad
    def length(v):
        return wave.tangent(X, v)[1] ** 2

    slope = wave.grad(X)
    np.testing.assert_allclose(length.grad(V), 2.0 * (slope @ V) * slope, rtol=1e-14)
    np.testing.assert_allclose(length.hessian(V), 2.0 * np.outer(slope, slope), rtol=1e-14)


def test_the_compiled_derivative_of_a_derivative_in_compiled_code():
    twice = forward_grad(wave.tangent)

    @njit
    def run(x, v, u):
        return twice.tangent(x, v, u)[1][1] + twice(x, v)[1]

    assert run(X, V, U) == pytest.approx(_second(U, V) + wave.jvp((X,), (V,))[1], rel=1e-14)


def _refused(function, *args):
    with pytest.raises(TangentError) as caught:
        forward_grad(function).jvp(args, tuple(np.ones_like(a) for a in args[:1]))
    return str(caught.value)


def test_what_cannot_be_understood_is_refused_at_its_place():
    def by_tuple(x, ways):
        return wave.jvp((x,), ways)[1]

    assert "written out" in _refused(by_tuple, X, (V,))

    def too_few(x):
        return wave.tangent(x)[1]

    assert "a tangent for each of `x`, got 0" in _refused(too_few, X)

    def other_shape(x):
        return wave.tangent(x, 1.0)[1]

    assert "the tangent of `x` of `wave` is float64" in _refused(other_shape, X)

    def of_an_integer(x):
        return x * product.tangent(2, 3.0, 1.0, 0.0)[1]

    assert "with respect to `a`: it is int64" in _refused(of_an_integer, 1.0)

    def gradients(x):
        return wave.grad(x)[0]

    assert "grad" in _refused(gradients, X)

    def without_none(x):
        return jvp(multiplied, (x, x), (1.0,))[1]

    assert "2 primals takes as many tangents, got 1" in _refused(without_none, 1.0)

    def unknown(x, f):
        return jvp(f, (x,), (1.0,))[1]

    assert "a function that is known here" in _refused(unknown, 1.0, 2.0)
