"""Second derivatives of the corpus: the curvature is how the slope changes along the direction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tangent_fwd import forward_grad
from tangent_fwd.errors import ActivityError
from tangent_fwd.program import Program
from tests import oracle
from tests.fuzz.check import forget, stops
from tests.fuzz.check import function as made_of
from tests.fuzz.generate import generate
from tests.harness import (
    TOLERANCE_32,
    differentiate,
    directions,
    integers_as_zero,
    original,
    patterns,
    plain,
    programs,
    single,
    writes_to_inactive,
)
from tests.inputs import fresh, inputs, is_float

PROGRAMS = list(programs())
IDS = [f"{module}.{function.__name__}" for module, function in PROGRAMS]

# One of every theme; the others are marked slow.
ALWAYS = {
    "rosenbrock", "break_and_continue", "powers", "inverse_trigonometry", "guarded_logarithm",
    "one_in_place", "row_and_column", "log_softmax", "product_along", "write_through_a_slice",
    "bubble_sort", "argument_scaled_in_place", "affine_layer", "quadratic_form", "three_returned",
    "mlp", "named_fields", "same_helper_two_patterns", "helper_that_returns_an_integer",
    "layer32", "rk4_step", "attention", "slice_over_itself", "nested_branches",
}  # fmt: skip
COMPILED = {"rosenbrock", "one_in_place", "log_softmax", "mlp", "rk4_step"}


def test_the_chosen_programs_exist() -> None:
    assert {f.__name__ for _, f in PROGRAMS} >= ALWAYS | COMPILED


def _marked(function: Callable[..., Any], name: str) -> Any:
    marks = () if function.__name__ in ALWAYS else pytest.mark.slow
    return pytest.param(function, id=name, marks=marks)


# The others differ from those in what their first derivatives do.
CHOSEN = [
    _marked(f, name)
    for place, ((_, f), name) in enumerate(zip(PROGRAMS, IDS, strict=True))
    if f.__name__ in ALWAYS or place % 6 == 1
]


def _slope(first: Program, way: tuple[Any, ...]) -> Callable[..., Any]:
    """The slope along a direction, as a function of the arguments."""
    entry = plain(first)

    def slope(*args: Any) -> Any:
        value, tangent = entry(*args, *(fresh(d) for d in way if d is not None))
        return integers_as_zero(tangent, value)

    return slope


def _run(program: Program, args: tuple[Any, ...], way: tuple[Any, ...]) -> Any:
    """What an emitted module returns, and its arguments and directions afterwards."""
    primals, moved = fresh(args), tuple(fresh(d) for d in way if d is not None)
    returned = plain(program)(*primals, *moved)
    value = returned[0]
    return value, *(integers_as_zero(part, value) for part in returned[1:]), primals, moved


def _programs(
    function: Any, args: tuple[Any, ...], active: tuple[bool, ...]
) -> tuple[Program, Program] | None:
    """The first and the second derivative; None where the compiler may refuse."""
    try:
        first = differentiate(function, args, active, 1)
    except ActivityError:
        if not writes_to_inactive(args, original(function, args)[1], active):
            raise
        return None
    return first, differentiate(function, args, active, 1, order=2)


def _complaints(function: Callable[..., Any], active: tuple[bool, ...]) -> list[str]:
    args = inputs(function)
    made = _programs(function, args, active)
    if made is None:
        return []
    (way,) = directions(args, active, 1, np.random.default_rng(7))
    low = single(args) or function.__name__ == "narrowed"
    once = _run(made[0], args, way)
    value, slope, curvature, *after = _run(made[1], args, way)
    far = oracle.distance((value, slope, *after), once)
    found = []
    if not far <= (TOLERANCE_32 if low else 1e-12):
        found.append(f"not what the first derivative gives: {far:.1e}")
    step = 0.04 if single(args) else 0.01
    answer = oracle.extrapolated_difference(_slope(made[0], way), args, way, step)
    far = oracle.distance(curvature, answer.value)
    if not far <= (1e-3 if low else max(1e-8, 10.0 * answer.error)) or answer.error > 1e-3:
        found.append(f"curvature: {curvature!r}, not {answer.value!r} (off by {far:.1e})")
    return found


@pytest.mark.parametrize("function", CHOSEN)
def test_plain_python_agrees_for_every_activity(function: Callable[..., Any]) -> None:
    """The emitted text, run without numba, against differences of the first derivative."""
    found = {}
    for active in patterns(inputs(function)):
        complaints = _complaints(function, active)
        if complaints:
            found[active] = complaints
    assert not found


@pytest.mark.parametrize("function", [f for _, f in PROGRAMS if f.__name__ in COMPILED])
def test_compiled_code_agrees_with_plain_python(function: Callable[..., Any]) -> None:
    args = inputs(function)
    active = tuple(map(is_float, args))
    made = forward_grad(function, argnums=tuple(np.flatnonzero(active).tolist()))
    (way,) = directions(args, active, 1, np.random.default_rng(7))
    program = differentiate(function, args, active, 1, order=2)
    tangents = tuple(d for d in way if d is not None)
    expected = plain(program)(*fresh(args), *fresh(tangents))
    found = made.directional2(fresh(args), fresh(tangents))
    for a, b in zip(found, expected, strict=True):
        assert oracle.distance(a, b) < 1e-11


def _undecided(seed: int) -> bool:
    """Check a random program; whether the differences could not tell (a kink is near)."""
    case = generate(seed)
    if stops(case):
        return True
    function, args, active = made_of(case.text), case.arguments(), case.pattern()
    try:
        made = _programs(function, args, active)
        if made is None:
            return True
        (way,) = directions(args, active, 1, np.random.default_rng(seed))
        once = _run(made[0], args, way)
        value, slope, curvature, *after = _run(made[1], args, way)
        assert oracle.distance((value, slope, *after), once) < 1e-9, f"seed {seed}"
        for step in (0.01, 0.002, 0.0004):
            answer = oracle.extrapolated_difference(_slope(made[0], way), args, way, step)
            if oracle.distance(curvature, answer.value) <= max(1e-7, 10.0 * answer.error):
                return answer.error > 1e-4
        assert answer.error > 1e-3, f"seed {seed}: {curvature!r}, not {answer.value!r}"
        return True
    finally:
        forget(function)


@pytest.mark.parametrize(
    "first", [pytest.param(k, marks=pytest.mark.slow if k else ()) for k in range(0, 25, 5)]
)
def test_random_programs(first: int) -> None:
    undecided = [seed for seed in range(first, first + 5) if _undecided(seed)]
    assert len(undecided) <= 3
