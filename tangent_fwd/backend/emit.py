r"""Emitting: a program becomes Python that people read.

Statements keep the user's order, and the user's line stands as a comment above the lines that
came from it. Expressions are printed by astor; what it prints is parsed back and compared, and
`ast.unparse` stands in where the two trees differ.

Before:

>>> from tangent_fwd.ir.nodes import Op
>>> from tangent_fwd.source import Span
>>> source = Source("f.py", "def f(x):\n    return x * x + 1.0")
>>> square = Op("mul", (Var("x"), Var("x")))
>>> body = (Return(Op("add", (square, Lit(1.0))), Span(2, 4, 2, 24)),)
>>> piece = Piece(Function("f", ("x",), body), source)

After:

>>> print("\n".join(emit([piece], "`f`.", {}, [], False).lines[-3:]))
@njit(error_model="numpy")
def f(x):
    return x * x + 1.0
"""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass, field
from typing import Any

from tangent_fwd.backend.syntax import BINARY, expression
from tangent_fwd.backend.wrap import joined, wrap
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
    Op,
    Raise,
    Return,
    Stmt,
    Store,
    Var,
    While,
)
from tangent_fwd.ir.walk import statements, variables
from tangent_fwd.source import Source

with warnings.catch_warnings():
    # astor 0.8.1 mentions node classes that Python 3.12 deprecates.
    warnings.simplefilter("ignore", DeprecationWarning)
    import astor

_WIDTH = 100

_AUGMENT = ("add", "sub", "mul", "truediv")


@dataclass
class Piece:
    """One function of a module, with the source whose lines are quoted above its own."""

    function: Function
    source: Source


@dataclass
class Text:
    """The lines written so far, and the user's line behind each (keys and values from 1)."""

    lines: list[str] = field(default_factory=list)
    line_map: dict[int, int] = field(default_factory=dict)

    def add(self, text: str, user_line: int | None = None) -> None:
        for line in text.split("\n"):
            self.lines.append(line)
            if user_line is not None:
                self.line_map[len(self.lines)] = user_line

    def append(self, other: Text) -> None:
        start = len(self.lines)
        self.lines += other.lines
        self.line_map |= {start + mine: user for mine, user in other.line_map.items()}


def emit(
    pieces: list[Piece],
    header: str,
    constants: dict[str, Any],
    helpers: list[str],
    fastmath: bool,
) -> Text:
    """A whole module: header, constants, helper texts, then one function a piece.

    Returns the text with its line map. The module imports numba if it is there, and nothing of
    ours; as plain Python it gives the same numbers.
    """
    functions = Text()
    for piece in pieces:
        functions.add("\n")
        _Writer(piece, functions).write(fastmath)
    body = "\n".join([*functions.lines, *helpers])
    body = "\n".join(line for line in body.split("\n") if not line.lstrip().startswith("#"))
    text = Text()
    text.add(f'"""{header}\n"""\n')
    if "math." in body:
        text.add("import math\n")
    if "np." in body or constants:
        text.add("import numpy as np\n")
    text.add("try:\n    from numba import njit")
    text.add("except ImportError:  # plain Python gives the same numbers")
    text.add("    def njit(**options):\n        return lambda function: function")
    for position, (name, value) in enumerate(constants.items()):
        text.add(("" if position else "\n") + f"{name} = {_constant(value)}")
    for helper in helpers:
        text.add("\n\n" + helper)
    text.append(functions)
    return text


def _quoted(text: str) -> str:
    shown = repr(text)
    return shown if '"' in text or not shown.startswith("'") else f'"{shown[1:-1]}"'


def _constant(value: Any) -> str:
    import numpy as np

    if isinstance(value, np.ndarray):
        listed = repr(value.tolist()).replace("nan", "np.nan").replace("inf", "np.inf")
        return f'np.array({listed}, dtype="{value.dtype.name}")'
    return repr(value)


