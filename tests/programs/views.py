"""Slices, reshapes and transposes, and what is seen through them."""

import numpy as np

NEEDS_REWRITING = {
    "copies_of_what_is_not_contiguous",
    "reshaped_and_used_up",
    "whole_by_an_ellipsis",
    "written_and_then_reshaped",
}


def slices(x):
    return x[1:] * x[:-1]


def steps(x):
    return x[::2] + x[::-1][::2]


def reversed_array(x, y):
    return x[::-1] * y


def negative_indices(x):
    return x[-1] * x[-2] + x[0]


def finite_difference(x):
    return (x[2:] - 2.0 * x[1:-1] + x[:-2]) / 0.01


def rows_and_columns(X):
    return X[1] * X[:, 0][1] + X[2, :]


def block(A):
    return A[1:3, 2:] * A[:2, :2]


def variable_index(x, n, k):
    return x[n] * x[k] + x[n - k]


def slice_objects(x, X, n):
    y = x * 2.0
    first = slice(1, n)
    other = slice(n - 2)
    if n > 3:
        first = slice(0, n - 1)
    all_of_it = slice(None)
    y[first] = x[slice(1, n)] * 3.0
    for i in range(2):
        step = slice(i, n, 2)
        y[step] += X[all_of_it, i][step] * X[0, other][i]
    return y * first.stop


def index_from_array(x, m):
    total = 0.0
    for i in range(m.size):
        total += x[m[i] % 5] * (i + 1)
    return total


def transposed(X, Y):
    return X.T * Y.T


def transposed_product(X):
    return np.dot(X.T, X)


def numpy_transpose(T):
    return np.transpose(T, (2, 0, 1)) * 2.0


def flattened(X):
    return X.ravel() * 3.0


def reshaped(X):
    return np.reshape(X, (2, 6)) + X.reshape(12)[6]


def reshape_of_a_vector(x, s):
    return (x * s).reshape((5, 1))


def reshape_method_with_minus_one(X):
    return X.reshape(-1) ** 2


def flatten_copy(X):
    return X.flatten() + 1.0


def new_axes(x):
    return x[:, np.newaxis]


def write_through_a_slice(x, s):
    a = x.copy()
    v = a[1:4]
    v[0] = s
    v[1] *= 2.0
    return a * a


def write_base_read_view(x, s):
    a = x * 1.0
    v = a[::2]
    a[2] = s * s
    return v * 2.0


def changed_in_place_under_two_names(x, s):
    column, row = x[:, None], x[None, :]
    row += column.T * s
    row[0, 1:] = column[:-1, 0]
    return x * s


def write_through_a_row(X, s):
    a = X.copy()
    v = a[1]
    v[:] = s
    v[2] = s * s
    return np.sum(a * X)


def write_through_transpose(X, s):
    a = X.copy()
    v = a.T
    v[0, 1] = s
    v[2] = v[1] * s
    return a


def write_through_reshape(x, s):
    a = x * 2.0
    v = a.reshape((5, 1))
    v[3, 0] = s
    return a * x


def write_through_ravel(X, s):
    a = X + 0.0
    v = a.ravel()
    v[5] = s
    return a * X


def two_names_one_array(x, s):
    a = x.copy()
    alias = a
    alias[0] = s
    a[1] += s
    return alias * a


def copy_is_not_a_view(x, s):
    a = x * 2.0
    c = a.copy()
    a[0] = s
    return a + 10.0 * c


def view_of_a_view(x, s):
    a = x.copy()
    v = a[1:]
    u = v[::2]
    u[1] = s
    return a


def rebound_view(x, y, s):
    a = x.copy()
    v = a[:2]
    v[0] = s
    v = y.copy()[:2]
    v[1] = s
    return a[:2] * v


def rows_in_a_loop(X):
    a = X.copy()
    for i in range(a.shape[0]):
        v = a[i]
        v *= i + 1.0
    return a


def ellipsis_and_axes(T):
    return T[..., 0] + T[0, 0, 1]


def four_axes_elements(Q):
    return Q[0, 1, 2, 1] * Q[1, 0, 0, 0] + np.sum(Q[1, 1])


def shapes_as_numbers(X, s):
    rows, columns = X.shape
    return s * rows + X[rows - 1, columns - 1] * X.ndim + X.size


def written_and_then_reshaped(x, s):
    v = x[1::2]
    v *= s
    w = v.reshape(2, 1) * v
    return np.sum(w) + np.sum(x)


def copies_of_what_is_not_contiguous(A, s):
    flat = A[:, ::2].ravel()
    packed = np.ascontiguousarray(A[:, 1])
    turned = A.T.reshape(A.size)
    flat[0] = s
    packed[1] = s * s
    turned[2] = 3.0 * s
    A[0, 0] = 2.0 * s
    A[1, 1] = 1.0
    return np.sum(A * A) + flat[0] * flat[1] + np.sum(packed) * turned[1] + turned[2]


def whole_by_an_ellipsis(x):
    a = x.copy()
    a[...] *= a
    a[...] += 2.0
    turned = np.zeros((3, 3))
    for k in range(3):
        turned[..., k, k] = a[k]
        turned[k, 0, ...] += x[k]
    return np.sum(a[...] * x) + np.sum(np.cross([0, x[0], 1.0], turned[2]) * turned[:, 0])


def selected_by_a_mask(x, mask):
    return x[mask] * 2.0


def permuted_in_a_loop(x, m, n):
    for _ in range(n):
        x = x[m] * x
        x = x[m]
    return x


def selected_rows(X, labels):
    return np.sum(X[labels] * 2.0, axis=0)


def sum_of_the_positive(x):
    return np.sum(x[x > 0.1] ** 2)


def selected_then_written(x, m):
    y = x.copy()
    g = y[m]
    y[0] = 5.0
    g[1] += y[2]
    return g * y


def resampled(x, r):
    c = np.cumsum(r) / np.sum(r)
    idx = np.searchsorted(c, (np.arange(5) + 0.37) / 5.0)
    x = x[idx]
    return np.mean(x * x)


def selected_inside(x, y, m):
    return np.sum(np.sin(x[m]) * y[m] - x)


def column_by_an_ellipsis(x, b):
    return x[..., None] * b


def shape_by_name(X, n, k):
    shape = (n, k)
    out = np.zeros(shape)
    like = np.empty(X.shape)
    like[:] = X * 2.0
    out += like
    return out


def turned_again_and_again(A, s):
    for _ in range(3):
        A = A.T
        A = A[1:].T[:, :3] * s
        A = A.T[::2].T
    return np.sum(A * A)


def reshaped_and_used_up(x, s):
    a = x[::2] * s
    b = a[::2]
    for _ in range(2):
        b[0] += np.sum(b.reshape(-1, 1) * b) * 0.1
    return a


def part_of_a_pair_under_a_changing_name(x, pair):
    v = pair[0]
    v[0] = x[1]
    a = pair[0][0]
    x[2] += a
    for _ in range(2):
        v = np.maximum(v, 0.37)
    return x
