"""Calls that mean something to the compiler and nothing to Python."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class StopGradient:
    """The class of `stop_gradient`, whose one instance is also known inside `@njit` code."""

    __name__ = "stop_gradient"
    __qualname__ = "stop_gradient"

    def __call__(self, x: T) -> T:
        """Return `x`; in a derivative its tangent is zero.

        Use it for a value that depends on the active arguments but is to be held fixed: a target,
        a step length, a normalising constant.

        Args:
            x: a scalar, an array or a tuple of them.

        Returns:
            `x` itself, not a copy.
        """
        return x

    def __repr__(self) -> str:
        return "tangent_fwd.stop_gradient"

    def __reduce__(self) -> str:
        return "stop_gradient"

    @property
    def _numba_type_(self) -> None:
        # numba asks for this when it meets the object, which is the moment to tell it what a call
        # means; it then looks once more among what it was told, so there is no type to return.
        _tell_numba()


stop_gradient = StopGradient()


@functools.cache
def _tell_numba() -> None:
    from numba.core.registry import cpu_target
    from numba.extending import overload

    @overload(stop_gradient)  # type: ignore[untyped-decorator]
    def typed(x: Any) -> Callable[[Any], Any]:
        # numba compares the parameters of the two functions, annotations included.
        def identity(x: Any) -> Any:
            return x

        return identity

    # It reads new definitions when a compilation begins, and is in the middle of one.
    cpu_target.typing_context.refresh()
    cpu_target.target_context.refresh()
