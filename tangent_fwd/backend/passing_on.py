"""Exceptions that go on after `finally`.

numba runs what stands in `finally` and then has forgotten what it caught: it raises an
AssertionError that says so. An exception is a pointer in a place that the caller reads; here it is
kept beside that place while it is empty, and put back.

This file imports numba at the top; import it from inside functions.
"""

from __future__ import annotations

from typing import Any

from numba.core import cgutils
from numba.core.callconv import RETCODE_USEREXC
from numba.core.unsafe import eh

# What empties the place: the end of a `try`, and on Python 3.10 the question whether one failed.
FORGETS = (eh.end_try_block, eh.exception_check)
_LOST = "Unreachable condition reached (op code RERAISE executed)"


def is_lost(inst: Any) -> bool:
    """Whether an instruction stands where `finally` ends after an exception."""
    told = inst.exc_args[0] if inst.exc_class is AssertionError and inst.exc_args else None
    return isinstance(told, str) and told.startswith(_LOST)


def _kept(place: Any, builder: Any) -> Any:
    """Where a function keeps what it caught last."""
    found = getattr(builder, "_tangent_fwd_caught", None)
    if found is None:
        kind = place.type.pointee
        found = cgutils.alloca_once(builder, kind, name="caught", zfill=True)
        builder._tangent_fwd_caught = found
    return found


def remember(call_conv: Any, builder: Any) -> None:
    """Keep the exception at hand, if there is one."""
    place = call_conv._get_excinfo_argument(builder.function)
    kept, exception = _kept(place, builder), builder.load(place)
    with builder.if_then(cgutils.is_not_null(builder, exception)):
        builder.store(exception, kept)


def put_back(call_conv: Any, builder: Any) -> None:
    """Raise what was kept inside a `try`."""
    place = call_conv._get_excinfo_argument(builder.function)
    builder.store(builder.load(_kept(place, builder)), place)


def raise_again(call_conv: Any, builder: Any) -> None:
    """Leave the function with the exception that was kept, if there is one."""
    place = call_conv._get_excinfo_argument(builder.function)
    exception = builder.load(_kept(place, builder))
    with builder.if_then(cgutils.is_not_null(builder, exception)):
        builder.store(exception, place)
        call_conv._return_errcode_raw(builder, RETCODE_USEREXC)