class _Writer:
    def __init__(self, piece: Piece, text: Text) -> None:
        self.function, self.source, self.text = piece.function, piece.source, text
        self.quoted: tuple[int, int] | None = None

    def write(self, fastmath: bool) -> None:
        flags = ', fastmath={"reassoc", "contract", "nsz"}' if fastmath else ""
        self.text.add(f'@njit(error_model="numpy"{flags})')
        self.text.add(self.wrapped(f"def {self.function.name}(", self.function.params, "):", 0))
        if self.function.doc:
            self.docstring(self.function.doc)
        self.block(self.function.body, 1)

    def docstring(self, doc: str) -> None:
        quote = ast.unparse(ast.Constant(doc)) if "\\" in doc or '"""' in doc else None
        if quote is not None:
            self.text.add("    " + quote)
            return
        lines = doc.split("\n")
        tail = ['    """'] if len(lines) > 1 else []
        body = [f'    """{lines[0]}', *(f"    {line}".rstrip() for line in lines[1:])]
        if not tail:
            body[-1] += '"""'
        self.text.add("\n".join([*body, *tail]))

    # --- statements ----------------------------------------------------------------------------

    def block(self, block: Block, depth: int) -> None:
        if not block:
            self.line("pass", depth, None)
        k = 0
        while k < len(block):
            k += self.unpacked_call(block, k, depth) or self.one(block[k], depth)

    def one(self, stmt: Stmt, depth: int) -> int:
        self.quote(stmt, depth)
        self.stmt(stmt, depth)
        return 1

    def unpacked_call(self, block: Block, k: int, depth: int) -> int:
        """`r = g(x, d_x)`, `y = r[0]`, `d_y = r[1]` is written `y, d_y = g(x, d_x)`."""
        first = block[k]
        if not (isinstance(first, Let) and isinstance(first.value, Op)):
            return 0
        if not dict(first.value.keywords).get("pair"):
            return 0
        result = Var(first.target)
        used = sum(
            n == first.target
            for s in statements(self.function.body)
            for e in _exprs(s)
            for n in variables(e)
        )
        parts: list[str] = []
        for offset, value in ((1, Op("getitem", (result, Lit(0)))),
                              (2, Op("getitem", (result, Lit(1))))):  # fmt: skip
            stmt = block[k + offset] if k + offset < len(block) else None
            if isinstance(stmt, Let) and stmt.value == value:
                parts.append(stmt.target)
        if len(parts) != 2 or used != 2:
            return 0
        self.quote(first, depth)
        call = _text(expression(first.value))
        self.line(f"{parts[0]}, {parts[1]} = {call}", depth, first)
        return 3

    def quote(self, stmt: Stmt, depth: int) -> None:
        """The user's line as a comment, once above all lines that came from it."""
        place = (stmt.span.line, depth)
        if isinstance(stmt, (For, While, If)) and not self.is_ours(stmt):
            if self.quoted is None or self.quoted[0] != stmt.span.line:
                self.quoted = (stmt.span.line, depth)
            return
        if isinstance(stmt, (Break, Continue, Raise)):
            return
        if isinstance(stmt, (Nest, If)):
            inside = {s.span for s in statements((stmt,))}
            if len(inside) > 1:
                return
        if self.quoted is not None and self.quoted[0] == place[0] and self.quoted[1] <= depth:
            return
        self.quoted = place
        line = " ".join(self.source.slice(stmt.span).split())
        # A comment inside a statement of several lines would hide the rest of it.
        if stmt.span.line != stmt.span.end_line:
            text = self.source.text.splitlines()[stmt.span.line - 1 : stmt.span.end_line]
            line = joined("\n".join(text))
        if isinstance(stmt, (If, For, While, Nest)) or line.startswith(("if ", "for ", "while ")):
            line = line.split(":")[0] + ":" if line.startswith(("if ", "for ", "while ")) else line
        room = _WIDTH - 4 * depth - 2
        if len(line) > room:
            line = line[: room - 2] + " …"
        if line != self.printed(stmt):
            self.text.add("    " * depth + "# " + line)

    def is_ours(self, stmt: Stmt) -> bool:
        """A branch we made (a check of shapes, a NaN test) stands inside a line of the user's."""
        if not isinstance(stmt, If):
            return False
        line = self.source.slice(stmt.span).lstrip()
        return not line.startswith(("if ", "elif ", "if(", "assert "))

    def printed(self, stmt: Stmt) -> str:
        if isinstance(stmt, (Let, Store, Do, Return)):
            return self.simple(stmt)
        return ""

    def line(self, text: str, depth: int, stmt: Stmt | None) -> None:
        self.text.add("    " * depth + text, stmt.span.line if stmt is not None else None)

    def stmt(self, stmt: Stmt, depth: int) -> None:
        if isinstance(stmt, (Let, Store, Do, Return)):
            text = self.simple(stmt)
            if isinstance(stmt, (Let, Store)) and stmt.any_order:
                text += "  # any order"
            self.line(self.fit(text, depth), depth, stmt)
        elif isinstance(stmt, Raise):
            message = _quoted(stmt.message) if stmt.message else ""
            self.line(f"raise {stmt.exception}({message})", depth, stmt)
        elif isinstance(stmt, Break):
            self.line("break", depth, stmt)
        elif isinstance(stmt, Continue):
            self.line("continue", depth, stmt)
        elif isinstance(stmt, If):
            self.branch(stmt, depth, "if")
        elif isinstance(stmt, For):
            bounds = ", ".join(_text(expression(e)) for e in stmt.bounds)
            self.line(f"for {stmt.var} in range({bounds}):", depth, stmt)
            self.block(stmt.body, depth + 1)
        elif isinstance(stmt, Nest):
            size = _text(expression(stmt.extent))
            self.line(f"for {stmt.index} in range({size}):", depth, stmt)
            self.block(stmt.body, depth + 1)
        else:
            assert isinstance(stmt, While)
            self.loop(stmt, depth)

    def branch(self, stmt: If, depth: int, word: str) -> None:
        self.line(self.fit(f"{word} {_text(expression(stmt.cond))}:", depth), depth, stmt)
        self.block(stmt.body, depth + 1)
        if not self.is_ours(stmt):
            self.quoted = None
        if len(stmt.orelse) == 1 and isinstance(stmt.orelse[0], If):
            self.branch(stmt.orelse[0], depth, "elif")
        elif stmt.orelse:
            self.line("else:", depth, stmt)
            self.block(stmt.orelse, depth + 1)
            if not self.is_ours(stmt):
                self.quoted = None

    def loop(self, stmt: While, depth: int) -> None:
        if not stmt.test:
            self.line(f"while {_text(expression(stmt.cond))}:", depth, stmt)
        else:
            self.line("while True:", depth, stmt)
            self.block(stmt.test, depth + 1)
            self.line(f"if not {_text(expression(stmt.cond), True)}:", depth + 1, stmt)
            self.line("break", depth + 2, stmt)
        self.block(stmt.body, depth + 1)

    def simple(self, stmt: Let | Store | Do | Return) -> str:
        """A statement of one line."""
        if isinstance(stmt, Return):
            return _print(ast.Return(expression(stmt.value)))
        if isinstance(stmt, Do):
            return _text(expression(stmt.value))
        if isinstance(stmt, Let):
            target: Expr = Var(stmt.target)
        else:
            target = Op("getitem", (Var(stmt.array), *stmt.index))
        value = stmt.value
        if isinstance(value, Op) and value.fn in _AUGMENT and value.args[0] == target:
            made: ast.stmt = ast.AugAssign(
                self.store(target), BINARY[value.fn](), expression(value.args[1])
            )
        else:
            made = ast.Assign([self.store(target)], expression(value), lineno=1)
        return _print(made)

    def store(self, target: Expr) -> Any:
        node: Any = expression(target)
        node.ctx = ast.Store()
        return node

    def fit(self, text: str, depth: int) -> str:
        """A long statement over several lines, broken at operators inside parentheses."""
        if len(text) + 4 * depth <= _WIDTH:
            return text
        text, mark, _ = text.partition("  # any order")
        broken = wrap(text, _WIDTH - 4 * depth - len(mark and "  # any order"))
        return broken.replace("\n", "\n" + "    " * depth) + mark

    def wrapped(self, head: str, parts: tuple[str, ...], tail: str, depth: int) -> str:
        line = head + ", ".join(parts) + tail
        if len(line) <= _WIDTH:
            return line
        lines, current = [head], "    "
        for part in parts:
            if len(current) + len(part) + 2 > _WIDTH:
                lines.append(current.rstrip())
                current = "    "
            current += part + ", "
        return "\n".join([*lines, current.rstrip(), tail])


