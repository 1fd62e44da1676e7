"""Known traps of arrays: aliasing, mutation, shadows, sizes 0 and 1."""

from __future__ import annotations

from collections.abc import Callable

import numba
import numpy as np
import pytest

from tangent_fwd import forward_grad, pipeline
from tangent_fwd.errors import (
    TangentError,
    TypingFailure,
    UnsupportedFunction,
)
from tangent_fwd.frontend.parse import parse
from tests.harness import OPTIONS, differentiate, plain
from tests.trap_support import agrees, array, both_ways, in_python, refused, slope

X33 = np.arange(1.0, 10.0).reshape(3, 3)
D33 = np.cos(np.arange(9.0)).reshape(3, 3)


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
    forward_grad(shifted_then_changed).jvp((x,), (d,))
    assert d.tolist() == [1.0, 1.0, 1.0]
    assert slope(renamed_then_changed, (x,), (d,)).tolist() == [21.0, 21.0, 21.0]


def equal_tangents(x):
    return (
        x + 1.0,
        x - 0.5,
        +x,
        x * 1.0,
        0.0 + x,
        x.copy(),
        np.copy(x),
        x.astype(np.float64),
        x / 1.0,
    )


def stored_into_equal_tangents(x, s):
    a = x + 1.0
    b = a - 0.5
    c = b.copy()
    e = +c
    f = np.copy(e)
    g = f.astype(np.float64)
    h = g.flatten()
    b[0] = s
    c[1] = s * s
    e[2] = 2.0
    f[0] = 3.0 * s
    g[1] = 4.0
    h[2] = s
    return a, b, c, e, f, g, h


def test_A1_whatever_leaves_the_tangent_as_it_is_copies_it() -> None:
    """Each result here has the tangent of x, in memory of its own."""
    x, d = array(1.0, 2.0, 3.0), array(1.0, 10.0, 100.0)
    made = slope(equal_tangents, (x,), (d,))
    assert [t.tolist() for t in made] == [d.tolist()] * 9
    assert not any(np.shares_memory(a, b) for a in made for b in made if a is not b)
    agrees(stored_into_equal_tangents, (x, 1.5), (d, 1.0))


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


def chosen_array(x, s, n):
    a = x * 1.0
    c = x * 2.0
    e = a if n > 0 else c
    e[0] = s
    if n > 1:
        e = c
    e[1] = s * s
    return a + 10.0 * c


def through_a_tuple(x, s):
    a = x * 1.0
    both = (a, a)
    c = both[0]
    c[0] = s
    e, f = both
    f[1] = s * s
    return a + 10.0 * e


def swapped_in_a_loop(x, n):
    a = x * 1.0
    c = x * 2.0
    for i in range(n):
        old = a
        c[i] = a[i] * a[0]
        a, c = c, a
        a = a + 1.0
        a[i] = old[0] * old[1]
    return a + 10.0 * c


def same_memory(x, s):
    a = x * 1.0
    c = np.asarray(a)
    c[0] = s
    e = np.ascontiguousarray(a)
    e[1] = s * s
    return a


@pytest.mark.parametrize(
    ("function", "other"),
    [
        *((chosen_array, n) for n in (0, 1, 2)),
        (through_a_tuple, None),
        (swapped_in_a_loop, 3),
        (same_memory, None),
    ],
)
def test_A1_aliases_by_every_way_of_naming(function: Callable[..., object], other: object) -> None:
    """A choice, a tuple, a swap and a function that gives back its argument."""
    x, d = array(1.0, 2.0, 3.0, 5.0), array(1.0, 0.5, -1.0, 2.0)
    if function is swapped_in_a_loop:
        agrees(function, (x, other), (d, None))
    else:
        extra = () if other is None else (other,)
        agrees(function, (x, 1.5, *extra), (d, 1.0, *(None for _ in extra)))


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


def rows_of_a_loop(X, s):
    a = X * 1.0
    for row in a:
        row[0] = s * row[1]
    return a


