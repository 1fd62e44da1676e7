"""Functions that write to an argument, called from compiled code with memory that is shared."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit
from numba.typed import Dict, List

from tangent_fwd import forward_grad
from tangent_fwd.backend.support import OVERLAP


@forward_grad(argnums=(0, 1))
def doubled(x, y):
    x *= 2.0
    y += x
    return np.sum(x * y)


@forward_grad
def stacked(xs, a):
    xs[0][0] = 2.0 * a[0]
    xs[1][1] += a[1]
    total = 0.0
    for x in xs:
        total += np.sum(x * a)
    return total


@forward_grad(argnums=(0, 1))
def filled(d, e, a):
    d[0] = 2.0 * a
    e[0] += d[0]
    return d[0] * e[0]


@forward_grad(argnums=(0,))
def stepped(pair, rate=0.5):
    """Of the arrays in a tuple; also with a default that is left out."""
    x, y = pair
    x += rate * y
    return np.sum(x * y)


@njit
def tangents(x, y, d_x, d_y):
    return doubled.tangent(x, y, d_x, d_y)[1]


X = np.arange(1.0, 6.0)


def test_memory_that_is_apart_gives_the_numbers_of_a_call_from_python():
    Y, U, V = X[::-1].copy(), np.ones(5), np.full(5, 0.5)
    expected = doubled.jvp((X.copy(), Y.copy()), (U.copy(), V.copy()))[1]
    assert tangents(X.copy(), Y.copy(), U.copy(), V.copy()) == expected
    columns = np.stack((X, Y, U, V), axis=1)  # whose elements lie between each other
    assert tangents(*columns.T) == expected


def test_blocks_of_one_matrix_are_told_apart():
    """Side by side their rows lie between each other; `overlap` never misses what is shared."""
    scope = {"njit": lambda **options: lambda function: function}
    exec(OVERLAP, scope)
    overlap = scope["overlap"]
    whole = np.zeros((9, 11))
    for matrix in (whole, whole.T, whole[::-1], whole[:, ::2], np.asfortranarray(whole)):
        assert not overlap(matrix[:, :3], matrix[:, 3:])
        assert not overlap(matrix[1:4, 4:], matrix[:, :4])
        assert not overlap(matrix[:4], matrix[4:])
        assert overlap(matrix[:5, :4], matrix[4:, 3:])
    rng = np.random.default_rng(0)
    for _ in range(2_000):
        parts = []
        for _ in range(2):
            (a, b), (c, d) = (np.sort(rng.integers(0, size + 1, 2)) for size in whole.shape)
            step = rng.choice([-1, 1, 2], 2)
            parts.append(whole[a:b, c:d][:: step[0], :: step[1]])
        assert overlap(*parts) or not np.shares_memory(*parts)


@pytest.mark.parametrize(
    ("places", "named"),
    [
        ((0, 0, 1, 2), "`x` is written to and shares memory with `y`"),
        ((0, 1, 2, 2), "the tangent of `x` is written to and shares memory with the tangent"),
        ((0, 1, 0, 2), "`x` is written to and shares memory with the tangent of `x`"),
        ((0, 1, 2, 0), "`x` is written to and shares memory with the tangent of `y`"),
    ],
)
def test_an_array_given_twice(places, named):
    arrays = [X + k for k in range(3)]
    given = [arrays[k] for k in places]
    with pytest.raises(ValueError, match=named):
        doubled.jvp(tuple(given[:2]), tuple(given[2:]))
    with pytest.raises(ValueError, match=named):
        tangents(*given)
    assert all(np.array_equal(array, X + k) for k, array in enumerate(arrays))


@njit
def _parts(z, d):
    return doubled.tangent(z[:4], z[1:], d[:4].copy(), d[1:].copy())[1]


@njit
def _pairs(z, d):
    return doubled.jvp((z, z), (d, d.copy()))[1]


@njit
def _curved(z, d):
    return doubled.directional2((z, z), (d, d.copy()))[1]


@njit
def _value(z, d):
    return doubled(z, z)


@njit
def _tuple(z, d):
    return stepped.tangent((z, z), 0.5, (d, d.copy()))[1]


@njit
def _default(z, d):
    return stepped((z, z))


@njit
def _rows(z, d):
    return stacked.tangent([z, z], d, [d.copy(), d.copy()])[1]


@njit
def _rows_and_another(z, d):
    return stacked.tangent([z, z.copy()], z, [d.copy(), d.copy()])[1]


@njit
def _list(z, d):
    numbers = [1.0, 2.0]
    return filled.tangent(numbers, numbers, 1.0, [1.0, 0.0], [0.0, 1.0])[1]


TWO = "two of its arrays share memory"
OTHER = "is written to and shares memory with"


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (_parts, OTHER), (_pairs, OTHER), (_curved, OTHER), (_value, OTHER), (_tuple, TWO),
        (_default, TWO), (_rows, TWO), (_rows_and_another, "`xs` is written to and shares memory"),
        (_list, "`d` is written to and shares memory with `e`"),
    ],
)  # fmt: skip
def test_every_way_in(call, named):
    z = X.copy()
    with pytest.raises(ValueError, match=named):
        call(z, np.ones(5))
    assert np.array_equal(z, X)


@pytest.mark.slow
def test_typed_lists_and_dicts():
    @njit
    def run(d, e, u, v):
        return filled.tangent(d, e, 1.0, u, v)[1]

    numbers = Dict()
    numbers[0] = 3.0
    for one in (List([3.0]), numbers):
        assert run(one.copy(), one.copy(), one.copy(), one.copy()) == 6.0
        with pytest.raises(ValueError, match="`d` is written to and shares memory with `e`"):
            run(one, one, one.copy(), one.copy())
        with pytest.raises(ValueError, match="the tangent of `d` is written to"):
            run(one, one.copy(), *[one.copy()] * 2)


def test_what_is_only_read_may_be_one_array():
    @forward_grad(argnums=(0, 1))
    def product(x, y):
        return np.sum(x * y * y)

    @njit
    def run(x):
        return product.tangent(x, x, x, x)[1]

    assert run(X) == 3.0 * np.sum(X**3)
