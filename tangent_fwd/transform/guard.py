"""Guarding: helpers that write to an argument take it for memory of its own.

Where the text cannot tell whether two arguments of such a call share memory, a check stands
before the call; where it says so, the call is refused.

Before:

>>> from tangent_fwd.analysis.infer import infer
>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> import numba
>>> def to(new, old):
...     new[0] = old[0]
>>> def f(x, i):
...     to(x[i], x[0])
...     return x[0, 0]
>>> parsed = parse(f)
>>> typed = infer(lower(parsed), (numba.float64[:, ::1], numba.int64), parsed.source,
...               lambda ref, kinds: numba.none)

After:

>>> print(show(guard(typed, lambda op: ("to", (0,)), parsed.source)))
def f(x, i):
    %1 = x[i]  # array(float64, 1d, C)
    %2 = x[0]  # array(float64, 1d, C)
    %overlap1 = overlap(%1, %2)  # bool
    if %overlap1:
        raise ValueError('`to` writes to an argument that shares memory with another; pass a copy')
    to(%1, %2)
    %3 = x[0, 0]  # float64
    return %3
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tangent_fwd.analysis.alias import Aliases, has_array, is_array
from tangent_fwd.errors import Diagnostic, raise_all
from tangent_fwd.ir.nodes import Block, Expr, Function, If, Let, Lit, Op, Raise, Stmt, Var
from tangent_fwd.ir.walk import (
    bindings,
    blocks,
    own_exprs,
    statements,
    subexpressions,
    with_blocks,
)
from tangent_fwd.source import Source, Span

Written = Callable[[Op], tuple[str, tuple[int, ...]]]


def guard(function: Function, written: Written, source: Source) -> Function:
    """Put a check before every call that may pass one piece of memory twice to be written to.

    Arguments: a typed function; `written(op)` gives a helper's name and the positions of the
    arguments that it writes to. Raises ActivityError where one array is passed twice.
    """
    checks = _Checks(function, written)
    body = checks.block(function.body)
    raise_all(checks.diagnostics, source)
    return replace(function, body=body, types=checks.types)


class _Checks:
    def __init__(self, function: Function, written: Written) -> None:
        self.written = written
        self.aliases = Aliases(function)
        self.types: dict[str, Any] = dict(function.types)
        self.times = bindings(function)
        self.made = {
            s.target: s.value
            for s in statements(function.body)
            if isinstance(s, Let) and self.times[s.target] == 1
        }
        self.diagnostics: list[Diagnostic] = []
        self.count = 0

    def block(self, block: Block) -> Block:
        out: list[Stmt] = []
        for stmt in block:
            for op in (e for x in own_exprs(stmt) for e in subexpressions(x)):
                if isinstance(op, Op) and op.fn == "call":
                    out += self.call(op, op.span or stmt.span)
            out.append(with_blocks(stmt, tuple(map(self.block, blocks(stmt)))))
        return tuple(out)

    def call(self, op: Op, span: Span) -> list[Stmt]:
        """The checks that stand before a call."""
        from numba.core import types

        arrays = {
            k: a.name
            for k, a in enumerate(op.args[1:])
            if isinstance(a, Var) and has_array(self.types.get(a.name))
        }
        name, positions = self.written(op) if len(arrays) > 1 else ("", ())
        out: list[Stmt] = []
        for k, m in sorted({(min(k, m), max(k, m)) for k in positions for m in arrays if k != m}):
            one, other = arrays[k], arrays[m]
            if self.aliases.of(one).isdisjoint(self.aliases.of(other)):
                continue
            message = f"`{name}` writes to an argument that shares memory with another"
            known = is_array(self.types[one]) and is_array(self.types[other])
            if one == other or not known:
                advice = "pass a copy of one of them"
                self.diagnostics.append(Diagnostic("activity", message, span, help=advice))
            elif not self.apart(self.made.get(one), self.made.get(other)):
                message += "; pass a copy"
                self.count += 1
                test = f"%overlap{self.count}"
                self.types[test] = types.boolean
                out.append(Let(test, Op("overlap", (Var(one), Var(other))), span))
                out.append(If(Var(test), (Raise("ValueError", message, span),), (), span))
        return out

    def apart(self, one: Expr | None, other: Expr | None) -> bool:
        """Whether two views are apart by their text: `a[0]` and `a[1]`, `a[2:]` and `a[:2]`."""
        if not isinstance(one, Op) or not isinstance(other, Op):
            return False
        base = one.args[0]
        if not (one.fn == other.fn == "getitem" and base == other.args[0]):
            return False
        if not isinstance(base, Var) or self.times[base.name] != 1:
            return False
        if any(e in (Lit(None), Lit(...)) for e in (*one.args, *other.args)):
            return False
        return any(map(_entries_apart, one.args[1:], other.args[1:]))


def _entries_apart(first: Expr, second: Expr) -> bool:
    """Whether two indices of one axis have no place in common."""
    if isinstance(first, Lit) and isinstance(second, Lit):
        places = first.value, second.value
        return all(type(p) is int and p >= 0 for p in places) and places[0] != places[1]
    if isinstance(first, Op) and isinstance(second, Op) and first.args[2] == second.args[2]:
        starts = [0 if e.args[0] == Lit(None) else e.args[0] for e in (first, second)]
        begin, end = (s.value if isinstance(s, Lit) else s for s in starts)
        step = first.args[2]
        if isinstance(begin, int) and isinstance(end, int) and min(begin, end) >= 0:
            if isinstance(step, Lit) and isinstance(step.value, int) and step.value > 1:
                return (begin - end) % step.value != 0  # `a[::2]` and `a[1::2]`
    low, high = _bounds(first), _bounds(second)
    return low is not None and high is not None and (low[1] <= high[0] or high[1] <= low[0])


def _bounds(entry: Expr) -> tuple[float, float] | None:
    """The literal bounds of a slice that counts from the front."""
    if not isinstance(entry, Op) or entry.fn != "slice" or entry.args[2] not in (Lit(None), Lit(1)):
        return None
    start, stop = entry.args[:2]
    low = 0 if start == Lit(None) else start.value if isinstance(start, Lit) else None
    high = math.inf if stop == Lit(None) else stop.value if isinstance(stop, Lit) else None
    return None if low is None or high is None or low < 0 or high < 0 else (low, high)
