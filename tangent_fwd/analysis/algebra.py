"""The types of linear algebra, as numba 0.68 has them: it would compile each function to tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def _matrix(kind: Any, ndim: int = 2, of_complex: bool = False) -> Any:
    """The dtype of a matrix of floats, or of complex numbers where they may be."""
    from numba.core import errors, types

    if not isinstance(kind, types.Array) or kind.ndim != ndim:
        raise errors.TypingError("linear algebra takes matrices, which have two axes")
    taken = (types.Float, types.Complex) if of_complex else types.Float
    if not isinstance(kind.dtype, taken):
        raise errors.TypingError("linear algebra takes arrays of floats here")
    return kind.dtype


def _array(dtype: Any, layout: str) -> Any:
    """A matrix in an order, or for no order a vector."""
    from numba.core import types

    return types.Array(dtype, 2, layout) if layout else types.Array(dtype, 1, "C")


def _made(*layouts: str, options: int = 0, of_complex: bool = False) -> Callable[..., Any]:
    """Typed by a matrix, beside so many options; gives arrays of its dtype."""

    def typer(a: Any, *rest: Any) -> Any:
        from numba.core import errors, types

        if len(rest) > options:
            told = "one option" if options else "nothing but the matrix"
            raise errors.TypingError(f"numba takes {told} here")
        parts = [_array(_matrix(a, of_complex=of_complex), layout) for layout in layouts]
        return parts[0] if len(parts) == 1 else types.Tuple(parts)

    return typer


def _numbers(count: int) -> Callable[..., Any]:
    """Typed by a matrix; gives float64 whatever it holds."""

    def typer(a: Any) -> Any:
        from numba.core import types

        _matrix(a)
        return types.float64 if count == 1 else types.UniTuple(types.float64, count)

    return typer


def _rank(a: Any, tol: Any = None) -> Any:
    from numba.core import types

    _matrix(a)
    return types.int64


def _both(a: Any, b: Any, of_complex: bool = False) -> Any:
    """The dtype of a matrix and its right-hand side, which has one axis or two."""
    from numba.core import errors

    dtype = _matrix(a, of_complex=of_complex)
    if _matrix(b, min(max(getattr(b, "ndim", 0), 1), 2), of_complex) != dtype:
        raise errors.TypingError("both sides must have the same dtype")
    return dtype


def _solve(a: Any, b: Any) -> Any:
    dtype = _both(a, b, of_complex=True)
    return _array(dtype, "F" if b.ndim == 2 else "")


def _lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    from numba.core import types

    dtype = _both(a, b)
    vector = _array(dtype, "")
    return types.Tuple([_array(dtype, "C" if b.ndim == 2 else ""), vector, types.int32, vector])


ALGEBRA: dict[str, Callable[..., Any]] = {
    "numpy.linalg.inv": _made("F", of_complex=True),
    "numpy.linalg.pinv": _made("F", options=1),
    "numpy.linalg.cholesky": _made("C"),
    "numpy.linalg.eigh": _made("", "F"),
    "numpy.linalg.eig": _made("", "F"),
    "numpy.linalg.eigvalsh": _made(""),
    "numpy.linalg.eigvals": _made(""),
    "numpy.linalg.svd": _made("F", "", "F", options=1),
    "numpy.linalg.qr": _made("A", "F"),
    "numpy.linalg.det": _numbers(1),
    "numpy.linalg.slogdet": _numbers(2),
    "numpy.linalg.matrix_rank": _rank,
    "numpy.linalg.solve": _solve,
    "numpy.linalg.lstsq": _lstsq,
}
