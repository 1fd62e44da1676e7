"""Lowering of `zip` with a generator in it: a loop over that, with a place in the others.

Before:

>>> import numba
>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> def f(x, y):
...     def doubled(a):
...         for v in a:
...             yield v * 2.0
...     s = 0.0
...     for a, b in zip(doubled(x), y):
...         s += a * b
...     return s

After:

>>> vector = numba.float64[:]
>>> print(show(lower(parse(f), {}, lambda body: vector)))
def f(x, y):
    s = 0.0
    count = 0
    beside = y
    %4 = builtins.len(x)
    for %5 in range(%4):
        v = x[%5]
        a = v * 2.0
        %6 = builtins.len(beside)
        %7 = count >= %6
        if %7:
            break
        b = beside[count]
        count = count + 1
        %8 = a * b
        s = s + %8
    return s
"""

from __future__ import annotations

import ast

from tangent_fwd.frontend import trees
from tangent_fwd.frontend.generators import Generators, Leave
from tangent_fwd.ir.nodes import Lit, Var

# Numba's names of what has elements in places.
_INDEXED = ("Array", "List", "ListType", "UniTuple")


class Abreast(Generators):
    """Loops over a generator and what has elements in places, side by side."""

    def do_For(self, node: ast.For) -> None:
        side = self.side_by_side(node)
        if side is None:
            super().do_For(node)
        else:
            self.out.extend(self.block([side]))

    def side_by_side(self, node: ast.For) -> ast.stmt | None:
        """`for a, b in zip(g(), y)` as a loop over the generator, with a place in the others; None
        for any other loop. What stands before the generator ends the loop before it goes on.
        """
        both, pair = node.iter, node.target
        if not isinstance(both, ast.Call) or self.callee(both) is not zip or both.keywords:
            return None
        if not isinstance(pair, ast.Tuple) or len(pair.elts) != len(both.args):
            return None
        given = list(map(self.named_call, both.args))
        made = [k for k, arg in enumerate(given) if self.generator(arg) is not None]
        if len(made) != 1:
            return None
        count, first = self.unique("count"), made[0]
        self.let(count, Lit(0))
        binds: list[ast.stmt] = []
        ends: tuple[list[ast.expr], list[ast.expr]] = [], []
        for k, arg in enumerate(given):
            if k == first:
                continue
            held = self.unique("beside")
            self.let(held, self.atom(arg))
            if type(self.kind(Var(held))).__name__ not in _INDEXED:
                advice = "write a loop over the generator, and count its rounds"
                self.refuse(arg, "beside a generator, `zip` takes arrays, lists and tuples", advice)
            element = ast.Subscript(trees.name(held), trees.name(count), ast.Load())
            binds.append(ast.Assign([pair.elts[k]], element))
            size = ast.Call(trees.name("builtins.len"), [trees.name(held)], [])
            ends[k > first].append(ast.Compare(trees.name(count), [ast.GtE()], [size]))
        more = ast.AugAssign(ast.Name(count, ast.Store()), ast.Add(), ast.Constant(1))
        stop: list[ast.stmt] = [ast.If(_any(ends[1]), [ast.Break()], [])] if ends[1] else []
        loop = ast.For(pair.elts[first], given[first], [*stop, *binds, more, *node.body], [])
        whole: ast.stmt = loop
        if ends[0]:
            loop.orelse = [ast.If(_any(ends[0]), [Leave()], [])]  # behind each round: see `inlined`
            whole = ast.If(ast.UnaryOp(ast.Not(), _any(ends[0])), [loop], [])
        side: ast.stmt = trees.at(node, whole)
        return side


def _any(tests: list[ast.expr]) -> ast.expr:
    """Whether one of some tests holds."""
    return tests[0] if len(tests) == 1 else ast.BoolOp(ast.Or(), list(tests))
