"""Functions without a derivative rule that an active value goes through."""

import math
import operator

import numpy as np
import scipy.special


def bessel(s):
    return np.i0(s) * 2.0


def bessel_of_an_array(x, y):
    return np.sum(np.i0(x) * y)


def solve(A, y):
    return np.linalg.solve(A, y[:4])[0]


def inverse(A):
    return np.linalg.inv(A)[0, 0]


def determinant(A):
    return np.linalg.det(A)


def singular_values(A):
    return np.linalg.svd(A)[1]


def eigenvalues(A):
    return np.linalg.eigvalsh(A)[0]


def windows(x):
    return np.lib.stride_tricks.sliding_window_view(x, 2)[0, 0]


def view_method(x):
    return x.view(np.int64)[0]


def fitted(x, y):
    return np.polyfit(x, y, 1)[0]


def defined_for_two_axes_only(x):
    return np.diagonal(x)


def defined_without_this_keyword(x):
    return np.std(x, dtype=np.float32)


def axis_of_a_definition_that_is_not_constant(X, n):
    return np.std(X, axis=n - 3)


def rank_of_a_matrix(A):
    return np.linalg.matrix_rank(A) * A[0, 0]


def least_squares(A, X):
    return np.linalg.lstsq(A, X)[0]


def solution(A, X):
    return np.linalg.solve(A, X)


def einsum(A, X):
    return np.einsum("ij,j->ik", A, X)[0, 0]


def tensordot(A, X):
    return np.tensordot(A, X, 3)


def fourier(x):
    return np.fft.fft(x)[0].real


def store_through_a_new_axis(x, m):
    x[None, m] = 1.0
    return x[0]


def store_through_indices_apart(T, m):
    T[0, :, m[:2]] = 1.0
    return T[0, 0, 0]


def error_function_of_scipy(s):
    return scipy.special.erf(s)


def fractions_and_exponents(x):
    return np.frexp(x)[0][0]


def unstacked(X):
    return np.unstack(X)[0]


def kept_in_order(x, y):
    return np.lexsort((x, y))


def bits_of_a_float(s):
    return np.float64(s).view(np.int64)


def power_of_matrix(A):
    return np.linalg.matrix_power(A, 2)[0, 0]


def vectorised_by_hand(x):
    return np.apply_along_axis(np.sum, 0, x)


def complex_numbers(s):
    return np.sqrt(np.complex128(s)).real


def random_with_active_shape(s):
    return np.random.gamma(s, s)


def gradient_with_distances(x):
    return np.gradient(x, 1.0, 0.5, 0.5)[0]


def histogram_of_two(x):
    return np.histogram2d(x, x)[0][0]


def parts(x, n):
    return np.split(x, n)[0]


def kaiser_window(s):
    return np.kaiser(5, s)


def equivalent(x, y):
    return np.array_equiv(x, y)


def through_an_attribute(x):
    return x.flat[0]


def through_a_mask_of_stacks(T):
    return T[T > 0.0]


def clip_with_where(x):
    return np.clip(x, 0.0, 1.0, where=x > 0.0)[0]


def applied_along_an_axis(A):
    return np.apply_along_axis(np.sum, 0, A)[0]


def shuffled(x):
    np.random.shuffle(x)
    return x[0]


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
