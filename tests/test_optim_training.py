"""`fit`: order of the data, history, callbacks, interruption, divergence."""

from __future__ import annotations

import csv
import itertools
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tangent_fwd import optim
from tangent_fwd.optim import training
from tangent_fwd.optim.interrupt import Interrupt
from tangent_fwd.optim.plan import EPOCH, ROW
from tangent_fwd.optim.random import permutation

ROOT = Path(__file__).resolve().parent.parent


def squares(params, x, y):
    W, b = params
    r = x @ W + b - y
    return np.mean(r * r)


def start():
    return np.zeros(3), 0.0


RANDOM = np.random.default_rng(11)
X = RANDOM.normal(size=(50, 3))
Y = X @ np.array([1.0, -2.0, 0.5]) + 0.3


def quiet(trainer, epochs=2, batch_size=16, **options):
    return trainer.fit((X, Y), epochs, batch_size, progress=False, **options)


def test_fit_takes_the_steps_that_a_loop_in_python_takes():
    trainer = optim.ForwardGradient(squares, start(), optim.Adam(0.05), seed=3)
    history = quiet(trainer, epochs=3)
    other = optim.ForwardGradient(squares, start(), optim.Adam(0.05), seed=3)
    order, means = np.empty(50, np.int64), []
    for epoch in range(3):
        permutation(order, 3, epoch)
        losses = []
        for first in range(0, 50, 16):
            rows = order[first : first + 16]
            losses += [other.step(X[rows], Y[rows])] * len(rows)
        means.append(np.mean(losses))
    np.testing.assert_array_equal(trainer.params[0], other.params[0])
    assert trainer.params[1] == other.params[1]
    assert [row.step for row in history] == [4, 8, 12]
    assert [row.epoch for row in history] == [1.0, 2.0, 3.0]
    np.testing.assert_allclose([row.loss for row in history], means, rtol=1e-12)
    assert {row.rate for row in history} == {0.05}
    assert trainer.history is history


def test_order_and_last_batch_can_be_chosen():
    seen = []

    def first_row(params, x):
        return params * 0.0 + x[0]

    rows = np.arange(7.0)
    for options in ({"shuffle": False}, {"shuffle": False, "drop_last": True}):
        trainer = optim.ForwardGradient(first_row, 1.0, optim.SGD(0.0))
        history = trainer.fit((rows,), 1, 3, progress=False, every=1, **options)
        seen.append([row.loss for row in history])
    assert seen == [[0.0, 3.0, 6.0], [0.0, 3.0]]


def test_a_pass_visits_every_row_once_and_each_pass_in_another_order():
    def first(params, x):
        return params * 0.0 + x[0]

    rows = np.arange(20.0)
    trainer = optim.ForwardGradient(first, 1.0, optim.SGD(0.0), seed=1)
    seen = [row.loss for row in trainer.fit((rows,), 2, 1, progress=False, every=1)]
    assert sorted(seen[:20]) == sorted(seen[20:]) == list(rows)
    assert seen[:20] != seen[20:] != list(rows)


def test_training_learns():
    trainer = optim.ForwardGradient(squares, start(), optim.SGD(0.02), seed=2)
    history = quiet(trainer, epochs=200)
    assert history[-1].loss < 1e-3 * history[0].loss
    np.testing.assert_allclose(trainer.params[0], [1.0, -2.0, 0.5], atol=0.05)


def test_one_compilation_serves_the_smaller_last_batch():
    trainer = optim.ForwardGradient(squares, start(), optim.SGD(0.02))
    quiet(trainer, epochs=1)
    trainer.step(X[:16], Y[:16])
    trainer.step(X[:2], Y[:2])
    assert len(trainer.step_fn.specialiser.compiled) == 1


