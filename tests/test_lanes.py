"""A wide pass computes, in every lane, the bits that a single one computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.harness import differentiate, directions, patterns, plain, programs, run
from tests.inputs import inputs


def bits(value: Any) -> Any:
    """Something that is equal only for equal bits."""
    if isinstance(value, tuple):
        return tuple(map(bits, value))
    return None if value is None else np.asarray(value, complex).tobytes()


@pytest.mark.parametrize(
    "function",
    [
        # Every third program shows each way in which lanes are written.
        pytest.param(f, id=f"{module}.{f.__name__}", marks=pytest.mark.slow if place % 4 else ())
        for place, (module, f) in enumerate([*programs()][::3])
    ],
)
def test_a_lane_has_the_bits_of_a_single_pass(function: Callable[..., Any]) -> None:
    args = inputs(function)
    active = patterns(args)[-1]
    ways = directions(args, active, 3, np.random.default_rng(5))
    value, wide, after, moved = run(plain(differentiate(function, args, active, 3)), args, ways)
    one = plain(differentiate(function, args, active, 1))
    for way, slope, shadow in zip(ways, wide, moved, strict=True):
        alone = run(one, args, [way])
        assert bits(alone[0]) == bits(value)
        assert bits(alone[1][0]) == bits(slope)
        assert bits(alone[2]) == bits(after)
        assert bits(alone[3][0]) == bits(shadow)
