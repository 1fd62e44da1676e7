"""Pairs: which tangents may stay two factors instead of becoming a matrix."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from tangent_fwd.analysis.alias import Aliases, is_array, is_tuple
from tangent_fwd.analysis.shapes import axis_of
from tangent_fwd.errors import Diagnostic
from tangent_fwd.ir.nodes import Expr, For, Function, Let, Lit, Op, Store, Var, While
from tangent_fwd.ir.walk import assigned, bindings, blocks, own_exprs, statements, subexpressions
from tangent_fwd.rules import rule
from tangent_fwd.source import NOWHERE, Span

Writes = Callable[[Op], tuple[int, ...]]


class Form(IntEnum):
    """What the factors of an outer product look like, for an array of shape (*front, m, n).

    STACK: u of shape (*front, m) and v of shape (*front, n), a pair for each matrix of a stack.
    SHARED: v of shape (n,), the same for all rows; a matrix alone counts as this.
    RANKED: u of shape (*front, m, r) and v of shape (n, r), the sum of r products with shared v.
    """

    STACK = 0
    SHARED = 1
    RANKED = 2


@dataclass(frozen=True)
class Pair:
    """The factors of an outer product; those of a ranked one multiply to it: `v` is transposed."""

    u: Expr
    v: Expr
    form: Form

    @property
    def vectors(self) -> tuple[Expr, Expr]:
        """Both, u first."""
        return self.u, self.v

    @property
    def rank(self) -> tuple[Expr, ...]:
        """The size of the axis along which the factors of a ranked pair meet; no other has one."""
        if self.form is not Form.RANKED:
            return ()
        return (Op("getitem", (Op("attr", (self.v, Lit("shape"))), Lit(0))),)


def is_pair(primal: Any, tangent: Any) -> bool:
    """Whether a tangent of this type stands for an outer product; both are numba types."""
    return is_array(primal) and is_tuple(tangent)


def holds_pair(primal: Any, tangent: Any) -> bool:
    """Whether a tangent of this type is or contains an outer product."""
    if is_tuple(primal):
        return is_tuple(tangent) and any(map(holds_pair, primal, tangent))
    return is_pair(primal, tangent)


def form_of(primal: Any, tangent: Any) -> Form:
    """The form of a pair, by the numbers of axes; numba types as well as arrays."""
    u, v = tangent
    if u.ndim == primal.ndim:
        return Form.RANKED
    return Form.SHARED if v.ndim == 1 else Form.STACK


def vector_types(kind: Any, form: Form) -> tuple[Any, Any]:
    """The numba types of the factors of a pair that stands for arrays of type `kind`.

    A ranked v is in Fortran's order: its transpose, which BLAS reads, is in C's.
    """
    u = kind.copy(ndim=kind.ndim - 1, layout="C", readonly=False)
    if form is Form.RANKED:
        return u.copy(ndim=kind.ndim), u.copy(ndim=2, layout="F")
    return u, u.copy(ndim=1) if form is Form.SHARED else u


def refused(
    function: Function, given: Mapping[str, Any], written: Sequence[str], node: ast.FunctionDef
) -> list[Diagnostic]:
    """Parameters whose tangent is a pair, which cannot take what is written to its matrix."""
    return [
        Diagnostic(
            "activity",
            f"`{name}` is written to, so its tangent cannot be an outer product",
            Span.of(node),
            help="pass an array as its tangent",
        )
        for name in written
        if any(
            holds_pair(function.typeof(tangent), kind)
            for tangent, kind in given.items()
            if tangent.rsplit(":", 1)[-1] == name
        )
    ]


def kept_apart(function: Function, given: Mapping[str, Any]) -> tuple[Function, Mapping[str, Any]]:
    """A parameter that is bound again gets a name of its own: there it may be no pair."""
    bound = bindings(function)
    names = {p: f"{p}%given" for p in given if bound[p] > 1}
    head = tuple(Let(p, Var(new), NOWHERE) for p, new in names.items())
    types = {**function.types, **{new: function.types[p] for p, new in names.items()}}
    params = tuple(names.get(p, p) for p in function.params)
    renamed = replace(function, params=params, body=(*head, *function.body), types=types)
    return renamed, {names.get(p, p): kind for p, kind in given.items()}


class Pairs:
    """The pairs of one program of values and tangents."""

    def __init__(self, function: Function, given: Mapping[str, Any], writes: Writes) -> None:
        self.function = function
        self.given = given
        self.writes = writes
        self.dense = function.types
        self.types: dict[str, Any] = {**function.types, **self.given}
        self.bound = bindings(function)
        self.values: dict[str, list[Expr]] = {}
        self.fixed: dict[str, Expr] = {}
        for stmt in statements(function.body):
            if isinstance(stmt, Let):
                self.values.setdefault(stmt.target, []).append(stmt.value)
                if self.bound[stmt.target] == 1:
                    self.fixed[stmt.target] = stmt.value
        # What is the same array all the time; in a loop another may come with the next turn.
        loops = (s for s in statements(function.body) if isinstance(s, (For, While)))
        turning = {name for loop in loops for b in blocks(loop) for name in assigned(b)}
        self.steady = {name for name, count in self.bound.items() if count == 1} - turning
        self.pass_on_tuples()
        self.pairs = dict(sorted(self.find_pairs()))

    def pass_on_tuples(self) -> None:
        """The types of what is taken out of tuples that hold pairs, whenever it is bound."""
        for target, values in self.values.items():
            first, *rest = map(self.taken, values)
            if first is not None and all(kind == first for kind in rest):
                self.types[target] = first

    def taken(self, value: Expr) -> Any:
        """The type of what is taken out of a tuple that holds pairs, an element or several, or of
        such a tuple; else None.
        """
        if isinstance(value, Var):
            return self.types[value.name] if self.is_tuple_of_pairs(value) else None
        if not isinstance(value, Op) or value.fn not in ("getitem", "attr"):
            return None
        whole, place = value.args[:2]
        if not (isinstance(whole, Var) and self.is_tuple_of_pairs(whole)):
            return None
        kind = self.types[whole.name]
        if isinstance(place, Op) and place.fn == "slice":
            return _cut(kind, place)
        if not isinstance(place, Lit):
            return kind[0] if len(set(kind)) == 1 else None
        return kind[kind.fields.index(place.value) if value.fn == "attr" else place.value]

    def is_tuple_of_pairs(self, expr: Expr) -> bool:
        if not isinstance(expr, Var) or expr.name not in self.dense:
            return False
        primal, mine = self.dense[expr.name], self.types[expr.name]
        return is_tuple(primal) and holds_pair(primal, mine)

    def find_pairs(self) -> set[tuple[str, Form]]:
        """The largest set of arrays that are pairs whenever they are bound, and never stored to;
        each with its form, which has to be the same whenever it is bound. What comes as a pair is
        no array, so what is stored to another array of its name goes by it.
        """
        aliases = Aliases(self.function)
        everything = list(statements(self.function.body))
        ours = {s.target for s in everything if isinstance(s, Let) and _is_ours(s.value)}
        stores = {aliases.find(s.array) for s in everything
                  if isinstance(s, Store) and s.array not in ours}  # fmt: skip
        written = self.written_by_helpers()
        found = {
            (name, form) for name, kind in self.dense.items() for form in Form
            if is_array(kind) and kind.ndim >= (3 if form is Form.STACK else 2) and name not in ours
            and (aliases.find(name) not in stores or is_pair(kind, self.types[name]))
            and (name in self.values or name in self.given)
            and (name not in self.given or form_of(kind, self.given[name]) is form)
            and name.rsplit(":", 1)[-1] not in written
        }  # fmt: skip
        while True:
            kept = {
                (n, form) for n, form in found
                if all(self.gives_pair(n, v, form, found) for v in self.values.get(n, ()))
                and (n in self.given or n not in self.function.params)
            }  # fmt: skip
            if kept == found:
                return found
            found = kept

    def written_by_helpers(self) -> set[str]:
        """The variables that a call writes to, and so to their tangents."""
        calls = (
            e for s in statements(self.function.body) for x in own_exprs(s)
            for e in subexpressions(x) if isinstance(e, Op) and e.fn == "call"
        )  # fmt: skip
        arguments = (op.args[1 + k] for op in calls for k in self.writes(op))
        return {arg.name for arg in arguments if isinstance(arg, Var)}

    def gives_pair(
        self, target: str, value: Expr, form: Form, pairs: set[tuple[str, Form]]
    ) -> bool:
        """Whether a value that is bound to a variable is an outer product of a form, if `pairs`
        are.
        """

        def pair(expr: Expr, form: Form = form) -> bool:
            return isinstance(expr, Var) and (expr.name, form) in pairs

        if isinstance(value, Var):
            return pair(value)
        if not isinstance(value, Op):
            return False
        kind = self.taken(value)
        if kind is not None:
            return is_tuple(kind) and form_of(self.dense[target], kind) is form
        first = value.args[0] if value.args else Lit(None)
        if self.is_part(value):
            whole = self.is_matrix(value) and form is Form.SHARED and pair(first, Form.STACK)
            return whole or pair(first)
        if value.fn == "stretch":
            return pair(first)
        if is_transposed(value):
            return pair(first) and self.ndim(first) == 2
        if value.fn == "numpy.reshape":
            return form is not Form.STACK and pair(first) and self.keeps_rows(value)
        # A derivative multiplies no two tangents, so the other factor is no pair in the end.
        return (
            is_product(value)
            and any(map(pair, value.args))
            and all(self.ndim(a) == 2 for a in value.args)
        )

    def is_part(self, value: Op) -> bool:
        """Whether a value is a matrix of a stack, or a smaller stack of them."""
        return (
            value.fn == "getitem"
            and len(value.args) - 1 <= self.ndim(value.args[0]) - 2
            and self.are_numbers(value.args[1:])
        )

    def is_matrix(self, part: Op) -> bool:
        """Whether such a part is one matrix."""
        return len(part.args) - 1 == self.ndim(part.args[0]) - 2

    def keeps_rows(self, value: Op) -> bool:
        """Whether a reshaped array has the rows that it had: its last axis is what it was."""
        array, sizes = value.args[0], sizes_asked(value)
        size = axis_of(sizes[-1], self.fixed) if len(sizes) > 1 else None
        return (
            isinstance(array, Var)
            and size is not None
            and size[1] in (-1, self.ndim(Var(size[0])) - 1)
            and self.rows_of(size[0]) == self.rows_of(array.name) in self.steady
        )

    def rows_of(self, name: str) -> str:
        """The array of which an array has all rows or some; a tangent is as long as its primal."""
        value: Expr | None = Var(name.rsplit(":", 1)[-1])
        while isinstance(value, Var) or (isinstance(value, Op) and self.is_part(value)):
            whole = value if isinstance(value, Var) else value.args[0]
            assert isinstance(whole, Var)
            name, value = whole.name, self.fixed.get(whole.name)
        return name

    def ndim(self, expr: Expr) -> int:
        kind = self.dense.get(expr.name) if isinstance(expr, Var) else None
        return int(getattr(kind, "ndim", 0))

    def are_numbers(self, index: tuple[Expr, ...]) -> bool:
        """Whether an index selects single places along its axes."""
        return all(
            (isinstance(e, Lit) and e.value is not None)
            or (isinstance(e, Var) and not is_array(self.dense.get(e.name)) and self.ndim(e) == 0)
            or (isinstance(e, Op) and e.fn in ("add", "sub", "mul"))
            for e in index
        )  # fmt: skip


def _cut(kind: Any, place: Op) -> Any:
    """The numba type of a slice of a tuple of this type, where its bounds are written out."""
    from numba.core import types

    bounds = [bound.value for bound in place.args if isinstance(bound, Lit)]
    known = len(bounds) == len(place.args)
    return types.BaseTuple.from_types(tuple(kind)[slice(*bounds)]) if known else None


def _is_ours(value: Expr) -> bool:
    return isinstance(value, Op) and bool(dict(value.keywords).get("owned"))


def is_product(value: Op) -> bool:
    """Whether a value is a product of matrices or vectors."""
    return rule(value.fn) is rule("matmul")


def sizes_asked(reshape: Op) -> tuple[Expr, ...]:
    """What `a.reshape((n, m))` or `a.reshape(n, m)` gives for the sizes of the axes."""
    first = reshape.args[1]
    return first.args if isinstance(first, Op) and first.fn == "tuple" else reshape.args[1:]


def is_transposed(value: Op) -> bool:
    """Whether a value is `a.T` or `np.transpose(a)`."""
    if value.fn == "attr":
        return value.args[1] == Lit("T")
    return value.fn == "numpy.transpose" and len(value.args) == 1
