"""Naming: every value gets the name a person would have given it.

A value keeps the user's name; a second version of a name is made only where two values live at
the same time. The tangent of `x` is `d_x`; in the lanes of a wide pass it is `d_x_0`, `d_x_1`, …
The tangent of that is `dd_x`.
A temporary is named after what it is.

Before:

>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> from tangent_fwd.transform.split import split
>>> import math
>>> def f(x):
...     x = math.sin(x)
...     return x * x + math.cos(math.exp(x) + x)
>>> before = split(lower(parse(f)))
>>> sorted({s.target for s in before.body if hasattr(s, "target")})
['%1', '%2', '%3', '%4', '%5', 'x%2']

After:

>>> print(show(naming(before, frozenset())))
def f(x):
    x = math.sin(x)
    x_squared = x * x
    exp_x = math.exp(x)
    exp_x_plus_x = exp_x + x
    cos_exp_x_plus_x = math.cos(exp_x_plus_x)
    total = x_squared + cos_exp_x_plus_x
    return total
"""

from __future__ import annotations

import keyword
from dataclasses import replace

from tangent_fwd.analysis.alias import is_array, is_tuple
from tangent_fwd.analysis.live import Interference
from tangent_fwd.ir.nodes import Block, Expr, For, Function, If, Let, Nest, Op, Stmt, Var
from tangent_fwd.ir.walk import (
    blocks,
    defined,
    own_exprs,
    rename,
    statements,
    unused,
    variables,
    with_blocks,
)
from tangent_fwd.rules.rule import HELPERS, PARTS
from tangent_fwd.transform.stack import MOST
from tangent_fwd.transform.words import Words, base, core, mark

# Names that the emitted module uses itself.
RESERVED = (
    frozenset(
        "np math njit random special range prange len min max abs complex float int bool print "
        "round tuple pow sum any all list dict set str ValueError overlap common stretch stretch1 "
        "stretch2 stretch3 stretch4 take32 take64 clear32 clear64 empty_list empty_dict".split()
    )
    | {f"products{n}{take}" for n in range(2, 1 + MOST) for take in ("", "_take32", "_take64")}
    | HELPERS
    | PARTS
    | frozenset(keyword.kwlist)
)


def naming(
    function: Function, taken: frozenset[str], origins: dict[str, Expr] | None = None
) -> Function:
    """The program with identifiers for names; `taken` are names it must not use, and `origins`
    the operations of the user's that made the temporaries.
    """
    function = _loops_apart(_coalesce(function))
    names = _Names(function, taken, origins or {}).choose()
    body = rename(function.body, names)
    params = tuple(names.get(p, p) for p in function.params)
    types = {names[n]: t for n, t in (function.types or {}).items() if n in names}
    body = _without_self_copies(body)
    return replace(function, params=params, body=body, types=types or function.types)


# --- one name for values that never meet ----------------------------------------------------------


def _coalesce(function: Function) -> Function:
    """Give versions of one user name, and copies, one name where they do not interfere."""
    conflicts = Interference(function)
    everything = _all_names(function)
    families: dict[str, list[str]] = {}
    for name in everything:
        families.setdefault(core(name), []).append(name)
    joined: dict[str, str] = {}
    owners = {name: {base(name)} - {""} for name in families}

    def find(name: str) -> str:
        while name in joined:
            name = joined[name]
        return name

    def join(keep: str, drop: str) -> None:
        keep, drop = find(keep), find(drop)
        if "%" in keep and "%" not in drop:
            keep, drop = drop, keep
        if keep == drop or str(function.typeof(keep)) != str(function.typeof(drop)):
            return
        marks = {mark(n) for n in families.get(drop, [])} | {mark(n) for n in families[keep]}
        pairs = [(_as(keep, k), _as(drop, k)) for k in marks]
        if any(conflicts.between(a, b) for a, b in pairs):
            return
        if len(owners[keep] | owners[drop]) > 1:
            return  # two names of the user's stay two
        if drop in function.params or any(_as(drop, k) in function.params for k in marks):
            if keep in function.params:
                return
            keep, drop, pairs = drop, keep, [(b, a) for a, b in pairs]
        joined[drop] = keep
        owners[keep] |= owners[drop]
        for a, b in pairs:
            conflicts.merge(a, b)
        families[keep] = sorted({*families[keep], *(a for a, _ in pairs)})

    copies = [
        (s.target, s.value.name)
        for s in statements(function.body)
        if isinstance(s, Let) and isinstance(s.value, Var)
    ]
    for target, source in copies:
        if mark(target) is None and mark(source) is None:
            if base(target) and not base(source):
                join(target, source)
            else:
                join(source, target)
    for name in sorted(families):
        if "%" in name and base(name) and base(name) in families:
            join(base(name), name)
    mapping = {}
    for name in everything:
        final = find(core(name))
        if final != core(name):
            mapping[name] = _as(final, mark(name))
    return replace(function, body=rename(function.body, mapping))


def _as(name: str, which: str | None) -> str:
    return name if which is None else f"{which}:{name}"


def _all_names(function: Function) -> list[str]:
    found = dict.fromkeys(function.params)
    for stmt in statements(function.body):
        name = defined(stmt)
        if name is not None:
            found[name] = None
    return list(found)


def _without_self_copies(block: Block) -> Block:
    out: list[Stmt] = []
    for stmt in block:
        if isinstance(stmt, Let) and stmt.value == Var(stmt.target):
            continue
        inner = blocks(stmt)
        if inner:
            stmt = with_blocks(stmt, tuple(map(_without_self_copies, inner)))
        if isinstance(stmt, If) and not stmt.body:
            stmt = replace(stmt, cond=_negation(stmt.cond), body=stmt.orelse, orelse=())
            if not stmt.body:
                continue
        out.append(stmt)
    return tuple(out)


