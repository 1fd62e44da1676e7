"""Failing: a round that may not raise notes that it fails, and what it raises follows the loop.

numba runs a loop that raises on one thread, and loses what a function raises that a thread calls.
So a round that fails does nothing more, the first of those rounds is remembered, and its exception
is raised after the loop. An exception whose message is made of values of the round stays.

Before:

>>> from tangent_fwd.analysis.infer import infer
>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> from tangent_fwd.transform.nest import nest
>>> import numba
>>> from numba import prange
>>> def f(x, out, n):
...     for i in prange(n):
...         for k in range(i):
...             if x[i] == x[k]:
...                 raise ValueError("twice")
...         if x[i] < 0.0:
...             raise ValueError("negative")
...         out[i] = x[i]
>>> parsed = parse(f)
>>> kinds = (numba.float64[::1],) * 2 + (numba.int64,)
>>> before = nest(infer(lower(parsed), kinds, parsed.source, None))

After:

>>> body = failing(before.body[0], lambda name: name).whole()
>>> print(show(replace(before, body=body, types=None)))
def f(x, out, n):
    failed = 2 * n
    for i in prange(n):
        failed_i = 2 * n
        for k in range(i):
            if x[i] == x[k]:
                failed_i = 2 * i
                break
        if failed_i == (2 * n):
            if x[i] < 0.0:
                failed_i = (2 * i) + 1
            else:
                out[i] = x[i]
        failed = builtins.min(failed, failed_i)
    if failed < (2 * n):
        if (failed % 2) == 0:
            raise ValueError('twice')
        else:
            raise ValueError('negative')
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from enum import Enum

from tangent_fwd.ir.nodes import Block, Break, Expr, For, If, Let, Lit, Op, Raise, Stmt, Var, While
from tangent_fwd.ir.walk import assigned, statements, variables
from tangent_fwd.source import NOWHERE


class Fate(Enum):
    """Whether what follows a statement in its round is reached."""

    GOES_ON = 0
    MAY_FAIL = 1
    FAILS = 2


@dataclass(frozen=True)
class Failing:
    """A loop that raises nothing itself, what goes before and after it, and the new variables,
    which are integers: the first round that fails, and the round itself if it does.
    """

    before: Block
    loop: For
    after: Block
    names: tuple[str, str]

    def whole(self) -> Block:
        """The statements that stand for the loop."""
        return (*self.before, self.loop, *self.after)


def failing(loop: For, unique: Callable[[str], str]) -> Failing | None:
    """A loop over `prange` with what it raises behind it; None where it raises nothing or has to
    raise it itself. `unique` makes a name that is free out of one.
    """
    raised = _raised(loop)
    if not raised or any(r.values or not r.exception for r in raised.values()):
        return None
    end = loop.bounds[:2][-1]
    if assigned(loop.body).intersection(variables(end)):
        return None
    first, own = unique("failed"), unique(f"failed_{loop.var}")
    rounds = _Rounds(raised, own, Var(loop.var), end)
    body, _ = rounds.block(loop.body, inside=False)
    start, none = (Let(name, rounds.none, NOWHERE) for name in (own, first))
    last = Let(first, Op("builtins.min", (Var(first), Var(own))), NOWHERE)
    after = If(Op("lt", (Var(first), rounds.none)), rounds.told(Var(first)), (), NOWHERE)
    return Failing((none,), replace(loop, body=(start, *body, last)), (after,), (first, own))


def _raised(loop: For) -> dict[Hashable, Raise]:
    """The exceptions of a loop; what one line raises in several places is one."""
    found: dict[Hashable, Raise] = {}
    for stmt in statements(loop.body):
        if isinstance(stmt, Raise):
            found.setdefault(_key(stmt), stmt)
    return found


def _key(stmt: Raise) -> Hashable:
    return stmt.exception, stmt.message, stmt.cls, stmt.span.line


class _Rounds:
    """Writes a round anew. Of n exceptions, number k in round i is known as n i + k."""

    def __init__(self, raised: dict[Hashable, Raise], own: str, counter: Var, end: Expr) -> None:
        self.keys = list(raised)
        self.raised = list(raised.values())
        self.own = own
        self.counter = counter
        self.none = self.code(end, 0)

    def code(self, number: Expr, k: int) -> Expr:
        several = len(self.raised)
        whole = number if several == 1 else Op("mul", (Lit(several), number))
        return Op("add", (whole, Lit(k))) if k else whole

    def told(self, first: Expr) -> Block:
        """What the first round that failed raises."""
        block: Block = (self.raised[-1],)
        for k, exception in reversed(list(enumerate(self.raised[:-1]))):
            test = Op("eq", (Op("mod", (first, Lit(len(self.raised)))), Lit(k)))
            block = (If(test, (exception,), block, NOWHERE),)
        return block

    def block(self, block: Block, inside: bool) -> tuple[Block, Fate]:
        """The statements, and behind one that may fail the others where it did not: `inside` an
        inner loop that loop is left, elsewhere they are under a condition.
        """
        out: list[Stmt] = []
        fate = Fate.GOES_ON
        for k, stmt in enumerate(block):
            rest = block[k + 1 :]
            if isinstance(stmt, Raise):
                note = Let(self.own, self.code(self.counter, self.keys.index(_key(stmt))), NOWHERE)
                return (*out, note, *((Break(NOWHERE),) if inside else ())), Fate.FAILS
            if isinstance(stmt, If):
                body, one = self.block(stmt.body, inside)
                orelse, other = self.block(stmt.orelse, inside)
                its = one if one is other else Fate.MAY_FAIL
                if not inside and {one, other} == {Fate.FAILS, Fate.GOES_ON}:
                    more, _ = self.block(rest, inside)
                    body, orelse = (
                        (body, orelse + more) if one is Fate.FAILS else (body + more, orelse)
                    )
                    return (*out, replace(stmt, body=body, orelse=orelse)), its
                stmt = replace(stmt, body=body, orelse=orelse)
            elif isinstance(stmt, (For, While)):
                body, its = self.block(stmt.body, inside=True)
                its = Fate.GOES_ON if its is Fate.GOES_ON else Fate.MAY_FAIL
                stmt = replace(stmt, body=body)
            else:
                its = Fate.GOES_ON
            out.append(stmt)
            if its is Fate.FAILS:
                return tuple(out), its
            if its is Fate.MAY_FAIL:
                fate = its
                going = Op("eq", (Var(self.own), self.none))
                if not inside:
                    more, _ = self.block(rest, inside)
                    return (*out, *((If(going, more, (), NOWHERE),) if more else ())), fate
                if not isinstance(stmt, If):
                    out.append(If(Op("not", (going,)), (Break(NOWHERE),), (), NOWHERE))
        return tuple(out), fate
