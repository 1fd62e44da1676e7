"""The process that has everything loaded, and its copies that try one fault each."""

from __future__ import annotations

import json
import os
import pickle
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import coverage
import pytest

from tangent_fwd.front import Front
from tests import harness, test_programs
from tests.mutation.mutants import Mutant
from tests.mutation.transplant import forget, transplant


class Server:
    """A plugin of pytest that runs the tests once, and then again for every fault."""

    def __init__(
        self, mutants: list[Mutant], out: Path, again: Path | None, limit: float, all: bool
    ) -> None:
        self.all = all
        self.mutants = mutants
        self.out = out
        self.again = again
        self.limit = limit
        self.failed = False
        self.seconds: dict[str, float] = {}
        self.names: dict[str, dict[str, Any]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called by pytest for each part of a test."""
        self.failed |= report.failed or report.skipped

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Called by pytest in place of its own loop."""
        items = {item.nodeid: item for item in session.items}
        reached = self.measured(items)
        known = {found["name"] for found in _read(self.out)}
        mutants = self.mutants
        if self.again is not None:
            left = {found["name"] for found in _read(self.again) if found["killed"] is None}
            mutants = [mutant for mutant in mutants if mutant.name in left]
        for mutant in mutants:
            if mutant.name not in known:
                chosen = self.in_turn(reached.by(mutant), mutant.words)
                found = self.tried(mutant, [items[name] for name in chosen])
                found |= {"name": mutant.name, "reached": len(chosen), "fault": mutant.difference}
                with self.out.open("a") as file:
                    file.write(json.dumps(found) + "\n")
        return True

    def in_turn(self, names: set[str], words: tuple[str, ...]) -> list[str]:
        """First the tests named after what stands around the fault; then the quickest test of
        every file, the second of every file, and so on.
        """
        places: dict[str, tuple[bool, int]] = {}
        order = Counter[str]()
        for name in sorted(names, key=self.seconds.__getitem__):
            file, _, parameters = name.partition("[")
            meant = any(re.search(rf"\b{re.escape(word)}-", parameters) for word in words)
            places[name] = (not meant, order[file])
            order[file] += 1
        return sorted(places, key=places.__getitem__)

    def passes(self, item: pytest.Item) -> bool:
        self.failed = False
        if isinstance(item, pytest.DoctestItem):
            # They empty their names once they have run.
            names = self.names.setdefault(item.nodeid, dict(item.dtest.globs))
            item.dtest.globs.update(names)
        item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
        return not self.failed

    def measured(self, items: dict[str, pytest.Item]) -> Reached:
        """Which lines each test reaches; those that do not pass as things are, are left out."""
        watch = coverage.Coverage(data_file=None, include=["*/tangent_fwd/*"], config_file=False)
        if not self.all:
            watch.start()
        for name, item in items.items():
            forget()
            if not self.all:
                watch.switch_context(name)
            start = time.perf_counter()
            if self.passes(item):
                self.seconds[name] = time.perf_counter() - start
            else:
                print("left out:", name, flush=True)
        if not self.all:
            watch.stop()
        print(f"{len(self.seconds)} of {len(items)} tests, {sum(self.seconds.values()):.0f} s",
              flush=True)  # fmt: skip
        return Reached(None if self.all else watch.get_data(), set(self.seconds))

    def tried(self, mutant: Mutant, items: list[pytest.Item]) -> dict[str, Any]:
        """What a copy of this process finds of a fault."""
        there, back = os.pipe()
        start = time.perf_counter()
        child = os.fork()
        if child == 0:
            os.close(there)
            self.child(mutant, items, back)
        os.close(back)
        with os.fdopen(there, "rb") as pipe:
            told = list(_messages(pipe))
        _, status = os.waitpid(child, 0)
        begun, killed = [m for m in told if m[0] == "begun"], [m for m in told if m[0] == "killed"]
        complete = told[-1:] == [("end",)]
        reason = None
        if killed:
            reason = killed[0][1]
        elif not complete:
            reason = f"signal {os.WTERMSIG(status)} in {begun[-1][1] if begun else 'loading'}"
        ended = bool(told) and told[-1][0] == "late"
        return {
            "killed": None if ended else reason,
            "run": len(begun),
            "late": ended,
            "seconds": round(time.perf_counter() - start, 1),
        }

    def child(self, mutant: Mutant, items: list[pytest.Item], back: int) -> None:
        """Try a fault; never returns."""

        def tell(*message: str) -> None:
            os.write(back, pickle.dumps(message))

        try:
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            try:
                transplant(mutant.path, mutant.text)
            except BaseException as error:
                tell("killed", f"loading: {type(error).__name__}: {error}")
                os._exit(0)
            start = time.process_time()
            for item in items:
                if time.process_time() - start > self.limit:
                    tell("late")
                    os._exit(0)
                tell("begun", item.nodeid)
                # An endless loop, which may be one of compiled code, ends with the process.
                signal.setitimer(signal.ITIMER_PROF, 60.0 + 20.0 * self.seconds[item.nodeid])
                if not self.passes(item):
                    tell("killed", item.nodeid)
                    os._exit(0)
                signal.setitimer(signal.ITIMER_PROF, 0.0)
            tell("end")
        finally:
            os._exit(0)


class Reached:
    """Which tests reach a line."""

    def __init__(self, data: coverage.CoverageData | None, tests: set[str]) -> None:
        self.tests = tests
        self.contexts = {
            name: data.contexts_by_lineno(name) for name in (data.measured_files() if data else ())
        }

    def by(self, mutant: Mutant) -> set[str]:
        """The tests that reach a fault: its lines or, where none are counted, those around it."""
        if not mutant.inside or not self.contexts:
            return self.tests
        lines = self.contexts.get(str(mutant.path), {})
        for first, last in mutant.places:
            found = {t for k in range(first, last + 1) for t in lines.get(k, ()) if t in self.tests}
            if found:
                return found
        return set()


def _read(results: Path) -> list[dict[str, Any]]:
    if not results.exists():
        return []
    return [json.loads(line) for line in results.read_text().splitlines()]


def _messages(pipe: Any) -> Iterator[tuple[str, ...]]:
    while True:
        try:
            yield pickle.load(pipe)
        except EOFError:
            return


def prepare() -> None:
    """Let numba's types, and comparisons of one text, be found once for all faults."""
    types: dict[Any, Any] = {}
    inferred = Front.inferred

    def once(self: Front, function: Any, program: Any, arg_types: Any) -> Any:
        key = function.original, program.name, program.params, program.body, arg_types
        if key not in types:
            found = inferred(self, function, program, arg_types)
            if (function.original, arg_types) in self.results:
                return found  # it calls itself, and more than the types is learnt
            types[key] = found
        return types[key]

    Front.inferred = once  # type: ignore[method-assign]
    compared: dict[Any, Any] = {}
    disagreements = harness.disagreements

    def compare_once(function: Any, active: Any, lanes: int, seed: int = 0) -> Any:
        try:
            args = harness.inputs(function)
            text = harness.differentiate(function, args, active, lanes).text
        except Exception:
            return disagreements(function, active, lanes, seed)
        key = function, active, lanes, seed, text
        if key not in compared:
            compared[key] = disagreements(function, active, lanes, seed)
        return compared[key]

    test_programs.disagreements = compare_once  # type: ignore[attr-defined]
