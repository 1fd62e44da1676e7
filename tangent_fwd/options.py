"""What a user may choose about a derivative, as one value that can be hashed and compared."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """The choices behind one `forward_grad` object.

    It is frozen because it is part of the key of every table and of every cache entry: two
    derivatives with different options must never share compiled code.

    Args:
        argnums: positions of the active arguments, counted from zero.
        argnames: names of further active arguments, or None.
        target: the machine to compile for; "cpu" is the only one so far.
        parallel: let numba spread loops over `prange` over threads.
        fastmath: allow sums to be reordered, multiply-adds to be fused and the sign of zero to be
            lost, everywhere; checks for NaN and infinity keep working.
        cache: keep compiled code on disk between processes.
        vector_math: let loops call the C library's vector functions where it has them.
    """

    argnums: tuple[int, ...] = (0,)
    argnames: tuple[str, ...] | None = None
    target: str = "cpu"
    parallel: bool = False
    fastmath: bool = False
    cache: bool = True
    vector_math: bool = True
