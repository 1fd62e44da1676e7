"""What users call: the decorator `forward_grad`, and its functional twins."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, overload

from tangent_fwd import boundary, choices
from tangent_fwd.forward import ForwardGrad
from tangent_fwd.frontend.parse import declares, derived, unwrap
from tangent_fwd.options import Options

# Twins remember their work on the function itself: a table of ours, weak or not, would keep alive
# what it describes, because a derivative refers to its function.
_MEMO = "__tangent_fwd__"


@overload
def forward_grad(function: Callable[..., Any], /) -> ForwardGrad: ...


@overload
def forward_grad(
    function: None = None,
    /,
    *,
    argnums: choices.Positions = None,
    argnames: choices.Names = None,
    target: str = "cpu",
    parallel: bool | None = None,
    fastmath: bool = False,
    cache: bool = True,
    vector_math: bool = True,
) -> Callable[[Callable[..., Any]], ForwardGrad]: ...


@overload
def forward_grad(
    function: Callable[..., Any],
    /,
    *,
    argnums: choices.Positions = None,
    argnames: choices.Names = None,
    target: str = "cpu",
    parallel: bool | None = None,
    fastmath: bool = False,
    cache: bool = True,
    vector_math: bool = True,
) -> ForwardGrad: ...


def forward_grad(
    function: Callable[..., Any] | None = None,
    /,
    *,
    argnums: choices.Positions = None,
    argnames: choices.Names = None,
    target: str = "cpu",
    parallel: bool | None = None,
    fastmath: bool = False,
    cache: bool = True,
    vector_math: bool = True,
) -> ForwardGrad | Callable[[Callable[..., Any]], ForwardGrad]:
    """Give a numeric function its exact directional derivative.

    The function is read, not run: its derivative is new Python text, compiled by numba at the
    first call for each combination of argument types.
    Use it bare, `@forward_grad`, or with options, `@forward_grad(argnums=(0, 2))`.

    Args:
        function: a Python function, a lambda, a numba `@njit` function, or the derivative
            `f.tangent` of a decorated function, for derivatives of higher order.
        argnums: position, or positions, of the active arguments: those with a tangent. The first
            one unless `argnames` is given; negative ones count from the end.
        argnames: names of active arguments, in addition to `argnums`.
        target: the machine to compile for; only "cpu" so far.
        parallel: let the rounds of loops over `numba.prange` run in several threads. A loop for
            which the derivative is not seen to allow that runs on one, and `report` says why.
            Where it is left out, as the function's own `@njit` has it.
        fastmath: allow sums to be reordered and multiply-adds to be fused everywhere; a little
            faster, and the last digits change.
        cache: keep compiled code on disk, so that the next process does not compile again.
        vector_math: use the C library's vector functions in loops where it has them.

    Returns:
        A `ForwardGrad`, which is called like the function and has `.jvp`, `.value_and_grad`,
        `.tangent`, `.source` and more.

    Raises:
        TypeError: `function` has no Python body (a class, a builtin), or a position is no integer.
        ValueError: there is no such argument.
        NotImplementedError: `target="cuda"`.
    """
    choices.check_target(target)

    def decorate(function: Callable[..., Any]) -> ForwardGrad:
        options = Options(
            target=target,
            parallel=choices.in_threads(function, parallel),
            fastmath=fastmath,
            cache=cache,
            vector_math=vector_math,
        )
        return _differentiable(function, options, argnums, argnames)

    return decorate if function is None else decorate(function)


def _differentiable(
    function: Callable[..., Any], options: Options, argnums: Any, argnames: Any
) -> ForwardGrad:
    plain = _plain(function)
    active = choices.active_arguments(plain.__name__, _parameters(plain), argnums, argnames)
    return ForwardGrad(plain, replace(options, argnums=active))


def _plain(function: Callable[..., Any]) -> Any:
    """The function under a decorated one; `f.tangent` is a function of its own."""
    while isinstance(function, ForwardGrad):
        function = function.__wrapped__
    return function if derived(function) or declares(function) else unwrap(function)


def _parameters(plain: Any) -> Sequence[str]:
    if derived(plain):
        return list(plain.__signature__.parameters)
    code = plain.__code__
    if code.co_flags & inspect.CO_VARARGS:
        return list(inspect.signature(plain).parameters)
    names: Sequence[str] = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return names


def jvp(
    function: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]
) -> tuple[Any, Any]:
    """Value and directional derivative of any function, in one pass.

    The decorated function's own `jvp` does the same; this one also takes plain functions.

    Args:
        function: a plain function, or one decorated with `forward_grad`.
        primals: a tuple of all arguments.
        tangents: for a decorated function, one entry for each active argument. For a plain
            function, one entry for each of `primals`, with None for those that are held fixed.

    Returns:
        `(value, tangent)`.

    Raises:
        TypeError, ValueError: an argument or a direction does not fit; the message names it.
        TangentError: the function cannot be differentiated; the message shows where.
    """
    made, moved = _along(function, primals, tangents)
    return made.jvp(primals, moved)


def hvp(function: Callable[..., Any], primals: Sequence[Any], v: Any) -> tuple[Any, Any]:
    """Value and product of the Hessian with a direction.

    Args:
        function: a plain function, or one decorated with `forward_grad`; it returns one float.
        primals: a tuple of all arguments.
        v: the direction, as `tangents` for `jvp`.

    Returns:
        `(value, product)`; see `ForwardGrad.hvp`.

    Raises:
        TypeError, ValueError, TangentError: as `jvp`.
    """
    made, moved = _along(function, primals, v)
    return made.hvp(primals, moved)


def _along(
    function: Callable[..., Any], primals: Sequence[Any], tangents: Any
) -> tuple[ForwardGrad, Any]:
    """The decorated function, and the tangents of its active arguments."""
    if isinstance(function, ForwardGrad):
        return function, tangents
    if not isinstance(tangents, (tuple, list)) or len(tangents) != len(primals):
        raise TypeError(
            "tangents must be a tuple with one entry for each of primals "
            f"({len(primals)}), with None for those that are held fixed"
        )
    signature = inspect.signature(unwrap(function))
    if boundary.starred(signature) is not None:
        tangents = boundary.packed(signature, tangents)
        if tangents[-1] == (None,) * len(tangents[-1]):
            tangents = (*tangents[:-1], None)
    active = tuple(i for i, tangent in enumerate(tangents) if tangent is not None)
    return _remembered(function, active), tuple(tangents[i] for i in active)


def value_and_grad(
    function: Callable[..., Any], argnums: int | Sequence[int] | None = None
) -> Callable[..., tuple[Any, Any]]:
    """A function that returns value and exact gradient.

    Args:
        function: a plain function, or one decorated with `forward_grad`; it returns one float.
        argnums: position, or positions, of the arguments to differentiate with respect to.
            The first, or those that the function was decorated with, when left out.

    Returns:
        A function of the same arguments that returns `(value, gradient)`; see
        `ForwardGrad.value_and_grad`.

    Raises:
        TypeError, ValueError: as `forward_grad`.
    """
    return _chosen(function, argnums).value_and_grad


def jacfwd(
    function: Callable[..., Any], argnums: int | Sequence[int] | None = None
) -> Callable[..., Any]:
    """A function that returns the exact Jacobian.

    Args:
        function: a plain function, or one decorated with `forward_grad`; it returns floats,
            arrays of floats, or tuples of them.
        argnums: as for `value_and_grad`.

    Returns:
        A function of the same arguments, and of `out`; see `ForwardGrad.jacobian`.

    Raises:
        TypeError, ValueError: as `forward_grad`.
    """
    return _chosen(function, argnums).jacobian


def hessian(
    function: Callable[..., Any], argnums: int | Sequence[int] | None = None
) -> Callable[..., Any]:
    """A function that returns the exact Hessian.

    Args:
        function: a plain function, or one decorated with `forward_grad`; it returns one float.
        argnums: as for `value_and_grad`.

    Returns:
        A function of the same arguments, and of `out`; see `ForwardGrad.hessian`.

    Raises:
        TypeError, ValueError: as `forward_grad`.
    """
    return _chosen(function, argnums).hessian


def _chosen(function: Callable[..., Any], argnums: Any) -> ForwardGrad:
    if isinstance(function, ForwardGrad) and argnums is None:
        return function
    return _remembered(function, argnums)


def _remembered(function: Callable[..., Any], argnums: Any) -> ForwardGrad:
    plain = _plain(function)
    options = (
        function.options
        if isinstance(function, ForwardGrad)
        else Options(parallel=choices.in_threads(function, None))
    )
    memo = plain.__dict__.setdefault(_MEMO, {})
    key = (options, tuple(argnums) if isinstance(argnums, Sequence) else argnums)
    if key not in memo:
        memo[key] = _differentiable(plain, options, argnums, None)
    made: ForwardGrad = memo[key]
    return made
