"""Structures of parameters: what can be trained, and what is said about the rest."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np
import pytest

from tangent_fwd import fields
from tangent_fwd.optim import tree


class Pair(NamedTuple):
    a: np.ndarray
    b: float


@dataclasses.dataclass(frozen=True)
class Frozen:
    weight: np.ndarray
    inner: dict


def test_leaves_have_paths_and_places():
    value = {"layer": (Pair(np.zeros(130), 1.0), np.float32(2)), "last": np.zeros((2, 3))}
    found = tree.read(value, "params")
    assert [leaf.path for leaf in found.leaves] == [
        "params.layer[0].a",
        "params.layer[0].b",
        "params.layer[1]",
        "params.last",
    ]
    assert [leaf.position for leaf in found.leaves] == [0, 256, 384, 512]
    assert [leaf.array.dtype.name for leaf in found.leaves] == [
        "float64", "float64", "float32", "float64",
    ]  # fmt: skip
    assert found.size == 130 + 1 + 1 + 6


def test_round_trip():
    value = Frozen(np.ones(3), {"pair": Pair(np.zeros(2), 0.5), "single": (np.ones(1),)})
    found = tree.read(value, "params")
    again = found.build([leaf.value for leaf in found.leaves])
    assert type(again) is Frozen
    assert again.weight is value.weight
    assert again.inner["pair"] == value.inner["pair"]
    compiled = found.compiled(list("abcd"))
    assert compiled.inner.pair == ("b", "c")
    assert compiled.inner.single == ("d",)


def test_one_class_for_one_tuple_of_names():
    first = tree.read({"a": 1.0, "b": 2.0}, "p").root
    second = tree.read({"a": np.zeros(3), "b": 2.0}, "q").root
    third = tree.read({"b": 1.0, "a": 2.0}, "p").root
    assert first.cls is second.cls is not third.cls
    assert getattr(fields, first.cls.__name__) is first.cls


READ_ONLY = np.zeros(3)
READ_ONLY.flags.writeable = False
ONE = np.zeros(8)


@pytest.mark.parametrize(
    ("value", "error", "told"),
    [
        ((np.zeros(3), [1.0]), TypeError, r"`params\[1\]` is a list"),
        ({"W": np.arange(3)}, TypeError, r"`params\.W` has dtype <i8"),
        ({"W": {"b": 3}}, TypeError, r"`params\.W\.b` is the integer 3"),
        (Pair(np.zeros(3), True), TypeError, r"`params\.b` is the integer True"),
        (Pair(np.zeros(3), None), TypeError, r"`params\.b` is a builtins\.NoneType"),
        ("abc", TypeError, "`params` is a builtins.str"),
        (np.zeros((4, 4))[:, ::2], ValueError, "`params` is not C-contiguous"),
        ((np.zeros((4, 3)).T,), ValueError, r"`params\[0\]` is not C-contiguous"),
        (READ_ONLY, ValueError, "`params` is read-only"),
        (np.zeros(3, np.float16), TypeError, "`params` has dtype <f2"),
        (np.zeros(3, ">f8"), TypeError, "`params` has dtype >f8"),
        (np.ma.zeros(3), TypeError, "MaskedArray; pass a plain array"),
        ((ONE[:4], ONE[2:]), ValueError, r"`params\[0\]` and `params\[1\]` share memory"),
        ({"a": ONE, "b": (ONE,)}, ValueError, r"`params\.a` and `params\.b\[0\]` share memory"),
        ({"not a name": 1.0}, TypeError, "has the key 'not a name'"),
        ({"class": 1.0}, TypeError, "has the key 'class'"),
        ({1: 1.0}, TypeError, "has the key 1"),
        ({"_a": 1.0}, TypeError, "must not begin with `_`"),
        ({}, ValueError, "`params` is empty"),
        ((), ValueError, "`params` holds no parameters"),
    ],
)
def test_what_cannot_be_trained(value, error, told):
    with pytest.raises(error, match=told):
        tree.read(value, "params")


def test_neighbours_in_memory_are_apart():
    flat = np.zeros(10)
    found = tree.read((flat[:4], flat[4:].reshape(2, 3), np.zeros(0)), "params")
    assert found.size == 10


def test_frozen_paths():
    value = {"embedding": (np.zeros(2), np.zeros(3)), "out": np.zeros(4)}

    def moved(*frozen):
        return [leaf.parts[-1] for leaf in tree.read(value, "p", frozen).moved]

    assert moved() == ["0", "1", "out"]
    assert moved("embedding") == ["out"]
    assert moved("embedding[1]") == moved("embedding.1") == ["0", "out"]
    with pytest.raises(ValueError, match="has no part 'embed'"):
        moved("embed")


def test_structures_are_compared():
    held = tree.read({"a": np.zeros(2), "b": 1.0}, "params")
    tree.same_shape(held, {"a": np.ones(2), "b": 2.0}, "grads")
    with pytest.raises(
        ValueError, match=r"`grads.a` is float64\[3\], but `params.a` is float64\[2\]"
    ):
        tree.same_shape(held, {"a": np.ones(3), "b": 2.0}, "grads")
    with pytest.raises(ValueError, match="`grads` lacks 'b'"):
        tree.same_shape(held, {"a": np.ones(2), "c": 2.0}, "grads")
    with pytest.raises(ValueError, match="`grads` has 'c' where"):
        tree.same_shape(held, {"a": np.ones(2), "b": 2.0, "c": 2.0}, "grads")
    with pytest.raises(ValueError, match="float32"):
        tree.same_shape(held, {"a": np.ones(2, np.float32), "b": 2.0}, "grads")
