"""Time and memory of a step as networks grow deeper, by forward gradients and backpropagation.

    python -m examples.paper.depth [--rounds 7] [--threads 1]

784 inputs, 1 to 100 hidden layers of width 1,024, ReLU, 10 classes, batch 64, float32. A forward
gradient keeps nothing of a layer once the next is computed, and no gradient: its memory does not
grow with the depth. Each method runs in a process of its own, and in another one for memory: the
most that the process held during steps, less what it held before them with the parameters made,
and less what the same comes to with a width of 8, which is the code's.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from examples.paper import race

DEPTHS = (1, 2, 5, 10, 20, 50, 100)
WIDTH = 1024
BATCH = 64
RATE = 1e-9  # only time and memory count here, and deep networks of noise would diverge


def parameters(depth: int, width: int = WIDTH) -> Any:
    """First layer, the stack of hidden ones, last layer: each weights and biases."""
    from tangent_fwd import nn

    stack = nn.zeros((depth - 1, width, width))
    for layer in range(depth - 1):
        stack[layer] = nn.he_normal((width, width), layer)
    return (
        (nn.he_normal((784, width), 1000), nn.zeros(width)),
        (stack, nn.zeros((depth - 1, width))),
        (nn.he_normal((width, 10), 1001), nn.zeros(10)),
    )


def forward_stepper() -> Any:
    """What makes a step along one rank-one direction from parameters and a batch."""
    from tangent_fwd import nn, optim

    def loss(params: Any, images: Any, labels: Any) -> Any:
        (first, first_b), (stack, stack_b), (last, last_b) = params
        hidden = nn.relu(nn.dense(images, first, first_b))
        for layer in range(stack.shape[0]):
            hidden = nn.relu(nn.dense(hidden, stack[layer], stack_b[layer]))
        return nn.softmax_cross_entropy(nn.dense(hidden, last, last_b), labels)

    def made(params: Any, batch: Any) -> Any:
        trainer = optim.ForwardGradient(loss, params, optim.SGD(RATE))
        return lambda: trainer.step(*batch)

    return made


def backward_stepper(threads: int) -> Any:
    """The same by PyTorch."""
    from examples.paper import peers

    def made(params: Any, batch: Any) -> Any:
        first, (stack, stack_b), last = params
        layers = (first, *zip(stack, stack_b), last)
        runner = peers.torch_runner("PyTorch", layers, RATE, BATCH, threads=threads)
        return lambda: runner.run(*batch, 0)

    return made


def memory(peak: bool) -> int:
    """Bytes that the process holds now, or the most that it held since the last call for now."""
    if not peak:
        Path("/proc/self/clear_refs").write_text("5")
    key = "VmHWM:" if peak else "VmRSS:"
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))


def serve(method: str, threads: int) -> None:
    """Answer each line, a depth, with the seconds of a step and the bytes that the first took."""
    import numpy as np

    random = np.random.default_rng(0)
    batch = random.random((BATCH, 784), np.float32), random.integers(0, 10, BATCH)

    made = forward_stepper() if method == "forward" else backward_stepper(threads)
    made(parameters(2, 8), batch)()  # compiles, so that the compiler's memory is not counted
    step, depth, taken = None, 0, 0
    for line in sys.stdin:
        if int(line) != depth:
            step, depth, weighed = None, int(line), []
            for width in (8, 8, WIDTH):
                gc.collect()
                step = made(parameters(depth, width), batch)
                before = memory(peak=False)
                step()
                step()
                weighed.append(memory(peak=True) - before)
            taken = weighed[2] - weighed[1]
        began = time.perf_counter()
        step()
        print(time.perf_counter() - began, taken, flush=True)


class Server:
    """A process that measures one method."""

    def __init__(self, method: str, threads: int, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "examples.paper.depth", "--serve", method, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
        )

    def ask(self, depth: int) -> tuple[float, int]:
        """Seconds of a step, and bytes."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{depth}\n")
        self.process.stdin.flush()
        seconds, taken = self.process.stdout.readline().split()
        return float(seconds), int(taken)

    def stop(self) -> None:
        self.process.communicate()


def main(given: list[str] | None = None) -> dict[int, dict[str, tuple[float, int]]]:
    """Measure all depths; returns seconds and bytes by depth and method."""
    options = race.arguments(__doc__.splitlines()[0], given, rounds=7, deepest=100)
    methods = ["forward"] if options.no_peers else ["forward", "backward"]
    timers = {m: Server(m, options.threads) for m in methods}
    # Memory that is given back must leave the process, or what is taken next would not show.
    weighers = {m: Server(m, options.threads, MALLOC_MMAP_THRESHOLD_="65536") for m in methods}

    found: dict[int, dict[str, tuple[float, int]]] = {}
    print(f"{'depth':>6}" + "".join(f"{m + ' ms':>14}{'MB':>9}" for m in methods)
          + f"{'time ratio':>12}{'memory ratio':>14}")  # fmt: skip
    for depth in (d for d in DEPTHS if d <= options.deepest):
        times: dict[str, list[float]] = {m: [] for m in methods}
        for _ in range(options.rounds):
            for m in methods:
                times[m].append(timers[m].ask(depth)[0])
        row = found[depth] = {
            m: (sorted(times[m])[options.rounds // 2], weighers[m].ask(depth)[1]) for m in methods
        }
        text = f"{depth:>6}"
        text += "".join(f"{row[m][0] * 1e3:>14.2f}{row[m][1] / 1e6:>9.2f}" for m in methods)
        if "backward" in row:
            ours, theirs = row["forward"], row["backward"]
            text += f"{ours[0] / theirs[0]:>12.2f}{ours[1] / theirs[1]:>14.3f}"
        print(text, flush=True)
    for server in (*timers.values(), *weighers.values()):
        server.stop()
    return found


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        race.use_threads(int(sys.argv[3]))
        serve(sys.argv[2], int(sys.argv[3]))
    else:
        main()
