"""Walks over dicts and sets, by a list of the keys that they have at the start.

Before:

>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> def f(x):
...     table = {1: x}
...     s = 0.0
...     for k, v in table.items():
...         s += k * v
...     return s

After:

>>> print(show(lower(parse(f))))
def f(x):
    table = dict(1, x)
    s = 0.0
    %1 = builtins.list(table)
    %2 = builtins.len(%1)
    for %3 in range(%2):
        %4 = %1[%3]
        k = %4
        v = table[%4]
        %5 = k * v
        s = s + %5
    return s
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tangent_fwd.frontend.calls import Calls
from tangent_fwd.frontend.containers import VIEWED
from tangent_fwd.ir.nodes import Expr, Lit, Op, Var
from tangent_fwd.source import Span


@dataclass(frozen=True)
class Walk:
    """How to go over something: in how many steps, and what each of them is given.

    `unrolled` where the steps differ in kind, so that each is written out.
    """

    length: Expr
    bind: Callable[[ast.expr, Expr], None]
    unrolled: bool = False


class Views(Calls):
    """`for k in d` and its like, and what every loop gives its names."""

    rebound: frozenset[str]  # names that the loop at hand binds

    def assign(self, target: ast.expr, value: Expr) -> None:
        raise NotImplementedError

    def held(self, value: Expr) -> Expr:
        """A value that the loop goes on with even where its body binds the name anew."""
        return self.name(value) if isinstance(value, Var) and value.name in self.rebound else value

    def give(self, target: ast.expr, value: Expr) -> None:
        """Bind the element; the step's own number may be what it is called already."""
        if isinstance(target, ast.Name):
            if value != Var(target.id):
                self.let(target.id, value)
        else:
            self.assign(target, self.name(value) if isinstance(value, Op) else value)

    def is_view(self, node: ast.expr) -> bool:
        """Whether an expression is `d.keys()`, `d.values()` or `d.items()`."""
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.args:
            return False
        return node.func.attr in VIEWED and self.resolve(node.func) is ...

    def viewed(self, node: ast.expr, word: str, span: Span) -> Walk:
        """`d.keys()`, `d.values()` and `d.items()`, by the keys that a dict has at the start."""
        held = self.held(self.atom(node))
        known = isinstance(node, ast.Name) and node.id in self.tables
        fields = None if known else getattr(self.kind(held), "fields", None)
        if fields is not None:
            return self.fields(held, fields, word, span)
        keys = self.name(Op("builtins.list", (held,), (), span))
        length = self.name(Op("builtins.len", (keys,), (), span))

        def bind(target: ast.expr, index: Expr) -> None:
            key = Op("getitem", (keys, index), (), span)
            if word == "keys":
                self.give(target, key)
                return
            place = self.name(key)
            self.give_item(target, place, Op("getitem", (held, place), (), span), word)

        return Walk(length, bind)

    def fields(self, held: Expr, fields: Sequence[str], word: str, span: Span) -> Walk:
        """The same of a dict that is a tuple with named fields."""

        def bind(target: ast.expr, index: Expr) -> None:
            assert isinstance(index, Lit)
            key = Lit(fields[index.value])
            if word == "keys":
                self.give(target, key)
                return
            self.give_item(target, key, Op("getitem", (held, index), (), span), word)

        return Walk(Lit(len(fields)), bind, unrolled=True)

    def give_item(self, target: ast.expr, key: Expr, value: Expr, word: str) -> None:
        """Bind a value, and with `items` its key before it."""
        if word == "items":
            if not (isinstance(target, ast.Tuple) and len(target.elts) == 2):
                self.refuse(target, "a loop over `items` binds two names")
                return
            self.give(target.elts[0], key)
            target = target.elts[1]
        self.give(target, value)
