"""Known traps of types and of numba."""

from __future__ import annotations

import math
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numba
import numpy as np
import pytest
from numba import literal_unroll, njit, prange, types
from numba.core.runtime import _nrt_python, rtsys

from tangent_fwd import TangentError, TypingFailure, forward_grad
from tangent_fwd.errors import UnsupportedSyntax
from tangent_fwd.testing import check_jvp
from tests.harness import differentiate, plain
from tests.trap_support import again, agrees, array, both_ways, in_python, refused, slope, written


def quotient(s, t):
    return s / t


def test_T1_division_by_zero_is_infinite_not_an_exception() -> None:
    """numba's default model raises, and a callee does not inherit the caller's."""
    value, tangent = forward_grad(quotient, argnums=(0, 1)).jvp((1.0, 0.0), (1.0, 0.0))
    assert value == math.inf
    assert not math.isfinite(tangent)


def calls_quotient(s, t):
    return quotient(s, t)


def test_T1_helpers_use_the_same_model() -> None:
    """A derivative in a helper must not raise either."""
    assert forward_grad(calls_quotient).jvp((1.0, 0.0), (1.0,)) == (math.inf, math.inf)


@njit
def _compiled_quotient(s, t):
    return s / t


def calls_compiled_quotient(x, t):
    return _compiled_quotient(x[0], t) + x[1] % t, x[1] // t


def test_T1_a_users_own_compiled_helper_too() -> None:
    """It was compiled to raise; inside a derivative it is one of our functions."""
    with pytest.raises(ZeroDivisionError):
        _compiled_quotient(1.0, 0.0)
    x, d = array(1.0, 2.0), array(1.0, 1.0)
    value, tangent = forward_grad(calls_compiled_quotient).jvp((x, 0.0), (d,))
    assert np.isnan(value[0])
    assert value[1] == math.inf
    assert tangent == (math.inf, 0.0)


def roots(x):
    return np.sqrt(x)


def test_T2_fast_math_keeps_the_guards() -> None:
    """Flags that assume no NaN or infinity would delete the check for a zero direction."""
    made = forward_grad(roots, fastmath=True)
    _, tangent = made.jvp((array(0.0, 4.0, 0.0),), (array(0.0, 1.0, 1.0),))
    assert tangent.tolist() == [0.0, 0.25, math.inf]


def guarded(x, y):
    total = 0.0
    for i in range(x.size):
        total += 0.0 if np.isnan(x[i]) else x[i] * x[i]
    z = np.where(x != x, 7.0 * y, x)
    return total, z, y**0.5, np.hypot(y, y), np.maximum(x, y), np.where(y > 0.0, np.log(y), y)


def test_T2_fast_math_keeps_what_asks_for_nan() -> None:
    """The flags that allow the deletion of such tests are not among those we set."""
    made = forward_grad(guarded, argnums=(0, 1), fastmath=True)
    x, y = array(math.nan, 1.0, 2.0), array(0.0, 1.0, 4.0)
    value, tangent = made.jvp((x, y), (array(1.0, 1.0, 1.0), array(0.0, 1.0, 1.0)))
    assert (value[0], tangent[0]) == (5.0, 6.0)
    assert tangent[1].tolist() == [0.0, 1.0, 1.0]
    assert tangent[2].tolist() == [0.0, 0.5, 0.25]
    assert tangent[3].tolist() == pytest.approx([0.0, math.sqrt(2.0), math.sqrt(2.0)])
    assert tangent[4].tolist() == [0.0, 1.0, 1.0]
    assert tangent[5].tolist() == [0.0, 1.0, 0.25]
    assert 'fastmath={"reassoc", "contract", "nsz"}' in made.source


def literals(x):
    return x * 2.0 + 0.5 - x / 3.0


def scalar_literals(s):
    return (s * 2.0 + 1.0) ** 2


def test_T3_literals_do_not_widen_single_precision() -> None:
    """To numba a float32 array times 2.0 is float64; to NumPy and to us it is float32."""
    x = np.array([1.0, 2.0], dtype=np.float32)
    value, tangent = forward_grad(literals).jvp((x,), (x,))
    assert value.dtype == tangent.dtype == np.float32
    entry = plain(differentiate(literals, (x,), (True,), 1))
    assert [part.dtype for part in entry(x, x)] == [np.float32, np.float32]


