"""SciPy's special functions: in scalar code, on arrays, in float32, in helpers."""

import numpy as np
import scipy.special
from scipy import special
from scipy.special import expit, ndtr, ndtri

# The complex step has no complex special functions, and numba no special functions.
NEEDS_REWRITING = OBJECTS_REFUSED = (
    "error_functions_of_scipy",
    "gamma_functions_of_scipy",
    "incomplete_functions",
    "bessel_functions",
    "modified_bessel_functions",
    "bessel_functions_of_an_order",
    "entropies",
    "robust_losses",
    "integrals_of_functions",
    "polynomials",
    "normal_likelihood",
    "von_mises32",
    "soft_reductions",
    "soft_reductions_of_rows",
    "counted",
)


def error_functions_of_scipy(x, p):
    half = 0.4 * p
    tails = special.erfc(p) * special.erfcx(p) + special.erfinv(half) * special.erfcinv(half)
    return special.erf(x) * tails + special.dawsn(x) - special.erfi(0.3 * x) + ndtri(half) * ndtr(x)


def gamma_functions_of_scipy(r, q):
    total = 0.0
    for i in range(r.size):
        total += special.gammaln(r[i]) * special.digamma(q) + special.beta(r[i], q)
        total += special.polygamma(1, r[i]) - special.zeta(2.5, r[i]) * special.loggamma(q)
    return total * special.gamma(q) + special.betaln(q, total * total)


def incomplete_functions(r, p):
    share = 0.5 * p
    made = special.gammainc(1.5, r) * special.gammaincc(2, r) + special.betainc(2.0, 3.0, 0.5 * r)
    return made * special.gammaincinv(1.5, share) + special.betaincinv(2.0, 1.5, share)


def bessel_functions(x, p):
    first = special.j0(x) * special.j1(x) + special.jv(2, x) * special.jn(1, p)
    return first * special.y0(p) + special.y1(p) * special.yn(3, p) + special.spherical_jn(2, p)


def modified_bessel_functions(x, r):
    scaled = special.i0e(x) * special.i1e(x) + special.k0e(r) * special.k1e(r)
    return special.i0(x) * special.i1(x) * special.k0(r) + special.k1(r) * scaled


def bessel_functions_of_an_order(p, n):
    orders = special.jv(2.5, p) * special.iv(n, p) + special.kv(0.5, p) * special.yv(1.5, p)
    return orders + special.kn(n, p) * special.struve(1.0, p) * special.ive(2.0, p)


def entropies(r, p):
    shares = r / np.sum(r)
    total = np.sum(special.entr(shares)) + np.sum(special.rel_entr(shares, p * r))
    others = np.sum(special.kl_div(r, shares) + special.xlogy(shares, r))
    return total + others * special.xlog1py(p, p)


def robust_losses(x, p):
    return special.huber(p, 3.0 * x) * special.pseudo_huber(p, x) + special.boxcox(p, 1.5)


def integrals_of_functions(p, q):
    partly = special.ellipkinc(p, 0.3) * special.ellipeinc(p, 0.3)
    exponentials = special.exp1(p) * special.expi(q) * special.expn(3, p)
    return partly + exponentials * scipy.special.spence(q)


def polynomials(x, n):
    odd = special.eval_legendre(3, 0.5 * x) * special.eval_chebyt(n, 0.5 * x)
    even = special.eval_hermite(2, x) + special.eval_laguerre(n, x) * special.eval_chebyu(1, x)
    return odd * even + special.eval_genlaguerre(2, 0.5, x) * special.eval_gegenbauer(n, 1.5, x)


def _log_likelihood(z, observed):
    return np.sum(special.log_ndtr(z) * observed + special.log_expit(z))


def normal_likelihood(x, X, b):
    z = X @ b
    return _log_likelihood(z, expit(x[:4])) + special.logit(0.5) * special.exp10(x[0])


def von_mises32(x32, s32):
    density = np.exp(s32 * np.cos(x32)) / special.i0(s32)
    return density * special.erf(x32) + special.cbrt(s32) * special.jv(1.5, x32 * x32)


def soft_reductions(x, y):
    return special.softmax(x) * special.logsumexp(y) + special.log_softmax(x * y)


def soft_reductions_of_rows(X, b):
    rows = special.logsumexp(X, axis=1, keepdims=True) * special.softmax(X, axis=1)
    weighed = special.logsumexp(X, axis=-1, b=b * b)
    return rows + special.log_softmax(X, axis=0) * weighed[0]


def counted(x, n, k):
    total = 0.0
    for i in range(n):
        total += special.comb(n, i) * x[i] ** i / special.factorial(i) * special.binom(n, k)
    return total