def more_views(X, s):
    a = X * 1.0
    a[::-1][0] = s
    a[:, None][0, 0, 1] = s * s
    u = a.reshape(9)
    u[4] = 3.0 * s
    v = np.transpose(a)
    v[0, 2] = s
    w = a[1:, ::2][:, 1]
    w[0] = 5.0
    return a


def copies_that_look_like_views(X, s):
    a = X * 1.0
    u = a.T.ravel()
    u[0] = s
    v = a.flatten()
    v[1] = s
    w = a.T.reshape(a.size)
    w[2] = s
    y = a[:, ::2].ravel()
    y[3] = s
    return a, u, v, w, y


def through_views_of_the_argument(X, s):
    v = X[1:, ::2]
    v[0, 0] = s
    w = X[0]
    w[:] = s * s
    X.T[2, 2] = 7.0
    return np.sum(X), w, v


@pytest.mark.parametrize(
    "function",
    [rows_of_a_loop, more_views, copies_that_look_like_views, through_views_of_the_argument],
)
def test_A2_views_and_copies_of_every_kind(function: Callable[..., object]) -> None:
    """What is a view of the array is one of its shadow, and what is a copy is not."""
    agrees(function, (X33, 1.5), (D33, 1.0))


def test_A2_views_of_an_argument_reach_the_callers_tangent() -> None:
    """Through numba, and for an argument that is not contiguous."""
    both_ways(through_views_of_the_argument, (X33, 1.5), (D33, 1.0))
    both_ways(copies_that_look_like_views, (X33[:, ::2].T, 1.5), (D33[:, ::2].T, 1.0))


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


def over_themselves(x):
    a = x * 1.0
    a[:] = a[::-1]
    a[1:] *= a[:-1]
    a -= a[0] * 0.5
    a /= a[1]
    return a


def transposed_over_itself(X):
    a = X * 1.0
    a[:] = a.T
    a -= 0.5 * a[0]
    a[:, 0] += a[0]
    a *= a.T
    return a


def augmented(x, s):
    a = x * 1.0
    a **= 2
    a /= s
    a -= a * a
    a %= 0.7
    s *= s
    s /= s + 1.0
    s -= s * 2.0
    s **= 2
    return a * s


def scalars_in_a_loop(s, t, n):
    for _ in range(n):
        s = s * t
        t = t / s + t * t
        s -= s * s * t
    return s, t


def test_A3_numbers_that_a_loop_overwrites() -> None:
    """There each name holds one number only, so the tangent must have read the old one."""
    agrees(scalars_in_a_loop, (0.7, 0.9, 3), (1.0, -0.5, None))


def test_A3_arrays_read_and_written_at_once() -> None:
    """numba's own loops smear the first of these, so it runs through numba as well."""
    x, d = array(1.5, -2.0, 3.0, 0.5), array(1.0, 0.5, -1.0, 2.0)
    both_ways(over_themselves, (x,), (d,))
    agrees(over_themselves, (x,), (d,))
    agrees(transposed_over_itself, (X33,), (D33,))
    agrees(augmented, (x, 1.5), (d, 1.0))


def row_from_its_column(A):
    A[1] = A[:, 2]
    return np.sum(A)


def test_A3_a_row_read_from_a_column() -> None:
    """NumPy 2.4 smears A[1, 2] into what follows it; we read the whole right side first."""
    A, d = np.arange(9.0).reshape(3, 3), np.eye(3)
    both_ways(row_from_its_column, (A,), (d,), like_numpy=False)
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


def arrays_swapped(x, y):
    a, c = x * 1.0, y * 1.0
    a, c = c, a
    a[0] = 2.0 * c[0]
    return a + 10.0 * c


def rows_swapped(x, y):
    a = np.empty((2, x.size))
    a[0], a[1] = x, y
    # The right side holds views: both rows become what the second one was.
    a[0], a[1] = a[1], a[0]
    c = np.empty((2, x.size))
    c[0], c[1] = x, y
    c[0], c[1] = c[1].copy(), c[0].copy()
    return a, c


def from_left_to_right(x, y):
    a = x * 1.0
    i = 0
    i, a[i] = 1, y[0]
    a[i], i = y[1] * y[0], 2
    a[i], a[i - 2], i = a[i - 2], a[i], a.size
    return a * i