def more_literals(x32):
    powers = x32**2, x32**0.5, x32**1.5, 2.0**x32
    quotients = x32 / 3, 1 / x32, x32 // 2, x32 % 1.5
    choices = np.where(x32 > 0, x32, 0.0), np.maximum(x32, 0), np.clip(x32, 0.1, 1.0), abs(x32)
    return powers, quotients, choices, np.exp(x32) * 2 + np.pi


def scalars_of_arrays(x32, s32):
    total = np.sum(x32) / 3 + np.mean(x32) * 2.0 + np.prod(x32) + np.max(x32) * 0.5
    return total, x32[0] * 2.0, s32**2, s32 / 3, 1 / s32, max(s32, 0.0), np.exp(s32) + 1, -abs(s32)


def test_T3_tangents_have_the_type_of_the_value() -> None:
    """No double precision sneaks in through the partials: numba says what it made of each."""
    x, s = np.array([0.5, 1.0, 2.0], np.float32), np.float32(0.7)
    agrees(more_literals, (x,), (x,))
    agrees(scalar_literals, (s,), (s,))
    agrees(scalars_of_arrays, (x, s), (x, s))
    for function, args in ((scalar_literals, (s,)), (scalars_of_arrays, (x, s))):
        made = forward_grad(function, argnums=tuple(range(len(args))))
        made.jvp(args, args)
        (compiled,) = made.specialiser.compiled.values()
        assert "float64" not in str(compiled.result)


def grows_into_an_array(x):
    total = 0
    for i in range(x.shape[0]):
        total = total + x[i]
    return total


def test_T4_an_integer_zero_that_becomes_a_float() -> None:
    """The tangent starts as a float of its own, not as the primal's integer."""
    assert slope(grows_into_an_array, (array(1.0, 2.0),), (array(3.0, 4.0),)) == 7.0
    assert forward_grad(grows_into_an_array).grad(array(1.0, 2.0)).tolist() == [1.0, 1.0]


def rows_added_up(X):
    total = 0.0 * X[0]
    for row in X:
        total = total + row * row[0]
    return total


def number_that_becomes_an_array(X):
    total = 0
    for row in X:
        total = total + row
    return total


def test_T4_an_array_that_grows() -> None:
    """Begun with zeros it is one array; begun with a number it has no type, and we say where."""
    agrees(rows_added_up, (np.arange(6.0).reshape(3, 2),), (np.ones((3, 2)),))
    refused(number_that_becomes_an_array, (np.ones((3, 2)),), TypingFailure, "for row in X")


def constant_on_one_path(x, flag):
    if flag:
        return x * 2.0
    return np.zeros(x.size)


def number_on_one_path(s):
    if s > 0.0:
        return s * s
    return 0.0


def integer_on_one_path(s):
    if s > 0.0:
        return s * s
    return 1


def test_T5_paths_that_return_constants() -> None:
    """Each return's tangent has the type that the others have."""
    x = array(1.0, 2.0)
    assert slope(constant_on_one_path, (x, True), (x, None)).tolist() == [2.0, 4.0]
    assert slope(constant_on_one_path, (x, False), (x, None)).tolist() == [0.0, 0.0]
    assert slope(number_on_one_path, (3.0,), (1.0,)) == 6.0
    assert slope(number_on_one_path, (-3.0,), (1.0,)) == 0.0
    assert slope(integer_on_one_path, (-3.0,), (1.0,)) == 0.0


def layout_on_each_path(X, n):
    if n == 0:
        return X.T
    if n == 1:
        return X[::-1]
    if n == 2:
        return np.zeros((2, 2))
    return X * X


def tuple_on_each_path(s, n):
    if n == 0:
        return s * s, 1.0, 1
    if n == 1:
        return 2.0, s, n
    return 0.0, 1, 2


def single_on_each_path(x32, n):
    if n == 0:
        return x32[0] * x32[1]
    if n == 1:
        return 0.0
    return 1


def nothing_on_each_path(x, n):
    if n == 0:
        return
    x[0] = 2.0 * x[1]


