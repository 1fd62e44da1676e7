"""`nonlocal`: an inner function gives back the variables that it binds around it.

Before:

>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> def f(x):
...     total = x
...     def grow(a):
...         nonlocal total
...         total = total * a
...         return a + 1.0
...     y = grow(2.0)
...     return y * total

After:

>>> print(show(lower(parse(f))))
def f(x):
    total = x
    %1 = f.<locals>.grow(2.0, total)
    total = %1[1]
    y = %1[0]
    %2 = y * total
    return %2
"""

from __future__ import annotations

import ast
import copy
from dataclasses import replace
from typing import Any

from tangent_fwd.errors import Diagnostic
from tangent_fwd.frontend import trees
from tangent_fwd.frontend.abreast import Abreast
from tangent_fwd.frontend.functions import Closure
from tangent_fwd.frontend.trees import Statements, own_nodes
from tangent_fwd.ir.nodes import Expr, Lit, Op
from tangent_fwd.source import Span


class Rebinding(Abreast):
    """Functions with `nonlocal` in them, and the statements that call those."""

    allowed: Any = None  # the one that the statement at hand calls

    def closure(self, node: ast.FunctionDef, name: str) -> Closure:
        words = [w for n in own_nodes(node) if isinstance(n, ast.Nonlocal) for w in n.names]
        if not words:
            return super().closure(node, name)
        args = self.function.node.args
        mine = {a.arg for a in (*args.posonlyargs, *args.args, *args.kwonlyargs)}
        mine |= {n.id for n in own_nodes(self.function.node)
                 if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}  # fmt: skip
        given = any(isinstance(n, ast.Return) and n.value is not None for n in own_nodes(node))
        if set(words) - mine or any(isinstance(n, ast.Yield) for n in own_nodes(node)):
            self.refuse(node, "`nonlocal` is supported for variables of the function around it, "
                              "and not in generators")  # fmt: skip
        work, made = _Giving(words), copy.deepcopy(node)
        last = work.given(ast.Constant(None) if given else None)
        made.body = [*work.block(made.body), trees.at(node.body[-1], last)]
        self.kinds = {p: kind for p, kind in self.kinds.items() if p not in words}
        found = replace(super().closure(made, name), rebinds=tuple(words), gives=given)
        found.function.namespace[name] = found
        return found

    def do_Nonlocal(self, node: ast.Nonlocal) -> None:
        if set(node.names) - {*self.function.params}:
            self.refuse(node, "`nonlocal` is supported inside of what is differentiated only")

    def definition(self, callee: Any) -> Closure:
        if isinstance(callee, Closure) and callee.rebinds:
            if callee is not self.allowed:
                message = "a function with `nonlocal` in it is called by a statement of its own"
                advice = f"write `y = {callee.function.name}(…)` before"
                self.diagnostics.append(Diagnostic("syntax", message, self.at, help=advice))
            self.allowed = None
        return super().definition(callee)

    def given_back(self, node: ast.expr | None) -> Expr | None:
        """What a call gives beside the variables that it binds; None for any other value."""
        callee = self.callee(node) if isinstance(node, ast.Call) else None
        if not isinstance(callee, Closure) or not callee.rebinds:
            return None
        assert isinstance(node, ast.Call)
        if callee not in self.inner.values():
            return None
        self.allowed = callee
        made, span = self.name(self.helper_call(self.without_stars(node), callee)), Span.of(node)
        for k, word in enumerate(callee.rebinds, int(callee.gives)):
            self.let(word, Op("getitem", (made, Lit(k)), (), span))
        return Op("getitem", (made, Lit(0)), (), span) if callee.gives else Lit(None)


class _Giving(Statements):
    """Returns give what is bound around the function, too."""

    def __init__(self, words: list[str]) -> None:
        self.words = words

    def given(self, value: ast.expr | None) -> ast.Return:
        first = [] if value is None else [value]
        return ast.Return(ast.Tuple([*first, *map(trees.name, self.words)], ast.Load()))

    def visit_Return(self, node: ast.Return) -> ast.stmt:
        made: ast.stmt = trees.at(node, self.given(node.value))
        return made
