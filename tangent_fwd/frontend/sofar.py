"""What is lowered so far: statements, and the types that they give where lowering must know one.

How many elements a tuple has decides what `f(*t)` passes and what `a, *b = t` binds, so it must be
known before the whole function can be typed. The statements before such a place are typed alone:
the branches and loops around it are left away, for they do not change the kinds of values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tangent_fwd.ir.nodes import (
    Block,
    Break,
    Continue,
    Do,
    Expr,
    For,
    Let,
    Lit,
    Op,
    Ref,
    Return,
    Stmt,
    Store,
    Var,
    While,
)
from tangent_fwd.ir.walk import assigned, blocks, defined, read, with_blocks
from tangent_fwd.source import NOWHERE

# The numba type of what a body returns; None where it has none.
Typing = Callable[[Block], Any]


class _Open(list[Stmt]):
    """A block that is being written, and the one around it."""

    def __init__(self, statements: list[Stmt], around: _Open | None) -> None:
        super().__init__(statements)
        self.around = around


class SoFar:
    """Where statements go: to `out`, the innermost block that is being written."""

    def __init__(self, kinds: Mapping[str, Any], typing: Typing | None) -> None:
        self.kinds = kinds
        self.typing = typing
        self._out = _Open([], None)
        self.counters: list[str] = []  # what loops count with
        self.told: dict[str, Any] = {}  # types by the statements that lead to them

    @property
    def out(self) -> list[Stmt]:
        """The block that is being written."""
        return self._out

    @out.setter
    def out(self, block: list[Stmt]) -> None:
        self._out = block if isinstance(block, _Open) else _Open(block, self._out)

    def kind(self, value: Expr) -> Any:
        """The numba type of a value here; None where it cannot be told."""
        if self.typing is None:
            return None
        if isinstance(value, (Lit, Ref)):
            from numba import typeof

            return typeof(value.value)
        if isinstance(value, Var) and value.name in self.kinds:
            return self.kinds[value.name]
        before: list[Stmt] = []
        block: _Open | None = self._out
        while block is not None:
            before = [*block, *before]
            block = block.around
        counters = [Let(name, Lit(0), NOWHERE) for name in self.counters]
        body = (*counters, *_going_on(tuple(before)), Return(value, NOWHERE))
        needed = _needed(body)
        text = repr(needed)  # the nodes cannot be keys: some hold arrays
        if text not in self.told:
            self.told[text] = self.typing(needed)
        return self.told[text]


def _needed(block: Block) -> Block:
    """The statements that what a block returns depends on. The others cost time, and of some there
    is no type yet: what an empty list will hold is not known before something was put in.
    """
    needed = read(block[-1:])

    def gives(s: Stmt) -> bool:
        if isinstance(s, Do) and isinstance(s.value, Op) and s.value.fn.startswith("container."):
            filled = s.value.args[0]
            return isinstance(filled, Var) and filled.name in needed
        if isinstance(s, Let) and isinstance(s.value, Var) and s.value.name in needed:
            return True  # another name for what may be filled under it
        name = s.array if isinstance(s, Store) else defined(s)
        return isinstance(s, Return) or name in needed

    def sweep(block: Block) -> Block:
        inside = ((s, tuple(map(sweep, blocks(s)))) for s in block)
        return tuple(with_blocks(s, parts) for s, parts in inside if any(parts) or gives(s))

    while True:
        kept = sweep(block)
        found = read(kept) | assigned(kept)
        if found <= needed:
            return kept
        needed |= found


def _going_on(block: Block) -> Block:
    """The statements without those that leave, and without loops round them; one that only
    those would end goes round once.
    """
    found: list[Stmt] = []
    for s in block:
        if isinstance(s, (Break, Continue, Return)):
            continue
        s = with_blocks(s, tuple(map(_going_on, blocks(s)))) if blocks(s) else s
        if isinstance(s, While) and s.cond == Lit(True):
            s = For("%once", (Lit(1),), (*s.test, *s.body), s.span)
        found.append(s)
    return tuple(found)
