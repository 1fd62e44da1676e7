"""Families that look at the directions of a step together, or mix them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tangent_fwd.optim import tree
from tangent_fwd.optim.checks import fraction
from tangent_fwd.optim.directions import (
    Directions,
    Gaussian,
    Rademacher,
    Strand,
    Strands,
    family,
    product,
    rescaled,
    size,
)
from tangent_fwd.optim.tree import Array, Leaf
from tangent_fwd.optim.vectors import along, dot, dot_outer, scale, solve, take_out


@dataclass(frozen=True)
class Orthogonal(Gaussian):
    """k directions at right angles, each of length √n; together they have q = n/k.

    With k = n they give the exact gradient. Each is drawn as normal numbers, which prefer no
    direction in space; then what it has in common with those before it is taken out, twice, so
    that rounding leaves no rest (Giraud et al., 2005).
    """

    def prepare(self, parameters: tree.Tree, k: int) -> None:
        """There are at most n right angles."""
        if k > parameters.size:
            raise ValueError(
                f"k is {k}, but {parameters.size} parameters allow no more right angles than that"
            )

    def after(self, lanes: Sequence[Strands]) -> list[str]:
        """Gram and Schmidt."""
        lines = []
        for j, mine in enumerate(lanes):
            for other in [*lanes[:j], *lanes[:j]]:
                lines.append(f"shared = ({product(mine, other)}) / ({size(mine)})")
                lines += [f"take_out({a.flat}, shared, {b.flat})" for a, b in zip(mine, other)]
            lines += rescaled(mine)
        return lines

    def helpers(self) -> tuple[Callable[..., Any], ...]:
        """Products of directions."""
        return (dot, scale, take_out)


class Wrapped(Directions):
    """A family made of another; it passes on what it does not change."""

    def __init__(self, base: Directions | None) -> None:
        self.base = family("base", Rademacher() if base is None else base)
        if self.base.second:
            raise TypeError(
                f"{self.base!r} weighs directions itself and cannot stand inside another"
            )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base!r})"

    def prepare(self, parameters: tree.Tree, k: int) -> None:
        """As the base."""
        self.base.prepare(parameters, k)

    def storage(self, leaf: Leaf, lane: int) -> Any:
        """As the base."""
        return self.base.storage(leaf, lane)

    def pairs(self, leaf: Leaf) -> int:
        """As the base."""
        return self.base.pairs(leaf)

    def views(self, strand: Strand) -> list[str]:
        """As the base."""
        return self.base.views(strand)

    def tangent(self, strand: Strand) -> str:
        """As the base."""
        return self.base.tangent(strand)

    def draw(self, lane: int, strands: Strands) -> list[str]:
        """As the base."""
        return self.base.draw(lane, strands)

    def after(self, lanes: Sequence[Strands]) -> list[str]:
        """As the base."""
        return self.base.after(lanes)

    def share(self, n: int, k: int) -> float | None:
        """As the base."""
        return self.base.share(n, k)

    def weights(self, slopes: Sequence[str], lanes: Sequence[Strands]) -> list[str]:
        """As the base."""
        return self.base.weights(slopes, lanes)

    def work(self, k: int) -> tuple[Array, ...]:
        """As the base."""
        return self.base.work(k)

    def imports(self) -> tuple[str, ...]:
        """As the base."""
        return self.base.imports()

    def helpers(self) -> tuple[Callable[..., Any], ...]:
        """As the base."""
        return self.base.helpers()

    def given(self) -> dict[str, Any]:
        """As the base."""
        return self.base.given()


class Guess(Wrapped):
    """A direction that the user holds, then random ones.

    The first direction of each step is `guess` as it is at that moment; change its arrays in
    place, for instance to the last update, and the next step uses them. The other k − 1 are drawn
    by `then`. A guess is not random, so the mean of slope · direction is no unbiased estimate with
    it: inside `Projection` it does the most for the least.

    Args:
        guess: float arrays in the structure of the parameters; a float there stays as it is.
        then: the family of the other directions.
    """

    def __init__(self, guess: Any, then: Directions | None = None) -> None:
        super().__init__(then)
        self.guess = guess
        self._arrays: dict[tuple[str, ...], Array] = {}

    def prepare(self, parameters: tree.Tree, k: int) -> None:
        """Compare the guess with the parameters."""
        given = tree.same_shape(parameters, self.guess, "guess")
        self._arrays = {leaf.parts: leaf.array for leaf in tree.read(self.guess, "guess").leaves}
        if not any(leaf.array.any() for leaf in given.leaves):
            raise ValueError("guess is zero, so there is no slope along it")
        super().prepare(parameters, k)

    def pairs(self, leaf: Leaf) -> int:
        """None: a guess is a whole array, and all directions of a pass are of one kind."""
        return 0

    def storage(self, leaf: Leaf, lane: int) -> Any:
        """The guess itself for the first direction."""
        return Directions.storage(self, leaf, lane) if lane else self._arrays[leaf.parts]

    def draw(self, lane: int, strands: Strands) -> list[str]:
        """Nothing for the first direction."""
        return super().draw(lane, strands) if lane else []


class Projection(Wrapped):
    """The gradient's projection on the space of the directions, B (BᵀB)⁻¹ Bᵀ G.

    Of all sums of the k directions it is the one nearest to the gradient, whatever their lengths
    and angles; a direction that is a sum of others is left out. It is not unbiased: with random
    directions its mean is k/n of the gradient, so rates can be larger by n/k.

    Args:
        base: the family that draws the directions; `Rademacher` by default.
    """

    def __init__(self, base: Directions | None = None) -> None:
        super().__init__(base)

    def work(self, k: int) -> tuple[Array, ...]:
        """The products of all pairs, and the weights."""
        return np.zeros((k, k)), np.zeros(k)

    def weights(self, slopes: Sequence[str], lanes: Sequence[Strands]) -> list[str]:
        """Solve BᵀB w = Bᵀ G."""
        lines = ["gram, weights = work"]
        for i, mine in enumerate(lanes):
            lines += [f"gram[{i}, {j}] = {product(mine, lanes[j])}" for j in range(i + 1)]
        lines += [f"weights[{j}] = {slope}" for j, slope in enumerate(slopes)]
        lines.append("solve(gram, weights)")
        return lines + [f"weight_{j} = weights[{j}]" for j in range(len(slopes))]

    def helpers(self) -> tuple[Callable[..., Any], ...]:
        """Products of directions, and the solution."""
        return (*super().helpers(), dot, dot_outer, solve)


class ControlVariate(Wrapped):
    """The gradient as it is remembered, corrected along the directions.

    The estimate is m + mean((slope − m·v) v), where m follows the estimates. Whatever m is, it is
    right on average, because m·v is known exactly; and its noise is that of the difference between
    the gradient and m, not of the gradient. It pays where the gradient changes slowly from step to
    step, so with large batches and small rates.

    Args:
        base: the family that draws the directions; `Rademacher` by default.
        share: how much of its distance to each estimate m makes up, in (0, 1]; k/(n + k − 1) if
            left out, which forgets the noise fastest where the gradient stays the same. Above
            twice that, m itself diverges.

    Raises:
        TypeError, ValueError: share is no such number.
    """

    def __init__(self, base: Directions | None = None, share: float | None = None) -> None:
        super().__init__(base)
        self._share = None if share is None else fraction("share", share)

    def __repr__(self) -> str:
        return f"ControlVariate({self.base!r}, {self._share!r})"

    def share(self, n: int, k: int) -> float | None:
        """The one that was chosen, or the one that suits n parameters and k directions."""
        return k / (n + k - 1) if self._share is None else self._share

    def weights(self, slopes: Sequence[str], lanes: Sequence[Strands]) -> list[str]:
        """What the slopes have beyond those of the remembered gradient."""
        lines = []
        for lane, (slope, strands) in enumerate(zip(slopes, lanes)):
            known = " + ".join(
                term
                for s in strands
                for term in (
                    [f"along({', '.join((s.memory, *pair))})" for pair in s.pairs]
                    or [f"dot({s.memory}, {s.flat})"]
                )
            )
            lines.append(f"news_{lane} = {slope} - ({known})")
        return lines + super().weights([f"news_{lane}" for lane in range(len(slopes))], lanes)

    def helpers(self) -> tuple[Callable[..., Any], ...]:
        """Products with what is remembered."""
        return (*super().helpers(), dot, along)
