"""Calls of what is not a function with Python source, and calls that do not fit."""

import functools
import math
import operator
import time
from collections import namedtuple
from dataclasses import dataclass

import numba.experimental
import numpy as np
import scipy.special

Point = namedtuple("Point", ["x", "y"])


@dataclass
class Model:
    scale: float

    def __call__(self, v):
        return self.scale * v

    def twice(self, v):
        return 2.0 * v


MODEL = Model(2.0)
TWICE = functools.partial(operator.mul, 2.0)


def _affine(v, scale, shift=0.0):
    return v * scale + shift


def _any_keyword(v, **options):
    return v


def _endless(v):
    return v * _endless(0.5 * v)


def _ever_new(t, n):
    return t[0] if n == 0 else _ever_new((t, t), n - 1)[0]


def _of_two_types(v, n):
    if n == 0:
        return v
    return _of_two_types(v, n - 1), v


def _ping(v):
    return _pong(v)


def _pong(v):
    return _ping(v)


def a_class_called(s):
    return Model(s).scale


def named_tuple_with_too_few(s):
    return Point(s).x


def named_tuple_with_another_field(s):
    return Point(s, z=s).x


def field_that_is_not_there(s):
    return Point(s, s).z


def named_tuple_replaced(s):
    return Point(s, s)._replace(x=1.0).y


def an_object_called(s):
    return MODEL(s)


def a_method_of_an_object(s):
    return MODEL.twice(s)


def a_partial_called(s):
    return TWICE(s)


def builtin_without_meaning(s):
    return s * hash(2)


def opens_a_file(s):
    open("data.txt")
    return s


def evaluates_text(s):
    return eval("s * s")


def reads_input(s):
    return float(input()) * s


def asks_the_time(s):
    return time.time() * s


def c_function_of_scipy(s):
    return scipy.special.lambertw(s).real


def order_of_a_bessel_function(s):
    return scipy.special.jv(s, 2.0)


def order_that_is_no_integer(s):
    return scipy.special.kn(1.5, s)


def special_function_of_too_many(s):
    return scipy.special.erf(s, s)


def isinstance_test(s):
    if isinstance(s, np.generic):
        return s
    return s * s


def keyword_that_numpy_has(X):
    return np.mean(X, where=X > 0.0)


def keyword_of_a_ufunc(x):
    return np.sin(x, casting="no")[0]


def where_keyword(x):
    return np.exp(x, where=x > 0.0)[0]


def keyword_of_a_math_function(s):
    return math.log(s, base=2.0)


def unknown_keyword(X):
    return X.mean(axes=0)[0]


def computed_axis(X, n):
    return np.sum(X, axis=n - 4)[0]


def axis_from_an_argument(X, k):
    return np.sum(X, axis=k - 3)[0]


def computed_keepdims(X, flag):
    return np.sum(X, keepdims=flag)[0, 0]


def missing_argument(x):
    return np.full(3)[0] * x[0]


def too_many_arguments_for_numpy(x):
    return np.argmax(x, 0, None, False) * x[0]


def helper_misses_an_argument(s):
    return _affine(s)


def helper_gets_too_many(s):
    return _affine(s, 1.0, 2.0, 3.0)


def helper_with_an_unknown_keyword(s):
    return _affine(s, 1.0, shfit=2.0)


def helper_of_any_keyword(s):
    return _any_keyword(s)


def recursion_without_an_end(s):
    return _endless(s)


def recursion_with_ever_new_types(s, n):
    return _ever_new((s, s), n)


def recursion_that_gives_two_types(s, n):
    return _of_two_types(s, n)


def recursion_of_two(s):
    return _ping(s)


def min_of_nothing(s):
    return min() * s


def place_in_a_range(s):
    r = range(3)
    return s * r[1]


def enumerate_as_a_value(x):
    e = enumerate(x)
    return x[0]


@numba.experimental.jitclass([("value", numba.float64)])
class _Box:
    def __init__(self, value):
        self.value = value


def a_jitclass_called(s):
    box = _Box(s)
    return box.value * s
