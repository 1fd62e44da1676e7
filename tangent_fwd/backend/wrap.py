"""Text: statements over several lines and on one, docstrings, literals, the legend."""

from __future__ import annotations

import ast
import io
import re
import textwrap
import tokenize
from typing import Any

from tangent_fwd.backend.special import IMPORT

WIDTH = 100

_IMPORT = """try:
    from numba import njit{more}
except ImportError:  # plain Python gives the same numbers
{instead}def njit(**options):
        return lambda function: function"""
# What an emitted module takes from numba, without loops over `prange` and with them.
IMPORTS = (
    _IMPORT.format(more="", instead="    "),
    _IMPORT.format(more=", prange", instead="    prange = range\n\n    "),
)

_HEAD = re.compile(r"return |if |elif |while |[^=()]*? [-+*/]?= ")
_JOINTS = ((", ",), (" if ", " else "), (" or ",), (" and ",), (" + ", " - "), (" * ", " / "))


def wrap(text: str, width: int) -> str:
    """A simple statement over two or more lines; as it was if it has no joint to break at."""
    head = _HEAD.match(text)
    if head is None:
        return text
    colon = ":" if text.endswith(":") else ""
    body = text[head.end() : len(text) - len(colon)]
    lines = _broken(body, width - 4)
    if len(lines) == 1 and len(lines[0]) > width - 4:
        return text
    return "\n".join([head.group() + "(", *(f"    {line}" for line in lines), ")" + colon])


_OPERATOR = re.compile(r"(?:[-+*/] |if |else |and |or )?-?")


def _broken(text: str, width: int) -> list[str]:
    """An expression over lines of at most a width, cut at its loosest joints first."""
    if len(text) <= width:
        return [text]
    start = _OPERATOR.match(text).end()  # type: ignore[union-attr]
    comma = "," if text.endswith(",") else ""
    inner = text[start : len(text) - len(comma)]
    if _enclosed(inner):
        within = _broken(inner[1:-1], width - 4)
        return [text[:start] + "(", *(f"    {line}" for line in within), ")" + comma]
    for joints in _JOINTS:
        parts = _split(text, joints)
        if len(parts) > 1:
            lines: list[str] = []
            for part in parts:
                short = len(part) <= width and lines and not lines[-1].startswith((" ", ")"))
                if short and len(lines[-1]) + len(part) + 1 <= width and joints != (", ",):
                    lines[-1] += " " + part
                else:
                    lines += _broken(part, width)
            return lines
    return [text]


def _enclosed(text: str) -> bool:
    """Whether one pair of parentheses holds the whole text."""
    depth = 0
    for k, c in enumerate(text):
        depth += (c in "([{") - (c in ")]}")
        if depth == 0:
            return text[0] == "(" and k == len(text) - 1
    return False


def _split(body: str, joints: tuple[str, ...]) -> list[str]:
    """An expression cut before each outermost operator; after each outermost comma."""
    parts, depth, last, quote = [], 0, 0, ""
    for k, c in enumerate(body):
        if quote or c in "'\"":
            quote = "" if c == quote else quote or c
            continue
        depth += (c in "([{") - (c in ")]}")
        if depth == 0 and k > last and any(body.startswith(j, k) for j in joints):
            cut = k + 1
            parts.append(body[last:cut].strip())
            last = cut
    parts.append(body[last:].strip())
    return parts


def joined(text: str) -> str:
    """A statement of several lines on one line, without its comments."""
    lines = text.split("\n")
    try:
        for token in tokenize.generate_tokens(io.StringIO(text + "\n").readline):
            if token.type == tokenize.COMMENT:
                row, column = token.start
                lines[row - 1] = lines[row - 1][:column]
    except (tokenize.TokenError, IndentationError):
        pass  # the statement was cut out of a block; its comments stay
    line = " ".join(part.strip().rstrip("\\").rstrip() for part in lines if part.strip())
    return re.sub(r",? ([)\]])", r"\1", re.sub(r"([(\[]) ", r"\1", line))


