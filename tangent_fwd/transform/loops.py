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

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from tangent_fwd.analysis.alias import Aliases, is_array
from tangent_fwd.analysis.shapes import ONE, Dims, Shapes, sliced
from tangent_fwd.errors import Diagnostic, raise_all
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
    Raise,
    Return,
    Stmt,
    Store,
    Var,
    While,
)
from tangent_fwd.ir.walk import (
    assigned,
    defined,
    map_block,
    own_exprs,
    statements,
    substitute,
    variables,
)
from tangent_fwd.rules import rule
from tangent_fwd.source import Source, Span

REDUCTIONS = frozenset(f"numpy.{n}" for n in ("sum", "mean", "prod", "max", "min"))
_CREATE = frozenset(f"numpy.{n}" for n in ("zeros", "ones", "empty", "full"))
_CREATE_LIKE = frozenset(f"numpy.{n}_like" for n in ("zeros", "ones", "empty", "full"))
_SAME_SHAPE = frozenset(("numpy.copy", "numpy.ascontiguousarray", "tangent_fwd.stop_gradient"))
# NumPy functions of arrays whose scalar counterpart has another name here.
_SCALAR_NAME = {"numpy.where": "ifelse", "numpy.astype": "cast"}


def is_elementwise(op: Op) -> bool:
    """Whether an operation acts on each element by itself."""
    if op.fn in _SCALAR_NAME or op.fn in ("bitand", "bitor", "bitxor", "invert"):
        return True
    if op.fn in ("numpy.float64", "numpy.float32", "numpy.int64", "numpy.int32"):
        return True
    row = rule("pow" if op.fn == "pow" else op.fn)
    if row is None:
        return False
    return row.kind == "elementwise" or (row.kind == "constant" and _each(op.fn))


# Locally constant functions that are no ufuncs, and yet take each element by itself.
_EACH = frozenset(
    "numpy.around numpy.round numpy.imag numpy.angle numpy.isclose numpy.isreal numpy.iscomplex "
    "numpy.isposinf numpy.isneginf".split()
)


def _each(fn: str) -> bool:
    """Whether a locally constant function is elementwise; `argsort` and `flatnonzero` are not."""
    module, _, name = fn.rpartition(".")
    if not module:
        return fn != "attr"  # an operator
    known = getattr(np, name, None) if module == "numpy" else None
    scalar = isinstance(known, type) and issubclass(known, np.generic)
    return fn in _EACH or isinstance(known, np.ufunc) or scalar


def loops(function: Function, source: Source) -> Function:
    """Expand array operations into nests; TypingFailure for shapes that cannot agree."""
    expand = _Expand(function)
    body = expand.block(function.body, Shapes(expand.types))
    raise_all(expand.diagnostics, source)
    return replace(function, body=body, types=expand.types)


