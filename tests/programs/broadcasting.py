"""Operands of different shapes, and axes whose size is 1 only at run time."""

import numpy as np


def bias(X, b):
    return X + b


def bias_times(X, b):
    return np.tanh(X * b) - b


def row_and_column(row, col):
    return row * col + np.sin(row)


def matrix_and_row(X, row):
    return X * row - row


def matrix_and_column(X, col):
    return X / (2.0 + col * col) + col


def column_of_ones(X, one_one):
    return X * one_one + one_one


def one_and_many(x, one):
    return x * one + one


def one_in_place(x, one):
    a = np.exp(x)
    a *= one
    a += one
    return a


def outer_by_newaxis(x, y):
    return x[:, np.newaxis] * y[np.newaxis, :]


def outer_by_none(x, y):
    return x[:, None] - y


def pairwise_distances(X):
    d = X[:, None, :] - X[None, :, :]
    return np.sum(d * d)


def three_against_two(T, X):
    return np.sum(T * X.T)


def three_against_one(T, s):
    return T - T[0, 0] * s


def scalar_and_matrix(X, s):
    return s - X * 2.0


def maximum_with_row(X, b):
    return np.maximum(X, b)


def where_with_row(X, b, s):
    return np.where(X > b, X * s, b)


def where_with_column(X, col):
    return np.where(X > 0.0, col, X)


def power_with_row(X, b):
    return (X * X + 0.5) ** b


def sum_then_broadcast(X):
    return X / (3.0 + np.sum(X))


def center_columns(X):
    return X - np.sum(X, axis=0) / X.shape[0]


def store_broadcast_row(X, b):
    out = np.zeros(X.shape)
    out[:] = b
    return out * X


def store_broadcast_scalar(x, s):
    out = np.zeros(5)
    out[1:4] = s
    return out * x


def store_broadcast_size_one(x, one):
    out = np.zeros(5)
    out[:] = one
    return out * x


def add_row_in_place(X, b, col):
    out = X * 2.0
    out += b
    out *= col
    return out


def row_stored_into_a_vector(x, X):
    a = x[:3] * x[1]
    a[:] = X[1:2] * a
    return np.sum(a)


def rows_stored_where_one_size_is_known(X, b, n):
    out = np.zeros((n, 3))
    out[:] = X * b
    out[1:, :] = X[1:] * 2.0
    return out
