"""Known traps of arrays: aliasing, mutation, shadows, sizes 0 and 1."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from tangent_fwd import ActivityError, TangentError, forward_grad
from tests.trap_support import array, both_ways, slope


def shifted_then_changed(x):
    y = x + 1.0
    y[0] = 5.0
    y[1] *= 3.0
    return x * y


def renamed_then_changed(x):
    y = 1.0 * x
    z = y.copy()
    z *= 2.0
    return y + 10.0 * z


def test_A1_changing_a_result_leaves_its_source_alone() -> None:
    """The tangent of x + 1 equals that of x, but must not be the same array."""
    x, d = array(1.0, 2.0, 3.0), array(1.0, 1.0, 1.0)
    assert slope(shifted_then_changed, (x,), (d,)).tolist() == [5.0, 15.0, 7.0]
    assert d.tolist() == [1.0, 1.0, 1.0]
    assert slope(renamed_then_changed, (x,), (d,)).tolist() == [21.0, 21.0, 21.0]


def scalar_alias(s, t):
    a = s
    s = s * t
    return a + 10.0 * s


def array_alias(x, s):
    a = x.copy()
    c = a
    c[0] = s
    return a


def test_A1_names_of_the_same_object() -> None:
    """An alias sees the change, a rebound name does not."""
    assert slope(scalar_alias, (2.0, 3.0), (1.0, 0.0)) == 31.0
    assert slope(array_alias, (array(1.0, 2.0), 7.0), (array(1.0, 1.0), 5.0)).tolist() == [5, 1]


def through_views(X, s):
    a = X.copy()
    a[1][2] = s
    a[:, 0][0] = 2.0 * s
    v = a.T
    v[1] = v[0]
    u = a.ravel()
    u[3] = s * s
    return a


def test_A2_the_shadow_of_a_view_is_a_view() -> None:
    """A store through a row, a column, a transpose or a flat view reaches the array's tangent."""
    X = np.arange(1.0, 7.0).reshape(2, 3)
    value, tangent = both_ways(through_views, (X, 3.0), (np.ones((2, 3)), 10.0))
    assert value.tolist() == [[6.0, 6.0, 3.0], [9.0, 4.0, 3.0]]
    assert tangent.tolist() == [[20.0, 20.0, 1.0], [60.0, 1.0, 10.0]]


def overwritten(x, s):
    x = x * x
    x = x * x
    a = x.copy()
    for i in range(a.size):
        a[i] = a[i] * s
        a[i] *= a[i]
    a[1:] = a[:-1] * s
    return a


def squared_in_place(x):
    x *= x
    return np.sum(x)


def test_A3_old_values_are_used_before_they_are_gone() -> None:
    """a *= a at a = 2 has slope 4 (8 where the product comes first)."""
    x, s = array(1.5, -0.5, 2.0), 1.2
    value = x**8 * s**2
    assert slope(overwritten, (x, s), (None, 1.0)).tolist() == pytest.approx(
        [2 * value[0] / s, 3 * value[0], 3 * value[1]], rel=1e-14
    )
    d = array(1.0, 0.0, 1.0)
    assert slope(squared_in_place, (array(2.0, 3.0, 5.0),), (d,)) == 14.0


def shifted_over_itself(x, s):
    a = x.copy()
    a[1:] = a[:-1] * s
    a[:-1] += a[1:]
    return a


def test_A3_slices_shifted_over_themselves() -> None:
    """NumPy reads the whole right side first; a loop that forgets this smears one element."""
    x, d = array(1.0, 2.0, 3.0), array(1.0, 10.0, 100.0)
    value, tangent = both_ways(shifted_over_itself, (x, 2.0), (d, None))
    assert value.tolist() == [3.0, 6.0, 4.0]
    assert tangent.tolist() == [3.0, 22.0, 20.0]


def row_from_its_column(A):
    A[1] = A[:, 2]
    return np.sum(A)


