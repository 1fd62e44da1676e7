"""Calls to other functions, of this module and of another, plain and compiled."""

import math

import numpy as np
from numba import njit

from tests.programs import support
from tests.programs.support import center, fall, gauss, softplus, swish

RATE = 0.75
COUNT = 3
TABLE = (0.5, -1.5, 2.0)


def one_helper(s):
    return softplus(s) * s


def compiled_helper(s, t):
    return swish(s) + swish(t) * s


def helper_of_a_module(s):
    return support.softplus(s) + support.swish(2.0 * s)


def helper_with_arrays(x, y):
    return np.sum(center(x) * y)


def same_helper_two_patterns(s, t):
    return _mixed(s, 2.0) + _mixed(2.0, t) + _mixed(s, t)


def _mixed(a, c):
    return a * a * c + c


def helper_with_its_own_constant(s):
    return fall(s) * RATE


def module_constants(s):
    return s * RATE + COUNT * s**COUNT


def constant_tuple(s):
    total = 0.0
    for i in range(3):
        total += TABLE[i] * s**i
    return total


def helper_calls_helper(s):
    return _outer(s) * 2.0


def _outer(a):
    return _inner(a) + _inner(a * a)


def _inner(a):
    return math.sin(a) * RATE


@njit
def _dot(a, c):
    total = 0.0
    for i in range(a.size):
        total += a[i] * c[i]
    return total


def compiled_helper_with_a_loop(x, y):
    return _dot(x, y) / math.sqrt(_dot(x, x))


def helper_with_branches(s, t):
    return _either(s, t) * _either(t, s)


def _either(a, c):
    if a > c:
        return a * 2.0
    return c - a


def helper_that_returns_an_integer(x):
    return x[_index_of_largest(x)] * 2.0


def _index_of_largest(v):
    best = 0
    for i in range(v.size):
        if v[i] > v[best]:
            best = i
    return best


def helper_in_a_loop(x, s):
    total = s
    for a in x:
        total = _mixed(total * 0.1, a)
    return total


def helper_ignores_an_argument(s, t):
    return _first(s, t) * t


def _first(a, c):
    return a * 3.0


def simpson(s, t):
    h = (t - s) / 6.0
    total = _curve(s) + _curve(t)
    for i in range(1, 6):
        total += (4.0 if i % 2 == 1 else 2.0) * _curve(s + i * h)
    return total * h / 3.0


def _curve(a):
    return math.exp(-a * a)


def arguments_evaluated_in_place(x):
    a = x.copy()
    _scale(a, 3.0)
    _scale(a[1:3], a[0])
    return a


def _scale(v, factor):
    for i in range(v.size):
        v[i] *= factor


def activation_by_flag(x, flag):
    return np.sum(_activate(x, flag))


def _activate(v, smooth):
    if smooth:
        return np.tanh(v)
    return np.maximum(v, 0.0)


def reciprocal_of_a_helper(s, t):
    r = _mixed(t, s)
    t = 1.0 / r
    return t * r * s


def written_through_what_a_helper_returned(x, s):
    y = _same(x)
    y[0] = s * s
    first = y[0]
    x[1] = first * s
    return x[0] * s + y[1] * first


def _same(v):
    return v


def rows_in_place(X):
    _add_to(X[0], X[1])
    doubled = _doubled(X[1])
    _add_to(X[0], doubled)
    return np.sum(X * X)


def _add_to(v, w):
    v += w


def _doubled(v):
    return 2.0 * v


WEIGHTS = np.array([0.5, -1.0, 2.0])


def captured_array_in_expressions(s):
    return np.sum(WEIGHTS * s) + np.dot(WEIGHTS, WEIGHTS * s) + np.max(np.maximum(WEIGHTS, s))


def default_tuples(s):
    return _first_of(s) + _last_of(s)


def _first_of(a, w=(1, 2)):
    return a * w[0]


def _last_of(a, w=(1.5, 2.5, 3.5)):
    return a * w[2]


def helper_called_like_one_of_ours(s, t):
    return math.erf(s) * gauss(t)


def _moved(new, old, dt):
    for i in range(1, old.size - 1):
        new[i] = old[i] + dt * (old[i - 1] - 2.0 * old[i] + old[i + 1])
    new[0] = old[0]
    new[-1] = old[-1]


def buffers_that_change_places(x, s):
    a = x.copy()
    b = np.empty_like(x)
    for _ in range(4):
        _moved(b, a, 0.1 * s)
        a, b = b, a
    return a


def rows_and_columns_to_write(A, n):
    for i in range(n - 1):
        _moved(A[i], A[i + 1], 0.2)
        _moved(A[:, i], A[:, i + 1], 0.1)
    return np.sum(A * A)


def _without_a_float(n):
    return 1.5 * n


def helper_without_tangent_on_one_side(s, flag, n):
    if flag:
        a = _without_a_float(n)
    else:
        a = s
    if a > 100.0:
        a = s * s
    return a * s


def _made_twice_as_large(v):
    v *= 2.0
    return v[0]


def used_after_a_helper_has_written(x, s):
    y = x * s
    first = _made_twice_as_large(x)
    return np.sum(np.sin(y + 1.0)) + first


def _one_and_a_half_times(n):
    return np.arange(n) * 1.5


def arrays_without_tangent_on_one_side(x, flag, n):
    if flag:
        a = _one_and_a_half_times(n + 1)
    else:
        a = x * 2.0
    if a[0] > 100.0:
        a = x * x
    return a * x


def _doubled_first(a):
    a[0] = a[0] * 2.0
    return a


def what_a_helper_gave_back_is_written_to(x, s):
    a = x * s
    b = _doubled_first(a)
    b[1] = s
    return a[0] * a[1]


def _tail_from(x, k):
    return x[k:] * 2.0 if k < x.size else None


def _bracketed(x, low):
    for i in range(x.size - 1):
        if x[i] < low < x[i + 1]:
            return (x[i], x[i + 1]), x[i:]
    return None


def _same_or_none(a):
    if a.size == 0:
        return None
    return a


def arrays_that_may_be_none(x, s, n):
    total, before = 0.0, None
    for k in range(n + 3):
        tail = _tail_from(x, k)
        if tail is None or tail.size == 1:
            continue
        if before is not None:
            total += np.sum(before[1:] * tail) + tail[0]
        before = tail
    found = _bracketed(x, 0.0)
    if found is not None:
        (low, high), part = found
        total += low * high * part[1]
    made = x * s
    same = _same_or_none(made)
    other = _same_or_none(x[x.size :])
    if same is not None and not other is not None:
        same[0] = s * s
    longest = None
    for k in range(n + 1):
        if longest is None or np.sum(x[k:] ** 2) > np.sum(longest**2):
            longest = x[k:] * s
    again = longest
    again[0] *= s
    return total * made[0] + made[1] + longest @ again
