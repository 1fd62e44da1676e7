"""Linear algebra: solutions, inverses, determinants, factorisations."""

from __future__ import annotations

import numpy as np

NEEDS_REWRITING = ("singular_values_alone",)

# LAPACK knows no objects.
OBJECTS_REFUSED = (
    "solutions",
    "inverses",
    "determinants",
    "log_determinant",
    "factors_of_cholesky",
    "mahalanobis",
    "eigenvalues_alone",
    "symmetric_eigenvectors",
    "general_eigenvectors",
    "singular_vectors",
    "all_singular_vectors",
    "singular_values_alone",
    "orthogonal_factors",
    "pseudo_inverses",
    "least_squares",
    "powers_of_a_matrix",
    "condition",
    "newton_steps",
    "inverted_in_place",
    "solutions32",
)


def _definite(A):
    return A @ A.T + 2.0 * np.eye(A.shape[0])


def solutions(A, X):
    S = _definite(A)
    x = np.linalg.solve(S, X[:, 0])
    return np.linalg.solve(S, X) * x[1] + np.linalg.solve(A, 2.0 * X)


def inverses(A, W):
    again = np.linalg.inv(W.T @ W)
    return np.sum(np.linalg.inv(_definite(A)) * A) * again


def determinants(A, W):
    return np.linalg.det(A) * A[0, 0] + np.linalg.det(W[:2] * 3.0)


def log_determinant(A):
    sign, logarithm = np.linalg.slogdet(A)
    return sign * logarithm


def factors_of_cholesky(A):
    return np.linalg.cholesky(_definite(A)) * A


def mahalanobis(A, X, b):
    """The density of a normal distribution, as it is written for numba."""
    L = np.linalg.cholesky(_definite(A))
    z = np.linalg.solve(L, X @ b)
    return -0.5 * np.sum(z * z) - np.sum(np.log(np.diag(L)))


def eigenvalues_alone(A):
    return np.linalg.eigvalsh(_definite(A)) + np.linalg.eigvals(A @ A.T)[0]


def symmetric_eigenvectors(A):
    w, v = np.linalg.eigh(_definite(A))
    return (v * np.exp(-w)) @ v.T


def general_eigenvectors(A):
    w, v = np.linalg.eig(A @ A.T + 0.1 * A)
    return np.sum(w * v[0] * v[0])


def singular_vectors(X):
    u, s, vt = np.linalg.svd(X, False)
    tall = (u * s**2) @ vt
    u, s, vt = np.linalg.svd(X.T, full_matrices=False)
    return tall + ((u * np.sqrt(s)) @ vt).T


def all_singular_vectors(A):
    u, s, vt = np.linalg.svd(A)
    return (u * np.log(s)) @ vt


def singular_values_alone(X):
    return np.linalg.svd(X)[1] * np.linalg.svdvals(X)


def orthogonal_factors(A, X):
    q, r = np.linalg.qr(X)
    wide, rest = np.linalg.qr(X.T)
    return np.sum(q * X) * r + rest[:, 1:] * A[1:, 1:] * wide


def pseudo_inverses(X):
    left_out = np.linalg.lstsq(X, X[:, :1] * X[:, 1:], 0.7)[0] @ np.linalg.pinv(X[:3], 0.5)[:2]
    return np.linalg.pinv(X).T * np.linalg.pinv(X.T) + left_out[0, 1]


def least_squares(X, A):
    x, squares, rank, values = np.linalg.lstsq(X, A[:, 1])
    more = np.linalg.lstsq(X.T, A[:3])[0]
    return np.sum(x) * values[0] + squares[0] + rank * np.sum(more * more)


def powers_of_a_matrix(A):
    three = np.linalg.matrix_power(A, 3)
    return three @ np.linalg.matrix_power(_definite(A), -2) + np.linalg.matrix_power(A, 0)


def condition(A, X):
    return np.linalg.cond(X) * np.linalg.cond(A, 1) + np.linalg.norm(A, 2) * np.linalg.norm(X, -2)


def newton_steps(A, y):
    """Newton's method for a system, with its own matrix in each step."""
    x = y[:4].copy()
    for _ in range(3):
        F = A @ x + x * x * x - 1.0
        J = A + np.diag(3.0 * x * x) + 6.0 * np.eye(4)
        x = x - np.linalg.solve(J, F)
    return x


def inverted_in_place(A):
    P = _definite(A)
    P = np.linalg.inv(P)
    P = np.linalg.inv(P + P.T)
    P[0, 1] = A[1, 1]
    return P


def solutions32(X32, W32):
    S = W32.T @ W32
    return np.linalg.solve(S, W32.T) + X32[:2, :3] * np.linalg.inv(S)[0, 1]
