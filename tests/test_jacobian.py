"""Whole Jacobians, from unit directions."""

from __future__ import annotations

import tracemalloc
from collections import namedtuple

import numpy as np
import pytest

from tangent_fwd import forward_grad, jacfwd, stop_gradient
from tests import oracle
from tests.harness import programs
from tests.inputs import fresh, inputs

Pair = namedtuple("Pair", "a b count")


@forward_grad
def twisted(x):
    return np.sin(x) * x[0]


@forward_grad(argnums=(0, 1))
def several(pair, s):
    y = pair.a * s
    return y, Pair(pair.b * s, y[0, 0], pair.count)


@forward_grad
def doubled(x):
    total = np.empty(3)
    for i in range(x.size):
        x[i] = x[i] * x[i]
    for i in range(3):
        total[i] = x[i] * x[0]
    return total


def _expected(x):
    found = np.diag(np.cos(x) * x[0])
    found[:, 0] += np.sin(x)
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 17])
def test_it_is_exact_for_sizes_that_fill_no_whole_pass(size):
    x = np.linspace(0.3, 2.0, size)
    np.testing.assert_allclose(twisted.jacobian(x), _expected(x), rtol=1e-15, atol=1e-15)


def test_what_comes_back_may_be_the_argument_itself_or_a_view_of_it():
    def part(x):
        return x[1:]

    def written(x):
        x[0] *= 2.0
        return x, x[::-1]

    x = np.linspace(1.0, 2.0, 9)
    np.testing.assert_array_equal(forward_grad(part).jacobian(x), np.eye(9)[1:])
    wanted = np.diag([2.0, *np.ones(8)])
    whole, turned = forward_grad(written).jacobian(x.copy())
    np.testing.assert_array_equal(whole, wanted)
    np.testing.assert_array_equal(turned, wanted[::-1])


@pytest.mark.parametrize("order", ["C", "F", "A"])
def test_the_shape_is_that_of_the_result_and_that_of_the_argument(order):
    x = np.arange(6.0).reshape(2, 3)
    x = np.repeat(x, 2, axis=0)[::2] if order == "A" else np.array(x, order=order)
    weights = np.arange(8.0).reshape(4, 2)
    made = forward_grad(lambda x, w: w @ x)
    found = made.jacobian(x, weights)
    assert found.shape == (4, 3, 2, 3)
    np.testing.assert_array_equal(found, np.einsum("ia,jb->ijab", weights, np.eye(3)))


def test_scalars_give_numbers():
    square = forward_grad(lambda x: x * x)
    assert square.jacobian(3.0) == 6.0
    assert type(square.jacobian(3.0)) is float
    assert type(square.jacobian(np.float32(3.0))) is np.float32
    spread = forward_grad(lambda s, x: s * s * x)
    assert spread.jacobian(3.0, np.ones(2)).tolist() == [6.0, 6.0]
    total = forward_grad(lambda x: np.sum(x * x))
    assert total.jacobian(np.array([1.0, 2.0])).tolist() == [2.0, 4.0]
    assert total.jacobian(np.zeros((0, 2))).shape == (0, 2)
    assert twisted.jacobian(np.ones(2, np.float32)).dtype == np.float32


def test_tuples_on_both_sides():
    pair = Pair(np.arange(6.0).reshape(2, 3), 2.0, 7)
    first, second = several.jacobian(pair, 0.5)
    moved, by_scale = first
    assert type(second) is Pair and type(moved) is Pair
    np.testing.assert_array_equal(moved.a, 0.5 * np.eye(6).reshape(2, 3, 2, 3))
    np.testing.assert_array_equal(moved.b, np.zeros((2, 3)))
    assert moved.count is None and second.count is None
    np.testing.assert_array_equal(by_scale, pair.a)
    assert second.a[0].b == 0.5 and second.a[1] == 2.0
    assert second.b[0].a[0, 0] == 0.5 and second.b[0].a.sum() == 0.5 and second.b[1] == 0.0


def test_out_is_written_in_place():
    x = np.linspace(0.3, 2.0, 11)
    for room in (np.full((11, 11), np.nan), np.full((11, 22), np.nan)[:, ::2]):
        assert twisted.jacobian(x, out=room) is room
        np.testing.assert_allclose(room, _expected(x), rtol=1e-15, atol=1e-15)
    swap = forward_grad(lambda x: (2.0 * x, np.sum(x)))
    rooms = np.empty((2, 2)), np.empty(2)
    assert swap.jacobian(np.ones(2), out=rooms) is rooms
    assert rooms[0].tolist() == [[2.0, 0.0], [0.0, 2.0]] and rooms[1].tolist() == [1.0, 1.0]
    number = np.empty(())
    assert forward_grad(lambda x: x * x).jacobian(3.0, out=number) is number
    assert number == 6.0


