"""Tangents side by side: where it pays, and nowhere else."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest

from tangent_fwd import forward_grad, pipeline
from tangent_fwd.backend.load import load
from tangent_fwd.backend.reading import side_by_side
from tangent_fwd.frontend.parse import parse
from tangent_fwd.options import Options
from tangent_fwd.program import Program
from tests import oracle
from tests.harness import OPTIONS, differentiate, directions, plain, run

LANES = 3


def random(*shape: int) -> Any:
    return np.random.default_rng(len(shape)).standard_normal(shape)


def packed(program: Program) -> list[str]:
    """The arrays of a program that hold all lanes."""
    return re.findall(r"^ *(\w+) = .*  # side by side$", program.text, re.MULTILINE)


# --- what is packed ---------------------------------------------------------------------------


def vector(x, A):
    total = 0.0
    for i in range(A.shape[0]):
        row = 0.0
        for j in range(A.shape[1]):
            row += A[i, j] * x[j]
        total += row * row
    return total


def between(points):
    total = 0.0
    for i in range(points.shape[0]):
        for j in range(i):
            squares = 1.0
            for k in range(points.shape[1]):
                gap = points[i, k] - points[j, k]
                squares += gap * gap
            total += 1.0 / squares
    return total


def horner(c, x):
    total = 0.0
    for i in range(x.size):
        value = 0.0
        for k in range(1, c.size + 1):
            value = value * x[i] + c[-k]
        total += value
    return total


def own_array(c, x):
    powers = np.empty(c.size)
    for k in range(c.size):
        powers[k] = math.exp(c[k])
    total = 0.0
    for i in range(x.size):
        for k in range(c.size):
            total = total * x[i] + powers[k]
    return total


def own_zeros_like(c, x):
    doubled = np.zeros_like(c)
    for k in range(c.shape[0]):
        doubled[k, 1] = 2.0 * c[k, 0]
    total = 0.0
    for i in range(x.size):
        for k in range(c.shape[0]):
            total += doubled[k, 1] * x[i]
    return total


PACKED = [
    (vector, (random(4), random(5, 4)), ["d_x"]),
    (between, (random(5, 3),), ["d_points"]),
    (horner, (random(4), random(3)), ["d_c"]),
    (own_array, (random(4), random(3)), ["d_powers"]),
    (own_zeros_like, (random(4, 2), random(3)), ["d_doubled"]),
]
EACH = pytest.mark.parametrize(
    ("function", "args", "names"), [pytest.param(*case, id=case[0].__name__) for case in PACKED]
)


def first(args: tuple[Any, ...]) -> tuple[bool, ...]:
    return tuple(k == 0 for k in range(len(args)))


@EACH
def test_arrays_that_are_read_again(
    function: Callable[..., Any], args: tuple[Any, ...], names: list[str]
) -> None:
    assert packed(differentiate(function, args, first(args), LANES)) == names
    assert packed(differentiate(function, args, first(args), 1)) == []


@EACH
@pytest.mark.parametrize(
    "kind",
    [
        "plain",
        *(pytest.param(k, marks=pytest.mark.slow) for k in ("strided", "read-only", "single")),
    ],
)
def test_numbers(
    function: Callable[..., Any], args: tuple[Any, ...], names: list[str], kind: str
) -> None:
    """As plain Python and compiled, for the layouts and dtypes that occur."""
    args = tuple(as_kind(a, kind) for a in args)
    active = first(args)
    wide, one = (differentiate(function, args, active, lanes) for lanes in (LANES, 1))
    ways = directions(args, active, LANES, np.random.default_rng(1))
    tangents = [as_kind(way[0], kind) for way in ways]
    wanted = [plain(one)(*args, d) for d in tangents]
    value, slopes = plain(wide)(*args, *tangents)
    assert (value, *slopes) == (wanted[0][0], *(slope for _, slope in wanted))
    compiled = getattr(load(wide.text, wide.name, wide.entry, OPTIONS, kind), wide.entry)
    value, slopes = compiled(*args, *tangents)
    tolerance = 1e-5 if kind == "single" else 1e-13
    assert oracle.distance((value, *slopes), (wanted[0][0], *(s for _, s in wanted))) < tolerance


def as_kind(array: Any, kind: str) -> Any:
    if kind == "single":
        return array.astype(np.float32)
    if kind == "strided":
        return np.repeat(array, 2, axis=0)[::2]
    copy = array.copy()
    copy.flags.writeable = kind != "read-only"
    return copy


def test_a_gradient_by_lanes() -> None:
    c, x = random(11), random(3) / 2.0
    value, gradient = forward_grad(horner).value_and_grad(c, x)
    assert value == pytest.approx(horner(c, x))
    np.testing.assert_allclose(gradient, [np.sum(x**k) for k in range(11)], rtol=1e-12)


# --- what is not ------------------------------------------------------------------------------


def elementwise(x, A):
    out = np.empty(A.shape)
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            out[i, j] = A[i, j] * x[j]
    return out


def any_order(x, A):
    total = 0.0
    for i in range(A.shape[0]):
        total += np.sum(A[i] * x)
    return total


def once(x, A):
    total = 1.0
    for j in range(x.size):
        total = total * A[0, j] + x[j]
    return total


def taken_out(x, A):
    """`x[i]` is the same for all j."""
    total = 1.0
    for i in range(x.size):
        for j in range(A.shape[1]):
            total = total * A[0, j] + x[i]
    return total


def with_exponentials(x, A):
    total = 0.0
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            total += math.exp(A[i, j] * x[j])
    return total


def written(x, A):
    total = 0.0
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            total += A[i, j] * x[j]
        x[0] = total
    return total


def _sum(v):
    total = 0.0
    for j in range(v.size):
        total += v[j]
    return total


def passed_on(x, A):
    return vector_too(x, A) * _sum(x)


def vector_too(x, A):
    total = _sum(x)
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            total += A[i, j] * x[j]
    return total


def viewed(x, A):
    tail = x[1:]
    total = 0.0
    for i in range(A.shape[0]):
        for j in range(tail.size):
            total += A[i, j] * tail[j] + x[j]
    return total


def named_twice(x, A):
    y = x
    total = 0.0
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            total += A[i, j] * y[j] * x[j]
    return total


def returned(x, A):
    held = np.zeros(A.shape[1])
    for j in range(A.shape[1]):
        held[j] = 2.0 * x[j]
    total = 0.0
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            total += A[i, j] * held[j]
    return total, held


def taken_by_indices(x, A):
    total = 0.0
    for i in range(A.shape[0]):
        picked = x[np.arange(A.shape[1])]
        for j in range(A.shape[1]):
            total += A[i, j] * x[j] * picked[j]
    return total


def changed_in_turn(x, A):
    old = np.zeros(4)
    new = np.zeros(4)
    for i in range(A.shape[0]):
        total = x[i]
        for j in range(4):
            total += A[i, j] * old[j]
            new[j] = total
        old, new = new, old
    return old


KEPT = [
    elementwise,
    any_order,
    once,
    taken_out,
    with_exponentials,
    written,
    passed_on,
    viewed,
    named_twice,
    returned,
    taken_by_indices,
    changed_in_turn,
]


@pytest.mark.parametrize("function", KEPT, ids=[f.__name__ for f in KEPT])
def test_what_stays_as_it_is(function: Callable[..., Any]) -> None:
    args = random(5), random(5, 5)
    active = first(args)
    program = differentiate(function, args, active, LANES)
    assert packed(program) == []
    ways = directions(args, active, LANES, np.random.default_rng(2))
    _, slopes, _, _ = run(plain(program), args, ways)
    for way, slope in zip(ways, slopes, strict=True):
        assert oracle.distance(slope, oracle.tangent(function, args, way).value) < 1e-9


def test_columns_stay_columns() -> None:
    args = (np.asfortranarray(random(5, 3)),)
    assert packed(differentiate(between, args, (True,), LANES)) == []


def test_a_workspace_keeps_memory_and_a_copy_would_not_be_in_it() -> None:
    args = random(4), random(5, 4)
    kinds = tuple(map(numba.typeof, args))
    program = pipeline.differentiate(
        parse(vector), kinds, (True, False), LANES, OPTIONS, None, True
    )
    assert packed(program) == []


# --- how it is compiled -----------------------------------------------------------------------


def test_lanes_are_computed_at_once() -> None:
    """LLVM adds the lanes as vectors; beside a loop that is not packed it adds one by one."""
    args = random(4), random(5, 4)
    found = {}
    for function in (vector, taken_out):
        program = differentiate(function, args, (True, False), 4)
        module = load(program.text, program.name, program.entry, Options(cache=False), "4")
        compiled = getattr(module, program.entry)
        compiled(*args, *(np.ones(4) for _ in range(4)))
        (text,) = compiled.inspect_llvm().values()
        found[function] = set(re.findall(r"= fadd <\d+ x double>", text))
    assert found[vector]
    assert not found[taken_out]


def test_only_the_function_that_is_marked(tmp_path: Any) -> None:
    path = tmp_path / "emitted.py"
    path.write_text(
        "def f(x):\n    d = x  # side by side\n    return d\n\n\ndef g(x):\n    return x\n"
    )
    assert [side_by_side(str(path), name) for name in "fg"] == [True, False]
