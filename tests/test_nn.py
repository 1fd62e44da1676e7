"""The building blocks: what they compute, and their derivatives for every choice of arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import signal, special

from tangent_fwd import forward_grad, nn
from tangent_fwd.optim.random import fill_signs
from tangent_fwd.testing import check_jvp
from tests import oracle
from tests.harness import (
    TOLERANCE,
    TOLERANCE_32,
    VALUE_TOLERANCE,
    compare,
    differentiate,
    directions,
    original,
    patterns,
    plain,
    run,
)
from tests.inputs import is_float


def drawn(*shape: int) -> Any:
    """Numbers of either sign, at least 0.2 from zero; the same for the same shape."""
    rng = np.random.default_rng(shape)
    return rng.uniform(0.2, 1.3, shape) * rng.choice([-1.0, 1.0], shape)


def narrow(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same arguments in float32."""
    return tuple(
        a.astype(np.float32) if isinstance(a, np.ndarray) and is_float(a) else a for a in args
    )


LABELS = np.array([2, 0, 2, 1])
SHARES = special.softmax(drawn(4, 3), axis=1)
# A window that has an even and an odd side, and images that are not square.
IMAGES, WINDOW = drawn(2, 4, 3, 2), drawn(3, 2, 2, 3)


def network(W1: Any, b1: Any, W2: Any, b2: Any, images: Any, labels: Any) -> Any:
    """Every kind of layer in one loss, as users write one."""
    hidden = nn.max_pool2d(nn.relu(nn.conv2d(images, W1, b1)), 2)
    flat = hidden.reshape((len(images), W2.shape[0]))
    return nn.softmax_cross_entropy(nn.dense(nn.gelu(flat), W2, b2), labels)


CASES: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "dense": (nn.dense, (drawn(4, 3), drawn(3, 2), drawn(2))),
    "conv2d": (nn.conv2d, (IMAGES, WINDOW, drawn(3))),
    "conv2d_valid": (nn.conv2d_valid, (IMAGES, WINDOW, drawn(3))),
    "max_pool2d": (nn.max_pool2d, (drawn(2, 5, 4, 3), 2)),
    "layer_norm": (nn.layer_norm, (drawn(2, 4, 5), drawn(5), drawn(5), 0.3)),
    "relu": (nn.relu, (drawn(4, 3),)),
    "gelu": (nn.gelu, (drawn(2, 3, 4),)),
    "gelu_tanh": (nn.gelu_tanh, (drawn(2, 3, 4),)),
    "dropout": (nn.dropout, (drawn(3, 7), 0.3, 5, 2)),
    "softmax_cross_entropy": (nn.softmax_cross_entropy, (drawn(4, 3), LABELS)),
    "soft_cross_entropy": (nn.soft_cross_entropy, (drawn(4, 3), SHARES)),
    "network": (
        network,
        (drawn(3, 3, 2, 3), drawn(3), drawn(12, 3), drawn(3), drawn(1, 4, 4, 2), LABELS[:1]),
    ),
}
EACH = pytest.mark.parametrize("name", CASES)
# What compiles for a quarter of a minute, and is made of what the others show.
LONG = {"network", "conv2d_valid"}
COMPILED = pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=pytest.mark.slow) if n in LONG | {"conv2d", "dropout"} else n
        for n in CASES
    ],
)


@EACH
@pytest.mark.parametrize("width", [pytest.param(32, marks=pytest.mark.slow), 64])
def test_the_emitted_text_agrees_for_every_activity(name: str, width: int) -> None:
    """Run as plain Python, three lanes, against an oracle that knows nothing of the compiler.

    Of more than three arguments, each alone and all together; what takes long, in float32 only
    all together.
    """
    function, args = CASES[name]
    args = narrow(args) if width == 32 else args
    tolerances = (TOLERANCE_32, TOLERANCE_32) if width == 32 else (TOLERANCE, VALUE_TOLERANCE)
    expected = original(function, args)
    every = patterns(args)
    if name in LONG and width == 32:
        every = every[-1:]
    few = every if len(every) <= 7 else [p for p in every if sum(p) == 1 or p == every[-1]]
    for active in few:
        program = differentiate(function, args, active, 3)
        ways = directions(args, active, 3, np.random.default_rng(0))
        answers = [oracle.tangent(function, args, way) for way in ways]
        found = run(plain(program), args, ways)
        assert not compare(found, expected, answers, args, active, *tolerances)


