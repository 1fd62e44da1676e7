"""Functions of NumPy and SciPy written in the language that the compiler takes, which therefore
differentiates them like any function of the user's: no rule of their own.

One row for each: the function, and which of its parameters are settled when it is compiled. Where
the rules know a plainer call of the same function, `beyond` says with how many arguments, and
only calls with more, or with keywords, come here. `of_complex` says that the text means the same
for complex numbers, which are refused elsewhere.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tangent_fwd.library import (
    algebra,
    arrays,
    draws,
    elementary,
    indexing,
    orders,
    polynomials,
    products,
    rearranged,
    reductions,
    sequences,
    special,
)
from tangent_fwd.library.draws import MOVED, REPEATED

SETTLED = frozenset(
    "axis keepdims ddof ord rowvar bias increasing mode kind trim even endpoint reverse".split()
)
"""Parameters of definitions that are constants, which a definition is made for."""


@dataclass(frozen=True)
class Definition:
    """A library function as Python that can be compiled."""

    function: Callable[..., Any]
    beyond: int = -1
    of_complex: bool = False

    @property
    def static(self) -> tuple[str, ...]:
        """The parameters that must be constants."""
        return settled(self.function)


def settled(function: Callable[..., Any]) -> tuple[str, ...]:
    """The parameters of a definition that are constants."""
    return tuple(name for name in inspect.signature(function).parameters if name in SETTLED)


DEFINITIONS: dict[str, Definition] = {
    # Reductions
    "numpy.var": Definition(reductions.var),
    "numpy.std": Definition(reductions.std),
    "numpy.ptp": Definition(reductions.ptp),
    "numpy.average": Definition(reductions.average),
    "numpy.median": Definition(reductions.median),
    "numpy.percentile": Definition(reductions.percentile),
    "numpy.quantile": Definition(reductions.quantile),
    "numpy.nanmedian": Definition(reductions.nanmedian),
    "numpy.nanpercentile": Definition(reductions.nanpercentile),
    "numpy.nanquantile": Definition(reductions.nanquantile),
    "numpy.nansum": Definition(reductions.nansum),
    "numpy.nanprod": Definition(reductions.nanprod),
    "numpy.nanmean": Definition(reductions.nanmean),
    "numpy.nanvar": Definition(reductions.nanvar),
    "numpy.nanstd": Definition(reductions.nanstd),
    "numpy.nanmax": Definition(reductions.nanmax),
    "numpy.nanmin": Definition(reductions.nanmin),
    "numpy.any": Definition(reductions.any_, beyond=1),
    "numpy.all": Definition(reductions.all_, beyond=1),
    "numpy.count_nonzero": Definition(reductions.count_nonzero, beyond=1),
    "numpy.nanargmax": Definition(reductions.nanargmax, beyond=1),
    "numpy.nanargmin": Definition(reductions.nanargmin, beyond=1),
    "numpy.cumsum": Definition(reductions.cumsum, beyond=1),
    "numpy.cumulative_sum": Definition(reductions.cumsum),
    "numpy.cumprod": Definition(reductions.cumprod, of_complex=True),
    "numpy.cumulative_prod": Definition(reductions.cumprod),
    "numpy.nancumsum": Definition(reductions.nancumsum),
    "numpy.nancumprod": Definition(reductions.nancumprod),
    "numpy.trapezoid": Definition(reductions.trapezoid, of_complex=True),
    "numpy.linalg.matrix_power": Definition(algebra.matrix_power, of_complex=True),
    "numpy.linalg.cond": Definition(algebra.cond, of_complex=True),
    "numpy.linalg.svdvals": Definition(algebra.svdvals, of_complex=True),
    "numpy.linalg.norm": Definition(reductions.norm, of_complex=True),
    "numpy.linalg.vector_norm": Definition(reductions.vector_norm, of_complex=True),
    "numpy.linalg.matrix_norm": Definition(reductions.matrix_norm, of_complex=True),
    "numpy.cov": Definition(reductions.cov),
    "numpy.corrcoef": Definition(reductions.corrcoef),
    # Orders
    "numpy.sort": Definition(orders.sort),
    "numpy.argsort": Definition(orders.argsort, beyond=1),
    "numpy.partition": Definition(orders.partition),
    "numpy.unique": Definition(orders.unique),
    "numpy.union1d": Definition(orders.union1d),
    "numpy.intersect1d": Definition(orders.intersect1d),
    "numpy.setdiff1d": Definition(orders.setdiff1d),
    "numpy.setxor1d": Definition(orders.setxor1d),
    "numpy.trim_zeros": Definition(orders.trim_zeros),
    # The same numbers elsewhere
    "numpy.squeeze": Definition(rearranged.squeeze, of_complex=True),
    "numpy.matrix_transpose": Definition(rearranged.matrix_transpose, of_complex=True),
    "numpy.diagonal": Definition(rearranged.diagonal, of_complex=True),
    "numpy.take": Definition(rearranged.take),
    "numpy.repeat": Definition(rearranged.repeat, beyond=2, of_complex=True),
    "numpy.roll": Definition(rearranged.roll, beyond=2, of_complex=True),
    "numpy.flip": Definition(rearranged.flip, beyond=1, of_complex=True),
    "numpy.compress": Definition(rearranged.compress),
    "numpy.extract": Definition(rearranged.extract),
    "numpy.delete": Definition(rearranged.delete, of_complex=True),
    "numpy.insert": Definition(rearranged.insert, of_complex=True),
    "numpy.append": Definition(arrays.append, of_complex=True),
    "numpy.resize": Definition(arrays.resize, of_complex=True),
    "numpy.asarray_chkfinite": Definition(arrays.asarray_chkfinite),
    "numpy.matvec": Definition(products.matvec),
    "numpy.vecmat": Definition(products.vecmat),
    "numpy.take_along_axis": Definition(arrays.take_along_axis),
    "numpy.vander": Definition(arrays.vander),
    "numpy.diagflat": Definition(arrays.diagflat, of_complex=True),
    # Written into an array
    "numpy.put": Definition(indexing.put),
    "numpy.place": Definition(indexing.place),
    "numpy.putmask": Definition(indexing.putmask),
    "numpy.copyto": Definition(indexing.copyto),
    "numpy.fill_diagonal": Definition(indexing.fill_diagonal),
    "numpy.put_along_axis": Definition(indexing.put_along_axis),
    # Along an axis, and made of others
    "numpy.interp": Definition(arrays.interp),
    "numpy.linspace": Definition(arrays.linspace, beyond=3),
    "numpy.kaiser": Definition(arrays.kaiser),
    "numpy.unstack": Definition(arrays.unstack),
    "numpy.array_equiv": Definition(arrays.array_equiv),
    "numpy.logspace": Definition(arrays.logspace),
    "numpy.geomspace": Definition(arrays.geomspace),
    "numpy.diff": Definition(arrays.diff, beyond=2),
    "numpy.ediff1d": Definition(arrays.ediff1d),
    "numpy.gradient": Definition(arrays.gradient),
    "numpy.unwrap": Definition(arrays.unwrap),
    "numpy.bincount": Definition(arrays.bincount, beyond=1),
    "numpy.histogram": Definition(arrays.histogram),
    "numpy.convolve": Definition(arrays.convolve, beyond=2, of_complex=True),
    # Polynomials
    "numpy.polyval": Definition(polynomials.polyval),
    "numpy.polyfit": Definition(polynomials.polyfit),
    "numpy.roots": Definition(polynomials.roots),
    "numpy.polyder": Definition(polynomials.polyder),
    "numpy.polyint": Definition(polynomials.polyint),
    "numpy.polyadd": Definition(polynomials.polyadd),
    "numpy.polysub": Definition(polynomials.polysub),
    "numpy.polymul": Definition(polynomials.polymul),
    "numpy.polynomial.polynomial.polyval": Definition(polynomials.polyval_up),
    "numpy.polynomial.polynomial.polyint": Definition(polynomials.polyint_up),
    "numpy.polynomial.polynomial.polyadd": Definition(polynomials.polyadd_up),
    "numpy.polynomial.polynomial.polysub": Definition(polynomials.polysub_up),
    "numpy.polynomial.polynomial.polymul": Definition(polynomials.polymul_up),
    "numpy.polynomial.polynomial.polydiv": Definition(polynomials.polydiv_up),
    "numpy.polynomial.polyutils.trimseq": Definition(polynomials.trimseq),
    # Into another order
    "numpy.random.shuffle": Definition(draws.shuffle),
    "random.shuffle": Definition(draws.shuffled),
    # Lists
    "builtins.sorted": Definition(sequences.sorted_),
    **{
        f"heapq.{function.__name__}": Definition(function)
        for function in (
            sequences.heapify,
            sequences.heappush,
            sequences.heappop,
            sequences.heapreplace,
            sequences.heappushpop,
            sequences.nlargest,
            sequences.nsmallest,
        )
    },
    # Of numbers, and of each element
    "numpy.heaviside": Definition(elementary.heaviside),
    "numpy.modf": Definition(elementary.modf),
    "numpy.divmod": Definition(elementary.divmod_),
    "numpy.is_integer": Definition(elementary.is_integer),
    "math.modf": Definition(elementary.modf),
    "math.cbrt": Definition(elementary.cbrt),
    "math.fmod": Definition(elementary.fmod),
    "math.remainder": Definition(elementary.remainder),
    "math.isclose": Definition(elementary.isclose),
    "math.ulp": Definition(elementary.ulp),
    "math.comb": Definition(elementary.comb),
    "math.perm": Definition(elementary.perm),
    "math.factorial": Definition(elementary.factorial),
    "math.isqrt": Definition(elementary.isqrt),
    # Of SciPy
    "scipy.special.logsumexp": Definition(special.logsumexp),
    "scipy.special.softmax": Definition(special.softmax),
    "scipy.special.log_softmax": Definition(special.log_softmax),
    "scipy.special.comb": Definition(special.comb),
    "scipy.special.factorial": Definition(special.factorial),
}


def user_name(function: Any) -> str:
    """What a user calls the function that a definition is of, as in `np.sort`."""
    given = function[0] if isinstance(function, tuple) else function
    keys = [k for k, row in DEFINITIONS.items() if row.function is given]
    keys += [k for k, moved in (MOVED | REPEATED).items() if moved is given]
    return keys[0].replace("numpy.", "np.") if keys else _WORK.get(given.__name__, "this")


_WORK = {"stacked": "a product of stacks of matrices"}


def is_ours(module: str) -> bool:
    """Whether a module holds definitions, and functions that they call."""
    return module.startswith(f"{__name__}.")


OF_COMPLEX = (
    algebra.inv_tangent, algebra.solve_tangent, algebra.det_tangent, algebra.slogdet_tangent,
    algebra.cholesky_tangent, algebra.eigh_tangent, algebra.eigvalsh_tangent, algebra.eig_tangent,
    algebra.eigvals_tangent, algebra.svd_tangent, algebra.qr_tangent, algebra.pinv_tangent,
    algebra.lstsq_tangent,
)  # fmt: skip
"""Rules that are programs and hold for complex numbers."""


def takes_complex(original: Any) -> bool:
    """Whether the text of a definition means the same for complex numbers."""
    function = original[0] if isinstance(original, tuple) else original
    if function in OF_COMPLEX:
        return True
    return any(d.of_complex for d in DEFINITIONS.values() if d.function is function)


def definition(key: str, arguments: int, keywords: bool) -> Definition | None:
    """The definition that a call with so many arguments, and keywords or not, asks for."""
    found = DEFINITIONS.get(key)
    if found is None or (arguments <= found.beyond and not keywords):
        return None
    return found
