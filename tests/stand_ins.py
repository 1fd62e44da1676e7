"""`numpy` and `math` as the complex step sees them, and functions that use these instead."""

from __future__ import annotations

import builtins
import cmath
import math
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.complex_step import BINARY, CS, UNARY, CSArray, NotRepresentable, clip_one, complex_of

MATH_NAMES = {
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "atan2": "arctan2",
    "pow": "power",
}


def has_cs(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.dtype == object
    if isinstance(value, (tuple, list)):
        return any(has_cs(part) for part in value)
    return isinstance(value, CS)


def _lifted(rule: Callable[..., complex], count: int, plain: Callable[..., Any]) -> Any:
    """`rule` over scalars and object arrays, `plain` where nothing is a `CS`."""

    def one(*parts: Any) -> CS:
        return CS(rule(*[complex_of(part) for part in parts]))

    over = np.frompyfunc(one, count, 1)

    def function(*args: Any, **kwargs: Any) -> Any:
        if not any(map(has_cs, args)):
            return plain(*args, **kwargs)
        if kwargs:
            raise NotRepresentable("keyword arguments")
        if any(isinstance(a, np.ndarray) for a in args):
            return over(*args)
        return one(*args)

    return function


def _is_float_dtype(dtype: Any) -> bool:
    return dtype is None or np.dtype(dtype).kind in "fO"


def _cs_array(shape: Any, value: Any) -> np.ndarray:
    made = np.empty(shape, dtype=object).view(CSArray)
    made.fill(value if isinstance(value, CS) else float(value))
    return made


class _TypeStandIn:
    """`np.float64` and its kin, both as a conversion and as a dtype."""

    def __init__(self, kind: type[np.generic]) -> None:
        self.dtype = np.dtype(kind)

    def __call__(self, value: Any) -> Any:
        if not has_cs(value):
            return self.dtype.type(value)
        return value if self.dtype.kind == "f" else int(value)


class _NumpyStandIn:
    """`numpy` as the complex step sees it: float buffers can hold any object."""

    def __init__(self) -> None:
        for name, rule in UNARY.items():
            if hasattr(np, name):
                setattr(self, name, _lifted(rule, 1, getattr(np, name)))
        for name, two in BINARY.items():
            setattr(self, name, _lifted(two, 2, getattr(np, name)))
        for kind in (np.float64, np.float32, np.int64, np.int32):
            setattr(self, kind.__name__, _TypeStandIn(kind))

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    @staticmethod
    def zeros(shape: Any, dtype: Any = None) -> np.ndarray:
        return _cs_array(shape, 0.0) if _is_float_dtype(dtype) else np.zeros(shape, dtype)

    @staticmethod
    def ones(shape: Any, dtype: Any = None) -> np.ndarray:
        return _cs_array(shape, 1.0) if _is_float_dtype(dtype) else np.ones(shape, dtype)

    @staticmethod
    def empty(shape: Any, dtype: Any = None) -> np.ndarray:
        return _cs_array(shape, 0.0) if _is_float_dtype(dtype) else np.zeros(shape, dtype)

    @staticmethod
    def full(shape: Any, value: Any, dtype: Any = None) -> np.ndarray:
        if dtype is None and not isinstance(value, (CS, float)):
            return np.full(shape, value)
        return _cs_array(shape, value) if _is_float_dtype(dtype) else np.full(shape, value, dtype)

    def zeros_like(self, a: Any, dtype: Any = None) -> np.ndarray:
        return self.zeros(np.shape(a), a.dtype if dtype is None else dtype)

    def ones_like(self, a: Any, dtype: Any = None) -> np.ndarray:
        return self.ones(np.shape(a), a.dtype if dtype is None else dtype)

    empty_like = zeros_like

    def full_like(self, a: Any, value: Any, dtype: Any = None) -> np.ndarray:
        return self.full(np.shape(a), value, a.dtype if dtype is None else dtype)

    @staticmethod
    def arange(*args: Any, **kwargs: Any) -> np.ndarray:
        made = np.arange(*args, **kwargs)
        return made.astype(object) if made.dtype.kind == "f" else made

    @staticmethod
    def clip(a: Any, low: Any, high: Any) -> Any:
        return _clip(a, low, high)


_clip = _lifted(clip_one, 3, np.clip)


class _MathStandIn:
    def __init__(self) -> None:
        for name in dir(math):
            if name.startswith("_"):
                continue
            known = MATH_NAMES.get(name, name)
            plain = getattr(math, name)
            if name in ("floor", "ceil", "trunc") or not callable(plain):
                setattr(self, name, plain)
            elif known in UNARY:
                setattr(self, name, _lifted(UNARY[known], 1, plain))
            elif known in BINARY:
                setattr(self, name, _lifted(BINARY[known], 2, plain))
            else:
                setattr(self, name, plain)

    @staticmethod
    def log(a: Any, base: Any = None) -> Any:
        if not has_cs((a, base)):
            return math.log(a) if base is None else math.log(a, base)
        top = cmath.log(complex_of(a))
        return CS(top if base is None else top / cmath.log(complex_of(base)))

    @staticmethod
    def ldexp(a: Any, n: int) -> Any:
        return a * 2.0**n


NUMPY = _NumpyStandIn()
MATH = _MathStandIn()


def _float(value: Any = 0.0) -> Any:
    return value if isinstance(value, CS) else builtins.float(value)


def retarget(function: Any, made: dict[int, Any]) -> Any:
    """The function with `np`, `math` and `float` replaced, in itself and in all that it calls."""
    function = getattr(function, "py_func", function)
    if id(function) in made:
        return made[id(function)]
    namespace: dict[str, Any] = {"__builtins__": builtins, "float": _float}
    copy = types.FunctionType(
        function.__code__,
        namespace,
        function.__name__,
        function.__defaults__,
        tuple(types.CellType() for _ in function.__closure__ or ()),
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    made[id(function)] = copy
    for new, old in zip(copy.__closure__ or (), function.__closure__ or (), strict=True):
        new.cell_contents = _stand_in(old.cell_contents, made)
    for name in _names(function.__code__):
        if name in function.__globals__:
            namespace[name] = _stand_in(function.__globals__[name], made)
    return copy


def _names(code: types.CodeType) -> set[str]:
    """The names that a function looks up, and the functions inside it."""
    inner = (c for c in code.co_consts if isinstance(c, types.CodeType))
    return set(code.co_names).union(*map(_names, inner))


class _ModuleStandIn:
    def __init__(self, module: types.ModuleType, made: dict[int, Any]) -> None:
        self._module, self._made = module, made

    def __getattr__(self, name: str) -> Any:
        return _stand_in(getattr(self._module, name), self._made)


def _stand_in(value: Any, made: dict[int, Any]) -> Any:
    if value is np:
        return NUMPY
    if value is math:
        return MATH
    if isinstance(value, np.ufunc):
        return getattr(NUMPY, value.__name__)
    if isinstance(value, types.BuiltinFunctionType) and value.__module__ == "math":
        return getattr(MATH, value.__name__)
    if isinstance(value, type) and issubclass(value, np.number):
        return getattr(NUMPY, value.__name__)
    if isinstance(value, types.ModuleType):
        return _ModuleStandIn(value, made)
    if isinstance(value, types.FunctionType) or hasattr(value, "py_func"):
        if str(getattr(value, "__module__", "")).startswith("scipy"):
            raise AttributeError(f"{value.__name__} of complex numbers")
        if str(getattr(value, "__module__", "")).startswith("numpy"):
            return getattr(NUMPY, value.__name__)
        return retarget(value, made)
    return value
