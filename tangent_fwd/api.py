"""What users call: the decorator `forward_grad`, and its functional twins."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, overload

from tangent_fwd import boundary, choices
from tangent_fwd.forward import ForwardGrad
from tangent_fwd.frontend.parse import unwrap
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
    parallel: bool = False,
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
    parallel: bool = False,
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
    parallel: bool = False,
    fastmath: bool = False,
    cache: bool = True,
    vector_math: bool = True,
) -> ForwardGrad | Callable[[Callable[..., Any]], ForwardGrad]:
    """Give a numeric function its exact directional derivative.

    The function is read, not run: its derivative is new Python text, compiled by numba at the
    first call for each combination of argument types.
    Use it bare, `@forward_grad`, or with options, `@forward_grad(argnums=(0, 2))`.

    Args:
        function: a Python function, a lambda or a numba `@njit` function.
        argnums: position, or positions, of the active arguments: those with a tangent. The first
            one unless `argnames` is given; negative ones count from the end.
        argnames: names of active arguments, in addition to `argnums`.
        target: the machine to compile for; only "cpu" so far.
        parallel: spread loops over threads; not available yet.
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
        NotImplementedError: `target="cuda"`, `parallel=True`.
    """
    choices.check_target(target, parallel)

    def decorate(function: Callable[..., Any]) -> ForwardGrad:
        options = Options(
            target=target,
            parallel=parallel,
            fastmath=fastmath,
            cache=cache,
            vector_math=vector_math,
        )
        return _differentiable(function, options, argnums, argnames)

    return decorate if function is None else decorate(function)


def _differentiable(
    function: Callable[..., Any], options: Options, argnums: Any, argnames: Any
) -> ForwardGrad:
    plain = unwrap(function)
    parameters = tuple(inspect.signature(plain).parameters)
    active = choices.active_arguments(plain.__name__, parameters, argnums, argnames)
    return ForwardGrad(plain, replace(options, argnums=active))


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
    if isinstance(function, ForwardGrad):
        return function.jvp(primals, tangents)
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
    made = _remembered(function, active)
    return made.jvp(tuple(primals), tuple(tangents[i] for i in active))


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
    if isinstance(function, ForwardGrad) and argnums is None:
        return function.value_and_grad
    return _remembered(function, argnums).value_and_grad


def _remembered(function: Callable[..., Any], argnums: Any) -> ForwardGrad:
    plain = unwrap(function)
    options = function.options if isinstance(function, ForwardGrad) else Options()
    memo = plain.__dict__.setdefault(_MEMO, {})
    key = (options, tuple(argnums) if isinstance(argnums, Sequence) else argnums)
    if key not in memo:
        memo[key] = _differentiable(plain, options, argnums, None)
    made: ForwardGrad = memo[key]
    return made
