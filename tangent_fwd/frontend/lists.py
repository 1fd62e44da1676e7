"""Lowering of lists: displays, and arrays in their place where arrays are asked for."""

from __future__ import annotations

import ast
from functools import cached_property

from tangent_fwd.frontend.derivatives import Derivatives
from tangent_fwd.frontend.trees import own_nodes
from tangent_fwd.ir.nodes import Expr, Op
from tangent_fwd.source import Span


class Lists(Derivatives):
    """Lists are values of their own: what is stored in one has its tangent in another."""

    def on_List(self, node: ast.List) -> Expr:
        return Op("list", self.entries(node.elts), (), Span.of(node))

    def as_arrays(self, node: ast.Call) -> ast.Call:
        """The call with an array in the place of each list: `sum(xs)`, `np.mean(xs)`."""
        args: list[ast.expr] = []
        for arg in node.args:
            if isinstance(arg, ast.Name) and (arg.id in self.listed or arg.id in self.kinds):
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
        """The names that may be bound to lists, dicts or sets somewhere in the function."""
        makes = (ast.List, ast.ListComp, ast.Call, ast.BinOp, ast.Dict, ast.DictComp, ast.Set,
                 ast.SetComp)  # fmt: skip
        found: set[str] = set()
        for n in own_nodes(self.function.node):
            if isinstance(n, ast.Assign):
                value = n.value.value if isinstance(n.value, ast.Subscript) else n.value
                known = isinstance(value, ast.Name) and value.id in found
                if isinstance(n.value, (*makes, ast.Tuple)) or known:
                    bound = (t for target in n.targets for t in ast.walk(target))
                    found |= {t.id for t in bound if isinstance(t, ast.Name)}
        return frozenset(found)

    def on_BinOp(self, node: ast.BinOp) -> Expr:
        """`[0.0] * n` is a list of n."""
        if isinstance(node.left, ast.List) and isinstance(node.op, ast.Mult):
            entries = self.entries(node.left.elts)
            return Op("repeated", (self.atom(node.right), *entries), (), Span.of(node))
        return super().on_BinOp(node)
