"""Lowering of `for` over the places of arrays: `np.ndindex`, `np.ndenumerate`, `a.flat`.

Before:

>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> import numpy as np
>>> def f(X):
...     s = 0.0
...     for i, j in np.ndindex(3, 4):
...         s += X[i, j]
...     return s

After:

>>> print(show(lower(parse(f))))
def f(X):
    s = 0.0
    for i in range(3):
        for j in range(4):
            %1 = X[i, j]
            s = s + %1
    return s
"""

from __future__ import annotations

import ast
import copy
from typing import Any

import numpy as np

from tangent_fwd.frontend.iteration import within_loop
from tangent_fwd.frontend.mapped import Mapped
from tangent_fwd.frontend.rewrites import call, placed
from tangent_fwd.frontend.views import Walk
from tangent_fwd.ir.nodes import Expr, For, Lit, Op, Stmt, Var
from tangent_fwd.library import rearranged
from tangent_fwd.source import Span


class Grids(Mapped):
    """Loops inside each other, one for each axis; one loop where it may be left by `break`."""

    def do_For(self, node: ast.For) -> None:
        callee = self.callee(node.iter)
        if callee is np.nditer:
            node = self.scalars(node)
        if callee not in (np.ndindex, np.ndenumerate) or not isinstance(node.iter, ast.Call):
            super().do_For(node)
            return
        stored = [n.id for s in (node.target, *node.body) for n in ast.walk(s)
                  if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]  # fmt: skip
        self.rebound = frozenset(stored)
        array = None
        if callee is np.ndenumerate:
            array = self.held(self.atom(node.iter.args[0]))
        sizes = self.axes(array, node.iter) if array is not None else self.sizes(node.iter)
        if not sizes:
            return
        place: ast.expr = node.target
        element = None
        if array is not None:
            if not isinstance(node.target, ast.Tuple) or len(node.target.elts) != 2:
                self.refuse(node.target, "a loop over `np.ndenumerate` binds a place and a value")
                return
            place, element = node.target.elts
        self.over(node, stored, sizes, place, (array, element))

    def over(
        self, node: ast.For, stored: list[str], sizes: list[Expr], place: ast.expr, each: Any
    ) -> None:
        """The loops over all places, in the order in which they lie in memory."""
        at, span = self.at, Span.of(node.target)
        left = any(isinstance(n, ast.Break) for s in node.body for n in within_loop(s))
        names = [e.id for e in getattr(place, "elts", []) if isinstance(e, ast.Name)]
        mine = len(names) == len(sizes) and all(stored.count(name) == 1 for name in names)
        counters = names if mine else [self.fresh() for _ in sizes]
        rounds = [(self.fresh(), self.total(sizes))] if left else list(zip(counters, sizes))
        self.counters += [name for name, _ in rounds]
        outer, self.out = self.out, []
        if left:
            self.apart(rounds[0][0], counters, sizes)
        places = tuple(map(Var, counters))
        if not mine:
            self.assign(place, self.name(Op("tuple", places, (), span)))
        array, element = each
        if element is not None:
            self.give(element, Op("getitem", (array, *places), (), span))
        head, self.out = tuple(self.out), outer
        body: tuple[Stmt, ...] = self.block(node.body, head)
        for name, size in reversed(rounds):
            body = (For(name, (size,), body, at),)
        self.out.extend(body)

    def total(self, sizes: list[Expr]) -> Expr:
        """How many places there are."""
        found = sizes[0]
        for size in sizes[1:]:
            found = self.name(Op("mul", (found, size)))
        return found

    def apart(self, index: str, counters: list[str], sizes: list[Expr]) -> None:
        """The place along each axis, of the number of a place."""
        rest: Expr = Var(index)
        for name, size in zip(counters[:0:-1], sizes[:0:-1]):
            self.let(name, Op("mod", (rest, size)))
            rest = self.name(Op("floordiv", (rest, size)))
        self.let(counters[0], rest)

    def axes(self, array: Expr, at: ast.AST) -> list[Expr]:
        """The sizes of an array; none where its axes are not known, which is refused."""
        kind: Any = self.kind(array)
        if not getattr(kind, "ndim", 0):
            self.refuse(at, "how many axes this has is not known here")
            return []
        shape = self.name(Op("attr", (array, Lit("shape")), (), Span.of(at)))
        return [self.name(Op("getitem", (shape, Lit(k)))) for k in range(kind.ndim)]

    def sizes(self, node: ast.Call) -> list[Expr]:
        """The arguments of `np.ndindex`: numbers, or one shape."""
        if node.keywords or not node.args:
            self.refuse(node, "`np.ndindex` takes the sizes, or a shape")
            return []
        whole = node.args[0] if len(node.args) == 1 else ast.Tuple(node.args, ast.Load())
        if isinstance(whole, (ast.Tuple, ast.List)):
            return [self.held(e) for e in self.entries(whole.elts)]
        value = self.held(self.atom(whole))
        kind: Any = self.kind(value)
        if hasattr(kind, "types") and hasattr(kind, "count"):
            return self.parts(value, node)
        return [value]

    # --- one after the other -------------------------------------------------------------------

    def walk(self, node: ast.expr) -> Walk:
        array = None
        if isinstance(node, ast.Attribute) and node.attr == "flat" and self.resolve(node) is ...:
            array = self.atom(node.value)
        elif isinstance(node, ast.Call) and self.callee(node) is np.nditer:
            if len(node.args) != 1 or node.keywords:
                self.refuse(node, "`np.nditer` takes one array, or a tuple of arrays")
                return super().walk(ast.Tuple([], ast.Load()))
            first = node.args[0]
            several = first.elts if isinstance(first, (ast.Tuple, ast.List)) else []
            array, *others = [self.in_memory(e, node) for e in several or [first]]
            if several:
                parts = [self.written(self.name(Op("numpy.ravel", (array,), (), Span.of(node))))]
                parts += [
                    call(self.keep(rearranged.flat_beside), self.written(array), self.written(e))
                    for e in others
                ]
                return super().walk(placed(call("builtins.zip", *parts), node))
        if array is None:
            return super().walk(node)
        made = self.name(Op("numpy.ravel", (array,), (), Span.of(node)))
        self.locals.add(made.name)
        return super().walk(ast.copy_location(ast.Name(made.name, ast.Load()), node))

    def in_memory(self, node: ast.expr, at: ast.AST) -> Var:
        """An array that lies in memory in the order of its indices."""
        array = self.atom(node)
        if getattr(self.kind(array), "layout", "") != "C":
            message = "`np.nditer` goes over an array as it lies in memory, which is not known"
            self.refuse(at, message, "go over `a.flat`")
        return array if isinstance(array, Var) else self.name(array)

    def scalars(self, node: ast.For) -> ast.For:
        """What `np.nditer` gives are arrays without axes; here they are their elements."""
        found = node.target.elts if isinstance(node.target, ast.Tuple) else [node.target]
        plain = _Plain({e.id for e in found if isinstance(e, ast.Name)})
        made = copy.copy(node)
        made.body = [plain.visit(copy.deepcopy(s)) for s in node.body]
        return made


class _Plain(ast.NodeTransformer):
    """`v.item()`, `v[()]` and `v[...]` are `v`."""

    def __init__(self, names: set[str]) -> None:
        self.names = names

    def is_it(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Name) and node.id in self.names

    def visit_Call(self, node: ast.Call) -> Any:
        func = node.func
        if isinstance(func, ast.Attribute) and func.attr == "item" and self.is_it(func.value):
            return func.value
        return self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        if self.is_it(node.value) and isinstance(node.ctx, ast.Load):
            empty = isinstance(node.slice, ast.Tuple) and not node.slice.elts
            if empty or (isinstance(node.slice, ast.Constant) and node.slice.value is ...):
                return node.value
        return self.generic_visit(node)
