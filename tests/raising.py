"""Programs that raise, each for the arguments that stand beside it at the end.

They live apart from their tests because pytest rewrites the assertions of test modules.
"""

import math
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

LIMIT = 1.5


def raises(s):
    if s > LIMIT:
        raise ValueError("too large: beyond the limit")
    return s * s


def raises_without_a_message(s):
    if s > 0.0:
        raise KeyError
    return s


def raises_by_a_call_without_a_message(s):
    if s > 0.0:
        raise RuntimeError()
    return s


class Beyond(ValueError):
    """An exception of the user's own."""


def raises_a_class_of_the_users(s):
    if s > LIMIT:
        raise Beyond("beyond", 3)
    return s * s


def raises_in_a_loop(x):
    total = 0.0
    for a in x:
        if a > 2.0:
            raise IndexError("too far")
        total += a
    return total


@numba.njit
def _root(a):
    if a > 1.0:
        raise ArithmeticError("not here")
    return math.sqrt(a)


def raises_in_a_helper(s):
    return _root(s) + _root(s * s)


def asserts(s):
    assert s < 0.0, "not negative"
    return s


def asserts_without_a_message(s):
    assert s < 0.0
    return s


def an_optional_argument_is_needed(s, t=None):
    if t is None:
        raise TypeError("t is needed")
    return s * t


@numba.njit
def _not_negative(a, n):
    if n < 0:
        raise ValueError("too low", n)
    return a * n


def runs_last(x, n):
    try:
        try:
            x[1] = _not_negative(x[1], n)
        finally:
            x[0] = x[0] * 2.0
        if n > 0:
            raise ValueError("too high")
    finally:
        if n > 0:
            x[2] = x[2] * 2.0
    return x[0]


# Names without a value: Python stops, numba reads zero.


def reads_what_no_branch_bound(s, n):
    if n == 1:
        y = s * s
    elif n == 2:
        y = 3.0 * s
    return y * s


def not_in_the_first_round(x):
    total = 0.0
    for k in range(x.size):
        if k == 1:
            first = x[0]
        total += first * x[k]
    return total


def in_a_first_round_that_may_be_left_before(x):
    total = 0.0
    for k in range(x.size):
        if x[k] < 2.0:
            continue
        if k == 0:
            first = x[0]
        total += first * x[k]
    return total


def in_an_inner_branch(x):
    flag = x[0] > 5.0
    for k in range(x.size):
        if flag:
            if k == 0:
                first = x
            x = x + first[k]
        flag = not flag
    return x


def bound_only_where_nothing_goes_wrong(x):
    try:
        if x[0] < 2.0:
            raise ValueError("too small")
        y = x[0]
    except Exception:
        x[1] = 0.0
    return y


def a_bound_without_a_value(x):
    if x.size > 5:
        n = 2
    while x[0] < 9.0:
        for k in range(n):
            x[k] *= 2.0
    return x[0]


def largest_of_nothing(x):
    return np.max(x[:0])


def smallest_of_no_rows(X, n):
    return np.min(X[:n])


def place_of_the_largest_of_nothing(x):
    return x * np.argmax(x[:0])


def vectors_of_unequal_length(x):
    return np.dot(x, np.ones(2))


def vectors_of_unequal_length_by_operator(x):
    return x @ x[1:]


def conjugated_vectors_of_unequal_length(x):
    return np.vdot(x, np.ones(2))


def matrix_and_vector(X):
    return X @ np.ones(5)


def matrices(X):
    return np.dot(X, np.ones((5, 2)))


def shape_of_another_size(x):
    return x.reshape(2, 2)


def negative_size(s, n):
    return s * np.zeros(-n)


def step_of_zero(s, n):
    for _ in range(0, 3, n - 2):
        s = s * s
    return s


def element_of_several(x):
    return x.item()


def power_of_zero(s):
    return (s - 2.0) ** -3


def sizes_that_do_not_broadcast(x):
    return x * np.ones(2)


def shapes_that_do_not_broadcast(X):
    return X + np.ones((3, 2))


def slice_of_another_length(x):
    y = x.copy()
    y[:2] = x * x
    return y


def unpacked_into_too_few(x):
    a, c = x
    return a * c


def unpacked_into_too_many(x):
    a, c, d, e = x
    return a * c * d * e


def asks_what_is_none(x):
    """A sum of nothing, as no element is large enough."""
    last = None
    for i in range(x.size):
        if x[i] > 100.0:
            last = x[i:]
    return np.sum(last * x[0])


# --- what numba does not raise --------------------------------------------------------------------


def domain_errors(s):
    return math.sqrt(s - 3.0), math.log(s - 3.0), math.asin(s), math.acosh(s - 3.0)


def poles(s):
    return math.log(s - 2.0), math.atanh(s - 1.0), (s - 2.0) ** -1.5, math.gamma(s - 2.0)


def overflow(s):
    return math.exp(500.0 * s), math.cosh(1000.0 * s), math.pow(10.0, 200.0 * s)


def divided(s, n):
    return 1.0 / (s - 2.0), s // (s - 2.0), s % (s - 2.0), s / n, 1 // n, 1 % n


# --- with what arguments --------------------------------------------------------------------------

Program = tuple[Callable[..., Any], tuple[Any, ...]]
VECTOR, MATRIX = np.array([1.0, 2.0, 3.0]), np.arange(9.0).reshape(3, 3)
SAME: list[Program] = [
    (raises, (2.0,)),
    (raises_without_a_message, (2.0,)),
    (raises_by_a_call_without_a_message, (2.0,)),
    (raises_in_a_loop, (VECTOR,)),
    (raises_in_a_helper, (2.0,)),
    (asserts, (2.0,)),
    (asserts_without_a_message, (2.0,)),
    (an_optional_argument_is_needed, (2.0,)),
    (raises_a_class_of_the_users, (2.0,)),
    (largest_of_nothing, (VECTOR,)),
    (smallest_of_no_rows, (MATRIX, 0)),
    (place_of_the_largest_of_nothing, (VECTOR,)),
    (vectors_of_unequal_length, (VECTOR,)),
    (vectors_of_unequal_length_by_operator, (VECTOR,)),
    (conjugated_vectors_of_unequal_length, (VECTOR,)),
    (matrix_and_vector, (MATRIX,)),
    (matrices, (MATRIX,)),
    (shape_of_another_size, (VECTOR,)),
    (negative_size, (2.0, 2)),
    (step_of_zero, (2.0, 2)),
    (element_of_several, (VECTOR,)),
    (power_of_zero, (2.0,)),
]
# Only the class agrees: numba speaks of its own arguments, or says nothing.
SAME_CLASS: list[Program] = [
    (sizes_that_do_not_broadcast, (VECTOR,)),
    (shapes_that_do_not_broadcast, (MATRIX,)),
    (slice_of_another_length, (VECTOR,)),
    (unpacked_into_too_few, (VECTOR,)),
    (unpacked_into_too_many, (VECTOR,)),
    (asks_what_is_none, (VECTOR,)),
]
# Python stops where a name is read that has no value; numba goes on with zero.
UNBOUND: list[Program] = [
    (reads_what_no_branch_bound, (2.0, 3)),
    (not_in_the_first_round, (VECTOR,)),
    (in_a_first_round_that_may_be_left_before, (VECTOR,)),
    (in_an_inner_branch, (VECTOR,)),
    (bound_only_where_nothing_goes_wrong, (VECTOR,)),
    (a_bound_without_a_value, (VECTOR,)),
]
