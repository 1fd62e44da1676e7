"""Known traps of types and of numba."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numba import njit

from tangent_fwd import ActivityError, TangentError, forward_grad
from tests.harness import differentiate, plain
from tests.trap_support import array, both_ways, slope


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


def roots(x):
    return np.sqrt(x)


def test_T2_fast_math_keeps_the_guards() -> None:
    """Flags that assume no NaN or infinity would delete the check for a zero direction."""
    made = forward_grad(roots, fastmath=True)
    _, tangent = made.jvp((array(0.0, 4.0, 0.0),), (array(0.0, 1.0, 1.0),))
    assert tangent.tolist() == [0.0, 0.25, math.inf]


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


def test_T3_tangents_have_the_type_of_the_value() -> None:
    """Scalars too: no double precision sneaks in through the partials."""
    made = forward_grad(scalar_literals)
    specialised = made.jvp((np.float32(0.5),), (np.float32(1.0),))
    assert specialised[1] == pytest.approx(8.0, rel=1e-6)


def grows_into_an_array(x):
    total = 0
    for i in range(x.shape[0]):
        total = total + x[i]
    return total


def test_T4_an_integer_zero_that_becomes_a_float() -> None:
    """The tangent starts as a float of its own, not as the primal's integer."""
    assert slope(grows_into_an_array, (array(1.0, 2.0),), (array(3.0, 4.0),)) == 7.0


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


def maybe_unbound(s, flag):
    if flag:
        a = s * 2.0
    return a * s


def test_T6_a_name_that_may_be_unbound_is_refused() -> None:
    """numba reads it as zero, which would be a silent zero tangent."""
    with pytest.raises(ActivityError, match="`a`"):
        forward_grad(maybe_unbound).jvp((1.0, True), (1.0,))


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


def twenty(a, b, c, d, e, f, g, h, i, j, k, m, n, o, p, q, r, s, t, u):
    return a * b + c * d + e * f + g * h + i * j + k * m + n * o + p * q + r * s + t * u


def test_T9_many_arguments() -> None:
    """Twenty active arguments are forty parameters."""
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


def test_T11_a_changed_helper_is_noticed(tmp_path, monkeypatch) -> None:
    """The key of compiled code covers all that the function calls, not its own text alone."""
    monkeypatch.syspath_prepend(tmp_path)
    import importlib
    import sys

    for power in (2, 3):
        folder = tmp_path / f"round{power}"
        folder.mkdir()
        (folder / "trap_helper.py").write_text(f"def bend(a):\n    return a ** {power}\n")
        (folder / "trap_user.py").write_text(
            "from trap_helper import bend\n\ndef program(s):\n    return bend(s) * 2.0\n"
        )
        monkeypatch.syspath_prepend(folder)
        for name in ("trap_helper", "trap_user"):
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


@pytest.mark.parametrize("function", [recursive, mutually_recursive])
def test_T13_recursion_is_refused(function: Callable[..., Any]) -> None:
    """Its result needs a type before it has one; we say so instead of going round for ever."""
    with pytest.raises(TangentError, match="recursion"):
        forward_grad(function).jvp((2.0, 3), (1.0,))


def mixed_tuple(data, s):
    x, n, inner = data
    return np.sum(x) * n + inner[0] * inner[1] * s


def test_T14_tuples_of_unlike_parts() -> None:
    """An array, an integer and a nested pair in one argument."""
    data = (array(1.0, 2.0), 3, (0.5, 4.0))
    moved = (array(1.0, 1.0), 0, (1.0, 2.0))
    made = forward_grad(mixed_tuple, argnums=(0, 1))
    value, tangent = made.jvp((data, 2.0), (moved, 10.0))
    assert value == 13.0
    assert tangent == 6.0 + 4.0 * 2.0 + 0.5 * 2.0 * 2.0 + 2.0 * 10.0


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


@pytest.mark.parametrize(
    ("function", "line"),
    [
        (generator_expression, "return sum"),
        (deleted, "del a"),
        (walrus, "if (a :="),
        (with_block, "with np"),
        (starred, "a, *rest"),
        (two_dimensional_mask, "return np.sum"),
    ],
)
def test_T15_what_numba_cannot_take_is_refused_at_its_line(
    function: Callable[..., Any], line: str
) -> None:
    """The message names the construct; numba never sees it."""
    count = function.__code__.co_argcount
    args = (np.ones((2, 2)),) if function is two_dimensional_mask else (0.5, 0.6)[:count]
    if function is generator_expression:
        args = (np.ones(2),)
    with pytest.raises(TangentError) as caught:
        forward_grad(function).jvp(args, (args[0],))
    assert line in str(caught.value)
    assert caught.value.diagnostics


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
