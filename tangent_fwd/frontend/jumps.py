"""Jumps that no statement of Python makes are written with branches, `break` and flags.

A jump leaves everything that follows it in a list of statements, out of any number of loops.

Before, where `pass` jumps:

>>> before = ast.parse('''
... for row in X:
...     for a in row:
...         if a < 0.0:
...             pass
...         s += a
... if s > t:
...     s = t
...     pass
... s = s * 2.0
... ''').body

After:

>>> made = without(ast.Pass, before, set())
>>> print(ast.unparse(ast.fix_missing_locations(ast.Module(made, []))))
left = False
for row in X:
    for a in row:
        if a < 0.0:
            left = True
            break
        s += a
    if left:
        break
if not left:
    if s > t:
        s = t
    else:
        s = s * 2.0
"""

from __future__ import annotations

import ast
from typing import Any

from tangent_fwd.frontend import trees
from tangent_fwd.frontend.trees import SCOPES
from tangent_fwd.ir.walk import unused

_LOOPS = (ast.For, ast.While)


def without(kind: type[ast.stmt], block: list[ast.stmt], taken: set[str]) -> list[ast.stmt]:
    """The statements with those of a kind as jumps behind the last; `taken` are names in use."""
    return _Jumps(kind, taken).straight(block, [])


class _Jumps:
    def __init__(self, kind: type[ast.stmt], taken: set[str]) -> None:
        self.kind = kind
        self.taken = taken

    def inside(self, node: ast.AST) -> bool:
        """Whether a statement holds a jump."""
        if isinstance(node, SCOPES):
            return False
        return isinstance(node, self.kind) or any(map(self.inside, ast.iter_child_nodes(node)))

    def straight(self, block: list[ast.stmt], told: list[ast.stmt]) -> list[ast.stmt]:
        """Statements outside of loops; `told` is what a jump does before it skips the rest."""
        for k, stmt in enumerate(block):
            if self.inside(stmt):
                return [*block[:k], *self.jumping(stmt, block[k + 1 :], told)]
        return block

    def jumping(self, stmt: ast.stmt, rest: list[ast.stmt], told: list[ast.stmt]) -> list[ast.stmt]:
        """The first statement with a jump in it, and those that it may skip."""
        if isinstance(stmt, self.kind):
            return told
        if isinstance(stmt, ast.If) and (not rest or self.ends(stmt.body)):
            orelse = self.straight([*stmt.orelse, *rest], told)
            body = self.straight(stmt.body, told) or [trees.at(stmt, ast.Pass())]
            return [trees.at(stmt, ast.If(stmt.test, body, orelse))]
        if isinstance(stmt, ast.If) and self.ends(stmt.orelse):
            body = self.straight([*stmt.body, *rest], told)
            orelse = self.straight(stmt.orelse, told)
            return [trees.at(stmt, ast.If(stmt.test, body, orelse))]
        inner = (n for n in ast.walk(stmt) if n is not stmt and isinstance(n, _LOOPS))
        if not (rest or told or any(map(self.inside, inner))) and isinstance(stmt, _LOOPS):
            return [self.loop(stmt, None)]
        left = unused("left", self.taken)
        before = trees.at(stmt, trees.assign(left, ast.Constant(False)))
        made = self.loop(stmt, left) if isinstance(stmt, _LOOPS) else self.within(stmt, left)
        return [before, made, *self.unless(left, stmt, self.straight(rest, told), told)]

    def ends(self, block: list[ast.stmt]) -> bool:
        """Whether nothing runs on behind a block."""
        last = block[-1] if block else None
        if isinstance(last, ast.If):
            return self.ends(last.body) and self.ends(last.orelse)
        return isinstance(last, (self.kind, ast.Return, ast.Raise, ast.Break, ast.Continue))

    def unless(
        self, left: str, stmt: ast.stmt, rest: list[ast.stmt], told: list[ast.stmt]
    ) -> list[ast.stmt]:
        name = trees.name(left)
        if rest:
            return [trees.at(stmt, ast.If(ast.UnaryOp(ast.Not(), name), rest, told))]
        return [trees.at(stmt, ast.If(name, told, []))] if told else []

    def within(self, stmt: Any, left: str) -> ast.stmt:
        """A branch or a `try` whose jumps say so."""
        told = [trees.at(stmt, trees.assign(left, ast.Constant(True)))]
        stmt.body = self.straight(stmt.body, told)
        for handler in getattr(stmt, "handlers", []):
            handler.body = self.straight(handler.body, told)
        orelse = self.straight(stmt.orelse, told)
        if orelse and isinstance(stmt, ast.Try):
            orelse = self.unless(left, stmt, orelse, [])
        stmt.orelse = orelse
        made: ast.stmt = stmt
        return made

    def loop(self, stmt: Any, left: str | None) -> ast.stmt:
        """A loop whose jumps leave it."""
        stmt.body = [made for inner in stmt.body for made in self.looping(inner, left)]
        made: ast.stmt = stmt
        return made

    def looping(self, stmt: Any, left: str | None) -> list[ast.stmt]:
        """A statement inside a loop."""
        leave = trees.at(stmt, ast.Break())
        if isinstance(stmt, self.kind):
            told = [trees.at(stmt, trees.assign(left, ast.Constant(True)))] if left else []
            return [*told, leave]
        if not self.inside(stmt):
            return [stmt]
        if isinstance(stmt, _LOOPS):
            assert left is not None
            test = trees.at(stmt, ast.If(trees.name(left), [leave], []))
            return [self.loop(stmt, left), test]
        for part in (stmt, *getattr(stmt, "handlers", [])):
            for field in ("body", "orelse"):
                inner = getattr(part, field, [])
                made = [made for s in inner for made in self.looping(s, left)]
                if inner:
                    setattr(part, field, made)
        return [stmt]
