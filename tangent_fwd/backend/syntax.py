"""Expressions of ours as Python syntax trees."""

from __future__ import annotations

import ast
import math
from typing import Any

from tangent_fwd.ir.nodes import Expr, Lit, Op, Ref, Var

BINARY: dict[str, type[ast.operator]] = {
    "add": ast.Add, "sub": ast.Sub, "mul": ast.Mult, "truediv": ast.Div,
    "floordiv": ast.FloorDiv, "mod": ast.Mod, "pow": ast.Pow, "matmul": ast.MatMult,
    "bitand": ast.BitAnd, "bitor": ast.BitOr, "bitxor": ast.BitXor, "lshift": ast.LShift,
    "rshift": ast.RShift,
}  # fmt: skip
_COMPARE: dict[str, type[ast.cmpop]] = {
    "lt": ast.Lt, "le": ast.LtE, "gt": ast.Gt, "ge": ast.GtE, "eq": ast.Eq, "ne": ast.NotEq,
    "is": ast.Is, "is_not": ast.IsNot, "in": ast.In, "not_in": ast.NotIn,
}  # fmt: skip
_UNARY: dict[str, type[ast.unaryop]] = {
    "neg": ast.USub, "pos": ast.UAdd, "not": ast.Not, "invert": ast.Invert,
}  # fmt: skip
# Methods of arrays that have no function of the same name, or a slower one, in numba.
_METHOD = {
    "numpy.flatten": "flatten",
    "numpy.copy": "copy",
    "numpy.astype": "astype",
    "numpy.item": "item",
    "numpy.reshape": "reshape",
    "numpy.ravel": "ravel",
}


def expression(expr: Expr) -> Any:
    """The syntax tree of an expression."""
    if isinstance(expr, Var):
        return _name(expr.name)
    if isinstance(expr, Ref):
        return _name(expr.name)
    if isinstance(expr, Lit):
        return _literal(expr)
    return _op(expr)


def _literal(lit: Lit) -> Any:
    value = lit.value
    if isinstance(value, float) and (math.isinf(value) or math.isnan(value)):
        node: Any = _attribute("np.nan" if math.isnan(value) else "np.inf")
        if value < 0:
            node = ast.UnaryOp(ast.USub(), node)
    elif (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and (math.copysign(1.0, value) < 0)
    ):
        node = ast.UnaryOp(ast.USub(), ast.Constant(-value))
    else:
        node = ast.Constant(value)
    if lit.dtype is not None:
        return ast.Call(_attribute(f"np.{lit.dtype}"), [node], [])
    return node


def _op(op: Op) -> Any:
    fn, args = op.fn, op.args
    if fn in BINARY and len(args) == 2:
        return ast.BinOp(expression(args[0]), BINARY[fn](), expression(args[1]))
    if fn in _COMPARE:
        return ast.Compare(expression(args[0]), [_COMPARE[fn]()], [expression(args[1])])
    if fn == "neg" and isinstance(args[0], Op) and args[0].fn in ("mul", "truediv"):
        first, second = args[0].args
        return _op(Op(args[0].fn, (_minus(first), second)))  # -a * b is -(a * b), to the last bit
    if fn in _UNARY:
        return ast.UnaryOp(_UNARY[fn](), expression(args[0]))
    if fn in ("and", "or"):
        kind = ast.And() if fn == "and" else ast.Or()
        return ast.BoolOp(kind, [expression(a) for a in _flat(op, fn)])
    if fn == "ifelse":
        return ast.IfExp(*(expression(a) for a in args))
    if fn == "tuple":
        return ast.Tuple([expression(a) for a in args], ast.Load())
    if fn == "list":
        return ast.List([expression(a) for a in args], ast.Load())
    if fn == "dict":
        return ast.Dict([expression(a) for a in args[::2]], [expression(a) for a in args[1::2]])
    if fn == "set":
        return ast.Set([expression(a) for a in args]) if args else ast.Call(_name("set"), [], [])
    if fn == "emptied":
        return ast.parse(dict(op.keywords)["text"], mode="eval").body
    if fn == "zeroed":
        return _zeroed(ast.unparse(expression(args[0])), dict(op.keywords)["text"])
    if fn == "repeated":
        times = ast.List([expression(a) for a in args[1:]], ast.Load())
        return ast.BinOp(times, ast.Mult(), expression(args[0]))
    if fn in ("getitem", "gather", "field"):
        return _subscript(args)
    if fn == "slice":
        parts = [None if a == Lit(None) else expression(a) for a in args]
        return ast.Slice(*parts)
    if fn == "attr":
        assert isinstance(args[1], Lit)
        return ast.Attribute(expression(args[0]), str(args[1].value), ast.Load())
    if fn == "fstring":
        return ast.JoinedStr([_text_part(a) for a in args])
    if fn == "dtype":
        assert isinstance(args[0], Lit)
        return _attribute("np." + str(args[0].value).replace("bool", "bool_"))
    return _call(op)


