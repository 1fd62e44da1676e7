"""Runs one random program, its derivative and the oracle, and says how they differ."""

from __future__ import annotations

import atexit
import importlib.util
import itertools
import random
import shutil
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tangent_fwd.errors import ActivityError
from tangent_fwd.fields import remade
from tests import oracle
from tests.fuzz.generate import Case
from tests.harness import (
    TOLERANCE,
    backwards,
    compare,
    differentiate,
    directions,
    original,
    run,
    writes_to_inactive,
)
from tests.inputs import Fields, fresh

# The oracle is believed where nudging the inputs by some roundings moves its tangent by less.
SETTLED = TOLERANCE / 10.0
# What the programs raise on purpose.
OWN = (("out of range",), ("too large",), ("beyond",))
_numbers = itertools.count()
_folder: Path | None = None


@dataclass(frozen=True)
class Verdict:
    """What came of one program.

    `outcome` is "agrees", "refused" (what `may_refuse` allows the compiler), "unreliable" (the
    oracle cannot decide: `detail` says why), "invalid" (the program itself fails) or "disagrees".
    """

    outcome: str
    detail: str = ""
    oracle: str = ""


def _place() -> Path:
    global _folder
    if _folder is None:
        _folder = Path(tempfile.mkdtemp(prefix="tangent_fwd_fuzz_"))
        atexit.register(shutil.rmtree, _folder, ignore_errors=True)
    return _folder


def function(text: str) -> Any:
    """``program`` of this text, from a real file because the compiler reads the source."""
    name = f"fuzz_{next(_numbers)}"
    path = _place() / f"{name}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module.program


def forget(made: Any) -> None:
    """Let go of a function's module and file."""
    sys.modules.pop(made.__module__, None)
    Path(made.__code__.co_filename).unlink(missing_ok=True)


def _nudged(value: Any, rng: random.Random) -> Any:
    if isinstance(value, tuple):
        return remade(value, [_nudged(part, rng) for part in value])
    if isinstance(value, np.ndarray):
        nudge = np.array([1.0 + rng.choice((-1, 1)) * 4e-16 for _ in range(value.size)])
        return value * nudge.reshape(value.shape)
    return value * (1.0 + 4e-16) if isinstance(value, float) else value


def _answers(
    made: Any, args: tuple[Any, ...], ways: list[tuple[Any, ...]]
) -> tuple[list[oracle.Answer], str]:
    """The oracle's tangents, and why they are not to be trusted, if they are not."""
    answers = []
    rng = random.Random(0)
    for way in ways:
        answer = oracle.tangent(made, args, way)
        answers.append(answer)
        if answer.kinks:
            return answers, "a comparison is too close to call"
        if answer.oracle == "difference":
            scale = max([1.0, *map(abs, oracle.flat(answer.value))])
            if answer.error > SETTLED * scale:
                return answers, "differences do not settle"
            continue
        again = oracle.complex_step(made, tuple(_nudged(a, rng) for a in args), way)
        far = max(
            oracle.distance(again.value, answer.value),
            oracle.distance(again.arguments, answer.arguments),
        )
        if far > SETTLED:
            return answers, f"ill-conditioned: a rounding of the inputs moves it by {far:.0e}"
    return answers, ""


def stops(case: Case) -> bool:
    """Whether this program raises on purpose."""
    made = function(case.text)
    try:
        original(made, case.arguments())
    except (ValueError, AssertionError) as error:
        return error.args in OWN
    finally:
        forget(made)
    return False


def doubts(case: Case) -> str:
    """Why the oracle cannot decide this program; empty where it can."""
    if stops(case):
        return ""
    made = function(case.text)
    args = case.arguments()
    ways = directions(args, case.pattern(), 1, np.random.default_rng(case.seed))
    try:
        return _answers(made, args, ways)[1]
    finally:
        forget(made)


def may_refuse(
    error: ActivityError | ValueError, args: tuple[Any, ...], after: Any, active: tuple[bool, ...]
) -> bool:
    """Whether a refusal is due: a store into an inactive argument, or one array given twice to a
    helper that writes to it.
    """
    frozen = isinstance(error, ActivityError) and writes_to_inactive(args, after, active)
    return frozen or "shares memory with another" in str(error)