def _exprs(stmt: Stmt) -> tuple[Expr, ...]:
    from tangent_fwd.ir.walk import own_exprs

    return own_exprs(stmt)


def _text(node: Any, operand: bool = False) -> str:
    """An expression as text; as an operand of `not`, in parentheses where it needs them."""
    if operand and isinstance(node, (ast.BoolOp, ast.IfExp, ast.Compare)):
        return f"({_print(ast.Expr(node))})"
    return _print(ast.Expr(node))


def _print(node: ast.stmt) -> str:
    """One simple statement on one line, guarded: what is printed means what was meant."""
    module = ast.fix_missing_locations(ast.Module(body=[node], type_ignores=[]))
    meant = ast.dump(ast.parse(ast.unparse(module)))
    try:
        text = str(astor.to_source(module, pretty_source="".join)).strip()
        text = _unwrapped(text, node)
        if "\n" not in text and ast.dump(ast.parse(text)) == meant:
            return text
    except (SyntaxError, AttributeError):
        pass
    return ast.unparse(module).strip()


def _unwrapped(text: str, node: ast.stmt) -> str:
    """Astor puts parentheses round a lone expression; drop them where nothing changes."""
    if isinstance(node, ast.Expr) and text.startswith("(") and text.endswith(")"):
        inner = text[1:-1]
        try:
            if ast.dump(ast.parse(inner)) == ast.dump(ast.parse(text)):
                return inner
        except SyntaxError:
            return text
    return text
