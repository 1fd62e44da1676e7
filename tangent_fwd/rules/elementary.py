"""Functions of one real argument: on the left the function, on the right its derivative."""

from __future__ import annotations

from tangent_fwd.rules.rule import row

TIE = "the branch `x if x >= 0 else -x`: +1 at 0 and at -0"

CROSSES = "the slope crosses zero, and near there only the absolute bound holds"

ELEMENTARY = (
    # Trigonometric
    row("numpy.sin, math.sin", "x", "cos(x)"),
    row("numpy.cos, math.cos", "x", "-sin(x)"),
    row("numpy.tan, math.tan", "x", "1.0 + out * out"),
    row(
        "numpy.arcsin, numpy.asin, math.asin",
        "x",
        "1.0 / sqrt((1.0 - x) * (1.0 + x))",
        domain="unit",
        strong_zero=True,
    ),
    row(
        "numpy.arccos, numpy.acos, math.acos",
        "x",
        "-1.0 / sqrt((1.0 - x) * (1.0 + x))",
        domain="unit",
        strong_zero=True,
    ),
    row("numpy.arctan, numpy.atan, math.atan", "x", "1.0 / (1.0 + x * x)"),
    row("numpy.degrees, numpy.rad2deg, math.degrees", "x", "57.29577951308232"),
    row("numpy.radians, numpy.deg2rad, math.radians", "x", "0.017453292519943295"),
    row(
        "numpy.sinc",
        "x",
        "sinc_slope(x)",
        bound=0.0,
        absolute=4.0,
        note=CROSSES,
    ),
    # Hyperbolic
    row("numpy.sinh, math.sinh", "x", "cosh(x)", domain="exponent"),
    row("numpy.cosh, math.cosh", "x", "sinh(x)", domain="exponent"),
    row(
        "numpy.tanh, math.tanh",
        "x",
        "1.0 - out * out",
        bound=0.0,
        absolute=4.0,
        note="reuses the value: one multiplication, exact to the last places of one in the tails",
    ),
    row(
        "numpy.arcsinh, numpy.asinh, math.asinh",
        "x",
        "1.0 / (sqrt(1.0 + x * x) if abs(x) < 1e9 else abs(x))",
        note="beyond 1e9 the one is lost in rounding, and the square would overflow",
    ),
    row(
        "numpy.arccosh, numpy.acosh, math.acosh",
        "x",
        "1.0 / (sqrt(x - 1.0) * sqrt(x + 1.0))",
        domain="above one",
        strong_zero=True,
    ),
    row(
        "numpy.arctanh, numpy.atanh, math.atanh",
        "x",
        "1.0 / ((1.0 - x) * (1.0 + x))",
        domain="unit",
        strong_zero=True,
    ),
    # Exponentials and logarithms
    row("numpy.exp, math.exp", "x", "out", domain="exponent"),
    row("numpy.exp2, math.exp2", "x", "0.6931471805599453 * out", domain="exponent"),
    row("numpy.expm1, math.expm1", "x", "exp(x)", domain="exponent"),
    row("numpy.log, math.log", "x", "1.0 / x", domain="positive", strong_zero=True),
    row(
        "numpy.log2, math.log2", "x", "1.4426950408889634 / x", domain="positive", strong_zero=True
    ),
    row(
        "numpy.log10, math.log10",
        "x",
        "0.4342944819032518 / x",
        domain="positive",
        strong_zero=True,
    ),
    row(
        "numpy.log1p, math.log1p",
        "x",
        "1.0 / (1.0 + x)",
        domain="above minus one",
        strong_zero=True,
    ),
    # Powers and roots
    row("numpy.sqrt, math.sqrt", "x", "0.5 / out", domain="positive", strong_zero=True),
    row("numpy.cbrt, math.cbrt", "x", "1.0 / (3.0 * out * out)", strong_zero=True, bound=8.0),
    row("numpy.square", "x", "2.0 * x"),
    row("numpy.reciprocal", "x", "-out * out"),
    # Special functions
    row("math.erf", "x", "1.1283791670955126 * gauss(x)", domain="tail"),
    row("math.erfc", "x", "-1.1283791670955126 * gauss(x)", domain="tail"),
    row(
        "math.gamma",
        "x",
        "out * digamma(x)",
        domain="factorial",
        bound=16.0,
        absolute=16.0,
        note=CROSSES,
    ),
    row(
        "math.lgamma",
        "x",
        "digamma(x)",
        domain="factorial",
        strong_zero=True,
        bound=8.0,
        absolute=8.0,
        note=CROSSES,
    ),
    # Sign and size
    row("neg, operator.neg, numpy.negative", "x", "-1.0"),
    row("pos, operator.pos, numpy.positive", "x", "1.0"),
    row(
        "builtins.abs, operator.abs, numpy.absolute, numpy.abs, numpy.fabs, math.fabs",
        "x",
        tangent="d_x if x >= 0.0 else -d_x",
        kink=TIE,
    ),
    row(
        "numpy.nan_to_num",
        "x",
        tangent="d_x if isfinite(x) else 0.0",
        kink="a value that was replaced carries no tangent",
    ),
)

# Partials above that are functions of their own, and are differentiated where a second derivative
# is asked for.
PARTIALS = (
    row("helper.gauss", "x", "-2.0 * x * out if out != 0.0 else 0.0", domain="tail"),
    row(
        "helper.digamma",
        "x",
        "trigamma(x)",
        domain="factorial",
        bound=8.0,
        absolute=8.0,
    ),
    row("helper.sinc_slope", "x", "sinc_curve(x)", bound=0.0, absolute=32.0, note=CROSSES),
    row("helper.bell", "x", "-x * out if out != 0.0 else 0.0", domain="tail"),
    row(
        "helper.erfcx_slope",
        "x",
        "2.0 * erfcx(x) + 2.0 * x * out",
        domain="far out",
        bound=0.0,
        absolute=4.0,
    ),
)
