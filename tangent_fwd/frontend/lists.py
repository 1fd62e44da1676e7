"""Lowering of lists: displays, and arrays in their place where arrays are asked for."""

from __future__ import annotations

import ast
import re
from collections.abc import Container
from functools import cached_property

from tangent_fwd.frontend import names
from tangent_fwd.frontend.derivatives import Derivatives
from tangent_fwd.frontend.trees import own_nodes
from tangent_fwd.ir.nodes import Expr, Op
from tangent_fwd.source import Span

# What says in the name of a numba type that it is, or holds, a list, dict or set.
_HOLDERS = re.compile(r"list|set\(|dict", re.IGNORECASE)

_BINDING = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr, ast.For)
_WRITTEN = (ast.List, ast.ListComp, ast.Dict, ast.DictComp, ast.Set, ast.SetComp)
# What may be what a part of it is, or holds it.
_PASSING = (ast.Tuple, ast.IfExp, ast.BoolOp, ast.NamedExpr, ast.Subscript, ast.Attribute,
            ast.Starred)  # fmt: skip

# Functions that give no list, whatever they take.
_NUMBERS = tuple(f"builtins.{name}" for name in "abs bool complex divmod float int len pow range "
                 "round str".split())  # fmt: skip
_LIBRARIES = ("numpy.", "math.", "cmath.", "random.", "scipy.")


class Lists(Derivatives):
    """Lists are values of their own: what is stored in one has its tangent in another."""

    def on_List(self, node: ast.List) -> Expr:
        return Op("list", self.entries(node.elts), (), Span.of(node))

    def as_arrays(self, node: ast.Call) -> ast.Call:
        """The call with an array in the place of each list: `sum(xs)`, `np.mean(xs)`."""
        args: list[ast.expr] = []
        for arg in node.args:
            if isinstance(arg, ast.Name) and arg.id in self.listed:
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
        bound = [n for n in own_nodes(self.function.node) if isinstance(n, _BINDING)]
        before = -1
        while len(found) > before:
            before = len(found)
            for n in bound:
                if self.may_be_list(n.iter if isinstance(n, ast.For) else n.value, found):
                    targets = n.targets if isinstance(n, ast.Assign) else [n.target]
                    inside = (part for target in targets for part in ast.walk(target))
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
            key = names.key_of(callee) or ""
            return not (key in _NUMBERS or key.startswith(_LIBRARIES))
        parts = list(ast.iter_child_nodes(node)) if isinstance(node, _PASSING) else []
        return isinstance(node, _WRITTEN) or any(self.may_be_list(part, found) for part in parts)

    def on_BinOp(self, node: ast.BinOp) -> Expr:
        """`[0.0] * n` is a list of n."""
        if isinstance(node.left, ast.List) and isinstance(node.op, ast.Mult):
            entries = self.entries(node.left.elts)
            return Op("repeated", (self.atom(node.right), *entries), (), Span.of(node))
        return super().on_BinOp(node)
