"""Functions of several arguments, and the functions that choose between their arguments."""

from __future__ import annotations

import math

from tangent_fwd.rules.rule import row

QUOTIENT = "(out - x) / y is the whole quotient, negated, even where x / y rounds up to it"

ARITHMETIC = (
    row("add, operator.add, numpy.add", "x, y", "1.0", "1.0"),
    row("sub, operator.sub, numpy.subtract", "x, y", "1.0", "-1.0"),
    row("mul, operator.mul, numpy.multiply", "x, y", "y", "x"),
    row(
        "truediv, operator.truediv, numpy.divide, numpy.true_divide",
        "x, y",
        tangent="(d_x - out * d_y) / y",
    ),
    row(
        "mod, operator.mod, numpy.remainder, numpy.mod",
        "x, y",
        tangent="d_x + (out - x) * d_y / y",
        domain="angle",
        kink="the slope of the piece that the value lies on; the jumps carry none",
        note=QUOTIENT,
    ),
    row(
        "numpy.fmod, math.fmod",
        "x, y",
        tangent="d_x + (out - x) * d_y / y",
        domain="angle",
        kink="the slope of the piece that the value lies on; the jumps carry none",
        note=QUOTIENT,
    ),
    row("numpy.ldexp, math.ldexp", "x, n", tangent="ldexp(d_x, n)", domain="real, integer"),
)

POWERS = (
    row(
        "pow, operator.pow, builtins.pow, numpy.power, numpy.pow, numpy.float_power, math.pow",
        "x, y",
        "0.0 if x == 0.0 and y == 0.0 "
        "else y * x ** (y - 1.0) if y >= 0.5 or x == 0.0 else y * out / x",
        "out * log(x) if x != 0.0 or y < 0.0 else 0.0",
        domain="positive, power",
        strong_zero=True,
        kink="x ** 0 has slope 0 in x everywhere; 0 ** y has slope 0 in y for y >= 0",
        note="y - 1 is exact from 1/2 up; below, dividing the value by x keeps the last digits",
    ),
    row(
        "pow.int",
        "x, n",
        "cast(n) * x ** (n - 1) if n > 0 else cast(n) * out / x if n < 0 else 0.0",
        "0.0",
        domain="real, integer",
        bound=8.0,
        kink="x ** 0 has slope 0 everywhere",
        note="an integer exponent, which carries no tangent",
    ),
    row(
        "pow.const",
        "x, y",
        "y * x ** (y - 1.0)",
        "0.0",
        domain="positive, one and up",
        note="a constant exponent from 1 up: y - 1 is exact and is folded",
    ),
    row(
        "pow.half",
        "x, y",
        "0.5 / out",
        "0.0",
        domain="positive, half",
        strong_zero=True,
        note="a constant exponent of 1/2: the square root",
    ),
    row(
        "pow.root",
        "x, y",
        "y * out / x if 0.0 < out < inf else y * x ** (y - 1.0)",
        "0.0",
        domain="positive, below one",
        strong_zero=True,
        note="a constant exponent between 0 and 1",
    ),
    row(
        "pow.negative",
        "x, y",
        "y * out / x",
        "0.0",
        domain="positive, negative",
        strong_zero=True,
        note="a constant negative exponent: a division in place of a second power",
    ),
)

SHARES = (
    "the exponential of what is never positive has no infinite slope, and both partials share it; "
    "the difference of the arguments is rounded, so the tails hold to an absolute bound"
)


def _share(larger: str, exp: str) -> str:
    """What an argument has of the sum of both exponentials; the test says that it is the larger."""
    rest = f"{exp}(-abs(x - y))"
    return f"0.5 if x == y and abs(x) == inf else (1.0 if {larger} else {rest}) / (1.0 + {rest})"


GEOMETRY = (
    row(
        "numpy.hypot, math.hypot",
        "x, y",
        "x / out if out != 0.0 else 0.0",
        "y / out if out != 0.0 else 0.0",
        strong_zero=True,
        kink="slope 0 at the origin",
    ),
    row(
        "numpy.arctan2, numpy.atan2, math.atan2",
        "y, x",
        "x / hypot(x, y) / hypot(x, y)",
        "-y / hypot(x, y) / hypot(x, y)",
        strong_zero=True,
        note="divides twice, since the square of a radius may overflow",
    ),
    row(
        "numpy.logaddexp",
        "x, y",
        _share("x >= y", "exp"),
        _share("x < y", "exp"),
        domain="exponent",
        bound=0.0,
        absolute=2.0,
        kink="one half each at equal infinities",
        note=SHARES,
    ),
    row(
        "numpy.logaddexp2",
        "x, y",
        _share("x >= y", "exp2"),
        _share("x < y", "exp2"),
        domain="exponent",
        bound=0.0,
        absolute=2.0,
        kink="one half each at equal infinities",
        note=SHARES,
    ),
)

FIRST = "a tie goes to the first argument"

CHOICES = (
    row("numpy.maximum", "x, y", tangent="d_x if x >= y else d_y", kink=FIRST),
    row("numpy.minimum", "x, y", tangent="d_x if x <= y else d_y", kink=FIRST),
    row("numpy.fmax", "x, y", tangent="d_x if x >= y or isnan(y) else d_y", kink=FIRST),
    row("numpy.fmin", "x, y", tangent="d_x if x <= y or isnan(y) else d_y", kink=FIRST),
    row("builtins.max", "x, y", tangent="d_y if y > x else d_x", kink=FIRST),
    row("builtins.min", "x, y", tangent="d_y if y < x else d_x", kink=FIRST),
    row(
        "numpy.clip",
        "x, lo, hi",
        tangent="d_x if lo <= x <= hi else d_lo if x < lo <= hi else d_hi",
        kink="slope 1 in x on the closed interval",
    ),
    row(
        "ifelse, numpy.where",
        "c, x, y",
        tangent="d_x if c else d_y",
        domain="truth, real, real",
        note="selects, so the branch not taken cannot leak a NaN",
    ),
    row("and", "x, y", tangent="d_y if x else d_x", note="the operand that Python gives back"),
    row("or", "x, y", tangent="d_x if x else d_y", note="the operand that Python gives back"),
    row(
        "numpy.copysign, math.copysign",
        "x, y",
        "copysign(1.0, y) if x >= 0.0 else -copysign(1.0, y)",
        "0.0",
        kink="as `abs` at x = 0; the jump in y carries no slope",
    ),
    row("numpy.nextafter, math.nextafter", "x, y", "1.0", "0.0", note="the neighbour moves with x"),
)

SEVERAL = ARITHMETIC + POWERS + GEOMETRY + CHOICES


def power(exponent: float, of_complex: bool = False) -> str:
    """The key of the rule for a power with this exponent, known when the code is written.

    A known exponent needs neither the guards nor the logarithm of the general rule.
    An `int` gives "pow.int", which a caller may fold further since `n` is known.
    """
    if isinstance(exponent, int):
        return "pow.int"
    if exponent == 0.0 or not math.isfinite(exponent):
        return "pow"
    if exponent == 0.5:
        return "pow.half"
    if exponent < 0.0 or (of_complex and exponent < 1.0):
        return "pow.negative"
    return "pow.const" if exponent >= 1.0 else "pow.root"
