"""Exact gradients in forward mode: as many directions per pass as there are lanes."""

from __future__ import annotations

from typing import Any

from numba.core import types

from tangent_fwd.seeds import Sweeps, arranged, numbers, zeros
from tangent_fwd.specialise import Specialisation


class Gradients(Sweeps):
    """Value and gradient for one signature and any sizes; its arguments are those of `Sweeps`."""

    def __call__(self, *primals: Any) -> tuple[Any, Any]:
        """`(value, gradient)`; the gradient has the structure of the active argument."""
        trees, arguments, shapes = self._moving.opened(primals)
        compiled, sweep = self._ready(trees, shapes)
        built, flats = zeros(trees, shapes)
        value = compiled.entry(*primals) if sweep is None else None
        for chunk, again, tangents in () if sweep is None else sweep.passes(primals):
            value = again
            for (leaf, offset), tangent in zip(chunk, tangents):
                flats[leaf][offset] = tangent
        found = [array for arrays in built for array in arrays]
        return value, arranged(trees, numbers(trees, found, arguments))

    def _check(self, made: Specialisation, lanes: int) -> None:
        value = made.result[0] if lanes and made.result else made.result
        if value is not None and not isinstance(value, types.Float):
            sometimes = isinstance(value, types.Optional)
            told = f"{value.type} on one path and None on another" if sometimes else value
            raise TypeError(
                f"value_and_grad needs a function that returns one float; "
                f"`{self._name}` returns {told}"
            )
