"""Programs that numba cannot type; its reason stands at the user's line."""

import math

import numpy as np


def unpack_too_few(layers):
    a, b = layers
    return a[0, 0]


def unpack_too_many(pair):
    a, b, c = pair
    return a[0]


def index_of_a_number(s):
    return s[0]


def too_many_indices(x):
    return x[0, 0]


def too_many_indices_stored(x, s):
    x[0, 0] = s
    return x[0]


def float_as_index(x, s):
    return x[s]


def float_as_bound(s, t):
    total = 0.0
    for _ in range(t):
        total += s
    return total


def wrong_axis(X):
    return np.sum(X, axis=2)


def wrong_axis_of_mean(x):
    return x.mean(axis=1)


def wrong_negative_axis(X):
    return X.max(axis=-3)[0]


def matmul_of_a_number(A, s):
    return (A @ s)[0]


def matmul_of_integers(s, m):
    return m @ m * s


def text_and_number(s, n):
    r = "a" + n
    return s


def none_and_number(s):
    r = None
    return r * s


def array_or_number(x, flag):
    r = x
    if flag:
        r = 1.0
    return np.sum(r)


def rank_changes_between_branches(X, flag):
    if flag:
        r = X
    else:
        r = X[0]
    return np.sum(r)


def returns_array_or_number(x, flag):
    if flag:
        return x
    return 0.0


def returns_tuple_or_number(s, flag):
    if flag:
        return s, s
    return s


def math_of_an_array(x):
    return math.sin(x)


def math_log_of_two_arrays(x, y):
    return math.atan2(x, y)


def computed_index_of_a_mixed_tuple(params, k):
    return params[k - 3]


def length_of_a_number(s):
    return len(s) * s


def loop_over_a_number(s):
    total = 0.0
    for v in s:
        total += v
    return total


def sum_of_a_number(s):
    return np.sum(s)


def bitwise_of_floats(s, t):
    return s & t


def invert_a_float(s):
    return ~s


def shift_a_float(s):
    return s << 2


def matmul_augmented_number(s):
    s @= s
    return s


def reshape_to_text(x):
    return x.reshape("a")[0]


def zeros_of_text(s):
    return np.zeros("a")[0] * s


def zeros_of_a_float(s):
    return np.zeros(s)[0]


def astype_of_a_number(s):
    return s.astype(np.float32)


def compare_text_and_number(s, n):
    if "a" < n:
        return s
    return s * s


def slice_of_a_number(s):
    return s[1:]


def store_into_a_tuple(pair, s):
    pair[0] = s
    return s


def store_into_a_number(s):
    s[0] = 1.0
    return s


def store_of_a_tuple(x, s):
    x[0] = (s, s)
    return x[0]


def store_of_text(x):
    x[0] = "a"
    return x[0]


def argument_missing_for_ufunc(x):
    return np.arctan2(x)[0]


def too_many_for_ufunc(x):
    return np.sin(x, x, x)[0]


def too_many_for_math(s):
    return math.sin(s, s)


def helper_fails(s):
    return _first(s) * 2.0


def _first(values):
    return values[0]


def several_statements_on_a_line(s, x):
    a = s
    b = x[0, 0]
    c = b
    return a


def not_of_an_array(x):
    return x[0] if not x else x[1]


def narrow_integers_in_an_expression(x, s):
    small = np.array([100, 200, 250]).astype(np.int32)
    return np.sum((small + small) * s)


def float_into_integers_in_place(s):
    k = np.array([1, 2, 3])
    k += 0.7
    return k[0] * s


def joined_along_no_axis(x, y):
    return np.concatenate((x, y), axis=1)[0]


def an_ellipsis_returned(s):
    return ...


def rows_of_two_lengths(s):
    return np.array([[s, s], [s]])[0, 0]


def integers_divided_in_place(s):
    k = np.array([1, 2, 3])
    k /= 2
    return k[0] * s


def rank_changes_in_a_loop(x, n):
    y = x * 1.0
    for _ in range(n):
        y = y.reshape(5, 1)
    return np.sum(y)


def tuple_that_grows(s, n):
    t = ()
    for _ in range(n):
        t = (*t, s)
    return t[0]
