"""Maps without a formula: linear ones are linear, products multilinear, constant ones constant."""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tangent_fwd.rules import RULES, Rule

METHODS = ("flatten", "astype")
"""Known to the table as functions of NumPy, which has them as methods of its arrays."""

OTHERS: dict[str, Any] = {
    "shape": (3, 2),
    "axes": (1, 0),
    "axis": 0,
    "axis1": 0,
    "axis2": 1,
    "source": 0,
    "destination": 1,
    "k": 1,
    "shift": 1,
    "repeats": 2,
    "indices": [2, 0],
    "dtype": np.float32,
    "offset": 1,
    "n": 1,
    "num": 5,
}

OTHERS_OF: dict[str, dict[str, Any]] = {
    "numpy.broadcast_to": {"shape": (4, 2, 3)},
    "numpy.full_like": {"a": np.ones((2, 3))},
    "builtins.sum": {"axis": 0.0},
}


def function(name: str) -> Callable[..., Any] | None:
    module, _, short = name.partition(".")
    if short in METHODS:
        return lambda a, *rest: getattr(a, short)(*rest)
    modules = {"numpy": np, "math": math, "operator": operator, "builtins": builtins}
    return getattr(modules.get(module), short, None)


def named(kind: str) -> list[tuple[str, Rule]]:
    return [(n, r) for r in RULES if r.kind == kind for n in r.names if function(n) is not None]


def close(left: Any, right: Any) -> None:
    np.testing.assert_allclose(left, right, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("name", "entry"), named("linear"))
def test_linear_maps_are_linear(name: str, entry: Rule) -> None:
    rng = np.random.default_rng(30)
    f = function(name)
    assert f is not None

    def draw() -> list[Any]:
        return [rng.normal(size=(2, 3)) if entry.args[p] == "a" else rng.normal() for p in places]

    def call(values: list[Any]) -> Any:
        chosen = {**OTHERS, **OTHERS_OF.get(name, {})}
        chosen |= {entry.args[p]: value for p, value in zip(places, values, strict=True)}
        return f(*(chosen[arg] for arg in entry.args if arg in chosen))

    places = entry.linear_in
    u, v = draw(), draw()
    close(
        call([2.0 * a - 3.0 * b for a, b in zip(u, v, strict=True)]), 2.0 * call(u) - 3.0 * call(v)
    )
    assert np.any(np.asarray(call(u)) != 0.0), "a map to zero belongs with the constants"


@pytest.mark.parametrize(("name", "entry"), named("multilinear"))
def test_products_are_linear_in_each_place_alone(name: str, entry: Rule) -> None:
    rng = np.random.default_rng(31)
    f = function(name)
    assert f is not None
    assert entry.linear_in == tuple(range(len(entry.args)))
    args = [rng.normal(size=3) for _ in entry.args]
    for place in entry.linear_in:
        other = rng.normal(size=3)

        def call(value: Any, place: int = place) -> Any:
            return f(*(value if p == place else a for p, a in enumerate(args)))

        close(call(2.0 * args[place] - 3.0 * other), 2.0 * call(args[place]) - 3.0 * call(other))


def test_constant_maps_do_not_move_with_their_arguments() -> None:
    rng = np.random.default_rng(32)
    seen = set()
    for name, _ in named("constant"):
        f = function(name)
        assert f is not None
        for count in (1, 2):
            args = [float(a) for a in rng.uniform(1.1, 1.9, count)]
            try:
                value = f(*args)
            except (TypeError, ValueError, DeprecationWarning):
                # Made for integers or for arrays, or of the other arity.
                continue
            if name in ("builtins.print", "numpy.empty_like"):
                continue
            moved = f(*(a + 1e-9 for a in args))
            assert np.array_equal(value, moved), name
            seen.add(name)
    assert len(seen) >= 50
    assert {"numpy.floor", "numpy.sign", "builtins.round", "numpy.less", "math.isnan"} <= seen


def test_what_moves_a_value_is_never_called_constant() -> None:
    constants = {name for entry in RULES if entry.kind == "constant" for name in entry.names}
    for name in ("numpy.sum", "numpy.max", "numpy.sort", "numpy.median", "builtins.float"):
        assert name not in constants
