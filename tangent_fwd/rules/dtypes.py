"""What SciPy's special functions give for arguments of which dtype."""

from __future__ import annotations

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
    special = importlib.import_module("scipy.special")
    function = getattr(special, fn.rpartition(".")[2])
    if not isinstance(function, np.ufunc):
        if row.whole:
            return types.float64
        function = special.beta  # any of two real numbers
    given = tuple(as_dtype(types.unliteral(kind)) for kind in kinds)
    return from_dtype(function.resolve_dtypes((*given, *[None] * function.nout))[-1])
