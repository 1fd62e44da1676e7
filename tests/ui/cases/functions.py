"""Functions without a derivative rule that an active value goes through."""

import math
import operator

import numpy as np
import scipy.special


def bessel(s):
    return np.i0(s) * 2.0


def bessel_of_an_array(x, y):
    return np.sum(np.i0(x) * y)


def inverse_of_a_tensor(A):
    return np.linalg.tensorinv(A, ind=1)[0, 0]


def upper_factor(A):
    return np.linalg.cholesky(A, upper=True)[0, 0]


def upper_triangle(A):
    return np.linalg.eigvalsh(A, "U")[0]


def factor_alone(A):
    return np.linalg.qr(A, mode="r")[0, 0]


def solution_of_a_vector(y):
    return np.linalg.solve(y, y)[0]


def values_of_a_stack(T):
    return np.linalg.svd(T)[1][0, 0]


def partition(x):
    return np.partition(x, 2)[0]


def sort_method(x):
    x.sort()
    return x[0]


def unique(x):
    return np.unique(x)


def defined_for_one_axis_only(X):
    return np.unwrap(X)


def defined_without_this_keyword(x):
    return np.std(x, dtype=np.float32)


def axis_of_a_definition_that_is_not_constant(X, n):
    return np.std(X, axis=n - 3)


def einsum(A, X):
    return np.einsum("ij,jk->ik", A, X)[0, 0]


def tensordot(A, X):
    return np.tensordot(A, X, 1)[0, 0]


def fourier(x):
    return np.fft.fft(x)[0].real


def store_through_a_mask(x, y):
    x[x < 0.0] = y[:2]
    return x[0]


def store_through_indices(x, m):
    x[m] = 1.0
    return x[0]


def faddeeva_function_of_scipy(s):
    return scipy.special.wofz(s).real


def fractions_and_exponents(x):
    return np.frexp(x)[0][0]


def remainder(s, t):
    return math.remainder(s, t)


def bits_of_a_float(s):
    return np.float64(s).view(np.int64)


def vectorised_by_hand(x):
    return np.apply_along_axis(np.sum, 0, x)


def random_with_active_scale(s):
    return np.random.normal(0.0, s)


def gradient_of_numpy(x):
    return np.gradient(x)[0]


def histogram(x):
    return np.histogram(x)[0][0] * x[0]


def parts(x):
    return np.split(x, 5)[0]


def heaviside_of_active(s):
    return np.heaviside(s, 0.5)


def modf(s):
    return math.modf(s)[0]


def through_an_attribute(x):
    return x.flat[0]


def clip_with_out(x):
    return np.clip(x, 0.0, 1.0, out=x)[0]


def diagonal_filled(A):
    np.fill_diagonal(A, 0.0)
    return A[0, 0]


def shuffled(x):
    np.random.shuffle(x)
    return x[0]


def copied_over(x, y):
    np.copyto(y, x)
    return y[0]


def three_arguments_of_dot(x, y, z):
    return np.dot(x, y, z)


def text_of_a_number(x):
    return float(str(x[0]))


def clip_without_bounds(x):
    return np.clip(x)[0]


def inner_product_of_matrices(X):
    return np.inner(X, X)[0, 0]


def operator_with_one_argument(s):
    return operator.mul(s)


def sign_of_a_complex_number(s):
    return np.sign(1j * s).real


def order_of_complex_numbers(x):
    return np.max(1j * x).imag
