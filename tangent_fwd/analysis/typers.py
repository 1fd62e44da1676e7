"""The types of what numba lacks, or would compile to type: each from numba's answer for a plainer
function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tangent_fwd.analysis.algebra import ALGEBRA
from tangent_fwd.analysis.alias import is_container
from tangent_fwd.analysis.numba_typing import result_type, spoken, unify
from tangent_fwd.analysis.subscripts import read, tensordot
from tangent_fwd.rules.dtypes import special_result


def _float_of(kind: Any) -> Any:
    """The dtype of a scalar or array of floats or complex numbers; None for others."""
    from numba.core import types

    dtype = kind.dtype if isinstance(kind, types.Array) else kind
    return dtype if isinstance(dtype, (types.Float, types.Complex)) else None


def _like(literal: Any, beside: Any) -> Any:
    from numba.core import types

    found, own = _float_of(beside), types.unliteral(literal)
    if found is None or not isinstance(own, types.Complex):
        return getattr(found, "underlying_float", found) or own
    return types.complex64 if found in (types.float32, types.complex64) else types.complex128


def _array(dtype: Any, ndim: int) -> Any:
    from numba.core import types

    return types.Array(dtype, ndim, "C") if ndim else dtype


def _ndim(kind: Any) -> int:
    return int(getattr(kind, "ndim", 0) or 0)


def _scalar(kind: Any) -> Any:
    from numba.core import types

    return types.unliteral(getattr(kind, "dtype", kind))


def _elementwise(function: Any) -> Callable[..., Any]:
    """Typed as another ufunc of the same arguments."""

    def typer(*args: Any) -> Any:
        dtype = result_type(function, *(_scalar(a) for a in args))
        return None if dtype is None else _array(dtype, max(map(_ndim, args)))

    return typer


def special(fn: str, *args: Any) -> Any:
    """Typed as SciPy's own function: by the first of its loops that takes the arguments."""
    dtype = special_result(fn, tuple(map(_scalar, args)))
    return _array(dtype, max(map(_ndim, args)))


def _where(cond: Any, x: Any, y: Any) -> Any:
    from numba.core import types

    a, b = _scalar(x), _scalar(y)
    dtype = a if a == b else result_type(np.add, a, b)
    if isinstance(dtype, types.Boolean) or dtype is None:
        dtype = a
    return _array(dtype, max(_ndim(cond), _ndim(x), _ndim(y)))


def _reduced(array: Any, axis: Any, keepdims: bool) -> int:
    from numba.core import errors, types

    if not isinstance(array, types.Array):
        raise errors.TypingError(f"a reduction takes an array, not {spoken(str(array))}")
    ndim = _ndim(array)
    axes = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if any(not -ndim <= a < ndim for a in axes):
        raise errors.TypingError(f"axis {axis} is out of bounds for an array of {ndim} dimensions")
    return ndim if keepdims else ndim - len({a % ndim for a in axes})


def _sum(array: Any, axis: Any = None, keepdims: bool = False) -> Any:
    from numba.core import types

    dtype = _scalar(array)
    if isinstance(dtype, (types.Boolean, types.Integer)):
        dtype = types.int64
    return _array(dtype, _reduced(array, axis, keepdims))


def _mean(array: Any, axis: Any = None, keepdims: bool = False) -> Any:
    from numba.core import types

    dtype = _float_of(array) or types.float64
    return _array(dtype, _reduced(array, axis, keepdims))


def _ordered(array: Any) -> None:
    from numba.core import errors, types

    if isinstance(_scalar(array), types.Complex):
        raise errors.TypingError("complex numbers have no order")


def _extreme(array: Any, axis: Any = None, keepdims: bool = False) -> Any:
    _ordered(array)
    return _array(_scalar(array), _reduced(array, axis, keepdims))


def _argextreme(array: Any, axis: Any = None) -> Any:
    from numba.core import types

    _ordered(array)
    return _array(types.int64, _reduced(array, axis, False))


def _reshape(array: Any, *shape: Any) -> Any:
    from numba.core import types

    entries = len(shape[0]) if isinstance(shape[0], types.BaseTuple) else len(shape)
    return _array(_scalar(array), entries)


def _astype(array: Any, dtype: Any) -> Any:
    from numba.core import errors, types

    if not isinstance(array, types.Array):
        raise errors.TypingError(f"{array} has no method `astype`; call the dtype instead")
    return _array(dtype.dtype, _ndim(array))


def _arange(*args: Any) -> Any:
    from numba.core import types

    *_, last = args
    if isinstance(last, (types.DType, types.NumberClass)):
        return _array(last.dtype, 1)
    kinds = [_scalar(a) for a in args]
    floats = [k for k in kinds if isinstance(k, types.Float)]
    return _array(floats[0] if floats else types.int64, 1)


