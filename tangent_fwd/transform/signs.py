"""Signs: minus stands before numbers only, because NumPy negates no truth values.

Before:

>>> from tangent_fwd.ir.nodes import Let
>>> from tangent_fwd.ir.show import show
>>> from tangent_fwd.source import Span
>>> test = Op("gt", (Var("x"), Lit(0.0)))
>>> product = Op("mul", (test, Var("d")))
>>> body = (Let("y", Op("neg", (product,)), Span(1, 0, 1, 1)),)
>>> function = Function("f", ("x", "d"), body, types={})
>>> print(show(function))
def f(x, d):
    y = -((x > 0.0) * d)

After, so that no one writes it `-(x > 0.0) * d`:

>>> print(show(signs(function)))
def f(x, d):
    y = -(d * (x > 0.0))
"""

from __future__ import annotations

from dataclasses import replace

from tangent_fwd.ir.nodes import Expr, Function, Lit, Op, Var
from tangent_fwd.ir.walk import map_block, map_expr

_TESTS = frozenset("lt le gt ge eq ne is is_not not".split())


def signs(function: Function) -> Function:
    """The function with factors exchanged where a sign would meet a truth value; no bit changes."""

    def change(expr: Expr) -> Expr:
        if not isinstance(expr, Op) or expr.fn != "neg":
            return expr
        value = expr.args[0]
        if _is_truth(function, value):
            return Op("sub", (Lit(0), value))
        return replace(expr, args=(_number_first(function, value),))

    return replace(function, body=map_block(lambda e: map_expr(change, e), function.body))


def _number_first(function: Function, value: Expr) -> Expr:
    if not isinstance(value, Op) or value.fn not in ("mul", "truediv"):
        return value
    first, second = value.args
    if value.fn == "mul" and _is_truth(function, first) and not _is_truth(function, second):
        return replace(value, args=(second, first))
    return replace(value, args=(_number_first(function, first), second))


def _is_truth(function: Function, value: Expr) -> bool:
    if isinstance(value, Var):
        return str(function.typeof(value.name)) == "bool"
    return isinstance(value, Op) and value.fn in _TESTS
