"""Small tools for writing Python text."""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

WIDTH = 100


def pasted(function: Callable[..., Any]) -> str:
    """The text of one of our plain functions, without its annotations."""
    node = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(node, ast.FunctionDef)
    node.returns = None
    node.decorator_list = []
    for argument in node.args.args:
        argument.annotation = None
    return ast.unparse(node)


def listed(words: Sequence[str]) -> str:
    """Words as a tuple is unpacked into them."""
    return f"({words[0]},)" if len(words) == 1 else ", ".join(words)


def flattened(word: str, flat: str) -> list[str]:
    """The line that makes a flat view, where one is needed."""
    return [] if word == flat else [f"{flat} = {word}.reshape(-1)"]


def function(heading: str, lines: Iterable[str]) -> str:
    """A function from its heading and the lines of its body."""
    rows = (row for line in lines for row in broken(f"    {line}".rstrip()))
    return "\n".join([f"def {heading}:", *rows])


def broken(line: str) -> list[str]:
    """A line as several, broken behind the bracket that closes at its end."""
    if len(line) <= WIDTH or not line.endswith(")"):
        return [line]
    depth, at = 1, len(line) - 1
    while depth:
        at -= 1
        depth += {")": 1, "(": -1}.get(line[at], 0)
    indent = " " * (len(line) - len(line.lstrip()))
    inner = textwrap.wrap(
        line[at + 1 : -1].rstrip(","),
        WIDTH,
        initial_indent=indent + "    ",
        subsequent_indent=indent + "    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line[: at + 1], *inner, indent + ")"]


def enumerated(names: Sequence[str]) -> str:
    """The line that numbers names from 0."""
    return f"{', '.join(names)} = range({len(names)})"


def flags(text: str) -> str:
    """The flags that all emitted functions have after their error model."""
    found = re.search(r'@njit\(error_model="numpy"(.*?)(?:, parallel=True)?\)', text)
    return found.group(1) if found else ""


def defined(text: str) -> set[str]:
    """The names that a module defines at its top."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name)
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign):
            names |= {n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    return names


def rename(text: str, names: dict[str, str]) -> str:
    """Replace whole words that are not attributes."""
    for old, new in names.items():
        text = re.sub(rf"(?<![\w.]){old}\b", new, text)
    return text


@functools.cache
def digest() -> str:
    """Stands for the source of this folder, which decides what is imported and what a state is."""
    ours = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        ours.update(path.read_bytes())
    return ours.hexdigest()[:16]
