"""Arrays in memory that is kept: the same numbers, whether there is enough of it or none."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numba
import numpy as np
import pytest
from numba.core.runtime import _nrt_python, rtsys

from tangent_fwd import pipeline
from tangent_fwd.backend.load import load
from tangent_fwd.errors import ActivityError
from tangent_fwd.program import Program
from tests import oracle
from tests.harness import (
    OPTIONS,
    before_tangents,
    differentiate,
    directions,
    plain,
    programs,
    run,
)
from tests.inputs import inputs, is_float


class Workspace(NamedTuple):
    """As an emitted function takes it."""

    single: Any
    double: Any
    used: Any


def workspace(size: int) -> Workspace:
    """Memory for so many numbers of each kind, with values that would show."""
    return Workspace(
        np.full(size, np.nan, np.float32), np.full(size, np.nan), np.zeros(2, np.int64)
    )


def kept(function: Any, args: tuple[Any, ...], active: tuple[bool, ...], lanes: int) -> Program:
    """The derivative that takes a workspace."""
    kinds = tuple(map(numba.typeof, args))
    parsed, known = before_tangents(function)
    return pipeline.differentiate(parsed, kinds, active, lanes, OPTIONS, None, True, known)


# Every fourth program shows each way in which memory is taken.
EACH = [pytest.param(f, id=f"{module}.{f.__name__}") for module, f in [*programs()][::4]]


@pytest.mark.slow
@pytest.mark.parametrize("function", EACH)
def test_a_workspace_changes_no_number(function: Callable[..., Any]) -> None:
    args = inputs(function)
    active = tuple(map(is_float, args))
    if not any(active):
        pytest.skip("nothing to differentiate")
    try:
        expected = differentiate(function, args, active, 1)
    except ActivityError:
        pytest.skip("refused without a workspace as well")
    ways = directions(args, active, 1, np.random.default_rng(3))
    wanted = run(plain(expected), args, ways)
    entry = plain(kept(function, args, active, 1))
    for size in (0, 4096):
        work = workspace(size)
        for _ in range(2):  # what the first call left behind must not matter
            work.used[:] = 0
            found = copy.deepcopy(run(partial(_with, entry, work), args, ways))
            for mine, its in zip(found, wanted, strict=True):
                assert oracle.distance(_tuple(mine), _tuple(its)) == 0


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value


def _with(entry: Callable[..., Any], work: Workspace, *args: Any) -> Any:
    return entry(*args, work)


def perceptron(W, U, X, y):
    hidden = np.tanh(X @ W)
    scores = np.zeros(y.size)
    scores += hidden @ U
    return np.mean((scores - y) ** 2)


def by_size(x, n):
    return np.sum(np.zeros(n)) + x


def test_no_array_has_a_negative_size() -> None:
    entry = plain(kept(by_size, (0.5, 3), (True, False), 1))
    assert entry(0.5, 3, 1.0, workspace(4096)) == (0.5, 1.0)
    with pytest.raises(ValueError, match="negative dimensions are not allowed"):
        entry(0.5, -3, 1.0, workspace(4096))


def test_a_warm_call_allocates_nothing() -> None:
    rng = np.random.default_rng(0)
    args = (*(rng.standard_normal(s) for s in ((3, 4), 4, (5, 3), 5)),)
    ways = (rng.standard_normal((3, 4)), rng.standard_normal(4))
    program = kept(perceptron, args, (True, True, False, False), 1)
    entry = getattr(load(program.text, program.name, program.entry, OPTIONS, ""), program.entry)
    work = workspace(4096)
    found = entry(*args, *ways, work)
    wanted = plain(differentiate(perceptron, args, (True, True, False, False), 1))(*args, *ways)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)

    @numba.njit
    def often(count: int, args: Any, ways: Any, work: Any) -> float:
        total = 0.0
        for _ in range(count):
            work.used[:] = 0
            total += entry(*args, *ways, work)[1]
        return total

    _nrt_python.memsys_enable_stats()
    often(1, args, ways, work)
    before = rtsys.get_allocation_stats().alloc
    often(1, args, ways, work)
    once = rtsys.get_allocation_stats().alloc - before
    often(101, args, ways, work)
    assert rtsys.get_allocation_stats().alloc - before - 2 * once == 0
    assert 0 < work.used[1] <= 4096
    assert work.used[0] == 0
