"""A function to try things on: `python -m tangent_fwd show tangent_fwd.samples:rosenbrock`."""

from __future__ import annotations

from typing import Any

from tangent_fwd.api import forward_grad


@forward_grad
def rosenbrock(x: Any) -> Any:
    """The banana-shaped valley; its minimum is 0, at all ones."""
    total = 0.0
    for i in range(x.size - 1):
        total += (1.0 - x[i]) ** 2 + 100.0 * (x[i + 1] - x[i] ** 2) ** 2
    return total
