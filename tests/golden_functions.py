"""Functions as people write them; what we emit for each is kept in tests/golden/ and read.

`@golden(...)` gives the arguments with which a function is emitted and run.
"""

from __future__ import annotations

import math
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from tests.golden_helpers import soft_threshold

Weights = namedtuple("Weights", ["W1", "b1", "W2", "b2"])


@dataclass(frozen=True)
class Case:
    """One emitted module: a function, its arguments, which of them are active, the lanes, and
    whether it goes to second order.
    """

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    active: tuple[int, ...]
    lanes: int
    order: int = 1


CASES: list[Case] = []


def golden(
    *args: Any, active: tuple[int, ...] = (0,), lanes: int = 1, order: int = 1, name: str = ""
) -> Callable[[Any], Any]:
    """Keep the emitted source of the decorated function; `active=()` asks for the primal."""

    def add(function: Any) -> Any:
        plain = getattr(function, "py_func", function)
        CASES.append(Case(name or plain.__name__, function, args, active, lanes, order))
        return function

    return add


def some(*shape: int, dtype: type = np.float64, low: float = 0.2, high: float = 1.3) -> Any:
    """Positive numbers of a shape, the same in every run."""
    rng = np.random.default_rng(sum(shape) + len(shape))
    return rng.uniform(low, high, shape).astype(dtype)


# --- losses ---------------------------------------------------------------------------------


@golden(some(6), order=2, name="rosenbrock_second")
@golden(some(6))
def rosenbrock(x):
    """The banana valley, whose minimum is 0 at (1, ..., 1)."""
    total = 0.0
    for i in range(x.size - 1):
        total += (1.0 - x[i]) ** 2 + 100.0 * (x[i + 1] - x[i] ** 2) ** 2
    return total


