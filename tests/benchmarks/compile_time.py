"""Seconds to the first derivative of the MLP loss, each in a process of its own."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_START = """
import time
import numpy as np
from numba import njit
import scipy.linalg.cython_blas  # np.dot needs it: an import, not a compilation
from tests.benchmarks.cases.mlp import CASES, inputs
case = CASES[0]
arguments = inputs(64, 784, 1024, 10)
directions = case.tangents(arguments)
@njit
def warm(x):
    return x[0] + 1.0
warm(arguments[1])  # numba's own start, paid by any first function
"""

PRIMAL = (
    _START
    + """
start = time.perf_counter()
case.compiled_primal(*arguments)
print(time.perf_counter() - start)
"""
)

HAND = (
    _START
    + """
start = time.perf_counter()
case.hand_jvp(*arguments, *directions)
print(time.perf_counter() - start)
"""
)

DERIVATIVE = (
    _START
    + """
from tangent_fwd import forward_grad
start = time.perf_counter()
f = forward_grad(case.primal, argnums=case.argnums, cache=True)
f.jvp(arguments, directions)
print(time.perf_counter() - start)
"""
)

IMPORT = """
import time
start = time.perf_counter()
import tangent_fwd
print(time.perf_counter() - start)
"""


def _run(program: str, cache: str) -> float | None:
    """Seconds that a program prints, in a fresh process that keeps its caches in `cache`."""
    home = {
        "XDG_CACHE_HOME": cache,
        "TANGENT_FWD_CACHE": cache,
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, **home},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        print(f"compile time: {last[:160]}")
        return None
    return float(done.stdout.split()[-1])


def report(repeats: int = 3) -> str:
    """First derivative call against numba's compilation of the primal; then from disk."""
    samples: dict[str, list[float]] = {}
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as cache:
            for name, program in (
                ("primal", PRIMAL),
                ("hand", HAND),
                ("first", DERIVATIVE),
                ("second", DERIVATIVE),
                ("import", IMPORT),
            ):
                seconds = _run(program, cache)
                if seconds is not None:
                    samples.setdefault(name, []).append(seconds)
    median = {name: statistics.median(values) for name, values in samples.items()}

    def show(name: str) -> str:
        return f"{median[name]:.2f} s" if name in median else "-"

    ratio = f"{median['first'] / median['primal']:.2f}" if "first" in median else "-"
    return (
        f"compile time, mlp: njit primal {show('primal')}, hand-written jvp {show('hand')}, "
        f"first derivative call {show('first')} = {ratio} x primal, "
        f"second process {show('second')}; import tangent_fwd {show('import')}"
    )