def _loops_apart(function: Function) -> Function:
    """Each loop of ours has an index of its own, which gets its letter in `choose`."""
    count = 0

    def apart(block: Block) -> Block:
        nonlocal count
        out: list[Stmt] = []
        for stmt in block:
            if isinstance(stmt, Nest):
                count += 1
                index = f"%n{count}"
                stmt = replace(stmt, index=index, body=rename(stmt.body, {stmt.index: index}))
            inner = blocks(stmt)
            out.append(with_blocks(stmt, tuple(map(apart, inner))) if inner else stmt)
        return tuple(out)

    return replace(function, body=apart(function.body))


def _negation(cond: Expr) -> Expr:
    return cond.args[0] if isinstance(cond, Op) and cond.fn == "not" else Op("not", (cond,))


class _Names(Words):
    def __init__(self, function: Function, taken: frozenset[str], origins: dict[str, Expr]) -> None:
        super().__init__(function, taken | RESERVED, origins)
        self.names = _all_names(function)
        self.wide = any((mark(n) or "")[-1:].isdigit() for n in self.names)
        self.conflicts = Interference(function)
        # Where each name is bound: the path of blocks that leads there.
        self.scope: dict[str, tuple[int, ...]] = {}
        self.scopes(function.body, ())
        # The words given out, each with the values that have it.
        self.holders: dict[str, list[str]] = {}

    def scopes(self, block: Block, at: tuple[int, ...]) -> None:
        for k, stmt in enumerate(block):
            name = defined(stmt)
            if name is not None:
                self.scope.setdefault(name, at)
            for m, inner in enumerate(blocks(stmt)):
                self.scopes(inner, (*at, k, m))

    def choose(self) -> dict[str, str]:
        primals = list(dict.fromkeys(core(n) for n in self.names))
        for name in primals:  # the user's names come first
            if "%" not in name:
                self.chosen[name] = self.unique(name)
        self.letters(self.function.body, ())
        for name in primals:
            if "%" in name and name not in self.chosen:
                self.give(name, self.word(name))
        for name in self.names:
            mine = mark(name)
            if mine is not None:
                letter, lane = mine.split(":")
                first, lane = ("dd", "") if lane == "d" else (letter, lane)
                parts = (first, self.chosen[core(name)], lane)
                self.give(name, "_".join(p for p in parts if p))
        return self.chosen

    def give(self, name: str, word: str) -> None:
        """Let a value have a word, or a version of it where that is taken."""
        others = self.holders.get(word)
        if others is None or not all(self.may_share(name, other) for other in others):
            word = self.unique(word)
        self.holders.setdefault(word, []).append(name)
        self.chosen[name] = word

    def may_share(self, a: str, b: str) -> bool:
        """Whether two values may have one name: they have one type and are never needed at the
        same time, nor are their tangents; arrays stand in loops side by side besides.
        """
        kind = self.function.typeof(core(a))
        if kind is None or is_tuple(kind) or kind != self.function.typeof(core(b)):
            return False
        marks = {mark(n) for n in self.names if core(n) in (core(a), core(b))}
        if any(self.conflicts.between(_as(core(a), k), _as(core(b), k)) for k in marks):
            return False
        one, two = self.scope.get(a, ()), self.scope.get(b, ())
        shorter = min(len(one), len(two))
        return not is_array(kind) or one[:shorter] != two[:shorter]

    def letters(self, block: Block, around: tuple[str, ...]) -> None:
        """Give each loop of ours a letter that no loop around it and nothing inside it has."""
        for stmt in block:
            inside = around
            if isinstance(stmt, (For, Nest)):
                var = stmt.var if isinstance(stmt, For) else stmt.index
                if "%" in var and not base(var):
                    within = {s.var for s in statements(stmt.body) if isinstance(s, For)}
                    read = {n for s in statements(stmt.body) for e in own_exprs(s)
                            for n in variables(e)}  # fmt: skip
                    barred = {*around, *within, *read, *(self.taken - self.loop_only())}
                    free = (c for c in "ijklmn" if c not in barred)
                    self.chosen[var] = next(free, None) or self.unique("index")
                inside = (*around, self.chosen.get(var, var))
            for inner in blocks(stmt):
                self.letters(inner, inside)

    def loop_only(self) -> set[str]:
        """Names that only ever count the rounds of a loop of the user's."""
        lets = {s.target for s in statements(self.function.body) if isinstance(s, Let)}
        loops = {s.var for s in statements(self.function.body) if isinstance(s, For)}
        return loops - lets - set(self.function.params) - self.read_outside(loops)

    def read_outside(self, loops: set[str]) -> set[str]:
        """Those of the loop variables that are read outside their loops."""
        found: set[str] = set()

        def walk(block: Block, bound: frozenset[str]) -> None:
            for stmt in block:
                found.update(n for e in own_exprs(stmt) for n in variables(e) if n in loops - bound)
                within = bound | {stmt.var} if isinstance(stmt, For) else bound
                for inner in blocks(stmt):
                    walk(inner, within)

        walk(self.function.body, frozenset())
        return found

    def unique(self, word: str) -> str:
        # In a wide pass `d_total_2` is a lane of `total`; its second version is `total2`.
        return unused(word, self.taken, "" if self.wide else "_")
