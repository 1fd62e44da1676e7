"""Dicts and dataclasses at the Python boundary: compiled code takes named tuples in their place.

Going in, each becomes the named tuple of its keys, at any depth of tuples; a gradient comes back
in the class that its argument had. The arrays inside are the user's own, so what is written into
them is seen.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import keyword
from collections import namedtuple
from collections.abc import Mapping, Sequence
from typing import Any


@functools.cache
def fields_class(names: tuple[str, ...]) -> type:
    """The named tuple that stands for a dict or a dataclass with these names in compiled code.

    There is one class for each tuple of names, and other processes find it under the same name,
    so that what was compiled for it is theirs, too.
    """
    digest = hashlib.sha256("\0".join(names).encode()).hexdigest()[:12]
    made: Any = namedtuple(f"Fields_{digest}", names)  # type: ignore[misc]
    made.__module__ = __name__
    globals()[made.__name__] = made
    found: type = made
    return found


def fields_of(value: Any, path: str) -> dict[str, Any] | None:
    """The parts of a dict or a dataclass by their names; None for any other value.

    Raises TypeError for a key that is no name, ValueError where there are no parts.
    """
    if isinstance(value, dict):
        parts = value
    elif is_dataclass(value):
        parts = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    else:
        return None
    for key in parts:
        if not isinstance(key, str) or not key.isidentifier() or keyword.iskeyword(key):
            raise TypeError(
                f"`{path}` has the key {key!r}; keys must be names, because compiled code reads "
                "them as attributes"
            )
        if key.startswith("_"):
            raise TypeError(f"`{path}` has the key {key!r}; keys must not begin with `_`")
    if not parts:
        raise ValueError(f"`{path}` is empty")
    return parts


def is_dataclass(value: Any) -> bool:
    """Whether a value is an instance of a dataclass."""
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def has_fields(value: Any) -> bool:
    """Whether a value is a dict or a dataclass, or a tuple that holds one."""
    if isinstance(value, tuple):
        return any(map(has_fields, value))
    return isinstance(value, dict) or is_dataclass(value)


def as_tuples(value: Any, path: str) -> Any:
    """A value with a named tuple for each dict and dataclass in it.

    Raises TypeError or ValueError for keys that compiled code cannot have.
    """
    if isinstance(value, tuple):
        return remade(value, [as_tuples(part, f"{path}[{i}]") for i, part in enumerate(value)])
    fields = fields_of(value, path)
    if fields is None:
        return value
    parts = [as_tuples(part, f"{path}.{key}") for key, part in fields.items()]
    return fields_class(tuple(fields))(*parts)


def direction(value: Any, way: Any, path: str) -> Any:
    """A tangent of `value` with named tuples for dicts and dataclasses, in the order of its keys.

    Raises TypeError or ValueError where the tangent has other keys, or is of another class.
    """
    if isinstance(value, tuple) and isinstance(way, tuple) and len(way) == len(value):
        pairs = enumerate(zip(value, way))
        return remade(way, [direction(v, w, f"{path}[{i}]") for i, (v, w) in pairs])
    fields = fields_of(value, path)
    if fields is None:
        return way
    given = fields_of(way, f"the tangent of {path}")
    if given is None:
        if isinstance(way, tuple):  # a named tuple, such as an earlier answer
            return way
        kind = "dict" if isinstance(value, dict) else type(value).__name__
        raise TypeError(f"the tangent of `{path}` is a {type(way).__name__}, not a {kind}")
    _check_keys(fields, given, path)
    parts = [direction(part, given[key], f"{path}.{key}") for key, part in fields.items()]
    return fields_class(tuple(fields))(*parts)


def _check_keys(fields: Mapping[str, Any], given: Mapping[str, Any], path: str) -> None:
    for key in fields:
        if key not in given:
            raise ValueError(f"the tangent of `{path}` lacks {key!r}")
    for key in given:
        if key not in fields:
            raise ValueError(f"the tangent of `{path}` has {key!r}, which `{path}` has not")


def like(value: Any, found: Any) -> Any:
    """What was found for `value`, in its classes."""
    if isinstance(value, tuple):
        return remade(value, [like(v, f) for v, f in zip(value, found)])
    fields = fields_of(value, "")
    if fields is None:
        return found
    return remade(value, [like(v, f) for v, f in zip(fields.values(), found)])


def parts_of(value: Any) -> list[Any] | None:
    """What a tuple, a list or a dict holds; None for any other value."""
    if hasattr(value, "keys"):
        return list(value.values())
    return list(value) if isinstance(value, (tuple, list)) else None


def remade(value: Any, parts: Sequence[Any]) -> Any:
    """A tuple, list, dict or dataclass of the class and with the names of `value`, of other
    parts.
    """
    if isinstance(value, dict):
        return type(value)(zip(value, parts))
    if is_dataclass(value):
        names = (f.name for f in dataclasses.fields(value))
        return dataclasses.replace(value, **dict(zip(names, parts)))
    if isinstance(value, list):
        return list(parts)
    return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
