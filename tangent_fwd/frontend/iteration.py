"""Lowering of `for`: every walk over something becomes a loop over whole numbers.

Before:

>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> def f(x):
...     s = 0.0
...     for k, a in enumerate(reversed(x), 1):
...         s += k * a
...     return s

After:

>>> print(show(lower(parse(f))))
def f(x):
    s = 0.0
    %1 = builtins.len(x)
    for %2 in range(%1):
        k = %2 + 1
        %3 = %1 - 1
        %4 = %3 - %2
        a = x[%4]
        %5 = k * a
        s = s + %5
    return s
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from tangent_fwd.frontend.calls import complete
from tangent_fwd.frontend.containers import METHODS, VIEWED
from tangent_fwd.frontend.functions import is_passed
from tangent_fwd.frontend.trees import bindings, own_nodes
from tangent_fwd.frontend.views import Views, Walk
from tangent_fwd.ir.nodes import Expr, For, If, Lit, Op, Raise, Stmt, Var
from tangent_fwd.source import Span


class Iteration(Views):
    """`for` over ranges, arrays and tuples, and over `enumerate`, `zip` and `reversed` of those."""

    def block(self, nodes: list[ast.stmt], head: tuple[Stmt, ...] = ()) -> tuple[Stmt, ...]:
        raise NotImplementedError

    def do_For(self, node: ast.For) -> None:
        at = self.at
        functions = self.functions(node.iter)
        if functions and isinstance(node.target, ast.Name):
            self.each_function(node, functions)
            return
        bounds = self.bounds(node.iter)
        if bounds is not None:
            if not isinstance(node.target, ast.Name):
                self.refuse(node.target, "a loop over `range` binds one name")
                return
            self.counters.append(node.target.id)
            parallel = getattr(self.callee(node.iter), "__name__", "") == "prange"
            self.out.append(For(node.target.id, bounds, self.block(node.body), at, parallel))
            return
        stored = [n.id for s in (node.target, *node.body) for n in ast.walk(s)
                  if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]  # fmt: skip
        inside = (getattr(each, "rebinds", ()) for each in self.inner.values())
        self.rebound = frozenset(stored).union(*inside)
        self.refuse_growth(node)
        walk = self.walk(node.iter)
        if walk.unrolled:
            self.unroll(node, walk)
            return
        name = self.counter(node.iter, node.target)
        index = name if name is not None and stored.count(name) == 1 else self.fresh()
        self.counters.append(index)
        outer, self.out = self.out, []
        walk.bind(node.target, Var(index))
        head, self.out = tuple(self.out), outer
        self.out.append(For(index, (walk.length,), self.block(node.body, head), at))

    def functions(self, node: ast.expr) -> list[Any]:
        """The functions that a tuple holds, if it holds nothing else."""
        if getattr(self.callee(node), "__name__", "") == "literal_unroll":
            assert isinstance(node, ast.Call)
            node = node.args[0] if len(node.args) == 1 else node
        found: list[Any] = []
        if isinstance(node, (ast.Tuple, ast.List)):
            inner = (ast.Name, ast.Attribute, ast.Lambda)
            found = [self.known(e) if isinstance(e, inner) else None for e in node.elts]
        elif isinstance(held := self.resolve(node), tuple):
            found = [each if is_passed(each) else None for each in held]
        return [] if None in found else found

    def each_function(self, node: ast.For, functions: list[Any]) -> None:
        """The steps of a loop over functions, in each of which its name is one of them."""
        assert isinstance(node.target, ast.Name)
        leaves = [n for s in node.body for n in within_loop(s)
                  if isinstance(n, (ast.Break, ast.Continue))]  # fmt: skip
        if leaves:
            self.refuse(leaves[0], *_WRITTEN_OUT)
            return
        for function in functions:
            self.inner[node.target.id] = function
            self.out.extend(self.block(node.body))
        del self.inner[node.target.id]

    def refuse_growth(self, node: ast.For) -> None:
        """How far a walk goes is known before it starts, so a list must stay as it is; a dict that
        grows or shrinks meanwhile is an error in Python.
        """
        over = node.iter
        if isinstance(over, ast.Call) and isinstance(over.func, ast.Attribute):
            over = over.func.value if over.func.attr in VIEWED else over
        whole = ast.dump(over)
        for gone in (t for s in node.body for n in ast.walk(s) if isinstance(n, ast.Delete)
                     for t in n.targets if isinstance(t, ast.Subscript)):  # fmt: skip
            if ast.dump(gone.value).replace("Del()", "Load()") == whole:
                self.refuse(gone, *_WALKED)
        for stretched in (n for s in node.body for n in ast.walk(s) if _stretches(n, whole)):
            if self.is_list(over):
                self.refuse(stretched, *_WALKED)
        for call in (n for s in node.body for n in ast.walk(s) if isinstance(n, ast.Call)):
            func = call.func
            if isinstance(func, ast.Attribute) and func.attr in METHODS:
                if ast.dump(func.value) == whole:
                    self.refuse(call, *_WALKED)

    def unroll(self, node: ast.For, walk: Walk) -> None:
        """The steps of a loop one after the other."""
        leaves = [n for s in node.body for n in within_loop(s)
                  if isinstance(n, (ast.Break, ast.Continue))]  # fmt: skip
        if leaves or not isinstance(walk.length, Lit):
            self.refuse(leaves[0] if leaves else node.iter, *_WRITTEN_OUT)
            return
        for k in range(walk.length.value):
            walk.bind(node.target, Lit(k))
            self.out.extend(self.block(node.body))

    def bounds(self, node: ast.expr) -> tuple[Expr, ...] | None:
        """What stands in the head of a loop over `range`, forwards or backwards by one."""
        callee = self.callee(node)
        if not isinstance(node, ast.Call):
            return self.bounds_of_named(node)
        if self.is_range(callee):
            return self.range_bounds(node)
        inner = node.args[0] if callee is reversed and len(node.args) == 1 else None
        if not isinstance(inner, ast.Call) or not self.is_range(self.callee(inner)):
            return None
        start, stop, step = complete(self.range_bounds(inner))
        if step != Lit(1):
            return None
        return self.less(stop, Lit(1)), self.less(start, Lit(1)), Lit(-1)

    @cached_property
    def range_names(self) -> frozenset[str]:
        """The names that may be ranges."""
        given = {p for p, kind in self.arg_kinds.items() if _is_range(kind)}
        bound = (pair for n in own_nodes(self.function.node) if isinstance(n, ast.Assign)
                 for pair in bindings(n))  # fmt: skip
        return frozenset(given) | {
            t.id for t, v in bound
            if isinstance(t, ast.Name) and v is not None and self.is_range(self.callee(v))
        }  # fmt: skip

    def bounds_of_named(self, node: ast.expr) -> tuple[Expr, ...] | None:
        """The same of a range that is a variable."""
        if not isinstance(node, ast.Name) or node.id not in self.locals:
            return None
        held = Var(node.id)
        return self.places(held) if _is_range(self.kind(held)) else None

    def places(self, held: Expr) -> tuple[Expr, ...]:
        """Start, stop and step of a range that is a value."""
        return tuple(self.name(Op("attr", (held, Lit(p)))) for p in ("start", "stop", "step"))

    def range_bounds(self, node: ast.Call) -> tuple[Expr, ...]:
        if node.keywords or not 1 <= len(node.args) <= 3:
            self.refuse(node, "`range` takes one to three positional arguments")
            return (Lit(0),)
        return tuple(self.atom(a) for a in node.args)

    def callee(self, node: ast.expr) -> Any:
        return self.resolve(node.func) if isinstance(node, ast.Call) else ...

    @staticmethod
    def is_range(obj: Any) -> bool:
        return obj is range or getattr(obj, "__name__", "") == "prange"

    def less(self, a: Expr, b: Expr) -> Expr:
        """The difference of two whole numbers."""
        if isinstance(a, Lit) and isinstance(b, Lit):
            return Lit(a.value - b.value)
        return a if b == Lit(0) else self.name(Op("sub", (a, b)))

    # --- what can be walked --------------------------------------------------------------------

    def counter(self, node: ast.expr, target: ast.expr) -> str | None:
        """The name of the user's that is the number of the step, if there is one."""
        callee = self.callee(node)
        if callee not in (enumerate, zip) or not isinstance(node, ast.Call):
            return None
        if not isinstance(target, ast.Tuple) or not node.args or node.keywords:
            return None
        first = target.elts[0]
        counts = len(node.args) == 1
        if callee is zip:
            of = node.args[0]
            counts = isinstance(of, ast.Call) and self.is_range(self.callee(of))
            counts = counts and isinstance(of, ast.Call) and len(of.args) == 1
        return first.id if counts and isinstance(first, ast.Name) else None

    def walk(self, node: ast.expr) -> Walk:
        callee = self.callee(node)
        if isinstance(node, ast.Call):
            if callee is enumerate:
                return self.enumerated(node)
            if callee is zip:
                return self.zipped(node)
            if callee is reversed:
                return self.backwards(node)
            if self.is_range(callee):
                return self.ranged(node)
            if getattr(callee, "__name__", "") == "literal_unroll" and len(node.args) == 1:
                return self.elements(node.args[0])
            if callee in (map, filter):
                self.refuse(node, f"iterating over `{callee.__name__}` is not supported")
                return _nothing()
            if self.is_view(node):
                assert isinstance(node.func, ast.Attribute)
                return self.viewed(node.func.value, node.func.attr, Span.of(node))
        return self.elements(node)

    def elements(self, node: ast.expr) -> Walk:
        if isinstance(node, (ast.Tuple, ast.List)):
            sequence: Expr = self.name(Op("tuple", self.entries(node.elts)))
        else:
            if isinstance(node, ast.Name) and node.id in self.tables:
                return self.viewed(node, "keys", Span.of(node))
            sequence = self.held(self.atom(node))
        span = Span.of(node)
        kind: Any = self.kind(sequence)
        if type(kind).__name__ in ("DictType", "Set"):
            return self.viewed(node, "keys", span)
        if _is_range(kind):
            return self.by_places(sequence, self.places(sequence), span)
        parts = kind.types if hasattr(kind, "types") and hasattr(kind, "count") else None
        unrolled = parts is not None and len(set(parts)) != 1
        length: Expr = Lit(0 if parts is None else len(parts))
        if parts is None:
            length = self.name(Op("builtins.len", (sequence,), (), span))

        def bind(target: ast.expr, index: Expr) -> None:
            self.give(target, Op("getitem", (sequence, index), (("walk", True),), span))

        return Walk(length, bind, unrolled)

    def ranged(self, node: ast.Call) -> Walk:
        start, stop, step = complete(tuple(map(self.held, self.range_bounds(node))))
        span = Span.of(node)
        if not isinstance(step, Lit) or not isinstance(step.value, int) or step.value == 0:
            whole = self.name(Op("builtins.range", (start, stop, step), (), span))
            return self.by_places(whole, (start, stop, step), span)
        size = abs(step.value)
        length = self.less(stop, start) if step.value > 0 else self.less(start, stop)
        if size != 1:
            up = self.name(Op("add", (length, Lit(size - 1)), (), span))
            length = self.name(Op("floordiv", (up, Lit(size)), (), span))
        return self.steps(length, start, step, span)

    def by_places(self, whole: Expr, places: tuple[Expr, ...], span: Span) -> Walk:
        """A walk over a range that is a value, of which only numba knows how long it is."""
        length = self.name(Op("builtins.len", (whole,), (), span))
        return self.steps(length, places[0], places[2], span)

    def steps(self, length: Expr, start: Expr, step: Expr, span: Span) -> Walk:
        """A walk over whole numbers that are as far from each other as the step is."""

        def bind(target: ast.expr, index: Expr) -> None:
            value = index
            if step != Lit(1):
                value = Op("mul", (index, step), (), span)
            if start != Lit(0):
                value = self.name(value) if isinstance(value, Op) else value
                value = Op("add", (start, value), (), span)
            self.give(target, value)

        return Walk(length, bind)

    def enumerated(self, node: ast.Call) -> Walk:
        given = [*node.args[1:], *(k.value for k in node.keywords if k.arg == "start")]
        if not node.args or len(node.args) - 1 + len(node.keywords) != len(given) or given[1:]:
            self.refuse(node, "`enumerate` takes something to walk over, and a start")
            return _nothing()
        start = self.held(self.atom(given[0])) if given else Lit(0)
        inner = self.walk(node.args[0])

        def bind(target: ast.expr, index: Expr) -> None:
            if not (isinstance(target, ast.Tuple) and len(target.elts) == 2):
                self.refuse(target, "a loop over `enumerate` binds two names")
                return
            counter, element = target.elts
            self.give(counter, index if start == Lit(0) else Op("add", (index, start)))
            inner.bind(element, index)

        return Walk(inner.length, bind, inner.unrolled)

    def zipped(self, node: ast.Call) -> Walk:
        parts = len(node.args)
        if not parts or node.keywords:
            self.refuse(node, "`zip` takes positional arguments")
            return _nothing()
        walks = [self.walk(a) for a in node.args]
        unrolled = [walk.length for walk in walks if walk.unrolled]
        length: Expr = walks[0].length
        for other in walks[1:] if not unrolled else []:
            length = self.name(Op("builtins.min", (length, other.length), (), Span.of(node)))
        if unrolled:
            length = self.shortest(walks, Span.of(node))

        def bind(target: ast.expr, index: Expr) -> None:
            if not (isinstance(target, ast.Tuple) and len(target.elts) == parts):
                self.refuse(target, f"a loop over `zip` of {parts} binds {parts} names")
                return
            for walk, element in zip(walks, target.elts):
                walk.bind(element, index)

        return Walk(length, bind, bool(unrolled))

    def shortest(self, walks: list[Walk], span: Span) -> Expr:
        """The number of steps of walks side by side that are written out: they must be as long."""
        known = [w.length.value for w in walks if isinstance(w.length, Lit)]
        for walk in walks:
            if not isinstance(walk.length, Lit):
                short = self.name(Op("lt", (walk.length, Lit(min(known))), (), span))
                fail = Raise("ValueError", "`zip` ends before the tuple does", span)
                self.out.append(If(short, (fail,), (), span))
        return Lit(min(known))

    def backwards(self, node: ast.Call) -> Walk:
        inner = node.args[0] if len(node.args) == 1 and not node.keywords else node
        if inner is node or self.callee(inner) in (enumerate, zip, reversed):
            self.refuse(node, "`reversed` takes a sequence or a `range`")
            return _nothing()
        walk = self.walk(inner)

        def bind(target: ast.expr, index: Expr) -> None:
            walk.bind(target, self.less(self.less(walk.length, Lit(1)), index))

        return Walk(walk.length, bind, walk.unrolled)


