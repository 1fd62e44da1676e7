"""Lowering of `map` and `filter`: the call stands where the elements are bound.

Before:

>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> import math
>>> def f(x):
...     s = 0.0
...     for a in filter(lambda v: v > 0.0, map(math.sqrt, x)):
...         s += a
...     return s

After:

>>> print(show(lower(parse(f))))
def f(x):
    s = 0.0
    %3 = builtins.len(x)
    for %4 in range(%3):
        %2 = x[%4]
        %1 = math.sqrt(%2)
        %5 = f.<locals>.lambda_(%1)
        if %5:
            a = %1
            s = s + a
    return s
"""

from __future__ import annotations

import ast
import copy

from tangent_fwd.frontend.iteration import Iteration
from tangent_fwd.frontend.rewrites import placed
from tangent_fwd.frontend.trees import at
from tangent_fwd.frontend.views import Walk
from tangent_fwd.ir.nodes import Expr


class Mapped(Iteration):
    """Walks over what a function gives for each element, and over those that it takes."""

    def do_For(self, node: ast.For) -> None:
        test = self.filtered(node.iter)
        if test is None:
            super().do_For(node)
            return
        assert isinstance(node.iter, ast.Call)
        name = self.fresh()
        self.locals.add(name)
        kept = ast.If(self.passing(test, name), [
            ast.Assign([node.target], ast.Name(name, ast.Load())), *node.body,
        ], [])  # fmt: skip
        made = copy.copy(node)
        made.target, made.iter = ast.Name(name, ast.Store()), node.iter.args[1]
        made.body = [at(node.iter, kept)]
        self.do_For(at(node.iter, made))

    def filtered(self, node: ast.expr) -> ast.expr | None:
        """The test of a call of `filter`; None for anything else."""
        if not isinstance(node, ast.Call) or self.callee(node) is not filter:
            return None
        return node.args[0] if len(node.args) == 2 and not node.keywords else None

    def passing(self, test: ast.expr, name: str) -> ast.expr:
        """Whether an element passes: `filter(None, x)` asks the element itself."""
        held = ast.Name(name, ast.Load())
        none = isinstance(test, ast.Constant) and test.value is None
        return held if none else ast.Call(test, [held], [])

    def walk(self, node: ast.expr) -> Walk:
        test = self.filtered(node)
        if test is not None:
            assert isinstance(node, ast.Call)
            # How many pass is not known before all are asked.
            name = self.fresh()
            part = ast.comprehension(
                ast.Name(name, ast.Store()), node.args[1], [self.passing(test, name)], 0
            )
            return super().walk(at(node, ast.ListComp(ast.Name(name, ast.Load()), [part])))
        if self.callee(node) is map and isinstance(node, ast.Call) and not node.keywords:
            if len(node.args) > 1:
                return self.mapped(node)
        return super().walk(node)

    def mapped(self, node: ast.Call) -> Walk:
        """The walk side by side, in which each step calls the function."""
        function, *over = node.args
        names = [self.fresh() for _ in over]
        self.locals |= {*names}
        inner = self.zipped(ast.copy_location(ast.Call(node.func, over, []), node))
        targets = [ast.Name(n, ast.Store()) for n in names]
        loaded: list[ast.expr] = [ast.Name(n, ast.Load()) for n in names]
        pair = at(node, ast.Tuple(list(targets), ast.Store()))
        called = placed(ast.Call(function, loaded, []), node)

        def bind(target: ast.expr, index: Expr) -> None:
            inner.bind(pair, index)
            self.give(target, self.value(called))

        return Walk(inner.length, bind, inner.unrolled)
