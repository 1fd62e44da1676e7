"""Jacobians in forward mode: every unit direction in turn gives one column.

Beyond the result, memory is that of one pass: what it returns is written into its place at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba.core import types
from numba.np.numpy_support import as_dtype

from tangent_fwd.boundary import Array, Tree, leaves
from tangent_fwd.seeds import Sweep, arranged, entries, lanes_for, number, order, shapes_of
from tangent_fwd.specialise import Specialisation


class Jacobians:
    """The Jacobian for one signature and any sizes.

    Args:
        name: the function's name, for messages.
        compile: gives the compiled derivative for a number of lanes, 0 for the primal alone.
        trees: descriptions of all arguments.
        active: positions of the active ones.
    """

    def __init__(
        self,
        name: str,
        compile: Callable[[int], Specialisation],
        trees: Sequence[Tree],
        active: Sequence[int],
    ) -> None:
        self._name = name
        self._compile = compile
        self._every = trees
        self._active = active
        self._trees = [trees[i] for i in active]
        self._sweeps: dict[int, tuple[Specialisation, Sweep]] = {}

    def __call__(self, primals: Sequence[Any], out: Any = None) -> Any:
        """The Jacobian, in `out` where that is given.

        Args:
            primals: all arguments.
            out: arrays of the shapes and dtypes of the result, in its structure.
        """
        arguments = [primals[i] for i in self._active]
        lanes = lanes_for(entries(self._trees, arguments))
        if lanes not in self._sweeps:
            made = self._compile(lanes)
            self._sweeps[lanes] = (
                made,
                Sweep(made.entry, lanes, self._every, self._active, made.program.mutated),
            )
        compiled, sweep = self._sweeps[lanes]
        result: _Result | None = None
        if not lanes:
            result = self._result(compiled.entry(*primals), compiled.result, arguments)
            result.place(out, primals)
        for chunk, value, tangents in sweep.passes(primals) if lanes else ():
            if result is None:
                kind = compiled.result and compiled.result[0]
                result = self._result(value, kind, arguments)
                result.place(out, primals)
            for (leaf, offset), tangent in zip(chunk, tangents):
                result.put(leaf, offset, tangent)
        assert result is not None
        return result.whole() if out is None else out

    def _result(self, value: Any, kind: Any, arguments: Sequence[Any]) -> _Result:
        outputs = list(_outputs(value, kind))
        if all(output is None for output in outputs):
            raise TypeError(
                f"jacobian needs a function that returns floats or arrays of floats; "
                f"`{self._name}` returns {kind or type(value).__name__}"
            )
        layouts = [
            (shape, order(leaf.layout))
            for tree, argument in zip(self._trees, arguments)
            for leaf, shape in zip(
                (leaf for leaf in leaves(tree) if leaf.floating), shapes_of([tree], [argument])
            )
        ]
        slots = [
            None if output is None else [_Slot(output.shape + s, output.dtype) for s, _ in layouts]
            for output in outputs
        ]
        template = _outer(value, iter(slots), self._trees)
        return _Result(f"`{self._name}.jacobian`", value, slots, layouts, template)


@dataclass
class _Slot:
    """The block of one result and one argument; `array` is where it goes."""

    shape: tuple[int, ...]
    dtype: Any
    array: Any = None


class _Result:
    """All blocks of a Jacobian.

    Args:
        name: for messages.
        value: what the function returns.
        slots: for each leaf of the value its blocks, one for each leaf of the arguments.
        layouts: the shape of each of those, and the order of its offsets.
        template: the structure of the result, with slots for arrays.
    """

    def __init__(
        self,
        name: str,
        value: Any,
        slots: Sequence[list[_Slot] | None],
        layouts: Sequence[tuple[tuple[int, ...], Any]],
        template: Any,
    ) -> None:
        self._name = name
        self._value = value
        self._slots = slots
        self._layouts = layouts
        self._template = template

    def place(self, out: Any, primals: Sequence[Any]) -> None:
        """Make room for the blocks, or take that which was given; raises where it does not fit."""
        if out is not None:
            _take(self._name, self._template, out, "out")
        arrays = [array for value in primals for array in _arrays(value)]
        for slot in (s for slots in self._slots for s in slots or ()):
            if slot.array is None:
                slot.array = np.zeros(slot.shape, slot.dtype)
            elif any(np.may_share_memory(slot.array, array) for array in arrays):
                raise ValueError(f"{self._name}: out shares memory with an argument or with itself")
            else:
                arrays.append(slot.array)

    def put(self, leaf: int, offset: int, tangent: Any) -> None:
        """One column: how all results change with one entry of the arguments."""
        shape, layout = self._layouts[leaf]
        index = np.unravel_index(offset, shape, layout) if shape else ()
        column: tuple[Any, ...] = (..., *index)
        for slots, moved in zip(self._slots, _leaves(self._value, tangent)):
            if slots is not None:
                slots[leaf].array[column] = moved

    def whole(self) -> Any:
        """The result in its structure."""
        return _filled(self._template)


def _outputs(value: Any, kind: Any) -> Iterator[Array | None]:
    """An empty array of the dtype, and of the shape, of each float that a function returns; None
    for what carries no tangent.
    """
    if isinstance(value, tuple):
        kinds = kind if isinstance(kind, types.BaseTuple) else [None] * len(value)
        for part, its in zip(value, kinds):
            yield from _outputs(part, its)
    elif isinstance(value, np.ndarray):
        yield _none_of(value.shape, value.dtype)
    else:
        kind = getattr(kind, "type", kind)  # of an optional
        dtype = as_dtype(kind) if isinstance(kind, types.Number) else np.asarray(value).dtype
        yield _none_of((), dtype)


def _none_of(shape: tuple[int, ...], dtype: Any) -> Array | None:
    floating = np.dtype(dtype).kind == "f"
    return np.broadcast_to(np.zeros((), dtype), shape) if floating else None


def _leaves(value: Any, tangent: Any) -> Iterator[Any]:
    """The tangents of the leaves of a value."""
    if isinstance(value, tuple):
        for part, moved in zip(value, tangent):
            yield from _leaves(part, moved)
    else:
        yield tangent


def _outer(value: Any, slots: Iterator[list[_Slot] | None], trees: Sequence[Tree]) -> Any:
    """The structure of what is returned, each leaf replaced by that of the arguments."""
    if isinstance(value, tuple):
        return _like(type(value), [_outer(part, slots, trees) for part in value])
    mine = next(slots)
    if mine is None:
        return None
    return arranged(trees, mine)


def _like(cls: type, parts: Sequence[Any]) -> Any:
    return tuple(parts) if cls is tuple else cls(*parts)


def _filled(template: Any) -> Any:
    if isinstance(template, tuple):
        return _like(type(template), list(map(_filled, template)))
    return number(template.array) if isinstance(template, _Slot) else None


def _take(name: str, template: Any, out: Any, path: str) -> None:
    """Give each slot of a template the array in its place."""
    if isinstance(template, tuple):
        if not isinstance(out, tuple) or len(out) != len(template):
            got = f"{len(out)}" if isinstance(out, tuple) else type(out).__name__
            raise TypeError(f"{name}: {path} must be a tuple of {len(template)}, got {got}")
        for k, (part, mine) in enumerate(zip(template, out)):
            _take(name, part, mine, f"{path}[{k}]")
    elif template is not None:
        if type(out) is not np.ndarray:
            wanted = f"an array of shape {template.shape}"
            raise TypeError(f"{name}: {path} must be {wanted}, got {type(out).__name__}")
        if out.dtype != template.dtype:
            raise TypeError(f"{name}: {path} has dtype {out.dtype}, expected {template.dtype}")
        if out.shape != template.shape:
            raise ValueError(f"{name}: {path} has shape {out.shape}, expected {template.shape}")
        if not out.flags.writeable:
            raise ValueError(f"{name}: {path} is read-only")
        template.array = out


def _arrays(value: Any) -> Iterator[Array]:
    if isinstance(value, tuple):
        for part in value:
            yield from _arrays(part)
    elif isinstance(value, np.ndarray):
        yield value