def _array_literal(*args: Any, dtype: bool) -> Any:
    from numba.core import types

    entries = args[:-1] if dtype else args
    rows = isinstance(entries[0], types.BaseTuple)
    scalars = [t for row in entries for t in row] if rows else list(entries)
    if dtype:
        kind = args[-1].dtype
    else:
        kind = _scalar(scalars[0])
        for other in scalars[1:]:
            kind = result_type(np.maximum, kind, _scalar(other))
    return _array(kind, 2 if rows else 1)


def _row(*args: Any) -> Any:
    from numba.core import types

    return types.Tuple([types.unliteral(a) for a in args])


def _cast(dtype: Any) -> Callable[..., Any]:
    def typer(value: Any) -> Any:
        from numba.core import types

        return _array(getattr(types, dtype), _ndim(value))

    return typer


def _windows(array: Any, window: Any, axis: Any = None) -> Any:
    """Views of the windows that lie over an array: an axis more for each axis of a window."""
    from numba.core import errors, types

    more = len(window) if isinstance(window, types.BaseTuple) else 1
    if axis is None and more != array.ndim:
        raise errors.TypingError("a window must have a size for each axis")
    return array.copy(ndim=array.ndim + more, layout="A")


def _same(value: Any, *rest: Any) -> Any:
    return _array(_scalar(value), _ndim(value))


def _outer(a: Any, b: Any) -> Any:
    dtype = result_type(np.multiply, _scalar(a), _scalar(b))
    return None if dtype is None else _array(dtype, 2)


def _dot(a: Any, b: Any) -> Any:
    if _ndim(a) == 0 or _ndim(b) == 0:
        return result_type(np.multiply, a, b)
    return _matmul(a, b)


def _inner(a: Any, b: Any) -> Any:
    return _dot(a, b.copy(ndim=2) if _ndim(b) > 1 else b)


def _contracted(*kinds: Any, subscripts: str) -> Any:
    dtype = _scalar(kinds[0])
    for kind in kinds[1:]:
        dtype = result_type(np.multiply, dtype, _scalar(kind))
    return None if dtype is None else _array(dtype, len(read(subscripts, [*map(_ndim, kinds)])[1]))


def _tensordot(a: Any, b: Any, axes: Any) -> Any:
    return _contracted(a, b, subscripts=tensordot(axes, _ndim(a), _ndim(b)))


def _copied(value: Any, dtype: Any = None) -> Any:
    """`np.array` of an array is a copy; of a number, numba makes an array without axes."""
    from numba.core import types

    if not isinstance(value, types.Array):
        found = result_type(np.array, value) if dtype is None else None
        return result_type(np.array, value, dtype) if found is None else found
    return _array(_scalar(value) if dtype is None else dtype.dtype, _ndim(value))


def _copy(value: Any) -> Any:
    """An array of the same axes, in order; a list, a dict or a set of the same kind."""
    from numba.core import types

    if not isinstance(value, types.Array):
        return value if is_container(value) else _scalar(value)
    return value.copy(layout="C", readonly=False)


def _matmul(a: Any, b: Any) -> Any:
    """Numba knows products of vectors and matrices; stacks of matrices have those of its own."""
    from numba.core.typing.npydecl import MatMulTyperMixin

    typer = MatMulTyperMixin()
    typer.func_name = "'@'"
    axes = [_ndim(a), _ndim(b)]
    if max(axes) <= 2:
        return typer.matmul_typer(a, b)
    found = typer.matmul_typer(*(k.copy(ndim=min(n, 2), layout="C") for k, n in zip((a, b), axes)))
    return None if found is None else _array(_scalar(found), max(axes) - (1 in axes))


def _larger_or_smaller(function: Any) -> Callable[..., Any]:
    """`max` and `min` of several numbers have the type that all of them share."""

    def typer(*args: Any) -> Any:
        from numba.core import types

        kinds = [types.unliteral(a) for a in args]
        if len(kinds) > 1 and all(isinstance(k, types.Number) for k in kinds):
            return unify(kinds)
        return result_type(function, *args) if args else None

    return typer


def _created(given: int = 1) -> Callable[..., Any]:
    """Typed by a shape, `given - 1` values, and a dtype; numba reads both."""

    def typer(shape: Any, *rest: Any) -> Any:
        from numba.core import types
        from numba.core.typing.npydecl import parse_dtype, parse_shape

        values, dtypes = rest[: given - 1], rest[given - 1 :]
        if dtypes:
            dtype = parse_dtype(dtypes[0])
        else:
            dtype = _scalar(values[0]) if values else types.float64
        ndim = parse_shape(types.unliteral(shape))
        if dtype is None or ndim is None:
            return None
        return types.Array(dtype, ndim, "C")

    return typer


