"""Dicts and dataclasses as arguments from Python."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from tangent_fwd import forward_grad
from tangent_fwd.fields import as_tuples, has_fields, like


@dataclasses.dataclass
class Layer:
    W: Any
    b: float
    steps: int = 2


def by_key(p, x):
    return np.sum(p["layer"]["W"] * x) * p["scale"] ** 2 + p["layer"]["b"]


def by_attribute(p, x):
    total = 0.0
    for _ in range(p.steps):
        total += np.sum(p.W * x) * p.b**2
    return total


X = np.array([0.5, -1.0, 2.0])
W = np.array([1.0, 2.0, 3.0])
KEYS = {"layer": {"W": W, "b": 0.3}, "scale": 2.0}
WAY = {"scale": 0.5, "layer": {"b": 1.0, "W": np.ones(3)}}  # in another order


def test_dicts_and_dataclasses_are_arguments() -> None:
    made = forward_grad(by_key)
    assert made(KEYS, X) == by_key(KEYS, X)
    value, slope = made.jvp((KEYS, X), (WAY,))
    assert value == by_key(KEYS, X)
    assert slope == pytest.approx(np.sum(X) * 4.0 + np.sum(W * X) * 2.0 + 1.0, rel=1e-14)
    value, found = made.value_and_grad(KEYS, X)
    assert list(found) == ["layer", "scale"]
    np.testing.assert_allclose(found["layer"]["W"], 4.0 * X)
    assert (found["layer"]["b"], found["scale"]) == (1.0, pytest.approx(4.0 * np.sum(W * X)))
    assert made.directional2((KEYS, X), (WAY,))[2] == pytest.approx(
        2 * 0.5**2 * np.sum(W * X) + 2 * 2.0 * 2.0 * 0.5 * np.sum(X), rel=1e-14
    )
    way = {"layer": {"W": np.zeros(3), "b": 0.0}, "scale": 1.0}
    for given in (way, (way,)):
        product = made.hvp((KEYS, X), given)[1]
        np.testing.assert_allclose(product["layer"]["W"], 4.0 * X)
        assert product["scale"] == pytest.approx(2.0 * np.sum(W * X))
    made = forward_grad(by_attribute)
    layer = Layer(W, 2.0)
    value, gradient = made.value_and_grad(layer, X)
    assert value == by_attribute(layer, X)
    assert isinstance(gradient, Layer)
    assert gradient.steps is None
    np.testing.assert_allclose(gradient.W, 8.0 * X)
    assert gradient.b == pytest.approx(8.0 * np.sum(W * X))
    assert made.jvp((layer, X), (Layer(X, 0.0),))[1] == pytest.approx(8.0 * X @ X)


def test_several_arguments_and_tuples_of_dicts_come_back_as_they_were() -> None:
    made = forward_grad(lambda p, q: p[0]["a"] * q["b"] ** 2, argnums=(0, 1))
    found = made.grad(({"a": 2.0}, 5), {"b": 3.0})
    assert found == (({"a": 9.0}, None), {"b": 12.0})


def test_arrays_inside_are_the_users_own() -> None:
    def scaled(p):
        p["x"][:] *= 2.0
        return p["x"][0]

    given, way = {"x": np.ones(2)}, {"x": np.array([1.0, 3.0])}
    assert forward_grad(scaled).jvp((given,), (way,)) == (2.0, 2.0)
    np.testing.assert_array_equal(given["x"], 2.0)
    np.testing.assert_array_equal(way["x"], [2.0, 6.0])


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ({"scale": 1.0}, "the tangent of `p` lacks 'layer'"),
        (WAY | {"more": 1.0}, "the tangent of `p` has 'more', which `p` has not"),
        (WAY | {"layer": {"W": np.ones(2), "b": 1.0}}, r"the tangent of `p.layer.W` has shape"),
        (WAY | {"layer": 1.0}, "the tangent of `p.layer` is a float, not a dict"),
        (1.0, "the tangent of `p` is a float, not a dict"),
    ],
)
def test_tangents_that_do_not_fit(way: Any, words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=words):
        forward_grad(by_key).jvp((KEYS, X), (way,))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({1: 2.0}, "`p` has the key 1; keys must be names"),
        ({"_a": 2.0}, "keys must not begin with `_`"),
        ({}, "`p` is empty"),
        ({"layer": {"class": 1.0}}, "`p.layer` has the key 'class'"),
    ],
)
def test_keys_that_are_no_names(given: Any, words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=words):
        forward_grad(by_key)(given, X)


def test_one_tangent_stands_in_a_tuple() -> None:
    """As for any other argument; `hvp` takes the direction alone as well."""
    for method in ("jvp", "directional2"):
        with pytest.raises(TypeError, match=r"tangents must be a tuple with one entry for .*`p`"):
            getattr(forward_grad(by_key), method)((KEYS, X), WAY)


def test_a_structure_goes_in_and_comes_back() -> None:
    value = (KEYS, Layer(W, 1.0), 3)
    assert has_fields(value)
    assert not has_fields((1.0, W))
    assert as_tuples((W,), "p")[0] is W
    again = like(value, as_tuples(value, "p"))
    assert again[0]["layer"]["W"] is W
    assert again[1] == value[1]
    assert again[2] == 3