def three_rotated(x, y):
    s, t, u = x[0], x[1], y[0]
    s, t, u = t * u, u * s, s * t
    (s, t), u = (u, s), t
    return s, t, u


@pytest.mark.parametrize(
    "function", [arrays_swapped, rows_swapped, from_left_to_right, three_rotated]
)
def test_A4_what_is_taken_first_and_what_is_bound_first(function: Callable[..., object]) -> None:
    """Names, rows and indices that the same statement moves."""
    agrees(
        function,
        (array(1.2, 2.3, 0.7), array(0.4, 1.1, 1.9)),
        (array(1.0, -1.0, 0.5), array(2.0, 0.3, -0.7)),
    )


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


def rebound_in_a_loop(s, n):
    a = s
    for i in range(n):
        if i == 1:
            a = 1.0
        else:
            a = a * s
    return a


def refilled_in_a_loop(s, n):
    a = np.zeros(3)
    for i in range(n):
        a[:] = s * i
        a[i] = 2.0
    return a


def test_A5_in_a_loop_nothing_is_left_of_the_round_before() -> None:
    """A name bound to a constant, and an array filled anew, have no tangent of old."""
    assert slope(rebound_in_a_loop, (1.5, 2), (1.0, None)) == 0.0
    assert in_python(rebound_in_a_loop, (1.5, 3), (1.0, None))[1] == 1.0
    assert in_python(refilled_in_a_loop, (1.5, 3), (1.0, None))[1].tolist() == [2.0, 2.0, 0.0]


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


def _overwrite(a, value):
    a[0] = value


def cleared_as_a_whole(X, c):
    by_row = X * 2.0
    by_row[0] = c
    by_row[1][:2] = 3
    by_row[:, 2] = c[0]
    filled = X * 3.0
    filled.fill(1.0)
    dotted = X * 4.0
    dotted[...] = 0.0
    scaled = X * 5.0
    scaled *= 0.0
    spread = X * 1.0
    spread[:] = c
    by_column = X * 1.0
    by_column[:, :1] = np.ones((3, 1))
    by_helper = X * 1.0
    _overwrite(by_helper[1], 4.0)
    _overwrite(by_helper, c)
    return by_row, filled, dotted, scaled, spread, by_column, by_helper


def test_A6_rows_columns_and_whole_arrays_are_cleared() -> None:
    """By every form of a store, and by a helper that knows of no tangent."""
    tangents = in_python(cleared_as_a_whole, (X33, array(7.0, 8.0, 9.0)), (D33, None))[1]
    by_row, filled, dotted, scaled, spread, by_column, by_helper = tangents
    assert not any(np.any(t) for t in (filled, dotted, scaled, spread, by_row[:2], by_row[:, 2]))
    assert by_row[2, :2].tolist() == (2.0 * D33[2, :2]).tolist()
    assert not np.any(by_column[:, 0])
    assert by_column[:, 1:].tolist() == D33[:, 1:].tolist()
    assert by_helper.tolist() == [[0.0] * 3, [0.0, *D33[1, 1:]], D33[2].tolist()]


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
    # A buffer that is given without a tangent gets one inside.
    assert slope(through_a_buffer, (2.0, np.zeros(3)), (1.0, None)) == 3.0


def read_before_written(s):
    a = np.zeros(3)
    total = 0.0
    for k in range(3):
        total = total + a[0]
        v = a[:1]
        v[0] = s * k
    return total


def buffers_that_change_places(s):
    a = np.zeros(3)
    c = np.ones(3)
    for _ in range(2):
        c[0] = s
        a, c = c, a
    return np.sum(a) * np.sum(c)


def _put(a, value):
    a[0] = value
    return value


def filled_by_a_helper(s):
    a = np.zeros((3, 2))
    for i in range(3):
        _put(a[i], s * i)
    last = _put(a[:, 1], 7.0 * s)
    return a * last


def filled_by_a_helper_of_a_helper(s):
    a = np.zeros(2)
    _put_through(a[1:], s)
    return np.sum(a * a)


