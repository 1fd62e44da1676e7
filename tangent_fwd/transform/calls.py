"""Calls: each of a helper becomes one of its derivative, and what has a program for its rule is
followed by a call of that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tangent_fwd.analysis.activity import Activity
from tangent_fwd.ir import build
from tangent_fwd.ir.nodes import Expr, Function, Let, Lit, Op, Ref, Var
from tangent_fwd.ir.walk import variables
from tangent_fwd.rules import Rule
from tangent_fwd.source import Span
from tangent_fwd.transform.shadows import Shadows

# How a call of a helper is replaced: (call, active arguments) -> the derivative to call.
CallTangent = Callable[[Op, tuple[bool, ...]], Ref]


class Calls(Shadows):
    """What is written for calls, and names for what is computed on the way."""

    def __init__(
        self, function: Function, activity: Activity, lanes: int, call_tangent: CallTangent | None
    ) -> None:
        super().__init__(function, activity, lanes)
        self.call_tangent = call_tangent
        self.fresh = 0

    def name(self, value: Expr, span: Span) -> Expr:
        """The value itself if it is an atom, else a new name for it; a sign stays outside, so
        that sums are written with it.
        """
        if not isinstance(value, Op):
            return value
        if value.fn == "neg":
            return Op("neg", (self.name(value.args[0], span),))
        if value.fn == "truediv" and build.is_one(value.args[0]):
            return value  # each lane divides, as a single one does: the same bits
        self.fresh += 1
        target = f"%p{self.fresh}"
        self.emit(target, value, span)
        return Var(target)

    # --- helpers -------------------------------------------------------------------------------

    def helper(self, op: Op) -> Op:
        """The call of a helper's derivative: its arguments, then their tangents. A helper that
        moves nothing, since it gives a count, say, and writes nowhere, is called as it is.
        """
        flags = tuple(self.active(a) for a in op.args[1:])
        if not any(flags):
            return op
        moves, _, written = self.activity.call_activity(op, flags)
        if not moves and not written:
            return op
        assert self.call_tangent is not None
        ref = self.call_tangent(op, flags)
        tangents = tuple(
            Var(self.d(a.name, k))
            for a, f in zip(op.args[1:], flags)
            for k in self.lanes
            if f and isinstance(a, Var)
        )
        return Op("call", (ref, *op.args[1:], *tangents), (("pair", True),), op.span)

    def call(self, stmt: Let, value: Op) -> None:
        made = self.helper(value)
        if made is value:
            self.out.append(stmt)
            if stmt.target in self.activity.names:
                for k in self.lanes:
                    zero = self.zero(Var(stmt.target), self.types[stmt.target])
                    self.emit(self.d(stmt.target, k), zero, stmt.span)
            return
        result = self.name(made, stmt.span)
        assert isinstance(result, Var)
        self.types[result.name] = self.pair_type(self.types[stmt.target])
        self.emit(stmt.target, Op("getitem", (result, Lit(0))), stmt.span)
        if stmt.target in self.activity.names:
            lanes = Op("getitem", (result, Lit(1)))
            for k in self.lanes:
                one = lanes if self.count == 1 else Op("getitem", (lanes, Lit(k)))
                self.emit(self.d(stmt.target, k), one, stmt.span)

    def pair_type(self, value: Any) -> Any:
        """The type of `(value, tangent)`; it tells which memory what is taken from it may share."""
        from numba.core import types

        lanes = value if self.count == 1 else types.UniTuple(value, self.count)
        return types.Tuple((value, lanes))

    # --- rules that are programs ---------------------------------------------------------------

    def custom(self, stmt: Let, value: Op, row: Rule) -> None:
        """The value, then for each lane a call of the function that computes its tangent."""
        out = Var(stmt.target)
        if stmt.target in variables(value):
            # The old value is still needed beside the new one.
            self.fresh += 1
            out = Var(f"%o{self.fresh}")
            self.types[out.name] = self.types[stmt.target]
            self.emit(out.name, value, stmt.span)
        else:
            self.out.append(stmt)
        for k in self.lanes:
            self.emit(self.d(stmt.target, k), self.by_program(value, row, out, k), stmt.span)
        if out.name != stmt.target:
            self.emit(stmt.target, out, stmt.span)

    def by_program(self, op: Op, row: Rule, out: Var, lane: int) -> Op:
        """The call of a custom rule: what it asks for, None for the tangents that are zero."""
        assert row.function is not None
        given: dict[str, Expr] = {"out": out}
        for name, arg in zip(row.args, op.args):
            given[name], given[f"d_{name}"] = arg, self.tangent_of(arg, lane) or Lit(None)
        args = tuple(given[name] for name in row.parameters)
        ref = Ref(row.function.__name__, row.function)
        return Op("call", (ref, *args), (("shares", ()), ("rule", True)), op.span)
