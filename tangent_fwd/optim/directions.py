"""Random directions: how each family draws, what a step stores of it, and how it is added up.

A direction v has components of mean 0 and variance 1 that are uncorrelated, so that slope · v is
the gradient on average. Families differ in q, the mean square of that estimate over the square of
the gradient; with n parameters:

`Gaussian`    n + 2, the paper's
`Rademacher`  n, signs
`Sphere`      n, one length
`Sparse`      n − 1 + 1/p, mostly zeros
`Orthogonal`  n/k for k directions together; k independent ones have (q − 1)/k + 1

A family writes its part of the step's text. It says for each leaf what is stored (`storage`), how
a whole direction is drawn (`draw`), what is passed to the derivative as that leaf's tangent
(`tangent`) and what one element of it is (`element`); so a family may store factors in place of
an array. `weights` says what each direction is multiplied by before all are added up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tangent_fwd.optim import tree
from tangent_fwd.optim.checks import number
from tangent_fwd.optim.tree import Array, Leaf

# Modules whose functions a step may import; their text is part of its key.
RANDOM = "tangent_fwd.optim.random"


@dataclass(frozen=True)
class Strand:
    """One leaf in one direction, as the text of a step knows it.

    `word` is the variable that holds what is stored, `flat` its flat view, `position` the address
    of the leaf's first random number.
    """

    leaf: Leaf
    word: str
    flat: str

    @property
    def position(self) -> int:
        """The address of the first random number."""
        return self.leaf.position


Strands = Sequence[Strand]


class Directions:
    """What every family offers; the base draws nothing and stores whole arrays."""

    def prepare(self, parameters: tree.Tree, k: int) -> None:
        """Look at the parameters; ValueError or TypeError where the family does not fit them."""

    def storage(self, leaf: Leaf, lane: int) -> Array:
        """What one direction keeps for one leaf: zeros, to be filled by every step."""
        return np.zeros_like(leaf.array)

    def draw(self, lane: int, strands: Strands) -> list[str]:
        """Lines that fill one direction; `strands` has one entry for each leaf that moves."""
        raise NotImplementedError

    def after(self, lanes: Sequence[Strands]) -> list[str]:
        """Lines that look at all directions together once they are drawn."""
        return []

    def tangent(self, strand: Strand) -> str:
        """What the derivative receives for a leaf."""
        return f"{strand.word}[0]" if strand.leaf.scalar else strand.word

    def element(self, strand: Strand, index: str) -> str:
        """One element of the direction, by its flat index."""
        return f"{strand.flat}[{index}]"

    def weights(self, slopes: Sequence[str], lanes: Sequence[Strands]) -> list[str]:
        """Lines that set `weight_0`, `weight_1`, …; the mean of slope · direction."""
        share = "" if len(slopes) == 1 else f" / {len(slopes)}"
        return [f"weight_{j} = {slope}{share}" for j, slope in enumerate(slopes)]

    def work(self, k: int) -> tuple[Array, ...]:
        """Arrays that `after` and `weights` need, called `work` in the text."""
        return ()

    def imports(self) -> tuple[str, ...]:
        """Functions of `tangent_fwd.optim.random` that the lines call."""
        return ()

    def helpers(self) -> tuple[Callable[..., Any], ...]:
        """Plain functions that the lines call; their text is copied into the step."""
        return ()

    def given(self) -> dict[str, Any]:
        """Compiled functions of the user's that the lines call, by name."""
        return {}


@dataclass(frozen=True)
class _Filled(Directions):
    """Families whose elements are independent: one function fills a flat array."""

    def draw(self, lane: int, strands: Strands) -> list[str]:
        """One call for each leaf."""
        fill = self.imports()[0]
        return [f"{fill}({s.flat}, seed, count, {lane}, {s.position})" for s in strands]


@dataclass(frozen=True)
class Rademacher(_Filled):
    """Signs, +1 or −1 with equal chances; q = n, the least that independent components allow."""

    def imports(self) -> tuple[str, ...]:
        """The generator of signs."""
        return ("fill_signs",)


@dataclass(frozen=True)
class Gaussian(_Filled):
    """N(0, 1) in every component, as in Baydin et al. (2022); q = n + 2."""

    def imports(self) -> tuple[str, ...]:
        """The generator of normal numbers."""
        return ("fill_normals",)


