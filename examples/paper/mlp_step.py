"""One training step of the paper's network, timed against backpropagation.

    python examples/paper/mlp_step.py [--rounds 30]

The network of "Gradients without Backpropagation" (Baydin and others, 2022): 784-1024-1024-10,
ReLU, cross-entropy, batch 64, float32, plain descent. A step of ours draws directions, takes one
pass and updates in place; PyTorch's runs forward, backward and the update. One thread each,
interleaved, medians. What is compared is the time of a step, not of learning: a forward gradient
is a noisy guess at the gradient, and tuned backpropagation reaches a given loss in far fewer steps.
"""

from __future__ import annotations

import argparse
import os
import time
from itertools import pairwise

# Threads are settled when the libraries are loaded.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np

from tangent_fwd import forward_grad, nn, optim

SIZES = (784, 1024, 1024, 10)
BATCH = 64
RATE = 2e-4


def network(params, images):
    (W1, b1), (W2, b2), (W3, b3) = params
    hidden = nn.relu(nn.dense(images, W1, b1))
    hidden = nn.relu(nn.dense(hidden, W2, b2))
    return nn.dense(hidden, W3, b3)


@forward_grad
def loss(params, images, labels):
    return nn.softmax_cross_entropy(network(params, images), labels)


def parameters(seed=0):
    """He's initial values, as PyTorch users often take them for ReLU."""
    return tuple(
        (nn.he_normal((rows, columns), seed + layer), nn.zeros(columns))
        for layer, (rows, columns) in enumerate(pairwise(SIZES))
    )


def torch_step(images, labels):
    """A function that takes one step of descent by backpropagation; None without PyTorch."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(1)
    layers = []
    for rows, columns in pairwise(SIZES):
        layers += [torch.nn.Linear(rows, columns), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    criterion = torch.nn.CrossEntropyLoss()
    x, y = torch.from_numpy(images), torch.from_numpy(labels)

    def step():
        optimizer.zero_grad(set_to_none=True)
        criterion(model(x), y).backward()
        optimizer.step()

    return step


def main(arguments=None):
    """Time all steps; returns the medians in seconds, by name."""
    parser = argparse.ArgumentParser(description="A step of the paper's network.")
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args(arguments)
    random = np.random.default_rng(0)
    images = random.random((BATCH, SIZES[0]), np.float32)
    labels = random.integers(0, SIZES[-1], BATCH)

    steps = {}
    for name, directions in (
        ("rank-one signs", optim.RankOne()),
        ("signs", optim.Rademacher()),
        ("Gaussian", optim.Gaussian()),
    ):
        trainer = optim.ForwardGradient(loss, parameters(), optim.SGD(RATE), directions)
        steps[name] = lambda trainer=trainer: trainer.step(images, labels)
    pure = parameters()
    steps["the loss alone"] = lambda: loss(pure, images, labels)
    backward = torch_step(images, labels)
    if backward is not None:
        steps["PyTorch, backpropagation"] = backward

    times = {name: [] for name in steps}
    for _ in range(options.rounds + 3):
        for name, step in steps.items():
            began = time.perf_counter()
            step()
            times[name].append(time.perf_counter() - began)
    medians = {name: float(np.median(found[3:])) for name, found in times.items()}
    against = medians.get("PyTorch, backpropagation")
    print(f"{'step':<28}{'ms':>8}{'of backpropagation':>21}")
    for name, seconds in medians.items():
        share = "" if against is None else f"{seconds / against:.2f}"
        print(f"{name:<28}{seconds * 1e3:>8.2f}{share:>21}")
    return medians


if __name__ == "__main__":
    main()
