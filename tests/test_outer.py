"""Directions that are outer products: the same numbers as the matrices they stand for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest
from numba.core import types

from tangent_fwd import Outer, forward_grad, nn, pipeline
from tangent_fwd.errors import ActivityError
from tangent_fwd.program import Program
from tangent_fwd.transform.pairs import Form, form_of, vector_types
from tests import oracle
from tests.fuzz.check import forget
from tests.fuzz.check import function as written
from tests.fuzz.matrices import generate
from tests.harness import (
    OPTIONS,
    TOLERANCE,
    TOLERANCE_32,
    before_tangents,
    integers_as_zero,
    original,
    plain,
    programs,
    single,
)
from tests.inputs import direction, fresh, inputs, is_float, like

RANK = 3


def vectors(value: Any, rng: np.random.Generator, form: Form = Form.STACK) -> Any:
    """A direction whose arrays of two and more axes are pairs of this form."""
    if isinstance(value, tuple):
        parts = [vectors(part, rng, form) for part in value]
        return like(value, parts)
    if isinstance(value, np.ndarray) and value.ndim > 1 and value.dtype.kind == "f":
        *front, rows, columns = value.shape
        sizes = {
            Form.STACK: ((*front, rows), (*front, columns)),
            Form.SHARED: ((*front, rows), (columns,)),
            Form.RANKED: ((*front, rows, RANK), (RANK, columns)),
        }[form]
        u, v = (rng.uniform(-1.0, 1.0, size).astype(value.dtype) for size in sizes)
        return (u, v.T) if form is Form.RANKED else (u, v)
    return direction(value, rng)


def formed(moved: Any, value: Any) -> Any:
    """The direction with its arrays whole."""
    if isinstance(value, tuple):
        parts = [formed(m, v) for m, v in zip(moved, value, strict=True)]
        return like(value, parts)
    if isinstance(moved, tuple) and form_of(value, moved) is Form.RANKED:
        return moved[0] @ moved[1].T
    if isinstance(moved, tuple):  # one `v` for all rows is repeated by NumPy
        return moved[0][..., :, None] * moved[1][..., None, :]
    return moved


def kind(moved: Any, value: Any) -> Any:
    """The numba type of a direction; a pair of vectors is a tuple."""
    if isinstance(value, tuple):
        parts = [kind(m, v) for m, v in zip(moved, value, strict=True)]
        if hasattr(value, "_fields"):
            return types.NamedTuple(parts, type(value))
        return types.BaseTuple.from_types(parts)
    if isinstance(moved, tuple):
        return types.BaseTuple.from_types(vector_types(numba.typeof(value), form_of(value, moved)))
    return numba.typeof(moved)


def with_axes(least: int) -> list[tuple[str, Callable[..., Any]]]:
    """The programs of the corpus that take a float array of so many axes or more."""

    def fits(value: Any) -> bool:
        if isinstance(value, tuple):
            return any(map(fits, value))
        return isinstance(value, np.ndarray) and value.ndim >= least and value.dtype.kind == "f"

    return [(n, f) for n, f in programs() if any(map(fits, inputs(f)))]


def differentiate(
    function: Any,
    args: tuple[Any, ...],
    active: tuple[bool, ...],
    moved: tuple[Any, ...],
    lanes: int,
) -> Program:
    """The derivative for tangents of these kinds, one entry for each active argument."""
    given = [a for a, on in zip(args, active, strict=True) if on]
    parsed, known = before_tangents(function)
    return pipeline.differentiate(
        parsed,
        tuple(map(numba.typeof, args)),
        active,
        lanes,
        OPTIONS,
        tuple(map(kind, moved, given)),
        known=known,
    )


@pytest.mark.parametrize("form", [Form.STACK, Form.RANKED], ids=lambda form: form.name)
@pytest.mark.parametrize(
    ("function", "lanes"),
    [
        pytest.param(
            f,
            lanes,
            id=f"{module}.{f.__name__}-{lanes}",
            marks=() if lanes == 1 and module in ("matmul", "ml", "tuples") else pytest.mark.slow,
        )
        for place, (module, f) in enumerate(with_axes(2))
        for lanes in ((1, 2) if place % 4 == 0 else (1,))
        if place % 2 == 0 or module in ("matmul", "ml", "tuples")
    ],
)
def test_a_pair_is_the_matrix_it_stands_for(
    function: Callable[..., Any], form: Form, lanes: int
) -> None:
    check(function, lanes, form)


@pytest.mark.parametrize("lanes", [1, 2])
@pytest.mark.parametrize("function", [pytest.param(f, id=f.__name__) for _, f in with_axes(3)])
def test_a_vector_for_all_rows_is_the_array_it_stands_for(
    function: Callable[..., Any], lanes: int
) -> None:
    check(function, lanes, Form.SHARED)


def check(function: Callable[..., Any], lanes: int, form: Form) -> None:
    """A program of the corpus along outer products, against the oracle along arrays."""
    args = inputs(function)
    rng = np.random.default_rng(4)
    active = tuple(map(is_float, args))
    given = [a for a, on in zip(args, active, strict=True) if on]
    ways = [tuple(vectors(a, rng, form) for a in given) for _ in range(lanes)]
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
    compare(program, function, args, active, ways, expected[0])


def compare(
    program: Program,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    active: tuple[bool, ...],
    ways: list[tuple[Any, ...]],
    expected: Any,
) -> None:
    """Value and slopes of a derivative along outer products, against those along arrays."""
    given = [a for a, on in zip(args, active, strict=True) if on]
    tangents = [fresh(way[k]) for k in range(len(given)) for way in ways]
    value, slopes = plain(program)(*fresh(args), *tangents)
    slopes = (slopes,) if len(ways) == 1 else slopes
    tolerance = TOLERANCE_32 if single(args) else TOLERANCE
    assert oracle.distance(value, expected) <= tolerance
    for way, slope in zip(ways, slopes, strict=True):
        whole = iter(formed(m, a) for m, a in zip(way, given, strict=True))
        full = tuple(next(whole) if on else None for on in active)
        answer = oracle.tangent(function, args, full)
        assert oracle.distance(integers_as_zero(slope, value), answer.value) <= tolerance


CHUNK = 12
W3 = np.random.default_rng(5).uniform(0.1, 0.7, (3, 3))
K3 = np.random.default_rng(6).uniform(0.1, 0.7, (2, 3, 3))


@pytest.mark.parametrize(
    "first", [pytest.param(k, marks=pytest.mark.slow if k else ()) for k in range(0, 180, CHUNK)]
)
def test_matrices_that_change_places(first: int) -> None:
    """Random programs; seeds of those that disagree."""
    rng = np.random.default_rng(first)
    args = tuple(fresh(value) for value in (W3, K3, (W3 * 0.7, W3[::-1] * 0.6), W3[0] + 0.1))
    wrong = {}
    for seed in range(first, first + CHUNK):
        function = written(generate(seed))
        form, lanes = list(Form)[seed % 3], 1 + seed % 2
        expected = original(function, args)[0]
        active = (True, True, True, seed % 5 > 0)
        given = [a for a, on in zip(args, active, strict=True) if on]
        ways = [tuple(vectors(a, rng, form) for a in given) for _ in range(lanes)]
        try:
            program = differentiate(function, args, active, ways[0], lanes)
            compare(program, function, args, active, ways, expected)
        except Exception as error:
            wrong[seed] = f"{type(error).__name__}: {error}"[:500]
        finally:
            forget(function)
    assert not wrong


# --- kernels: arrays of more axes, multiplied as a matrix -----------------------------------------

K = np.random.default_rng(1).uniform(0.2, 1.3, (2, 2, 2, 3))
L = np.random.default_rng(2).uniform(0.2, 1.3, (2, 2, 2, 3))
LEFT = np.random.default_rng(3).standard_normal((4, 8))


def as_one_matrix(K, LEFT):
    rows, columns, channels, outputs = K.shape
    return LEFT @ K.reshape((rows * columns * channels, outputs))


def as_one_matrix_by_axis(K, LEFT):
    return np.tanh(LEFT @ np.reshape(K, (-1, K.shape[-1])))


def as_a_stack(K, LEFT):
    weights = K.reshape(K.shape[0], K.shape[1] * K.shape[2], K.shape[3])
    total = LEFT[:, :4] @ weights[0]
    for i in range(1, K.shape[0]):
        total = total + LEFT[:, 4:] @ weights[i]
    return total


def as_a_matrix_of_its_parts(K, LEFT):
    part = K[1]
    return LEFT[:, :4] @ part.reshape((4, K.shape[3])) + LEFT[:, :2] @ part[0]


def forth_and_back(K, LEFT):
    whole = K.reshape((8, K.shape[3]))
    again = whole.reshape((4, 2, whole.shape[1]))
    return again[1] * again[2] + again[0, 1, 2]


def by_elements(K, LEFT):
    total = K[0, 1, 0, 2] * LEFT[0, 0]
    for c in range(K.shape[3]):
        total += K[1, 1, 0, c] * K[0, 0, 1, c]
    return total


def with_short_axes(K, LEFT):
    return K[:1] * K + np.sum(K * LEFT[0, :3])


def of_an_earlier_turn(K, LEFT):
    for i in range(2):
        matrix = K[i, 1]
        turned = matrix.T
        if i == 0:
            first, second = matrix, turned.T
    return LEFT[:, :2] @ first @ turned[:, :2] @ matrix + LEFT[:, 2:4] @ second * matrix[0, 1]


def through_a_helper(K, LEFT):
    return _product(K, LEFT, K.shape[3]) + _matrix(K)[0]


def _product(kernel, left, outputs):
    return left @ kernel.reshape((left.shape[1], kernel.shape[3])) * outputs


def _matrix(kernel):
    return kernel.reshape((8, kernel.shape[3]))


def transposed(K, LEFT):
    matrix = K[0, 1].T
    return matrix @ K[1, 0] @ LEFT[:3, :3] + np.sum(LEFT[:, :3] @ matrix)


def times_vectors(K, LEFT):
    return np.sum(K[0, 1] @ LEFT[0, :3]) + LEFT[1, :2] @ K[1, 1]


def part_through_a_helper(K, LEFT):
    return _times_vector(K[0, 1], LEFT[0, :3]) + _times_vector(K[1, 1], LEFT[1, :3])


def _times_vector(matrix, vector):
    return matrix @ vector


def other_axes_first(K, LEFT):
    return np.transpose(K)[0, 1] * LEFT[0, 0] + np.sum(K, axis=0)[0, 0, 0]


STAY = (
    as_one_matrix, as_one_matrix_by_axis, as_a_stack, as_a_matrix_of_its_parts, forth_and_back,
    by_elements, other_axes_first,
)  # fmt: skip


def rows_of_another_length(K, LEFT):
    return LEFT[:, :4] @ K.reshape((K.shape[3] + 1, 6))


def rows_of_an_axis_that_is_as_long(K, LEFT):
    return LEFT[:, :6] @ K.reshape((6, K.shape[0] * 2)) + K.reshape((12, K.shape[1]))[0, 1]


def rows_as_long_as_a_number(K, LEFT):
    return LEFT @ K.reshape((8, 3))


def rows_as_long_as_those_of_another(K, LEFT):
    other = np.ones((2, 3))
    return LEFT @ K.reshape((8, other.shape[1]))


def one_row(K, LEFT):
    return np.sum(K[1, 1, 1].reshape((K.shape[3],))) + K.reshape(-1)[5]


BECOME_ARRAYS = (
    rows_of_another_length, rows_of_an_axis_that_is_as_long, rows_as_long_as_a_number,
    rows_as_long_as_those_of_another, one_row,
)  # fmt: skip


@pytest.mark.parametrize("lanes", [1, 2])
@pytest.mark.parametrize("form", Form, ids=lambda form: form.name)
@pytest.mark.parametrize(
    "function",
    [
        *STAY,
        *BECOME_ARRAYS,
        with_short_axes,
        of_an_earlier_turn,
        through_a_helper,
        transposed,
        times_vectors,
        part_through_a_helper,
    ],
    ids=lambda f: f.__name__,
)
def test_kernels(function: Callable[..., Any], form: Form, lanes: int) -> None:
    rng = np.random.default_rng(5)
    ways = [(vectors(K, rng, form), direction(LEFT, rng)) for _ in range(lanes)]
    program = differentiate(function, (K, LEFT), (True, True), ways[0], lanes)
    compare(program, function, (K, LEFT), (True, True), ways, function(K, LEFT))
    if form is Form.SHARED and function in STAY + BECOME_ARRAYS:
        assert makes_arrays(program) == (function in BECOME_ARRAYS)


def rows_of_the_turn_before(kernels, LEFT):
    total = 0.0
    for turn in range(2):
        kernel = kernels[turn]
        if turn == 0:
            outputs = kernel.shape[3]
        rows = kernel.reshape((-1, outputs))
        total += rows[7, 2] * LEFT[0, 0]
    return total


def test_an_array_is_another_one_in_the_next_turn_of_a_loop() -> None:
    rng = np.random.default_rng(5)
    args = (K, L.reshape((2, 3, 2, 2))), LEFT
    way = vectors(args[0], rng, Form.SHARED), direction(LEFT, rng)
    program = differentiate(rows_of_the_turn_before, args, (True, True), way, 1)
    expected = rows_of_the_turn_before(*args)
    compare(program, rows_of_the_turn_before, args, (True, True), [way], expected)


def makes_arrays(program: Program) -> bool:
    """Whether the pass that keeps pairs has made arrays of some."""
    before, after = (dict(program.stages)[name].count("empty(") for name in ("tangent", "outer"))
    return after > before


def chosen(K, L, LEFT):
    kernel = K
    if LEFT[0, 0] > 5.0:
        kernel = L
    return kernel[0, 0, 1] + LEFT[0, 0] * kernel[1, 0, 0, 2]


@pytest.mark.parametrize("second", Form, ids=lambda form: form.name)
@pytest.mark.parametrize("first", Form, ids=lambda form: form.name)
@pytest.mark.parametrize("size", [0.0, 9.0])
def test_a_variable_that_holds_pairs_of_several_forms(
    size: float, first: Form, second: Form
) -> None:
    rng = np.random.default_rng(6)
    args = K, L, np.full((1, 1), size)
    way = vectors(K, rng, first), vectors(L, rng, second), rng.standard_normal((1, 1))
    program = differentiate(chosen, args, (True,) * 3, way, 1)
    compare(program, chosen, args, (True,) * 3, [way], chosen(*args))
    assert makes_arrays(program) == (first is not second)


def all_but_the_first(matrices, LEFT):
    total = LEFT[:, :2] @ matrices[0]
    for matrix in matrices[1:]:
        total = total + LEFT[:, 2:4] @ matrix
    return total * matrices[::-1][0][0, 1]


def bound_again_in_a_loop(matrices, LEFT):
    first, second, third = matrices
    product = first
    both = matrices[1:]
    for turn in range(3):
        product = LEFT[:2, :2] @ product
        second = second.T
        if turn == 1:
            both = (first * third, third)
    return product[0] * second[0, 1] + first[1] * both[0][0]


@pytest.mark.parametrize("form", [Form.SHARED, Form.RANKED], ids=lambda form: form.name)
@pytest.mark.parametrize(
    "function", [all_but_the_first, bound_again_in_a_loop], ids=lambda f: f.__name__
)
def test_tuples_of_pairs(function: Callable[..., Any], form: Form) -> None:
    rng = np.random.default_rng(7)
    args = (K[0, 0], K[0, 1], K[1, 0]), LEFT
    way = vectors(args[0], rng, form), direction(LEFT, rng)
    program = differentiate(function, args, (True, True), way, 1)
    compare(program, function, args, (True, True), [way], function(*args))
    if function is all_but_the_first and form is Form.SHARED:
        assert not makes_arrays(program)


@pytest.mark.parametrize("lanes", [1, 2])
@pytest.mark.parametrize("form", [Form.SHARED, Form.RANKED], ids=lambda form: form.name)
@pytest.mark.parametrize("convolution", [nn.conv2d, nn.conv2d_valid], ids=lambda f: f.__name__)
def test_a_convolution_forms_no_kernel(
    convolution: Callable[..., Any], form: Form, lanes: int
) -> None:
    rng = np.random.default_rng(8)
    args = rng.standard_normal((2, 4, 3, 2)), K, rng.standard_normal(3)
    active = (True,) * 3
    ways = [
        (direction(args[0], rng), vectors(K, rng, form), direction(args[2], rng))
        for _ in range(lanes)
    ]
    program = differentiate(convolution, args, active, ways[0], lanes)
    compare(program, convolution, args, active, ways, convolution(*args))
    assert "u_weights" in program.text or "u_weights_0" in program.text
    assert "d_weights" not in program.text


@pytest.mark.slow
def test_kernels_from_python_and_inside_compiled_code() -> None:
    along_rows = forward_grad(as_a_stack)
    formed_first = forward_grad(rows_as_long_as_a_number)
    rng = np.random.default_rng(9)
    ways = [Outer(*vectors(K, rng, form)) for form in Form]

    @numba.njit
    def inside(K: Any, LEFT: Any, way: Any) -> Any:
        return along_rows.tangent(K, LEFT, way)

    for function in (along_rows, formed_first):
        for _ in range(2):  # the second time is the short way, on which both look alike
            for way in ways:
                expected = function.jvp((K, LEFT), (formed(tuple(way), K),))
                found = function.jvp((K, LEFT), (way,))
                np.testing.assert_allclose(found[1], expected[1], rtol=1e-12)
    for way in ways:
        expected = along_rows.jvp((K, LEFT), (formed(tuple(way), K),))
        np.testing.assert_allclose(inside(K, LEFT, way)[1], expected[1], rtol=1e-12)


# --- from Python, and inside compiled code --------------------------------------------------------

rng = np.random.default_rng(7)
X = rng.standard_normal((4, 3))
PARAMS = rng.standard_normal((3, 2)), rng.standard_normal(2)
U, V, B = rng.standard_normal(3), rng.standard_normal(2), rng.standard_normal(2)
U3, V3 = rng.standard_normal((3, 3)), rng.standard_normal((3, 2)).T


@forward_grad
def layer(params, x):
    W, b = params
    return np.sum(np.tanh(x @ W + b))


as_a_kernel = forward_grad(as_one_matrix)


@forward_grad
def doubled(W):
    W[0, 0] = 2.0 * W[0, 0]
    return np.sum(W * W)


@pytest.mark.slow
def test_jvp_takes_outer_products_and_matrices_by_turns() -> None:
    whole = layer.jvp((PARAMS, X), ((np.outer(U, V), B),))
    for _ in range(2):
        assert layer.jvp((PARAMS, X), ((Outer(U, V), B),)) == pytest.approx(whole, rel=1e-14)
        assert layer.jvp((PARAMS, X), ((np.outer(U, V), B),)) == whole
    strided = Outer(np.repeat(U, 2)[::2], V)
    assert layer.jvp((PARAMS, X), ((strided, B),)) == pytest.approx(whole, rel=1e-14)


@pytest.mark.parametrize("order", ["C", pytest.param("F", marks=pytest.mark.slow)])
def test_jvp_takes_directions_of_any_rank_by_turns(order: Any) -> None:
    (W, b), random = PARAMS, np.random.default_rng(11)
    params = np.asarray(W, order=order), b
    for rank in (1, 3, 2, 1):  # with one column, v is in both orders
        for turn in "CFF":
            u = random.standard_normal((3, rank))
            v = np.asarray(random.standard_normal((2, rank)), order=turn)
            whole = layer.jvp((params, X), ((np.asarray(u @ v.T, order=order), B),))
            found = layer.jvp((params, X), ((Outer(u, v), B),))
            assert found == pytest.approx(whole, rel=1e-13)
            if rank == 1:
                found = layer.jvp((params, X), ((Outer(u[:, 0], v[:, 0]), B),))
                assert found == pytest.approx(whole, rel=1e-13)


def test_a_direction_of_rank_three_is_multiplied_by_its_factors() -> None:
    layer.jvp((PARAMS, X), ((Outer(U3, V3), B),))
    kinds = tuple(map(numba.typeof, (PARAMS, X)))
    pair = types.Tuple((types.float64[:, ::1], types.float64[::1, :]))
    text = layer.specialiser.program(kinds, 1, 1, (types.Tuple((pair, types.float64[::1])),)).text
    assert "u_x_W = x @ u_W" in text
    assert "u_W @ v_W" not in text


def test_the_product_with_the_matrix_is_one_with_a_vector() -> None:
    layer.jvp((PARAMS, X), ((Outer(U, V), B),))
    kinds = tuple(map(numba.typeof, (PARAMS, X)))
    vector = types.float64[::1]
    tangents = types.Tuple((types.UniTuple(vector, 2), vector))
    text = layer.specialiser.program(kinds, 1, 1, (tangents,)).text
    assert "u_x_W = x @ u_W" in text
    assert "d_x_W" not in text


@pytest.mark.parametrize(
    "pair",
    [
        (U, V),
        Outer(U, V),
        *(pytest.param(p, marks=pytest.mark.slow) for p in ((U3, V3), Outer(U3, V3))),
    ],
)
def test_compiled_code_passes_pairs(pair: tuple[Any, Any]) -> None:
    @numba.njit
    def along(params: Any, x: Any, tangents: Any) -> Any:
        return layer.tangent(params, x, tangents)

    whole = layer.jvp((PARAMS, X), ((formed(tuple(pair), PARAMS[0]), B),))
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
        ((Outer(U3, V3[:, :2]), B), ValueError, r"`v` of .* has shape \(2, 2\), .* for \(2, 3\)"),
        ((Outer(U3[:2], V3), B), ValueError, r"`u` of .* has shape \(2, 3\), .* for \(3, 3\)"),
        ((Outer(U3, V), B), ValueError, r"`v` of .* has shape \(2,\), .* for \(2, 3\)"),
        ((Outer(U, V3), B), ValueError, r"`v` of .* has shape \(2, 3\), .* for \(2,\)"),
        ((Outer(U3[:, :0], V3[:, :0]), B), ValueError, r"`u` of .* \(3, 0\), .* for \(3, 1\)"),
        ((Outer(U3, V3.astype(np.float32)), B), TypeError, "`v` of .* float64, got float32"),
        ((np.outer(U, V), Outer(B, B)), TypeError, r"`params\[1\]` has one axis"),
        (((U, V), B), TypeError, "must be an array, got tuple"),
    ],
)
def test_pairs_that_do_not_fit_are_named(
    tangents: tuple[Any, Any], error: type[Exception], words: str
) -> None:
    for _ in range(2):  # before and behind one that fits
        with pytest.raises(error, match=words):
            layer.jvp((PARAMS, X), (tangents,))
        layer.jvp((PARAMS, X), ((Outer(U3, V3), B),))


@pytest.mark.parametrize(
    ("u", "v", "words"),
    [
        (
            K[..., 0],
            np.ones(2),
            r"`v` of the tangent of `K` has shape \(2,\), but .* asks for \(2, 2, 3\) or \(3,\)",
        ),
        (K[0, ..., 0], np.ones(3), r"`u` of the tangent of `K` .* asks for \(2, 2, 2\)"),
        (K[..., 0], K[0, :, 0], r"`v` of .* has shape \(2, 3\), but"),
        (K[..., :2], K[0, :, 0], r"`v` of .* has shape \(2, 3\), but .* asks for \(3, 2\)"),
        (K[:1], np.ones((3, 3)), r"`u` of .* has shape \(1, 2, 2, 3\), but .* \(2, 2, 2, 3\)"),
    ],
)
def test_pairs_that_do_not_fit_a_kernel_are_named(u: Any, v: Any, words: str) -> None:
    function = forward_grad(as_a_stack)
    for _ in range(2):  # before and behind the first that fits
        with pytest.raises(ValueError, match=words):
            function.jvp((K, LEFT), (Outer(u, v),))
        function.jvp((K, LEFT), (Outer(K[..., 0].copy(), np.ones(3)),))


def test_a_wrong_pair_in_compiled_code_is_a_typing_error() -> None:
    @numba.njit
    def along(params: Any, x: Any, tangents: Any) -> Any:
        return layer.tangent(params, x, tangents)

    with pytest.raises(numba.errors.TypingError, match="for an outer product"):
        along(PARAMS, X, ((U.astype(np.float32), V.astype(np.float32)), B))
    with pytest.raises(numba.errors.TypingError, match="`d_params` has type"):
        along(PARAMS, X, (U, B))
    with pytest.raises(numba.errors.TypingError, match=r"2d, F\) for an outer product"):
        along(PARAMS, X, ((U3, np.ascontiguousarray(V3)), B))

    @numba.njit
    def along_kernel(K: Any, LEFT: Any, way: Any) -> Any:
        return as_a_kernel.tangent(K, LEFT, way)

    with pytest.raises(
        numba.errors.TypingError,
        match=r"3d, C\) and array\(float64, 1d, C\) or .*2d, F\) for an outer",
    ):
        along_kernel(K, LEFT, (K[..., 0].copy(), K[0, 0].copy()))


def test_a_matrix_that_is_written_to_wants_a_matrix() -> None:
    with pytest.raises(ActivityError, match="`W` is written to"):
        doubled.jvp((PARAMS[0].copy(),), (Outer(U, V),))


def test_second_order_wants_a_matrix() -> None:
    with pytest.raises(TypeError, match="not outer products"):
        layer.directional2((PARAMS, X), ((Outer(U, V), B),))


@pytest.mark.slow
def test_a_matrix_that_cannot_be_written_to_takes_a_pair() -> None:
    W, b = PARAMS[0].copy(), PARAMS[1]
    W.flags.writeable = False
    whole = layer.jvp((PARAMS, X), ((np.outer(U, V), B),))
    assert layer.jvp(((W, b), X), ((Outer(U, V), B),)) == pytest.approx(whole, rel=1e-14)
