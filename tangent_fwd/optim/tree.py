"""What is trained: nested structures of float arrays and floats, taken apart and put together.

Compiled code wants tuples and named tuples, people also write dicts and dataclasses, and a step
has to write to everything that it moves. So a structure is read once, into leaves that are arrays
(a float becomes an array of one element that we own) and branches that know how to put values
back: as the user wrote it, as compiled code takes it, or as text.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tangent_fwd.fields import fields_class, fields_of, remade

Array = NDArray[Any]

# Where a leaf begins among the random numbers of a direction: blocks of this many are never shared.
BLOCK = 128


@dataclass(frozen=True, eq=False)
class Leaf:
    """One array that a step may move.

    `path` is how a user writes it, `parts` the same in pieces; `array` is the user's own array, or
    for a `scalar` the one-element array that stands for it; a `python` scalar is a Python float;
    `position` is the address of its first
    element among the random numbers of a direction; a leaf that is not `moved` is frozen.
    """

    path: str
    parts: tuple[str, ...]
    array: Array
    scalar: bool = False
    python: bool = False
    position: int = 0
    moved: bool = True

    @property
    def value(self) -> Any:
        """The array, or the present value of a scalar with its own dtype."""
        return self.array[0] if self.scalar else self.array


@dataclass(frozen=True, eq=False)
class Branch:
    """A tuple, named tuple, dict or dataclass.

    `rebuild` makes the user's kind of container from its children; `cls` is the class of the
    named tuple that compiled code sees, or None for a plain tuple.
    """

    path: str
    rebuild: Callable[[Sequence[Any]], Any]
    cls: type | None
    children: tuple[Node, ...]
    label: str = ""


Node = Leaf | Branch


@dataclass(frozen=True, eq=False)
class Tree:
    """A structure of parameters and its leaves, left to right."""

    root: Node
    leaves: tuple[Leaf, ...]

    @property
    def moved(self) -> tuple[Leaf, ...]:
        """The leaves that are not frozen."""
        return tuple(leaf for leaf in self.leaves if leaf.moved)

    @property
    def size(self) -> int:
        """How many numbers move."""
        return sum(leaf.array.size for leaf in self.moved)

    def build(self, values: Sequence[Any]) -> Any:
        """One value for each leaf, in the user's structure."""
        return _build(self.root, iter(values), lambda branch: branch.rebuild)

    def compiled(self, values: Sequence[Any]) -> Any:
        """One value for each leaf, in the structure that compiled code sees."""
        return _build(self.root, iter(values), _tuple_of)

    def written(self, words: Sequence[str], name_of: Callable[[Branch], str]) -> str:
        """Text that builds the compiled structure; `name_of` names the class of a branch."""

        def maker(branch: Branch) -> Callable[[Sequence[Any]], str]:
            if branch.cls is not None:
                return lambda parts: f"{name_of(branch)}({', '.join(parts)})"
            return lambda parts: f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"

        text: str = _build(self.root, iter(words), maker)
        return text

    def branches(self) -> Iterator[Branch]:
        """Every branch, the root first."""
        return _branches(self.root)


