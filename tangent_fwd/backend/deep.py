"""A pass of numba's that may go deeper than Python lets calls go.

This file imports numba at the top; import it from inside functions.
"""

from __future__ import annotations

import sys
from typing import Any

from numba.core.compiler_machinery import register_pass
from numba.core.untyped_passes import ReconstructSSA


@register_pass(mutates_CFG=False, analysis_only=False)
class DeepSSA(ReconstructSSA):  # type: ignore[misc]  # numba has no types
    """numba's renaming of variables, which looks for a name one call deeper in each block; a `try`
    has a block for each of its lines.
    """

    _name = "tangent_fwd_reconstruct_ssa"

    def run_pass(self, state: Any) -> bool:
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(limit + 8 * len(state.func_ir.blocks))
        try:
            return bool(super().run_pass(state))
        finally:
            sys.setrecursionlimit(limit)
