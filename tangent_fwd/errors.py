"""What we say when we refuse: a message is data here, and drawn in one place."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from tangent_fwd.source import Source, Span


@dataclass(frozen=True)
class Diagnostic:
    """One thing we cannot accept: what, where, and what to write instead.

    `code` is a short stable name, `message` the sentence, `label` stands beside the caret,
    `notes` are facts and `help` is advice.
    """

    code: str
    message: str
    span: Span
    label: str = ""
    notes: tuple[str, ...] = ()
    help: str = ""


class TangentError(Exception):
    """Whatever this package refuses; subclasses are also the builtin a caller would catch."""

    def __init__(self, message: str, diagnostics: tuple[Diagnostic, ...] = ()) -> None:
        super().__init__(message)
        self.diagnostics = diagnostics

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class UnsupportedSyntax(TangentError, SyntaxError):
    """The function uses Python that we do not differentiate."""


class UnsupportedFunction(TangentError, NotImplementedError):
    """The function calls something that we cannot compile."""


class NoRule(UnsupportedFunction):
    """An active value goes through something without a derivative rule."""


class ActivityError(TangentError, TypeError):
    """A derivative is asked where none can be carried: an integer, a string, an undefined name."""


class TypingFailure(TangentError, TypeError):
    """numba cannot type the function for these arguments; the message is at the user's line."""


class SourceUnavailable(TangentError, OSError):
    """The function's text cannot be read, so there is nothing to differentiate."""


_CLASSES: dict[str, type[TangentError]] = {
    "syntax": UnsupportedSyntax,
    "unknown-name": ActivityError,
    "function": UnsupportedFunction,
    "no-rule": NoRule,
    "activity": ActivityError,
    "typing": TypingFailure,
    "undefined": ActivityError,
}


def raise_all(diagnostics: list[Diagnostic], source: Source) -> None:
    """Raise every rejection of a function in one report; return quietly when there is none.

    The exception's class is that of the first rejection in the file.
    It also carries the position attributes of SyntaxError, so that tools can point at the line.
    """
    if not diagnostics:
        return
    unique = tuple(sorted(set(diagnostics), key=lambda d: (d.span, d.code, d.message)))
    first = unique[0]
    error = _CLASSES[first.code.split(".")[0]](render(unique, source), unique)
    if isinstance(error, SyntaxError):
        error.filename, error.text = source.filename, source.line(first.span.line)
        error.lineno, error.offset = first.span.line, first.span.col + 1
        error.end_lineno, error.end_offset = first.span.end_line, first.span.end_col + 1
    raise error


def render(diagnostics: tuple[Diagnostic, ...], source: Source) -> str:
    """Draw messages the way compilers do: the sentence, the place, the user's line, the caret."""
    return "\n\n".join(_draw(diagnostic, source) for diagnostic in diagnostics)


def _draw(diagnostic: Diagnostic, source: Source) -> str:
    span = diagnostic.span
    line = source.line(span.line)
    start = len(line.encode()[: span.col].decode(errors="replace"))
    if span.end_line == span.line:
        end = len(line.encode()[: span.end_col].decode(errors="replace"))
    else:
        end = len(line.rstrip())
    gutter = " " * len(str(span.line))
    name = source.filename.replace("\\", "/").rsplit("/", 1)[-1]
    caret = " " * start + "^" * max(1, end - start)
    rows = [
        f"error[{diagnostic.code}]: {diagnostic.message}",
        f"{gutter}--> {name}:{span.line}:{start + 1}",
        f"{gutter} |",
        f"{span.line} | {line.expandtabs(1)}",
        f"{gutter} | {caret} {diagnostic.label}".rstrip(),
    ]
    rows += [f"{gutter} = note: {note}" for note in diagnostic.notes]
    if diagnostic.help:
        rows.append(f"{gutter} = help: {diagnostic.help}")
    return "\n".join(rows)


def nearest(name: str, known: Iterable[str]) -> str:
    """Advice naming the closest known name, or nothing."""
    close = difflib.get_close_matches(name, [k for k in known if not k.startswith("_")], 1)
    return f"did you mean `{close[0]}`?" if close else ""
