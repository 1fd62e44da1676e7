"""Directions that are outer products: the same numbers as the matrices they stand for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest
from numba.core import types

from tangent_fwd import Outer, forward_grad, pipeline
from tangent_fwd.errors import ActivityError
from tangent_fwd.frontend.parse import parse
from tangent_fwd.program import Program
from tests import oracle
from tests.harness import (
    OPTIONS,
    TOLERANCE,
    TOLERANCE_32,
    integers_as_zero,
    original,
    plain,
    programs,
    single,
)
from tests.inputs import direction, fresh, inputs, is_float


def vectors(value: Any, rng: np.random.Generator) -> Any:
    """A direction whose arrays of two and more axes are pairs of vectors."""
    if isinstance(value, tuple):
        parts = [vectors(part, rng) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if isinstance(value, np.ndarray) and value.ndim > 1 and value.dtype.kind == "f":
        *front, rows, columns = value.shape
        sizes = ((*front, rows), (*front, columns))
        return tuple(rng.uniform(-1.0, 1.0, size).astype(value.dtype) for size in sizes)
    return direction(value, rng)


def formed(moved: Any, value: Any) -> Any:
    """The direction with its arrays whole."""
    if isinstance(value, tuple):
        parts = [formed(m, v) for m, v in zip(moved, value, strict=True)]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if isinstance(moved, tuple):
        return moved[0][..., :, None] * moved[1][..., None, :]
    return moved


def kind(moved: Any, value: Any) -> Any:
    """The numba type of a direction; a pair of vectors is a tuple."""
    if isinstance(value, tuple):
        parts = [kind(m, v) for m, v in zip(moved, value, strict=True)]
        if hasattr(value, "_fields"):
            return types.NamedTuple(parts, type(value))
        return types.BaseTuple.from_types(parts)
    return numba.typeof(moved)


def with_matrices() -> list[tuple[str, Callable[..., Any]]]:
    """The programs of the corpus that take a float array of two or more axes."""

    def has_matrix(value: Any) -> bool:
        if isinstance(value, tuple):
            return any(map(has_matrix, value))
        return isinstance(value, np.ndarray) and value.ndim > 1 and value.dtype.kind == "f"

    return [(n, f) for n, f in programs() if any(map(has_matrix, inputs(f)))]


def differentiate(
    function: Any,
    args: tuple[Any, ...],
    active: tuple[bool, ...],
    moved: tuple[Any, ...],
    lanes: int,
) -> Program:
    """The derivative for tangents of these kinds, one entry for each active argument."""
    given = [a for a, on in zip(args, active, strict=True) if on]
    return pipeline.differentiate(
        parse(function),
        tuple(map(numba.typeof, args)),
        active,
        lanes,
        OPTIONS,
        tuple(map(kind, moved, given)),
    )


@pytest.mark.parametrize("lanes", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "function",
    [
        pytest.param(
            f,
            id=f"{module}.{f.__name__}",
            marks=() if module in ("matmul", "ml", "tuples") else pytest.mark.slow,
        )
        for module, f in with_matrices()
    ],
)
def test_a_pair_of_vectors_is_the_matrix_it_stands_for(
    function: Callable[..., Any], lanes: int
) -> None:
    args = inputs(function)
    rng = np.random.default_rng(4)
    active = tuple(map(is_float, args))
    given = [a for a, on in zip(args, active, strict=True) if on]
    ways = [tuple(vectors(a, rng) for a in given) for _ in range(lanes)]
    expected = original(function, args)
    written = any(
        oracle.distance(after, before) > 0
        for after, before in zip(expected[1], args, strict=True)
        if is_float(before)
    )
    if written:  # a pair cannot take what is stored
        with contextlib.suppress(ActivityError):
            differentiate(function, args, active, ways[0], lanes)
        return
    program = differentiate(function, args, active, ways[0], lanes)
    tangents = [fresh(way[k]) for k in range(len(given)) for way in ways]
    value, slopes = plain(program)(*fresh(args), *tangents)
    slopes = (slopes,) if lanes == 1 else slopes
    tolerance = TOLERANCE_32 if single(args) else TOLERANCE
    assert oracle.distance(value, expected[0]) <= tolerance
    for way, slope in zip(ways, slopes, strict=True):
        whole = iter(formed(m, a) for m, a in zip(way, given, strict=True))
        full = tuple(next(whole) if on else None for on in active)
        answer = oracle.tangent(function, args, full)
        assert oracle.distance(integers_as_zero(slope, value), answer.value) <= tolerance


# --- from Python, and inside compiled code --------------------------------------------------------

rng = np.random.default_rng(7)
X = rng.standard_normal((4, 3))
PARAMS = rng.standard_normal((3, 2)), rng.standard_normal(2)
U, V, B = rng.standard_normal(3), rng.standard_normal(2), rng.standard_normal(2)


@forward_grad
def layer(params, x):
    W, b = params
    return np.sum(np.tanh(x @ W + b))


@forward_grad
def doubled(W):
    W[0, 0] = 2.0 * W[0, 0]
    return np.sum(W * W)


def test_jvp_takes_outer_products_and_matrices_by_turns() -> None:
    whole = layer.jvp((PARAMS, X), ((np.outer(U, V), B),))
    for _ in range(2):
        assert layer.jvp((PARAMS, X), ((Outer(U, V), B),)) == pytest.approx(whole, rel=1e-14)
        assert layer.jvp((PARAMS, X), ((np.outer(U, V), B),)) == whole
    strided = Outer(np.repeat(U, 2)[::2], V)
    assert layer.jvp((PARAMS, X), ((strided, B),)) == pytest.approx(whole, rel=1e-14)


def test_the_product_with_the_matrix_is_one_with_a_vector() -> None:
    layer.jvp((PARAMS, X), ((Outer(U, V), B),))
    kinds = tuple(map(numba.typeof, (PARAMS, X)))
    vector = types.float64[::1]
    tangents = types.Tuple((types.UniTuple(vector, 2), vector))
    text = layer.specialiser.program(kinds, 1, 1, (tangents,)).text
    assert "u_x_W = x @ u_W" in text
    assert "d_x_W" not in text


@pytest.mark.parametrize("pair", [(U, V), Outer(U, V)])
def test_compiled_code_passes_pairs(pair: tuple[Any, Any]) -> None:
    @numba.njit
    def along(params: Any, x: Any, tangents: Any) -> Any:
        return layer.tangent(params, x, tangents)

    whole = layer.jvp((PARAMS, X), ((np.outer(U, V), B),))
    assert along(PARAMS, X, (pair, B)) == pytest.approx(whole, rel=1e-14)


@pytest.mark.parametrize(
    ("tangents", "error", "words"),
    [
        ((Outer(U, U), B), ValueError, r"`v` of the tangent of `params\[0\]` has shape \(3,\)"),
        ((Outer(V, V), B), ValueError, r"`u` of the tangent .* asks for \(3,\)"),
        (
            (Outer(U.astype(np.float32), V), B),
            TypeError,
            "must be an array of float64, got float32",
        ),
        ((Outer(list(U), V), B), TypeError, "must be an array of float64, got list"),
        ((np.outer(U, V), Outer(B, B)), TypeError, r"`params\[1\]` has one axis"),
        (((U, V), B), TypeError, "must be an array, got tuple"),
    ],
)
def test_pairs_that_do_not_fit_are_named(
    tangents: tuple[Any, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        layer.jvp((PARAMS, X), (tangents,))


def test_a_wrong_pair_in_compiled_code_is_a_typing_error() -> None:
    @numba.njit
    def along(params: Any, x: Any, tangents: Any) -> Any:
        return layer.tangent(params, x, tangents)

    with pytest.raises(numba.errors.TypingError, match="for an outer product"):
        along(PARAMS, X, ((U.astype(np.float32), V.astype(np.float32)), B))
    with pytest.raises(numba.errors.TypingError, match="`d_params` has type"):
        along(PARAMS, X, (U, B))


def test_a_matrix_that_is_written_to_wants_a_matrix() -> None:
    with pytest.raises(ActivityError, match="`W` is written to"):
        doubled.jvp((PARAMS[0].copy(),), (Outer(U, V),))


def test_second_order_wants_a_matrix() -> None:
    with pytest.raises(TypeError, match="not outer products"):
        layer.directional2((PARAMS, X), ((Outer(U, V), B),))


def test_a_matrix_that_cannot_be_written_to_takes_a_pair() -> None:
    W, b = PARAMS[0].copy(), PARAMS[1]
    W.flags.writeable = False
    whole = layer.jvp((PARAMS, X), ((np.outer(U, V), B),))
    assert layer.jvp(((W, b), X), ((Outer(U, V), B),)) == pytest.approx(whole, rel=1e-14)
