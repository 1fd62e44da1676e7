"""Building arithmetic: small constructors that know what zero, one and a sign are.

`None` is the symbolic zero: it is never stored and never printed.
Every rewrite here is exact in floating point (signs are moved, ones and zeros dropped).
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from tangent_fwd.ir.nodes import Expr, Lit, Op

MaybeZero = Expr | None


def is_one(expr: MaybeZero) -> bool:
    """Whether an expression is the literal one."""
    return isinstance(expr, Lit) and expr.value in (1, 1.0) and expr.value is not True


def is_zero(expr: MaybeZero) -> bool:
    """The symbolic zero, or a literal one (negative zero is a number of its own)."""
    if expr is None:
        return True
    return isinstance(expr, Lit) and expr.value is not False and repr(expr.value) in ("0", "0.0")


def is_power_of_two(expr: Expr) -> bool:
    """Whether multiplying by a literal only moves the exponent."""
    if not isinstance(expr, Lit) or isinstance(expr.value, complex):
        return False
    return abs(math.frexp(expr.value)[0]) == 0.5


def neg(a: MaybeZero) -> MaybeZero:
    """Build -a."""
    if a is None or is_zero(a):
        return None
    if isinstance(a, Op) and a.fn == "neg":
        return a.args[0]
    if isinstance(a, Lit):
        return Lit(-a.value, a.dtype)
    return Op("neg", (a,))


def _negated(a: Expr) -> Expr | None:
    """What `a` is the negative of, if it shows."""
    if isinstance(a, Op) and a.fn == "neg":
        return a.args[0]
    if isinstance(a, Lit) and isinstance(a.value, (int, float)) and a.value < 0:
        return Lit(-a.value, a.dtype)
    return None


def positive(a: Expr) -> Expr:
    """The expression without a sign that shows."""
    minus = _negated(a)
    return a if minus is None else minus


def add(a: MaybeZero, b: MaybeZero) -> MaybeZero:
    """Build a + b."""
    if a is None or is_zero(a):
        return b
    if b is None or is_zero(b):
        return a
    if a == b or _same_product(a, b):
        return mul(two_like(a), a)
    minus = _negated(b)
    if minus is not None:
        return Op("sub", (a, minus))
    minus = _negated(a)
    if minus is not None:
        return Op("sub", (b, minus))
    return Op("add", (a, b))


def _same_product(a: Expr, b: Expr) -> bool:
    """Whether two products have the same factors."""
    (sign, first), (other, second) = factors(a), factors(b)
    return sign == other and Counter(first) == Counter(second)


def two_like(a: Expr) -> Lit:
    """The literal two, in the dtype of the literals of `a`."""
    dtype = next((e.dtype for e in _literals(a) if e.dtype), None)
    return Lit(2.0, dtype)


def _literals(a: Expr) -> list[Lit]:
    if isinstance(a, Lit):
        return [a]
    return [e for arg in a.args for e in _literals(arg)] if isinstance(a, Op) else []


def sub(a: MaybeZero, b: MaybeZero) -> MaybeZero:
    """Build a - b."""
    if b is None or is_zero(b):
        return a
    if a is None or is_zero(a):
        return neg(b)
    minus = _negated(b)
    if minus is not None:
        return add(a, minus)
    return Op("sub", (a, b))


def mul(a: MaybeZero, b: MaybeZero) -> MaybeZero:
    """Build a * b."""
    if a is None or b is None or is_zero(a) or is_zero(b):
        return None
    if is_one(a):
        return b
    if is_one(b):
        return a
    for left, right in ((a, b), (b, a)):
        minus = _negated(left)
        if minus is not None:
            return neg(mul(minus, right) if left is a else mul(right, minus))
    if isinstance(a, Op) and a.fn == "truediv" and is_one(a.args[0]):
        return div(b, a.args[1])
    if isinstance(b, Op) and b.fn == "truediv" and is_one(b.args[0]):
        return div(a, b.args[1])
    if isinstance(b, Lit) and not isinstance(a, Lit):
        a, b = b, a
    if isinstance(b, Op) and b.fn == "mul" and is_power_of_two(b.args[0]) and not _is_number(a):
        # a * (2 * b) is 2 * a * b, to the last bit.
        scaled = mul(b.args[0], a)
        return None if scaled is None else mul(scaled, b.args[1])
    if isinstance(a, Lit):
        folded = _fold(a, b)
        if folded is not None:
            return folded
    outer = isinstance(b, Op) and b.fn in ("mul", "truediv") and not _is_number(b.args[0])
    if is_power_of_two(a) and isinstance(b, Op) and outer:
        # 2 * (a * b) is 2 * a * b, to the last bit.
        scaled = mul(a, b.args[0])
        assert scaled is not None
        return mul(scaled, b.args[1]) if b.fn == "mul" else div(scaled, b.args[1])
    return Op("mul", (a, b))


def _fold(a: Lit, b: Expr) -> Expr | None:
    """2 * (3 * x) is 6 * x where the product of the literals is exact."""
    if isinstance(b, Op) and b.fn == "mul" and isinstance(b.args[0], Lit):
        inner = b.args[0]
        if _exact(a, inner):
            return mul(Lit(a.value * inner.value, a.dtype), b.args[1])
    if isinstance(b, Lit) and _exact(a, b):
        return Lit(a.value * b.value, a.dtype)
    if isinstance(b, Lit) and isinstance(a.value, int) and isinstance(b.value, int):
        return mul(Lit(float(a.value), a.dtype), b)  # an integer this large would wrap around
    return None


def _is_number(expr: Expr) -> bool:
    return isinstance(expr, Lit)


def _exact(a: Lit, b: Lit) -> bool:
    """Whether the product of two literals is not rounded."""
    if isinstance(a.value, complex) or isinstance(b.value, complex):
        return False
    if a.dtype != b.dtype or isinstance(a.value, int) != isinstance(b.value, int):
        return False
    if isinstance(a.value, int) and abs(a.value * b.value) >= 2**53:
        return False
    if is_power_of_two(a) or is_power_of_two(b):
        return bool(1e-30 < abs(a.value * b.value) < 1e30)
    return _small(a.value) and _small(b.value)


def _small(value: Any) -> bool:
    """Whether a literal is a small integer, so that products of two are exact."""
    return bool(float(value).is_integer() and abs(value) < 4096)


def div(a: MaybeZero, b: Expr) -> MaybeZero:
    """Build a / b."""
    if a is None or is_zero(a):
        return None
    if is_one(b):
        return a
    minus = _negated(a)
    if minus is not None:
        return neg(div(minus, b))
    return Op("truediv", (a, b))


def select(cond: Expr, a: MaybeZero, b: MaybeZero, zero: Expr) -> MaybeZero:
    """`a if cond else b`."""
    if is_zero(a) and is_zero(b):
        return None
    return Op("ifelse", (cond, zero if a is None else a, zero if b is None else b))


def strong(partial: MaybeZero, direction: MaybeZero, zero: Lit) -> MaybeZero:
    """Partial times direction, zero where the direction is, whatever the partial is there."""
    product = mul(partial, direction)
    if product is None or direction is None:
        return None
    return select(Op("ne", (direction, zero)), product, None, zero)


def factors(expr: Expr) -> tuple[bool, list[Expr]]:
    """An expression as a sign (whether negative) and factors."""
    if isinstance(expr, Op) and expr.fn == "neg":
        negative, found = factors(expr.args[0])
        return not negative, found
    if isinstance(expr, Op) and expr.fn == "mul":
        first, left = factors(expr.args[0])
        second, right = factors(expr.args[1])
        return first != second, left + right
    if isinstance(expr, Op) and expr.fn == "truediv":
        negative, found = factors(expr.args[0])
        over = Op("truediv", (_one_like(expr), expr.args[1]))
        return negative, [*(f for f in found if not is_one(f)), over]
    return False, [expr]


def _one_like(expr: Expr) -> Lit:
    return Lit(1.0, two_like(expr).dtype)


def product(found: list[Expr], one: Expr) -> Expr:
    """The factors multiplied from left to right."""
    total: Expr = one
    for each in found:
        made = mul(total, each)
        assert made is not None
        total = made
    return total


def common_factor(terms: list[tuple[str, Expr]], one: Expr) -> tuple[Expr, list[tuple[str, Expr]]]:
    """Coefficients without the factors that all of them share, and the product of those."""
    if len(terms) < 2:
        return one, terms
    split = [factors(c) for _, c in terms]
    shared: list[Expr] = []
    left = [list(found) for _, found in split]
    for each in list(left[0]):
        if not is_one(each) and all(each in others for others in left):
            shared.append(each)
            for others in left:
                others.remove(each)
    if not shared:
        return one, terms
    rest = []
    for (leaf, _), (negative, _), found in zip(terms, split, left, strict=True):
        coefficient = product(found, one)
        if negative:
            coefficient = Op("neg", (coefficient,))
        rest.append((leaf, coefficient))
    return product(shared, one), rest
