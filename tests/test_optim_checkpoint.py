"""Checkpoints: what comes back, bit for bit, and what happens to damaged files."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

from tangent_fwd import optim
from tangent_fwd.optim import checkpoint

RANDOM = np.random.default_rng(21)
X = RANDOM.normal(size=(40, 3)).astype(np.float32)
Y = RANDOM.normal(size=40).astype(np.float32)


def squares(params, x, y):
    W, b = params
    r = x @ W + np.float32(b) - y
    return np.mean(r * r)


def named(params):
    return params.a


def trainer(optimizer=None, seed=1, size=3, **options):
    params = np.zeros(size, np.float32), 0.0
    return optim.ForwardGradient(
        squares, params, optimizer or optim.Adam(0.05), seed=seed, **options
    )


def fit(trained, epochs, **options):
    return trained.fit((X, Y), epochs, 16, progress=False, **options)


def everything(trained):
    state = trained.state
    arrays = [*state.params, *(a for slot in state.slots for a in slot), state.clock, state.report]
    return [a.tobytes() for a in arrays], [row[:4] for row in trained.history]


@pytest.mark.slow
def test_what_is_saved_comes_back(tmp_path):
    path = tmp_path / "run.npz"
    whole = trainer()
    fit(whole, 6)
    first = trainer()
    fit(first, 2, every=2, callbacks=lambda info: info.step == 4)
    first.save(path)
    second = trainer()
    second.load(path)
    assert everything(second) == everything(first)
    assert second.seconds == first.seconds
    fit(second, 5)
    assert everything(second)[0][:7] == everything(whole)[0][:7]


@pytest.mark.slow
def test_a_remembered_gradient_comes_back(tmp_path):
    path = tmp_path / "run.npz"
    ends = []
    for stop in (False, True):
        trained = trainer(directions=optim.ControlVariate())
        for step in range(6):
            if stop and step == 3:
                trained.save(path)
                trained = trainer(directions=optim.ControlVariate())
                trained.load(path)
            trained.step(X, Y)
        ends.append(everything(trained))
    assert ends[0] == ends[1]


def test_arrays_are_filled_in_place(tmp_path):
    path = tmp_path / "run.npz"
    saved = trainer()
    saved.step(X, Y)
    saved.save(path)
    again = trainer()
    mine = again.params[0]
    again.load(path)
    assert again.params[0] is mine
    np.testing.assert_array_equal(mine, saved.params[0])


def test_resume_counts_from_the_beginning(tmp_path):
    path = tmp_path / "run.npz"
    whole = trainer()
    fit(whole, 5)
    for stop in (3, 8, 10_000):
        part = trainer()
        fit(part, 5, every=1, checkpoint=path, resume=True, callbacks=lambda i: i.step == stop)  # noqa: B023
    assert everything(part)[0][:7] == everything(whole)[0][:7]
    assert [row.step for row in part.history] == list(range(1, 16))
    fit(part, 5, checkpoint=path, resume=True)
    assert part.steps == 15


def test_the_one_before_is_kept_and_used(tmp_path):
    path = tmp_path / "run.npz"
    saved = trainer()
    states = []
    for _ in range(2):
        saved.step(X, Y)
        saved.save(path)
        states.append(saved.params[0].copy())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run.npz", "run.npz.previous"]
    whole = path.read_bytes()
    damages = [b"", whole[: len(whole) // 2], b"no archive at all", whole[:-30]]
    for place in np.random.default_rng(3).integers(0, len(whole), 60):
        damages.append(whole[:place] + bytes([whole[place] ^ 16]) + whole[place + 1 :])
    passed_over = 0
    for damaged in damages:
        path.write_bytes(damaged)
        again = trainer()
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            again.load(path)
        # A bit that nothing depends on may be flipped; what is read is whole in any case.
        newest = not told
        passed_over += not newest
        np.testing.assert_array_equal(again.params[0], states[1 if newest else 0])
        assert again.steps == (2 if newest else 1)
        if told:
            assert told[0].category is optim.CheckpointWarning
            assert "is damaged; the checkpoint before it was read" in str(told[0].message)
    assert passed_over > 30


def test_a_damaged_file_does_not_replace_a_good_one(tmp_path):
    path = tmp_path / "run.npz"
    saved = trainer()
    for _ in range(2):
        saved.step(X, Y)
        saved.save(path)
    path.write_bytes(b"damaged")
    saved.save(path)
    path.write_bytes(b"damaged again")
    with pytest.warns(optim.CheckpointWarning, match="is damaged"):
        trainer().load(path)


def test_no_whole_file(tmp_path):
    path = tmp_path / "run.npz"
    with pytest.raises(FileNotFoundError, match="there is no checkpoint"):
        trainer().load(path)
    path.write_bytes(b"damaged")
    with pytest.raises(optim.DamagedCheckpoint, match="no whole checkpoint before it"):
        trainer().load(path)
    path.unlink()
    saved = trainer()
    saved.save(path)
    path.rename(checkpoint.previous(path))
    with pytest.warns(optim.CheckpointWarning, match="is missing"):
        trainer().load(path)


def test_a_write_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    saved = trainer()
    saved.save(path)
    before = path.read_bytes()
    saved.step(X, Y)

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint.np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        saved.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]


def test_it_holds_no_pickles_and_can_be_read_without_us(tmp_path):
    path = tmp_path / "run.npz"
    saved = trainer()
    saved.step(X, Y)
    saved.save(path)
    with np.load(path, allow_pickle=False) as file:
        np.testing.assert_array_equal(file["param 0"], saved.params[0])
        assert file["clock"][:2].tolist() == [1, 1]
        header = json.loads(file["header"].tobytes())
    assert header["settings"]["optimizer"] == "Adam"
    assert header["surroundings"]["numpy"] == np.__version__


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (lambda: trainer(size=4), r"`param 0` is float32\[3\] there and float32\[4\] here"),
        (lambda: trainer(optim.SGD(0.1)), "it holds `mean 0`"),
        (lambda: trainer(optim.RMSprop(0.1)), "it holds `mean 0`"),
        (lambda: trainer(frozen="1"), "it holds `mean 1`"),
        (
            lambda: optim.ForwardGradient(named, {"a": 1.0}, optim.Adam()),
            "it holds `mean 0`",
        ),
    ],
)
def test_other_parameters_are_refused(tmp_path, other, told):
    path = tmp_path / "run.npz"
    saved = trainer()
    saved.save(path)
    loading = other()
    before = everything(loading)
    with pytest.raises(ValueError, match=told):
        loading.load(path)
    assert everything(loading) == before


def test_other_settings_are_told(tmp_path):
    path = tmp_path / "run.npz"
    trainer().save(path)
    for other, told in [
        (trainer(optim.Adam(0.1)), r"numbers was \[0.05, .* and is \[0.1,"),
        (trainer(k=3), "k was 1 and is 3"),
        (trainer(directions=optim.Gaussian()), r"directions was 'RankOne\(\)' and is 'Gauss"),
        (trainer(seed=2), "seed was 1 and is 2"),
        (trainer(fastmath=False), "fastmath was True and is False"),
    ]:
        with pytest.warns(optim.CheckpointWarning, match=told):
            other.load(path)
        assert other.state.clock[1] == 1  # the seed goes on


def test_other_surroundings_are_told(tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    trainer().save(path)
    monkeypatch.setattr(checkpoint, "_threads", lambda: [99])
    with pytest.warns(optim.CheckpointWarning, match=r"threads was .* and is \[99\]"):
        trainer().load(path)


def test_other_data_is_told_on_resume(tmp_path):
    path = tmp_path / "run.npz"
    fit(trainer(), 1, checkpoint=path)
    with pytest.warns(optim.CheckpointWarning, match="batch_size was 16 and is 8"):
        trainer().fit((X, Y), 2, 8, progress=False, checkpoint=path, resume=True)


def test_interrupted_rows_need_the_same_data(tmp_path):
    first = trainer()
    fit(first, 1, every=1, callbacks=lambda info: info.step == 2)
    with pytest.raises(ValueError, match="interrupted at row 32, but this data has 20 rows"):
        first.fit((X[:20], Y[:20]), 1, 16, progress=False)
