"""How random numbers move with the shape of their distribution, at the value that was drawn.

A draw x with distribution function F(x; a) that stays at its quantile moves by
dx/da = -(dF/da) / (dF/dx): implicit reparametrisation (Figurnov, Mohamed and Mnih 2018). In

    dF/da = integral of f(t) d(ln f)/da up to x = -(the same integral from x on)

the factor d(ln f)/da changes its sign once. Of the two sides of x, that one is taken on which it
does not, so that nothing cancels; and f(t) / f(x) is at most about 1 there, so that nothing
overflows. The functions travel with the emitted module, as those of `helpers` do.
"""

from __future__ import annotations

import numpy as np

from tangent_fwd.rules.helpers import digamma


def gauss_legendre() -> tuple[tuple[float, float], ...]:
    """Give 16 places in (-1, 1) and their weights (DLMF 3.5.15), those of ±place as one."""
    return (
        (0.09501250983763744, 0.1894506104550685),
        (0.2816035507792589, 0.1826034150449236),
        (0.45801677765722737, 0.1691565193950025),
        (0.6178762444026438, 0.14959598881657674),
        (0.755404408355003, 0.12462897125553388),
        (0.8656312023878318, 0.09515851168249279),
        (0.9445750230732326, 0.062253523938647894),
        (0.9894009349916499, 0.027152459411754096),
    )


def log_over_digamma(a: float) -> float:
    """Give ln a - psi(a) for a from 12 up (DLMF 5.11.2)."""
    inverse = 1.0 / a
    square = inverse * inverse
    series = square * (1.0 / 240.0 - square * (1.0 / 132.0 - square * (691.0 / 32760.0)))
    series = square * (1.0 / 12.0 - square * (1.0 / 120.0 - square * (1.0 / 252.0 - series)))
    return 0.5 * inverse + series


