"""The tools of the `loops` pass: scalar types, casts, allocations, nests, and reads of elements."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tangent_fwd.analysis.alias import Aliases, is_array, is_tuple
from tangent_fwd.analysis.effects import calls, is_temporary
from tangent_fwd.analysis.shapes import ONE, Dims, Shapes, any_of, sliced
from tangent_fwd.errors import Diagnostic
from tangent_fwd.ir.nodes import (
    FULL,
    Block,
    Expr,
    Function,
    If,
    Let,
    Lit,
    Nest,
    Op,
    Raise,
    Stmt,
    Store,
    Try,
    Var,
)
from tangent_fwd.ir.walk import bindings, map_block, statements, substitute
from tangent_fwd.rules import rule
from tangent_fwd.source import Span

# NumPy functions of arrays whose scalar counterpart has another name here.
SCALAR_NAME = {"numpy.where": "ifelse", "numpy.astype": "cast"}
# Locally constant functions that are no ufuncs, and yet take each element by itself.
_EACH = frozenset(
    "numpy.around numpy.round numpy.imag numpy.angle numpy.isclose numpy.isreal numpy.iscomplex "
    "numpy.isposinf numpy.isneginf".split()
)
# Their second argument may be an integer, and stays one.
_EXPONENT = frozenset(
    "pow numpy.power numpy.ldexp math.ldexp numpy.around numpy.round builtins.round".split()
)


def is_elementwise(op: Op) -> bool:
    """Whether an operation acts on each element by itself."""
    if op.fn in SCALAR_NAME or op.fn in ("bitand", "bitor", "bitxor", "invert"):
        return True
    if op.fn in ("numpy.float64", "numpy.float32", "numpy.int64", "numpy.int32"):
        return True
    row = rule("pow" if op.fn == "pow" else op.fn)
    if row is None or calls(op):
        return False
    return row.kind == "elementwise" or (row.kind == "constant" and _each(op.fn))


def _each(fn: str) -> bool:
    """Whether a locally constant function is elementwise; `argsort` and `flatnonzero` are not."""
    module, _, name = fn.rpartition(".")
    if not module:
        return fn not in ("attr", "in", "not_in", "is", "is_not")  # an operator
    known = getattr(np, name, None) if module == "numpy" else None
    scalar = isinstance(known, type) and issubclass(known, np.generic)
    return fn in _EACH or isinstance(known, np.ufunc) or scalar


@dataclass(frozen=True)
class Along:
    """An axis that a view runs along: index `i` at one place of the view is `start + step * i`."""

    place: int
    start: int = 0
    step: int = 1

    def of(self, index: tuple[Expr, ...]) -> Expr:
        """The index of the array from one of the view."""
        at = index[self.place]
        if isinstance(at, Lit):
            return Lit(self.start + self.step * at.value)
        if self.step != 1:
            at = Op("mul", (Lit(self.step), at))
        return Op("add", (at, Lit(self.start))) if self.start else at


class Nests:
    """The program that is being written: its types so far, its statements, its loop letters."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.types: dict[str, Any] = dict(function.types)
        self.diagnostics: list[Diagnostic] = []
        self.out: list[Stmt] = []
        # Whether there is a `try`, whose handler sees what was done.
        self.caught = any(isinstance(s, Try) for s in statements(function.body))
        self.count = 0
        self.times = bindings(function)
        self.fixed = {name for name, times in self.times.items() if times == 1}
        used = {n.split("%")[0] for n in (*self.types, *function.params)}
        self.seen_through: dict[str, tuple[str, tuple[Lit | Along, ...]]] = {}
        self.aliases = Aliases(function)
        self.view_of: dict[str, str] = {}
        self.letters = [c for c in "ijklmnpqrs" if c not in used] + [f"axis{k}" for k in range(8)]
        self.in_threads = False  # whether what is being written is in a loop over `prange`

    def fresh(self, kind: Any, hint: str = "") -> str:
        self.count += 1
        name = f"{hint}%x{self.count}"
        self.types[name] = kind
        return name

    def in_the_open(self, tests: list[Expr], message: str, span: Span) -> Block:
        """A check of sizes which elsewhere is left to the functions that are called: from a thread
        they could not raise.
        """
        if not self.in_threads or not tests:
            return ()
        return (If(any_of(tests), (Raise("ValueError", message, span),), (), span),)

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
        if fn == "getitem" and args[1:] == (Lit(...),):
            args = (args[0], FULL)
        if fn in ("numpy.dot", "numpy.inner"):
            fn = "matmul" if all(self.is_array(a) for a in args) else "mul"
        if fn == "numpy.array" and self.is_array(args[0]):
            fn = "numpy.copy" if len(args) == 1 else "numpy.astype"
        if fn in ("numpy.where", "numpy.astype") and not any(self.is_array(a) for a in args):
            fn = SCALAR_NAME[fn]
        return Op(fn, args, keywords, op.span)

    def spread(self, op: Op, span: Span) -> Op:
        """An element of an array at a place that is a tuple, with an index for each axis."""
        if op.fn != "getitem" or not self.is_array(op.args[0]):
            return op
        return replace(op, args=(op.args[0], *self.places(op.args[1:], span)))

    def places(self, index: tuple[Expr, ...], span: Span) -> tuple[Expr, ...]:
        """An index in which a tuple has become an entry for each axis."""
        found: list[Expr] = []
        for entry in index:
            kind: Any = self.types.get(entry.name) if isinstance(entry, Var) else None
            for k, part in enumerate(kind if is_tuple(kind) else ()):
                name = self.fresh(part)
                self.emit(Let(name, Op("getitem", (entry, Lit(k))), span))
                found.append(Var(name))
            if not is_tuple(kind):
                found.append(entry)
        return tuple(found)

    def state(self) -> dict[str, Any]:
        """What writing a piece of program changes, to begin it again."""
        return {
            k: v.copy() if isinstance(v, (dict, list, set)) else v for k, v in self.__dict__.items()
        }

    def go_back(self, state: dict[str, Any]) -> None:
        """Undo what was written since; tables stay the same objects, as others hold them too."""
        for name, value in state.items():
            mine = self.__dict__[name]
            if isinstance(mine, (dict, list, set)):
                mine.clear()
                mine.extend(value) if isinstance(mine, list) else mine.update(value)
            else:
                self.__dict__[name] = value

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

    # --- scalars -------------------------------------------------------------------------------

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
        row = rule(op.fn)
        whole = () if row is None else row.whole
        for position, arg in enumerate(op.args):
            power = (op.fn in _EXPONENT and position == 1) or position in whole
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

    # --- allocations, loops, elements ------------------------------------------------------------

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
        index: tuple[Expr, ...] = tuple(
            Lit(0) if d == ONE else Var(self.letters[offset + k]) for k, d in enumerate(own)
        )
        name, index = self.through_views(arg.name, index)
        return Op("getitem", (Var(name), *index))

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

    # --- views -----------------------------------------------------------------------------------

    def through_views(self, name: str, index: tuple[Expr, ...]) -> tuple[str, tuple[Expr, ...]]:
        """An element of `x.T` or `x[1:]` is one of `x` itself: the array and the index in it."""
        while name in self.seen_through:
            name, entries = self.seen_through[name]
            index = tuple([e if isinstance(e, Lit) else e.of(index) for e in entries])
        return name, index

    def note_view(self, target: str, op: Op) -> None:
        """Remember what a view shows of another array, until one of the names is bound anew."""
        base = op.args[0]
        if not isinstance(base, Var) or not self.is_array(base) or base.name == target:
            return
        ndim = self.types[base.name].ndim
        if op.fn == "numpy.transpose" and len(op.args) == 1:
            self.seen_through[target] = (base.name, tuple(map(Along, range(ndim)[::-1])))
        elif op.fn == "getitem":
            entries = self.entries(list(op.args[1:]), ndim)
            if entries is None:
                return
            plain = all(isinstance(e, Along) and e == Along(e.place) for e in entries)
            # What the user gave a name to is read by that name, unless its axes only change places.
            if plain or is_temporary(target):
                self.seen_through[target] = (base.name, entries)

    def entries(self, index: list[Expr], ndim: int) -> tuple[Lit | Along, ...] | None:
        """Where each axis of the array indexed is found in the view; None where it depends."""
        if Lit(...) in index:
            at = index.index(Lit(...))
            index[at : at + 1] = [FULL] * (
                ndim - sum(e not in (Lit(None), Lit(...)) for e in index)
            )
        found: list[Lit | Along] = []
        place = 0
        for entry in index:
            if entry == Lit(None):
                place += 1
            elif isinstance(entry, Lit) and type(entry.value) is int:
                found.append(entry)
            elif isinstance(entry, Op) and entry.fn == "slice":
                start = 0 if entry.args[0] == Lit(None) else getattr(entry.args[0], "value", -1)
                step = 1 if entry.args[2] == Lit(None) else getattr(entry.args[2], "value", -1)
                if start < 0 or step < 1:
                    return None
                found.append(Along(place, start, step))
                place += 1
            else:
                return None
        rest = range(place, place + ndim - len(found))
        return (*found, *map(Along, rest))

    def rebound(self, name: str) -> None:
        """A name is bound anew: nothing is seen through it, and it is not seen through."""
        self.seen_through = {
            view: (base, entries)
            for view, (base, entries) in self.seen_through.items()
            if name not in (view, base)
        }

    def view_dims(self, op: Op, source: Dims) -> Dims | None:
        entries = list(op.args[1:])
        taken = sum(1 for e in entries if e not in (Lit(None), Lit(...)))
        if Lit(...) in entries:
            at = entries.index(Lit(...))
            entries[at : at + 1] = [FULL] * (len(source) - taken)
        dims: list[Expr] = []
        axis = 0
        fresh = 0
        for entry in entries:
            if entry == Lit(None):
                dims.append(ONE)
                continue
            if isinstance(entry, Op) and entry.fn == "slice":
                dim = sliced(source[axis], entry)
                if dim is None and all(e == Lit(None) or self.settled(e) for e in entry.args):
                    dim = Op("sliced", (source[axis], *entry.args))
                if dim is None:
                    self.count += 1
                    fresh += 1
                    dim = Op("dim", (Var(f"slice{self.count}"), Lit(axis), Lit(0)))
                dims.append(dim)
            axis += 1
        return (*dims, *source[axis:])


def _at_zero(letter: str, body: Block) -> Block:
    """The only round of a loop over an axis of size 1."""
    return map_block(lambda e: substitute(e, {letter: Lit(0)}), body)


def at_least_zero(count: Expr) -> Expr:
    """The size of an array over which a loop runs so often."""
    short = isinstance(count, Op) and count.fn == "sub"
    return Op("builtins.max", (count, Lit(0))) if short else count


def wide_layout(kind: Any) -> str:
    """The layout numba gives to a name that holds the array or a C-ordered copy of it."""
    return "C" if kind.layout == "C" else "A"