def test_A3_a_row_read_from_a_column() -> None:
    """NumPy 2.4 smears A[1, 2] into what follows it; we read the whole right side first."""
    A, d = np.arange(9.0).reshape(3, 3), np.eye(3)
    both_ways(row_from_its_column, (A.copy(),), (d.copy(),))
    made = forward_grad(row_from_its_column)
    made.jvp((A,), (d,))
    assert A[1].tolist() == [2.0, 5.0, 8.0]
    assert d[1].tolist() == [0.0, 0.0, 1.0]


def swapped(s, t, n):
    for _ in range(n):
        s, t = t, s + t
    s, t = t, s
    return s, t


def rotated(x):
    a = x.copy()
    a[0], a[1], a[2] = a[1], a[2], a[0]
    i, j = 0, 2
    a[i], a[j] = a[j], a[i]
    return a


def test_A4_simultaneous_assignment() -> None:
    """All tangents of ``a, b = b, a`` come from the old values."""
    assert slope(swapped, (1.0, 1.0, 3), (1.0, 10.0, None)) == (32.0, 21.0)
    assert slope(rotated, (array(1.0, 2.0, 3.0),), (array(1.0, 2.0, 3.0),)).tolist() == [1, 3, 2]


def stored_twice(s):
    a = np.zeros(3)
    a[0] = s
    a[0] = s * s
    a[1] = s
    a[1] = 4.0
    a[2] += s
    a[2] += s
    return a


def test_A5_a_store_overwrites() -> None:
    """A second store replaces the tangent; only += adds to it."""
    assert slope(stored_twice, (3.0,), (1.0,)).tolist() == [6.0, 0.0, 2.0]


def cleared(x, n):
    a = x * 2.0
    a[0] = 1.0
    a[1:3] = 0.0
    a[3] = n
    x[4] = 7.0
    return a, x * 1.0


def test_A6_a_constant_clears_the_slot() -> None:
    """An element, a slice, an integer, and an element of the argument itself."""
    tangents = slope(cleared, (np.arange(5.0), 3), (np.ones(5), None))
    assert tangents[0].tolist() == [0.0, 0.0, 0.0, 0.0, 2.0]
    assert tangents[1].tolist() == [1.0, 1.0, 1.0, 1.0, 0.0]


def through_a_buffer(s, out):
    for i in range(out.size):
        out[i] = s * i
    return np.sum(out)


def through_a_local_buffer(s):
    a = np.zeros(3)
    for i in range(3):
        a[i] = s * i
    return np.sum(a)


def test_A7_no_silent_zero_through_a_buffer() -> None:
    """A buffer that was constant becomes active by what is stored in it."""
    assert slope(through_a_local_buffer, (2.0,), (1.0,)) == 3.0
    assert slope(through_a_buffer, (2.0, np.zeros(3)), (1.0, np.zeros(3))) == 3.0
    try:
        tangent = forward_grad(through_a_buffer, argnums=0).jvp((2.0, np.zeros(3)), (1.0,))[1]
    except ActivityError as error:
        assert "out" in str(error)  # noqa: PT017
    else:
        assert tangent == 3.0


def two_inputs(x, y):
    return np.sum(x * y * y)


def written_and_read(x, out):
    for i in range(x.size):
        out[i] = x[x.size - 1 - i]
    return np.sum(out * x)


def test_A8_the_same_array_twice() -> None:
    """Reading one array through two arguments is fine; writing to it is refused, by name."""
    x, d = array(1.0, 2.0), array(1.0, 0.0)
    assert slope(two_inputs, (x, x), (d, d)) == 3.0
    made = forward_grad(written_and_read, argnums=(0, 1))
    with pytest.raises(ValueError, match="out"):
        made.jvp((x, x), (d, d.copy()))
    with pytest.raises(ValueError, match="out"):
        made.jvp((x, x.copy()), (d, d))


def partly_written(s):
    a = np.empty(1000)
    a[3] = s
    c = np.empty((40, 40))
    for i in range(40):
        for j in range(40):
            c[i, j] = 1.0
    c[2, 2] = s
    return a[3] + np.sum(c)


