"""Predator and prey by classical Runge-Kutta: a long chain of dependent scalar operations."""

from functools import partial

import numpy as np
from numba import njit

from tests.benchmarks import peers
from tests.benchmarks.case import Arguments, Case, fast, strict


@njit
def rates(prey, hunters, birth, hunt, feed, death):
    return birth * prey - hunt * prey * hunters, feed * prey * hunters - death * hunters


def populations(p, prey, hunters, h, steps):
    birth, hunt, feed, death = p[0], p[1], p[2], p[3]
    for _ in range(steps):
        k1x, k1y = rates(prey, hunters, birth, hunt, feed, death)
        k2x, k2y = rates(prey + 0.5 * h * k1x, hunters + 0.5 * h * k1y, birth, hunt, feed, death)
        k3x, k3y = rates(prey + 0.5 * h * k2x, hunters + 0.5 * h * k2y, birth, hunt, feed, death)
        k4x, k4y = rates(prey + h * k3x, hunters + h * k3y, birth, hunt, feed, death)
        prey += h / 6.0 * (k1x + 2.0 * k2x + 2.0 * k3x + k4x)
        hunters += h / 6.0 * (k1y + 2.0 * k2y + 2.0 * k3y + k4y)
    return prey + hunters


def inputs(steps: int) -> Arguments:
    """The four rates, both populations, a step of 0.005 years and the number of steps."""
    return np.array([1.1, 0.4, 0.1, 0.4]), 10.0, 5.0, 0.005, steps


@strict
def rates_by_leaf(x, y, a, b, c, d, dx, dy, da, db, dc, dd):
    """Partials of a whole expression; the tangents of the state enter last.

    They are what each step waits for: everything else is computed while they are under way.
    """
    bx = b * x
    return (
        a * x - bx * y,
        c * x * y - d * y,
        (da - db * y) * x + ((a - b * y) * dx - bx * dy),
        (dc * x - dd) * y + (c * y * dx + (c * x - d) * dy),
    )


@strict
def rates_by_operation(x, y, a, b, c, d, dx, dy, da, db, dc, dd):
    """The product rule, operation by operation."""
    bx = b * x
    dbx = db * x + b * dx
    cx = c * x
    dcx = dc * x + c * dx
    return (
        a * x - bx * y,
        cx * y - d * y,
        da * x + a * dx - (dbx * y + bx * dy),
        dcx * y + cx * dy - (dd * y + d * dy),
    )


def _stepper(rates_jvp):
    def hand(p, x, y, h, steps, dp):
        a, b, c, d = p[0], p[1], p[2], p[3]
        da, db, dc, dd = dp[0], dp[1], dp[2], dp[3]
        dx = 0.0
        dy = 0.0
        half = 0.5 * h
        sixth = h / 6.0
        for _ in range(steps):
            k1x, k1y, e1x, e1y = rates_jvp(x, y, a, b, c, d, dx, dy, da, db, dc, dd)
            k2x, k2y, e2x, e2y = rates_jvp(
                x + half * k1x,
                y + half * k1y,
                *(a, b, c, d),
                dx + half * e1x,
                dy + half * e1y,
                *(da, db, dc, dd),
            )
            k3x, k3y, e3x, e3y = rates_jvp(
                x + half * k2x,
                y + half * k2y,
                *(a, b, c, d),
                dx + half * e2x,
                dy + half * e2y,
                *(da, db, dc, dd),
            )
            k4x, k4y, e4x, e4y = rates_jvp(
                x + h * k3x,
                y + h * k3y,
                *(a, b, c, d),
                dx + h * e3x,
                dy + h * e3y,
                *(da, db, dc, dd),
            )
            dx += sixth * (e1x + 2.0 * e2x + 2.0 * e3x + e4x)
            dy += sixth * (e1y + 2.0 * e2y + 2.0 * e3y + e4y)
            x += sixth * (k1x + 2.0 * k2x + 2.0 * k3x + k4x)
            y += sixth * (k1y + 2.0 * k2y + 2.0 * k3y + k4y)
        return x + y, dx + dy

    return hand


