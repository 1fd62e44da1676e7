"""Distributions of `scipy.special` and their inverses: the slopes are densities.

What an inverse gives moves by one over the density there, and with a parameter by what keeps the
probability as it is, as a number drawn does (`implicit`): a distribution moves by the density times
that. Counts are rounded down, so nothing moves with them.
"""

from __future__ import annotations

from typing import Any

from tangent_fwd.rules.rule import CANCELS, UNKNOWN, Rule, scipy

Pair = tuple[Rule, Rule]

_STEP = "slope 0 in `k`, at the jumps as well: it is rounded down"
_LONG_TAIL = "far into the tail the last place of the value moves the density by many of its own"

# Densities as text, of which an inverse takes the inverse.
_GAMMA = "exp(xlogy({a} - 1.0, {x}) - {x} - gammaln({a}))"
# The slopes in a shape, which are 0 at the ends, where a density may be infinite.
_GAMMA_SHAPE = f"(gamma_slope({{x}}, {{a}}) * {_GAMMA} if {{x}} != 0.0 else 0.0)"
_BETA = "exp(xlogy({a} - 1.0, {x}) + xlog1py({b} - 1.0, -{x}) - betaln({a}, {b}))"
_BETA_SHAPE = f"({{slope}} * {_BETA} if x != 0.0 and x != 1.0 else 0.0)"
_STUDENT = (
    "(0.5641895835477563 * exp(gammaln(0.5 * df + 0.5) - gammaln(0.5 * df)"
    " - (0.5 * df + 0.5) * log1p({t} * {t} / df)) / sqrt(df))"
)
_CHI = "(0.5 * exp(xlogy(0.5 * v - 1.0, 0.5 * {x}) - 0.5 * {x} - gammaln(0.5 * v)))"
_CHI_SHAPE = f"(gamma_slope(0.5 * x, 0.5 * v) * {_CHI.format(x='x')} if x != 0.0 else 0.0)"
_FISHER = (
    "(dfn / dfd * exp(xlogy(0.5 * dfn - 1.0, dfn * {x} / dfd)"
    " - (0.5 * dfn + 0.5 * dfd) * log1p(dfn * {x} / dfd) - betaln(0.5 * dfn, 0.5 * dfd)))"
)
_FISHER_SHAPES = (
    f"(fisher_slope(x, dfn, dfd) * {_FISHER.format(x='x')} if x != 0.0 else 0.0)",
    f"(x * x * fisher_slope(1.0 / x, dfd, dfn) * {_FISHER.format(x='x')} if x != 0.0 else 0.0)",
)
# DLMF 10.25, after R. A. Fisher: a Bessel function whose exponential is taken out
_MOVED_CHI = (
    "(0.5 * exp(-0.5 * (sqrt({x}) - sqrt({nc})) * (sqrt({x}) - sqrt({nc})))"
    " * ({x} / {nc}) ** (0.25 * {df} - 0.5) * ive(0.5 * {df} - 1.0, sqrt({x} * {nc})))"
)
_BINOMIAL = "(exp(xlogy(floor(k), {p}) + xlog1py(cast(n) - floor(k) - 1.0, -{p})" \
    " - betaln(floor(k) + 1.0, cast(n) - floor(k))))"  # fmt: skip
_PASCAL = "exp(xlogy(cast(n - 1), {p}) + xlog1py(cast(k), -{p}) - betaln(cast(n), cast(k + 1)))"
_POISSON = "exp(xlogy(floor({k}), {m}) - {m} - gammaln(floor({k}) + 1.0))"


def _inverse(density: str, **places: str) -> str:
    return f"1.0 / {density.format(**places)}"


def _turned(partial: str) -> str:
    if partial in (UNKNOWN, "0.0"):
        return partial
    return partial[1:] if partial.startswith("-") else f"-{partial}"


def _pair(names: str, args: str, *partials: str, turned: int = 0, **options: Any) -> Pair:
    """A distribution and what is left to one, whose slopes are the same but for the sign. Their
    inverses are the same numbers, of which only the share is counted the other way: there the
    slopes change their signs from the one called `turned` on.
    """
    first, second = names.split()
    others = *partials[:turned], *map(_turned, partials[turned:])
    return scipy(first, args, *partials, **options), scipy(second, args, *others, **options)