def _created_like(given: int = 1) -> Callable[..., Any]:
    """Typed by an array, `given - 1` values that do not matter, and a dtype."""

    def typer(array: Any, *rest: Any) -> Any:
        from numba.core import types
        from numba.core.typing.npydecl import parse_dtype

        dtypes = rest[given - 1 :]
        dtype = parse_dtype(dtypes[0]) if dtypes else _scalar(array)
        if dtype is None:
            return None
        if not isinstance(array, types.Array):
            return types.Array(dtype, 0, "C") if isinstance(array, types.Number) else None
        layout = array.layout if array.layout != "A" else "C"
        return array.copy(dtype=dtype, layout=layout, readonly=False)

    return typer


def _joined(function: Any) -> Callable[..., Any]:
    """`concatenate` and `stack` of a tuple of arrays, whose axis numba looks at only later."""

    def typer(arrays: Any, axis: Any = 0) -> Any:
        from numba.core import errors

        joined = result_type(function, arrays)
        if joined is not None and (axis is None or not -joined.ndim <= axis < joined.ndim):
            raise errors.TypingError(f"there is no axis {axis} along which arrays can be joined")
        return joined

    return typer


def _int64() -> Any:
    from numba.core import types

    return types.int64


def _fits(out: Any, value: Any, whole: Any = None) -> Any:
    """No floats are written into an array of integers; a product is stored as it is, `whole`."""
    from numba.core import errors, types

    if not isinstance(out, types.Array):
        raise errors.TypingError(f"{out} is no array to write into")
    if _ndim(value) > out.ndim or (whole is not None and _ndim(value) != out.ndim):
        raise errors.TypingError(f"an array of {out.ndim} dimensions cannot hold this result")
    if isinstance(_scalar(value), types.Float) and not isinstance(out.dtype, types.Float):
        raise errors.TypingError(f"an array of {out.dtype} cannot hold the result of this")
    return types.none


def _some(value: Any, untold: bool = False, number: str = "") -> Any:
    """What is there of a value that may be None."""
    from numba.core import types

    kind = value.type if isinstance(value, types.Optional) else value
    if isinstance(kind, types.NoneType):
        return None  # numba asks again when it has seen what else there may be
    return kind.copy(layout="A") if getattr(kind, "layout", "C") == "F" else kind


TYPERS: dict[str, Callable[..., Any]] = {
    **ALGEBRA,
    "like": _like,
    "numpy.where": _where,
    "numpy.sum": _sum,
    "numpy.prod": _sum,
    "numpy.mean": _mean,
    "numpy.max": _extreme,
    "numpy.min": _extreme,
    "numpy.argmax": _argextreme,
    "numpy.argmin": _argextreme,
    "numpy.reshape": _reshape,
    "numpy.ravel": lambda a: _array(_scalar(a), 1),
    "numpy.flatten": lambda a: _array(_scalar(a), 1),
    "numpy.copy": _copy,
    "numpy.astype": _astype,
    "numpy.arange": _arange,
    **dict.fromkeys(("numpy.zeros", "numpy.ones", "numpy.empty"), _created()),
    **dict.fromkeys(("numpy.zeros_like", "numpy.ones_like", "numpy.empty_like"), _created_like()),
    "numpy.full": _created(2),
    "numpy.full_like": _created_like(2),
    "numpy.concatenate": _joined(np.concatenate),
    "numpy.stack": _joined(np.stack),
    "numpy.sinc": _elementwise(np.sin),
    "matmul": _matmul,
    "numpy.outer": _outer,
    "numpy.dot": _dot,
    "numpy.inner": _inner,
    "numpy.einsum": _contracted,
    "numpy.tensordot": _tensordot,
    "numpy.argsort": lambda a, **kind: _array(_int64(), _ndim(a)),
    "fits": _fits,
    "some": _some,
    "numpy.array": _copied,
    "numpy.lib.stride_tricks.sliding_window_view": _windows,
    "numpy.round": _same,
    "numpy.around": _same,
    "builtins.abs": _elementwise(np.absolute),
    "builtins.max": _larger_or_smaller(max),
    "builtins.min": _larger_or_smaller(min),
    **{f"numpy.{name}": _cast(name) for name in ("float64", "float32", "int64", "int32")},
    "array": _array_literal,
    "row": _row,
    "tangent_fwd.stop_gradient": lambda x: x,
}
