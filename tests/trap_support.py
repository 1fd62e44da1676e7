"""One call that runs a derivative both ways, for the tests of known traps."""

from __future__ import annotations

from typing import Any

import numpy as np

from tangent_fwd import forward_grad
from tests import oracle
from tests.harness import differentiate, plain, run
from tests.inputs import fresh


def both_ways(
    function: Any, primals: tuple[Any, ...], tangents: tuple[Any, ...]
) -> tuple[Any, Any]:
    """Value and tangent through numba, after checking that plain Python gives the same.

    ``tangents`` has one entry per argument, None for those that are not active.
    """
    active = tuple(t is not None for t in tangents)
    positions = tuple(i for i, on in enumerate(active) if on)
    primals = tuple(float(p) if isinstance(p, float) else p for p in primals)
    with np.errstate(all="ignore"):
        entry = plain(differentiate(function, primals, active, 1))
        value, slopes, after, moved = run(entry, primals, [tangents])
    args, directions = fresh(primals), fresh(tangents)
    made = forward_grad(function, argnums=positions)
    compiled = made.jvp(args, tuple(directions[i] for i in positions))
    for name, found, wanted in (
        ("value", compiled[0], value),
        ("tangent", compiled[1], slopes[0]),
        ("arguments", args, after),
        ("tangent arguments", directions, moved[0]),
    ):
        far = oracle.distance(found, wanted)
        assert far < 1e-12, f"{name}: numba gives {found!r}, plain Python {wanted!r}"
    return compiled


def slope(function: Any, primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> Any:
    """The tangent alone."""
    return both_ways(function, primals, tangents)[1]


def array(*values: float) -> np.ndarray:
    """A float64 array of these numbers."""
    return np.array(values, dtype=np.float64)
