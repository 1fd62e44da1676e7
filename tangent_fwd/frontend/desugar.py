"""Desugaring: statements that are another way of writing simpler ones are written as those.

Before:

>>> before = ast.parse('''
... def f(x, n):
...     match n:
...         case 0 | 1:
...             y = x
...         case k if k > 0:
...             y = x * k
...     for a in x:
...         if a > 1.0:
...             break
...     else:
...         y = 0.0
...     return y
... ''').body[0]

After:

>>> print(ast.unparse(desugared(before)))
def f(x, n):
    if n == 0 or n == 1:
        y = x
    else:
        k = n
        if k > 0:
            y = x * k
    left = False
    for a in x:
        if a > 1.0:
            left = True
            break
    if not left:
        y = 0.0
    return y
"""

from __future__ import annotations

import ast
import copy
from typing import Any

from tangent_fwd.frontend import trees
from tangent_fwd.frontend.lastly import has_finally, lastly
from tangent_fwd.frontend.trees import Statements, own_nodes
from tangent_fwd.ir.walk import unused


def desugared(node: ast.FunctionDef) -> ast.FunctionDef:
    """The function without `match`, without `else` on loops and with `finally` as `lastly.py` has
    it; the given one stays as it is.

    A `match` with a pattern that takes a value apart is left alone: see `taken_apart`.
    """
    inside = list(own_nodes(node))
    if not any(isinstance(n, ast.Match) or _has_else(n) or has_finally(n) for n in inside):
        return node
    made = copy.deepcopy(node)
    taken = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    made.body = lastly(_Desugar(taken).block(made.body), taken)
    return ast.fix_missing_locations(made)


def taken_apart(node: ast.Match) -> ast.pattern | None:
    """The first pattern of a `match` that asks for more than a value, if there is one."""
    for case in node.cases:
        for pattern in ast.walk(case.pattern):
            if isinstance(pattern, ast.pattern) and not isinstance(pattern, _PLAIN):
                return pattern
            if isinstance(pattern, ast.MatchOr) and any(map(_binds, pattern.patterns)):
                return pattern
    return None


_PLAIN = (ast.MatchValue, ast.MatchSingleton, ast.MatchAs, ast.MatchOr)


def _binds(pattern: ast.pattern) -> bool:
    return any(isinstance(p, ast.MatchAs) and p.name is not None for p in ast.walk(pattern))


def _has_else(node: ast.AST) -> bool:
    return isinstance(node, (ast.For, ast.While)) and bool(node.orelse)


class _Desugar(Statements):
    def __init__(self, taken: set[str]) -> None:
        self.taken = taken

    def fresh(self, word: str) -> str:
        return unused(word, self.taken)

    # --- loops ---------------------------------------------------------------------------------

    def visit_For(self, node: ast.For) -> Any:
        return self.loop(node)

    def visit_While(self, node: ast.While) -> Any:
        return self.loop(node)

    def loop(self, node: ast.For | ast.While) -> Any:
        """What stands in `else` runs unless the loop was left by `break`."""
        self.generic_visit(node)
        if not node.orelse:
            return node
        orelse, node.orelse = node.orelse, []
        left = self.fresh("left")
        marked = _Breaks(left)
        node.body = marked.block(node.body)
        if not marked.found:
            return [node, *orelse]
        untold = ast.UnaryOp(ast.Not(), trees.name(left))
        return [
            trees.at(node, trees.assign(left, ast.Constant(False))),
            node,
            trees.at(node, ast.If(untold, orelse, [])),
        ]

    # --- match ---------------------------------------------------------------------------------

    def visit_Match(self, node: ast.Match) -> Any:
        self.generic_visit(node)
        if taken_apart(node) is not None:
            return node
        subject = node.subject
        before: list[ast.stmt] = []
        if not isinstance(subject, ast.Name):
            name = self.fresh("subject")
            before = [trees.at(node, trees.assign(name, subject))]
            subject = ast.copy_location(trees.name(name), subject)
        return [*before, *self.cases(subject, node.cases)]

    def cases(self, subject: ast.expr, cases: list[ast.match_case]) -> list[ast.stmt]:
        """The branches for these cases, one inside the `else` of the other."""
        if not cases:
            return []
        case, rest = cases[0], self.cases(subject, cases[1:])
        at, guard = case.pattern, case.guard
        test, names = _test(case.pattern, subject), _bound(case.pattern)
        bind = [trees.at(at, trees.assign(name, subject)) for name in names]
        if guard is None:
            return _chosen(at, test, [*bind, *case.body], rest)
        if not bind:
            both = guard if test is None else ast.BoolOp(ast.And(), [test, guard])
            return _chosen(at, both, case.body, rest)
        if test is None:
            return [*bind, *_chosen(at, guard, case.body, rest)]
        fits = self.fresh("fits")
        return [
            trees.at(at, trees.assign(fits, ast.Constant(False))),
            *_chosen(at, test, [*bind, trees.at(at, trees.assign(fits, guard))], []),
            *_chosen(at, trees.name(fits), case.body, rest),
        ]


class _Breaks(Statements):
    """Notes in a variable that a loop is left by `break`; loops inside it have their own."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.found = False

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, (ast.For, ast.While)):
            return node
        return super().visit(node)

    def visit_Break(self, node: ast.Break) -> Any:
        self.found = True
        return [trees.at(node, trees.assign(self.name, ast.Constant(True))), node]


def _test(pattern: ast.pattern, subject: ast.expr) -> ast.expr | None:
    """Whether a value fits a pattern; None where every value does."""
    test: ast.expr
    if isinstance(pattern, ast.MatchValue):
        test = ast.Compare(subject, [ast.Eq()], [pattern.value])
        return ast.copy_location(test, pattern)
    if isinstance(pattern, ast.MatchSingleton):
        test = ast.Compare(subject, [ast.Is()], [ast.Constant(pattern.value)])
        return ast.copy_location(test, pattern)
    if isinstance(pattern, ast.MatchAs):
        return None if pattern.pattern is None else _test(pattern.pattern, subject)
    assert isinstance(pattern, ast.MatchOr)
    tests = [_test(p, subject) for p in pattern.patterns]
    known = [t for t in tests if t is not None]
    if len(known) < len(tests):
        return None
    return ast.copy_location(ast.BoolOp(ast.Or(), known), pattern)


def _bound(pattern: ast.pattern) -> list[str]:
    """The names that a pattern gives to the value."""
    return [p.name for p in ast.walk(pattern) if isinstance(p, ast.MatchAs) and p.name is not None]


def _chosen(
    at: ast.AST, test: ast.expr | None, body: list[ast.stmt], orelse: list[ast.stmt]
) -> list[ast.stmt]:
    return body if test is None else [trees.at(at, ast.If(test, body, orelse))]
