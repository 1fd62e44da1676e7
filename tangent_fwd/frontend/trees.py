"""Small tools for syntax trees: to walk a function, to put statements where another stood."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


ANEW = SCOPES + _COMPREHENSIONS  # what has names of its own


def behind(node: ast.AST, stmt: ast.stmt) -> list[ast.stmt]:
    """What stands behind a statement, or behind that of which it is a copy, in the block of a
    function that it is in.
    """
    here = stmt.lineno, stmt.col_offset
    for inner in ast.walk(node):
        for part in ("body", "orelse", "finalbody"):
            found = getattr(inner, part, None)
            block = found if isinstance(found, list) else []
            places = [(s.lineno, s.col_offset) for s in block]
            if here in places:
                return block[places.index(here) + 1 :]
    return []


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Everything inside a function but for what has names of its own: functions in it, and
    comprehensions, of which only `:=` binds names outside.
    """
    for child in ast.iter_child_nodes(node):
        yield child
        if isinstance(child, _COMPREHENSIONS):
            yield from (n.target for n in ast.walk(child) if isinstance(n, ast.NamedExpr))
        elif not isinstance(child, SCOPES):
            yield from own_nodes(child)


def bindings(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """What a statement binds, and what to: element by element where both sides are tuples."""
    if isinstance(node, ast.For):
        yield node.target, node.iter
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _matched(target, node.value)
    elif isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)):
        yield node.target, node.value


def _matched(
    target: ast.expr, value: ast.expr | None
) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    if (
        isinstance(target, ast.Tuple)
        and isinstance(value, ast.Tuple)
        and len(target.elts) == len(value.elts)
        and not any(isinstance(e, ast.Starred) for e in (*target.elts, *value.elts))
    ):
        for one, given in zip(target.elts, value.elts):
            yield from _matched(one, given)
    else:
        yield target, value


class Statements(ast.NodeTransformer):
    """Puts any number of statements in the place of one; what is inside other functions stays."""

    def visit(self, node: ast.AST) -> Any:
        return node if isinstance(node, SCOPES) else super().visit(node)

    def made_of(self, stmt: ast.stmt) -> list[ast.stmt]:
        made = self.visit(stmt)
        return made if isinstance(made, list) else [made]

    def block(self, stmts: list[ast.stmt]) -> list[ast.stmt]:
        return [made for stmt in stmts for made in self.made_of(stmt)]


def name(word: str) -> ast.Name:
    """A name that is read."""
    return ast.Name(word, ast.Load())


def assign(word: str, value: ast.expr) -> ast.Assign:
    """`word = value`."""
    return ast.Assign([ast.Name(word, ast.Store())], value)


def at(node: ast.AST, made: Any) -> Any:
    """A new node where an old one stood, all of it."""
    for part in ast.walk(made):
        if "lineno" in part._attributes and not hasattr(part, "lineno"):
            ast.copy_location(part, node)
    return made
