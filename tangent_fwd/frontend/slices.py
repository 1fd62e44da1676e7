"""Lowering of slice objects: `s = slice(a, b)` is where it starts and stops, under two names.

Before:

>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> def f(x, n):
...     s = slice(1, n)
...     return x[s]

After:

>>> print(show(lower(parse(f))))
def f(x, n):
    s_start = 1
    s_stop = n
    %1 = x[s_start:s_stop]
    return %1
"""

from __future__ import annotations

import ast
from functools import cached_property
from typing import Any

from tangent_fwd.frontend.expressions import Expressions
from tangent_fwd.frontend.trees import own_nodes
from tangent_fwd.ir.nodes import Expr, Lit, Op, Var
from tangent_fwd.ir.walk import unused
from tangent_fwd.source import Span

_PLACES = ("start", "stop", "step")


class Slices(Expressions):
    """Names of slices, and slices in subscripts."""

    @cached_property
    def slices(self) -> dict[str, tuple[Expr, ...]]:
        """The names that are bound to slices only, and the three places of each."""
        nodes = list(ast.walk(self.function.node))  # with comprehensions, which bind anew
        bound = [n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        given: dict[str, list[list[ast.expr]]] = {}
        for node in own_nodes(self.function.node):
            parts = self.bounds_of(node.value) if isinstance(node, ast.Assign) else None
            if parts is not None and isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        given.setdefault(target.id, []).append(parts)
        taken = {n.id for n in nodes if isinstance(n, ast.Name)} | {*self.function.params}
        return {
            word: tuple(
                Lit(None) if all(map(_is_none, parts)) else Var(unused(f"{word}_{place}", taken))
                for place, parts in zip(_PLACES, zip(*all_parts))
            )
            for word, all_parts in given.items()
            if bound.count(word) == len(all_parts) and word not in self.function.params
        }

    def bounds_of(self, node: ast.expr) -> list[ast.expr] | None:
        """Start, stop and step of a call of `slice`; None for anything else."""
        if not isinstance(node, ast.Call) or self.resolve(node.func) is not slice:
            return None
        if node.keywords or not 1 <= len(node.args) <= 3:
            return None
        none = ast.copy_location(ast.Constant(None), node)
        parts = [none, *node.args] if len(node.args) == 1 else list(node.args)
        return [*parts, none][:3]

    def is_slice(self, node: ast.Assign) -> bool:
        """Whether names are bound to a slice, which is done here."""
        words = [t.id for t in node.targets if isinstance(t, ast.Name) and t.id in self.slices]
        parts = self.bounds_of(node.value)
        if parts is None or len(words) < len(node.targets):
            return False
        for place, part in enumerate(parts):
            if _is_none(part) and any(isinstance(self.slices[w][place], Var) for w in words):
                message = f"this slice has no {_PLACES[place]}, and another of the name has one"
                self.refuse(node.value, message, "write numbers in both")
            value = self.atom(part)
            for word in words:
                self.locals.discard(word)
                name = self.slices[word][place]
                if isinstance(name, Var):
                    self.let(name.name, value)
        return True

    def index_entry(self, node: ast.expr) -> Expr:
        if isinstance(node, ast.Name) and node.id in self.slices:
            return Op("slice", self.slices[node.id], (), Span.of(node))
        parts = self.bounds_of(node)
        if parts is not None:
            return Op("slice", tuple(map(self.atom, parts)), (), Span.of(node))
        known: Any = self.resolve(node)
        if isinstance(known, slice):
            places = (Lit(getattr(known, place)) for place in _PLACES)
            return Op("slice", tuple(places), (), Span.of(node))
        return super().index_entry(node)

    def on_Name(self, node: ast.Name) -> Expr:
        if node.id in self.slices:
            advice = f"`x[{node.id}]`, or `{node.id}.start`"
            self.refuse(node, f"`{node.id}` is a slice, which stands in subscripts only", advice)
            return Lit(0)
        return super().on_Name(node)

    def on_Attribute(self, node: ast.Attribute) -> Expr:
        if isinstance(node.value, ast.Name) and node.attr in _PLACES:
            if node.value.id in self.slices:
                return self.slices[node.value.id][_PLACES.index(node.attr)]
        return super().on_Attribute(node)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