def _zeroed(of: str, text: str) -> Any:
    """The comprehension that makes zeros; its variables are not called as what it goes over."""
    for word in ("key", "each"):
        other = word
        while other in of:
            other += "_"
        text = text.replace(word, other)
    return ast.parse(text.format(of), mode="eval").body


def _text_part(expr: Expr) -> Any:
    if isinstance(expr, Lit) and isinstance(expr.value, str):
        return ast.Constant(expr.value)
    return ast.FormattedValue(expression(expr), -1)


def _minus(expr: Expr) -> Expr:
    """The expression with its sign turned, before its first factor."""
    if isinstance(expr, Op) and expr.fn in ("mul", "truediv"):
        return Op(expr.fn, (_minus(expr.args[0]), expr.args[1]))
    if isinstance(expr, Lit) and isinstance(expr.value, (int, float)):
        return Lit(-expr.value, expr.dtype)
    return Op("neg", (expr,))


def _flat(expr: Expr, fn: str) -> list[Expr]:
    if isinstance(expr, Op) and expr.fn == fn:
        return [*_flat(expr.args[0], fn), expr.args[1]]
    return [expr]


def _subscript(args: tuple[Expr, ...]) -> Any:
    entries = [expression(a) for a in args[1:]]
    index = entries[0] if len(entries) == 1 else ast.Tuple(entries, ast.Load())
    return ast.Subscript(expression(args[0]), index, ast.Load())


def _call(op: Op) -> Any:
    fn, args = op.fn, op.args
    if fn in ("empty", "zeros"):
        return _allocation(fn, args)
    if fn == "call":
        return ast.Call(expression(args[0]), [expression(a) for a in args[1:]], [])
    if fn == "tangent_fwd.stop_gradient":
        return expression(args[0])
    if fn in _METHOD or fn.startswith("container."):
        word = _METHOD.get(fn) or fn.removeprefix("container.")
        method = ast.Attribute(expression(args[0]), word, ast.Load())
        return ast.Call(method, [expression(a) for a in args[1:]], [])
    if fn == "numpy.transpose" and len(args) == 1:
        return ast.Attribute(expression(args[0]), "T", ast.Load())
    keywords = [
        ast.keyword(k, ast.Constant(v)) for k, v in op.keywords if k in ("axis", "keepdims", "kind")
    ]
    return ast.Call(_function(fn), [expression(a) for a in args], keywords)


def _allocation(fn: str, args: tuple[Expr, ...]) -> Any:
    shape, dtype = args
    assert isinstance(shape, Op) and isinstance(dtype, Lit)
    sizes = [expression(a) for a in shape.args]
    first = sizes[0] if len(sizes) == 1 else ast.Tuple(sizes, ast.Load())
    rest = [] if dtype.value == "float64" else [_attribute(f"np.{_scalar(dtype.value)}")]
    return ast.Call(_attribute(f"np.{fn}"), [first, *rest], [])


def _scalar(dtype: Any) -> str:
    return "bool_" if dtype == "bool" else str(dtype)


def _function(fn: str) -> Any:
    if fn.startswith("builtins."):
        return _name(fn[9:])
    if fn.startswith("helper."):
        return _name(fn[7:])
    if fn.startswith("numpy."):
        return _attribute("np." + fn[6:])
    if fn.startswith("scipy.special."):
        return _attribute(fn[6:])
    return _attribute(fn)


def _name(name: str) -> Any:
    return ast.Name(name, ast.Load())


def _attribute(dotted: str) -> Any:
    first, *rest = dotted.split(".")
    node: Any = _name(first)
    for part in rest:
        node = ast.Attribute(node, part, ast.Load())
    return node