def test_rows_of_the_history(tmp_path):
    trainer = optim.ForwardGradient(squares, start(), optim.SGD(optim.exponential(0.1, 0.5)))
    history = quiet(trainer, epochs=2, every=3)
    assert [row.step for row in history] == [3, 6, 8]
    assert [row.epoch for row in history] == [48 / 50, 1 + 32 / 50, 2.0]
    assert history[0].rate == pytest.approx(0.1 * np.exp(-1.0))
    seconds = [row.seconds for row in history]
    assert 0 < seconds[0] < seconds[1] < seconds[2]
    history.to_csv(tmp_path / "history.csv")
    with (tmp_path / "history.csv").open(newline="") as file:
        names, *rows = csv.reader(file)
    assert names == list(optim.Row._fields)
    assert [tuple(map(float, row)) for row in rows] == [tuple(row) for row in history]


def test_a_second_fit_goes_on():
    once = optim.ForwardGradient(squares, start(), optim.Adam(0.05))
    quiet(once, epochs=4)
    twice = optim.ForwardGradient(squares, start(), optim.Adam(0.05))
    quiet(twice, epochs=1)
    assert [row.epoch for row in quiet(twice, epochs=3)] == [1.0, 2.0, 3.0, 4.0]
    np.testing.assert_array_equal(once.params[0], twice.params[0])


def test_callbacks_see_and_stop():
    seen = []

    def note(info):
        seen.append((info.step, info.trainer.steps, info.loss))

    def stop(info):
        return info.step >= 6

    def finish(info):
        raise StopIteration

    trainer = optim.ForwardGradient(squares, start(), optim.SGD(0.01))
    history = quiet(trainer, epochs=5, every=2, callbacks=[note, stop])
    assert [row.step for row in history] == [2, 4, 6]
    assert seen == [(row.step, row.step, row.loss) for row in history]
    quiet(trainer, epochs=5, every=2, callbacks=finish)
    assert trainer.steps == 8
    # What is left of a pass is finished by the next call, as the first of its epochs.
    quiet(trainer, epochs=5, every=3, callbacks=finish)
    assert (trainer.steps, trainer.state.clock[EPOCH]) == (9, 2)
    quiet(trainer, epochs=1)
    assert (trainer.steps, trainer.state.clock[EPOCH]) == (12, 3)


def test_an_error_in_a_callback_passes_through():
    def broken(info):
        raise ZeroDivisionError

    trainer = optim.ForwardGradient(squares, start(), optim.SGD(0.01))
    with pytest.raises(ZeroDivisionError):
        quiet(trainer, callbacks=[broken])


def test_slices_grow_and_stay_short(monkeypatch):
    spans = []
    call = training.Batches.call

    def timed(self, first, last):
        began = time.perf_counter()
        call(self, first, last)
        spans.append((last - first, time.perf_counter() - began))

    monkeypatch.setattr(training.Batches, "call", timed)
    trainer = optim.ForwardGradient(squares, start(), optim.SGD(1e-3))
    rows = np.tile(X, (20_000, 1))
    trainer.fit((rows, rows[:, 0].copy()), 1, 4, progress=False)
    sizes = [size for size, _ in spans if size]
    assert sizes[0] == 4
    assert max(sizes) > 1000
    assert all(b <= 2 * a for a, b in itertools.pairwise(sizes))
    assert (
        max(seconds for size, seconds in spans if size) < 0.4
    )  # twice what is promised, for busy machines


def test_divergence_names_step_and_file(tmp_path):
    x = X.copy()
    x[20] = np.nan
    trainer = optim.ForwardGradient(squares, start(), optim.SGD(0.01, 0.5))
    path = tmp_path / "run.npz"
    with pytest.raises(optim.DivergenceError, match=f"at step 2: .*{path}") as caught:
        trainer.fit((x, Y), 3, 8, shuffle=False, progress=False, checkpoint=path)
    assert (caught.value.step, caught.value.checkpoint, trainer.steps) == (2, path, 2)
    assert trainer.state.clock[ROW] == 16
    other = optim.ForwardGradient(squares, start(), optim.SGD(0.01, 0.5))
    other.step(X[:8], Y[:8])
    other.step(X[8:16], Y[8:16])
    np.testing.assert_array_equal(trainer.params[0], other.params[0])


