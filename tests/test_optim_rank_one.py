"""Directions of low rank: what a step does with them, and that it allocates nothing."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from numba.core.runtime import _nrt_python, rtsys

from tangent_fwd import forward_grad, nn, optim

rng = np.random.default_rng(5)
X = rng.standard_normal((6, 4))
Y = rng.standard_normal((6, 2))


def loss(params, x, y):
    W, b, stack, kernel = params
    hidden = np.tanh(x @ W + b)
    for layer in range(stack.shape[0]):
        hidden = np.tanh(hidden @ stack[layer])
    for i in range(kernel.shape[0]):
        weights = kernel[i].reshape((kernel.shape[1] * kernel.shape[2], kernel.shape[3]))
        hidden = np.tanh(hidden @ weights)
    return np.mean((hidden - y) ** 2)


def params():
    random = np.random.default_rng(6)
    return (
        random.standard_normal((4, 2)),
        random.standard_normal(2),
        random.standard_normal((3, 2, 2)),
        random.standard_normal((2, 1, 2, 2)),
    )


def formed(stored, parameter):
    """A stored direction as an array; one `v` of a kernel goes with all its rows."""
    if not isinstance(stored, tuple):
        return stored.copy()
    u, v = stored
    return u @ v if u.ndim == parameter.ndim else u[..., :, None] * v[..., None, :]


def ways(trainer):
    return [tuple(map(formed, lane, trainer.state.params)) for lane in trainer.state.directions]


def flat(parts):
    return np.concatenate([part.ravel() for part in parts])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("directions", "k"), [(optim.RankOne(), 1), (optim.LowRank(3), 1), (optim.RankOne(), 3)]
)
def test_a_step_moves_along_the_products_by_their_slopes(directions, k):
    trainer = optim.ForwardGradient(loss, params(), optim.SGD(0.1), directions, k)
    before = params()
    assert trainer.step(X, Y) == pytest.approx(loss(before, X, Y), rel=1e-12)
    moved = np.zeros_like(flat(before))
    for way in ways(trainer):
        _, slope = forward_grad(loss).jvp((before, X, Y), (way,))
        moved -= 0.1 / k * slope * flat(way)
    np.testing.assert_allclose(flat(trainer.params), flat(before) + moved, rtol=1e-10, atol=1e-13)


@pytest.mark.slow
def test_factors_are_signs_at_addresses_of_their_own():
    def total(p):
        return np.sum(p[0]) + np.sum(p[1]) + np.sum(p[2])

    shapes = (100, 1), (100, 1), (2, 1, 2, 2)
    one, low, two = (
        optim.ForwardGradient(total, tuple(map(np.zeros, shapes)), directions=directions, seed=3)
        for directions in (optim.RankOne(), optim.LowRank(1), optim.LowRank(2))
    )
    for trainer in (one, low, two):
        trainer.step()
    for first, second in zip(*(ways(trainer)[0] for trainer in (one, low)), strict=True):
        np.testing.assert_array_equal(first, second)
        assert set(np.unique(first)) == {-1.0, 1.0}
    (A, B), (C, D), (E, F) = two.state.directions[0]
    sizes = [x.shape for x in (A, B, C, D, E, F)]
    assert sizes == [(100, 2), (2, 1), (100, 2), (2, 1), (2, 1, 2, 2), (2, 2)]
    for u, v in ((A, B), (C, D), (E, F)):
        np.testing.assert_array_equal(np.abs(u), 1.0)
        np.testing.assert_allclose(np.abs(v), 0.5**0.5, rtol=1e-15)
    # The factor is longer than the one block of 128 numbers that its leaf has.
    assert np.abs(np.corrcoef(A.ravel()[128:], C.ravel()[:72])[0, 1]) < 5 / np.sqrt(72)


@pytest.mark.slow
def test_vectors_differ_from_step_to_step_and_from_leaf_to_leaf():
    trainer = optim.ForwardGradient(loss, params(), optim.SGD(0.0), k=2)
    seen = []
    for _ in range(40):
        trainer.step(X, Y)
        seen.append([flat(way) for way in ways(trainer)])
    table = np.array(seen).reshape(80, -1)
    correlations = np.corrcoef(table.T)
    # Signs of 80 draws: beyond 5 standard deviations for none of the 30 * 29 / 2 pairs.
    assert np.abs(correlations - np.eye(len(correlations))).max() < 5 / np.sqrt(80)


@pytest.mark.slow
def test_the_text_forms_no_matrix():
    trainer = optim.ForwardGradient(loss, params(), optim.SGD(0.1), optim.LowRank(3))
    trainer.step(X, Y)
    assert "x @ u_W" in trainer.source or "np.dot(x, u_W" in trainer.source
    assert "d_W[i, j]" not in trainer.source
    assert "np.dot(u_W" not in trainer.source
    assert "u_kernel[i].reshape" in trainer.source


def test_stacks_have_a_pair_for_each_matrix_and_kernels_have_one():
    trainer = optim.ForwardGradient(loss, params(), optim.SGD(0.1))
    stored = [tuple(part.shape for part in pair) for pair in trainer.state.directions[0][2:]]
    assert stored == [((3, 2), (3, 2)), ((2, 1, 2), (2,))]


@pytest.mark.slow
@pytest.mark.parametrize(("directions", "k"), [(optim.LowRank(2), 2)])
def test_a_step_of_a_convolutional_network(directions, k):
    def network(params, images):
        (first, b), (second, c) = params
        hidden = nn.max_pool2d(nn.relu(nn.conv2d(images, first, b)), 2)
        return np.mean(nn.conv2d_valid(hidden, second, c) ** 2)

    random = np.random.default_rng(2)
    images = random.standard_normal((3, 6, 6, 1))
    start = (
        (random.standard_normal((3, 3, 1, 4)), random.standard_normal(4)),
        (random.standard_normal((2, 2, 4, 3)), random.standard_normal(3)),
    )
    before = tuple(tuple(part.copy() for part in layer) for layer in start)
    trainer = optim.ForwardGradient(network, start, optim.SGD(0.1), directions, k)
    trainer.step(images)
    moved = np.zeros_like(flat(sum(before, ())))
    for way in ways(trainer):
        _, slope = forward_grad(network).jvp((before, images), ((way[:2], way[2:]),))
        moved -= 0.1 / k * slope * flat(way)
    found = flat(sum(trainer.params, ())) - flat(sum(before, ()))
    np.testing.assert_allclose(found, moved, rtol=1e-9, atol=1e-12)
    # The one place where an array of a kernel's direction could be made.
    assert "u_weights" in trainer.source
    assert "d_weights" not in trainer.source


@pytest.mark.slow
def test_a_run_with_kernels_goes_on_from_a_checkpoint(tmp_path):
    def trainer():
        return optim.ForwardGradient(loss, params(), optim.Adam(0.01), optim.RankOne(), 2)

    whole, first, second = trainer(), trainer(), trainer()
    for _ in range(4):
        whole.step(X, Y)
    for _ in range(2):
        first.step(X, Y)
    first.save(tmp_path / "run.npz")
    second.load(tmp_path / "run.npz")
    for _ in range(2):
        second.step(X, Y)
    np.testing.assert_array_equal(flat(second.params), flat(whole.params))


@pytest.mark.slow
def test_a_frozen_matrix_stands_still_and_needs_no_array_of_zeros():
    trainer = optim.ForwardGradient(loss, params(), optim.SGD(0.1), frozen=("0", "3"))
    trainer.step(X, Y)
    trainer.step(X, Y)
    for place in (0, 3):
        np.testing.assert_array_equal(trainer.params[place], params()[place])
    assert not np.array_equal(trainer.params[2], params()[2])
    u, v = trainer.state.directions[0][0]
    assert (u.shape, v.shape) == ((4,), (2,))
    assert not u.any()
    u, v = trainer.state.directions[0][3]
    assert (u.shape, v.shape) == ((2, 1, 2), (2,))
    assert not u.any()


@pytest.mark.slow
def test_a_frozen_matrix_stands_still_among_those_of_a_higher_rank():
    trainer = optim.ForwardGradient(
        loss, params(), optim.SGD(0.1), optim.LowRank(3), frozen=("0", "1")
    )
    trainer.step(X, Y)
    for place in (0, 1):
        np.testing.assert_array_equal(trainer.params[place], params()[place])
    assert not np.array_equal(trainer.params[2], params()[2])
    assert [part.shape for part in trainer.state.directions[0][0]] == [(4, 3), (3, 2)]
    assert not trainer.state.directions[0][0][0].any()


@pytest.mark.slow
def test_a_projection_onto_products_leaves_only_what_no_direction_sees():
    before = params()
    trainer = optim.ForwardGradient(
        loss, params(), optim.SGD(1.0), optim.Projection(optim.LowRank(2)), k=2
    )
    trainer.step(X, Y)
    _, gradient = forward_grad(loss).value_and_grad(before, X, Y)
    left = flat(gradient) - (flat(before) - flat(trainer.params))
    np.testing.assert_allclose([flat(w) @ left for w in ways(trainer)], 0, atol=1e-12)


@pytest.mark.slow
def test_a_control_variate_corrects_what_is_remembered_along_products():
    trainer = optim.ForwardGradient(
        loss, params(), optim.SGD(1.0), optim.ControlVariate(optim.RankOne(), share=0.5)
    )
    memory = np.zeros(flat(params()).size)
    for _ in range(3):
        before = trainer.params
        before = tuple(part.copy() for part in before)
        trainer.step(X, Y)
        (way,) = ways(trainer)
        _, slope = forward_grad(loss).jvp((before, X, Y), (way,))
        estimate = memory + (slope - memory @ flat(way)) * flat(way)
        np.testing.assert_allclose(flat(before) - flat(trainer.params), estimate, atol=1e-12)
        memory += 0.5 * (estimate - memory)


@pytest.mark.slow
def test_a_guess_keeps_all_directions_whole():
    guess = tuple(np.ones_like(part) for part in params())
    trainer = optim.ForwardGradient(
        loss, params(), optim.SGD(0.1), optim.Guess(guess, optim.LowRank(3)), k=2
    )
    trainer.step(X, Y)
    first, second = ways(trainer)
    np.testing.assert_array_equal(flat(first), 1.0)
    assert set(np.unique(flat(second))) == {-1.0, 1.0}


# --- memory ---------------------------------------------------------------------------------------


def softmax_regression(params, images, labels):
    W, b = params
    return cross_entropy(images @ W + b, labels)


def kernel_regression(params, images, labels):
    W, b = params
    return cross_entropy(images @ W.reshape((images.shape[1], W.shape[3])) + b, labels)


def cross_entropy(scores, labels):
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_total = np.log(np.exp(shifted).sum(axis=1))
    return np.mean(log_total - (labels * shifted).sum(axis=1))


def perceptron(params, images, labels):
    first, second, last = params
    hidden = np.maximum(images @ first[0] + first[1], 0.0)
    return softmax_regression(last, np.maximum(hidden @ second[0] + second[1], 0.0), labels)


def layer(rows, columns):
    random = np.random.default_rng(rows)
    scale = np.float32(rows**-0.5)
    W = random.standard_normal((rows, columns), np.float32) * scale
    return W, np.zeros(columns, np.float32)


REGRESSION = layer(784, 10)
KERNELS = REGRESSION[0].reshape((28, 28, 1, 10)), REGRESSION[1]
PERCEPTRON = layer(784, 1024), layer(1024, 1024), layer(1024, 10)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("function", "parameters", "size", "directions"),
    [
        (softmax_regression, REGRESSION, 7_850, optim.RankOne()),
        (softmax_regression, REGRESSION, 7_850, optim.Gaussian()),
        (kernel_regression, KERNELS, 7_850, optim.RankOne()),
        (perceptron, PERCEPTRON, 1_863_690, optim.RankOne()),
    ],
    ids=["softmax regression", "Gaussian", "kernel", "MLP"],
)
def test_a_warm_step_allocates_nothing(function, parameters, size, directions):
    random = np.random.default_rng(0)
    images = random.random((64, 784), np.float32)
    labels = np.eye(10, dtype=np.float32)[random.integers(0, 10, 64)]
    trainer = optim.ForwardGradient(function, parameters, optim.Adam(1e-4), directions)
    assert sum(leaf.size for leaf in numba_leaves(trainer.params)) == size
    first = trainer.step(images, labels)
    step_fn = trainer.step_fn

    @numba.njit
    def often(state, images, labels, count):
        total = 0.0
        for _ in range(count):
            total += step_fn(state, images, labels)
        return total

    _nrt_python.memsys_enable_stats()
    often(trainer.state, images, labels, 1)
    counts = []
    for count in (1, 8):
        before = rtsys.get_allocation_stats().alloc
        often(trainer.state, images, labels, count)
        counts.append(rtsys.get_allocation_stats().alloc - before)
    assert counts[0] == counts[1]
    assert np.isfinite(first)


def numba_leaves(value):
    if isinstance(value, tuple):
        return [leaf for part in value for leaf in numba_leaves(part)]
    return [value]
