"""Numbers of the complex step, with overloads of ours.

NumPy's own complex numbers lie silently (`abs`, `sort`) or refuse (`<`, `floor`), so `CS` wraps a
complex number and decides by the real part.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

STEP = 1e-30
NEAR = 1e-7  # two compared numbers closer than this make a kink, where the oracle has no say


class NotRepresentable(TypeError):
    """The complex step cannot follow the function here."""


class Watch:
    """What a run met: how often an active comparison was too close to call."""

    kinks = 0


WATCH = Watch()


def number(value: Any) -> complex | None:
    if isinstance(value, CS):
        return value.z
    if isinstance(value, np.complexfloating):
        return None  # there is no second imaginary unit
    if isinstance(value, (bool, int, float, np.number, np.bool_)):
        return complex(value)
    return None


def _near(a: complex, b: complex, *, jump: bool = False) -> None:
    """Note a comparison whose outcome a rounding error could change."""
    close = abs(a.real - b.real) <= NEAR * max(1.0, abs(a.real), abs(b.real))
    if close and (jump or a.imag != b.imag):
        WATCH.kinks += 1


class CS:
    """A number of the complex step: real part the value, imaginary part 1e-30 times the tangent."""

    __slots__ = ("z",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, z: complex) -> None:
        self.z = z

    def __repr__(self) -> str:
        return f"CS({self.z.real!r}, {self.z.imag / STEP!r})"

    # arithmetic
    def __add__(self, other: Any) -> Any:
        b = number(other)
        return NotImplemented if b is None else CS(self.z + b)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        b = number(other)
        return NotImplemented if b is None else CS(self.z - b)

    def __rsub__(self, other: Any) -> Any:
        b = number(other)
        return NotImplemented if b is None else CS(b - self.z)

    def __mul__(self, other: Any) -> Any:
        b = number(other)
        return NotImplemented if b is None else CS(self.z * b)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        b = number(other)
        return NotImplemented if b is None else CS(self.z / b)

    def __rtruediv__(self, other: Any) -> Any:
        b = number(other)
        return NotImplemented if b is None else CS(b / self.z)

    def __floordiv__(self, other: Any) -> Any:
        b = number(other)
        return NotImplemented if b is None else CS(complex(_floor_of_quotient(self.z, b)))

    def __rfloordiv__(self, other: Any) -> Any:
        b = number(other)
        return NotImplemented if b is None else CS(complex(_floor_of_quotient(b, self.z)))

    def __mod__(self, other: Any) -> Any:
        b = number(other)
        return NotImplemented if b is None else CS(self.z - b * _floor_of_quotient(self.z, b))

    def __rmod__(self, other: Any) -> Any:
        b = number(other)
        return NotImplemented if b is None else CS(b - self.z * _floor_of_quotient(b, self.z))

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __pow__(self, other: Any) -> Any:
        b = number(other)
        return NotImplemented if b is None else CS(_power(self.z, b))

    def __rpow__(self, other: Any) -> Any:
        b = number(other)
        return NotImplemented if b is None else CS(_power(b, self.z))

    def __neg__(self) -> CS:
        return CS(-self.z)

    def __pos__(self) -> CS:
        return CS(self.z)

    def __abs__(self) -> CS:
        _near(self.z, 0j)
        return CS(self.z if self.z.real >= 0 else -self.z)

    # comparisons decide by the value
    def _against(self, other: Any) -> complex:
        b = number(other)
        if b is None:
            raise NotRepresentable(f"comparison with {type(other).__name__}")
        _near(self.z, b)
        return b

    def __lt__(self, other: Any) -> Any:
        if isinstance(other, np.ndarray):
            return NotImplemented
        return self.z.real < self._against(other).real

    def __le__(self, other: Any) -> Any:
        if isinstance(other, np.ndarray):
            return NotImplemented
        return self.z.real <= self._against(other).real

    def __gt__(self, other: Any) -> Any:
        if isinstance(other, np.ndarray):
            return NotImplemented
        return self.z.real > self._against(other).real

    def __ge__(self, other: Any) -> Any:
        if isinstance(other, np.ndarray):
            return NotImplemented
        return self.z.real >= self._against(other).real

    def __eq__(self, other: Any) -> Any:
        if isinstance(other, np.ndarray):
            return NotImplemented
        return self.z.real == self._against(other).real

    def __ne__(self, other: Any) -> Any:
        if isinstance(other, np.ndarray):
            return NotImplemented
        return self.z.real != self._against(other).real

    def __bool__(self) -> bool:
        return self.z.real != 0

    # to integers: constants, in steps
    def _whole(self, way: Callable[[float], int]) -> int:
        _near(self.z, complex(round(self.z.real)), jump=self.z.imag != 0)
        return way(self.z.real)

    def __int__(self) -> int:
        return self._whole(math.trunc)

    __trunc__ = __int__

    def __floor__(self) -> int:
        return self._whole(math.floor)

    def __ceil__(self) -> int:
        return self._whole(math.ceil)

    def __round__(self, digits: int | None = None) -> float:
        return round(self.z.real, digits)


def _floor_of_quotient(a: complex, b: complex) -> float:
    value = a.real / b.real
    _near(complex(value), complex(round(value)), jump=a.imag != 0 or b.imag != 0)
    return float(a.real // b.real)


def _power(a: complex, b: complex) -> complex:
    if b.imag == 0 and b.real == int(b.real) and abs(b.real) <= 100:
        result, factor = 1 + 0j, a
        for bit in bin(int(abs(b.real)))[:1:-1]:
            if bit == "1":
                result *= factor
            factor *= factor
        return result if b.real >= 0 else 1.0 / result
    if a.real > 0:
        return cmath.exp(b * cmath.log(a))
    if a.real == 0 and b.real > 1:
        return 0j
    raise NotRepresentable("power of a number that is not positive")


def _log1p(z: complex) -> complex:
    return complex(math.log1p(z.real), math.atan2(z.imag, 1.0 + z.real))


def _expm1(z: complex) -> complex:
    return complex(math.expm1(z.real), math.exp(z.real) * math.sin(z.imag))


def _cbrt(z: complex) -> complex:
    if z.real < 0:
        return -_cbrt(-z)
    root = math.cbrt(z.real) if hasattr(math, "cbrt") else float(np.cbrt(z.real))
    return complex(root, root * math.sin(math.atan2(z.imag, z.real) / 3.0))


def _atan2(y: complex, x: complex) -> complex:
    # the argument of the complex number x + iy, turned by a small angle
    turned = (x.real * y.imag - y.real * x.imag) / (x.real**2 + y.real**2)
    return complex(math.atan2(y.real, x.real), turned)


def _copysign(a: complex, b: complex) -> complex:
    flips = math.copysign(1.0, a.real) != math.copysign(1.0, b.real)
    return -a if flips else a


def _fmod(a: complex, b: complex) -> complex:
    value = a.real / b.real
    _near(complex(value), complex(round(value)), jump=a.imag != 0 or b.imag != 0)
    return a - b * math.trunc(value)


def _gamma(z: complex) -> complex:
    value = math.gamma(z.real)
    return complex(value, value * special.digamma(z.real) * z.imag)


def _logaddexp(a: complex, b: complex) -> complex:
    top, low = (a, b) if a.real >= b.real else (b, a)
    return top + _log1p(cmath.exp(low - top))


def _sinc(z: complex) -> complex:
    turned = math.pi * z
    return cmath.sin(turned) / turned if z.real != 0 else 1 + 0j


def _constant(way: Callable[[float], float]) -> Callable[[complex], complex]:
    def stepped(z: complex) -> complex:
        nearest = round(2.0 * z.real) / 2.0 if way is np.rint else float(round(z.real))
        _near(z, complex(nearest), jump=z.imag != 0)
        return complex(way(z.real))

    return stepped


def _abs(z: complex) -> complex:
    return abs(CS(z)).z


def _maximum(a: complex, b: complex) -> complex:
    _near(a, b)
    return a if a.real >= b.real else b


def _minimum(a: complex, b: complex) -> complex:
    _near(a, b)
    return a if a.real <= b.real else b


def _sign(z: complex) -> complex:
    _near(z, 0j, jump=z.imag != 0)
    return complex(np.sign(z.real))


UNARY: dict[str, Callable[[complex], complex]] = {
    "sin": cmath.sin,
    "cos": cmath.cos,
    "tan": cmath.tan,
    "arcsin": cmath.asin,
    "arccos": cmath.acos,
    "arctan": cmath.atan,
    "sinh": cmath.sinh,
    "cosh": cmath.cosh,
    "tanh": cmath.tanh,
    "arcsinh": cmath.asinh,
    "arccosh": cmath.acosh,
    "arctanh": cmath.atanh,
    "exp": cmath.exp,
    "exp2": lambda z: cmath.exp(z * math.log(2.0)),
    "expm1": _expm1,
    "log": cmath.log,
    "log2": lambda z: cmath.log(z) / math.log(2.0),
    "log10": lambda z: cmath.log(z) / math.log(10.0),
    "log1p": _log1p,
    "sqrt": cmath.sqrt,
    "cbrt": _cbrt,
    "square": lambda z: z * z,
    "reciprocal": lambda z: 1.0 / z,
    "negative": lambda z: -z,
    "positive": lambda z: z,
    "abs": _abs,
    "absolute": _abs,
    "fabs": _abs,
    "sign": _sign,
    "sinc": _sinc,
    "degrees": lambda z: z * (180.0 / math.pi),
    "rad2deg": lambda z: z * (180.0 / math.pi),
    "radians": lambda z: z * (math.pi / 180.0),
    "deg2rad": lambda z: z * (math.pi / 180.0),
    "floor": _constant(math.floor),
    "ceil": _constant(math.ceil),
    "trunc": _constant(math.trunc),
    "rint": _constant(np.rint),
    "erf": lambda z: complex(
        math.erf(z.real), 2.0 / math.sqrt(math.pi) * math.exp(-(z.real**2)) * z.imag
    ),
    "erfc": lambda z: complex(
        math.erfc(z.real), -2.0 / math.sqrt(math.pi) * math.exp(-(z.real**2)) * z.imag
    ),
    "gamma": _gamma,
    "lgamma": lambda z: complex(math.lgamma(z.real), special.digamma(z.real) * z.imag),
}

BINARY: dict[str, Callable[[complex, complex], complex]] = {
    "arctan2": _atan2,
    "hypot": lambda a, b: cmath.sqrt(a * a + b * b),
    "power": _power,
    "maximum": _maximum,
    "minimum": _minimum,
    "fmax": _maximum,
    "fmin": _minimum,
    "copysign": _copysign,
    "fmod": _fmod,
    "logaddexp": _logaddexp,
}


def complex_of(value: Any) -> complex:
    z = number(value)
    if z is None:
        raise NotRepresentable(type(value).__name__)
    return z


def clip_one(a: complex, low: complex, high: complex) -> complex:
    _near(a, low)
    _near(a, high)
    return low if a.real < low.real else high if a.real > high.real else a


class CSArray(np.ndarray):
    """An object array of `CS` that stays one where float storage is asked for."""

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        """A copy; float storage of any width holds `CS`, for the oracle knows float64 alone."""
        if np.dtype(dtype).kind == "f":
            return self.copy()
        return super().astype(dtype, *args, **kwargs)

    def __array_wrap__(self, made: Any, context: Any = None, return_scalar: bool = False) -> Any:
        made = super().__array_wrap__(made, context, return_scalar)
        return made[()] if made.ndim == 0 and return_scalar else made