class _Expand:
    def __init__(self, function: Function) -> None:
        self.function = function
        self.types: dict[str, Any] = dict(function.types)
        self.diagnostics: list[Diagnostic] = []
        self.out: list[Stmt] = []
        self.count = 0
        bound = [*function.params]
        for stmt in statements(function.body):
            name = defined(stmt)
            if name is not None:
                bound.append(name)
        self.times = Counter(bound)
        self.fixed = {name for name, times in self.times.items() if times == 1}
        used = {n.split("%")[0] for n in (*self.types, *function.params)}
        self.seen_through: dict[str, tuple[str, tuple[int, ...]]] = {}
        self.aliases = Aliases(function)
        self.view_of: dict[str, str] = {}
        self.letters = [c for c in "ijklmnpqrs" if c not in used] + [f"axis{k}" for k in range(8)]

    # --- small tools -------------------------------------------------------------------------

    def fresh(self, kind: Any, hint: str = "") -> str:
        self.count += 1
        name = f"{hint}%x{self.count}"
        self.types[name] = kind
        return name

    def is_array(self, expr: Expr) -> bool:
        return isinstance(expr, Var) and is_array(self.types.get(expr.name))

    def dtype(self, expr: Expr) -> Any:
        """The scalar numba type of an atom; None for a literal without one."""
        if isinstance(expr, Var):
            kind: Any = self.types.get(expr.name)
            return kind.dtype if is_array(kind) else kind
        return None

    def emit(self, *stmts: Stmt) -> None:
        self.out.extend(stmts)

    # --- blocks and control flow ---------------------------------------------------------------

    def block(self, block: Block, shapes: Shapes) -> Block:
        outer, self.out = self.out, []
        outer_state = getattr(self, "state", None)
        self.state = _BlockState(self, block, shapes)
        for position, stmt in enumerate(block):
            self.statement(position, stmt, shapes)
        result, self.out = tuple(self.out), outer
        if outer_state is not None:
            self.state = outer_state
        return result

    def statement(self, position: int, stmt: Stmt, shapes: Shapes) -> None:
        if isinstance(stmt, Let):
            self.let(position, stmt, shapes)
        elif isinstance(stmt, Store):
            self.store(position, stmt, shapes)
        elif isinstance(stmt, (If, For, While)):
            self.control(stmt, shapes)
        elif isinstance(stmt, Return):
            self.emit(stmt)
        else:
            self.emit(stmt)

    def control(self, stmt: If | For | While, shapes: Shapes) -> None:
        inner = shapes.fork()
        changed = assigned((stmt,))
        if isinstance(stmt, If):
            body = self.block(stmt.body, inner)
            orelse = self.block(stmt.orelse, shapes.fork())
            self.emit(replace(stmt, body=body, orelse=orelse))
        else:
            for name in sorted(changed):
                self.unsettle(name, inner)
            if isinstance(stmt, For):
                self.emit(replace(stmt, body=self.block(stmt.body, inner)))
            else:
                test = self.block(stmt.test, inner)
                self.emit(replace(stmt, test=test, body=self.block(stmt.body, inner)))
        for name in sorted(changed):
            self.unsettle(name, shapes)

    def unsettle(self, name: str, shapes: Shapes) -> None:
        if is_array(self.types.get(name)):
            shapes.root(name)
        else:
            shapes.forget(name)

    # --- one binding ---------------------------------------------------------------------------

    def let(self, position: int, stmt: Let, shapes: Shapes) -> None:
        value, target = stmt.value, stmt.target
        kind = self.types.get(target)
        if not isinstance(value, Op):
            if self.is_array(value):
                assert isinstance(value, Var)
                shapes.set(target, shapes.of(value.name))
            else:
                shapes.forget(target)
                shapes.learn_scalar(target, value, target in self.fixed)
            self.emit(stmt)
            return
        value = self.normal(value)
        stmt = replace(stmt, value=value)
        if isinstance(value, Var) or not isinstance(value, Op):
            self.let(position, stmt, shapes)
        elif target not in self.fixed and self.takes_steps(value, kind):
            # The old value of the name may be read until the new one is complete.
            made = self.fresh(kind, target.split("%")[0])
            self.fixed.add(made)
            self.times[made] = 1
            self.let(position, replace(stmt, target=made), shapes)
            self.state.flush_all()
            self.let(position, replace(stmt, value=Var(made)), shapes)
        elif value.fn in REDUCTIONS and self.is_array(value.args[0]):
            self.reduce(stmt, value, shapes)
        elif self.is_inner_product(value):
            self.inner_product(stmt, value, shapes)
        elif dict(value.keywords).get("inplace") and self.is_array(value.args[0]):
            self.inplace(position, stmt, value, shapes)
        elif is_array(kind) and (is_elementwise(value) or value.fn == "numpy.outer"):
            self.state.elementwise(position, stmt, value)
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

    def normal(self, op: Op) -> Expr:
        """Spellings that depend on types: attributes of arrays, scalar `where`, matrix `.dot`."""
        fn, args = op.fn, op.args
        keywords = tuple(k for k in op.keywords if k[0] != "inplace" or self.is_array(args[0]))
        if fn == "attr" and self.is_array(args[0]):
            name = args[1]
            assert isinstance(name, Lit)
            if name.value == "T":
                return Op("numpy.transpose", args[:1], (), op.span)
            if name.value == "ndim" and isinstance(args[0], Var):
                return Lit(self.types[args[0].name].ndim)
        if fn == "numpy.dot" and not all(self.is_array(a) for a in args):
            fn = "mul"
        if fn == "numpy.dot":
            fn = "matmul"
        if fn in ("numpy.where", "numpy.astype") and not any(self.is_array(a) for a in args):
            fn = _SCALAR_NAME[fn]
        return Op(fn, args, keywords, op.span)

    def typed_literal(self, value: Expr, kind: Any) -> Expr:
        """An integer stored into a float array is a float."""
        from numba.core import types

        if (
            isinstance(value, Lit)
            and isinstance(value.value, int)
            and isinstance(kind, types.Float)
        ):
            if not isinstance(value.value, bool):
                return Lit(float(value.value), "float32" if kind == types.float32 else None)
        return value

    def cast_args(self, op: Op, kind: Any) -> Op:
        """Operands that would widen a float32 result in scalar arithmetic are cast."""
        from numba.core import types

        dtype = kind.dtype if is_array(kind) else kind
        if dtype != types.float32 or op.fn == "call" or not is_elementwise(op):
            return op
        args: list[Expr] = []
        for position, arg in enumerate(op.args):
            power = op.fn in ("pow", "numpy.power") and position == 1
            first = op.fn == "ifelse" and position == 0
            if first or op.fn == "cast" or op.fn.startswith("numpy.float"):
                args.append(arg)
            elif isinstance(arg, Lit) and isinstance(arg.value, (int, float)):
                keep = (power and isinstance(arg.value, int)) or arg.dtype is not None
                args.append(arg if keep else Lit(float(arg.value), "float32"))
            elif isinstance(self.dtype(arg), types.Integer) and not power:
                args.append(Op("numpy.float32", (arg,)))
            else:
                args.append(arg)
        return replace(op, args=tuple(args))

    # --- whole-array operations that stay ------------------------------------------------------

    def whole(self, stmt: Let, op: Op, shapes: Shapes) -> None:
        target = stmt.target
        kind = self.types.get(target)
        op = self.cast_args(op, kind)
        self.state.flush_readers_of(op)
        if not is_array(kind):
            self.emit(replace(stmt, value=op))
            shapes.forget(target)
            if op.fn == "attr" and op.args[1] == Lit("shape") and isinstance(op.args[0], Var):
                shapes.scalars[target] = Op("tuple", shapes.of(op.args[0].name))
            else:
                shapes.learn_scalar(target, op, target in self.fixed)
            return
        if op.fn == "getitem" and any(self.is_array(a) for a in op.args[1:]):
            op = replace(op, fn="gather")
        if op.fn == "numpy.reshape" or op.fn == "numpy.ravel" or op.fn == "numpy.flatten":
            source = op.args[0]
            assert isinstance(source, Var)
            if self.types[source.name].layout != "C":
                flat = self.fresh(self.types[source.name].copy(layout="C"))
                self.emit(Let(flat, Op("numpy.ascontiguousarray", (source,)), stmt.span))
                op = replace(op, args=(Var(flat), *op.args[1:]))
        if op.fn == "matmul":
            op = self.contiguous(op, stmt.span)
        self.emit(replace(stmt, value=op))
        self.note_view(target, op)
        dims = self.whole_dims(op, kind, shapes)
        if dims is None:
            shapes.root(target)
        else:
            shapes.set(target, dims)

    def contiguous(self, op: Op, span: Span) -> Op:
        """BLAS wants rows or columns in one piece; other operands are copied, as NumPy does."""
        args: list[Expr] = []
        for arg in op.args:
            if self.is_array(arg) and isinstance(arg, Var):
                kind = self.types[arg.name]
                if kind.layout == "A":
                    copy = self.fresh(kind.copy(layout="C"))
                    self.emit(Let(copy, Op("numpy.ascontiguousarray", (arg,)), span))
                    self.state.shapes.set(copy, self.state.shapes.of(arg.name))
                    arg = Var(copy)
            args.append(arg)
        return replace(op, args=tuple(args))

    def whole_dims(self, op: Op, kind: Any, shapes: Shapes) -> Dims | None:
        first = op.args[0] if op.args else None
        source = shapes.of(first.name) if isinstance(first, Var) and self.is_array(first) else None
        if op.fn == "getitem" and source is not None:
            return self.view_dims(op, source)
        if op.fn in _SAME_SHAPE or (op.fn in _CREATE_LIKE and source is not None):
            return source
        if op.fn in _CREATE and first is not None:
            if isinstance(first, Op) and first.fn == "tuple":
                return tuple(shapes.scalar(e) for e in first.args)
            if isinstance(first, Var) and kind.ndim > 0:
                known = shapes.scalars.get(first.name)
                if isinstance(known, Op) and known.fn == "tuple":
                    return known.args
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

    def settled(self, expr: Expr) -> bool:
        """Whether a size given as a scalar never changes."""
        from numba.core import types

        if isinstance(expr, Lit):
            return isinstance(expr.value, int)
        return (
            isinstance(expr, Var)
            and expr.name in self.fixed
            and isinstance(self.types.get(expr.name), types.Integer)
        )

    def view_dims(self, op: Op, source: Dims) -> Dims | None:
        entries = list(op.args[1:])
        taken = sum(1 for e in entries if e not in (Lit(None), Lit(...)))
        if Lit(...) in entries:
            at = entries.index(Lit(...))
            full = Op("slice", (Lit(None),) * 3)
            entries[at : at + 1] = [full] * (len(source) - taken)
        dims: list[Expr] = []
        axis = 0
        fresh = 0
        for entry in entries:
            if entry == Lit(None):
                dims.append(ONE)
                continue
            if isinstance(entry, Op) and entry.fn == "slice":
                dim = sliced(source[axis], entry)
                if dim is None:
                    self.count += 1
                    fresh += 1
                    dim = Op("dim", (Var(f"slice{self.count}"), Lit(axis), Lit(0)))
                dims.append(dim)
            axis += 1
        return (*dims, *source[axis:])

    def array_literal(self, stmt: Let, op: Op, shapes: Shapes) -> None:
        """`np.array([a, b])` is an allocation and a store an entry: numba's lists are slow."""
        kind = self.types[stmt.target]
        entries = op.args[:-1] if dict(op.keywords)["dtype"] else op.args
        first = entries[0]
        sizes = [len(entries)]
        if isinstance(first, Op) and first.fn == "row":
            sizes.append(len(first.args))
            if any(isinstance(e, Op) and len(e.args) != sizes[1] for e in entries):
                where = op.span or stmt.span
                self.diagnostics.append(Diagnostic("typing", "rows of unequal length", where))
                return
        dims = tuple(Lit(n) for n in sizes)
        self.allocate(stmt.target, kind, dims, stmt.span, owned=False)
        for k, entry in enumerate(entries):
            parts = entry.args if isinstance(entry, Op) and entry.fn == "row" else (entry,)
            for m, part in enumerate(parts):
                index = (Lit(k), Lit(m))[: len(sizes)]
                if isinstance(part, Lit) and kind.dtype.name.startswith("float"):
                    part = Lit(float(part.value), None)
                self.emit(Store(stmt.target, index, part, stmt.span))
        shapes.set(stmt.target, dims)

    # --- allocation and nests --------------------------------------------------------------------

    def allocate(
        self, name: str, kind: Any, sizes: tuple[Expr, ...], span: Span, owned: bool = True,
        fn: str = "empty",
    ) -> None:  # fmt: skip
        """`name = np.empty(sizes)`; an owned array is ours to remove if nobody needs it whole."""
        shape = Op("tuple", sizes)
        keywords = (("owned", owned),)
        self.types[name] = kind
        self.emit(Let(name, Op(fn, (shape, Lit(kind.dtype.name)), keywords), span))

    def nest(self, sizes: tuple[Expr, ...], body: Block, span: Span, start: int = 0) -> Block:
        """Loops over all axes around `body`; axis k runs over letter start + k."""
        for axis in range(len(sizes) - 1, -1, -1):
            letter = self.letters[start + axis]
            if sizes[axis] == ONE:
                body = _at_zero(letter, body)
            else:
                body = (Nest(letter, sizes[axis], body, span),)
        return body

    def element(self, arg: Expr, dims: Dims, shapes: Shapes) -> Expr:
        """What an operand contributes at one point of a nest over `dims`."""
        if not self.is_array(arg):
            return arg
        assert isinstance(arg, Var)
        own = shapes.of(arg.name)
        offset = len(dims) - len(own)
        index = tuple(
            Lit(0) if d == ONE else Var(self.letters[offset + k]) for k, d in enumerate(own)
        )
        return self.through_views(arg.name, index)

    def through_views(self, name: str, index: tuple[Expr, ...]) -> Expr:
        """An element of `x.T` or `x[:, None]` is read off `x` itself."""
        while name in self.seen_through:
            name, places = self.seen_through[name]
            index = tuple(index[p] for p in places)
        return Op("getitem", (Var(name), *index))

    def note_view(self, target: str, op: Op) -> None:
        """Remember views that only permute axes or add some, while both names stay bound."""
        base = op.args[0]
        if not (isinstance(base, Var) and {target, base.name} <= self.fixed):
            return
        if not self.is_array(base):
            return
        ndim = self.types[base.name].ndim
        if op.fn == "numpy.transpose" and len(op.args) == 1:
            self.seen_through[target] = (base.name, tuple(range(ndim))[::-1])
        elif op.fn == "getitem":
            full = Op("slice", (Lit(None),) * 3)
            entries = list(op.args[1:])
            if Lit(...) in entries:
                at = entries.index(Lit(...))
                missing = ndim - sum(1 for e in entries if e not in (Lit(None), Lit(...)))
                entries[at : at + 1] = [full] * missing
            if all(e in (Lit(None), full) for e in entries):
                places = [p for p, e in enumerate(entries) if e == full]
                rest = range(len(entries), len(entries) + ndim - len(places))
                self.seen_through[target] = (base.name, (*places, *rest))

    # --- in-place and stores -------------------------------------------------------------------

    def inplace(self, position: int, stmt: Let, op: Op, shapes: Shapes) -> None:
        """`a += e` on an array writes into it; the name stays bound to the same memory."""
        array = op.args[0]
        assert isinstance(array, Var)
        self.state.flush_all()
        other = op.args[1]
        if self.is_array(other) and isinstance(other, Var):
            dims = shapes.of(array.name)
            other = self.fitted(other.name, array.name, dims, stmt.span, shapes)
        plain = Op(op.fn, (array, other), (), op.span)
        value = self.fresh(self.types[stmt.target].copy(layout="C"))
        self.state.elementwise_now(Let(value, plain, stmt.span), plain)
        self.fill(array.name, Var(value), stmt.span, shapes)
        if stmt.target != array.name:
            self.emit(Let(stmt.target, array, stmt.span))
            shapes.set(stmt.target, shapes.of(array.name))

    def store(self, position: int, stmt: Store, shapes: Shapes) -> None:
        kind = self.types[stmt.array]
        self.state.flush_all()
        if not is_array(kind):
            where = stmt.span
            message = f"`{stmt.array.split('%')[0]}` is {kind}: only arrays can be written to"
            self.diagnostics.append(Diagnostic("typing", message, where))
            return
        if any(self.is_array(e) for e in stmt.index):
            message = "writing through an index array is not supported"
            self.diagnostics.append(Diagnostic("function", message, stmt.span))
            return
        scalar_index = len(stmt.index) == kind.ndim and not any(
            isinstance(e, Op) or e in (Lit(...), Lit(None)) for e in stmt.index
        )
        if scalar_index:
            value = self.typed_literal(stmt.value, kind.dtype)
            self.emit(replace(stmt, value=value))
            return
        if isinstance(stmt.value, Var) and self.state.is_view(stmt.value.name, stmt):
            return  # `a[1:] += e` already wrote through the view
        full = Op("slice", (Lit(None),) * 3)
        whole = all(e in (Lit(...), full) for e in stmt.index)
        if whole:
            self.fill(stmt.array, stmt.value, stmt.span, shapes)
            return
        index = tuple(e for e in stmt.index)
        ndim = kind.ndim - sum(
            1 for e in index if not isinstance(e, Op) and e not in (Lit(...), Lit(None))
        )
        layout = "A" if any(isinstance(e, Op) for e in index) else "C"
        view = self.state.view(stmt.array, index, kind.copy(ndim=ndim, layout=layout), stmt.span)
        self.fill(view, stmt.value, stmt.span, shapes)

    def fill(self, array: str, value: Expr, span: Span, shapes: Shapes) -> None:
        """`array[:] = value`, broadcasting the value."""
        dims = shapes.of(array)
        sizes = tuple(shapes.text(d, [(array, k)]) for k, d in enumerate(dims))
        if self.is_array(value):
            assert isinstance(value, Var)
            if value.name != array and self.same_memory(value.name, array):
                # NumPy reads the whole right side before it writes.
                copy = self.fresh(self.types[value.name].copy(layout="C", readonly=False))
                self.emit(Let(copy, Op("numpy.copy", (value,)), span))
                shapes.set(copy, shapes.of(value.name))
                value = Var(copy)
            value = self.fitted(value.name, array, dims, span, shapes)
        else:
            value = self.typed_literal(value, self.types[array].dtype)
        index = tuple(Var(self.letters[k]) for k in range(len(dims)))
        item = self.element(value, dims, shapes)
        body: Block = (Store(array, index, item, span),)
        self.emit(*self.nest(sizes, body, span))

    def same_memory(self, a: str, b: str) -> bool:
        a, b = self.view_of.get(a, a), self.view_of.get(b, b)
        return self.aliases.find(a) == self.aliases.find(b)

    def fitted(self, value: str, array: str, dims: Dims, span: Span, shapes: Shapes) -> Var:
        """The value, stretched where a check at run time finds another shape than the target's."""
        own = shapes.of(value)
        offset = len(dims) - len(own)
        if offset < 0:
            message = "cannot store an array of more dimensions than its target has"
            self.diagnostics.append(Diagnostic("typing", message, span))
            return Var(value)
        doubtful = [k for k, d in enumerate(own) if d != ONE and d != dims[offset + k]]
        if not doubtful:
            return Var(value)
        tests: list[Expr] = [
            Op("ne", (shapes.text(own[k], [(value, k)]),
                      shapes.text(dims[offset + k], [(array, offset + k)])))
            for k in doubtful
        ]  # fmt: skip
        wide = self.fresh(self.types[value].copy(layout=_wide_layout(self.types[value])), value)
        sizes = Op("tuple", tuple(
            shapes.text(dims[offset + k] if k in doubtful else d, [(array, offset + k)])
            if k in doubtful else shapes.text(d, [(value, k)])
            for k, d in enumerate(own)
        ))  # fmt: skip
        self.emit(Let(wide, Var(value), span))
        stretch = Let(wide, Op("stretch", (Var(value), sizes)), span)
        self.emit(If(_any(tests), (stretch,), (), span))
        shapes.set(wide, tuple(dims[offset + k] if d != ONE else ONE for k, d in enumerate(own)))
        return Var(wide)

    # --- reductions ----------------------------------------------------------------------------

    def is_inner_product(self, op: Op) -> bool:
        return op.fn in ("matmul", "numpy.vdot") and all(
            isinstance(a, Var) and getattr(self.types.get(a.name), "ndim", 0) == 1 for a in op.args
        )

    def inner_product(self, stmt: Let, op: Op, shapes: Shapes) -> None:
        """A product of two vectors is a sum like any other."""
        a, b = op.args
        assert isinstance(a, Var) and isinstance(b, Var)
        self.state.flush_all()
        (m,), (n,) = shapes.of(a.name), shapes.of(b.name)
        if m != n:
            test = Op("ne", (shapes.text(m, [(a.name, 0)]), shapes.text(n, [(b.name, 0)])))
            fail = Raise("ValueError", "shapes of the vectors do not match", stmt.span)
            self.emit(If(test, (fail,), (), stmt.span))
            shapes.join(m, n)
        product = self.fresh(self.types[a.name].copy(dtype=self.types[stmt.target], layout="C"))
        mul = Op("mul", (a, b), (), op.span)
        self.state.elementwise_now(Let(product, mul, stmt.span), mul)
        self.reduce(stmt, Op("numpy.sum", (Var(product),), (), op.span), shapes)

    def reduce(self, stmt: Let, op: Op, shapes: Shapes) -> None:
        from tangent_fwd.transform.reduce import Reduction

        array = op.args[0]
        assert isinstance(array, Var)
        self.state.flush_readers_of(op)
        Reduction(self, stmt, op, array.name, shapes).expand()


