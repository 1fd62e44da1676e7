"""SciPy's special functions as numba compiles them.

This file imports numba at the top; import it from inside functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.registry import cpu_target
from numba.extending import intrinsic, overload
from scipy import special

from tangent_fwd.rules import rule
from tangent_fwd.rules.dtypes import special_result


class Function:
    """A special function: SciPy's where it is called, its entry in C where numba compiles a call.

    Its module and name are those of SciPy's function, so that text which calls it can be
    differentiated again.
    """

    __module__ = "scipy.special"

    def __init__(self, name: str, symbol: str, optional: bool) -> None:
        self.__name__ = name
        self._intrinsic = _compiled(name, symbol, optional)

    def __call__(self, *args: Any) -> Any:
        return getattr(special, self.__name__)(*args)

    @property
    def _numba_type_(self) -> Any:
        return cpu_target.typing_context.resolve_value_type(self._intrinsic)


def _compiled(name: str, symbol: str, optional: bool) -> Any:
    """A function for numba that calls the one in C and gives the dtype that SciPy gives."""
    row = rule(f"scipy.special.{name}")
    assert row is not None
    kinds = [types.intp if k in row.whole else types.float64 for k in range(len(row.args))]

    def typer(context: Any, *args: Any) -> Any:
        given = tuple(map(types.unliteral, args))
        result = special_result(f"scipy.special.{name}", given)

        def generate(target: Any, builder: Any, signature: Any, values: Any) -> Any:
            # Cython's functions also take whether to look for a method in Python, and a pointer
            # to optional arguments, null where there are none.
            more = [ir.Constant(ir.IntType(32), 0)]
            if optional:
                more.append(ir.Constant(cgutils.voidptr_t, None))
            cast = [target.cast(builder, *each) for each in zip(values, given, kinds)]
            passed = [*cast, *more]
            kind = ir.FunctionType(ir.DoubleType(), [value.type for value in passed])
            function = cgutils.get_or_insert_function(builder.module, kind, symbol)
            return target.cast(builder, builder.call(function, passed), types.float64, result)

        # By these types numba finds the text to generate, so they are those of the call.
        return result(*given), generate

    names = ", ".join(f"x{k}" for k in range(len(kinds)))
    scope: dict[str, Any] = {"typer": typer}
    exec(f"def {name}(context, {names}):\n    return typer(context, {names})\n", scope)
    return intrinsic(scope[name])


# Bernoulli's numbers B(2j), each divided by (2j)!
_BERNOULLI = tuple(
    (-1) ** (j + 1) * 2.0 * float(special.zeta(2 * j)) / (2.0 * np.pi) ** (2 * j)
    for j in range(1, 15)
)


@numba.njit(error_model="numpy", fastmath=False)  # type: ignore[untyped-decorator]
def _zeta(x: float, q: float) -> float:
    """Hurwitz' zeta function by the formula of Euler and Maclaurin (DLMF 25.11.5 and 2.10.1)."""
    whole = q == np.floor(q)
    if x == 1.0 or (x > 1.0 and q <= 0.0 and whole):
        return np.inf
    if not x > 1.0 or (q <= 0.0 and x != np.floor(x)):
        return np.nan
    total = 0.0
    start = q
    term = start**-x
    while start < 12.0 + x and abs(term) > 1e-18 * abs(total):
        total += term
        start += 1.0
        term = start**-x
    if abs(term) <= 1e-18 * abs(total):
        return total  # what follows would not change it, and the series may not converge
    total += start * term / (x - 1.0) + 0.5 * term
    term *= x / start
    for j in range(len(_BERNOULLI)):
        total += _BERNOULLI[j] * term
        term *= (x + 2 * j + 1) * (x + 2 * j + 2) / (start * start)
    return float(total)


@numba.njit(error_model="numpy", fastmath=False)  # type: ignore[untyped-decorator]
def _polygamma(n: int, x: float) -> float:
    """The n-th derivative of the digamma function, n at least 1 (DLMF 25.11.12)."""
    size = 1.0
    for k in range(2, n + 1):
        size *= k
    return float((size if n % 2 == 1 else -size) * _zeta(n + 1.0, x))


# What the C library and LLVM compute for several numbers at once, where SciPy's functions take one.
_WRITTEN: dict[str, Callable[..., float]] = {
    "erf": lambda x: math.erf(x),
    "erfc": lambda x: math.erfc(x),
    "expit": lambda x: 1.0 / (1.0 + np.exp(-x)),
    "ndtr": lambda x: 0.5 * math.erfc(-0.7071067811865476 * x),
    "xlogy": lambda x, y: 0.0 if x == 0.0 and y == y else x * np.log(y),
    "zeta": lambda x, q: _zeta(x, q),
}


def _written(name: str, function: Callable[..., float]) -> Any:
    """A function for numba from a formula in float64, in the dtype that SciPy gives."""
    key = f"scipy.special.{name}"
    row = rule(key)
    assert row is not None
    words = ", ".join(row.args)
    floats = ", ".join(f"np.float64({word})" for word in row.args)
    scope: dict[str, Any] = {"np": np, "special": special}
    scope["formula"] = numba.njit(error_model="numpy", fastmath=False)(function)
    # numba reads the parameters of both, so they are written out.
    text = [f"def {name}({words}):", f"    return special.{name}({words})"]
    for cast in ("float64", "float32"):
        text += [f"def as_{cast}({words}):", f"    return np.{cast}(formula({floats}))"]
    text += [f"def typed({words}):", f"    return chosen({words})"]
    exec("\n".join(text), scope)
    scope["chosen"] = lambda *given: scope[f"as_{special_result(key, given)}"]
    overload(scope[name])(scope["typed"])
    scope[name].__module__ = Function.__module__
    return scope[name]


def polygamma(n, x):  # type: ignore[no-untyped-def]
    """SciPy's, which has no entry in C."""
    return special.polygamma(n, x)


def written(psi: Function) -> dict[str, Any]:
    """The functions that numba compiles from a formula; `psi` has an entry in C."""

    # numba compares parameters together with their annotations, so there are none.
    @overload(polygamma)
    def _(n, x):  # type: ignore[no-untyped-def]
        special_result("scipy.special.polygamma", (n, x))
        return lambda n, x: psi(np.float64(x)) if n == 0 else _polygamma(n, np.float64(x))

    polygamma.__module__ = Function.__module__
    made = {name: _written(name, function) for name, function in _WRITTEN.items()}
    return {"polygamma": polygamma, **made}
