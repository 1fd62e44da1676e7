"""What a warm `.jvp` call from Python adds to the compiled function it ends in."""

from __future__ import annotations

import numpy as np

from tests.benchmarks.case import Case
from tests.benchmarks.emitted import emitted_jvp
from tests.benchmarks.measure import compiled_batch, measure, python_batch


def weighted(x, y, p):
    return x[0] * p[0] + y[0] * p[1] + p[2] * p[3] + p[4] * p[5]


def report(rounds: int) -> str:
    """Microseconds per call, on two arrays and a tuple of six floats with all their tangents."""
    x, y = np.ones(8), np.ones(8)
    p = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    primals, tangents = (x, y, p), (x.copy(), y.copy(), p)
    case = Case(
        name="call overhead",
        primal=weighted,
        argnums=(0, 1, 2),
        inputs=lambda: primals,
        small_inputs=lambda: primals,
        hand_jvp=None,
        bump=0,
    )
    emitted = emitted_jvp(case)
    if emitted is None:
        return "call overhead: -"
    inner = emitted.compiled(primals)
    times = measure(
        {
            "python": python_batch(emitted.call(primals, tangents)),
            "inside": compiled_batch(inner, primals + tangents, bump=0, lanes=1),
            "tangent": compiled_batch(
                emitted.function.tangent, primals + tangents, bump=0, lanes=1
            ),
        },
        rounds,
        seconds=0.01,
    )
    called, inside = times.microseconds("python"), times.microseconds("inside")
    return (
        f"call overhead, two arrays and a tuple of six: {called:.2f} us from Python, of which "
        f"{called - inside:.2f} us above the compiled function ({inside:.3f} us); "
        f"f.tangent inside @njit: {times.microseconds('tangent'):.3f} us"
    )
