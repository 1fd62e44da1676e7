"""What is on disk is never trusted: folders of others, damaged files, many writers."""

from __future__ import annotations

import os
import pickle
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tangent_fwd.backend import cache
from tangent_fwd.backend import load as loading
from tangent_fwd.options import Options
from tests.test_load import OTHER_PROCESS, SQUARES

X = np.arange(4.0)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TANGENT_FWD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "_refused", set())
    monkeypatch.setattr(loading, "_loaded", {})
    return tmp_path / "cache"


def call() -> tuple[float, float]:
    """Load as a new process would, and call."""
    loading._loaded.clear()
    module = loading.load(SQUARES, "squares", "squares_jvp", Options(), "f8[::1], f8[::1]")
    result = module.squares_jvp(X, np.ones(4))
    assert result == (14.0, 12.0)
    return module


def hits(module) -> int:
    return sum(module.squares_jvp.stats.cache_hits.values())


def object_file(folder: Path) -> Path:
    (path,) = folder.rglob("squares_jvp-*.object")
    return path


def test_only_the_owner_can_read_or_write(folder):
    old = os.umask(0)
    try:
        call()
    finally:
        os.umask(old)
    for path in [folder, *folder.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_an_intact_entry_is_used(folder):
    assert hits(call()) == 0
    assert hits(call()) == 1


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o707])
def test_a_folder_that_others_can_write_is_refused_once(folder, mode):
    folder.mkdir()
    folder.chmod(mode)
    with pytest.warns(cache.CacheWarning, match="can be written by other users") as caught:
        call()
    assert len(caught) == 1
    assert "\n" not in str(caught[0].message)
    call()  # a second warning would be an error here
    assert not list(folder.iterdir())


def test_a_folder_of_another_user_is_refused(folder, monkeypatch):
    folder.mkdir(mode=0o700)
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    with pytest.warns(cache.CacheWarning, match="belongs to another user"):
        call()
    assert not list(folder.iterdir())


def test_a_folder_that_cannot_be_written_is_refused(folder, monkeypatch):
    folder.mkdir(mode=0o700)
    # Asking is all we can do: to the administrator, who may run this, every folder is writable.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.warns(cache.CacheWarning, match="is not writable"):
        call()


def test_a_folder_that_cannot_be_made_is_refused(folder, monkeypatch):
    folder.write_text("a file, not a folder")
    with pytest.warns(cache.CacheWarning):
        call()
    monkeypatch.setenv("TANGENT_FWD_CACHE", str(folder / "below"))
    with pytest.warns(cache.CacheWarning, match="Not a directory"):
        call()


def test_a_full_disk_is_not_the_callers_problem(folder, monkeypatch):
    def full(self, name, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.Entry, "_write", full)
    with pytest.warns(cache.CacheWarning, match="No space left"):
        call()


def test_zero_switches_the_cache_off(folder, monkeypatch):
    monkeypatch.setenv("TANGENT_FWD_CACHE", "0")
    call()
    assert cache.folder() is None
    assert cache.info() == cache.Info(None, 0, 0)


def test_default_folder_is_the_users_own(monkeypatch, tmp_path):
    monkeypatch.delenv("TANGENT_FWD_CACHE")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.location() == tmp_path / "tangent_fwd"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.location() == tmp_path / ".cache" / "tangent_fwd"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache.location() == tmp_path / "Library" / "Caches" / "tangent_fwd"


def flip(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


DAMAGE = {
    "empty": lambda data: b"",
    "truncated in the seal": lambda data: data[:30],
    "truncated in the code": lambda data: data[: len(data) // 2],
    "longer": lambda data: data + b"\0",
    "bit flipped in the seal": lambda data: flip(data, 200),
    "bit flipped in the code": lambda data: flip(data, 4 * len(data)),
    "last bit flipped": lambda data: flip(data, 8 * len(data) - 1),
    "something else": lambda data: b"not ours at all",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_code_is_compiled_again(folder, damage):
    call()
    path = object_file(folder)
    intact = path.read_bytes()
    path.write_bytes(DAMAGE[damage](intact))
    assert hits(call()) == 0
    assert cache.verify() == []
    assert hits(call()) == 1


def test_damaged_text_empties_the_entry(folder):
    module = call()
    Path(module.__file__).write_text("import os\n")
    assert hits(call()) == 0
    assert Path(module.__file__).read_text() == SQUARES
    assert hits(call()) == 1


class Bomb:
    """Unpickling this makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_planted_file_is_never_unpickled(folder, tmp_path):
    bomb = pickle.dumps(Bomb(tmp_path / "unpickled"))
    call()
    object_file(folder).write_bytes(bomb)
    assert hits(call()) == 0
    assert not (tmp_path / "unpickled").exists()
    pickle.loads(bomb)
    assert (tmp_path / "unpickled").exists()


def test_files_of_numbas_own_cache_are_not_opened(folder, tmp_path):
    call()
    entry = object_file(folder).parent
    object_file(folder).unlink()
    for name in ("squares.squares_jvp-17.py311.nbi", "squares.squares_jvp-17.py311.1.nbc"):
        (entry / name).write_bytes(pickle.dumps(Bomb(tmp_path / "unpickled")))
    assert hits(call()) == 0
    assert not (tmp_path / "unpickled").exists()


def test_code_that_numba_cannot_read_back_is_compiled_again(folder):
    call()
    path = object_file(folder)
    cache.Entry(path.parent).save(path.name, pickle.dumps((None, "intact, but not code")))
    assert hits(call()) == 0
    assert hits(call()) == 1


def test_recompile_forgets_what_was_kept(folder):
    module = call()
    before = object_file(folder).stat().st_mtime_ns
    module.squares_jvp.recompile()
    assert object_file(folder).stat().st_mtime_ns > before


def test_info_verify_and_clear(folder):
    call()
    (folder / "a file of the user").write_text("keep")
    assert cache.info().folder == folder
    assert cache.info().entries == 1
    assert cache.info().size == sum(p.stat().st_size for p in folder.rglob("*.*"))
    assert cache.verify() == []
    path = object_file(folder)
    path.write_bytes(DAMAGE["truncated in the code"](path.read_bytes()))
    assert cache.verify() == [path]
    assert not path.exists()
    assert cache.clear() == 1
    assert [p.name for p in folder.iterdir()] == ["a file of the user"]


@pytest.mark.slow
def test_six_processes_compile_the_same_function(folder, tmp_path):
    text = tmp_path / "text.py"
    text.write_text(SQUARES)
    command = [sys.executable, "-W", "error", "-c", OTHER_PROCESS, str(text)]
    root = Path(__file__).parent.parent
    started = [
        subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(6)
    ]
    for process in started:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors.decode()
        assert errors == b""
    assert cache.verify() == []
    assert not list(folder.rglob(".new-*"))


@pytest.mark.slow
def test_many_random_damages(folder):
    call()
    path = object_file(folder)
    intact = path.read_bytes()
    chance = random.Random(7)
    for _ in range(100):
        if chance.random() < 0.5:
            path.write_bytes(intact[: chance.randrange(len(intact))])
        else:
            path.write_bytes(flip(intact, chance.randrange(8 * len(intact))))
        assert hits(call()) == 0
