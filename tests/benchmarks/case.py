"""What a benchmark case is: a primal as its author would write it, and its jvp written by hand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba import njit

Arguments = tuple[Any, ...]
# Builds a peer's jvp for (arguments, tangents): a call without arguments that runs it to its end.
PeerBuilder = Callable[[Arguments, Arguments], Callable[[], Any]]

# The flags that `fastmath=True` stands for in the library: NaN checks survive them.
FAST = {"reassoc", "contract", "nsz"}


def strict(function: Callable[..., Any]) -> Any:
    """Compile a hand-written jvp with plain numba, IEEE order of operations kept."""
    return njit(error_model="numpy")(function)


def fast(function: Callable[..., Any]) -> Any:
    """Compile a hand-written jvp with plain numba, sums in any order, fused multiply-adds."""
    return njit(error_model="numpy", fastmath=FAST)(function)


@dataclass(frozen=True)
class Case:
    """One program, its inputs and the derivatives it is compared with.

    `hand_jvp` takes all arguments and then the tangents of `argnums` and keeps the order of the
    user's loops and sums. `tuned_jvp` is the best strict version found, restructured at will
    (blocks, column copies). `variants` are further ways of writing it, for `--variants`.
    `numba_primal` is the nearest program that numba compiles, where numba lacks something.
    `bump` is an array argument whose first element changes between calls in a timed loop, so
    that no call can be hoisted out of it.
    """

    name: str
    primal: Callable[..., Any]
    argnums: tuple[int, ...]
    inputs: Callable[[], Arguments]
    small_inputs: Callable[[], Arguments]
    hand_jvp: Any
    bump: int
    tuned_jvp: Any = None
    numba_primal: Callable[..., Any] | None = None
    numpy_primal: Callable[..., Any] | None = None
    scalar: bool = False
    variants: dict[str, Any] = field(default_factory=dict)
    peers: dict[str, PeerBuilder] = field(default_factory=dict)

    @property
    def compiled_primal(self) -> Any:
        """The primal under numba with numba's own defaults, as its author would run it."""
        return njit(self.numba_primal or self.primal)

    def tangents(self, arguments: Arguments, lane: int = 0) -> Arguments:
        """A standard normal direction for each active argument, in its dtype; `lane` seeds it."""
        generator = np.random.default_rng(1000 + lane)
        return tuple(_normal_like(generator, arguments[index]) for index in self.argnums)


def _normal_like(generator: np.random.Generator, value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return generator.standard_normal(value.shape).astype(value.dtype)
    return float(generator.standard_normal())
