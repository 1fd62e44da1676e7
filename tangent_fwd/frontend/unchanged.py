"""Whether a function's text still is what runs: its file may have been edited after import.

The whole file is compiled again, and the function must be among what comes out, instruction for
instruction. Tools that rewrite a function while it is imported leave names that no one can write
(pytest calls its own `@py_assert1`); there, only names and numbers are compared.
"""

from __future__ import annotations

import ast
import functools
import types
from typing import Any

Codes = dict[tuple[str, int], list[types.CodeType]]


def unchanged(code: types.CodeType, tree: ast.Module, filename: str) -> bool:
    """Whether the tree of a whole file still has, at its line, the function that runs."""
    rewritten = any(name.startswith("@") for name in (*code.co_names, *code.co_varnames))
    try:
        codes = _codes(tree, filename, optimize=1 if rewritten else -1)  # 1: without assertions
    except (SyntaxError, ValueError, RecursionError):
        return True  # a cell of a notebook that only its own compiler takes
    found = codes.get((code.co_name, code.co_firstlineno), [])
    if rewritten:
        return any(_numbers(other) <= _numbers(code) for other in found)
    mine = _content(code)
    return any(_content(other) == mine for other in found)


@functools.lru_cache(maxsize=64)
def _codes(tree: ast.Module, filename: str, optimize: int) -> Codes:
    """The code of every function in a file, by its name and first line."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    whole = compile(tree, filename, "exec", flags, dont_inherit=True, optimize=optimize)
    found: Codes = {}
    pending = [whole]
    while pending:
        code = pending.pop()
        found.setdefault((code.co_name, code.co_firstlineno), []).append(code)
        pending += [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return found


def _content(value: Any) -> Any:
    """What a code object does, without its place; equal only for equal types."""
    if isinstance(value, types.CodeType):
        names = value.co_names, value.co_varnames, value.co_freevars, value.co_cellvars
        return value.co_code, *names, *map(_content, value.co_consts)
    if isinstance(value, (tuple, frozenset)):
        return type(value), type(value)(map(_content, value))
    return type(value), repr(value)  # 0.0 and -0.0 differ, and NaN is itself


def _numbers(code: types.CodeType) -> set[str]:
    return {repr(c) for c in code.co_consts if isinstance(c, (int, float, complex))}