def test_T5_paths_of_other_layouts_dtypes_and_structures() -> None:
    """A transpose, a reversed view and fresh zeros; tuples with constants in them; nothing."""
    X = np.arange(4.0).reshape(2, 2)
    tangents = [slope(layout_on_each_path, (X, n), (X + 1.0, None)).tolist() for n in range(4)]
    assert tangents == [
        [[1.0, 3.0], [2.0, 4.0]],
        [[3.0, 4.0], [1.0, 2.0]],
        [[0.0, 0.0], [0.0, 0.0]],
        [[0.0, 4.0], [12.0, 24.0]],
    ]
    tangents = [slope(tuple_on_each_path, (3.0, n), (1.0, None)) for n in range(3)]
    assert tangents == [(6.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 0.0)]
    x = np.array([2.0, 3.0], np.float32)
    for n, expected in enumerate((12.0, 0.0, 0.0)):
        assert in_python(single_on_each_path, (x, n), (x, None))[1] == expected
    for n in (0, 1):
        agrees(nothing_on_each_path, (array(1.0, 2.0), n), (array(3.0, 4.0), None))


def rank_on_each_path(X, n):
    if n == 0:
        return X[0]
    return X


def test_T5_what_does_not_unify_is_refused() -> None:
    """A row or a matrix has no one type, nor has its tangent."""
    refused(rank_on_each_path, (np.ones((2, 2)), 0), TypingFailure, "return X[0]")


def maybe_unbound(s, flag):
    if flag:
        a = s * 2.0
    return a * s


def test_T6_a_name_that_is_unbound_stops_as_in_python() -> None:
    """numba reads it as zero, which would be a silent zero tangent."""
    derivative = forward_grad(maybe_unbound)
    assert derivative.jvp((3.0, True), (1.0,)) == (18.0, 12.0)
    with pytest.raises(UnboundLocalError, match="'a'"):
        derivative.jvp((3.0, False), (1.0,))


def bound_on_one_path_only(s, flag):
    if flag:
        a = s * 2.0
        return a * s
    a = s + 0.0
    return a + 0.0


def test_T6_definite_assignment_follows_returns() -> None:
    """No false alarm where every path that reads has written."""
    assert slope(bound_on_one_path_only, (3.0, True), (1.0, None)) == 12.0
    assert slope(bound_on_one_path_only, (3.0, False), (1.0, None)) == 1.0


def constant_on_some_paths(s, n):
    if n == 0:
        a = s * 2.0
    else:
        a = 3.0
    total = a * s
    for i in range(2):
        if i == n:
            c = s * i
        else:
            c = 1.0
        total += c
    return total


def bound_by_a_loop(s, n):
    k = 0
    while k < n:
        a = s * k
        k += 1
    return a * s


def test_T6_every_path_defines_the_tangent() -> None:
    """A constant on one path has a tangent there too: plain Python would miss the name."""
    assert in_python(constant_on_some_paths, (1.5, 0), (1.0, None))[1] == 6.0
    assert in_python(constant_on_some_paths, (1.5, 1), (1.0, None))[1] == 4.0
    assert in_python(bound_by_a_loop, (1.5, 3), (1.0, None))[1] == 6.0


def integer_carried(s, n):
    a = 1
    c = 0
    for i in range(n):
        a = a * s
        c += i
    return a + c


def test_T7_an_integer_carried_into_a_loop() -> None:
    """The tangent of the first round is zero, and float."""
    assert slope(integer_carried, (2.0, 3), (1.0, None)) == 12.0
    assert slope(integer_carried, (2.0, 0), (1.0, None)) == 0.0


def two_integers_carried(s, t):
    a = 1
    c = 0
    for _ in range(3):
        a = a * s + c
        c = c + t
    while a < 100:
        a = a * s
    return a + c


def test_T7_in_every_lane() -> None:
    """Integers that become floats through one another, in a loop without an end of its own."""
    agrees(two_integers_carried, (1.7, 0.5), (1.0, None))
    agrees(two_integers_carried, (1.7, 0.5), (None, 1.0))
    gradient = forward_grad(two_integers_carried, argnums=(0, 1)).grad(1.7, 0.5)
    assert gradient == tuple(
        in_python(two_integers_carried, (1.7, 0.5), way)[1] for way in ((1.0, None), (None, 1.0))
    )


def _pattern_helper(a, c):
    return a * c + c


def helper_in_three_patterns(s, t):
    return _pattern_helper(s, 2.0) * _pattern_helper(3.0, t) + _pattern_helper(s, s)


def test_T8_one_variant_per_activity() -> None:
    """A helper called with other arguments active is another function."""
    s, t = 1.5, 2.5
    expected = 2.0 * 4.0 * t + 2.0 * s + 1.0
    assert slope(helper_in_three_patterns, (s, t), (1.0, None)) == expected
    assert slope(helper_in_three_patterns, (s, t), (None, 1.0)) == (2.0 * s + 2.0) * 4.0


