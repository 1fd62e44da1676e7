"""Lists and dicts that hold nothing yet: what they may hold is shown by a sample of it."""

from __future__ import annotations

from typing import Any


def emptied(kind: str, parts: list[Any]) -> str | None:
    """The text of an empty list or dict; None where numba would not take it for one of these types.

    Arguments: "list" or "dict"; the numba type of what it holds, for a dict that of its keys first.

    >>> from numba import types
    >>> emptied("dict", [types.int64, types.float64[:]])
    'empty_dict(0, np.zeros(0)[::1])'
    """
    samples = list(map(_sample, parts))
    if None in samples or len(parts) != (2 if kind == "dict" else 1):
        return None
    return f"empty_{kind}({', '.join(map(str, samples))})"


def made_type(kind: str, parts: list[Any]) -> Any:
    """The numba type of that list or dict."""
    from numba.core import types

    return types.List(*parts) if kind == "list" else types.DictType(*parts)


def _sample(kind: Any) -> str | None:
    """The text of some value of a type."""
    from numba.core import types

    if kind == types.unicode_type:
        return "''"
    if isinstance(kind, types.Array):
        sizes = "0" if kind.ndim == 1 else f"({', '.join('0' * kind.ndim)})"
        dtype = "" if kind.dtype == types.float64 else f", np.{_dtype(kind.dtype)}"
        made, places = f"np.zeros({sizes}{dtype})", ", ".join(["::1"] * kind.ndim)
        return made + {"C": "", "F": ".T"}.get(kind.layout, f"[{places}]")
    if isinstance(kind, types.DictType):
        return emptied("dict", [kind.key_type, kind.value_type])
    if isinstance(kind, (types.List, types.ListType)):
        return emptied("list", [kind.dtype])
    if isinstance(kind, types.BaseTuple):
        parts = list(map(_sample, kind))
        return None if None in parts else f"({', '.join(map(str, parts))},)"
    if not isinstance(kind, (types.Number, types.Boolean)):
        return None
    known = {types.float64: "0.0", types.int64: "0", types.complex128: "0j"}
    return known.get(kind, f"np.{_dtype(kind)}(0)")


def _dtype(kind: Any) -> str:
    return "bool_" if str(kind) in ("bool", "boolean") else str(kind)
