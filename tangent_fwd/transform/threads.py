"""Threads: loops that say `prange` keep the word where their rounds may run at the same time.

It is the last pass before the text, so what is judged is what runs, whatever the passes before
have moved, shared or named alike (`transform/races.py`). Any other such loop is one over `range`:
it gives the same numbers on one thread.

numba takes a sum that goes through all rounds only where one statement adds to it. Where there are
several, each round adds up on its own first.

Before:

>>> from tangent_fwd.analysis.infer import infer
>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> from tangent_fwd.transform.nest import nest
>>> import numba
>>> from numba import prange
>>> def f(x, y):
...     total = 0.0
...     for i in prange(x.size):
...         y[i] = x[i] * x[i]
...         total += x[i]
...         total -= y[i]
...     for i in prange(1, x.size):
...         y[i] += y[i - 1]
...     return total
>>> parsed = parse(f)
>>> before = nest(infer(lower(parsed), (numba.float64[::1],) * 2, parsed.source, None))

After:

>>> after, found = threads([before])
>>> print(show(after[0]))
def f(x, y):
    total = 0.0  # float64
    for i in prange(x.size):
        total_part = 0.0  # float64
        y[i] = x[i] * x[i]
        total_part = total_part + x[i]  # float64
        total_part = total_part - y[i]  # float64
        total = total + total_part  # float64
    for i in range(1, x.size):
        y[i] = y[i] + y[i - 1]
    return total
>>> found["serial"]
["line 7: `y` is written to, and not seen to be at a place of the round's own"]
"""

from __future__ import annotations

from dataclasses import replace

from tangent_fwd.analysis.alias import Aliases
from tangent_fwd.analysis.live import Interference
from tangent_fwd.ir.nodes import Block, Continue, Expr, For, Function, Let, Lit, Op, Stmt, Try, Var
from tangent_fwd.ir.walk import bindings, blocks, rename, statements, with_blocks
from tangent_fwd.source import NOWHERE
from tangent_fwd.transform.failing import failing
from tangent_fwd.transform.races import Kind, Known, Rounds, leaves, manners

Found = dict[str, list[str]]


def threads(
    functions: list[Function], taken: frozenset[str] = frozenset()
) -> tuple[list[Function], Found]:
    """The functions of a module, those that are called before those that call them, and what
    became of their loops: `parallel` and, with the reason, `serial`. New variables have none of
    the names `taken`.
    """
    known: Known = {}
    out: list[Function] = []
    found: Found = {"parallel": [], "serial": []}
    for function in functions:
        made = _Threads(function, known, found, taken, function is functions[-1]).run()
        known[function.name] = manners(made, known)
        out.append(made)
    return out, found


def on_one_thread(function: Function) -> Function:
    """The function with all its loops over `range`."""
    if not any(isinstance(s, For) and s.parallel for s in statements(function.body)):
        return function
    return replace(function, body=_serial(function.body))


def _serial(block: Block) -> Block:
    out: list[Stmt] = []
    for stmt in block:
        if isinstance(stmt, For):
            stmt = replace(stmt, parallel=False)
        out.append(with_blocks(stmt, tuple(map(_serial, blocks(stmt)))))
    return tuple(out)


class _Threads:
    def __init__(
        self,
        function: Function,
        known: Known,
        found: Found,
        taken: frozenset[str],
        is_entry: bool,
    ) -> None:
        self.function, self.known, self.found = function, known, found
        self.place = "line {}" if is_entry else f"line {{}} of `{function.name}`"
        self.mine = bindings(function)
        self.taken = set(self.mine) | taken
        self.confused: str | None = None
        self.types = dict(function.types or {})

    def run(self) -> Function:
        if not any(isinstance(s, For) and s.parallel for s in statements(self.function.body)):
            return self.function
        self.function = self.apart()
        self.types = dict(self.function.types or {})
        self.live = Interference(self.function)
        self.aliases = Aliases(self.function)
        return replace(self.function, body=self.block(self.function.body), types=self.types)

    def apart(self) -> Function:
        """The function without names that numba cannot tell apart in a loop that runs in threads:
        `total_2`, and its own second version of `total`.
        """
        names: dict[str, str] = {}
        for name in sorted(bindings(self.function)):
            base, _, number = name.rpartition("_")
            if not number.isdigit() or base not in self.mine:
                continue
            if name not in self.function.params:
                names[name] = self.unique(base + number)
            elif base not in self.function.params:
                names[base] = self.unique(base)
            elif self.mine[base] > 1:
                self.confused = f"numba does not tell `{name}` from a later `{base}`"
        types = {names.get(n, n): t for n, t in self.types.items()}
        return replace(self.function, body=rename(self.function.body, names), types=types)

    def unique(self, name: str) -> str:
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name

    def block(self, block: Block) -> Block:
        out: list[Stmt] = []
        for stmt in block:
            if isinstance(stmt, For) and stmt.parallel:
                out += self.loop(stmt)
                continue
            if isinstance(stmt, Try):
                stmt = with_blocks(stmt, tuple(map(_serial, blocks(stmt))))
            elif blocks(stmt):
                stmt = with_blocks(stmt, tuple(map(self.block, blocks(stmt))))
            out.append(stmt)
        return tuple(out)

    def loop(self, loop: For) -> Block:
        from numba.core import types

        place = self.place.format(loop.span.line)
        start, after = self.live.loops[id(loop)]
        made = failing(loop, self.unique)
        if made is not None:
            self.types |= dict.fromkeys(made.names, types.int64)
            start, after = start | {made.names[0]}, after | {made.names[0]}
        quiet = loop if made is None else made.loop
        function = replace(self.function, types=self.types)
        rounds = Rounds(function, quiet, start, after, self.aliases, self.known)
        why = self.confused or rounds.objection()
        split = [n for n in rounds.reductions if not _is_plain(rounds.updates(n), n)]
        if why is None and split and leaves(loop.body, Continue):
            why = f"`{split[0]}` is added to in several places, and `continue` ends a round early"
        if why is not None:
            self.found["serial"].append(f"{place}: {why}")
            return (replace(loop, body=self.block(loop.body), parallel=False),)
        self.found["parallel"].append(place)
        body = _serial(quiet.body)
        for name in split:
            body = self.in_parts(body, name, rounds.reductions[name])
        quiet = replace(quiet, body=body)
        return (quiet,) if made is None else replace(made, loop=quiet).whole()

    def in_parts(self, body: Block, name: str, kind: Kind) -> Block:
        """The body with one statement for what the round adds to a variable."""
        part = self.unique(f"{name}_part")
        self.types[part] = self.types[name]
        start, total = (
            self.neutral(name, kind),
            Op("add" if kind is Kind.SUM else "mul", (Var(name), Var(part))),
        )
        body = rename(body, {name: part})
        return Let(part, start, NOWHERE), *body, Let(name, total, NOWHERE)

    def neutral(self, name: str, kind: Kind) -> Lit:
        from numba.core import types

        of = self.types[name]
        if isinstance(of, types.Integer):
            return Lit(kind.value)
        return Lit(float(kind.value or 0), "float32" if of == types.float32 else None)


def _is_plain(updates: list[Let], name: str) -> bool:
    """Whether one statement makes the variable anew, and as `name += …` and its like do."""
    if len(updates) != 1:
        return False
    value: Expr = updates[0].value
    assert isinstance(value, Op)
    first, second = value.args
    return first == Var(name) or (value.fn != "sub" and second == Var(name))