def _put_through(a, value):
    _put(a, value * value)


@pytest.mark.parametrize(
    "function",
    [
        read_before_written,
        buffers_that_change_places,
        filled_by_a_helper,
        filled_by_a_helper_of_a_helper,
    ],
)
def test_A7_activity_reaches_every_name_of_the_buffer(function: Callable[..., object]) -> None:
    """Round a loop, through a view, through another name, and out of a helper."""
    agrees(function, (1.5,), (1.0,))


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


def _shifted_into(out, x):
    out[:] = 2.0 * x
    x[0] = 5.0


def parts_given_to_a_helper(x):
    a = x * x
    _shifted_into(a[2:], a[:2])
    _shifted_into(a[::2], a[1::2])
    return a


def test_A8_a_helper_may_write_to_one_part_and_read_another() -> None:
    """Parts of one array that do not overlap."""
    agrees(parts_given_to_a_helper, (array(1.0, 2.0, 3.0, 4.0),), (array(1.0, 0.5, -1.0, 2.0),))


def _stepped(new, old, dt):
    new[0], new[-1] = old[0], old[-1]
    for i in range(1, old.size - 1):
        new[i] = old[i] + dt * (old[i - 1] - 2.0 * old[i] + old[i + 1])


def buffers_swapped_between_steps(x, dt):
    a, b = x.copy(), np.empty_like(x)
    for _ in range(5):
        _stepped(b, a, dt)
        a, b = b, a
    return a


def test_A8_buffers_may_change_places_between_calls() -> None:
    """The two names share a class of memory, and never the same memory at once."""
    x, d = array(1.0, 2.0, -3.0, 4.0, 0.5), array(1.0, 0.5, -1.0, 2.0, 3.0)
    agrees(buffers_swapped_between_steps, (x, 0.2), (d, None))
    agrees(buffers_swapped_between_steps, (x, 0.2), (d, 0.7))


def rows_and_columns_given_to_a_helper(x, i, j):
    _stepped(x[i], x[j], 0.1)
    _stepped(x[:, i], x[:, j], 0.1)
    return np.sum(x * x)


@pytest.mark.parametrize("call", [in_python, both_ways])
def test_A8_parts_are_found_to_be_apart_when_the_program_runs(call) -> None:
    x = np.arange(12.0).reshape(3, 4)
    d = np.cos(x)
    agrees(rows_and_columns_given_to_a_helper, (x, 0, 2), (d, None, None))
    call(rows_and_columns_given_to_a_helper, (x, 0, 2), (d, None, None))
    with pytest.raises(ValueError, match="writes to an argument that shares memory with another"):
        call(rows_and_columns_given_to_a_helper, (x, 1, 1), (d, None, None))


def _twice(new, old):
    new[...] = 2.0 * old
    return 0.0


APART = [
    lambda x, i: _twice(x[0], x[1]),
    lambda x, i: _twice(x[0, :], x[1, :]),
    lambda x, i: _twice(x[:, 0], x[:, 1]),
    lambda x, i: _twice(x[2:], x[:2]),
    lambda x, i: _twice(x[:2], x[2:]),
    lambda x, i: _twice(x[:0], x[2:]),
    lambda x, i: _twice(x[:1:1], x[1::1]),
    lambda x, i: _twice(x[::2], x[1::2]),
    lambda x, i: _twice(x[::3], x[2::3]),
]
PERHAPS_NOT = [
    lambda x, i: _twice(x[i], x[0]),
    lambda x, i: _twice(x[0], x[-1]),
    lambda x, i: _twice(x[..., 0], x[..., 1]),
    lambda x, i: _twice(x[0:1], x[1]),
    lambda x, i: _twice(x[2:], x[:3]),
    lambda x, i: _twice(x[:-2], x[2:]),
    lambda x, i: _twice(x[:i], x[2:]),
    lambda x, i: _twice(x[::2], x[2::2]),
    lambda x, i: _twice(x[::2], x[1::3]),
    lambda x, i: _twice(x[i::2], x[1::2]),
]


