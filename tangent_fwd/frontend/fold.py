"""Arithmetic on literals, done while a function is read."""

from __future__ import annotations

import math
import operator
from typing import Any

from tangent_fwd.ir.nodes import Lit

FOLDED: dict[str, Any] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "pow": operator.pow,
}


def folded(fn: str, left: Lit, right: Lit) -> Lit | None:
    """Arithmetic on two literals, where Python and numba agree on the answer."""
    a, b = left.value, right.value
    if left.dtype or right.dtype or isinstance(a, bool) or isinstance(b, bool):
        return None
    if not isinstance(a, (int, float)) or not isinstance(b, (int, float)):
        return None
    if fn == "pow" and isinstance(a, int) and isinstance(b, int) and b < 0:
        return None  # numba's integers: 2 ** -1 is 0 there
    try:
        value = FOLDED[fn](a, b)
    except (ArithmeticError, ValueError):
        return None
    if isinstance(value, complex) or (isinstance(value, int) and abs(value) >= 2**63):
        return None
    return Lit(value) if not isinstance(value, float) or math.isfinite(value) else None
