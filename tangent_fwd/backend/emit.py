r"""Emitting: a program becomes Python that people read.

Where nothing was fused, statements keep the user's order. The user's line stands as a comment
above the lines that came from it, unless one of them is that line, word for word. Expressions
are printed by astor; what it prints is parsed back and compared, and `ast.unparse` stands in
where the two trees differ.

Before:

>>> from tangent_fwd.backend.quoting import Piece
>>> from tangent_fwd.ir.nodes import Function, Lit, Op, Return, Var
>>> from tangent_fwd.source import Source, Span
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
from dataclasses import replace
from typing import Any

from tangent_fwd.backend.groups import Group, grouped
from tangent_fwd.backend.quoting import DEEP, Piece, Quoting, Text
from tangent_fwd.backend.reading import remark
from tangent_fwd.backend.syntax import BINARY, expression
from tangent_fwd.backend.wrap import (
    IMPORTS,
    WIDTH,
    constant,
    docstring,
    head,
    quoted,
    signature,
    wrap,
)
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
    Ref,
    Return,
    Stmt,
    Store,
    Try,
    Var,
    While,
)
from tangent_fwd.ir.walk import passes_on, statements
from tangent_fwd.source import NOWHERE

with warnings.catch_warnings():
    # astor 0.8.1 mentions node classes that Python 3.12 deprecates.
    warnings.simplefilter("ignore", DeprecationWarning)
    import astor

# Marks a branch that repeats axes of size 1.
_SELDOM = "  # an axis of size 1"

_AUGMENT = ("add", "sub", "mul", "truediv")


def emit(
    pieces: list[Piece],
    header: str,
    constants: dict[str, Any],
    helpers: list[str],
    fastmath: bool,
) -> Text:
    """A whole module: header, constants, one function a piece, then the helper texts.

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
    text.add(head(header, "\n".join(functions.lines), body, constants))
    text.add(IMPORTS[any(_runs_in_threads(piece.function) for piece in pieces)])
    for position, (name, value) in enumerate(constants.items()):
        text.add(("" if position else "\n") + f"{name} = {constant(value)}")
    text.append(functions)
    for helper in helpers:
        text.add("\n\n" + helper)
    return text


