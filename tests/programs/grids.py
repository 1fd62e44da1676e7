"""Loops over the places of arrays."""

import numpy as np

NEEDS_REWRITING = ()


def over_all_places(X, Y, s):
    total = 0.0
    for i, j in np.ndindex(X.shape):
        total += X[i, j] * Y[i, j] * s
    for place in np.ndindex(X.shape):
        total += X[place] ** 2
    for k in np.ndindex(3):
        total += X[k[0], 1]
    for i, j in np.ndindex(X.shape[0], 2):
        if total > 100.0:
            break
        if j == 1:
            continue
        total *= X[i, j] + 1.0
    return total


def over_places_and_values(T, s):
    total = 0.0
    for place, v in np.ndenumerate(T):
        total += v * v * s * place[1] + T[place]
    for (i, j, k), v in np.ndenumerate(T):
        total += v * (i + j + k)
        if total > 1e6:
            break
    y = np.zeros_like(T)
    for place, v in np.ndenumerate(T):
        y[place] = v * s
    return total * np.sum(y * y)


def one_after_the_other(X, Y, s):
    total = s
    for v in X.flat:
        total += v * v
    for a, b in zip(X.flat, Y.flat):
        total += a * b * s
    for k, v in enumerate(X.T.flat):
        total += k * v
    return total
