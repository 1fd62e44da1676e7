"""One step of forward-gradient descent: what moves, how far, and what is refused."""

from __future__ import annotations

import copy
import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError
from numba.core.runtime import _nrt_python, rtsys

from tangent_fwd import forward_grad, optim
from tangent_fwd.optim import plan as text
from tangent_fwd.optim.random import fill_signs


def least_squares(params, x, y):
    W, b = params
    r = x @ W + b - y
    return 0.5 * np.mean(r * r)


def gradient(params, x, y):
    """The gradient of `least_squares`, by hand."""
    W, b = params
    r = (x @ W + b - y) / y.size
    return x.T @ r, r.sum()


def problem(dtype=np.float64):
    random = np.random.default_rng(1)
    params = random.normal(size=(3, 2)).astype(dtype), 0.5
    x, y = random.normal(size=(8, 3)).astype(dtype), random.normal(size=(8, 2)).astype(dtype)
    return params, x, y


def inner(gradient, direction):
    return sum(np.sum(g * d) for g, d in zip(gradient, direction))


@pytest.mark.parametrize("k", [1, 3])
def test_a_step_moves_against_slope_times_direction(k):
    params, x, y = problem()
    before = params[0].copy(), params[1]
    trainer = optim.ForwardGradient(least_squares, params, optim.SGD(0.1), optim.Rademacher(), k, 5)
    loss = trainer.step(x, y)
    assert loss == pytest.approx(least_squares(before, x, y), rel=1e-14)
    exact = gradient(before, x, y)
    g = [0.0, 0.0]
    for W, b in trainer.state.directions:
        assert set(np.unique(W)) <= {-1.0, 1.0}
        slope = inner(exact, (W, b[0]))
        g = [g[0] + slope * W / k, g[1] + slope * b[0] / k]
    assert trainer.params[0] is params[0]
    np.testing.assert_allclose(params[0], before[0] - 0.1 * g[0], rtol=1e-12)
    assert trainer.params[1] == pytest.approx(before[1] - 0.1 * g[1], rel=1e-12)
    assert isinstance(trainer.params[1], float)
    assert trainer.steps == 1


def test_lanes_and_steps_draw_different_directions():
    params, x, y = problem()
    trainer = optim.ForwardGradient(least_squares, params, optim.SGD(0.0), optim.Gaussian(), k=3)
    seen = []
    for _ in range(2):
        trainer.step(x, y)
        seen += [np.append(W, b) for W, b in trainer.state.directions]
    assert len({d.tobytes() for d in seen}) == 6


def test_directions_are_those_at_the_documented_addresses():
    """Whatever the sizes, leaf after leaf in whole blocks of 128 numbers."""

    def loss(params, x):
        A, b, c = params
        return np.sum(A) * x[0] + np.sum(b) + np.sum(c)

    params = np.zeros((13, 10)), np.zeros(128), np.zeros(5)
    trainer = optim.ForwardGradient(loss, params, directions=optim.Rademacher(), seed=9)
    trainer.step(np.ones(1))
    trainer.step(np.ones(1))
    for place, direction in zip((0, 256, 384), trainer.state.directions[0], strict=True):
        expected = np.empty(direction.size)
        fill_signs(expected, 9, 1, 0, place)
        np.testing.assert_array_equal(direction.ravel(), expected)


SLOWER = [
    pytest.param(f, marks=pytest.mark.slow)
    for f in (optim.Gaussian(), optim.Sphere(), optim.LowRank(2))
]


@pytest.mark.parametrize("directions", [optim.RankOne(), *SLOWER])
def test_the_text_of_a_step_knows_no_sizes(directions):
    texts = set()
    for n in (2, 3):
        params = np.zeros((n, 2 * n)), np.zeros((n, 4, n)), np.zeros(n)

        def loss(params, x):
            A, B, b = params
            return np.sum(x @ A) + np.sum(B) + np.sum(b)

        trainer = optim.ForwardGradient(loss, params, directions=directions)
        trainer.step(np.ones((1, n)))
        texts.add(trainer.source)
    assert len(texts) == 1


@pytest.mark.slow
def test_mixed_dtypes_keep_theirs():
    (W, b), x, y = problem(np.float32)
    trainer = optim.ForwardGradient(
        least_squares, (W, b), optim.Adam(0.01), optim.Rademacher(), k=3
    )
    first = trainer.step(x, y)
    for _ in range(400):
        last = trainer.step(x, y)
    assert last < 0.9 * first
    assert W.dtype == np.float32
    assert [d.dtype.name for d in trainer.state.directions[0]] == ["float32", "float64"]
    assert [s.dtype.name for s in trainer.state.slots[1]] == ["float32", "float64"]
    assert isinstance(trainer.params[1], float)


