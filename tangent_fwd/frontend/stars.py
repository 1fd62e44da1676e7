"""Stars: `(a, *b)`, `f(*t)` and `a, *b = t` are written out, element by element.

Before:

>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> def f(x):
...     first, *rest = x, 2.0, 3.0
...     return (*rest, first)

After:

>>> print(show(lower(parse(f))))
def f(x):
    first = x
    rest = (2.0, 3.0)
    %1 = rest[0]
    %2 = rest[1]
    return (%1, %2, first)
"""

from __future__ import annotations

import ast
from typing import Any

from tangent_fwd.frontend.slices import Slices
from tangent_fwd.ir.nodes import Expr, Let, Lit, Op, Var
from tangent_fwd.source import Span


class Stars(Slices):
    """Tuples whose elements come from others, and names that take what is left of one.

    What a starred name takes is a tuple, where Python makes a list.
    """

    def assign(self, target: ast.expr, value: Expr) -> None:
        raise NotImplementedError

    def on_Tuple(self, node: ast.Tuple | ast.List) -> Expr:
        return Op("tuple", self.entries(node.elts), (), Span.of(node))

    def entries(self, nodes: list[ast.expr]) -> tuple[Expr, ...]:
        """The elements of a display, those of starred ones in their place."""
        found: list[Expr] = []
        for node in nodes:
            if not isinstance(node, ast.Starred):
                found.append(self.atom(node))
            elif isinstance(node.value, (ast.Tuple, ast.List)):
                found.extend(self.entries(node.value.elts))
            else:
                found.extend(self.parts(node.value, node))
        return tuple(found)

    def parts(self, node: ast.expr | Expr, at: ast.AST) -> list[Expr]:
        """The elements of a tuple, each under a name."""
        wrong = len(self.diagnostics)
        value = self.atom(node) if isinstance(node, ast.AST) else node
        span = Span.of(at)
        count = self.length(value, at) if len(self.diagnostics) == wrong else 0
        return [self.name(Op("getitem", (value, Lit(k)), (), span)) for k in range(count)]

    def length(self, value: Expr, at: ast.AST) -> int:
        """How many elements a tuple has; 0 where it is none, which is refused."""
        made = next((s.value for s in reversed(self.out) if isinstance(s, Let)
                     and value == Var(s.target)), value)  # fmt: skip
        if isinstance(made, Op) and made.fn == "tuple":
            return len(made.args)
        kind: Any = self.kind(value)
        if hasattr(kind, "types") and hasattr(kind, "count"):
            return len(kind)
        what = "of how many elements a `*` takes here" if kind is None else "what `*` takes apart"
        told = "is not known" if kind is None else "must be a tuple"
        self.refuse(at, f"{what} {told}", "name the elements one by one")
        return 0

    def without_stars(self, node: ast.Call) -> ast.Call:
        """The call with an argument for each element of what is starred."""
        if not any(isinstance(a, ast.Starred) for a in node.args):
            return node
        args: list[ast.expr] = []
        for arg in node.args:
            if not isinstance(arg, ast.Starred):
                args.append(arg)
            elif isinstance(arg.value, (ast.Tuple, ast.List)):
                inner = ast.copy_location(ast.Call(node.func, arg.value.elts, []), node)
                args.extend(self.without_stars(inner).args)
            else:
                for part in self.parts(arg.value, arg):
                    assert isinstance(part, Var)
                    self.locals.add(part.name)
                    args.append(ast.copy_location(ast.Name(part.name, ast.Load()), arg))
        return ast.copy_location(ast.Call(node.func, args, node.keywords), node)

    def bind_starred(self, targets: list[ast.expr], value: Expr, at: ast.expr) -> None:
        """`a, *b, c = t`."""
        made = value.args if isinstance(value, Op) and value.fn == "tuple" else None
        count = len(self.diagnostics)
        values = list(made if made is not None else self.parts(value, at))
        if len(self.diagnostics) > count:
            return
        first = next(k for k, t in enumerate(targets) if isinstance(t, ast.Starred))
        behind = len(targets) - first - 1
        if len(values) < len(targets) - 1:
            self.refuse(at, f"cannot unpack {len(values)} values into {len(targets) - 1} names "
                            "and a starred one")  # fmt: skip
            return
        end = len(values) - behind
        for target, part in zip(targets[:first], values):
            self.assign(target, part)
        starred = targets[first]
        assert isinstance(starred, ast.Starred)
        rest = Op("tuple", tuple(values[first:end]), (), Span.of(at))
        self.assign(starred.value, self.name(rest) if not isinstance(starred.value, ast.Name)
                    else rest)  # fmt: skip
        for target, part in zip(targets[first + 1 :], values[end:]):
            self.assign(target, part)
