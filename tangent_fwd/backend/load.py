"""Turns the text of an emitted module into compiled functions.

The text becomes a real file, so that tracebacks, debuggers and `inspect` show its lines, and the
file lives in the entry of the cache that also keeps the code compiled from it. One entry serves
one text, one signature and one set of options, so nothing in it ever goes stale.
"""

from __future__ import annotations

import functools
import hashlib
import json
import linecache
import os
import re
import sys
from collections.abc import Mapping
from importlib.abc import InspectLoader
from pathlib import Path
from types import CodeType, FunctionType, MappingProxyType, ModuleType
from typing import Any

from tangent_fwd.backend import cache, cpu, generated, special
from tangent_fwd.options import Options

_loaded: dict[tuple[Any, ...], ModuleType] = {}


def load(
    text: str,
    name: str,
    entry: str,
    options: Options,
    signature: str,
    classes: Mapping[str, type] = MappingProxyType({}),
) -> ModuleType:
    """Make a module from emitted text, its `@njit` functions compiled the way `cpu.jit` does.

    Nothing is compiled yet: numba compiles at the first call, or finds what an earlier process
    compiled. Loading the same text with the same options again returns the same module.

    Args:
        text: an emitted module; it imports nothing of ours and defines `entry`.
        name: what the module is about, usually the user's function; part of file names.
        entry: the function that will be called from outside.
        options: part of the key; `cache=False` keeps everything in memory.
        signature: the argument types the text was made for; part of the key.
        classes: the named tuples that the module's own definitions of these names stand for.

    Raises:
        ValueError: if the text does not define `entry`.
    """
    from numba.core.compiler_lock import global_compiler_lock

    digest = _key(text, options, ", ".join([signature, *map(_identity, classes.values())]))
    root = cache.folder() if options.cache else None
    # numba's own lock: a caller may hold it already, and two locks can be taken in two orders.
    with global_compiler_lock:
        key = digest, root, *map(id, classes.values())
        module = _loaded.get(key)
        if module is None:
            module = _load(text, _plain(name), digest, root, options, classes)
            _loaded[key] = module
    if not hasattr(module, entry):
        raise ValueError(f"the emitted module does not define {entry!r}")
    return module


class _Text(InspectLoader):
    """Runs a module from text that is already in memory, under the file name it goes by."""

    def __init__(self, text: str, filename: str) -> None:
        self._text = text
        self._filename = filename

    def get_source(self, fullname: str) -> str:
        return self._text

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self._text, self._filename)


def _identity(cls: type) -> str:
    """A name for a class that is the same in another process only if the class is, too."""
    found: Any = sys.modules.get(cls.__module__)
    for part in cls.__qualname__.split("."):
        found = getattr(found, part, None)
    name = f"{cls.__module__}.{cls.__qualname__}"
    return name if found is cls else f"{name} {os.getpid()} {id(cls)}"


def _load(
    text: str,
    name: str,
    digest: str,
    root: Path | None,
    options: Options,
    classes: Mapping[str, type],
) -> ModuleType:
    kept: cache.Entry | None = None
    if root is not None:
        try:
            kept = cache.Entry.open(root, digest, name + ".py", text)
        except OSError as error:
            cache.refuse(error.strerror or str(error))
    if kept is not None:
        filename = str(kept.path / (name + ".py"))
    else:
        filename = f"<tangent_fwd {name} {digest[:16]}>"
        # Without a modification time the entry survives `linecache.checkcache`.
        lines = [line + "\n" for line in text.split("\n")]
        linecache.cache[filename] = (len(text), None, lines, filename)
    if special.is_used(text):
        name += special.MARK
    module = ModuleType(f"{generated.__name__}.{name}_{digest[:16]}")
    module.__file__ = filename
    # numba looks modules up by name, when it compiles and when it reads compiled code back.
    sys.modules[module.__name__] = module
    try:
        _Text(text, filename).exec_module(module)
        vars(module).update(classes)
        _compile_with_ours(module, options, kept)
    except BaseException:
        del sys.modules[module.__name__]
        raise
    return module


def _compile_with_ours(module: ModuleType, options: Options, entry: cache.Entry | None) -> None:
    """Replace the module's own `@njit` functions by ours before any of them is compiled."""
    functions: dict[str, FunctionType] = {
        name: value.py_func
        for name, value in vars(module).items()
        if cpu.is_dispatcher(value) and value.py_func.__globals__ is module.__dict__
    }
    if functions and special.is_used_in(module):
        # mypy knows no attributes of a module that is made while the program runs.
        module.special = special.stand_in()  # type: ignore[attr-defined]  # set on a module
    # numba crashes when it reads back functions that call each other in a circle.
    if _has_cycle({name: set(f.__code__.co_names) for name, f in functions.items()}):
        entry = None
    for name, function in functions.items():
        setattr(module, name, cpu.jit(function, options, entry))


def _has_cycle(calls: dict[str, set[str]]) -> bool:
    """Whether some function reaches itself.

    >>> _has_cycle({"f": {"g", "len"}, "g": {"sum"}}), _has_cycle({"f": {"g"}, "g": {"f"}})
    (False, True)
    """
    remaining = {name: callees & calls.keys() for name, callees in calls.items()}
    while remaining:
        leaves = {name for name, callees in remaining.items() if not callees & remaining.keys()}
        if not leaves:
            return True
        remaining = {name: remaining[name] for name in remaining.keys() - leaves}
    return False


def _plain(name: str) -> str:
    """A name that any file system and any module table takes.

    >>> _plain("<lambda>"), _plain("naïve.loss")
    ('lambda', 'na_ve_loss')
    """
    return re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_")[:40] or "module"


def _key(text: str, options: Options, signature: str) -> str:
    """A hash over everything that compiled code depends on."""
    parts = [text, repr(options), signature, *_surroundings(), special.version(text)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@functools.cache
def _surroundings() -> tuple[str, ...]:
    """The versions, the machine, and this folder down to its source."""
    import numpy

    from tangent_fwd import __version__

    ours = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        ours.update(path.read_bytes())
    return (
        __version__,
        ours.hexdigest(),
        numpy.__version__,
        sys.version,
        repr(cpu.fingerprint()),
    )