def _twenty(a, b, c, d, e, f, g, h, i, j, k, m, n, o, p, q, r, s, t, u):
    return a * b + c * d + e * f + g * h + i * j + k * m + n * o + p * q + r * s + t * u


def twenty(a, b, c, d, e, f, g, h, i, j, k, m, n, o, p, q, r, s, t, u):
    return _twenty(a, b, c, d, e, f, g, h, i, j, k, m, n, o, p, q, r, s, t, u)


def test_T9_many_arguments() -> None:
    """Twenty active arguments are forty parameters, in a call inside compiled code as well."""
    args = tuple(float(v) for v in range(1, 21))
    expected = sum(args)
    assert slope(twenty, args, (1.0,) * 20) == expected


def _make(rate: float) -> Callable[..., Any]:
    def scaled(s):
        return s * s * rate

    return scaled


def test_T10_captured_values_belong_to_the_function() -> None:
    """Two closures of one text differ in what they have captured, in memory and on disk."""
    for rate in (2.0, 5.0, 2.0):
        assert slope(_make(rate), (3.0,), (1.0,)) == 6.0 * rate


RATE = 2.0
WEIGHTS = array(1.0, 2.0)


def with_globals(x):
    return (x @ WEIGHTS) * RATE


def test_T10_globals_are_those_of_the_first_use(monkeypatch) -> None:
    """As in numba they are frozen into what was compiled; a new derivative reads them anew."""
    x = array(3.0, 4.0)
    before = forward_grad(with_globals)
    assert before.jvp((x,), (x,)) == (22.0, 22.0)
    monkeypatch.setitem(globals(), "RATE", 5.0)
    monkeypatch.setitem(globals(), "WEIGHTS", array(1.0, 0.0))
    after = forward_grad(with_globals)
    assert after.jvp((x,), (x,)) == (15.0, 15.0)
    WEIGHTS[1] = 1.0
    assert forward_grad(with_globals).jvp((x,), (x,)) == (35.0, 35.0)
    assert before.jvp((x,), (x,)) == (22.0, 22.0)
    assert after.jvp((x,), (x,)) == (15.0, 15.0)


def test_T11_a_changed_helper_is_noticed(tmp_path, monkeypatch) -> None:
    """The key of compiled code covers all that the function calls, not its own text alone."""
    monkeypatch.syspath_prepend(tmp_path)
    import importlib
    import sys

    for power in (2, 3):
        folder = tmp_path / f"round{power}"
        folder.mkdir()
        (folder / "trap_constant.py").write_text(f"POWER = {power}\n")
        # The text of this module stays as it is; only the number that it imports changes.
        (folder / "trap_helper.py").write_text(
            "from trap_constant import POWER\n\ndef bend(a):\n    return a ** POWER\n"
        )
        (folder / "trap_user.py").write_text(
            "from trap_helper import bend\n\ndef program(s):\n    return bend(s) * 2.0\n"
        )
        monkeypatch.syspath_prepend(folder)
        for name in ("trap_constant", "trap_helper", "trap_user"):
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        module = importlib.import_module("trap_user")
        assert slope(module.program, (3.0,), (1.0,)) == 2.0 * power * 3.0 ** (power - 1)


def test_T12_compiled_code_has_a_real_file() -> None:
    """Text executed from memory cannot be cached and has no lines in a traceback."""
    made = forward_grad(roots)
    made.jvp((array(4.0),), (array(1.0),))
    import sys

    texts = []
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None) or ""
        if "roots_jvp" in vars(module) and path:
            with open(path, encoding="utf-8") as file:
                texts.append(file.read())
    assert made.source in texts


@njit
def _factorial_power(a, n):
    if n == 0:
        return 1.0
    return a * n * _factorial_power(a, n - 1)


def recursive(s, n):
    return _factorial_power(s, n)


def _even(a, n):
    return 1.0 if n == 0 else a * _odd(a, n - 1)


def _odd(a, n):
    return a if n == 0 else a * a * _even(a, n - 1)


def mutually_recursive(s, n):
    return _even(s, n)


@forward_grad
def recursive_by_its_new_name(s, n):
    if n == 0:
        return 1.0
    return s * recursive_by_its_new_name(s, n - 1)