def test_float32_scalars_stay_float32():
    trainer = optim.ForwardGradient(lambda t: t * t, np.float32(2.0), optim.SGD(0.1))
    assert trainer.step() == 4.0
    assert trainer.params.dtype == np.float32
    # In one dimension the sign drops out, and the step is the exact gradient's.
    assert trainer.params == np.float32(2.0) - np.float32(0.1) * np.float32(4.0)


def test_an_array_alone_and_0d_arrays():
    x = np.array([3.0, -2.0])
    trainer = optim.ForwardGradient(lambda p, scale: scale * np.sum(p * p), x, optim.SGD(0.01))
    assert trainer.step(2.0) == 26.0
    assert trainer.params is x
    zero_d = np.array(3.0)
    other = optim.ForwardGradient(lambda p: p * p, zero_d, optim.SGD(0.1))
    other.step()
    assert zero_d == pytest.approx(2.4)


class Layer(NamedTuple):
    W: np.ndarray
    b: np.ndarray


@dataclasses.dataclass
class Model:
    first: Layer
    scale: float
    rest: tuple


def nested(params, x):
    hidden = np.tanh(x @ params.first.W + params.first.b)
    w, c = params.rest[0]
    out = hidden @ w * params.scale + c
    return np.mean(out * out)


def model():
    random = np.random.default_rng(2)
    layer = Layer(random.normal(size=(3, 4)), random.normal(size=4))
    return Model(layer, 1.5, ((random.normal(size=4), 0.25),)), random.normal(size=(6, 3))


def test_nested_structures():
    params, x = model()
    trainer = optim.ForwardGradient(nested, params, optim.SGD(0.01), seed=1)
    losses = [trainer.step(x) for _ in range(300)]
    assert losses[-1] < 0.5 * losses[0]
    after = trainer.params
    assert type(after) is Model
    assert type(after.first) is Layer
    assert after.first.W is params.first.W
    assert after.scale != 1.5
    assert nested(after, x) == pytest.approx(trainer.step(x), rel=1e-12)


def test_dicts():
    random = np.random.default_rng(3)
    params = {"W": random.normal(size=3), "b": 1.0}

    def loss(params, x):
        r = x @ params.W + params.b
        return np.mean(r * r)

    x = random.normal(size=(5, 3))
    trainer = optim.ForwardGradient(loss, params, optim.SGD(0.02))
    losses = [trainer.step(x) for _ in range(200)]
    assert losses[-1] < 0.1 * losses[0]
    assert list(trainer.params) == ["W", "b"]
    assert trainer.params["W"] is params["W"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("frozen", "still"),
    [("first", {"W", "b"}), ("rest[0][1]", {"c"})],
)
def test_frozen_parts_stay(frozen, still):
    params, x = model()
    before = leaves(params)
    trainer = optim.ForwardGradient(nested, params, optim.Adam(0.01), frozen=[frozen])
    before = {name: np.copy(value) for name, value in before.items()}
    for _ in range(3):
        trainer.step(x)
    after = leaves(trainer.params)
    assert {n for n in before if np.array_equal(before[n], after[n])} == still


def leaves(params):
    w, c = params.rest[0]
    return {"W": params.first.W, "b": params.first.b, "scale": params.scale, "w": w, "c": c}


@pytest.mark.slow
def test_freezing_a_part_leaves_the_directions_of_the_others():
    drawn = []
    for frozen in ((), ("first",)):
        params, x = model()
        trainer = optim.ForwardGradient(nested, params, optim.SGD(0.0), frozen=frozen)
        trainer.step(x)
        drawn.append(trainer.state.directions[0][3].copy())
    np.testing.assert_array_equal(*drawn)


def test_clip_bounds_the_slope():
    params, x, y = problem()
    before = params[0].copy()
    trainer = optim.ForwardGradient(least_squares, params, optim.SGD(1.0), clip=1e-3)
    trainer.step(x, y)
    assert abs(trainer.state.report[text.SLOPE]) > 1e-3
    np.testing.assert_allclose(np.abs(params[0] - before), 1e-3, rtol=1e-9)