@golden(some(6))
def rosenbrock_arrays(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


@golden(
    some(3, 2),
    some(2),
    some(4, 3),
    np.array([0, 1, 1, 0]),
    active=(0, 1),
    order=2,
    name="softmax_loss_second",
)
@golden(some(3, 2), some(2), some(4, 3), np.array([0, 1, 1, 0]), active=(0, 1))
def softmax_loss(W, b, X, labels):
    """Mean cross entropy of a linear classifier.

    X holds one example a row, labels the index of each one's class.
    """
    scores = X @ W + b
    total = 0.0
    for i in range(labels.size):
        top = scores[i].max()
        total += np.log(np.sum(np.exp(scores[i] - top))) + top - scores[i, labels[i]]
    return total / labels.size


@golden(some(3, 2), some(4, 3), np.array([0, 1, 1, 0]))
def softmax_loss_arrays(W, X, labels):
    scores = X @ W
    scores = scores - scores.max(axis=1, keepdims=True)
    log_norm = np.log(np.exp(scores).sum(axis=1))
    loss = log_norm.sum()
    for i, label in enumerate(labels):
        loss -= scores[i, label]
    return loss / labels.size


@golden(Weights(some(3, 5), some(5), some(5, 2), some(2)), some(4, 3), some(4, 2))
def mlp_loss(weights, X, y):
    """Mean squared error of a network with one hidden layer."""
    hidden = np.tanh(X @ weights.W1 + weights.b1)
    output = hidden @ weights.W2 + weights.b2
    return np.mean((output - y) ** 2)


@golden(some(3), some(4, 3), np.array([1.0, -1.0, -1.0, 1.0]), 0.01)
def logistic_regression(w, X, y, strength):
    margins = y * (X @ w)
    return np.mean(np.log1p(np.exp(-margins))) + strength * np.sum(w**2)


# --- physics --------------------------------------------------------------------------------


@golden(some(6))
def until_small(x):
    """What `and` and `or` leave unread stays unread."""
    total = 0.0
    i = 0
    while i < x.size and (i == 0 or x[i - 1] > 0.4):
        total += x[i] ** 2
        i += 1
    return total


@golden(0.8, 1.5, active=(0, 1))
def decayed(rate, time):
    left = 1.0 - rate * time
    return math.exp(-rate * time) * left


@golden(some(6, dtype=np.float32), some(6, dtype=np.float32), active=(0, 1))
def stays_single(x, y):
    """Every number that we write has the dtype, or numba would compute in double precision."""
    bent = np.tanh(x) ** 3 * np.log1p(y)
    return np.mean(2 * bent - y / 3.0)


@golden(some(4, 4), 0.3, active=(0, 1))
def pooled(X, angle):
    """Parts have names, sizes that are known are not compared, numbers in arrays are floats."""
    turn = np.array([[1, angle], [-angle, 1]])
    total = np.zeros(2)
    total += angle * turn[0]
    for i in range(X.shape[0]):
        total += turn @ np.exp(X[i, 1:3])
    return total * np.max(X[1:, 2:])


@golden(some(3, 2))
def turned(X):
    """A transpose is seen through: no view of it is made."""
    return X.T * np.exp(-X.T)


@golden(some(6), 0.4, active=(0, 1))
def advected(u, speed):
    """Every cell takes from the one before it."""
    total = 0.0
    for i in range(1, u.size):
        total += u[i] * math.cos(speed / 2.0) + u[i - 1] ** 3 * math.sin(u[i - 1])
    return total


@golden(1.2, 0.8, (1.1, 0.4, 0.1, 0.4), 0.05, active=(0, 1, 2))
def rk4_step(prey, hunters, rates, dt):
    """One step of Lotka-Volterra."""
    birth, eaten, fed, death = rates
    k1 = birth * prey - eaten * prey * hunters
    l1 = fed * prey * hunters - death * hunters
    p, h = prey + 0.5 * dt * k1, hunters + 0.5 * dt * l1
    k2 = birth * p - eaten * p * h
    l2 = fed * p * h - death * h
    p, h = prey + 0.5 * dt * k2, hunters + 0.5 * dt * l2
    k3 = birth * p - eaten * p * h
    l3 = fed * p * h - death * h
    p, h = prey + dt * k3, hunters + dt * l3
    k4 = birth * p - eaten * p * h
    l4 = fed * p * h - death * h
    return (
        prey + dt * (k1 + 2.0 * k2 + 2.0 * k3 + k4) / 6.0,
        hunters + dt * (l1 + 2.0 * l2 + 2.0 * l3 + l4) / 6.0,
    )


def _speed(z, rates):
    birth, eaten, fed, death = rates
    return np.array([birth * z[0] - eaten * z[0] * z[1], fed * z[0] * z[1] - death * z[1]])


@golden((1.1, 0.4, 0.1, 0.4), np.array([10.0, 5.0]), 0.05, 20)
def rk4(rates, start, dt, steps):
    """A whole orbit, one row for each step."""
    orbit = np.empty((steps + 1, 2))
    orbit[0] = start
    z = start
    for n in range(steps):
        k1 = _speed(z, rates)
        k2 = _speed(z + 0.5 * dt * k1, rates)
        k3 = _speed(z + 0.5 * dt * k2, rates)
        k4 = _speed(z + dt * k3, rates)
        z = z + dt / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
        orbit[n + 1] = z
    return orbit


@golden(some(5, 3), some(5))
def nbody_potential(position, mass):
    energy = 0.0
    for i in range(mass.size):
        for j in range(i):
            dx = position[i, 0] - position[j, 0]
            dy = position[i, 1] - position[j, 1]
            dz = position[i, 2] - position[j, 2]
            energy -= mass[i] * mass[j] / math.sqrt(dx * dx + dy * dy + dz * dz)
    return energy


@golden(some(2, 3), some(2, 3, 3), some(4, 3), active=(0, 1), lanes=3, name="whitened_lanes3")
def whitened(means, factors, points):
    """Squared distances of points from means, each in a metric of its own."""
    count, size = means.shape
    scales = np.empty((count, size))
    for k in range(count):
        for r in range(size):
            scales[k, r] = math.exp(factors[k, r, r])
    total = 0.0
    for i in range(points.shape[0]):
        for k in range(count):
            for r in range(size):
                y = scales[k, r] * (points[i, r] - means[k, r])
                for c in range(r):
                    y += factors[k, r, c] * (points[i, c] - means[k, c])
                total += y * y
    return total


@golden(some(8), 0.1, 5, active=(0, 1), order=2, name="heat_second")
@golden(some(8), 0.1, 5, active=(0, 1))
def heat(u, rate, steps):
    """Explicit heat equation; two buffers take turns."""
    old = u.copy()
    new = u.copy()
    for _ in range(steps):
        for i in range(1, old.size - 1):
            new[i] = old[i] + rate * (old[i - 1] - 2.0 * old[i] + old[i + 1])
        old, new = new, old
    return old


# --- finance --------------------------------------------------------------------------------


@golden(100.0, 105.0, 0.02, 0.3, 1.0, some(50, low=-2.0, high=2.0), active=(0, 2, 3))
def call_price(spot, strike, rate, sigma, years, noise):
    """Black-Scholes by Monte Carlo, one draw a path."""
    drift = (rate - 0.5 * sigma**2) * years
    paths = spot * np.exp(drift + sigma * np.sqrt(years) * noise)
    return np.exp(-rate * years) * np.mean(np.maximum(paths - strike, 0.0))


def _normal_cdf(x):
    return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))


@golden(100.0, 105.0, 0.02, 0.3, 1.0, active=(0, 3))
def call_closed_form(spot, strike, rate, sigma, years):
    root = sigma * math.sqrt(years)
    d1 = (math.log(spot / strike) + (rate + 0.5 * sigma * sigma) * years) / root
    d2 = d1 - root
    return spot * _normal_cdf(d1) - strike * math.exp(-rate * years) * _normal_cdf(d2)


# --- control flow ---------------------------------------------------------------------------


@golden(2.0, 1e-12)
def newton_root(a, tolerance):
    """The square root of a, by Newton's iteration."""
    x = a
    while abs(x * x - a) > tolerance:
        x = 0.5 * (x + a / x)
    return x


