"""Products with one right factor: one call of BLAS where that pays, and the same numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tangent_fwd.backend import support
from tests.harness import differentiate, plain
from tests.test_workspace import kept, workspace


def layers(X, W, U):
    hidden = np.tanh(X @ W)
    return np.sum(np.tanh(hidden @ U))


def expected(X, W, U, d_X, d_W, d_U):
    """`layers` and its tangent, product by product."""
    hidden = np.tanh(X @ W)
    d_hidden = (1 - hidden**2) * (d_X @ W + X @ d_W)
    out = np.tanh(hidden @ U)
    return np.sum(out), np.sum((1 - out**2) * (d_hidden @ U + hidden @ d_U))


def matrices(rows: int, size: int, dtype: Any, seed: int = 0) -> tuple[Any, ...]:
    """Arguments of `layers`, small enough for tanh to matter."""
    random = np.random.default_rng(seed)
    shapes = (rows, size), (size, size), (size, size)
    return tuple((random.standard_normal(s) / size**0.5).astype(dtype) for s in shapes)


# On either side of 256 columns and of 256 rows, where the one way takes over from the other.
SIZES = [(1, 256), (5, 260), (5, 255), (256, 257), (257, 257)]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("rows", "size"), SIZES)
@pytest.mark.parametrize("count", [2, 9])
def test_each_product_is_what_it_would_be_alone(
    count: int, rows: int, size: int, dtype: Any
) -> None:
    random = np.random.default_rng(count)
    lefts = [random.standard_normal((rows, 7)).astype(dtype) for _ in range(count)]
    W = random.standard_normal((7, size)).astype(dtype)
    found = function(f"products{count}")(*lefts, W)
    tolerance = 64 * np.finfo(dtype).eps
    for left, product in zip(lefts, found, strict=True):
        np.testing.assert_allclose(product, left @ W, rtol=0, atol=tolerance * 7)
        assert product.dtype == dtype


def test_matrices_of_other_heights_are_multiplied_one_by_one() -> None:
    random = np.random.default_rng(0)
    a, b, W = (random.standard_normal(s) for s in ((2, 7), (3, 7), (7, 260)))
    for left, product in zip((a, b), function("products2")(a, b, W), strict=True):
        np.testing.assert_array_equal(product, left @ W)


def function(name: str) -> Callable[..., Any]:
    """A support function of the module, as plain Python."""
    namespace: dict[str, Any] = {"np": np, "njit": lambda **_: lambda f: f}
    exec(support.products(name), namespace)
    found: Callable[..., Any] = namespace[name]
    return found


@pytest.mark.parametrize("lanes", [1, 3, 8, pytest.param(12, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("rows", "size"), SIZES)
def test_derivatives_of_all_lanes(rows: int, size: int, lanes: int) -> None:
    args = matrices(rows, size, np.float64)
    ways = [matrices(rows, size, np.float64, 1 + lane) for lane in range(lanes)]
    program = differentiate(layers, args, (True,) * 3, lanes)
    assert f"products{min(1 + lanes, 9)}(" in program.text
    check(plain(program), args, ways, 1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("memory", [0, 1 << 20])
def test_with_a_workspace(memory: int, dtype: Any) -> None:
    args, way = matrices(5, 260, dtype), matrices(5, 260, dtype, 1)
    program = kept(layers, args, (True,) * 3, 1)
    assert f"products2_take{8 * np.dtype(dtype).itemsize}(" in program.text
    work = workspace(memory)
    entry = plain(program)
    check(lambda *given: entry(*given, work), args, [way], 1e-4 if dtype is np.float32 else 1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("lanes", [1, 3])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_under_numba(dtype: Any, lanes: int) -> None:
    from tangent_fwd import forward_grad

    compiled = forward_grad(layers, argnums=(0, 1, 2))
    for rows, size in SIZES:
        args = matrices(rows, size, dtype)
        way = matrices(rows, size, dtype, 1)
        value, slope = compiled.jvp(args, way)
        tolerance = 1e-4 if dtype is np.float32 else 1e-12
        np.testing.assert_allclose((value, slope), expected(*args, *way), rtol=tolerance)


def check(entry: Any, args: tuple[Any, ...], ways: list[tuple[Any, ...]], rtol: float) -> None:
    tangents = [way[k] for k in range(len(args)) for way in ways]
    value, slopes = entry(*args, *tangents)
    slopes = [slopes] if len(ways) == 1 else slopes
    for way, slope in zip(ways, slopes, strict=True):
        np.testing.assert_allclose((value, slope), expected(*args, *way), rtol=rtol)


def checked_between(A, B, W):
    first = A @ W
    if B[0, 0] > 9.0:
        raise ValueError("B is too large")
    return np.sum(first) + np.sum(B @ W)


def written_between(A, B, W):
    first = A @ W
    W[0, 0] = 0.5
    return np.sum(first) + np.sum(B @ W)


def one_after_the_other(A, B, W):
    first = A @ W
    return np.sum(first @ W) + np.sum(B)


def bound_between(A, B, W):
    first = A @ W
    B = np.exp(B)
    return np.sum(first) + np.sum(B @ W)


def apart(A, B, W):
    return np.sum(A @ W) + np.sum(B @ W)


@pytest.mark.parametrize(
    ("program", "calls"),
    [
        (checked_between, ["products2"] * 2),
        (written_between, ["products2"] * 2),
        (one_after_the_other, ["products2"] * 2),
        (bound_between, ["products2"] * 2),
        (apart, ["products4", "products2"]),
    ],
)
def test_nothing_moves_above_what_it_depends_on(program: Any, calls: list[str]) -> None:
    args = tuple(np.random.default_rng(2).standard_normal((40, 40)) for _ in range(3))
    text = differentiate(program, args, (True,) * 3, 1).text
    assert re.findall(r"= (products\d)\(", text) == calls


def test_sizes_that_do_not_fit_raise_as_before() -> None:
    args = tuple(np.ones((4, 4)) for _ in range(3))
    entry = plain(differentiate(layers, args, (True,) * 3, 1))
    wrong = np.ones((2, 3)), np.ones((4, 40)), np.ones((40, 40))
    with pytest.raises(ValueError, match=r"not aligned|mismatch"):
        entry(*wrong, *wrong)