@COMPILED
def test_compiled_code_agrees_with_differences(name: str) -> None:
    """Each argument alone and all together."""
    function, args = CASES[name]
    active = tuple(i for i, a in enumerate(args) if is_float(a))
    assert check_jvp(forward_grad(function, argnums=active), args).passed


@pytest.mark.slow
@pytest.mark.parametrize("name", ["conv2d", "layer_norm", "softmax_cross_entropy"])
def test_compiled_single_precision_agrees_with_differences(name: str) -> None:
    function, args = CASES[name]
    active = tuple(i for i, a in enumerate(args) if is_float(a))
    assert check_jvp(forward_grad(function, argnums=active), narrow(args)).passed


@EACH
def test_single_precision_stays(name: str) -> None:
    """In plain Python; a loss is one number, whose width matters to nobody."""
    function, args = CASES[name]
    value = function(*narrow(args))
    wide = function(*args)
    if value.ndim:
        assert value.dtype == np.float32
    assert value.shape == wide.shape
    assert np.allclose(value, wide, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["dense", "layer_norm", "relu", "gelu", "gelu_tanh", "max_pool2d", "dropout"]
)
def test_compiled_single_precision_stays(name: str) -> None:
    function, args = CASES[name]
    args = narrow(args)
    active = tuple(i for i, a in enumerate(args) if is_float(a))
    value, slope = forward_grad(function, argnums=active).jvp(args, tuple(args[i] for i in active))
    assert value.dtype == slope.dtype == np.float32


def correlated(images: Any, W: Any, b: Any, mode: str) -> Any:
    """The convolution by SciPy, channel by channel."""
    layers = [
        [
            sum(
                signal.correlate2d(image[..., c], W[..., c, o], mode=mode)
                for c in range(image.shape[-1])
            )
            for o in range(W.shape[-1])
        ]
        for image in images
    ]
    return np.moveaxis(np.array(layers), 1, -1) + b


@pytest.mark.parametrize("window", [(3, 3), (1, 1), (5, 3), (1, 5), (2, 2), (2, 4)])
def test_convolutions_are_scipys(window: tuple[int, int]) -> None:
    images, W, b = drawn(2, 6, 7, 3), drawn(*window, 3, 2), drawn(2)
    assert np.allclose(nn.conv2d_valid(images, W, b), correlated(images, W, b, "valid"))
    # Of an even window, SciPy's "same" puts the larger half first: cut what is needed from "full".
    full = correlated(images, W, b, "full")
    top, left = window[0] - 1 - (window[0] - 1) // 2, window[1] - 1 - (window[1] - 1) // 2
    assert np.allclose(nn.conv2d(images, W, b), full[:, top : top + 6, left : left + 7])


def test_a_window_may_be_larger_than_what_zeros_surround() -> None:
    images, W, b = drawn(1, 2, 1, 1), drawn(7, 7, 1, 1), drawn(1)
    full = correlated(images, W, b, "full")
    assert np.allclose(nn.conv2d(images, W, b), full[:, 3:5, 3:4])


@pytest.mark.slow
def test_convolutions_take_whole_numbers_and_any_layout() -> None:
    counts = np.random.default_rng(0).integers(0, 255, IMAGES.shape).astype(np.uint8)
    W = WINDOW.astype(np.float32)
    b = drawn(3).astype(np.float32)
    wanted = nn.conv2d(counts.astype(np.float32), W, b)
    made = forward_grad(nn.conv2d, argnums=1)
    assert np.allclose(made(counts, W, b), wanted, rtol=1e-5)
    assert made(counts, W, b).dtype == np.float32
    _, slope = made.jvp((counts, np.asfortranarray(W), b), (W,))
    assert np.allclose(slope, wanted - b, rtol=1e-4, atol=1e-3)


def test_pooling_takes_the_largest_and_leaves_the_rest_out() -> None:
    images = drawn(2, 7, 5, 3)
    for size, rows, columns in ((1, 7, 5), (2, 3, 2), (3, 2, 1), (5, 1, 1)):
        whole = images[:, : rows * size, : columns * size]
        squares = whole.reshape(2, rows, size, columns, size, 3)
        assert np.array_equal(nn.max_pool2d(images, size), squares.max(axis=(2, 4)))


