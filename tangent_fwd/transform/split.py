"""Splitting: each variable gets one meaning.

A name that is bound again for another purpose becomes two variables, so that each has one type
and one activity; bindings that meet in a loop or after a branch stay together.

Before:

>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> def f(x, n):
...     x = x * x
...     s = 0.0
...     for i in range(n):
...         s = s + x
...     return s

After:

>>> print(show(split(lower(parse(f)))))
def f(x, n):
    x%2 = x * x
    s = 0.0
    for i in range(n):
        s = s + x%2
    return s
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from tangent_fwd.errors import Diagnostic
from tangent_fwd.ir.nodes import (
    Block,
    Break,
    Continue,
    Do,
    Expr,
    For,
    Function,
    If,
    Let,
    Lit,
    Op,
    Raise,
    Return,
    Stmt,
    Store,
    Try,
    Var,
    While,
)
from tangent_fwd.ir.walk import (
    assigned,
    blocks,
    map_expr,
    own_exprs,
    statements,
    variables,
    with_blocks,
)
from tangent_fwd.source import Span

Path = tuple[int, ...]
_NOWHERE: Path = (-2,)  # stands among the bindings of a name that some path leaves unbound
Env = dict[str, frozenset[Path]]  # the bindings that may reach a point; None: cannot be reached


def split(function: Function) -> Function:
    """One variable for each web of bindings and uses; raises nothing."""
    webs = Webs(function)
    return replace(function, body=webs.rename(function.body, ()))


class Webs:
    """The bindings of a program and the reads that they reach, in `uses`; `without` holds reads
    that are also reached by a path which binds the name nowhere, `unbound` those that nothing
    above them binds.
    """

    def __init__(self, function: Function) -> None:
        self.parent: dict[Path, Path] = {}
        self.name_of: dict[Path, str] = {}
        self.uses: dict[tuple[Path, str], Path] = {}
        self.unbound: list[Diagnostic] = []
        self.without: dict[tuple[Path, str], Span] = {}
        self.catching: list[list[Env]] = []  # what an exception may find
        self.first_rounds = _first_rounds(function.body)
        env: Env = {}
        for k, param in enumerate(function.params):
            env[param] = frozenset([self.bind((-1, k), param)])
        self.flow(function.body, (), env, [], [])
        self.versions = self.name_webs()

    # --- union-find over bindings ------------------------------------------------------------

    def bind(self, path: Path, name: str) -> Path:
        self.parent.setdefault(path, path)
        self.name_of[path] = name
        return path

    def find(self, path: Path) -> Path:
        while self.parent[path] != path:
            path = self.parent[path]
        return path

    def merge(self, paths: Iterable[Path]) -> Path:
        first, *rest = sorted(self.find(p) for p in paths)
        for other in rest:
            self.parent[self.find(other)] = first
        return first

    def name_webs(self) -> dict[Path, str]:
        names: dict[Path, str] = {}
        count: dict[str, int] = {}
        for path in sorted(self.parent):
            root = self.find(path)
            if root not in names:
                base = self.name_of[path]
                count[base] = count.get(base, 0) + 1
                names[root] = base if count[base] == 1 else f"{base}%{count[base]}"
        return names

    # --- which bindings reach which use ------------------------------------------------------

    def use(self, path: Path, exprs: Iterable[Expr], env: Env, span: Span) -> Env:
        """The reads of a statement; what it reads has a value afterwards."""
        for expr in exprs:
            for name in variables(expr):
                reaching = env.get(name, frozenset())
                bound = reaching - {_NOWHERE}
                where = expr.span if isinstance(expr, Op) and expr.span else span
                if not bound:
                    message = f"`{name}` is used before anything is assigned to it"
                    self.unbound.append(Diagnostic("undefined", message, where))
                    continue
                if bound != reaching:
                    self.without[path, name] = where
                    env = {**env, name: bound}
                self.uses[path, name] = self.merge(bound)
        return env

    def flow(
        self, block: Block, at: Path, env: Env | None, breaks: list[Env], continues: list[Env]
    ) -> Env | None:
        for k, stmt in enumerate(block):
            if env is None:
                return None
            for caught in self.catching:
                caught.append(env)
            env = self.step(stmt, (*at, k), env, breaks, continues)
        return env

    def step(
        self, stmt: Stmt, path: Path, env: Env, breaks: list[Env], continues: list[Env]
    ) -> Env | None:
        if not isinstance(stmt, While):
            env = self.use(path, own_exprs(stmt), env, stmt.span)
        if isinstance(stmt, Store):
            env = self.use(path, (Var(stmt.array),), env, stmt.span)
        if isinstance(stmt, Let):
            return {**env, stmt.target: frozenset([self.bind(path, stmt.target)])}
        if isinstance(stmt, If):
            if id(stmt) in self.first_rounds:
                return self.first_round(stmt, path, env, breaks, continues)
            yes = self.flow(stmt.body, (*path, 0), env, breaks, continues)
            no = self.flow(stmt.orelse, (*path, 1), env, breaks, continues)
            return _join([yes, no], strict=True)
        if isinstance(stmt, Try):
            caught: list[Env] = [env]
            self.catching.append(caught)
            body = self.flow(stmt.body, (*path, 0), env, breaks, continues)
            self.catching.pop()
            start = _join([*caught, body], strict=True)
            handled = self.flow(stmt.handler, (*path, 1), start, breaks, continues)
            return _join([body, handled], strict=True)
        if isinstance(stmt, (For, While)):
            return self.loop(stmt, path, env)
        if isinstance(stmt, Break):
            breaks.append(env)
            return None
        if isinstance(stmt, Continue):
            continues.append(env)
            return None
        return None if isinstance(stmt, (Return, Raise)) else env

    def first_round(
        self, stmt: If, path: Path, env: Env, breaks: list[Env], continues: list[Env]
    ) -> Env | None:
        """`if k == 0: …` in a loop over k: what is bound there is bound in every later round."""
        before = len(continues)
        first = self.flow(stmt.body, (*path, 0), env, breaks, continues)
        bound = _join([first, *continues[before:]], strict=True) or {}
        later = self.flow(stmt.orelse, (*path, 1), {**bound, **env}, breaks, continues)
        return _join([first, later], strict=True)

    def loop(self, stmt: For | While, path: Path, env: Env) -> Env | None:
        head = env
        while True:
            breaks: list[Env] = []
            continues: list[Env] = []
            if isinstance(stmt, For):
                start = {**head, stmt.var: frozenset([self.bind(path, stmt.var)])}
                leave: Env | None = head
                end = self.flow(stmt.body, (*path, 0), start, breaks, continues)
            else:
                leave = self.flow(stmt.test, (*path, 0), head, [], [])
                if leave is not None:
                    leave = self.use(path, (stmt.cond,), leave, stmt.span)
                end = self.flow(stmt.body, (*path, 1), leave, breaks, continues)
            joined = _join([head, end, *continues])
            assert joined is not None
            if joined == head:
                after = [leave, end if isinstance(stmt, For) else None, *breaks]
                return _join(after)
            head = joined

    # --- renaming ----------------------------------------------------------------------------

    def rename(self, block: Block, at: Path) -> Block:
        return tuple(self.rename_stmt(stmt, (*at, k)) for k, stmt in enumerate(block))

    def rename_stmt(self, stmt: Stmt, path: Path) -> Stmt:
        def change(expr: Expr) -> Expr:
            return map_expr(self.renamed(path), expr)

        if isinstance(stmt, Try):
            inner = (self.rename(b, (*path, k)) for k, b in enumerate(blocks(stmt)))
            return with_blocks(stmt, tuple(inner))
        if isinstance(stmt, If):
            body, orelse = (self.rename(b, (*path, k)) for k, b in enumerate(blocks(stmt)))
            return replace(stmt, cond=change(stmt.cond), body=body, orelse=orelse)
        if isinstance(stmt, While):
            test, body = (self.rename(b, (*path, k)) for k, b in enumerate(blocks(stmt)))
            return replace(stmt, test=test, cond=change(stmt.cond), body=body)
        if isinstance(stmt, For):
            bounds = tuple(change(e) for e in stmt.bounds)
            var = self.binding(path, stmt.var)
            return replace(stmt, var=var, bounds=bounds, body=self.rename(stmt.body, (*path, 0)))
        if isinstance(stmt, Let):
            return replace(stmt, target=self.binding(path, stmt.target), value=change(stmt.value))
        if isinstance(stmt, Store):
            array = self.renamed(path)(Var(stmt.array))
            assert isinstance(array, Var)
            index = tuple(change(e) for e in stmt.index)
            return replace(stmt, array=array.name, index=index, value=change(stmt.value))
        if isinstance(stmt, (Do, Return)):
            return replace(stmt, value=change(stmt.value))
        if isinstance(stmt, Raise):
            return replace(stmt, values=tuple(map(change, stmt.values)))
        return stmt

    def binding(self, path: Path, name: str) -> str:
        # A binding that cannot be reached has no web; it keeps its name and is swept later.
        return self.versions[self.find(path)] if path in self.parent else name

    def renamed(self, path: Path) -> Callable[[Expr], Expr]:
        def change(expr: Expr) -> Expr:
            if isinstance(expr, Var) and (path, expr.name) in self.uses:
                return Var(self.versions[self.find(self.uses[path, expr.name])])
            return expr

        return change


def _join(envs: Iterable[Env | None], strict: bool = False) -> Env | None:
    """What may reach a point by any of several ways.

    A name that only one branch binds is marked (`strict`); a loop is taken to run at least once,
    as its author meant who reads after it what it bound.
    """
    reached = [env for env in envs if env is not None]
    if not reached:
        return None
    names = {name for env in reached for name in env}
    nothing = frozenset([_NOWHERE]) if strict else frozenset()
    return {name: frozenset(p for env in reached for p in env.get(name, nothing)) for name in names}


def _first_rounds(body: Block) -> set[int]:
    """Branches, by their id, that the first round of a loop takes and no other: `if k == 0`."""
    found = set()
    for loop in statements(body):
        if not isinstance(loop, For):
            continue
        start = loop.bounds[0] if len(loop.bounds) > 1 else Lit(0)
        if {loop.var, *variables(start)} & assigned(loop.body):
            continue
        for test, stmt in zip((None, *loop.body), loop.body):
            if isinstance(stmt, If) and isinstance(test, Let) and stmt.cond == Var(test.target):
                if test.value == Op("eq", (Var(loop.var), start)):
                    found.add(id(stmt))
            if any(isinstance(s, Continue) for s in statements((stmt,))):
                break  # the first round may end here
    return found
