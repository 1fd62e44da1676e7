"""What SciPy's special functions give for arguments of which dtype."""

from __future__ import annotations

import functools
import importlib
from typing import Any

import numpy as np

from tangent_fwd.rules import rule


def special_result(fn: str, kinds: tuple[Any, ...]) -> Any:
    """The numba type of a special function's value.

    Args:
        fn: the function's key, such as "scipy.special.j0".
        kinds: the scalar numba types of the arguments.

    Raises:
        TypingError: an argument that must be an integer is none, or one is no real number.
    """
    from numba.core import errors, types
    from numba.np.numpy_support import as_dtype, from_dtype

    row = rule(fn)
    assert row is not None
    for position, kind in enumerate(kinds):
        if isinstance(kind, types.Integer) or kind == types.boolean:
            continue
        wanted = "an integer" if position in row.whole else "a real number"
        if position in row.whole or not isinstance(kind, types.Float):
            message = f"`{row.args[position]}` of `{fn}` must be {wanted}, not {kind}"
            raise errors.TypingError(message)
    given = tuple(as_dtype(types.unliteral(kind)) for kind in kinds)
    return from_dtype(_result(fn, given))


@functools.cache
def _result(fn: str, given: tuple[np.dtype[Any], ...]) -> np.dtype[Any]:
    function = getattr(importlib.import_module("scipy.special"), fn.rpartition(".")[2])
    found: np.dtype[Any]
    if isinstance(function, np.ufunc):
        found = function.resolve_dtypes((*given, None))[-1]
        return found
    with np.errstate(all="ignore"):
        found = np.dtype(function(*(np.ones(1, dtype) for dtype in given)).dtype)
    return found
