"""The types of linear algebra, as numba 0.68 has them: it would compile each function to tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def _matrix(kind: Any, *ndims: int) -> Any:
    """The dtype of a matrix of floats or complex numbers; or of what has so many axes."""
    from numba.core import errors, types

    if not isinstance(kind, types.Array) or kind.ndim not in (ndims or (2,)):
        raise errors.TypingError("linear algebra takes matrices, which have two axes")
    if not isinstance(kind.dtype, (types.Float, types.Complex)):
        raise errors.TypingError("linear algebra takes arrays of floats here")
    return kind.dtype


def _real(dtype: Any) -> Any:
    """The dtype of the parts of a number."""
    return getattr(dtype, "underlying_float", dtype)


def _array(dtype: Any, layout: str) -> Any:
    """A matrix in an order, or for no order a vector."""
    from numba.core import types

    return types.Array(dtype, 2, layout) if layout else types.Array(dtype, 1, "C")


def _made(*layouts: str, options: int = 0) -> Callable[..., Any]:
    """Typed by a matrix, beside so many options; gives arrays of its dtype."""

    def typer(a: Any, *rest: Any) -> Any:
        from numba.core import errors, types

        if len(rest) > options:
            told = "one option" if options else "nothing but the matrix"
            raise errors.TypingError(f"numba takes {told} here")
        parts = [_array(_matrix(a), layout) for layout in layouts]
        return parts[0] if len(parts) == 1 else types.Tuple(parts)

    return typer


def _det(a: Any) -> Any:
    """A number of double precision, whatever the matrix holds."""
    from numba.core import types

    return types.complex128 if isinstance(_matrix(a), types.Complex) else types.float64


def _slogdet(a: Any) -> Any:
    from numba.core import types

    return types.Tuple((_det(a), types.float64))


def _values(*layouts: str) -> Callable[..., Any]:
    """Typed by a Hermitian matrix: its values, which are real, and with a layout its vectors."""

    def typer(a: Any) -> Any:
        from numba.core import types

        kind = _matrix(a)
        parts = [_array(_real(kind), ""), *(_array(kind, layout) for layout in layouts)]
        return parts[0] if len(parts) == 1 else types.Tuple(parts)

    return typer


def _svd(a: Any, full_matrices: Any = None) -> Any:
    from numba.core import types

    kind = _matrix(a)
    return types.Tuple([_array(kind, "F"), _array(_real(kind), ""), _array(kind, "F")])


def _rank(a: Any, tol: Any = None) -> Any:
    from numba.core import types

    _matrix(a, 1, 2)
    return types.int64


def _both(a: Any, b: Any) -> Any:
    """The dtype of a matrix and its right-hand side, which has one axis or two."""
    from numba.core import errors

    dtype = _matrix(a)
    if _matrix(b, 1, 2) != dtype:
        raise errors.TypingError("both sides must have the same dtype")
    return dtype


def _solve(a: Any, b: Any) -> Any:
    dtype = _both(a, b)
    return _array(dtype, "F" if b.ndim == 2 else "")


def _lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    from numba.core import types

    dtype = _both(a, b)
    reals = _array(_real(dtype), "")
    return types.Tuple([_array(dtype, "C" if b.ndim == 2 else ""), reals, types.int32, reals])


ALGEBRA: dict[str, Callable[..., Any]] = {
    "numpy.linalg.inv": _made("F"),
    "numpy.linalg.pinv": _made("F", options=1),
    "numpy.linalg.cholesky": _made("C"),
    "numpy.linalg.eigh": _values("F"),
    "numpy.linalg.eig": _made("", "F"),
    "numpy.linalg.eigvalsh": _values(),
    "numpy.linalg.eigvals": _made(""),
    "numpy.linalg.svd": _svd,
    "numpy.linalg.qr": _made("A", "F"),
    "numpy.linalg.det": _det,
    "numpy.linalg.slogdet": _slogdet,
    "numpy.linalg.matrix_rank": _rank,
    "numpy.linalg.solve": _solve,
    "numpy.linalg.lstsq": _lstsq,
}
