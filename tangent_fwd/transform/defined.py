"""Defined: what for some types is no operation of the language becomes a call of the library.

What reads or writes through arrays of indices goes element by element, in NumPy's order; a
product of stacks of matrices is one of their matrices.

Before:

>>> from tangent_fwd.analysis.infer import infer
>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> import numba
>>> def f(x, places):
...     x[places] = 0.0
...     return x
>>> parsed = parse(f)
>>> kinds = (numba.float64[::1], numba.int64[::1])
>>> typed = infer(lower(parsed), kinds, parsed.source, None)

After:

>>> print(show(defined(typed, parsed.source)))
def f(x, places):
    store_at(x, places, 0.0)
    return x
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tangent_fwd.analysis.activity import is_complex
from tangent_fwd.analysis.alias import Aliases, is_array
from tangent_fwd.analysis.subscripts import read, tensordot
from tangent_fwd.errors import Diagnostic, raise_all
from tangent_fwd.ir.nodes import (
    FULL,
    Block,
    Do,
    Expr,
    Function,
    Let,
    Lit,
    Op,
    Ref,
    Stmt,
    Store,
    Var,
)
from tangent_fwd.ir.walk import blocks, with_blocks
from tangent_fwd.library import arrays, elementary, indexing, orders, products, rearranged
from tangent_fwd.library.draws import MOVED, ORDERED, REPEATED
from tangent_fwd.source import Source, Span
from tangent_fwd.transform.contractions import Contraction


def defined(function: Function, source: Source) -> Function:
    """The typed function with such operations as calls, whose own types are to be inferred anew;
    the function itself if it has none.
    """
    calls = _Calls(function)
    body = calls.block(function.body)
    raise_all(calls.diagnostics, source)
    return replace(function, body=body, types=None) if calls.changed else function


class _Calls:
    def __init__(self, function: Function) -> None:
        self.function = function
        self.aliases = Aliases(function)
        self.diagnostics: list[Diagnostic] = []
        self.out: list[Stmt] = []
        self.changed = False
        self.count = 0

    def block(self, block: Block) -> Block:
        outer, self.out = self.out, []
        for stmt in block:
            if isinstance(stmt, Store) and self.through_arrays(stmt):
                self.changed = True
                self.store(stmt)
            elif isinstance(stmt, Let) and isinstance(stmt.value, Op):
                value = self.value(stmt.value, stmt.span)
                self.changed = self.changed or value is not stmt.value
                self.out.append(replace(stmt, value=value))
            elif isinstance(stmt, Do) and isinstance(stmt.value, Op) and stmt.value.fn == "fits":
                self.changed = True  # it was said when types were inferred
            elif isinstance(stmt, Do) and isinstance(stmt.value, Op) and stmt.value.fn == "call":
                self.refuse_masks(stmt.value, stmt.span)
                self.out.append(stmt)
            else:
                self.out.append(with_blocks(stmt, tuple(map(self.block, blocks(stmt)))))
        result, self.out = tuple(self.out), outer
        return result

    # --- pieces --------------------------------------------------------------------------------

    def kind(self, expr: Expr) -> Any:
        return self.function.typeof(expr.name) if isinstance(expr, Var) else None

    def ndim(self, expr: Expr) -> int:
        kind = self.kind(expr)
        return int(kind.ndim) if is_array(kind) else 0

    def is_mask(self, expr: Expr) -> bool:
        kind = self.kind(expr)
        return is_array(kind) and str(kind.dtype) == "bool"

    def let(self, value: Op, span: Span) -> Var:
        self.count += 1
        name = f"%d{self.count}"
        self.out.append(Let(name, value, span))
        return Var(name)

    def refuse(self, message: str, span: Span, help: str = "") -> None:
        self.diagnostics.append(Diagnostic("function", message, span, help=help))

    def is_complex(self, expr: Expr) -> bool:
        return isinstance(expr, Var) and is_complex(self.function.typeof(expr.name))

    # --- reading -------------------------------------------------------------------------------

    def value(self, op: Op, span: Span) -> Expr:
        """The operation, or the call of what defines it for the types of its arguments."""
        if op.fn in ("numpy.einsum", "numpy.tensordot"):
            axes = [self.ndim(a) for a in op.args]
            given = op.keywords[0][1]
            word = given if op.fn == "numpy.einsum" else tensordot(given, *axes)
            contraction = Contraction(lambda made: self.let(replace(made, span=op.span), span))
            inputs, output = read(word, axes)
            return contraction.expand(list(op.args), inputs, output)
        if op.fn == "call":
            self.refuse_masks(op, span)
            return op
        if op.fn == "numpy.random.gamma" and len(op.args) == 1:
            op = replace(op, args=(*op.args, Lit(1.0)))
        if op.fn in REPEATED and any(map(self.moves, op.args)):
            if len(op.args) == len(inspect.signature(REPEATED[op.fn]).parameters):
                return _call(REPEATED[op.fn], op.args, op.span)
        if op.fn in MOVED and any(map(self.moves, op.args)):
            return self.draw(op, MOVED[op.fn])
        if op.fn in ORDERED and self.ndim(op.args[0]):
            return self.draw(op, ORDERED[op.fn])
        if op.fn == "numpy.arange" and len(op.args) in (2, 3):
            start, stop, *step = op.args
            if self.moves(start) or any(map(self.moves, step)):
                return _call(arrays.arange, (start, stop, *(step or [Lit(1)])), op.span)
        if op.fn == "numpy.lib.stride_tricks.as_strided":
            if self.kind(op.args[0]).layout != "C":
                message = "`as_strided` of an array whose elements may lie apart is not supported"
                self.refuse(message, op.span or span, "take a copy of the array first")
            return op
        if op.fn == "attr" and self.ndim(op.args[0]):
            if op.args[1] == Lit("mT"):
                return _call(rearranged.matrix_transpose, op.args[:1], op.span)
            if self.is_complex(op.args[0]):
                return op
            if op.args[1] == Lit("real"):
                return op.args[0]
            return Op("numpy.zeros_like", op.args[:1]) if op.args[1] == Lit("imag") else op
        if op.fn == "numpy.ascontiguousarray" and not self.ndim(op.args[0]):
            return Op("numpy.full", (Lit(1), *op.args), (), op.span)
        if op.fn == "numpy.argsort" and self.ndim(op.args[0]) > 1:
            return _call(orders.argsort_rows, op.args, op.span)
        if (
            op.fn in ("builtins.max", "builtins.min")
            and len(op.args) == 1
            and self.ndim(op.args[0]) == 1
        ):
            found = elementary.largest if op.fn == "builtins.max" else elementary.smallest
            return _call(found, op.args, op.span)
        if op.fn == "numpy.inner" and self.ndim(op.args[1]) > 1:
            if self.ndim(op.args[1]) > 2:
                self.refuse("`np.inner` with more than a matrix is not supported", op.span or span)
            turned = self.let(Op("numpy.transpose", op.args[1:]), span)
            fn = products.stacked if self.ndim(op.args[0]) > 2 else None
            args = (op.args[0], turned)
            return Op("matmul", args, (), op.span) if fn is None else _call(fn, args, op.span)
        if op.fn in ("matmul", "numpy.dot") and max(map(self.ndim, op.args)) > 2:
            if op.fn == "numpy.dot" and self.ndim(op.args[1]) > 2:
                self.refuse("`np.dot` with a stack of matrices on the right is not supported",
                            op.span or span, "write it as `@` or `np.tensordot`")  # fmt: skip
            return _call(products.stacked, op.args, op.span)
        places = [e for e in op.args[1:] if self.ndim(e)] if op.fn == "getitem" else []
        if len(op.args) == 2 and places and self.is_mask(places[0]) and self.ndim(places[0]) > 1:
            if self.ndim(places[0]) > 2:
                self.refuse("a mask of more than two axes is not supported", op.span or span)
            return _call(indexing.masked, op.args, op.span)
        return op

    def refuse_masks(self, op: Op, span: Span) -> None:
        """What goes through indices one by one takes a mask for indices 0 and 1."""
        original = getattr(op.args[0].value, "original", None) if isinstance(op.args[0], Ref) else 0
        ours = isinstance(original, tuple) and original[0] in (indexing.at, indexing.at_two)
        if ours and any(map(self.is_mask, op.args[2:4])):
            self.refuse(
                "`.at` with a mask is not supported", op.span or span, "np.flatnonzero(mask)"
            )

    def moves(self, expr: Expr) -> bool:
        """Whether an argument is a number that may be active."""
        from numba.core import types

        kind = self.kind(expr)
        return isinstance(kind.dtype if is_array(kind) else kind, types.Float)

    def draw(self, op: Op, function: Callable[..., Any]) -> Op:
        """Random numbers as moved ones; what is not said has its default."""
        rest = [*inspect.signature(function).parameters.values()][len(op.args) :]
        return _call(function, (*op.args, *(Lit(p.default) for p in rest)), op.span)

    # --- writing -------------------------------------------------------------------------------

    def through_arrays(self, stmt: Store) -> bool:
        """Whether a store goes through arrays of indices, or a mask that is not just a choice."""
        if not any(self.ndim(e) for e in stmt.index):
            return False
        mask = stmt.index[0]
        whole = len(stmt.index) == 1 and self.is_mask(mask)
        same = self.ndim(mask) == self.ndim(Var(stmt.array))
        return not (whole and same and not self.ndim(stmt.value))

    def store(self, stmt: Store) -> None:
        """The array without what is no array in the index, whose axes then lead; and the value
        with as many axes as it is to fill.
        """
        span = stmt.span
        index = self.spread(stmt.index, self.ndim(Var(stmt.array)))
        fixed = [isinstance(e, Op) for e in index]
        chosen = [k for k, slice in enumerate(fixed) if not slice]
        kept = [e for e in index if isinstance(e, Op) or self.ndim(e)]
        among = [e for e in kept if not isinstance(e, Op)]
        first = kept.index(among[0])
        masks = any(self.axes(e) > 1 for e in among) and (len(among) > 1 or first > 0)
        apart = any(fixed[chosen[0] : chosen[-1]])
        if Lit(None) in index or apart or len(among) + first * (len(among) - 1) > 2 or masks:
            self.refuse("writing through this index is not supported", span, "write it as a loop")
            return
        basic = [b for e in index for b in ((FULL,) * self.axes(e) if self.ndim(e) else (e,))]
        view: Expr = Var(stmt.array)
        if any(e != FULL for e in basic):
            view = self.let(Op("getitem", (view, *basic)), span)
        rest = sum(isinstance(e, Op) for e in kept)
        wide = 1 if self.is_mask(among[0]) else max(map(self.ndim, among))
        value = self.filled(stmt, rest + wide, span)
        if len(among) == 1 and self.axes(among[0]) == 2:
            self.let(Op("call", (_ref(indexing.check_mask), among[0], view)), span)
            pair = self.let(Op("numpy.nonzero", (among[0],)), span)
            arrays: list[Expr] = [self.let(Op("getitem", (pair, Lit(k))), span) for k in range(2)]
        else:
            arrays = [self.integers(e, view, first + k, span) for k, e in enumerate(among)]
            arrays = [self.lengthened(a, wide - self.ndim(e), span) for a, e in zip(arrays, among)]
        for k in range(first):  # what stands before comes behind
            view = self.let(Op("numpy.swapaxes", (view, Lit(first - k - 1), Lit(first - k))), span)
        if self.ndim(stmt.value) and first:
            for axis in range(wide):
                for k in range(first):
                    at = first + axis - k
                    value = self.let(Op("numpy.swapaxes", (value, Lit(at - 1), Lit(at))), span)
        into = indexing.store_at if len(arrays) == 1 else indexing.store_at_two
        self.out.append(Do(_call(into, (view, *arrays, value), span), span))

    def axes(self, entry: Expr) -> int:
        """How many axes an entry of an index takes."""
        return self.ndim(entry) if self.is_mask(entry) else 1

    def spread(self, index: tuple[Expr, ...], ndim: int) -> tuple[Expr, ...]:
        """The index with a slice for each axis that `...` stands for."""
        taken = sum(self.axes(e) for e in index if e not in (Lit(...), Lit(None)))
        if Lit(...) not in index:
            return (*index, *(FULL,) * (ndim - taken))
        at = index.index(Lit(...))
        return (*index[:at], *(FULL,) * (ndim - taken), *index[at + 1 :])

    def integers(self, entry: Expr, view: Expr, axis: int, span: Span) -> Expr:
        """An array of indices: for a mask, where it holds."""
        if not self.is_mask(entry):
            return entry
        shape = self.let(Op("attr", (view, Lit("shape"))), span)
        size = self.let(Op("getitem", (shape, Lit(axis))), span)
        return self.let(Op("call", (_ref(indexing.indices_of), entry, size)), span)

    def lengthened(self, array: Expr, by: int, span: Span) -> Expr:
        """An array with further axes of size 1 in front."""
        if by <= 0:
            return array
        return self.let(Op("getitem", (array, *(Lit(None),) * by, Lit(...))), span)

    def filled(self, stmt: Store, ndim: int, span: Span) -> Expr:
        """The value: a number, or an array of so many axes in memory of its own."""
        value = stmt.value
        if not self.ndim(value):
            return value
        if self.ndim(value) > ndim:
            self.refuse("the value has more dimensions than what it is stored into", span)
            return value
        assert isinstance(value, Var)
        if self.aliases.find(value.name) == self.aliases.find(stmt.array):
            value = self.let(Op("numpy.copy", (value,)), span)  # NumPy reads before it writes
        return self.lengthened(value, ndim - self.ndim(stmt.value), span)


def _ref(function: Callable[..., Any]) -> Ref:
    return Ref(function.__qualname__, function)


def _call(function: Callable[..., Any], args: tuple[Expr, ...], span: Span | None) -> Op:
    return Op("call", (_ref(function), *args), (), span)
