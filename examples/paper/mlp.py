"""The network 784-1024-1024-10 on pictures, by forward gradients and by backpropagation.

    python -m examples.paper.mlp [--rate 2e-4] [--steps 20000] [--threads 1]

The third experiment of "Gradients without Backpropagation" (Baydin and others, 2022): ReLU,
cross-entropy, batch 64, float32, a rate that falls as exp(-1e-4 i). `--steps 0` times single steps
only: drawing directions, one pass and the update in place, against forward, backward and SGD.
What is compared there is the time of a step, not of learning.
"""

from __future__ import annotations

from typing import Any

from examples.paper import race

SIZES = (784, 1024, 1024, 10)
BATCH = 64
PAPER = 0.229  # time to the lowest loss, forward over backward
LANES = (1, 4, 16)


def main(given: list[str] | None = None) -> dict[str, Any]:
    """Time steps, then train; returns the medians in seconds and the curves, by name."""
    options = race.arguments(
        __doc__.splitlines()[0], given, rate=2e-4, steps=20_000, each=100, rounds=30
    )

    import numpy as np

    from examples.paper import report
    from tangent_fwd import forward_grad, nn, optim

    @forward_grad
    def loss(params: Any, images: Any, labels: Any) -> Any:
        (W1, b1), (W2, b2), (W3, b3) = params
        hidden = nn.relu(nn.dense(images, W1, b1))
        hidden = nn.relu(nn.dense(hidden, W2, b2))
        return nn.softmax_cross_entropy(nn.dense(hidden, W3, b3), labels)

    def start() -> Any:
        return report.he(SIZES)

    rate = options.rate
    directions = {
        "rank-one signs": optim.RankOne(),
        "signs": optim.Rademacher(),
        "Gaussian": optim.Gaussian(),
    }
    random = np.random.default_rng(0)
    batch = random.random((BATCH, SIZES[0]), np.float32), random.integers(0, SIZES[-1], BATCH)
    runners = [
        race.forward_runner(f"forward, {name}", loss, start(), rate, family, BATCH)
        for name, family in directions.items()
    ]
    if not options.no_peers:
        runners += report.backward_runners(start, rate, BATCH, options.threads)
    steps = report.timed_steps(runners, loss, start(), batch, options)

    several = {}
    for k in LANES:
        trainer = optim.ForwardGradient(loss, start(), optim.SGD(rate), optim.RankOne(), k)
        trainer.step(*batch)
        several[k] = lambda trainer=trainer: trainer.step(*batch)
    times = race.time_in_turn(several, options.rounds)
    print("\nk rank-one directions in one step, over k steps")
    for k in LANES:
        print(f"{k:>4}{times[k] * 1e3:>9.2f} ms{times[k] / (k * times[1]):>8.2f}")

    found: dict[str, Any] = {"steps": steps, "lanes": times, "curves": {}}
    for name, data in report.image_sets(options.data) if options.steps else ():
        runners = [
            race.forward_runner("forward, Gaussian", loss, start(), rate, optim.Gaussian(), BATCH),
            race.forward_runner("forward, rank-one", loss, start(), rate, optim.RankOne(), BATCH),
        ]
        if not options.no_peers:
            fastest = min((n for n in steps if "orch" in n), key=steps.__getitem__, default=None)
            runners += [
                runner
                for runner in report.backward_runners(start, rate, BATCH, options.threads)
                if runner.name in (fastest, "backprop, JAX")
            ]
        curves = race.race(runners, loss, data, options.steps, options.each, BATCH)
        best = report.tuned(curves, loss, start, data, BATCH, options)
        print(f"\n{name}: {options.steps:,} steps, rate {rate:g}, batch {BATCH}")
        report.table(curves, best, PAPER)
        path = options.results / f"mlp_{rate:g}_{name.split()[0].lower()}.png"
        race.draw(curves, f"784-1024-1024-10 on {name}, rate {rate:g}", path)
        found["curves"][name] = curves
    return found


if __name__ == "__main__":
    main()
