"""Whole-array expressions, one shape."""

import numpy as np

NEEDS_REWRITING = {"copied_array", "inner_products", "joined_from_a_list"}


def affine(x, s, t):
    return s * x + t


def products(x, y, z):
    return x * y - z / (1.0 + y * y) + x


def array_powers(x, r, s):
    return x**2 + r**s + r**-1.5 + 2.0**x + x**3


def array_exponents(r, x):
    return r**x


def array_mod(x, r):
    return x % r + x // r * x


def exponential_family(x):
    return np.exp(x) + np.expm1(x) * np.exp2(x)


def logarithm_family(r):
    return np.log(r) + np.log1p(r) * np.log2(r) - np.log10(r)


def trigonometric_family(x):
    return np.sin(x) * np.cos(x) + np.tan(0.5 * x)


def inverse_family(x):
    return np.arcsin(0.5 * x) - np.arccos(0.4 * x) + np.arctan(x) * np.arcsinh(x)


def hyperbolic_family(x, r):
    return np.sinh(x) + np.cosh(x) * np.tanh(x) + np.arccosh(1.2 + r) + np.arctanh(0.3 * x)


def roots(r, x):
    return np.sqrt(r) + np.cbrt(x) + np.square(x) + np.reciprocal(r)


def two_argument_functions(x, y, r):
    return np.arctan2(x, y) + np.hypot(x, r) + np.power(r, x) + np.logaddexp(x, y)


def numpy_operators(x, y):
    return np.add(x, y) + np.subtract(x, 2.0) * np.multiply(x, y) - np.divide(x, 2.0 + y * y)


def negatives(x, y):
    return np.negative(x) + np.abs(y) * np.fabs(x) + np.sign(x) * x


def rounded(x):
    return np.floor(3.0 * x) * x + np.ceil(x) + np.trunc(2.0 * x) * x + np.rint(x)


def angles(x):
    return np.deg2rad(x) + np.rad2deg(x) + np.radians(x) * np.degrees(x)


def maxima(x, y, s):
    return np.maximum(x, y) + np.minimum(x, s) * np.maximum(0.0, y)


def fmaxima(x, y):
    return np.fmax(x, y) * np.fmin(x, 0.5)


def clipped(x, s):
    return np.clip(x, -0.5, 0.8) * s + np.clip(x * s, -0.25, 0.25)


def selected(x, y):
    return np.where(x > 0.0, x * y, np.exp(x))


def selected_with_scalars(x, s):
    return np.where(x > s, s, 0.0) + np.where(x < 0.2, x, 1.0)


def nested_where(x, y, z):
    return np.where(x > 0.0, np.where(y > 0.0, x, y), z * x)


def mask_of_two_conditions(x, y):
    return np.where((x > -0.5) & (y < 0.9), x * y, x + y)


def masks_combined(x, y):
    return np.where((x > 0.1) | ~(y < 0.2), x, y * y)


def logical_functions(x, y):
    return np.where(np.logical_and(x > 0.0, y > 0.0), x, -y)


def guarded_logarithm(x):
    return np.where(x > 0.0, np.log(np.where(x > 0.0, x, 1.0)), 0.0)


def array_and_integers(x, m):
    return x * m + m / 3 + x**2 * (m % 2)


def integer_array_division(x, m):
    return x / (1 + m * m)


def mask_times_values(x, mask):
    return np.where(mask, x, 0.5 * x)


def temporaries(x, y):
    a = np.sin(x)
    c = a * y
    d = c + a
    return d * d


def name_reused(x):
    x = np.sin(x)
    x = x * x
    x = x + 1.0
    return x


def augmented_local(x, y):
    a = x + 1.0
    a += y
    a *= x
    a -= 0.5
    a /= 2.0
    return a


def three_axes(T, s):
    return np.tanh(T) * s + T * T


def four_axes(Q, t):
    return Q * t - np.exp(-Q)


def strided_input(strided, x):
    return strided * x + np.exp(strided)


def of_size_zero(nothing, s):
    return nothing * s + 1.0


def of_size_one(one, s):
    return np.exp(one) * s


def numerically_careful_sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def gaussian(x, s, p):
    return np.exp(-0.5 * ((x - s) / p) ** 2) / (p * np.sqrt(2.0 * np.pi))


def sinc(x):
    return np.sinc(x)


def copysign(x, y):
    return np.copysign(x, y) * x


def whole_numbers_as_floats(s, n):
    return s * np.arange(n, dtype=np.float64) + np.arange(1, n + 1, dtype=np.float64) ** s


def copied_array(x, s):
    a = np.array(x)
    a[0] = s
    return a * x


def inner_products(x, y, s):
    return np.inner(x, y) * np.inner(x, s)


def axes_by_name(T, X):
    return np.transpose(T, axes=(2, 0, 1)) * 2.0, X.transpose(1, 0), np.transpose(X, axes=None)


def joined(x, y):
    return np.concatenate((x, y * y, x[:2]))


def joined_along_columns(X, Y, s):
    return np.concatenate((X, s * Y), axis=1) @ np.hstack((Y[0], X[1]))


def stacked(x, y):
    return np.stack((x * y, y), axis=1) @ np.vstack((x[:3], y[2:]))


def joined_from_a_list(x, b):
    return np.concatenate([x, b]) * np.hstack([b, x])


def joined_in_a_loop(x, n):
    powers = np.ones(1)
    for i in range(n):
        powers = np.concatenate((powers, powers * x[i]))
    return powers


def joined_then_written(x, r, m):
    both = np.concatenate((m, x))
    both[0] = 0.0
    columns = np.column_stack((both[:5], r))
    columns[1] *= x[0]
    return columns
