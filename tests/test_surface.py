"""Every callable that numba or NumPy offers differentiates, or is refused and listed as such.

`python -m tests.test_surface --renew` writes `tangent_fwd/rules/surface.py`, which says how many
do; the list of those that are refused can only become shorter.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tangent_fwd import forward_grad
from tangent_fwd.cli import main
from tangent_fwd.errors import TangentError
from tangent_fwd.rules import surface as known
from tests import oracle, surface
from tests.harness import differentiate, directions, plain, run
from tests.inputs import fresh, is_float

# Some of what NumPy offers is about to go.
pytestmark = pytest.mark.filterwarnings("ignore")

ROWS = [row for row in surface.rows() if row.part in surface.PARTS]
REFUSED = dict(known.REFUSED)
TOGETHER = 12


def batches(rows: Sequence[surface.Row]) -> list[list[str]]:
    """The calls of rows, some dozen at a time, those of a kind together."""
    calls = [
        c for row in rows for c in row.calls
        if c not in REFUSED and any(map(is_float, _args([c])))
    ]  # fmt: skip
    return [calls[k : k + TOGETHER] for k in range(0, len(calls), TOGETHER)]


def _args(calls: Sequence[str]) -> tuple[Any, ...]:
    return tuple(fresh(surface.INPUTS[name]) for name in surface.names(calls))


def _plain_lists(value: Any) -> Any:
    """Lists as tuples: what a call gives back as a list, we give as a tuple."""
    return tuple(map(_plain_lists, value)) if isinstance(value, (tuple, list)) else value


def _seeded(function: Callable[..., Any]) -> Callable[..., Any]:
    def seeded(*args: Any) -> Any:
        np.random.seed(5)
        random.seed(5)
        return _plain_lists(function(*args))

    return seeded


def _dtype(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_dtype, value))
    return np.asarray(value).dtype


def _still(found: Any, value: Any) -> Any:
    """What does not hold floats has no tangent: None and 0 are both right."""
    if isinstance(value, tuple) and isinstance(found, tuple):
        return tuple(map(_still, found, value))
    if np.asarray(value).dtype.kind in "iub" and (found is None or not np.any(found)):
        return np.zeros(np.shape(value))
    return found


def complaints(
    calls: Sequence[str], function: Callable[..., Any], low: bool, compiled: bool = False
) -> list[str]:
    """In what the derivative of a function of several calls differs from the oracle."""
    args = _args(calls)
    if low:
        args = tuple(map(surface.single, args))
    active = tuple(map(is_float, args))
    (way,) = directions(args, active, 1, np.random.default_rng(3))
    value = _seeded(function)(*fresh(args))
    wide = tuple(map(surface.double, args))
    answer = oracle.extrapolated_difference(_seeded(function), wide, way, 0.004)
    if compiled:
        made = forward_grad(function, argnums=tuple(np.flatnonzero(active).tolist()))
        found, slope = made.jvp(args, tuple(d for d in way if d is not None))
    else:
        entry = _seeded(plain(differentiate(function, args, active, 1)))
        found, (slope,), *_ = run(entry, args, [way])
    if len(calls) == 1:
        value, found, slope, slopes = (value,), (found,), (slope,), (answer.value,)
    else:
        slopes = answer.value
    wrong = []
    for call, v, f, t, s in zip(calls, value, found, slope, slopes, strict=True):
        f, t = _plain_lists(f), _still(_plain_lists(t), v)
        single = low or "float32" in str(_dtype(v)) or "complex64" in str(_dtype(v))
        checks = [("value", oracle.distance(f, v), 2e-5 if single else 1e-11)]
        if not surface.AT_A_QUANTILE.search(call):
            checks.append(("tangent", oracle.distance(t, s), 2e-3 if single else 1e-8))
        wrong += [
            f"{call}: {what} off by {far:.1e}" for what, far, near in checks if not far <= near
        ]
        # Numba's functions of a float32 give float32 where Python's give float64; the other way
        # round a program would be widened.
        wider = "64" in str(_dtype(f)) and call not in surface.WIDER
        if not compiled and _dtype(f) != _dtype(v) and (wider or not low):
            wrong.append(f"{call}: {_dtype(f)} in place of {_dtype(v)}")
    return wrong


def refusal(call: str, folder: Path) -> str | None:
    """The code of the refusal of a call; None for one that is taken."""
    args = _args([call])
    active = tuple(map(is_float, args))
    (function,) = surface.functions([[call]], folder)
    try:
        if any(active):
            differentiate(function, args, active, 1)
    except TangentError as error:
        return str(error.diagnostics[0].code)
    return None


GROUPS = batches(ROWS)


@pytest.mark.parametrize(
    ("group", "low"),
    [
        # Every sixteenth is enough for a first answer.
        pytest.param(group, low, marks=pytest.mark.slow if low or group % 16 else ())
        for group in range(len(GROUPS))
        for low in ((False,) if group % 3 else (False, True))
    ],
)
def test_rows_differentiate(group: int, low: bool, tmp_path: Path) -> None:
    """The emitted text of some calls at a time, as plain Python, in float64 and in float32."""
    calls = [c for c in GROUPS[group] if not low or c not in surface.DOUBLE_ONLY]
    (function,) = surface.functions([calls], tmp_path)
    assert not complaints(calls, function, low)


@pytest.mark.slow
@pytest.mark.parametrize("group", range(0, len(GROUPS), 16))
def test_rows_compile(group: int, tmp_path: Path) -> None:
    """The same through numba, for every sixteenth group."""
    calls = [c for c in GROUPS[group] if "random" not in c]
    (function,) = surface.functions([calls], tmp_path)
    assert not complaints(calls, function, False, compiled=True)


@pytest.mark.parametrize("call", REFUSED)
def test_refused_calls_say_so(call: str, tmp_path: Path) -> None:
    """What is listed as refused is; a call that is taken by now leaves the list (`--renew`)."""
    assert refusal(call, tmp_path) == REFUSED[call], "python -m tests.test_surface --renew"


@pytest.mark.slow
def test_locally_constant_rows_have_no_tangent(tmp_path: Path) -> None:
    """A row that no direction moves gives a zero tangent, not just a small one."""
    for calls in batches([row for row in ROWS if row.derivative == "zero"]):
        (function,) = surface.functions([calls], tmp_path)
        args = _args(calls)
        active = tuple(map(is_float, args))
        (way,) = directions(args, active, 1, np.random.default_rng(3))
        program = differentiate(function, args, active, 1)
        _, (slope,), *_ = run(_seeded(plain(program)), args, [way])
        assert not any(oracle.flat(_plain_lists(slope)))


def counts() -> dict[str, tuple[int, int, int]]:
    """For each part, how many of its rows that move differentiate, how many do in some of their
    calls, and how many there are.
    """
    found = {}
    for part, told in surface.PARTS.items():
        moving = [row.calls for row in ROWS if row.moves and row.part == part]
        whole = sum(REFUSED.keys().isdisjoint(calls) for calls in moving)
        some = sum(not REFUSED.keys() >= set(calls) for calls in moving)
        found[told] = whole, some - whole, len(moving)
    return found


def test_what_has_no_derivative_is_refused() -> None:
    """A row of that kind counts as none that could differentiate, and none of it does."""
    assert all(call in REFUSED for row in ROWS if row.derivative == "none" for call in row.calls)


def test_the_numbers_are_current_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert counts() == known.COUNTS
    assert main(["rules"]) == 0
    told = capsys.readouterr().out
    assert all(f"{taken} of {whole}" in told for taken, _, whole in counts().values())
    assert set(REFUSED) <= {call for row in ROWS for call in row.calls}


def refused(calls: list[str], folder: Path) -> dict[str, str]:
    """Those of the calls that are refused, and what is said; found by halves."""
    (function,) = surface.functions([calls], folder)
    args = _args(calls)
    try:
        differentiate(function, args, tuple(map(is_float, args)), 1)
    except TangentError as error:
        if len(calls) == 1:
            return {calls[0]: str(error.diagnostics[0].code)}
        half = len(calls) // 2
        return refused(calls[:half], folder) | refused(calls[half:], folder)
    return {}


def renew() -> None:
    """Write the file of the package anew."""
    folder = Path(tempfile.mkdtemp())
    REFUSED.clear()
    found = {}
    for calls in batches(ROWS):
        found |= refused(calls, folder)
    REFUSED.update(found)
    lines = [
        '"""How much of what numba and NumPy offer differentiates: see `tests/test_surface.py`."""',
        "",
        "COUNTS = {",
        *(f'    "{part}": {found},' for part, found in counts().items()),
        "}",
        '"""For each part of the table, how many callables differentiate, how many do in some of\n'
        'their arguments or calls, and how many could.\n"""',
        "",
        "REFUSED = {",
        *(f"    {_quoted(call)}: {_quoted(code)}," for call, code in REFUSED.items()),
        "}",
        '"""The calls that are refused, each with the code of what is said."""',
    ]
    Path(known.__file__).write_text("\n".join(lines) + "\n")


def _quoted(text: str) -> str:
    return repr(text) if '"' in text else f'"{repr(text)[1:-1]}"'


if __name__ == "__main__" and sys.argv[1:] == ["--renew"]:
    renew()