def _inverses(names: str, args: str, *partials: str, **options: Any) -> Pair:
    return _pair(names, args, *partials, turned=-1, **options)


CENTRAL = (
    *_pair(
        "gammainc gammaincc",
        "a, x",
        "-" + _GAMMA_SHAPE.format(a="a", x="x"),
        _GAMMA.format(a="a", x="x"),
        domain="shape",
        strong_zero=True,
        bound=512.0,
    ),
    *_inverses(
        "gammaincinv gammainccinv",
        "a, y",
        "gamma_slope(out, a)",
        "exp(out + gammaln(a) - xlogy(a - 1.0, out))",
        domain="shape, share",
        strong_zero=True,
        bound=4096.0,
    ),
    *_pair(
        "betainc betaincc",
        "a, b, x",
        "-" + _BETA_SHAPE.format(slope="beta_slope(x, 1.0 - x, a, b)", a="a", b="b", x="x"),
        _BETA_SHAPE.format(slope="beta_slope(1.0 - x, x, b, a)", a="a", b="b", x="x"),
        _BETA.format(a="a", b="b", x="x"),
        domain="shape, shape, share",
        strong_zero=True,
        bound=2048.0,
    ),
    *_inverses(
        "betaincinv betainccinv",
        "a, b, y",
        "beta_slope(out, 1.0 - out, a, b)",
        "-beta_slope(1.0 - out, out, b, a)",
        "exp(betaln(a, b) - xlogy(a - 1.0, out) - xlog1py(b - 1.0, -out))",
        domain="one and up, one and up, share",
        strong_zero=True,
        bound=8192.0,
    ),
    scipy("stdtr", "df, t", "-student_slope(t, df) * " + _STUDENT.format(t="t"),
          _STUDENT.format(t="t"), domain="shape, moderate", bound=1024.0),
    scipy("stdtrit", "df, p", "student_slope(out, df)", _inverse(_STUDENT, t="out"),
          domain="one and up, share", bound=65536.0, note=_LONG_TAIL),
    *_pair("chdtr chdtrc", "v, x", "-" + _CHI_SHAPE, _CHI.format(x="x"), domain="shape",
           strong_zero=True, bound=512.0),
    scipy("chdtri", "v, p", "gamma_slope(0.5 * out, 0.5 * v)", "-" + _inverse(_CHI, x="out"),
          domain="one and up, share", strong_zero=True, bound=4096.0),
    *_pair("fdtr fdtrc", "dfn, dfd, x", "-" + _FISHER_SHAPES[0], _FISHER_SHAPES[1],
           _FISHER.format(x="x"), domain="shape", strong_zero=True, bound=2048.0),
    scipy("fdtri", "dfn, dfd, p", "fisher_slope(out, dfn, dfd)",
          "-out * out * fisher_slope(1.0 / out, dfd, dfn)", _inverse(_FISHER, x="out"),
          domain="one and up, one and up, share", strong_zero=True, bound=65536.0,
          note=_LONG_TAIL),
    *_pair("gdtr gdtrc", "a, b, x", "x * " + _GAMMA.format(a="b", x="(a * x)"),
           "-" + _GAMMA_SHAPE.format(a="b", x="(a * x)"),
           "a * " + _GAMMA.format(a="b", x="(a * x)"), domain="shape", strong_zero=True,
           bound=2048.0),
    scipy("gdtria", "p, b, x", _inverse(f"(x * {_GAMMA})", a="b", x="(out * x)"),
          "gamma_slope(out * x, b) / x", "-out / x", domain="share, one and up, shape",
          strong_zero=True, bound=8192.0),
    scipy("gdtrix", "a, b, p", "-out / a", "gamma_slope(out * a, b) / a",
          _inverse(f"(a * {_GAMMA})", a="b", x="(out * a)"),
          domain="shape, one and up, share", strong_zero=True, bound=8192.0),
    scipy("nrdtrimn", "p, std, x", "-2.5066282746310002 * std / bell((x - out) / std)",
          "(out - x) / std", "1.0", domain="share, shape, shape", bound=4096.0, absolute=4096.0),
    scipy("nrdtrisd", "mn, p, x", "-out / (x - mn)",
          "-2.5066282746310002 * out * (out / (x - mn)) / bell((x - mn) / out)", "out / (x - mn)",
          domain="negative, upper share, shape", strong_zero=True, bound=8192.0),
    scipy("ndtri_exp", "y",
          "1.2533141373155003 * erfcx(-0.7071067811865476 * out) if out < 0.0 "
          "else 2.5066282746310002 * ndtr(out) / bell(out)",
          domain="below zero", strong_zero=True, bound=512.0),
    scipy("tklmbda", "x, lmbda",
          "0.0 if not 0.0 < out < 1.0 else "
          "1.0 / (out ** (lmbda - 1.0) + (1.0 - out) ** (lmbda - 1.0))",
          "0.0 if not 0.0 < out < 1.0 else "
          "(log1p(-out) * log1p(-out) * exprel_slope(lmbda * log1p(-out))"
          " - log(out) * log(out) * exprel_slope(lmbda * log(out)))"
          " / (out ** (lmbda - 1.0) + (1.0 - out) ** (lmbda - 1.0))",
          domain="unit, share", bound=4096.0, absolute=4096.0,
          kink="slope 0 beyond the ends of the distribution"),
    scipy("owens_t", "h, a", "-0.19947114020071635 * bell(h) * erf(0.7071067811865476 * a * h)",
          "0.15915494309189535 * bell(h) * bell(a * h) / (1.0 + a * a)",
          domain="order, order", bound=2048.0, absolute=1e-3),
    scipy("kolmogorov", "y", "kolmogorov_slope(y)", domain="shape", bound=1024.0),
    scipy("kolmogi", "p", "1.0 / kolmogorov_slope(out)", domain="share", bound=4096.0),
)  # fmt: skip

