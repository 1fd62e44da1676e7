"""Beale's and Rosenbrock's functions, descended along random directions.

    python -m examples.paper.functions [--results FOLDER] [--quick]

The first experiment of "Gradients without Backpropagation" (Baydin, Pearlmutter, Syme, Wood, Torr,
2022): plain descent with the forward gradient under N(0, I) beside descent with the gradient
itself, at one rate, from one start, for ten seeds. With two parameters the noise costs little; of
the time of a step, most goes into drawing the direction.

Written to the results folder: a picture of loss against steps and against time, and the step as
it was compiled. The table says what the paper reached.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib

matplotlib.use("Agg")  # a picture in a file needs no screen

import matplotlib.pyplot as plt
import numpy as np
from numba import njit

from tangent_fwd import forward_grad, optim

SEEDS = 10
POINTS = 200  # of each curve


@forward_grad
def beale(theta):
    x, y = theta
    a = 1.5 - x + x * y
    b = 2.25 - x + x * y**2
    c = 2.625 - x + x * y**3
    return a**2 + b**2 + c**2


@forward_grad
def rosenbrock(theta):
    x, y = theta
    return (1.0 - x) ** 2 + 100.0 * (y - x**2) ** 2


class Case(NamedTuple):
    """A function, its start, and the settings and the final loss of the paper."""

    name: str
    loss: Any
    start: tuple[float, float]
    rate: float
    steps: int
    paper: float


CASES = (
    Case("Beale", beale, (0.0, 0.5), 0.01, 1_000, 5e-5),
    Case("Rosenbrock", rosenbrock, (-1.0, 0.0), 5e-4, 25_000, 5e-6),
)


class Curves(NamedTuple):
    """Loss after some of the steps, one row for each seed, and microseconds a step."""

    at: np.ndarray
    forward: np.ndarray
    exact: np.ndarray
    forward_us: float
    exact_us: float


def forward_run(case: Case, seed: int, steps: int, each: int) -> tuple[np.ndarray, float]:
    """Losses every `each` steps with the forward gradient, and microseconds a step."""
    trainer = optim.ForwardGradient(
        case.loss, case.start, optim.SGD(case.rate), optim.Gaussian(), seed=seed
    )
    step_fn, loss = trainer.step_fn, case.loss

    @njit
    def run(state, losses, each):
        x, y = state.params
        losses[0] = loss((x[0], y[0]))
        for i in range(1, losses.size):
            for _ in range(each):
                step_fn(state)
            losses[i] = loss((x[0], y[0]))

    losses = np.empty(steps // each + 1)
    run(trainer.state, losses[:1], each)  # compiles
    began = time.perf_counter()
    run(trainer.state, losses, each)
    return losses, (time.perf_counter() - began) / steps * 1e6


def exact_run(case: Case, steps: int, each: int) -> tuple[np.ndarray, float]:
    """The same with the gradient, which takes a pass for each of the two parameters."""
    loss = case.loss

    @njit
    def run(theta, losses, each, rate):
        losses[0] = loss(theta)
        for i in range(1, losses.size):
            for _ in range(each):
                _, along_x = loss.tangent(theta, (1.0, 0.0))
                _, along_y = loss.tangent(theta, (0.0, 1.0))
                theta = (theta[0] - rate * along_x, theta[1] - rate * along_y)
            losses[i] = loss(theta)

    losses = np.empty(steps // each + 1)
    run(case.start, losses[:1], each, case.rate)  # compiles
    began = time.perf_counter()
    run(case.start, losses, each, case.rate)
    return losses, (time.perf_counter() - began) / steps * 1e6


def curves(case: Case, steps: int) -> Curves:
    """All runs of one function."""
    each = max(1, steps // POINTS)
    runs = [forward_run(case, seed, steps, each) for seed in range(SEEDS)]
    exact, exact_us = exact_run(case, steps, each)
    return Curves(
        at=np.arange(len(exact)) * each,
        forward=np.array([losses for losses, _ in runs]),
        exact=exact,
        forward_us=float(np.median([us for _, us in runs])),
        exact_us=exact_us,
    )


def draw(results: list[tuple[Case, Curves]], path: Path) -> None:
    """Loss against steps, and against time."""
    figure, panels = plt.subplots(2, len(results), figsize=(10, 7), sharey="col")
    for column, (case, found) in enumerate(results):
        for row, (forward_each, exact_each, unit) in enumerate(
            ((1.0, 1.0, "steps"), (found.forward_us, found.exact_us, "microseconds"))
        ):
            panel = panels[row, column]
            for losses in found.forward:
                panel.plot(found.at * forward_each, losses, color="C0", lw=0.5, alpha=0.5)
            middle = np.median(found.forward, axis=0)
            panel.plot(found.at * forward_each, middle, color="C0", label="forward gradient")
            panel.plot(found.at * exact_each, found.exact, color="C1", label="gradient")
            panel.set(xlabel=unit, yscale="log")
            panel.grid(alpha=0.3)
        panels[0, column].set_title(f"{case.name}, rate {case.rate:g}")
        panels[0, column].legend(fontsize=8)
    panels[0, 0].set_ylabel("loss")
    panels[1, 0].set_ylabel("loss")
    figure.suptitle(f"Same rate, same start; {SEEDS} seeds and their median")
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(arguments: list[str] | None = None) -> list[tuple[Case, Curves]]:
    """Run both functions; returns the curves."""
    parser = argparse.ArgumentParser(description="Forward gradients on two test functions.")
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="FOLDER")
    parser.add_argument("--quick", action="store_true", help="a tenth of the steps")
    options = parser.parse_args(arguments)
    options.results.mkdir(parents=True, exist_ok=True)

    results = [(case, curves(case, case.steps // (10 if options.quick else 1))) for case in CASES]
    draw(results, options.results / "functions.png")
    print(
        f"{'function':<12}{'method':<20}{'steps':>8}{'us a step':>11}{'final loss':>12}{'paper':>9}"
    )
    for case, found in results:
        for method, us, loss, paper in (
            ("forward gradient", found.forward_us, np.median(found.forward[:, -1]), case.paper),
            ("gradient", found.exact_us, found.exact[-1], None),
        ):
            told = "" if paper is None else f"{paper:.0e}"
            print(f"{case.name:<12}{method:<20}{found.at[-1]:>8,}{us:>11.3f}{loss:>12.1e}{told:>9}")
    print(f"\nmedians of {SEEDS} seeds; curves: {options.results}/functions.png")
    return results


if __name__ == "__main__":
    main()