def test_A8_what_the_text_says_is_apart_is_not_checked_and_all_else_is() -> None:
    kinds = (numba.float64[:, ::1], numba.int64)
    for functions, checked in ((APART, False), (PERHAPS_NOT, True)):
        for place, function in enumerate(functions):
            made = pipeline.differentiate(parse(function), kinds, (True, False), 1, OPTIONS)
            assert ("if overlap(" in made.text) is checked, (place, checked)


def given_a_view_that_moves(x):
    rest = x
    for _ in range(2):
        row = rest[1]
        rest = rest[1:]
        _twice(row, rest[0])
    return np.sum(x)


def test_A8_views_of_a_name_that_is_bound_again_are_not_told_apart_by_their_text() -> None:
    x = np.arange(12.0).reshape(4, 3)
    with pytest.raises(ValueError, match="writes to an argument that shares memory with another"):
        in_python(given_a_view_that_moves, (x,), (np.cos(x),))


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


TABLE = array(1.0, 2.0, 3.0)


def made_and_stored_into(x, s):
    a = np.ones(3)
    a[0] = s
    c = np.full(3, 2.0)
    c[1] = s
    e = np.zeros((2, 2))
    e[1, 1] = s
    f = np.full_like(a, 3.0)
    f[2] = s
    g = np.ones_like(e)
    g[0, 0] = s
    h = np.array([1.0, 2.0, 3.0])
    h[1] = s
    k = TABLE.copy()
    k[0] = s
    u = np.eye(2)
    u[0, 1] = s
    v = np.arange(3.0)
    v[2] = s
    w = np.linspace(0.0, 1.0, 3)
    w[1] = s
    y = np.empty_like(x)
    y[:] = 4.0
    y[0] = s
    z = x * 2.0
    z[1] = s
    return a, c, e, f, g, h, k, u, v, w, y, z


def test_A9_whatever_makes_an_array_makes_its_shadow_of_zeros() -> None:
    """`in_python` fills fresh memory with NaN, so that what nobody wrote shows."""
    tangents = in_python(made_and_stored_into, (array(5.0, 6.0, 7.0), 1.5), (None, 10.0))[1]
    places = [(0,), (1,), (1, 1), (2,), (0, 0), (1,), (0,), (0, 1), (2,), (1,), (0,), (1,)]
    for tangent, place in zip(tangents, places, strict=True):
        assert tangent[place] == 10.0
        assert np.sum(tangent) == 10.0


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


def made_of_integers(m, s):
    c = np.zeros_like(m) + s
    e = np.ones_like(m) * s
    f = m / 2 * s
    g = (m > 1) * s
    h = np.where(m > 1, s, m)
    k = m**2 * s
    return c, e, f, g, h, k


def stored_in_single(x32, s):
    a = np.zeros_like(x32)
    a[0] = s * x32[0]
    c = np.zeros(2, dtype=np.float32)
    c[1] = s
    e = x32.astype(np.float64)
    e[1] = s
    f = np.full(2, s)
    f[0] = x32[1]
    return a, c, e, f


def test_A10_the_shadow_has_the_dtype_of_what_it_shadows() -> None:
    """Float from integers, and single where the primal is single (`in_python` compares dtypes)."""
    m = np.array([1, 2, 3])
    tangents = in_python(made_of_integers, (m, 0.5), (None, 0.7))[1]
    expected = [[0.7] * 3, [0.7] * 3, [0.35, 0.7, 1.05], [0.0, 0.7, 0.7], [0.0, 0.7, 0.7]]
    for tangent, numbers in zip(tangents, [*expected, [0.7, 2.8, 6.3]], strict=True):
        assert tangent.tolist() == pytest.approx(numbers, rel=1e-15)
    x, d = np.array([1.0, 2.0], np.float32), np.array([0.5, 0.25], np.float32)
    tangents = slope(stored_in_single, (x, 3.0), (d, 10.0))
    assert [t.dtype.name for t in tangents] == ["float32", "float32", "float64", "float64"]
    assert [t.tolist() for t in tangents] == [[11.5, 0.0], [0.0, 10.0], [0.5, 10.0], [0.25, 10.0]]


