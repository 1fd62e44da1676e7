"""Flattening: expressions go back to one operation a line, so that each can be differentiated.

Before:

>>> from tangent_fwd.ir.nodes import Function, Let, Op, Var
>>> from tangent_fwd.ir.show import show
>>> from tangent_fwd.source import Span
>>> nested = Op("add", (Var("s"), Op("getitem", (Var("x"), Var("i")))))
>>> f = Function("f", ("s", "x", "i"), (Let("s", nested, Span(1, 0, 1, 1)),))

After:

>>> print(show(flatten(f)))
def f(s, x, i):
    %f1 = x[i]
    s = s + %f1
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tangent_fwd.analysis.activity import is_complex
from tangent_fwd.analysis.alias import is_array, is_tuple
from tangent_fwd.ir.nodes import Block, Expr, Function, Let, Lit, Op, Stmt, Store, Var
from tangent_fwd.ir.walk import blocks, with_blocks

# Parts of an operation that are not values of their own.
_SYNTAX = frozenset("slice tuple dtype trim row".split())
_LAZY = frozenset("ifelse and or".split())


def flatten(function: Function, lazy: bool = False) -> Function:
    """Name the value of every operation that stands inside another one.

    With `lazy`, what a conditional expression may leave uncomputed stays inside it.
    """
    work = _Flatten(function, _SYNTAX | _LAZY if lazy else _SYNTAX)
    body = work.block(function.body)
    return replace(function, body=body, types=work.types)


class _Flatten:
    def __init__(self, function: Function, closed: frozenset[str]) -> None:
        self.closed = closed
        self.types: dict[str, Any] = dict(function.types or {})
        self.count = 0

    def block(self, block: Block) -> Block:
        out: list[Stmt] = []
        for stmt in block:
            inner = tuple(self.block(b) for b in blocks(stmt))
            if inner:
                stmt = with_blocks(stmt, inner)
            if isinstance(stmt, Let):
                kind = self.types.get(stmt.target)
                stmt = replace(stmt, value=self.shallow(stmt.value, out, stmt, kind))
            elif isinstance(stmt, Store):
                kind = self.types.get(stmt.array)
                stmt = replace(stmt, value=self.atom(stmt.value, out, stmt, kind))
            out.append(stmt)
        return tuple(out)

    def shallow(self, expr: Expr, out: list[Stmt], at: Stmt, kind: Any) -> Expr:
        """The operation with atoms for arguments."""
        if not isinstance(expr, Op) or expr.fn in self.closed:
            return expr
        if expr.fn == "getitem":
            return expr  # its index is arithmetic on integers, and carries nothing
        args = tuple(self.atom(a, out, at, kind) for a in expr.args)
        return replace(expr, args=args)

    def atom(self, expr: Expr, out: list[Stmt], at: Stmt, kind: Any) -> Expr:
        if not isinstance(expr, Op) or expr.fn in _SYNTAX | {"common"}:
            return expr
        if expr.fn == "attr" and not self.is_part(expr):
            return expr
        if expr.fn == "getitem" and isinstance(expr.args[0], Op):
            return expr  # `x.shape[0]`
        value = self.shallow(expr, out, at, kind)
        self.count += 1
        while f"%f{self.count}" in self.types:
            self.count += 1
        name = f"%f{self.count}"
        self.types[name] = self.type_of(expr, kind)
        out.append(Let(name, value, at.span))
        return Var(name)

    def type_of(self, expr: Op, kind: Any) -> Any:
        """The type of a scalar subexpression: of the element loaded, else as what it is part of."""
        from numba.core.types import int64

        if expr.fn == "getitem" and isinstance(expr.args[0], Var):
            base = self.types.get(expr.args[0].name)
            if base is not None and is_array(base):
                return base.dtype
        if expr.fn == "attr" and isinstance(expr.args[0], Var):
            return self.types[expr.args[0].name].underlying_float
        if expr.fn in ("add", "sub", "mul") and all(self.is_integer(a) for a in expr.args):
            return int64
        if is_tuple(kind) or expr.fn in ("lt", "le", "gt", "ge", "eq", "ne", "or", "and", "not"):
            return None
        if expr.fn == "mul" and not any((isinstance(a, Op) and a.fn != "getitem") or
                                        isinstance(a, Var) for a in expr.args):  # fmt: skip
            return None
        return kind.dtype if is_array(kind) else kind

    def is_part(self, attribute: Op) -> bool:
        """Whether this is the real or the imaginary part of a complex number, which moves with it;
        other attributes are sizes.
        """
        base = attribute.args[0]
        kind = self.types.get(base.name) if isinstance(base, Var) else None
        return is_complex(kind) and not is_array(kind)

    def is_integer(self, expr: Expr) -> bool:
        if isinstance(expr, Lit):
            return type(expr.value) is int
        if isinstance(expr, Op):
            return expr.fn in ("add", "sub", "mul") and all(map(self.is_integer, expr.args))
        return isinstance(expr, Var) and str(self.types.get(expr.name)).startswith("int")
