"""Random numbers that move with the shape of their distribution, each at its quantile.

The slopes are held against mpmath; the numbers drawn against numba's, bit by bit, or NumPy's; and
the means of slopes against the derivatives of means.
"""

from __future__ import annotations

import functools
import math
import random
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numba
import numpy as np
import pytest
from scipy import special

from tangent_fwd import forward_grad
from tangent_fwd.errors import NoRule
from tangent_fwd.rules import implicit
from tests.harness import differentiate, plain, run

EPS = 2.0**-52

# --- what is true ---------------------------------------------------------------------------------


def _sum(term: Any, factor: Any, quotient: Callable[[int], Any], step: Callable[[int], Any]) -> Any:
    """The sum of terms, each with a factor: how the next follows from the last is known."""
    total, most, n = mp.mpf(0), mp.mpf(0), 0
    while True:
        total += term * factor
        most = max(most, abs(term * factor))
        if quotient(n) < 0.95 and abs(term * factor) < most * mp.mpf(10) ** (5 - mp.mp.dps):
            return total
        factor += step(n)
        term *= quotient(n)
        n += 1


def gamma_slope(x: float, a: float) -> Any:
    """The incomplete gamma function as a series (DLMF 8.7.1), of as many digits as cancel."""
    with mp.workdps(60 + int(x if x > 2.0 * a + 50.0 else 0.0)):
        x, a = mp.mpf(x), mp.mpf(a)
        factor = mp.digamma(a + 1) - mp.log(x)
        return x / a * _sum(
            mp.mpf(1), factor, lambda n: x / (a + n + 1), lambda n: 1 / (a + n + 1)
        )  # fmt: skip


def beta_slope(x: float, y: float, a: float, b: float) -> Any:
    """The incomplete beta function as a series (DLMF 8.17.8), or what it lacks of 1."""
    with mp.workdps(80):
        a, b = mp.mpf(a), mp.mpf(b)
        x, y = (mp.mpf(x), 1 - mp.mpf(x)) if x < y else (1 - mp.mpf(y), mp.mpf(y))
        near, p, one = (x, a, b - 1) if x < y else (y, b, None)
        quotient = lambda n: (a + b + n) / (p + 1 + n) * near
        if one is None:
            factor = mp.log(x) + mp.digamma(a + b) - mp.digamma(a)
            step = lambda n: 1 / (a + b + n)
        else:
            factor = mp.digamma(a + 1) - mp.digamma(a + b) - mp.log(x)
            step = lambda n: one / ((a + 1 + n) * (a + b + n))
        return x * y / p * _sum(mp.mpf(1), factor, quotient, step)


def _quotient(distribution: Callable[..., Any], place: int, *args: float) -> Any:
    """-(dF/da) / (dF/dx) of a distribution function of x and parameters, as it is defined."""
    with mp.workdps(40):
        given = [mp.mpf(a) for a in args]
        order = lambda k: tuple(int(k == i) for i in range(len(given)))
        slope = [mp.diff(distribution, given, order(k)) for k in (place, 0)]
        return -slope[0] / slope[1]


def gamma(x: Any, a: Any) -> Any:
    return mp.gammainc(a, 0, x, regularized=True)


def beta(x: Any, a: Any, b: Any) -> Any:
    return mp.betainc(a, b, 0, x, regularized=True)


def wald(x: Any, mean: Any, scale: Any) -> Any:
    root = mp.sqrt(scale / x)
    with mp.workdps(mp.mp.dps + int(2 * scale / mean)):
        far = mp.exp(2 * scale / mean) * mp.erfc(root * (x / mean + 1) / mp.sqrt(2)) / 2
        return mp.erfc(-root * (x / mean - 1) / mp.sqrt(2)) / 2 + far


def noncentral(x: Any, df: Any, nonc: Any) -> Any:
    weight, total, j = mp.exp(-nonc / 2), mp.mpf(0), 0
    while j < nonc or weight > mp.mpf(10) ** -mp.mp.dps:
        total += weight * gamma(x / 2, df / 2 + j)
        j += 1
        weight *= nonc / 2 / j
    return total


def vonmises_slope(x: float, kappa: float) -> Any:
    with mp.workdps(30):
        k, x = mp.mpf(kappa), mp.mpf(x)
        size = lambda t: mp.exp(k * (mp.cos(t) - 1))
        reach = mp.linspace(0, min(mp.pi, 20 / mp.sqrt(k + 1)), 9)
        mean = mp.quad(lambda t: mp.cos(t) * size(t), reach) / mp.quad(size, reach)
        way = mp.linspace(0, x, 5)
        return -mp.quad(lambda t: mp.exp(k * (mp.cos(t) - mp.cos(x))) * (mp.cos(t) - mean), way)


