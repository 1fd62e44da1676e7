"""Pruning: what a literal condition or an earlier `return` keeps from running goes.

Before:

>>> from tangent_fwd.ir.nodes import Function, Let, Var
>>> from tangent_fwd.ir.show import show
>>> from tangent_fwd.source import Span
>>> at = Span(1, 0, 1, 1)
>>> leave = Return(Var("x"), at)
>>> body = (If(Lit(True), (Let("y", Var("x"), at),), (leave,), at), leave, leave)

After:

>>> print(show(Function("f", ("x",), pruned(body))))
def f(x):
    y = x
    return x
"""

from __future__ import annotations

from collections.abc import Sequence

from tangent_fwd.ir.nodes import (
    Block,
    Break,
    Continue,
    Expr,
    If,
    Lit,
    Op,
    Raise,
    Return,
    Stmt,
    Try,
    While,
)
from tangent_fwd.ir.walk import blocks, own_exprs, statements, subexpressions, with_blocks


def pruned(block: Block) -> Block:
    """The block without branches on literals that are not taken, and without what is never
    reached.
    """
    out: list[Stmt] = []
    for stmt in block:
        inner = blocks(stmt)
        if inner:
            stmt = with_blocks(stmt, tuple(map(pruned, inner)))
        if isinstance(stmt, If) and isinstance(stmt.cond, Lit):
            out.extend(stmt.body if stmt.cond.value else stmt.orelse)
        elif isinstance(stmt, While) and not stmt.test and stmt.cond == Lit(False):
            continue
        else:
            out.append(stmt)
        if out and leaves(out[-1]):
            break
    return tuple(out)


def leaves(stmt: Stmt) -> bool:
    """Whether nothing after a statement of the same block can run."""
    if isinstance(stmt, (Return, Raise, Break, Continue)):
        return True
    if isinstance(stmt, If):
        return all(b and leaves(b[-1]) for b in (stmt.body, stmt.orelse))
    if isinstance(stmt, Try):
        return all(b and leaves(b[-1]) for b in blocks(stmt))
    if isinstance(stmt, While) and stmt.cond == Lit(True):
        return not any(isinstance(s, Break) for s in statements(stmt.body))
    return False


def cut(block: Block, called: Sequence[Expr | None]) -> Block:
    """The block without what follows a call of some functions."""
    out: list[Stmt] = []
    for stmt in block:
        inside = (e for x in own_exprs(stmt) for e in subexpressions(x))
        if any(isinstance(e, Op) and e.fn == "call" and e.args[0] in called for e in inside):
            return (*out, Raise("RuntimeError", "", stmt.span))
        out.append(with_blocks(stmt, tuple(cut(b, called) for b in blocks(stmt))))
    return tuple(out)
