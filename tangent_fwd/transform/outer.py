"""Outer products: a direction `u vᵀ` of a matrix stays two factors.

The tangent of a matrix may be given as a pair (u, v), for the matrix u[i] * v[j]. Of an array with
more axes it is a pair for each matrix of a stack, u[k, i] * v[k, j], or, where v has one axis, one
pair for all its rows, u[k, i] * v[j], as of the matrix that it becomes by a reshape.
Such a tangent is never formed where it goes into a product (`X @ u vᵀ` is `(X @ u) vᵀ`, a
product with a vector instead of a matrix) or is read by elements; whatever else reads it gets
the array, made once.
A sum of r outer products is a pair as well, of matrices with r columns. It stays one in products;
its elements are r products each, so what reads them gets the array.

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

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tangent_fwd.analysis.alias import class_of, is_tuple
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
    Form,
    Pair,
    Pairs,
    Writes,
    form_of,
    holds_pair,
    is_pair,
    is_product,
    is_transposed,
    kept_apart,
    sizes_asked,
    vector_types,
)

Index = tuple[Expr, ...]
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
        kind = self.taken(value)
        if kind is not None and kind == self.types[target]:
            self.out.append(stmt)
            self.after_binding(target, span)
            return
        found = self.factors(value, span) if kind is None else None
        if kind is not None:  # bound elsewhere to what is none, or is one of another form
            value = self.named(value, kind, span)
            if target in self.pairs:
                found = _taken_apart(value, self.dense[target], kind)
            else:
                value = self.formed(value, self.dense[target], kind, span)
        if target in self.pairs:
            assert found is not None, target
            self.bind(target, found, span)
            self.after_binding(target, span)
        elif found is not None:
            self.form(target, self.dense[target], found, span)
        elif isinstance(value, Op) and is_product(value) and any(map(self.pair_of, value.args)):
            self.times_vector(target, value, span)
        else:
            self.out.append(replace(stmt, value=self.rewritten(value)))

    def after_binding(self, name: str, span: Span) -> None:
        """Take a pair that came as a tuple apart; make the array where somebody needs it."""
        whole = self.types.get(name)
        if name in self.pairs and is_tuple(whole):
            self.bind(name, _taken_apart(Var(name), self.dense[name], whole), span)
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
            self.form(name, want, _taken_apart(place, want, have), span)
            return Var(name)
        if not holds_pair(want, have):
            return place
        whole = self.new(have)
        self.out.append(Let(whole, place, span))
        entries = tuple(
            self.formed(Op("getitem", (Var(whole), Lit(k))), w, h, span)
            for k, (w, h) in enumerate(zip(want, have))
        )
        return Op("tuple", entries, class_of(want))

    def bind(self, name: str, found: Pair, span: Span) -> None:
        """Give the vectors of a pair names, unless they have some that stay: what is bound in a
        loop is another vector with the next turn, and this name may be read after that.
        """
        kept = []
        kinds = _factor_types(self.dense[name], found.form)
        first, second = found.vectors
        if second == Var(f"u{name[1:]}"):  # the variable becomes its own transpose
            second = Var(self.new(kinds[1]))
            self.out.append(Let(second.name, found.v, span))
        for letter, value, kind in zip("uv", (first, second), kinds):
            if isinstance(value, Var) and value.name in self.steady and self.bound[name] == 1:
                kept.append(value)
                continue
            vector = letter + name[1:] if name.startswith("d:") else self.new(None)
            self.types[vector] = kind
            self.out.append(Let(vector, value, span))
            self.bound[vector] = self.bound[name]
            if name in self.steady:
                self.steady.add(vector)
            kept.append(Var(vector))
        self.factor[name] = Pair(kept[0], kept[1], found.form)

    def new(self, kind: Any) -> str:
        self.fresh += 1
        name = f"%u{self.fresh}"
        self.types[name] = kind
        return name

    # --- values --------------------------------------------------------------------------------

    def factors(self, value: Expr, span: Span) -> Pair | None:
        """The factors of a value that is an outer product."""
        if isinstance(value, Var):
            return self.pair_of(value)
        if not isinstance(value, Op) or not value.args:
            return None
        pair = self.pair_of(value.args[0])
        if pair is not None and self.is_part(value):
            index, form = value.args[1:], pair.form
            if form is not Form.STACK:
                return Pair(_at(pair.u, index), pair.v, form)
            form = Form.SHARED if self.is_matrix(value) else form
            return Pair(_at(pair.u, index), _at(pair.v, index), form)
        if pair is not None and value.fn == "stretch":
            shape = value.args[1]
            assert isinstance(shape, Op)
            *front, rows, columns = shape.args
            behind = tuple(front) if pair.form is Form.STACK else pair.rank
            sizes = (*front, rows, *pair.rank), (*behind, columns)
            u, v = (Op("stretch", (e, Op("tuple", n))) for e, n in zip(pair.vectors, sizes))
            return Pair(u, v, pair.form)
        if pair is not None and is_transposed(value) and self.ndim(value.args[0]) == 2:
            if pair.form is Form.RANKED:
                return Pair(self.turned(pair.v, span), self.turned(pair.u, span), pair.form)
            return Pair(pair.v, pair.u, pair.form)
        if pair is not None and value.fn == "numpy.reshape":
            if pair.form is Form.STACK or not self.keeps_rows(value):
                return None
            shape = Op("tuple", (*sizes_asked(value)[:-1], *pair.rank))
            return Pair(replace(value, args=(pair.u, shape)), pair.v, pair.form)
        if is_product(value) and all(self.ndim(a) == 2 for a in value.args):
            left, right = value.args
            if pair is not None:
                return Pair(pair.u, replace(value, args=(pair.v, right)), pair.form)
            pair = self.pair_of(right)
            if pair is not None:
                return Pair(replace(value, args=(left, pair.u)), pair.v, pair.form)
        return None

    def turned(self, matrix: Expr, span: Span) -> Var:
        """The transpose of a factor, as an array in C's order like all factors."""
        assert isinstance(matrix, Var)
        name, (i, j) = self.new(None), _INDEX[:2]
        sizes = shape_of(matrix.name, 1, 2), shape_of(matrix.name, 0, 2)
        self.fill(name, self.types[matrix.name], sizes, _at(matrix, (j, i)), span)
        return Var(name)

    def times_vector(self, target: str, value: Op, span: Span) -> None:
        """The product of a pair and a vector: one of its vectors times a number, or for a ranked
        pair one of its matrices times a vector.
        """
        left, right = value.args
        first = pair = self.pair_of(left)
        if pair is not None:
            stays, meets = pair.u, (pair.v, right)
        else:
            pair = self.pair_of(right)
            assert pair is not None
            stays, meets = pair.v, (left, pair.u)
        kind = self.dense[target]
        if pair.form is Form.RANKED:
            met = self.named(replace(value, args=meets), kind, span)
            both = (met, stays) if first is None else (stays, met)
            self.out.append(Let(target, replace(value, args=both), span))
            return
        number = self.new(kind.dtype)
        self.out.append(Let(number, replace(value, args=meets), span))
        vector = self.named(stays, kind, span)
        size = shape_of(vector.name, 0, 1)
        self.fill(target, kind, (size,), Op("mul", (_at(vector, _INDEX[:1]), Var(number))), span)

    def form(self, name: str, kind: Any, pair: Pair, span: Span) -> None:
        """Make the array that a pair stands for."""
        kinds = _factor_types(kind, pair.form)
        u, v = (self.named(e, k, span) for e, k in zip(pair.vectors, kinds))
        front = (shape_of(u.name, axis, kinds[0].ndim) for axis in range(kind.ndim - 1))
        sizes = (*front, shape_of(v.name, kinds[1].ndim - 1, kinds[1].ndim))
        if pair.form is Form.RANKED:
            self.types[name] = kind
            self.out.append(Let(name, self.multiplied(u, v, sizes, span), span))
            return
        element = _element(Pair(u, v, pair.form), _INDEX[: kind.ndim])
        self.fill(name, kind, sizes, element, span)

    def multiplied(self, u: Var, v: Var, sizes: Index, span: Span) -> Expr:
        """The product of the factors of a ranked pair, as one of matrices."""
        if len(sizes) == 2:
            return Op("matmul", (u, v))
        flat, kind = Op("tuple", (Lit(-1), shape_of(v.name, 0, 2))), self.types[v.name]
        rows = self.named(Op("numpy.reshape", (u, flat)), kind, span)
        product = self.named(Op("matmul", (rows, v)), kind, span)
        return Op("numpy.reshape", (product, Op("tuple", sizes)))

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
            whole = len(index) == self.ndim(expr.args[0]) and self.are_numbers(index)
            if whole and pair.form is not Form.RANKED:
                return _element(pair, index)
        if expr.fn == "call" and dict(expr.keywords).get("pair"):
            return replace(expr, args=tuple(map(self.passed, expr.args)))
        return replace(expr, args=tuple(map(self.rewritten, expr.args)))

    def passed(self, arg: Expr) -> Expr:
        """An argument of a helper, whose derivative takes pairs as well."""
        pair = self.pair_of(arg)
        if pair is not None:
            assert isinstance(arg, Var)
            if is_tuple(self.types[arg.name]):
                return arg
            u, v = pair.vectors
            if pair.form is Form.RANKED:
                given = vector_types(self.dense[arg.name], pair.form)[1]
                v = self.named(_transposed(v), given, NOWHERE)
            return Op("tuple", (u, v))
        return arg if isinstance(arg, Ref) or self.is_tuple_of_pairs(arg) else self.rewritten(arg)


def _full(name: str) -> str:
    """The name of the array that a pair stands for."""
    return f"{name}%full"


def _element(pair: Pair, index: Index) -> Expr:
    *front, _, column = index
    behind = (*front, column) if pair.form is Form.STACK else (column,)
    return Op("mul", (_at(pair.u, index[:-1]), _at(pair.v, behind)))


def _at(vector: Expr, index: Index) -> Expr:
    return Op("getitem", (vector, *index))


def _transposed(matrix: Expr) -> Expr:
    return Op("attr", (matrix, Lit("T")))


def _factor_types(kind: Any, form: Form) -> tuple[Any, ...]:
    """The numba types of the factors of a pair, all in C's order; see `vector_types`."""
    return tuple(factor.copy(layout="C") for factor in vector_types(kind, form))


def _taken_apart(place: Expr, primal: Any, kind: Any) -> Pair:
    """The pair that is a tuple of this type."""
    form = form_of(primal, kind)
    u, v = (_at(place, (Lit(k),)) for k in range(2))
    return Pair(u, _transposed(v) if form is Form.RANKED else v, form)