COUNTS = (
    *_pair("bdtrc bdtr", "k, n, p", "0.0", "0.0", _BINOMIAL.format(p="p"),
           domain="small, trials, share", strong_zero=True, bound=512.0, kink=_STEP),
    scipy("bdtri", "k, n, y", "0.0", "0.0", "-" + _inverse(_BINOMIAL, p="out"),
          domain="small, trials, share", strong_zero=True, bound=8192.0, kink=_STEP),
    *_pair("nbdtr nbdtrc", "k, n, p", "0.0", "0.0", _PASCAL.format(p="p"),
           domain="degree, trials, share", strong_zero=True, bound=512.0),
    scipy("nbdtri", "k, n, y", "0.0", "0.0", _inverse(_PASCAL, p="out"),
          domain="degree, trials, share", strong_zero=True, bound=8192.0),
    *_pair("pdtrc pdtr", "k, m", "0.0", _POISSON.format(k="k", m="m"), domain="shape",
           strong_zero=True, bound=512.0, kink=_STEP),
    scipy("pdtri", "k, y", "0.0", "-" + _inverse(_POISSON, k="cast(k)", m="out"),
          domain="degree, share", bound=8192.0),
)  # fmt: skip

_AT = {"x": "x", "df": "df", "nc": "nc"}
_MORE = {**_AT, "df": "(df + 2.0)"}
_Y = "(dfn * {f} / (dfd + dfn * {f}))"
_MOVED_FISHER = (
    f"(exp(-0.5 * {{nc}}) * {_FISHER.replace('{x}', '{f}')}"
    f" * hyp1f1(0.5 * dfn + 0.5 * dfd, 0.5 * dfn, 0.5 * {{nc}} * {_Y}))"
)
_FISHER_NC = (
    f"(-exp(xlogy(0.5 * dfn, {_Y}) - 0.5 * dfd * log1p(dfn * {{f}} / dfd) - 0.5 * {{nc}}"
    " - betaln(0.5 * dfn, 0.5 * dfd)) / dfn"
    f" * hyp1f1(0.5 * dfn + 0.5 * dfd, 0.5 * dfn + 1.0, 0.5 * {{nc}} * {_Y}))"
)

