"""Programs of scientists: integrators, potentials, pricing, likelihoods."""

import math

import numpy as np

G = 0.5


def rk4_step(x, p):
    h = 0.05
    k1 = _lotka_volterra(x, p)
    k2 = _lotka_volterra(x + 0.5 * h * k1, p)
    k3 = _lotka_volterra(x + 0.5 * h * k2, p)
    k4 = _lotka_volterra(x + h * k3, p)
    return x + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)


def _lotka_volterra(v, rate):
    out = np.empty_like(v)
    out[0] = rate * v[0] - v[0] * v[1]
    out[1] = v[0] * v[1] - v[1]
    for i in range(2, v.size):
        out[i] = -0.1 * v[i]
    return out


def rk4_scalars(p, q, s, n):
    a = p
    c = q
    h = 0.1
    for _ in range(n):
        k1a = a * (1.0 - c)
        k1c = c * (a - s)
        k2a = (a + h * k1a) * (1.0 - (c + h * k1c))
        k2c = (c + h * k1c) * ((a + h * k1a) - s)
        a += 0.5 * h * (k1a + k2a)
        c += 0.5 * h * (k1c + k2c)
    return a, c


def euler_trajectory(s, p):
    out = np.zeros((6, 2))
    out[0, 0] = s
    out[0, 1] = p
    for i in range(5):
        out[i + 1, 0] = out[i, 0] + 0.1 * out[i, 1]
        out[i + 1, 1] = out[i, 1] - 0.1 * math.sin(out[i, 0])
    return out


def verlet(x, y):
    position = x.copy()
    velocity = y.copy()
    for _ in range(4):
        velocity -= 0.05 * position**3
        position += 0.1 * velocity
        velocity -= 0.05 * position**3
    return position, velocity


def n_body_potential(X, r):
    energy = 0.0
    for i in range(X.shape[0]):
        for j in range(i + 1, X.shape[0]):
            d2 = 0.0
            for l in range(X.shape[1]):  # noqa: E741
                d2 += (X[i, l] - X[j, l]) ** 2
            energy -= G * r[i] * r[j] / math.sqrt(d2 + 0.01)
    return energy


def lennard_jones(r):
    inverse = 1.0 / r
    sixth = inverse**6
    return np.sum(4.0 * (sixth * sixth - sixth))


def black_scholes(p, q, s):
    volatility = 0.2 + 0.1 * s * s
    d1 = (math.log(p / q) + 0.5 * volatility**2) / volatility
    d2 = d1 - volatility
    return p * _normal(d1) - q * _normal(d2)


def _normal(a):
    return 0.5 * math.erfc(-a / math.sqrt(2.0))


def monte_carlo_call(p, q, x):
    paths = p * np.exp(0.1 * x * q - 0.005 * q * q)
    return np.mean(np.maximum(paths - 0.7, 0.0))


def barrier_option(p, x):
    price = p
    alive = True
    for i in range(x.size):
        price *= math.exp(0.2 * x[i])
        if price > 3.0:
            alive = False
            break
    return price if alive else 0.0


def gaussian_mixture(x, pair, p):
    means, weights = pair
    total = 0.0
    for i in range(x.size):
        density = 0.0
        for j in range(means.size):
            density += math.exp(weights[j] - 0.5 * ((x[i] - means[j]) / p) ** 2) / p
        total += math.log(density)
    return total


def kalman(x, p, q):
    estimate = 0.0
    variance = 1.0
    likelihood = 0.0
    for observation in x:
        variance += p
        innovation = observation - estimate
        spread = variance + q
        gain = variance / spread
        estimate += gain * innovation
        variance *= 1.0 - gain
        likelihood -= 0.5 * (math.log(spread) + innovation**2 / spread)
    return likelihood


def van_der_pol_energy(s, t, p):
    a, v = s, t
    for _ in range(10):
        a, v = a + 0.05 * v, v + 0.05 * (p * (1.0 - a * a) * v - a)
    return 0.5 * (a * a + v * v)


def ising_field(A, s):
    energy = 0.0
    rows, columns = A.shape
    for i in range(rows):
        for j in range(columns):
            energy -= A[i, j] * (A[(i + 1) % rows, j] + A[i, (j + 1) % columns])
    return energy + s * A.sum()


def laplace_sweep(A):
    grid = A.copy()
    for _ in range(3):
        for i in range(1, 3):
            for j in range(1, 3):
                grid[i, j] = 0.25 * (
                    grid[i - 1, j] + grid[i + 1, j] + grid[i, j - 1] + grid[i, j + 1]
                )
    return grid


def trapezoid(x, p):
    step = 0.2
    y = np.exp(-p * x * x)
    return step * (np.sum(y[1:-1]) + 0.5 * (y[0] + y[-1]))


def thomas(r, x):
    n = r.size
    upper = np.zeros(n)
    right = np.zeros(n)
    upper[0] = -1.0 / (2.0 + r[0])
    right[0] = x[0] / (2.0 + r[0])
    for i in range(1, n):
        pivot = 2.0 + r[i] + upper[i - 1]
        upper[i] = -1.0 / pivot
        right[i] = (x[i] + right[i - 1]) / pivot
    out = np.zeros(n)
    out[n - 1] = right[n - 1]
    for i in range(n - 2, -1, -1):
        out[i] = right[i] - upper[i] * out[i + 1]
    return out


def cholesky(A):
    B = A @ A.T
    for i in range(4):
        B[i, i] += 2.0
    L = np.zeros((4, 4))
    for i in range(4):
        for j in range(i + 1):
            total = B[i, j]
            for l in range(j):  # noqa: E741
                total -= L[i, l] * L[j, l]
            if i == j:
                L[i, j] = math.sqrt(total)
            else:
                L[i, j] = total / L[j, j]
    return L
