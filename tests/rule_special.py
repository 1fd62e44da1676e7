"""The functions of `scipy.special` in mpmath, which knows nothing of the table of rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp

from tests import rule_distributions as of

Mp = Callable[..., Any]


def _scaled(function: Mp, sign: int) -> Mp:
    return lambda *args: mp.exp(sign * abs(args[-1])) * function(*args)


def _spherical(function: Mp, modified: bool = False) -> Mp:
    factor = 2 / mp.pi if modified else 1
    return lambda n, x: mp.sqrt(mp.pi / (2 * x)) * function(n + mp.mpf(1) / 2, x) * factor


def _near(function: Mp) -> Mp:
    """At an order beside the whole one, where mpmath need not take a limit."""
    return lambda *args: function(*[n + mp.mpf(10) ** -26 for n in args[:-1]], args[-1])


def _inverse(function: Mp) -> Mp:
    """Of a function that grows or falls: where it has the value, by Newton's method."""

    def found(*args: Any) -> Any:
        *fixed, y = args
        start = _START[function](*fixed, y)
        return mp.re(mp.findroot(lambda x: function(*fixed, x) - y, start))

    return found


def _special(name: str) -> Mp:
    """Where the search for an inverse begins: what SciPy finds."""
    from scipy import special

    return lambda *args: mp.mpf(
        float(getattr(special, name)(*(a if isinstance(a, int) else float(a) for a in args)))
    )


def _solved(name: str, function: Mp, *args: Any, last: bool = False) -> Any:
    """Where a function has the value that is the first or the last argument of an inverse."""
    goal = args[-1] if last else args[0]
    return mp.findroot(lambda x: function(x) - goal, _special(name)(*args))


_START: dict[Mp, Mp] = {
    of.gammainc: _special("gammaincinv"),
    of.gammaincc: _special("gammainccinv"),
    of.betainc: _special("betaincinv"),
    of.ndtr: _special("ndtri"),
    mp.erfc: _special("erfcinv"),
    mp.erf: _special("erfinv"),
    of.student: _special("stdtrit"),
    of.chi_left: _special("chdtri"),
    of.fisher: _special("fdtri"),
    of.kolmogorov: _special("kolmogi"),
    of.binomial: _special("bdtri"),
    of.pascal: _special("nbdtri"),
    of.poisson: _special("pdtri"),
}


def _huber(delta: Any, r: Any) -> Any:
    size = abs(r)
    return size * size / 2 if size <= delta else delta * (size - delta / 2)


def _boxcox(x: Any, lmbda: Any) -> Any:
    return (x**lmbda - 1) / lmbda if lmbda else mp.log(x)


def _inv_boxcox(y: Any, lmbda: Any) -> Any:
    return (lmbda * y + 1) ** (1 / lmbda) if lmbda else mp.exp(y)


def _rd(x: Any, y: Any, z: Any) -> Any:
    return mp.elliprd(x, y, z)


def _gegenbauer(n: Any, alpha: Any, x: Any) -> Any:
    """By the recurrence DLMF 18.9.1, because mpmath takes no integer alpha at some points."""
    below, here = mp.mpf(0), mp.mpf(1)
    for k in range(n):
        above = (2 * (k + alpha) * x * here - (k + 2 * alpha - 1) * below) / (k + 1)
        below, here = here, above
    return here


