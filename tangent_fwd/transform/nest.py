"""Nesting: temporaries that are used once go back into the expression they came from.

Before:

>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> def f(x, i):
...     y = x[i] * 2.0 + 1.0
...     return y if y > 0.0 else -y
>>> lowered = lower(parse(f))
>>> len(lowered.body)
6

After:

>>> print(show(nest(lowered)))
def f(x, i):
    y = (x[i] * 2.0) + 1.0
    return (y if y > 0.0 else -y)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from tangent_fwd.analysis.alias import has_array, is_tuple
from tangent_fwd.analysis.effects import ALLOCATES, Memory, calls, is_temporary
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
    Ref,
    Stmt,
    Store,
    Var,
    While,
)
from tangent_fwd.ir.show import show_expr
from tangent_fwd.ir.walk import (
    assigned,
    blocks,
    defined,
    map_expr,
    map_exprs,
    own_exprs,
    statements,
    subexpressions,
    variables,
    with_blocks,
)

# A line that a person would not write in one breath.
_WIDEST = 220


def nest(function: Function) -> Function:
    """Fold single-use temporaries, and branches that only choose a value, into expressions."""
    moving: frozenset[str] = frozenset()
    while True:
        folded = _folded(function, moving)
        there = {n for s in statements(folded.body) if (n := defined(s)) is not None}
        alone = {n.rsplit(":", 1)[-1] for n in there if ":" in n} - there
        alone -= moving
        alone &= {n for s in statements(function.body) if (n := defined(s)) is not None}
        if not alone:
            return folded
        moving |= alone


def _folded(function: Function, moving: frozenset[str]) -> Function:
    for _ in range(4):
        work = _Nest(function, moving)
        body = work.block(function.body)
        if body == function.body:
            return function
        function = replace(function, body=body)
    return function


class _Nest:
    def __init__(self, function: Function, moving: frozenset[str]) -> None:
        self.function = function
        self.memory = Memory(function)
        everything = list(statements(function.body))
        self.reads = Counter(
            [n for s in everything for e in own_exprs(s) for n in variables(e)]
            + [s.array for s in everything if isinstance(s, Store)]
        )
        self.stored = {s.array for s in everything if isinstance(s, Store)}
        names = [n for s in everything if (n := defined(s)) is not None]
        self.bound = Counter([*names, *function.params])
        # Temporaries whose tangents have a name: the reader wants to see what it belongs to.
        self.moving = moving
        self.pairs: set[Expr] = {
            Var(s.target) for s in everything if isinstance(s, Let) and isinstance(s.value, Op)
            and dict(s.value.keywords).get("pair")
        }  # fmt: skip
        self.cores = {n.rsplit(":", 1)[-1] for n in self.bound if ":" in n}
        self.loops = 0

    def block(self, block: Block) -> Block:
        stmts = list(map(self.inside, block))
        stmts = [self.plain_while(self.as_expression(s)) for s in stmts]
        k = 0
        while k < len(stmts):
            stmt = stmts[k]
            if isinstance(stmt, Let) and self.foldable(stmt):
                if self.fold(stmts, k, stmt):
                    del stmts[k]
                    continue
            k += 1
        return tuple(stmts)

    def inside(self, stmt: Stmt) -> Stmt:
        inner = blocks(stmt)
        if not inner:
            return stmt
        turns = isinstance(stmt, (For, Nest, While))
        self.loops += turns
        changed = with_blocks(stmt, tuple(map(self.block, inner)))
        self.loops -= turns
        return changed

    def as_expression(self, stmt: Stmt) -> Stmt:
        """`if c: t = a` / `else: t = b` is `t = a if c else b`; `if t: t = b` is `t = t and b`."""
        if not isinstance(stmt, If) or len(stmt.body) != 1:
            return stmt
        yes = stmt.body[0]
        if not isinstance(yes, Let) or not is_temporary(yes.target) or calls(yes.value):
            return stmt
        if len(stmt.orelse) == 1:
            no = stmt.orelse[0]
            if isinstance(no, Let) and no.target == yes.target and not calls(no.value):
                value = Op("ifelse", (stmt.cond, yes.value, no.value))
                if len(show_expr(value)) <= _WIDEST:
                    return Let(yes.target, value, stmt.span)
        return stmt

    def plain_while(self, stmt: Stmt) -> Stmt:
        """A loop whose test is one expression has it as its condition."""
        if isinstance(stmt, While) and len(stmt.test) == 1:
            made = stmt.test[0]
            alone = isinstance(stmt.cond, Var) and self.reads[stmt.cond.name] <= 2
            if alone and isinstance(made, Let) and stmt.cond == Var(made.target):
                own = sum(n == made.target for n in variables(made.value))
                if own == 0 and is_temporary(made.target):
                    return replace(stmt, test=(), cond=made.value)
        return stmt

    def foldable(self, stmt: Let) -> bool:
        name, value = stmt.target, stmt.value
        # `h_i = …; h[i] = h_i` holds an element of the user's `h` only on its way there.
        passing = name.endswith("%s") and name[:-2] in self.stored
        if not (is_temporary(name) or passing) or calls(value) or stmt.any_order:
            return False
        if isinstance(value, Op) and value.fn == "getitem" and value.args[0] in self.pairs:
            return False  # `y, d_y = g_jvp(x, d_x)` names both
        if self.bound[name] != 1:
            return self.is_short_circuit(stmt)
        if isinstance(value, Ref):
            return name not in self.stored  # a constant of the module has a name already
        if show_expr(value).count(" if ") > 1:
            return False  # a choice within a choice is hard enough on a line of its own
        if _is_short(value) and not (self.is_active(name) and _is_small(value)):
            return name not in self.moving
        if isinstance(value, Op) and value.fn in ALLOCATES - {"matmul"}:
            return False
        return self.reads[name] == 1 and name not in self.moving

    def is_active(self, name: str) -> bool:
        """Whether a name is a tangent, or has one that is used more than once."""
        return ":" in name or name in self.cores

    def is_short_circuit(self, stmt: Let) -> bool:
        return self.bound[stmt.target] == 2

    def fold(self, stmts: list[Stmt], k: int, stmt: Let) -> bool:
        """Move a value to where it is read, if nothing it depends on changes on the way."""
        name, value = stmt.target, stmt.value
        if self.bound[name] == 2:
            return self.fold_and_or(stmts, k, stmt)
        inside, loads = set(variables(value)), self.memory.loads(value)
        if isinstance(value, Ref) or (_is_short(value) and self.reads[name] != 1):
            return self.fold_everywhere(stmts, k, stmt)
        for m in range(k + 1, len(stmts)):
            user = stmts[m]
            direct = sum(n == name for e in own_exprs(user) for n in variables(e))
            if direct:
                if isinstance(user, While):
                    return False
                return self.replace_in(stmts, m, name, value)
            inner = sum(n == name for s in statements((user,)) for e in own_exprs(s)
                        for n in variables(e))  # fmt: skip
            if inner and isinstance(user, If) and inner == self.reads[name]:
                return self.sink(stmts, m, stmt)
            if inner:
                return False  # used further in: it would be computed in every round
            if inside & assigned((user,)) or (loads and loads & self.memory.stores((user,))):
                return False
        return False

    def sink(self, stmts: list[Stmt], m: int, stmt: Let) -> bool:
        """Into the branch that is the only one to read it."""
        user = stmts[m]
        for k, block in enumerate(blocks(user)):
            reads = sum(n == stmt.target for s in statements(block) for e in own_exprs(s)
                        for n in variables(e))  # fmt: skip
            if reads == self.reads[stmt.target]:
                inner = [stmt, *block]
                if not self.fold(inner, 0, stmt):
                    return False
                new = list(blocks(user))
                new[k] = tuple(inner[1:])
                stmts[m] = with_blocks(user, tuple(new))
                return True
        return False

    def replace_in(self, stmts: list[Stmt], m: int, name: str, value: Expr) -> bool:
        user = stmts[m]
        if isinstance(user, Store) and user.array == name:
            return False
        if self.loops and self.memory.loads(value) and _is_choice(name, own_exprs(user)):
            return False  # LLVM loads many elements at once only if it may load each of them

        def change(expr: Expr) -> Expr:
            return map_expr(lambda e: value if e == Var(name) else e, expr)

        inner = blocks(user)
        bare = with_blocks(user, tuple(() for _ in inner)) if inner else user
        changed = map_exprs(change, bare)
        for expr in own_exprs(changed):
            if isinstance(value, Op) and _width(expr) > _WIDEST:
                return False
            if not _array_name_stays(expr):
                return False
        stmts[m] = with_blocks(changed, inner) if inner else changed
        return True

    def fold_everywhere(self, stmts: list[Stmt], k: int, stmt: Let) -> bool:
        """`x.size` is as short as a name: write it wherever it is read."""
        value = stmt.value
        names = set(variables(value))
        if not isinstance(value, Ref) and (not names or any(self.bound[n] != 1 for n in names)):
            return False
        if stmt.target in self.stored:
            return False  # a store wants a name
        if _is_small(value) and not all(self.is_scalar(n) for n in variables(value)):
            return False

        def change(expr: Expr) -> Expr:
            return map_expr(lambda e: value if e == Var(stmt.target) else e, expr)

        for m in range(k + 1, len(stmts)):
            stmts[m] = map_exprs(change, stmts[m])
        self.reads[stmt.target] = 0
        return True

    def is_scalar(self, name: str) -> bool:
        kind = self.function.typeof(name)
        return kind is not None and not has_array(kind) and not is_tuple(kind)

    def fold_and_or(self, stmts: list[Stmt], k: int, stmt: Let) -> bool:
        """`t = a` followed by `if t: t = b` is `t = a and b`; with `not t` it is `or`."""
        if k + 1 >= len(stmts):
            return False
        branch = stmts[k + 1]
        if not isinstance(branch, If) or len(branch.body) != 1 or branch.orelse:
            return False
        inner = branch.body[0]
        if not isinstance(inner, Let) or inner.target != stmt.target or calls(inner.value):
            return False
        if branch.cond == Var(stmt.target):
            fn = "and"
        elif branch.cond == Op("not", (Var(stmt.target),)):
            fn = "or"
        else:
            return False
        value = Op(fn, (stmt.value, inner.value))
        if len(show_expr(value)) > _WIDEST:
            return False
        stmts[k + 1] = Let(stmt.target, value, stmt.span)
        self.bound[stmt.target] = 1
        return True


def _width(expr: Expr) -> int:
    """How long an expression is; the parts of a tuple that does not fit get a line each."""
    if isinstance(expr, Op) and expr.fn == "tuple":
        return max(map(_width, expr.args), default=0)
    return len(show_expr(expr))


def _is_short(value: Expr) -> bool:
    """`x.size`, `x.shape[0]` and `a * b` are as short as a name, and cost nothing."""
    if not isinstance(value, Op):
        return False
    if value.fn == "getitem" and isinstance(value.args[0], Op) and value.args[0].fn == "attr":
        return isinstance(value.args[1], Lit)
    return value.fn == "attr" or _is_small(value)


_SMALL = frozenset("add sub mul neg lt le gt ge eq ne".split())


def _is_small(value: Expr) -> bool:
    """Whether a value is one cheap operation on names and numbers."""
    if not isinstance(value, Op):
        return False
    if value.fn == "pow":
        return isinstance(value.args[0], Var) and value.args[1] == Lit(2)
    return value.fn in _SMALL and not any(isinstance(a, Op) for a in value.args)


def _is_choice(name: str, exprs: Iterable[Expr]) -> bool:
    """Whether what a name holds is one of two values that are chosen between."""
    choices = (
        e for x in exprs for e in subexpressions(x) if isinstance(e, Op) and e.fn == "ifelse"
    )
    return any(name in variables(arm) for choice in choices for arm in choice.args[1:])


def _array_name_stays(expr: Expr) -> bool:
    """Indexing and attributes want a name or a plain element below them, as people write it."""
    if not isinstance(expr, Op):
        return True
    if expr.fn in ("getitem", "attr") and isinstance(expr.args[0], Op):
        if expr.args[0].fn not in ("getitem", "attr"):
            return False
    return all(_array_name_stays(a) for a in expr.args)
