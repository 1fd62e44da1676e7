"""Exceptions that are caught, and what a program says."""

import numpy as np

NEEDS_REWRITING = ()


def _risky(a, n):
    if n < 0:
        raise ValueError("negative")
    return a * a * n


def one_thing_or_the_other(s, t, n):
    try:
        y = _risky(s, n)
        y = y * t
    except Exception:
        y = s
    try:
        z = _risky(s, -n)
    except:  # noqa: E722
        z = t * t
    return y * z


def caught_in_a_loop(x, s):
    total, bad = s, 0
    for i in range(x.size):
        try:
            total += _risky(x[i], i - 2) * s
        except Exception:
            bad += 1
            continue
        total *= 1.1
    y = np.zeros(x.size)
    k = 0
    while k < 7:
        try:
            y[k % 5] = _risky(x[k % 5], 2 - k) * s
        except Exception:
            y[k % 5] += s
        k += 1
    return total * bad * np.sum(y * y)


def caught_half_way(x, s):
    a = x * s
    try:
        b = np.sin(a) * x
        if b[0] > -5.0:
            raise ValueError("too large")
        c = np.sum(b)
    except Exception:
        b = a * 2.0
        c = b[1]
    else:
        c = c * 2.0
    return c * np.sum(b)


def changed_before_it_goes_wrong(s, t):
    # numba itself loses a second exception in one function where the first was raised in it.
    y, z = s, t
    try:
        y = s * t
        z = _risky(y, -1)
        y = z
    except Exception:
        z = z * y
    return y * z


def returned_from_both(s, t):
    try:
        if t > 100.0:
            raise ValueError("large")
        return _risky(s, 3)
    except Exception:
        return t


def fails_in_the_library(A, s):
    B, v = A * s, s
    try:
        v = s * s
        B = np.linalg.inv(B * 0.0)
        v = 0.5
    except Exception:
        v = v * 3.0
    return v * np.sum(B * B)


def shapes_that_do_not_agree(x, b, s):
    y, t = np.zeros(x.size), s
    try:
        y[:] = x * 2.0
        a = x + b
        t = x[0] * s
        y *= a
    except Exception:
        t = t * y[1]
    try:
        y += b
        t = 0.0
    except Exception:
        t = t * t
    return t * np.sum(y * y)


def runs_last_whichever_way(x, s):
    y = np.zeros(3)
    for i in range(x.size):
        try:
            if i == 1:
                continue
            if x[i] * s > 50.0:
                return y * s
            if i == 3:
                break
            y[0] += _risky(x[i], i)
        finally:
            y[1] += s * x[i]
            s = s * 1.1
    try:
        z = _risky(s, -1)
    except Exception:
        z = s * s
    else:
        z = -s
    finally:
        y[2] = s * y[0]
    return y * z


def returns_past_two(x, s):
    y = x * s
    try:
        try:
            y[0] = y[1] * s
            return np.sum(y) * s, y
        finally:
            y[1] = y[1] * s * s
    finally:
        y[2] = y[1] * y[2]


def fails_through_what_runs_last(s, t):
    y, z = s, t
    try:
        try:
            y = s * t
            z = _risky(y, -1)
            y = z
        finally:
            z = z * y
    except Exception:
        y = y * t
    return y * z


def says_what_it_does(x, s, n):
    print(f"{n} of", f"x0 = {x[0]}!", s)
    if n < 0:
        raise ValueError("only " + str(n) + f" of {n + 1}")
    assert s > -10.0, f"s = {s} is too small"
    return s * x[0] * n
