"""One row of the table: time everything that belongs to a case in one set of rounds."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from tests.benchmarks import peers
from tests.benchmarks.case import Arguments, Case
from tests.benchmarks.emitted import emitted_jvp, interleave
from tests.benchmarks.measure import Batch, Times, compiled_batch, measure, python_batch

LANES = 8


@dataclass(frozen=True)
class Effort:
    """How long to measure: rounds, seconds per batch, and the peers that take part."""

    rounds: int
    seconds: float
    peers: tuple[str, ...]
    variants: bool


@dataclass(frozen=True)
class Row:
    """What was measured for a case; `notes` says what was left out, and why."""

    case: Case
    times: Times
    notes: tuple[str, ...]
    text: str = ""


def run_case(case: Case, effort: Effort) -> Row:
    """Measure a case: references, emitted code and peers, all within the same rounds."""
    arguments = case.inputs()
    tangents = case.tangents(arguments)
    notes: list[str] = []
    batches: dict[str, Batch] = {}

    def add(name: str, function: Any, given: Arguments, lanes: int, order: int = 1) -> None:
        batch = compiled_batch(function, given, case.bump, lanes, order)
        batch(1)  # compiles: what fails, fails here
        batches[name] = batch

    add("primal", case.compiled_primal, arguments, 0)
    add("hand", case.hand_jvp, arguments + tangents, 1)
    if case.tuned_jvp is not None:
        add("tuned", case.tuned_jvp, arguments + tangents, 1)
    if case.numpy_primal is not None:
        primal = case.numpy_primal
        batches["numpy"] = python_batch(lambda: primal(*arguments))
    if effort.variants:
        for name, variant in case.variants.items():
            add(f"hand, {name}", variant, arguments + tangents, 1)

    emitted = emitted_jvp(case)
    text = ""
    # Peers are called from Python, so what they are compared with is called from Python too.
    edge = python_batch(lambda: case.hand_jvp(*arguments, *tangents))
    if emitted is not None:
        try:
            add("emitted", emitted.compiled(arguments), arguments + tangents, 1)
            twice = emitted.compiled(arguments, order=2)
            add("directional2", twice, arguments + tangents, 1, order=2)
            text = emitted.text(arguments)
            edge = python_batch(emitted.call(arguments, tangents))
            if case.scalar:
                lanes = [case.tangents(arguments, lane) for lane in range(LANES)]
                many = emitted.compiled(arguments, LANES)
                add(
                    f"emitted, {LANES} lanes",
                    many,
                    arguments + interleave(lanes),
                    LANES,
                )
        except Exception as error:
            # One case that does not compile must not cost the rest of the table.
            notes.append(f"{case.name}: emitted: {_first_line(error)}")
    batches["edge"] = edge
    once = _add_peers(case, effort, arguments, tangents, batches, notes)
    times = measure(batches, effort.rounds, effort.seconds)
    for name, seconds in once.items():
        times.rounds[name] = [seconds] * effort.rounds
    return Row(case, times, tuple(notes), text)


def _add_peers(
    case: Case,
    effort: Effort,
    arguments: Arguments,
    tangents: Arguments,
    batches: dict[str, Batch],
    notes: list[str],
) -> dict[str, float]:
    """Add the peers that run; those too slow to repeat are timed here, and returned."""
    once = {}
    for peer in effort.peers:
        build = case.peers.get(peer)
        if build is None:
            continue
        slow = getattr(build, "slow", False)
        try:
            call = build(arguments, tangents)
            start = time.perf_counter()
            value = float(call()[0])
            seconds = time.perf_counter() - start
        except Exception as error:
            # A peer that fails here is a fact about this machine, not about us: say it, go on.
            notes.append(f"{case.name}: {peers.COLUMNS[peer]}: {_first_line(error)}")
            continue
        expected = float(case.hand_jvp(*arguments, *tangents)[0])
        if abs(value - expected) > 1e-3 * max(1.0, abs(expected)):
            notes.append(f"{case.name}: {peers.COLUMNS[peer]}: {value} instead of {expected}")
            continue
        if slow:
            notes.append(f"{case.name}: {peers.COLUMNS[peer]}: {seconds:.1f} s, timed once")
            once[peer] = seconds
        else:
            batches[peer] = python_batch(call)
    return once


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:120]}"