def test_the_step_in_a_compiled_loop_of_ones_own():
    params, x, y = problem()
    trainer = optim.ForwardGradient(least_squares, params, optim.SGD(0.05), seed=9)
    step_fn = trainer.step_fn

    @njit
    def loop(state, x, y, count):
        total = 0.0
        for _ in range(count):
            total += step_fn(state, x, y)
        return total

    total = loop(trainer.state, x, y, 20)
    again, _, _ = problem()
    other = optim.ForwardGradient(least_squares, again, optim.SGD(0.05), seed=9)
    assert total == pytest.approx(sum(other.step(x, y) for _ in range(20)), rel=1e-12)
    assert trainer.steps == 20
    np.testing.assert_array_equal(params[0], again[0])


@pytest.mark.slow
def test_two_runs_with_one_seed_are_the_same_bit_for_bit():
    ends = []
    for seed in (4, 4, 5):
        params, x, y = problem(np.float32)
        trainer = optim.ForwardGradient(least_squares, params, optim.Adam(0.01), seed=seed, k=3)
        for _ in range(50):
            trainer.step(x, y)
        ends.append(params[0].tobytes() + np.float64(trainer.params[1]).tobytes())
    assert ends[0] == ends[1] != ends[2]


@pytest.mark.slow
def test_a_new_batch_type_compiles_another_step():
    params, x, y = problem()
    trainer = optim.ForwardGradient(least_squares, params, optim.SGD(0.01))
    for batch in ((x, y), (np.asfortranarray(x), y), (x[::2], y[::2])):
        assert np.isfinite(trainer.step(*batch))
    assert trainer.steps == 3


def test_defaults_of_the_loss_and_decorated_losses():
    @forward_grad(argnums=(1,))
    def loss(x, weight=2.0):
        return weight * np.sum(x * x)

    x = np.array([1.0])
    trainer = optim.ForwardGradient(loss, x, optim.SGD(0.1))
    assert trainer.step() == 2.0
    assert x[0] == pytest.approx(0.6)
    assert trainer.step(1.0) == pytest.approx(0.36)


@pytest.mark.slow
def test_a_schedule_of_the_users_own():
    @njit
    def halves(step):
        return 0.1 / 2**step

    x = np.array([1.0])
    trainer = optim.ForwardGradient(lambda x: np.sum(x), x, optim.SGD(halves))
    for _ in range(3):
        trainer.step()
    assert x[0] == pytest.approx(1 - 0.1 - 0.05 - 0.025)
    assert trainer.state.report[text.RATE] == pytest.approx(0.025)


@pytest.mark.slow
def test_names_that_collide_with_ours():
    def dot(a, b):
        total = 0.0
        for i in range(a.size):
            total += a[i] * b[i]
        return total

    def step(a):
        return a + 1.0

    def loss(count, state, seed, numbers):
        return np.sum(count.rate) * step(numbers) + np.sum(count.loss) + dot(state, seed) * count.np

    params = {"rate": np.ones(2), "loss": np.full(2, 2.0), "np": 1.0}
    trainer = optim.ForwardGradient(loss, params, optim.SGD(0.0), optim.Sphere())
    assert trainer.step(np.ones(2), np.ones(2), 3.0) == 2 * 4 + 4 + 2
    assert "def dot_2(a, b):" in trainer.source
    assert "def step_2(state, " in trainer.source


def test_source_is_what_runs():
    params, x, y = problem()
    trainer = optim.ForwardGradient(least_squares, params, optim.Adam(0.1))
    with pytest.raises(ValueError, match="no step was taken"):
        _ = trainer.source
    trainer.step(x, y)
    source = trainer.source
    assert "def least_squares_jvp(params, x, y, d_params, work):" in source
    assert "def step(state, x, y):" in source
    assert "def adam(" in source
    namespace: dict[str, object] = {"__name__": "read"}
    plain = source.replace("from numba import njit", "raise ImportError")
    exec(compile(plain, "read", "exec"), namespace)
    again, _, _ = problem()
    other = optim.ForwardGradient(least_squares, again, optim.Adam(0.1))
    namespace["step"](other.state, x, y)
    np.testing.assert_allclose(again[0], params[0], rtol=1e-12)


def test_another_number_compiles_nothing():
    params, x, y = problem()
    texts = set()
    for lr in (0.1, 0.2):
        trainer = optim.ForwardGradient(least_squares, params, optim.SGD(lr))
        trainer.step(x, y)
        texts.add(trainer.source)
        trainer.step_fn.specialiser.compiled.clear()
    assert len(texts) == 1


