"""Integrals and orthogonal polynomials of `scipy.special`."""

from __future__ import annotations

from tangent_fwd.rules.rule import UNKNOWN, scipy

# DLMF 19.25, with the whole turns of the angle taken off (19.2.10)
_INCOMPLETE = (
    "(sin(phi) * sin(phi) * sin(phi) * copysign(1.0, cos(phi)) * {rest} / 6.0"
    " + floor(phi / 3.141592653589793 + 0.5) * {whole} / 3.0)"
)

# DLMF 19.25.1 for the complete integrals, with Carlson's R_D; 6.2, 8.19.13, 25.12.2, 4.13
INTEGRALS = (
    scipy("ellipk", "m", "elliprd(0.0, 1.0, 1.0 - m) / 6.0", domain="up to one", bound=64.0),
    scipy(
        "ellipe",
        "m",
        "-elliprd(0.0, 1.0 - m, 1.0) / 6.0",
        domain="up to one",
        bound=64.0,
        strong_zero=True,
    ),
    scipy("ellipkm1", "p", "-elliprd(0.0, 1.0, p) / 6.0", domain="below one", bound=64.0),
    scipy("elliprd", "x, y, z", UNKNOWN, UNKNOWN, UNKNOWN, domain="shape"),
    scipy(
        "ellipkinc",
        "phi, m",
        "1.0 / sqrt(1.0 - m * sin(phi) * sin(phi))",
        _INCOMPLETE.format(
            rest="elliprd(cos(phi) * cos(phi), 1.0, 1.0 - m * sin(phi) * sin(phi))",
            whole="elliprd(0.0, 1.0, 1.0 - m)",
        ),
        domain="angles, share",
        bound=1024.0,
    ),
    scipy(
        "ellipeinc",
        "phi, m",
        "sqrt(1.0 - m * sin(phi) * sin(phi))",
        "-"
        + _INCOMPLETE.format(
            rest="elliprd(cos(phi) * cos(phi), 1.0 - m * sin(phi) * sin(phi), 1.0)",
            whole="elliprd(0.0, 1.0 - m, 1.0)",
        ),
        domain="angles, share",
        bound=1024.0,
    ),
    scipy(
        "elliprc",
        "x, y",
        "-elliprd(y, y, x) / 6.0",
        "-elliprd(x, y, y) / 3.0",
        domain="shape",
        strong_zero=True,
        bound=64.0,
    ),
    scipy(
        "elliprf",
        "x, y, z",
        "-elliprd(y, z, x) / 6.0",
        "-elliprd(x, z, y) / 6.0",
        "-elliprd(x, y, z) / 6.0",
        domain="shape",
        strong_zero=True,
        bound=64.0,
    ),
    scipy(
        "elliprg",
        "x, y, z",
        "0.25 * (elliprf(x, y, z) - x * elliprd(y, z, x) / 3.0)",
        "0.25 * (elliprf(x, y, z) - y * elliprd(x, z, y) / 3.0)",
        "0.25 * (elliprf(x, y, z) - z * elliprd(x, y, z) / 3.0)",
        domain="shape",
        strong_zero=True,
        bound=2048.0,
    ),
    scipy(
        "agm",
        "a, b",
        "out / (a + b) - 8.0 * out * out * b * (a - b) / (9.42477796076938 * ((a + b) ** 4))"
        " * elliprd(0.0, 1.0, 4.0 * a / (a + b) * (b / (a + b)))",
        "out / (a + b) - 8.0 * out * out * a * (b - a) / (9.42477796076938 * ((a + b) ** 4))"
        " * elliprd(0.0, 1.0, 4.0 * a / (a + b) * (b / (a + b)))",
        domain="shape",
        strong_zero=True,
        bound=1024.0,
    ),
    scipy("exp1", "x", "-exp(-x) / x", domain="shape"),
    scipy("expi", "x", "exp(x) / x", domain="moderate"),
    scipy(
        "expn",
        "n, x",
        "0.0",
        "-expn(n - 1, x) if n > 0 else -out * (1.0 + 1.0 / x)",
        domain="degree, shape",
        bound=64.0,
        strong_zero=True,
    ),
    scipy(
        "spence",
        "x",
        "log(x) / (1.0 - x) if x != 1.0 else -1.0",
        domain="shape",
        strong_zero=True,
    ),
    scipy("wrightomega", "x", "out / (1.0 + out)", domain="moderate"),
)

# DLMF 13.3, 15.5, 16.3
HYPERGEOMETRIC = (
    scipy("hyp0f1", "v, z", UNKNOWN, "hyp0f1(v + 1.0, z) / v", domain="shape, moderate",
          bound=8192.0, absolute=1024.0),
    scipy("hyp1f1", "a, b, z", UNKNOWN, UNKNOWN, "a / b * hyp1f1(a + 1.0, b + 1.0, z)",
          domain="shape, shape, moderate", strong_zero=True, bound=65536.0, absolute=1024.0),
    scipy("hyp2f1", "a, b, c, z", UNKNOWN, UNKNOWN, UNKNOWN,
          "a * b / c * hyp2f1(a + 1.0, b + 1.0, c + 1.0, z)",
          domain="order, order, order, mild", strong_zero=True, bound=65536.0, absolute=1024.0),
    scipy("hyperu", "a, b, x", UNKNOWN, UNKNOWN, "-a * hyperu(a + 1.0, b + 1.0, x)",
          domain="order, order, shape", strong_zero=True, bound=1e8, absolute=1e8),
)  # fmt: skip

