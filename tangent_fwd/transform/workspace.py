"""Workspace: arrays in memory that is kept between calls, so that a warm call allocates nothing.

The function gets one more argument, `work`, out of which `take32` and `take64` cut its arrays;
they begin again where the caller sets `work.used` back. Products are written into such arrays.
What is allocated inside loops of the user's stays as it is: nobody knows how often they run.

Before:

>>> from tangent_fwd.analysis.infer import infer
>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> from tangent_fwd.transform.fuse import fuse
>>> from tangent_fwd.transform.loops import loops
>>> import numba, numpy as np
>>> def f(X, W):
...     return np.tanh(X @ W)
>>> parsed = parse(f)
>>> typed = infer(lower(parsed), (numba.float64[:, ::1],) * 2, parsed.source, None)
>>> before = fuse(loops(typed, parsed.source))
>>> print(show(before))
def f(X, W):
    %1 = X @ W  # array(float64, 2d, C)
    %2 = empty((X.shape[0], W.shape[1]), 'float64', owned=True)  # array(float64, 2d, C)
    nest i in range(X.shape[0]):
        nest j in range(W.shape[1]):
            %2%s = numpy.tanh(%1[i, j])  # float64
            %2[i, j] = %2%s
    return %2

After:

>>> print(show(workspace(before)))
def f(X, W, work):
    %1 = take64(work, (X.shape[0], W.shape[1]))  # array(float64, 2d, C)
    numpy.dot(X, W, %1, inplace=True)
    %2 = take64(work, (X.shape[0], W.shape[1]))  # array(float64, 2d, C)
    nest i in range(X.shape[0]):
        nest j in range(W.shape[1]):
            %2%s = numpy.tanh(%1[i, j])  # float64
            %2[i, j] = %2%s
    return %2
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tangent_fwd.analysis.alias import is_array
from tangent_fwd.analysis.effects import BLANKS, ZEROS
from tangent_fwd.analysis.shapes import shape_of
from tangent_fwd.ir.nodes import Block, Do, Expr, For, Function, Let, Lit, Op, Ref, Stmt, Var, While
from tangent_fwd.ir.walk import blocks, map_expr, map_exprs, with_blocks
from tangent_fwd.transform.pairs import is_product
from tangent_fwd.transform.stack import is_stacked

_TAKES = {"float32": "take32", "float64": "take64"}


def workspace(function: Function) -> Function:
    """The function with a last parameter for its workspace.

    Calls of helpers outside loops carry the keyword `work`: their callee takes one as well.
    """
    name = "work"
    while name in (function.types or {}) or name in function.params:
        name += "_"
    made = _Workspace(function, name)
    body = made.block(function.body)
    return replace(function, params=(*function.params, name), body=body)


class _Workspace:
    def __init__(self, function: Function, name: str) -> None:
        self.function = function
        self.name = name

    def block(self, block: Block) -> Block:
        return tuple(s for stmt in block for s in self.statement(stmt))

    def statement(self, stmt: Stmt) -> tuple[Stmt, ...]:
        if isinstance(stmt, (For, While)):
            return (stmt,)
        inner = blocks(stmt)
        if inner:
            bare = self.with_work(with_blocks(stmt, tuple(() for _ in inner)))
            return (with_blocks(bare, tuple(map(self.block, inner))),)
        if isinstance(stmt, Let) and isinstance(stmt.value, Op):
            return self.let(stmt, stmt.value)
        return (self.with_work(stmt),)

    def let(self, stmt: Let, value: Op) -> tuple[Stmt, ...]:
        kind = self.function.typeof(stmt.target)
        if value.fn == "call" and is_stacked(value):
            return (replace(stmt, value=self.stacked(value, kind[0])),)
        take = _TAKES.get(str(kind.dtype)) if is_array(kind) and kind.layout == "C" else None
        if take is None:
            return (self.with_work(stmt),)
        if value.fn in BLANKS | ZEROS:
            shape = self.shape(value, kind)
            if shape is None:
                return (stmt,)
            word = take if value.fn in BLANKS else take.replace("take", "clear")
            return (replace(stmt, value=self.taken(word, shape)),)
        if is_product(value) and all(isinstance(a, Var) for a in value.args):
            target = Var(stmt.target)
            product = Op("numpy.dot", (*value.args, target), (("inplace", True),), value.span)
            shape = Op("tuple", tuple(self.sizes(value)))
            made = replace(stmt, value=self.taken(take, shape))
            return made, Do(product, stmt.span)
        return (self.with_work(stmt),)

    def stacked(self, value: Op, kind: Any) -> Op:
        """Several products in one call, which takes its memory from the workspace as well."""
        word = _TAKES.get(str(kind.dtype))
        first, *given = value.args
        assert isinstance(first, Ref)
        if word is None:
            return value
        return replace(
            value, args=(replace(first, name=f"{first.name}_{word}"), *given, Var(self.name))
        )

    def taken(self, word: str, shape: Expr) -> Op:
        return Op("call", (Ref(word, None), Var(self.name), shape), (("shares", ()),))

    def shape(self, value: Op, kind: Any) -> Expr | None:
        """The shape of a new array, as a tuple; None where it is written in another way."""
        first = value.args[0]
        if value.fn.endswith("_like"):
            return Op("attr", (first, Lit("shape"))) if isinstance(first, Var) else None
        if isinstance(first, Op) and first.fn in ("tuple", "attr"):
            return first
        return Op("tuple", (first,)) if kind.ndim == 1 and self.is_integer(first) else None

    def is_integer(self, expr: Expr) -> bool:
        if isinstance(expr, Lit):
            return isinstance(expr.value, int)
        return isinstance(expr, Var) and "int" in str(self.function.typeof(expr.name))

    def sizes(self, product: Op) -> list[Expr]:
        """The shape of a product: all axes but the two that meet."""
        left, right = product.args
        assert isinstance(left, Var) and isinstance(right, Var)
        rows = int(self.function.typeof(left.name).ndim)
        columns = int(self.function.typeof(right.name).ndim)
        found = [shape_of(left.name, 0, rows)] if rows == 2 else []
        return found + ([shape_of(right.name, 1, columns)] if columns == 2 else [])

    def with_work(self, stmt: Stmt) -> Stmt:
        """The calls of helpers in a statement, marked to get the workspace."""

        def mark(e: Expr) -> Expr:
            if isinstance(e, Op) and e.fn == "call":
                return replace(e, keywords=(*e.keywords, ("work", self.name)))
            return e

        return map_exprs(lambda x: map_expr(mark, x), stmt)
