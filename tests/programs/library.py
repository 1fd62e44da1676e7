"""NumPy functions that are defined in the compiler's own language."""

import numpy as np

NEEDS_REWRITING = (
    "by_rank",
    "spread_by_columns",
    "spread_of_a_sample",
    "range_by_rows",
    "rolled_rows",
    "rolled_columns",
    "norm_of_order_three_as_a_word",
)

# NumPy's own do not take the objects of the complex step.
OBJECTS_REFUSED = (
    "spread",
    "spread_of_a_matrix",
    "spread_by_columns",
    "spread_of_a_sample",
    "spread_without_missing",
    "norms",
    "norm_of_order_three",
    "norm_of_order_three_as_a_word",
    "covariance",
    "covariance_of_two",
    "covariance_of_columns",
    "interpolated",
    "interpolated_at_many",
    "spaced",
)


def spread(x):
    return np.var(x) + np.std(x)


def spread_of_a_matrix(X):
    return X.std() * X.var()


def spread_by_columns(X):
    return np.std(X, axis=0) * np.var(X, 1, keepdims=True)


def spread_of_a_sample(x):
    return np.std(x, ddof=1)


def range_of_all(x, X):
    return np.ptp(x) * np.ptp(X)


def range_by_rows(X):
    return np.ptp(X, axis=1)


def weighted_average(x, r):
    return np.average(x, weights=r) + np.average(r)


def medians(x, X):
    return np.median(x) * np.median(X) + np.median(x[1:])


def quantiles(x, p):
    high, low = np.percentile(x, [75, 25])
    return np.quantile(x, 0.3 * p) + np.percentile(x, 60.0) * (high - low)


def several_quantiles(x, r):
    return np.quantile(x, r / 2.0)


def said_by_keyword(x, X, s):
    y = np.asarray(x, dtype=np.float64) * s
    y[np.where(x > 1.0)] = s * s
    unit = np.eye(4, dtype=np.float64) * s + np.eye(4, 4, k=1)
    held = np.nan_to_num(np.where(x > 1.0, np.nan, x), nan=s) + np.nan_to_num(x, copy=True)
    below = np.tril(X, k=-1).sum() + np.identity(3, dtype=np.float64)[1, 1]
    return y, unit, held, below * x[np.where(x < 1.0)[0]].sum()


def without_missing(x, s):
    y = np.where(x > 1.0, np.nan, x * s)
    return np.nansum(y) * np.nanmean(y) + np.nanprod(y)


def extremes_where_nothing_is_missing(x, X):
    return np.nanmax(x) * np.nanmin(X)


def spread_without_missing(x, s):
    y = np.where(x > 1.0, np.nan, x * s)
    return np.nanvar(y) + np.nanstd(y, ddof=1)


def running(x, X):
    return np.cumprod(x)[1:] * np.cumprod(X)[3]


def running_without_missing(x, s):
    y = np.where(x > 1.0, np.nan, x * s)
    return np.nancumsum(y) + np.nancumprod(y)


def integral(x, r, s):
    return np.trapezoid(x) + np.trapezoid(x, np.cumsum(r)) + np.trapezoid(x, dx=s)


def integrals(X, s):
    return np.trapezoid(X, dx=s)


def norms(x, X):
    length = np.linalg.norm(x) * np.linalg.norm(X)
    return length + np.linalg.norm(x, 1) + np.linalg.norm(x, np.inf) + np.linalg.norm(x, -np.inf)


def norms_of_a_matrix(X):
    return np.linalg.norm(X, 1) * np.linalg.norm(X, np.inf)


def norm_of_order_three(x):
    return np.linalg.norm(x, 3)


def norm_of_order_three_as_a_word(X):
    return np.linalg.norm(X, ord="fro")


def covariance(X):
    return np.cov(X) * np.corrcoef(X)


def covariance_of_two(x, y):
    return np.cov(x, y)


def covariance_of_columns(X):
    return np.cov(X, rowvar=False)


def ordered(x, y):
    return np.sort(x) * y


def ordered_rows(X):
    return np.sort(X)[:, 1]


def interpolated(s, r, x):
    at = np.cumsum(r)
    return np.interp(s * 0.5 + 1.0, at, x) + np.interp(-1.0, at, x) + np.interp(99.0, at, x)


def interpolated_at_many(r, x, y):
    return np.interp(x * 1.5, np.cumsum(r), y)


def spaced(p, q):
    return np.logspace(p, q, 4) * np.geomspace(p, q, 4)


def powers_of_elements(x):
    return np.vander(x) @ np.vander(x, 3, True)


def on_a_diagonal(x):
    return np.diagflat(x)


def with_more_at_the_end(x, y):
    return np.append(x, y)[3:8]


def with_a_number_at_the_end(x, s):
    return np.append(x, s)[1:]


def without_one(x, n):
    return np.delete(x, 1) * np.delete(x, n)


def with_one_more(x, s, k):
    return np.insert(x, k, s) * np.insert(x, 5, s)


def differences(X):
    return np.ediff1d(X)


def unwrapped(x):
    return np.unwrap(x * 5.0)


def again_and_again(x):
    return np.resize(x, (2, 4))


def taken_along(x, X):
    order = np.argsort(x)
    return np.take_along_axis(x, order, 0) * X[0, 1]


def taken_along_columns(X, labels):
    return np.take_along_axis(X, labels.reshape((4, 1)), 1)


def taken_along_rows(X, labels):
    return np.take_along_axis(X, labels[:3].reshape((1, 3)), 0)


def rolled_rows(X):
    return np.roll(X, 1, axis=0)


def rolled_columns(X):
    return np.roll(X, -2, axis=1)


def convolved(x, b):
    return np.convolve(x, b, "same")[1:4] * np.convolve(x, b, mode="valid")


def by_rank(x, s):
    return _first(x) * _first(s)


def _first(a):
    if np.ndim(a) == 0:
        return a
    return a[0]
