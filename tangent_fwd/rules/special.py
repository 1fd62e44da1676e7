"""The functions of `scipy.special`: on the left the function, on the right its derivative.

Numbers behind DLMF are those of formulas in the NIST Digital Library of Mathematical Functions.
The derivative in a parameter, such as the order of a Bessel function, seldom has a formula of a
few known functions; such an argument must not be active.

The bounds hold with SciPy's functions, which are good to some places and not to one, and lose
more near zeros.
"""

from __future__ import annotations

from tangent_fwd.rules.bessel import BESSEL_FUNCTIONS
from tangent_fwd.rules.distributions import DISTRIBUTIONS
from tangent_fwd.rules.integrals import HYPERGEOMETRIC, INTEGRALS, POLYNOMIALS
from tangent_fwd.rules.rule import CANCELS, UNKNOWN, scipy

# DLMF 7.2, 7.10, 7.17
ERROR_FUNCTIONS = (
    scipy("erf", "x", "1.1283791670955126 * gauss(x)", domain="tail"),
    scipy("erfc", "x", "-1.1283791670955126 * gauss(x)", domain="tail"),
    scipy("erfi", "x", "1.1283791670955126 / gauss(x)", domain="tail"),
    scipy(
        "erfcx",
        "x",
        "2.0 * x * out - 1.1283791670955126 if x < 30.0 else erfcx_slope(x)",
        domain="tail",
        bound=512.0,
        absolute=8.0,
        note=CANCELS,
    ),
    scipy(
        "dawsn",
        "x",
        "1.0 - 2.0 * x * out if abs(x) < 1e3 else -(0.5 / x / x) * (1.0 + 1.5 / x / x)",
        bound=0.0,
        absolute=8.0,
        note=CANCELS,
    ),
    scipy(
        "erfinv",
        "x",
        "0.886226925452758 / gauss(out)",
        domain="unit",
        strong_zero=True,
        bound=256.0,
        note="near ±1 the last place of the value moves the slope by more than one of its own",
    ),
    scipy(
        "erfcinv",
        "x",
        "-0.886226925452758 / gauss(out)",
        domain="mirrored",
        strong_zero=True,
        bound=4096.0,
        note="as `erfinv`, far into the tail",
    ),
    scipy("ndtr", "x", "0.3989422804014327 * bell(x)", domain="tail"),
    scipy(
        "log_ndtr",
        "x",
        "0.7978845608028654 / erfcx(-0.7071067811865476 * x) if x < 0.0 "
        "else 0.3989422804014327 * bell(x) / ndtr(x)",
        domain="tail",
    ),
    scipy(
        "ndtri",
        "x",
        "2.5066282746310002 / bell(out)",
        domain="below one",
        strong_zero=True,
        bound=4096.0,
        note="as `erfinv`, far into the tail",
    ),
)

# DLMF 5.2, 5.9, 5.12, 5.15, 8.2, 8.17
GAMMA_FUNCTIONS = (
    scipy(
        "gamma",
        "x",
        "out * psi(x)",
        domain="factorial",
        bound=32.0,
        absolute=32.0,
        note=CANCELS,
    ),
    scipy(
        "rgamma",
        "x",
        "-out * psi(x) if out != 0.0 or x > 0.0 else cosdg(180.0 * x) * gamma(1.0 - x)",
        domain="factorial",
        strong_zero=True,
        bound=64.0,
        absolute=64.0,
        note=CANCELS,
    ),
    scipy("gammaln", "x", "psi(x)", domain="factorial", strong_zero=True, absolute=8.0),
    scipy("loggamma", "x", "psi(x)", domain="positive", strong_zero=True, absolute=8.0),
    scipy("psi", "x", "polygamma(1, x)", domain="factorial", strong_zero=True, bound=32.0),
    scipy("polygamma", "n, x", "0.0", "polygamma(n + 1, x)", domain="degree, shape", bound=64.0),
    scipy(
        "zeta",
        "x, q",
        UNKNOWN,
        "-x * zeta(x + 1.0, q)",
        domain="one and up, shape",
        bound=128.0,
    ),
    scipy(
        "beta",
        "a, b",
        "out * (psi(a) - psi(a + b))",
        "out * (psi(b) - psi(a + b))",
        domain="shape",
        bound=8192.0,
        note="the difference of two values of psi cancels where the other argument is small",
        strong_zero=True,
    ),
    scipy(
        "betaln",
        "a, b",
        "psi(a) - psi(a + b)",
        "psi(b) - psi(a + b)",
        domain="shape",
        bound=8.0,
        absolute=32.0,
        note=CANCELS,
        strong_zero=True,
    ),
    scipy(
        "poch",
        "z, m",
        "out * (psi(z + m) - psi(z))",
        "out * psi(z + m)",
        domain="shape, one and up",
        strong_zero=True,
        bound=1024.0,
        note="z (z + 1) … (z + m - 1), continued to real numbers",
    ),
    scipy(
        "binom",
        "n, k",
        "out * (psi(n + 1.0) - psi(n - k + 1.0))",
        "out * (psi(n - k + 1.0) - psi(k + 1.0))",
        domain="one and up, below one",
        bound=64.0,
        absolute=256.0,
        note=CANCELS,
        strong_zero=True,
    ),
)

