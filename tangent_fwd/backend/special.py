"""SciPy's special functions for emitted functions.

The text says `special.j0(x)`, which numba does not know. SciPy brings the same functions for
Cython, by their addresses in C, in `scipy.special.cython_special`. So when an emitted module is
compiled, `special` in it becomes an object of ours with functions of the same names, and numba
compiles these to calls in C. Nothing is registered with numba for SciPy's own functions.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import re
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tangent_fwd.rules import Rule

IMPORT = "from scipy import special"
MARK = "_special"
"""Part of the name of an emitted module that calls special functions."""

_PREFIX = "tangent_fwd.special."
_SOURCE = "scipy.special.cython_special"
_KINDS = {"double": "d", "long": "l", "Py_ssize_t": "l"}
_SIGNATURE = re.compile(r"double \((.*), int __pyx_skip_dispatch(.*)\)")


def is_used(text: str) -> bool:
    """Whether an emitted module calls special functions."""
    return f"\n{IMPORT}\n" in text


def is_used_in(module: ModuleType) -> bool:
    """The same of a module that has been executed."""
    return getattr(module, "special", None) is importlib.import_module("scipy.special")


def version(text: str) -> str:
    """The version of SciPy that compiled code depends on, empty for a module that needs none."""
    return str(importlib.import_module("scipy").__version__) if is_used(text) else ""


def alone(text: str) -> str:
    """The text of a module that has to run without us: numba does not know special functions."""
    if not is_used(text):
        return text
    start, last = "try:\n    from numba import njit", "        return lambda function: function"
    (before, taken), after = text.split(start, 1), text.split(last, 1)[1]
    plain = "def njit(**options):  # numba does not know SciPy's special functions\n"
    plain += "    return lambda function: function"
    if taken.startswith(", prange"):
        plain = "prange = range\n\n\n" + plain
    return before + plain + after


def rows() -> dict[str, Rule]:
    """The rule of each special function, by the function's own name."""
    from tangent_fwd.rules import RULES  # the tables need NumPy, and what loads code does not

    found = [(name.rpartition("."), row) for row in RULES for name in row.names]
    return {name: row for (module, _, name), row in found if module == "scipy.special"}


@functools.cache
def library() -> dict[str, tuple[str, bool]]:
    """SciPy's functions, named to LLVM: of each its symbol, and whether it has optional arguments.

    Machine code read from a cache refers to these symbols, and the process dies if they cannot be
    found then. So this is called before any such code is read; it needs no numba.
    """
    import llvmlite.binding as llvm

    source = importlib.import_module(_SOURCE)
    exported: dict[str, Any] = source.__pyx_capi__
    found = {}
    for name, row in rows().items():
        for key in sorted(k for k in exported if re.fullmatch(rf"(__pyx_fuse_[\d_]*)?{name}", k)):
            signature = _SIGNATURE.fullmatch(_capsule_name(exported[key]))
            if signature is None:
                continue
            kinds = [_KINDS.get(kind) for kind in signature[1].split(", ")]
            if kinds == ["l" if k in row.whole else "d" for k in range(len(row.args))]:
                address = _capsule_address(exported[key])
                llvm.add_symbol(_PREFIX + name, address)
                found[name] = _PREFIX + name, bool(signature[2])
    return found


def _capsule_name(capsule: Any) -> str:
    """The signature in C, which Cython gives to what it exports as a name."""
    read = ctypes.pythonapi.PyCapsule_GetName
    read.restype, read.argtypes = ctypes.c_char_p, [ctypes.py_object]
    return bytes(read(capsule)).decode()


def _capsule_address(capsule: Any) -> int:
    read = ctypes.pythonapi.PyCapsule_GetPointer
    read.restype, read.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return int(read(capsule, _capsule_name(capsule).encode()))


@functools.cache
def stand_in() -> ModuleType:
    """What `special` is in a compiled module: SciPy's functions, as numba can compile them."""
    from tangent_fwd.backend import special_numba

    known = {name: special_numba.Function(name, *entry) for name, entry in library().items()}
    module = ModuleType("scipy.special", "SciPy's special functions for numba.")
    vars(module).update(known)
    vars(module).update(special_numba.written(known["psi"]))
    return module
