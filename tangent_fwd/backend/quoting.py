"""The user's lines as comments above the lines that came from them."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field, replace

from tangent_fwd.backend.wrap import WIDTH, joined
from tangent_fwd.ir.nodes import (
    Block,
    Break,
    Continue,
    Do,
    For,
    Function,
    If,
    Let,
    Nest,
    Op,
    Raise,
    Return,
    Stmt,
    Store,
    Try,
    While,
)
from tangent_fwd.ir.walk import statements
from tangent_fwd.source import Source

# Deeper than any block: what is quoted there is quoted nowhere else.
DEEP = 99


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


class Quoting:
    """Knows which of the user's lines stands above the lines at hand already."""

    def __init__(self, source: Source, text: Text) -> None:
        self.source, self.text = source, text
        self.quoted: tuple[int, int] | None = None

    def simple(self, stmt: Let | Store | Do | Return) -> str:
        raise NotImplementedError

    def printed(self, stmt: Stmt) -> str:
        raise NotImplementedError

    def head(self, stmt: For) -> str:
        raise NotImplementedError

    def speaks_for_itself(self, block: Block, k: int) -> bool:
        """Whether the lines that came from the user's contain it word for word, beside tangents
        only, so that the comment would say it twice.
        """
        together = [s for s in block if s.span.line == block[k].span.line]
        if not all(isinstance(s, (Let, Store, Return)) for s in together):
            return False
        primal = [s for s in together if not _is_tangent(s)]
        return len(primal) == 1 and self.user_line(block[k]) in self.as_written(primal[0])

    def as_written(self, stmt: Stmt) -> tuple[str, ...]:
        """How a statement may have stood in the user's text."""
        if isinstance(stmt, Return) and isinstance(stmt.value, Op) and stmt.value.fn == "tuple":
            value = self.simple(replace(stmt, value=stmt.value.args[0]))
            return value, re.sub(r"^return \((.*)\)$", r"return \1", value)
        return (self.printed(stmt),)

    def quote(self, stmt: Stmt, depth: int) -> None:
        """The user's line as a comment, once above all lines that came from it."""
        if isinstance(stmt, (For, While, If)) and not self.is_ours(stmt):
            if self.quoted is None or self.quoted[0] != stmt.span.line:
                self.quoted = (stmt.span.line, depth)
                text = self.source.line(stmt.span.line).strip()
                if isinstance(stmt, For) and text.startswith("for ") and text != self.head(stmt):
                    self.comment(text, depth)
            return
        if isinstance(stmt, (Break, Continue, Raise, Try)):
            return
        if isinstance(stmt, (Nest, If)) and len({s.span for s in statements((stmt,))}) > 1:
            return
        if self.quoted is not None and self.quoted[0] == stmt.span.line and self.quoted[1] <= depth:
            return
        self.quoted = (stmt.span.line, depth)
        line = self.user_line(stmt)
        if line == self.printed(stmt):
            return
        if line.startswith(("if ", "for ", "while ")):
            line = line.split(":")[0] + ":"
        self.comment(line, depth, stmt)

    def comment(self, text: str, depth: int, stmt: Stmt | None = None) -> None:
        """A line of the user's; a long one as it stands in the user's file."""
        lines = [text]
        long = 4 * depth + 2 + len(text) > WIDTH
        if stmt is not None and long and stmt.span.line != stmt.span.end_line:
            lines = textwrap.dedent("\n".join(self.user_lines(stmt))).split("\n")
        for line in lines:
            self.text.add("    " * depth + "# " + line)

    def user_lines(self, stmt: Stmt) -> list[str]:
        return self.source.lines[stmt.span.line - 1 : stmt.span.end_line]

    def user_line(self, stmt: Stmt) -> str:
        """The user's statement on one line."""
        # A comment inside a statement of several lines would hide the rest of it.
        if stmt.span.line != stmt.span.end_line:
            return joined("\n".join(self.user_lines(stmt)))
        return " ".join(self.source.slice(stmt.span).split())

    def is_ours(self, stmt: Stmt) -> bool:
        """A branch we made (a check of shapes, a NaN test) stands inside a line of the user's."""
        if not isinstance(stmt, If):
            return False
        line = self.source.slice(stmt.span).lstrip()
        return not line.startswith(("if ", "elif ", "if(", "assert "))


def _is_tangent(stmt: Stmt) -> bool:
    name = stmt.target if isinstance(stmt, Let) else getattr(stmt, "array", "")
    return str(name).startswith(("d_", "dd_"))