SPECIAL: dict[str, Mp] = {
    "erf": mp.erf,
    "erfc": mp.erfc,
    "erfi": mp.erfi,
    "erfcx": lambda x: mp.exp(x * x) * mp.erfc(x),
    "dawsn": lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x),
    "erfinv": _inverse(mp.erf),
    "erfcinv": _inverse(mp.erfc),
    "ndtr": of.ndtr,
    "log_ndtr": lambda x: mp.log1p(-of.ndtr(-x)) if x > 0 else mp.log(of.ndtr(x)),
    "ndtri": _inverse(of.ndtr),
    "gamma": mp.gamma,
    "gammaln": lambda x: mp.log(abs(mp.gamma(x))),
    "loggamma": mp.loggamma,
    "psi": mp.digamma,
    "polygamma": mp.polygamma,
    "zeta": mp.zeta,
    "beta": mp.beta,
    "betaln": lambda a, b: mp.log(mp.beta(a, b)),
    "binom": mp.binomial,
    "gammainc": of.gammainc,
    "gammaincc": of.gammaincc,
    "gammaincinv": _inverse(of.gammainc),
    "gammainccinv": _inverse(of.gammaincc),
    "betainc": of.betainc,
    "betaincc": lambda a, b, x: 1 - of.betainc(a, b, x),
    "betaincinv": _inverse(of.betainc),
    "stdtr": of.student,
    "chdtr": lambda v, x: of.gammainc(v / 2, x / 2),
    "chdtrc": of.chi_left,
    "stdtrit": _inverse(of.student),
    "chdtri": _inverse(of.chi_left),
    "betainccinv": lambda a, b, y: _inverse(of.betainc)(a, b, 1 - y),
    "fdtr": of.fisher,
    "fdtrc": lambda dfn, dfd, x: 1 - of.fisher(dfn, dfd, x),
    "fdtri": _inverse(of.fisher),
    "gdtr": lambda a, b, x: of.gammainc(b, a * x),
    "gdtrc": lambda a, b, x: of.gammaincc(b, a * x),
    "gdtria": lambda p, b, x: _inverse(of.gammainc)(b, p) / x,
    "gdtrix": lambda a, b, p: _inverse(of.gammainc)(b, p) / a,
    "nrdtrimn": lambda p, std, x: x - std * _inverse(of.ndtr)(p),
    "nrdtrisd": lambda mn, p, x: (x - mn) / _inverse(of.ndtr)(p),
    "ndtri_exp": lambda y: _inverse(of.ndtr)(mp.exp(y)),
    "tklmbda": of.tukey,
    "owens_t": of.owens_t,
    "kolmogorov": of.kolmogorov,
    "kolmogi": _inverse(of.kolmogorov),
    "bdtr": of.binomial,
    "bdtrc": lambda k, n, p: 1 - of.binomial(k, n, p),
    "bdtri": _inverse(of.binomial),
    "nbdtr": of.pascal,
    "nbdtrc": lambda k, n, p: 1 - of.pascal(k, n, p),
    "nbdtri": _inverse(of.pascal),
    "pdtr": of.poisson,
    "pdtrc": lambda k, m: 1 - of.poisson(k, m),
    "pdtri": _inverse(of.poisson),
    "chndtr": of.moved_chi,
    "chndtrix": lambda p, df, nc: _solved("chndtrix", lambda x: of.moved_chi(x, df, nc), p, df, nc),
    "chndtrinc": lambda x, df, p: _solved(
        "chndtrinc", lambda nc: of.moved_chi(x, df, nc), x, df, p, last=True
    ),
    "ncfdtr": of.moved_fisher,
    "ncfdtri": lambda dfn, dfd, nc, p: _solved(
        "ncfdtri", lambda f: of.moved_fisher(dfn, dfd, nc, f), dfn, dfd, nc, p, last=True
    ),
    "nctdtr": of.moved_student,
    "nctdtrit": lambda df, nc, p: _solved(
        "nctdtrit", lambda t: of.moved_student(df, nc, t), df, nc, p, last=True
    ),
    "tandg": lambda x: mp.tan(x * mp.pi / 180),
    "cotdg": lambda x: mp.cot(x * mp.pi / 180),
    "exprel": of.exprel,
    "powm1": lambda x, y: x**y - 1,
    "radian": lambda d, m, s: (d + (m + s / 60) / 60) * mp.pi / 180,
    "gammasgn": lambda x: mp.sign(mp.gamma(x)),
    "round": mp.nint,
    "rgamma": mp.rgamma,
    "agm": mp.agm,
    "elliprc": mp.elliprc,
    "elliprf": mp.elliprf,
    "elliprg": of.elliprg,
    "hyp0f1": mp.hyp0f1,
    "hyp1f1": mp.hyp1f1,
    "hyp2f1": mp.hyp2f1,
    "hyperu": lambda a, b, x: mp.re(mp.hyperu(a, b, x)),
    "jve": mp.besselj,
    "yve": _near(mp.bessely),
    "itstruve0": lambda x: mp.quad(lambda t: mp.struveh(0, t), [0, x]),
    "itmodstruve0": lambda x: mp.quad(lambda t: mp.struvel(0, t), [0, x]),
    "it2struve0": lambda x: mp.pi / 2 - mp.quad(lambda t: mp.struveh(0, t) / t, [0, x]),
    "wright_bessel": of.wright,
    "log_wright_bessel": lambda a, b, x: mp.log(of.wright(a, b, x)),
    "lpmv": of.legendre,
    "besselpoly": of.besselpoly,
    "eval_chebyc": lambda n, x: 2 * mp.chebyt(n, x / 2),
    "eval_chebys": lambda n, x: mp.chebyu(n, x / 2),
    "eval_sh_chebyt": lambda n, x: mp.chebyt(n, 2 * x - 1),
    "eval_sh_chebyu": lambda n, x: mp.chebyu(n, 2 * x - 1),
    "eval_sh_legendre": lambda n, x: _legendre(n, 2 * x - 1),
    "eval_sh_jacobi": of.shifted_jacobi,
    "poch": mp.rf,
    "cosm1": lambda x: mp.cos(x) - 1,
    "sindg": lambda x: mp.sin(x * mp.pi / 180),
    "cosdg": lambda x: mp.cos(x * mp.pi / 180),
    "expit": lambda x: 1 / (1 + mp.exp(-x)),
    "logit": lambda x: mp.log(x / (1 - x)),
    "log_expit": lambda x: -mp.log1p(mp.exp(-x)),
    "entr": lambda x: -x * mp.log(x),
    "rel_entr": lambda x, y: x * mp.log(x / y),
    "kl_div": lambda x, y: x * mp.log(x / y) - x + y,
    "xlogy": lambda x, y: x * mp.log(y),
    "xlog1py": lambda x, y: x * mp.log(1 + y),
    "exp10": lambda x: mp.mpf(10) ** x,
    "boxcox": _boxcox,
    "boxcox1p": lambda x, lmbda: _boxcox(1 + x, lmbda),
    "inv_boxcox": _inv_boxcox,
    "inv_boxcox1p": lambda y, lmbda: _inv_boxcox(y, lmbda) - 1,
    "huber": _huber,
    "pseudo_huber": lambda d, r: d * d * (mp.sqrt(1 + (r / d) ** 2) - 1),
    "j0": mp.j0,
    "j1": mp.j1,
    "jv": mp.besselj,
    "y0": lambda x: _near(mp.bessely)(0, x),
    "y1": lambda x: _near(mp.bessely)(1, x),
    "yv": _near(mp.bessely),
    "yn": _near(mp.bessely),
    "i0": lambda x: mp.besseli(0, x),
    "i1": lambda x: mp.besseli(1, x),
    "i0e": _scaled(lambda x: mp.besseli(0, x), -1),
    "i1e": _scaled(lambda x: mp.besseli(1, x), -1),
    "iv": mp.besseli,
    "ive": _scaled(mp.besseli, -1),
    "k0": lambda x: _near(mp.besselk)(0, x),
    "k1": lambda x: _near(mp.besselk)(1, x),
    "k0e": _scaled(lambda x: _near(mp.besselk)(0, x), 1),
    "k1e": _scaled(lambda x: _near(mp.besselk)(1, x), 1),
    "kv": _near(mp.besselk),
    "kve": _scaled(_near(mp.besselk), 1),
    "kn": _near(mp.besselk),
    "spherical_jn": _spherical(mp.besselj),
    "spherical_yn": _spherical(mp.bessely),
    "spherical_in": _spherical(mp.besseli),
    "spherical_kn": lambda n, x: mp.sqrt(mp.pi / (2 * x)) * mp.besselk(n + mp.mpf(1) / 2, x),
    "struve": mp.struveh,
    "modstruve": mp.struvel,
    "ber": lambda x: mp.ber(0, x),
    "bei": lambda x: mp.bei(0, x),
    "ker": lambda x: _near(mp.ker)(0, x),
    "kei": lambda x: _near(mp.kei)(0, x),
    # DLMF 10.63.2
    "berp": lambda x: (mp.ber(1, x) + mp.bei(1, x)) / mp.sqrt(2),
    "beip": lambda x: (mp.bei(1, x) - mp.ber(1, x)) / mp.sqrt(2),
    "kerp": lambda x: (_near(mp.ker)(1, x) + _near(mp.kei)(1, x)) / mp.sqrt(2),
    "keip": lambda x: (_near(mp.kei)(1, x) - _near(mp.ker)(1, x)) / mp.sqrt(2),
    "ellipk": mp.ellipk,
    "ellipe": mp.ellipe,
    "ellipkm1": lambda p: mp.ellipk(1 - p),
    "elliprd": _rd,
    "ellipkinc": mp.ellipf,
    "ellipeinc": mp.ellipe,
    "exp1": mp.e1,
    "expi": mp.ei,
    "expn": mp.expint,
    "spence": lambda x: mp.re(mp.polylog(2, 1 - x)),
    "wrightomega": lambda x: mp.lambertw(mp.exp(x)),
    "eval_legendre": lambda n, x: _legendre(n, x),
    "eval_chebyt": mp.chebyt,
    "eval_chebyu": mp.chebyu,
    "eval_gegenbauer": _gegenbauer,
    "eval_jacobi": mp.jacobi,
    "eval_laguerre": lambda n, x: mp.laguerre(n, 0, x),
    "eval_genlaguerre": mp.laguerre,
    "eval_hermite": mp.hermite,
    "eval_hermitenorm": lambda n, x: mp.hermite(n, x / mp.sqrt(2)) / mp.sqrt(2) ** n,
}


def _legendre(n: Any, x: Any) -> Any:
    return _gegenbauer(n, mp.mpf(1) / 2, x)