@dataclass(frozen=True)
class Sphere(Directions):
    """Uniform on the sphere of radius √n around zero; q = n."""

    def draw(self, lane: int, strands: Strands) -> list[str]:
        """Normal numbers, brought to one length."""
        return [*Gaussian().draw(lane, strands), *_rescaled(strands)]

    def imports(self) -> tuple[str, ...]:
        """The generator of normal numbers."""
        return ("fill_normals",)

    def helpers(self) -> tuple[Callable[..., Any], ...]:
        """Length and scaling."""
        return (dot, scale)


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
                lines.append(f"shared = ({_product(mine, other)}) / ({_size(mine)})")
                lines += [f"take_out({a.flat}, shared, {b.flat})" for a, b in zip(mine, other)]
            lines += _rescaled(mine)
        return lines

    def helpers(self) -> tuple[Callable[..., Any], ...]:
        """Products of directions."""
        return (dot, scale, take_out)


@dataclass(frozen=True)
class Sparse(Directions):
    """±1/√p with probability p, else 0; q = n − 1 + 1/p.

    Args:
        p: the probability, in (0, 1].

    Raises:
        TypeError, ValueError: p is no such number.
    """

    p: float

    def __post_init__(self) -> None:
        p = number("p", self.p)
        if not 0 < p <= 1:
            raise ValueError(f"p must be above 0 and at most 1, not {self.p!r}")
        object.__setattr__(self, "p", p)

    def draw(self, lane: int, strands: Strands) -> list[str]:
        """Uniform numbers, each turned into a sign or a zero."""
        return [
            line
            for s in strands
            for line in (
                f"fill_uniforms({s.flat}, seed, count, {lane}, {s.position})",
                f"thin({s.flat}, {self.p!r})",
            )
        ]

    def imports(self) -> tuple[str, ...]:
        """The generator of uniform numbers."""
        return ("fill_uniforms",)

    def helpers(self) -> tuple[Callable[..., Any], ...]:
        """The thinning."""
        return (thin,)


class Custom(Directions):
    """Directions from a function of the user's.

    `fill(out, seed, step, direction, position)` is an `@njit` function that fills a flat
    contiguous array of one leaf's dtype. For an estimate that is right on average its components
    must have mean 0 and variance 1 and be uncorrelated. For runs that can be repeated it must
    depend on its arguments only: `position` differs from leaf to leaf and `direction` counts
    the k directions of one step.

    Raises:
        TypeError: `fill` is not a compiled function.
    """

    def __init__(self, fill: Any) -> None:
        if not hasattr(fill, "py_func"):
            raise TypeError(f"fill must be an @njit function, not {fill!r}")
        self.fill = fill

    def __repr__(self) -> str:
        return f"Custom({self.fill.__module__}.{self.fill.__qualname__})"

    def draw(self, lane: int, strands: Strands) -> list[str]:
        """One call for each leaf."""
        return [f"fill({s.flat}, seed, count, {lane}, {s.position})" for s in strands]

    def given(self) -> dict[str, Any]:
        """The user's function."""
        return {"fill": self.fill}


class _Wrapped(Directions):
    """A family made of another; it passes on what it does not change."""

    def __init__(self, base: Directions) -> None:
        self.base = family("base", base)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base!r})"

    def prepare(self, parameters: tree.Tree, k: int) -> None:
        """As the base."""
        self.base.prepare(parameters, k)

    def storage(self, leaf: Leaf, lane: int) -> Array:
        """As the base."""
        return self.base.storage(leaf, lane)

    def draw(self, lane: int, strands: Strands) -> list[str]:
        """As the base."""
        return self.base.draw(lane, strands)

    def after(self, lanes: Sequence[Strands]) -> list[str]:
        """As the base."""
        return self.base.after(lanes)

    def imports(self) -> tuple[str, ...]:
        """As the base."""
        return self.base.imports()

    def helpers(self) -> tuple[Callable[..., Any], ...]:
        """As the base."""
        return self.base.helpers()

    def given(self) -> dict[str, Any]:
        """As the base."""
        return self.base.given()


class Guess(_Wrapped):
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
        super().__init__(Rademacher() if then is None else then)
        self.guess = guess
        self._arrays: dict[tuple[str, ...], Array] = {}

    def prepare(self, parameters: tree.Tree, k: int) -> None:
        """Compare the guess with the parameters."""
        given = tree.same_shape(parameters, self.guess, "guess")
        self._arrays = {leaf.parts: leaf.array for leaf in tree.read(self.guess, "guess").leaves}
        if not any(leaf.array.any() for leaf in given.leaves):
            raise ValueError("guess is zero, so there is no slope along it")
        super().prepare(parameters, k)

    def storage(self, leaf: Leaf, lane: int) -> Array:
        """The guess itself for the first direction."""
        return super().storage(leaf, lane) if lane else self._arrays[leaf.parts]

    def draw(self, lane: int, strands: Strands) -> list[str]:
        """Nothing for the first direction."""
        return super().draw(lane, strands) if lane else []


