"""Writes into local buffers and into arguments."""

import numpy as np

from tests.programs.support import fill_powers

NEEDS_REWRITING = ("stored_through_a_mask_of_a_matrix",)


def fill_a_buffer(x):
    out = np.zeros(5)
    for i in range(5):
        out[i] = x[i] ** 2
    return out


def fill_empty(x):
    out = np.empty(x.size)
    for i in range(x.size):
        out[i] = x[i] * x[x.size - 1 - i]
    return out


def fill_like(X):
    out = np.empty_like(X)
    for i in range(X.shape[0]):
        for j in range(X.shape[1]):
            out[i, j] = np.sin(X[i, j])
    return out


def constructors(x, s):
    a = np.ones(5) * s
    c = np.full(5, s)
    d = np.zeros_like(x)
    e = np.ones_like(x)
    f = np.full_like(x, 2.0)
    d[2] = s
    c[1] = x[1]
    return a + c * d + e * f


def full_of_active(s, t):
    a = np.full((2, 3), s)
    a[1, 2] = t
    return a


def arange_grid(s):
    grid = np.arange(6) * 0.1
    return np.sin(grid * s)


def arange_of_floats(s):
    return np.arange(0.0, 1.0, 0.25) * s


def converted(x, m):
    a = m.astype(np.float64)
    a[0] = x[0]
    return a * x


def scan(x):
    out = np.zeros(5)
    carry = 0.0
    for i in range(5):
        carry = 0.5 * carry + x[i]
        out[i] = carry
    return out


def prefix_in_place(x):
    a = x.copy()
    for i in range(1, a.size):
        a[i] += a[i - 1]
    return a


def overwrite_with_constant(x):
    a = x * x
    a[2] = 1.0
    a[0] = a[2] * a[1]
    return a


def second_store_wins(x, s):
    a = np.zeros(5)
    a[0] = x[0] * s
    a[0] = 3.0
    a[1] = 2.0
    a[1] = s
    return a


def square_in_place(x):
    a = x + 0.0
    a *= a
    return a


def slice_over_itself(x, s):
    a = x.copy()
    a[1:] = a[:-1] * s
    return a


def shifted_sum(x):
    a = x * 1.0
    a[1:] += a[:-1]
    return a


def swap_elements(x):
    a = x.copy()
    a[0], a[4] = a[4], a[0] * 2.0
    return a


def swap_by_temporary(x):
    a = x.copy()
    keep = a[1]
    a[1] = a[3]
    a[3] = keep
    return a * x


def bubble_sort(x):
    a = x.copy()
    for i in range(a.size):
        for j in range(a.size - 1 - i):
            if a[j] > a[j + 1]:
                a[j], a[j + 1] = a[j + 1], a[j]
    return a * np.arange(5)


def augmented_elements(x, s):
    a = x.copy()
    a[0] += s
    a[1] -= s * s
    a[2] *= s
    a[3] /= 2.0 + s
    a[4] **= 2
    return a


def augmented_slices(X, b):
    a = X.copy()
    a[1] += b
    a[:, 0] *= 2.0
    a[2:, 1:] -= 0.5
    return a


def fill_an_argument(x, out):
    for i in range(x.size):
        out[i] = x[i] * 2.0


def fill_an_argument_by_slice(x, s, out):
    out[:] = x * s
    return np.sum(out)


def add_to_an_argument(x, out):
    out += x * x


def fill_a_matrix(X, b, OUT):
    for i in range(X.shape[0]):
        OUT[i] = X[i] * b


def argument_scaled_in_place(x, s):
    x *= s
    x[0] = 1.0
    return np.sum(x * x)


def argument_rebound(x, s):
    x = x * s
    x[0] = s
    return x


def element_kept_before_the_store(x):
    a = x.copy()
    first = a[0]
    a[0] = a[1]
    return first * a[0] + a[2]


def fill_method(x, s):
    a = np.empty(5)
    a.fill(s)
    a[1] = x[1]
    return a


def helper_that_writes(s):
    a = np.empty(6)
    fill_powers(s, a)
    return a


def helper_writes_through_a_view(x, s):
    a = x.copy()
    fill_powers(s, a[1:])
    return a


def conditional_store(x, s):
    a = x.copy()
    for i in range(a.size):
        if a[i] < 0.0:
            a[i] = s * a[i]
    return a


