"""What runs last: `finally` runs once, whichever way its `try` is left.

It is written where each way out begins: behind the `try` for the plain one, before every `return`,
`break` and `continue` that leaves it, and where it was for exceptions, which pass on afterwards.
`done` tells the last from the others.

Before:

>>> before = ast.parse('''
... def f(x, n):
...     try:
...         if n > 3:
...             return x * 2.0
...         y = g(x)
...     finally:
...         print(n)
...     return y
... ''').body[0].body

After:

>>> made = lastly(before, set())
>>> print(ast.unparse(ast.fix_missing_locations(ast.Module(made, []))))
done = False
try:
    if n > 3:
        given = x * 2.0
        done = True
        print(n)
        return given
    y = g(x)
    done = True
finally:
    if not done:
        print(n)
print(n)
return y
"""

from __future__ import annotations

import ast
import copy
from typing import Any

from tangent_fwd.frontend import trees
from tangent_fwd.frontend.trees import Statements
from tangent_fwd.ir.walk import unused


def has_finally(node: ast.AST) -> bool:
    """Whether a statement is a `try` with `finally`."""
    return isinstance(node, ast.Try) and bool(node.finalbody)


def lastly(block: list[ast.stmt], taken: set[str]) -> list[ast.stmt]:
    """The statements with every `finally` written out; `taken` are names that may not be used."""
    return _Lastly(taken).block(block)


def leaving(block: list[ast.stmt]) -> ast.stmt | None:
    """The first statement of a block that may leave it other than at its end."""
    search = _Ways("", [], set())
    search.block(copy.deepcopy(block))
    return search.first


class _Lastly(Statements):
    def __init__(self, taken: set[str]) -> None:
        self.taken = taken

    def visit_Try(self, node: ast.Try) -> Any:
        self.generic_visit(node)  # inside first: what is inside is left first
        if not node.finalbody or leaving(node.finalbody) is not None:
            return node
        done, last = unused("done", self.taken), node.finalbody
        body = node.body
        if node.handlers:
            body = [trees.at(node, ast.Try(body, node.handlers, node.orelse, []))]
        body = _Ways(done, last, self.taken).block(body)
        here = last[0]
        untold = ast.UnaryOp(ast.Not(), trees.name(done))
        body.append(trees.at(here, trees.assign(done, ast.Constant(True))))
        final = trees.at(here, ast.If(untold, last, []))
        return [
            trees.at(node, trees.assign(done, ast.Constant(False))),
            trees.at(node, ast.Try(body, [], [], [final])),
            *copy.deepcopy(last),
        ]


class _Ways(Statements):
    """Puts what runs last before each statement that leaves a block."""

    def __init__(self, done: str, last: list[ast.stmt], taken: set[str]) -> None:
        self.done = done
        self.last = last
        self.taken = taken
        self.loops = 0
        self.first: ast.stmt | None = None

    def visit_For(self, node: ast.For) -> Any:
        return self.loop(node)

    def visit_While(self, node: ast.While) -> Any:
        return self.loop(node)

    def loop(self, node: ast.stmt) -> Any:
        self.loops += 1
        self.generic_visit(node)
        self.loops -= 1
        return node

    def visit_Break(self, node: ast.Break) -> Any:
        return node if self.loops else self.left(node)

    def visit_Continue(self, node: ast.Continue) -> Any:
        return node if self.loops else self.left(node)

    def visit_Return(self, node: ast.Return) -> Any:
        if node.value is None or isinstance(node.value, ast.Constant):
            return self.left(node)
        given = unused("given", self.taken)
        value = trees.at(node, trees.assign(given, node.value))
        return [value, *self.left(trees.at(node, ast.Return(trees.name(given))))]

    def left(self, node: ast.stmt) -> list[ast.stmt]:
        self.first = self.first or node
        told = trees.at(node, trees.assign(self.done, ast.Constant(True)))
        return [told, *copy.deepcopy(self.last), node]
