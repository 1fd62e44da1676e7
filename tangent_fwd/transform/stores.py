"""Stores: writing into arrays, in place or through an index, as loops over elements."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tangent_fwd.analysis.alias import is_array, is_container
from tangent_fwd.analysis.numba_typing import spoken
from tangent_fwd.analysis.shapes import ONE, UNFIT, Dims, Shapes, any_of, shape_of, unlike
from tangent_fwd.errors import Diagnostic
from tangent_fwd.ir.nodes import FULL, Block, Expr, If, Let, Lit, Op, Raise, Store, Var
from tangent_fwd.ir.walk import statements
from tangent_fwd.source import Span
from tangent_fwd.transform.align import Waiting
from tangent_fwd.transform.nests import Nests, wide_layout


class Stores:
    """Writes to arrays at one point of a block."""

    def __init__(self, nests: Nests, waiting: Waiting, shapes: Shapes) -> None:
        self.nests, self.waiting, self.shapes = nests, waiting, shapes

    def inplace(self, position: int, stmt: Let, op: Op) -> None:
        """`a += e` on an array writes into it; the name stays bound to the same memory."""
        array = op.args[0]
        assert isinstance(array, Var)
        self.waiting.flush_all(but=position)
        self.waiting.flush(position, into=array.name)
        other = op.args[1]
        self.refuse_truncation(array.name, other, op, stmt.span)
        if self.nests.is_array(other) and isinstance(other, Var):
            dims = self.shapes.of(array.name)
            if self.nests.types[other.name].ndim > len(dims):
                message = "the result has more dimensions than the array it is to be kept in"
                where = op.span or stmt.span
                self.nests.diagnostics.append(Diagnostic("typing", message, where))
                return
            other = self.fitted(other.name, array.name, dims, stmt.span)
        plain = Op(op.fn, (array, other), (), op.span)
        value = self.nests.fresh(self.nests.types[stmt.target].copy(layout="C"))
        self.waiting.elementwise_now(Let(value, plain, stmt.span), plain)
        self.fill(array.name, Var(value), stmt.span)
        if stmt.target != array.name:
            if self.nests.times[stmt.target] == 1:
                self.nests.types[stmt.target] = self.nests.types[array.name]
            self.nests.emit(Let(stmt.target, array, stmt.span))
            self.shapes.set(stmt.target, self.shapes.of(array.name))

    def refuse_truncation(self, array: str, other: Expr, op: Op, span: Span) -> None:
        """NumPy does not add floats to an array of integers in place, and numba cannot."""
        from numba.core import types

        dtype = self.nests.types[array].dtype
        given: Any = self.nests.dtype(other)
        floating = isinstance(given, types.Float) or op.fn == "truediv"
        if isinstance(other, Lit) and isinstance(other.value, float):
            floating = True
        if floating and isinstance(dtype, types.Integer):
            message = f"an array of {dtype} cannot hold the result of this in place"
            self.nests.diagnostics.append(Diagnostic("typing", message, op.span or span))

    def store(self, position: int, stmt: Store) -> None:
        kind = self.nests.types[stmt.array]
        stmt = replace(stmt, index=self.nests.places(stmt.index, stmt.span))
        self.waiting.flush_all(but=position)
        if is_container(kind) and len(stmt.index) == 1 and not isinstance(stmt.index[0], Op):
            self.waiting.flush_all()
            self.nests.emit(stmt)
            return
        if not is_array(kind):
            where = stmt.span
            name = stmt.array.split("%")[0]
            what = f"`{name}`" if name else "this"
            message = f"{what} is no array but {spoken(str(kind))}: only arrays can be written to"
            self.nests.diagnostics.append(Diagnostic("typing", message, where))
            return
        if self.is_mask(stmt, kind):
            # What the mask leaves out is stored once more as it is.
            self.refuse_other_shape(stmt)
            chosen = Op("numpy.where", (stmt.index[0], stmt.value, Var(stmt.array)))
            found = self.nests.fresh(kind.copy(layout="C"))
            self.waiting.elementwise_now(Let(found, chosen, stmt.span), chosen)
            self.fill(stmt.array, Var(found), stmt.span)
            return
        if any(self.nests.is_array(e) for e in stmt.index):
            message = "writing through an index array is not supported"
            self.nests.diagnostics.append(Diagnostic("function", message, stmt.span))
            return
        # Beside a number for every axis `...` stands for none.
        numbers = tuple(e for e in stmt.index if e != Lit(...))
        if len(numbers) == kind.ndim and not any(
            isinstance(e, Op) or e == Lit(None) for e in numbers
        ):
            value = self.nests.typed_literal(stmt.value, kind.dtype)
            self.nests.emit(replace(stmt, index=numbers, value=value))
            return
        if isinstance(stmt.value, Var) and self.is_view(stmt.value.name, stmt):
            return  # `a[1:] += e` already wrote through the view
        whole = all(e in (Lit(...), FULL) for e in stmt.index)
        if whole:
            self.waiting.flush(position, into=stmt.array)
            self.fill(stmt.array, stmt.value, stmt.span)
            return
        index = tuple(e for e in stmt.index)
        ndim = kind.ndim - sum(
            1 for e in index if not isinstance(e, Op) and e not in (Lit(...), Lit(None))
        )
        layout = "A" if any(isinstance(e, Op) for e in index) else "C"
        view = self.view(stmt.array, index, kind.copy(ndim=ndim, layout=layout), stmt.span)
        self.waiting.flush(position, into=view)
        self.fill(view, stmt.value, stmt.span)

    def is_mask(self, stmt: Store, kind: Any) -> bool:
        """Whether a number is stored where a mask over the whole array says so."""
        mask = stmt.index[0]
        return (
            len(stmt.index) == 1
            and not self.nests.is_array(stmt.value)
            and self.nests.is_array(mask)
            and isinstance(mask, Var)
            and self.nests.types[mask.name].ndim == kind.ndim
            and str(self.nests.types[mask.name].dtype) == "bool"
        )

    def refuse_other_shape(self, stmt: Store) -> None:
        """A mask is not broadcast: it has the shape of the array, or the program raises."""
        mask = stmt.index[0]
        assert isinstance(mask, Var)
        both = mask.name, stmt.array
        mine, its = map(self.shapes.of, both)
        apart = [
            Op("ne", tuple(shape_of(name, axis, len(its)) for name in both))
            for axis in range(len(its)) if mine[axis] != its[axis]
        ]  # fmt: skip
        if apart:
            leave = Raise("IndexError", "boolean index did not match indexed array", stmt.span)
            self.nests.emit(If(any_of(apart), (leave,), (), stmt.span))

    def fill(self, array: str, value: Expr, span: Span) -> None:
        """`array[:] = value`, broadcasting the value."""
        dims = self.shapes.of(array)
        sizes = tuple(self.shapes.count(d, [(array, k)]) for k, d in enumerate(dims))
        if self.nests.is_array(value):
            assert isinstance(value, Var)
            if value.name != array and self.same_memory(value.name, array):
                # NumPy reads the whole right side before it writes.
                kind = self.nests.types[value.name]
                copy = self.nests.fresh(kind.copy(layout="C", readonly=False))
                self.nests.emit(Let(copy, Op("numpy.copy", (value,)), span))
                self.shapes.set(copy, self.shapes.of(value.name))
                value = Var(copy)
            value = self.fitted(self.lowered(value.name, len(dims), span), array, dims, span)
        else:
            value = self.nests.typed_literal(value, self.nests.types[array].dtype)
        index = tuple(Var(self.nests.letters[k]) for k in range(len(dims)))
        item = self.nests.element(value, dims, self.shapes)
        body: Block = (Store(*self.nests.through_views(array, index), item, span),)
        self.nests.emit(*self.nests.nest(sizes, body, span))

    def same_memory(self, a: str, b: str) -> bool:
        a, b = self.nests.view_of.get(a, a), self.nests.view_of.get(b, b)
        return self.nests.aliases.find(a) == self.nests.aliases.find(b)

    def lowered(self, value: str, ndim: int, span: Span) -> str:
        """The value without the axes that its target lacks: NumPy takes those of size 1."""
        kind, own = self.nests.types[value], self.shapes.of(value)
        extra = kind.ndim - ndim
        if extra <= 0:
            return value
        tests: list[Expr] = [
            Op("ne", (self.shapes.text(own[k], [(value, k)]), ONE))
            for k in range(extra)
            if own[k] != ONE
        ]
        if tests:
            message = "could not broadcast the array into one of fewer dimensions"
            fail = Raise("ValueError", message, span)
            self.nests.emit(If(any_of(tests), (fail,), (), span))
        return self.view(value, (Lit(0),) * extra, kind.copy(ndim=ndim), span)

    def fitted(self, value: str, array: str, dims: Dims, span: Span) -> Var:
        """The value, stretched where a check at run time finds another shape than the target's."""
        own = self.shapes.of(value)
        offset = len(dims) - len(own)
        doubtful = [k for k, d in enumerate(own) if d != ONE and d != dims[offset + k]]
        if not doubtful:
            return Var(value)
        pairs = [
            (self.shapes.text(own[k], [(value, k)]),
             self.shapes.text(dims[offset + k], [(array, offset + k)]))
            for k in doubtful
        ]  # fmt: skip
        kind = self.nests.types[value]
        wide = self.nests.fresh(kind.copy(layout=wide_layout(kind)), value)
        sizes = Op("tuple", tuple(
            self.shapes.text(dims[offset + k] if k in doubtful else d, [(array, offset + k)])
            if k in doubtful else self.shapes.text(d, [(value, k)])
            for k, d in enumerate(own)
        ))  # fmt: skip
        self.nests.emit(Let(wide, Var(value), span))
        stretch = Let(wide, Op("stretch", (Var(value), sizes)), span)
        check = self.nests.in_the_open(unlike([(*pair, False) for pair in pairs]), UNFIT, span)
        tests: list[Expr] = [Op("ne", pair) for pair in pairs]
        self.nests.emit(If(any_of(tests), (*check, stretch), (), span))
        fitting = tuple(dims[offset + k] if d != ONE else ONE for k, d in enumerate(own))
        self.shapes.set(wide, fitting)
        return Var(wide)

    def view(self, array: str, index: tuple[Expr, ...], kind: Any, span: Span) -> str:
        nests = self.nests
        name = nests.fresh(kind)
        nests.view_of[name] = array
        op = Op("getitem", (Var(array), *index), (), span)
        nests.emit(Let(name, op, span))
        dims = nests.view_dims(op, self.shapes.of(array))
        self.shapes.set(name, dims if dims is not None else self.shapes.root(name))
        nests.note_view(name, op)
        return name

    def is_view(self, name: str, stmt: Store) -> bool:
        """Whether `name` is what stands at the place stored to: `t = a[k]; t += e; a[k] = t`."""
        made: dict[str, Expr] = {
            s.target: s.value for s in statements(tuple(self.nests.out)) if isinstance(s, Let)
        }
        if not name.startswith("%"):
            return False  # the user's own name: what the index reads may have changed since
        value: Expr | None = Var(name)
        while isinstance(value, Var) and value.name in made:
            value = made.pop(value.name)  # once each: names that change places go in a circle
        return (
            isinstance(value, Op)
            and value.fn == "getitem"
            and value.args == (Var(stmt.array), *stmt.index)
        )
