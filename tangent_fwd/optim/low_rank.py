"""Families whose directions of matrices are products of two factors, which are never multiplied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tangent_fwd.optim.checks import whole
from tangent_fwd.optim.directions import Directions, Strand, Strands, filled
from tangent_fwd.optim.random import SECOND
from tangent_fwd.optim.tree import Leaf
from tangent_fwd.optim.vectors import scale


@dataclass(frozen=True)
class RankOne(Directions):
    """Products `u vᵀ` of signs for matrices, signs for everything else; q = n, as for signs alone.

    A matrix is never formed: the pass costs little more than half of one along a whole matrix,
    and drawing costs nothing. An array of three axes is a stack of matrices, with a pair for each.
    An array of more axes is the kernel of a convolution, one matrix with a row for each channel of
    each pixel: it is multiplied as that, so its `v` has only the last axis.
    """

    def pairs(self, leaf: Leaf) -> int:
        """One for matrices, stacks of them, and kernels."""
        return int(leaf.array.ndim > 1)

    def storage(self, leaf: Leaf, lane: int) -> Any:
        """Two vectors for a matrix; here alone is decided what is a stack and what a kernel."""
        if not self.pairs(leaf):
            return super().storage(leaf, lane)
        *front, rows, columns = leaf.array.shape
        behind = front if leaf.array.ndim == 3 else []
        shapes = (*front, rows), (*behind, columns)
        return tuple(np.zeros(shape, leaf.array.dtype) for shape in shapes)

    def views(self, strand: Strand) -> list[str]:
        """Two vectors for each matrix."""
        if not strand.pairs:
            return super().views(strand)
        # Sizes are read when the step runs, so that it is compiled once for networks of all sizes.
        # As many matrices as `v` has rows; the rows of `u` are those of all of them together.
        ((u, v),) = strand.pairs
        whole = f"{strand.word}[0]"
        return [
            f"{v} = {strand.word}[1].reshape(-1, {strand.word}[1].shape[-1])",
            f"{u} = {whole}.reshape({v}.shape[0], {whole}.size // max({v}.shape[0], 1))",
        ]

    def draw(self, lane: int, strands: Strands) -> list[str]:
        """Signs for each vector; the second one has numbers of its own."""
        lines = []
        for s in strands:
            if not s.pairs:
                lines.append(filled("fill_signs", lane, s))
                continue
            ((u, v),) = s.pairs
            lines += [
                f"fill_signs({u}.reshape(-1), seed, count, {lane}, {s.position})",
                f"fill_signs({v}.reshape(-1), seed, count, {lane}, {s.position}, {SECOND})",
            ]
        return lines

    def imports(self) -> tuple[str, ...]:
        """The generators of signs."""
        return ("fill_signs", "sign_at")


@dataclass(frozen=True)
class LowRank(Directions):
    """Matrices `A Bᵀ / √r` of two factors with r columns of signs, signs for everything else.

    Along one direction the rows of a matrix move in r ways instead of one, and the matrix is never
    formed. An array of more axes is one matrix with a row for everything but the last axis.

    The noise hardly depends on r: q = n + 2 − 2/r where all parameters are in matrices. For
    M = A Bᵀ / √r and the gradient G, |M|² is n and (aₛ·aₜ)(bₛ·bₜ) / r for each of the r (r − 1)
    ordered pairs of columns. The mean of that times 2 aₛᵀG bₛ · aₜᵀG bₜ / r, which is in (G·M)², is
    2 |G|² / r²; only this comes on top of n |G|². Other parameters add to n alone.

    The text of a step has lines for each column, so it takes longer to compile for large r.

    Args:
        rank: r, the number of columns of both factors, an integer of at least 1.

    Raises:
        TypeError, ValueError: rank is no such number.
    """

    rank: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "rank", whole("rank", self.rank, 1))

    def pairs(self, leaf: Leaf) -> int:
        """One for each column of the factors."""
        return self.rank if leaf.array.ndim > 1 else 0

    def storage(self, leaf: Leaf, lane: int) -> Any:
        """A as it is, and B transposed, because that is how products and updates read them."""
        if not self.pairs(leaf):
            return super().storage(leaf, lane)
        *rows, columns = leaf.array.shape
        shapes = (*rows, self.rank), (self.rank, columns)
        return tuple(np.zeros(shape, leaf.array.dtype) for shape in shapes)

    def views(self, strand: Strand) -> list[str]:
        """The columns of A and the rows of the transposed B, each as a matrix of one row."""
        if not strand.pairs:
            return super().views(strand)
        word = strand.word
        lines = []
        for t, (u, v) in enumerate(strand.pairs):
            one = f"{t}:{t + 1}"
            lines.append(f"{u} = {word}[0].reshape(-1, {word}[0].shape[-1])[:, {one}].T")
            lines.append(f"{v} = {word}[1][{one}]")
        return lines

    def draw(self, lane: int, strands: Strands) -> list[str]:
        """Signs for both factors; B takes the root of the rank upon it.

        A factor may have more numbers than the leaf, so each leaf gets r times as many addresses.
        """
        lines = []
        for s in strands:
            s = replace(s, position=f"{self.rank} * {s.position}")
            if not s.pairs:
                lines.append(filled("fill_signs", lane, s))
                continue
            a, b = (f"{s.word}[{k}].reshape(-1)" for k in range(2))
            lines += [
                f"fill_signs({a}, seed, count, {lane}, {s.position})",
                f"fill_signs({b}, seed, count, {lane}, {s.position}, {SECOND})",
                f"scale({b}, {self.rank**-0.5!r})",
            ]
        return lines

    def tangent(self, strand: Strand) -> str:
        """A and B for a matrix."""
        word = strand.word
        return f"({word}[0], {word}[1].T)" if strand.pairs else super().tangent(strand)

    def imports(self) -> tuple[str, ...]:
        """The generators of signs."""
        return ("fill_signs", "sign_at")

    def helpers(self) -> tuple[Callable[..., Any], ...]:
        """Scaling."""
        return (scale,)
