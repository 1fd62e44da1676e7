"""What means something to the compiler and nothing to Python."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")


class Outer(NamedTuple):
    """The direction `u vᵀ` of a matrix, which is never formed where it need not be.

    A pass along it costs little more than half of one along a full matrix, because `X @ u vᵀ` is
    `(X @ u) vᵀ`: a product with a vector in place of one with a matrix. With random signs in
    both vectors it is as good a direction, on average, as a matrix of random signs.

    With one more axis in `u` it is a direction of rank r, `u @ v.T`: the sum of r such products.

    Attributes:
        u: shape `x.shape[:-1]`, in the dtype of `x`.
        v: shape `x.shape[-1:]`, in the dtype of `x`; the direction is `u[..., None] * v`, as of the
            matrix `x.reshape(-1, x.shape[-1])`. For an array `x` of more than two axes the shape
            can also be `x.shape[:-2] + x.shape[-1:]`, a pair for each matrix of a stack; the
            direction is `u[..., :, None] * v[..., None, :]` then.

    For rank r the shapes are `(*x.shape[:-1], r)` and `(x.shape[-1], r)`. Inside compiled code that
    `v` is in Fortran's order, such as the `T` of an array in C's.
    """

    u: Any
    v: Any


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
