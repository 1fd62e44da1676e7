"""Where things stand in the user's file: spans, and the text they point into."""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, order=True)
class Span:
    """A stretch of source, counted as in `ast`: lines from 1, columns from 0, the end exclusive."""

    line: int
    col: int
    end_line: int
    end_col: int

    @classmethod
    def of(cls, node: ast.AST) -> Span:
        """The span of a parsed node; nodes without a position (operators) have none to give."""
        at: Any = node
        return cls(at.lineno, at.col_offset, at.end_lineno, at.end_col_offset)


# Where a statement stands that no line of the user's asked for.
NOWHERE = Span(0, 0, 0, 0)


@dataclass(frozen=True)
class Source:
    """The whole text of one file, so that a span can be shown as its author wrote it."""

    filename: str
    text: str

    @functools.cached_property
    def lines(self) -> list[str]:
        """The lines as Python counts them: neither a form feed nor U+2028 ends one."""
        return self.text.split("\n")

    def line(self, number: int) -> str:
        """Line `number` (from 1) without its line break; empty past the end."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def slice(self, span: Span) -> str:
        """The text under `span`, its lines joined by single spaces."""
        if span.line == span.end_line:
            return _columns(self.line(span.line), span.col, span.end_col)
        first = _columns(self.line(span.line), span.col, None)
        middle = [self.line(n) for n in range(span.line + 1, span.end_line)]
        last = _columns(self.line(span.end_line), 0, span.end_col)
        return " ".join(part.strip() for part in (first, *middle, last))


def _columns(line: str, start: int, end: int | None) -> str:
    # ast counts columns in UTF-8 bytes.
    return line.encode()[start:end].decode(errors="replace")
