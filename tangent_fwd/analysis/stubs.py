"""What each operation is called for type inference.

Operators and ufuncs are numba's own. The rest of this file names, for every function that
numba lacks or would compile to type, a plainer function whose type it shares.
"""

from __future__ import annotations

import builtins
import importlib
import math
import operator
from collections.abc import Callable
from typing import Any

from tangent_fwd.analysis.numba_typing import Stub
from tangent_fwd.analysis.typers import TYPERS, special
from tangent_fwd.ir.nodes import Op, Ref
from tangent_fwd.rules import rule

_CACHE: dict[Any, Any] = {}


def callee(op: Op, typeof_call: Callable[[Ref, tuple[Any, ...]], Any]) -> Any:
    """An object that numba can type as the function of `op`."""
    if op.fn == "call":
        target = op.args[0]
        assert isinstance(target, Ref)
        return Stub(target.name, lambda context, *args: typeof_call(target, args), lasting=False)
    key = (op.fn, op.keywords)
    if key not in _CACHE:
        _CACHE[key] = _make(op)
    return _CACHE[key]


def _make(op: Op) -> Any:
    fn = op.fn
    if fn in TYPERS:
        typer = TYPERS[fn]
        keywords = dict(op.keywords)
        return Stub(fn, lambda context, *args: typer(*args, **keywords))
    module, _, name = fn.rpartition(".")
    if module == "scipy.special" and rule(fn) is not None:
        return Stub(fn, lambda context, *args: special(fn, *args))
    if module == "builtins":
        return getattr(builtins, name, object())
    if module == "math":
        return getattr(math, name, object())
    if module == "numpy" and name in _AS_METHOD:
        return _method(name)
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError):
        return object()  # numba does not know it, and says so


_AS_METHOD = frozenset("flatten copy astype item fill transpose".split())


def _method(name: str) -> Any:
    def typer(context: Any, array: Any, *args: Any) -> Any:
        kind = context.resolve_getattr(array, name)
        if kind is None:
            return None
        found = context.resolve_function_type(kind, args, {})
        return None if found is None else found.return_type

    return Stub(name, typer)


def _getitem(context: Any, array: Any, index: Any) -> Any:
    """Numba takes a mask over several axes for indices of as many axes."""
    from numba.core import errors, types

    if isinstance(array, types.Array) and isinstance(index, types.Array) and index.ndim > 1:
        if isinstance(index.dtype, types.Boolean):
            return types.Array(array.dtype, array.ndim - index.ndim + 1, "C")
    try:
        found = context.resolve_function_type(operator.getitem, (array, index), {})
    except errors.TypingError:
        return None  # numba then says it in fewer words
    return None if found is None else found.return_type


GETITEM = Stub("getitem", _getitem)


def _turned(context: Any, array: Any) -> Any:
    """The attribute `.mT`, which numba lacks."""
    from numba.core import errors, types

    if not isinstance(array, types.Array) or array.ndim < 2:
        raise errors.TypingError(f"{array} has no attribute `mT`")
    return array.copy(layout="A")


TURNED = Stub("mT", _turned)


def _named(context: Any, whole: Any, word: Any) -> Any:
    """What `p["rate"]` reads: an entry of a dict, or a field of what was a dict before the call."""
    from numba.core import types

    if isinstance(whole, types.DictType):
        return _getitem(context, whole, word)
    return context.resolve_getattr(whole, word.literal_value)


NAMED = Stub("named", _named)


def _kept(context: Any, old: Any, new: Any) -> Any:
    """What `old /= x` leaves `old` to be: an array keeps its precision, a number takes the new."""
    from numba.core import types

    arrays = isinstance(old, types.Array) and isinstance(new, types.Array)
    return old if arrays and type(old.dtype) is type(new.dtype) else new


KEPT = Stub("kept", _kept)
