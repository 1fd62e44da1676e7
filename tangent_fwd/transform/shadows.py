"""Where tangents are kept: beside each value one of the same build, for arrays, tuples and lists.

What is done to the build of a value (a view, an element, a longer list) is done to its tangents.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tangent_fwd.analysis.activity import GROWS, Activity, holds_float, is_complex
from tangent_fwd.analysis.alias import has_array, is_array, is_list, is_tuple
from tangent_fwd.errors import UnsupportedFunction
from tangent_fwd.ir.nodes import Expr, Function, Let, Lit, Op, Stmt, Var
from tangent_fwd.source import Span
from tangent_fwd.transform.partials import Partials


class Shadows(Partials):
    """Zeros, and the operations that move values without changing them."""

    def __init__(self, function: Function, activity: Activity, lanes: int) -> None:
        super().__init__(function, activity, lanes)
        self.lanes = range(lanes)
        self.out: list[Stmt] = []

    def emit(self, target: str, value: Expr, span: Span, any_order: bool = False) -> None:
        self.out.append(Let(target, value, span, any_order))

    def zero(self, expr: Expr, kind: Any) -> Expr:
        """A stored zero of the shape of a value, where something must stand."""
        if is_array(kind):
            return Op("numpy.zeros_like", (expr,))
        if is_list(kind):
            if has_array(kind.dtype) or is_tuple(kind.dtype):
                raise UnsupportedFunction(
                    f"`{self.function.name}`: a list of arrays, lists or tuples stands where its "
                    "tangent is zero; make it in the function that needs it, from active values"
                )
            zero = self.zero(Lit(0.0), kind.dtype)
            return Op("repeated", (Op("builtins.len", (expr,)), zero))
        if is_tuple(kind):
            entries = tuple(
                self.zero(Op("getitem", (expr, Lit(k))), t) if holds_float(t) else Lit(0)
                for k, t in enumerate(kind)
            )
            cls = getattr(kind, "instance_class", None)
            return Op("tuple", entries, () if cls is None else (("class", cls),))
        if is_complex(kind):
            return Lit(0j)
        return Lit(0.0, "float32" if str(kind) == "float32" else None)

    def solid(self, expr: Expr, lane: int, kind: Any = None) -> Expr:
        found = self.tangent_of(expr, lane)
        if found is not None:
            return found
        if isinstance(expr, Var):
            kind = self.types.get(expr.name)
        return self.zero(expr, kind)

    def changes_list(self, value: Expr) -> bool:
        """Whether an operation changes a list that has a list of tangents beside it."""
        if not isinstance(value, Op) or not value.fn.startswith("list."):
            return False
        return isinstance(value.args[0], Var) and self.shadowed(value.args[0].name)

    def shadowed(self, name: str) -> bool:
        """Whether the tangent of a variable is made here."""
        return name in self.activity.names

    def beside(self, value: Op, lane: int) -> Op:
        """The same change of the list of tangents; places stay what they are."""
        first, *rest = value.args
        last = [self.solid(rest.pop(), lane)] if value.fn in GROWS else []
        return replace(value, args=(self.solid(first, lane), *rest, *last))

    def fresh_memory(self, stmt: Let, value: Op, kind: Any) -> None:
        """A value that is inactive by itself but shares a name or memory with active ones."""
        self.out.append(stmt)
        for k in self.lanes:
            made: Expr
            if value.fn in ("list", "repeated"):
                first = value.args[: value.fn == "repeated"]
                zeros = (self.zero(a, kind.dtype) for a in value.args[len(first) :])
                made = replace(value, args=(*first, *zeros))
            elif value.fn == "empty" and dict(value.keywords).get("owned"):
                made = value
            elif value.fn in ("empty", "zeros"):
                made = replace(value, fn="zeros")
            elif value.fn == "numpy.zeros" or value.fn == "numpy.zeros_like":
                made = value
            elif value.fn in ("numpy.empty", "numpy.ones"):
                made = replace(value, fn="numpy.zeros")
            elif value.fn in ("numpy.empty_like", "numpy.ones_like"):
                made = replace(value, fn="numpy.zeros_like")
            else:
                made = self.zero(Var(stmt.target), kind)
            self.emit(self.d(stmt.target, k), made, stmt.span)

    def structural(self, stmt: Let, value: Op) -> None:
        """Views, elements and tuples: the same operation on the tangents."""
        for k in self.lanes:
            if value.fn in ("tuple", "list"):
                made = replace(value, args=tuple(self.solid(a, k) for a in value.args))
            elif value.fn == "repeated":
                first, *rest = value.args
                made = replace(value, args=(first, *(self.solid(a, k) for a in rest)))
            else:
                base = self.solid(value.args[0], k)
                made = replace(value, args=(base, *value.args[1:]))
            self.emit(self.d(stmt.target, k), made, stmt.span)
        self.out.append(stmt)
