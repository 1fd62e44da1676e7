"""Where tangents are kept: beside each value one of the same build, for arrays, tuples and lists.

What is done to the build of a value (a view, an element, a longer list) is done to its tangents.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from tangent_fwd.analysis.activity import GROWS, Activity, holds_float, is_complex
from tangent_fwd.analysis.alias import (
    MAKES,
    class_of,
    has_array,
    held,
    is_array,
    is_container,
    is_list,
    is_tuple,
)
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
        if is_list(kind) and not has_array(kind.dtype) and not is_tuple(kind.dtype):
            zero = self.zero(Lit(0.0), kind.dtype)
            return Op("repeated", (Op("builtins.len", (expr,)), zero))
        if is_container(kind):
            return Op("zeroed", (expr,), (("text", zeroed("{}", kind)),))
        if is_tuple(kind):
            entries = tuple(
                self.zero(Op("getitem", (expr, Lit(k))), t) if holds_float(t) else Lit(0)
                for k, t in enumerate(kind)
            )
            return Op("tuple", entries, class_of(kind))
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
        """Whether an operation changes a list or a dict that has one of tangents beside it."""
        if not isinstance(value, Op) or not value.fn.startswith("container."):
            return False
        return isinstance(value.args[0], Var) and self.shadowed(value.args[0].name)

    def shadowed(self, name: str) -> bool:
        """Whether the tangent of a variable is made here."""
        return name in self.activity.names

    def beside(self, value: Op, lane: int) -> Op:
        """The same change of the one with the tangents; places and keys stay what they are."""
        first, *rest = value.args
        last = [self.solid(rest.pop(), lane)] if value.fn in GROWS else []
        return replace(value, args=(self.solid(first, lane), *rest, *last))

    def fresh_memory(self, stmt: Let, value: Op, kind: Any) -> None:
        """A value that is inactive by itself but shares a name or memory with active ones."""
        self.out.append(stmt)
        for k in self.lanes:
            made: Expr
            named = dict(value.keywords)
            if value.fn in MAKES:
                made = self.made(value, lambda a: self.zero(a, held(kind)))
            elif value.fn == "emptied" or (value.fn == "empty" and named.get("owned")):
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

    def made(self, value: Op, tangent: Callable[[Expr], Expr]) -> Op:
        """The same tuple, list or dict of tangents: lengths and keys stay what they are."""
        args = list(value.args)
        first, step = {"repeated": (1, 1), "dict": (1, 2)}.get(value.fn, (0, 1))
        args[first::step] = map(tangent, args[first::step])
        return replace(value, args=tuple(args))

    def structural(self, stmt: Let, value: Op) -> None:
        """Views, elements and tuples: the same operation on the tangents."""
        for k in self.lanes:
            if value.fn == "tuple" or value.fn in MAKES:
                made = self.made(value, partial(self.solid, lane=k))
            else:
                base = self.solid(value.args[0], k)
                made = replace(value, args=(base, *value.args[1:]))
            self.emit(self.d(stmt.target, k), made, stmt.span)
        self.out.append(stmt)


def zeroed(name: str, kind: Any, depth: int = 0) -> str:
    """The text of zeros for a value called `name`: `[np.zeros_like(a) for a in xs]`."""
    if is_array(kind):
        return f"np.zeros_like({name})"
    if is_container(kind):
        key, each, inner = f"key{depth or ''}", f"each{depth or ''}", held(kind)
        if is_list(kind):
            return f"[{zeroed(each, inner, depth + 1)} for {each} in {name}]"
        return f"{{{{{key}: {zeroed(f'{name}[{key}]', inner, depth + 1)} for {key} in {name}}}}}"
    if is_tuple(kind):
        places = (zeroed(f"{name}[{k}]", part, depth) for k, part in enumerate(kind))
        return f"({', '.join(places)},)"
    if not holds_float(kind):
        return "0"
    return "0j" if is_complex(kind) else "np.float32(0.0)" if str(kind) == "float32" else "0.0"
