"""Loops call the C library's vector functions, as exactly as promised, and only in our code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from tangent_fwd.backend import vector_math
from tangent_fwd.backend.load import load
from tangent_fwd.options import Options

HEAD = "import math\nimport numpy as np\nfrom numba import njit\n\n\n@njit\n"

needs_libmvec = pytest.mark.skipif(
    vector_math.library() is None, reason="this C library has no vector functions"
)

# The function, the interval of its arguments, and the exact function.
UNARY: dict[str, tuple[float, float, Callable[[Any], Any]]] = {
    "np.exp": (-700, 700, mpmath.exp),
    "np.exp2": (-1000, 1000, lambda x: mpmath.power(2, x)),
    "np.expm1": (-50, 700, mpmath.expm1),
    "np.log": (1e-300, 1e3, mpmath.log),
    "np.log2": (1e-300, 1e3, lambda x: mpmath.log(x) / mpmath.log(2)),
    "np.log10": (1e-300, 1e3, mpmath.log10),
    "np.log1p": (-0.999, 1e3, mpmath.log1p),
    "np.sin": (-100, 100, mpmath.sin),
    "np.cos": (-100, 100, mpmath.cos),
    "np.tan": (-100, 100, mpmath.tan),
    "np.sinh": (-700, 700, mpmath.sinh),
    "np.cosh": (-700, 700, mpmath.cosh),
    "np.tanh": (-25, 25, mpmath.tanh),
    "np.arcsin": (-1, 1, mpmath.asin),
    "np.arccos": (-1, 1, mpmath.acos),
    "np.arctan": (-100, 100, mpmath.atan),
    "np.arcsinh": (-1e3, 1e3, mpmath.asinh),
    "np.arccosh": (1, 1e3, mpmath.acosh),
    "np.arctanh": (-0.999, 0.999, mpmath.atanh),
    "np.cbrt": (-1e300, 1e300, lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x))),
    "math.erf": (-6, 6, mpmath.erf),
    "math.erfc": (-6, 26, mpmath.erfc),
}
# Where float32 ends before the interval does.
SINGLE = {"np.cbrt": (-1e37, 1e37), "math.erfc": (-6, 9)}

BINARY: dict[str, tuple[float, float, Callable[[Any, Any], Any]]] = {
    "np.power": (0.01, 20, mpmath.power),
    "np.arctan2": (-5, 5, mpmath.atan2),
    "np.hypot": (-5, 5, mpmath.hypot),
}

SPECIAL = [0.0, 1e-320, 1e-310, 2.3e-308, 1e-40, 1e-20, 0.5, 1.0, 2.0, 100.0, 1e22, 1e308, np.inf]


def elementwise(call: str, vector_math: bool = True) -> Any:
    """A loop over one call, not kept on disk: code read back has no assembly to look at."""
    text = HEAD + (f"def entry(x, y, out):\n    for i in range(x.size):\n        out[i] = {call}\n")
    return load(
        text, "elementwise", "entry", Options(cache=False, vector_math=vector_math), call
    ).entry


def apply(entry: Any, x: np.ndarray, y: np.ndarray | None = None) -> np.ndarray:
    out = np.empty_like(x)
    entry(x, x if y is None else y, out)
    return out


def assembly(dispatcher: Any) -> str:
    return "".join(dispatcher.inspect_asm().values())


def has_vector_form(name: str, dtype: type) -> bool:
    """Whether this machine's C library has one: the older it is, the fewer it has."""
    from tangent_fwd.backend.numba_pipeline import host_features

    symbol = name.partition(".")[2].replace("arc", "a").replace("power", "pow")
    symbol += "f" if dtype is np.float32 else ""
    return bool(vector_math.declarations([symbol], host_features()))


