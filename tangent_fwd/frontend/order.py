"""Order: `x + (x := 2)` adds what `x` was before, but lowering reads a name where it is used.

>>> statement = ast.parse("y = x + (x := 2)").body[0]
>>> [node.target.id for node in rebound_early(statement)]
['x']
>>> statement = ast.parse("y = x > 0 and (x := 2) > x").body[0]
>>> list(rebound_early(statement))
[]
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

_Waiting = frozenset[str]


def rebound_early(stmt: ast.stmt) -> Iterator[ast.NamedExpr]:
    """Each `:=` of a statement that binds a name which an operation around it has read before,
    and waits with.
    """
    waiting: _Waiting = frozenset()
    if isinstance(stmt, ast.AugAssign):
        waiting = frozenset(n.id for n in ast.walk(stmt.target) if isinstance(n, ast.Name))
    for field in ast.iter_child_nodes(stmt):
        if isinstance(field, ast.expr):
            yield from _early(field, waiting)


def _early(node: ast.AST, waiting: _Waiting) -> Iterator[ast.NamedExpr]:
    if isinstance(node, ast.NamedExpr) and node.target.id in waiting:
        yield node
    # What is on one side of these is done with before the other begins.
    apart = isinstance(node, (ast.BoolOp, ast.IfExp))
    for child in ast.iter_child_nodes(node):
        yield from _early(child, waiting)
        if isinstance(child, ast.Name) and not apart:
            waiting |= {child.id}
        elif isinstance(child, ast.NamedExpr) and not apart:
            waiting |= {child.target.id}
