"""Races: whether the rounds of a loop may run at the same time.

A loop passes only if all of this is seen in its text; what is merely not known counts against it.

- It computes and stores, and does nothing else: it neither raises (`transform/faults.py`) nor
  prints.
- A variable that one round hands to the next is a sum, a product, or a largest or smallest value,
  and is used for nothing else. Those are the ones that numba puts together again.
- A store goes into memory that the round made itself, or to a place of the round's own: some axis
  is indexed by the loop's counter, in every use of that array in the loop.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache
from typing import Any

from tangent_fwd.analysis.alias import Aliases, has_array, is_array, is_tuple
from tangent_fwd.analysis.live import Names
from tangent_fwd.ir.nodes import (
    Block,
    Break,
    Do,
    Expr,
    For,
    Function,
    Let,
    Lit,
    Nest,
    Op,
    Raise,
    Ref,
    Return,
    Stmt,
    Store,
    Try,
    Var,
    While,
)
from tangent_fwd.ir.show import display
from tangent_fwd.ir.walk import (
    assigned,
    blocks,
    defined,
    map_block,
    map_expr,
    own_exprs,
    read,
    statements,
    subexpressions,
    variables,
)
from tangent_fwd.transform.faults import Faults
from tangent_fwd.transform.nests import is_elementwise

# Beside what acts on single numbers. Products of matrices raise where sizes do not agree.
_HARMLESS = frozenset(
    "getitem attr tuple slice empty zeros numpy.empty numpy.zeros numpy.empty_like "
    "numpy.zeros_like numpy.copy numpy.transpose numpy.searchsorted builtins.len builtins.int "
    "builtins.float".split()
)
_DONE = ("call", "numpy.random.seed", "random.seed")
_UNEQUAL = "its arrays may not agree in size, and then it raises"
_SIZES = frozenset(map(Lit, ("shape", "size", "ndim", "strides")))

Index = tuple[Expr, ...]
Use = tuple[str, Index | None]  # an array, and the index of the element or view that is meant


class Kind(Enum):
    """What a variable is that goes through all rounds, by the number that leaves it as it is."""

    SUM = 0
    PRODUCT = 1
    EXTREME = None


@dataclass(frozen=True)
class Manners:
    """What is known of a function of the module: the parameters it writes to, by position, and
    why it cannot be called by several threads, if it cannot.
    """

    writes: frozenset[int] = frozenset()
    objection: str | None = None


Known = dict[str, Manners]


def manners(function: Function, known: Known) -> Manners:
    """How a function behaves that may be called in a loop."""
    if any(isinstance(s, For) and s.parallel for s in statements(function.body)):
        return Manners(objection=f"`{function.name}` runs in threads itself")
    found = objection(function, function.body, known)
    aliases = Aliases(replace(function, body=_unshared(function.body)))
    roots = {root for name in written(function.body, known) for root in aliases.of(name)}
    positions = (k for k, p in enumerate(function.params) if aliases.of(p) & roots)
    return Manners(frozenset(positions), found and f"`{function.name}`: {found}")


def objection(function: Function, block: Block, known: Known, compared: bool = False) -> str | None:
    """What a piece of a function does beside computing and storing, in words; None for nothing. In
    loops over `prange` sizes are `compared` in the open (`Nests.in_the_open`).
    """
    faults = Faults(function)
    for stmt in statements(block):
        if isinstance(stmt, Raise):
            return "it may raise"
        if isinstance(stmt, Try):
            return "it catches exceptions"
        if isinstance(stmt, Do) and not (isinstance(stmt.value, Op) and stmt.value.fn in _DONE):
            return "it does more than compute"
        for expr in own_exprs(stmt):
            for e in subexpressions(expr):
                found = _of_operation(e, known, compared) if isinstance(e, Op) else None
                if found is not None:
                    return found
        found = faults.of(stmt)
        if found is not None:
            return found
    return None


def _of_operation(op: Op, known: Known, compared: bool) -> str | None:
    if op.fn == "call":
        ref = op.args[0]
        assert isinstance(ref, Ref)
        if ref.name == "overlap":
            return None
        if ref.name == "common" or ref.name.startswith("stretch"):
            return None if compared else _UNEQUAL
        return known[ref.name].objection if ref.name in known else f"it calls `{ref.name}`"
    if op.fn == "matmul":
        return None if compared else _UNEQUAL
    return None if _is_harmless(op.fn) else f"it calls `{display(op.fn)}`"


@cache
def _is_harmless(fn: str) -> bool:
    drawn = fn.startswith(("numpy.random.", "random."))  # each thread has numbers of its own
    return drawn or fn in _HARMLESS or fn.startswith("helper.") or is_elementwise(Op(fn, ()))


def written(block: Block, known: Known) -> set[str]:
    """The arrays that a block writes to, and those whose views it hands to what does."""
    found = set()
    for stmt in statements(block):
        if isinstance(stmt, Store):
            found.add(stmt.array)
        for expr in own_exprs(stmt):
            for e in subexpressions(expr):
                if isinstance(e, Op) and e.fn == "call" and isinstance(e.args[0], Ref):
                    writes = known.get(e.args[0].name, Manners()).writes
                    found |= {n for k in writes for n in variables(e.args[1 + k])}
    return found


def leaves(block: Block, kind: type[Stmt]) -> bool:
    """Whether a block has a `break` or a `continue` that is meant for the loop around it."""
    return any(
        isinstance(s, kind)
        or (not isinstance(s, (For, Nest, While)) and any(leaves(b, kind) for b in blocks(s)))
        for s in block
    )


def _unshared(block: Block) -> Block:
    """The block with calls whose results may be any of their arguments."""

    def change(e: Expr) -> Expr:
        return replace(e, keywords=()) if isinstance(e, Op) and e.fn == "call" else e

    return map_block(lambda x: map_expr(change, x), block)


class Rounds:
    """The rounds of one loop.

    Args:
        function: the function in which the loop stands.
        loop: the loop.
        start: the variables whose values a round needs when it begins.
        after: those that are needed after the loop.
        outer: which arrays of the function may share memory.
        known: the functions that the loop may call.
    """

    def __init__(
        self,
        function: Function,
        loop: For,
        start: Names,
        after: Names,
        outer: Aliases,
        known: Known,
    ) -> None:
        self.function, self.loop, self.outer, self.known = function, loop, outer, known
        self.start, self.after = start, after
        self.made = assigned(loop.body)
        self.reductions: dict[str, Kind] = {}

    def objection(self) -> str | None:
        """Why the rounds cannot run at the same time; None where they can, and then `reductions`
        are the variables that go through all of them.
        """
        loop = self.loop
        if loop.bounds[2:] not in ((), (Lit(1),)):
            return "its step is not 1"
        if leaves(loop.body, Break) or any(isinstance(s, Return) for s in statements(loop.body)):
            return "it may end early"
        if loop.var in self.made | self.after:
            return f"`{loop.var}` is more than its counter"
        found = objection(self.function, loop.body, self.known, compared=True)
        return found or self.of_names() or self.of_memory()

    # --- variables -----------------------------------------------------------------------------

    def of_names(self) -> str | None:
        for name in sorted(self.made & (self.start | self.after)):
            kind = self.kind(name)
            if kind is None and name in self.start:
                return f"`{name}` goes from one round to the next, and not as a plain sum"
            if kind is None:
                return f"`{name}` is needed after the last round"
            self.reductions[name] = kind
        for name in sorted(read(self.loop.body) - self.made):
            kind_of: Any = self.function.typeof(name)
            if is_tuple(kind_of) and any(map(is_tuple, kind_of)):
                return f"`{name}` holds tuples, which numba does not hand to threads"
        return None

    def kind(self, name: str) -> Kind | None:
        """What a variable is that goes through all rounds; None where it is nothing known."""
        from numba.core import types

        if not isinstance(self.function.typeof(name), (types.Float, types.Integer)):
            return None
        updates = self.updates(name)
        reads = [e for s in statements(self.loop.body) for e in own_exprs(s)
                 if name in variables(e)]  # fmt: skip
        if len(reads) != len(updates) or len(updates) != self.count(name):
            return None
        if all(_is_added(s.value, name) for s in updates):
            return Kind.SUM
        if all(_is_scaled(s.value, name) for s in updates):
            return Kind.PRODUCT
        # Other orders of the arguments choose another one where one is NaN.
        extreme = all(_is_extreme(s.value, name) for s in updates)
        return Kind.EXTREME if extreme and len(updates) == 1 else None

    def updates(self, name: str) -> list[Let]:
        """The statements that make the variable anew out of what it was."""
        return [s for s in statements(self.loop.body) if isinstance(s, Let) and s.target == name
                and variables(s.value).count(name) == 1]  # fmt: skip

    def count(self, name: str) -> int:
        """How often the body binds a variable, in whatever way."""
        return sum(defined(s) == name for s in statements(self.loop.body))

    # --- memory --------------------------------------------------------------------------------

    def of_memory(self) -> str | None:
        body = self.loop.body
        free = [n for n in sorted(read(body) - self.made) if has_array(self.function.typeof(n))]
        inner = Aliases(replace(self.function, params=tuple(free), body=_unshared(body)))

        def roots(name: str) -> set[str]:
            """The memory from outside the loop that an array may be."""
            found = (f for f in free if inner.of(f) & inner.of(name))
            return {root for f in found for root in self.outer.of(f)}

        uses = list(self.uses())
        for name in sorted(written(body, self.known)):
            kind, mine = self.function.typeof(name), roots(name)
            if kind is None or (has_array(kind) and not is_array(kind)):
                return f"`{name}` is written to, and is no array"
            if not mine:
                continue
            same = [self.place(use, free) for use in uses if mine & roots(use[0])]
            if not self.apart(same):
                return f"`{name}` is written to, and not seen to be at a place of the round's own"
        return None

    def uses(self) -> Iterator[Use]:
        """Every use of an array in the loop."""
        for stmt in statements(self.loop.body):
            if isinstance(stmt, Store):
                yield stmt.array, stmt.index
            for expr in own_exprs(stmt):
                yield from self.uses_in(expr)

    def uses_in(self, expr: Expr) -> Iterator[Use]:
        if isinstance(expr, Var) and has_array(self.function.typeof(expr.name)):
            yield expr.name, None
        if not isinstance(expr, Op):
            return
        if expr.fn == "builtins.len" or (expr.fn == "attr" and expr.args[1] in _SIZES):
            return
        rest = expr.args
        if expr.fn == "getitem" and isinstance(rest[0], Var):
            if has_array(self.function.typeof(rest[0].name)):
                yield rest[0].name, rest[1:]
            rest = rest[1:]
        for arg in rest:
            yield from self.uses_in(arg)

    def place(self, use: Use, free: list[str]) -> Use:
        """The use as one of an array from outside the loop, which a view made in it shows."""
        name, index = use
        while name not in free:
            made = [s.value for s in statements(self.loop.body)
                    if isinstance(s, Let) and s.target == name]  # fmt: skip
            value = made[0] if len(made) == 1 else None
            if not isinstance(value, Op) or value.fn != "getitem":
                return name, None
            if not isinstance(value.args[0], Var):
                return name, None
            name, index = value.args[0].name, value.args[1:]
        return name, index

    def apart(self, uses: list[Use]) -> bool:
        """Whether the uses of one piece of memory by different rounds cannot meet."""
        name, index = uses[0]
        if not is_array(self.function.typeof(name)):
            return False
        return any(
            self.is_own(entry) and all(self.is_there(use, name, axis, entry) for use in uses)
            for axis, entry in enumerate(index or ())
        )

    def is_there(self, use: Use, name: str, axis: int, entry: Expr) -> bool:
        """Whether a use of an array is at this entry of an axis."""
        index = use[1] or ()
        return (
            use[0] == name
            and index[axis : axis + 1] == (entry,)
            and all(map(self.is_one_axis, index[:axis]))
        )

    def is_own(self, entry: Expr) -> bool:
        """Whether an index is another one in each round, and none counts from the end."""
        first = _whole(self.loop.bounds[0]) if len(self.loop.bounds) > 1 else 0
        counter: Expr = entry
        shift: int | None = 0
        if isinstance(entry, Op) and entry.fn in ("add", "sub"):
            counter, by = entry.args
            if entry.fn == "add" and isinstance(counter, Lit):
                counter, by = by, counter
            shift = _whole(by)
            if entry.fn == "sub" and shift is not None:
                shift = -shift
        known = first is not None and shift is not None and first + shift >= 0
        return known and counter == Var(self.loop.var)

    def is_one_axis(self, entry: Expr) -> bool:
        """Whether an entry of an index stands for just one axis of the array."""
        from numba.core import types

        if isinstance(entry, Op):
            return entry.fn == "slice" or entry.fn in ("add", "sub", "mul")
        if isinstance(entry, Var):
            kind = self.function.typeof(entry.name)
            return kind is None or isinstance(kind, types.Integer)
        return isinstance(entry, Lit) and type(entry.value) is int


def _whole(expr: Expr) -> int | None:
    """The value of a whole number in the text."""
    return expr.value if isinstance(expr, Lit) and type(expr.value) is int else None


def _is_added(value: Expr, name: str) -> bool:
    """Whether an expression is the variable with something added or subtracted."""
    if not isinstance(value, Op):
        return value == Var(name)
    first, second = value.args if value.fn in ("add", "sub") else (value, value)
    if value.fn == "add" and name in variables(second):
        return _is_added(second, name)
    return first is not value and _is_added(first, name)


def _is_scaled(value: Expr, name: str) -> bool:
    """Whether an expression is the variable times something."""
    return isinstance(value, Op) and value.fn == "mul" and Var(name) in value.args


def _is_extreme(value: Expr, name: str) -> bool:
    """Whether an expression is `max(variable, something)`, or the smaller one."""
    return (
        isinstance(value, Op)
        and value.fn in ("builtins.max", "builtins.min")
        and len(value.args) == 2
        and value.args[0] == Var(name)
    )
