"""Hessians and their products with directions."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest

from tangent_fwd import forward_grad, hessian, hvp
from tests import oracle
from tests.harness import programs
from tests.inputs import fresh, inputs

Layer = namedtuple("Layer", "weights bias count")


@forward_grad
def rosenbrock(x):
    total = 0.0
    for i in range(x.size - 1):
        total += (1.0 - x[i]) ** 2 + 100.0 * (x[i + 1] - x[i] ** 2) ** 2
    return total


def _hessian_of_rosenbrock(x):
    found = np.zeros((x.size, x.size))
    for i in range(x.size - 1):
        found[i, i] += 2.0 - 400.0 * (x[i + 1] - x[i] ** 2) + 800.0 * x[i] ** 2
        found[i + 1, i + 1] += 200.0
        found[i, i + 1] -= 400.0 * x[i]
        found[i + 1, i] -= 400.0 * x[i]
    return found


@forward_grad(argnums=(0, 1))
def layered(layer, s):
    return np.sum(layer.weights * layer.weights) * layer.bias * s * layer.count


@forward_grad
def in_place(x):
    total = 0.0
    for i in range(x.size):
        x[i] = x[i] * x[i]
        total += x[i] * x[0]
    return total


def squares(x):
    return x * x


@pytest.mark.parametrize("size", [1, 2, 3, 8, 9, 17])
def test_hessian_and_product_of_sizes_that_fill_no_whole_pass(size):
    x, v = np.linspace(0.2, 1.3, size), np.cos(np.arange(size))
    expected = _hessian_of_rosenbrock(x)
    found = rosenbrock.hessian(x)
    np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-12)
    assert (found == found.T).all()
    assert (found[expected == 0.0] == 0.0).all()
    for direction in (v, (v,), [v]):
        value, product = rosenbrock.hvp((x,), direction)
        assert value == rosenbrock(x)
        np.testing.assert_allclose(product, expected @ v, rtol=1e-13, atol=1e-11)
    if size > 1:
        assert rosenbrock.directional2((x,), (v,))[2] == pytest.approx(v @ expected @ v)


def test_small_mixed_derivatives_are_not_lost_beside_large_ones():
    """A quarter of a difference of curvatures along x + y and x − y would lose them."""
    made = forward_grad(lambda x: 1e20 * (x[0] ** 2 + x[1] ** 2) + 3.0 * x[0] * x[1] + x[2] ** 2)
    assert made.hessian(np.ones(3))[0, 1] == 3.0
    assert made.hvp((np.ones(3),), np.array([0.0, 1.0, 0.0]))[1].tolist() == [3.0, 2e20, 0.0]


def test_structures_follow_the_arguments():
    weights = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    layer = Layer(weights, 2.0, 3)
    found = layered.hessian(layer, 0.5)
    by_layer, by_scale = found
    assert type(by_layer) is Layer and type(by_layer.weights[0]) is Layer
    assert by_layer.count is None and by_layer.weights[0].count is None
    np.testing.assert_array_equal(by_layer.weights[0].weights, 6.0 * np.eye(6).reshape(2, 3, 2, 3))
    np.testing.assert_array_equal(by_layer.weights[0].bias, 3.0 * weights)
    np.testing.assert_array_equal(by_layer.bias[0].weights, 3.0 * weights)
    assert by_layer.bias[1] == by_scale[0].bias == 3.0 * 55.0
    assert by_scale[1] == 0.0
    value, (product, along_scale) = layered.hvp((layer, 0.5), (layer._replace(bias=1.0), 0.0))
    assert value == layered(layer, 0.5)
    np.testing.assert_array_equal(product.weights, 9.0 * weights)
    assert product.count is None and (product.bias, along_scale) == (330.0 / 2, 825.0)


def test_scalars_other_dtypes_and_nothing_at_all():
    assert hessian(lambda x: x**3)(2.0) == 12.0
    assert hvp(lambda a, b: a * a * b, (2.0, 3.0), (1.0, None)) == (12.0, 6.0)
    assert hvp(forward_grad(lambda a: a**3), (2.0,), (1.0,)) == (8.0, 12.0)
    by_both = hessian(lambda a, b: a * a * b, argnums=(0, 1))
    assert by_both(2.0, 3.0) == ((6.0, 4.0), (4.0, 0.0))
    assert hessian(lambda x: np.sum(x))(np.zeros((0, 2))).shape == (0, 2, 0, 2)
    narrow = hessian(lambda x: np.sum(x * x))(np.ones(2, np.float32))
    assert narrow.dtype == np.float32 and narrow.tolist() == [[2.0, 0.0], [0.0, 2.0]]
    assert hessian(rosenbrock) == rosenbrock.hessian


def test_out_is_written_in_place_and_must_fit():
    x = np.linspace(0.2, 1.3, 4)
    room = np.full((4, 8), np.nan)[:, ::2]
    assert rosenbrock.hessian(x, out=room) is room
    np.testing.assert_array_equal(room, rosenbrock.hessian(x))
    by_both = hessian(lambda a, b: a * a * b, argnums=(0, 1))
    rooms = tuple(tuple(np.full((), np.nan) for _ in range(2)) for _ in range(2))
    assert by_both(2.0, 3.0, out=rooms) is rooms
    assert [float(r) for row in rooms for r in row] == [6.0, 4.0, 4.0, 0.0]
    with pytest.raises(ValueError, match=r"hessian`: out has shape \(4,\), expected \(4, 4\)"):
        rosenbrock.hessian(x, out=np.empty(4))
    with pytest.raises(ValueError, match="hessian`: out shares memory"):
        rosenbrock.hessian(room[0], out=room)


def test_a_direction_of_another_layout():
    x, v = np.linspace(0.2, 1.3, 4), np.arange(8.0)
    product = rosenbrock.hvp((x,), v[::2])[1]
    np.testing.assert_array_equal(product, rosenbrock.hvp((x,), v[::2].copy())[1])
    assert v.tolist() == list(range(8))


def test_a_written_argument_is_left_as_one_call_leaves_it():
    start = np.linspace(0.5, 1.5, 10)
    expected = np.diag(np.full(10, 2.0 * start[0] ** 2))
    expected[0, :] = expected[:, 0] = 4.0 * start[0] * start
    expected[0, 0] = 12.0 * start[0] ** 2 + 2.0 * np.sum(start[1:] ** 2)
    x = start.copy()
    np.testing.assert_allclose(in_place.hessian(x), expected, rtol=1e-14)
    np.testing.assert_array_equal(x, start * start)
    x, v = start.copy(), np.cos(np.arange(10.0))
    np.testing.assert_allclose(in_place.hvp((x,), v)[1], expected @ v, rtol=1e-13)
    np.testing.assert_array_equal(x, start * start)
    np.testing.assert_array_equal(v, np.cos(np.arange(10.0)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: hessian(squares)(np.ones(2)), r"one float.*array\(float64"),
        (lambda: rosenbrock.hvp(np.ones(2), np.ones(2)), "must be the tuple of all arguments"),
        (lambda: rosenbrock.hvp((np.ones(2),), ()), "the tangent of `x` must be an array"),
        (lambda: rosenbrock.hvp((np.ones(2),), np.ones(2, np.float32)), "has dtype float32"),
        (lambda: rosenbrock.hessian(np.arange(3)), "cannot differentiate"),
        (lambda: hvp(squares, (1.0,), 1.0), "one entry for each of primals"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(TypeError, match=message):
        call()


@pytest.mark.parametrize("name", ["rosenbrock", "quadratic_form"])
def test_programs_agree_with_differences_of_the_gradient(name):
    (function,) = (f for _, f in programs() if f.__name__ == name)
    args = inputs(function)
    made = forward_grad(function)
    shape = np.shape(args[0])
    found = np.asarray(made.hessian(*fresh(args)))
    for k in range(np.size(args[0])):
        unit = np.zeros(np.size(args[0]))
        unit[k] = 1.0
        way = unit.reshape(shape) if shape else 1.0
        answer = oracle.extrapolated_difference(
            lambda *a: made.grad(*a), args, (way, *(None for _ in args[1:])), 0.01
        )
        column = (..., *(np.unravel_index(k, shape) if shape else ()))
        assert oracle.distance(found[column], answer.value) < max(1e-8, 10.0 * answer.error)
