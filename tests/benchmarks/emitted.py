"""The only place where the benchmarks reach the library: what it emits for a case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numba import typeof

from tests.benchmarks.case import Arguments, Case


@dataclass(frozen=True)
class Emitted:
    """The public object made from a case's primal, and the compiled forms it gives."""

    function: Any

    def compiled(self, arguments: Arguments, lanes: int = 1, order: int = 1) -> Any:
        """The dispatcher of the derivative in `lanes` directions; 0 is the primal alone, and
        order 2 that of value, slope and curvature.
        """
        kinds = tuple(typeof(argument) for argument in arguments)
        return self.function.specialiser.compile(kinds, lanes, order).dispatcher

    def text(self, arguments: Arguments, lanes: int = 1) -> str:
        """The emitted module."""
        kinds = tuple(typeof(argument) for argument in arguments)
        return str(self.function.specialiser.program(kinds, lanes).text)

    def call(self, arguments: Arguments, tangents: Arguments) -> Callable[[], object]:
        """The derivative as it is called from Python."""
        jvp = self.function.jvp
        return lambda: jvp(arguments, tangents)


def emitted_jvp(case: Case) -> Emitted | None:
    """The library's derivative of a case, or None where the library cannot be imported."""
    try:
        from tangent_fwd import forward_grad
    except ImportError:
        return None
    return Emitted(forward_grad(case.primal, argnums=case.argnums, cache=True))


def interleave(tangents: list[Arguments]) -> Arguments:
    """Directions, one tuple per lane, in the order that a K-lane derivative takes them."""
    return tuple(lane for lanes in zip(*tangents, strict=True) for lane in lanes)