def test_the_first_of_several_largest_moves_the_pool() -> None:
    ties = np.zeros((1, 2, 2, 1))
    _, slope = forward_grad(nn.max_pool2d).jvp(
        (ties, 2), (np.arange(1.0, 5.0).reshape(1, 2, 2, 1),)
    )
    assert slope.item() == 1.0


def test_relu_at_zero_has_the_slope_that_is_documented() -> None:
    assert forward_grad(nn.relu).jvp((np.zeros(1),), (np.ones(1),))[1][0] == 1.0


def test_gelu_is_the_normal_distribution_and_its_approximation_is_near() -> None:
    x = np.linspace(-35.0, 35.0, 4001).reshape(1, -1)
    exact = x * special.ndtr(x)
    assert np.allclose(nn.gelu(x), exact, rtol=1e-12, atol=0.0)
    assert np.max(abs(nn.gelu_tanh(x) - exact)) < 5e-4


def test_layer_norm_gives_mean_shift_and_deviation_scale() -> None:
    made = nn.layer_norm(drawn(3, 50), np.full(50, 2.0), np.full(50, 0.5))
    assert np.allclose(made.mean(axis=1), 0.5)
    assert np.allclose(made.std(axis=1), 2.0, rtol=1e-4)
    # A constant row is not divided by zero.
    assert np.array_equal(nn.layer_norm(np.full((1, 3), 7.0), np.ones(3), np.ones(3)), [[1, 1, 1]])
    wide = nn.layer_norm(drawn(1, 3), np.ones(3), np.zeros(3), epsilon=3.0)
    assert np.allclose(wide * np.sqrt(drawn(1, 3).var() + 3.0), drawn(1, 3) - drawn(1, 3).mean())


@pytest.mark.parametrize("size", [1.0, 1e4, 1e300])
def test_cross_entropies_are_right_and_safe_for_any_scores(size: float) -> None:
    scores = size * drawn(4, 3)
    logs = special.log_softmax(scores, axis=1)
    one_hot = np.eye(3)[LABELS]
    for function, targets in ((nn.softmax_cross_entropy, LABELS), (nn.soft_cross_entropy, one_hot)):
        made = forward_grad(function)
        value, gradient = made.value_and_grad(scores, targets)
        assert np.isclose(value, -np.mean(np.sum(one_hot * logs, axis=1)), rtol=1e-12)
        assert np.allclose(gradient, (np.exp(logs) - one_hot) / 4, atol=1e-14)
    shares = np.mean(np.sum(SHARES * -logs, axis=1))
    assert np.isclose(nn.soft_cross_entropy(scores, SHARES), shares, rtol=1e-12)


def test_curvature_of_cross_entropy() -> None:
    """The second derivative along v is the variance of v under softmax."""
    scores, v = drawn(1, 3), np.array([[0.3, -1.0, 2.0]])
    p = special.softmax(scores)
    made = forward_grad(nn.softmax_cross_entropy).directional2((scores, LABELS[:1]), (v,))
    assert np.isclose(made[2], np.sum(p * v * v) - np.sum(p * v) ** 2, rtol=1e-12)


def test_dropout_keeps_the_mean_and_its_rate() -> None:
    made = forward_grad(nn.dropout)
    n = 100_000
    for rate in (0.0, 0.1, 0.5, 0.9):
        kept = made(np.ones(n), rate, 0, 0)
        assert set(np.unique(kept)) <= {0.0, 1.0 / (1.0 - rate)}
        # The number of zeros is binomial: four deviations.
        assert abs(np.mean(kept == 0.0) - rate) <= 4.0 * np.sqrt(rate * (1.0 - rate) / n)


def test_dropout_is_a_function_of_seed_step_and_position() -> None:
    made = forward_grad(nn.dropout)
    first = made(np.ones(1000), 0.5, 3, 4)
    assert np.array_equal(first, made(np.ones(1000), 0.5, 3, 4))
    # A longer or narrower array drops the same entries, and so does the derivative.
    assert np.array_equal(first, made(np.ones(1003, np.float32), 0.5, 3, 4)[:1000])
    assert np.array_equal(first, made.jvp((np.zeros(1000), 0.5, 3, 4), (np.ones(1000),))[1])
    # 1,000 coins agree in 500 cases, give or take 16.
    for seed, step in ((3, 5), (4, 4), (4, 3)):
        other = made(np.ones(1000), 0.5, seed, step)
        assert abs(np.sum(first == other) - 500) < 80


