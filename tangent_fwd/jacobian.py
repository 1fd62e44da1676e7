"""Jacobians in forward mode: every unit direction in turn gives one column.

Beyond the result, memory is that of one pass: what it returns is written into its place at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba.core import types
from numba.np.numpy_support import as_dtype

from tangent_fwd.blocks import Slot, filled, place
from tangent_fwd.boundary import Array, Tree, leaves, order
from tangent_fwd.fields import remade
from tangent_fwd.seeds import Sweeps, arranged, shapes_of


class Jacobians(Sweeps):
    """The Jacobian for one signature and any sizes; its arguments are those of `Sweeps`."""

    def __call__(self, primals: Sequence[Any], out: Any = None) -> Any:
        """The Jacobian, in `out` where that is given.

        Args:
            primals: all arguments.
            out: arrays of the shapes and dtypes of the result, in its structure.
        """
        trees, arguments, shapes = self._moving.opened(primals)
        compiled, sweep = self._ready(trees, shapes)
        result: _Result | None = None
        if sweep is None:
            result = self._result(compiled.entry(*primals), compiled.result, trees, arguments)
            place(result.name, result.template, out, primals)
        for chunk, value, tangents in () if sweep is None else sweep.passes(primals):
            if result is None:
                kind = compiled.result and compiled.result[0]
                result = self._result(value, kind, trees, arguments)
                place(result.name, result.template, out, primals)
            for (leaf, offset), tangent in zip(chunk, tangents):
                result.put(leaf, offset, tangent)
        assert result is not None
        return filled(result.template) if out is None else out

    def _result(
        self, value: Any, kind: Any, trees: Sequence[Tree], arguments: Sequence[Any]
    ) -> _Result:
        outputs = list(_outputs(value, kind))
        if all(output is None for output in outputs):
            raise TypeError(
                f"jacobian needs a function that returns floats or arrays of floats; "
                f"`{self._name}` returns {kind or type(value).__name__}"
            )
        layouts = [
            (shape, order(leaf.layout))
            for tree, argument in zip(trees, arguments)
            for leaf, shape in zip(
                (leaf for leaf in leaves(tree) if leaf.floating), shapes_of([tree], [argument])
            )
        ]
        slots = [
            None if output is None else [Slot(output.shape + s, output.dtype) for s, _ in layouts]
            for output in outputs
        ]
        template = _outer(value, iter(slots), trees)
        return _Result(f"`{self._name}.jacobian`", value, slots, layouts, template)


@dataclass(frozen=True)
class _Result:
    """All blocks of a Jacobian.

    Args:
        name: for messages.
        value: what the function returns.
        slots: for each leaf of the value its blocks, one for each leaf of the arguments.
        layouts: the shape of each of those, and the order of its offsets.
        template: the structure of the result, with slots for arrays.
    """

    name: str
    value: Any
    slots: Sequence[list[Slot] | None]
    layouts: Sequence[tuple[tuple[int, ...], Any]]
    template: Any

    def put(self, leaf: int, offset: int, tangent: Any) -> None:
        """One column: how all results change with one entry of the arguments."""
        shape, layout = self.layouts[leaf]
        index = np.unravel_index(offset, shape, layout) if shape else ()
        column: tuple[Any, ...] = (..., *index)
        for slots, moved in zip(self.slots, _leaves(self.value, tangent)):
            if slots is not None:
                slots[leaf].array[column] = moved


def _outputs(value: Any, kind: Any) -> Iterator[Array | None]:
    """An empty array of the dtype, and of the shape, of each float that a function returns; None
    for what carries no tangent.
    """
    if isinstance(value, (tuple, list)):
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
    if isinstance(value, (tuple, list)):
        for part, moved in zip(value, tangent):
            yield from _leaves(part, moved)
    else:
        yield tangent


def _outer(value: Any, slots: Iterator[list[Slot] | None], trees: Sequence[Tree]) -> Any:
    """The structure of what is returned, each leaf replaced by that of the arguments."""
    if isinstance(value, (tuple, list)):
        return remade(value, [_outer(part, slots, trees) for part in value])
    mine = next(slots)
    if mine is None:
        return None
    return arranged(trees, mine, blocks=True)