def test_progress_shows_loss_and_rate(capsys):
    trainer = optim.ForwardGradient(squares, start(), optim.SGD(0.02))
    trainer.fit((X, Y), 2, 16)
    shown = capsys.readouterr().err
    assert "8/8" in shown
    assert "loss=" in shown
    assert "rate=0.02" in shown


@pytest.mark.parametrize(
    ("data", "options", "error", "told"),
    [
        (X, {}, TypeError, "data must be a tuple of arrays, not ndarray"),
        ((), {}, ValueError, "data is empty"),
        ((X, list(Y)), {}, TypeError, r"data\[1\] must be an array"),
        ((X, Y[:-1]), {}, ValueError, r"have \[50, 49\] rows"),
        ((X[:0], Y[:0]), {}, ValueError, "data has no rows"),
        ((X, Y.astype(object)), {}, TypeError, r"`data\[1\]` has dtype object"),
        ((X,), {}, TypeError, "missing a required argument: 'y'"),
        ((X, Y, Y), {}, TypeError, "too many positional arguments"),
        ((X, Y), {"epochs": -1}, ValueError, "epochs must be at least 0"),
        ((X, Y), {"batch_size": 0}, ValueError, "batch_size must be at least 1"),
        ((X, Y), {"batch_size": 2.5}, TypeError, "batch_size must be an integer"),
        ((X, Y), {"every": 0}, ValueError, "every must be at least 1"),
        ((X, Y), {"callbacks": [3]}, TypeError, "callbacks must be functions"),
        ((X, Y), {"save_every": -1}, ValueError, "save_every must be at least 0"),
        ((X, Y), {"resume": True}, ValueError, "resume needs a checkpoint"),
    ],
)
def test_bad_arguments(data, options, error, told):
    trainer = optim.ForwardGradient(squares, start())
    with pytest.raises(error, match=told):
        trainer.fit(data, **{"epochs": 1, "batch_size": 8, "progress": False, **options})


def test_layouts_dtypes_and_read_only_data():
    x = np.asfortranarray(X)
    y = Y.copy()
    y.flags.writeable = False
    trainer = optim.ForwardGradient(squares, start(), optim.Adam(0.05), seed=3)
    trainer.fit((x, y), 1, 16, progress=False)
    other = optim.ForwardGradient(squares, start(), optim.Adam(0.05), seed=3)
    quiet(other, epochs=1)
    np.testing.assert_array_equal(trainer.params[0], other.params[0])