def _near(found: float, truth: Any, bound: float, of: Any = None) -> None:
    off = abs(mp.mpf(found) - truth) / EPS
    assert off <= bound * abs(truth if of is None else of), (found, float(truth))


# --- slopes ---------------------------------------------------------------------------------------

QUANTILES = (1e-12, 1e-6, 0.01, 0.2, 0.45, 0.55, 0.8, 0.99, 1 - 1e-6, 1 - 1e-12)


def _gammas(shapes: tuple[float, ...], quantiles: tuple[float, ...]) -> None:
    for a in shapes:
        for q in quantiles:
            x = float(special.gammaincinv(a, q))
            if x > 1e-290:
                _near(implicit.gamma_slope(x, a), gamma_slope(x, a), 32.0)


def _betas(shapes: tuple[float, ...], quantiles: tuple[float, ...]) -> None:
    for a in shapes:
        for b in shapes:
            for q in quantiles:
                x = float(special.betaincinv(a, b, q))
                if 1e-290 < x < 1.0:
                    found = implicit.beta_slope(x, 1.0 - x, a, b)
                    _near(found, beta_slope(x, 1.0 - x, a, b), 512.0)


def test_slopes_of_gamma_and_beta_distributions() -> None:
    for x, a in (0.3, 0.7), (2.0, 0.7), (9.0, 8.0), (40.0, 31.0):
        _near(float(gamma_slope(x, a)), _quotient(gamma, 1, x, a), 1.0)
    for x, a, b in (0.3, 0.7, 0.4), (0.8, 0.7, 2.0), (0.4, 9.0, 8.0):
        _near(float(beta_slope(x, 1.0 - x, a, b)), _quotient(beta, 1, x, a, b), 1.0)
    _gammas((1e-3, 0.4, 11.9, 12.0, 40.0, 1e3), QUANTILES[::3])
    _betas((1e-3, 0.4, 11.9, 12.0, 1e3), QUANTILES[1::4])


@pytest.mark.slow
def test_slopes_of_gamma_and_beta_distributions_from_end_to_end() -> None:
    _gammas((1e-3, 0.01, 0.1, 0.7, 1.0, 2.5, 7.0, 11.9, 12.0, 33.0, 1e3, 1e4), QUANTILES)
    _gammas((1e6,), QUANTILES[::3])
    _betas((1e-3, 0.05, 0.4, 1.0, 11.0, 40.0, 1e5), QUANTILES[::2])


@pytest.mark.parametrize(
    ("df", "nonc"),
    [
        (0.4, 0.1),
        pytest.param(0.7, 5.0, marks=pytest.mark.slow),
        pytest.param(3.0, 1e-6, marks=pytest.mark.slow),
        pytest.param(2.5, 40.0, marks=pytest.mark.slow),
    ],
)
def test_slopes_of_noncentral_distributions(df: float, nonc: float) -> None:
    for x in (0.2 * (df + nonc), df + nonc + 3.0 * math.sqrt(df + nonc)):
        truth = _quotient(noncentral, 1, x, df, nonc)
        _near(implicit.noncentral_slope_df(x, df, nonc), truth, 64.0)
        truth = _quotient(noncentral, 2, x, df, nonc)
        _near(implicit.noncentral_slope(x, df, nonc), truth, 64.0)


_SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    ("mean", "scale"),
    [(1.0, 0.3), (1.0, 4.0), *(pytest.param(*p, marks=_SLOW) for p in ((0.1, 0.01), (3.0, 2e3)))],
)
def test_slopes_of_wald_distributions(mean: float, scale: float) -> None:
    width = math.sqrt(mean**3 / scale)
    for x in (0.3 * mean, 1.1 * mean, mean + 3.0 * width):
        if scale * (x - mean) ** 2 < 60.0 * mean**2 * x:
            truth = _quotient(wald, 1, x, mean, scale)
            _near(implicit.wald_slope_mean(x, mean, scale), truth, 32.0)
            truth = _quotient(wald, 2, x, mean, scale)
            _near(implicit.wald_slope_scale(x, mean, scale), truth, 32.0, x / scale)