class _Writer(Quoting):
    def __init__(self, piece: Piece, text: Text) -> None:
        super().__init__(piece.source, text)
        self.function = piece.function

    def write(self, fastmath: bool) -> None:
        flags = ', fastmath={"reassoc", "contract", "nsz"}' if fastmath else ""
        flags += ", parallel=True" if _runs_in_threads(self.function) else ""
        self.text.add(f'@njit(error_model="numpy"{flags})')
        self.text.add(signature(self.function.name, self.function.params, WIDTH))
        if self.function.doc:
            self.text.add(docstring(self.function.doc))
        self.block(self.function.body, 1)

    # --- statements ----------------------------------------------------------------------------

    def block(self, block: Block, depth: int) -> None:
        if not block:
            self.line("pass", depth, None)
        outer = self.quoted
        k = 0
        while k < len(block):
            group = grouped(self.function, block, k)
            if group is not None:
                self.group(group, block[k], depth)
            else:
                if block[k].span == NOWHERE:
                    pass
                elif self.speaks_for_itself(block, k):
                    self.quoted = (block[k].span.line, DEEP)
                else:
                    self.quote(block[k], depth)
                self.stmt(block[k], depth)
            k += group.count if group is not None else 1
        if depth > 1:
            self.quoted = outer

    def group(self, group: Group, first: Stmt, depth: int) -> None:
        """Assignments of several names at once."""
        texts = [
            f"{', '.join(targets)} = {', '.join(_text(expression(v)) for v in values)}"
            for targets, values in group.lines
        ]
        if first.span != NOWHERE:
            if self.user_line(first) not in texts:
                self.quote(first, depth)
            self.quoted = (first.span.line, depth)
        for text in texts:
            self.line(self.fit(text, depth), depth, first)

    def printed(self, stmt: Stmt) -> str:
        if isinstance(stmt, (Let, Store, Do, Return)):
            return self.simple(stmt)
        return ""

    def line(self, text: str, depth: int, stmt: Stmt | None) -> None:
        placed = stmt is not None and stmt.span != NOWHERE
        self.text.add(
            "    " * depth + text, stmt.span.line if stmt is not None and placed else None
        )

    def stmt(self, stmt: Stmt, depth: int) -> None:
        if isinstance(stmt, (Let, Store, Do, Return)):
            text = self.simple(stmt)
            self.line(self.fit(text, depth, remark(stmt)), depth, stmt)
        elif isinstance(stmt, Raise):
            values = (Lit(stmt.message),) if stmt.message else stmt.values
            said = [quoted(v.value) if isinstance(v, Lit) and isinstance(v.value, str)
                    else _text(expression(v)) for v in values]  # fmt: skip
            self.line(f"raise {stmt.exception}({', '.join(said)})", depth, stmt)
        elif isinstance(stmt, Break):
            self.line("break", depth, stmt)
        elif isinstance(stmt, Continue):
            self.line("continue", depth, stmt)
        elif isinstance(stmt, If):
            self.branch(stmt, depth, "if")
        elif isinstance(stmt, For):
            self.line(self.head(stmt), depth, stmt)
            self.block(stmt.body, depth + 1)
        elif isinstance(stmt, Nest):
            size = _text(expression(stmt.extent))
            self.line(f"for {stmt.index} in range({size}):", depth, stmt)
            self.block(stmt.body, depth + 1)
        elif isinstance(stmt, Try):
            self.caught(stmt, depth)
        else:
            assert isinstance(stmt, While)
            self.loop(stmt, depth)

    def caught(self, stmt: Try, depth: int) -> None:
        self.line("try:", depth, stmt)
        self.block(stmt.body, depth + 1)
        done = passes_on(stmt)
        if done is None:
            self.line("except Exception:", depth, stmt)
            self.block(stmt.handler, depth + 1)
        else:
            self.line("finally:", depth, stmt)
            self.line(f"if not {_text(expression(done))}:", depth + 1, stmt)
            self.block(stmt.handler[:-1], depth + 2)

    def head(self, stmt: For) -> str:
        bounds = ", ".join(_text(expression(e)) for e in stmt.bounds)
        return f"for {stmt.var} in {'prange' if stmt.parallel else 'range'}({bounds}):"

    def branch(self, stmt: If, depth: int, word: str) -> None:
        line = self.fit(f"{word} {_text(expression(stmt.cond))}:", depth)
        if _stretches(stmt) and len(line) + 4 * depth + len(_SELDOM) <= WIDTH:
            line += _SELDOM
        self.line(line, depth, stmt)
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
        if isinstance(value, Op) and value.fn in ("add", "mul") and value.args[1] == target:
            value = replace(value, args=value.args[::-1])
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

    def fit(self, text: str, depth: int, remark: str = "") -> str:
        """A long statement over several lines, broken at operators inside parentheses; a remark
        stands behind it.
        """
        room = WIDTH - 4 * depth - len(remark)
        if len(text) > room:
            text = wrap(text, room).replace("\n", "\n" + "    " * depth)
        return text + remark


def _runs_in_threads(function: Function) -> bool:
    return any(isinstance(s, For) and s.parallel for s in statements(function.body))


def _stretches(stmt: If) -> bool:
    """Whether a branch repeats axes of size 1, which seldom happens."""
    ops = [s.value for s in stmt.body if isinstance(s, Let) and isinstance(s.value, Op)]
    first = [arg for op in ops for arg in op.args[:1]]
    return any(isinstance(f, Ref) and f.name.startswith("stretch") for f in first)


def _text(node: Any, operand: bool = False) -> str:
    """An expression as text; as an operand of `not`, in parentheses where it needs them."""
    if operand and isinstance(node, (ast.BoolOp, ast.IfExp, ast.Compare)):
        return f"({_print(ast.Expr(node))})"
    return _print(ast.Expr(node))


def _print(node: ast.stmt) -> str:
    """One simple statement on one line, guarded: what is printed means what was meant."""
    module = ast.fix_missing_locations(ast.Module(body=[node], type_ignores=[]))
    plain = ast.unparse(module).strip()
    if any(isinstance(n, ast.Dict) for n in ast.walk(node)):
        return plain  # astor puts numbers that are keys in parentheses
    try:
        text = str(astor.to_source(module, pretty_source="".join)).strip()
        text = _unwrapped(text, node)
        if text == plain or "\n" in text or '"""' in text:
            return plain
        if ast.dump(ast.parse(text)) == ast.dump(ast.parse(plain)):
            return text
    except (SyntaxError, AttributeError):
        pass
    return plain


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
