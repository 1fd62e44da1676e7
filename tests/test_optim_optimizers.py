"""Optimizers against textbook implementations, schedules against their formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tangent_fwd import optim

# Independent implementations, one scalar at a time, as the papers and PyTorch's manual have them.


def textbook_sgd(theta, grads, lr, momentum=0.0, nesterov=False, weight_decay=0.0):
    velocity = None
    for g in grads:
        g = g + weight_decay * theta
        if momentum:
            velocity = g if velocity is None else momentum * velocity + g
            g = g + momentum * velocity if nesterov else velocity
        theta = theta - lr * g
    return theta


def textbook_adam(theta, grads, lr, b1=0.9, b2=0.999, eps=1e-8, weight_decay=0.0, apart=False):
    m = v = 0.0
    for t, g in enumerate(grads, 1):
        if apart:
            theta = theta - lr * weight_decay * theta
        else:
            g = g + weight_decay * theta
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        m_hat, v_hat = m / (1 - b1**t), v / (1 - b2**t)
        theta = theta - lr * m_hat / (math.sqrt(v_hat) + eps)
    return theta


def textbook_rmsprop(theta, grads, lr, decay=0.99, eps=1e-8, momentum=0.0):
    v = buffer = 0.0
    for g in grads:
        v = decay * v + (1 - decay) * g**2
        buffer = momentum * buffer + g / (math.sqrt(v) + eps)
        theta = theta - lr * buffer
    return theta


CASES = [
    (optim.SGD(0.1), lambda t, g: textbook_sgd(t, g, 0.1)),
    (optim.SGD(0.1, weight_decay=0.2), lambda t, g: textbook_sgd(t, g, 0.1, weight_decay=0.2)),
    (optim.SGD(0.1, momentum=0.8), lambda t, g: textbook_sgd(t, g, 0.1, 0.8)),
    (
        optim.SGD(0.1, momentum=0.8, nesterov=True, weight_decay=0.1),
        lambda t, g: textbook_sgd(t, g, 0.1, 0.8, True, 0.1),
    ),
    (optim.Adam(0.05), lambda t, g: textbook_adam(t, g, 0.05)),
    (
        optim.Adam(0.05, 0.7, 0.95, 1e-3, 0.3),
        lambda t, g: textbook_adam(t, g, 0.05, 0.7, 0.95, 1e-3, 0.3),
    ),
    (
        optim.AdamW(0.05, weight_decay=0.4),
        lambda t, g: textbook_adam(t, g, 0.05, weight_decay=0.4, apart=True),
    ),
    (optim.RMSprop(0.02), lambda t, g: textbook_rmsprop(t, g, 0.02)),
    (
        optim.RMSprop(0.02, 0.9, 1e-4, 0.6),
        lambda t, g: textbook_rmsprop(t, g, 0.02, 0.9, 1e-4, 0.6),
    ),
]
EACH = pytest.mark.parametrize(
    ("optimizer", "textbook"), CASES, ids=[case.kernel.__name__ for case, _ in CASES]
)


@EACH
def test_update_is_the_textbook(optimizer, textbook):
    random = np.random.default_rng(0)
    grads = random.normal(size=(12, 4))
    start = random.normal(size=4)
    params = {"w": start[:3].copy(), "c": float(start[3])}
    state = optimizer.init(params)
    for g in grads:
        before = params["w"].copy()
        updates, state = optimizer.update({"w": g[:3], "c": float(g[3])}, state, params)
        np.testing.assert_array_equal(params["w"], before)  # nothing is changed in place
        params = optim.apply_updates(params, updates)
    wanted = [textbook(start[i], grads[:, i]) for i in range(4)]
    np.testing.assert_allclose([*params["w"], params["c"]], wanted, rtol=1e-12)
    assert state.step == 12


@EACH
def test_the_compiled_step_is_the_pure_update(optimizer, textbook):
    # In one dimension slope times sign is the exact gradient.
    def loss(t, x):
        return np.sin(t[0]) * x

    inputs = np.random.default_rng(1).normal(size=12)
    compiled = optim.ForwardGradient(loss, np.array([0.7]), optimizer)
    theta = np.array([0.7])
    state = optimizer.init(theta)
    for x in inputs:
        compiled.step(float(x))
        updates, state = optimizer.update(np.cos(theta) * x, state, theta)
        theta = optim.apply_updates(theta, updates)
        np.testing.assert_allclose(compiled.params, theta, rtol=1e-12)


@EACH
def test_dtypes_are_kept(optimizer, textbook):
    params = np.ones(3, np.float32), np.ones(2)
    grads = np.full(3, 0.5, np.float32), np.full(2, 0.5)
    state = optimizer.init(params)
    for _ in range(3):
        updates, state = optimizer.update(grads, state, params)
        assert [u.dtype.name for u in updates] == ["float32", "float64"]
        for slot in state.slots:
            assert [s.dtype.name for s in slot] == ["float32", "float64"]
    np.testing.assert_allclose(updates[0][:2], updates[1], rtol=1e-5)


def test_a_schedule_counts_the_steps():
    optimizer = optim.SGD(optim.exponential(1.0, 0.5))
    theta, state = np.zeros(1), optimizer.init(np.zeros(1))
    rates = []
    for _ in range(3):
        updates, state = optimizer.update(np.ones(1), state, theta)
        rates.append(-updates[0])
    np.testing.assert_allclose(rates, np.exp([-0.0, -0.5, -1.0]))


def test_structures_must_agree():
    optimizer = optim.Adam()
    params = {"a": np.zeros(2), "b": 1.0}
    state = optimizer.init(params)
    with pytest.raises(ValueError, match="`grads` lacks 'b'"):
        optimizer.update({"a": np.zeros(2), "c": 1.0}, state, params)
    with pytest.raises(ValueError, match=r"`grads\.a` is"):
        optimizer.update({"a": np.zeros(3), "b": 1.0}, state, params)
    with pytest.raises(TypeError, match=r"`params\.a` has dtype"):
        optimizer.init({"a": np.arange(3)})


@pytest.mark.parametrize(
    ("make", "error", "told"),
    [
        (lambda: optim.SGD("0.1"), TypeError, "lr must be a number"),
        (lambda: optim.SGD(-0.1), ValueError, "lr must be at least 0"),
        (lambda: optim.SGD(math.nan), ValueError, "lr must be finite"),
        (lambda: optim.SGD(0.1, momentum=1.0), ValueError, "momentum must be below 1"),
        (lambda: optim.SGD(0.1, nesterov=True), ValueError, "nesterov needs a momentum"),
        (lambda: optim.SGD(0.1, weight_decay=-1), ValueError, "weight_decay must be at least 0"),
        (lambda: optim.Adam(b1=1.0), ValueError, "b1 must be below 1"),
        (lambda: optim.Adam(eps=0), ValueError, "eps must be above 0"),
        (lambda: optim.RMSprop(decay=-0.1), ValueError, "decay must be at least 0"),
        (lambda: optim.linear(0.1, 0.2, 0), ValueError, "steps must be at least 1"),
        (lambda: optim.sequence(0.1, 3, optim.constant(1)), TypeError, "first must be a schedule"),
    ],
)
def test_bad_settings(make, error, told):
    with pytest.raises(error, match=told):
        make()


THREE = optim.sequence(
    optim.constant(1.0), 3, optim.sequence(optim.constant(2.0), 4, optim.cosine(3, 6))
)


def wave(i):
    return 1.5 * (1 + math.cos(math.pi * i / 6))


SCHEDULES = [
    (optim.constant(0.3), lambda i: 0.3),
    (optim.exponential(0.2, 0.01), lambda i: 0.2 * math.exp(-0.01 * i)),
    (optim.linear(0.1, 0.5, 4), lambda i: 0.1 + 0.1 * min(i, 4)),
    (
        optim.cosine(0.4, 10, 0.1),
        lambda i: 0.1 + 0.15 * (1 + math.cos(math.pi * min(i, 10) / 10)),
    ),
    (
        optim.warm_up(4, optim.exponential(0.8, 0.1)),
        lambda i: 0.2 * (i + 1) if i < 4 else 0.8 * math.exp(-0.1 * (i - 4)),
    ),
    (optim.warm_up(1, 0.5), lambda i: 0.5),
    (THREE, lambda i: 1.0 if i < 3 else 2.0 if i < 7 else wave(min(i - 7, 6))),
]


@pytest.mark.parametrize(("schedule", "formula"), SCHEDULES)
def test_schedules(schedule, formula):
    found, wanted = [schedule(i) for i in range(16)], [formula(i) for i in range(16)]
    np.testing.assert_allclose(found, wanted, atol=1e-15)


@pytest.mark.parametrize(("schedule", "formula"), [SCHEDULES[1], SCHEDULES[4], SCHEDULES[6]])
def test_schedules_inside_the_step(schedule, formula):
    x = np.zeros(1)
    trainer = optim.ForwardGradient(lambda x: np.sum(x), x, optim.SGD(schedule))
    for i in range(12):
        before = x[0]
        trainer.step()
        assert before - x[0] == pytest.approx(formula(i), rel=1e-12)
