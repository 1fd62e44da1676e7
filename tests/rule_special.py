"""The functions of `scipy.special` in mpmath, which knows nothing of the table of rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp

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


def _ndtr(x: Any) -> Any:
    return mp.erfc(-x / mp.sqrt(2)) / 2


def _gammainc(a: Any, x: Any) -> Any:
    return mp.gammainc(a, 0, x, regularized=True)


def _gammaincc(a: Any, x: Any) -> Any:
    return mp.gammainc(a, x, mp.inf, regularized=True)


def _betainc(a: Any, b: Any, x: Any) -> Any:
    return mp.betainc(a, b, 0, x, regularized=True)


def _special(name: str) -> Mp:
    """Where the search for an inverse begins: what SciPy finds."""
    from scipy import special

    return lambda *args: mp.mpf(float(getattr(special, name)(*map(float, args))))


_START: dict[Mp, Mp] = {
    _gammainc: _special("gammaincinv"),
    _gammaincc: _special("gammainccinv"),
    _betainc: _special("betaincinv"),
    _ndtr: _special("ndtri"),
    mp.erfc: _special("erfcinv"),
    mp.erf: _special("erfinv"),
}


def _student(df: Any, t: Any) -> Any:
    size = mp.gamma((df + 1) / 2) / mp.gamma(df / 2) / mp.sqrt(mp.pi * df)
    half = mp.mpf(1) / 2
    return half + t * size * mp.hyp2f1(half, (df + 1) / 2, 3 * half, -t * t / df)


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
    "ndtr": _ndtr,
    "log_ndtr": lambda x: mp.log1p(-_ndtr(-x)) if x > 0 else mp.log(_ndtr(x)),
    "ndtri": _inverse(_ndtr),
    "gamma": mp.gamma,
    "gammaln": lambda x: mp.log(abs(mp.gamma(x))),
    "loggamma": mp.loggamma,
    "psi": mp.digamma,
    "polygamma": mp.polygamma,
    "zeta": mp.zeta,
    "beta": mp.beta,
    "betaln": lambda a, b: mp.log(mp.beta(a, b)),
    "binom": mp.binomial,
    "gammainc": _gammainc,
    "gammaincc": _gammaincc,
    "gammaincinv": _inverse(_gammainc),
    "gammainccinv": _inverse(_gammaincc),
    "betainc": _betainc,
    "betaincc": lambda a, b, x: 1 - _betainc(a, b, x),
    "betaincinv": _inverse(_betainc),
    "stdtr": _student,
    "chdtr": lambda v, x: _gammainc(v / 2, x / 2),
    "chdtrc": lambda v, x: _gammaincc(v / 2, x / 2),
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