def read(value: Any, name: str, frozen: Sequence[str] = (), in_place: bool = True) -> Tree:
    """Take a structure of parameters apart.

    Args:
        value: tuples, named tuples, dicts with names for keys, and dataclasses, nested, of
            float32 or float64 C-contiguous arrays, 0-d arrays, NumPy floats and Python floats.
        name: what the structure is called in messages.
        frozen: paths of the parts that are not moved, each with everything below it: `"0"`,
            `"layer.W"`, `"layer[0].W"`.
        in_place: whether the arrays will be written to.

    Raises:
        TypeError: something in it is neither a container nor a float; the message says where.
        ValueError: an array cannot be written in place, two share memory, nothing is there to be
            moved, or a frozen path leads nowhere.
    """
    leaves: list[Leaf] = []
    root = _read(value, name, (), leaves)
    if not leaves:
        raise ValueError(f"`{name}` holds no parameters")
    if in_place:
        for leaf in leaves:
            _check_writable(leaf.array, leaf.path)
        _check_apart(leaves)
    chosen = [_parts(path) for path in frozen]
    for path, parts in zip(frozen, chosen):
        if not any(leaf.parts[: len(parts)] == parts for leaf in leaves):
            raise ValueError(f"frozen: `{name}` has no part {path!r}")
    position = 0
    placed = {}
    for leaf in leaves:
        still = any(leaf.parts[: len(parts)] == parts for parts in chosen)
        placed[leaf] = replace(leaf, position=position, moved=not still)
        position += -(-leaf.array.size // BLOCK) * BLOCK
    if not any(leaf.moved for leaf in placed.values()):
        raise ValueError(f"every part of `{name}` is frozen, so nothing can be trained")
    return Tree(_placed(root, placed), tuple(placed.values()))


def same_shape(tree: Tree, value: Any, name: str) -> Tree:
    """`value` taken apart, which must look like `tree`: same paths, dtypes and shapes.

    Raises TypeError or ValueError naming the first leaf that differs.
    """
    other = read(value, name, in_place=False)
    ours, theirs = [leaf.parts for leaf in tree.leaves], [leaf.parts for leaf in other.leaves]
    for parts in ours:
        if parts not in theirs:
            raise ValueError(f"`{name}` lacks {'.'.join(parts)!r}")
    if ours != theirs:
        odd = next((parts for parts in theirs if parts not in ours), theirs[0])
        raise ValueError(f"`{name}` has {'.'.join(odd)!r} where the parameters have no such part")
    for a, b in zip(tree.leaves, other.leaves):
        if (a.array.dtype, a.array.shape) != (b.array.dtype, b.array.shape):
            raise ValueError(
                f"`{b.path}` is {b.array.dtype}{list(b.array.shape)}, "
                f"but `{a.path}` is {a.array.dtype}{list(a.array.shape)}"
            )
    return other


def _read(value: Any, path: str, parts: tuple[str, ...], leaves: list[Leaf]) -> Node:
    def children(items: Mapping[Any, Any], spelling: str) -> tuple[Node, ...]:
        return tuple(
            _read(item, path + spelling.format(key), (*parts, str(key)), leaves)
            for key, item in items.items()
        )

    if isinstance(value, tuple) and hasattr(value, "_fields"):
        cls: Any = type(value)
        named = children(dict(zip(value._fields, value)), ".{}")
        return Branch(path, lambda v: cls(*v), cls, named, cls.__name__)
    if type(value) is tuple:
        return Branch(path, tuple, None, children(dict(enumerate(value)), "[{}]"))
    fields = fields_of(value, path)
    if fields is not None:
        keys = tuple(fields)
        root = parts[-1].title() if parts else "Params"
        return Branch(
            path,
            lambda v: remade(value, v),
            fields_class(keys),
            children(fields, ".{}"),
            root if isinstance(value, dict) else type(value).__name__,
        )
    leaf = _leaf(value, path, parts)
    leaves.append(leaf)
    return leaf


def _leaf(value: Any, path: str, parts: tuple[str, ...]) -> Leaf:
    if isinstance(value, np.ndarray):
        _check_array(value, path)
        scalar = value.ndim == 0
        return Leaf(path, parts, value.reshape(1) if scalar else value, scalar)
    if isinstance(value, (np.float32, np.float64, float)):
        dtype = value.dtype if isinstance(value, np.generic) else np.dtype(np.float64)
        return Leaf(path, parts, np.array([value], dtype), True, type(value) is float)
    if isinstance(value, list):
        raise TypeError(f"`{path}` is a list; write a tuple, or make it an array")
    if isinstance(value, (bool, int, np.bool_, np.integer)):
        raise TypeError(
            f"`{path}` is the integer {value}; write a float if it is to be trained, "
            "else pass it with the batch or let the loss refer to it"
        )
    cls = type(value)
    raise TypeError(
        f"`{path}` is a {cls.__module__}.{cls.__qualname__}; parameters are float arrays and "
        "floats, in tuples, named tuples, dicts and dataclasses"
    )


def _check_array(array: Array, path: str) -> None:
    if type(array) is not np.ndarray:
        raise TypeError(
            f"`{path}` is a {type(array).__module__}.{type(array).__qualname__}; pass a plain array"
        )
    if array.dtype.kind != "f" or array.dtype.itemsize not in (4, 8) or not array.dtype.isnative:
        raise TypeError(f"`{path}` has dtype {array.dtype.str}; parameters are float32 or float64")


def _check_writable(array: Array, path: str) -> None:
    if not array.flags.c_contiguous:
        raise ValueError(
            f"`{path}` is not C-contiguous, so it cannot be updated in place at speed; "
            "pass np.ascontiguousarray of it"
        )
    if not array.flags.writeable:
        raise ValueError(f"`{path}` is read-only, so it cannot be updated in place; pass a copy")
    if not array.flags.aligned:
        raise ValueError(f"`{path}` is not aligned in memory; pass a copy")


def _check_apart(leaves: Sequence[Leaf]) -> None:
    """Contiguous arrays are stretches of memory, so neighbours by address tell it all."""
    rows = sorted(
        (leaf.array.ctypes.data, leaf.array.nbytes, leaf.path)
        for leaf in leaves
        if leaf.array.nbytes
    )
    for (start, size, path), (after, _, other) in itertools.pairwise(rows):
        if start + size > after:
            raise ValueError(f"`{path}` and `{other}` share memory, so each would move the other")


def _parts(path: str) -> tuple[str, ...]:
    """The pieces of a path.

    >>> _parts("layer[0].W")
    ('layer', '0', 'W')
    """
    return tuple(re.findall(r"\w+", path))


def _placed(node: Node, placed: Mapping[Leaf, Leaf]) -> Node:
    if isinstance(node, Leaf):
        return placed[node]
    return replace(node, children=tuple(_placed(child, placed) for child in node.children))


def _build(
    node: Node,
    values: Iterator[Any],
    maker: Callable[[Branch], Callable[[Sequence[Any]], Any]],
) -> Any:
    if isinstance(node, Leaf):
        return next(values)
    return maker(node)([_build(child, values, maker) for child in node.children])


def _tuple_of(branch: Branch) -> Callable[[Sequence[Any]], Any]:
    cls: Any = branch.cls
    return tuple if cls is None else lambda parts: cls(*parts)


def _branches(node: Node) -> Iterator[Branch]:
    if isinstance(node, Branch):
        yield node
        for child in node.children:
            yield from _branches(child)
