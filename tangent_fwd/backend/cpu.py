"""numba for emitted functions: the flags every one of them needs, and our compiler class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tangent_fwd.backend import blas, vector_math
from tangent_fwd.backend.cache import Entry
from tangent_fwd.options import Options

# The flags that reorder and contract. Those that assume there is no NaN or infinity would delete
# the user's own checks for them, so they are never among these.
FAST = frozenset({"reassoc", "contract", "nsz"})

# Words of numba's for what `parallel=True` means besides `prange`.
_ONLY_PRANGE = dict.fromkeys(
    "comprehension reduction inplace_binop setitem numpy stencil fusion".split(), False
)


def jit(function: Callable[..., Any], options: Options, entry: Entry | None = None) -> Any:
    """Compile an emitted function on its first call.

    Division by zero gives an infinity and not an exception (a tangent may divide by zero in a
    lane that nobody asks for, and the exception would keep every loop scalar). Loops call vector
    functions where the machine has them. Sums on lines ending in `# any order` may be reordered.
    Only loops over `prange` run in threads: numba would spread filling an array, too.

    Args:
        function: a function whose source numba and `linecache` can read.
        options: `fastmath`, `parallel` and `vector_math` decide how it is compiled.
        entry: where its compiled code is kept, or None to keep none.

    Returns:
        A numba dispatcher (the function itself where numba is switched off by NUMBA_DISABLE_JIT).
    """
    import numba
    from numba.core.cpu_options import ParallelOptions

    from tangent_fwd.backend import numba_cache, numba_pipeline

    parallel = options.parallel and "prange" in function.__code__.co_names
    vectors = vector_math.library() is not None and options.vector_math
    dispatcher = numba.njit(
        error_model="numpy",
        fastmath=set(FAST) if options.fastmath else False,
        parallel=ParallelOptions(dict(_ONLY_PRANGE)) if parallel else False,
        pipeline_class=numba_pipeline.VectorCompiler if vectors else numba_pipeline.ScalarCompiler,
    )(function)
    if entry is not None and is_dispatcher(dispatcher):
        dispatcher._cache = numba_cache.SealedCache(function, entry)
    return dispatcher


def is_dispatcher(value: object) -> bool:
    """Whether a value is what `@njit` makes of a function."""
    from numba.core.dispatcher import Dispatcher

    return isinstance(value, Dispatcher)


def fingerprint() -> tuple[object, ...]:
    """Everything about this machine and numba that compiled code depends on."""
    import llvmlite
    import numba
    from numba.core.registry import cpu_target

    from tangent_fwd.backend.numba_pipeline import host_features

    switches = ("OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "BOUNDSCHECK", "DEBUGINFO_DEFAULT")
    return (
        numba.__version__,
        llvmlite.__version__,
        cpu_target.target_context.codegen().magic_tuple(),
        [str(getattr(numba.config, name, None)) for name in switches],
        vector_math.declarations(vector_math.SCALAR, host_features()),
        blas.text(),
    )
