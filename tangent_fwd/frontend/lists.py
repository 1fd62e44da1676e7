"""Lowering of lists: displays, comprehensions with a name, and what changes a list in place."""

from __future__ import annotations

import ast
from collections import namedtuple
from functools import cache, cached_property

from tangent_fwd.frontend.derivatives import Derivatives
from tangent_fwd.frontend.desugar import own_nodes
from tangent_fwd.ir.nodes import Do, Expr, Lit, Op, Var
from tangent_fwd.source import Span

# Methods that change a list, and with how many arguments they are called.
METHODS = {
    "append": (1,),
    "extend": (1,),
    "insert": (2,),
    "pop": (0, 1),
    "clear": (0,),
    "reverse": (0,),
}


@cache
def _fields(*names: str) -> type:
    """One class for each choice of keys."""
    return namedtuple("Fields", names)


class Lists(Derivatives):
    """Lists are values of their own: what is stored in one has its tangent in another."""

    def on_List(self, node: ast.List) -> Expr:
        return Op("list", self.entries(node.elts), (), Span.of(node))

    def as_arrays(self, node: ast.Call) -> ast.Call:
        """The call with an array in the place of each list: `sum(xs)`, `np.mean(xs)`."""
        args: list[ast.expr] = []
        for arg in node.args:
            if self.is_list(arg):
                made = self.name(Op("numpy.array", (self.atom(arg),), (), Span.of(arg)))
                self.locals.add(made.name)
                arg = ast.copy_location(ast.Name(made.name, ast.Load()), arg)
            args.append(arg)
        if args == node.args:
            return node
        return ast.copy_location(ast.Call(node.func, args, node.keywords), node)

    def is_list(self, node: ast.expr) -> bool:
        """Whether this is a name that holds a list here."""
        if not isinstance(node, ast.Name) or node.id not in self.listed:
            return False
        return type(self.kind(self.atom(node))).__name__ == "List"

    def copied(self, node: ast.Call, base: ast.expr) -> Expr:
        """`xs.copy()` is `[each for each in xs]`."""
        each = ast.Name("each", ast.Load())
        part = ast.comprehension(ast.Name("each", ast.Store()), base, [], 0)
        made = ast.copy_location(ast.ListComp(each, [part]), node)
        return self.value(ast.fix_missing_locations(made))

    @cached_property
    def listed(self) -> frozenset[str]:
        """The names that are bound to lists somewhere in the function."""
        makes = (ast.List, ast.ListComp, ast.Call, ast.BinOp)
        found = {name for name, kind in self.kinds.items() if type(kind).__name__ == "List"}
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

    def on_Dict(self, node: ast.Dict) -> Expr:
        """A dict whose keys are words is a tuple with named fields, as one that is passed in is."""
        words = [k.value for k in node.keys if isinstance(k, ast.Constant)]
        plain = all(isinstance(w, str) and w.isidentifier() and w[0] != "_" for w in words)
        if len(words) < len(node.keys) or not words or not plain or len(set(words)) < len(words):
            self.refuse(node, "a dict is supported where its keys are names in quotes only")
            return Lit(0.0)
        values = self.entries(node.values)
        return Op("tuple", values, (("class", _fields(*map(str, words))),), Span.of(node))

    def list_method(self, node: ast.Call, base: ast.expr, method: str) -> Expr:
        """`xs.append(x)` and its like."""
        if node.keywords or len(node.args) not in METHODS[method]:
            self.refuse(node, f"`.{method}()` does not take these arguments", code="function")
            return Lit(0.0)
        name = Var(self.variable(base))
        return Op(f"list.{method}", (name, *map(self.atom, node.args)), (), Span.of(node))

    def do_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if not isinstance(target, ast.Subscript) or isinstance(target.slice, ast.Slice):
                self.refuse(target, "`del` is supported for an element of a list only")
                continue
            name = Var(self.variable(target.value))
            taken = Op("list.pop", (name, self.atom(target.slice)), (), Span.of(node))
            self.out.append(Do(taken, self.at))
