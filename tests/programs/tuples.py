"""Tuples and named tuples: as arguments, as values, as what comes back."""

from collections import namedtuple

import numpy as np


def pair_argument(pair):
    a, c = pair
    return np.sum(a * c)


def pair_by_index(pair, s):
    return pair[0] * s + pair[1] ** 2


def pair_and_vector(pair, x):
    return np.dot(pair[0], x) - np.dot(pair[1], pair[1])


def mlp(layers, X):
    W1, b1, W2, b2 = layers
    h = np.tanh(X @ W1 + b1)
    return np.sum((h @ W2 + b2) ** 2)


def named_fields(params, X):
    return np.sum(np.tanh(X @ params.W + params.b)) * params.scale


def named_by_unpacking(params):
    W, b, scale = params
    return W * scale + b


def local_tuple(s, t):
    a = (s * t, s + t, 2.0)
    return a[0] * a[1] + a[2]


def tuple_of_arrays(x, y):
    a = (x * 2.0, y)
    return a[0] * a[1]


def nested_unpacking(s, t, u):
    (a, c), d = (s * t, u), t
    return a * c + d


def returned_pair_of_helper(s, t):
    a, c = _sum_and_difference(s, t)
    return a * c


def _sum_and_difference(a, c):
    return a + c, a - c


def tuple_argument_of_helper(s, t):
    return _product_of((s, t))


def _product_of(two):
    return two[0] * two[1]


def tuple_returned_of_arrays(x, y):
    return (x * y, (x + y, 3.0 * y))


def tuple_in_a_loop(s, t):
    state = (s, t)
    for _ in range(3):
        state = (state[1], state[0] * 0.5 + state[1])
    return state[0] * state[1]


def tuple_written_through(x, s):
    a = (x.copy(), x * 2.0)
    a[0][1] = s
    v = a[1]
    v[2] = s * s
    return a[0] + a[1]


def tuple_length(pair, s):
    return s * len(pair)


def loop_over_pair(pair):
    total = 0.0
    for a in pair:
        total += np.sum(a * a)
    return total


Point = namedtuple("Point", ["x", "y"])
ORIGIN = Point(0.3, -1.2)
LAST = 1
NESTED = ((0.5, 2.0), (3, 4.0, (-0.7,)))
HELD = (ORIGIN, np.array([0.4, -0.6, 0.9, 1.1, 0.2]))


def fields_of_a_constant(s):
    return s * ORIGIN.x + s * s * ORIGIN[LAST] + HELD[0].y


def nested_constants(s, t):
    a, (c, d, (e,)) = NESTED
    return s * NESTED[1][2][0] + t * NESTED[0][-1] * a[LAST] + c * d * e * s


def array_in_a_constant(x):
    return x * HELD[1] + HELD[-1][0]


def named_tuple_made_here(s, t):
    p = Point(s, s * t)
    q = Point(y=p.x, x=p.y * 2.0)
    return q.x * p.y + q.y


def named_tuple_in_a_loop(s, t):
    state = Point(s, t)
    for _ in range(3):
        state = Point(state.y, state.x * 0.5 - state.y)
    return state


def named_tuple_of_branches(s, t):
    if s > t:
        p = Point(s * t, 2.0)
    else:
        p = ORIGIN
    return p.x * p.y


def named_tuple_written_through(params, s):
    params.b[0] = s
    p = Point(params.b * 2.0, s)
    p.x[1] *= params.b[0]
    return params.b * p.x


def named_tuple_of_helper(s, x):
    p = _moved(Point(x * s, s), s)
    return np.sum(p.x) * p.y


def _moved(a, c):
    return Point(a.x + c, a.y * c)


def named_tuples_inside(s, t):
    p = ORIGIN
    inner = (p, Point((s, t), s * t))
    (a, c), d = inner[1]
    return a * c * d * inner[0].y, inner[1].x[0] * p.x


def constants_unpacked(x, s):
    (a, c), d = HELD
    return x * d * s + a * c


def integers_returned(x, m):
    return x * 2.0, m + 1


def nothing_beside_a_value(s, t):
    return s * t, ()


def _one_of(pair, layers, c):
    if c > 0.0:
        found = pair[0]
    else:
        found = layers[1]
    return found


def place_of_one_of_two_tuples(pair, layers, x, t):
    total = 0.0
    for c in (t, -t):
        place = _one_of(pair, layers, c)
        before = pair[0][0] * layers[1][0]
        place[0] = x[0] * t
        total += before + pair[0][0] * x[1] + layers[1][0]
    return total


def _product_and_head(x, s):
    w = x * s
    return w[0], w


def place_of_a_tuple_or_new(pair, x, t, n):
    if n < 3:
        buffer, other = pair
    else:
        held, other = pair
        held[0] = x[0] * t
        total, buffer = _product_and_head(x, t)
    buffer[-1] = t
