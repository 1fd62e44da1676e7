"""Nanoseconds for a random number: ours, which have an address, beside NumPy's generator."""

from __future__ import annotations

import numpy as np

from tangent_fwd.optim.random import fill_normals, fill_signs, fill_uniforms, permutation
from tests.benchmarks.measure import Batch, measure, python_batch

SIZE = 1_000_000


def report(rounds: int) -> str:
    """A row for each kind of number, for arrays of a million; one thread."""
    # Medians: where other programs run as well, the ratios tell more than the times.
    lines = [f"random numbers, ns each of {SIZE:,}: ours, NumPy's, ours / NumPy's"]
    for name, (ours, theirs) in pairs().items():
        times = measure({"ours": ours, "NumPy": theirs}, rounds, seconds=0.02)
        ratio = times.ratio("ours", "NumPy")
        assert ratio is not None
        each = [times.microseconds(who) * 1e3 / SIZE for who in ("ours", "NumPy")]
        lines.append(f"  {name:<18}{each[0]:7.2f}{each[1]:8.2f}{ratio[0]:7.2f}")
    return "\n".join(lines)


def pairs() -> dict[str, tuple[Batch, Batch]]:
    """What is drawn: our way and NumPy's, each into memory that is there already."""
    random = np.random.default_rng(1)
    found = {}
    for dtype in (np.float32, np.float64):
        out = np.empty(SIZE, dtype)
        kind = np.dtype(dtype).name
        found[f"signs {kind}"] = (
            addressed(fill_signs, out),
            # NumPy's quickest way: bytes of which each bit is a sign.
            python_batch(lambda out=out: np.copyto(out, numpy_signs(random))),
        )
        found[f"uniforms {kind}"] = (
            addressed(fill_uniforms, out),
            python_batch(lambda out=out: random.random(out=out, dtype=out.dtype)),
        )
        found[f"normals {kind}"] = (
            addressed(fill_normals, out),
            python_batch(lambda out=out: random.standard_normal(out=out, dtype=out.dtype)),
        )
    order = np.empty(SIZE, np.int64)
    found["permutation"] = (
        python_batch(lambda: permutation(order, 1, 2)),
        python_batch(lambda: random.permutation(SIZE)),
    )
    return found


def numpy_signs(random):
    bits = np.unpackbits(np.frombuffer(random.bytes(SIZE // 8), np.uint8))
    return bits.view(np.int8) * np.int8(2) - np.int8(1)


def addressed(fill, out) -> Batch:
    return python_batch(lambda: fill(out, 1, 2, 0, 0))


if __name__ == "__main__":
    print(report(rounds=15))
