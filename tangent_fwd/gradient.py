"""Exact gradients in forward mode: as many directions per pass as there are lanes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from numba.core import types

from tangent_fwd.boundary import Tree
from tangent_fwd.seeds import Sweep, entries, lanes_for, shaped, shapes_of, zeros
from tangent_fwd.specialise import Specialisation


class Gradients:
    """Value and gradient for one signature and any sizes.

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
        self._trees = trees
        self._active = active
        self._made: dict[int, Callable[..., tuple[Any, Any]]] = {}

    def __call__(self, *primals: Any) -> tuple[Any, Any]:
        """`(value, gradient)`; the gradient has the structure of the active argument."""
        trees = [self._trees[i] for i in self._active]
        lanes = lanes_for(entries(trees, [primals[i] for i in self._active]))
        made = self._made.get(lanes)
        if made is None:
            made = self._made[lanes] = self._make(lanes)
        return made(*primals)

    def _make(self, lanes: int) -> Callable[..., tuple[Any, Any]]:
        compiled = self._compile(lanes)
        check_float(self._name, "value_and_grad", compiled, lanes)
        active = self._active
        trees = [self._trees[i] for i in active]
        sweep = Sweep(compiled.entry, lanes, self._trees, active, compiled.program.mutated)

        def run(*primals: Any) -> tuple[Any, Any]:
            arguments = [primals[i] for i in active]
            built, flats = zeros(trees, shapes_of(trees, arguments))
            value = None if lanes else compiled.entry(*primals)
            for chunk, again, tangents in sweep.passes(primals) if lanes else ():
                value = again
                for (leaf, offset), tangent in zip(chunk, tangents):
                    flats[leaf][offset] = tangent
            found = [
                shaped(tree, iter(arrays), argument)
                for tree, arrays, argument in zip(trees, built, arguments)
            ]
            return value, found[0] if len(found) == 1 else tuple(found)

        return run


def check_float(name: str, method: str, compiled: Specialisation, lanes: int) -> None:
    """Raise TypeError unless the function returns one float."""
    value = compiled.result[0] if lanes and compiled.result else compiled.result
    if value is not None and not isinstance(value, types.Float):
        sometimes = isinstance(value, types.Optional)
        told = f"{value.type} on one path and None on another" if sometimes else value
        raise TypeError(
            f"{method} needs a function that returns one float; `{name}` returns {told}"
        )
