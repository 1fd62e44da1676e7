"""Partials: rows of the rule table applied to equations, and gathered over whole statements.

The temporaries of one statement are not differentiated one by one: the partials of the statement
with respect to its leaves are collected first, as one would by hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tangent_fwd.analysis.activity import Activity, is_complex
from tangent_fwd.analysis.alias import is_array, is_tuple
from tangent_fwd.analysis.effects import calls
from tangent_fwd.ir import build
from tangent_fwd.ir.build import MaybeZero
from tangent_fwd.ir.nodes import Block, Expr, Function, Let, Lit, Op, Store, Var
from tangent_fwd.ir.walk import (
    assigned,
    map_expr,
    own_exprs,
    statements,
    substitute,
    variables,
)
from tangent_fwd.rules import Rule, power, rule
from tangent_fwd.transform.formula import Formula

# Of what dtype the parts of a complex number are.
_PARTS = {"complex128": "float64", "complex64": "float32"}

# Stands for the value of the equation at hand, which may be about to overwrite an operand.
OUT = Var("%out")


def shadow(name: str, lane: int, lanes: int) -> str:
    """The name of the tangent of a variable; `d::x` alone, `d:0:x` in the first of many lanes."""
    return f"d::{name}" if lanes == 1 else f"d:{lane}:{name}"


class Partials:
    """What is known of the equations of one function: types, activity, partial derivatives."""

    def __init__(self, function: Function, activity: Activity, lanes: int) -> None:
        self.function, self.activity = function, activity
        self.count = lanes
        self.types: dict[str, Any] = dict(function.types or {})
        reads = [n for s in statements(function.body) for e in own_exprs(s) for n in variables(e)]
        reads += [s.array for s in statements(function.body) if isinstance(s, Store)]
        self.reads = Counter(reads)
        self.bound = Counter(s.target for s in statements(function.body) if isinstance(s, Let))
        self.inner: dict[str, Let] = {}

    def d(self, name: str, lane: int) -> str:
        return shadow(name, lane, self.count)

    def active(self, expr: Expr) -> bool:
        return isinstance(expr, Var) and expr.name in self.activity.names

    def tangent_of(self, expr: Expr, lane: int) -> MaybeZero:
        """The tangent of an atom; None where it is zero."""
        if self.active(expr) and isinstance(expr, Var):
            return Var(self.d(expr.name, lane))
        return None

    def dtype(self, name: str) -> str:
        found = str(getattr(self.types.get(name), "name", "float64"))
        return _PARTS.get(found, found)

    def is_float32(self, expr: Expr) -> bool:
        return isinstance(expr, Var) and str(self.types.get(expr.name)) == "float32"

    # --- one equation --------------------------------------------------------------------------

    def row_of(self, op: Op) -> Rule:
        key, mixed = op.fn, self.is_complex(op)
        first = rule(key, mixed)
        if first is not None and first.names[0] == "pow":
            key = "pow"
            exponent = op.args[1]
            if isinstance(exponent, Lit):
                key = power(exponent.value, mixed)
            elif isinstance(exponent, Var) and "int" in str(self.types.get(exponent.name)):
                key = "pow.int"
        row = rule(key, mixed)
        assert row is not None
        return row

    def is_complex(self, expr: Expr) -> bool:
        """Whether complex numbers go into an expression."""
        return any(is_complex(self.types.get(name)) for name in variables(expr))

    def formula(self, op: Op, row: Rule, target: str, out: Expr, lane: int | None) -> Formula:
        names: dict[str, MaybeZero] = {"out": out}
        for arg, value in zip(row.args, op.args):
            names[arg] = value
            names[f"d_{arg}"] = None if lane is None else self.tangent_of(value, lane)
        namespace = "math" if op.fn.startswith("math.") else "numpy"
        return Formula(names, self.dtype(target), namespace)

    def partial(
        self, op: Op, row: Rule, position: int, read: Callable[[str], MaybeZero]
    ) -> MaybeZero:
        if row.names[0] == "pow.int" and isinstance(op.args[1], Lit):
            return self.integer_power(op.args[0], op.args[1].value, op, read("out"))
        return read(row.partials[position])

    def integer_power(self, x: Expr, n: int, op: Op, out: MaybeZero) -> MaybeZero:
        literal = Formula({}, "float32" if self.is_float32(x) else "float64", "numpy").literal
        if n == 0:
            return None
        if n == 1:
            return literal(1.0)
        if n < 0:  # numba raises where x ** (n - 1) is no number any more, and x ** n still is one
            return build.div(build.mul(literal(float(n)), out), x)
        below: Expr = x if n == 2 else Op("pow", (x, Lit(n - 1)), (), op.span)
        return build.mul(literal(float(n)), below)

    def strong(self, partial: Expr, direction: Expr) -> MaybeZero:
        """Partial times direction, zero where the direction is, whatever the partial is there."""
        return build.strong(partial, direction, Lit(0.0))

    def strongly(self, value: Op, lane: int) -> Expr:
        """The tangent of such a product. Where its direction is zero its partial does not matter,
        but the tangent of the direction does.
        """
        partial, direction = value.args
        bent, straight = (self.tangent_of(a, lane) for a in value.args)
        total = None if bent is None else self.strong(bent, direction)
        if straight is not None:
            total = build.add(total, self.strong(partial, straight))
        return Lit(0.0) if total is None else total

    # --- a whole statement ---------------------------------------------------------------------

    def gatherable(self, op: Op) -> bool:
        """Whether an operation has finite partials that may be multiplied together."""
        if op.fn in ("truediv", "numpy.divide"):
            return True
        row = rule(op.fn, self.is_complex(op))
        # What is drawn has a name of its own, so that it is drawn once.
        if row is None or row.kind != "elementwise" or calls(op):
            return False
        row = self.row_of(op)
        if row.names[0] == "pow.int" and isinstance(op.args[1], Lit):
            return True
        return row.tangent is None and not row.strong_zero

    def find_inner(self, block: Block) -> dict[str, Let]:
        """Temporaries that are differentiated as part of the one statement that uses them."""
        found: dict[str, Let] = {}
        place: dict[str, int] = {}
        for k, stmt in enumerate(block):
            if isinstance(stmt, Let):
                place[stmt.target] = k
        for k, stmt in enumerate(block):
            if not isinstance(stmt, Let) or not isinstance(stmt.value, Op):
                continue
            if not self.gatherable(stmt.value) or stmt.target not in self.activity.names:
                continue
            for arg in stmt.value.args:
                if not isinstance(arg, Var) or not arg.name.startswith("%"):
                    continue
                at = place.get(arg.name)
                if at is None or at >= k or arg.name not in self.activity.names:
                    continue
                made = block[at]
                assert isinstance(made, Let)
                if self.reads[arg.name] != 1 or self.bound[arg.name] != 1:
                    continue
                if not isinstance(made.value, Op) or not self.gatherable(made.value):
                    continue
                if self.dtype(arg.name) != self.dtype(stmt.target):
                    continue
                between = assigned(block[at:k])
                if set(variables(made.value)) & between:
                    continue
                found[arg.name] = made
        # What is inside something inside must not be rebound before the outermost use either.
        for k, stmt in enumerate(block):
            if isinstance(stmt, Let) and stmt.target not in found:
                self.keep_settled(block, k, stmt, found, place)
        return found

    def keep_settled(
        self, block: Block, k: int, stmt: Let, found: dict[str, Let], place: dict[str, int]
    ) -> None:
        pending = [n for n in variables(stmt.value) if n in found]
        while pending:
            name = pending.pop()
            at = place[name]
            read = set(variables(found[name].value))
            if read & assigned(block[at:k]) - set(found):
                del found[name]
                continue
            pending += [n for n in read if n in found]

    def gather(self, target: str, value: Op) -> list[tuple[str, Expr]]:
        """The active leaves under an equation, each with the partial of the whole."""
        found: dict[str, MaybeZero] = {}
        order: list[str] = []
        one = Formula({}, self.dtype(target), "numpy").literal(1.0)
        self.spread(target, OUT, value, one, found, order)
        return [(leaf, self.typed(c, target)) for leaf in order if (c := found[leaf]) is not None]

    def typed(self, expr: Expr, target: str) -> Expr:
        """The expression with its float literals in the dtype of `target`."""
        if self.dtype(target) != "float32":
            return expr
        return map_expr(
            lambda e: (
                replace(e, dtype="float32")
                if isinstance(e, Lit) and isinstance(e.value, float)
                else e
            ),
            expr,
        )

    def spread(
        self,
        target: str,
        out: Var,
        op: Op,
        adjoint: Expr,
        found: dict[str, MaybeZero],
        order: list[str],
    ) -> None:
        """Pass the partial of the whole with respect to `op` on to its arguments."""
        for position, arg in enumerate(op.args):
            if not self.active(arg) or not isinstance(arg, Var):
                continue
            if op.args.index(arg) != position:
                continue
            partial: MaybeZero = None
            for q, other in enumerate(op.args):
                if other == arg:
                    partial = build.add(partial, self.local(target, out, op, q, adjoint))
            if partial is None:
                continue
            inner = self.inner.get(arg.name)
            if inner is not None and isinstance(inner.value, Op):
                self.spread(arg.name, arg, inner.value, partial, found, order)
                continue
            if arg.name not in found:
                found[arg.name] = None
                order.append(arg.name)
            found[arg.name] = build.add(found[arg.name], partial)

    def local(self, target: str, out: Var, op: Op, position: int, adjoint: Expr) -> MaybeZero:
        """Adjoint * (partial of `op` in one argument)."""
        if op.fn in ("truediv", "numpy.divide"):
            if position == 1 and build.is_one(op.args[0]):
                return build.neg(build.mul(adjoint, build.mul(out, out)))
            over = build.div(adjoint, op.args[1])
            if position == 0:
                return over
            return build.neg(build.mul(over, out))
        row = self.row_of(op)
        read = self.formula(self.spelt(op), row, target, out, None).read
        return build.mul(adjoint, self.partial(op, row, position, read))

    def spelt(self, op: Op) -> Op:
        """The operation with multiples of a name, `0.5 * x`, in place of the temporaries that
        hold them, so that the partials of `0.5 * x * x` add up to x.
        """
        multiples = {n: m.value for n, m in self.inner.items() if _is_multiple(m.value)}
        return replace(op, args=tuple(substitute(a, multiples) for a in op.args))


def _is_multiple(value: Expr) -> bool:
    return isinstance(value, Op) and value.fn == "mul" and (
        isinstance(value.args[0], Lit) and isinstance(value.args[1], Var)
    )  # fmt: skip


def still(value: Expr, kind: Any) -> Expr:
    """The tangent of what holds no float: a zero for each number in it."""
    if is_tuple(kind):
        places = (Op("getitem", (value, Lit(k))) for k in range(len(kind)))
        return Op("tuple", tuple(map(still, places, kind)))
    if is_array(kind):
        return Op("numpy.zeros", (Op("attr", (value, Lit("shape"))),))
    return Lit(0.0)
