"""Formulas: the text of a rule becomes an expression over a program's own names."""

from __future__ import annotations

import ast
import functools
import math
import operator

from tangent_fwd.ir import build
from tangent_fwd.ir.build import MaybeZero
from tangent_fwd.ir.nodes import Expr, Lit, Op
from tangent_fwd.rules import rule
from tangent_fwd.rules.rule import HELPERS, SCIPY

_COMPARE = {ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq",
            ast.NotEq: "ne"}  # fmt: skip

_DECIDE = {ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
           ast.Eq: operator.eq, ast.NotEq: operator.ne}  # fmt: skip


@functools.cache
def _tree(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


class Formula:
    """Reads rule expressions for one equation.

    `names` maps argument names, `out` and `d_<argument>` to expressions (None: symbolic zero),
    `dtype` is the float dtype of the result, `namespace` is "math" or "numpy".
    """

    def __init__(self, names: dict[str, MaybeZero], dtype: str, namespace: str) -> None:
        self.names = names
        self.dtype = None if dtype == "float64" else dtype
        self.full = dtype
        self.namespace = namespace

    def read(self, text: str) -> MaybeZero:
        """The expression that a rule's text stands for; None where it is zero."""
        return self.of(_tree(text))

    def literal(self, value: float) -> Lit:
        """A float literal in the dtype of the result."""
        return Lit(float(value), self.dtype)

    def solid(self, node: ast.expr) -> Expr:
        value = self.of(node)
        return self.literal(0.0) if value is None else value

    def of(self, node: ast.expr) -> MaybeZero:
        if isinstance(node, ast.Constant):
            value = node.value
            return self.literal(value) if isinstance(value, float) else Lit(value)
        if isinstance(node, ast.Name):
            if node.id == "inf":
                return self.literal(math.inf)
            return self.names[node.id]
        if isinstance(node, ast.UnaryOp):
            if isinstance(node.op, ast.USub):
                return build.neg(self.of(node.operand))
            return Op("not", (self.solid(node.operand),))
        if isinstance(node, ast.BinOp):
            return self.binary(node)
        if isinstance(node, ast.IfExp):
            test = self.solid(node.test)
            if isinstance(test, Lit):
                return self.of(node.body if test.value else node.orelse)
            a, b = self.of(node.body), self.of(node.orelse)
            return build.select(test, a, b, self.literal(0.0))
        if isinstance(node, ast.Compare):
            values = [self.solid(e) for e in (node.left, *node.comparators)]
            return _joined("and", [_compared(type(op), a, b)
                                   for op, a, b in zip(node.ops, values, values[1:])])  # fmt: skip
        if isinstance(node, ast.BoolOp):
            fn = "and" if isinstance(node.op, ast.And) else "or"
            return _joined(fn, [self.solid(e) for e in node.values])
        assert isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        return self.call(node.func.id, tuple(self.solid(a) for a in node.args))

    def binary(self, node: ast.BinOp) -> MaybeZero:
        a, b = self.of(node.left), self.of(node.right)
        if isinstance(node.op, ast.Add):
            if isinstance(b, Lit) and isinstance(a, Lit) and a.dtype == b.dtype:
                return Lit(a.value + b.value, a.dtype)
            return build.add(a, b)
        if isinstance(node.op, ast.Sub):
            if isinstance(b, Lit) and isinstance(a, Lit) and a.dtype == b.dtype:
                return Lit(a.value - b.value, a.dtype)
            return build.sub(a, b)
        if isinstance(node.op, ast.Mult):
            return build.mul(a, b)
        assert b is not None
        if isinstance(node.op, ast.Div):
            return build.div(a, b)
        assert isinstance(node.op, ast.Pow) and a is not None
        return Op("pow", (a, b))

    def call(self, name: str, args: tuple[Expr, ...]) -> Expr:
        if name == "cast":
            if isinstance(args[0], Lit):
                return self.literal(args[0].value)
            return Op(f"numpy.{self.full}", args)
        if name in ("real", "imag"):
            return Op("attr", (*args, Lit(name)))
        if name == "abs":
            return Op("builtins.abs", args)
        if name in HELPERS:
            return self.rounded(Op(f"helper.{name}", args))
        if name in SCIPY:
            call = Op(f"scipy.special.{name}", args)
            return self.rounded(call) if _is_double(call.fn) else call
        if self.namespace == "math" and not hasattr(math, name):
            return Op(f"numpy.{name}", args)
        return Op(f"{self.namespace}.{name}", args)

    def rounded(self, call: Op) -> Expr:
        """A call whose value is float64, in the dtype of the result."""
        return Op("numpy.float32", (call,)) if self.dtype == "float32" else call


@functools.cache
def _is_double(fn: str) -> bool:
    """Whether a special function gives float64 whatever it gets, as those of integers do."""
    row = rule(fn)
    return row is not None and bool(row.whole)


def _compared(op: type[ast.cmpop], a: Expr, b: Expr) -> Expr:
    """A comparison; that of two literals is decided here."""
    if isinstance(a, Lit) and isinstance(b, Lit):
        return Lit(bool(_DECIDE[op](a.value, b.value)))
    return Op(_COMPARE[op], (a, b))


def _joined(fn: str, parts: list[Expr]) -> Expr:
    """Conditions joined by `and` or `or`, without those that are decided."""
    settles = fn == "or"  # the value that decides the whole
    if any(isinstance(p, Lit) and p.value is settles for p in parts):
        return Lit(settles)
    open_ = [p for p in parts if not isinstance(p, Lit)]
    return functools.reduce(lambda a, b: Op(fn, (a, b)), open_) if open_ else Lit(not settles)