def spread(low: float, high: float, dtype: type, count: int = 300) -> np.ndarray:
    """Arguments evenly in the interval, and in it by order of magnitude on both sides of zero."""
    chance = np.random.default_rng(1)
    if dtype is np.float32:
        low, high = max(low, -85.0), min(high, 85.0)
    even = chance.uniform(low, high, count)
    small = 10.0 ** chance.uniform(-20, 0, count)
    x = np.concatenate([even, small, -small, low + small, high - small]).astype(dtype)
    return x[(x >= dtype(low)) & (x <= dtype(high)) & (np.abs(x) >= np.finfo(dtype).tiny)]


def worst_ulp(found: np.ndarray, exact: list[Any]) -> float:
    tiny = float(np.finfo(found.dtype).tiny)
    units = np.spacing(np.array([max(abs(float(e)), tiny) for e in exact]).astype(found.dtype))
    errors = [abs(float(mpmath.mpf(float(f)) - e)) for f, e in zip(found, exact)]
    return float(np.max(np.array(errors) / units.astype(np.float64)))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("vectors", [True, pytest.param(False, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", UNARY)
def test_one_argument_is_within_four_ulp(name, vectors, dtype):
    low, high, exact = UNARY[name]
    if dtype is np.float32:
        low, high = SINGLE.get(name, (low, high))
    x = spread(low, high, dtype)
    if name == "np.cbrt" and dtype is np.float64:
        x = np.concatenate([x, [1e-300, -3e299, 7e299]])
    entry = elementwise(f"{name}(x[i])", vector_math=vectors)
    found = apply(entry, x)
    assert ("_ZGV" in assembly(entry)) == (vectors and has_vector_form(name, dtype))
    with mpmath.workprec(120):
        assert worst_ulp(found, [exact(mpmath.mpf(float(v))) for v in x]) <= 4


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", BINARY)
def test_two_arguments_are_within_four_ulp(name, dtype):
    low, high, exact = BINARY[name]
    chance = np.random.default_rng(2)
    x, y = (chance.uniform(low, high, 600).astype(dtype) for _ in range(2))
    entry = elementwise(f"{name}(x[i], y[i])")
    found = apply(entry, x, y)
    assert ("_ZGV" in assembly(entry)) == has_vector_form(name, dtype)
    with mpmath.workprec(120):
        pairs = [(mpmath.mpf(float(a)), mpmath.mpf(float(b))) for a, b in zip(x, y)]
        assert worst_ulp(found, [exact(a, b) for a, b in pairs]) <= 4


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", UNARY)
def test_special_values_are_those_of_the_scalar_function(name, dtype):
    with np.errstate(over="ignore"):
        x = np.array([s * v for v in SPECIAL for s in (1.0, -1.0)] + [np.nan]).astype(dtype)
    # Once alone, so that the vector function decides for lanes that are all alike, too.
    for values in [x, *(np.full(16, v) for v in x)]:
        values = np.tile(values, 4)
        with_vectors = apply(elementwise(f"{name}(x[i])"), values)
        without = apply(elementwise(f"{name}(x[i])", vector_math=False), values)
        np.testing.assert_array_equal(np.isnan(with_vectors), np.isnan(without))
        known = ~np.isnan(without)
        np.testing.assert_array_equal(
            np.signbit(with_vectors[known]), np.signbit(without[known]), err_msg=str(values)
        )
        eps = np.finfo(dtype).eps
        np.testing.assert_allclose(with_vectors, without, rtol=8 * eps, atol=np.finfo(dtype).tiny)


@needs_libmvec
@pytest.mark.parametrize("call", ["math.log(x[i])", "np.log1p(x[i])", "np.sqrt(np.log(x[i]))"])
def test_calls_inside_an_if_are_vectorised_and_see_only_their_lanes(call):
    entry = elementwise(f"{call} if x[i] > 1.0 else y[i]")
    x = np.random.default_rng(3).normal(size=4096) * 3
    found = apply(entry, x, -x)
    assert "_ZGV" in assembly(entry)
    expected = apply(elementwise(f"{call} if x[i] > 1.0 else y[i]", vector_math=False), x, -x)
    np.testing.assert_allclose(found, expected, rtol=1e-15)


@needs_libmvec
def test_helpers_reached_by_a_call_are_vectorised_too():
    text = HEAD + (
        "def act(a):\n    return math.tanh(a) * np.exp(-a)\n\n\n"
        "@njit\n"
        "def entry(x, out):\n"
        "    for i in range(x.size):\n"
        "        out[i] = act(x[i])\n"
    )
    entry = load(text, "helpers", "entry", Options(cache=False), "").entry
    x = np.linspace(-3, 3, 1001)
    out = np.empty_like(x)
    entry(x, out)
    np.testing.assert_allclose(out, np.tanh(x) * np.exp(-x), rtol=1e-15)
    assert "expm1" in assembly(entry) and "_exp" in assembly(entry)


def test_powers_with_a_known_exponent_stay_products():
    entry = elementwise("x[i] ** 2.0")
    x = np.linspace(-3, 3, 64)
    np.testing.assert_array_equal(apply(entry, x), x * x)
    assert "pow" not in assembly(entry)


def test_a_users_own_functions_compile_as_before():
    import numba

    apply(elementwise("np.tanh(x[i])"), np.ones(64))

    @numba.njit
    def own(x, out):
        for i in range(x.size):
            out[i] = np.tanh(x[i]) + np.exp(x[i]) + np.cbrt(x[i])

    own(np.ones(64), np.ones(64))
    assert "_ZGV" not in assembly(own)
    assert "tangent_fwd" not in assembly(own)


def test_compiled_code_is_callable_from_a_users_function():
    import numba

    inner = elementwise("np.tanh(x[i]) * np.log(x[i])")

    @numba.njit
    def own(x, out):
        inner(x, x, out)
        out[0] = math_log(x[0])

    @numba.njit
    def math_log(a):
        return np.log(a)

    x = np.linspace(0.5, 2, 64)
    out = np.empty_like(x)
    own(x, out)
    np.testing.assert_allclose(out[1:], (np.tanh(x) * np.log(x))[1:], rtol=1e-15)
    assert out[0] == np.log(0.5)


def test_without_the_library_everything_still_works(monkeypatch):
    monkeypatch.setattr(vector_math, "library", lambda: None)
    entry = elementwise("np.tanh(x[i]) * np.exp(x[i])")
    x = np.linspace(0.5, 2, 64)
    np.testing.assert_allclose(apply(entry, x), np.tanh(x) * np.exp(x), rtol=1e-15)
    assert "_ZGV" not in assembly(entry)
    assert vector_math.disguise(["tanh", "llvm.exp.f64"], ["avx2", "fma"], "x").renames == {}


def test_registers_that_the_processor_lacks_are_not_used():
    text = vector_math.declarations(["exp"], ["sse4.2"])
    assert "_ZGVdN4v_exp" not in text and "_ZGVeN8v_exp" not in text
    assert ("_ZGVbN2v_exp" in text) == (vector_math.library() is not None)


def test_parallel_loops_are_vectorised():
    text = HEAD.replace("njit\n", "njit, prange\n", 1) + (
        "def entry(x, out):\n    for i in prange(x.size):\n        out[i] = np.tanh(x[i])\n"
    )
    vectors = load(text, "parallel", "entry", Options(parallel=True), "").entry
    scalars = load(text, "parallel", "entry", Options(parallel=True, vector_math=False), "").entry
    x = np.linspace(-3, 3, 4001)
    first, second = np.empty_like(x), np.empty_like(x)
    vectors(x, first)
    scalars(x, second)
    np.testing.assert_allclose(first, second, rtol=1e-15)
    # The bodies are compiled out of sight; that some results differ shows which function ran.
    assert np.any(first != second) == (vector_math.library() is not None)