def into_integers(s):
    a = np.zeros(2, dtype=np.int64)
    a[0] = int(s * 5.0)
    return a[0] * s


def test_A11_integer_storage_truncates_and_has_no_tangent() -> None:
    """What went through an integer is a step; the rest of the expression keeps its slope."""
    assert both_ways(into_integers, (1.5,), (1.0,)) == (10.5, 7.0)


def into_integers_unseen(s, x):
    a = np.ones(2, dtype=np.int64)
    a[0] += 0.7 * s
    c = np.zeros(2, dtype=np.int64)
    c[:] = x
    return a[0] * s, c[1] * x[1]


def test_A11_stores_that_truncate_in_silence() -> None:
    """`a[0] += 0.7` leaves 1 in an integer array; a slice drops what is behind the point too."""
    args, ways = (1.4, array(1.5, 2.5)), (10.0, array(1.0, 1.0))
    value, tangents = both_ways(into_integers_unseen, args, ways)
    assert value == (1.4, 5.0)
    assert tangents == (10.0, 2.0)


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


def more_broadcast_stores(X, x, s):
    a = np.zeros((3, 3))
    a[:] = X[:, :1]
    a += x
    a[1:] *= x
    c = np.zeros((2, 3, 3))
    c[:] = a
    c[1] = s
    c[:, 0] = x
    c[..., 2] -= s
    c[0, :, 1:2] = X[:, 2:]
    return a, c


def test_A12_columns_rows_and_axes_in_front() -> None:
    """Whatever NumPy stretches in a store, plain or augmented."""
    x, d = array(1.0, 2.0, 4.0), array(0.1, 0.2, 0.3)
    agrees(more_broadcast_stores, (X33, x, 1.5), (D33, d, 1.0))


def added_at(x, m):
    y = np.zeros(3)
    np.add.at(y, m, x)
    return y


def added_through_indices(x, m):
    y = np.zeros(3)
    y[m] += x
    return y


def test_A13_repeated_indices_add_up_in_one_and_overwrite_in_the_other() -> None:
    """`np.add.at` takes each index in turn, `y[m] += x` reads all before it writes."""
    x, m, d = array(1.0, 2.0, 3.0), np.array([0, 0, 1]), (array(1.0, 10.0, 100.0), None)
    assert slope(added_at, (x, m), d).tolist() == [11.0, 100.0, 0.0]
    assert slope(added_through_indices, (x, m), d).tolist() == [10.0, 100.0, 0.0]


def added_one_by_one(x, m):
    y = np.zeros(3)
    z = np.zeros(3)
    for i in range(m.size):
        y[m[i]] += x[i]
        z[m[i]] = x[i]
    return y, z


def test_A13_as_a_loop_repeated_indices_add_up() -> None:
    """And where the loop overwrites, the last one stays."""
    x, m = array(1.0, 2.0, 3.0), np.array([0, 0, 2])
    added, stored = slope(added_one_by_one, (x, m), (array(1.0, 10.0, 100.0), None))
    assert added.tolist() == [11.0, 0.0, 100.0]
    assert stored.tolist() == [10.0, 0.0, 100.0]


def out_by_keyword(x):
    y = np.zeros(3)
    np.exp(x, out=y)
    return y


def out_by_position(x):
    y = np.zeros(3)
    np.exp(x, y)
    return y


def sum_into(x):
    y = np.zeros(1)
    np.sum(x, axis=0, out=y)
    return y


def clipped_into_itself(x):
    np.clip(x, 0.0, 1.0, out=x)
    return x


def reduced(x):
    return np.add.reduce(x)


def accumulated(x):
    return np.multiply.accumulate(x)


def where_asked(x):
    return np.exp(x, where=x > 0.0)


def exp_into_integers(x):
    y = np.zeros(3, np.int64)
    np.exp(x, out=y)
    return y * x


def copied_into(x):
    y = np.zeros(3)
    np.copyto(y, x)
    return y