@pytest.mark.parametrize(
    "kappa",
    [0.0, 3.0, *(pytest.param(k, marks=_SLOW) for k in (1e-3, 0.7, 19.9, 20.1, 500.0, 1e6))],
)
def test_slopes_of_von_mises_distributions(kappa: float) -> None:
    for place in (1e-6, 0.3, 0.9, 1.3, 3.0, 6.0):
        x = min(place / math.sqrt(kappa + 0.1), 3.1415)
        found = implicit.vonmises_slope(x, kappa)
        _near(found, vonmises_slope(x, kappa), 32.0)
        assert implicit.vonmises_slope(-x, kappa) == -found
        again = implicit.vonmises_slope(x + 2.0 * math.pi, kappa)
        np.testing.assert_allclose(again, found, rtol=1e-9 + 1e-15 / x)


def test_slopes_where_a_number_can_no_longer_move() -> None:
    for x in (0.0, math.nan):
        found = [
            implicit.gamma_slope(x, 1e-3),
            implicit.beta_slope(x, 1.0 - x, 1e-3, 2.0),
            implicit.beta_slope(1.0 - x, x, 2.0, 1e-3),
            implicit.noncentral_slope(x, 0.1, 2.0),
            implicit.noncentral_slope_df(x, 0.1, 2.0),
            implicit.wald_slope_mean(x, 1.0, 2.0),
            implicit.wald_slope_scale(x, 1.0, 2.0),
            implicit.vonmises_slope(x, 2.0),
        ]
        np.testing.assert_array_equal(found, x)


# --- draws ----------------------------------------------------------------------------------------


def few(p, q, n):
    np.random.seed(11)
    random.seed(11)
    shares = np.empty(n)
    for k in range(n):
        shares[k] = random.betavariate(p, q)
    return (np.random.gamma(p, q, n), shares), np.random.random(), random.random()


def drawn(p, q, n):
    np.random.seed(11)
    random.seed(11)
    ones = np.empty((2, n))
    for k in range(n):
        ones[0, k] = random.vonmisesvariate(p, q)
        ones[1, k] = np.random.gamma(p)
    moved = (
        np.random.gamma(p, q, n),
        np.random.beta(0.2 * p, q, n),
        np.random.noncentral_chisquare(p, q, n),
        np.random.noncentral_chisquare(p + 1.5, q, n),
        np.random.chisquare(p, (n, 1))[:, 0],
        np.random.f(p, dfden=q + 12.0, size=n),
        np.random.standard_t(p + 9.0, n),
        np.random.dirichlet(np.array([p, q, 0.5]), size=(1, n))[0, :, 1],
        np.random.wald(p, q, n),
        np.random.vonmises(p, q, n),
        ones[0],
        ones[1],
    )
    return moved, np.random.random(), random.random()


P, Q = 0.7, 1.3
BOTH = pytest.mark.parametrize("function", [few, pytest.param(drawn, marks=pytest.mark.slow)])


@functools.cache
def _moving(function: Callable[..., Any]) -> Any:
    return forward_grad(function, argnums=(0, 1))


@BOTH
def test_draws_are_numbas_own(function: Callable[..., Any]) -> None:
    """Bit by bit, and so are those that follow."""
    expected = numba.njit(function)(P, Q, 60)
    (found, _) = _moving(function).jvp((P, Q, 60), (1.0, 0.0))
    for part, own in zip((*found[0], *found[1:]), (*expected[0], *expected[1:]), strict=True):
        np.testing.assert_array_equal(part, own, strict=True)


def _squares(function: Callable[..., Any], p: float, q: float) -> list[float]:
    """The means of squares, or of the cosines of angles: of `few`, or of `drawn`."""
    share = lambda a, rest: a * (a + 1.0) / ((a + rest) * (a + rest + 1.0))
    chi = lambda df, nonc: 2.0 * (df + 2.0 * nonc) + (df + nonc) ** 2
    den = q + 12.0
    gammas = q * q * p * (p + 1.0)
    angles = special.i1(q) / special.i0(q) * math.cos(p)
    if function is few:
        return [gammas, share(p, q)]
    return [
        gammas,
        share(0.2 * p, q),
        chi(p, q),
        chi(p + 1.5, q),
        chi(p, 0.0),
        den * den * (p + 2.0) / (p * (den - 2.0) * (den - 4.0)),
        (p + 9.0) / (p + 7.0),
        share(q, p + 0.5),
        p * p + p**3 / q,
        angles,
        angles,
        p * (p + 1.0),
    ]


