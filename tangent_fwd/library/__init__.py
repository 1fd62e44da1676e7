"""Functions of NumPy and SciPy written in the language that the compiler takes, which therefore
differentiates them like any function of the user's: no rule of their own.

One row for each: the function, and which of its parameters are settled when it is compiled. Where
the rules know a plainer call of the same function, `beyond` says with how many arguments, and
only calls with more, or with keywords, come here. `of_complex` says that the text means the same
for complex numbers, which are refused elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tangent_fwd.library import algebra, arrays, reductions, special


@dataclass(frozen=True)
class Definition:
    """A library function as Python that can be compiled."""

    function: Callable[..., Any]
    static: tuple[str, ...] = ()
    beyond: int = -1
    of_complex: bool = False


_AXIS = ("axis", "keepdims")

DEFINITIONS: dict[str, Definition] = {
    "numpy.var": Definition(reductions.var, (*_AXIS, "ddof")),
    "numpy.std": Definition(reductions.std, (*_AXIS, "ddof")),
    "numpy.ptp": Definition(reductions.ptp, _AXIS),
    "numpy.average": Definition(reductions.average),
    "numpy.median": Definition(reductions.median),
    "numpy.percentile": Definition(reductions.percentile),
    "numpy.quantile": Definition(reductions.quantile),
    "numpy.nansum": Definition(reductions.nansum),
    "numpy.nanprod": Definition(reductions.nanprod),
    "numpy.nanmean": Definition(reductions.nanmean),
    "numpy.nanvar": Definition(reductions.nanvar, ("ddof",)),
    "numpy.nanstd": Definition(reductions.nanstd, ("ddof",)),
    "numpy.nanmax": Definition(reductions.nanmax),
    "numpy.nanmin": Definition(reductions.nanmin),
    "numpy.cumprod": Definition(reductions.cumprod, of_complex=True),
    "numpy.nancumsum": Definition(reductions.nancumsum),
    "numpy.nancumprod": Definition(reductions.nancumprod),
    "numpy.trapezoid": Definition(reductions.trapezoid, of_complex=True),
    "numpy.linalg.matrix_power": Definition(algebra.matrix_power),
    "numpy.linalg.cond": Definition(algebra.cond, ("p",)),
    "numpy.linalg.svdvals": Definition(algebra.svdvals),
    "numpy.linalg.norm": Definition(reductions.norm, ("ord",)),
    "numpy.cov": Definition(reductions.cov, ("rowvar", "bias")),
    "numpy.corrcoef": Definition(reductions.corrcoef, ("rowvar",)),
    "numpy.sort": Definition(arrays.sort),
    "numpy.interp": Definition(arrays.interp),
    "numpy.logspace": Definition(arrays.logspace),
    "numpy.geomspace": Definition(arrays.geomspace),
    "numpy.vander": Definition(arrays.vander, ("increasing",)),
    "numpy.diagflat": Definition(arrays.diagflat, of_complex=True),
    "numpy.append": Definition(arrays.append, ("axis",), of_complex=True),
    "numpy.delete": Definition(arrays.delete, of_complex=True),
    "numpy.insert": Definition(arrays.insert, of_complex=True),
    "numpy.ediff1d": Definition(arrays.ediff1d),
    "numpy.unwrap": Definition(arrays.unwrap),
    "numpy.resize": Definition(arrays.resize, of_complex=True),
    "numpy.take_along_axis": Definition(arrays.take_along_axis, ("axis",)),
    "numpy.roll": Definition(arrays.roll, ("axis",), beyond=2, of_complex=True),
    "numpy.convolve": Definition(arrays.convolve, ("mode",), beyond=2, of_complex=True),
    "scipy.special.logsumexp": Definition(special.logsumexp, _AXIS),
    "scipy.special.softmax": Definition(special.softmax, ("axis",)),
    "scipy.special.log_softmax": Definition(special.log_softmax, ("axis",)),
    "scipy.special.comb": Definition(special.comb),
    "scipy.special.factorial": Definition(special.factorial),
}


def is_ours(module: str) -> bool:
    """Whether a module holds definitions, and functions that they call."""
    return module.startswith(f"{__name__}.")


def takes_complex(original: Any) -> bool:
    """Whether the text of a definition means the same for complex numbers."""
    function = original[0] if isinstance(original, tuple) else original
    return any(d.of_complex for d in DEFINITIONS.values() if d.function is function)


def definition(key: str, arguments: int, keywords: bool) -> Definition | None:
    """The definition that a call with so many arguments, and keywords or not, asks for."""
    found = DEFINITIONS.get(key)
    if found is None or (arguments <= found.beyond and not keywords):
        return None
    return found
