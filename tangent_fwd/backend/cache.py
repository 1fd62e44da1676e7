"""Where compiled derivatives are kept between processes, and why reading them back is safe.

Compiled code is read back as machine code and pickles, so a damaged file can kill the process
and a planted one can run anything. Two guards stand before that. The folder must belong to the
user and be writable by nobody else. And every file of compiled code carries its own SHA-256,
which is compared before a byte of it is used; a file is read once, checked in memory and used
from memory, so nothing can change in between. What fails the check is deleted and compiled again.

Layout: `<folder>/<key>/<name>.py` is the text, `<folder>/<key>/<function>-….object` the compiled
code, one file for each function and signature. The key covers everything the code depends on.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
import shutil
import stat
import sys
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "TANGENT_FWD_CACHE"

_MAGIC = b"tangent_fwd object 1\n"
_KEY = re.compile(r"[0-9a-f]{32}")

_log = logging.getLogger("tangent_fwd.cache")
_refused: set[str] = set()


class CacheWarning(UserWarning):
    """Compiled code will not be kept on disk, and why."""


def disabled() -> bool:
    """Whether the user switched the disk cache off with `TANGENT_FWD_CACHE=0`."""
    return os.environ.get(VARIABLE) == "0"


def location() -> Path:
    """The folder in which compiled code is kept, whether it exists or not.

    It is `$TANGENT_FWD_CACHE` if set, else `tangent_fwd` in the platform's per-user cache folder.
    """
    chosen = os.environ.get(VARIABLE)
    if chosen and chosen != "0":
        return Path(chosen).expanduser().absolute()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "tangent_fwd"


def folder() -> Path | None:
    """The cache folder, created if need be, or None if there is none that can be trusted.

    A refusal is reported once in a process, as a `CacheWarning` of one line.
    """
    if disabled():
        return None
    try:
        path = location()
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        reason = _distrust(path)
    except (OSError, RuntimeError) as error:  # RuntimeError: the user has no home folder
        refuse(getattr(error, "strerror", None) or str(error))
        return None
    if reason is not None:
        refuse(f"{path} {reason}")
        return None
    return path


def refuse(reason: str) -> None:
    """Warn, once for each reason, that compiled code will not be kept."""
    if reason not in _refused:
        _refused.add(reason)
        warnings.warn(f"compiled code is not kept on disk: {reason}", CacheWarning, stacklevel=2)


def _distrust(path: Path) -> str | None:
    """Why compiled code must not be read from this folder, or None."""
    if hasattr(os, "getuid"):
        status = path.stat()
        if status.st_uid != os.getuid():
            return "belongs to another user"
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return "can be written by other users"
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        return "is not writable"
    return None


@dataclass(frozen=True)
class Entry:
    """The folder of one emitted module and of the code compiled from it."""

    path: Path

    @staticmethod
    def open(root: Path, key: str, filename: str, text: str) -> Entry:
        """The entry for `key`, holding exactly `text` in its module file.

        An entry whose module file reads otherwise was damaged, and is emptied first.

        Args:
            root: a folder from `folder()`.
            key: 32 hexadecimal digits that identify the text and everything else that matters.
            filename: name of the module file.
            text: the module.

        Raises:
            OSError: if the entry cannot be written.
        """
        entry = Entry(root / key[:32])
        entry.path.mkdir(mode=0o700, exist_ok=True)
        data = text.encode()
        try:
            found: bytes | None = (entry.path / filename).read_bytes()
        except FileNotFoundError:
            found = None
        if found != data:
            if found is not None:
                _log.warning("damaged cache entry %s was emptied", entry.path.name)
                entry.empty()
            entry._write(filename, data)
        return entry

    def empty(self) -> None:
        """Delete every file of the entry."""
        for path in list(self.path.iterdir()):
            with contextlib.suppress(OSError):
                path.unlink()

    def load(self, name: str) -> bytes | None:
        """What was saved as `name`, or None if nothing was or if it was damaged since."""
        try:
            sealed = (self.path / name).read_bytes()
        except OSError:
            return None
        payload = _unseal(sealed)
        if payload is None:
            self.discard(name)
        return payload

    def save(self, name: str, payload: bytes) -> None:
        """Keep `payload` under `name`, all of it or nothing; failing to is not an error."""
        try:
            self._write(name, _MAGIC + hashlib.sha256(payload).digest() + payload)
        except OSError as error:
            refuse(error.strerror or str(error))

    def discard(self, name: str) -> None:
        """Delete a damaged file."""
        _log.warning("damaged cache file %s/%s was deleted", self.path.name, name)
        with contextlib.suppress(OSError):
            (self.path / name).unlink()

    def _write(self, name: str, data: bytes) -> None:
        handle, temporary = tempfile.mkstemp(prefix=".new-", dir=self.path)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.replace(temporary, self.path / name)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise


def _unseal(sealed: bytes) -> bytes | None:
    """The payload of a file of compiled code, or None if it is not what was written."""
    start = len(_MAGIC) + hashlib.sha256().digest_size
    payload = sealed[start:]
    intact = sealed[:start] == _MAGIC + hashlib.sha256(payload).digest()
    return payload if intact else None


@dataclass(frozen=True)
class Info:
    """What the cache holds: its folder (None if switched off or refused), entries and bytes."""

    folder: Path | None
    entries: int
    size: int


def _entries(root: Path | None) -> list[Path]:
    if root is None:
        return []
    return sorted(path for path in root.iterdir() if _KEY.fullmatch(path.name) and path.is_dir())


def info() -> Info:
    """How much the cache holds, for `python -m tangent_fwd cache info`."""
    root = folder()
    entries = _entries(root)
    size = sum(file.stat().st_size for entry in entries for file in entry.iterdir())
    return Info(root, len(entries), size)


def clear() -> int:
    """Delete every entry and return how many there were; other files in the folder stay."""
    entries = _entries(folder())
    for entry in entries:
        shutil.rmtree(entry, ignore_errors=True)
    return len(entries)


def verify() -> list[Path]:
    """Check every file of compiled code, delete those that are damaged, and return their names."""
    damaged = []
    for entry in _entries(folder()):
        for path in sorted(entry.glob("*.object")):
            if _unseal(path.read_bytes()) is None:
                damaged.append(path)
                path.unlink()
    return damaged
