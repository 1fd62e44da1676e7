"""Where the original raises, so does its derivative: the same class, and the same message where the
text of it is numba's own or the user's.

Division by zero is an exception to this (docs/decisions/2026-11-24-error-model.md): emitted
functions use NumPy's error model, and agree with originals that were compiled with it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest

from tangent_fwd import forward_grad
from tests import raising
from tests.harness import differentiate, plain
from tests.raising import SAME, SAME_CLASS, UNBOUND, VECTOR

SLOW = {"matrices", *(function.__name__ for function, _ in SAME_CLASS[1:])}


def _raised(call: Callable[..., Any], *args: Any) -> BaseException:
    with pytest.raises(BaseException) as caught:  # noqa: PT011
        call(*copy.deepcopy(args))
    return caught.value


def _directions(args: tuple[Any, ...]) -> Any:
    return np.ones_like(args[0]) if isinstance(args[0], np.ndarray) else 1.0


@pytest.mark.parametrize(
    ("function", "args", "words"),
    [
        pytest.param(
            function,
            args,
            (function, args) in SAME,
            id=function.__name__,
            marks=pytest.mark.slow if function.__name__ in SLOW else (),
        )
        for function, args in SAME + SAME_CLASS
    ],
)
def test_the_derivative_raises_what_the_original_raises(
    function: Callable[..., Any], args: tuple[Any, ...], words: bool
) -> None:
    expected = _raised(numba.njit(function), *args)
    found = _raised(forward_grad(function).jvp, args, (_directions(args),))
    assert type(found) is type(expected)
    assert found.args == expected.args if words else str(found)


def test_the_largest_of_a_range_that_ends_before_it_begins() -> None:
    """Its length, as the end less the start, is below zero, and there is no first element."""

    def largest(x, k):
        return max(x[i] for i in range(1, k))

    def smallest(x, k):
        return min([x[i] for i in range(k, 1, -1)])

    for function, value in ((largest, 2.0), (smallest, 3.0)):
        entry = plain(differentiate(function, (VECTOR, 2), (True, False), 1))
        assert entry(VECTOR, 2, np.ones(3)) == (value, 1.0)
        expected, found = _raised(function, VECTOR, -2), _raised(entry, VECTOR, -2, np.ones(3))
        assert type(found) is ValueError
        assert found.args == expected.args


def test_as_plain_python_too() -> None:
    """What the user's own code raises, the emitted text raises without numba as well."""
    for function, args in SAME[:8]:
        optional = function is raising.an_optional_argument_is_needed
        given = (*args, None) if optional else args
        entry = plain(differentiate(function, given, (True, *[False] * (len(given) - 1)), 1))
        expected, found = _raised(function, *args), _raised(entry, *given, _directions(args))
        assert type(found) is type(expected)
        assert found.args == expected.args


@pytest.mark.parametrize(("function", "args"), UNBOUND)
def test_reads_of_what_is_not_bound_stop_as_in_python(
    function: Callable[..., Any], args: tuple[Any, ...]
) -> None:
    expected = _raised(function, *args)
    active = (True, *[False] * (len(args) - 1))
    found = [
        _raised(forward_grad(function).jvp, args, (_directions(args),)),
        _raised(plain(differentiate(function, args, active, 1)), *args, _directions(args)),
    ]
    assert {type(e) for e in found} == {type(expected)} == {UnboundLocalError}
    assert all(e.args == expected.args for e in found)


@pytest.mark.parametrize("n", [-1, 1])
def test_exceptions_pass_on_after_what_runs_last(n: int) -> None:
    """numba itself forgets what it caught; we raise what Python raises."""
    function, ours = raising.runs_last, forward_grad(raising.runs_last)
    expected, found = VECTOR.copy(), VECTOR.copy()
    way = np.ones_like(found)
    with pytest.raises(ValueError, match="too") as wanted:
        function(expected, n)
    with pytest.raises(ValueError, match="too") as told:
        ours.jvp((found, n), (way,))
    assert told.value.args == wanted.value.args
    assert found.tolist() == expected.tolist()
    assert way.tolist() == [2.0, 1.0, 1.0 if n < 0 else 2.0]
    with pytest.raises(AssertionError, match="RERAISE"):
        numba.njit(function)(VECTOR.copy(), n)


def test_gradients_raise_too_and_go_on_afterwards() -> None:
    """The directions that a failed pass leaves behind are cleared."""
    made = forward_grad(raising.raises_in_a_loop)
    with pytest.raises(IndexError, match="too far"):
        made.grad(VECTOR)
    assert made.grad(VECTOR - 1.0).tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("function", [raising.domain_errors, raising.poles, raising.overflow])
def test_outside_of_their_domains_functions_give_what_numba_gives(
    function: Callable[..., Any],
) -> None:
    """Python raises `ValueError` and `OverflowError` there; compiled code does not."""
    with pytest.raises((ValueError, OverflowError)):
        function(2.0)
    value, _ = forward_grad(function).jvp((2.0,), (1.0,))
    assert np.array_equal(value, numba.njit(function)(2.0), equal_nan=True)


def test_division_by_zero_follows_the_error_model() -> None:
    """As in an original that was compiled with NumPy's model, of integers as well."""
    with pytest.raises(ZeroDivisionError):
        numba.njit(raising.divided)(2.0, 0)
    expected = numba.njit(error_model="numpy")(raising.divided)(2.0, 0)
    made = forward_grad(raising.divided)
    assert np.array_equal(made(2.0, 0), expected, equal_nan=True)
    assert np.array_equal(made.jvp((2.0, 0), (1.0,))[0], expected, equal_nan=True)