def test_A9_shadows_of_empty_arrays_hold_no_garbage() -> None:
    """What is written as a constant has tangent 0, whatever the memory held."""
    for _ in range(3):
        np.full(1000, 1e300)
        np.full((40, 40), 1e300)
        assert slope(partly_written, (2.0,), (1.0,)) == 2.0


def from_integers(m, s):
    a = np.zeros_like(m) + s
    c = m * s
    e = m.astype(np.float64)
    e[1] = s
    return a + c + e


def test_A10_shadows_are_floating_whatever_made_the_array() -> None:
    """zeros_like of an integer array cannot hold a tangent of 0.7."""
    m = np.array([1, 2, 3])
    tangent = slope(from_integers, (m, 0.5), (None, 0.7))
    assert tangent.tolist() == pytest.approx([1.4, 2.8, 2.8], rel=1e-15)


def into_integers(s):
    a = np.zeros(2, dtype=np.int64)
    a[0] = int(s * 5.0)
    return a[0] * s


def test_A11_integer_storage_truncates_and_has_no_tangent() -> None:
    """What went through an integer is a step; the rest of the expression keeps its slope."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value, tangent = both_ways(into_integers, (1.5,), (1.0,))
    assert value == 10.5
    assert tangent == 7.0


def broadcast_stores(x, s):
    a = np.zeros((3, 2))
    a[:] = x
    a[1] = s
    a[:, 1] = s * s
    a[2:, :] = a[0]
    return a


def test_A12_stores_broadcast_their_tangents_too() -> None:
    """A row, a scalar and a column spread over the shadow as over the array."""
    tangent = slope(broadcast_stores, (array(1.0, 2.0), 3.0), (array(1.0, 1.0), 10.0))
    assert tangent.tolist() == [[1.0, 60.0], [10.0, 60.0], [1.0, 60.0]]


def with_out(x):
    out = np.zeros(3)
    np.exp(x, out=out)
    return out


def test_A14_ufuncs_that_write_are_refused() -> None:
    """numba has no ``out=``; ignoring it would lose the tangent."""
    with pytest.raises(TangentError, match="out"):
        forward_grad(with_out).jvp((np.ones(3),), (np.ones(3),))


def many_shapes(x):
    total = np.sum(x * x) + np.sum(x[1:])
    for a in x:
        total += np.sin(a)
    y = np.exp(x)
    y[:0] = 3.0
    return total, y


@pytest.mark.parametrize("size", [0, 1, 2])
def test_A15_sizes_zero_and_one(size: int) -> None:
    """Empty loops, empty slices, empty results."""
    x, d = np.linspace(0.5, 1.0, size), np.ones(size)
    total, tangent = slope(many_shapes, (x,), (d,))
    assert total == pytest.approx(float(np.sum(2 * x + np.cos(x))) + max(0, size - 1), rel=1e-14)
    assert tangent == pytest.approx(np.exp(x), rel=1e-14)


def spread_of_one(x):
    mu = np.mean(x)
    return mu + np.max(x) + np.prod(x) + np.mean((x - mu) ** 2)


def test_A15_reductions_of_one_element() -> None:
    """Mean, maximum and product of a single number are that number."""
    assert slope(spread_of_one, (array(2.5),), (array(2.0),)) == 6.0


def broadcast_sizes(X, Y):
    return np.sum(X * Y) + np.sum(X + Y)


@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (2, 1), (2, 3), (0, 3), (2, 0)])
def test_A15_axes_of_size_one_at_run_time(shape: tuple[int, int]) -> None:
    """numba's types do not tell a row from a matrix; the loops have to."""
    other = (2, 3) if 0 not in shape else (shape[0] or 1, shape[1] or 1)
    X, Y = np.full(shape, 2.0), np.arange(1.0, 1.0 + np.prod(other)).reshape(other)
    expected = float(np.sum(np.ones(shape) * Y) + np.sum(np.ones(shape) + 0.0 * Y))
    assert slope(broadcast_sizes, (X, Y), (np.ones(shape), None)) == expected
