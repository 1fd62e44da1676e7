"""Unit directions: every entry of the active arguments in turn, several in each pass.

Each pass seeds every lane with one unit direction.
The seeds are kept between calls and only single entries are set and cleared, so a pass costs
what the derivative costs; the last, partial pass leaves its spare lanes at zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from tangent_fwd.boundary import Array, Branch, Tree, leaves, order, values
from tangent_fwd.parts import copied, is_closed, is_opened, opened
from tangent_fwd.specialise import Specialisation

# Buffers larger than this (bytes, all lanes together) are not kept between calls.
_KEEP = 1 << 22

# One entry of the active arguments: the number of its leaf, and its offset in memory there.
Entry = tuple[int, int]


def lanes_for(size: int) -> int:
    """How many directions one pass carries for `size` entries; 0 for none."""
    return next((lanes for lanes in (0, 1, 2, 4) if size <= lanes), 8)


def entries(trees: Sequence[Tree], shapes: Sequence[tuple[int, ...]]) -> int:
    """How many floats arguments hold, by the shape of each of their parts.

    Raises TypeError where they hold complex numbers, which have no one slope.
    """
    for leaf in (leaf for tree in trees for leaf in leaves(tree) if leaf.is_complex):
        raise TypeError(
            f"`{leaf.path}` is complex, and has a slope along 1 and one along 1j; "
            "ask for those with jvp"
        )
    return sum(map(math.prod, shapes))


def shapes_of(trees: Sequence[Tree], arguments: Sequence[Any]) -> tuple[tuple[int, ...], ...]:
    """The shape of each float of the active `arguments`; a scalar has ()."""
    return tuple(
        np.shape(value)
        for tree, argument in zip(trees, arguments)
        for leaf, value in zip(leaves(tree), values(tree, argument))
        if leaf.floating
    )


class Moving:
    """The active ones of the arguments of a function, which `trees` describe from outside."""

    def __init__(self, trees: Sequence[Tree], active: Sequence[int]) -> None:
        self._active = tuple(active)
        self._trees = [trees[i] for i in active]
        self._opens = any(map(is_closed, self._trees))

    def opened(self, primals: Sequence[Any]) -> tuple[list[Tree], list[Any], tuple[Any, ...]]:
        """What they are made of in this call, themselves, and the shapes of their parts."""
        arguments = [primals[i] for i in self._active]
        trees = list(map(opened, self._trees, arguments)) if self._opens else self._trees
        return trees, arguments, shapes_of(trees, arguments)


class Sweep:
    """Runs a compiled derivative along all unit directions, for any sizes of one signature.

    Args:
        entry: the compiled derivative: primals, then for each active argument its lanes.
        lanes: how many directions `entry` takes, at least one.
        moving: the active arguments.
        writes: positions of those that the function writes to.
    """

    def __init__(
        self,
        entry: Callable[..., Any],
        lanes: int,
        moving: Moving,
        writes: Sequence[int],
    ) -> None:
        self._entry = entry
        self._lanes = lanes
        self._moving = moving
        self._writes = frozenset(writes)
        # A list is a pool: pop and append are atomic, so threads never share a set of seeds.
        self._pool: list[tuple[tuple[Any, ...], _Seeds]] = []

    def passes(
        self, primals: Sequence[Any], stop: int | None = None, mark: bool = True
    ) -> Iterator[tuple[list[Entry], Any, Any]]:
        """The entries of each pass, the value, and one tangent for each of the lanes, which holds
        until the next pass.

        Args:
            primals: all arguments of the derivative before the lanes.
            stop: how many entries to go through; all of them if left out.
            mark: whether the last pass may leave behind what the function writes to its arguments.
        """
        trees, _, shapes = self._moving.opened(primals)
        sizes = list(map(math.prod, shapes))
        left = sum(sizes) if stop is None else stop
        seeds = self._take(trees, shapes)
        for chunk in _chunks(sizes, self._lanes, left):
            left -= len(chunk)
            for lane, (leaf, offset) in enumerate(chunk):
                seeds.flats[lane][leaf][offset] = 1.0
            mine = self._copies(primals) if self._writes and (left or not mark) else primals
            try:
                value, tangents = self._entry(*mine, *seeds.arguments)
                # Before the seeds are cleared: what comes back may be a view of them.
                yield chunk, value, (tangents,) if self._lanes == 1 else tangents
            finally:
                if self._writes:
                    seeds.clear()
                else:
                    for lane, (leaf, offset) in enumerate(chunk):
                        seeds.flats[lane][leaf][offset] = 0.0
        if seeds.size <= _KEEP:
            self._pool.append(((trees, shapes), seeds))

    def _take(self, trees: list[Tree], shapes: tuple[Any, ...]) -> _Seeds:
        try:
            known, seeds = self._pool.pop()
        except IndexError:
            return _Seeds(trees, shapes, self._lanes)
        return seeds if known == (trees, shapes) else _Seeds(trees, shapes, self._lanes)

    def _copies(self, primals: Sequence[Any]) -> list[Any]:
        return [copied(p) if i in self._writes else p for i, p in enumerate(primals)]


class Sweeps:
    """The compiled derivative and its sweep, for one signature and whatever number of lanes the
    sizes at hand ask for; what gradients, Jacobians and Hessians have in common.

    Args:
        name: the function's name, for messages.
        compile: gives the compiled derivative for a number of lanes, 0 for the primal alone.
        trees: descriptions of all arguments of the function.
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
        self._moving = Moving(trees, active)
        self._made: dict[int, tuple[Specialisation, Sweep | None]] = {}

    def _ready(
        self, trees: Sequence[Tree], shapes: Sequence[tuple[int, ...]]
    ) -> tuple[Specialisation, Sweep | None]:
        """What is compiled for active arguments of these sizes; no sweep where they are empty."""
        lanes = lanes_for(entries(trees, shapes))
        if lanes not in self._made:
            made = self._compile(lanes)
            self._check(made, lanes)
            writes = made.program.mutated
            sweep = Sweep(made.entry, lanes, self._moving, writes) if lanes else None
            self._made[lanes] = made, sweep
        return self._made[lanes]

    def _check(self, made: Specialisation, lanes: int) -> None:
        """Raise TypeError where what the function returns cannot be differentiated this way."""