class _BlockState:
    """Elementwise operations wait until the whole expression they belong to is known, so that
    its operands are brought to one shape once.
    """

    def __init__(self, expand: _Expand, block: Block, shapes: Shapes) -> None:
        self.expand = expand
        self.shapes = shapes
        self.pending: dict[int, list[tuple[Let, Op]]] = {}
        self.root: dict[int, int] = {}
        self.views: dict[tuple[str, tuple[Expr, ...]], str] = {}
        self.wide: dict[tuple[str, Dims], str] = {}
        self.find_roots(block)

    def find_roots(self, block: Block) -> None:
        readers: dict[str, set[int]] = {}
        for k, stmt in enumerate(block):
            for inner in statements((stmt,)):
                names = {n for e in own_exprs(inner) for n in variables(e)}
                if isinstance(inner, Store):
                    names.add(inner.array)
                for name in names:
                    readers.setdefault(name, set()).add(k)
        everywhere: dict[str, int] = {}
        for stmt in statements(self.expand.function.body):
            names = {n for e in own_exprs(stmt) for n in variables(e)}
            for name in names:
                everywhere[name] = everywhere.get(name, 0) + 1
        here: dict[str, int] = {}
        for stmt in statements(block):
            for name in {n for e in own_exprs(stmt) for n in variables(e)}:
                here[name] = here.get(name, 0) + 1
        for k in range(len(block) - 1, -1, -1):
            self.root[k] = k
            if not self.waits(block[k]):
                continue
            stmt = block[k]
            assert isinstance(stmt, Let)
            name = stmt.target
            if self.expand.times[name] != 1 or everywhere.get(name) != here.get(name):
                continue
            users = readers.get(name, set())
            roots = {self.root[u] for u in users if self.waits(block[u])}
            if users and all(self.waits(block[u]) for u in users) and len(roots) == 1:
                last = roots.pop()
                if all(self.calm(block[m]) for m in range(k, last)):
                    self.root[k] = last

    def waits(self, stmt: Stmt) -> bool:
        if not isinstance(stmt, Let) or not isinstance(stmt.value, Op):
            return False
        op = stmt.value
        return (
            is_array(self.expand.types.get(stmt.target))
            and is_elementwise(op)
            and not dict(op.keywords).get("inplace")
        )

    def calm(self, stmt: Stmt) -> bool:
        """Whether a statement leaves memory and control alone."""
        if not isinstance(stmt, Let):
            return False
        return not (
            isinstance(stmt.value, Op)
            and (stmt.value.fn == "call" or dict(stmt.value.keywords).get("inplace"))
        )

    # --- waiting and flushing ------------------------------------------------------------------

    def elementwise(self, position: int, stmt: Let, op: Op) -> None:
        root = self.root.get(position, position)
        self.pending.setdefault(root, []).append((stmt, op))
        if root == position:
            self.flush(root)

    def elementwise_now(self, stmt: Let, op: Op) -> None:
        self.pending[-1] = [(stmt, op)]
        self.flush(-1)

    def flush_readers_of(self, op: Op) -> None:
        waiting = {stmt.target for group in self.pending.values() for stmt, _ in group}
        if any(isinstance(a, Var) and a.name in waiting for a in op.args):
            self.flush_all()

    def flush_all(self) -> None:
        for root in sorted(self.pending):
            self.flush(root)

    def flush(self, root: int) -> None:
        """Emit one expression, a nest an operation, after one alignment of all its operands."""
        group = self.pending.pop(root)
        inner = {stmt.target for stmt, _ in group}
        leaves: list[str] = []
        for _, op in group:
            for arg in op.args:
                if self.expand.is_array(arg) and isinstance(arg, Var):
                    if arg.name not in inner and arg.name not in leaves:
                        leaves.append(arg.name)
        outer = any(op.fn == "numpy.outer" for _, op in group)
        aligned = {} if outer else self.align(leaves, group, inner)
        for stmt, op in group:
            args = tuple(
                Var(aligned.get(a.name, a.name)) if isinstance(a, Var) else a for a in op.args
            )
            self.one(stmt, replace(op, args=args))

    def one(self, stmt: Let, op: Op) -> None:
        expand, shapes = self.expand, self.shapes
        kind = expand.types[stmt.target]
        if op.fn == "numpy.outer":
            dims, items = self.outer(op)
        else:
            dims = self.result_dims(op, kind.ndim)
            items = tuple(expand.element(a, dims, shapes) for a in op.args)
        sizes = tuple(self.size(d, k, op, len(dims)) for k, d in enumerate(dims))
        expand.allocate(stmt.target, kind, sizes, stmt.span)
        scalar = f"{stmt.target}%s"
        expand.types[scalar] = kind.dtype
        fn = "mul" if op.fn == "numpy.outer" else _SCALAR_NAME.get(op.fn, op.fn)
        if fn == "cast":
            fn, items = f"numpy.{kind.dtype.name}", items[:1]
        cast = expand.cast_args(replace(op, fn=fn), kind)
        args = tuple(
            new if not expand.is_array(old) else item
            for new, old, item in zip(cast.args, op.args, items)
        )
        args = tuple(
            Op(c.fn, (i,)) if isinstance(c, Op) and c.fn == "numpy.float32" else a
            for a, c, i in zip(args, cast.args, items)
        )
        value = Op(fn, args if fn not in ("numpy.float32", "numpy.float64") else items[:1],
                   (), op.span)  # fmt: skip
        index = tuple(Var(expand.letters[k]) for k in range(len(dims)))
        body: Block = (
            Let(scalar, value, stmt.span),
            Store(stmt.target, index, Var(scalar), stmt.span),
        )
        expand.emit(*expand.nest(sizes, body, stmt.span))
        shapes.set(stmt.target, dims)

    def outer(self, op: Op) -> tuple[Dims, tuple[Expr, ...]]:
        a, b = op.args
        assert isinstance(a, Var) and isinstance(b, Var)
        dims = (self.shapes.of(a.name)[0], self.shapes.of(b.name)[0])
        i, j = self.expand.letters[:2]
        return dims, (Op("getitem", (a, Var(i))), Op("getitem", (b, Var(j))))

    def size(self, dim: Expr, axis: int, op: Op, ndim: int) -> Expr:
        holders = []
        for arg in op.args:
            if isinstance(arg, Var) and self.expand.is_array(arg):
                own = self.shapes.of(arg.name)
                k = axis - (ndim - len(own))
                if op.fn == "numpy.outer":
                    k = 0
                if 0 <= k < len(own) and own[k] == self.shapes.find(dim):
                    holders.append((arg.name, k))
        return self.shapes.text(dim, holders)

    def result_dims(self, op: Op, ndim: int) -> Dims:
        dims: list[Expr] = [ONE] * ndim
        for arg in op.args:
            if isinstance(arg, Var) and self.expand.is_array(arg):
                own = self.shapes.of(arg.name)
                for k, d in enumerate(own):
                    if d != ONE:
                        dims[ndim - len(own) + k] = d
        return tuple(dims)

    # --- bringing operands to one shape -----------------------------------------------------------

    def align(
        self, leaves: list[str], group: list[tuple[Let, Op]], inner: set[str]
    ) -> dict[str, str]:
        """Operands whose sizes are not known to agree are compared at run time; those of size 1
        are stretched, as NumPy would.
        """
        shapes, expand = self.shapes, self.expand
        ndim = max(expand.types[stmt.target].ndim for stmt, _ in group)
        disputed: list[tuple[int, list[tuple[str, int, Expr]]]] = []
        for axis in range(ndim):
            seen: list[tuple[str, int, Expr]] = []
            for name in leaves:
                own = shapes.of(name)
                k = axis - (ndim - len(own))
                if k >= 0 and own[k] != ONE:
                    seen.append((name, k, own[k]))
            if len({key for _, _, key in seen}) > 1:
                disputed.append((axis, seen))
        if not disputed:
            return {}
        span = group[-1][0].span
        tests: list[Expr] = []
        targets: dict[int, Expr] = {}
        settle: list[Stmt] = []
        for axis, seen in disputed:
            distinct: dict[Expr, Expr] = {}
            for name, k, key in seen:
                distinct.setdefault(key, shapes.text(key, [(name, k)]))
            first, *others = distinct.values()
            tests += [Op("ne", (other, first)) for other in others]
            size = first
            for other in others:
                size = Op("common", (size, other))
            target = expand.fresh(_int64())
            settle.append(Let(target, size, span))
            targets[axis] = Var(target)
        involved = [n for n in leaves if any(n == m for _, seen in disputed for m, _, _ in seen)]
        aligned: dict[str, str] = {}
        for name in involved:
            own = shapes.of(name)
            kind = expand.types[name]
            wide = expand.fresh(kind.copy(layout=_wide_layout(kind), readonly=False), name)
            aligned[name] = wide
            offset = ndim - len(own)
            sizes = tuple(
                targets[offset + k]
                if offset + k in targets and d != ONE
                else shapes.text(d, [(name, k)])
                for k, d in enumerate(own)
            )
            expand.emit(Let(wide, Var(name), span))
            settle.append(Let(wide, Op("stretch", (Var(name), Op("tuple", sizes))), span))
        expand.emit(If(_any(tests), tuple(settle), (), span))
        for wide in aligned.values():
            shapes.root(wide)
        for _, seen in disputed:
            keys = [shapes.of(aligned[name])[k] for name, k, _ in seen]
            for other in keys[1:]:
                shapes.join(other, keys[0])
        for name, wide in aligned.items():
            old, new = shapes.dims[name], shapes.dims[wide]
            fixed = tuple(
                n if (ndim - len(old) + k) in targets and shapes.find(o) != ONE else shapes.find(o)
                for k, (o, n) in enumerate(zip(old, new))
            )
            shapes.dims[wide] = fixed
        return aligned

    # --- views ---------------------------------------------------------------------------------

    def view(self, array: str, index: tuple[Expr, ...], kind: Any, span: Span) -> str:
        expand, shapes = self.expand, self.shapes
        name = expand.fresh(kind)
        expand.view_of[name] = array
        op = Op("getitem", (Var(array), *index), (), span)
        expand.emit(Let(name, op, span))
        dims = expand.view_dims(op, shapes.of(array))
        shapes.set(name, dims if dims is not None else shapes.root(name))
        return name

    def is_view(self, name: str, stmt: Store) -> bool:
        """Whether `name` is what stands at the place stored to: `t = a[k]; t += e; a[k] = t`."""
        made: dict[str, Expr] = {
            s.target: s.value for s in statements(tuple(self.expand.out)) if isinstance(s, Let)
        }
        value: Expr | None = Var(name)
        while isinstance(value, Var) and value.name in made:
            value = made[value.name]
        return (
            isinstance(value, Op)
            and value.fn == "getitem"
            and value.args == (Var(stmt.array), *stmt.index)
        )


def _at_zero(letter: str, body: Block) -> Block:
    """The only round of a loop over an axis of size 1."""
    return map_block(lambda e: substitute(e, {letter: Lit(0)}), body)


def _any(tests: list[Expr]) -> Expr:
    result, *rest = tests
    for other in rest:
        result = Op("or", (result, other))
    return result


def _int64() -> Any:
    from numba.core import types

    return types.int64


def _wide_layout(kind: Any) -> str:
    """The layout numba gives to a name that holds the array or a C-ordered copy of it."""
    return "C" if kind.layout == "C" else "A"
