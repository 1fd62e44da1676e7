"""Packing: tangents that are read again and again lie side by side, the lanes in a last axis.

In a pass of eight lanes each element of `c` has eight tangents, in eight arrays. A loop that
adds up products spends its time on their addresses, and cannot add several elements at once, as
each sum waits for the one before. Where the eight numbers are neighbours, the compiler takes all
lanes at once instead (`backend/numba_pipeline.py`).

Copying them together has to pay, so only arrays qualify that a loop further out reads again in
every round. Other loops over elements are computed several elements at a time, and keep theirs.
A parameter's tangents are copied if nothing writes to them; those of an array that the function
makes are made that way. Neither may be used but by their elements.

Before:

>>> from tangent_fwd.analysis.activity import Activity
>>> from tangent_fwd.analysis.infer import infer
>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> from tangent_fwd.transform.simplify import simplify
>>> from tangent_fwd.transform.tangent import tangent
>>> import numba
>>> def f(c, x):
...     total = 0.0
...     for i in range(x.size):
...         power = 1.0
...         for k in range(c.size):
...             total += c[k] * power
...             power *= x[i]
...     return total
>>> parsed = parse(f)
>>> typed = infer(lower(parsed), (numba.float64[::1],) * 2, parsed.source, None)
>>> before = simplify(tangent(typed, Activity(typed, (True, False), None), 2, None))
>>> print(show(before))
def f(c, x, d:0:c, d:1:c):
    d:0:total = 0.0  # float64
    d:1:total = 0.0  # float64
    total = 0.0  # float64
    %1 = x.size  # int64
    for i in range(%1):
        power = 1.0  # float64
        %2 = c.size  # int64
        for k in range(%2):
            d:0:%3 = d:0:c[k]  # float64
            d:1:%3 = d:1:c[k]  # float64
            %3 = c[k]  # float64
            %4 = %3 * power  # float64
            %f1 = power * d:0:%3  # float64
            d:0:total = d:0:total + %f1  # float64
            %f2 = power * d:1:%3  # float64
            d:1:total = d:1:total + %f2  # float64
            total = total + %4  # float64
            %5 = x[i]  # float64
            power = power * %5  # float64
    return (total, (d:0:total, d:1:total))

After:

>>> print(show(pack(before, 2)))
def f(c, x, d:0:c, d:1:c):
    d::c = empty((c.size, 2), 'float64', owned=True, lanes=2)  # array(float64, 2d, C)
    nest %0 in range(c.size):
        d::c[%0, 0] = d:0:c[%0]
        d::c[%0, 1] = d:1:c[%0]
    d:0:total = 0.0  # float64
    d:1:total = 0.0  # float64
    total = 0.0  # float64
    %1 = x.size  # int64
    for i in range(%1):
        power = 1.0  # float64
        %2 = c.size  # int64
        for k in range(%2):
            d:0:%3 = d::c[k, 0]  # float64
            d:1:%3 = d::c[k, 1]  # float64
            %3 = c[k]  # float64
            %4 = %3 * power  # float64
            %f1 = power * d:0:%3  # float64
            d:0:total = d:0:total + %f1  # float64
            %f2 = power * d:1:%3  # float64
            d:1:total = d:1:total + %f2  # float64
            total = total + %4  # float64
            %5 = x[i]  # float64
            power = power * %5  # float64
    return (total, (d:0:total, d:1:total))
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from tangent_fwd.analysis.alias import is_array
from tangent_fwd.analysis.effects import BLANKS, ZEROS
from tangent_fwd.analysis.shapes import shape_of
from tangent_fwd.ir.nodes import (
    Block,
    Expr,
    For,
    Function,
    If,
    Let,
    Lit,
    Nest,
    Op,
    Stmt,
    Store,
    Var,
    While,
)
from tangent_fwd.ir.walk import (
    assigned,
    bindings,
    blocks,
    map_expr,
    map_exprs,
    own_exprs,
    statements,
    subexpressions,
    variables,
    with_blocks,
)
from tangent_fwd.source import NOWHERE
from tangent_fwd.transform.words import core, mark

Loop = For | Nest | While

_LOOPS = (For, Nest, While)
# What a loop may compute that is left to the lanes. Where there are quotients, roots or
# exponentials as well, it is better to have those of several elements at once.
_PRODUCTS = frozenset(["add", "sub", "mul", "neg", "getitem", "attr"])


def pack(function: Function, lanes: int) -> Function:
    """The function with those tangents side by side for which it pays."""
    return _Pack(function, lanes).run()


@dataclass(frozen=True)
class _Access:
    """An element that is read or stored: the loops around it, outermost first, and those of them
    (by identity) whose rounds take different elements.
    """

    around: tuple[Loop, ...]
    moving: frozenset[int]
    is_store: bool

    @cached_property
    def home(self) -> tuple[Loop, ...]:
        """The loops down to the last that moves. From those inside it an element is taken out."""
        last = max((k for k, loop in enumerate(self.around) if id(loop) in self.moving), default=-1)
        return self.around[: last + 1]

    @property
    def is_repeated(self) -> bool:
        """Whether some loop takes the same elements in every round."""
        return any(id(loop) not in self.moving for loop in self.home)


class _Pack:
    def __init__(self, function: Function, lanes: int) -> None:
        self.function = function
        self.lanes = lanes
        self.types: dict[str, Any] = dict(function.types or {})
        self.bound = bindings(function)
        self.made = {s.target: s.value for s in statements(function.body) if isinstance(s, Let)}
        self.accesses: dict[str, list[_Access]] = {}
        # Names that are used for more than their elements.
        self.whole: set[str] = set()
        # The loops whose rounds change a variable.
        self.moving: dict[str, frozenset[int]] = {}
        self.visit(function.body, ())

    def run(self) -> Function:
        primals = [core(n) for n in self.types if mark(n) == "d:0"]
        chosen = [p for p in primals if self.may_move(p) and self.pays(p)]
        if not any(self.adds_up(a.home[-1]) for p in chosen for a in self.busiest(p)):
            return self.function
        for p in chosen:
            kind = self.types[_lane(p, 0)]
            self.types[_packed(p)] = kind.copy(ndim=kind.ndim + 1, layout="C", readonly=False)
        copies = [s for p in chosen if p in self.function.params for s in self.copied(p)]
        places = {_lane(p, k): (_packed(p), k) for p in chosen for k in range(self.lanes)}
        body = (*copies, *self.block(self.function.body, places))
        return replace(self.function, body=body, types=self.types)

    # --- how arrays are used -------------------------------------------------------------------

    def visit(self, block: Block, around: tuple[Loop, ...]) -> None:
        """Note how the arrays in a block are used, which stands inside some loops."""
        for stmt in block:
            within = (*around, stmt) if isinstance(stmt, _LOOPS) else around
            for expr in own_exprs(stmt):
                self.visit_expr(expr, within if isinstance(stmt, While) else around)
            if isinstance(stmt, Store):
                self.use(stmt.array, stmt.index, around, True)
            elif isinstance(stmt, Let):
                self.changes(stmt.target, self.moves(stmt, around))
            elif isinstance(stmt, (For, Nest)):
                name = stmt.var if isinstance(stmt, For) else stmt.index
                self.changes(name, frozenset([id(stmt)]))
            for inner in blocks(stmt):
                self.visit(inner, within)

    def visit_expr(self, expr: Expr, around: tuple[Loop, ...]) -> None:
        elements: Counter[str] = Counter()
        for e in subexpressions(expr):
            if isinstance(e, Op) and e.fn == "getitem" and isinstance(e.args[0], Var):
                self.use(e.args[0].name, e.args[1:], around, False)
                elements[e.args[0].name] += 1
        self.whole.update(Counter(variables(expr)) - elements)

    def use(
        self, name: str, index: tuple[Expr, ...], around: tuple[Loop, ...], is_store: bool
    ) -> None:
        kind: Any = self.types.get(name)
        if is_array(kind) and kind.ndim == len(index) and all(map(self.is_integer, index)):
            found = _Access(around, self.moving_any(index), is_store)
            self.accesses.setdefault(name, []).append(found)
        else:
            self.whole.add(name)

    def is_integer(self, expr: Expr) -> bool:
        from numba.core import types

        if isinstance(expr, Var):
            # The index of a loop of ours has no type of its own.
            kind = self.types.get(expr.name)
            return isinstance(kind, types.Integer) or (kind is None and expr.name in self.moving)
        return isinstance(expr, Lit) and type(expr.value) is int

    def moves(self, stmt: Let, around: tuple[Loop, ...]) -> frozenset[int]:
        """The loops whose rounds change what is bound: those that change what it is made of, or
        all of them where it is bound in several places.
        """
        if self.bound[stmt.target] > 1:
            return frozenset(map(id, around))
        return self.moving_any((stmt.value,))

    def moving_any(self, exprs: tuple[Expr, ...]) -> frozenset[int]:
        names = (n for e in exprs for n in variables(e))
        return frozenset(loop for n in names for loop in self.moving.get(n, ()))

    def changes(self, name: str, loops: frozenset[int]) -> None:
        self.moving[name] = self.moving.get(name, frozenset()) | loops

    # --- what qualifies ------------------------------------------------------------------------

    def may_move(self, primal: str) -> bool:
        """Whether the tangents of a variable can lie side by side: given or made once, and used
        by their elements only.
        """
        names = [_lane(primal, k) for k in range(self.lanes)]
        kind = self.types[names[0]]
        if not is_array(kind) or any(self.bound[n] != 1 for n in names):
            return False
        if not self.whole.isdisjoint(names):
            return False
        if kind.ndim > 1 and kind.layout == "F":
            return False  # read along its columns, and the copy would have rows
        if primal in self.function.params:
            return not any(a.is_store for n in names for a in self.accesses.get(n, ()))
        return all(n in self.made and self.sizes(n) is not None for n in names)

    def pays(self, primal: str) -> bool:
        """Whether the elements are read again, and not where several of them are wanted at once."""
        busiest = self.busiest(primal)
        if not any(a.is_repeated and not a.is_store for a in busiest):
            return False
        return all(_has_loops(a.home[-1]) or self.adds_up(a.home[-1]) for a in busiest)

    def busiest(self, primal: str) -> list[_Access]:
        """The uses of elements deepest inside loops."""
        found = self.accesses.get(_lane(primal, 0), [])
        depth = max((len(a.home) for a in found), default=0)
        return [a for a in found if len(a.home) == depth]

    def adds_up(self, loop: Loop) -> bool:
        """Whether an innermost loop adds and multiplies floats in an order that counts."""
        inside = list(statements(loop.body))
        ops = [e for s in inside for e in own_exprs(s) if isinstance(e, Op)]
        return (
            not _has_loops(loop)
            and all(e.functions <= _PRODUCTS for e in ops)
            and any("float" in str(self.types.get(n)) for n in _carried(loop.body))
        )

    # --- what becomes of it --------------------------------------------------------------------

    def copied(self, primal: str) -> tuple[Stmt, ...]:
        """The statements that put the tangents of a parameter side by side."""
        kind, packed = self.types[_lane(primal, 0)], _packed(primal)
        sizes = tuple(shape_of(primal, axis, kind.ndim) for axis in range(kind.ndim))
        index = tuple(Var(f"%{axis}") for axis in range(kind.ndim))
        nest: Block = tuple(
            Store(packed, (*index, Lit(k)), Op("getitem", (Var(_lane(primal, k)), *index)), NOWHERE)
            for k in range(self.lanes)
        )
        for var, size in reversed(list(zip(index, sizes))):
            nest = (Nest(var.name, size, nest, NOWHERE),)
        return Let(packed, self.allocation("empty", sizes, kind), NOWHERE), *nest

    def allocation(self, fn: str, sizes: tuple[Expr, ...], kind: Any) -> Op:
        shape = Op("tuple", (*sizes, Lit(self.lanes)))
        return Op(fn, (shape, Lit(kind.dtype.name)), (("owned", True), ("lanes", self.lanes)))

    def sizes(self, name: str) -> tuple[Expr, ...] | None:
        """The sizes of an array made here; None where it is made in another way."""
        value, kind = self.made[name], self.types[name]
        if not isinstance(value, Op) or value.fn not in ZEROS | BLANKS:
            return None
        first = value.args[0]
        if value.fn.endswith("_like"):
            if not isinstance(first, Var):
                return None
            return tuple(shape_of(first.name, axis, kind.ndim) for axis in range(kind.ndim))
        if isinstance(first, Op) and first.fn == "tuple":
            return first.args
        return (first,) if kind.ndim == 1 and self.is_integer(first) else None

    def block(self, block: Block, places: dict[str, tuple[str, int]]) -> Block:
        """A block in which the lanes are in their places."""

        def change(e: Expr) -> Expr:
            if isinstance(e, Op) and e.fn == "getitem" and isinstance(e.args[0], Var):
                place = places.get(e.args[0].name)
                if place is not None:
                    return replace(e, args=(Var(place[0]), *e.args[1:], Lit(place[1])))
            return e

        out: list[Stmt] = []
        for stmt in block:
            if isinstance(stmt, Let) and stmt.target in places:
                packed, lane = places[stmt.target]
                sizes, kind = self.sizes(stmt.target), self.types[stmt.target]
                assert isinstance(stmt.value, Op) and sizes is not None
                if lane == 0:
                    fn = "zeros" if stmt.value.fn in ZEROS else "empty"
                    out.append(Let(packed, self.allocation(fn, sizes, kind), stmt.span))
                continue
            if isinstance(stmt, Store) and stmt.array in places:
                packed, lane = places[stmt.array]
                stmt = replace(stmt, array=packed, index=(*stmt.index, Lit(lane)))
            inner = tuple(self.block(b, places) for b in blocks(stmt))
            bare = with_blocks(stmt, tuple(() for _ in inner))
            out.append(with_blocks(map_exprs(lambda x: map_expr(change, x), bare), inner))
        return tuple(out)


def _lane(primal: str, lane: int) -> str:
    return f"d:{lane}:{primal}"


def _packed(primal: str) -> str:
    return f"d::{primal}"


def _has_loops(loop: Loop) -> bool:
    return any(isinstance(s, _LOOPS) for s in statements(loop.body))


def _carried(block: Block) -> set[str]:
    """What a round of a loop takes over from the one before, but for sums in any order."""
    found: set[str] = set()
    mine = assigned(block)

    def walk(block: Block, bound: set[str]) -> set[str]:
        """The names bound after a block, of which some are bound before it."""
        for stmt in block:
            if not (isinstance(stmt, Let) and stmt.any_order):
                found.update({n for e in own_exprs(stmt) for n in variables(e)} & mine - bound)
            if isinstance(stmt, If):
                yes, no = (walk(b, bound) for b in blocks(stmt))
                bound = yes & no
            elif isinstance(stmt, Let):
                bound = bound | {stmt.target}
        return bound

    walk(block, set())
    return found