class _Seeds:
    """One zero direction for each lane, in the structure and layout of the active arguments."""

    def __init__(self, trees: Sequence[Tree], shapes: Sequence[Any], lanes: int) -> None:
        self._trees = trees
        self._built, flats = zip(*(zeros(trees, shapes) for _ in range(lanes)))
        self.flats: Sequence[list[Array]] = flats
        self.size = sum(flat.nbytes for flats in self.flats for flat in flats)
        self._kept = None if any(map(is_opened, trees)) else self._made()

    @property
    def arguments(self) -> list[Any]:
        """The directions as compiled code takes them: lists of new ones in each pass, because the
        function may make them longer.
        """
        return self._made() if self._kept is None else self._kept

    def _made(self) -> list[Any]:
        # A scalar stays a 0-d array, whose entry can be set.
        return [
            rebuilt(tree, iter(built[position]), 0)
            for position, tree in enumerate(self._trees)
            for built in self._built
        ]

    def clear(self) -> None:
        for flats in self.flats:
            for flat in flats:
                flat[:] = 0.0


def zeros(trees: Sequence[Tree], shapes: Sequence[Any]) -> tuple[list[list[Array]], list[Array]]:
    """Zero arrays for each float of each argument, and flat views of them all in one row.

    An array is laid out like its argument, so that one offset means the same entry in both.
    """
    shape = iter(shapes)
    built: list[list[Array]] = []
    flats: list[Array] = []
    for tree in trees:
        arrays = []
        for leaf in leaves(tree):
            if leaf.floating:
                array = np.zeros(next(shape), leaf.dtype, order(leaf.layout))
                arrays.append(array)
                flats.append(array.reshape(-1, order=order(leaf.layout)))
        built.append(arrays)
    return built, flats


def rebuilt(tree: Tree, items: Iterator[Any], nothing: Any = None, blocks: bool = False) -> Any:
    """Items in the places of the floats of an argument, `nothing` where none are carried.

    `blocks` are those of a Jacobian: in lists and dicts where compiled code has typed ones.
    """
    if isinstance(tree, Branch):
        parts = [rebuilt(child, items, nothing, blocks) for child in tree.children]
        return tree.blocks(parts) if blocks else tree.made(parts)
    return next(items) if tree.floating else nothing


def arranged(trees: Sequence[Tree], items: Sequence[Any], blocks: bool = False) -> Any:
    """The same for all active arguments; a tuple where several are active."""
    rest = iter(items)
    found = [rebuilt(tree, rest, None, blocks) for tree in trees]
    return found[0] if len(found) == 1 else tuple(found)


def numbers(trees: Sequence[Tree], arrays: Sequence[Array], arguments: Sequence[Any]) -> list[Any]:
    """Arrays; a number of the class of the argument's for one without axes."""
    given = (
        value
        for tree, argument in zip(trees, arguments)
        for leaf, value in zip(leaves(tree), values(tree, argument))
        if leaf.floating
    )
    return [
        array if array.ndim else float(array) if type(value) is float else array[()]
        for array, value in zip(arrays, given)
    ]


def number(array: Array) -> Any:
    """An array; a number for one without axes."""
    if array.ndim:
        return array
    return float(array) if array.dtype == np.float64 else array[()]


def _chunks(sizes: Sequence[int], lanes: int, stop: int) -> Iterator[list[Entry]]:
    """Every entry as (leaf, offset), `lanes` at a time, across the borders of the leaves."""
    chunk: list[Entry] = []
    every = ((leaf, offset) for leaf, size in enumerate(sizes) for offset in range(size))
    for _, entry in zip(range(stop), every):
        chunk.append(entry)
        if len(chunk) == lanes:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
