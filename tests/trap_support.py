"""Calls that run a derivative with everything checked that holds of any derivative, for the tests
of known traps.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import numba
import numpy as np
import pytest

from tangent_fwd import ForwardGrad, forward_grad, pipeline
from tangent_fwd.errors import TangentError
from tangent_fwd.frontend.parse import parse
from tests import oracle
from tests.harness import (
    OPTIONS,
    TOLERANCE,
    TOLERANCE_32,
    VALUE_TOLERANCE,
    differentiate,
    integers_as_zero,
    original,
    plain,
    run,
    single,
)
from tests.inputs import fresh

_empty, _empty_like = np.empty, np.empty_like
_numbers = itertools.count()


def both_ways(
    function: Any, primals: tuple[Any, ...], tangents: tuple[Any, ...], like_numpy: bool = True
) -> tuple[Any, Any]:
    """Value and tangent through numba, after checking that plain Python gives the same.

    ``tangents`` has one entry per argument, None for those that are not active; ``like_numpy`` is
    False where NumPy itself is wrong.
    """
    value, tangent, after, moved = _in_python(function, primals, tangents, like_numpy)
    primals = _python_floats(primals)
    args, directions = fresh(primals), fresh(tangents)
    positions = tuple(i for i, t in enumerate(tangents) if t is not None)
    compiled = _derivative(function, positions).jvp(args, tuple(directions[i] for i in positions))
    low = single(primals)
    for name, found, wanted in (
        ("value", compiled[0], value),
        ("tangent", compiled[1], tangent),
        ("arguments", args, after),
        ("tangent arguments", directions, moved),
    ):
        far = oracle.distance(found, wanted)
        close = far <= (TOLERANCE_32 if low else 1e-12)
        assert close, f"{name}: numba gives {found!r}, plain Python {wanted!r}"
    _check_memory(*compiled, args, directions)
    return compiled


def slope(function: Any, primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> Any:
    """The tangent alone."""
    return both_ways(function, primals, tangents)[1]


def in_python(
    function: Any, primals: tuple[Any, ...], tangents: tuple[Any, ...]
) -> tuple[Any, Any]:
    """Value and tangent by the emitted text without numba, where the trap is not numba's."""
    return _in_python(function, primals, tangents)[:2]


def agrees(function: Any, primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> None:
    """Check the emitted text, tangents of written arguments included, against the oracle.

    For programs that are smooth where they are evaluated; at special points we know better.
    """
    value, tangent, _, moved = _in_python(function, primals, tangents)
    truth = oracle.tangent(function, primals, tangents)
    allowed = TOLERANCE_32 if single(primals) else TOLERANCE
    for name, found, wanted in (
        ("tangent", integers_as_zero(tangent, value), truth.value),
        *(
            (f"tangent of argument {i}", moved[i], truth.arguments[i])
            for i, t in enumerate(tangents)
            if t is not None
        ),
    ):
        far = oracle.distance(found, wanted)
        assert far <= allowed, f"{name}: got {found!r}, expected {wanted!r}"


def refused(function: Any, primals: tuple[Any, ...], kind: type[TangentError], place: str) -> None:
    """Check that asking for the derivative in the first argument raises this class of error,
    located at the line of the user's that begins with ``place``.
    """
    active = tuple(i == 0 for i, _ in enumerate(primals))
    with pytest.raises(TangentError) as caught:
        differentiate(function, primals, active, 1)
    assert type(caught.value) is kind
    first = caught.value.diagnostics[0]
    # Numbers of lines differ with each edit; what stands there is what matters.
    text = Path(function.__code__.co_filename).read_text(encoding="utf-8")
    line = text.splitlines()[first.span.line - 1]
    assert line.strip().startswith(place), line


def array(*values: float) -> np.ndarray:
    """A float64 array of these numbers."""
    return np.array(values, dtype=np.float64)


def written(folder: Path, text: str) -> ModuleType:
    """A module of this text, from a real file, because the compiler reads the source."""
    path = folder / f"written_{next(_numbers)}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def again(
    function: Any, primals: tuple[Any, ...], active: tuple[bool, ...], folder: Path
) -> Callable[..., Any]:
    """The emitted derivative as a function of a module, ready to be differentiated in turn."""
    program = differentiate(function, primals, active, 1)
    entry: Callable[..., Any] = getattr(written(folder, program.text), program.entry)
    return entry


# --- what holds of any derivative --------------------------------------------------------------