@pytest.mark.parametrize("function", [recursive, mutually_recursive, recursive_by_its_new_name])
def test_T13_recursion_needs_its_type_before_it_has_one(function: Callable[..., Any]) -> None:
    """The paths that end give it, in our typing as in numba's."""
    check_jvp(function, (2.0, 3))


def mixed_tuple(data, s):
    x, n, inner = data
    return np.sum(x) * n + inner[0] * inner[1] * s


def test_T14_tuples_of_unlike_parts() -> None:
    """An array, an integer and a nested pair in one argument."""
    data = (array(1.0, 2.0), 3, (0.5, 4.0))
    moved = (array(1.0, 1.0), 0, (1.0, 2.0))
    value, tangent = both_ways(mixed_tuple, (data, 2.0), (moved, 10.0))
    assert value == 13.0
    assert tangent == 6.0 + 4.0 * 2.0 + 0.5 * 2.0 * 2.0 + 2.0 * 10.0


def unrolled(x):
    total = 0.0
    for v in literal_unroll((x, 2.0)):
        total += np.sum(v * x)
    return total


def walked(x):
    total = 0.0
    for v in (x, 2.0):
        total += np.sum(v * x)
    return total


@pytest.mark.parametrize("function", [unrolled, walked])
def test_T14_a_loop_over_unlike_parts_is_written_out(function: Callable[..., Any]) -> None:
    """Its variable has no one type, so each step is a piece of program of its own."""
    value, tangent = both_ways(function, (array(1.0, 2.0),), (array(1.0, -1.0),))
    assert (value, tangent) == (11.0, -2.0)


def generator_expression(x):
    return sum(a * a for a in x)


def deleted(s):
    a = s * 2.0
    c = a
    del a
    return c


def walrus(s):
    if (a := s * 2.0) > 0.0:
        return a * a
    return s


def with_block(s):
    with np.errstate(all="ignore"):
        return s * 2.0


def starred(s, t):
    a, *rest = (s, t, s * t)
    return a * rest[0]


def two_dimensional_mask(X):
    return np.sum(X[X > 0.0])


def unpacked_in_a_call(s, t):
    pair = (s, t)
    return max(*pair)


def stored_through_a_mask(x):
    x[x > 1.0] = x[:0]
    return x[0]


@pytest.mark.parametrize(
    ("function", "kind", "line"),
    [
        (deleted, UnsupportedSyntax, "del a"),
        (with_block, UnsupportedSyntax, "with np"),
    ],
)
def test_T15_what_numba_cannot_take_is_refused_at_its_line(
    function: Callable[..., Any], kind: type[TangentError], line: str
) -> None:
    """The message names the construct; numba never sees it."""
    given = {"x": np.ones(2), "X": np.ones((2, 2)), "s": 0.5, "t": 0.6}
    code = function.__code__
    refused(function, tuple(given[n] for n in code.co_varnames[: code.co_argcount]), kind, line)


@pytest.mark.parametrize("function", [two_dimensional_mask, stored_through_a_mask])
def test_T15_masks_are_written_as_loops(function: Callable[..., Any]) -> None:
    """numba refuses both."""
    whole = function is two_dimensional_mask
    x = np.array([[1.0, -2.0], [0.5, 3.0]]) if whole else array(1.0, 0.5)
    agrees(function, (x,), (np.cos(x),))


@pytest.mark.parametrize("function", [starred, unpacked_in_a_call])
def test_T15_stars_are_written_out(function: Callable[..., Any]) -> None:
    """numba refuses some of them; how many elements a tuple has is known from its type."""
    agrees(function, (0.5, 0.6), (1.0, -1.0))


def test_T15_generators_and_the_walrus_are_lowered_by_us() -> None:
    """numba refuses both; a generator inside `sum` is a loop, and `:=` an assignment before."""
    assert slope(generator_expression, (array(1.0, 2.0),), (array(1.0, -1.0),)) == -2.0
    assert slope(walrus, (3.0,), (1.0,)) == 24.0


def keyword_only(s, *, rate=2.0):
    return s * s * rate


def calls_keyword_only(s):
    return keyword_only(s) + keyword_only(s, rate=3.0)


def test_T15_defaults_of_keyword_only_arguments_are_read_by_us() -> None:
    """numba refuses them; a helper's become arguments of the call."""
    assert slope(calls_keyword_only, (3.0,), (1.0,)) == 30.0
    assert forward_grad(keyword_only).jvp((3.0, 5.0), (1.0,)) == (45.0, 30.0)


