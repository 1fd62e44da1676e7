"""Simplifying: what was computed already is not computed again, what nobody needs goes.

Before:

>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> def f(x, i):
...     a = x[i] * 2.0
...     b = x[i] * x[i]
...     c = b + 1.0
...     return a + b

After:

>>> print(show(simplify(lower(parse(f)))))
def f(x, i):
    %1 = x[i]
    a = %1 * 2.0
    b = %1 * %1
    %4 = a + b
    return %4
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tangent_fwd.analysis.alias import VIEWS, has_array, held
from tangent_fwd.analysis.effects import ALLOCATES, Memory, block_calls, calls, is_temporary
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
    Stmt,
    Store,
    Try,
    Var,
    While,
)
from tangent_fwd.ir.walk import (
    assigned,
    bindings,
    blocks,
    map_exprs,
    own_exprs,
    statements,
    substitute,
    variables,
    with_blocks,
)
from tangent_fwd.transform.flatten import flatten


def simplify(function: Function) -> Function:
    """Share common subexpressions, propagate copies, drop what is unused; exact in every bit."""
    function = flatten(function, lazy=True)
    for _ in range(2):
        function = replace(function, body=_Share(function).block(function.body, {}, {}))
        function = sweep(function)
    return function


@dataclass(frozen=True)
class _Held:
    """The name that holds an expression's value, and what that depends on: the names (its own
    among them) and the memory.
    """

    name: str
    names: frozenset[str]
    memory: frozenset[str]


Known = dict[Expr, _Held]


class _Share:
    """One walk that replaces an expression by the name that already holds its value."""

    def __init__(self, function: Function) -> None:
        self.memory = Memory(function)
        self.function = function
        self.bound = bindings(function)

    def fixed(self, name: str) -> bool:
        return self.bound[name] == 1

    def block(self, block: Block, known: Known, copies: dict[str, Expr]) -> Block:
        return tuple(self.statement(stmt, known, copies) for stmt in block)

    def statement(self, stmt: Stmt, known: Known, copies: dict[str, Expr]) -> Stmt:
        def change(expr: Expr) -> Expr:
            return substitute(expr, copies)

        inner = blocks(stmt)
        if inner:
            if isinstance(stmt, (For, Nest, While, Try)):
                self.kill((stmt,), known)
            fresh = tuple(self.block(b, dict(known), copies) for b in inner)
            self.kill((stmt,), known)
            own = map_exprs(change, with_blocks(stmt, tuple(() for _ in inner)))
            return with_blocks(own, fresh)
        if isinstance(stmt, Store):
            copied = copies.get(stmt.array)
            if isinstance(copied, Var):
                stmt = replace(stmt, array=copied.name)
        stmt = map_exprs(change, stmt)
        if isinstance(stmt, Let):
            stmt = self.let(stmt, known, copies)
        else:
            self.kill((stmt,), known)
            if isinstance(stmt, Store) and self.passes_unchanged(stmt):
                assert isinstance(stmt.value, Var)
                element = Op("getitem", (Var(stmt.array), *stmt.index))
                known[element] = self.held(stmt.value.name, element)
        return stmt

    def passes_unchanged(self, stmt: Store) -> bool:
        """Whether what is stored is what a later load would give: no rounding, no rebinding."""
        value, kind = stmt.value, self.function.typeof(stmt.array)
        return (
            isinstance(value, Var)
            and self.fixed(value.name)
            and kind is not None
            and self.function.typeof(value.name) == held(kind)
            and not any(isinstance(e, Op) for e in stmt.index)
        )

    def held(self, name: str, expr: Expr) -> _Held:
        names = frozenset((name, *variables(expr)))
        return _Held(name, names, frozenset(self.memory.loads(expr)))

    def let(self, stmt: Let, known: Known, copies: dict[str, Expr]) -> Let:
        stmt = self.plainer(stmt)
        value, target = stmt.value, stmt.target
        if isinstance(value, Op) and value in known and not stmt.any_order:
            value = Var(known[value].name)
            stmt = replace(stmt, value=value)
        if not self.fixed(target) or calls(value):
            self.kill((stmt,), known)
        if not self.fixed(target):
            return stmt
        if isinstance(value, Op):
            makes = value.fn in ALLOCATES or (
                has_array(self.function.typeof(target)) and value.fn not in VIEWS
            )
            if not makes and not calls(value) and value.fn != "tuple":
                if value not in known and target not in variables(value):
                    known[value] = self.held(target, value)
        elif isinstance(value, Lit) or (isinstance(value, Var) and self.fixed(value.name)):
            if is_temporary(target):
                copies[target] = value
        return stmt

    def plainer(self, stmt: Let) -> Let:
        """What nothing is taken from is what it was, as in `n - ddof`; of floats it is in every
        bit.
        """
        value, kind = stmt.value, self.function.typeof(stmt.target)
        if isinstance(value, Op) and value.fn == "sub" and value.args[1] == Lit(0):
            whole = value.args[0]
            same = isinstance(whole, Var) and self.function.typeof(whole.name) == kind
            if same and kind is not None and not has_array(kind):
                return replace(stmt, value=whole)
        return stmt

    def kill(self, block: Block, known: Known) -> None:
        """Forget what a piece of program makes untrue."""
        if not known:
            return
        names = assigned(block)
        stores = self.memory.stores(block)
        everything = block_calls(block)
        for expr, kept in list(known.items()):
            untrue = not (kept.names.isdisjoint(names) and kept.memory.isdisjoint(stores))
            if untrue or (everything and kept.memory):
                del known[expr]


def sweep(function: Function) -> Function:
    """Drop bindings and stores whose results reach neither the outside nor a decision."""
    memory = Memory(function)
    params = {root for param in function.params for root in memory.aliases.of(param)}
    all_statements = list(statements(function.body))
    same = {id(s): s.value == Op("getitem", (Var(s.array), *s.index))
            for s in all_statements if isinstance(s, Store)}  # fmt: skip
    needed: set[str] = set()
    roots: set[str] = set(params)
    changed = True
    kept: set[int] = set()

    def need(exprs: tuple[Expr, ...]) -> None:
        for expr in exprs:
            for name in variables(expr):
                needed.add(name)
                roots.add(memory.root(name))

    while changed:
        changed = False
        for stmt in all_statements:
            if id(stmt) in kept:
                continue
            if isinstance(stmt, Let) and stmt.target not in needed and not _may_end(stmt.value):
                continue
            if isinstance(stmt, Store) and memory.root(stmt.array) not in roots:
                continue
            if isinstance(stmt, Store) and same.get(id(stmt)):
                continue
            if isinstance(stmt, (Nest, If)) and not any(
                id(s) in kept or _must_stay(s) for b in blocks(stmt) for s in statements(b)
            ):
                continue
            kept.add(id(stmt))
            changed = True
            need(own_exprs(stmt))
            if isinstance(stmt, Store):
                need((Var(stmt.array),))
    return replace(function, body=_keep(function.body, kept))


def _must_stay(stmt: Stmt) -> bool:
    """Whether a statement counts by itself: it leaves, raises, prints or loops for the user."""
    return not isinstance(stmt, (Let, Store, Nest, If))


def _may_end(value: Expr) -> bool:
    """Whether a value counts though nobody reads it: a call, or shapes that may not agree. The
    programs of the table only compute tangents.
    """
    if not isinstance(value, Op) or dict(value.keywords).get("rule") is True:
        return False
    return calls(value) or value.fn == "common"


def _keep(block: Block, kept: set[int]) -> Block:
    out: list[Stmt] = []
    for stmt in block:
        if id(stmt) not in kept:
            continue
        inner = blocks(stmt)
        if inner:
            stmt = with_blocks(stmt, tuple(_keep(b, kept) for b in inner))
        out.append(stmt)
    return tuple(out)
