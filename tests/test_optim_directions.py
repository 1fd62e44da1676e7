"""Families of directions: moments of the estimate through the compiled step, and geometry."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit
from scipy.stats import chi2, norm

from tangent_fwd import optim
from tangent_fwd.optim.random import fill_normals

G = np.random.default_rng(7).normal(size=(4, 3)), np.random.default_rng(8).normal(size=5), -0.7
N = 18
FLAT = np.concatenate([G[0].ravel(), G[1], [G[2]]])


def linear(params, A, a, c):
    W, b, s = params
    return np.sum(A * W) + np.sum(a * b) + c * s


def estimates(directions, k, count, seed=0, shape=(4, 3), gradient=G):
    """`count` gradients of a linear function, as the compiled step uses them; `shape` is that of
    its first parameter.
    """
    params = np.zeros(shape), np.zeros(5), 0.0
    trainer = optim.ForwardGradient(linear, params, optim.SGD(1.0), directions, k, seed)
    step_fn = trainer.step_fn

    @njit
    def collect(state, A, a, c, out):
        W, b, s = state.params
        for row in range(len(out)):
            W[...] = 0.0
            b[:] = 0.0
            s[0] = 0.0
            step_fn(state, A, a, c)
            out[row, :12] = -W.reshape(-1)
            out[row, 12:17] = -b
            out[row, 17] = -s[0]

    out = np.zeros((count, N))
    collect(trainer.state, gradient[0].reshape(shape), *gradient[1:], out)
    return out, trainer


@njit
def three_values(out, seed, step, direction, position):
    """0 or ±√(3/2), each with probability 1/3: mean 0, variance 1, fourth moment 3/2."""
    fill_normals(out, seed, step, direction, position)
    for i in range(out.size):
        size = np.sqrt(1.5)
        out[i] = 0.0 if abs(out[i]) < 0.430727299295457 else size if out[i] > 0 else -size


# The part of the squared gradient that is in matrices.
SHARE = np.sum(G[0] ** 2) / np.sum(FLAT**2)

FAMILIES = [
    (optim.Gaussian(), 1, N + 2),
    (optim.Rademacher(), 1, N),
    (optim.Sphere(), 1, N),
    (optim.Sparse(0.25), 1, N - 1 + 1 / 0.25),
    (optim.Custom(three_values), 1, N - 1 + 1.5),
    (optim.Orthogonal(), 3, N / 3),
    (optim.RankOne(), 1, N),
    (optim.LowRank(3), 1, N + (2 - 2 / 3) * SHARE),
    (optim.LowRank(2), 3, (N + SHARE - 1) / 3 + 1),
]


def check_moments(directions, k, q, count, shape=(4, 3), gradient=G):
    g, _ = estimates(directions, k, count, 1, shape, gradient)
    flat = np.concatenate([gradient[0].ravel(), gradient[1], [gradient[2]]])
    square = np.sum(flat**2)
    assert np.mean(np.sum(g * g, axis=1)) / square == pytest.approx(q, rel=0.03)
    # The mean is the gradient within three standard deviations: along it, and in all directions
    # together, where the squared distance in its own metric has the law of chi-square.
    along = g @ flat / square
    assert abs(along.mean() - 1) < 3 * along.std() / np.sqrt(count)
    error = g.mean(axis=0) - flat
    distance = count * error @ np.linalg.solve(np.cov(g.T), error)
    assert distance < chi2.isf(2 * norm.sf(3), N)


@pytest.mark.slow
@pytest.mark.parametrize(("directions", "k", "q"), FAMILIES)
def test_moments(directions, k, q):
    check_moments(directions, k, q, 400_000)


@pytest.mark.slow
@pytest.mark.parametrize(
    "shape", [(2, 1, 2, 3), pytest.param((2, 2, 3), marks=pytest.mark.slow)], ids=str
)
def test_moments_of_kernels_and_stacks(shape):
    check_moments(optim.RankOne(), 1, N, 400_000, shape)


# Where the whole gradient is in matrices, the rank is seen best.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "rank"),
    [
        ((2, 1, 2, 3), 4),
        ((2, 2, 3), 16),
    ],
)
def test_moments_by_rank(shape, rank):
    gradient = G[0], np.zeros(5), 0.0
    check_moments(optim.LowRank(rank), 1, N + 2 - 2 / rank, 400_000, shape, gradient)


@pytest.mark.slow
def test_a_projection_is_the_nearest_point_and_shrinks_by_k_over_n():
    g, _ = estimates(optim.Projection(optim.Gaussian()), 3, 100_000)
    square = np.sum(FLAT**2)
    assert np.mean(np.sum(g * g, axis=1)) / square == pytest.approx(3 / N, rel=0.03)
    along = g @ FLAT / square
    assert abs(along.mean() - 3 / N) < 3 * along.std() / np.sqrt(len(g))


def lanes(trainer):
    return np.array([np.concatenate([p.ravel() for p in d]) for d in trainer.state.directions])


@pytest.mark.slow
def test_a_projection_leaves_only_what_no_direction_sees():
    g, trainer = estimates(optim.Projection(optim.Rademacher()), 3, 1)
    np.testing.assert_allclose(lanes(trainer) @ (FLAT - g[0]), 0, atol=1e-10)


@pytest.mark.slow
def test_a_projection_leaves_out_what_is_there_twice():
    @njit
    def same(out, seed, step, direction, position):
        fill_normals(out, seed, step, direction // 2, position)

    g, trainer = estimates(optim.Projection(optim.Custom(same)), 3, 1)
    np.testing.assert_array_equal(lanes(trainer)[0], lanes(trainer)[1])
    np.testing.assert_allclose(lanes(trainer) @ (FLAT - g[0]), 0, atol=1e-10)


@pytest.mark.slow
def test_orthogonal_directions_have_right_angles_and_one_length():
    _, trainer = estimates(optim.Orthogonal(), 3, 2)
    v = lanes(trainer)
    np.testing.assert_allclose(v @ v.T, N * np.eye(3), atol=1e-12)


def test_as_many_right_angles_as_parameters_give_the_exact_gradient():
    x = np.array([1.0, -2.0, 0.5])
    before = x.copy()
    trainer = optim.ForwardGradient(
        lambda x: np.sum(x**3), x, optim.SGD(0.1), optim.Orthogonal(), k=3
    )
    trainer.step()
    np.testing.assert_allclose(x, before - 0.1 * 3 * before**2, rtol=1e-12)
    with pytest.raises(ValueError, match="k is 4, but 3 parameters"):
        optim.ForwardGradient(lambda x: np.sum(x), x, None, optim.Orthogonal(), k=4)


@pytest.mark.slow
def test_a_sphere_has_one_length_and_signs_are_signs():
    _, trainer = estimates(optim.Sphere(), 1, 1)
    assert np.sum(lanes(trainer)[0] ** 2) == pytest.approx(N, rel=1e-12)
    _, trainer = estimates(optim.Sparse(0.25), 1, 1)
    assert set(np.unique(lanes(trainer))) <= {-2.0, 0.0, 2.0}


@pytest.mark.slow
def test_a_guess_comes_first_and_may_change_between_steps():
    params = np.zeros((4, 3)), np.zeros(5), 0.0
    guess = G[0].copy(), G[1].copy(), G[2]
    trainer = optim.ForwardGradient(
        linear, params, optim.SGD(1.0), optim.Projection(optim.Guess(guess)), k=2
    )
    trainer.step(*G)
    # The guess is the gradient itself, so the projection is exact.
    np.testing.assert_allclose(params[0], -G[0], rtol=1e-9)
    assert trainer.params[2] == pytest.approx(-G[2])
    guess[0][:] = 0.0
    guess[1][:] = 0.0
    params[0][:] = 0.0
    trainer.step(*G)
    left = np.concatenate([params[0].ravel() + G[0].ravel()])
    assert np.abs(left).max() > 0.1
    bad = optim.Guess((np.zeros(2), guess[1], 1.0))
    with pytest.raises(ValueError, match=r"`guess\[0\]` is float64\[2\]"):
        optim.ForwardGradient(linear, params, None, bad)
    bad = optim.Guess((0 * G[0], 0 * G[1], 0.0))
    with pytest.raises(ValueError, match="guess is zero"):
        optim.ForwardGradient(linear, params, None, bad)


@pytest.mark.slow
@pytest.mark.parametrize("k", [1, 3])
def test_a_control_variate_forgets_the_noise(k):
    # The gradient of a linear function stays the same, so the memory becomes it.
    g, trainer = estimates(optim.ControlVariate(), k, 1200 // k)
    np.testing.assert_allclose(g[-1], FLAT, rtol=1e-9)
    np.testing.assert_allclose(np.concatenate(trainer.state.memory), FLAT, rtol=1e-9)
    assert np.abs(g[0] - FLAT).max() > 0.5


@pytest.mark.slow
def test_a_control_variate_is_right_on_average_at_every_step():
    params = np.zeros((4, 3)), np.zeros(5), 0.0
    trainer = optim.ForwardGradient(linear, params, optim.SGD(1.0), optim.ControlVariate(share=0.1))
    seen = []
    for seed in range(3000):
        trainer.state.clock[:2] = 0, seed
        for memory in trainer.state.memory:
            memory[:] = 0.0
        for _ in range(4):
            before = np.concatenate([params[0].ravel(), params[1]])
            trainer.step(*G)
        seen.append(before - np.concatenate([params[0].ravel(), params[1]]))
    error = np.mean(seen, axis=0) - FLAT[:17]
    assert np.all(np.abs(error) < 4 * np.std(seen, axis=0) / np.sqrt(len(seen)))


@pytest.mark.parametrize(
    ("make", "error", "told"),
    [
        (lambda: optim.Sparse(0), ValueError, "p must be above 0 and at most 1"),
        (lambda: optim.Sparse(1.5), ValueError, "p must be above 0 and at most 1"),
        (lambda: optim.Sparse("0.1"), TypeError, "p must be a number"),
        (lambda: optim.LowRank(0), ValueError, "rank must be at least 1"),
        (lambda: optim.LowRank(2.0), TypeError, "rank must be an integer"),
        (lambda: optim.Custom(lambda out: None), TypeError, "fill must be an @njit function"),
        (lambda: optim.ControlVariate(share=0), ValueError, "share must be above 0"),
        (lambda: optim.Projection(3), TypeError, "base must be a family"),
        (lambda: optim.Newton(floor=0.0), ValueError, "floor must be above 0"),
        (
            lambda: optim.Newton(optim.Projection()),
            TypeError,
            "base must be a family that only draws",
        ),
        (lambda: optim.Projection(optim.Newton()), TypeError, "cannot stand inside another"),
    ],
)
def test_bad_families(make, error, told):
    with pytest.raises(error, match=told):
        make()
