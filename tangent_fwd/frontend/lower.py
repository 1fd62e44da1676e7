"""Lowering: the user's syntax becomes named A-normal form.

Before:

>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> def f(x, n):
...     s = 0.0
...     for i in range(n - 1):
...         s += x[i] ** 2
...     return s

After: one operation a line, `%` marks names that are not the user's.

>>> print(show(lower(parse(f))))  # doctest: +NORMALIZE_WHITESPACE
def f(x, n):
    s = 0.0
    %1 = n - 1
    for i in range(%1):
        %2 = x[i]
        %3 = %2 ** 2
        s = s + %3
    return s
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeGuard

from tangent_fwd.errors import Diagnostic, raise_all
from tangent_fwd.frontend.desugar import taken_apart
from tangent_fwd.frontend.expressions import BINARY
from tangent_fwd.frontend.order import rebound_early
from tangent_fwd.frontend.parse import UserFunction
from tangent_fwd.frontend.prune import pruned
from tangent_fwd.frontend.rebinding import Rebinding
from tangent_fwd.frontend.sofar import Typing
from tangent_fwd.frontend.ways import outer_index, sorted_in_place
from tangent_fwd.ir.nodes import (
    FULL,
    Break,
    Continue,
    Do,
    Expr,
    Function,
    If,
    Lit,
    Op,
    Return,
    Stmt,
    Store,
    Var,
    While,
)
from tangent_fwd.source import Span


def lower(
    function: UserFunction,
    kinds: Mapping[str, Any] = MappingProxyType({}),
    typing: Typing | None = None,
) -> Function:
    """The function in A-normal form.

    Arguments: the parsed function, the numba types of its parameters where they are known, and
    what types the first of its statements (see `frontend/sofar.py`).
    Everything that cannot be accepted is collected first and raised in one report:
    UnsupportedSyntax, UnsupportedFunction or ActivityError, located at the user's line.
    """
    lowering = _Lowering(function, kinds, typing)
    result = lowering.run()
    raise_all(lowering.diagnostics, function.source)
    return result


class _Lowering(Rebinding):
    """One function on its way down; what it is built on deals with values, calls and loops."""

    def run(self) -> Function:
        node = self.function.node
        self.check_signature()
        body = list(node.body)
        doc = ast.get_docstring(node, clean=True)
        if doc is not None:
            body = body[1:]
        statements = self.block(body)
        return Function(self.function.name, self.function.params, pruned(statements), doc)

    def check_signature(self) -> None:
        args = self.function.node.args
        if args.kwarg is not None:
            self.refuse(args.kwarg, f"`**{args.kwarg.arg}` parameters are not supported")
        for default in (*args.defaults, *(d for d in args.kw_defaults if d is not None)):
            if isinstance(default, (ast.List, ast.Dict, ast.Set)):
                self.refuse(default, "a mutable default argument is not supported")

    # --- statements ------------------------------------------------------------------------

    def block(self, nodes: list[ast.stmt], head: tuple[Stmt, ...] = ()) -> tuple[Stmt, ...]:
        outer, self.out = self.out, [*head]
        for node in nodes:
            self.at = Span.of(node)
            for early in rebound_early(node):
                name = early.target.id
                self.refuse(early, f"`{name}` is read before `:=` binds it, in one expression")
            method = getattr(self, f"do_{type(node).__name__}", None)
            if method is None:
                self.refuse(node, f"{_describe(node)} is not supported")
            else:
                method(node)
        block, self.out = tuple(self.out), outer
        return block

    def do_Pass(self, node: ast.Pass) -> None:
        pass

    def do_Break(self, node: ast.Break) -> None:
        self.out.append(Break(self.at))

    def do_Continue(self, node: ast.Continue) -> None:
        self.out.append(Continue(self.at))

    def do_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):
            return
        if self.given_back(node.value) is not None:
            return
        if isinstance(node.value, ast.Call):
            if self.is_fill(node.value) or sorted_in_place(self, node.value):
                return
            value = self.call(node.value)
            if isinstance(value, Op):
                self.out.append(Do(value, self.at))
            return
        if isinstance(node.value, (ast.Yield, ast.YieldFrom, ast.Await)):
            self.refuse(node, f"{_describe(node.value)} is not supported")
            return
        self.atom(node.value)

    def outer_index(self, node: ast.expr) -> ast.expr:
        return outer_index(self, node)

    def is_fill(self, node: ast.Call) -> bool:
        """`a.fill(v)` is the store `a[:] = v`."""
        target = node.func
        if not (isinstance(target, ast.Attribute) and target.attr == "fill" and node.args):
            return False
        if self.resolve(target) is not ...:
            return False
        array = self.variable(target.value)
        value = self.atom(node.args[0])
        self.out.append(Store(array, (Lit(...),), value, self.at))
        return True

    def do_Return(self, node: ast.Return) -> None:
        if node.value is None:
            value: Expr = Lit(None)
        elif isinstance(node.value, ast.Tuple):
            value = Op("tuple", self.entries(node.value.elts))
        else:
            value = self.given_back(node.value) or self.atom(node.value)
            value = self.name(value) if isinstance(value, Op) else value
        self.out.append(Return(value, self.at))

    def do_Assign(self, node: ast.Assign) -> None:
        first = node.targets[0]
        if self.is_definition(node) or self.is_slice(node) or self.is_generator(node):
            return
        if len(node.targets) == 1 and isinstance(first, (ast.Tuple, ast.List)):
            if isinstance(node.value, (ast.Tuple, ast.List)):
                self.assign_together(first, node.value)
                return
        given = self.given_back(node.value)
        if len(node.targets) == 1 and isinstance(first, ast.Name):
            if given is None:
                self.named(first.id, node.value)
            else:
                self.let(first.id, given)
            return
        value = self.atom(node.value) if given is None else given
        value = self.name(value) if isinstance(value, Op) else value
        for target in node.targets:
            self.assign(target, value)

    def do_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is None:
            return
        if isinstance(node.target, ast.Name):
            self.let(node.target.id, self.value(node.value))
        else:
            self.assign(node.target, self.atom(node.value))

    def do_AugAssign(self, node: ast.AugAssign) -> None:
        fn = BINARY.get(type(node.op))
        if self.is_grown(node):
            return
        if fn is None:
            self.refuse(node, "the operator of this augmented assignment is not supported")
            return
        span = Span.of(node)
        # A product has no elementwise form to write in place: it is made, then stored.
        inplace = (("inplace", True),) if fn != "matmul" else ()
        if isinstance(node.target, ast.Name) and self.has_no_axes(node.target.id):
            # What is computed with such an array is a number, which is stored where that was.
            number = self.name(Op("getitem", (Var(node.target.id), Op("tuple", ())), (), span))
            changed = self.name(Op(fn, (number, self.atom(node.value)), (), span))
            self.out.append(Store(node.target.id, (Lit(...),), changed, self.at))
        elif isinstance(node.target, ast.Name):
            old = self.atom(ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target))
            new = Op(fn, (old, self.atom(node.value)), inplace, span)
            if fn == "matmul":
                self.out.append(Store(node.target.id, (FULL,), self.name(new), self.at))
            else:
                self.let(node.target.id, new)
        elif isinstance(node.target, ast.Subscript) or self.is_field(node.target):
            array, index = self.place_in(node.target)
            element = self.name(self.element(Var(array), index, index == (Lit(...),), span))
            changed = self.name(Op(fn, (element, self.atom(node.value)), inplace, span))
            self.out.append(Store(array, index, changed, self.at))
        else:
            self.refuse(node.target, "assigning to an attribute is not supported")

    def is_field(self, node: ast.expr) -> TypeGuard[ast.Attribute]:
        """Whether an attribute is a field of a record."""
        if not isinstance(node, ast.Attribute):
            return False
        return _is_record(self.kind(self.atom(node.value)))

    def place_in(self, node: ast.Subscript | ast.Attribute) -> tuple[str, tuple[Expr, ...]]:
        """The array that is written to, and where: of a structured one, all of a field."""
        array = self.variable(node.value)
        if isinstance(node, ast.Attribute):
            return array, (Lit(node.attr),)
        index = self.index(node.slice)
        word = index[0].value if len(index) == 1 and isinstance(index[0], Lit) else None
        if not isinstance(word, str) or not _is_record(
            getattr(self.kind(Var(array)), "dtype", None)
        ):
            return array, index
        field = self.name(Op("field", (Var(array), *index), (), Span.of(node)))
        return field.name, (Lit(...),)

    def assign(self, target: ast.expr, value: Expr) -> None:
        """Bind an already computed value to a target."""
        if isinstance(target, ast.Name):
            self.let(target.id, value)
        elif self.is_replaced(target, value):
            pass
        elif isinstance(target, ast.Subscript) or self.is_field(target):
            array, index = self.place_in(target)
            self.out.append(Store(array, index, value, self.at))
        elif isinstance(target, (ast.Tuple, ast.List)):
            if any(isinstance(e, ast.Starred) for e in target.elts):
                self.bind_starred(target.elts, value, target)
                return
            if isinstance(value, Op) and value.fn == "tuple":
                self.bind_all(target.elts, value.args, target)
                return
            count = len(target.elts)
            parts = tuple(
                Op("getitem", (value, Lit(k)), (("of", count),), Span.of(target))
                for k in range(count)
            )
            for element, part in zip(target.elts, parts):
                if isinstance(element, ast.Name):
                    self.let(element.id, part)
                else:
                    self.assign(element, self.name(part))
        else:
            self.refuse(target, "assigning to an attribute is not supported")

    def bind_all(self, targets: list[ast.expr], values: tuple[Expr, ...], at: ast.expr) -> None:
        if any(isinstance(t, ast.Starred) for t in targets):
            self.bind_starred(targets, Op("tuple", values), at)
            return
        if len(targets) != len(values):
            self.refuse(at, f"cannot unpack {len(values)} values into {len(targets)} names")
            return
        for target, value in zip(targets, values):
            self.assign(target, value)

    def assign_together(self, targets: ast.Tuple | ast.List, values: ast.Tuple | ast.List) -> None:
        """`a, b = b, a`: every value is taken before the first name is bound."""
        if any(isinstance(e, ast.Starred) for e in values.elts):
            self.bind_all(targets.elts, self.entries(values.elts), targets)
            return
        taken: list[Expr] = []
        bound = {n.id for t in targets.elts for n in ast.walk(t) if isinstance(n, ast.Name)}
        stores = any(not isinstance(t, ast.Name) for t in targets.elts)
        for position, element in enumerate(values.elts):
            last = position == len(values.elts) - 1 and not stores and len(values.elts) == 1
            value: Expr = self.value(element) if last else self.atom(element)
            if isinstance(value, Var) and value.name in bound:
                value = self.name(value)
            taken.append(value)
        self.bind_all(targets.elts, tuple(taken), targets)

    def do_If(self, node: ast.If) -> None:
        cond = self.atom(node.test)
        at = self.at
        body, orelse = self.block(node.body), self.block(node.orelse)
        self.out.append(If(cond, body, orelse, at))

    def do_Match(self, node: ast.Match) -> None:
        # Any other was made tests.
        self.refuse(
            taken_apart(node) or node,
            "a pattern that takes a value apart is not supported",
            "match literals, names and `_`, also joined by `|`, and guards",
        )

    def do_While(self, node: ast.While) -> None:
        at = self.at
        outer, self.out = self.out, []
        cond = self.atom(node.test)
        test, self.out = tuple(self.out), outer
        self.out.append(While(test, cond, self.block(node.body), at))

    def undefined(self, node: ast.Name, advice: str) -> None:
        if node.id in self.inner:
            self.refuse(node, f"`{node.id}` is a function: it can be called, and passed to one")
            return
        if node.id in self.refused and self.diagnostics:
            return
        self.diagnostics.append(
            Diagnostic(
                "unknown-name", f"name `{node.id}` is not defined", Span.of(node), help=advice
            )
        )


def _is_record(kind: Any) -> bool:
    """Whether a numba type is that of a record."""
    return type(kind).__name__ == "Record"


_NAMES = {
    "AsyncFunctionDef": "an async function",
    "ClassDef": "a class definition",
    "Delete": "`del`",
    "AsyncFor": "`async for`",
    "With": "`with`",
    "AsyncWith": "`async with`",
    "Try": "`try`",
    "TryStar": "`try`",
    "Import": "`import` inside a function",
    "ImportFrom": "`import` inside a function",
    "Global": "`global`",
    "Nonlocal": "`nonlocal`",
    "Yield": "`yield`",
    "YieldFrom": "`yield from`",
    "Await": "`await`",
}


def _describe(node: ast.AST) -> str:
    name = type(node).__name__
    return _NAMES.get(name, f"this statement ({name})")
