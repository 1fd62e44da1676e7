"""Files that a training can be taken up from, whatever killed it.

A checkpoint is an npz without pickles: arrays, a header in JSON, and a checksum over both. It is
written beside its place, brought to the disk, and moved there in one go; what stood there before
is kept as `<name>.previous`. So a kill at any moment leaves a whole file under one of the two
names, and a damaged file is noticed and passed over.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import platform
import sys
import warnings
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tangent_fwd import __version__

Array = NDArray[Any]

FORMAT = 1


class CheckpointWarning(UserWarning):
    """A checkpoint was damaged, or belongs to another setting than the present one."""


class DamagedCheckpoint(ValueError):
    """No file is whole under the checkpoint's name, nor is the one before it."""


def previous(path: Path) -> Path:
    """Where the checkpoint before the newest is kept."""
    return path.with_name(path.name + ".previous")


def exists(path: Path) -> bool:
    """Whether there is a checkpoint, or one before it."""
    return path.exists() or previous(path).exists()


def write(path: Path, header: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Put a checkpoint in its place, all of it or nothing.

    The one that stood there becomes the previous one, if it is whole.
    Raises OSError where the folder cannot be written.
    """
    text = np.frombuffer(json.dumps({"format": FORMAT, **header}).encode(), np.uint8)
    content: dict[str, Any] = {"header": text, **arrays}
    new = path.with_name(f".{path.name}.new")
    try:
        with new.open("wb") as file:
            np.savez(file, crc=np.uint32(_checksum(content)), **content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists() and _read(path) is not None:
            os.replace(path, previous(path))
        os.replace(new, path)
    except BaseException:
        with contextlib.suppress(OSError):
            new.unlink()
        raise
    _settle(path.parent)


def read(path: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    """Header and arrays of a checkpoint, or of the one before it where the newest is damaged.

    Raises:
        FileNotFoundError: there is neither.
        DamagedCheckpoint: there is no whole one.
    """
    if not exists(path):
        raise FileNotFoundError(f"there is no checkpoint {path}")
    found = _read(path)
    if found is None:
        found = _read(previous(path))
        told = "is damaged" if path.exists() else "is missing"
        if found is None:
            raise DamagedCheckpoint(f"{path} {told}, and there is no whole checkpoint before it")
        warnings.warn(
            f"{path} {told}; the checkpoint before it was read",
            CheckpointWarning,
            stacklevel=3,
        )
    header, arrays = found
    if header["format"] > FORMAT:
        raise ValueError(f"{path} was written by a newer version of tangent_fwd")
    return header, arrays


def compare(path: Path, saved: Mapping[str, Any], present: Mapping[str, Any]) -> None:
    """Warn about each setting that is another than when the checkpoint was written."""
    differ = [
        f"{name} was {saved.get(name)!r} and is {value!r}"
        for name, value in present.items()
        if saved.get(name) != value
    ]
    if differ:
        warnings.warn(
            f"{path} was written under other settings, so the run goes on differently: "
            + "; ".join(differ),
            CheckpointWarning,
            stacklevel=3,
        )


def surroundings() -> dict[str, Any]:
    """The versions and the machine, which decide the last bits of a result."""
    import llvmlite.binding
    import numba

    return {
        "tangent_fwd": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba.__version__,
        "machine": f"{sys.platform} {platform.machine()} {llvmlite.binding.get_host_cpu_name()}",
        "threads": _threads(),
    }


def _threads() -> Any:
    """The threads of matrix products where they can be asked for, else what they may use."""
    try:
        from threadpoolctl import threadpool_info  # type: ignore[import-untyped]
    except ImportError:
        asked = {name: os.environ.get(name) for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")}
        return {"cores": len(os.sched_getaffinity(0)), **{k: v for k, v in asked.items() if v}}
    return sorted({row["num_threads"] for row in threadpool_info() if row["user_api"] == "blas"})


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Array]] | None:
    """What a file holds, or None if it is not whole."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    # A damaged archive can raise almost anything on its way through zip, npy and JSON.
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            content = {name: file[name] for name in file.files}
        if int(content.pop("crc")) != _checksum(content):
            return None
        header = json.loads(content.pop("header").tobytes())
    except Exception:
        return None
    return header, content


def _checksum(content: Mapping[str, Array]) -> int:
    total = 0
    for name in sorted(content):
        array = content[name]
        about = f"{name} {array.dtype.str} {array.shape}"
        total = zlib.crc32(array.tobytes(), zlib.crc32(about.encode(), total))
    return total


def _settle(folder: Path) -> None:
    """Bring the folder's own entries to the disk; a system that cannot is left alone."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
