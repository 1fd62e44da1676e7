"""What a user chose when decorating, checked at once so that a slip is met where it was made."""

from __future__ import annotations

import operator
from collections.abc import Sequence

Positions = int | Sequence[int] | None
Names = str | Sequence[str] | None


def active_arguments(
    name: str, parameters: Sequence[str], argnums: Positions, argnames: Names
) -> tuple[int, ...]:
    """Positions of the active arguments, sorted.

    `argnums` may count from the end, `argnames` adds to it, and the first argument is active
    where neither is given.
    Raises TypeError for what is not an integer or a name, ValueError for a position or a name
    that the function `name` does not have, or that is given twice.
    """
    if argnums is None:
        argnums = (0,) if argnames is None else ()
    listed = ", ".join(f"`{parameter}`" for parameter in parameters) or "none"
    found: list[int] = []
    for number in argnums if isinstance(argnums, (tuple, list)) else (argnums,):
        position = _position(number)
        if not -len(parameters) <= position < len(parameters):
            plural = "" if len(parameters) == 1 else "s"
            raise ValueError(
                f"argnums={number} is out of range: `{name}` has {len(parameters)} "
                f"argument{plural} ({listed})"
            )
        found.append(position % len(parameters))
    for wanted in (argnames,) if isinstance(argnames, str) else argnames or ():
        if not isinstance(wanted, str):
            raise TypeError(f"argnames takes argument names, not {wanted!r}")
        if wanted not in parameters:
            raise ValueError(f"`{name}` has no argument `{wanted}`; it has {listed}")
        found.append(list(parameters).index(wanted))
    for position in found:
        if found.count(position) > 1:
            raise ValueError(f"`{parameters[position]}` of `{name}` is chosen twice")
    if not found:
        raise ValueError(f"no argument of `{name}` is active: give argnums or argnames")
    return tuple(sorted(found))


def _position(number: object) -> int:
    # To Python a bool is an integer; as a position it can only be a slip.
    if isinstance(number, bool):
        raise TypeError(f"argnums takes positions (integers), not {number!r}")
    try:
        return operator.index(number)  # type: ignore[arg-type]
    except TypeError:
        hint = "; use argnames for names" if isinstance(number, str) else ""
        raise TypeError(f"argnums takes positions (integers), not {number!r}{hint}") from None


def in_threads(function: object, chosen: bool | None) -> bool:
    """Whether loops over `prange` run in threads: as chosen, or else as `@njit` was told."""
    if chosen is not None:
        return bool(chosen)
    return bool(getattr(function, "targetoptions", {}).get("parallel", False))


def check_target(target: str) -> str:
    """Return `target` if we compile for it; NotImplementedError for what is to come."""
    if target == "cuda":
        raise NotImplementedError('target="cuda" is not available yet; use target="cpu"')
    if target != "cpu":
        raise ValueError(f'unknown target {target!r}; the only one is "cpu"')
    return target