def _locked(shape):
    room = np.empty(shape)
    room.flags.writeable = False
    return room


@pytest.mark.parametrize(
    ("room", "error", "message"),
    [
        (np.empty(3), ValueError, r"out has shape \(3,\), expected \(2, 2\)"),
        (np.empty((2, 2), np.float32), TypeError, "out has dtype float32, expected float64"),
        ([[1.0]], TypeError, r"out must be an array of shape \(2, 2\), got list"),
        ((np.empty(2),), TypeError, r"out must be an array of shape \(2, 2\), got tuple"),
        (_locked((2, 2)), ValueError, "out is read-only"),
    ],
)
def test_what_does_not_fit_is_refused(room, error, message):
    with pytest.raises(error, match=f"jacobian`: {message}"):
        twisted.jacobian(np.ones(2), out=room)


def test_parts_of_out_are_named_and_must_be_apart():
    swap = forward_grad(lambda x: (2.0 * x, np.sum(x)))
    with pytest.raises(TypeError, match="out must be a tuple of 2, got 1"):
        swap.jacobian(np.ones(2), out=(np.empty((2, 2)),))
    with pytest.raises(ValueError, match=r"out\[1\] has shape \(3,\)"):
        swap.jacobian(np.ones(2), out=(np.empty((2, 2)), np.empty(3)))
    memory = np.ones(6)
    with pytest.raises(ValueError, match="shares memory"):
        twisted.jacobian(memory[:2], out=memory[1:5].reshape(2, 2))
    with pytest.raises(ValueError, match="shares memory"):
        swap.jacobian(np.ones(2), out=(memory[:4].reshape(2, 2), memory[3:5]))


def test_a_function_without_floats_has_none():
    with pytest.raises(TypeError, match=r"returns floats.*returns int64"):
        forward_grad(lambda x: x.size).jacobian(np.ones(2))


def test_a_written_argument_is_left_as_one_call_leaves_it():
    x = np.arange(1.0, 12.0)
    found = doubled.jacobian(x)
    assert x.tolist() == [k * k for k in range(1, 12)]
    expected = np.zeros((3, 11))
    for i in range(3):
        expected[i, i] += 2.0 * (i + 1)
        expected[i, 0] += 2.0 * (i + 1) ** 2
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_keywords_defaults_and_the_twin():
    def powers(x, n=2):
        return x**n

    x = np.array([1.0, 2.0])
    assert forward_grad(powers).jacobian(x=x).tolist() == [[2.0, 0.0], [0.0, 4.0]]
    assert jacfwd(powers)(x, n=3).tolist() == [[3.0, 0.0], [0.0, 12.0]]
    assert jacfwd(twisted) == twisted.jacobian
    by_both = jacfwd(lambda a, b: a * b, argnums=(0, 1))
    assert by_both(2.0, 5.0) == (5.0, 2.0)


def test_what_is_stopped_gives_zeros():
    assert jacfwd(lambda x: stop_gradient(x) * 2.0)(np.ones(2)).tolist() == [[0.0, 0.0]] * 2


def test_memory_beyond_the_result_is_that_of_one_pass():
    size = 400
    x = np.linspace(0.0, 1.0, size)
    room = np.empty((size, size))
    twisted.jacobian(x, out=room)
    tracemalloc.start()
    twisted.jacobian(x, out=room)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < room.nbytes / 8


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("rk4_step", marks=pytest.mark.slow),
        "log_softmax",
        "row_and_column",
        "three_returned",
    ],
)
def test_programs_agree_with_the_oracle(name):
    (function,) = (f for _, f in programs() if f.__name__ == name)
    args = inputs(function)
    found = forward_grad(function).jacobian(*fresh(args))
    size = np.size(args[0])
    for k in range(size):
        unit = np.zeros(size)
        unit[k] = 1.0
        way = unit.reshape(np.shape(args[0])) if np.ndim(args[0]) else 1.0
        wanted = oracle.tangent(function, args, (way, *(None for _ in args[1:]))).value
        index = np.unravel_index(k, np.shape(args[0])) if np.ndim(args[0]) else ()
        column = _columns(found, index)
        assert oracle.distance(column, wanted) < 1e-9


def _columns(found, index):
    if isinstance(found, tuple):
        return tuple(_columns(part, index) for part in found)
    column = (..., *index)
    return found[column] if isinstance(found, np.ndarray) else found