@pytest.mark.parametrize(
    ("function", "kind", "line"),
    [
        (sum_into, TypingFailure, "np.sum"),
        (exp_into_integers, TypingFailure, "np.exp(x, out=y)"),
        (where_asked, UnsupportedFunction, "return np.exp"),
    ],
)
def test_A14_what_numpy_does_not_write_into_is_refused(
    function: Callable[..., object], kind: type[TangentError], line: str
) -> None:
    """NumPy takes an ``out`` of the result's kind only, and leaves garbage without one."""
    refused(function, (np.ones(3),), kind, line)


@pytest.mark.parametrize(
    "function",
    [out_by_keyword, out_by_position, clipped_into_itself, reduced, accumulated, copied_into],
)
def test_A14_functions_that_write_and_methods_of_ufuncs(function: Callable[..., object]) -> None:
    """Ignoring an ``out`` would lose the tangent."""
    agrees(function, (array(0.3, 1.7, -0.4),), (array(1.0, 0.5, -2.0),))


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


def reductions(X):
    return np.sum(X), np.sum(X, axis=0), np.prod(X, axis=1), np.prod(X)


def mean(x):
    return np.mean(x)


@pytest.mark.parametrize("shape", [(0, 2), (2, 0), (1, 1), (1, 2), (2, 1)])
def test_A15_reductions_of_little(shape: tuple[int, int]) -> None:
    """A sum of nothing is 0, a product of nothing 1, and the tangents of both are 0."""
    X, d = np.full(shape, 3.0), np.ones(shape)
    total, columns, products, whole = in_python(reductions, (X,), (d,))[1]
    rows, width = shape
    assert total == rows * width
    assert columns.tolist() == [float(rows)] * width
    assert products.tolist() == [width * 3.0 ** (width - 1) if width else 0.0] * rows
    assert whole == rows * width * 3.0 ** (rows * width - 1)


def test_A15_the_mean_of_nothing_is_nan() -> None:
    """As NumPy's, and so is its tangent."""
    assert np.isnan(forward_grad(mean).jvp((array(),), (array(),))).tolist() == [True, True]


def extreme(x):
    return np.max(x * 2.0)


def test_A15_the_extreme_of_nothing_is_an_error() -> None:
    """The one that NumPy raises, not minus infinity with some tangent."""
    for call in (extreme, lambda x: forward_grad(extreme).jvp((x,), (x,))):
        with pytest.raises(ValueError, match="zero-size array to reduction operation maximum"):
            call(np.zeros(0))


def no_dimensions(s, x):
    a = np.array(s)
    return a * s + a, x @ x, np.dot(x[:0], x[:0]), x.reshape(1, -1)


def test_A15_arrays_without_dimensions_and_products_of_nothing() -> None:
    """A 0-d array made inside is a number; a product of empty vectors is 0."""
    tangents = in_python(no_dimensions, (3.0, array(2.0)), (1.0, array(10.0)))[1]
    assert tangents[:3] == (7.0, 40.0, 0.0)
    assert tangents[3].tolist() == [[10.0]]
    assert in_python(no_dimensions, (3.0, array()), (1.0, array()))[1][1:3] == (0.0, 0.0)


def list_of_arrays(x):
    kept = [x, x]
    kept[0] = 2.0 * x
    return kept[1]


def list_that_grows(x):
    kept = []
    kept.append(x)
    return kept[0]


def list_of_numbers(x):
    doubled = [2.0 * v for v in x]
    return doubled[0]


@pytest.mark.parametrize("function", [list_of_arrays, list_that_grows, list_of_numbers])
def test_A16_a_list_has_a_list_of_tangents_in_step(function: Callable[..., object]) -> None:
    """What is appended, replaced and read in one is so in the other; arrays are shared in both."""
    agrees(function, (array(1.0, 2.0, -0.5),), (array(1.0, -1.0, 3.0),))


def tuple_of_arrays(x, s):
    kept = (x * 1.0, x * 2.0)
    for a in kept:
        a[0] = s
    total = 0.0
    for a, c in zip(kept, kept):
        total += np.sum(a * c)
    return total, kept


