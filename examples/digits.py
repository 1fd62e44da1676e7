"""Train on real handwritten digits without backpropagation.

    python examples/digits.py [--results FOLDER] [--quick]

Each step of forward-gradient descent draws a random direction of signs, asks for the slope of the
loss along it (one pass, no stored activations) and moves against slope times direction.
That is the gradient on average, and a noisy guess at it in every single step.
So the exact gradient is trained beside it, for comparison: it needs far fewer steps.
(A step of backpropagation costs about three passes of the loss; a step of the exact gradient
here costs one pass for every eight parameters, so only the steps can be compared, not the time.)

Written to the results folder: the emitted derivative of each loss, and the curves as a picture.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import NamedTuple

import matplotlib

matplotlib.use("Agg")  # a picture in a file needs no screen

import matplotlib.pyplot as plt
import numpy as np
from numba import njit
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tqdm import tqdm

from tangent_fwd import forward_grad

BATCH = 64
SLICES = 100  # of a run; after each the progress bar moves and the loss is noted


def cross_entropy(scores, targets):
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_total = np.log(np.exp(shifted).sum(axis=1))
    return np.mean(log_total - (targets * shifted).sum(axis=1))


@forward_grad
def softmax_loss(params, images, targets):
    """Softmax regression: one layer of weights, then cross-entropy."""
    W, b = params
    return cross_entropy(images @ W + b, targets)


@forward_grad
def mlp_loss(params, images, targets):
    """A small network: one hidden layer of tanh, then cross-entropy."""
    W1, b1, W2, b2 = params
    hidden = np.tanh(images @ W1 + b1)
    return cross_entropy(hidden @ W2 + b2, targets)


def softmax_scores(params, images):
    W, b = params
    return images @ W + b


def mlp_scores(params, images):
    W1, b1, W2, b2 = params
    return np.tanh(images @ W1 + b1) @ W2 + b2


def forward_descent(loss):
    """The compiled training loop of a loss."""

    @njit
    def run(theta, params, direction, directions, images, targets, rate, steps):
        # `params` and `directions` are views of the flat arrays `theta` and `direction`.
        for _ in range(steps):
            for i in range(direction.size):
                direction[i] = 1.0 if np.random.random() < 0.5 else -1.0
            rows = np.random.randint(0, len(images), BATCH)
            _, slope = loss.tangent(params, images[rows], targets[rows], directions)
            theta -= rate * slope * direction

    return run


@njit
def seed_compiled_code(seed):
    np.random.seed(seed)


def flat_and_views(shapes):
    """One flat array of zeros, and its parts in the given shapes."""
    sizes = [int(np.prod(shape)) for shape in shapes]
    flat = np.zeros(sum(sizes))
    parts = np.split(flat, np.cumsum(sizes)[:-1])
    return flat, tuple(part.reshape(shape) for part, shape in zip(parts, shapes))


class Model(NamedTuple):
    """What is trained, and how: for each method a rate that suits it, of a few that were tried."""

    name: str
    loss: object
    scores: object
    shapes: tuple
    rate: float
    steps: int
    exact_rate: float
    exact_steps: int


MODELS = (
    Model(
        "softmax regression",
        softmax_loss,
        softmax_scores,
        ((64, 10), (10,)),
        rate=0.02,
        steps=60_000,
        exact_rate=1.0,
        exact_steps=600,
    ),
    Model(
        "MLP 64-32-10",
        mlp_loss,
        mlp_scores,
        ((64, 32), (32,), (32, 10), (10,)),
        rate=0.004,
        steps=100_000,
        exact_rate=1.0,
        exact_steps=400,
    ),
)


class Digits(NamedTuple):
    """Scans of 8 x 8 pixels in [0, 1], and for each a row with a one at its digit."""

    images: np.ndarray
    targets: np.ndarray
    test_images: np.ndarray
    test_targets: np.ndarray


def digits():
    """The 1,797 scans that come with scikit-learn, a quarter of them kept for the test."""
    found = load_digits()
    images, targets = found.data / 16.0, np.eye(10)[found.target]
    train_x, test_x, train_y, test_y = train_test_split(
        images, targets, test_size=0.25, random_state=0, stratify=found.target
    )
    return Digits(train_x, train_y, test_x, test_y)


class Run(NamedTuple):
    """One training: the loss on all training scans after some of the steps, and the outcome."""

    label: str
    at: list
    losses: list
    accuracy: float
    seconds: float


def initial(model):
    """Parameters as one array and as views: zeros, but random weights where layers follow."""
    theta, params = flat_and_views(model.shapes)
    if len(params) > 2:
        random = np.random.default_rng(0)
        for weights in params[::2]:
            weights[...] = random.standard_normal(weights.shape) / np.sqrt(len(weights))
    return theta, params


def accuracy(model, params, data):
    guesses = model.scores(params, data.test_images).argmax(axis=1)
    return float(np.mean(guesses == data.test_targets.argmax(axis=1)))


def train_forward(model, data, steps):
    """Plain forward-gradient descent."""
    theta, params = initial(model)
    direction, directions = flat_and_views(model.shapes)
    run = forward_descent(model.loss)
    batches = data.images, data.targets
    run(theta, params, direction, directions, *batches, model.rate, 0)  # compiles

    seed_compiled_code(0)
    at, losses = [0], [model.loss(params, *batches)]
    each = max(1, steps // SLICES)
    began = time.perf_counter()
    with tqdm(total=steps, desc=f"{model.name}, forward gradient", unit="step") as bar:
        while at[-1] < steps:
            count = min(each, steps - at[-1])
            run(theta, params, direction, directions, *batches, model.rate, count)
            at.append(at[-1] + count)
            losses.append(model.loss(params, *batches))
            bar.set_postfix(loss=f"{losses[-1]:.3f}", refresh=False)
            bar.update(count)
    seconds = time.perf_counter() - began
    label = f"forward gradient, rate {model.rate:g}"
    return Run(label, at, losses, accuracy(model, params, data), seconds)


def train_exact(model, data, steps):
    """Gradient descent with the exact gradient of each batch."""
    _, params = initial(model)
    random = np.random.default_rng(0)
    at, losses = [0], [model.loss(params, data.images, data.targets)]
    model.loss.value_and_grad(params, data.images[:BATCH], data.targets[:BATCH])  # compiles
    began = time.perf_counter()
    for step in tqdm(range(steps), desc=f"{model.name}, exact gradient", unit="step"):
        rows = random.integers(0, len(data.images), BATCH)
        _, gradient = model.loss.value_and_grad(params, data.images[rows], data.targets[rows])
        for part, slopes in zip(params, gradient):
            part -= model.exact_rate * slopes
        if (step + 1) % max(1, steps // SLICES) == 0:
            at.append(step + 1)
            losses.append(model.loss(params, data.images, data.targets))
    seconds = time.perf_counter() - began
    label = f"exact gradient, rate {model.exact_rate:g}"
    return Run(label, at, losses, accuracy(model, params, data), seconds)


def draw(outcomes, path):
    """Loss against steps, one panel for each model."""
    figure, panels = plt.subplots(1, len(outcomes), figsize=(11, 4.2), sharey=True)
    for panel, (model, runs) in zip(panels, outcomes):
        for run in runs:
            label = f"{run.label}: test accuracy {run.accuracy:.3f}"
            panel.plot(run.at[1:], run.losses[1:], label=label)
        panel.set(title=model.name, xlabel="steps of batch 64", xscale="log", yscale="log")
        panel.grid(alpha=0.3)
        panel.legend(fontsize=8, loc="lower left")
    panels[0].set_ylabel("cross-entropy, all training scans")
    figure.suptitle("scikit-learn's handwritten digits, each method at a rate that suits it")
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(arguments=None):
    """Train both models in both ways; returns `[(model, (forward run, exact run)), ...]`."""
    parser = argparse.ArgumentParser(description="Forward-gradient descent on real digits.")
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="FOLDER")
    parser.add_argument("--quick", action="store_true", help="a fiftieth of the steps")
    options = parser.parse_args(arguments)
    options.results.mkdir(parents=True, exist_ok=True)

    data = digits()
    share = 50 if options.quick else 1
    outcomes = []
    for model in MODELS:
        runs = (
            train_forward(model, data, model.steps // share),
            train_exact(model, data, model.exact_steps // share),
        )
        text = model.loss.source_for(initial(model)[1], data.images, data.targets)
        (options.results / f"{model.loss.__name__}_jvp.py").write_text(text, encoding="utf-8")
        outcomes.append((model, runs))

    draw(outcomes, options.results / "digits.png")
    print(f"\n{'model':<20}{'method':<30}{'steps':>8}{'seconds':>9}{'test accuracy':>15}")
    for model, runs in outcomes:
        for run in runs:
            cells = f"{run.at[-1]:>8,}{run.seconds:>9.1f}{run.accuracy:>15.3f}"
            print(f"{model.name:<20}{run.label:<30}{cells}")
    print(f"\ncurves and emitted derivatives: {options.results}/")
    return outcomes


if __name__ == "__main__":
    main()
