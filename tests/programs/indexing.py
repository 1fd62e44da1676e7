"""Reading and writing through arrays of indices and masks, and what puts arrays together."""

import numpy as np

NEEDS_REWRITING = (
    "stored_through_a_mask_of_rows",
    "contracted",
    "contracted_by_letters",
    "products_of_stacks",
    "scattered",
    "borders_and_parts",
    "along_axes",
)

# NumPy's own do not take the objects of the complex step.
OBJECTS_REFUSED = ("along_axes", "scattered")


def stored_through_indices(x, m, s):
    y = x.copy()
    y[m[:3]] = x[2:] * s
    y[m] *= x
    y[m % 2] = y[m] + s
    y[m[:4]] = y[1:]
    return y


def stored_through_a_mask_of_rows(X, Y):
    Z = X.copy()
    Z[X > 0.2] = Y[X > 0.2] * 2.0
    Z[:, 1] *= X[:, 0]
    return Z


def contracted(X, W, Y):
    both = np.einsum("ij,jk->ik", X, W) * np.tensordot(X, W, 1)
    return both, np.einsum("ij,ij->i", X, Y)


def contracted_by_letters(A, T):
    turned = np.einsum("ij->ji", A) * np.einsum("ii,jk->kj", A, A)
    stacks = np.einsum("ijk,ljk->li", T, T), np.einsum("ijk,kl->jil", T, A)
    return turned, np.einsum("ii->i", A), *stacks


def products_of_stacks(T, A):
    return (T @ A) @ T.transpose(0, 2, 1)


def scattered(x, m, X):
    y = np.zeros(5)
    np.add.at(y, m % 3, x)
    np.multiply.at(y, m % 2, x)
    return y, np.add.outer(x, X[:, 0]), np.maximum.accumulate(X, axis=1)


def borders_and_parts(x, X, s):
    front, back = np.array_split(x, 2)
    wide = np.pad(X, 1, mode="edge") + np.pad(X, ((1, 1), (0, 2)), constant_values=s)
    return np.tile(front, 2), back * s, wide, np.roll(X, 1, axis=0)


def along_axes(X, s):
    middle = np.median(X, axis=0) * np.quantile(X, 0.3, axis=0)
    return middle, np.cumsum(X, axis=1) * s, np.sort(X, axis=0), np.std(X, axis=(0, 1))