def test_divergence_is_an_error_and_moves_nothing():
    W = np.array([1.0, 2.0])
    trainer = optim.ForwardGradient(lambda W, x: np.sum(W * x), W, optim.SGD(0.1, momentum=0.5))
    x = np.ones(2)
    trainer.step(x)
    before = W.copy(), trainer.state.slots[0][0].copy()
    with pytest.raises(
        optim.DivergenceError, match="diverged at step 1: the loss is nan"
    ) as caught:
        trainer.step(np.array([np.nan, 1.0]))
    assert (caught.value.step, trainer.steps) == (1, 1)
    np.testing.assert_array_equal(W, before[0])
    np.testing.assert_array_equal(trainer.state.slots[0][0], before[1])
    trainer.step(x)
    assert trainer.steps == 2


def test_a_slope_alone_can_fail():
    trainer = optim.ForwardGradient(lambda t: np.sqrt(t), 0.0, optim.SGD(0.1))
    with pytest.raises(optim.DivergenceError) as caught:
        trainer.step()
    assert caught.value.loss == 0.0
    assert trainer.params == 0.0


def test_what_a_float32_cannot_hold_moves_nothing():
    def steep(params, x):
        W, b = params
        return np.float64(W[0]) * x + b

    W = np.ones(1, np.float32)
    trainer = optim.ForwardGradient(steep, (W, 0.0), optim.SGD(1e-3), seed=1)
    with pytest.raises(optim.DivergenceError):
        trainer.step(1e39)
    assert (W[0], trainer.params[1], trainer.steps) == (1.0, 0.0, 0)


def test_a_rate_that_is_no_number_moves_nothing():
    @njit
    def rate(step):
        return np.nan if step else 0.1

    x = np.ones(1)
    trainer = optim.ForwardGradient(lambda x: np.sum(x), x, optim.SGD(rate))
    trainer.step()
    with pytest.raises(optim.DivergenceError, match="at step 1"):
        trainer.step()
    assert x[0] == 0.9


def test_what_a_loss_must_be():
    x = problem()[1]
    vector = optim.ForwardGradient(lambda p, x: x @ p, np.ones(3))
    with pytest.raises(TypeError, match="a loss is one float"):
        vector.step(x)
    pair = optim.ForwardGradient(lambda p, x: (1.0, np.sum(x @ p)), np.ones(3))
    with pytest.raises(TypeError, match="a loss is one float"):
        pair.step(x)

    def writes(p, x):
        p[0] = 1.0
        return np.sum(p)

    with pytest.raises(TypeError, match="writes to `p`"):
        optim.ForwardGradient(writes, np.ones(3)).step(x)
    with pytest.raises(TypeError, match="takes no parameters"):
        optim.ForwardGradient(lambda: 1.0, np.ones(3))


def test_bad_batches():
    params, x, y = problem()
    trainer = optim.ForwardGradient(least_squares, params)
    trainer.step(x, y)
    with pytest.raises(TypeError, match="missing a required argument: 'y'"):
        trainer.step(x)
    with pytest.raises(TypeError, match=r"`@` is not defined for .*list"):
        trainer.step([1.0], y)
    with pytest.raises(TypeError, match=r"`y` is a .*MaskedArray"):
        trainer.step(x, np.ma.masked_array(y))
    with pytest.raises(TypeError, match="`y` has dtype object"):
        trainer.step(x, y.astype(object))
    with pytest.raises(TypeError, match=r"numba cannot take `y`, which is a builtins\.object"):
        trainer.step(x, object())


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        ({"optimizer": 0.1}, TypeError, "optimizer must be"),
        ({"directions": "gaussian"}, TypeError, "directions must be"),
        ({"k": 0}, ValueError, "k must be at least 1"),
        ({"k": 1.5}, TypeError, "k must be an integer"),
        ({"seed": -1}, ValueError, "seed must be at least 0"),
        ({"clip": 0}, ValueError, "clip must be above 0"),
        ({"frozen": "W"}, ValueError, "has no part 'W'"),
        ({"frozen": ("0", "1")}, ValueError, "every part of `params` is frozen"),
    ],
)
def test_bad_arguments(arguments, error, told):
    with pytest.raises(error, match=told):
        optim.ForwardGradient(least_squares, problem()[0], **arguments)