def _in_python(
    function: Any, primals: tuple[Any, ...], tangents: tuple[Any, ...], like_numpy: bool = True
) -> tuple[Any, Any, tuple[Any, ...], tuple[Any, ...]]:
    """Value, tangent, arguments and their tangents afterwards, by the emitted text."""
    primals = _python_floats(primals)
    active = tuple(t is not None for t in tangents)
    types = tuple(numba.typeof(p) for p in primals)
    one, two = (_entry(function, types, active, lanes) for lanes in (1, 2))
    # Python's floats raise where a partial is infinite, which lanes share and a single one guards.
    numbers = tuple(np.float64(p) if isinstance(p, float) else p for p in primals)
    with np.errstate(all="ignore"):
        expected = original(function, primals)
        with _garbage():
            value, (tangent,), after, (moved,) = run(one, primals, [tangents])
            alone = run(one, numbers, [tangents])
            wide = run(two, numbers, [_still(tangents), tangents])
    allowed = TOLERANCE_32 if single(primals) else VALUE_TOLERANCE
    for name, found, wanted in (("value", value, expected[0]), ("arguments", after, expected[1])):
        far = oracle.distance(found, wanted) if like_numpy else 0.0
        assert far <= allowed, f"{name}: got {found!r}, the function gives {wanted!r}"
    # A direction beside this one, at rest: whatever it meets is no business of this lane.
    assert _bits((wide[1][1], wide[3][1])) == _bits((alone[1][0], alone[3][0])), "lanes differ"
    for before, now, direction, left in zip(primals, after, tangents, moved, strict=True):
        if _bits(before) == _bits(now):
            assert _bits(direction) == _bits(left), "the tangent of an unchanged argument changed"
    _check_memory(value, tangent, after, moved)
    return value, tangent, after, moved


@functools.cache
def _derivative(function: Any, positions: tuple[int, ...]) -> ForwardGrad:
    return forward_grad(function, argnums=positions)


@functools.cache
def _entry(
    function: Any, types: tuple[Any, ...], active: tuple[bool, ...], lanes: int
) -> Callable[..., Any]:
    return plain(pipeline.differentiate(parse(function), types, active, lanes, OPTIONS))


def _python_floats(primals: tuple[Any, ...]) -> tuple[Any, ...]:
    """NumPy's float64 is a float by inheritance, but divides by zero as no float does."""
    return tuple(float(p) if isinstance(p, float) else p for p in primals)


@contextlib.contextmanager
def _garbage() -> Iterator[None]:
    """Fresh memory holds NaN, so that nothing is read before it is written unseen."""

    def filled(made: np.ndarray) -> np.ndarray:
        if made.dtype.kind == "f":
            made.fill(np.nan)
        return made

    with (
        mock.patch.object(np, "empty", lambda *a, **k: filled(_empty(*a, **k))),
        mock.patch.object(np, "empty_like", lambda *a, **k: filled(_empty_like(*a, **k))),
    ):
        yield


def _check_memory(
    value: Any, tangent: Any, arguments: tuple[Any, ...], moved: tuple[Any, ...]
) -> None:
    """A tangent has the dtype of its value, is never the value's memory, and is a view of another
    tangent exactly where the value is a view of that tangent's value.
    """
    pairs = list(_arrays(value, tangent))
    for argument, direction in zip(arguments, moved, strict=True):
        if direction is not None:
            pairs += _arrays(argument, direction)
    for held, its in pairs:
        assert its.dtype == (held.dtype if held.dtype.kind == "f" else np.float64)
        assert not any(np.shares_memory(its, other) for other, _ in pairs)
    for (a, d_a), (b, d_b) in itertools.combinations(pairs, 2):
        assert np.shares_memory(a, b) == np.shares_memory(d_a, d_b)


def _arrays(value: Any, tangent: Any) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Every array in a value, with its tangent."""
    if isinstance(value, tuple):
        for part, its in zip(value, tangent, strict=True):
            yield from _arrays(part, its)
    elif isinstance(value, np.ndarray):
        yield value, tangent


def _still(value: Any) -> Any:
    """A direction like this one that does not move."""
    if isinstance(value, tuple):
        return tuple(map(_still, value))
    return None if value is None else value * 0


def _bits(value: Any) -> Any:
    """Something that is equal only for equal bits; the sign of a NaN means nothing."""
    if isinstance(value, tuple):
        return tuple(map(_bits, value))
    if value is None:
        return None
    numbers = np.asarray(value)
    if numbers.dtype.kind == "f":
        numbers = np.where(np.isnan(numbers), np.copysign(numbers, 1.0), numbers)
    return numbers.tobytes()
