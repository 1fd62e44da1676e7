"""Functions that some partials call; their text travels with the emitted module.

Each is plain Python that numba compiles, works in float64 whatever comes in, and uses only
`np`, a name that every emitted module has, so that it also runs on its own.
"""

from __future__ import annotations

import numpy as np


def gauss(x: float) -> float:
    """Give exp(-x * x), keeping the digits that rounding the square would cost."""
    x = np.float64(x)
    if abs(x) > 28.0:
        return 0.0
    square = x * x
    # `high` is x with so few digits that its square is exact, which tells what rounding took
    # from `square`; the exponential is then corrected by as much.
    shifted = 134217729.0 * x
    high = shifted - (shifted - x)
    low = x - high
    lost = ((high * high - square) + 2.0 * high * low) + low * low
    return float(np.exp(-square) * (1.0 - lost))


def bell(x: float) -> float:
    """Give exp(-x * x / 2), keeping the digits that rounding the square would cost."""
    x = np.float64(x)
    if abs(x) > 39.0:
        return 0.0
    square = x * x
    shifted = 134217729.0 * x
    high = shifted - (shifted - x)
    low = x - high
    lost = ((high * high - square) + 2.0 * high * low) + low * low
    return float(np.exp(-0.5 * square) * (1.0 - 0.5 * lost))


def erfcx_slope(x: float) -> float:
    """Give the derivative of exp(x * x) erfc(x) for x from 30 up (DLMF 7.12.1, term by term)."""
    x = np.float64(x)
    half = 0.5 / x / x
    series = 1.0
    for k in range(8, 0, -1):
        series = 1.0 - (2.0 * k + 1.0) * half * series
    return float(-1.1283791670955126 * half * series)


def exprel_slope(x: float) -> float:
    """Give the derivative of (exp(x) - 1) / x, by its Taylor series where that cancels."""
    x = np.float64(x)
    if abs(x) > 1.0:
        return float((x * np.exp(x) - np.expm1(x)) / x / x)
    total = 0.0
    for k in range(18, 0, -1):
        # The k-th quotient of neighbouring terms, and how much more each is multiplied by.
        total = 1.0 + x * (k + 1.0) / (k * (k + 2.0)) * total
    return 0.5 * total


def log1prel_slope(x: float) -> float:
    """Give the derivative of log(1 + x) / x, by its Taylor series where that cancels."""
    x = np.float64(x)
    if abs(x) > 0.25:
        return float((x / (1.0 + x) - np.log1p(x)) / x / x)
    total = 0.0
    for k in range(30, 1, -1):
        total = (1.0 / k - 1.0) - x * total
    return float(total)


def kolmogorov_slope(x: float) -> float:
    """Give the derivative of what is left to one of Kolmogorov's distribution, by the series
    that converges faster (Marsaglia, Tsang and Wang 2003).
    """
    x = np.float64(x)
    if x <= 0.0:
        return 0.0
    total = 0.0
    if x < 0.82:
        for k in range(1, 12, 2):
            place = (1.2337005501361697 * k) * k / x / x
            total += (2.0 * place - 1.0) * np.exp(-place)
        return float(-2.5066282746310002 * total / x / x)
    sign = 1.0
    for k in range(1, 9):
        total += sign * k * k * np.exp(-2.0 * (k * x) * (k * x))
        sign = -sign
    return float(-8.0 * x * total)


def digamma(x: float) -> float:
    """Give the derivative of the logarithm of the gamma function."""
    x = np.float64(x)
    total = 0.0
    if x < 0.0:
        # The reflection needs the tangent of pi x, whose period is one: what is left of x
        # after the nearest whole number is exact.
        total = -np.pi / np.tan(np.pi * (x - np.rint(x)))
        x = 1.0 - x
    while x < 10.0:
        total -= 1.0 / x
        x += 1.0
    inverse = 1.0 / x
    square = inverse * inverse
    series = square * (691.0 / 32760.0 - square / 12.0)
    series = square * (1.0 / 240.0 - square * (1.0 / 132.0 - series))
    series = square * (1.0 / 12.0 - square * (1.0 / 120.0 - square * (1.0 / 252.0 - series)))
    return float(total + (np.log(x) - 0.5 * inverse - series))


def sinc_slope(x: float) -> float:
    """Give the derivative of sin(pi x) / (pi x)."""
    x = np.float64(x)
    angle = np.pi * x
    if abs(x) > 0.25:
        return float((np.cos(angle) - np.sin(angle) / angle) / x)
    # Near zero the two terms above cancel; the quotient of neighbouring terms of the Taylor
    # series is known, and eight terms are enough.
    square = angle * angle
    series = 1.0
    for k in range(7, 0, -1):
        series = 1.0 - square * series / (2.0 * k * (2.0 * k + 3.0))
    return -np.pi * angle * series / 3.0


def trigamma(x: float) -> float:
    """Give the second derivative of the logarithm of the gamma function."""
    x = np.float64(x)
    total, sign = 0.0, 1.0
    if x < 0.0:
        sine = np.sin(np.pi * (x - np.rint(x))) / np.pi
        total, sign = 1.0 / (sine * sine), -1.0
        x = 1.0 - x
    while x < 12.0:
        total += sign / (x * x)
        x += 1.0
    inverse = 1.0 / x
    square = inverse * inverse
    series = square * (691.0 / 2730.0 - square * 7.0 / 6.0)
    series = square * (1.0 / 30.0 - square * (5.0 / 66.0 - series))
    series = square * (1.0 / 6.0 - square * (1.0 / 30.0 - square * (1.0 / 42.0 - series)))
    return float(total + sign * (inverse * (1.0 + 0.5 * inverse + series)))


def sinc_curve(x: float) -> float:
    """Give the second derivative of sin(pi x) / (pi x)."""
    x = np.float64(x)
    angle = np.pi * x
    if abs(x) > 0.25:
        sine = np.sin(angle) / angle
        return float(2.0 * (sine - np.cos(angle)) / (x * x) - np.pi * np.pi * sine)
    # The Taylor series again: its k-th quotient is that of sinc_slope, times (2k + 1) / (2k - 1).
    square = angle * angle
    series = 1.0
    for k in range(8, 0, -1):
        series = 1.0 - square * series * (2.0 * k + 1.0) / (
            2.0 * k * (2.0 * k + 3.0) * (2.0 * k - 1.0)
        )
    return float(-np.pi * np.pi * series / 3.0)
