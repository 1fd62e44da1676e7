"""Functions without a derivative rule that an active value goes through."""

import math
import operator

import numpy as np
import scipy.special


def draw_of_counts(s):
    return np.random.poisson(s) * 2.0


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


def windows(A):
    return np.lib.stride_tricks.as_strided(A.T, (2, 2), (8, 8))[0, 0]


def through_flat(A):
    A.T.flat[1] = 2.0
    return np.sum(A)


def parameter_of_a_distribution(s):
    return scipy.special.ncfdtr(2.0, s, 0.5, 0.3)


def view_method(x):
    return x.view(np.int64)[0]


def defined_for_two_axes_only(x):
    return np.diagonal(x)


def defined_without_this_keyword(x):
    return np.std(x, dtype=np.float32)


def axis_of_a_definition_that_is_not_constant(X, n):
    return np.std(X, axis=n - 3)


def einsum(A, X):
    return np.einsum("ij,j->ik", A, X)[0, 0]


def tensordot(A, X):
    return np.tensordot(A, X, 3)


def fourier(x):
    return np.fft.fft(x)[0].real


def store_through_a_new_axis(x, m):
    x[None, m] = 1.0
    return x[0]


def store_of_more_dimensions(x, X, m):
    y = x.copy()
    y[m[:4]] = X
    return y


def store_through_indices_apart(T, m):
    T[0, :, m[:2]] = 1.0
    return T[0, 0, 0]


def faddeeva_function_of_scipy(s):
    return scipy.special.wofz(s).real


def fractions_and_exponents(x):
    return np.frexp(x)[0][0]


def bits_of_a_float(s):
    return np.float64(s).view(np.int64)


def gradient_with_distances(x):
    return np.gradient(x, 1.0, 0.5, 0.5)[0]


def histogram_of_two(x):
    return np.histogram2d(x, x)[0][0]


def parts(x, n):
    return np.split(x, n)[0]


def shares_of_a_tuple(s):
    return np.random.dirichlet((s, 1.0))


def through_a_mask_of_stacks(T):
    return T[T > 0.0]


def clip_with_where(x):
    return np.clip(x, 0.0, 1.0, where=x > 0.0)[0]


def copied_where(x, y):
    np.copyto(y, x, where=x > 0.0)
    return y[0]


def three_arguments_of_dot(x, y, z):
    return np.dot(x, y, z)


def text_of_a_number(x):
    return float(str(x[0]))


def clip_without_bounds(x):
    return np.clip(x)[0]


def inner_product_of_stacks(T):
    return np.inner(T, T)[0, 0]


def operator_with_one_argument(s):
    return operator.mul(s)


def sign_of_a_complex_number(s):
    return np.sign(1j * s).real


def order_of_complex_numbers(x):
    return np.max(1j * x).imag
