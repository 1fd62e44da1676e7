"""Printing programs, for people who look at a stage and for tests that compare one."""

from __future__ import annotations

from tangent_fwd.ir.nodes import (
    Block,
    Break,
    Continue,
    Do,
    Expr,
    For,
    Function,
    If,
    Let,
    Lit,
    Nest,
    Raise,
    Ref,
    Return,
    Stmt,
    Store,
    Try,
    Var,
    While,
)

INFIX = {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%",
    "pow": "**", "pow.int": "**", "matmul": "@", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
    "eq": "==", "ne": "!=", "is": "is", "is_not": "is not", "in": "in", "not_in": "not in",
    "and": "and", "or": "or",
    "bitand": "&", "bitor": "|", "bitxor": "^", "lshift": "<<", "rshift": ">>",
}  # fmt: skip
PREFIX = {"neg": "-", "pos": "+", "invert": "~", "not": "not "}


def show(function: Function) -> str:
    """A program as text, one statement a line; types stand in a comment when they are known."""
    head = f"def {function.name}({', '.join(function.params)}):"
    return "\n".join([head, *_block(function.body, 1, function)])


def show_expr(expr: Expr, outer: bool = True) -> str:
    """An expression as text, fully parenthesised inside."""
    if isinstance(expr, Var):
        return expr.name
    if isinstance(expr, Ref):
        return expr.name
    if isinstance(expr, Lit):
        text = "..." if expr.value is ... else repr(expr.value)
        return f"{expr.dtype}({text})" if expr.dtype else text
    args = expr.args
    if expr.fn in INFIX and len(args) == 2:
        text = f"{show_expr(args[0], False)} {INFIX[expr.fn]} {show_expr(args[1], False)}"
        return text if outer else f"({text})"
    if expr.fn in PREFIX:
        return f"{PREFIX[expr.fn]}{show_expr(args[0], False)}"
    if expr.fn == "getitem":
        return f"{show_expr(args[0], False)}[{', '.join(map(show_expr, args[1:]))}]"
    if expr.fn == "slice":
        parts = ["" if a == Lit(None) else show_expr(a) for a in args]
        return ":".join(parts[:2] + (parts[2:] if parts[2] else []))
    if expr.fn == "attr" and isinstance(args[1], Lit):
        return f"{show_expr(args[0], False)}.{args[1].value}"
    if expr.fn == "ifelse":
        cond, a, b = map(show_expr, args)
        return f"({a} if {cond} else {b})"
    if expr.fn == "tuple":
        return f"({', '.join(map(show_expr, args))}{',' if len(args) == 1 else ''})"
    words = [show_expr(a) for a in args]
    if expr.fn == "call":
        return f"{words[0]}({', '.join(words[1:])})"
    words += [f"{k}={v!r}" for k, v in expr.keywords]
    return f"{expr.fn}({', '.join(words)})"


def _block(block: Block, depth: int, function: Function) -> list[str]:
    lines = [line for stmt in block for line in _stmt(stmt, depth, function)]
    return lines or ["    " * depth + "pass"]


def _stmt(stmt: Stmt, depth: int, function: Function) -> list[str]:
    pad = "    " * depth
    if isinstance(stmt, Let):
        kind = function.typeof(stmt.target)
        note = f"  # {kind}" if kind is not None else ""
        return [f"{pad}{stmt.target} = {show_expr(stmt.value)}{note}"]
    if isinstance(stmt, Store):
        index = ", ".join(map(show_expr, stmt.index))
        return [f"{pad}{stmt.array}[{index}] = {show_expr(stmt.value)}"]
    if isinstance(stmt, Do):
        return [f"{pad}{show_expr(stmt.value)}"]
    if isinstance(stmt, Return):
        return [f"{pad}return {show_expr(stmt.value)}"]
    if isinstance(stmt, Raise):
        said = ", ".join(map(show_expr, stmt.values)) or repr(stmt.message)
        if not stmt.exception:
            return [f"{pad}raise unless {said}"]
        return [f"{pad}raise {stmt.exception}({said})"]
    if isinstance(stmt, Break):
        return [f"{pad}break"]
    if isinstance(stmt, Continue):
        return [f"{pad}continue"]
    if isinstance(stmt, If):
        lines = [f"{pad}if {show_expr(stmt.cond)}:", *_block(stmt.body, depth + 1, function)]
        if stmt.orelse:
            lines += [f"{pad}else:", *_block(stmt.orelse, depth + 1, function)]
        return lines
    if isinstance(stmt, For):
        word = "prange" if stmt.parallel else "range"
        head = f"{pad}for {stmt.var} in {word}({', '.join(map(show_expr, stmt.bounds))}):"
        return [head, *_block(stmt.body, depth + 1, function)]
    if isinstance(stmt, Nest):
        head = f"{pad}nest {stmt.index} in range({show_expr(stmt.extent)}):"
        return [head, *_block(stmt.body, depth + 1, function)]
    if isinstance(stmt, Try):
        lines = [f"{pad}try:", *_block(stmt.body, depth + 1, function)]
        return [*lines, f"{pad}except Exception:", *_block(stmt.handler, depth + 1, function)]
    assert isinstance(stmt, While)
    test = [f"{pad}while:", *_block(stmt.test, depth + 1, function)] if stmt.test else []
    head = f"{pad}while {show_expr(stmt.cond)}:"
    return [*test, head, *_block(stmt.body, depth + 1, function)]


def display(key: str) -> str:
    """A key as users write it: `numpy.exp` is `np.exp`, builtins stand alone."""
    if key.startswith("numpy."):
        return f"np.{key[6:]}"
    return key.removeprefix("builtins.")
