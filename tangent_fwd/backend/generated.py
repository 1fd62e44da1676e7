"""The package under which emitted modules are known: `tangent_fwd.backend.generated.<name>_<key>`.

A user's own `@njit(cache=True)` function that calls a derivative carries the derivative's code in
numba's cache, and in a later process numba imports the derivative's module by name before that
code runs, when nobody may have asked for the derivative yet. So every such name can be imported:
what is not there is made, empty, because the compiled code needs nothing of it. And importing
this package loads the vector library, without which that code would end the process, as importing
a module whose name says that it needs SciPy's special functions finds these.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from tangent_fwd.backend import blas, special, vector_math

__path__: list[str] = []


class _Finder(MetaPathFinder, Loader):
    """Finds an empty module for every name below this one."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(__name__ + "."):
            return None
        if special.MARK in fullname:
            special.library()
        return ModuleSpec(fullname, self)

    def exec_module(self, module: ModuleType) -> None:
        """Leave the module empty."""


vector_math.library()
blas.library()
sys.meta_path.append(_Finder())