def integer_buffer_as_counter(x):
    seen = np.zeros(5, dtype=np.int64)
    total = 0.0
    for i in range(5):
        seen[i % 2] += 1
        total += x[i] * seen[i % 2]
    return total


def heat_equation(x, p):
    u = x.copy()
    for _ in range(4):
        new = u.copy()
        for i in range(1, u.size - 1):
            new[i] = u[i] + 0.1 * p * (u[i + 1] - 2.0 * u[i] + u[i - 1])
        u = new
    return u


def heat_equation_slices(x, p):
    u = x.copy()
    for _ in range(4):
        u[1:-1] = u[1:-1] + 0.1 * p * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    return u


def double_buffer(x, s):
    a = x.copy()
    c = np.zeros_like(a)
    for _ in range(3):
        for i in range(a.size):
            c[i] = s * a[i] + a[i - 1]
        a, c = c, a
    return a + 2.0 * c


def table_then_lookup(s, n):
    table = np.empty(n)
    table[0] = s
    for i in range(1, n):
        table[i] = table[i - 1] * s + 1.0
    return table[n - 1] * table[1]


def matrix_rows_from_vectors(x, y):
    out = np.zeros((2, 5))
    out[0] = x
    out[1, :] = y * x
    return out


def column_store(X, col):
    out = np.zeros((4, 2))
    out[:, 0] = X[:, 1]
    out[:, 1] = col[:, 0] * X[:, 2]
    return out


def column_from_its_row(A, s):
    a = A * s
    a[:, 0] = a[2]
    return a


def transposed_onto_itself(A):
    a = A.copy()
    a[:] = a.T
    a += a.T
    return a * A


def reversed_onto_itself(x, s):
    a = x * s
    a[:] = a[::-1]
    a[:] = a[::-1] + a
    return a * x


def compressed_onto_itself(x):
    a = x.copy()
    a[:3] = a[::2]
    a[1:] -= a[0]
    return a * x


def row_scaled_by_its_own_element(A):
    a = A.copy()
    a[1] = a[1] * a[1, 2]
    a[2] *= a[2, 0]
    return a


def rows_of_an_array_that_is_written(A):
    a = A.copy()
    total = 0.0
    for v in a:
        a[0] = v * 2.0
        total += np.sum(a[0] * v)
    return total


def flip_and_views(s):
    a = np.zeros(3)
    reverse = a[::-1]
    reverse[0] = s
    return a * 1.0


def element_moved_down(A):
    B = A * 1.0
    i = 0
    for _ in range(2):
        row = B[i]
        i += 1
        B[i] = row
    return B


def stored_after_an_exchange(A, s, t):
    """What is stored had two names in turn."""
    if s > t:
        A[0] *= s
    else:
        for _ in range(2):
            s, t = t, s
        A[:, 1] = s if s + t > 0.0 else s
    for _ in range(3):
        s, t = t, s
    A[:, 2] = s if s - t < 1.0 else t
    return np.sum(A * A)


def stored_where_it_is_negative(x, s):
    y = x * s
    y[y < 0.0] = 0.0
    return y * x


def active_number_through_a_mask(x, mask, s):
    x[mask] = s * s
    return x * s


def stored_through_a_mask_of_a_matrix(X, s):
    X[X > 0.5] = s
    return np.sum(X * X, axis=0)


def stored_through_a_mask_of_another_shape(x, mask, n):
    y = x[:n]
    y[mask[1:]] = 2.0
    return x * x


def single_through_a_mask(x32):
    y = x32 * x32
    y[y > 0.3] = 0.5
    return y


def _raised(a, v):
    a += v
    a[...] = a[()] * v


def _made(s):
    a = np.zeros(())
    a[()] = s * s
    return a


def arrays_without_axes(x, s, t, n):
    total, other = np.zeros(()), np.full((), s)
    for v in x:
        total += v * other[()]
        other *= v
        other[()] -= s
    same = total
    if n > 2:
        same **= 2
    else:
        same[...] = t
    a = _made(s)
    _raised(a, t * s)
    count = np.zeros((), dtype=np.int64)
    count += n
    pair = (np.array(s), a.copy())
    pair[0][()] = s * t
    b = np.full_like(s, t) * np.ones_like(s) + np.zeros_like(x[0]) + np.maximum(a, t)
    return total[()] * count[()] + a[()] * pair[0][()], other + np.sum(x * pair[1]) * b, total
