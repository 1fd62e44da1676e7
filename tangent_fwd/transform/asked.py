"""Calls with what may be None: one call where it is None, another where it is there.

So a helper is differentiated for None, where its own tests are decided, and for a plain value.

Before:

>>> from numba import float64, types
>>> from tangent_fwd.ir.nodes import Function, Ref, Return
>>> from tangent_fwd.ir.show import show
>>> from tangent_fwd.source import NOWHERE
>>> call = Op("call", (Ref("scaled", None), Var("x"), Var("y")))
>>> body = (Let("z", call, NOWHERE), Return(Var("z"), NOWHERE))
>>> kinds = {"x": float64, "y": types.Optional(float64), "z": float64}

After:

>>> print(show(asked(Function("f", ("x", "y"), body, None, kinds), lambda f, call: float64)))
def f(x, y):
    %asked1 = y is None  # bool
    if %asked1:
        z = scaled(x, None)  # float64
    else:
        y%asked1 = some(y, number='float64')  # float64
        z = scaled(x, y%asked1)  # float64
    return z
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tangent_fwd.ir.nodes import Block, Do, Expr, Function, If, Let, Lit, Op, Raise, Stmt, Var
from tangent_fwd.ir.walk import blocks, with_blocks

Result = Callable[[Function, Op], Any]


def asked(function: Function, result: Result) -> Function:
    """The function whose calls of helpers know of each argument whether it is None.

    `result(function, call)` is the type of what a call gives; None where the helper cannot take
    what it is called with, for which numba raises TypeError.
    """
    return _Asked(function, result).run()


def as_number(kind: Any) -> tuple[tuple[str, str], ...]:
    """What `some` says of the type of one number; nothing of other values."""
    from numba.core import types

    return (("number", str(kind)),) if isinstance(kind, (types.Number, types.Boolean)) else ()


class _Asked:
    def __init__(self, function: Function, result: Result) -> None:
        self.function = function
        self.result = result
        self.types = dict(function.types)
        self.count = 0

    def run(self) -> Function:
        body = self.block(self.function.body)
        return replace(self.function, body=body, types=self.types) if self.count else self.function

    def block(self, block: Block) -> Block:
        out: list[Stmt] = []
        for stmt in block:
            op = stmt.value if isinstance(stmt, (Let, Do)) else None
            if isinstance(stmt, (Let, Do)) and isinstance(op, Op) and op.fn == "call":
                maybe = self.maybe(op)
                out.extend((stmt,) if maybe is None else self.both(stmt, op, maybe, None))
            else:
                out.append(with_blocks(stmt, tuple(map(self.block, blocks(stmt)))))
        return tuple(out)

    def maybe(self, op: Op) -> int | None:
        """Where a call has its first argument that may be None."""
        for k, arg in enumerate(op.args):
            kind = self.types.get(arg.name) if isinstance(arg, Var) else None
            if type(kind).__name__ == "Optional":
                return k
        return None

    def both(self, stmt: Let | Do, op: Op, k: int, nothing: Any) -> Block:
        """The call without and with what may be None in one place; `nothing` is the type of what
        another place might have held, and does not.
        """
        from numba.core import types

        arg = op.args[k]
        assert isinstance(arg, Var)
        self.count += 1
        test, there = f"%asked{self.count}", f"{arg.name}%asked{self.count}"
        kind = self.types[arg.name].type
        self.types[test], self.types[there] = types.boolean, kind
        at = op.span or stmt.span
        asks = Let(test, Op("is", (arg, Lit(None)), (), at), at)
        some = Let(there, Op("some", (arg,), as_number(kind), at), at)
        body = self.way(stmt, op, k, Lit(None), kind)
        otherwise = (some, *self.way(stmt, op, k, Var(there), nothing))
        return (asks, If(Var(test), body, otherwise, at))

    def way(self, stmt: Let | Do, op: Op, k: int, arg: Expr, nothing: Any) -> Block:
        op = replace(op, args=(*op.args[:k], arg, *op.args[k + 1 :]))
        stmt, maybe = replace(stmt, value=op), self.maybe(op)
        if maybe is not None:
            return self.both(stmt, op, maybe, nothing)
        return self.settled(stmt, op, nothing)

    def settled(self, stmt: Let | Do, op: Op, nothing: Any) -> Block:
        """A call of which each argument is known to be None or to be there."""
        program = replace(self.function, types=self.types)
        kind = self.result(program, op)
        if kind is None:
            return (Raise("TypeError", f"expected {nothing}, got None", stmt.span),)
        plain = bool(as_number(kind))  # numba makes one that may be None of it
        if isinstance(stmt, Do) or plain or kind == self.types[stmt.target]:
            return (stmt,)
        if type(kind).__name__ == "NoneType":
            return (Do(op, stmt.span), Let(stmt.target, Lit(None), stmt.span))
        self.count += 1
        made = f"%asked{self.count}"
        self.types[made] = kind
        return (Let(made, op, stmt.span), Let(stmt.target, Var(made), stmt.span))
