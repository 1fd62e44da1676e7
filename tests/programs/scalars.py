"""Scalar arithmetic and the functions of `math`."""

import math
import operator

import numpy as np


def polynomial(s):
    return 3.0 * s**3 - 2.0 * s**2 + s - 7.0


def quotient(s, t):
    return (s - 2.0 * t) / (s * s + t * t + 1.0)


def signs(s, t):
    return -(+s) - (-t) * -s


def powers(s, p, q):
    return p**q + s**3 - p**-2 + 2.0**s + p**0.5


def integer_power_of_an_argument(s, n):
    return s**n + s ** (n - 3)


def negative_integer_power(p):
    return p**-1 + p**-3


def floor_and_mod(s, p):
    return s % p + p * (s // p) + (7.3 * p) % 2.0


def floor_of_negative(s, p):
    return (-3.0 * p) // 0.7 + (-3.0 * p) % 0.7 + s


def divide_integers(s, n, k):
    return s * (n / k) + s * (n // k) + s * (n % k)


def trigonometry(s, t):
    return math.sin(s) * math.cos(t) + math.tan(0.5 * s) - math.sin(s * t) ** 2


def inverse_trigonometry(s, t):
    return math.asin(0.6 * s) + math.acos(0.5 * t) + math.atan(s * t) + math.atan2(s, 2.0 + t)


def hyperbolics(s, t):
    return math.sinh(s) + math.cosh(t) * math.tanh(s * t)


def inverse_hyperbolics(s, p):
    return math.asinh(s) + math.acosh(1.5 + p) + math.atanh(0.3 * s)


def exponentials(s, t):
    return math.exp(s) - math.expm1(0.1 * t) + math.exp(-s * t)


def logarithms(p, q):
    return math.log(p) + math.log1p(q) * math.log10(p * q) - math.log2(p + q)


def square_roots(p, q):
    return math.sqrt(p) * math.sqrt(p * q + 1.0) + math.hypot(p, q)


def error_functions(s, p):
    return math.erf(s) + math.erfc(p) * s


def gamma_functions(p, q):
    return math.lgamma(p + 1.0) + math.gamma(q)


def rounding(s, p):
    return s * math.floor(3.7 * p) + math.ceil(p) * p + math.trunc(2.6 * s) * s


def absolute_values(s, t):
    return abs(s) * math.fabs(t) + abs(s - t)


def degrees_and_radians(s, t):
    return math.degrees(s) * math.radians(t)


def remainders(s, p):
    return np.fmod(5.0 * s, p) + math.copysign(p, s) * s


def math_pow(p, s):
    return math.pow(p, s) + math.pow(p, 2.0)


def builtin_min_and_max(s, t, u):
    return min(s, t) * 2.0 + max(s, t, u) * s - min(3.0, u)


def conversions(s, n):
    return float(n) * s + int(3.9) * s + float(s) ** 2


def constants_of_math(s):
    return math.pi * s + math.e ** (0.1 * s) + math.tau


def numpy_functions_of_scalars(s, p):
    return np.sin(s) + np.sqrt(p) * np.exp(-s) + np.maximum(s, -p) + np.abs(s)


def same_variable_many_times(s):
    return s * s * s + s / (1.0 + s * s) - (s - s) * s


def nothing_depends(s, n):
    return 2.0 * n


def an_integer_comes_back(s, n):
    return n + 1


def one_argument_unused(s, t):
    return s * 1.5


def chained_assignment(s, t):
    a = b = s * t
    a = a + 1.0
    return a * b


def rebinding(s, t):
    s = s * t
    s = s + t
    s = s * s
    return s


def swap(s, t):
    s, t = t, s * 2.0
    return s * s - t


def rotate_three(s, t, u):
    s, t, u = t, u, s
    s, t, u = t, u, s
    return s + 10.0 * t + 100.0 * u


def augmented(s, t):
    total = s
    total += t * s
    total -= 0.5
    total *= t
    total /= 2.0 + s * s
    total **= 2
    return total


def augmented_floor(s, p):
    a = 7.7 * p + s
    a %= p
    a -= s
    return a


def integer_becomes_float(s):
    total = 1
    total = total + s
    total = total * 2
    return total


def float_becomes_integer_and_back(s):
    a = s * 2.0
    a = 3
    a = a * s
    return a


def long_chain(s):
    a = math.sin(s)
    b = a * a + s
    c = math.exp(-b)
    d = c / (1.0 + b)
    e = math.sqrt(d + 2.0)
    return e * a + d * b - c


def names_like_tangents(s, d_s):
    d_t = s * d_s
    t = d_t + s
    return t * d_t


def default_argument(s, scale=2.5):
    return s * scale


def keyword_in_a_call(s, t):
    return _weighted(s, weight=t) + _weighted(t)


def _weighted(a, weight=3.0):
    return a * a * weight


def complicated_conditions_of_constants(s, flag, n):
    a = s if flag and n > 2 else -s
    b = a * 2.0 if not flag or n == 4 else a
    return a * b


def parameter_that_becomes_a_reciprocal(s, t):
    for _ in range(3):
        e = math.exp(0.3 * s * t)
        t = 1.0 / e
    return t


def tuples_joined(s, t):
    both = (1.0,) + (s, t)
    return both[0] * both[1] + both[2] * both[1]


def literals_multiplied(s):
    return s * 2 * 2 * 0.5 + 0.5 * (s * 4 * 2)


def large_integers_as_factors(s):
    return 2 * (2**40 * s * 2**40) - s * 3**30 * 3**12


def operators_by_name(s, t):
    a = operator.mul(s, t) - operator.truediv(s, operator.add(t, 3.0))
    c = operator.pow(abs(t), 1.5) + operator.neg(operator.sub(a, operator.pos(s)))
    if operator.lt(s, t) or operator.not_(operator.ge(s, 0.1)):
        return a
    return a * c + operator.mod(s, 0.4)


def quotient_and_remainder(s, t):
    q, r = divmod(s, 0.3)
    return q * r * t + divmod(t, s)[1]


def roots_by_powers(p, q):
    return p**0.75 + q ** (1.0 / 3.0) * p**-0.5


def powers_one_and_zero(s, t):
    return s**1 * t + t**0 * s


def where_of_numbers(s, t):
    return np.where(s > t, s * t, t) + np.where(s > 5.0, s, 2.0)


def root_and_its_reciprocal(p, q):
    root = math.sqrt(p * q)
    inverse = 1.0 / root
    return inverse * q + p / root


def reciprocal_of_what_is_rebound(p, q):
    root = p * q
    for _ in range(3):
        root = math.sqrt(root) + q
        inverse = 1.0 / root
        root = root * inverse * p + q / root
    return inverse * root
