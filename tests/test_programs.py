"""Every program of the corpus agrees with an oracle that knows nothing of the compiler."""

from __future__ import annotations

import importlib
import types
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest

from tangent_fwd import forward_grad
from tests import oracle
from tests.harness import (
    TOLERANCE,
    TOLERANCE_32,
    compare,
    directions,
    disagreements,
    original,
    patterns,
    programs,
    single,
    writes_to_inactive,
)
from tests.inputs import fresh, inputs, is_float

PROGRAMS = list(programs())
IDS = [f"{module}.{function.__name__}" for module, function in PROGRAMS]

# One or two of every theme: what is compiled in each run; the others are marked slow.
COMPILED = {
    "rosenbrock",
    "with_enumerate",
    "break_and_continue",
    "powers",
    "inverse_trigonometry",
    "integer_becomes_float",
    "temporaries",
    "guarded_logarithm",
    "one_in_place",
    "row_and_column",
    "log_softmax",
    "product_along",
    "write_through_a_slice",
    "slice_over_itself",
    "bubble_sort",
    "fill_an_argument",
    "argument_scaled_in_place",
    "quadratic_form",
    "nested_branches",
    "three_returned",
    "named_fields",
    "same_helper_two_patterns",
    "helper_that_returns_an_integer",
    "layer32",
    "loop32",
    "rk4_step",
}


def test_the_corpus_is_large_and_every_name_in_it_is_used_once() -> None:
    names = [f.__name__ for _, f in PROGRAMS]
    assert len(names) == len(set(names)) >= 350
    assert set(names) >= COMPILED


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(f, id=name)
        for place, ((_, f), name) in enumerate(zip(PROGRAMS, IDS, strict=True))
        if place % 4 == 0
    ],
)
def test_the_oracles_agree(function: Callable[..., Any]) -> None:
    """Two oracles that share nothing give the same tangent, away from kinks."""
    args = inputs(function)
    active = tuple(map(is_float, args))
    if not any(active):
        active = patterns(args)[0]
    (way,) = directions(args, active, 1, np.random.default_rng(0))
    low = function.__name__ == "narrowed" or single(args)
    # Rounding to float32 asks for larger steps.
    slow = oracle.extrapolated_difference(function, args, way, 0.04 if low else 0.005)
    if function.__name__ in CONVERTS:
        with pytest.raises(TypeError, match="CS"):
            oracle.complex_step(function, args, way)
        assert slow.error < TOLERANCE
        return
    refused = getattr(importlib.import_module(function.__module__), "OBJECTS_REFUSED", ())
    if function.__name__ in refused:
        with pytest.raises((TypeError, AttributeError)):
            oracle.complex_step(function, args, way)
        assert slow.error < TOLERANCE
        return
    fast = oracle.complex_step(function, args, way)
    assert fast.kinks == 0, "the inputs sit on a kink"
    # A difference quotient divides roundings of 6e-8 by a step of 0.04 and less.
    tolerance = 1e-4 if low else TOLERANCE
    assert oracle.distance(fast.value, slow.value) < tolerance
    assert oracle.distance(fast.arguments, slow.arguments) < tolerance


# What asks for float storage, which cannot hold the complex step.
CONVERTS = {"converted", "said_by_keyword"}


# Three lanes have the bits of one (test_lanes.py); eight are packed, and every third program is
# asked for them. Two of three programs wait for the slow tests.
LANES = [
    pytest.param(
        f, lanes, id=f"{name}-{lanes}", marks=pytest.mark.slow if lanes > 1 or place % 3 else ()
    )
    for place, ((_, f), name) in enumerate(zip(PROGRAMS, IDS, strict=True))
    for lanes in ((1,) if place % 3 else (1, 8))
]


@pytest.mark.parametrize(("function", "lanes"), LANES)
def test_plain_python_agrees_for_every_activity(function: Callable[..., Any], lanes: int) -> None:
    """The emitted text, run without numba: value, tangents, and what is left in the arguments."""
    found = {}
    for active in patterns(inputs(function)):
        complaints = disagreements(function, active, lanes)
        if complaints:
            found[active] = complaints
    assert not found