def test_dropout_does_not_draw_what_directions_are_drawn_from() -> None:
    signs = np.empty(1000)
    fill_signs(signs, 3, 4, 0, 0)
    dropped = forward_grad(nn.dropout)(np.ones(1000), 0.5, 3, 4) == 0.0
    assert abs(np.sum(dropped == (signs < 0.0)) - 500) < 80


WRONG: dict[str, tuple[Callable[..., Any], tuple[Any, ...], str]] = {
    "outputs": (nn.dense, (drawn(4, 3), drawn(3, 1), drawn(2)), "`b` must have one entry"),
    "features": (nn.layer_norm, (drawn(4, 3), drawn(3), drawn(1)), "one entry for each feature"),
    "rate": (nn.dropout, (drawn(4, 3), 1.0, 0, 0), "`rate` must be"),
    "negative rate": (nn.dropout, (drawn(4, 3), -0.1, 0, 0), "`rate` must be"),
    "channels": (nn.conv2d, (IMAGES, drawn(3, 2, 1, 3), drawn(3)), "number of channels"),
    "biases": (nn.conv2d, (IMAGES, WINDOW, drawn(2)), "`b` must have one entry"),
    "no pixels": (nn.conv2d, (IMAGES, np.ones((0, 2, 2, 3)), drawn(3)), "`W` has no pixels"),
    "window": (nn.conv2d_valid, (IMAGES, drawn(5, 1, 2, 3), drawn(3)), "too few"),
    "no square": (nn.max_pool2d, (IMAGES, 0), "`size` must be from 1"),
    "large square": (nn.max_pool2d, (IMAGES, 4), "`size` must be from 1"),
    "labels": (nn.softmax_cross_entropy, (drawn(4, 3), LABELS[:3]), "one entry for each sample"),
    "class": (nn.softmax_cross_entropy, (drawn(4, 2), LABELS), "from 0 to classes - 1"),
    "negative": (nn.softmax_cross_entropy, (drawn(4, 3), LABELS - 1), "from 0 to classes - 1"),
    "targets": (nn.soft_cross_entropy, (drawn(4, 3), drawn(4, 2)), "shape of `scores`"),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if place % 2 else ())
        for place, name in enumerate(WRONG)
    ],
)
def test_what_does_not_fit_is_named(name: str) -> None:
    """In plain Python and compiled, where nothing else would notice."""
    function, args, message = WRONG[name]
    for called in (function, forward_grad(function)):
        with pytest.raises(ValueError, match=message):
            called(*args)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("function", "variance"),
    [
        (nn.glorot_uniform, 2.0 / (9 * 40 + 9 * 60)),
        (nn.he_normal, 2.0 / (9 * 40)),
        (nn.lecun_normal, 1.0 / (9 * 40)),
    ],
)
def test_first_weights_have_the_variance_that_they_are_named_for(
    function: Callable[..., Any], variance: float, dtype: Any
) -> None:
    W = function((3, 3, 40, 60), 7, dtype)
    assert W.shape == (3, 3, 40, 60)
    assert W.dtype == dtype
    # Of 21,600 draws, the variance of the variance is known: four deviations of a normal one.
    assert abs(W.var() / variance - 1.0) < 4.0 * np.sqrt(2.0 / W.size)
    assert abs(W.mean()) < 4.0 * np.sqrt(variance / W.size)
    assert np.array_equal(W, function((3, 3, 40, 60), 7, dtype))
    assert not np.array_equal(W, function((3, 3, 40, 60), 8, dtype))


def test_first_weights_can_follow_each_other_from_one_generator() -> None:
    rng = np.random.default_rng(0)
    one, two = nn.he_normal((4, 3), rng), nn.he_normal((4, 3), rng)
    assert one.dtype == two.dtype == np.float32
    assert not np.array_equal(one, two)


@pytest.mark.parametrize("shape", [(5,), (), (0, 3), (3, 3, 4, 0)])
def test_first_weights_need_inputs_and_outputs(shape: tuple[int, ...]) -> None:
    for function in (nn.glorot_uniform, nn.he_normal, nn.lecun_normal):
        with pytest.raises(ValueError, match="`shape` must be"):
            function(shape, 0)


def test_zeros_are_float32() -> None:
    assert nn.zeros(3).dtype == np.float32
    assert not nn.zeros((2, 2), np.float64).any()
