"""Expressions that have no place in a numeric function."""

import numpy as np
from numba import vectorize


def lambda_as_value(s):
    both = (lambda v: v * v, s)
    return both[0](s)


def lambda_as_argument(x):
    return np.vectorize(lambda v: v * v)(x)


def list_that_is_never_filled(s):
    values = []
    return s * len(values)


def generator_expression(x):
    y = (v * v for v in x)
    return sum(y)


def largest_of_chosen_ones(x):
    return max(v * v for v in x if v > 0.0)


def walrus_of_a_name_in_use(s):
    return s + (s := 2.0 * s)


def walrus_of_an_index_in_use(x, n):
    x[n] += (n := 2) * x[0]
    return x[n]


def starred_array(x):
    return np.dot(*x)


def double_starred_call(x):
    return np.sum(x, **{**_OPTIONS, "keepdims": False})


def starred_unknown(x):
    both = (*(v for v in x), 1.0)
    return both[0]


def f_string(s):
    label = f"{s:.3f}" + str(s)
    return s


def array_or_none_in_a_tuple(x, n):
    y = None
    if n > 2:
        y = x * x
    return y, x[0]


def list_or_none(s, n):
    def several(n):
        return [s, s * n] if n > 1 else None

    found = several(n)
    return s if found is None else found[0]


def list_of_several_kinds(x, n):
    values = [x, 1.0]
    return values[n - 4]


def list_that_is_stretched_while_it_is_walked(s):
    values = [s]
    for v in values:
        values[1:] = [s, v]
        values += [v]
    return values[0]


def list_that_changes_while_it_is_walked(s):
    values = [s]
    for v in values:
        if v < 10.0:
            values.append(v * 2.0)
    return values[-1]


def bytes_literal(s):
    mark = b"a"
    return s


def call_of_a_call(x):
    return np.vectorize(abs)(x)


def call_of_an_element(pair):
    return pair[0](1.0)


def call_of_a_local(s):
    f = s
    return f(s)


def squeezed_wherever_it_can_be(X):
    return np.squeeze(X)[0]


def two_ellipses(T):
    return T[..., ..., 0][0, 0]


def chained_troubles(x):
    return [v for v in x][0] + sum(v for v in x) + x[0](x[1])


def on_several_lines(x):
    return np.sum(x * {v for v in x}.pop())


def after_a_wide_character(s):
    é = s * 2.0
    return "é…", (é for _ in range(2))


def format_of_a_number(s):
    return "{}".format(s)


def text_times_number(s):
    return "a" * s


def text_filled_in(s, n):
    return s * len("%d" % n)


def list_of_two_ranks(x, X):
    parts = [x, X]
    return parts[0][0]


def place_in_a_table_that_is_not_known(s, n):
    table = (np.sin, np.cos)
    return table[n - 4](s)


_OPTIONS = {"axis": 0}


def _part(x, s):
    return np.sum(x[s])


def slice_object_passed_on(x):
    s = slice(1, 3)
    return _part(x, s)


def slice_object_in_a_tuple(x):
    s, n = slice(1, 3), 2
    return x[s][n - 1]


def slice_object_without_a_start(x, n):
    if n > 3:
        s = slice(1, n)
    else:
        s = slice(n)
    return np.sum(x[s])


@vectorize(["float32(float32)"])
def _halved(a):
    return 0.5 * a


def vectorized_for_other_types(x):
    return _halved(x)


def vectorized_by_name(s):
    return _hinge(a=s)


@vectorize
def _hinge(a):
    return max(a, 0.0)