@pytest.fixture
def ctrl_c():
    """Python's own handler, which is missing where a shell started us in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_is_heard_and_leaves_whole_steps():
    trainer = optim.ForwardGradient(squares, start(), optim.Adam(1e-3), seed=3)
    quiet(trainer, epochs=1)
    sent = []

    def press():
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(0.5, press)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        quiet(trainer, epochs=10_000_000)
    latency = time.perf_counter() - sent[0]
    timer.join()
    assert latency < 1.0
    clock = trainer.state.clock
    assert trainer.steps == 4 * clock[EPOCH] + -(-clock[ROW] // 16) > 1000
    # What went on from there is what an uninterrupted run of as many steps gives.
    other = optim.ForwardGradient(squares, start(), optim.Adam(1e-3), seed=3)
    whole = int(clock[EPOCH]) + 1
    trainer.fit((X, Y), 1, 16, progress=False)
    quiet(other, epochs=whole)
    np.testing.assert_array_equal(trainer.params[0], other.params[0])
    np.testing.assert_array_equal(trainer.state.clock, other.state.clock)


def press():
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.1)  # the handler has run before this ends


@pytest.mark.usefixtures("ctrl_c")
def test_the_first_ctrl_c_waits_to_be_asked_for():
    with Interrupt() as interrupt:
        press()
        with pytest.raises(KeyboardInterrupt):
            interrupt.check()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("ctrl_c")
def test_the_second_ctrl_c_does_not_wait():
    with Interrupt() as interrupt:
        press()
        with pytest.raises(KeyboardInterrupt):
            press()
        with pytest.raises(KeyboardInterrupt):
            interrupt.check()


@pytest.mark.usefixtures("ctrl_c")
def test_a_ctrl_c_that_nobody_asked_for_is_raised_at_the_end():
    with pytest.raises(KeyboardInterrupt), Interrupt():
        press()


def test_a_handler_of_the_users_own_is_left_alone():
    heard = []
    before = signal.signal(signal.SIGINT, lambda *_: heard.append(1))
    try:
        with Interrupt() as interrupt:
            os.kill(os.getpid(), signal.SIGINT)
            interrupt.check()
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [1]


def test_fit_works_in_another_thread():
    trainer = optim.ForwardGradient(squares, start(), optim.SGD(0.02))
    thread = threading.Thread(target=quiet, args=(trainer, 3))
    thread.start()
    thread.join()
    assert trainer.steps == 12


SCRIPT = textwrap.dedent(
    """
    import sys
    import numpy as np
    from tangent_fwd import optim

    def loss(params, x, y):
        W, b = params
        r = np.tanh(x @ W + b) - y
        return np.mean(r * r)

    random = np.random.default_rng(0)
    x = random.normal(size=(400, 6)).astype(np.float32)
    y = np.tanh(x @ random.normal(size=(6, 3)).astype(np.float32))
    params = np.zeros((6, 3), np.float32), np.zeros(3)
    trainer = optim.ForwardGradient(loss, params, optim.Adam(1e-3), k=2, seed=6)
    path, out, epochs = sys.argv[1], sys.argv[2], int(sys.argv[3])
    print("ready", flush=True)
    keep = dict(checkpoint=path, save_every=0.05, resume=True)
    trainer.fit((x, y), epochs, 32, progress=False, every=1000, **keep)
    steps = [row.step for row in trainer.history]
    assert steps == sorted(set(steps)), steps
    np.savez(out, *params, *trainer.state.slots[0], *trainer.state.slots[1], trainer.state.clock)
    """
)


def run_script(folder, name, epochs):
    files = [folder / "train.py", folder / f"{name}.npz", folder / f"{name}-end.npz"]
    return subprocess.Popen(
        [sys.executable, *files, str(epochs)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    )


def killed_and_resumed(tmp_path, kills, epochs, longest):
    """How many kills hit a run that was not over yet; it ends as one that was left alone."""
    (tmp_path / "train.py").write_text(SCRIPT)
    with run_script(tmp_path, "whole", epochs) as process:
        assert process.wait() == 0
    random = np.random.default_rng(5)
    hit = 0
    for _ in range(kills):
        with run_script(tmp_path, "killed", epochs) as process:
            assert process.stdout.readline() == "ready\n"
            time.sleep(random.uniform(0.1, longest))
            process.kill()
        hit += process.returncode == -signal.SIGKILL
    with run_script(tmp_path, "killed", epochs) as process:
        assert process.wait() == 0
    with np.load(tmp_path / "whole-end.npz") as whole, np.load(tmp_path / "killed-end.npz") as end:
        assert whole.files == end.files
        for name in whole.files:
            assert whole[name].tobytes() == end[name].tobytes()
    return hit


@pytest.mark.slow
def test_killed_at_random_times_it_ends_the_same(tmp_path):
    assert killed_and_resumed(tmp_path, 3, 20_000, 1.2) == 3


@pytest.mark.slow
@pytest.mark.long
def test_fifty_kills(tmp_path):
    assert killed_and_resumed(tmp_path, 50, 400_000, 1.0) == 50
