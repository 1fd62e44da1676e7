"""The derivative of a derivative of the corpus: mixed second derivatives, in any order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest

from tangent_fwd import pipeline
from tangent_fwd.errors import ActivityError
from tangent_fwd.frontend.parse import differentiated
from tests import oracle
from tests.harness import (
    OPTIONS,
    TOLERANCE_32,
    before_tangents,
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
from tests.inputs import fresh, inputs, like

PROGRAMS = list(programs())

# One of every theme; of the others every sixth, which is marked slow.
ALWAYS = {
    "rosenbrock", "powers", "guarded_logarithm", "one_in_place", "log_softmax", "bubble_sort",
    "affine_layer", "mlp", "named_fields", "same_helper_two_patterns", "rk4_step",
    "slice_over_itself",
}  # fmt: skip


def _mixed(function: Callable[..., Any], active: tuple[bool, ...]) -> list[str]:
    """Complaints on the derivative of the derivative, along two directions of one pass each."""
    args = inputs(function)
    try:
        twice = differentiate(function, args, active, 1, order=2)
    except ActivityError:
        if writes_to_inactive(args, original(function, args)[1], active):
            return []
        raise
    parsed, known = before_tangents(function)
    derivative = differentiated(parsed, active)
    ways = directions(args, active, 2, np.random.default_rng(3))
    v, u = (tuple(d for d in way if d is not None) for way in ways)
    kinds = tuple(map(numba.typeof, (*args, *v)))
    moving = (*active, *(False for _ in v))
    try:
        made = pipeline.differentiate(derivative, kinds, moving, 2, OPTIONS, known=known)
    except ActivityError:
        # The tangent of a written argument is written, too, and moves.
        every = (*active, *(True for _ in v))
        made = pipeline.differentiate(derivative, kinds, every, 2, OPTIONS, known=known)
        moving = ()
    still = [] if moving else [_zero(d) for d in v for _ in range(2)]
    lanes = [fresh(d) for pair in zip(u, v) for d in pair]
    (value, _), found = plain(made)(*fresh(args), *fresh(v), *lanes, *still)
    (_, along_u), (_, along_v) = (tuple(integers_as_zero(p, value) for p in f) for f in found)
    entry = plain(twice)
    complaints = []
    allowed = 3e-3 if single(args) or function.__name__ == "narrowed" else 1e-9

    def curvature(way: Any) -> Any:
        result = entry(*fresh(args), *fresh(way))
        return integers_as_zero(result[2], result[0])

    far = oracle.distance(along_v, curvature(v))
    if not far <= (TOLERANCE_32 if allowed > 1e-9 else 1e-10):
        complaints.append(f"along itself: {along_v!r}, not {curvature(v)!r} (off by {far:.1e})")
    sums = [_both(u, v, sign) for sign in (1.0, -1.0)]
    wanted = _quarter(*map(curvature, sums))
    far = oracle.distance(along_u, wanted)
    if not far <= allowed:
        complaints.append(f"mixed: {along_u!r}, not {wanted!r} (off by {far:.1e})")
    return complaints


def _zero(way: Any) -> Any:
    return _both(way, way, -1.0)


def _both(u: Any, v: Any, sign: float) -> Any:
    if isinstance(u, tuple):
        parts = [_both(a, b, sign) for a, b in zip(u, v)]
        return like(u, parts)
    made = fresh(u)
    if isinstance(made, np.ndarray):
        made[...] = u + np.asarray(sign, u.dtype) * v
        return made
    return type(u)(u + sign * v)


def _quarter(plus: Any, minus: Any) -> Any:
    if isinstance(plus, tuple):
        return tuple(map(_quarter, plus, minus))
    return None if plus is None else (plus - minus) / 4


def _marked() -> list[Any]:
    return [
        pytest.param(f, id=f"{m}.{f.__name__}",
                     marks=() if f.__name__ in ALWAYS else pytest.mark.slow)
        for place, (m, f) in enumerate(PROGRAMS) if f.__name__ in ALWAYS or place % 6 == 0
    ]  # fmt: skip


@pytest.mark.parametrize("function", _marked())
def test_the_derivative_of_the_derivative(function: Callable[..., Any]) -> None:
    """Against curvatures along sums of the directions, which have a pass of their own."""
    found = {}
    for active in patterns(inputs(function)):
        complaints = _mixed(function, active)
        if complaints:
            found[active] = complaints
    assert not found