def test_another_state_is_refused():
    params, x, y = problem()
    trainer = optim.ForwardGradient(least_squares, params)
    other = optim.ForwardGradient(lambda p: p * p, 1.0)
    step_fn = trainer.step_fn

    @njit
    def wrong(state, x, y):
        return step_fn(state, x, y)

    with pytest.raises(TypingError, match="another state than its own"):
        wrong(other.state, x, y)
    for state in (other.state, tuple(trainer.state), None):
        with pytest.raises(TypeError, match="another state than its own"):
            step_fn(state, x, y)
    trainer.step(x, y)
    with pytest.raises(TypeError, match="another state than its own"):
        step_fn(other.state, x, y)


def test_a_copy_of_the_state_goes_its_own_way():
    params, x, y = problem()
    trainer = optim.ForwardGradient(least_squares, params, optim.SGD(0.1))
    twin = copy.deepcopy(trainer.state)
    losses = [trainer.step(x, y) for _ in range(3)]
    assert [trainer.step_fn(twin, x, y) for _ in range(3)] == losses
    np.testing.assert_array_equal(twin.params[0], params[0])


def test_a_failed_step_in_a_loop_of_ones_own_is_found_by_check():
    W = np.ones(2)
    trainer = optim.ForwardGradient(lambda W, x: np.sum(W * x), W, optim.SGD(0.1))
    trainer.check()
    assert np.isnan(trainer.step_fn(trainer.state, np.array([np.nan, 1.0])))
    with pytest.raises(optim.DivergenceError, match="at step 0"):
        trainer.check()
    assert list(W) == [1.0, 1.0]


def spheres(params, x):
    W, b = params
    total = 0.0
    for i in range(W.shape[0]):
        for j in range(W.shape[1]):
            total += W[i, j] * W[i, j] * x[j]
    return total + b * b


@pytest.mark.slow
@pytest.mark.parametrize(
    ("optimizer", "directions", "k"),
    [
        (optim.SGD(0.01), optim.Rademacher(), 1),
        (optim.Adam(0.01), optim.Projection(optim.Sphere()), 3),
        (optim.AdamW(0.01), optim.Orthogonal(), 2),
        (optim.SGD(1.0), optim.Newton(), 2),
    ],
)
def test_a_step_allocates_nothing(optimizer, directions, k):
    params = np.ones((4, 3), np.float32), 1.0
    trainer = optim.ForwardGradient(spheres, params, optimizer, directions, k)
    step_fn = trainer.step_fn

    @njit
    def loop(state, x, count):
        for _ in range(count):
            step_fn(state, x)

    made = []
    _nrt_python.memsys_enable_stats()
    try:
        for count in (1, 1, 101):
            before = rtsys.get_allocation_stats()
            loop(trainer.state, np.ones(3), count)
            after = rtsys.get_allocation_stats()
            made.append((after.alloc - before.alloc, after.mi_alloc - before.mi_alloc))
    finally:
        _nrt_python.memsys_disable_stats()
    assert made[2] == made[1] > (0, 0)


CACHED = """
import numpy as np
from numba import njit
from tangent_fwd import optim

def loss(params, x):
    return np.sum(params.W * x) + params.b

@njit
def schedule(step):
    return 0.1

for lr in (0.1, 0.2, schedule):
    params = {"W": np.ones(3), "b": 1.0}
    trainer = optim.ForwardGradient(loss, params, optim.SGD(lr))
    trainer.step(np.ones(3))
    print(trainer.step_fn.compiled((np.ones(3),)).cached)
"""


@pytest.mark.slow
def test_the_next_process_finds_the_step_on_disk(tmp_path):
    (tmp_path / "train.py").write_text(CACHED)
    told = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, tmp_path / "train.py"],
            capture_output=True,
            text=True,
            check=True,
            env={
                **os.environ,
                "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
                "TANGENT_FWD_CACHE": str(tmp_path / "cache"),
            },
        )
        told.append(done.stdout.split())
    # What depends on a function of the user's is never kept.
    assert told == [["False", "False", "False"], ["True", "True", "False"]]


def of_a_dict(params, x):
    return np.sum((params["W"] @ x - params["b"]) ** 2)


def test_a_dict_is_read_by_its_keys():
    params = {"W": np.ones((2, 3)), "b": np.zeros(2)}
    trainer = optim.ForwardGradient(of_a_dict, params, optim.SGD(0.01))
    x = np.array([1.0, 2.0, 3.0])
    assert trainer.step(x) == of_a_dict({"W": np.ones((2, 3)), "b": np.zeros(2)}, x)
    assert trainer.params["W"] is params["W"]
    assert not np.array_equal(params["W"], np.ones((2, 3)))
