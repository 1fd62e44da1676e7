"""Outer products: a direction `u vᵀ` of a matrix stays two vectors.

The tangent of a matrix may be given as a pair (u, v), for the matrix u[i] * v[j], or of an array
with more axes as pairs of its last two: u[k, i] * v[k, j].
Such a tangent is never formed where it goes into a product (`X @ u vᵀ` is `(X @ u) vᵀ`, a
product with a vector instead of a matrix) or is read by elements; whatever else reads it gets
the array, made once.

Before, where the tangent of `W` is taken to be an array:

>>> from tangent_fwd.analysis.activity import Activity
>>> from tangent_fwd.analysis.infer import infer
>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> from tangent_fwd.transform.tangent import tangent
>>> import numba
>>> matrix, vector = numba.float64[:, ::1], numba.float64[::1]
>>> def f(W, X):
...     t = X @ W
...     return t[0, 1]
>>> parsed = parse(f)
>>> typed = infer(lower(parsed), (matrix, matrix), parsed.source, None)
>>> before = tangent(typed, Activity(typed, (True, False), None), 1, None)
>>> print(show(before))
def f(W, X, d::W):
    d::t = X @ d::W  # array(float64, 2d, C)
    t = X @ W  # array(float64, 2d, C)
    d::%1 = d::t[0, 1]  # float64
    %1 = t[0, 1]  # float64
    return (%1, d::%1)

After, for a pair of vectors:

>>> print(show(outer(before, {"d::W": numba.types.UniTuple(vector, 2)})))
def f(W, X, d::W):
    u::W = d::W[0]  # array(float64, 1d, C)
    v::W = d::W[1]  # array(float64, 1d, C)
    u::t = X @ u::W  # array(float64, 1d, C)
    t = X @ W  # array(float64, 2d, C)
    d::%1 = u::t[0] * v::W[1]  # float64
    %1 = t[0, 1]  # float64
    return (%1, d::%1)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tangent_fwd.analysis.alias import is_tuple
from tangent_fwd.analysis.shapes import shape_of
from tangent_fwd.ir.nodes import (
    Block,
    Expr,
    Function,
    Let,
    Lit,
    Nest,
    Op,
    Ref,
    Stmt,
    Store,
    Var,
)
from tangent_fwd.ir.walk import blocks, map_exprs, with_blocks
from tangent_fwd.source import NOWHERE, Span
from tangent_fwd.transform.pairs import (
    Pairs,
    Writes,
    holds_pair,
    is_pair,
    is_product,
    is_transposed,
    kept_apart,
    vector_type,
)

Index = tuple[Expr, ...]
Pair = tuple[Expr, Expr]
_LETTERS = ("%i", "%j", "%k", "%l")
_INDEX: Index = tuple(map(Var, _LETTERS))


def outer(function: Function, given: Mapping[str, Any], writes: Writes = lambda op: ()) -> Function:
    """The program for tangents of which some are outer products.

    Arguments: the program of values and tangents; the numba type of each tangent parameter by
    its name, where some hold pairs; and for the call of a helper, the positions of the arguments
    that it writes to.
    """
    pairs = {n: kind for n, kind in given.items() if holds_pair(function.typeof(n), kind)}
    return _Outer(*kept_apart(function, pairs), writes).run()


class _Outer(Pairs):
    def __init__(self, function: Function, given: Mapping[str, Any], writes: Writes) -> None:
        super().__init__(function, given, writes)
        # The names of u and v; where the array itself is needed too.
        self.factor: dict[str, Pair] = {}
        self.needed: set[str] = set()
        self.out: list[Stmt] = []
        self.fresh = 0

    def run(self) -> Function:
        names = [p for p in self.function.params if p in self.given]
        for _ in range(2):  # the first time tells which arrays are needed
            self.out, self.factor, self.fresh = [], {}, 0
            for name in names:
                self.after_binding(name, NOWHERE)
            body = (*self.out, *self.block(self.function.body))
        return replace(self.function, body=body, types=self.types)

    def pair_of(self, expr: Expr) -> Pair | None:
        return self.factor.get(expr.name) if isinstance(expr, Var) else None

    # --- statements ----------------------------------------------------------------------------

    def block(self, block: Block) -> Block:
        outside, self.out = self.out, []
        for stmt in block:
            inner = blocks(stmt)
            bare = with_blocks(stmt, tuple(() for _ in inner)) if inner else stmt
            if isinstance(stmt, Let):
                self.let(stmt)
                continue
            bare = map_exprs(self.rewritten, bare)
            # What this statement still needs stands in `out` already; now what is inside it.
            changed = tuple(self.block(b) for b in inner)
            self.out.append(with_blocks(bare, changed) if inner else bare)
        result, self.out = tuple(self.out), outside
        return result

    def let(self, stmt: Let) -> None:
        target, value, span = stmt.target, stmt.value, stmt.span
        if self.taken(value) is not None:
            self.out.append(stmt)
            self.after_binding(target, span)
            return
        found = self.factors(value)
        if target in self.pairs:
            assert found is not None, target
            self.bind(target, found, span)
            self.after_binding(target, span)
        elif found is not None:
            self.form(target, self.dense[target], found, span)
        elif isinstance(value, Op) and is_product(value) and any(map(self.pair_of, value.args)):
            self.timesvector_type(target, value, span)
        else:
            self.out.append(replace(stmt, value=self.rewritten(value)))

    def after_binding(self, name: str, span: Span) -> None:
        """Take a pair that came as a tuple apart; make the array where somebody needs it."""
        whole = self.types.get(name)
        if name in self.pairs and is_tuple(whole):
            parts = tuple(Op("getitem", (Var(name), Lit(k))) for k in range(2))
            self.bind(name, (parts[0], parts[1]), span)
        if name not in self.needed:
            return
        if name in self.pairs:
            self.form(_full(name), self.dense[name], self.factor[name], span)
        else:
            made = self.formed(Var(name), self.dense[name], whole, span)
            self.out.append(Let(_full(name), made, span))
            self.types[_full(name)] = self.dense[name]

    def formed(self, place: Expr, want: Any, have: Any, span: Span) -> Expr:
        """A tangent with its pairs as arrays; `want` and `have` are the types of both."""
        if is_pair(want, have):
            name = self.new(want)
            parts = (Op("getitem", (place, Lit(0))), Op("getitem", (place, Lit(1))))
            self.form(name, want, parts, span)
            return Var(name)
        if not holds_pair(want, have):
            return place
        whole = self.new(have)
        self.out.append(Let(whole, place, span))
        entries = tuple(
            self.formed(Op("getitem", (Var(whole), Lit(k))), w, h, span)
            for k, (w, h) in enumerate(zip(want, have))
        )
        cls = getattr(want, "instance_class", None)
        return Op("tuple", entries, () if cls is None else (("class", cls),))

    def bind(self, name: str, found: Pair, span: Span) -> None:
        """Give the vectors of a pair names, unless they have some that stay."""
        kept = []
        for letter, value in zip("uv", found):
            if isinstance(value, Var) and self.bound[value.name] <= 1 and self.bound[name] == 1:
                kept.append(value)
                continue
            vector = letter + name[1:] if name.startswith("d:") else self.new(None)
            self.types[vector] = vector_type(self.dense[name])
            self.out.append(Let(vector, value, span))
            self.bound[vector] = self.bound[name]
            kept.append(Var(vector))
        self.factor[name] = (kept[0], kept[1])

    def new(self, kind: Any) -> str:
        self.fresh += 1
        name = f"%u{self.fresh}"
        self.types[name] = kind
        return name

    # --- values --------------------------------------------------------------------------------

    def factors(self, value: Expr) -> Pair | None:
        """The vectors of a value that is an outer product."""
        if isinstance(value, Var):
            return self.pair_of(value)
        if not isinstance(value, Op) or not value.args:
            return None
        pair = self.pair_of(value.args[0])
        if pair is not None and value.fn == "getitem":
            index = value.args[1:]
            short = len(index) <= self.ndim(value.args[0]) - 2 and self.are_numbers(index)
            return _both(pair, lambda e: Op("getitem", (e, *index))) if short else None
        if pair is not None and value.fn == "stretch":
            shape = value.args[1]
            assert isinstance(shape, Op)
            *front, rows, columns = shape.args
            sizes = [Op("tuple", (*front, n)) for n in (rows, columns)]
            return Op("stretch", (pair[0], sizes[0])), Op("stretch", (pair[1], sizes[1]))
        if pair is not None and is_transposed(value) and self.ndim(value.args[0]) == 2:
            return pair[1], pair[0]
        if is_product(value) and all(self.ndim(a) == 2 for a in value.args):
            left, right = value.args
            if pair is not None:
                return pair[0], replace(value, args=(pair[1], right))
            pair = self.pair_of(right)
            if pair is not None:
                return replace(value, args=(left, pair[0])), pair[1]
        return None

    def timesvector_type(self, target: str, value: Op, span: Span) -> None:
        """The product of a pair and a vector: one of its vectors times a number."""
        left, right = value.args
        pair = self.pair_of(left)
        if pair is not None:
            stays, meets = pair[0], (pair[1], right)
        else:
            pair = self.pair_of(right)
            assert pair is not None
            stays, meets = pair[1], (left, pair[0])
        kind = self.dense[target]
        number = self.new(kind.dtype)
        self.out.append(Let(number, replace(value, args=meets), span))
        vector = self.named(stays, kind, span)
        size = shape_of(vector.name, 0, 1)
        self.fill(target, kind, (size,), Op("mul", (_at(vector, _INDEX[:1]), Var(number))), span)

    def form(self, name: str, kind: Any, pair: Pair, span: Span) -> None:
        """Make the array that a pair stands for."""
        u, v = (self.named(e, vector_type(kind), span) for e in pair)
        short = kind.ndim - 1
        front = (shape_of(u.name, axis, short) for axis in range(short))
        sizes = (*front, shape_of(v.name, short - 1, short))
        self.fill(name, kind, sizes, _element((u, v), _INDEX[: kind.ndim]), span)

    def fill(self, name: str, kind: Any, sizes: Index, value: Expr, span: Span) -> None:
        """An array of these sizes, with `value` at every index."""
        self.types[name] = kind
        made = Op("empty", (Op("tuple", sizes), Lit(kind.dtype.name)), (("owned", True),))
        self.out.append(Let(name, made, span))
        body: Block = (Store(name, _INDEX[: kind.ndim], value, span),)
        for letter, size in reversed(list(zip(_LETTERS, sizes))):
            body = (Nest(letter, size, body, span),)
        self.out.extend(body)

    def named(self, vector: Expr, kind: Any, span: Span) -> Var:
        if isinstance(vector, Var):
            return vector
        name = self.new(kind)
        self.out.append(Let(name, vector, span))
        return Var(name)

    def rewritten(self, expr: Expr) -> Expr:
        """An expression that reads elements of pairs, passes pairs to helpers, and else arrays."""
        if isinstance(expr, Var):
            if self.pair_of(expr) is not None or self.is_tuple_of_pairs(expr):
                self.needed.add(expr.name)
                return Var(_full(expr.name))
            return expr
        if not isinstance(expr, Op):
            return expr
        pair = self.pair_of(expr.args[0]) if expr.args else None
        if expr.fn == "getitem" and pair is not None:
            index = expr.args[1:]
            if len(index) == self.ndim(expr.args[0]) and self.are_numbers(index):
                return _element(pair, index)
        if expr.fn == "call":
            return replace(expr, args=tuple(map(self.passed, expr.args)))
        return replace(expr, args=tuple(map(self.rewritten, expr.args)))

    def passed(self, arg: Expr) -> Expr:
        """An argument of a helper, whose derivative takes pairs as well."""
        pair = self.pair_of(arg)
        if pair is not None:
            assert isinstance(arg, Var)
            return arg if is_tuple(self.types[arg.name]) else Op("tuple", pair)
        return arg if isinstance(arg, Ref) or self.is_tuple_of_pairs(arg) else self.rewritten(arg)


def _full(name: str) -> str:
    """The name of the array that a pair stands for."""
    return f"{name}%full"


def _element(pair: Pair, index: Index) -> Expr:
    *front, row, column = index
    return Op("mul", (_at(pair[0], (*front, row)), _at(pair[1], (*front, column))))


def _at(vector: Expr, index: Index) -> Expr:
    return Op("getitem", (vector, *index))


def _both(pair: Pair, change: Callable[[Expr], Expr]) -> Pair:
    return change(pair[0]), change(pair[1])
