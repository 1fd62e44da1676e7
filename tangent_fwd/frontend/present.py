"""Values that may be None: where a test has told that one is not, it gets a name of its own.

Before:

>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> def even(x):
...     if x.size % 2 == 1:
...         return None
...     return x * 2.0
>>> def f(x):
...     y = even(x)
...     if y is None or y.size == 0:
...         return 0.0
...     return y[0]
>>> before = lower(parse(f), {})

After:

>>> print(show(present(before)))
def f(x):
    y = even(x)
    %2 = y is None
    %3 = not %2
    if %3:
        y%some1 = some(y)
        %1 = y%some1.size
        %2 = %1 == 0
    if %2:
        return 0.0
    y%some2 = some(y)
    %4 = y%some2[0]
    return %4
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tangent_fwd.frontend.prune import leaves
from tangent_fwd.ir.nodes import (
    Block,
    Expr,
    For,
    Function,
    If,
    Let,
    Lit,
    Op,
    Stmt,
    Store,
    Var,
    While,
)
from tangent_fwd.ir.walk import (
    assigned,
    blocks,
    map_expr,
    map_exprs,
    own_exprs,
    statements,
    subexpressions,
    with_blocks,
)
from tangent_fwd.source import Span

Names = frozenset[str]

_NEEDS = frozenset(
    "getitem attr add sub mul truediv floordiv mod pow matmul neg lt le gt ge abs "
    "builtins.len".split()
)


@dataclass(frozen=True)
class Told:
    """The names that are known not to be None where a condition holds, and where it does not."""

    yes: Names = frozenset()
    no: Names = frozenset()


def present(function: Function) -> Function:
    """The function in which what may be None is only tested, passed on and, where it is none,
    taken over by another name; the function itself where nothing is compared with None.
    """
    names = _maybe(function)
    return replace(function, body=_Walk(names).block(function.body)) if names else function


def _maybe(function: Function) -> Names:
    """The variables that are compared with None or bound to it, and what they are passed on to."""
    every = list(statements(function.body))
    tests = (_tested(e) for s in every for x in own_exprs(s) for e in subexpressions(x))
    found = {name for name in tests if name is not None}
    bound = [s for s in every if isinstance(s, Let)]
    found |= {s.target for s in bound if s.value == Lit(None)}
    more = found
    while more:
        more = {s.target for s in bound if isinstance(s.value, Var) and s.value.name in found}
        more -= found
        found |= more
    return frozenset(found)


def _tested(expr: Expr) -> str | None:
    """The variable that an expression compares with None."""
    if isinstance(expr, Op) and expr.fn in ("is", "is_not") and expr.args[1] == Lit(None):
        return expr.args[0].name if isinstance(expr.args[0], Var) else None
    return None


def _needed(stmt: Stmt) -> set[str]:
    """The variables that a statement cannot do without: None has no elements and no sum."""
    found = {stmt.array} if isinstance(stmt, Store) else set()
    for expr in own_exprs(stmt):
        for op in subexpressions(expr):
            if isinstance(op, Op) and (op.fn in _NEEDS or op.fn.startswith("numpy.")):
                found |= {arg.name for arg in op.args if isinstance(arg, Var)}
    return found


class _Walk:
    """What is known on the way down: the names of values that are there, and of conditions."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.some: dict[str, str] = {}
        self.told: dict[str, Told] = {}
        self.count = 0

    def block(self, block: Block, known: Iterable[str] = (), at: Span | None = None) -> Block:
        out: list[Stmt] = []
        self.take(known, at, out)
        for stmt in block:
            self.stmt(stmt, out)
        return tuple(out)

    def take(
        self, names: Iterable[str], at: Span | None, out: list[Stmt], untold: bool = False
    ) -> None:
        """Names for what is known to be there, or raises where that is `untold` and not so."""
        keywords = (("untold", True),) if untold else ()
        for name in sorted(names):
            if name not in self.some and at is not None:
                self.some[name] = self.fresh(name)
                out.append(Let(self.some[name], Op("some", (Var(name),), keywords, at), at))

    def fresh(self, name: str) -> str:
        self.count += 1
        return f"{name}%some{self.count}"

    def forget(self, names: set[str]) -> None:
        for name in names:
            self.some.pop(name, None)
            self.told.pop(name, None)
        for condition, told in [*self.told.items()]:
            self.told[condition] = Told(told.yes - names, told.no - names)

    def stmt(self, stmt: Stmt, out: list[Stmt]) -> None:
        if not isinstance(stmt, While):  # what that reads is read in each round
            self.take(self.names & _needed(stmt), stmt.span, out, untold=True)
        stmt = map_exprs(lambda e: map_expr(self.renamed, e), stmt)
        if isinstance(stmt, Store):
            stmt = replace(stmt, array=self.some.get(stmt.array, stmt.array))
        if isinstance(stmt, Let):
            self.let(stmt, out)
        elif isinstance(stmt, If):
            self.branches(stmt, out)
        elif blocks(stmt):
            self.others(stmt, out)
        else:
            out.append(stmt)

    def renamed(self, expr: Expr) -> Expr:
        if isinstance(expr, Var):
            return Var(self.some.get(expr.name, expr.name))
        return expr

    def let(self, stmt: Let, out: list[Stmt]) -> None:
        told = self.condition(stmt.value)
        self.forget({stmt.target})
        if told != Told():
            self.told[stmt.target] = told
        value = stmt.value
        if stmt.target not in self.names:
            out.append(stmt)
            return
        there = value.name if isinstance(value, Var) else None
        if isinstance(value, Op) and value.fn not in ("call", "some"):
            there = self.fresh(stmt.target)
            out.append(replace(stmt, target=there))
            stmt = Let(stmt.target, Var(there), stmt.span)
        if there is not None and "%some" in there:
            self.some[stmt.target] = there
        out.append(stmt)

    def condition(self, expr: Expr) -> Told:
        """What a condition tells."""
        if isinstance(expr, Var):
            return self.told.get(expr.name, Told())
        if not isinstance(expr, Op):
            return Told()
        name = _tested(expr)
        if name is not None:
            known = frozenset([name])
            return Told(no=known) if expr.fn == "is" else Told(yes=known)
        if expr.fn not in ("not", "and", "or"):
            return Told()
        parts = [self.condition(e) for e in expr.args]
        if expr.fn == "not":
            return Told(parts[0].no, parts[0].yes)
        return _both(*parts) if expr.fn == "and" else _either(*parts)

    def branches(self, stmt: If, out: list[Stmt]) -> None:
        told = self.condition(stmt.cond)
        settled = self.settled(stmt, out)
        before = dict(self.some), dict(self.told)
        made: list[Block] = []
        after: list[dict[str, Told]] = []
        for block, known in zip(blocks(stmt), (told.yes, told.no)):
            made.append(self.block(block, known if block else (), stmt.span))
            after.append(self.told)
            self.some, self.told = dict(before[0]), dict(before[1])
        out.append(with_blocks(stmt, tuple(made)))
        ends = [bool(block) and leaves(block[-1]) for block in blocks(stmt)]
        for block, end in zip(blocks(stmt), ends):
            if not end:
                self.forget(assigned(block))
        if settled is not None:
            name, fn = settled
            left, right = before[1].get(name, Told()), after[0].get(name, Told())
            self.told[name] = _both(left, right) if fn == "and" else _either(left, right)
        if ends == [True, False]:
            self.take(told.no, stmt.span, out)
        if ends == [False, True]:
            self.take(told.yes, stmt.span, out)

    def settled(self, stmt: If, out: list[Stmt]) -> tuple[str, str] | None:
        """The result of `and` or `or` whose right side a branch computes."""
        if stmt.orelse or not stmt.body or not isinstance(stmt.cond, Var):
            return None
        last, before = stmt.body[-1], out[-1] if out else None
        name = last.target if isinstance(last, Let) else ""
        if name[:1] != "%":
            return None
        if stmt.cond.name == name:
            return name, "and"
        turned = Let(stmt.cond.name, Op("not", (Var(name),)), stmt.span)
        is_turned = isinstance(before, Let) and (before.target, before.value) == (
            turned.target,
            turned.value,
        )
        return (name, "or") if is_turned else None

    def others(self, stmt: Stmt, out: list[Stmt]) -> None:
        """Loops, and what may fail: names that they bind may hold anything in them."""
        self.forget(assigned((stmt,)))
        made: list[Block] = []
        before = dict(self.some), dict(self.told)
        known: Names = frozenset()
        for block in blocks(stmt):
            made.append(self.block(block, known, stmt.span))
            known = frozenset()
            if isinstance(stmt, While) and len(made) == 1:
                known = self.condition(stmt.cond).yes
            self.some, self.told = dict(before[0]), dict(before[1])
        out.append(with_blocks(stmt, tuple(made)))
        if isinstance(stmt, For):
            self.forget({stmt.var})


def _both(left: Told, right: Told) -> Told:
    return Told(left.yes | right.yes, left.no & right.no)


def _either(left: Told, right: Told) -> Told:
    return Told(left.yes & right.yes, left.no | right.no)
