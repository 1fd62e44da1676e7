"""Sums whose order is free are reordered where the text says so, and nowhere else."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tangent_fwd.backend.load import load
from tangent_fwd.options import Options

LOOP = (
    "import numpy as np\nfrom numba import njit\n\n\n@njit\n"
    "def entry(x, w):\n"
    "    total = x.dtype.type(0.0)\n"
    "    for i in range(x.shape[0]):\n"
    "        for j in range(x.shape[1]):\n"
    "            {line}\n"
    "    return total\n"
)


def compiled(line: str, **options: bool) -> Any:
    return load(LOOP.format(line=line), "sums", "entry", Options(cache=False, **options), "").entry


def arguments(dtype: type) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(4)
    # Sizes that leave a rest in every vector length.
    return chance.normal(size=(61, 123)).astype(dtype), chance.normal(size=(61, 123)).astype(dtype)


def in_sequence(x: np.ndarray, w: np.ndarray) -> Any:
    total = x.dtype.type(0.0)
    for product in (x * w).ravel():
        total += product
    return total


def adds_vectors(entry: Any, x: np.ndarray) -> bool:
    kind = "double" if x.dtype == np.float64 else "float"
    text = "".join(entry.inspect_llvm().values())
    return f"x {kind}>" in text and "reassoc" in text


MARKED = [
    "total += x[i, j] * w[i, j]  # any order",
    "total = total + x[i, j] * w[i, j]  # any order",
    "total -= -x[i, j] * w[i, j]  # any order",
    "total += (\n                x[i, j]\n                * w[i, j]\n            )  # any order",
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("line", MARKED)
def test_marked_sums_become_vector_sums(line, dtype):
    x, w = arguments(dtype)
    entry = compiled(line)
    found = entry(x, w)
    assert adds_vectors(entry, x)
    exact = math.fsum((x.astype(float) * w.astype(float)).ravel())
    size = math.fsum(np.abs(x.astype(float) * w.astype(float)).ravel())
    # In sequence the bound would be the number of terms times this; lanes are shorter.
    assert abs(float(found) - exact) <= 100 * np.finfo(dtype).eps * size


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    "line",
    [
        "total += x[i, j] * w[i, j]",
        "total += x[i, j] * w[i, j]  # in any order",
        'total += x[i, j] * w[i, j] if "# any order" else 0.0',
    ],
)
def test_other_sums_keep_their_sequence(line, dtype):
    x, w = arguments(dtype)
    entry = compiled(line)
    assert entry(x, w) == in_sequence(x, w)
    assert not adds_vectors(entry, x)


def test_only_the_marked_line_is_reordered():
    text = LOOP.format(
        line="strict += x[i, j] * w[i, j]\n            total += x[i, j]  # any order"
    )
    text = text.replace("    total = ", "    strict = 0.0\n    total = ", 1)
    text = text.replace("return total", "return strict, total")
    entry = load(text, "two", "entry", Options(cache=False), "").entry
    x, w = arguments(np.float64)
    strict, total = entry(x, w)
    assert strict == in_sequence(x, w)
    np.testing.assert_allclose(total, x.sum(), rtol=1e-11)


@pytest.mark.parametrize("special", [np.nan, np.inf])
def test_reordered_sums_keep_what_is_not_finite(special):
    x, w = np.ones((4, 40)), np.ones((4, 40))
    entry = compiled("total += x[i, j] * w[i, j]  # any order")
    x[2, 17] = special
    np.testing.assert_equal(entry(x, w), special)
    x[3, 3] = -np.inf
    assert np.isnan(entry(x, w))


def test_an_empty_sum_is_zero():
    entry = compiled("total += x[i, j] * w[i, j]  # any order")
    assert entry(np.empty((0, 5)), np.empty((0, 5))) == 0.0
    assert entry(np.empty((5, 0)), np.empty((5, 0))) == 0.0


def test_fastmath_reorders_every_sum():
    x, w = arguments(np.float64)
    entry = compiled("total += x[i, j] * w[i, j]", fastmath=True)
    np.testing.assert_allclose(entry(x, w), in_sequence(x, w), rtol=1e-11)
    assert adds_vectors(entry, x)


def test_sums_of_integers_are_unaffected():
    entry = compiled("total += x[i, j] * w[i, j]  # any order")
    x = np.arange(20).reshape(4, 5)
    assert entry(x, x) == (x * x).sum()
