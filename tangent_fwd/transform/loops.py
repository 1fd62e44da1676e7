"""Loops: array expressions become loop nests over scalars.

After this pass an elementwise operation is a scalar one inside a nest, a reduction is an
accumulation, and the only whole-array operations left are views, allocations and products.
So the tangent pass needs scalar rules only.

Before:

>>> from tangent_fwd.analysis.infer import infer
>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> import numba, numpy as np
>>> def f(x):
...     return np.sum(x * x)
>>> parsed = parse(f)
>>> typed = infer(lower(parsed), (numba.float64[::1],), parsed.source, None)

After, one nest an operation; the `fuse` pass joins them:

>>> print(show(loops(typed, parsed.source)))
def f(x):
    %1 = empty((x.size,), 'float64', owned=True)  # array(float64, 1d, C)
    nest i in range(x.size):
        %1%s = x[i] * x[i]  # float64
        %1[i] = %1%s
    %2 = 0.0  # float64
    nest i in range(x.size):
        %2 = %2 + %1[i]  # float64
    return %2
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tangent_fwd.analysis.activity import is_complex
from tangent_fwd.analysis.alias import is_array
from tangent_fwd.analysis.effects import Memory, is_used_up
from tangent_fwd.analysis.records import field_shape
from tangent_fwd.analysis.shapes import ONE, UNEQUAL, Dims, Shapes
from tangent_fwd.errors import Diagnostic, raise_all
from tangent_fwd.ir.nodes import (
    Block,
    Break,
    Continue,
    Expr,
    For,
    Function,
    If,
    Let,
    Lit,
    Op,
    Raise,
    Stmt,
    Store,
    Try,
    Var,
    While,
)
from tangent_fwd.ir.walk import assigned, statements
from tangent_fwd.source import Source, Span
from tangent_fwd.transform.align import Waiting
from tangent_fwd.transform.nests import Nests, is_elementwise
from tangent_fwd.transform.reduce import Reduction
from tangent_fwd.transform.stores import Stores

REDUCTIONS = frozenset(f"numpy.{n}" for n in ("sum", "mean", "prod", "max", "min"))
_CREATE = frozenset(f"numpy.{n}" for n in ("zeros", "ones", "empty", "full"))
_CREATE_LIKE = frozenset(f"numpy.{n}_like" for n in ("zeros", "ones", "empty", "full"))
_COPY_FIRST = "copy it first, `.copy()`"
_VIEW_OR_COPY = frozenset(f"numpy.{n}" for n in ("reshape", "ravel", "ascontiguousarray"))
# numba's own words, which a program that was compiled by numba alone raises.
_SAME_SHAPE = frozenset(("numpy.copy", "numpy.ascontiguousarray", "tangent_fwd.stop_gradient"))


def loops(function: Function, source: Source) -> Function:
    """Expand array operations into nests; TypingFailure for shapes that cannot agree."""
    expand = _Expand(function)
    body = expand.block(function.body, Shapes(expand.types))
    raise_all(expand.diagnostics, source)
    return replace(function, body=body, types=expand.types)


class _Expand(Nests):
    def __init__(self, function: Function) -> None:
        super().__init__(function)
        self.memory = Memory(function)
        self.following: list[Block] = []

    # --- blocks and control flow ---------------------------------------------------------------

    def block(self, block: Block, shapes: Shapes) -> Block:
        outer, self.out = self.out, []
        outer_waiting, views = getattr(self, "waiting", None), dict(self.seen_through)
        self.waiting = Waiting(self, block, shapes)
        for position, stmt in enumerate(block):
            self.following.append(block[position + 1 :])
            self.statement(position, stmt, shapes)
            self.following.pop()
        result, self.out = tuple(self.out), outer
        self.seen_through = views  # outside, the name may belong to an earlier round of a loop
        if outer_waiting is not None:
            self.waiting = outer_waiting
        return result

    def statement(self, position: int, stmt: Stmt, shapes: Shapes) -> None:
        if isinstance(stmt, Let):
            self.let(position, stmt, shapes)
        elif isinstance(stmt, Store):
            Stores(self, self.waiting, shapes).store(position, stmt)
        elif isinstance(stmt, (If, For, While, Try)):
            self.control(stmt, shapes)
        else:
            self.emit(stmt)

    def control(self, stmt: If | For | While | Try, shapes: Shapes) -> None:
        inner = shapes.fork()
        changed = assigned((stmt,))
        kept: dict[str, Dims] = {}
        if isinstance(stmt, If):
            body = self.block(stmt.body, inner)
            orelse = self.block(stmt.orelse, shapes.fork())
            self.emit(replace(stmt, body=body, orelse=orelse))
        elif isinstance(stmt, Try):
            self.following.append(stmt.handler)
            body = self.block(stmt.body, inner)
            self.following.pop()
            for name in sorted(changed):
                self.unsettle(name, shapes)
            self.emit(replace(stmt, body=body, handler=self.block(stmt.handler, shapes.fork())))
        else:
            kept = self.loop(stmt, inner, changed)
        for name in sorted(changed):
            self.unsettle(name, shapes)
            if name in kept:
                shapes.set(name, kept[name])

    def loop(self, stmt: For | While, shapes: Shapes, changed: set[str]) -> dict[str, Dims]:
        """Write a loop; returns the sizes of arrays that are bound anew in it and yet as large
        after each round as before the first: buffers that change places, states of an integrator.
        """
        before = {n: shapes.of(n) for n in changed if n in shapes.dims}
        jumps = {type(s) for s in statements(stmt.body)}
        if before and Continue not in jumps:
            hoped, state = shapes.fork(), self.state()
            made = self.rounds(stmt, hoped, changed, before)
            if all(hoped.of(n) == tuple(map(hoped.find, dims)) for n, dims in before.items()):
                self.emit(made)
                return {} if Break in jumps else before
            self.go_back(state)
        self.emit(self.rounds(stmt, shapes, changed, {}))
        return {}

    def rounds(
        self, stmt: For | While, shapes: Shapes, changed: set[str], known: dict[str, Dims]
    ) -> Stmt:
        for name in sorted(changed):
            self.unsettle(name, shapes)
            if name in known:
                shapes.set(name, known[name])
        self.following.append((stmt,))
        if isinstance(stmt, For):
            outside, self.in_threads = self.in_threads, self.in_threads or stmt.parallel
            made: Stmt = replace(stmt, body=self.block(stmt.body, shapes))
            self.in_threads = outside
        else:
            test = self.block(stmt.test, shapes)
            made = replace(stmt, test=test, body=self.block(stmt.body, shapes))
        self.following.pop()
        return made

    def unsettle(self, name: str, shapes: Shapes) -> None:
        self.rebound(name)
        if is_array(self.types.get(name)):
            shapes.root(name)
        else:
            shapes.forget(name)

    # --- one binding ---------------------------------------------------------------------------

    def let(self, position: int, stmt: Let, shapes: Shapes) -> None:
        value, target = stmt.value, stmt.target
        kind = self.types.get(target)
        self.rebound(target)
        if not isinstance(value, Op):
            if self.is_array(value):
                assert isinstance(value, Var)
                shapes.set(target, shapes.of(value.name))
            else:
                shapes.forget(target)
                shapes.learn_scalar(target, value, target in self.fixed)
            self.emit(stmt)
            return
        value = self.normal(self.spread(value, stmt.span))
        stmt = replace(stmt, value=value)
        if isinstance(value, Var) or not isinstance(value, Op):
            self.let(position, stmt, shapes)
        elif target not in self.fixed and self.takes_steps(value, kind):
            # The old value of the name may be read until the new one is complete.
            made = self.fresh(kind, target.split("%")[0])
            self.fixed.add(made)
            self.times[made] = 1
            self.let(position, replace(stmt, target=made), shapes)
            self.waiting.flush_all()
            self.let(position, replace(stmt, value=Var(made)), shapes)
        elif value.fn in REDUCTIONS and self.is_array(value.args[0]):
            self.reduce(stmt, value, shapes)
        elif self.is_inner_product(value):
            self.inner_product(stmt, value, shapes)
        elif dict(value.keywords).get("inplace") and self.is_array(value.args[0]):
            Stores(self, self.waiting, shapes).inplace(position, stmt, value)
        elif is_array(kind) and (is_elementwise(value) or value.fn == "numpy.outer"):
            if value.fn == "numpy.outer":
                value = self.vectors(value, stmt.span, shapes)
            self.waiting.elementwise(position, stmt, value)
        elif value.fn == "array":
            self.array_literal(stmt, value, shapes)
        else:
            self.whole(stmt, value, shapes)

    def takes_steps(self, op: Op, kind: Any) -> bool:
        """Whether an operation becomes several statements."""
        if dict(op.keywords).get("inplace") and self.is_array(op.args[0]):
            return False
        reduction = op.fn in REDUCTIONS and self.is_array(op.args[0])
        elementwise = is_array(kind) and (is_elementwise(op) or op.fn == "numpy.outer")
        return reduction or elementwise or op.fn == "array" or self.is_inner_product(op)

    def vectors(self, op: Op, span: Span, shapes: Shapes) -> Op:
        """The factors of an outer product as vectors: matrices in one row, scalars alone."""
        from numba.core import types

        args: list[Expr] = []
        for arg in op.args:
            kind = self.types[arg.name] if isinstance(arg, Var) and self.is_array(arg) else None
            if kind is not None and kind.ndim == 1:
                args.append(arg)
                continue
            if kind is not None:
                flat = self.fresh(kind.copy(ndim=1, layout="C"))
                self.let(0, Let(flat, Op("numpy.ravel", (arg,)), span), shapes)
            else:
                other = op.args[1] if arg is op.args[0] else op.args[0]
                flat = self.fresh(types.Array(self.dtype(arg) or self.dtype(other), 1, "C"))
                self.allocate(flat, self.types[flat], (ONE,), span)
                self.emit(Store(flat, (Lit(0),), arg, span))
                shapes.set(flat, (ONE,))
            args.append(Var(flat))
        return replace(op, args=tuple(args))

    # --- whole-array operations that stay ------------------------------------------------------

    def whole(self, stmt: Let, op: Op, shapes: Shapes) -> None:
        target, kind = stmt.target, self.types.get(stmt.target)
        op = self.cast_args(op, kind)
        self.waiting.flush_readers_of(op)
        if not is_array(kind):
            given = (self.element(a, (), shapes) if is_elementwise(op) else a for a in op.args)
            self.emit(replace(stmt, value=replace(op, args=tuple(given))))
            shapes.forget(target)
            if op.fn == "attr" and op.args[1] == Lit("shape") and isinstance(op.args[0], Var):
                shapes.scalars[target] = Op("tuple", shapes.of(op.args[0].name))
            else:
                shapes.learn_scalar(target, op, target in self.fixed)
            return
        if op.fn == "getitem" and any(self.is_array(a) for a in op.args[1:]):
            op = replace(op, fn="gather")
        op = self.copied(stmt, op, kind)
        if op.fn == "matmul":
            op = self.contiguous(op, stmt.span)
            self.emit(*self.unequal(op, stmt.span, shapes))
        self.emit(replace(stmt, value=op))
        self.note_view(target, op)
        dims = self.whole_dims(op, kind, shapes)
        if dims is None:
            shapes.root(target)
        else:
            shapes.set(target, dims)

    def copied(self, stmt: Let, op: Op, kind: Any) -> Op:
        """What views or copies, as the layout of its argument has it, made to copy where that is
        not contiguous. Where NumPy may give a view all the same, nobody may write to it later.
        """
        if op.fn not in _VIEW_OR_COPY:
            return op
        source = op.args[0]
        assert isinstance(source, Var)
        given = self.types[source.name]
        if given.layout == "C":
            return op
        if op.fn == "numpy.ascontiguousarray":
            return replace(op, fn="numpy.copy")
        if op.fn == "numpy.ravel":
            return replace(op, fn="numpy.flatten")
        view = given.layout != "F" or kind.ndim > 1
        if (
            view
            and self.is_written_later(source.name)
            and not is_used_up(self.function, stmt.target)
        ):
            message = "NumPy may copy here or give a view, and it is written to later"
            self.diagnostics.append(
                Diagnostic(
                    "function", message, op.span or stmt.span, help="copy it first, `.copy()`"
                )
            )
        flat = self.fresh(given.copy(ndim=1, layout="C"))
        self.emit(Let(flat, Op("numpy.flatten", (source,)), stmt.span))
        return replace(op, args=(Var(flat), *op.args[1:]))

    def is_written_later(self, name: str) -> bool:
        root = self.memory.root(name)
        return any(root in self.memory.stores(block) for block in self.following)

    def contiguous(self, op: Op, span: Span) -> Op:
        """BLAS wants rows or columns in one piece; other operands are copied, as NumPy does."""
        args: list[Expr] = []
        for arg in op.args:
            if self.is_array(arg) and isinstance(arg, Var):
                kind = self.types[arg.name]
                if kind.layout == "A":
                    copy = self.fresh(kind.copy(layout="C"))
                    self.emit(Let(copy, Op("numpy.ascontiguousarray", (arg,)), span))
                    self.waiting.shapes.set(copy, self.waiting.shapes.of(arg.name))
                    arg = Var(copy)
            args.append(arg)
        return replace(op, args=tuple(args))

    def whole_dims(self, op: Op, kind: Any, shapes: Shapes) -> Dims | None:
        first = op.args[0] if op.args else None
        source = shapes.of(first.name) if isinstance(first, Var) and self.is_array(first) else None
        if op.fn == "getitem" and source is not None:
            return self.view_dims(op, source)
        if op.fn == "field" and source is not None and isinstance(first, Var):
            return (*source, *map(Lit, field_shape(self.types[first.name], op.args[1])))
        if op.fn in _SAME_SHAPE or (op.fn in _CREATE_LIKE and source is not None):
            return source
        if op.fn in _CREATE and first is not None:
            if isinstance(first, Op) and first.fn == "tuple":
                known = all(self.settled(e) for e in first.args)
                return tuple(shapes.scalar(e) for e in first.args) if known else None
            if isinstance(first, Var) and kind.ndim > 0:
                entry = shapes.scalars.get(first.name)
                if isinstance(entry, Op) and entry.fn == "tuple":
                    return entry.args
            if kind.ndim == 1 and not isinstance(first, Op):
                return (shapes.scalar(first),) if self.settled(first) else None
            if isinstance(first, Op) and first.fn == "attr" and isinstance(first.args[0], Var):
                return shapes.of(first.args[0].name)
            return None
        if op.fn == "numpy.arange" and len(op.args) == 1 and self.settled(op.args[0]):
            return (shapes.scalar(op.args[0]),)
        if op.fn == "numpy.transpose" and source is not None and len(op.args) == 1:
            return source[::-1]
        if op.fn == "matmul" and source is not None and isinstance(op.args[1], Var):
            other = shapes.of(op.args[1].name)
            shapes.join(source[-1], other[0])
            return source[:-1] + other[1:]
        return None

    # --- reductions ----------------------------------------------------------------------------

    def is_inner_product(self, op: Op) -> bool:
        kinds = [self.types.get(a.name) for a in op.args if isinstance(a, Var)]
        conjugated = op.fn == "numpy.vdot" and any(map(is_complex, kinds))
        vectors = [getattr(kind, "ndim", 0) == 1 for kind in kinds]
        return op.fn in ("matmul", "numpy.vdot") and vectors == [True, True] and not conjugated

    def inner_product(self, stmt: Let, op: Op, shapes: Shapes) -> None:
        """A product of two vectors is a sum like any other."""
        a, b = op.args
        assert isinstance(a, Var) and isinstance(b, Var)
        self.waiting.flush_all()
        (m,), (n,) = shapes.of(a.name), shapes.of(b.name)
        if m != n:
            test = Op("ne", (shapes.text(m, [(a.name, 0)]), shapes.text(n, [(b.name, 0)])))
            fail = Raise("ValueError", UNEQUAL.format("vector * vector"), stmt.span)
            self.emit(If(test, (fail,), (), stmt.span))
            shapes.join(m, n)
        product = self.fresh(self.types[a.name].copy(dtype=self.types[stmt.target], layout="C"))
        mul = Op("mul", (a, b), (), op.span)
        self.waiting.elementwise_now(Let(product, mul, stmt.span), mul)
        self.reduce(stmt, Op("numpy.sum", (Var(product),), (), op.span), shapes)

    def unequal(self, op: Op, span: Span, shapes: Shapes) -> Block:
        """The check that a product of a matrix makes itself where no threads run."""
        a, b = (arg.name for arg in op.args if isinstance(arg, Var))
        m, n = shapes.of(a), shapes.of(b)
        sizes = shapes.text(m[-1], [(a, len(m) - 1)]), shapes.text(n[-2:][0], [(b, 0)])
        words = " * ".join("vector" if len(own) == 1 else "matrix" for own in (m, n))
        tests: list[Expr] = [Op("ne", sizes)] if m[-1] != n[-2:][0] else []
        return self.in_the_open(tests, UNEQUAL.format(words), span)

    def reduce(self, stmt: Let, op: Op, shapes: Shapes) -> None:
        array = op.args[0]
        assert isinstance(array, Var)
        self.waiting.flush_readers_of(op)
        Reduction(self, stmt, op, array.name, shapes).expand()
