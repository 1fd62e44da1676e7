"""Lowering of lists: displays, and arrays in their place where arrays are asked for."""

from __future__ import annotations

import ast
import re
from collections.abc import Container
from functools import cached_property
from typing import Any

from tangent_fwd.errors import TangentError
from tangent_fwd.frontend import names
from tangent_fwd.frontend.derivatives import Derivatives
from tangent_fwd.frontend.meanings import Meanings
from tangent_fwd.frontend.parse import parse
from tangent_fwd.frontend.trees import bindings, own_nodes
from tangent_fwd.ir.nodes import Expr, Op
from tangent_fwd.source import Span

# What says in the name of a numba type that it is, or holds, a list, dict or set.
_HOLDERS = re.compile(r"list|set\(|dict", re.IGNORECASE)

_WRITTEN = (ast.List, ast.ListComp, ast.Dict, ast.DictComp, ast.Set, ast.SetComp)
# What may be what a part of it is, or holds it.
_PASSING = (ast.Tuple, ast.IfExp, ast.BoolOp, ast.NamedExpr, ast.Subscript, ast.Attribute,
            ast.Starred)  # fmt: skip

# Functions that give no list, whatever they take.
_NUMBERS = tuple(f"builtins.{name}" for name in "abs bool complex divmod float int len max min pow "
                 "range round str sum type".split())  # fmt: skip
_LIBRARIES = ("numpy.", "math.", "cmath.", "random.", "scipy.")
_HANDING_ON = (enumerate, zip, reversed)


class Lists(Derivatives):
    """Lists are values of their own: what is stored in one has its tangent in another."""

    def on_List(self, node: ast.List) -> Expr:
        return Op("list", self.entries(node.elts), (), Span.of(node))

    def as_arrays(self, node: ast.Call) -> ast.Call:
        """The call with an array in the place of each list: `sum(xs)`, `np.mean(xs)`."""
        args: list[ast.expr] = []
        for arg in node.args:
            # What a comprehension binds may have been renamed.
            if isinstance(arg, ast.Name) and arg.id.split("%")[0] in self.listed:
                value = self.atom(arg)
                if type(self.kind(value)).__name__ == "List":
                    made = self.name(Op("numpy.array", (value,), (), Span.of(arg)))
                    self.locals.add(made.name)
                    arg = ast.copy_location(ast.Name(made.name, ast.Load()), arg)
            args.append(arg)
        if args == node.args:
            return node
        return ast.copy_location(ast.Call(node.func, args, node.keywords), node)

    @cached_property
    def listed(self) -> frozenset[str]:
        """The names that may be bound to lists, dicts or sets, or to what holds some: the type of
        every other need not be asked for, which takes long.
        """
        given = (p for p, kind in self.arg_kinds.items() if _HOLDERS.search(str(kind)))
        found = set(given)
        bound = [pair for n in own_nodes(self.function.node) for pair in bindings(n)]
        bound += [(n.target, n.iter) for n in ast.walk(self.function.node)
                  if isinstance(n, ast.comprehension)]  # fmt: skip
        before = -1
        while len(found) > before:
            before = len(found)
            for target, value in bound:
                if self.may_be_list(value, found):
                    inside = ast.walk(target)
                    found |= {part.id for part in inside if isinstance(part, ast.Name)}
        return frozenset(found)

    def may_be_list(self, node: ast.AST | None, found: Container[str]) -> bool:
        """Whether an expression may be a list, dict or set, or hold some, as far as its text tells;
        `found` are the names that may.
        """
        if isinstance(node, ast.Name):
            return node.id in found
        if isinstance(node, ast.BinOp):
            sides = [self.may_be_list(side, found) for side in (node.left, node.right)]
            return any(sides) if isinstance(node.op, ast.Mult) else all(sides)
        if isinstance(node, ast.Call):
            callee = self.resolve(node.func)
            if callee is ...:
                held = node.func.value if isinstance(node.func, ast.Attribute) else None
                return held is None or self.may_be_list(held, found)
            if _gives_no_list(callee):
                return False
            given = (*node.args, *(k.value for k in node.keywords))
            return self.makes_lists(callee) or any(self.may_be_list(arg, found) for arg in given)
        parts = list(ast.iter_child_nodes(node)) if isinstance(node, _PASSING) else []
        return isinstance(node, _WRITTEN) or any(self.may_be_list(part, found) for part in parts)

    def makes_lists(self, callee: Any) -> bool:
        """Whether a function may make a list; each is read once."""
        # Kept beside the answer, so that no other has its identity.
        if id(callee) not in self.makers:
            self.makers[id(callee)] = callee, _makes_lists(callee)
        return self.makers[id(callee)][1]

    @cached_property
    def makers(self) -> dict[int, tuple[Any, bool]]:
        """What `makes_lists` has found out."""
        return {}

    def on_BinOp(self, node: ast.BinOp) -> Expr:
        """`[0.0] * n` is a list of n."""
        if isinstance(node.left, ast.List) and isinstance(node.op, ast.Mult):
            entries = self.entries(node.left.elts)
            return Op("repeated", (self.atom(node.right), *entries), (), Span.of(node))
        return super().on_BinOp(node)


def _gives_no_list(callee: Any) -> bool:
    if isinstance(callee, type) and issubclass(callee, BaseException):
        return True
    key = names.key_of(callee) or ""
    return key in _NUMBERS or key.startswith(_LIBRARIES)


def _makes_lists(callee: Any) -> bool:
    """Whether a function may give a list, dict or set that is not among what it is given: whether
    one is written in it, or in what it calls.
    """
    seen: list[Any] = []
    waiting = [callee]
    while waiting:
        called = waiting.pop()
        if called in seen or called in _HANDING_ON or _gives_no_list(called):
            continue
        seen.append(called)
        try:
            function = parse(called)
        except (TypeError, TangentError):
            return True  # a class, a builtin, what has no text
        known = Meanings(function, {}, None)
        for node in ast.walk(function.node):
            if isinstance(node, _WRITTEN):
                return True
            if isinstance(node, ast.Call):
                inner = known.resolve(node.func)
                if inner is not ...:
                    waiting.append(inner)
                elif not isinstance(node.func, ast.Attribute):
                    return True
                # A method gives what it belongs to, which is asked for on its own.
    return False
