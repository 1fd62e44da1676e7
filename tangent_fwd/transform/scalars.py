"""Equations of numbers: the tangent as a sum over the leaves of a statement, or by its row."""

from __future__ import annotations

import re

from tangent_fwd.analysis.activity import Activity
from tangent_fwd.ir import build
from tangent_fwd.ir.build import MaybeZero
from tangent_fwd.ir.nodes import Expr, Function, Let, Op, Var
from tangent_fwd.ir.walk import map_expr, subexpressions, substitute, variables
from tangent_fwd.source import Span
from tangent_fwd.transform.calls import Calls, CallTangent
from tangent_fwd.transform.formula import Formula
from tangent_fwd.transform.partials import OUT


class Scalars(Calls):
    """Puts the tangent of an elementwise equation beside it, lane by lane."""

    def __init__(
        self, function: Function, activity: Activity, lanes: int, call_tangent: CallTangent | None
    ) -> None:
        super().__init__(function, activity, lanes, call_tangent)
        self.carried: set[str] = set()  # what the loop around changes

    def elementwise(self, stmt: Let, value: Op) -> None:
        target, span = stmt.target, stmt.span
        out = Var(target)
        coefficients = self.gather(target, value) if self.gatherable(value) else []
        needs_out = self.reads_result(value, coefficients)
        read = [c for _, c in coefficients] if self.gatherable(value) else [value]
        uses_old = any(target in variables(e) for e in read)
        if needs_out and uses_old:
            # The old value is still needed beside the new one.
            self.fresh += 1
            kept = f"%o{self.fresh}"
            self.types[kept] = self.types[target]
            self.emit(kept, value, span, stmt.any_order)
            out = Var(kept)
            self.tangents(stmt, value, coefficients, out)
            self.emit(target, out, span)
            return
        if needs_out:
            self.out.append(stmt)
            self.tangents(stmt, value, coefficients, out)
        else:
            self.tangents(stmt, value, coefficients, out)
            self.out.append(stmt)

    def reads_result(self, value: Op, coefficients: list[tuple[str, Expr]]) -> bool:
        """Whether a partial of an equation uses its value."""
        if self.gatherable(value):
            return any(OUT.name in variables(c) for _, c in coefficients)
        return any("out" in _words(text) for text in self.row_of(value).expressions)

    def tangents(
        self, stmt: Let, value: Op, coefficients: list[tuple[str, Expr]], out: Var
    ) -> None:
        if coefficients or self.gatherable(value):
            self.combine(stmt, coefficients, out)
        else:
            self.by_rule(stmt, value, out)

    def by_rule(self, stmt: Let, value: Op, out: Var) -> None:
        """One equation by its row: selections, and partials that may be infinite."""
        row = self.row_of(value)
        found: list[Expr] = []
        shared: dict[int, Expr] = {}
        literal = Formula({}, self.dtype(stmt.target), "numpy").literal
        for k in self.lanes:
            if row.tangent is not None:
                total = self.formula(value, row, stmt.target, out, k).read(row.tangent)
            else:
                total = None
                for position, arg in enumerate(value.args):
                    direction = self.tangent_of(arg, k)
                    if direction is None:
                        continue
                    if position not in shared:
                        read = self.formula(value, row, stmt.target, out, None).read
                        partial = self.partial(value, row, position, read) or literal(0.0)
                        shared[position] = self.shared(partial, stmt.span)
                    product = self.strong if row.strong_zero else build.mul
                    total = build.add(total, product(shared[position], direction))
            found.append(literal(0.0) if total is None else self.typed(total, stmt.target))
        for k, made in zip(self.lanes, found):
            self.emit(self.d(stmt.target, k), made, stmt.span)

    def shared(self, partial: Expr, span: Span) -> Expr:
        """A partial that several lanes use, or that is a choice, under a name; else what it calls
        twice.
        """
        if self.count > 1 or _chooses(partial):
            return self.name(partial, span)
        called = [e for e in subexpressions(partial) if isinstance(e, Op) and "." in e.fn]
        twice: dict[Expr, Expr] = {
            e: self.name(e, span) for e in dict.fromkeys(called) if called.count(e) > 1
        }
        return map_expr(lambda e: twice.get(e, e), partial)

    # --- gathering the partials of a statement ---------------------------------------------------

    def combine(self, stmt: Let, coefficients: list[tuple[str, Expr]], out: Var) -> None:
        """The tangent as a sum over leaves; what the loop carries comes last, so that the rest
        of the sum does not wait for it. A factor of every term stands once, before the sum.
        """
        target, span = stmt.target, stmt.span
        coefficients = [(leaf, substitute(c, {OUT.name: out})) for leaf, c in coefficients]
        own = [(leaf, c) for leaf, c in coefficients if leaf == target]
        rest = [(leaf, c) for leaf, c in coefficients if leaf != target]
        rest.sort(key=lambda pair: pair[0] in self.carried)
        one = Formula({}, self.dtype(target), "numpy").literal(1.0)
        plain = [(leaf, c) for leaf, c in rest if build.is_one(build.positive(c))]
        scaled = [(leaf, c) for leaf, c in rest if not build.is_one(build.positive(c))]
        factor, shorter = build.common_factor(scaled, one)
        if build.is_one(factor) or (self.count > 1 and build.is_power_of_two(factor)):
            plain, factor = [], one  # a power of two is cheaper in the shared coefficients
        else:
            rest = shorter
        if self.count > 1:
            own = [(leaf, self.name(c, span)) for leaf, c in own]
            rest = [(leaf, self.name(c, span)) for leaf, c in rest]
            factor = self.name(factor, span)
        zero = Formula({}, self.dtype(target), "numpy").literal(0.0)
        for k in self.lanes:
            total = build.mul(factor, self.weighted(rest, k))
            total = build.add(self.weighted(plain, k), total)
            for leaf, c in own:
                total = build.add(build.mul(c, Var(self.d(leaf, k))), total)
            self.emit(self.d(target, k), zero if total is None else total, span, stmt.any_order)

    def weighted(self, terms: list[tuple[str, Expr]], lane: int) -> MaybeZero:
        """The sum of coefficients times directions; a sign that all terms have stands before it."""
        negative = bool(terms) and all(build.positive(c) != c for _, c in terms)
        total: MaybeZero = None
        for leaf, c in terms:
            c = build.positive(c) if negative else c
            total = build.add(total, build.mul(c, Var(self.d(leaf, lane))))
        return build.neg(total) if negative else total


def _chooses(expr: Expr) -> bool:
    return any(isinstance(e, Op) and e.fn == "ifelse" for e in subexpressions(expr))


def _words(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z_]\w*", text))