def jax_populations(p, prey, hunters, h, steps):
    from jax import lax

    def step(_, state):
        x, y = state
        k1x, k1y = rates.py_func(x, y, *p)
        k2x, k2y = rates.py_func(x + 0.5 * h * k1x, y + 0.5 * h * k1y, *p)
        k3x, k3y = rates.py_func(x + 0.5 * h * k2x, y + 0.5 * h * k2y, *p)
        k4x, k4y = rates.py_func(x + h * k3x, y + h * k3y, *p)
        x = x + h / 6.0 * (k1x + 2.0 * k2x + 2.0 * k3x + k4x)
        y = y + h / 6.0 * (k1y + 2.0 * k2y + 2.0 * k3y + k4y)
        return x, y

    return sum(lax.fori_loop(0, int(steps), step, (prey, hunters)))


def torch_populations(p, x, y, h, steps):
    for _ in range(steps):
        k1x, k1y = rates.py_func(x, y, *p)
        k2x, k2y = rates.py_func(x + 0.5 * h * k1x, y + 0.5 * h * k1y, *p)
        k3x, k3y = rates.py_func(x + 0.5 * h * k2x, y + 0.5 * h * k2y, *p)
        k4x, k4y = rates.py_func(x + h * k3x, y + h * k3y, *p)
        x = x + h / 6.0 * (k1x + 2.0 * k2x + 2.0 * k3x + k4x)
        y = y + h / 6.0 * (k1y + 2.0 * k2y + 2.0 * k3y + k4y)
    return x + y


ENZYME = """
static void rates(double x, double y, double a, double b, double c, double d,
                  double& u, double& v) {
  u = a * x - b * x * y;
  v = c * x * y - d * y;
}
void program(enzyme::tensor<double, 1>& out, const enzyme::tensor<double, 4>& p,
             const enzyme::tensor<double, 1>& prey, const enzyme::tensor<double, 1>& hunters,
             const enzyme::tensor<double, 1>& step, const enzyme::tensor<double, 1>& count) {
  double x = prey[0], y = hunters[0], h = step[0];
  double a = p[0], b = p[1], c = p[2], d = p[3];
  long steps = (long)count[0];
  for (long i = 0; i < steps; i++) {
    double k1x, k1y, k2x, k2y, k3x, k3y, k4x, k4y;
    rates(x, y, a, b, c, d, k1x, k1y);
    rates(x + 0.5 * h * k1x, y + 0.5 * h * k1y, a, b, c, d, k2x, k2y);
    rates(x + 0.5 * h * k2x, y + 0.5 * h * k2y, a, b, c, d, k3x, k3y);
    rates(x + h * k3x, y + h * k3y, a, b, c, d, k4x, k4y);
    x += h / 6.0 * (k1x + 2.0 * k2x + 2.0 * k3x + k4x);
    y += h / 6.0 * (k1y + 2.0 * k2y + 2.0 * k3y + k4y);
  }
  out[0] = x + y;
}
"""

CASES = [
    Case(
        name="lotka-volterra rk4 10k",
        primal=populations,
        argnums=(0,),
        inputs=partial(inputs, 10_000),
        small_inputs=partial(inputs, 100),
        hand_jvp=strict(_stepper(rates_by_leaf)),
        bump=0,
        scalar=True,
        variants={
            "by operation": strict(_stepper(rates_by_operation)),
            "fastmath": fast(_stepper(fast(rates_by_leaf.py_func))),
        },
        peers={
            "jax": peers.jax_jvp(jax_populations, (0,), static=(4,)),
            "torch": peers.torch_jvp(torch_populations, (0,), slow=True),
            "enzyme": peers.enzyme_jvp(ENZYME, (0,)),
        },
    )
]
