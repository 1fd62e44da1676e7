"""Random directions: how each family draws, what a step stores of it, and how it is added up.

A direction v has components of mean 0 and variance 1 that are uncorrelated, so that slope · v is
the gradient on average. Families differ in q, the mean square of that estimate over the square of
the gradient; with n parameters:

`Gaussian`    n + 2, the paper's
`Rademacher`  n, signs
`RankOne`     n, products of signs for matrices, which are never formed
`LowRank`     n + 2 − 2/r, sums of r such products, where all parameters are in matrices
`Sphere`      n, one length
`Sparse`      n − 1 + 1/p, mostly zeros
`Orthogonal`  n/k for k directions together; k independent ones have (q − 1)/k + 1

A family writes its part of the step's text. It says for each leaf what is stored (`storage`), how
a whole direction is drawn (`draw`), what is passed to the derivative as that leaf's tangent
(`tangent`) and as how many outer products of two vectors a leaf's direction is kept (`pairs`).
`weights` says what each direction is multiplied by before all are added up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tangent_fwd.optim import tree
from tangent_fwd.optim.checks import fraction
from tangent_fwd.optim.tree import Array, Leaf
from tangent_fwd.optim.vectors import dot, scale, thin
from tangent_fwd.optim.writing import flattened

# Modules whose functions a step may import; their text is part of its key.
RANDOM = "tangent_fwd.optim.random"


@dataclass(frozen=True)
class Strand:
    """One leaf in one direction, as the text of a step knows it.

    `word` is the variable that holds what is stored, `flat` its flat view, `memory` the
    remembered gradient of the leaf; `position` is the variable that holds the address of the
    leaf's first random number. `pairs` of words, for the vectors of the outer products that add up
    to the direction, stand in place of the flat view: each word has a row for every matrix that
    the leaf is taken for.
    """

    leaf: Leaf
    word: str
    flat: str
    memory: str
    position: str
    pairs: tuple[tuple[str, str], ...] = ()


Strands = Sequence[Strand]


class Directions:
    """What every family offers; the base draws nothing and stores whole arrays.

    A family with `second` asks for the derivative of the derivative along each direction.
    """

    second = False

    def prepare(self, parameters: tree.Tree, k: int) -> None:
        """Look at the parameters; ValueError or TypeError where the family does not fit them."""

    def storage(self, leaf: Leaf, lane: int) -> Any:
        """What one direction keeps for one leaf: an array of zeros, to be filled by every step."""
        return np.zeros_like(leaf.array)

    def pairs(self, leaf: Leaf) -> int:
        """How many outer products the direction of a leaf is kept as; 0 for a whole array."""
        return 0

    def views(self, strand: Strand) -> list[str]:
        """Lines that take apart what is stored: a flat view, or the vectors."""
        return flattened(strand.word, strand.flat)

    def draw(self, lane: int, strands: Strands) -> list[str]:
        """Lines that fill one direction; `strands` has one entry for each leaf that moves."""
        raise NotImplementedError

    def after(self, lanes: Sequence[Strands]) -> list[str]:
        """Lines that look at all directions together once they are drawn."""
        return []

    def tangent(self, strand: Strand) -> str:
        """What the derivative receives for a leaf."""
        return f"{strand.word}[0]" if strand.leaf.scalar else strand.word

    def evaluate(
        self, slopes: Sequence[str], bent: Sequence[str], call: Callable[..., str]
    ) -> list[str]:
        """Lines that set the loss and the slopes, and what else the weights need. `bent` are more
        words, one for each direction; `call` gives the text of a call of the derivative, and its
        argument is the direction that is held, if one is.
        """
        words = slopes[0] if len(slopes) == 1 else f"({', '.join(slopes)})"
        return [f"loss, {words} = {call()}"]

    def weights(self, slopes: Sequence[str], lanes: Sequence[Strands]) -> list[str]:
        """Lines that set `weight_0`, `weight_1`, …; the mean of slope · direction."""
        share = "" if len(slopes) == 1 else f" / {len(slopes)}"
        return [f"weight_{j} = {slope}{share}" for j, slope in enumerate(slopes)]

    def share(self, n: int, k: int) -> float | None:
        """How fast a remembered gradient follows the estimates; None to remember nothing."""
        return None

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
        return [filled(self.imports()[0], lane, s) for s in strands]


@dataclass(frozen=True)
class Rademacher(_Filled):
    """Signs, +1 or −1 with equal chances; q = n, the least that independent components allow."""

    def imports(self) -> tuple[str, ...]:
        """The generators of signs."""
        return ("fill_signs", "sign_at")


@dataclass(frozen=True)
class Gaussian(_Filled):
    """N(0, 1) in every component, as in Baydin et al. (2022); q = n + 2."""

    def imports(self) -> tuple[str, ...]:
        """The generators of normal numbers."""
        return ("fill_normals", "normal_at32", "normal_at64")


@dataclass(frozen=True)
class Sphere(Directions):
    """Uniform on the sphere of radius √n around zero; q = n."""

    def draw(self, lane: int, strands: Strands) -> list[str]:
        """Normal numbers, brought to one length."""
        return [*Gaussian().draw(lane, strands), *rescaled(strands)]

    def imports(self) -> tuple[str, ...]:
        """The generators of normal numbers."""
        return ("fill_normals", "normal_at32", "normal_at64")

    def helpers(self) -> tuple[Callable[..., Any], ...]:
        """Length and scaling."""
        return (dot, scale)


@dataclass(frozen=True)
class Sparse(Directions):
    """±1/√p with probability p, else 0; q = n − 1 + 1/p.

    Args:
        p: the probability, in (0, 1]; for float32 it is rounded up to a multiple of 2⁻²⁴.

    Raises:
        TypeError, ValueError: p is no such number.
    """

    p: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "p", fraction("p", self.p))

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


def family(name: str, value: Any) -> Directions:
    """`value`, if it is a family of directions; TypeError naming it otherwise."""
    if not isinstance(value, Directions):
        raise TypeError(f"{name} must be a family such as optim.Rademacher(), not {value!r}")
    return value


# For a single number, what gives it costs a fraction of what fills an array, and gives the same.
_ALONE = {
    ("fill_signs", "float32"): "sign_at",
    ("fill_signs", "float64"): "sign_at",
    ("fill_normals", "float32"): "normal_at32",
    ("fill_normals", "float64"): "normal_at64",
}


def filled(fill: str, lane: int, strand: Strand) -> str:
    """A line that draws the numbers of one leaf, which are independent."""
    address = f"seed, count, {lane}, {strand.position}"
    alone = _ALONE.get((fill, strand.leaf.array.dtype.name))
    if strand.leaf.scalar and alone is not None:
        return f"{strand.flat}[0] = {alone}({address})"
    return f"{fill}({strand.flat}, {address})"


def product(first: Strands, second: Strands) -> str:
    """Text for the scalar product of two directions."""
    return " + ".join(
        term
        for a, b in zip(first, second)
        for term in (
            [f"dot_outer({', '.join(p + q)})" for p in a.pairs for q in b.pairs]
            or [f"dot({a.flat}, {b.flat})"]
        )
    )


def size(strands: Strands) -> str:
    """Text for the number of components of a direction."""
    return " + ".join(f"{s.flat}.size" for s in strands)


def rescaled(strands: Strands) -> list[str]:
    """Lines that bring a direction to length √n."""
    return [
        f"factor = np.sqrt(({size(strands)}) / ({product(strands, strands)}))",
        *(f"scale({s.flat}, factor)" for s in strands),
    ]
