"""Second derivatives in forward mode: the derivative of the derivative, along two directions.

One direction v is held, and the derivative along v is differentiated along many unit directions
in each pass, which gives (Hv)ᵢ = eᵢᵀHv one by one. A mixed derivative uᵀHv is also a quarter of
(u + v)ᵀH(u + v) − (u − v)ᵀH(u − v), of which `directional2` gives both terms, but there it is the
small difference of large numbers: an entry of H that is small beside those on the diagonal is
lost, and one that is zero comes out as noise. Here zeros are zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba.core import types

from tangent_fwd.blocks import Slot, filled, place
from tangent_fwd.boundary import Array, Tree, leaves, order, values
from tangent_fwd.seeds import Sweeps, arranged, number, rebuilt, zeros
from tangent_fwd.specialise import Specialisation


class Curvatures(Sweeps):
    """Products with the Hessian, and the whole of it, for one signature and any sizes; its
    arguments are those of `Sweeps`, where what is compiled is the derivative of the derivative.
    """

    def product(self, primals: Sequence[Any], way: Sequence[Any]) -> tuple[Any, Any]:
        """Value and Hv, in the structure of the active arguments."""
        trees, _, shapes = self._moving.opened(primals)
        held = _Held(trees, shapes)
        held.set(way)
        built, flats = zeros(trees, shapes)
        compiled, sweep = self._ready(trees, shapes)
        given = (*primals, *held.arguments)
        value = compiled.entry(*given)[0] if sweep is None else None
        for chunk, (again, _), tangents in () if sweep is None else sweep.passes(given):
            value = again
            for (leaf, offset), (_, bent) in zip(chunk, tangents):
                flats[leaf][offset] = bent
        return value, arranged(trees, [number(a) for arrays in built for a in arrays])

    def hessian(self, primals: Sequence[Any], out: Any = None) -> Any:
        """All second derivatives, in `out` where that is given; what stands on one side of the
        diagonal is written on both.
        """
        trees, _, shapes = self._moving.opened(primals)
        kinds = [leaf for tree in trees for leaf in leaves(tree) if leaf.floating]
        blocks = [
            [Slot(a + b, np.result_type(one.dtype, two.dtype)) for b, two in zip(shapes, kinds)]
            for a, one in zip(shapes, kinds)
        ]
        rows = [arranged(trees, row, blocks=True) for row in blocks]
        template = arranged(trees, rows, blocks=True)
        places = [
            (leaf, offset, np.unravel_index(offset, shape, order(kind.layout)) if shape else ())
            for leaf, (shape, kind) in enumerate(zip(shapes, kinds))
            for offset in range(int(np.prod(shape)))
        ]
        held = _Held(trees, shapes)
        _, sweep = self._ready(trees, shapes)
        place(f"`{self._name}.hessian`", template, out, primals)
        for count, (mine, offset, column) in enumerate(places if sweep else (), start=1):
            assert sweep is not None
            held.flats[mine][offset] = 1.0
            done = 0
            for _, _, tangents in sweep.passes(
                (*primals, *held.arguments), count, count == len(places)
            ):
                for (its, _, row), (_, bent) in zip(places[done:count], tangents):
                    here, there = (*row, *column), (*column, *row)
                    blocks[its][mine].array[here] = bent
                    blocks[mine][its].array[there] = bent
                done += len(tangents)
            held.clear()
        return filled(template) if out is None else out

    def _check(self, made: Specialisation, lanes: int) -> None:
        if made.result is None:
            return
        value = made.result[0][0] if lanes else made.result[0]
        if not isinstance(value, types.Float):
            raise TypeError(
                f"second derivatives need a function that returns one float; "
                f"`{self._name}` returns {value}"
            )


class _Held:
    """The direction that is held, laid out like the active arguments."""

    def __init__(self, trees: Sequence[Tree], shapes: Sequence[Any]) -> None:
        self._built, self.flats = zeros(trees, shapes)
        self._trees = trees
        self._arrays: list[Array] = [array for arrays in self._built for array in arrays]

    @property
    def arguments(self) -> list[Any]:
        """The direction as compiled code takes it."""
        return [rebuilt(tree, iter(arrays), 0) for tree, arrays in zip(self._trees, self._built)]

    def set(self, way: Sequence[Any]) -> None:
        found = (
            value
            for tree, part in zip(self._trees, way)
            for leaf, value in zip(leaves(tree), values(tree, part))
            if leaf.floating
        )
        for array, value in zip(self._arrays, found):
            array[...] = value

    def clear(self) -> None:
        for flat in self.flats:
            flat[:] = 0.0