def _compiled(function: Callable[..., Any]) -> list[str]:
    args = inputs(function)
    active = tuple(map(is_float, args))
    expected = original(function, args)
    assert not writes_to_inactive(args, expected[1], active)
    made = forward_grad(function, argnums=tuple(np.flatnonzero(active).tolist()))
    (way,) = directions(args, active, 1, np.random.default_rng(1))
    answer = oracle.tangent(function, args, way)
    primals, moved = fresh(args), fresh(way)
    value, slope = made.jvp(primals, tuple(d for d in moved if d is not None))
    low = single(args) or function.__name__ == "narrowed"
    tolerance = TOLERANCE_32 if low else TOLERANCE
    # The C library and NumPy round differently, by some units in the last place.
    values = TOLERANCE_32 if low else 1e-11
    after = (value, [slope], primals, [moved])
    return compare(after, expected, [answer], args, active, tolerance, values)


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(f, id=name, marks=() if f.__name__ in COMPILED else pytest.mark.slow)
        for place, ((_, f), name) in enumerate(zip(PROGRAMS, IDS, strict=True))
        if f.__name__ in COMPILED or place % 10 == 0  # the plain text of all is checked above
    ],
)
def test_compiled_code_agrees(function: Callable[..., Any]) -> None:
    """The same through numba, every float argument active."""
    assert not _compiled(function)


def _with_compiled_helpers(function: Callable[..., Any], made: Any = None) -> Callable[..., Any]:
    """A copy whose plain helpers are compiled, which plain numba asks of its users."""
    made = {} if made is None else made  # helpers by now; they may call each other
    namespace = dict(function.__globals__)
    copied = types.FunctionType(
        function.__code__, namespace, function.__name__, function.__defaults__
    )
    copied.__kwdefaults__ = function.__kwdefaults__
    made[function] = numba.njit(error_model="numpy")(copied)
    for name in function.__code__.co_names:
        value = namespace.get(name)
        # A program may bear the name of the NumPy function that it calls.
        ours = isinstance(value, types.FunctionType) and value.__module__.startswith("tests.")
        if ours and value not in made:
            _with_compiled_helpers(value, made)
        if ours:
            namespace[name] = made[value]
    return copied


# numba's own `a[1:] += a[:-1]` and `a += a.T` read what they have just written, and a keyword of an
# inner function does not reach it; we follow NumPy and Python.
NUMBA_DIFFERS = {
    "shifted_sum",
    "transposed_onto_itself",
    "inner_function_with_defaults",
    "variables_bound_from_inside",
}

# How numba refuses: the last two are what a default and a keyword of a function come to.
REFUSALS = (
    numba.core.errors.NumbaError,
    numba.core.errors.UnsupportedBytecodeError,
    NotImplementedError,
    ValueError,
    AssertionError,
    IndexError,
    TypeError,
)


def _surveyed(module: str, function: Callable[..., Any]) -> bool:
    """Whether numba's own word on a program is asked: on all that are listed, and on every 24th
    of the others, because compiling them all takes minutes.
    """
    needs = getattr(importlib.import_module(f"tests.programs.{module}"), "NEEDS_REWRITING", ())
    listed = function.__name__ in {*needs, *NUMBA_DIFFERS}
    return listed or IDS.index(f"{module}.{function.__name__}") % 24 == 0


SURVEYED = [program for program in PROGRAMS if _surveyed(*program)]


# Of a dict that is read before it is filled numba guesses the type, and warns before it refuses.
@pytest.mark.filterwarnings("ignore::numba.core.errors.NumbaTypeSafetyWarning")
@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "function"), SURVEYED, ids=[f"{m}.{f.__name__}" for m, f in SURVEYED]
)
def test_programs_are_numba_programs(module: str, function: Callable[..., Any]) -> None:
    """Plain numba takes every program but those listed as needing our rewriting."""
    needs = getattr(importlib.import_module(f"tests.programs.{module}"), "NEEDS_REWRITING", set())
    args = inputs(function)
    if function.__name__ in {"helper_of_a_module"}:
        pytest.skip("plain numba cannot call a plain function of a module")
    compiled = numba.njit(error_model="numpy")(_with_compiled_helpers(function))
    if function.__name__ in needs:
        # That what is to be reshaped is not contiguous is found at the call.
        with pytest.raises(REFUSALS):
            compiled(*args)
        return
    expected = original(function, args)[0]
    far = oracle.distance(compiled(*args), expected)
    if function.__name__ in NUMBA_DIFFERS:
        assert far > 0.1
    else:
        assert far < (TOLERANCE_32 if single(args) else 1e-11)
