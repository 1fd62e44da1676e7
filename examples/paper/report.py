"""Data, opponents and tables that the paper's experiments with pictures share."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from examples.paper import peers
from examples.paper.race import Curve, Runner, race, time_in_turn
from tangent_fwd import data

TUNED_RATES = (0.01, 0.03, 0.1, 0.3, 1.0)


def _enlarged_digits() -> data.Dataset:
    """scikit-learn's digits, each pixel three by three and two of margin: 28 x 28."""

    def enlarged(images: Any) -> Any:
        return np.pad(images.repeat(3, axis=1).repeat(3, axis=2), ((0, 0), (2, 2), (2, 2)))

    found = data.digits()
    return found._replace(images=enlarged(found.images), test_images=enlarged(found.test_images))


_SETS = {
    "Fashion-MNIST": data.fashion_mnist,
    "MNIST subset": data.mnist_subset,
    "digits, enlarged": _enlarged_digits,
}


def image_sets(wanted: str = "all") -> Iterator[tuple[str, Any]]:
    """Pictures as rows of 784 pixels: of the set whose name begins so, or for `all` those of the
    paper's kind that are on this machine.
    """
    for name, load in _SETS.items():
        if not name.lower().startswith("" if wanted == "all" else wanted.lower()):
            continue
        if wanted == "all" and load is _enlarged_digits:
            continue
        try:
            found = load()
        except (FileNotFoundError, ImportError) as error:
            print(f"{name} is left out: {error}")
            continue
        yield (
            name,
            (
                found.images.reshape(len(found.images), -1),
                found.labels,
                found.test_images.reshape(len(found.test_images), -1)[:2000],
                found.test_labels[:2000],
            ),
        )


def backward_runners(
    start: Callable[[], Any], rate: float, batch: int, threads: int
) -> list[Runner]:
    """Backpropagation at the same rate, by whatever is installed."""
    found = []
    if peers.installed("torch"):
        found.append(peers.torch_runner("backprop, PyTorch", start(), rate, batch, threads=threads))
        found.append(
            peers.torch_runner(
                "backprop, torch.compile", start(), rate, batch, threads=threads, compiled=True
            )
        )
    if peers.installed("jax"):
        found.append(peers.jax_runner("backprop, JAX", start(), rate, batch))
    return found


def fastest_backward(curves: dict[str, Curve], word: str = "torch") -> str | None:
    """The method by backpropagation whose step takes least, of those with a word in their name."""
    names = [n for n in curves if n.startswith("backprop") and word in n.lower()]
    return min(names, key=lambda n: curves[n].step_seconds(), default=None)


def common_loss(curves: dict[str, Curve]) -> float:
    """The lowest loss that every method reached."""
    return max(min(curve.losses) for curve in curves.values())


def tuned(
    curves: dict[str, Curve],
    loss: Any,
    start: Callable[[], Any],
    sets: Any,
    batch: int,
    options: argparse.Namespace,
) -> tuple[float, int, float] | None:
    """Backpropagation at the best of some constant rates: the rate, steps and seconds that it
    takes to the loss that all the others reached; None without PyTorch.
    """
    if options.no_peers or not peers.installed("torch"):
        return None
    goal = common_loss(curves)
    backward = fastest_backward(curves)
    assert backward is not None
    best: tuple[float, int, float] | None = None
    for rate in TUNED_RATES:
        runner = peers.torch_runner("tuned", start(), rate, batch, options.threads, decay=0.0)
        limit = 2000 if best is None else best[1]
        curve = race([runner], loss, sets, limit, 5, batch, until=goal)["tuned"]
        if curve.losses[-1] <= goal and (best is None or curve.steps[-1] < best[1]):
            steps = curve.steps[-1]
            best = (rate, steps, steps * curves[backward].step_seconds())
    return best


def table(
    curves: dict[str, Curve], best: tuple[float, int, float] | None, paper: float | None
) -> None:
    """Print the step, the final loss and the time to the common loss of each method."""
    goal = common_loss(curves)
    backward = fastest_backward(curves)
    base = curves[backward] if backward else None
    print(f"time to: the loss on test data that all methods reach, {goal:.4f}")
    head = ("us a step", 11), ("ratio", 7), ("last loss", 11), ("time to", 10), ("ratio", 8)
    print(f"{'method':<30}" + "".join(f"{word:>{width}}" for word, width in head))
    for name, curve in curves.items():
        step, reached = curve.step_seconds(), curve.time_to(goal)
        first = "" if base is None else f"{step / base.step_seconds():.2f}"
        second = "" if base is None else f"{reached / base.time_to(goal):.3f}"
        print(
            f"{name:<30}{step * 1e6:>11.1f}{first:>7}{curve.losses[-1]:>11.4f}"
            f"{reached:>8.2f} s{second:>8}"
        )
    if best is not None and base is not None:
        rate, _, seconds = best
        name = f"backprop tuned, rate {rate:g}"
        print(f"{name:<30}{base.step_seconds() * 1e6:>11.1f}{'':>18}{seconds:>8.3f} s"
              f"{seconds / base.time_to(goal):>8.4f}")  # fmt: skip
    if paper is not None:
        print(f"the paper's ratio of times: {paper}")
    if base is not None:
        for name, curve in curves.items():
            if name.startswith("forward"):
                apart = [abs(x / y - 1) for x, y in zip(curve.losses, base.losses)]
                print(f"{name}: loss per step within {100 * max(apart):.1f} % of backpropagation's")
    if not all(math.isfinite(x) for curve in curves.values() for x in curve.losses):
        print("some losses are not finite")


def timed_steps(
    runners: list[Runner], loss: Any, params: Any, batch: Any, options: argparse.Namespace
) -> dict[str, float]:
    """Median seconds of a step of each runner, and of the loss alone; printed as a table."""
    calls = {"the loss alone": lambda: loss(params, *batch)}
    for runner in runners:
        runner.run(np.repeat(batch[0], 2, 0), np.repeat(batch[1], 2), 0)
        calls[runner.name] = lambda runner=runner: runner.run(*batch, 1)
    steps = time_in_turn(calls, options.rounds)
    step_table(steps, f"a step, batch {len(batch[1])}, threads {options.threads}")
    return steps


def step_table(steps: dict[str, float], title: str) -> None:
    """Print medians of steps, over the loss alone and over PyTorch's fastest."""
    against = min((t for n, t in steps.items() if "orch" in n), default=math.nan)
    alone = steps["the loss alone"]
    print(f"{title:<44}{'ms':>9}{'of the loss':>13}{'of backprop':>13}")
    for name, seconds in steps.items():
        print(f"{name:<44}{seconds * 1e3:>9.2f}{seconds / alone:>13.2f}{seconds / against:>13.2f}")


def he(sizes: tuple[int, ...], seed: int = 0) -> Any:
    """He's initial values for dense layers between the sizes."""
    from tangent_fwd import nn

    return tuple(
        (nn.he_normal((rows, columns), seed + layer), nn.zeros(columns))
        for layer, (rows, columns) in enumerate(pairwise(sizes))
    )
