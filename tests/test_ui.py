"""What we say when we refuse: every message is kept in a file beside the program, and read.

A case is a function in tests/ui/cases/; its parameter names choose its arguments, as in the
corpus. The whole text of the refusal stands in the .txt file of the same name: the class, the
builtin that it also is, and the message as a user sees it. `make golden` writes them anew.
"""

from __future__ import annotations

import copy
import functools
import importlib
import inspect
import itertools
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba.core.errors import TypingError

import tangent_fwd
from tangent_fwd import forward_grad
from tangent_fwd.errors import TangentError
from tests.inputs import TABLE, like

FOLDER = Path(__file__).parent / "ui" / "cases"
FILES = sorted(p.stem for p in FOLDER.glob("*.py") if p.stem not in ("__init__", "elsewhere"))
# What a user never wrote: names of the compiler and of the text that numba types.
OURS = re.compile(
    r"\bv\d+_\w+|\bg\d+\b|%\d|<inference>|tf_entry|\bStub|\$\w+\.\d|\bLit\(|\bOp\(|0x[0-9a-f]{6}"
)

BUILTINS = {
    "UnsupportedSyntax": SyntaxError,
    "UnsupportedFunction": NotImplementedError,
    "NoRule": NotImplementedError,
    "ActivityError": TypeError,
    "TypingFailure": TypeError,
}
ERRORS = tuple(getattr(tangent_fwd, name) for name in BUILTINS)


def _cases(file: str) -> list[Any]:
    module = importlib.import_module(f"tests.ui.cases.{file}")
    return [
        f
        for name, f in vars(module).items()
        if inspect.isfunction(f) and f.__module__ == module.__name__ and not name.startswith("_")
    ]


def _tangent(value: Any) -> Any:
    if isinstance(value, tuple):
        parts = [_tangent(v) for v in value]
        return like(value, parts)
    return np.ones_like(value) if isinstance(value, np.ndarray) else type(value)(1)


@functools.cache
def refusal(function: Any) -> Exception:
    """The exception that asking for a derivative raises."""
    parameters = [
        p for p in inspect.signature(function).parameters.values()
        if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
    ]  # fmt: skip
    args = {p.name: copy.deepcopy(TABLE[p.name]) for p in parameters}
    active = getattr(function, "active", tuple(args)[:1])
    try:
        made = forward_grad(function, argnames=active)
        made.jvp(tuple(args.values()), tuple(_tangent(args[name]) for name in active))
    except Exception as error:
        return error
    raise AssertionError(f"`{function.__name__}` is accepted")


def _shown(function: Any) -> str:
    error = refusal(function)
    builtin = next(c for c in type(error).__mro__ if c.__module__ == "builtins" and
                   c is not Exception)  # fmt: skip
    title = f"{function.__name__}: {type(error).__name__} ({builtin.__name__})"
    return f"{title}\n{'-' * len(title)}\n{error}\n"


@pytest.mark.parametrize("file", FILES)
def test_messages(file: str, renew: bool) -> None:
    """Class, code, place, caret, label and advice of every refusal are those that were read."""
    text = "\n\n".join(map(_shown, _cases(file)))
    expected = FOLDER / f"{file}.txt"
    if renew:
        expected.write_text(text)
    assert text == expected.read_text()


@pytest.mark.parametrize("file", FILES)
def test_messages_speak_of_the_users_program_only(file: str) -> None:
    """No name of the compiler's or of numba's shows; every text is a sentence at a place."""
    for function in _cases(file):
        error = refusal(function)
        text = str(error)
        assert not OURS.search(text), text
        if isinstance(error, TangentError):
            assert error.diagnostics, f"{function.__name__}: no place in the user's file"
            places = re.findall(r"--> (\w+\.py):(\d+):(\d+)$", text, re.MULTILINE)
            assert len(places) == len(error.diagnostics)
        else:
            # Wrong arguments are refused at the door, by name, before the text is looked at.
            assert isinstance(error, TypeError)
            assert re.search(r"`\w+`", text)


@pytest.mark.parametrize("file", FILES)
def test_the_caret_stands_under_the_text(file: str) -> None:
    """The line shown is the user's, and what is underlined is not blank."""
    for function in _cases(file):
        rows = str(refusal(function)).split("\n")
        for above, row in itertools.pairwise(rows):
            if re.fullmatch(r" *\| +\^+.*", row):
                first, last = row.index("^"), row.rindex("^")
                assert above[: above.index("|")].strip().isdigit()
                assert above[first : last + 1].strip(), above
                assert not above[first].isspace()


def test_every_kind_of_refusal_is_also_the_builtin_that_a_caller_would_catch() -> None:
    kinds = {type(refusal(f)) for file in FILES for f in _cases(file)}
    found = {k.__name__: issubclass(k, BUILTINS[k.__name__]) for k in kinds if k in ERRORS}
    assert found == dict.fromkeys(BUILTINS, True)


def test_there_are_many() -> None:
    names = [f.__name__ for file in FILES for f in _cases(file)]
    assert len(names) >= 200
    written = "".join((FOLDER / f"{file}.txt").read_text() for file in FILES)
    assert all(f"{name}: " in written for name in names)


def test_a_refusal_carries_the_place_as_syntax_errors_do() -> None:
    """Editors and notebooks point at the line from these attributes."""
    module = importlib.import_module("tests.ui.cases.statements")
    error = refusal(module.with_block)
    assert isinstance(error, SyntaxError)
    assert error.filename == str(FOLDER / "statements.py")
    line = inspect.getsourcelines(module.with_block)[1] + 1
    assert (error.lineno, error.offset) == (line, 5)
    assert error.text is not None
    assert error.text.strip().startswith("with ")


def test_the_colours_of_numba_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """It colours its sentences where colorama is installed; ours quote some of them."""
    told = TypingError.__str__
    monkeypatch.setattr(TypingError, "__str__", lambda e: f"\x1b[1m{told(e)}\x1b[0m")
    module = importlib.import_module("tests.ui.cases.types")
    for function in _cases("types"):
        assert "\x1b" not in str(refusal.__wrapped__(function)), function.__name__
    assert "axis 2 is out of bounds" in str(refusal.__wrapped__(module.wrong_axis))
