"""Alignment: the operands of an elementwise expression are brought to one shape, once."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

from tangent_fwd.analysis.alias import is_array
from tangent_fwd.analysis.effects import is_temporary
from tangent_fwd.analysis.shapes import ONE, UNFIT, Dims, Shapes, any_of, unlike
from tangent_fwd.errors import Diagnostic
from tangent_fwd.ir.nodes import Block, Expr, If, Let, Lit, Op, Stmt, Store, Var
from tangent_fwd.ir.walk import assigned, own_exprs, statements, variables
from tangent_fwd.source import Span
from tangent_fwd.transform.nests import (
    SCALAR_NAME,
    Nests,
    at_least_zero,
    is_elementwise,
    wide_layout,
)

_ARITHMETIC = frozenset(
    "add sub mul pow neg subtract multiply power negative square floordiv mod".split()
)
# What NumPy takes sums and products of booleans for.
_OF_BOOLS = {"add": "bitor", "mul": "bitand"}


class Waiting:
    """Elementwise operations wait until the whole expression they belong to is known, so that
    its operands are brought to one shape once.
    """

    def __init__(self, nests: Nests, block: Block, shapes: Shapes) -> None:
        self.nests = nests
        self.shapes = shapes
        self.pending: dict[int, list[tuple[Let, Op]]] = {}
        self.root: dict[int, int] = {}
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
        for stmt in statements(self.nests.function.body):
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
            if self.nests.times[name] != 1 or everywhere.get(name) != here.get(name):
                continue
            users = readers.get(name, set())
            roots = {self.root[u] for u in users}
            takers = all(self.waits(block[u]) or self.keeps(block[u], name) for u in users)
            if users and takers and len(roots) == 1:
                last = roots.pop()
                operands = set(variables(stmt.value))
                between = block[k + 1 : last]
                if all(map(self.calm, block[k:last])) and not operands & assigned(between):
                    self.root[k] = last

    def waits(self, stmt: Stmt) -> bool:
        if not isinstance(stmt, Let) or not isinstance(stmt.value, Op):
            return False
        op = stmt.value
        return (
            is_array(self.nests.types.get(stmt.target))
            and is_elementwise(op)
            and not dict(op.keywords).get("inplace")
        )

    def keeps(self, stmt: Stmt, name: str) -> bool:
        """Whether a statement writes an array into another one, which then says how large it is."""
        kinds = self.nests.types
        if isinstance(stmt, Store) and is_array(kinds.get(stmt.array)):
            whole = sum(isinstance(e, Op) or e in (Lit(None), Lit(...)) for e in stmt.index)
            room = kinds[stmt.array].ndim - len(stmt.index) + whole
            return stmt.value == Var(name) and 0 < kinds[name].ndim <= room
        if not isinstance(stmt, Let) or not isinstance(stmt.value, Op):
            return False
        target, *others = stmt.value.args
        return (
            bool(dict(stmt.value.keywords).get("inplace"))
            and others == [Var(name)]
            and isinstance(target, Var)
            and is_array(kinds.get(target.name))
            and target.name != name
            and kinds[name].ndim <= kinds[target.name].ndim
        )

    def calm(self, stmt: Stmt) -> bool:
        """Whether a statement leaves memory and control alone, and what a handler may read."""
        if not isinstance(stmt, Let):
            return False
        if self.nests.caught and not (self.waits(stmt) or is_temporary(stmt.target)):
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

    def flush_all(self, but: int | None = None) -> None:
        for root in sorted(self.pending):
            if root != but:
                self.flush(root)

    def flush(self, root: int, into: str | None = None) -> None:
        """Emit one expression, a nest an operation, after one alignment of all its operands: to
        the shape of the array that it is kept `into`, or to their common one.
        """
        group = self.pending.pop(root, [])
        inner = {stmt.target for stmt, _ in group}
        leaves: list[str] = []
        for _, op in group:
            for arg in op.args:
                if self.nests.is_array(arg) and isinstance(arg, Var):
                    if arg.name not in inner and arg.name not in leaves:
                        leaves.append(arg.name)
        outer = any(op.fn == "numpy.outer" for _, op in group)
        aligned = {} if outer or not group else self.align(leaves, group[-1][0].span, into)
        for stmt, op in group:
            args = tuple(
                Var(aligned.get(a.name, a.name)) if isinstance(a, Var) else a for a in op.args
            )
            self.one(stmt, replace(op, args=args))

    def one(self, stmt: Let, op: Op) -> None:
        from numba.core import types

        nests, shapes = self.nests, self.shapes
        kind = nests.types[stmt.target]
        if op.fn == "numpy.outer":
            dims, items = self.outer(op)
        else:
            dims = self.result_dims(op, kind.ndim)
            items = tuple(nests.element(a, dims, shapes) for a in op.args)
        sizes = tuple(self.size(d, k, op, len(dims)) for k, d in enumerate(dims))
        nests.allocate(stmt.target, kind, tuple(map(at_least_zero, sizes)), stmt.span)
        self.refuse_narrow(op, kind.dtype)
        scalar = f"{stmt.target}%s"
        nests.types[scalar] = kind.dtype
        fn = "mul" if op.fn == "numpy.outer" else SCALAR_NAME.get(op.fn, op.fn)
        if isinstance(kind.dtype, types.Boolean):
            fn = _OF_BOOLS.get(fn, fn)
        if fn == "cast":
            fn, items = f"numpy.{kind.dtype.name}", items[:1]
        cast = nests.cast_args(replace(op, fn=fn), kind)
        args = tuple(
            new if not nests.is_array(old) else item
            for new, old, item in zip(cast.args, op.args, items)
        )
        args = tuple(
            Op(c.fn, (i,)) if isinstance(c, Op) and c.fn == "numpy.float32" else a
            for a, c, i in zip(args, cast.args, items)
        )
        value = Op(fn, args if fn not in ("numpy.float32", "numpy.float64") else items[:1],
                   (), op.span)  # fmt: skip
        index = tuple(Var(nests.letters[k]) for k in range(len(dims)))
        body: Block = (
            Let(scalar, value, stmt.span),
            Store(stmt.target, index, Var(scalar), stmt.span),
        )
        nests.emit(*nests.nest(sizes, body, stmt.span))
        shapes.set(stmt.target, dims)

    def refuse_narrow(self, op: Op, dtype: Any) -> None:
        """Numbers have 64 bits in a loop, where those of such arrays would wrap around."""
        from numba.core import types

        bools = isinstance(dtype, types.Boolean) and op.fn not in _OF_BOOLS
        narrow = bools or (isinstance(dtype, types.Integer) and dtype.bitwidth < 64)
        if narrow and op.fn.removeprefix("numpy.") in _ARITHMETIC:
            message = f"arithmetic on arrays of {dtype} is not supported"
            self.nests.diagnostics.append(
                Diagnostic("typing", message, op.span or Span(1, 0, 1, 0),
                           help="convert them first, with `.astype(np.int64)` or `.astype(float)`")
            )  # fmt: skip

    def outer(self, op: Op) -> tuple[Dims, tuple[Expr, ...]]:
        a, b = op.args
        assert isinstance(a, Var) and isinstance(b, Var)  # vectors: `_Expand.vectors` saw to it
        dims = (self.shapes.of(a.name)[0], self.shapes.of(b.name)[0])
        i, j = self.nests.letters[:2]
        return dims, (Op("getitem", (a, Var(i))), Op("getitem", (b, Var(j))))

    def size(self, dim: Expr, axis: int, op: Op, ndim: int) -> Expr:
        holders = []
        for arg in op.args:
            if isinstance(arg, Var) and self.nests.is_array(arg):
                own = self.shapes.of(arg.name)
                k = axis - (ndim - len(own))
                if op.fn == "numpy.outer":
                    k = 0
                if 0 <= k < len(own) and own[k] == self.shapes.find(dim):
                    holders.append((arg.name, k))
        return self.shapes.count(dim, holders)

    def result_dims(self, op: Op, ndim: int) -> Dims:
        dims: list[Expr] = [ONE] * ndim
        for arg in op.args:
            if isinstance(arg, Var) and self.nests.is_array(arg):
                own = self.shapes.of(arg.name)
                for k, d in enumerate(own):
                    if d != ONE:
                        dims[ndim - len(own) + k] = d
        return tuple(dims)

    # --- bringing operands to one shape -----------------------------------------------------------

    def align(self, leaves: list[str], span: Span, into: str | None) -> dict[str, str]:
        """Operands whose sizes are not known to agree are compared at run time; those of size 1
        are stretched, as NumPy would.
        """
        shapes, nests = self.shapes, self.nests
        from numba.core import types

        goal = shapes.of(into) if into is not None else ()
        disputed = self.disputed(leaves, goal)
        if goal and len(leaves) > 1 and not self.disputed(leaves, ()):
            return {}  # it is less to stretch the result
        if not disputed:
            return {}
        ndim = len(goal) or max(len(shapes.of(name)) for name in leaves)
        tests: list[Expr] = []
        pairs: list[tuple[Expr, Expr, bool]] = []
        targets: dict[int, Expr] = {}
        settle: list[Stmt] = []
        for axis, seen in disputed:
            distinct: dict[Expr, Expr] = {}
            for name, k, key in seen:
                distinct.setdefault(key, shapes.text(key, [(name, k)]))
            if into is not None:
                targets[axis] = shapes.text(goal[axis], [(into, axis)])
                distinct.pop(goal[axis], None)
                tests += [Op("ne", (size, targets[axis])) for size in distinct.values()]
                pairs += [(size, targets[axis], False) for size in distinct.values()]
                continue
            first, *others = distinct.values()
            pairs += [(*pair, True) for pair in combinations(distinct.values(), 2)]
            tests += [Op("ne", (other, first)) for other in others]
            size = first
            for other in others:
                size = Op("common", (size, other))
            target = nests.fresh(types.int64)
            settle.append(Let(target, size, span))
            targets[axis] = Var(target)
        involved = [n for n in leaves if any(n == m for _, seen in disputed for m, _, _ in seen)]
        aligned: dict[str, str] = {}
        for name in involved:
            own = shapes.of(name)
            kind = nests.types[name]
            wide = nests.fresh(kind.copy(layout=wide_layout(kind), readonly=False), name)
            aligned[name] = wide
            offset = ndim - len(own)
            sizes = tuple(
                targets[offset + k]
                if offset + k in targets and d != ONE
                else shapes.text(d, [(name, k)])
                for k, d in enumerate(own)
            )
            nests.emit(Let(wide, Var(name), span))
            settle.append(Let(wide, Op("stretch", (Var(name), Op("tuple", sizes))), span))
        check = nests.in_the_open(unlike(pairs), UNFIT, span)
        nests.emit(If(any_of(tests), (*check, *settle), (), span))
        for wide in aligned.values():
            shapes.root(wide)
        for axis, seen in disputed:
            keys = [shapes.of(aligned[name])[k] for name, k, _ in seen]
            for other in keys:
                shapes.join(other, goal[axis] if goal else keys[0])
        for name, wide in aligned.items():
            old, new = shapes.dims[name], shapes.dims[wide]
            fixed = tuple(
                n if (ndim - len(old) + k) in targets and shapes.find(o) != ONE else shapes.find(o)
                for k, (o, n) in enumerate(zip(old, new))
            )
            shapes.dims[wide] = fixed
        return aligned

    def disputed(
        self, leaves: list[str], goal: Dims
    ) -> list[tuple[int, list[tuple[str, int, Expr]]]]:
        """Axes along which operands are not known to agree, with one another and with `goal`: each
        operand's name, its axis there and the key of its size.
        """
        kinds = [self.shapes.of(name) for name in leaves]
        ndim = len(goal) or max((len(own) for own in kinds), default=0)
        found = []
        for axis in range(ndim):
            seen: list[tuple[str, int, Expr]] = []
            for name, own in zip(leaves, kinds):
                k = axis - (ndim - len(own))
                if k >= 0 and own[k] != ONE:
                    seen.append((name, k, own[k]))
            keys = {key for _, _, key in seen}
            if goal and seen:
                keys.add(goal[axis])
            if len(keys) > 1:
                found.append((axis, seen))
        return found