def signature(name: str, params: tuple[str, ...], width: int) -> str:
    """The first line of a function, or lines where the parameters are many."""
    line = f"def {name}({', '.join(params)}):"
    if len(line) <= width:
        return line
    lines, current = [f"def {name}("], "    "
    for param in params:
        if len(current) + len(param) + 2 > width:
            lines.append(current.rstrip())
            current = "    "
        current += param + ", "
    return "\n".join([*lines, current.rstrip(), "):"])


def docstring(doc: str) -> str:
    """A function's docstring, indented."""
    if "\\" in doc or '"""' in doc or doc.endswith('"'):
        return "    " + ast.unparse(ast.Constant(doc))
    first, *rest = doc.split("\n")
    if not rest:
        return f'    """{first}"""'
    return "\n".join([f'    """{first}', *(f"    {line}".rstrip() for line in rest), '    """'])


def head(header: str, functions: str, body: str, constants: dict[str, Any]) -> str:
    """A module's docstring, which explains what its functions' text shows, and its imports, which
    are what the body reads.
    """
    classes = [value for value in constants.values() if isinstance(value, type)]
    # With many arguments the first line is long.
    said = [part for line in header.split("\n") for part in textwrap.wrap(line, WIDTH - 3) or [""]]
    said[0] = f'"""{said[0]}'
    found = ["\n".join([*said, *legend(functions), '"""'])]
    if any(issubclass(value, tuple) for value in classes):
        found.append("from collections import namedtuple")
    if "math." in body:
        found.append("import math")
    if re.search(r"(?<![\w.])random\.\w+\(", body):
        found.append("import random")
    if "np." in body or len(classes) < len(constants):
        found.append("import numpy as np")
    if re.search(r"\bspecial\.\w+\(", body):
        found.append(IMPORT)
    return "\n\n".join(found) + "\n"


def legend(text: str) -> list[str]:
    """What a reader may wonder about, where it occurs."""
    marks = {
        "  # any order": "What a line marked `any order` adds up may be added in any order.",
        "  # side by side": "An array marked `side by side` holds all lanes, in its last axis.",
        " != 0.0 else 0.0": "A direction of zero gives a tangent of zero, whatever the partial is.",
    }
    return [meaning for mark, meaning in marks.items() if mark in text]


def quoted(text: str) -> str:
    """A string literal, in double quotes where that is as short."""
    shown = repr(text)
    return shown if '"' in text or not shown.startswith("'") else f'"{shown[1:-1]}"'


def _of_complex(value: Any) -> str:
    """Nested lists of complex numbers; `a+bj` would lose the signs of zeros."""
    if isinstance(value, list):
        return f"[{', '.join(map(_of_complex, value))}]"
    return f"complex({constant(value.real)}, {constant(value.imag)})"


def constant(value: Any) -> str:
    """A captured value as the expression that makes it."""
    import numpy as np

    if isinstance(value, type) and issubclass(value, BaseException):
        base = next(c for c in value.__mro__ if c.__module__ == "builtins")
        return f'type("{value.__name__}", ({base.__name__},), {{}})'
    if isinstance(value, type):
        fields = ", ".join(f'"{f}"' for f in value._fields)  # type: ignore[attr-defined]
        return f'namedtuple("{value.__name__}", [{fields}])'
    if isinstance(value, np.dtype):
        return f"np.{value!r}"
    if isinstance(value, np.ndarray) and not value.size:
        return f'np.zeros({value.shape}, dtype="{value.dtype.name}")'
    if isinstance(value, np.ndarray):
        listed = repr(value.tolist()).replace("nan", "np.nan").replace("inf", "np.inf")
        if value.dtype.kind == "c":
            listed = _of_complex(value.tolist())
        return f'np.array({listed}, dtype="{value.dtype.name}")'
    if isinstance(value, tuple):
        parts = ", ".join(map(constant, value))
        return f"({parts},)" if len(value) == 1 else f"({parts})"
    if isinstance(value, float) and (value != value or value in (float("inf"), -float("inf"))):
        return f'float("{value}")'
    return repr(value)