def test_A16_a_tuple_holds_arrays() -> None:
    """It cannot grow, so its shadow cannot fall behind."""
    agrees(tuple_of_arrays, (array(1.0, 2.0), 1.5), (array(0.5, -1.0), 1.0))


def one_bound(x, s):
    return np.clip(x, min=s), x.clip(s), np.clip(x, a_max=s, a_min=None), x.clip(max=s)


def test_A_clip_with_one_bound() -> None:
    """NumPy 2 takes `min` and `max`, and either may be left out."""
    x, d_x = array(-1.0, 0.5, 2.0), array(1.0, 2.0, 4.0)
    value, tangent = both_ways(one_bound, (x, 1.0), (d_x, 7.0))
    low, high = [1.0, 1.0, 2.0], [-1.0, 0.5, 1.0]
    assert [v.tolist() for v in value] == [low, low, high, high]
    assert [t.tolist() for t in tangent] == [[7.0, 7.0, 4.0]] * 2 + [[1.0, 2.0, 7.0]] * 2


def converted_copies(x):
    single = np.array(x, dtype=np.float32)
    double = np.array(x, np.float64)
    single[0] = 3.0
    double[1] = 5.0
    return single, double, x * np.array(2.0)


def test_A_an_array_of_an_array_is_a_copy() -> None:
    """With a dtype as well, and an array of a number still has no axes."""
    x, d_x = array(1.0, 2.0), array(10.0, 20.0)
    value, tangent = both_ways(converted_copies, (x,), (d_x,))
    assert [v.tolist() for v in value] == [[3.0, 2.0], [1.0, 5.0], [2.0, 4.0]]
    assert [t.tolist() for t in tangent] == [[0.0, 20.0], [10.0, 0.0], [20.0, 40.0]]


def counted_as_floats(s, n):
    return s * np.arange(n, dtype=np.float32), s * np.arange(1, n, dtype=np.float64)


def test_A_arange_with_a_dtype() -> None:
    """The counting numbers in the dtype that was asked for."""
    value, tangent = both_ways(counted_as_floats, (np.float32(0.5), 4), (np.float32(2.0), None))
    assert [v.dtype for v in value] == [t.dtype for t in tangent] == [np.float32, np.float64]
    assert tangent[0].tolist() == [0.0, 2.0, 4.0, 6.0]
    assert tangent[1].tolist() == [2.0, 4.0, 6.0]


def only_element(x):
    a, c, d = x
    return x[1:2].item() * a + (x[:1] * d).item() * c


def test_A_the_only_element_and_all_elements() -> None:
    """`item` is the method of an array of one element; unpacking counts first."""
    agrees(only_element, (array(1.5, -2.0, 0.7),), (array(0.3, 0.4, -1.0),))
    value, tangent = both_ways(only_element, (array(2.0, 3.0, 5.0),), (array(1.0, 0.0, 0.0),))
    assert (value, tangent) == (36.0, 18.0)


def doubled_before_it_fails(x, y):
    x[:] = 2.0 * x
    return np.dot(y, x)


def test_A_what_was_written_before_an_exception_stays_written() -> None:
    """Joining loops moves the check of the shapes neither above a store that can be seen, nor
    below the loop that it makes safe.
    """
    x, y = array(1.0, 2.0, 3.0), array(1.0, 1.0, 1.0)
    agrees(doubled_before_it_fails, (x, y), (x, y))
    entry = plain(differentiate(doubled_before_it_fails, (x, y), (True, True), 1))
    d_x = 10.0 * x
    with pytest.raises(ValueError, match="sizes"):
        entry(x, y[:2], d_x, y[:2])
    assert x.tolist() == [2.0, 4.0, 6.0]
    assert d_x.tolist() == [20.0, 40.0, 60.0]


def product_with_every_other_column(A, b):
    return A[:, ::2] @ b + A.T[::2] @ b


def test_A_a_product_takes_operands_that_are_not_in_one_piece() -> None:
    """BLAS cannot, so they are copied, and so are their tangents."""
    b = array(0.5, -1.5)
    agrees(product_with_every_other_column, (X33[:2], b), (D33[:2], array(2.0, -0.25)))