def _compiled(made: Any, args: tuple[Any, ...], way: tuple[Any, ...]) -> Any:
    """Value, tangents and arguments after a call through numba."""
    from tangent_fwd import forward_grad

    active = tuple(i for i, d in enumerate(way) if d is not None)
    derivative = forward_grad(made, argnums=active, cache=False)
    primals, moved = fresh(args), fresh(way)
    named = tuple(map(_as_dict, primals))
    value, slope = derivative.jvp(named, tuple(_as_dict(moved[i]) for i in active))
    return value, [slope], primals, [moved]


def _as_dict(value: Any) -> Any:
    """Fields as the dict that they stand for, with the same arrays in it."""
    return value._asdict() if isinstance(value, Fields) else value


def check(case: Case, *, compiled: bool = False, text: str | None = None) -> Verdict:
    """Differentiate the program (or ``text`` in its place), run it and hold it to the oracle.

    Any exception of the compiler counts as a disagreement: every program here is one that it
    promises to take.
    """
    try:
        made = function(case.text if text is None else text)
        args = case.arguments()
        with np.errstate(all="raise", under="ignore"):
            expected = original(made, args)
    except (ValueError, AssertionError) as error:
        if error.args not in OWN:
            return Verdict("invalid", f"{type(error).__name__}: {error}")
        return _judge_raised(case, made, args, compiled)
    except Exception as error:
        return Verdict("invalid", f"{type(error).__name__}: {error}")
    try:
        if not all(map(np.isfinite, oracle.flat(expected[0]))):
            return Verdict("invalid", "the value is not finite")
        return _judge(case, made, args, expected, compiled)
    finally:
        forget(made)


def _raised(call: Any, *args: Any) -> tuple[BaseException, list[int]]:
    """What a call raises, and the lines that it had come to, innermost first."""
    try:
        call(*args)
    except Exception as error:
        frames = list(traceback.walk_tb(error.__traceback__))
        return error, [line for _, line in reversed(frames)]
    return RuntimeError("nothing was raised"), [0]


def _judge_raised(case: Case, made: Any, args: tuple[Any, ...], compiled: bool) -> Verdict:
    """A program that raises: its derivative raises the same, from the same line."""
    active = case.pattern()
    lanes = 1 if compiled else case.lanes
    ways = directions(args, active, lanes, np.random.default_rng(case.seed))
    expected, (line, *_) = _raised(original, made, args)
    try:
        if compiled:
            found, _ = _raised(_compiled, made, args, ways[0])
            places = [line]
        else:
            program = differentiate(made, args, active, lanes, options=case.options)
            found, lines = _raised(run, backwards(program), args, ways)
            places = [program.line_map.get(number, 0) for number in lines[:1]]
    except ActivityError:
        return Verdict("refused")
    except Exception as error:
        return Verdict("disagrees", f"{type(error).__name__}: {error}")
    finally:
        forget(made)
    if isinstance(found, ActivityError) or "shares memory with another" in str(found):
        return Verdict("refused")
    same = type(found) is type(expected) and found.args == expected.args and places == [line]
    told = f"raised: {found!r} at {places}, expected {expected!r} at {line}"
    return Verdict("agrees" if same else "disagrees", "" if same else told, "exception")


def _judge(
    case: Case, made: Any, args: tuple[Any, ...], expected: tuple[Any, Any], compiled: bool
) -> Verdict:
    active, lanes = case.pattern(), 1 if compiled else case.lanes
    ways = directions(args, active, lanes, np.random.default_rng(case.seed))
    try:
        answers, doubt = _answers(made, args, ways)
    except Exception as error:
        return Verdict("unreliable", f"the oracle fails: {type(error).__name__}: {error}")
    if doubt:
        return Verdict("unreliable", doubt, answers[0].oracle)
    try:
        if compiled:
            found = _compiled(made, args, ways[0])
        else:
            program = differentiate(made, args, active, lanes, options=case.options)
            found = run(backwards(program), args, ways)
    except (ActivityError, ValueError) as error:
        if may_refuse(error, args, expected[1], active):
            return Verdict("refused")
        return Verdict("disagrees", f"{type(error).__name__}: {error}", answers[0].oracle)
    except Exception as error:
        return Verdict("disagrees", f"{type(error).__name__}: {error}", answers[0].oracle)
    # Values may differ by the conditioning that the oracle has just been found to have.
    complaints = compare(found, expected, answers, args, active, TOLERANCE, TOLERANCE)
    if complaints:
        return Verdict("disagrees", "\n".join(complaints), answers[0].oracle)
    return Verdict("agrees", oracle=answers[0].oracle)
