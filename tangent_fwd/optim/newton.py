"""Steps as long as the curvature allows: Newton's method in the space of the directions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tangent_fwd.optim.checks import positive
from tangent_fwd.optim.directions import Directions, Strand, Strands, product
from tangent_fwd.optim.together import ControlVariate, Projection, Wrapped
from tangent_fwd.optim.tree import Array, Leaf
from tangent_fwd.optim.vectors import dot, newton, principal


class Newton(Wrapped):
    """Newton's step among all sums of the directions, −B |BᵀHB|⁻¹ Bᵀ G.

    With one direction it is −(slope / |vᵀHv|) v, to the bottom of the parabola along v; with k of
    them, the slopes and the k × k matrix of the curvatures vᵢᵀHvⱼ give the step to the bottom of
    the paraboloid over their plane (Cobb, Baydin, Pearlmutter, Jha: "Second-Order Forward-Mode
    Automatic Differentiation for Optimization", 2024). With as many directions as parameters it is
    Newton's method. The rate of the optimizer is the share of the step that is taken: `SGD(1.0)`
    takes it whole.

    Where the function bends down, the matrix is taken by its absolute value, so that the step goes
    down there, too (Dauphin et al.: "Identifying and attacking the saddle point problem", 2014).
    Where it hardly bends, `floor` stands for the curvature; and no step is longer than `longest`,
    because between a valley and a ridge there is always a direction without any curvature, along
    which the parabola has no bottom. All of this is measured in the space of the parameters, so
    the step does not depend on which directions span the plane.

    A step takes k passes, each of which carries k directions along the derivative along one; with
    one direction that is about twice a pass without curvature. Directions of matrices are whole.

    Args:
        base: the family that draws the directions; `Rademacher` by default.
        floor: the least curvature per unit of length that is counted on.
        longest: the length of the longest step, over all parameters together and before the rate;
            None for no bound.

    Raises:
        TypeError, ValueError: base weighs directions itself, or a number is not positive.
    """

    second = True

    def __init__(
        self,
        base: Directions | None = None,
        floor: float = 1e-3,
        longest: float | None = 1.0,
    ) -> None:
        super().__init__(base)
        if isinstance(self.base, (Projection, ControlVariate)):
            raise TypeError(f"base must be a family that only draws, not {self.base!r}")
        self._floor = positive("floor", floor)
        self._longest = None if longest is None else positive("longest", longest)

    def __repr__(self) -> str:
        return f"Newton({self.base!r}, {self._floor!r}, {self._longest!r})"

    def pairs(self, leaf: Leaf) -> int:
        """None: the derivative of a derivative takes whole arrays."""
        return 0

    def storage(self, leaf: Leaf, lane: int) -> Any:
        """As the base, if that has a whole array for the leaf."""
        if self.base.pairs(leaf):
            return Directions.storage(self, leaf, lane)
        return self.base.storage(leaf, lane)

    def views(self, strand: Strand) -> list[str]:
        """Of whole arrays."""
        return Directions.views(self, strand)

    def tangent(self, strand: Strand) -> str:
        """Whole arrays."""
        return Directions.tangent(self, strand)

    def work(self, k: int) -> tuple[Array, ...]:
        """The products of all pairs, the curvatures, their axes; the weights, and room for them."""
        return *(np.zeros((k, k)) for _ in range(3)), np.zeros(k), np.zeros(k)

    def evaluate(
        self, slopes: Sequence[str], bent: Sequence[str], call: Callable[..., str]
    ) -> list[str]:
        """One pass for each direction that is held."""
        lanes = bent[0] if len(bent) == 1 else f"({', '.join(bent)})"
        lines = ["gram, curves, turned, weights, spare = work"]
        for i, slope in enumerate(slopes):
            lines += ["used[0], used[1] = 0, 0"] if i else []
            lines.append(f"(loss, {slope}), {lanes} = {call(i)}")
            lines += [f"curves[{i}, {j}] = {word}[1]" for j, word in enumerate(bent)]
        return lines

    def weights(self, slopes: Sequence[str], lanes: Sequence[Strands]) -> list[str]:
        """Solve |BᵀHB| w = Bᵀ G."""
        lines = []
        for i, mine in enumerate(lanes):
            lines += [f"gram[{i}, {j}] = {product(mine, lanes[j])}" for j in range(i + 1)]
        lines += [f"weights[{j}] = {slope}" for j, slope in enumerate(slopes)]
        bounds = f"{self._floor!r}, {'np.inf' if self._longest is None else repr(self._longest)}"
        lines.append(f"newton(curves, gram, turned, weights, spare, {bounds})")
        return lines + [f"weight_{j} = weights[{j}]" for j in range(len(slopes))]

    def helpers(self) -> tuple[Callable[..., Any], ...]:
        """Products of directions, and the solution."""
        return (*super().helpers(), dot, principal, newton)
