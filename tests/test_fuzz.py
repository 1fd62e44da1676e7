"""Random programs agree with the oracle; one integer reproduces a case.

python -m tests.fuzz.run --show SEED
python -m tests.fuzz.run --reduce SEED
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from tangent_fwd import ActivityError
from tests import oracle
from tests.fuzz.check import doubts, forget, function, may_refuse, stops
from tests.fuzz.generate import Case, generate
from tests.fuzz.reduce import reduce
from tests.fuzz.run import survey
from tests.harness import differentiate, directions, original, plain, run
from tests.inputs import like

PROGRAMS = 50
CHUNK = 50
COMPILED = 10
COMPILED_CHUNK = 5


def _chunks(count: int, size: int, quick: int, start: int = 0) -> list[Any]:
    """The first seed of each chunk; those beyond ``quick`` programs are marked slow."""
    return [
        pytest.param(start + first, marks=pytest.mark.slow if first >= quick else ())
        for first in range(0, count, size)
    ]


@pytest.mark.parametrize("first", _chunks(PROGRAMS, CHUNK, quick=0))
def test_random_programs_as_plain_python(first: int) -> None:
    """Value, tangents and arguments afterwards, in the emitted text run without numba."""
    counts, wrong = survey(range(first, first + CHUNK))
    assert not wrong, f"seeds that disagree: {wrong}"
    assert counts["invalid"] == 0
    # Where the oracle cannot decide we learn nothing, so that must stay rare.
    assert counts["unreliable"] <= 0.06 * CHUNK
    assert counts["refused"] <= 0.2 * CHUNK


@pytest.mark.parametrize("first", _chunks(COMPILED, COMPILED_CHUNK, quick=0))
def test_random_programs_through_numba(first: int) -> None:
    """The same through numba's machine code."""
    counts, wrong = survey(range(first, first + COMPILED_CHUNK), compiled=True)
    assert not wrong, f"seeds that disagree: {wrong}"
    assert counts["agrees"] >= COMPILED_CHUNK // 2


@pytest.mark.slow
def test_rounds_that_may_run_at_the_same_time_may_run_backwards() -> None:
    """What stays a loop over `prange` has no races, in primal or tangents."""
    counts, wrong = survey(range(40), threads=True)
    assert not wrong, f"seeds that disagree: {wrong}"
    assert counts["agrees"] >= 36


def _slopes(case: Case, lanes: int, ways: list[tuple[Any, ...]]) -> list[list[float]] | None:
    """Tangents of a program in chunks of so many lanes; None where the compiler may refuse."""
    made = function(case.text)
    args = case.arguments()
    try:
        entry = plain(differentiate(made, args, case.pattern(), lanes))
    except ActivityError as error:
        if not may_refuse(error, args, original(made, args)[1], case.pattern()):
            raise
        return None
    finally:
        forget(made)
    found = []
    for first in range(0, len(ways), lanes):
        found += [oracle.flat(t) for t in run(entry, args, ways[first : first + lanes])[1]]
    return found


def _times(way: Any, factor: float) -> Any:
    """A direction that is so many times as long."""
    if isinstance(way, tuple):
        return like(way, [_times(part, factor) for part in way])
    return None if way is None else way * factor


@pytest.mark.parametrize("first", _chunks(15, 15, quick=0, start=5000))
def test_lanes_and_linearity(first: int) -> None:
    """No oracle: lanes leave the bits alone, standing still gives 0, and twice is twice."""
    for seed in range(first, first + 15):
        case = generate(seed)
        if stops(case):
            continue
        args, active = case.arguments(), case.pattern()
        (way,) = directions(args, active, 1, np.random.default_rng(seed))
        double, still = _times(way, 2.0), _times(way, 0.0)
        together = _slopes(case, 3, [way, double, still])
        if together is None:
            continue
        assert together == _slopes(case, 1, [way, double, still]), f"seed {seed}"
        assert together[1] == [2.0 * slope for slope in together[0]], f"seed {seed}"
        assert not any(together[2]), f"seed {seed}"


def test_undecided_programs_are_rare() -> None:
    """Over many seeds the oracle decides all but 2.5 % (a kink met, or an ill-conditioned loop)."""
    seeds = random.Random(5).sample(range(10**6), 400)
    undecided = {seed: doubt for seed in seeds if (doubt := doubts(generate(seed)))}
    assert len(undecided) <= 10, undecided


def test_a_seed_always_makes_the_same_program() -> None:
    assert generate(17) == generate(17)
    assert len({generate(seed).text for seed in range(200)}) == 200


def test_programs_use_the_whole_language() -> None:
    """Each construct that the generator knows appears often."""
    texts = [generate(seed).text for seed in range(1000)]
    for construct in (
        "while ",
        "break",
        "continue",
        "elif ",
        "else:",
        "enumerate(",
        "zip(",
        "range(",
        " @ ",
        "axis=",
        ".T",
        "[::-1]",
        ".copy()",
        "np.where(",
        "helper_1(",
        "        return ",
        "+=",
        "/=",
        "[:, None]",
        " ** ",
        " % ",
        ".append(",
        "try:",
        "lambda ",
        "    def ",
        " := ",
        "raise ",
        "np.linalg.",
        "einsum(",
        "1j",
        ".sort(",
        "is None",
    ):
        assert sum(construct in text for text in texts) >= 5, construct


def test_reduction_keeps_what_matters() -> None:
    """The reducer drops every statement that the complaint does not need."""
    text = (
        "def program(x):\n    a = x + 1.0\n    if a > 0:\n        b = a * a\n"
        "    c = 3.0\n    return a"
    )
    small = reduce(text, lambda candidate: "a * a" in candidate)
    assert "c = 3.0" not in small
    assert "if" not in small
    assert "a * a" in small
