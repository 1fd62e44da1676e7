"""Calls of single functions of libraries that are written as other operations."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tangent_fwd.frontend import names
from tangent_fwd.frontend.rewrites import Rewrites, call, placed
from tangent_fwd.ir.nodes import Do, Expr, Let, Lit, Op, Var
from tangent_fwd.ir.show import display
from tangent_fwd.library import sequences
from tangent_fwd.source import Span

_POLYNOMIAL = "numpy.polynomial.polynomial.Polynomial"

# Methods of lists that are functions of the library; the others are operations.
_OF_LISTS: dict[str, Callable[..., Any]] = {
    "copy": sequences.listed, "count": sequences.count, "index": sequences.index,
    "remove": sequences.remove, "sort": sequences.sort,
}  # fmt: skip


class Spelt(Rewrites):
    """One method for each kind of them."""

    def contraction(self, node: ast.Call, key: str) -> Expr:
        """`einsum` and `tensordot`, whose axes are known."""
        einsum = key == "numpy.einsum"
        word = "subscripts" if einsum else "axes"
        options = {str(k.arg): k.value for k in node.keywords}
        if einsum:
            options.pop("optimize", None)
        axes = options.pop(word, None)
        args = list(node.args)
        if axes is None and einsum and args:
            axes = args.pop(0)
        elif axes is None and len(args) == 3:
            axes = args.pop()
        known = 2 if axes is None and not einsum else self.known_constant(axes, word)
        if known is ...:
            return Lit(0.0)
        if options or not args or (einsum and not isinstance(known, str)):
            self.refuse(node, f"`{display(key)}` is not supported like this", code="function")
            return Lit(0.0)
        if isinstance(known, list):
            known = tuple(known)
        if isinstance(known, tuple):
            known = tuple(tuple(k) if isinstance(k, list) else k for k in known)
        return Op(key, tuple(map(self.atom, args)), ((word, known),), Span.of(node))

    def on_Attribute(self, node: ast.Attribute) -> Expr:
        """The coefficients of a polynomial are those that it was made of."""
        made = node.value
        if node.attr == "coef" and isinstance(made, ast.Call) and len(made.args) == 1:
            if names.key_of(self.resolve(made.func)) == _POLYNOMIAL and not made.keywords:
                whole = ast.BinOp(made.args[0], ast.Add(), ast.Constant(0.0))
                return self.value(placed(whole, node))
        return super().on_Attribute(node)

    def of_list(self, node: ast.Call, func: ast.Attribute) -> Expr | None:
        """A method of a list that is a function of the library; None for any other."""
        function = _OF_LISTS.get(func.attr)
        if function is None or not self.is_list(func.value):
            return None
        made = ast.Call(ast.Name(self.keep(function), ast.Load()), [func.value, *node.args],
                        node.keywords)  # fmt: skip
        return self.value(placed(ast.copy_location(made, node), node))

    def on_BinOp(self, node: ast.BinOp) -> Expr:
        """`xs + ys` of lists is a new one, and so is `xs * n`."""
        if isinstance(node.op, ast.Mult) and isinstance(node.left, ast.Name):
            if node.left.id in self.listed and self.is_list(node.left):
                copy = Op("container.copy", (self.atom(node.left),), (), Span.of(node))
                whole = self.written(self.name(copy))
                self.do(node, sequences.multiply, whole, node.right)
                return self.atom(whole)
        maybe = isinstance(node.op, ast.Add) and self.may_be_list(node.right, self.listed)
        if maybe and self.is_list(node.left):
            span = Span.of(node)
            made = self.name(Op("container.copy", (self.atom(node.left),), (), span))
            more = Op("container.extend", (made, self.atom(node.right)), (), span)
            self.out.append(Do(more, self.at))
            return made
        return super().on_BinOp(node)

    def do(self, at: ast.AST, function: Any, *args: ast.expr) -> None:
        """Call a function of the library for what it changes."""
        value = self.value(placed(call(self.keep(function), *args), at))
        assert isinstance(value, Op)
        self.out.append(Do(value, self.at))

    def is_list(self, node: ast.expr) -> bool:
        """Whether an expression is a list: one that is written out, or a name of one."""
        if not isinstance(node, ast.Name):
            return isinstance(node, (ast.List, ast.ListComp))
        return node.id in self.listed and type(self.kind(Var(node.id))).__name__ in (
            "List",
            "ListType",
        )

    def of_complex(self, node: ast.Call, key: str) -> Expr:
        """A function of `cmath` is that of NumPy, of what is made a complex number first."""
        fn, span = names.OF_COMPLEX.get(key), Span.of(node)
        if fn is None or node.keywords or len(node.args) != 1:
            self.refuse(node, f"`{key}` is not supported like this", code="function")
            return Lit(0.0)
        value = self.name(Op("builtins.complex", (self.atom(node.args[0]),), (), span))
        return Op(fn, (value,), (), span)

    def still(self, value: Expr, span: Span) -> Expr:
        """`stop_gradient`: of a copy, the copy of what stands still, which may be written to."""
        fn, made = "tangent_fwd.stop_gradient", self.out[-1] if self.out else None
        if isinstance(made, Let) and made.target[0] == "%" and value == Var(made.target):
            if isinstance(made.value, Op) and made.value.fn == "numpy.copy":
                self.out[-1] = replace(made, value=replace(made.value, fn=fn))
                return replace(made.value, args=(value,))
        return Op(fn, (value,), (), span)

    def frexp(self, value: Expr, span: Span) -> Expr:
        """The exponent carries no tangent, and the mantissa is the value scaled by it."""
        still = self.name(Op("tangent_fwd.stop_gradient", (value,), (), span))
        pair = self.name(Op("math.frexp", (still,), (), span))
        exponent = self.name(Op("getitem", (pair, Lit(1)), (), span))
        down = self.name(Op("neg", (exponent,), (), span))
        mantissa = self.name(Op("math.ldexp", (value, down), (), span))
        return Op("tuple", (mantissa, exponent), (), span)

    def clip(self, node: ast.Call, args: tuple[Expr, ...], span: Span) -> Expr:
        """`np.clip(x, a, b)` is the smaller of b and the larger of a and x, as NumPy has it."""
        value = args[0]
        if args[1:] == (Lit(None), Lit(None)):
            self.refuse(node, "`np.clip` needs a bound", code="function")
        for key, bound in zip(("numpy.maximum", "numpy.minimum"), args[1:], strict=True):
            if bound != Lit(None):
                value = self.name(Op(key, (value, bound), (), span))
        return value
