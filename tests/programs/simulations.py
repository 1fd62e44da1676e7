"""Random draws with a fixed seed, and tables looked up by bisection."""

import math

import numpy as np


def random_walk(s, p, n):
    np.random.seed(3)
    z = np.random.normal(0.0, 1.0, size=(n, 2))
    h = s
    total = 0.0
    for i in range(n):
        h = 0.9 * h + p * z[i, 0]
        total += math.exp(h / 2.0) * z[i, 1]
    return total


def correlated_paths(s, t, q, k):
    np.random.seed(5)
    v = np.full(k, q)
    level = np.full(k, s)
    for _ in range(3):
        z = np.random.standard_normal(k)
        w = 0.6 * z + 0.8 * np.random.standard_normal(size=k)
        spread = np.sqrt(np.maximum(v, 0.0))
        level += 0.1 * t - 0.05 * v + 0.3 * spread * z
        v += 0.2 * (q - v) + 0.1 * spread * w
    return np.mean(np.exp(level))


def draws_in_branches(x, p):
    np.random.seed(1)
    total = 0.0
    for i in range(x.size):
        if np.random.random() < 0.5:
            total += x[i] * np.random.normal(loc=0.5, scale=2.0)
        else:
            total += p * x[i] * np.random.uniform(1.0, high=3.0)
    return total * np.random.exponential(2.0)


def linear_interpolation(s, y):
    knots = np.array([-2.0, -1.0, 0.5, 1.5, 2.5])
    i = np.searchsorted(knots, s, side="right") - 1
    i = min(max(i, 0), len(knots) - 2)
    share = (s - knots[i]) / (knots[i + 1] - knots[i])
    return (1.0 - share) * y[i] + share * y[i + 1]


def interpolation_of_many(x, y):
    knots = np.linspace(-1.5, 1.6, 5)
    places = np.searchsorted(knots, x)
    out = np.empty_like(x)
    for k in range(len(x)):
        i = places[k]
        share = (x[k] - knots[i - 1]) / (knots[i] - knots[i - 1])
        out[k] = y[i - 1] + share * (y[i] - y[i - 1])
    return out


def interpolation_on_moving_knots(r, y, p):
    knots = np.cumsum(r)
    i = np.searchsorted(knots, 2.0 * p)
    return y[i - 1] + (y[i] - y[i - 1]) * (2.0 * p - knots[i - 1]) / (knots[i] - knots[i - 1])
