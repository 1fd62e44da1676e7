"""The tangent pass: each active equation is joined by the equations of its tangent.

Scalar temporaries of one statement are not differentiated one by one: the partials of the
statement with respect to its leaves are collected first (`gather`), as one would by hand, and
each direction then costs a multiplication a leaf.

Before:

>>> from tangent_fwd.analysis.activity import Activity
>>> from tangent_fwd.analysis.infer import infer
>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> import numba, math
>>> def f(x, y):
...     return x * y - math.sin(x)
>>> parsed = parse(f)
>>> typed = infer(lower(parsed), (numba.float64, numba.float64), parsed.source, None)

After:

>>> print(show(tangent(typed, Activity(typed, (True, True), None), 1, None)))
def f(x, y, d::x, d::y):
    %1 = x * y  # float64
    %2 = math.sin(x)  # float64
    d::%3 = ((y - math.cos(x)) * d::x) + (x * d::y)  # float64
    %3 = %1 - %2  # float64
    return (%3, d::%3)
"""

from __future__ import annotations

from dataclasses import replace

from tangent_fwd.analysis.activity import STRUCTURAL, Activity, holds_float
from tangent_fwd.analysis.alias import held, is_array, is_tuple
from tangent_fwd.analysis.shapes import shape_of
from tangent_fwd.ir import build
from tangent_fwd.ir.nodes import (
    Block,
    Do,
    Expr,
    Function,
    If,
    Let,
    Lit,
    Nest,
    Op,
    Return,
    Stmt,
    Store,
    Try,
    Var,
)
from tangent_fwd.ir.walk import (
    assigned,
    blocks,
    map_expr,
    map_exprs,
    own_exprs,
    variables,
    with_blocks,
)
from tangent_fwd.rules import Rule, rule
from tangent_fwd.source import NOWHERE
from tangent_fwd.transform.calls import CallTangent
from tangent_fwd.transform.partials import still
from tangent_fwd.transform.scalars import Scalars


def tangent(
    function: Function, activity: Activity, lanes: int, call_tangent: CallTangent | None
) -> Function:
    """The fused primal and tangent program.

    Arguments: the flattened, typed program; its activity; how many directions at once; and how
    to get the derivative of a helper.
    Returns a program whose parameters are followed by the tangents of the active ones, lane by
    lane, and which returns `(value, tangent)`, or `(value, (tangent, ...))` for several lanes.
    """
    return Tangents(function, activity, lanes, call_tangent).run()


