"""A convolutional network on pictures, by forward gradients and by backpropagation.

    python -m examples.paper.cnn [--steps 200] [--threads 1]

The fourth experiment of "Gradients without Backpropagation" (Baydin and others, 2022): four
convolutions of 3 x 3 pixels with 64 channels, ReLU after each, 2 x 2 max-pooling after the second
and the fourth, dense layers 3136-1024-10, rate 2e-4, batch 64, float32.
"""

from __future__ import annotations

from typing import Any

from examples.paper import race

RATE = 2e-4
BATCH = 64
CHANNELS = 64
HIDDEN = 1024


def main(given: list[str] | None = None) -> dict[str, Any]:
    """Time steps, then train; returns the medians in seconds and the curves, by name."""
    options = race.arguments(__doc__.splitlines()[0], given, steps=200, each=10, rounds=7)

    import numpy as np

    from examples.paper import report
    from tangent_fwd import forward_grad, nn, optim

    @forward_grad
    def loss(params: Any, images: Any, labels: Any) -> Any:
        (W1, b1), (W2, b2), (W3, b3), (W4, b4), (W5, b5), (W6, b6) = params
        features = np.empty((images.shape[0], W5.shape[0]), W5.dtype)
        # Image by image, because what the layers make of one fits into the processor's cache.
        for k in range(images.shape[0]):
            x = nn.relu(nn.conv2d(images[k : k + 1], W1, b1))
            x = nn.max_pool2d(nn.relu(nn.conv2d(x, W2, b2)), 2)
            x = nn.relu(nn.conv2d(x, W3, b3))
            x = nn.max_pool2d(nn.relu(nn.conv2d(x, W4, b4)), 2)
            features[k] = x.reshape(W5.shape[0])
        hidden = nn.relu(nn.dense(features, W5, b5))
        return nn.softmax_cross_entropy(nn.dense(hidden, W6, b6), labels)

    def start() -> Any:
        found = []
        for place in range(4):
            shape = (3, 3, CHANNELS if place else 1, CHANNELS)
            found.append((nn.he_normal(shape, place), nn.zeros(CHANNELS)))
        return (*found, *report.he((49 * CHANNELS, HIDDEN, 10), 4))

    random = np.random.default_rng(0)
    batch = random.random((BATCH, 28, 28, 1), np.float32), random.integers(0, 10, BATCH)
    runners = [
        race.forward_runner("forward, rank-one", loss, start(), RATE, optim.RankOne(), BATCH),
        race.forward_runner("forward, Gaussian", loss, start(), RATE, optim.Gaussian(), BATCH),
    ]
    if not options.no_peers:
        runners += report.backward_runners(start, RATE, BATCH, options.threads)
    steps = report.timed_steps(runners, loss, start(), batch, options)

    found: dict[str, Any] = {"steps": steps, "curves": {}}
    for name, data in report.image_sets(options.data) if options.steps else ():
        images, labels, test_images, test_labels = data
        data = (
            images.reshape(-1, 28, 28, 1), labels,
            test_images[:500].reshape(-1, 28, 28, 1), test_labels[:500],
        )  # fmt: skip
        wanted = {"forward, rank-one", min((n for n in steps if "backprop" in n),
                  key=steps.__getitem__, default="")}  # fmt: skip
        runners = [
            race.forward_runner("forward, rank-one", loss, start(), RATE, optim.RankOne(), BATCH)
        ]
        if not options.no_peers:
            runners += report.backward_runners(start, RATE, BATCH, options.threads)
        runners = [runner for runner in runners if runner.name in wanted]
        curves = race.race(runners, loss, data, options.steps, options.each, BATCH)
        print(f"\n{name}: {options.steps:,} steps, batch {BATCH}")
        report.table(curves, None, None)
        race.draw(curves, f"CNN on {name}, rate {RATE:g}",
                  options.results / f"cnn_{name.split()[0].lower()}.png")  # fmt: skip
        found["curves"][name] = curves
        break  # a step takes a good part of a second
    return found


if __name__ == "__main__":
    main()
