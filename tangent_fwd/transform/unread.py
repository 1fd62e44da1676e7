"""A derivative of which only the value is read is not called: the function itself is.

A loop that runs until a helper's answer is small enough, or a branch that asks for one, reads no
slope. The pass follows `simplify`, which drops the slopes that nobody reads.

Before:

>>> from tangent_fwd.ir.nodes import Ref, Return
>>> from tangent_fwd.ir.show import show
>>> from tangent_fwd.source import NOWHERE
>>> slope = Op("call", (Ref("norm_jvp", None), Var("x"), Var("d::x")), (("pair", True),))
>>> body = (
...     Let("%p1", slope, NOWHERE),
...     Let("size", Op("getitem", (Var("%p1"), Lit(0))), NOWHERE),
...     Return(Op("gt", (Var("size"), Lit(1.0))), NOWHERE),
... )
>>> print(show(Function("far", ("x", "d::x"), body)))
def far(x, d::x):
    %p1 = norm_jvp(x, d::x)
    size = %p1[0]
    return size > 1.0

After:

>>> value = Op("call", (Ref("norm", None), Var("x")))
>>> print(show(unread(Function("far", ("x", "d::x"), body), lambda call: value)))
def far(x, d::x):
    size = norm(x)
    return size > 1.0
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from tangent_fwd.ir.nodes import Block, Function, Let, Lit, Op, Stmt, Var
from tangent_fwd.ir.walk import blocks, own_exprs, statements, variables, with_blocks
from tangent_fwd.transform.simplify import sweep

Primal = Callable[[Op], Op | None]


def unread(function: Function, primal: Primal) -> Function:
    """The program with calls of functions where it calls derivatives that it needs no slope of.

    Arguments: the program; what gives, for the call of a derivative, that of the function, or
    None where the slopes are written into arguments.
    """
    while True:
        walk = _Walk(function, primal)
        body = walk.block(function.body)
        if not walk.found:
            return function
        # Slopes that were only passed to such a call are not needed any more.
        function = sweep(replace(function, body=body))


class _Walk:
    """One walk over a program; `found` tells whether anything changed."""

    def __init__(self, function: Function, primal: Primal) -> None:
        every = (e for s in statements(function.body) for e in own_exprs(s))
        self.reads = Counter(name for e in every for name in variables(e))
        self.primal = primal
        self.found = False

    def block(self, block: Block) -> Block:
        made: list[Stmt] = []
        for stmt in block:
            inner = tuple(map(self.block, blocks(stmt)))
            value = self.value(made[-1], stmt) if made else None
            if value is not None and isinstance(stmt, Let):
                made[-1] = replace(stmt, value=value)
                self.found = True
            else:
                made.append(with_blocks(stmt, inner) if inner else stmt)
        return tuple(made)

    def value(self, pair: Stmt, stmt: Stmt) -> Op | None:
        """The call of the function whose derivative one statement calls and of which the next
        takes the value, if nobody takes the slope.
        """
        if not isinstance(pair, Let) or not isinstance(stmt, Let):
            return None
        call, taken = pair.value, Op("getitem", (Var(pair.target), Lit(0)))
        if not isinstance(call, Op) or stmt.value != taken or self.reads[pair.target] > 1:
            return None
        return self.primal(call) if dict(call.keywords).get("pair") else None
