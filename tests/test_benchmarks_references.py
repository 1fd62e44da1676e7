"""The hand-written derivatives of the benchmarks are right: a fast wrong one proves nothing."""

from typing import Any

import numpy as np
import pytest

from tests.benchmarks.case import Case
from tests.benchmarks.cases import all_cases

REFERENCES = [
    pytest.param(case, function, id=f"{case.name}, {name}")
    for case in all_cases()
    for name, function in (("hand", case.hand_jvp), ("tuned", case.tuned_jvp))
    + tuple(case.variants.items())
    if function is not None
]


def _wide(value: Any) -> Any:
    """In float64, so that the difference quotient is better than what it judges."""
    if isinstance(value, np.ndarray) and value.dtype == np.float32:
        return value.astype(np.float64)
    return value


def _slope(case: Case, arguments: tuple[Any, ...], tangents: tuple[Any, ...]) -> float:
    """Directional derivative of the plain Python primal: central differences, extrapolated."""

    def quotient(step: float) -> float:
        ends = []
        for sign in (1.0, -1.0):
            moved = list(arguments)
            for index, tangent in zip(case.argnums, tangents, strict=True):
                moved[index] = moved[index] + sign * step * _wide(tangent)
            ends.append(float(case.primal(*moved)))
        return (ends[0] - ends[1]) / (2.0 * step)

    step = 1e-4
    return (4.0 * quotient(step / 2.0) - quotient(step)) / 3.0


@pytest.mark.slow
@pytest.mark.parametrize(("case", "reference"), REFERENCES)
def test_reference_agrees_with_differences_of_the_primal(case: Case, reference: Any) -> None:
    arguments = case.small_inputs()
    tangents = case.tangents(arguments)
    value, slope = reference(*arguments, *tangents)
    wide = tuple(_wide(argument) for argument in arguments)
    single = any(isinstance(a, np.ndarray) and a.dtype == np.float32 for a in arguments)
    # float32 sums carry about 1e-6 relative to their largest term.
    allowed = 2e-5 if single else 1e-7
    assert value == pytest.approx(float(case.primal(*wide)), rel=allowed)
    assert slope == pytest.approx(_slope(case, wide, tangents), rel=allowed, abs=allowed)


@pytest.mark.slow
@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.name)
def test_compiled_primal_is_the_primal(case: Case) -> None:
    """Where numba needs another wording, that wording computes the same."""
    arguments = case.small_inputs()
    expected = float(case.primal(*case.small_inputs()))
    assert case.compiled_primal(*arguments) == pytest.approx(expected, rel=2e-5)
