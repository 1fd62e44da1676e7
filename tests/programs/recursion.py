"""Functions that call themselves, and each other."""

import math

NEEDS_REWRITING = ("an_inner_function_that_calls_itself", "adaptive_quadrature")


def _factorial(p, n):
    if n <= 1:
        return p
    return n * p * _factorial(p, n - 1)


def to_a_power(s, n):
    if n == 0:
        return 1
    return s * to_a_power(s, n - 1)


def _tree(s, t, n):
    if n < 2:
        return s + t * n
    return _tree(s, t, n - 1) * 0.5 + _tree(t, s, n - 2)


def products_and_trees(s, t, n):
    return _factorial(s, n) * _tree(s, t, n + 1)


def _simpson(f, a, b):
    return (b - a) / 6.0 * (f(a) + 4.0 * f(0.5 * (a + b)) + f(b))


def _adaptive(f, a, b, tol, whole):
    m = 0.5 * (a + b)
    left, right = _simpson(f, a, m), _simpson(f, m, b)
    excess = left + right - whole
    if 1e6 * excess * excess <= tol:
        return left + right + excess / 15.0
    return _adaptive(f, a, m, tol / 4, left) + _adaptive(f, m, b, tol / 4, right)


def _bell(x):
    return math.exp(-x * x) * math.sin(3 * x)


def adaptive_quadrature(p, q, s):
    f = lambda x: x * x * x * x * x * s + s  # noqa: E731
    whole = _adaptive(_bell, p, q + 1.0, 1e-3, _simpson(_bell, p, q + 1.0))
    return whole * _adaptive(f, p, q + 1.0, 1e-3, _simpson(f, p, q + 1.0))


def _even(x, n):
    if n == 0:
        return x
    return _odd(x * 1.1, n - 1)


def _odd(x, n):
    if n == 0:
        return x * x
    return x * _even(x + 0.1, n - 1)


def _steps(n, s):
    return 2 if n == 0 else _steps(n - 1, s) + 1


def by_turns(s, n, k):
    return _even(s, n) * _odd(s, k) * _steps(n, s)


def _quicksort(a, low, high):
    if low < high:
        p, i = a[high], low
        for j in range(low, high):
            if a[j] < p:
                a[i], a[j] = a[j], a[i]
                i += 1
        a[i], a[high] = a[high], a[i]
        _quicksort(a, low, i - 1)
        _quicksort(a, i + 1, high)


def sorted_in_place(x, y):
    a = x * y
    _quicksort(a, 0, a.size - 1)
    return a[0] * a[1] + a[-1]


def _halves(x):
    n = x.size
    if n == 1:
        return x[0] * x[0]
    return _halves(x[: n // 2]) * 0.9 + _halves(x[n // 2 :])


def _shifted(x, n):
    if n == 0:
        return x * 0.5, 1.0
    y, b = _shifted(x * 0.5, n - 1)
    for i in range(x.size):
        y[i] = y[i] * x[(i + 1) % x.size] * b
    return y, b * x[0]


def parts_of_an_array(x, n):
    y, b = _shifted(x, n)
    return y * b + _halves(x)


def an_inner_function_that_calls_itself(s, n):
    def g(v, k):
        return v if k == 0 else g(v * s, k - 1) + v

    return g(s, n)