@BOTH
@pytest.mark.parametrize("way", [(1.0, 0.0), (0.0, 1.0)])
def test_the_mean_slope_is_the_slope_of_the_mean(
    function: Callable[..., Any], way: tuple[float, float]
) -> None:
    count, step = 20000, 1e-5
    (numbers, *_), (slopes, *_) = _moving(function).jvp((P, Q, count), way)
    above, below = (_squares(function, P + s * way[0], Q + s * way[1]) for s in (step, -step))
    angles = (9, 10)
    for k, (x, d_x) in enumerate(zip(numbers, slopes, strict=True)):
        terms = -np.sin(x) * d_x if k in angles else 2.0 * x * d_x
        truth = (above[k] - below[k]) / (2.0 * step)
        error = terms.std() / math.sqrt(count)
        assert abs(terms.mean() - truth) <= 4.0 * error + 1e-9, (k, terms.mean(), truth, error)


GAMMA = lambda x: (Q * gamma_slope(x / Q, P), x / Q)
BETA = lambda x: (beta_slope(x, 1.0 - x, P, Q), -beta_slope(1.0 - x, x, Q, P))
LOW = lambda x: (0.2 * beta_slope(x, 1.0 - x, 0.2 * P, Q), -beta_slope(1.0 - x, x, Q, 0.2 * P))
MORE = lambda x: (implicit.noncentral_slope_df(x, P, Q), implicit.noncentral_slope(x, P, Q))
CHI = lambda x: (gamma_slope(0.5 * x, 0.5 * P), 0.0)


@pytest.mark.parametrize(
    ("function", "truths"),
    [
        (few, {0: GAMMA, 1: BETA}),
        pytest.param(drawn, {0: GAMMA, 1: LOW, 2: MORE, 4: CHI}, marks=pytest.mark.slow),
    ],
)
def test_the_text_moves_numpys_numbers_as_plain_python(
    function: Callable[..., Any], truths: dict[int, Callable[[float], Any]]
) -> None:
    """NumPy draws some in other ways; where they stay is the same function of what is drawn."""
    entry = plain(differentiate(function, (P, Q, 3), (True, True, False), 2))
    value, slopes, *_ = run(entry, (P, Q, 3), [(1.0, 0.0, None), (0.0, 1.0, None)])
    expected = function(P, Q, 3)
    for found, own in zip(value[0], expected[0], strict=True):
        np.testing.assert_allclose(found, own, rtol=1e-14)
    assert value[1:] == expected[1:]
    for k, truth in truths.items():
        for i, x in enumerate(value[0][k].tolist()):
            for slope, exact in zip(slopes, truth(x), strict=True):
                np.testing.assert_allclose(slope[0][k][i], float(exact), rtol=1e-12)


def again(p, q):
    np.random.seed(3)
    p = np.random.standard_gamma(p)
    return p, np.random.vonmises(p, q)


def _moved_again(p: Any, q: Any, value: Any, slope: Any, bound: float) -> None:
    drawn, angle = value
    d_drawn = gamma_slope(drawn, p)
    d_angle = d_drawn + 0.5 * vonmises_slope(angle - drawn, q)
    np.testing.assert_allclose(slope, (float(d_drawn), float(d_angle)), rtol=bound)


@pytest.mark.slow
def test_a_draw_from_what_was_drawn_and_in_single_precision() -> None:
    function = plain(differentiate(again, (P, Q), (True, True), 1))
    value, slope = function(P, Q, 1.0, 0.5)
    assert value == again(P, Q)
    _moved_again(P, Q, value, slope, 1e-13)
    p, q = np.float32(P), np.float32(Q)
    ways = np.float32(1.0), np.float32(0.5)
    value, slope = forward_grad(again, argnums=(0, 1)).jvp((p, q), ways)
    assert value == numba.njit(again)(p, q)
    _moved_again(float(p), float(q), value, slope, 1e-12)


@pytest.mark.parametrize("function", [lambda p: again(p, 2.0)[1], lambda p: np.random.f(2.0, p, 3)])
def test_second_derivatives_are_refused(function: Callable[..., Any]) -> None:
    with pytest.raises(NoRule, match=r"no second derivative: `\w+_slope\w*`, a slope"):
        differentiate(function, (0.7,), (True,), 1, order=2)


def test_what_only_stretches_has_a_second_derivative() -> None:
    """And is drawn once."""
    function = plain(differentiate(lambda s: np.random.gamma(2.0, s) ** 2, (1.3,), (True,), 1, 2))
    value, slope, bend = function(1.3, 1.0)
    np.testing.assert_allclose((slope, bend), (2.0 * value / 1.3, 2.0 * value / 1.69), rtol=1e-14)
