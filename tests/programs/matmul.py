"""Products of matrices and vectors."""

import numpy as np

NEEDS_REWRITING = {"dot_with_a_number", "multiplied_in_place"}


def matrix_matrix(X, W):
    return X @ W


def matrix_vector(X, b):
    return X @ b


def vector_matrix(b, W):
    return b @ W


def vector_vector(x, y):
    return x @ y


def dot_function(X, W):
    return np.dot(X, W) * 2.0


def dot_method(x, y):
    return x.dot(y) ** 2


def dot_of_vectors(x, y):
    return np.dot(x, y) + np.dot(x, x)


def outer_product(x, y):
    return np.outer(x, y)


def quadratic_form(A, x):
    v = x[:4]
    return v @ A @ v


def gram(X):
    return X.T @ X


def product_with_itself(A):
    return A @ A


def chain(X, W, A):
    return A @ X @ W


def matrix_power_loop(A, s):
    P = A * s
    for _ in range(2):
        P = P @ A
    return P


def affine_layer(X, W, c):
    return X @ W + c


def bilinear(X, A, b):
    return np.sum((A @ X) * b)


def power_iteration(A):
    v = np.ones(4)
    for _ in range(4):
        v = A @ v
        v = v / np.sqrt(np.sum(v * v) + 1.0)
    return v


def least_squares_loss(X, b, x):
    e = X @ b - x[:4]
    return 0.5 * (e @ e)


def jacobi_sweep(A, x):
    v = x[:4].copy()
    for i in range(4):
        total = 0.0
        for j in range(4):
            if j != i:
                total += A[i, j] * v[j]
        v[i] = (1.0 - 0.1 * total) / 3.0
    return v


def product_into_a_buffer(X, W):
    out = np.zeros((4, 3))
    out[:, :2] = X @ W
    out[:, 2] = X[:, 0]
    return out


def multiplied_in_place(A, s):
    B = A * s
    B @= A
    return np.sum(B * B)


def outer_of_matrices_and_scalars(X, s):
    flat = np.outer(X, s * X)
    row = np.outer(s, X[0])
    return np.sum(flat * flat) + np.sum(row)


def matrix_written_out(s, t):
    turn = np.array([[np.cos(s), -np.sin(s)], [np.sin(s), np.cos(s)]])
    return turn @ np.array([t, 1])


def matrix_with_integers(s, x):
    a = np.array([[1, s, 0], [s * s, 2, 1]])
    return a * x[:3]


def dot_with_a_number(x, s, t):
    return np.dot(x, s) + np.dot(s, t)


def against_its_transpose(A):
    B = np.exp(A)
    return A + B * B.T


def outer_against_its_transpose(x):
    a = np.outer(x, np.exp(x))
    return x + np.sum(a * a.T)
