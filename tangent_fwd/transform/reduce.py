"""Reductions as loops: sum, mean, prod, max and min over any axes."""

from __future__ import annotations

from typing import Any

from tangent_fwd.analysis.alias import is_array
from tangent_fwd.analysis.shapes import ONE, Dims, Shapes, any_of
from tangent_fwd.ir.nodes import Block, Expr, If, Let, Lit, Op, Raise, Stmt, Store, Var
from tangent_fwd.source import Span
from tangent_fwd.transform.nests import Nests, at_least_zero


class Reduction:
    """One reduction `target = fn(array, axis, keepdims)` about to become loops.

    Axes at the end are folded into a scalar for each remaining element; otherwise the result
    array is filled with the start value and accumulated into, in the order of memory.
    """

    def __init__(self, nests: Nests, stmt: Let, op: Op, array: str, shapes: Shapes) -> None:
        self.owner, self.stmt, self.shapes, self.array = nests, stmt, shapes, array
        self.name = op.fn.removeprefix("numpy.")
        keywords = dict(op.keywords)
        self.dims = shapes.of(array)
        ndim = len(self.dims)
        axis = keywords.get("axis")
        chosen = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        self.axes = sorted({a % ndim for a in chosen})
        self.kept = [k for k in range(ndim) if k not in self.axes]
        self.keepdims = bool(keywords.get("keepdims"))
        self.kind = nests.types[stmt.target]
        self.dtype = self.kind.dtype if is_array(self.kind) else self.kind
        self.span: Span = stmt.span

    def expand(self) -> None:
        """Emit the loops and record the shape of the result."""
        self.guard_empty()
        if not is_array(self.kind):
            self.to_scalar()
        elif self.axes == list(range(len(self.kept), len(self.dims))):
            self.last_axes()
        else:
            self.any_axes()

    # --- pieces --------------------------------------------------------------------------------

    def size(self, axis: int) -> Expr:
        return self.shapes.text(self.dims[axis], [(self.array, axis)])

    def count(self, axis: int) -> Expr:
        """How often a loop over an axis runs."""
        return self.shapes.count(self.dims[axis], [(self.array, axis)])

    def literal(self, value: float) -> Lit:
        if not self.dtype.name.startswith("float"):
            return Lit(int(value))
        return Lit(float(value), "float32" if self.dtype.name == "float32" else None)

    def start(self) -> Expr:
        if self.name in ("sum", "mean"):
            return self.literal(0.0)
        if self.name == "prod":
            return self.literal(1.0)
        if self.dtype.name.startswith("float"):
            return self.literal(float("-inf") if self.name == "max" else float("inf"))
        if self.dtype.name == "bool":
            return Lit(self.name == "min")
        low, high = self.dtype.minval, self.dtype.maxval
        return Lit(low if self.name == "max" else high)

    def guard_empty(self) -> None:
        """NumPy refuses the extreme of nothing; so do we, before a loop would return infinity."""
        if self.name not in ("max", "min"):
            return
        full = {"max": "maximum", "min": "minimum"}[self.name]
        message = f"zero-size array to reduction operation {full} which has no identity"
        refuse = Raise("ValueError", message, self.span)
        open_ = [a for a in self.axes if not isinstance(self.dims[a], Lit)]
        if any(self.dims[a] == Lit(0) for a in self.axes):
            self.owner.emit(refuse)
        elif open_:
            test = any_of([Op("eq", (self.size(a), Lit(0))) for a in open_])
            self.owner.emit(If(test, (refuse,), (), self.span))

    def accumulate(self, target: Expr, item: Expr, write: Any) -> Block:
        """The statements that take one element in; `write` stores the new value."""
        if self.name in ("sum", "mean"):
            return (write(Op("add", (target, item)), True),)
        if self.name == "prod":
            return (write(Op("mul", (target, item)), False),)
        compare = "gt" if self.name == "max" else "lt"
        owner = self.owner
        element = owner.fresh(self.dtype)
        test: Expr = Op(compare, (Var(element), target))
        if self.dtype.name.startswith("float"):
            # A NaN wins over everything, as in NumPy.
            test = Op("or", (test, Op("numpy.isnan", (Var(element),))))
        return (
            Let(element, item, self.span),
            If(test, (write(Var(element), False),), (), self.span),
        )

    def finish(self, value: Expr) -> Expr:
        """The mean divides once, by the number of elements."""
        count: Expr | None = None
        for axis in self.axes:
            size = self.size(axis)
            count = size if count is None else Op("mul", (count, size))
        if count is None:
            return value  # the mean over no axes
        if self.dtype.name == "float32":
            count = (
                Lit(float(count.value), "float32")
                if isinstance(count, Lit)
                else Op("numpy.float32", (count,))
            )
        return Op("truediv", (value, count))

    # --- forms -----------------------------------------------------------------------------------

    def to_scalar(self) -> None:
        owner, target = self.owner, self.stmt.target
        owner.emit(Let(target, self.start(), self.span))
        item = owner.element(Var(self.array), self.dims, self.shapes)

        def write(value: Expr, any_order: bool) -> Stmt:
            return Let(target, value, self.span, any_order)

        sizes = tuple(self.count(k) for k in range(len(self.dims)))
        owner.emit(*owner.nest(sizes, self.accumulate(Var(target), item, write), self.span))
        if self.name == "mean":
            owner.emit(Let(target, self.finish(Var(target)), self.span))

    def last_axes(self) -> None:
        owner, target = self.owner, self.stmt.target
        scalar = f"{target}%s"
        owner.types[scalar] = self.dtype
        item = owner.element(Var(self.array), self.dims, self.shapes)

        def write(value: Expr, any_order: bool) -> Stmt:
            return Let(scalar, value, self.span, any_order)

        inner_sizes = tuple(self.count(k) for k in self.axes)
        inner = owner.nest(
            inner_sizes, self.accumulate(Var(scalar), item, write), self.span, len(self.kept)
        )
        result: list[Stmt] = [Let(scalar, self.start(), self.span), *inner]
        if self.name == "mean":
            result.append(Let(scalar, self.finish(Var(scalar)), self.span))
        index = self.result_index([Var(owner.letters[k]) for k in range(len(self.kept))])
        result.append(Store(target, index, Var(scalar), self.span))
        self.allocate()
        sizes = tuple(self.count(k) for k in self.kept)
        owner.emit(*owner.nest(sizes, tuple(result), self.span))

    def any_axes(self) -> None:
        owner, target = self.owner, self.stmt.target
        self.allocate()
        kept_sizes = tuple(self.count(k) for k in self.kept)
        outer = self.result_index([Var(owner.letters[k]) for k in range(len(self.kept))])
        start: Block = (Store(target, outer, self.start(), self.span),)
        owner.emit(*owner.nest(kept_sizes, start, self.span))
        index = self.result_index([Var(owner.letters[k]) for k in self.kept])
        item = owner.element(Var(self.array), self.dims, self.shapes)

        def write(value: Expr, any_order: bool) -> Stmt:
            return Store(target, index, value, self.span, any_order)

        place = Op("getitem", (Var(target), *index))
        sizes = tuple(self.count(k) for k in range(len(self.dims)))
        owner.emit(*owner.nest(sizes, self.accumulate(place, item, write), self.span))
        if self.name == "mean":
            place = Op("getitem", (Var(target), *outer))
            divide: Block = (Store(target, outer, self.finish(place), self.span),)
            owner.emit(*owner.nest(kept_sizes, divide, self.span))

    def result_index(self, kept: list[Expr]) -> tuple[Expr, ...]:
        if not self.keepdims:
            return tuple(kept)
        entries = iter(kept)
        return tuple(Lit(0) if k in self.axes else next(entries) for k in range(len(self.dims)))

    def allocate(self) -> None:
        owner = self.owner
        dims: Dims = tuple(
            ONE if k in self.axes else self.dims[k]
            for k in range(len(self.dims))
            if self.keepdims or k in self.kept
        )
        axes = [k for k in range(len(self.dims)) if self.keepdims or k in self.kept]
        sizes = tuple(ONE if k in self.axes else self.count(k) for k in axes)
        owner.allocate(self.stmt.target, self.kind, tuple(map(at_least_zero, sizes)), self.span)
        self.shapes.set(self.stmt.target, dims)
