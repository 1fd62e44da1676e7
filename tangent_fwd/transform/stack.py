"""Stacking: products with one right factor, such as a value's and its tangent's, become one.

`h @ W` and `d_h @ W` each read the whole of W, and for a batch of rows that reading, and the
packing that a BLAS does with it, is a good part of the work. One product with the rows of both
reads W once. Whether the rows are few enough for that to pay is asked when the program runs
(see `products` in `backend/support.py`).

Before:

>>> import numba
>>> from tangent_fwd.ir.nodes import Function, Let, Op, Return, Var
>>> from tangent_fwd.ir.show import show
>>> from tangent_fwd.source import Span
>>> here, matrix = Span(1, 0, 1, 0), numba.float32[:, ::1]
>>> both = [Let(y, Op("matmul", (Var(x), Var("W"))), here) for y, x in (("d:y", "d:x"), ("y", "x"))]
>>> result = Return(Op("tuple", (Var("y"), Var("d:y"))), here)
>>> types = dict.fromkeys(["x", "d:x", "W", "y", "d:y"], matrix)
>>> before = Function("f", ("x", "W", "d:x"), (*both, result), types=types)
>>> print(show(before))
def f(x, W, d:x):
    d:y = d:x @ W  # array(float32, 2d, C)
    y = x @ W  # array(float32, 2d, C)
    return (y, d:y)

After:

>>> print(show(stack(before)))
def f(x, W, d:x):
    %both1 = products2(x, d:x, W)  # UniTuple(array(float32, 2d, C) x 2)
    y = %both1[0]  # array(float32, 2d, C)
    d:y = %both1[1]  # array(float32, 2d, C)
    return (y, d:y)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from tangent_fwd.analysis.alias import is_array
from tangent_fwd.analysis.effects import Memory, block_calls
from tangent_fwd.ir.nodes import (
    Block,
    Break,
    Continue,
    Function,
    Let,
    Lit,
    Op,
    Raise,
    Ref,
    Return,
    Stmt,
    Var,
)
from tangent_fwd.ir.walk import assigned, blocks, read, statements, with_blocks
from tangent_fwd.transform.pairs import is_product

MOST = 9  # products in one call: of a value and eight tangents
_LEAVES = (Break, Continue, Raise, Return)


def stack(function: Function) -> Function:
    """The function with products of one right factor as one call, where nothing comes between."""
    made = _Stack(function)
    body = made.block(function.body)
    return replace(function, body=body, types=made.types)


def is_stacked(call: Op) -> bool:
    """Whether a call is one that this pass makes."""
    function = call.args[0]
    return (
        isinstance(function, Ref)
        and function.value is None
        and function.name.startswith("products")
    )


class _Product(NamedTuple):
    """`target = left @ right`, with its place in a block."""

    place: int
    target: str
    left: str
    right: str


class _Stack:
    def __init__(self, function: Function) -> None:
        self.function = function
        self.types = dict(function.types)
        self.count = 0

    @cached_property
    def memory(self) -> Memory:
        """Asked for only where there are products to compare."""
        return Memory(self.function)

    def block(self, block: Block) -> Block:
        block = tuple(with_blocks(s, tuple(map(self.block, blocks(s)))) for s in block)
        done: list[Stmt] = []
        taken: set[int] = set()
        for place, stmt in enumerate(block):
            if place in taken:
                continue
            group = list(islice(self.group(block, place, taken), MOST))
            if len(group) < 2:
                done.append(stmt)
                continue
            taken.update(product.place for product in group)
            done += self.together(group, stmt)
        return tuple(done)

    def group(self, block: Block, place: int, taken: set[int]) -> Iterator[_Product]:
        """The product at a place of a block, and those behind it that could be there as well."""
        first = self.product(block, place)
        if first is None:
            return
        yield first
        for later in range(place + 1, len(block)):
            found = self.product(block, later)
            between = block[place:later]
            if found is None or later in taken:
                if self.is_wall(block[later]):
                    return
            elif self.fits(first, found, between):
                yield found

    def product(self, block: Block, place: int) -> _Product | None:
        """A product of two matrices of one dtype, the result of which is a new C array."""
        stmt = block[place]
        if not isinstance(stmt, Let) or not isinstance(stmt.value, Op):
            return None
        if not is_product(stmt.value) or len(stmt.value.args) != 2:
            return None
        left, right = stmt.value.args
        if not isinstance(left, Var) or not isinstance(right, Var):
            return None
        kinds = [self.function.typeof(n) for n in (left.name, right.name, stmt.target)]
        if not all(is_array(k) and k.ndim == 2 and k.dtype == kinds[0].dtype for k in kinds):
            return None
        return _Product(place, stmt.target, left.name, right.name)

    def fits(self, first: _Product, later: _Product, between: Block) -> bool:
        """Whether a later product can stand beside the first: it has the same right factor, and
        nothing between the two changes what it reads or reads what it binds.
        """
        if later.right != first.right:
            return False
        changed = self.memory.stores(between)
        return (
            not {later.left, later.right, later.target} & assigned(between)
            and later.target not in read(between)
            and not {self.memory.root(later.left), self.memory.root(later.right)} & changed
        )

    def is_wall(self, stmt: Stmt) -> bool:
        """Whether a statement may leave the block or raise: no product moves above it."""
        return block_calls((stmt,)) or any(isinstance(s, _LEAVES) for s in statements((stmt,)))

    def together(self, group: list[_Product], first: Stmt) -> list[Stmt]:
        """One call in place of the products of a group, and what was bound to each of them."""
        from numba.core import types

        # A value before its tangents, as the function's own results come.
        group = sorted(group, key=lambda product: ":" in product.target)
        self.count += 1
        name = f"%both{self.count}"
        self.types[name] = types.UniTuple(self.function.typeof(group[0].target), len(group))
        lefts = tuple(Var(product.left) for product in group)
        call = Op(
            "call",
            (Ref(f"products{len(group)}", None), *lefts, Var(group[0].right)),
            (("shares", ()), ("pair", True)),
        )
        assert isinstance(first, Let)
        parts = [
            Let(p.target, Op("getitem", (Var(name), Lit(k))), first.span)
            for k, p in enumerate(group)
        ]
        return [Let(name, call, first.span), *parts]
