"""Optional arguments: whether an argument is None is known from its type, before anything runs,
and so are how many axes it has and whether it is complex.

So `if y is None: …`, `if y.ndim == 1: …` and `if np.iscomplexobj(y): …` are decided here, and what
they keep from running goes, as numba does it.

Before:

>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> def f(x, y=None):
...     if y is None:
...         y = 2.0
...     return x * y
>>> lowered = lower(parse(f))

After, for a call without `y`, and for one with it:

>>> from numba import types
>>> print(show(decided(lowered, {"x": types.float64, "y": types.none})))
def f(x, y):
    y = 2.0
    %2 = x * y
    return %2
>>> print(show(decided(lowered, {"x": types.float64, "y": types.float64})))
def f(x, y):
    %2 = x * y
    return %2
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tangent_fwd.frontend.expressions import HARMLESS
from tangent_fwd.frontend.prune import pruned
from tangent_fwd.ir.nodes import Block, Expr, Function, If, Let, Lit, Op, Stmt, Var
from tangent_fwd.ir.walk import assigned, blocks, read, with_blocks


def decided(function: Function, kinds: Mapping[str, Any]) -> Function:
    """The function without the branches that the numba types of its arguments rule out."""
    from numba.core import types

    ours = assigned(function.body)
    is_none = {p: kind == types.none for p, kind in kinds.items()}
    fixed = {
        p: kind for p, kind in kinds.items()
        if p not in ours and isinstance(kind, (types.Array, types.Number))
    }  # fmt: skip
    body = pruned(_Decisions(is_none, fixed).block(function.body))
    return function if body == function.body else replace(function, body=_swept(body))


def _swept(body: Block) -> Block:
    """The block without the conditions that nothing reads any more; for None they may not even
    have a type, as in `y is not None and y > 0.0`.
    """
    used = read(body)

    def keep(stmt: Stmt) -> bool:
        if not isinstance(stmt, Let) or stmt.target in used or stmt.target[0] != "%":
            return True
        return isinstance(stmt.value, Op) and stmt.value.fn not in HARMLESS

    def sweep(block: Block) -> Block:
        return tuple(with_blocks(s, tuple(map(sweep, blocks(s)))) for s in block if keep(s))

    swept = sweep(body)
    return body if swept == body else _swept(swept)


_COMPARED = {fn: getattr(operator, fn) for fn in ("lt", "le", "gt", "ge", "eq", "ne")}


class _Decisions:
    """What is known on the way down: whether a variable is None, whether a condition holds."""

    def __init__(self, is_none: Mapping[str, bool], fixed: Mapping[str, Any]) -> None:
        self.none = dict(is_none)
        self.fixed = fixed
        self.numbers: dict[str, Lit] = {}
        self.holds: dict[str, bool] = {}

    def block(self, block: Block) -> Block:
        return tuple(made for stmt in block for made in self.stmt(stmt))

    def stmt(self, stmt: Stmt) -> Block:
        if isinstance(stmt, Let):
            value = self.value(stmt.value)
            self.learn(stmt.target, value)
            return (replace(stmt, value=value),)
        if isinstance(stmt, If):
            taken = self.truth(stmt.cond)
            if taken is not None:
                return self.block(stmt.body if taken else stmt.orelse)
        if not blocks(stmt):
            return (stmt,)
        if not isinstance(stmt, If):
            self.forget(assigned((stmt,)))  # by an earlier round
        inner = []
        for block in blocks(stmt):
            before = dict(self.none), dict(self.holds)
            inner.append(self.block(block))
            self.none, self.holds = before
        self.forget(assigned((stmt,)))
        return (with_blocks(stmt, tuple(inner)),)

    def learn(self, name: str, value: Expr) -> None:
        self.forget({name})
        none = self.is_none(value)
        if none is not None:
            self.none[name] = none
        truth = self.truth(value)
        if truth is not None:
            self.holds[name] = truth
        if name[0] == "%" and isinstance(value, Lit):
            self.numbers[name] = value

    def forget(self, names: set[str]) -> None:
        for name in names:
            self.none.pop(name, None)
            self.holds.pop(name, None)
            self.numbers.pop(name, None)

    def is_none(self, expr: Expr) -> bool | None:
        """Whether a value is None; None where that is not known."""
        if isinstance(expr, Lit):
            return expr.value is None
        return self.none.get(expr.name) if isinstance(expr, Var) else None

    def truth(self, expr: Expr) -> bool | None:
        """Whether a condition holds; None where that is not known."""
        if isinstance(expr, Lit):
            return expr.value if isinstance(expr.value, bool) else None
        if isinstance(expr, Var):
            return self.holds.get(expr.name)
        if isinstance(expr, Op) and expr.fn in ("and", "or"):
            settles = expr.fn == "or"  # the value that decides the whole
            return settles if settles in map(self.truth, expr.args) else None
        return None

    def value(self, expr: Expr) -> Expr:
        """The expression, or what it comes to."""
        from numba.core import types

        if not isinstance(expr, Op):
            return expr
        if expr.fn in ("is", "is_not") and Lit(None) in expr.args:
            first, second = map(self.is_none, expr.args)
            if first is not None and second is not None:
                return Lit((first == second) == (expr.fn == "is"))
        array = expr.args[0] if expr.args else None
        if isinstance(array, Var) and array.name in self.fixed:
            kind = self.fixed[array.name]
            if expr.fn == "numpy.ndim" or (expr.fn == "attr" and expr.args[1] == Lit("ndim")):
                return Lit(getattr(kind, "ndim", 0))
            if expr.fn == "numpy.iscomplexobj":
                return Lit(isinstance(getattr(kind, "dtype", kind), types.Complex))
        if expr.fn in _COMPARED and len(expr.args) == 2:
            sides = [self.numbers.get(e.name, e) if isinstance(e, Var) else e for e in expr.args]
            if all(isinstance(e, Lit) and type(e.value) in (int, str) for e in sides):
                return Lit(_COMPARED[expr.fn](*(e.value for e in sides if isinstance(e, Lit))))
        first = self.truth(expr.args[0]) if expr.args else None
        if first is not None and expr.fn == "not":
            return Lit(not first)
        if first is not None and expr.fn in ("and", "or"):
            return expr.args[1] if first == (expr.fn == "and") else Lit(first)
        return expr
