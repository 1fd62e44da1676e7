"""Steps that are as long as the curvature along their directions allows."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest
from numba import njit
from numba.core.runtime import _nrt_python, rtsys

from tangent_fwd import optim
from tangent_fwd.optim.vectors import newton, principal

RNG = np.random.default_rng(5)
ROOT = RNG.normal(size=(6, 6))
A, B = ROOT @ ROOT.T + np.eye(6), RNG.normal(size=6)
BEST = np.linalg.solve(A, B)


def quadratic(x, a, b):
    return 0.5 * x @ (a @ x) - b @ x


def rosenbrock(x):
    total = 0.0
    for i in range(x.size - 1):
        total += (1.0 - x[i]) ** 2 + 100.0 * (x[i + 1] - x[i] ** 2) ** 2
    return total


def _steps(k, directions, rate=1.0):
    """A trainer on the quadratic, and x before and after one step, with the directions between."""
    x = np.ones(6)
    trainer = optim.ForwardGradient(
        quadratic, x, optim.SGD(rate), directions, k, seed=3, fastmath=False
    )
    assert trainer.step(A, B) == pytest.approx(quadratic(np.ones(6), A, B), rel=1e-14)
    ways = np.array([parts[0] for parts in trainer.state.directions])
    return trainer, x, ways


def test_one_direction_goes_to_the_bottom_of_the_parabola():
    trainer, x, (v,) = _steps(1, optim.Newton(longest=None))
    start = np.ones(6)
    slope, curvature = (A @ start - B) @ v, v @ A @ v
    np.testing.assert_allclose(x, start - slope / curvature * v, rtol=1e-13)
    assert abs((A @ x - B) @ v) < 1e-12 * curvature
    half = _steps(1, optim.Newton(longest=None), 0.5)[1]
    np.testing.assert_allclose(half, 0.5 * (start + x), rtol=1e-13)
    losses = [trainer.step(A, B) for _ in range(60)]
    assert np.all(np.diff(losses) <= 1e-14) and losses[-1] < losses[0]


@pytest.mark.slow
def test_several_directions_go_to_the_bottom_over_their_plane():
    _, x, ways = _steps(2, optim.Newton(optim.RankOne(), longest=None))
    slopes = ways @ (A @ np.ones(6) - B)
    step = ways.T @ np.linalg.solve(ways @ A @ ways.T, slopes)
    np.testing.assert_allclose(x, np.ones(6) - step, rtol=1e-9)


@pytest.mark.slow
def test_it_finds_the_end_of_the_valley():
    for k, base, count in ((1, optim.Gaussian(), 2000), (2, optim.Rademacher(), 200)):
        x = np.array([-1.2, 1.0])
        trainer = optim.ForwardGradient(rosenbrock, x, optim.SGD(1.0), optim.Newton(base), k)
        for _ in range(count):
            trainer.step()
        np.testing.assert_allclose(x, np.ones(2), rtol=1e-6)


@pytest.mark.slow
def test_a_saddle_is_left_downhill_and_no_step_is_too_long():
    x = np.array([1.0, 0.01])
    trainer = optim.ForwardGradient(
        lambda x: x[0] * x[0] - x[1] * x[1], x, optim.SGD(1.0), optim.Newton(), k=2
    )
    losses, places = [], [x.copy()]
    for _ in range(12):
        losses.append(trainer.step())
        places.append(x.copy())
    assert losses[-1] < -1.0
    lengths = np.linalg.norm(np.diff(places, axis=0), axis=1)
    # Along (1, ±1) there is no curvature at all.
    assert np.all(lengths <= 1.0 + 1e-12) and np.any(lengths > 1.0 - 1e-12)


@pytest.mark.slow
def test_where_nothing_bends_it_is_descent():
    """And a zero curvature with a zero slope moves nothing."""
    x = np.array([1.0, 2.0])
    ways = optim.Newton(optim.Orthogonal(), floor=10.0)
    optim.ForwardGradient(lambda x: 3.0 * x[0], x, optim.SGD(1.0), ways, k=2).step()
    np.testing.assert_allclose(x, [1.0 - 0.3, 2.0], rtol=1e-14)
    still = np.array([1.0])
    optim.ForwardGradient(lambda x: x[0] - x[0], still, optim.SGD(1.0), optim.Newton()).step()
    assert still[0] == 1.0


Layer = namedtuple("Layer", "W b")


def layered(params, X, y):
    out = np.tanh(X @ params["layer"].W + params["layer"].b)
    return np.mean((out - y) ** 2) * params["scale"]


@pytest.mark.slow
def test_nested_parameters_of_several_dtypes_frozen_parts_and_a_guess():
    layer = Layer(np.random.default_rng(1).normal(size=(3, 2)), np.zeros(2))
    params = {"layer": layer, "scale": 1.5}
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(8, 3)), rng.normal(size=(8, 2))
    trainer = optim.ForwardGradient(
        layered, params, optim.SGD(0.5), optim.Newton(optim.Sphere()), k=2, frozen=("scale",)
    )
    losses = [trainer.step(X, y) for _ in range(40)]
    assert losses[-1] < losses[0] and trainer.params["scale"] == 1.5

    single = np.ones(3, np.float32)
    made = optim.ForwardGradient(
        lambda x, a: np.sum(a * x * x), single, optim.SGD(1.0), optim.Newton(), k=1
    )
    before = made.step(np.ones(3, np.float32))
    assert made.step(np.ones(3, np.float32)) < before and single.dtype == np.float32

    guess, x = A @ np.ones(6) - B, np.ones(6)
    optim.ForwardGradient(
        quadratic, x, optim.SGD(1.0), optim.Newton(optim.Guess(guess), longest=None), fastmath=False
    ).step(A, B)
    length = (guess @ guess) / (guess @ A @ guess)
    np.testing.assert_allclose(x, np.ones(6) - length * guess, rtol=1e-13)


@pytest.mark.slow
def test_a_warm_step_allocates_nothing():
    params = np.random.default_rng(1).normal(size=(3, 4)), np.zeros(4)

    def loss(params, X):
        return np.mean(np.tanh(X @ params[0] + params[1]) ** 2)

    trainer = optim.ForwardGradient(loss, params, optim.SGD(0.1), optim.Newton(), k=2)
    X = np.random.default_rng(2).normal(size=(8, 3))
    trainer.step(X)
    step = trainer.step_fn

    @njit
    def loop(state, X, count):
        for _ in range(count):
            step(state, X)

    _nrt_python.memsys_enable_stats()
    try:
        made = []
        for count in (1, 1, 20):
            before = rtsys.get_allocation_stats().alloc
            loop(trainer.state, X, count)
            made.append(rtsys.get_allocation_stats().alloc - before)
    finally:
        _nrt_python.memsys_disable_stats()
    assert made[1] == made[2]


def test_a_bad_loss_is_told():
    with pytest.raises(TypeError, match="a loss is one float"):
        optim.ForwardGradient(lambda x: x * x, np.ones(2), None, optim.Newton()).step()
    assert repr(optim.Newton(floor=0.5)) == "Newton(Rademacher(), 0.5, 1.0)"


@pytest.mark.parametrize("n", [1, 2, 5])
def test_the_system_against_eigenvalues(n):
    vectors = RNG.normal(size=(n, n + 2))
    bent = RNG.normal(size=(n + 2, n + 2))
    curves, slopes = vectors @ (bent + bent.T) @ vectors.T, RNG.normal(size=n)
    q = np.linalg.qr(vectors.T)[0]
    inside = q.T @ (bent + bent.T) @ q
    values, axes = np.linalg.eigh(inside)
    floor = np.sort(np.abs(values))[0] * 1.5
    whole = axes @ np.diag(np.maximum(np.abs(values), floor)) @ axes.T
    across = vectors @ q
    expected = np.linalg.solve(across @ whole @ across.T, slopes)
    found, turned = slopes.copy(), np.zeros((n, n))
    newton(curves.copy(), vectors @ vectors.T, turned, found, np.zeros(n), floor, np.inf)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    a = bent[:n, :n] + bent[:n, :n].T
    diagonal = a.copy()
    principal(diagonal, turned)
    np.testing.assert_allclose(turned @ np.diag(np.diag(diagonal)) @ turned.T, a, atol=1e-13)


def test_a_direction_that_depends_on_others_is_left_out():
    vectors = np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]])
    hessian, slope = np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([1.0, -1.0])
    weights = vectors @ slope
    newton(
        vectors @ hessian @ vectors.T,
        vectors @ vectors.T,
        np.zeros((3, 3)),
        weights,
        np.zeros(3),
        1e-3,
        np.inf,
    )
    assert weights[1] == 0.0
    np.testing.assert_allclose(weights @ vectors, np.linalg.solve(hessian, slope), rtol=1e-14)
