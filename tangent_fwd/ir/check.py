"""A program between two passes is held to what every pass may rely on.

Nothing in the compiler calls this; the tests run it after every pass over their corpus.
"""

from __future__ import annotations

from typing import Any

from tangent_fwd.ir.nodes import (
    Block,
    Expr,
    For,
    Function,
    If,
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
from tangent_fwd.ir.walk import assigned, own_exprs, subexpressions

# Operations of a fixed number of arguments.
_ARITY = {
    **dict.fromkeys(
        "add sub mul truediv floordiv mod pow matmul lt le gt ge eq ne is is_not in not_in and or "
        "bitand bitor bitxor lshift rshift attr".split(),
        2,
    ),
    **dict.fromkeys("neg pos not invert dtype tangent_fwd.stop_gradient".split(), 1),
    **dict.fromkeys("ifelse slice".split(), 3),
}
# Names of operations without a dot; all others are functions of a library.
_PLAIN = frozenset(
    "getitem some gather tuple call empty zeros array row stretch common overlap dim trim like "
    "cast abs fstring list repeated field dict set emptied zeroed".split()
)


class BrokenProgram(AssertionError):
    """A pass made something that is no program."""


def check(function: Function) -> None:
    """Raise BrokenProgram, with the reason, where a program breaks the rules of the language.

    Every name read is a parameter or bound on some path before; every operation is known and has
    its number of arguments; the indices of nests inside each other differ; what is stored into is
    an array where types are known; a function ends by returning or raising if it returns at all;
    no statement stands in two places, since passes tell statements apart by which object they are.
    """
    _Checker(function).run()


class _Checker:
    def __init__(self, function: Function) -> None:
        self.function = function
        self.seen: set[int] = set()

    def run(self) -> None:
        params = self.function.params
        if len(set(params)) != len(params):
            self.fail("two parameters have one name", None)
        self.block(self.function.body, set(params), ())

    def fail(self, reason: str, stmt: Stmt | None) -> None:
        place = f" (line {stmt.span.line})" if stmt is not None else ""
        raise BrokenProgram(f"`{self.function.name}`{place}: {reason}")

    def block(self, block: Block, bound: set[str], nests: tuple[str, ...]) -> set[str]:
        """Names bound on some path after the block."""
        for stmt in block:
            bound = self.stmt(stmt, bound, nests)
        return bound

    def stmt(self, stmt: Stmt, bound: set[str], nests: tuple[str, ...]) -> set[str]:
        if id(stmt) in self.seen:
            self.fail("a statement stands in two places", stmt)
        self.seen.add(id(stmt))
        if isinstance(stmt, While):
            # What the body binds is there for the test and the body of the next round.
            bound = bound | assigned(stmt.test) | assigned(stmt.body)
            self.block(stmt.test, bound, nests)
        for expr in own_exprs(stmt):
            self.expr(expr, bound, stmt)
        if isinstance(stmt, Let):
            return bound | {stmt.target}
        if isinstance(stmt, Store):
            self.store(stmt, bound)
        elif isinstance(stmt, If):
            return self.block(stmt.body, bound, nests) | self.block(stmt.orelse, bound, nests)
        elif isinstance(stmt, While):
            return self.block(stmt.body, bound, nests)
        elif isinstance(stmt, Try):
            body = self.block(stmt.body, bound, nests)
            return body | self.block(stmt.handler, bound | assigned(stmt.body), nests)
        elif isinstance(stmt, For):
            return self.block(stmt.body, bound | {stmt.var} | assigned(stmt.body), nests)
        elif isinstance(stmt, Nest):
            if stmt.index in nests:
                self.fail(f"a nest inside a nest over the same index `{stmt.index}`", stmt)
            inner = bound | {stmt.index}
            return self.block(stmt.body, inner, (*nests, stmt.index)) - {stmt.index}
        elif isinstance(stmt, Raise) and not (stmt.exception or "pass_on").isidentifier():
            self.fail(f"`{stmt.exception}` is no exception", stmt)
        elif isinstance(stmt, Return) and nests:
            self.fail("a nest runs in any order, so nothing may return from it", stmt)
        return bound

    def store(self, stmt: Store, bound: set[str]) -> None:
        if stmt.array not in bound:
            self.fail(f"`{stmt.array}` is stored into before it is bound", stmt)
        kind: Any = self.function.typeof(stmt.array)
        if kind is not None and type(kind).__name__ not in (
            "Array",
            "List",
            "ListType",
            "DictType",
        ):
            self.fail(f"`{stmt.array}` is stored into, but is {kind}", stmt)
        if not stmt.index:
            self.fail(f"a store into `{stmt.array}` without an index", stmt)

    def expr(self, expr: Expr, bound: set[str], stmt: Stmt) -> None:
        for part in subexpressions(expr):
            if isinstance(part, Var):
                if part.name not in bound:
                    self.fail(f"`{part.name}` is read before it is bound", stmt)
            elif isinstance(part, Op):
                self.op(part, stmt)
            elif not isinstance(part, (Lit, Ref)):
                self.fail(f"{part!r} is no expression", stmt)

    def op(self, op: Op, stmt: Stmt) -> None:
        wanted = _ARITY.get(op.fn)
        if wanted is not None and len(op.args) != wanted:
            self.fail(f"`{op.fn}` has {len(op.args)} arguments, not {wanted}", stmt)
        if wanted is None and "." not in op.fn and op.fn not in _PLAIN:
            self.fail(f"`{op.fn}` is no operation", stmt)
        if op.fn == "call" and not (op.args and isinstance(op.args[0], Ref)):
            self.fail("a call of something that is not named", stmt)
        if op.fn in ("getitem", "gather") and len(op.args) < 2:
            self.fail(f"`{op.fn}` without an index", stmt)
