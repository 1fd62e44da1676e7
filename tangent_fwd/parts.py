"""What lists, typed dicts and structured arrays are made of: numbers and plain arrays, one by one.

Gradients, Jacobians and Hessians go through the entries of an argument, so there each of these is
a branch like a tuple. Compiled code takes it whole, and a gradient comes back as what it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tangent_fwd.boundary import Branch, Leaf, Tree, is_holder, order


@dataclass(frozen=True)
class Listed(Branch):
    """A list, of Python's or of numba's."""

    def parts(self, value: Any) -> Sequence[Any]:
        return list(value)

    def made(self, parts: Sequence[Any]) -> Any:
        return self.cls(map(_entry, parts))

    def blocks(self, parts: Sequence[Any]) -> Any:
        return list(parts)


@dataclass(frozen=True)
class Keyed(Branch):
    """A typed dict; `kind` is its type, which one that holds nothing yet must be given."""

    keys: tuple[Any, ...]
    kind: Any

    def parts(self, value: Any) -> Sequence[Any]:
        return [value[key] for key in self.keys]

    def made(self, parts: Sequence[Any]) -> Any:
        found: Any = self.cls
        found = found.empty(self.kind.key_type, self.kind.value_type)
        for key, part in zip(self.keys, parts):
            found[key] = _entry(part)
        return found

    def blocks(self, parts: Sequence[Any]) -> Any:
        return dict(zip(self.keys, parts))


@dataclass(frozen=True)
class Fields(Branch):
    """A structured array of `ndim` axes, by its fields; those without floats are zero."""

    dtype: np.dtype[Any]
    ndim: int
    layout: str

    def parts(self, value: Any) -> Sequence[Any]:
        return [value[name] for name in self.dtype.names or ()]

    def made(self, parts: Sequence[Any]) -> Any:
        given = {n: p for n, p in zip(self.dtype.names or (), parts) if isinstance(p, np.ndarray)}
        shape = next(iter(given.values())).shape[: self.ndim]
        found = np.zeros(shape, self.dtype, order(self.layout))
        for name, part in given.items():
            found[name] = part
        return found

    def blocks(self, parts: Sequence[Any]) -> Any:
        return dict(zip(self.dtype.names or (), parts))


def opened(tree: Tree, value: Any) -> Tree:
    """The description of a value down to its numbers and plain arrays."""
    if isinstance(tree, Branch):
        children = tuple(map(opened, tree.children, value))
        same = all(one is other for one, other in zip(children, tree.children))
        return tree if same else replace(tree, children=children)
    if tree.holder is not None and tree.floating:
        keyed = hasattr(value, "keys")
        places = tuple(value) if keyed else range(len(value))
        leaf = replace(tree, holder=None, is_array=tree.ndim > 0)
        parts = tuple(replace(leaf, path=f"{tree.path}[{place!r}]") for place in places)
        if keyed:
            return Keyed(tree.path, tree.holder, parts, tuple(places), value._numba_type_)
        return Listed(tree.path, tree.holder, parts)
    if tree.dtype is not None and tree.dtype.names is not None:
        return _fields(tree.path, tree.dtype, tree.ndim, tree.layout)
    return tree


def _fields(path: str, dtype: np.dtype[Any], ndim: int, layout: str) -> Tree:
    """The same of an array by its type; the array of a field has the axes of the field as well."""
    base, axes = dtype.base, ndim + len(dtype.shape)
    if base.names is None:
        return Leaf(path, base, is_array=True, layout="C", ndim=axes)
    parts = (_fields(f"{path}[{name!r}]", base[name], axes, layout) for name in base.names)
    return Fields(path, np.ndarray, tuple(parts), base, axes, layout)


def is_closed(tree: Tree) -> bool:
    """Whether something in a description can be opened."""
    if isinstance(tree, Branch):
        return any(map(is_closed, tree.children))
    return tree.holder is not None or (tree.dtype is not None and tree.dtype.names is not None)


def is_opened(tree: Tree) -> bool:
    """Whether something in a description was opened, so that it is made anew for each call."""
    if not isinstance(tree, Branch):
        return False
    return isinstance(tree, (Listed, Keyed, Fields)) or any(map(is_opened, tree.children))


def copied(value: Any) -> Any:
    """A copy of an argument and of all that it holds, laid out like it."""
    if isinstance(value, tuple):
        parts = map(copied, value)
        return tuple(parts) if type(value) is tuple else type(value)(*parts)
    if not is_holder(value):
        return value.copy(order="K") if isinstance(value, np.ndarray) else value
    made = value.copy()
    for place in list(made) if hasattr(made, "keys") else range(len(made)):
        if isinstance(made, set) or not isinstance(made[place], np.ndarray):
            break  # all are alike
        made[place] = copied(made[place])
    return made


def _entry(part: Any) -> Any:
    """What a list or a dict holds: a number, where seeds have an array without axes."""
    return part[()] if isinstance(part, np.ndarray) and part.ndim == 0 else part