class Projection(_Wrapped):
    """The gradient's projection on the space of the directions, B (BᵀB)⁻¹ Bᵀ G.

    Of all sums of the k directions it is the one nearest to the gradient, whatever their lengths
    and angles; a direction that is a sum of others is left out. It is not unbiased: with random
    directions its mean is k/n of the gradient, so rates can be larger by n/k.

    Args:
        base: the family that draws the directions; `Rademacher` by default.
    """

    def __init__(self, base: Directions | None = None) -> None:
        super().__init__(Rademacher() if base is None else base)

    def work(self, k: int) -> tuple[Array, ...]:
        """The products of all pairs, and the weights."""
        return np.zeros((k, k)), np.zeros(k)

    def weights(self, slopes: Sequence[str], lanes: Sequence[Strands]) -> list[str]:
        """Solve BᵀB w = Bᵀ G."""
        lines = ["gram, weights = work"]
        for i, mine in enumerate(lanes):
            lines += [f"gram[{i}, {j}] = {_product(mine, lanes[j])}" for j in range(i + 1)]
        lines += [f"weights[{j}] = {slope}" for j, slope in enumerate(slopes)]
        lines.append("solve(gram, weights)")
        return lines + [f"weight_{j} = weights[{j}]" for j in range(len(slopes))]

    def helpers(self) -> tuple[Callable[..., Any], ...]:
        """Products of directions, and the solution."""
        return (*super().helpers(), dot, solve)


def family(name: str, value: Any) -> Directions:
    """`value`, if it is a family of directions; TypeError naming it otherwise."""
    if not isinstance(value, Directions):
        raise TypeError(f"{name} must be a family such as optim.Rademacher(), not {value!r}")
    return value


def _product(first: Strands, second: Strands) -> str:
    return " + ".join(f"dot({a.flat}, {b.flat})" for a, b in zip(first, second))


def _size(strands: Strands) -> str:
    return " + ".join(f"{s.flat}.size" for s in strands)


def _rescaled(strands: Strands) -> list[str]:
    """Lines that bring a direction to length √n."""
    return [
        f"factor = np.sqrt(({_size(strands)}) / ({_product(strands, strands)}))",
        *(f"scale({s.flat}, factor)" for s in strands),
    ]


# Helpers. Their text is copied into the compiled step.


def dot(a: Any, b: Any) -> Any:
    """The sum of products of two flat arrays, in double precision."""
    total = 0.0
    for i in range(a.size):
        total += np.float64(a[i]) * np.float64(b[i])
    return total


def scale(a: Any, factor: Any) -> Any:
    """Multiply a flat array by a number, in place."""
    for i in range(a.size):
        a[i] *= factor


def take_out(a: Any, share: Any, b: Any) -> Any:
    """Subtract a share of one flat array from another, in place."""
    for i in range(a.size):
        a[i] -= share * b[i]


def thin(a: Any, p: Any) -> Any:
    """Turn uniform numbers in [0, 1) into signs of size 1/√p, and 0 with probability 1 − p."""
    size = 1.0 / np.sqrt(p)
    for i in range(a.size):
        a[i] = 0.0 if a[i] >= p else size if a[i] < 0.5 * p else -size


def solve(gram: Any, weights: Any) -> Any:
    """Solve gram · w = weights in place by Cholesky's method; only the lower half is read.

    A row that depends on those before it gets the weight 0.
    """
    n = weights.size
    for j in range(n):
        whole = gram[j, j]
        for i in range(j):
            gram[j, j] -= gram[j, i] ** 2
        kept = gram[j, j] > 1e-12 * whole
        gram[j, j] = np.sqrt(gram[j, j]) if kept else 0.0
        for r in range(j + 1, n):
            for i in range(j):
                gram[r, j] -= gram[r, i] * gram[j, i]
            gram[r, j] = gram[r, j] / gram[j, j] if kept else 0.0
        for i in range(j):
            weights[j] -= gram[j, i] * weights[i]
        weights[j] = weights[j] / gram[j, j] if kept else 0.0
    for j in range(n - 1, -1, -1):
        for r in range(j + 1, n):
            weights[j] -= gram[r, j] * weights[r]
        weights[j] = weights[j] / gram[j, j] if gram[j, j] > 0.0 else 0.0