class Tangents(Scalars):
    """One walk that puts the tangent of every active statement beside it."""

    def __init__(
        self, function: Function, activity: Activity, lanes: int, call_tangent: CallTangent | None
    ) -> None:
        super().__init__(function, activity, lanes, call_tangent)
        self.after: list[Stmt] = []
        used = {n.split("%")[0] for n in (*self.types, *function.params)}
        self.letters = [c for c in "ijklmnpqrs" if c not in used] + ["axis0", "axis1"]

    def run(self) -> Function:
        function = self.function
        given = [p for p in function.params if p in self.activity.given]
        scratch = [p for p in function.params
                   if p in self.activity.names and p not in self.activity.given]  # fmt: skip
        params = [*function.params, *(self.d(p, k) for p in given for k in self.lanes)]
        head: list[Stmt] = []
        for name in scratch:
            for k in self.lanes:
                zero = self.zero(Var(name), self.types[name])
                head.append(Let(self.d(name, k), zero, NOWHERE))
        body = (*head, *self.block(function.body))
        if not body or not _returns(body):
            body = (*body, Return(self.pair(Lit(None)), NOWHERE))
        for name in list(self.types):
            if name in self.activity.names:
                for k in self.lanes:
                    self.types.setdefault(self.d(name, k), self.types[name])
        return replace(function, params=tuple(params), body=body, types=self.types)

    # --- statements ----------------------------------------------------------------------------

    def block(self, block: Block) -> Block:
        outer, self.out = self.out, []
        before = self.carried
        inner_before = self.inner
        before_last = 0
        self.inner = {**self.inner, **self.find_inner(block)}
        for k, stmt in enumerate(block):
            start = len(self.out)
            self.statement(stmt)
            if k and _is_reciprocal(block[k - 1], stmt) and self.once(stmt):
                self.share_reciprocal(before_last, block[k - 1], stmt)
            before_last = start
        result, self.out = tuple(self.out), outer
        self.carried, self.inner = before, inner_before
        return result

    def once(self, stmt: Stmt) -> bool:
        return (
            isinstance(stmt, Let)
            and self.bound[stmt.target] == 1
            and stmt.target not in self.function.params
        )

    def share_reciprocal(self, start: int, made: Stmt, inverse: Stmt) -> None:
        """`s = …`, `r = 1.0 / s`: tangents that divide by s multiply by r, which is at hand."""
        assert isinstance(made, Let) and isinstance(inverse, Let)
        recent = [s for s in self.out[start:] if s is not inverse]
        position = next((k for k, s in enumerate(recent, start=1) if s is made), None)
        if position is None:
            return  # `s` came from a helper's derivative, not from the statement itself
        if any(inverse.target in variables(e) for s in recent[position:] for e in own_exprs(s)):
            return  # a tangent still needs what `r` was before

        def change(e: Expr) -> Expr:
            if isinstance(e, Op) and e.fn == "truediv" and e.args[1] == Var(made.target):
                product = build.mul(e.args[0], Var(inverse.target))
                return e if product is None else product
            return e

        after = [map_exprs(lambda x: map_expr(change, x), s) for s in recent[position:]]
        self.out[start:] = [*recent[:position], inverse, *after]

    def statement(self, stmt: Stmt) -> None:
        if isinstance(stmt, Let):
            self.let(stmt)
        elif isinstance(stmt, Store):
            if stmt.array in self.activity.names:
                zero = self.zero(stmt.value, held(self.types[stmt.array]))
                for k in self.lanes:
                    found = self.tangent_of(stmt.value, k)
                    value = zero if found is None else found
                    self.out.append(replace(stmt, array=self.d(stmt.array, k), value=value))
            self.out.append(stmt)
        elif isinstance(stmt, Return):
            self.out.append(replace(stmt, value=self.pair(stmt.value)))
        elif isinstance(stmt, Do) and isinstance(stmt.value, Op) and stmt.value.fn == "call":
            self.out.append(replace(stmt, value=self.helper(stmt.value)))
        elif isinstance(stmt, Do) and self.changes_list(stmt.value):
            assert isinstance(stmt.value, Op)
            for k in self.lanes:
                self.out.append(replace(stmt, value=self.beside(stmt.value, k)))
            self.out.append(stmt)
        elif blocks(stmt):
            before = self.carried
            if not hasattr(stmt, "orelse"):
                self.carried = self.carried | assigned(tuple(s for b in blocks(stmt) for s in b))
            self.out.append(with_blocks(stmt, tuple(self.block(b) for b in blocks(stmt))))
            self.carried = before
        else:
            self.out.append(stmt)

    def pair(self, value: Expr) -> Expr:
        """`(value, tangent)`."""
        found = [self.returned(value, k) for k in self.lanes]
        lanes = found[0] if self.count == 1 else Op("tuple", tuple(found))
        return Op("tuple", (value, lanes))

    def returned(self, value: Expr, lane: int) -> Expr:
        if isinstance(value, Op) and value.fn == "tuple":
            return Op("tuple", tuple(self.returned(a, lane) for a in value.args))
        if isinstance(value, Lit):
            return value if value.value is None else Lit(0.0)
        if isinstance(value, Var) and not holds_float(self.types.get(value.name)):
            return still(value, self.types.get(value.name))
        return self.solid(value, lane)

    def let(self, stmt: Let) -> None:
        target, value, span = stmt.target, stmt.value, stmt.span
        if isinstance(value, Op) and value.fn == "call":
            self.call(stmt, value)
            return
        if target not in self.activity.names or target in self.inner:
            self.out.append(stmt)
            return
        kind = self.types[target]
        if not isinstance(value, Op):
            for k in self.lanes:
                self.emit(self.d(target, k), self.solid(value, k, kind), span)
            self.out.append(stmt)
            return
        if not self.activity.is_active(value):
            self.fresh_memory(stmt, value, kind)
            return
        if value.fn == "strong":
            for k in self.lanes:
                self.emit(self.d(target, k), self.typed(self.strongly(value, k), target), span)
            self.out.append(stmt)
            return
        if value.fn in STRUCTURAL - {"container.pop", "strong"} or value.fn == "attr":
            self.structural(stmt, value)
            return
        if value.fn == "container.pop":
            for k in self.lanes:
                self.emit(self.d(target, k), self.beside(value, k), span)
            self.out.append(stmt)
            return
        if value.fn == "add" and is_tuple(kind):
            for k in self.lanes:
                joined = replace(value, args=tuple(self.solid(a, k) for a in value.args))
                self.emit(self.d(target, k), joined, span)
            self.out.append(stmt)
            return
        row = rule(value.fn, self.is_complex(value))
        assert row is not None, value.fn
        if row.kind in ("linear", "multilinear"):
            self.product(stmt, value, row)
        elif row.kind == "custom":
            self.custom(stmt, value, row)
        else:
            self.elementwise(stmt, value)

    def product(self, stmt: Let, value: Op, row: Rule) -> None:
        """Linear and multilinear maps apply the function to the tangents."""
        for k in self.lanes:
            target = self.d(stmt.target, k)
            if row.kind == "linear":
                scalar = getattr(self.types[stmt.target], "dtype", self.types[stmt.target])
                scalar = getattr(scalar, "underlying_float", scalar)  # a part of a complex number
                args = tuple(
                    self.solid(a, k, scalar) if p in row.linear_in else a
                    for p, a in enumerate(value.args)
                )
                self.emit(target, replace(value, args=args), stmt.span)
                continue
            terms = [
                replace(value, args=tuple(
                    Var(self.d(a.name, k)) if q == p and isinstance(a, Var) else a
                    for q, a in enumerate(value.args)
                ))
                for p in row.linear_in if self.active(value.args[p])
            ]  # fmt: skip
            rest: list[Expr] = list(terms[1:])
            if any({target, stmt.target} & {*variables(term)} for term in rest):
                # They read what the first one is about to replace, or its primal.
                rest = [self.name(term, stmt.span) for term in rest]
            self.emit(target, terms[0], stmt.span)
            for term in rest:
                self.add_product(stmt, target, self.name(term, stmt.span))
        self.out.append(stmt)
        self.out.extend(self.after)
        self.after = []

    def add_product(self, stmt: Let, target: str, other: Expr) -> None:
        """Add another product to a tangent: by a loop where it is an array."""
        assert isinstance(other, Var)
        kind = self.types[other.name] = self.types[stmt.target]
        if not is_array(kind):
            self.emit(target, Op("add", (Var(target), other)), stmt.span)
            return
        self.types.setdefault(target, kind)
        letters = self.letters[: kind.ndim]
        index = tuple(map(Var, letters))
        total = Op("add", (Op("getitem", (Var(target), *index)),
                           Op("getitem", (other, *index))))  # fmt: skip
        body: Block = (Store(target, index, total, stmt.span),)
        for axis in range(kind.ndim - 1, -1, -1):
            size = shape_of(stmt.target, axis, kind.ndim)
            body = (Nest(letters[axis], size, body, stmt.span),)
        self.after.extend(body)


def _is_reciprocal(made: Stmt, inverse: Stmt) -> bool:
    """Whether two statements are `s = …` and `r = 1.0 / s`."""
    return (
        isinstance(made, Let)
        and isinstance(inverse, Let)
        and isinstance(inverse.value, Op)
        and inverse.value.fn == "truediv"
        and build.is_one(inverse.value.args[0])
        and inverse.value.args[1] == Var(made.target)
        and inverse.target != made.target
    )


def _returns(block: Block) -> bool:
    """Whether a block always ends by leaving the function."""
    last = block[-1]
    if isinstance(last, Return) or type(last).__name__ == "Raise":
        return True
    inner = blocks(last)
    return isinstance(last, (If, Try)) and all(b and _returns(b) for b in inner)