def products_of_views(A, x):
    return A.T @ x[::2] + A[:, ::2] @ x[:2]


def test_T16_products_of_strided_arrays() -> None:
    """BLAS wants contiguous arrays; numba warns, and a warning is an error here."""
    A, x = np.arange(1.0, 10.0).reshape(3, 3), array(1.0, 2.0, 3.0, 4.0, 5.0)
    d_A, d_x = np.eye(3), array(1.0, 0.0, 1.0, 0.0, 1.0)
    value, tangent = both_ways(products_of_views, (A, x), (d_A, d_x))
    assert value == pytest.approx(A.T @ x[::2] + A[:, ::2] @ x[:2])
    expected = d_A.T @ x[::2] + A.T @ d_x[::2] + d_A[:, ::2] @ x[:2] + A[:, ::2] @ d_x[:2]
    assert tangent == pytest.approx(expected)


def in_parallel(x):
    total = 0.0
    largest = -1.0
    y = np.zeros(x.size)
    for i in prange(x.size):
        if x[i] > 2.0:
            total += x[i] * x[i]
        if x[i] > largest:
            largest = x[i]
        y[i] = x[i] * i
        y[i] += x[i]
    return total * largest, y


def test_T17_prange_is_a_loop_like_any_other() -> None:
    """Conditional sums and stores by index, in the order of `range`; with threads the loop
    stays on one, since `largest` goes from one round to the next with its tangent.
    """
    x, d = array(1.0, 5.0, 3.0), array(1.0, 10.0, 100.0)
    value, (total, stored) = both_ways(in_parallel, (x,), (d,))
    assert value[0] == 170.0
    assert total == (2 * 5.0 * 10.0 + 2 * 3.0 * 100.0) * 5.0 + 34.0 * 10.0
    assert stored.tolist() == [1.0, 20.0, 300.0]
    threaded = forward_grad(in_parallel, parallel=True)
    assert "njit, prange" not in threaded.source_for(x)


def test_T18_another_machine_is_refused_by_name() -> None:
    """A target that is not there must not fall back in silence."""
    with pytest.raises(NotImplementedError, match="cuda"):
        forward_grad(roots, target="cuda")


def long_expression(x, y):
    return np.sum(np.exp(-x * x) * np.sin(y) + x * y)


def test_T19_array_expressions_become_loops() -> None:
    """Whole-array statements compile slowly and run slower."""
    text = differentiate(long_expression, (np.ones(3), np.ones(3)), (True, True), 1).text
    assert "for " in text
    assert "np.sum" not in text.split('"""', 2)[2].replace("# return np.sum", "")
    assert "np.empty" not in text.split("def long_expression_jvp")[1].split("def ")[0]


def raises_in_the_middle(x):
    y = np.exp(x)
    z = y[::-1].copy()
    if x[0] > 0.0:
        raise ValueError("positive")
    return np.sum(z[1:] * y[1:])


@pytest.fixture
def allocations():
    """How many arrays of compiled code are alive."""
    before = _nrt_python.memsys_stats_enabled()
    _nrt_python.memsys_enable_stats()

    def alive() -> int:
        stats = rtsys.get_allocation_stats()
        return stats.alloc - stats.free

    yield alive
    if not before:
        _nrt_python.memsys_disable_stats()


def test_T20_an_exception_leaves_no_array_behind(allocations: Callable[[], int]) -> None:
    """numba forgets what a function holds when one that it calls raises, so shadows count twice."""
    made, x = forward_grad(raises_in_the_middle), array(1.0, 2.0)
    alive = []
    for _ in range(3):
        with pytest.raises(ValueError, match="positive"):
            made.jvp((x,), (x,))
        alive.append(allocations())
    assert alive[0] == alive[1] == alive[2]


def scaled_by_powers_of_two(x, s, m):
    return np.ldexp(x, m) + np.ldexp(x, 3) * np.ldexp(s, 2) * math.ldexp(s, -1)


def test_T_exponents_of_two_stay_integers() -> None:
    """What a float32 meets is cast to float32, but `ldexp` takes integers only."""
    x, s, m = np.array([1.0, -3.0], np.float32), np.float32(2.0), np.array([1, 2])
    value, tangent = both_ways(scaled_by_powers_of_two, (x, s, m), (x, s, None))
    assert value.dtype == tangent.dtype == np.float32
    assert value.tolist() == [66.0, -204.0]
    assert tangent.tolist() == [2.0 + 3 * 64.0, -12.0 - 3 * 192.0]


