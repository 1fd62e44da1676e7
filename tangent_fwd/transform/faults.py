"""Faults: operations that compute for most values of their arguments, and raise for some.

A thread that runs into one of them loses the exception (`transform/races.py`), so a loop keeps its
threads only where the text shows that none of them comes to pass:

- an array of a size below zero;
- an item of a tuple, a list or a dict that is not there (indices of arrays are not checked);
- a `range` or a slice with a step of zero;
- a random number of a distribution that does not exist for its parameters.
"""

from __future__ import annotations

from typing import Any

from tangent_fwd.analysis.alias import held, is_array, is_container, is_tuple
from tangent_fwd.ir.nodes import Expr, For, Function, Let, Lit, Nest, Op, Ref, Stmt, Var
from tangent_fwd.ir.show import display
from tangent_fwd.ir.walk import own_exprs, statements, subexpressions

_MAKERS = frozenset("empty zeros numpy.empty numpy.zeros".split())
_SIZES = frozenset(map(Lit, ("size", "ndim")))
_SHAPES = frozenset(map(Lit, ("shape", "strides")))
_RISING = frozenset("tuple add mul builtins.min".split())
# Draws that take all parameters, and how many these are; sizes follow.
_PARAMETERS = {
    **dict.fromkeys("random random_sample ranf sample rand randn standard_normal".split(), 0),
    **dict.fromkeys("normal uniform gauss normalvariate".split(), 2),
    "seed": 1,
}


class Faults:
    """What may go wrong in the statements of a function."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.values: dict[str, list[Expr | None]] = {p: [None] for p in function.params}
        for stmt in statements(function.body):
            if isinstance(stmt, Let):
                self.values.setdefault(stmt.target, []).append(stmt.value)
            elif isinstance(stmt, For):
                up = len(stmt.bounds) < 3 or _is_above(stmt.bounds[2], 1)
                first = stmt.bounds[0] if len(stmt.bounds) > 1 else Lit(0)
                self.values.setdefault(stmt.var, []).append(first if up else None)
            elif isinstance(stmt, Nest):
                self.values.setdefault(stmt.index, []).append(Lit(0))

    def of(self, stmt: Stmt) -> str | None:
        """Why a statement may raise, in words; None where it is seen that it does not."""
        if isinstance(stmt, For) and not all(map(_is_not_zero, stmt.bounds[2:])):
            return "the step of a `range` may be 0, and then it raises"
        for expr in own_exprs(stmt):
            for e in subexpressions(expr):
                found = self.of_operation(e) if isinstance(e, Op) else None
                if found is not None:
                    return found
        return None

    def of_operation(self, op: Op) -> str | None:
        if op.fn in _MAKERS and not self.is_size(op.args[0]):
            return "a size may be negative, and then it raises"
        if op.fn == "slice" and not all(map(_is_not_zero, op.args[2:])):
            return "the step of a slice may be 0, and then it raises"
        if op.fn == "getitem" and not self.is_there(op.args[0], op.args[1:]):
            return "an item may be missing, and then it raises"
        if op.fn.startswith(("numpy.random.", "random.")):
            parameters = _PARAMETERS.get(op.fn.rpartition(".")[2])
            sizes = op.args[parameters or 0 :]
            if parameters is None or op.keywords or not all(map(self.is_size, sizes)):
                return f"`{display(op.fn)}` raises for some parameters"
        return None

    def is_there(self, whole: Expr, index: tuple[Expr, ...]) -> bool:
        """Whether an item cannot be missing: it is one of an array, or found by its type."""
        kind = self.kind(whole)
        if is_array(kind):
            return True
        known = kind is not None and not is_container(kind)
        return known and all(isinstance(i, Lit) for i in index)

    def kind(self, expr: Expr) -> Any:
        """The numba type of what has items; that of the array for a part of it."""
        from numba.core import types

        if isinstance(expr, Var):
            return self.function.typeof(expr.name)
        if not isinstance(expr, Op) or expr.fn == "call":
            return None
        if expr.fn == "attr" and expr.args[1] in _SHAPES:
            return types.UniTuple(types.intp, 1)
        if expr.fn != "getitem":
            return types.float64[:]
        base, first = self.kind(expr.args[0]), expr.args[1]
        if is_tuple(base):
            return base.types[first.value] if isinstance(first, Lit) else None
        return held(base) if is_container(base) else base

    def is_size(self, expr: Expr, met: frozenset[str] = frozenset()) -> bool:
        """Whether a number, or each of a tuple, is seen to be 0 or more. What a variable is made
        of itself by such steps it stays, so one that has been `met` is believed.
        """
        if isinstance(expr, Var):
            values = self.values.get(expr.name, [None])
            return expr.name in met or all(
                v is not None and self.is_size(v, met | {expr.name}) for v in values
            )
        if not isinstance(expr, Op):
            return _is_above(expr, 0)
        if expr.fn == "attr":
            return expr.args[1] in _SIZES or expr.args[1] == Lit("shape")
        if expr.fn == "getitem":
            shape = expr.args[0]
            return isinstance(shape, Op) and shape.fn == "attr" and shape.args[1] == Lit("shape")
        each = (self.is_size(a, met) for a in expr.args if not isinstance(a, Ref))
        if expr.fn == "builtins.max":
            return any(each)
        if expr.fn == "call":
            ref = expr.args[0]
            assert isinstance(ref, Ref)
            return ref.name == "common" and all(each)
        if expr.fn == "floordiv":
            return _is_above(expr.args[1], 1) and self.is_size(expr.args[0], met)
        return expr.fn == "builtins.len" or (expr.fn in _RISING and all(each))


def _is_above(expr: Expr, least: int) -> bool:
    """Whether an expression is a whole number in the text, and no smaller."""
    return isinstance(expr, Lit) and type(expr.value) is int and expr.value >= least


def _is_not_zero(expr: Expr) -> bool:
    """Whether the step of a `range` or of a slice is seen not to be 0."""
    if isinstance(expr, Op) and expr.fn == "neg":
        return _is_not_zero(expr.args[0])
    return isinstance(expr, Lit) and (expr.value is None or expr.value != 0)