# DLMF 13.2 for Kummer's function in the density of what a normal number that does not have mean
# zero, or the square of one, is over an independent one
NONCENTRAL = (
    scipy("chndtr", "x, df, nc", _MOVED_CHI.format(**_AT),
          "-noncentral_slope_df(x, df, nc) * " + _MOVED_CHI.format(**_AT),
          "-" + _MOVED_CHI.format(**_MORE),
          domain="shape, two and up, shape",
          strong_zero=True, bound=2048.0, absolute=64.0),
    scipy("chndtrix", "p, df, nc", _inverse(_MOVED_CHI, **{**_AT, "x": "out"}),
          "noncentral_slope_df(out, df, nc)",
          _MOVED_CHI.format(**{**_MORE, "x": "out"}) + " / "
          + _MOVED_CHI.format(**{**_AT, "x": "out"}),
          domain="share, two and up, shape", strong_zero=True, bound=65536.0),
    scipy("chndtrinc", "x, df, p",
          _MOVED_CHI.format(**{**_AT, "nc": "out"}) + " / "
          + _MOVED_CHI.format(**{**_MORE, "nc": "out"}),
          "-noncentral_slope_df(x, df, out) / noncentral_slope(x, df, out)",
          "-" + _inverse(_MOVED_CHI, **{**_MORE, "nc": "out"}),
          domain="ten and up, two to four, lower share", strong_zero=True, bound=1e7),
    scipy("ncfdtr", "dfn, dfd, nc, f", UNKNOWN, UNKNOWN, _FISHER_NC.format(nc="nc", f="f"),
          _MOVED_FISHER.format(nc="nc", f="f"), domain="one and up, one and up, shape, shape",
          strong_zero=True, bound=8192.0, absolute=64.0),
    scipy("ncfdtri", "dfn, dfd, nc, p", UNKNOWN, UNKNOWN,
          "-" + _FISHER_NC.format(nc="nc", f="out") + " / "
          + _MOVED_FISHER.format(nc="nc", f="out"), _inverse(_MOVED_FISHER, nc="nc", f="out"),
          domain="one and up, one and up, shape, share", strong_zero=True, bound=1e6),
)  # fmt: skip

# After J. N. Gosset's ratio: the mean of a normal density over a square that is chi distributed
_RATIO = "(nc * {t} * (nc * {t}) / (2.0 * (df + {t} * {t})))"
_STUDENT_NC = (
    "(-0.3989422804014327 * exp(-0.5 * nc * nc - 0.5 * df * log1p({t} * {t} / df))"
    f" * (hyp1f1(0.5 * df, 0.5, {_RATIO})"
    " + 1.4142135623730951 * nc * {t} / sqrt(df + {t} * {t})"
    " * exp(gammaln(0.5 * df + 0.5) - gammaln(0.5 * df))"
    f" * hyp1f1(0.5 * df + 0.5, 1.5, {_RATIO})))"
)
_MOVED_STUDENT = (
    "(0.5641895835477563 * exp(gammaln(0.5 * df + 0.5) - gammaln(0.5 * df) - 0.5 * nc * nc"
    " - (0.5 * df + 0.5) * log1p({t} * {t} / df)) / sqrt(df)"
    f" * (hyp1f1(0.5 * df + 0.5, 0.5, {_RATIO})"
    " + 1.4142135623730951 * nc * {t} / sqrt(df + {t} * {t})"
    " * exp(gammaln(0.5 * df + 1.0) - gammaln(0.5 * df + 0.5))"
    f" * hyp1f1(0.5 * df + 1.0, 1.5, {_RATIO})))"
)
RATIOS = (
    scipy("nctdtr", "df, nc, t", UNKNOWN, _STUDENT_NC.format(t="t"), _MOVED_STUDENT.format(t="t"),
          domain="one and up, tame, tame", strong_zero=True, bound=4096.0, absolute=4096.0,
          note=CANCELS),
    scipy("nctdtrit", "df, nc, p", UNKNOWN,
          "-" + _STUDENT_NC.format(t="out") + " / " + _MOVED_STUDENT.format(t="out"),
          _inverse(_MOVED_STUDENT, t="out"),
          domain="one and up, tame, share", strong_zero=True, bound=1e6),
)  # fmt: skip

DISTRIBUTIONS = CENTRAL + COUNTS + NONCENTRAL + RATIOS
