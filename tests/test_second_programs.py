"""Second derivatives of the corpus: the curvature is how the slope changes along the direction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tangent_fwd import forward_grad, pipeline
from tangent_fwd.errors import ActivityError
from tests import oracle
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


def _curvature(
    first: pipeline.Program, args: tuple[Any, ...], way: tuple[Any, ...]
) -> oracle.Answer:
    """Differences of the slope that the emitted first derivative gives, extrapolated."""
    entry = plain(first)

    def slope(*moved: Any) -> Any:
        tangents = [fresh(d) for d in way if d is not None]
        value, tangent = entry(*moved, *tangents)
        return integers_as_zero(tangent, value)

    low = single(args)
    return oracle.extrapolated_difference(slope, args, way, 0.04 if low else 0.01)


def _complaints(function: Callable[..., Any], active: tuple[bool, ...]) -> list[str]:
    args = inputs(function)
    try:
        first = differentiate(function, args, active, 1)
    except ActivityError:
        if writes_to_inactive(args, original(function, args)[1], active):
            return []
        raise
    program = differentiate(function, args, active, 1, order=2)
    (way,) = directions(args, active, 1, np.random.default_rng(7))
    low = single(args) or function.__name__ == "narrowed"
    exact = TOLERANCE_32 if low else 1e-12
    found = []
    once, twice = [(fresh(args), fresh(way)) for _ in range(2)]
    value, slope = plain(first)(*once[0], *(d for d in once[1] if d is not None))
    got = plain(program)(*twice[0], *(d for d in twice[1] if d is not None))
    for name, a, b in (("value", got[0], value), ("slope", got[1], slope),
                       ("arguments", *[t[0] for t in (twice, once)]),
                       ("tangents", *[tuple(d for d in t[1] if d is not None)
                                      for t in (twice, once)])):  # fmt: skip
        if not oracle.distance(a, b) <= exact:
            found.append(f"{name}: {a!r} instead of {b!r}")
    answer = _curvature(first, args, way)
    curvature = integers_as_zero(got[2], value)
    far = oracle.distance(curvature, answer.value)
    if not far <= (1e-3 if low else max(1e-8, 10.0 * answer.error)) or answer.error > 1e-3:
        found.append(f"curvature: {curvature!r}, not {answer.value!r} (off by {far:.1e})")
    return found


@pytest.mark.parametrize("function", [_marked(f, i) for (_, f), i in zip(PROGRAMS, IDS)])
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
