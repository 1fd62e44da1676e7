"""Functions inside functions, and functions that are passed to others."""

import math

import numpy as np

from tests.programs import support

NEEDS_REWRITING = (
    "inner_function_with_a_keyword_only_argument",
    "lambda_passed_on",
    "function_as_a_default",
    "functions_passed_through",
    "two_functions_that_take_the_same",
    "inner_function_passed_on",
    "function_of_another_module_passed_on",
    "functions_and_dtypes_under_names",
)


def _square(a):
    return a * a


def _repeat(f, a, times=2):
    for _ in range(times):
        a = f(a) * 0.5
    return a


def _both(f, g, a):
    s = a * 0.5
    return f(s) + g(s)


def _twice(f, a):
    return _repeat(f, _repeat(f, a, 1), 1)


def _slope(a, f=_square):
    h = 0.125
    return (f(a + h) - f(a - h)) / (2.0 * h)


def inner_function(s, t):
    def scaled(a):
        return a * s

    return scaled(t) + scaled(s)


def inner_function_sees_the_latest(s, t):
    a = s

    def scaled(b):
        return a * b

    first = scaled(t)
    a = a * t
    return first + scaled(t)


def inner_function_with_defaults(s, t):
    def powered(a, n=2, shift=0.5):
        return a**n + shift * s

    scale = t * 2.0

    def moved(a, by=scale):
        return a * by

    scale = s
    total = moved(scale) + moved(t, 2.0) + (lambda a, b=t: a * b + s)(s)
    return total + powered(t) + powered(s, 3) + powered(t, shift=1.5)


def inner_function_with_a_keyword_only_argument(s, t):
    def mixed(a, *, weight):
        return a * weight + s

    return mixed(t, weight=s)


def inner_function_with_a_loop(x, s):
    def horner(a):
        total = 0.0
        for v in x:
            total = total * a + v
        return total

    return horner(s) + horner(0.5)


def inner_function_that_calls_another(s, t):
    def scaled(a):
        return a * s

    def shifted(a):
        return scaled(a) + t

    return shifted(s) * shifted(t)


def inner_function_with_a_variable_of_its_own(s, t):
    a = s * t

    def squared(b):
        a = b * s
        return a * a

    return squared(t) + a


def array_written_by_an_inner_function(x, s):
    y = np.zeros(3)

    def put(k, a):
        y[k] = a * s

    put(0, x[0])
    put(2, s)
    return y * y


def lambda_with_a_name(x, s):
    scaled = lambda a: a * s  # noqa: E731
    return scaled(x[0]) + scaled(x[1])


def lambda_passed_on(s, t):
    return _repeat(lambda a: a * a + t, s)


def function_passed_on(s):
    return _repeat(_square, s)


def function_passed_by_keyword(s, n):
    return _repeat(a=s, f=_square, times=n)


def function_as_a_default(s):
    return _slope(s) + _slope(s, math.sin)


def library_function_passed_on(s, t):
    return _repeat(math.sin, s) + _both(np.cos, np.tanh, t)


def functions_passed_through(s, t):
    return _twice(lambda a: a * t + s, s)


def two_functions_that_take_the_same(s, t):
    def up(a):
        return a * s

    def down(a):
        return a - s * t

    return _both(up, down, t)


def inner_function_passed_on(s, t):
    a = s * 0.3

    def step(b):
        return a * b + t

    first = _repeat(step, s)
    a = t
    return first * _repeat(step, s)


def function_of_another_module_passed_on(s):
    return _both(support.softplus, support.swish, s)


def variables_bound_from_inside(x, s):
    total, count, y = s, 0, np.zeros(12)

    def take(v, weight=0.5):
        nonlocal total, count
        if v < 0.0:
            return total * v
        count += 1
        total = total + v * weight
        y[count] = total
        return v * s

    def scale():
        nonlocal y
        y = y * total

    def shrink():
        nonlocal x
        x = x[:4] * total

    for v in x:
        part = take(v)
        s = s + part * 0.1
        take(s, weight=part)
        shrink()
    scale()
    last = take(total)
    return last * count, y


def functions_and_dtypes_under_names(x, s):
    wave = np.sin
    kind = np.float64
    cast = float
    own = type(s)
    table = [lambda a: a * s, _square, wave]
    y = np.zeros(x.size, dtype=kind)
    for g in table:
        y += g(x[0]) * x
    for k in range(3):
        grown = s * k
        raised = lambda a, by=grown * 2.0: a * grown + by  # noqa: E731
        y[k] += raised(s)
        grown = raised(x[k])
        y[k] *= raised(grown)
    y += np.ones(x.size, own)
    return table[0](s) * table[-1](s) + cast(y.size), _repeat(table[1], own(2) * s), y
