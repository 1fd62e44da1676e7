"""`python -m tangent_fwd doctor`: what is installed, and does it work."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
import time
import warnings
from collections.abc import Callable

from tangent_fwd import __version__

_PACKAGES = ("numba", "llvmlite", "numpy", "scipy", "astor")


def examine() -> int:
    """Print one line for each thing examined; returns 1 if something does not work, else 0."""
    print(f"tangent_fwd {__version__}")
    print(f"Python {platform.python_version()} on {platform.platform()}")
    for package in _PACKAGES:
        try:
            print(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            print(f"{package} is not installed")
    checks: tuple[tuple[str, Callable[[], str]], ...] = (
        ("vector math", _vectors),
        ("products", _products),
        ("cache", _cache),
        ("derivative", _derivative),
    )
    wrong = 0
    for name, check in checks:
        try:
            print(f"{name}: {check()}")
        except Exception as error:  # whatever it is, the others are to be examined too
            wrong += 1
            print(f"{name}: FAILED, {type(error).__name__}: {error}", file=sys.stderr)
    return 1 if wrong else 0


def _vectors() -> str:
    from tangent_fwd.backend import vector_math

    if vector_math.library() is None:
        return "no vector library here; loops call scalar functions"
    return f"{vector_math.LIBRARY} is in use"


def _products() -> str:
    from tangent_fwd.backend import blas

    if blas.library() is None:
        return "NumPy is not from its wheel; they are numba's, by SciPy's BLAS"
    return "by NumPy's BLAS"


def _cache() -> str:
    from tangent_fwd.backend import cache

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = cache.info()
    if found.folder is None:
        told = "; ".join(str(w.message) for w in said)
        return f"not in use ({told or 'switched off'})"
    return f"{found.folder}, {found.entries} entries, {found.size / 1e6:.1f} MB"


def _derivative() -> str:
    import numpy as np

    from tangent_fwd.samples import rosenbrock

    start = time.perf_counter()
    x = np.array([-1.2, 1.0])
    value, slope = rosenbrock.jvp((x,), (np.array([1.0, 2.0]),))
    seconds = time.perf_counter() - start
    # By hand: f = 24.2 and its gradient is (-215.6, -88) at the classical starting point.
    if abs(value - 24.2) > 1e-9 or abs(slope + 391.6) > 1e-9:
        raise AssertionError(f"got {value} and {slope}, expected 24.2 and -391.6")
    origin = "read from the cache" if rosenbrock.report().cache_hits else "compiled"
    return f"right, {origin} in {seconds:.2f} s"
