"""Runs emitted derivatives as plain Python and holds them against the oracle."""

from __future__ import annotations

import functools
import importlib
import inspect
import itertools
import pkgutil
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numba
import numpy as np

import tests.programs
from tangent_fwd import pipeline, second_order
from tangent_fwd.errors import ActivityError
from tangent_fwd.front import Known
from tangent_fwd.frontend.parse import UserFunction, parse
from tangent_fwd.options import Options
from tangent_fwd.program import Program
from tests import oracle
from tests.inputs import direction, fresh, inputs, is_float

OPTIONS = Options()

# Values differ by the order of sums only; tangents by that and by the oracle's own error.
VALUE_TOLERANCE = 1e-12
TOLERANCE = 1e-9
# Some dozens of roundings of 6e-8 each, in a result that the oracle computes in float64.
TOLERANCE_32 = 64 * float(np.finfo(np.float32).eps)


def programs() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every program of the corpus with the name of its file, in order."""
    for module in pkgutil.iter_modules(tests.programs.__path__):
        if module.name == "support":
            continue
        loaded = importlib.import_module(f"tests.programs.{module.name}")
        for name, value in vars(loaded).items():
            ours = inspect.isfunction(value) and value.__module__ == loaded.__name__
            if ours and not name.startswith("_"):
                yield module.name, value


def patterns(args: tuple[Any, ...]) -> list[tuple[bool, ...]]:
    """Every non-empty choice of active arguments among those that can carry a tangent."""
    choices = [(False, True) if is_float(a) else (False,) for a in args]
    return [p for p in itertools.product(*choices) if any(p)]


def differentiate(
    function: Any,
    args: tuple[Any, ...],
    active: tuple[bool, ...],
    lanes: int,
    order: int = 1,
    options: Options = OPTIONS,
) -> Program:
    """The emitted derivative for these arguments; of order 2 it has one lane."""
    types = tuple(numba.typeof(a) for a in args)
    parsed, known = before_tangents(function)
    if order == 2:
        return second_order.differentiate(parsed, types, active, options, known)
    return pipeline.differentiate(parsed, types, active, lanes, options, known=known)


@functools.lru_cache(maxsize=1024)  # room for the corpus; random programs come and go
def before_tangents(function: Any) -> tuple[UserFunction, Known]:
    """A function that does not change, parsed, and what its derivatives have found out so far."""
    return parse(function), Known()


def plain(program: Program) -> Callable[..., Any]:
    """The entry of an emitted module, executed where numba cannot be imported."""
    namespace: dict[str, Any] = {"__name__": "emitted"}
    present = sys.modules.get("numba")
    sys.modules["numba"] = None  # type: ignore[assignment]
    try:
        exec(compile(program.text, f"<{program.entry}>", "exec"), namespace)
    finally:
        if present is None:
            del sys.modules["numba"]
        else:
            sys.modules["numba"] = present
    entry: Callable[..., Any] = namespace[program.entry]
    return entry


def backwards(program: Program) -> Callable[..., Any]:
    """The same with the last round first in every loop over `prange`: a race shows in what it
    gives.
    """
    entry = plain(program)
    entry.__globals__["prange"] = lambda *bounds: reversed(range(*bounds))
    return entry


def run(
    entry: Callable[..., Any], args: tuple[Any, ...], lanes: list[tuple[Any, ...]]
) -> tuple[Any, list[Any], tuple[Any, ...], list[tuple[Any, ...]]]:
    """Call an entry: value, tangent of each lane, arguments after, tangent arguments after.

    ``lanes`` holds, for each direction, one entry per argument, None for the inactive ones.
    """
    primals = fresh(args)
    moved = [fresh(lane) for lane in lanes]
    active = [i for i, part in enumerate(lanes[0]) if part is not None]
    tangents = [lane[i] for i in active for lane in moved]
    value, slope = entry(*primals, *tangents)
    return value, [slope] if len(lanes) == 1 else list(slope), primals, moved


def directions(
    args: tuple[Any, ...], active: tuple[bool, ...], lanes: int, rng: np.random.Generator
) -> list[tuple[Any, ...]]:
    """Random directions, one tuple per lane."""
    return [
        tuple(direction(a, rng) if on else None for a, on in zip(args, active, strict=True))
        for _ in range(lanes)
    ]


def single(args: tuple[Any, ...]) -> bool:
    """Whether float32 takes part, which sets the tolerance."""
    return any(
        single(a) if isinstance(a, tuple) else getattr(a, "dtype", None) == np.float32 for a in args
    )


def integers_as_zero(found: Any, value: Any) -> Any:
    """Integers and None have no tangent worth comparing: None or 0 will do, anything else shows."""
    if isinstance(value, tuple) and isinstance(found, tuple) and len(found) == len(value):
        return tuple(map(integers_as_zero, found, value))
    if isinstance(value, (bool, int, np.integer, np.bool_)) and found is None:
        return 0.0
    return found


def compare(
    what: tuple[Any, list[Any], tuple[Any, ...], list[tuple[Any, ...]]],
    expected: tuple[Any, tuple[Any, ...]],
    answers: list[oracle.Answer],
    args: tuple[Any, ...],
    active: tuple[bool, ...],
    tolerance: float = TOLERANCE,
    value_tolerance: float = VALUE_TOLERANCE,
) -> list[str]:
    """Everything in which an emitted derivative differs from the original and the oracle."""
    value, slopes, after, moved = what
    complaints = []

    def check(name: str, found: Any, wanted: Any, allowed: float) -> None:
        far = oracle.distance(found, wanted)
        if not far <= allowed:
            complaints.append(f"{name}: got {found!r}, expected {wanted!r} (off by {far:.2e})")

    check("value", value, expected[0], value_tolerance)
    check("arguments after", after, expected[1], value_tolerance)
    for lane, answer in enumerate(answers):
        check(f"tangent {lane}", integers_as_zero(slopes[lane], value), answer.value, tolerance)
        for i, on in enumerate(active):
            if on:
                name = f"tangent {lane} of argument {i} after"
                check(name, moved[lane][i], answer.arguments[i], tolerance)
    return complaints


def original(function: Any, args: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """What the function returns in plain Python, and its arguments afterwards."""
    primals = fresh(args)
    value = getattr(function, "py_func", function)(*primals)
    return value, primals


def writes_to_inactive(
    args: tuple[Any, ...], after: tuple[Any, ...], active: tuple[bool, ...]
) -> bool:
    """Whether the function stores into a float argument that carries no tangent.

    Only there may the compiler refuse, because the tangent stored would be lost.
    """
    return any(
        is_float(a) and not on and oracle.distance(b, a) > 0
        for a, b, on in zip(args, after, active, strict=True)
    )


def disagreements(function: Any, active: tuple[bool, ...], lanes: int, seed: int = 0) -> list[str]:
    """Differences between a program's emitted derivative in plain Python and the oracle."""
    args = inputs(function)
    expected = original(function, args)
    try:
        program = differentiate(function, args, active, lanes)
    except ActivityError:
        if writes_to_inactive(args, expected[1], active):
            return []
        raise
    ways = directions(args, active, lanes, np.random.default_rng(seed))
    answers = [oracle.tangent(function, args, way) for way in ways]
    low = single(args) or function.__name__ == "narrowed"
    return compare(
        run(plain(program), args, ways),
        expected,
        answers,
        args,
        active,
        TOLERANCE_32 if low else TOLERANCE,
        TOLERANCE_32 if low else VALUE_TOLERANCE,
    )
