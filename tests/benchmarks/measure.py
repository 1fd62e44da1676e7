"""Timing: every variant of a case once per round, in random order, ratios taken within rounds."""

import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba import njit

# Runs the measured call `count` times.
Batch = Callable[[int], object]


@dataclass
class Times:
    """Seconds per call of each variant, one entry per round."""

    rounds: dict[str, list[float]] = field(default_factory=dict)

    def microseconds(self, name: str) -> float:
        """The median over the rounds."""
        return statistics.median(self.rounds[name]) * 1e6

    def ratio(self, name: str, base: str) -> tuple[float, float] | None:
        """Median of the ratios within a round, and ratio of the minima; None where not timed.

        The two differ by as much as the machine was busy with something else.
        """
        if name not in self.rounds or base not in self.rounds:
            return None
        pairs = zip(self.rounds[name], self.rounds[base], strict=True)
        median = statistics.median(first / second for first, second in pairs)
        return median, min(self.rounds[name]) / min(self.rounds[base])


def measure(batches: dict[str, Batch], rounds: int, seconds: float) -> Times:
    """Time every batch `rounds` times; a batch repeats its call for about `seconds`.

    Args:
        batches: name to a function that runs the call the given number of times.
        rounds: how often each is timed.
        seconds: wall time that one batch aims at.
    """
    counts = {}
    for name, batch in batches.items():
        batch(1)
        count = 1
        while (elapsed := _clock(batch, count)) < seconds / 4 and count < 1_000_000:
            count *= 4
        counts[name] = max(1, round(count * seconds / max(elapsed, 1e-9)))
        counts[name] = min(counts[name], 4_000_000)
    order = random.Random(0)
    times = Times({name: [] for name in batches})
    for _ in range(rounds):
        names = list(batches)
        order.shuffle(names)
        for name in names:
            times.rounds[name].append(_clock(batches[name], counts[name]) / counts[name])
    return times


def _clock(batch: Batch, count: int) -> float:
    start = time.perf_counter()
    batch(count)
    return time.perf_counter() - start


def python_batch(call: Callable[[], object]) -> Batch:
    """Repeat a call from Python: what a user at the prompt pays, dispatch included."""

    def batch(count: int) -> None:
        for _ in range(count):
            call()

    return batch


def compiled_batch(
    function: Any, arguments: tuple[Any, ...], bump: int, lanes: int = 0, order: int = 1
) -> Batch:
    """Repeat a call inside compiled code, so that the dispatch from Python does not count.

    Args:
        function: a numba dispatcher.
        arguments: what it is called with.
        bump: index of the array whose first element changes between calls; otherwise LLVM
            would be right to call a pure function once.
        lanes: 0 for a primal, 1 for `(value, tangent)`, K for `(value, (K tangents))`.
        order: 2 for `(value, tangent, second tangent)`.
    """
    names = [f"a{index}" for index in range(len(arguments))]
    corner = ", ".join("0" * np.ndim(arguments[bump]))
    reads = {0: "out", 1: "out[0] + out[1]"}.get(
        lanes, " + ".join(["out[0]", *(f"out[1][{lane}]" for lane in range(lanes))])
    )
    reads += " + out[2]" if order == 2 else ""
    text = (
        f"def repeat(count, start, {', '.join(names)}):\n"
        "    check = 0.0\n"
        "    for step in range(count):\n"
        f"        a{bump}[{corner}] = start + 1e-9 * (step % 1000)\n"
        f"        out = function({', '.join(names)})\n"
        f"        check += {reads}\n"
        "    return check\n"
    )
    space: dict[str, Any] = {"function": function}
    exec(text, space)
    repeat = njit(space["repeat"])
    # The last element changed must not be one that another variant reads meanwhile.
    own = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
    start = float(arguments[bump].flat[0])
    return lambda count: repeat(count, start, *own)
