"""The paper's experiments run, short, and keep what they promise apart from time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from examples.paper import cnn, depth, mlp, report, softmax_regression

pytestmark = pytest.mark.slow

SHORT = ["--no-peers", "--threads", "0", "--data", "digits"]


def softmax_losses(steps: int) -> float:
    """The loss on test data after as many steps of descent along the gradient, by formula."""
    _, (images, labels, test_images, test_labels) = next(report.image_sets("digits"))
    W = np.zeros((784, 10))
    b = np.zeros(10)
    random = np.random.default_rng(1)

    def probabilities(rows):
        scores = np.exp(rows @ W + b)
        return scores / scores.sum(axis=1, keepdims=True)

    for i in range(steps):
        rows = random.integers(0, len(images), softmax_regression.BATCH)
        apart = probabilities(images[rows]) - np.eye(10)[labels[rows]]
        rate = softmax_regression.RATE * np.exp(-1e-4 * i) / len(rows)
        W -= rate * images[rows].T @ apart
        b -= rate * apart.sum(axis=0)
    of_right = probabilities(test_images)[np.arange(len(test_labels)), test_labels]
    return float(-np.log(of_right).mean())


def test_softmax_regression_loses_as_much_per_step_as_along_the_gradient(tmp_path: Path) -> None:
    curves = softmax_regression.main(
        [*SHORT, "--steps", "2000", "--each", "500", "--results", str(tmp_path)]
    )["digits, enlarged"]
    assert set(curves) == {"forward, Gaussian", "forward, rank-one"}
    exact = softmax_losses(2000)
    assert exact < 2.2
    for curve in curves.values():
        assert curve.steps[-1] == 2000
        assert curve.losses[0] == pytest.approx(np.log(10), rel=1e-6)
        assert curve.losses[-1] == pytest.approx(exact, rel=0.02)
    assert (tmp_path / "softmax_regression_digits,.png").read_bytes().startswith(b"\x89PNG")


def test_a_network_learns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mlp, "LANES", (1, 2))  # sixteen take a minute to compile
    found = mlp.main(
        [*SHORT, "--steps", "60", "--each", "20", "--rounds", "1", "--results", str(tmp_path)]
    )
    assert set(found["lanes"]) == {1, 2}
    assert {"forward, rank-one signs", "forward, signs", "forward, Gaussian"} < set(found["steps"])
    for curve in found["curves"]["digits, enlarged"].values():
        assert curve.losses[-1] < curve.losses[0]


def test_a_convolutional_network_takes_steps(tmp_path: Path) -> None:
    found = cnn.main(
        [*SHORT, "--steps", "4", "--each", "2", "--rounds", "1", "--results", str(tmp_path)]
    )
    (curve,) = found["curves"]["digits, enlarged"].values()
    assert curve.steps == [0, 2, 4]
    assert np.isfinite(curve.losses).all()


def test_memory_does_not_grow_with_the_depth() -> None:
    found = depth.main(["--no-peers", "--threads", "0", "--rounds", "1", "--deepest", "20"])
    # Backpropagation holds a gradient for every parameter, if nothing else.
    gradient = 4 * (784 * 1024 + 19 * 1024 * 1024)
    assert found[20]["forward"][1] < 0.1 * gradient