# Of the second kind a negative degree is, but for the sign, one that is not.
_CHEBYU = (
    "{factor}eval_gegenbauer(n - 1, 2.0, {x}) if n > 0 else "
    "0.0 if n > -3 else -{factor}eval_gegenbauer(-n - 3, 2.0, {x})"
)

# DLMF 18.9
POLYNOMIALS = (
    scipy(
        "eval_legendre",
        "n, x",
        "0.0",
        "eval_gegenbauer(n - 1 if n > 0 else -n - 2, 1.5, x)",
        domain="degree, unit",
        bound=64.0,
        absolute=512.0,
    ),
    scipy(
        "eval_chebyt",
        "n, x",
        "0.0",
        "cast(n) * eval_chebyu(n - 1, x)",
        domain="degree, unit",
        bound=64.0,
        absolute=512.0,
    ),
    scipy(
        "eval_chebyu",
        "n, x",
        "0.0",
        _CHEBYU.format(factor="2.0 * ", x="x"),
        domain="degree, unit",
        bound=64.0,
        absolute=2048.0,
    ),
    scipy(
        "eval_gegenbauer",
        "n, alpha, x",
        "0.0",
        UNKNOWN,
        "2.0 * alpha * eval_gegenbauer(n - 1, alpha + 1.0, x) if n > 0 else 0.0",
        domain="degree, order, unit",
        bound=64.0,
        absolute=65536.0,
    ),
    scipy(
        "eval_jacobi",
        "n, alpha, beta, x",
        "0.0",
        UNKNOWN,
        UNKNOWN,
        "0.5 * (cast(n + 1) + alpha + beta) * eval_jacobi(n - 1, alpha + 1.0, beta + 1.0, x)"
        " if n > 0 else 0.0",
        domain="degree, order, order, unit",
        bound=64.0,
        absolute=65536.0,
    ),
    scipy(
        "eval_laguerre",
        "n, x",
        "0.0",
        "-eval_genlaguerre(n - 1, 1.0, x) if n > 0 else 0.0",
        domain="degree, shape",
        bound=64.0,
        absolute=65536.0,
    ),
    scipy(
        "eval_genlaguerre",
        "n, alpha, x",
        "0.0",
        UNKNOWN,
        "-eval_genlaguerre(n - 1, alpha + 1.0, x) if n > 0 else 0.0",
        domain="degree, order, shape",
        bound=64.0,
        absolute=65536.0,
    ),
    scipy(
        "eval_hermite",
        "n, x",
        "0.0",
        "cast(2 * n) * eval_hermite(n - 1, x) if n > 0 else 0.0",
        domain="degree, unit",
        bound=64.0,
        absolute=65536.0,
    ),
    scipy(
        "eval_hermitenorm",
        "n, x",
        "0.0",
        "cast(n) * eval_hermitenorm(n - 1, x) if n > 0 else 0.0",
        domain="degree, unit",
        bound=64.0,
        absolute=65536.0,
    ),
    # Of twice the argument, and moved to the interval from 0 to 1 (DLMF 18.1.3, 18.1.2)
    scipy("eval_chebyc", "n, x", "0.0", "cast(n) * eval_chebys(n - 1, x)",
          domain="degree, unit", bound=64.0, absolute=512.0),
    scipy("eval_chebys", "n, x", "0.0", _CHEBYU.format(factor="", x="0.5 * x"),
          domain="degree, unit", bound=64.0, absolute=2048.0),
    scipy("eval_sh_chebyt", "n, x", "0.0", "cast(2 * n) * eval_sh_chebyu(n - 1, x)",
          domain="degree, share", bound=64.0, absolute=512.0),
    scipy("eval_sh_chebyu", "n, x", "0.0", _CHEBYU.format(factor="4.0 * ", x="2.0 * x - 1.0"),
          domain="degree, share", bound=64.0, absolute=8192.0),
    scipy("eval_sh_legendre", "n, x", "0.0",
          "2.0 * eval_gegenbauer(n - 1 if n > 0 else -n - 2, 1.5, 2.0 * x - 1.0)",
          domain="degree, share", bound=64.0, absolute=2048.0),
    scipy("eval_sh_jacobi", "n, p, q, x", "0.0", UNKNOWN, UNKNOWN,
          "(cast(n) + p) * eval_jacobi(n - 1, p - q + 1.0, q, 2.0 * x - 1.0)"
          " / binom(cast(2 * n) + p - 1.0, cast(n)) if n > 0 else 0.0",
          domain="degree, order, share, share", bound=1024.0, absolute=65536.0),
)  # fmt: skip
