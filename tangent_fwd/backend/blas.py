"""NumPy's BLAS for the matrix products of emitted functions.

numba multiplies through the BLAS that SciPy brings. NumPy's wheels bring a newer version of the
same library, OpenBLAS, which is up to a third faster for the few rows of a batch, and with which
a compiled product is the one that NumPy computes for the plain text.

numba calls `numba_xxgemm`. In our own modules that call goes to `tangent_fwd.gemm`, a function of
LLVM text that `numba_pipeline` links in. It calls NumPy's, and numba's for complex numbers. Where
NumPy's BLAS is not the one of its wheels there is no text, and products are numba's.
"""

from __future__ import annotations

import ctypes
import functools
import sys

NUMBA = "numba_xxgemm"
OURS = "tangent_fwd.gemm"

# NumPy's module that is linked with the BLAS, by its new and its old name.
_MODULES = ("numpy._core._multiarray_umath", "numpy.core._multiarray_umath")
# Our names for its products, and their symbols in NumPy's wheels; sizes are 64-bit integers.
_PRODUCTS = {
    "tangent_fwd.sgemm": "scipy_cblas_sgemm64_",
    "tangent_fwd.dgemm": "scipy_cblas_dgemm64_",
}


@functools.cache
def library() -> ctypes.CDLL | None:
    """NumPy's BLAS, its products named to LLVM, or None where it is of another kind.

    Machine code read from a cache refers to these names, and the process dies if they cannot be
    found then. So this is called before any such code is read; it needs no numba. The library is
    not made public to the process: it shares names with SciPy's, which would then call into it.
    """
    module = next((sys.modules[name] for name in _MODULES if name in sys.modules), None)
    path = getattr(module, "__file__", None)
    if path is None or sys.maxsize < 2**32:
        return None
    try:
        # A handle finds what the module is linked with.
        found = ctypes.CDLL(path)
        products = {name: getattr(found, symbol) for name, symbol in _PRODUCTS.items()}
    except (OSError, AttributeError):
        return None
    import llvmlite.binding as llvm

    for name, product in products.items():
        llvm.add_symbol(name, ctypes.cast(product, ctypes.c_void_p).value)
    return found


def text() -> str:
    """LLVM text that defines our product, empty where products are numba's."""
    return _TEXT if library() is not None else ""


# The arguments are those of Fortran's `gemm`, which counts by columns: a letter for the kind of
# number, for each factor whether it is transposed, sizes, and pointers with lengths of columns.
# 102 says by columns to cblas, 111 as it is, 112 transposed; 110 is the letter n, 115 s, 100 d.
_TEXT = """\
declare i32 @numba_xxgemm(i8, i8, i8, i64, i64, i64, ptr, ptr, i64, ptr, i64, ptr, ptr, i64)
declare void @tangent_fwd.sgemm(i32, i32, i32, i64, i64, i64,
    float, ptr, i64, ptr, i64, float, ptr, i64)
declare void @tangent_fwd.dgemm(i32, i32, i32, i64, i64, i64,
    double, ptr, i64, ptr, i64, double, ptr, i64)

define linkonce_odr i32 @tangent_fwd.gemm(i8 %kind, i8 %of_a, i8 %of_b, i64 %m, i64 %n, i64 %k,
    ptr %alpha, ptr %a, i64 %lda, ptr %b, i64 %ldb, ptr %beta, ptr %c, i64 %ldc) {
  %a_as_is = icmp eq i8 %of_a, 110
  %left = select i1 %a_as_is, i32 111, i32 112
  %b_as_is = icmp eq i8 %of_b, 110
  %right = select i1 %b_as_is, i32 111, i32 112
  switch i8 %kind, label %other [ i8 115, label %single  i8 100, label %double ]
single:
  %alpha_s = load float, ptr %alpha
  %beta_s = load float, ptr %beta
  call void @tangent_fwd.sgemm(i32 102, i32 %left, i32 %right, i64 %m, i64 %n, i64 %k,
    float %alpha_s, ptr %a, i64 %lda, ptr %b, i64 %ldb, float %beta_s, ptr %c, i64 %ldc)
  ret i32 0
double:
  %alpha_d = load double, ptr %alpha
  %beta_d = load double, ptr %beta
  call void @tangent_fwd.dgemm(i32 102, i32 %left, i32 %right, i64 %m, i64 %n, i64 %k,
    double %alpha_d, ptr %a, i64 %lda, ptr %b, i64 %ldb, double %beta_d, ptr %c, i64 %ldc)
  ret i32 0
other:
  %status = call i32 @numba_xxgemm(i8 %kind, i8 %of_a, i8 %of_b, i64 %m, i64 %n, i64 %k,
    ptr %alpha, ptr %a, i64 %lda, ptr %b, i64 %ldb, ptr %beta, ptr %c, i64 %ldc)
  ret i32 %status
}"""
