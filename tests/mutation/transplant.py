"""Takes the text of a changed file into the module that is loaded already, in this process.

Functions keep their identity and get new code, because others hold them; so do rules, which stand
in several tables. Other values are exchanged wherever a module of ours holds them.
"""

from __future__ import annotations

import gc
import importlib
import linecache
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tangent_fwd.front import Known
from tangent_fwd.rules import Rule
from tangent_fwd.specialise import Specialiser

# The tables in the order in which they are made, some of others.
_TABLES = tuple(
    f"rules.{name}"
    for name in (
        "elementary several bessel distributions integrals special maps algebra complex_numbers "
        "__init__"
    ).split()
)

_PLAIN = (bool, int, float, str, tuple, frozenset, dict, list, type(None))


def transplant(path: Path, text: str) -> None:
    """Change the loaded module of a file of the package as if it had been loaded from this text."""
    room = path.parent.name
    module = _module(f"{room}.{path.stem}")
    lines = [line + "\n" for line in text.split("\n")]
    linecache.cache[str(path)] = (len(text), None, lines, str(path))
    _into(module, _executed(module, text))
    if room == "rules":
        for table in map(_module, _TABLES):
            if table is not module:
                _into(table, _executed(table, Path(str(table.__file__)).read_text()))
    forget()
    forget_derivatives()


def _module(name: str) -> types.ModuleType:
    return importlib.import_module(f"tangent_fwd.{name}".removesuffix(".__init__"))


def forget() -> None:
    """Empty the memories that a changed pass or rule could make untrue."""
    for name, module in list(sys.modules.items()):
        if name.startswith(("tangent_fwd.transform", "tangent_fwd.rules", "tests.")):
            for value in list(vars(module).values()):
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


def forget_derivatives() -> None:
    """Empty the functions that keep derivatives they made."""
    for thing in gc.get_objects():
        if type(thing) is Known:  # not what only stands for one that is gone
            thing.parsed.clear()
            thing.typed.clear()
        elif type(thing) is Specialiser:
            thing.compiled.clear()
            thing._programs.clear()


def _executed(module: types.ModuleType, text: str) -> dict[str, Any]:
    names = ("__name__", "__file__", "__package__", "__path__")
    namespace = {k: v for k, v in vars(module).items() if k in names}
    exec(compile(text, str(module.__file__), "exec"), namespace)
    return namespace


def _into(module: types.ModuleType, new: dict[str, Any]) -> None:
    before = dict(vars(module))
    mine = {
        name: value for name, value in new.items()
        if not name.startswith("__") and value is not before.get(name)
    }  # fmt: skip
    same: dict[int, Any] = {}  # what stays the object that it was
    for name, value in mine.items():
        old = before.get(name)
        if isinstance(old, type) and isinstance(value, type):
            _class(old, value)
            same[id(value)] = old
        elif _code(old, value):
            same[id(value)] = old
    for name, value in mine.items():
        old = before.get(name)
        if id(value) not in same and not _rules(old, value):
            _exchange(module, name, old, _with_old(value, same))


def _with_old(value: Any, same: dict[int, Any]) -> Any:
    """A value with the old functions and classes in it."""
    if id(value) in same:
        return same[id(value)]
    if type(value) in (tuple, list, set, frozenset):
        return type(value)(_with_old(part, same) for part in value)
    if type(value) is dict:
        return {_with_old(k, same): _with_old(v, same) for k, v in value.items()}
    return value


def _class(old: type, new: type) -> None:
    for name, value in vars(new).items():
        there = vars(old).get(name)
        code = getattr(value, "__code__", None)
        generated = code is not None and code.co_filename == "<string>"
        if generated and name == "__init__":
            old.__init__ = value  # type: ignore[misc]
        elif generated or _code(there, value):
            continue
        elif isinstance(value, _PLAIN) and not name.startswith("__") and there != value:
            setattr(old, name, value)


def _code(old: Any, new: Any) -> bool:
    """Make the old function as the new one, if they are functions."""
    if type(old) is not type(new):
        return False
    for part in ("fget", "func", "__func__", "__wrapped__"):
        if hasattr(new, part) and not isinstance(new, types.FunctionType):
            return _code(getattr(old, part), getattr(new, part))
    if not isinstance(new, types.FunctionType):
        return False
    old.__code__, old.__defaults__ = new.__code__, new.__defaults__
    old.__kwdefaults__ = new.__kwdefaults__
    return True


def _rules(old: Any, new: Any) -> bool:
    """Make old rules as the new ones, if they are as many."""
    if isinstance(old, Rule) and isinstance(new, Rule):
        vars(old).update(vars(new))
        return True
    both = isinstance(old, tuple) and isinstance(new, tuple) and len(old) == len(new) > 0
    if not both or not all(isinstance(r, Rule) for r in (*old, *new)):
        return False
    return all(map(_rules, old, new))


def _exchange(module: types.ModuleType, name: str, old: Any, new: Any) -> None:
    if new == old:
        return
    setattr(module, name, new)
    common = old is None or isinstance(old, (bool, int, float, str))
    for other in list(_ours()):
        for key, value in list(vars(other).items()):
            if value is old and (key == name or not common):
                setattr(other, key, new)


def _ours() -> Iterator[types.ModuleType]:
    for name, module in list(sys.modules.items()):
        if name.startswith(("tangent_fwd", "tests")) and isinstance(module, types.ModuleType):
            yield module
