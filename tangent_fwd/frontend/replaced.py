"""Lowering of what changes a list by more than an element: parts that are replaced or taken out.

Before:

>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> def f(x):
...     xs = [x, 1.0]
...     del xs[:1]
...     return xs

After, where the type of `xs` is known:

>>> import numba
>>> print(show(lower(parse(f), {}, lambda body: numba.types.List(numba.float64))))
def f(x):
    xs = list(x, 1.0)
    cut(xs, 0, 1)
    return xs
"""

from __future__ import annotations

import ast

from tangent_fwd.frontend.rewrites import call
from tangent_fwd.frontend.spelt import Spelt
from tangent_fwd.ir.nodes import Do, Expr, Op, Var
from tangent_fwd.library import sequences
from tangent_fwd.source import Span


class Replaced(Spelt):
    """`xs[a:b] = ys`, `del xs[a:b]`, `xs += ys` and `xs *= n`, where `xs` is a list."""

    def is_replaced(self, target: ast.expr, value: Expr) -> bool:
        """Whether a store is into a part of a list, which is done here."""
        if not isinstance(target, ast.Subscript) or not isinstance(target.slice, ast.Slice):
            return False
        if not self.is_list(target.value):
            return False
        self.here = target
        held = self.written(value if isinstance(value, Var) else self.name(value))
        given = self.once(call(self.keep(sequences.listed), held))  # it may be the list itself
        if target.slice.step is None:
            self.do(target, sequences.put, target.value, *self.ends(target), given)
        else:
            self.do(target, sequences.put_by, target.value, *self.every(target), given)
        return True

    def take_out(self, target: ast.Subscript) -> bool:
        """Whether `del` is of a part of a list, which is done here."""
        assert isinstance(target.slice, ast.Slice)
        if target.slice.step is not None or not self.is_list(target.value):
            return False
        self.do(target, sequences.cut, target.value, *self.ends(target))
        return True

    def is_grown(self, node: ast.AugAssign) -> bool:
        """Whether an augmented assignment makes a list longer, which is done here."""
        if not isinstance(node.target, ast.Name) or node.target.id not in self.listed:
            return False
        held = ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target)
        more = isinstance(node.op, ast.Add) and self.may_be_list(node.value, self.listed)
        if not (more or isinstance(node.op, ast.Mult)) or not self.is_list(held):
            return False
        if more:
            grown = Op("container.extend", (Var(held.id), self.atom(node.value)), (), Span.of(node))
            self.out.append(Do(grown, self.at))
        else:
            self.do(node, sequences.multiply, held, node.value)
        return True

    def ends(self, target: ast.Subscript) -> list[ast.expr]:
        """Where a part begins and ends."""
        assert isinstance(target.slice, ast.Slice)
        low, high = target.slice.lower, target.slice.upper
        return [low or ast.Constant(0), high or call("builtins.len", target.value)]

    def every(self, target: ast.Subscript) -> list[ast.expr]:
        """The same with a step, which says from where to where by its sign."""
        assert isinstance(target.slice, ast.Slice)
        low, high, step = target.slice.lower, target.slice.upper, target.slice.step
        assert step is not None
        back = isinstance(step, ast.UnaryOp) and isinstance(step.op, ast.USub)
        size = call("builtins.len", target.value)
        last = ast.BinOp(ast.UnaryOp(ast.USub(), size), ast.Sub(), ast.Constant(1))
        if back:
            return [low or size, high or last, step]
        return [low or ast.Constant(0), high or size, step]