@golden(0.7, 2.0, active=(0, 1))
def early_returns(x, limit):
    if x < 0.0:
        return 0.0
    if x > limit:
        return limit + math.log(x / limit)
    if x == limit:
        return limit
    y = x * x
    return y / limit


@golden(some(5))
def ternary(x):
    total = 0.0
    for value in x:
        step = value if value > 0.5 else 0.5 * value * value
        total += step if step < 1.0 and value != 0.0 else 1.0
    return total


@golden(some(4), some(4), some(4), active=(0, 2))
def walks(a, weights, targets):
    loss = 0.0
    for i, (value, weight, target) in enumerate(zip(a, weights, targets)):
        if weight == 0.0:
            continue
        loss += (i + 1) * weight * (value - target) ** 2
    return loss


@golden(0.7, 0.4, active=(0, 1))
def polar(x, y):
    """Radius and angle."""
    return math.sqrt(x * x + y * y), math.atan2(y, x)


# --- helpers and constants ------------------------------------------------------------------

SCALE = 2.5
KNOTS = np.array([0.0, 0.5, 1.0])


@njit
def _hinge(x, at):
    return x - at if x > at else 0.0


@golden(0.8)
def spline(x):
    total = SCALE * x
    for k in range(KNOTS.size):
        total += _hinge(x, KNOTS[k]) ** 3
    return total


@golden(some(4), 0.3)
def shrunk_norm(x, level):
    shrunk = soft_threshold(x, level)
    return np.sqrt(np.sum(shrunk**2))


@golden(some(4), some(4), np.zeros(4))
def with_scratch(x, y, scratch):
    """The caller lends the memory; its old contents do not matter."""
    for i in range(x.size):
        scratch[i] = x[i] * y[i]
    total = 0.0
    for i in range(1, x.size):
        total += scratch[i] * scratch[i - 1]
    return total


# --- arrays ---------------------------------------------------------------------------------


@golden(some(4, 3))
def reductions(X):
    spread = X.max(axis=0) - X.min(axis=0)
    middle = X.mean(axis=1, keepdims=True)
    return np.sum(spread) + np.sum((X - middle) ** 2) + np.prod(X[0])


@golden(some(4), some(4), active=(0, 1))
def stretched(a, b):
    """Either vector may have one element, which then stands beside all of the other's."""
    return np.sum(np.sin(a) * b)


@golden(some(3, 3), some(3), some(3), active=(0, 1))
def bilinear(A, x, y):
    return y @ (A @ x) + np.sum(np.outer(x, y) * A)


@golden(some(5), 0.4, 1.1)
def clipped(x, low, high):
    inside = np.where(x > low, np.minimum(x, high), low)
    return np.sum(inside * np.clip(x, 0.5, 1.0) + np.maximum(x, low))


@golden(some(6), some(6), active=(0, 1))
def rectified(x, b):
    return np.maximum(x + b, 0.0)


@golden(some(3), 1.7, 3, active=(0, 1))
def powers(x, p, n):
    return np.sum(x**2 + x**0.5 + x**-1 + x**p + x**n) + 2.0**p


@golden(some(7))
def slices(x):
    y = np.zeros_like(x)
    y[1:-1] = 0.5 * (x[2:] + x[:-2])
    y[0] = x[0]
    y[-1] = x[-1]
    y[::2] *= 2.0
    return np.sum(y * x)


@golden(some(4, 3, dtype=np.float32), some(3, dtype=np.float32), active=(0, 1))
def single_precision(X, w):
    z = 0.5 * (X @ w) + 1.0
    return np.mean(1.0 / (1.0 + np.exp(-z)))


@golden(some(3), some(6), active=(0, 1))
def garch(params, returns):
    omega, alpha, beta = np.abs(params)
    sigma2 = np.empty(len(returns))
    sigma2[0] = np.var(returns)
    for t in range(1, len(returns)):
        sigma2[t] = omega + alpha * returns[t - 1] ** 2 + beta * sigma2[t - 1]
    return 0.5 * np.sum(np.log(sigma2) + returns**2 / sigma2)


@golden(some(3, 4))
def row_views(X):
    total = 0.0
    for row in X:
        total += np.sum(row) ** 2
    first = X[0]
    turned = X.T.reshape(X.size)
    return total + first[1] * turned[2]


# --- other shapes of the module -------------------------------------------------------------


golden(some(6), lanes=3, name="rosenbrock_lanes3")(rosenbrock)
golden(some(3), some(4, 3), np.array([1.0, -1.0, -1.0, 1.0]), 0.01, lanes=3,
       name="logistic_regression_lanes3")(logistic_regression)  # fmt: skip
golden(some(6), active=(), name="rosenbrock_primal")(rosenbrock)
golden(some(3, 2), some(2), some(4, 3), np.array([0, 1, 1, 0]), active=(),
       name="softmax_loss_primal")(softmax_loss)  # fmt: skip
