"""Random numbers that move with the shape of their distribution: each stays at its quantile.

`out` is the number drawn, so that a row holds however it was drawn (see `implicit`). What only
moves and stretches a fixed distribution, or is made of several draws, needs no row: the
compiler's library says what it is made of (`library/draws.py`).
"""

from __future__ import annotations

from tangent_fwd.rules.rule import row

_NEAR = "far from the zero of the slope; near it, that much of x / scale"

# Figurnov, Mohamed and Mnih 2018; the bounds are tested over quantiles from 1e-12 to 1 - 1e-12
DRAWS = (
    row(
        "numpy.random.standard_gamma",
        "shape",
        "gamma_slope(out, shape)",
        domain="positive",
        bound=32.0,
    ),
    row(
        "numpy.random.gamma, random.gammavariate",
        "shape, scale",
        "scale * gamma_slope(out / scale, shape)",
        "out / scale",
        domain="positive",
        bound=32.0,
    ),
    row(
        "numpy.random.beta, random.betavariate",
        "a, b",
        "beta_slope(out, 1.0 - out, a, b)",
        "-beta_slope(1.0 - out, out, b, a)",
        domain="positive",
        bound=512.0,
    ),
    row(
        "numpy.random.chisquare",
        "df",
        "gamma_slope(0.5 * out, 0.5 * df)",
        domain="positive",
        bound=32.0,
    ),
    row(
        "numpy.random.noncentral_chisquare",
        "df, nonc",
        "noncentral_slope_df(out, df, nonc)",
        "noncentral_slope(out, df, nonc)",
        domain="positive",
        bound=64.0,
    ),
    row(
        "numpy.random.wald",
        "mean, scale",
        "wald_slope_mean(out, mean, scale)",
        "wald_slope_scale(out, mean, scale)",
        domain="positive",
        bound=32.0,
        note=_NEAR,
    ),
    row(
        "numpy.random.vonmises, random.vonmisesvariate",
        "mu, kappa",
        "1.0",
        "vonmises_slope(out - mu, kappa)",
        domain="angle, positive",
        bound=32.0,
        note="of the difference as it is rounded",
    ),
)
