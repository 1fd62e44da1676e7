"""Small functions for ways of writing that no program of the corpus uses.

`tests/test_syntax.py` differentiates each and holds it against a difference quotient; the names of
parameters choose the inputs, as in the corpus.
"""

import typing

import numba
import numpy as np
from numba import literal_unroll


class Gain:
    """A namespace of constants."""

    LOW = 3
    HIGH = 4


class Pair(typing.NamedTuple):
    """Two numbers."""

    first: float
    second: float


@numba.njit
def _squared(a):
    return a * a


@numba.njit
def _halved(a):
    return a * 0.5


def _factory(scale):
    def scaled_by_a_cell(s, x):
        return scale * s * x

    return scaled_by_a_cell


scaled_by_a_cell = _factory(2.5)


def number_then_array(s, x):
    y = s * s
    y = x * y
    return y * s


def vector_then_matrix(X):
    y = X[0] * 2.0
    y = X * y
    return y * 2.0


def match_dotted(s, n):
    match n:
        case Gain.LOW:
            return s
        case Gain.HIGH:
            return s * s
    return 0.0


def or_gives_a_value(n, s):
    k = (n - 4) or 3
    j = n and 2
    return s * k + s**j


def annotation_alone(s):
    y: float
    y = s * s
    return y


def deleted_element(s, t):
    values = [s, t, s * t]
    del values[0]
    values[0] *= 2.0
    return values[0] * values[1]


def raises_seldom(s):
    if s > 100.0:
        raise ValueError("large", 3)
    if s > 50.0:
        raise ValueError
    return s * s


def caught_under_a_name(s, t):
    try:
        if t < 0.0:
            raise ValueError("negative")
        y = s
    except Exception:
        y = s * s
    return y


def nonlocal_once(s, t):
    total = s

    def add(v):
        nonlocal total
        total = total * v + t

    add(s)
    add(t)
    return total


def nonlocal_beside_a_result(s, t):
    first, second = s, t

    def step(v):
        nonlocal first, second
        if v > 0.0:
            first = first * v
            return first + second
        second = second * v
        return v

    a = step(s)
    b = step(t)
    return a * b + first * second


def _positional(a, b, /, c):
    return a * b + c


def _several(*values):
    total = 0.0
    for v in values:
        total = total * 0.5 + v
    return total


def positional_and_several(s, t):
    return _positional(s, t, c=s) * _several(s, t, s * t)


def nothing_in_one_branch(s, t):
    if t > 100.0:
        return None
    return s * t


def _by_mode(a, mode="square"):
    if mode == "square":
        return a * a
    if mode == "half" + "d":
        return a * 0.5
    return a


def mode_as_text(s):
    return _by_mode(s) + _by_mode(s, "halfd") * _by_mode(s, mode="other")


def _nested(parts, dtype):
    (a, v), b = parts
    y = np.zeros(v.size, dtype)
    y += v * a
    return y * b


def nested_tuple_given(s, t, x):
    return _nested(((s, x), t), np.float64)


def comprehensions(x, s):
    first = [v * s for v in x]
    second = [[v * w for w in first] for v in x]
    third = [v for v in first if v > 0.0]
    table = np.array([[v * w for v in x] for w in first])
    return first[1] * second[0][2] * third[0], table


def star_in_a_list(s, pair):
    values = [s, *(s * s, s * 3.0)]
    return values[0] * values[1] + values[2]


def unrolled(s, t, x, X):
    total = s
    for part in literal_unroll((x, X)):
        total = total + np.sum(part * s)
        for other in literal_unroll((s, t)):
            total = total + other * np.sum(part)
    return total


def zip_of_tuples(pair, s):
    total = s
    for v, w in zip(pair, (pair[1], pair[0])):
        total += np.sum(v * w) * s
    return total


def typed_named_tuple(s, t):
    p = Pair(s, second=t)
    return p.first * p.second + p[0]


def shape_taken_apart(X, s):
    rows, columns = X.shape
    return s * rows + np.sum(X) * columns


def whole_number_to_a_negative_power(s, n):
    return s * (1.0 * n) ** -2


def types_that_decide(s, x):
    y = s
    if isinstance(s, float):
        y = y * 2.0
    if isinstance(x, np.ndarray) and x.ndim == 2:
        y = np.sum(x[0, :])
    if x is None:
        y = 0.0
    if hasattr(x, "shape"):
        y = y * x[0]
    return y


def type_called(s):
    return type(s)(3) * s


def dtype_of_another(x, s):
    y = np.zeros(2, x.dtype)
    y[0] = s * x[0]
    return y


def dtype_under_a_name(s, x):
    kind = np.float64
    y = np.ones(3, dtype=kind)
    return s * y[0] * x


def outputs_given(x, s):
    y, z = np.zeros(5), np.zeros(5)
    np.sin(x * s, out=y)
    np.multiply(x, y, z)
    return y * z


def several_targets(s, x):
    y = np.zeros(3)
    a = y[0] = b = s * s
    return a * b, y * x[0]


def element_of_a_tuple_augmented(pair, s):
    parts = (pair[0] * s, pair[1] * 1.0)
    parts[0][1] += s
    parts[1][0] *= parts[0][1]
    return parts


def chain_of_methods(X, s):
    return (X * s).T.reshape(2, 6).sum(axis=0).max() * s


def tuples_compared(s, n, k):
    if (n, k) == (4, 3) and (n, 2) < (5, 1):
        return s * s
    return s


def index_out_of_range_caught(x, s):
    try:
        y = x[100] * s
    except Exception:
        y = -s
    return y


def lambda_with_a_default(s, t):
    scaled = lambda a, k=2.0: a * k * s
    return scaled(t) + scaled(t, 3.0)


def table_of_lambdas(s, t):
    table = [lambda a: a * s, lambda a: a + t]
    return table[0](t) * table[1](s)


def functions_unrolled(s):
    total = 0.0
    for g in literal_unroll((_squared, _halved)):
        total = total * s + g(s)
    return total


def text_compared(s):
    word = "a" + "b"
    return s * s if word == "ab" and word != "c" else s


def slice_of_a_text(s):
    word = "abc"
    return s * len(word[:2]) if word[1:] == "bc" else s


def walrus_in_a_condition(s, x):
    total = s
    if (y := s * s) > 0.1:
        total = y * s
    kept = [w * v for v in x if (w := v * s) > 0.0]
    return total * kept[0]


def keywords_from_a_dict(s, t):
    return _positional(s, t, c=s * t)
