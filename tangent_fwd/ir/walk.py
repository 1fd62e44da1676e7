"""Walking programs: rebuild, substitute, and ask what a statement reads and writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from tangent_fwd.ir.nodes import (
    Block,
    Do,
    Expr,
    For,
    Function,
    If,
    Let,
    Nest,
    Op,
    Raise,
    Return,
    Stmt,
    Store,
    Try,
    Var,
    While,
)


def map_expr(change: Callable[[Expr], Expr], expr: Expr) -> Expr:
    """Rebuild an expression bottom up, passing every node through `change`."""
    if isinstance(expr, Op):
        args = tuple(map_expr(change, arg) for arg in expr.args)
        if any(new is not old for new, old in zip(args, expr.args)):
            expr = replace(expr, args=args)
    return change(expr)


def substitute(expr: Expr, values: dict[str, Expr]) -> Expr:
    """Replace variables by expressions."""
    if not values:
        return expr
    return map_expr(lambda e: values.get(e.name, e) if isinstance(e, Var) else e, expr)


def map_exprs(change: Callable[[Expr], Expr], stmt: Stmt) -> Stmt:
    """Apply `change` to each whole expression of one statement and of those inside it."""
    if isinstance(stmt, (Let, Do, Return)):
        return replace(stmt, value=change(stmt.value))
    if isinstance(stmt, Store):
        return replace(stmt, index=tuple(change(e) for e in stmt.index), value=change(stmt.value))
    if isinstance(stmt, Raise):
        return replace(stmt, values=tuple(map(change, stmt.values)))
    if isinstance(stmt, If):
        return replace(
            stmt,
            cond=change(stmt.cond),
            body=map_block(change, stmt.body),
            orelse=map_block(change, stmt.orelse),
        )
    if isinstance(stmt, For):
        bounds = tuple(change(e) for e in stmt.bounds)
        return replace(stmt, bounds=bounds, body=map_block(change, stmt.body))
    if isinstance(stmt, Nest):
        return replace(stmt, extent=change(stmt.extent), body=map_block(change, stmt.body))
    if isinstance(stmt, Try):
        return with_blocks(stmt, tuple(map_block(change, b) for b in blocks(stmt)))
    if isinstance(stmt, While):
        return replace(
            stmt,
            test=map_block(change, stmt.test),
            cond=change(stmt.cond),
            body=map_block(change, stmt.body),
        )
    return stmt


def map_block(change: Callable[[Expr], Expr], block: Block) -> Block:
    """`map_exprs` over a block."""
    return tuple(map_exprs(change, stmt) for stmt in block)


def rename(block: Block, names: dict[str, str]) -> Block:
    """Rename variables everywhere: where they are read, assigned, stored into or looped over."""

    def expr(e: Expr) -> Expr:
        return map_expr(lambda n: Var(names.get(n.name, n.name)) if isinstance(n, Var) else n, e)

    def stmt(s: Stmt) -> Stmt:
        if isinstance(s, Let):
            return replace(s, target=names.get(s.target, s.target), value=expr(s.value))
        if isinstance(s, Store):
            index = tuple(expr(e) for e in s.index)
            return replace(s, array=names.get(s.array, s.array), index=index, value=expr(s.value))
        if isinstance(s, For):
            bounds = tuple(expr(e) for e in s.bounds)
            body = rename(s.body, names)
            return replace(s, var=names.get(s.var, s.var), bounds=bounds, body=body)
        if isinstance(s, Nest):
            body = rename(s.body, names)
            return replace(s, index=names.get(s.index, s.index), extent=expr(s.extent), body=body)
        if isinstance(s, If):
            return replace(
                s,
                cond=expr(s.cond),
                body=rename(s.body, names),
                orelse=rename(s.orelse, names),
            )
        if isinstance(s, While):
            return replace(
                s, test=rename(s.test, names), cond=expr(s.cond), body=rename(s.body, names)
            )
        if isinstance(s, Try):
            return with_blocks(s, tuple(rename(b, names) for b in blocks(s)))
        return map_exprs(expr, s)

    return tuple(stmt(s) for s in block)


def unused(word: str, taken: set[str], gap: str = "_") -> str:
    """A word, or with the first number behind it that makes it new; it is taken from then on."""
    found, count = word, 2
    while found in taken:
        found, count = f"{word}{gap}{count}", count + 1
    taken.add(found)
    return found


def subexpressions(expr: Expr) -> tuple[Expr, ...]:
    """The expression and everything inside it, outermost first."""
    return expr.within if isinstance(expr, Op) else (expr,)


def variables(expr: Expr) -> tuple[str, ...]:
    """Names read by an expression, once per occurrence."""
    if isinstance(expr, Op):
        return expr.reads
    return (expr.name,) if isinstance(expr, Var) else ()


def own_exprs(stmt: Stmt) -> tuple[Expr, ...]:
    """The expressions that stand in the statement itself, not in the blocks inside it."""
    if isinstance(stmt, (Let, Do, Return)):
        return (stmt.value,)
    if isinstance(stmt, Store):
        return (*stmt.index, stmt.value)
    if isinstance(stmt, (If, While)):
        return (stmt.cond,)
    if isinstance(stmt, Raise):
        return stmt.values
    if isinstance(stmt, For):
        return stmt.bounds
    if isinstance(stmt, Nest):
        return (stmt.extent,)
    return ()


def blocks(stmt: Stmt) -> tuple[Block, ...]:
    """The blocks inside a statement."""
    if isinstance(stmt, If):
        return (stmt.body, stmt.orelse)
    if isinstance(stmt, (For, Nest)):
        return (stmt.body,)
    if isinstance(stmt, While):
        return (stmt.test, stmt.body)
    if isinstance(stmt, Try):
        return (stmt.body, stmt.handler)
    return ()


def with_blocks(stmt: Stmt, new: tuple[Block, ...]) -> Stmt:
    """The statement with the blocks inside it replaced, in the order of `blocks`."""
    if isinstance(stmt, If):
        return replace(stmt, body=new[0], orelse=new[1])
    if isinstance(stmt, (For, Nest)):
        return replace(stmt, body=new[0])
    if isinstance(stmt, While):
        return replace(stmt, test=new[0], body=new[1])
    if isinstance(stmt, Try):
        return replace(stmt, body=new[0], handler=new[1])
    return stmt


def passes_on(stmt: Try) -> Expr | None:
    """Where a handler passes on what it caught, what tells whether it has run; None elsewhere."""
    last = stmt.handler[-1] if stmt.handler else None
    return last.values[0] if isinstance(last, Raise) and not last.exception else None


def statements(block: Block) -> Iterator[Stmt]:
    """Every statement, those inside others included, in the order of the text."""
    for stmt in block:
        yield stmt
        for inner in blocks(stmt):
            yield from statements(inner)


def defined(stmt: Stmt) -> str | None:
    """The variable that the statement itself assigns."""
    if isinstance(stmt, Let):
        return stmt.target
    if isinstance(stmt, For):
        return stmt.var
    if isinstance(stmt, Nest):
        return stmt.index
    return None


def assigned(block: Block) -> set[str]:
    """Variables assigned anywhere in a block (not arrays stored into)."""
    return {name for s in statements(block) if (name := defined(s)) is not None}


def bindings(function: Function) -> Counter[str]:
    """How often each variable is bound; being a parameter counts once."""
    return Counter([*function.params, *filter(None, map(defined, statements(function.body)))])


def stored(block: Block) -> set[str]:
    """Arrays stored into anywhere in a block."""
    return {s.array for s in statements(block) if isinstance(s, Store)}


def read(block: Block) -> set[str]:
    """Variables read anywhere in a block; storing into an array reads its name."""
    names = {n for s in statements(block) for e in own_exprs(s) for n in variables(e)}
    return names | stored(block)
