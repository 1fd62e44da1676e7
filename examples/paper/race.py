"""Two ways of training, step by step beside each other: what the paper's experiments share.

A runner takes a chunk of steps; in a race all runners take the same chunk in turn, so that
whatever else the machine does slows all of them alike. Steps are timed, and nothing else: neither
gathering the batches nor evaluating the loss.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

RATE_DECAY = 1e-4  # of the paper: the rate of step i is that of step 0 times exp(-i RATE_DECAY)


def use_threads(count: int) -> None:
    """Settle how many threads and cores everything may use, before NumPy is imported; 0 leaves
    them as they are.
    """
    if not count:
        return
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(count)
    if hasattr(os, "sched_setaffinity"):  # XLA takes as many threads as there are cores
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])


def arguments(description: str, given: list[str] | None, **defaults: float) -> argparse.Namespace:
    """What every experiment can be told on the command line; numbers by name, with defaults."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="FOLDER")
    parser.add_argument("--threads", type=int, default=1, help="0: leave them as they are")
    parser.add_argument("--data", default="all", help="fashion, mnist, digits; all: the first two")
    parser.add_argument("--no-peers", action="store_true", help="without PyTorch and JAX")
    for name, value in defaults.items():
        parser.add_argument(f"--{name}", type=type(value), default=value)
    options = parser.parse_args(given)
    use_threads(options.threads)
    options.results.mkdir(parents=True, exist_ok=True)
    return options


class Runner(NamedTuple):
    """A way of training: takes the steps of a chunk, and tells its parameters.

    `run(images, labels, first)` takes one step for each batch of its rows; the number of the
    first of them counts from 0. `parameters()` has the structure that the loss takes.
    """

    name: str
    run: Callable[[Any, Any, int], object]
    parameters: Callable[[], Any]


class Curve(NamedTuple):
    """Loss on data that was not trained on, after some of the steps; seconds spent on those."""

    steps: list[int]
    losses: list[float]
    seconds: list[float]

    def step_seconds(self) -> float:
        """The median time of a step, over chunks; the first, which compiles, is left out."""
        chunks = [
            (after - before) / (last - first)
            for first, last, before, after in zip(
                self.steps[1:], self.steps[2:], self.seconds[1:], self.seconds[2:]
            )
        ]
        return sorted(chunks)[len(chunks) // 2]

    def time_to(self, loss: float) -> float:
        """Seconds until the loss is first no larger: steps needed times the median of a step."""
        needed = next((n for n, x in zip(self.steps, self.losses) if x <= loss), None)
        return float("nan") if needed is None else needed * self.step_seconds()


def race(
    runners: list[Runner],
    loss: Callable[..., float],
    data: Any,
    steps: int,
    each: int,
    batch: int,
    until: float | None = None,
) -> dict[str, Curve]:
    """Let all runners take the same steps, `each` of them in turn; the first two chunks are short.

    A runner whose loss is not larger than `until` stops there.
    """
    import numpy as np

    random = np.random.default_rng(0)
    curves = {r.name: Curve([0], [loss(r.parameters(), *data[2:])], [0.0]) for r in runners}
    order = np.empty(0, np.int64)
    taken = 0
    while taken < steps and runners:
        chunk = min(each if taken else 2, steps - taken)
        while order.size < chunk * batch:
            order = np.concatenate([order, random.permutation(len(data[0]))])
        rows, order = order[: chunk * batch], order[chunk * batch :]
        images, labels = data[0][rows], data[1][rows]
        for runner in list(runners):
            began = time.perf_counter()
            runner.run(images, labels, taken)
            spent = time.perf_counter() - began
            curve = curves[runner.name]
            curve.steps.append(taken + chunk)
            curve.seconds.append(curve.seconds[-1] + spent)
            curve.losses.append(float(loss(runner.parameters(), *data[2:])))
            if until is not None and curve.losses[-1] <= until:
                runners = [r for r in runners if r is not runner]
        taken += chunk
    return curves


def forward_runner(
    name: str, loss: Any, params: Any, rate: float, directions: Any, batch: int, k: int = 1
) -> Runner:
    """Plain descent with the forward gradient: a chunk is one compiled call."""
    from numba import njit

    from tangent_fwd import optim

    schedule = optim.exponential(rate, RATE_DECAY)
    trainer = optim.ForwardGradient(loss, params, optim.SGD(schedule), directions, k)
    step_fn = trainer.step_fn

    @njit
    def steps(state, images, labels):
        for start in range(0, labels.size, batch):
            step_fn(state, images[start : start + batch], labels[start : start + batch])

    def run(images: Any, labels: Any, first: int) -> None:
        if not first:  # the memory that a step keeps is made by the first one
            trainer.step(images[:batch], labels[:batch])
            images, labels = images[batch:], labels[batch:]
        steps(trainer.state, images, labels)
        trainer.check()

    return Runner(name, run, lambda: trainer.params)


def time_in_turn(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each call, all of them made in turn; three rounds before do not count."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for count in range(rounds + 3):
        for name, call in calls.items():
            began = time.perf_counter()
            call()
            if count >= 3:
                times[name].append(time.perf_counter() - began)
    return {name: sorted(found)[len(found) // 2] for name, found in times.items()}


def draw(curves: dict[str, Curve], title: str, path: Path) -> None:
    """Loss against steps, and against time."""
    import matplotlib

    matplotlib.use("Agg")  # a picture in a file needs no screen
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), sharey=True)
    for name, curve in curves.items():
        step = curve.step_seconds()
        left.plot(curve.steps, curve.losses, label=name)
        right.plot([n * step for n in curve.steps], curve.losses, label=name)
    left.set(xlabel="steps", ylabel="loss on test data")
    right.set(xlabel="seconds")
    right.legend(fontsize=8)
    for panel in (left, right):
        panel.grid(alpha=0.3)
    figure.suptitle(title)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)