_WALKED = (
    "a list, a dict or a set that is walked over cannot grow or shrink meanwhile",
    "walk over a copy: `for k in list(d)`",
)
_WRITTEN_OUT = (
    "a loop over a tuple of different kinds is written out step by step: it cannot be left",
    "use conditions in place of `break` and `continue`",
)


def _stretches(node: ast.AST, whole: str) -> bool:
    """Whether a statement makes what has this text longer or shorter, if it is a list."""
    targets: list[ast.expr] = []
    if isinstance(node, ast.AugAssign):
        targets = [node.target]
    elif isinstance(node, ast.Assign):
        targets = [t.value for t in node.targets
                   if isinstance(t, ast.Subscript) and isinstance(t.slice, ast.Slice)]  # fmt: skip
    return any(ast.dump(t).replace("Store()", "Load()") == whole for t in targets)


def within_loop(stmt: ast.AST) -> Iterator[ast.AST]:
    """The statement and what is in it, but for loops of its own."""
    yield stmt
    if not isinstance(stmt, (ast.For, ast.While, ast.FunctionDef)):
        for child in ast.iter_child_nodes(stmt):
            yield from within_loop(child)


def _is_range(kind: Any) -> bool:
    """Whether a numba type is that of a range."""
    return type(kind).__name__ == "RangeType"


def _nothing() -> Walk:
    """Stands for what was refused."""
    return Walk(Lit(0), lambda target, index: None)