Place = namedtuple("Place", ["x", "y"])


class Typed(NamedTuple):
    a: float
    n: int = 2


def moved(s, t):
    return Place(s * t, Typed(t))


def test_T_named_tuples_are_the_users_own(tmp_path: Path) -> None:
    """The text has stand-ins for the classes; what comes back is of the class itself."""
    made = forward_grad(moved, argnums=(0, 1))
    value, tangent = made.jvp((2.0, 3.0), (1.0, 10.0))
    assert value == Place(6.0, Typed(3.0, 2))
    assert tangent == Place(23.0, Typed(10.0, 0.0))
    for found in (value, tangent):
        assert type(found) is Place
        assert type(found.y) is Typed
    alone = written(tmp_path, made.source)
    assert alone.moved_jvp(2.0, 3.0, 1.0, 10.0)[1] == tangent
    assert alone.Place is not Place
    second = again(lambda s: moved(s, s).x, (2.0,), (True,), tmp_path)
    assert forward_grad(second, argnums=(0,)).jvp((2.0, 1.0), (1.0,)) == ((4.0, 4.0), (4.0, 2.0))

    @njit
    def in_compiled_code(p):
        return made.tangent(p.x, p.y, 1.0, 0.0)[0].x + p.x

    assert in_compiled_code(Place(2.0, 3.0)) == 8.0


def test_T_two_named_tuples_of_one_name_are_kept_apart() -> None:
    """Equal texts made for different classes are different modules."""

    def using(cls):
        return forward_grad(lambda s: cls(s, s * s))

    classes = [namedtuple("Local", ["x", "y"]) for _ in range(2)]
    values = [using(cls).jvp((3.0,), (1.0,)) for cls in classes]
    assert values[0] == values[1] == ((3.0, 9.0), (1.0, 6.0))
    assert [type(v[0]) for v in values] == classes


@njit("int64(float64)")
def _place(x):
    return x * 1.5


@njit(["float32(float32)"])
def _third(x):
    return x / 3


@njit("UniTuple(float32, 2)(float32, int64)")
def _pair(x, n):
    if n > 5:
        return 0, x
    return x * x, n


def through_declared(x, y):
    first, second = _pair(x, y)
    return _place(x) * y + _third(x) + first * second


def test_T_numba_casts_to_the_types_that_a_decorator_declares() -> None:
    """What is passed and what comes back, in helpers and in the function itself."""
    compiled = njit(through_declared)
    made = forward_grad(through_declared, argnums=(0, 1))
    value, tangent = made.jvp((2.7, 3.6), (1.0, 10.0))
    assert value == compiled(2.7, 3.6)
    # Positions are whole numbers and have no slope: 4 y, x / 3, and x² by an integer.
    assert tangent == pytest.approx(40.0 + 1 / 3 + 2 * 2.7 * 3, rel=1e-6)
    for function in (_place, _third, _pair):
        args = (2.7, 3) if function is _pair else (2.7,)
        assert forward_grad(function)(*args) == function(*args)
    assert forward_grad(_place).jvp((2.7,), (1.0,)) == (4, 0.0)
    assert forward_grad(_third).jvp((2.7,), (1.0,))[1] == np.float32(1 / 3)
    assert forward_grad(_third).py_func is _third.py_func


def in_numbas_words(x):
    held = np.zeros((2, 3), numba.float64)
    held[0, :] = x
    held[1] = np.full(3, 2, dtype=numba.int32) * x + np.arange(3).astype(types.float64)
    mask = np.ones(3, numba.bool_)
    mask[0] = x > 3.0
    pair = np.array([x, 1.0], numba.float32)
    return held[:, mask], pair * pair, numba.float64(x) * numba.int64(x), numba.float32(x)


def test_T_numbas_names_of_types_are_numpys() -> None:
    """As a dtype and as a call: numba takes both for the class of NumPy's."""
    value, tangent = forward_grad(in_numbas_words).jvp((1.5,), (2.0,))
    expected = njit(in_numbas_words)(1.5)
    for had, want in zip(value, expected):
        assert np.array_equal(had, want) and np.asarray(had).dtype == np.asarray(want).dtype
    assert tangent[0].tolist() == [[2.0, 2.0], [4.0, 4.0]]
    assert tangent[1].tolist() == [6.0, 0.0] and tangent[2:] == (2.0, 2.0)
