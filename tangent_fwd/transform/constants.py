"""Constants: what a function captured, and the classes it builds with, become names of the module.

Before:

>>> from tangent_fwd.ir.nodes import Return, Var
>>> from tangent_fwd.ir.show import show
>>> from tangent_fwd.source import Span
>>> rates = Ref("config.RATES", (0.5, 2.0))
>>> value = Op("mul", (Var("s"), Op("getitem", (rates, Var("k")))))
>>> function = Function("f", ("s", "k"), (Return(value, Span(1, 0, 1, 1)),))
>>> print(show(function))
def f(s, k):
    return s * config.RATES[k]

After:

>>> constants = Constants(lambda word: word.lower())
>>> print(show(constants.place(function)))
def f(s, k):
    return s * config_rates[k]
>>> constants.values
{'config_rates': (0.5, 2.0)}
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tangent_fwd.ir.nodes import Block, Expr, Function, Op, Raise, Ref, Stmt
from tangent_fwd.ir.walk import blocks, map_block, map_expr, with_blocks


class Constants:
    """The constants of one emitted module, each under a name that `unique` makes of its own."""

    def __init__(self, unique: Callable[[str], str]) -> None:
        self.unique = unique
        self.values: dict[str, Any] = {}
        self.names: dict[int, str] = {}

    def place(self, program: Function) -> Function:
        """The program with the names of its constants in their places."""

        def change(e: Expr) -> Expr:
            if isinstance(e, Ref) and e.value is not None:
                return self.named(e.name, e.value)
            cls = dict(e.keywords).get("class") if isinstance(e, Op) else None
            if isinstance(e, Op) and cls is not None:
                return Op("call", (self.named(cls.__name__, cls), *e.args))
            return e

        body = map_block(lambda x: map_expr(change, x), program.body)
        return replace(program, body=self.raised(body))

    def raised(self, block: Block) -> Block:
        """The block with the names of the exceptions that are classes of the user's."""
        out: list[Stmt] = []
        for stmt in block:
            if isinstance(stmt, Raise) and stmt.cls is not None:
                stmt = replace(stmt, exception=self.named(stmt.cls.__name__, stmt.cls).name)
            out.append(with_blocks(stmt, tuple(map(self.raised, blocks(stmt)))))
        return tuple(out)

    def named(self, name: str, value: Any) -> Ref:
        if id(value) not in self.names:
            word = self.unique("".join(c if c.isalnum() else "_" for c in name))
            self.names[id(value)] = word
            self.values[word] = value
        return Ref(self.names[id(value)], None)

    def classes(self) -> dict[str, type]:
        """The named tuples and exceptions among them."""
        return {name: value for name, value in self.values.items() if isinstance(value, type)}
