"""Walking programs: rebuild, substitute, and ask what a statement reads and writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from operator import is_not
from typing import Any

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

# What a statement is made of, in the order in which it runs: expressions, and blocks.
_PARTS: dict[type, tuple[str, ...]] = {
    Let: ("value",), Do: ("value",), Return: ("value",), Store: ("index", "value"),
    Raise: ("values",), If: ("cond", "body", "orelse"), For: ("bounds", "body"),
    Nest: ("extent", "body"), While: ("test", "cond", "body"), Try: ("body", "handler"),
}  # fmt: skip
_BLOCKS = {
    kind: inside
    for kind, parts in _PARTS.items()
    if (inside := tuple(p for p in parts if p in ("body", "orelse", "test", "handler")))
}
_EXPRS = {
    kind: tuple(p for p in parts if p not in _BLOCKS.get(kind, ()))
    for kind, parts in _PARTS.items()
}
# What it binds or stores into.
_NAMES = {Let: "target", Store: "array", For: "var", Nest: "index"}


def map_expr(change: Callable[[Expr], Expr], expr: Expr) -> Expr:
    """Rebuild an expression bottom up, passing every node through `change`."""
    if isinstance(expr, Op):
        args = tuple([map_expr(change, arg) for arg in expr.args])
        if any(map(is_not, args, expr.args)):
            expr = replace(expr, args=args)
    return change(expr)


def substitute(expr: Expr, values: dict[str, Expr]) -> Expr:
    """Replace variables by expressions."""
    if not values:
        return expr
    return map_expr(lambda e: values.get(e.name, e) if isinstance(e, Var) else e, expr)


def map_exprs(change: Callable[[Expr], Expr], stmt: Stmt) -> Stmt:
    """Apply `change` to each whole expression of one statement and of those inside it."""
    return _rebuilt(stmt, change, lambda block: map_block(change, block))


def map_block(change: Callable[[Expr], Expr], block: Block) -> Block:
    """`map_exprs` over a block."""
    return tuple([map_exprs(change, stmt) for stmt in block])


def _rebuilt(
    stmt: Stmt, expr: Callable[[Expr], Expr], block: Callable[[Block], Block], **names: str
) -> Stmt:
    """The statement of changed parts; itself where none of them changes."""
    kind, new = type(stmt), dict[str, Any](names)
    made: Any
    for field in _PARTS.get(kind, ()):
        part = getattr(stmt, field)
        if field in _BLOCKS.get(kind, ()):
            made = block(part)
        else:
            made = tuple(map(expr, part)) if isinstance(part, tuple) else expr(part)
        several = isinstance(part, tuple) and len(made) == len(part)
        if any(map(is_not, made, part)) if several else made is not part:
            new[field] = made
    return replace(stmt, **new) if new else stmt


def rename(block: Block, names: dict[str, str]) -> Block:
    """Rename variables everywhere: where they are read, assigned, stored into or looped over."""
    values: dict[str, Expr] = {old: Var(new) for old, new in names.items()}

    def expr(e: Expr) -> Expr:
        return substitute(e, values)

    def stmt(s: Stmt) -> Stmt:
        field = _NAMES.get(type(s))
        old = getattr(s, field) if field else ""
        new = {field: names[old]} if field and old in names else {}
        return _rebuilt(s, expr, lambda inside: rename(inside, names), **new)

    return tuple(map(stmt, block))


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
    found: list[Expr] = []
    for field in _EXPRS.get(type(stmt), ()):
        part = getattr(stmt, field)
        found += part if isinstance(part, tuple) else (part,)
    return tuple(found)


def blocks(stmt: Stmt) -> tuple[Block, ...]:
    """The blocks inside a statement."""
    return tuple([getattr(stmt, field) for field in _BLOCKS.get(type(stmt), ())])


def with_blocks(stmt: Stmt, new: tuple[Block, ...]) -> Stmt:
    """The statement with the blocks inside it replaced, in the order of `blocks`."""
    fields: Any = dict(zip(_BLOCKS.get(type(stmt), ()), new))
    return replace(stmt, **fields) if fields else stmt


def passes_on(stmt: Try) -> Expr | None:
    """Where a handler passes on what it caught, what tells whether it has run; None elsewhere."""
    last = stmt.handler[-1] if stmt.handler else None
    return last.values[0] if isinstance(last, Raise) and not last.exception else None


def statements(block: Block) -> Iterator[Stmt]:
    """Every statement, those inside others included, in the order of the text."""
    for stmt in block:
        yield stmt
        if type(stmt) in _BLOCKS:
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
