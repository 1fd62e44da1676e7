"""Products are NumPy's in our code, and numba's in everybody else's."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from tangent_fwd.backend import blas
from tangent_fwd.backend.load import load
from tangent_fwd.options import Options

TEXT = """import numpy as np
from numba import njit


@njit
def entry(a, b):
    return a @ b
"""

needs_wheel = pytest.mark.skipif(blas.library() is None, reason="NumPy is not from its wheel")


def product(name: str) -> Any:
    """A compiled product, not kept on disk: code read back has no assembly to look at."""
    return load(TEXT, "product", "entry", Options(cache=False), name).entry


def assembly(dispatcher: Any) -> str:
    return "\n".join(dispatcher.inspect_asm().values())


def matrices(dtype: str, order: str, columns: int = 5) -> tuple[Any, Any]:
    generator = np.random.default_rng(0)
    a, b = generator.standard_normal((7, 300)), generator.standard_normal((300, columns))
    return np.asarray(a, dtype, order=order[0]), np.asarray(b, dtype, order=order[1])


@needs_wheel
@pytest.mark.parametrize("order", ["CC", "CF", "FC", "FF"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_a_compiled_product_is_numpys_to_the_last_bit(dtype, order):
    a, b = matrices(dtype, order)
    entry = product(dtype)
    np.testing.assert_array_equal(entry(a, b), np.dot(a, b))
    name = {"f4": "tangent_fwd.sgemm", "f8": "tangent_fwd.dgemm"}[dtype]
    assert name in assembly(entry) and blas.NUMBA not in assembly(entry)


SHAPES = [(0, 3, 2), (2, 0, 3), (2, 3, 0), (1, 3, 2), (2, 3, 1), (1, 1, 1)]


@pytest.mark.parametrize("shape", SHAPES)
def test_thin_and_empty_products(shape):
    m, k, n = shape
    a, b = np.arange(m * k, dtype=float).reshape(m, k), np.ones((k, n))
    np.testing.assert_array_equal(product("thin")(a, b), a @ b)


def test_complex_products_stay_numbas():
    a, b = (m * (1 + 2j) for m in matrices("f8", "CC"))
    np.testing.assert_allclose(product("complex")(a, b), a @ b, rtol=1e-12)


# Products counted by a function in place of NumPy's, beside a user's own that numba compiled.
COUNTED = """
import ctypes, sys
import llvmlite.binding as llvm
import numba, numpy as np
from tangent_fwd.backend import blas
from tangent_fwd.backend.load import load
from tangent_fwd.options import Options

blas.library()
d, i, l, p = ctypes.c_double, ctypes.c_int, ctypes.c_int64, ctypes.c_void_p
counted = []
@ctypes.CFUNCTYPE(None, i, i, i, l, l, l, d, p, l, p, l, d, p, l)
def product(*arguments):
    counted.append(arguments[:6])
llvm.add_symbol("tangent_fwd.dgemm", ctypes.cast(product, p).value)

@numba.njit
def own(a, b):
    return a @ b

def ours(a, b):
    return load(sys.argv[1], "product", "entry", Options(cache=False), "").entry(a, b)

a, b = np.ones((2, 3)), np.ones((3, 4))
order = {"own": own, "ours": ours}
for word in sys.argv[2:]:
    order[word](a, b)
    print(len(counted))
"""


@needs_wheel
@pytest.mark.parametrize(
    ("first", "second"), [("own", "ours"), pytest.param("ours", "own", marks=pytest.mark.slow)]
)
def test_a_users_own_product_is_numbas_and_ours_is_not(first, second):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", COUNTED, TEXT, first, second, "ours", "own"],
        capture_output=True,
        text=True,
        check=True,
    )
    expected = ["0", "1", "2", "2"] if first == "own" else ["1", "1", "2", "2"]
    assert done.stdout.split() == expected


def test_without_the_library_products_are_numbas(monkeypatch):
    monkeypatch.setattr(blas, "library", lambda: None)
    entry = product("without")
    a, b = matrices("f8", "CC", columns=6)
    np.testing.assert_allclose(entry(a, b), a @ b, rtol=1e-12)
    assert blas.NUMBA in assembly(entry) and "tangent_fwd.dgemm" not in assembly(entry)