def gamma_slope(x: float, a: float) -> float:
    """Give dx/da for a number x of the gamma distribution of shape a.

    Below the middle, for small a: DLMF 8.7.1 differentiated term by term. Otherwise, with
    t = x exp(±u), the integral of exp(±(a - x) u - x (exp(±u) - 1 ∓ u)) |ln t - psi(a)| over u.
    """
    x, a = np.float64(x), np.float64(a)
    if not x > 0.0:
        return float(x)
    if a < 12.0 and x <= a + 0.5:
        term, total, log = 1.0, 0.0, np.log(x)
        psi, n = digamma(a + 1.0), a + 1.0
        while term > 1e-18:
            total += term * (psi - log)
            psi += 1.0 / n
            term *= x / n
            n += 1.0
        return float(x / a * total)
    if a < 12.0:
        apart = np.log(x) - digamma(a)
    else:
        near = abs(x - a) < 0.5 * a
        apart = (np.log1p((x - a) / a) if near else np.log(x / a)) + log_over_digamma(a)
    side = 1.0 if a < 12.0 or x >= a - 0.5 else -1.0
    rate = side * (x - a)
    # Where the exponent is about -40.
    if side > 0.0:
        end = np.sqrt(80.0 / x) if x > 30.0 else np.log1p(80.0 / x)
    else:
        end = (40.0 + x) / a
        if x > 120.0:
            end = min(end, np.sqrt(120.0 / x))
    if rate * end > 40.0:
        end = 40.0 / rate
    total = 0.0
    for place, weight in gauss_legendre():
        for half in range(6):
            u = end / 6.0 * (half // 2 * 2 + 1 + (place if half % 2 else -place))
            v = side * u
            if u > 0.05:
                bend = np.expm1(v) - v
            else:
                bend = 1.0 + v / 10.0
                for n in range(9, 2, -1):
                    bend = 1.0 + v / n * bend
                bend *= 0.5 * v * v
            total += weight * np.exp(-rate * u - x * bend) * (side * apart + u)
    return float(end / 6.0 * x * total)


def beta_slope(x: float, y: float, a: float, b: float) -> float:
    """Give dx/da for a number x of the beta distribution of shapes a and b; y is 1 - x."""
    return float(np.float64(x) * np.float64(y) * odds_slope(x, y, a, b))


def odds_slope(x: float, y: float, a: float, b: float) -> float:
    """Give the slope of ln(x / y) in a for a number x of the beta distribution; y is 1 - x.

    In u, by which the logarithm of the odds falls short of that of x (or exceeds it): with p = a
    and s = x (or p = b and s = y), and L(u) = log(1 - s + s exp(-u)), the integral of
    exp(-p u - (a + b) L(u)) |psi(a) - psi(a + b) - ln t|. For small p, where the tail is long,
    what has s below 1/3 is DLMF 8.17.8 differentiated term by term.
    """
    x, y, a, b = np.float64(x), np.float64(y), np.float64(a), np.float64(b)
    if not (x > 0.0 and y > 0.0):
        return 0.0
    both = a + b
    # psi(a) - psi(a + b) - log(x), without the terms in which these nearly agree.
    apart, n = 0.0, a
    while n < 12.0:
        apart -= b / (n * (n + b))
        n += 1.0
    off = (a * y - b * x) / (both * x)
    if a < 12.0:
        apart -= np.log1p(b / n) + (np.log(x) if x < 0.5 else np.log1p(-y))
    else:
        apart += np.log1p(off) if abs(off) < 0.5 else np.log(a / both / x)
    apart += log_over_digamma(n + b) - log_over_digamma(n)
    low = apart >= 0.0 or (a < 12.0 and x < 1.0 / 3.0 and apart + 1.0 / a >= 0.0)
    p, q, s, r = (a, b, x, y) if low else (b, a, y, x)
    apart = apart if low else -apart
    if p < 12.0:
        end = np.log(2.0 * s / r) if s > 1.0 / 3.0 else 0.0
    else:
        end = (40.0 - both * np.log(r)) / p
        for _ in range(30):
            fall = s * np.exp(-end)
            step = (p * end + both * np.log(r + fall) - 40.0) / (p - both * fall / (r + fall))
            end -= step
            if step < 0.1 * end:
                break
    panels = 3 + int(0.5 * end) if end > 0.0 else 0
    total = 0.0
    for place, weight in gauss_legendre():
        for half in range(2 * panels):
            u = 0.5 * end / panels * (half // 2 * 2 + 1 + (place if half % 2 else -place))
            # log(1 - s + s exp(-u)), and by how much it exceeds -u.
            if s < 0.5:
                log = np.log1p(s * np.expm1(-u))
                rise = u + log
                density = np.exp(-p * u - both * log)
            else:
                rise = np.log1p(r * np.expm1(u))
                log = rise - u
                density = np.exp(q * u - both * rise)
            total += weight * density * (apart + (rise if low else -log))
    total *= 0.5 * end / max(panels, 1)
    if p < 12.0:
        log = np.log(r + s * np.exp(-end)) if end > 0.0 else 0.0
        density = np.exp(-p * end - both * log)
        far = apart + (end + log + 1.0 / p if low else -log)
        s, term, series, n = min(s, 1.0 / 3.0), 1.0, 0.0, 0.0
        while term > 1e-18:
            series += term * far
            far += (b - 1.0) / ((p + 1.0 + n) * (both + n)) if low else 1.0 / (both + n)
            term *= (both + n) / (p + 1.0 + n) * s
            n += 1.0
        total += density * series / p
    return float(total)


def fisher_slope(x: float, dfn: float, dfd: float) -> float:
    """Give dx/d(dfn) for a number x of Fisher's distribution: dfn x / dfd are the odds of a number
    of the beta distribution of shapes dfn / 2 and dfd / 2 (DLMF 8.17).
    """
    x, dfn, dfd = np.float64(x), np.float64(dfn), np.float64(dfd)
    share = dfn * x / (dfd + dfn * x)
    rest = dfd / (dfd + dfn * x)
    return float(x * (0.5 * odds_slope(share, rest, 0.5 * dfn, 0.5 * dfd) - 1.0 / dfn))


def student_slope(t: float, df: float) -> float:
    """Give dt/d(df) for a number t of Student's distribution, whose square over df are the odds of
    a number of the beta distribution of shapes 1/2 and df / 2.
    """
    t, df = np.float64(t), np.float64(df)
    square = max(t * t, 1e-200)  # nearer to 0 it makes no difference, but may underflow
    share, rest = square / (df + square), df / (df + square)
    return float(0.5 * t * (1.0 / df - 0.5 * odds_slope(rest, share, 0.5 * df, 0.5)))


def noncentral_slope(x: float, df: float, nonc: float) -> float:
    """Give dx/d(nonc) for a number x of the noncentral chi-squared distribution.

    It is the quotient of the densities with df + 2 and with df degrees of freedom, one of Bessel
    functions and so the continued fraction x / (df + y / (df + 2 + y / (df + 4 + ...))) with
    y = nonc x (DLMF 10.33.1, Johnson, Kotz and Balakrishnan 1995, chapter 29).
    """
    x, df, nonc = np.float64(x), np.float64(df), np.float64(nonc)
    if not x > 0.0:
        return float(x)
    y = nonc * x
    terms = 20 + int(7.0 * y**0.25)
    total = df + 2.0 * terms
    for k in range(terms - 1, -1, -1):
        total = df + 2.0 * k + y / total
    return float(x / total)


def noncentral_slope_df(x: float, df: float, nonc: float) -> float:
    """Give dx/d(df) for a number x of the noncentral chi-squared distribution.

    That is a mixture of chi-squared distributions with df, df + 2, df + 4, ... degrees of freedom
    (Johnson, Kotz and Balakrishnan 1995, chapter 29), and the slope a mean of theirs, weighted
    with the densities at x.
    """
    x, df, nonc = np.float64(x), np.float64(df), np.float64(nonc)
    if not x > 0.0:
        return float(x)
    y, a = 0.25 * nonc * x, 0.5 * df
    # The largest weight, from which they fall to both sides.
    middle = max(0.0, np.floor(0.5 * (np.sqrt((a - 1.0) * (a - 1.0) + 4.0 * y) - a - 1.0)))
    total, size = 0.0, 0.0
    weight, j = 1.0, middle
    while weight > 1e-18:
        total += weight * gamma_slope(0.5 * x, a + j)
        size += weight
        weight *= y / ((j + 1.0) * (a + j))
        j += 1.0
    weight, j = 1.0, middle
    while j > 0.0 and weight > 1e-18:
        weight *= j * (a + j - 1.0) / y
        j -= 1.0
        total += weight * gamma_slope(0.5 * x, a + j)
        size += weight
    return float(total / size)


def mills(b: float) -> tuple[float, float]:
    """Give the quotient m of tail and density of the normal distribution at b > 0, and 1/b - m,
    by DLMF 7.6.2 near 0 and by the continued fraction 7.9.3 beyond.
    """
    if b < 1.5:
        term, odd = b, 1.0
        series = b
        while term > 1e-18 * series:
            odd += 2.0
            term *= b * b / odd
            series += term
        found = 1.2533141373155003 * np.exp(0.5 * b * b) - series
        return found, 1.0 / b - found
    tail = 0.0
    for k in range(20 + int(400.0 / (b * b)), 1, -1):
        tail = k / (b + tail)
    tail = 1.0 / (b + tail)
    return 1.0 / (b + tail), tail / (b * (b + tail))


def wald_slope_mean(x: float, mean: float, scale: float) -> float:
    """Give dx/d(mean) for a number x of the Wald distribution (Tweedie 1957), whose distribution
    function is a sum of two normal ones.
    """
    x, mean, scale = np.float64(x), np.float64(mean), np.float64(scale)
    if not x > 0.0:
        return float(0.0 * x)
    p, q = np.sqrt(scale * x) / mean, np.sqrt(scale / x)
    ratio, _ = mills(p + q)
    return float(2.0 * x / mean * p * ratio)


def wald_slope_scale(x: float, mean: float, scale: float) -> float:
    """Give dx/d(scale) for a number x of the Wald distribution (Tweedie 1957)."""
    x, mean, scale = np.float64(x), np.float64(mean), np.float64(scale)
    if not x > 0.0:
        return float(x / scale)
    p, q = np.sqrt(scale * x) / mean, np.sqrt(scale / x)
    _, missing = mills(p + q)
    return float(x / scale * (q * (mean - x) / mean / (p + q) + 2.0 * p * missing))


def vonmises_slope(angle: float, kappa: float) -> float:
    """Give dx/d(kappa) for a number x of the von Mises distribution, from its angle to the mean.

    The integral of exp(kappa (cos t - cos x)) (cos t - A) over t, from x to the mean or away from
    it, where A = I1(kappa) / I0(kappa) is the mean of the cosine (Mardia and Jupp 2000, 3.5.4).
    Both 1 - cos t and 1 - A are small where kappa is large, and are computed as what they are.
    """
    angle, kappa = np.float64(angle), np.float64(kappa)
    if not kappa >= 0.0:
        return float(0.0 * kappa * angle)
    turns = np.rint(angle / (2.0 * np.pi))
    # The second number is what rounding took from the first.
    x = (angle - 2.0 * np.pi * turns) - 2.4492935982947064e-16 * turns
    side = -1.0 if x < 0.0 else 1.0
    x = abs(x)
    reach = np.pi if kappa <= 20.0 else 2.0 * np.arcsin(np.sqrt(20.0 / kappa))
    size, apart = 0.5, 0.0
    for k in range(1, 25):
        sine = np.sin(reach * k / 48.0)
        density = np.exp(-2.0 * kappa * sine * sine) * (1.0 if k < 24 else 0.5)
        size += density
        apart += density * sine * sine
    apart /= size
    sine = np.sin(0.5 * x)
    width = -x
    if sine * sine > apart:
        width = (np.pi - x) + 1.2246467991473532e-16
        if kappa * (1.0 - sine * sine) > 20.0:
            width = 2.0 * np.arcsin(np.sqrt(sine * sine + 20.0 / kappa)) - x
    total = 0.0
    for place, weight in gauss_legendre():
        for half in range(6):
            t = x + width / 6.0 * (half // 2 * 2 + 1 + (place if half % 2 else -place))
            sine = np.sin(0.5 * t)
            density = np.exp(2.0 * kappa * np.sin(0.5 * (x - t)) * np.sin(0.5 * (x + t)))
            total += weight * density * (apart - sine * sine)
    return float(side * width / 3.0 * total)