# The logistic function, entropies, powers, and losses, by elementary calculus
ELEMENTARY_FUNCTIONS = (
    scipy(
        "expit",
        "x",
        "out * (1.0 - out)",
        domain="exponent",
        bound=8.0,
        absolute=4.0,
        note="reuses the value, as `tanh` does",
    ),
    scipy("logit", "x", "1.0 / (x * (1.0 - x))", domain="below one", strong_zero=True),
    scipy("log_expit", "x", "expit(-x)", domain="exponent"),
    scipy("entr", "x", "-log(x) - 1.0", domain="positive", strong_zero=True, absolute=4.0),
    scipy(
        "rel_entr",
        "x, y",
        "log(x / y) + 1.0 if 1e-30 < x / y < 1e30 else log(x) - log(y) + 1.0",
        "-x / y if x != 0.0 else 0.0",
        domain="positive",
        strong_zero=True,
        absolute=8.0,
        note="the quotient may overflow where its logarithm does not",
    ),
    scipy(
        "kl_div",
        "x, y",
        "log(x / y) if 1e-30 < x / y < 1e30 else log(x) - log(y)",
        "1.0 - x / y if x != 0.0 else 1.0",
        domain="positive",
        strong_zero=True,
        absolute=8.0,
        note="the quotient may overflow where its logarithm does not",
    ),
    scipy(
        "xlogy",
        "x, y",
        "log(y)",
        "x / y if x != 0.0 else 0.0",
        domain="real, positive",
        strong_zero=True,
    ),
    scipy(
        "xlog1py",
        "x, y",
        "log1p(y)",
        "x / (1.0 + y) if x != 0.0 else 0.0",
        domain="real, above minus one",
        strong_zero=True,
    ),
    scipy("cosm1", "x", "-sin(x)", domain="angle", bound=8.0),
    scipy("sindg", "x", "0.017453292519943295 * cosdg(x)", domain="angle", bound=8.0),
    scipy("cosdg", "x", "-0.017453292519943295 * sindg(x)", domain="angle", bound=8.0),
    scipy("exp10", "x", "2.302585092994046 * out", domain="tail"),
    scipy(
        "boxcox",
        "x, lmbda",
        "x ** (lmbda - 1.0)",
        "log(x) * log(x) * exprel_slope(lmbda * log(x)) if x > 0.0 else cast(-inf)",
        domain="shape, order",
        strong_zero=True,
        bound=64.0,
    ),
    scipy(
        "boxcox1p",
        "x, lmbda",
        "(1.0 + x) ** (lmbda - 1.0)",
        "log1p(x) * log1p(x) * exprel_slope(lmbda * log1p(x)) if x > -1.0 else cast(-inf)",
        domain="above minus a third, order",
        strong_zero=True,
        bound=64.0,
    ),
    scipy(
        "inv_boxcox",
        "y, lmbda",
        "out ** (1.0 - lmbda)",
        "out * y * y * log1prel_slope(lmbda * y)",
        domain="shape, order",
        bound=256.0,
    ),
    scipy(
        "inv_boxcox1p",
        "y, lmbda",
        "(1.0 + out) ** (1.0 - lmbda)",
        "(1.0 + out) * y * y * log1prel_slope(lmbda * y)",
        domain="shape, share",
        bound=256.0,
    ),
    scipy(
        "powm1",
        "x, y",
        "y * x ** (y - 1.0)",
        "x**y * log(x)",
        domain="shape, moderate",
        strong_zero=True,
        bound=256.0,
    ),
    scipy("exprel", "x", "exprel_slope(x)", domain="exponent", bound=64.0),
    scipy("tandg", "x", "0.017453292519943295 * (1.0 + out * out)", domain="angle", bound=512.0),
    scipy("cotdg", "x", "-0.017453292519943295 * (1.0 + out * out)", domain="angle", bound=512.0),
    scipy(
        "radian",
        "d, m, s",
        "0.017453292519943295",
        "0.0002908882086657216",
        "4.84813681109536e-06",
    ),
    scipy("gammasgn", "x", "0.0", domain="shape", kink="slope 0, at the jumps as well"),
    scipy("round", "x", "0.0", domain="shape", kink="slope 0, at the jumps as well"),
    scipy(
        "huber",
        "delta, r",
        "0.0 if abs(r) <= delta else abs(r) - delta",
        "r if abs(r) <= delta else copysign(delta, r)",
        domain="positive, real",
    ),
    scipy(
        "pseudo_huber",
        "delta, r",
        "out / delta * (out / delta) / hypot(delta, r) if delta != 0.0 else abs(r)",
        "delta * (r / hypot(delta, r)) if delta != 0.0 else 0.0",
        domain="shape, moderate",
        bound=64.0,
        absolute=64.0,
        note=CANCELS,
    ),
)

SPECIAL = (
    ERROR_FUNCTIONS
    + GAMMA_FUNCTIONS
    + DISTRIBUTIONS
    + ELEMENTARY_FUNCTIONS
    + BESSEL_FUNCTIONS
    + INTEGRALS
    + HYPERGEOMETRIC
    + POLYNOMIALS
)
