"""Which variables are still needed where, and so which may share a name."""

from __future__ import annotations

from tangent_fwd.ir.nodes import (
    Block,
    Break,
    Continue,
    For,
    Function,
    If,
    Let,
    Nest,
    Raise,
    Return,
    Stmt,
    Store,
    Try,
    Var,
    While,
)
from tangent_fwd.ir.walk import own_exprs, variables

Names = frozenset[str]
_NONE: Names = frozenset()


class Interference:
    """Pairs of variables that hold different values at the same time.

    `loops` says of each loop over a range (by its identity) what a round of it needs when it
    begins, and what is needed after the last.
    """

    def __init__(self, function: Function) -> None:
        self.pairs: dict[str, set[str]] = {}
        self.loops: dict[int, tuple[Names, Names]] = {}
        self.on_raise = _NONE  # what is needed where an exception is caught
        entry = self.block(function.body, _NONE, _NONE, _NONE)
        for param in function.params:
            self.clash(param, entry | frozenset(function.params))

    def between(self, a: str, b: str) -> bool:
        return b in self.pairs.get(a, ())

    def merge(self, a: str, b: str) -> None:
        """From now on `a` stands for both."""
        for other in self.pairs.pop(b, set()):
            self.pairs[other].discard(b)
            self.clash(a, frozenset([other]))

    def clash(self, name: str, others: Names) -> None:
        for other in others:
            if other != name:
                self.pairs.setdefault(name, set()).add(other)
                self.pairs.setdefault(other, set()).add(name)

    def block(self, block: Block, after: Names, on_break: Names, on_continue: Names) -> Names:
        for stmt in reversed(block):
            after = self.stmt(stmt, after, on_break, on_continue)
        return after

    def stmt(self, stmt: Stmt, after: Names, on_break: Names, on_continue: Names) -> Names:
        after |= self.on_raise
        reads = frozenset(n for e in own_exprs(stmt) for n in variables(e))
        if isinstance(stmt, Let):
            copied = frozenset([stmt.value.name]) if isinstance(stmt.value, Var) else _NONE
            self.clash(stmt.target, after - copied)
            return (after - {stmt.target}) | reads | self.on_raise
        if isinstance(stmt, Store):
            return after | reads | {stmt.array}
        if isinstance(stmt, (Return, Raise)):
            return reads | self.on_raise
        if isinstance(stmt, Try):
            handler = self.block(stmt.handler, after, on_break, on_continue)
            outer, self.on_raise = self.on_raise, self.on_raise | handler
            body = self.block(stmt.body, after, on_break, on_continue)
            self.on_raise = outer
            return body | handler
        if isinstance(stmt, Break):
            return on_break
        if isinstance(stmt, Continue):
            return on_continue
        if isinstance(stmt, If):
            yes = self.block(stmt.body, after, on_break, on_continue)
            no = self.block(stmt.orelse, after, on_break, on_continue)
            return yes | no | reads
        if isinstance(stmt, (For, Nest)):
            var = stmt.var if isinstance(stmt, For) else stmt.index
            head = after
            while True:
                body = self.block(stmt.body, head, after, head)
                self.clash(var, body | after | head)
                grown = head | (body - {var})
                if grown == head:
                    self.loops[id(stmt)] = body, after
                    return head | reads
                head = grown
        if isinstance(stmt, While):
            head = after
            while True:
                body = self.block(stmt.body, head, after, head)
                grown = head | self.block(stmt.test, body | after | reads, after, head)
                if grown == head:
                    return head
                head = grown
        return after | reads
