"""The command line: `python -m tangent_fwd show|doctor|cache|rules`."""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.util
import itertools
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tangent_fwd.api import forward_grad
from tangent_fwd.errors import TangentError, TypingFailure
from tangent_fwd.forward import ForwardGrad

_TYPES = """\
types are written as numba writes them, one for each argument: float64, int64, float32[:],
float64[:,:], or (float64[:], float64) for a tuple; arrays are C-contiguous
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0, 1 for what was refused, 2 for bad usage."""
    parser = argparse.ArgumentParser(
        prog="python -m tangent_fwd", description="Exact directional derivatives you can read."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser(
        "show",
        help="print the derivative of a function",
        epilog=_TYPES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    show.add_argument("function", help="package.module:function, or path/to/file.py:function")
    show.add_argument("types", nargs="*", help="argument types; guessed if left out")
    show.add_argument("--stages", action="store_true", help="print what every pass made of it")
    show.add_argument("--order", type=int, default=1, choices=(1, 2), help="2: curvature as well")
    show.add_argument("--argnums", type=int, nargs="+", help="positions of the active arguments")
    commands.add_parser("doctor", help="check this installation by differentiating something")
    cache = commands.add_parser("cache", help="look after the compiled code kept on disk")
    cache.add_argument("action", choices=("info", "clear", "verify"))
    rules = commands.add_parser("rules", help="list the functions that have a derivative")
    rules.add_argument("word", nargs="?", default="", help="only names that contain this")
    chosen = parser.parse_args(arguments)
    try:
        status = _run(chosen)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # Who read has read enough, as `head` does. What is left goes nowhere, and in silence.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except _Usage as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except TangentError as error:
        print(error, file=sys.stderr)
        return 1


def _run(chosen: argparse.Namespace) -> int:
    if chosen.command == "show":
        return _show(chosen)
    if chosen.command == "doctor":
        from tangent_fwd.doctor import examine

        return examine()
    return _cache(chosen.action) if chosen.command == "cache" else _rules(chosen.word)


class _Usage(Exception):
    """The command was misspelt."""


def _show(chosen: argparse.Namespace) -> int:
    function = _find(chosen.function)
    try:
        if chosen.argnums:
            function = forward_grad(function, argnums=tuple(chosen.argnums))
        elif not isinstance(function, ForwardGrad):
            function = forward_grad(function)
    except (TypeError, ValueError) as error:
        raise _Usage(str(error)) from error
    if len(chosen.types) > len(function.parameters):
        raise _Usage(
            f"`{function.__name__}` takes {len(function.parameters)} arguments, "
            f"got {len(chosen.types)} types"
        )
    try:
        kinds = [numba_type(t) for t in chosen.types] or _guessed(function)
        function.show(*kinds, stages=chosen.stages, order=chosen.order)
    except (TypeError, ValueError) as error:
        raise error if isinstance(error, TangentError) else _Usage(str(error)) from error
    return 0


def _guessed(function: ForwardGrad) -> list[Any]:
    """The first combination of common types that numba accepts; it is named in a comment."""
    first: TypingFailure | None = None
    for guess in itertools.islice(itertools.product(*_candidates(function)), 64):
        kinds = [numba_type(text) for text in guess]
        try:
            function.source_for(*kinds)
        except TypingFailure as error:
            first = first or error
            continue
        listed = ", ".join(f"{n}: {t}" for n, t in zip(function.parameters, guess))
        print(f"# for {listed}")
        return kinds
    raise _Usage(f"cannot guess the argument types; name them\n{_TYPES}") from first


def _candidates(function: ForwardGrad) -> list[tuple[str, ...]]:
    """Types to try for each argument, likeliest first; annotations and defaults narrow them."""
    found: list[tuple[str, ...]] = []
    for position, (name, parameter) in enumerate(function.parameters.items()):
        note = parameter.annotation
        note = note if isinstance(note, str) else getattr(note, "__name__", "")
        known = {"float": "float64", "int": "int64", "bool": "boolean"}.get(note)
        arrays = ("float64[:]", "float64[:,:]")
        whole = parameter.name in ("i", "j", "k", "n", "m", "steps", "count")
        if known:
            found.append((known,))
        elif parameter.default is not parameter.empty:
            break
        elif "ndarray" in note or "NDArray" in note:
            found.append(arrays)
        elif whole and position not in function.options.argnums:
            found.append(("int64", "float64"))
        elif name.isupper():
            found.append(("float64[:,:]", "float64[:]", "float64"))
        else:
            found.append(("float64[:]", "float64", "float64[:,:]"))
    return found


def _find(target: str) -> Any:
    """The object behind `package.module:name` or `file.py:name`."""
    place, colon, name = target.rpartition(":")
    if not colon or not name:
        raise _Usage(f"{target!r} names no function; write package.module:function")
    sys.path.insert(0, "")
    try:
        if place.endswith(".py"):
            path = Path(place)
            spec = importlib.util.spec_from_file_location(path.stem, path)
            if spec is None or spec.loader is None or not path.exists():
                raise _Usage(f"there is no file {place}")
            found: Any = importlib.util.module_from_spec(spec)
            sys.modules[path.stem] = found
            spec.loader.exec_module(found)
        else:
            found = importlib.import_module(place)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise _Usage(str(error)) from error
    finally:
        sys.path.remove("")
    return found


def numba_type(text: str) -> Any:
    """The numba type spelt `text`; arrays are C-contiguous.

    Raises ValueError for what is not a scalar, an array or a tuple of them.
    """
    from numba.core import types

    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError:
        tree = None
    if isinstance(tree, ast.Tuple):
        return types.BaseTuple.from_types([numba_type(ast.unparse(e)) for e in tree.elts])
    if isinstance(tree, ast.Name):
        scalar = getattr(types, tree.id, None)
        if isinstance(scalar, types.Number | types.Boolean):
            return scalar
    if isinstance(tree, ast.Subscript) and isinstance(tree.value, ast.Name):
        inner = tree.slice
        slices = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        if all(isinstance(part, ast.Slice) for part in slices):
            return types.Array(numba_type(tree.value.id), len(slices), "C")
    raise ValueError(f"{text!r} is not a type; {_TYPES}".rstrip())


def _cache(action: str) -> int:
    from tangent_fwd.backend import cache

    if action == "clear":
        print(f"{cache.clear()} entries deleted")
    elif action == "verify":
        damaged = cache.verify()
        for path in damaged:
            print(f"damaged, deleted: {path}")
        print(f"{len(damaged)} damaged files" if damaged else "every file is what was written")
    else:
        found = cache.info()
        where = found.folder or "switched off or refused"
        print(f"{where}: {found.entries} entries, {found.size / 1e6:.1f} MB")
    return 0


def _share() -> str:
    """How much of what numba and NumPy offer differentiates."""
    from tangent_fwd.rules.surface import COUNTS

    return "\n".join(
        f"{part}: {taken} of {whole} differentiable functions differentiate, {part_of} in some of "
        f"their arguments, and {whole - taken - part_of} are refused"
        for part, (taken, part_of, whole) in COUNTS.items()
    )


def _rules(word: str) -> int:
    from tangent_fwd.rules import RULES

    shown = 0
    for rule in RULES:
        names = [name for name in rule.names if word in name]
        if not names:
            continue
        shown += 1
        print(f"{', '.join(rule.names)}({', '.join(rule.args)}): {rule.kind}")
        for expression in rule.expressions:
            print(f"    {expression}")
        if rule.kink:
            print(f"    at a kink: {rule.kink}")
    if not word:
        print(_share())
    if not shown:
        print(f"no rule has {word!r} in its name", file=sys.stderr)
    return 0 if shown else 1
