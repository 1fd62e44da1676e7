"""Sums, means, extremes and products, whole and along axes."""

import numpy as np

NEEDS_REWRITING = {
    "all_keepdims",
    "column_mean",
    "column_mean_method",
    "largest_of_columns",
    "largest_of_rows_kept",
    "log_softmax",
    "mean_over_no_axes",
    "negative_axis_mean",
    "product_along",
    "row_sum_kept",
    "smallest_along",
    "standardize",
}


def total(x):
    return np.sum(x)


def total_method(X):
    return X.sum() * X.sum()


def sum_of_squares(x, y):
    return np.sum((x - y) ** 2)


def weighted_mean(x, w):
    return np.sum(x * w) / np.sum(w * w)


def mean_and_spread(x):
    mu = np.mean(x)
    return mu + np.mean((x - mu) ** 2)


def mean_method(X):
    return X.mean() ** 2


def builtin_sum_of_elements(x):
    total = 0.0
    for i in range(len(x)):
        total += x[i] ** 2
    return np.sqrt(total)


def column_sum(X, b):
    return np.sum(X * b, axis=0)


def row_sum(X):
    return X.sum(axis=1) ** 2


def negative_axis_sum(X):
    return np.sum(np.exp(X), axis=-1)


def row_sum_kept(X):
    return X / (1.0 + np.sum(X * X, axis=1, keepdims=True))


def column_mean(X):
    return np.mean(X, axis=0)


def column_mean_method(X):
    return X.mean(axis=0) * 2.0


def negative_axis_mean(T):
    return np.mean(T * T, axis=-2)


def all_keepdims(X):
    return X - np.mean(X, keepdims=True)


def standardize(X):
    mu = np.mean(X, axis=0)
    var = np.mean((X - mu) ** 2, axis=0)
    return (X - mu) / np.sqrt(var + 1e-3)


def largest(x):
    return np.max(x) * 3.0


def smallest_method(X):
    return X.min() + X.max() ** 2


def largest_of_columns(X):
    return np.max(X, axis=0)


def largest_of_rows_kept(X):
    return X - X.max(axis=1, keepdims=True)


def smallest_along(T):
    return np.min(T, axis=1)


def product(x):
    return np.prod(x)


def product_method(X):
    return X.prod() + 1.0


def product_along(X):
    return np.prod(X, axis=1)


def at_the_largest(x, y):
    i = np.argmax(x)
    return y[i] * x[i]


def at_the_smallest(x, y):
    return y[np.argmin(x)] ** 2


def logsumexp(x):
    top = np.max(x)
    return top + np.log(np.sum(np.exp(x - top)))


def log_softmax(X):
    top = np.max(X, axis=1, keepdims=True)
    e = np.exp(X - top)
    return X - top - np.log(np.sum(e, axis=1, keepdims=True))


def sum_of_three_axes(T):
    return np.sum(T, axis=1) * 2.0


def sum_of_a_sum(T):
    return np.sum(np.sum(np.sum(T * T, axis=0), axis=0))


def sum_of_nothing(nothing, s):
    return np.sum(nothing * s) + s


def sum_of_one(one):
    return np.sum(one) + np.mean(one) * np.max(one) + np.prod(one)


def sum_over_a_slice(x):
    return np.sum(x[1:4]) * np.sum(x[::2])


def sum_with_condition(x, y):
    return np.sum(np.where(x > 0.0, x * y, 0.0))


def count_positive(x, s):
    return np.sum(x > 0.0) * s


def two_reductions_one_input(x):
    return np.sum(np.exp(x)) / np.max(np.exp(x))


def reduction_of_strided(strided):
    return np.sum(strided) * np.mean(strided * strided)


def norm_by_dot(x):
    return np.sqrt(np.dot(x, x))


def sum_of_transpose(X, A):
    return np.sum(X.T, axis=0) + np.sum(A.T * A)


def mean_over_no_axes(X):
    return np.sum(np.mean(X, axis=()) * X)


def counted_by_adding_booleans(x, y):
    either = (x > 0.0) + (y > 0.0)
    both = (x > 0.0) * (y > 0.0)
    return np.sum(x * y * either) + np.sum(np.where(both, x, 0.0))


def extremes_of_integers(m, s):
    return np.max(m) * s + np.min(m) * s * s


def extremes_of_booleans(mask, s):
    return s if np.max(mask) and not np.min(mask) else 2.0 * s


def places_of_extremes(X):
    return np.argmax(X) * X[0, 0], X.argmin()


def largest_of_a_few(s, t):
    return np.max(np.array([s * t, t, s + t])) + np.array([s, t]).min()
