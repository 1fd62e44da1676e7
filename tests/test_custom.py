"""Derivatives given by hand. Rules here are wrong on purpose, so that one sees them used."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
import pytest

from tangent_fwd import Outer, custom, custom_jvp, forward_grad, register_jvp
from tangent_fwd.errors import NoRule, UnsupportedSyntax
from tests.harness import differentiate, plain, run


@custom_jvp
def softplus(x):
    return np.log(1.0 + np.exp(x))


@softplus.defjvp
def softplus_rule(x, d_x):
    value = np.log1p(np.exp(-abs(x))) + max(x, 0.0)
    return value, 3.0 * d_x / (1.0 + np.exp(-x))


@numba.njit
def scaled(x, n, y):
    return x * n + y


def scaled_rule(x, n, y, d_x, d_n, d_y):
    return x * n + y, 100.0 * d_x * n + d_y


def i0_rule(x, d_x):
    """The series of the modified Bessel function and of its slope."""
    term = value = 1.0
    slope = 0.0
    for k in range(1, 40):
        term *= x * x / (4.0 * k * k)
        value += term
        slope += term * 2.0 * k / x
    return value, slope * d_x


def norm_rule(W, d_W):
    return np.sqrt(np.sum(W * W)), np.sum(W * d_W) * 10.0


def frobenius(W):
    return np.linalg.norm(W)


register_jvp(scaled, scaled_rule)
register_jvp(frobenius, norm_rule)


@pytest.fixture(autouse=True)
def bessel(monkeypatch: pytest.MonkeyPatch) -> None:
    """For these tests only: others see that it is refused."""
    monkeypatch.setattr(custom, "_RULES", dict(custom._RULES))
    register_jvp(np.i0, i0_rule)


def mixed(x, y):
    return softplus(x[0]) * np.i0(x[1]) + scaled(x, 3, y)[0]


def first(function: Any, args: tuple[Any, ...], ways: list[tuple[Any, ...]]) -> Any:
    active = tuple(d is not None for d in ways[0])
    value, slopes, _, _ = run(
        plain(differentiate(function, args, active, len(ways))), args, ways
    )  # fmt: skip
    return value, slopes


X, Y = np.array([0.3, 1.2]), np.array([0.5, -0.25])


def expected(v: np.ndarray, w: np.ndarray | float) -> float:
    bessel, slope = i0_rule(X[1], v[1])
    logistic = 1.0 / (1.0 + math.exp(-X[0]))
    plus = math.log(1.0 + math.exp(X[0]))
    return 3.0 * logistic * v[0] * bessel + plus * slope + 300.0 * v[0] + np.zeros(2)[0] + w


def test_rules_are_used_for_every_activity_and_in_lanes() -> None:
    v, w = np.array([1.0, 0.5]), np.array([-2.0, 1.0])
    value, (slope,) = first(mixed, (X, Y), [(v, None)])
    assert value == pytest.approx(softplus(X[0]) * np.i0(X[1]) + scaled(X, 3, Y)[0], rel=1e-14)
    assert slope == pytest.approx(expected(v, 0.0), rel=1e-14)
    _, slopes = first(mixed, (X, Y), [(v, w), (w, v)])
    assert slopes == pytest.approx([expected(v, w[0]), expected(w, v[0])], rel=1e-14)


def test_the_value_alone_needs_no_rule() -> None:
    active = (False, True)
    text = differentiate(mixed, (X, Y), active, 1).text
    assert "softplus_rule" not in text
    value, (slope,) = first(mixed, (X, Y), [(None, Y)])
    assert value == pytest.approx(softplus(X[0]) * np.i0(X[1]) + scaled(X, 3, Y)[0], rel=1e-14)
    assert slope == Y[0]


def test_second_derivatives_differentiate_the_rule() -> None:
    entry = plain(differentiate(mixed, (X, Y), (True, False), 1, 2))
    v, step = np.array([1.0, 0.5]), 1e-6
    _, slope, curvature = entry(X, Y, v)
    ahead, behind = (entry(X + s * v, Y, v)[1] for s in (step, -step))
    assert slope == pytest.approx(expected(v, 0.0), rel=1e-14)
    # The value's own derivative is the rule's; the difference takes the true one of the value.
    logistic = 1.0 / (1.0 + math.exp(-X[0]))
    true_first = i0_rule(X[1], v[1])[1] * 2.0 * logistic * v[0]
    assert curvature == pytest.approx((ahead - behind) / (2.0 * step) + true_first, rel=1e-7)


def test_what_stands_still_has_zeros_of_its_own_type() -> None:
    """numba gives a sum with a zero of double precision that precision."""
    narrow = np.float32(0.5)
    text = differentiate(scaled, (narrow, 3, narrow), (True, False, False), 1).text
    assert "scaled_rule(x, n, y, d_x, None, np.float32(0.0))" in text
    text = differentiate(scaled, (0.5, 3, 0.5), (False, False, True), 1).text
    assert "scaled_rule(x, n, y, 0.0, None, d_y)" in text


def test_compiled_and_inside_the_users_compiled_code() -> None:
    made = forward_grad(mixed)
    v = np.array([1.0, 0.5])
    _, slope = made.jvp((X, Y), (v,))
    assert slope == pytest.approx(expected(v, 0.0), rel=1e-13)

    @numba.njit
    def user(x, y, d):
        return softplus(x[0]), made.tangent(x, y, d)[1]

    found = user(X, Y, v)
    assert found[0] == pytest.approx(softplus(X[0]), rel=1e-15)
    assert found[1] == slope


def test_a_function_with_a_rule_is_differentiated_by_it() -> None:
    """Decorated itself, or asked for by itself, it still has its rule."""
    _, (slope,) = first(softplus, (0.3,), [(1.0,)])
    assert slope == pytest.approx(3.0 / (1.0 + math.exp(-0.3)), rel=1e-15)
    assert softplus(0.3) == math.log(1.0 + math.exp(0.3))
    assert softplus.__name__ == "softplus"


def test_a_rule_is_given_whole_matrices() -> None:
    """An outer product is formed for it."""

    def loss(W):
        return frobenius(W) * 2.0

    W = np.arange(1.0, 7.0).reshape(2, 3)
    u, v = np.array([1.0, -1.0]), np.array([0.5, 2.0, 1.0])
    _, slope = forward_grad(loss).jvp((W,), (Outer(u, v),))
    assert slope == pytest.approx(20.0 * np.sum(W * np.outer(u, v)), rel=1e-13)


@custom_jvp
def unfinished(x):
    return 2.0 * x


@custom_jvp
def writing(x):
    x[0] = 1.0
    return x[1]


@writing.defjvp
def writing_rule(x, d_x):
    return x[1], d_x[1]


def narrow(x):
    return 2.0 * x


def narrow_rule(x):
    return 2.0 * x, 2.0


def value_only(x):
    return 2.0 * x


def value_only_rule(x, d_x):
    return 2.0 * d_x


register_jvp(narrow, narrow_rule)
register_jvp(value_only, value_only_rule)


@pytest.mark.parametrize(
    ("function", "message", "line"),
    [
        (lambda x: unfinished(x[0]), "`unfinished` has no rule yet", "@custom_jvp"),
        (lambda x: writing(x), "`writing` has a rule of its own, and writes", "@custom_jvp"),
        (lambda x: narrow(x[0]), "takes its 1 arguments and as many tangents", "narrow_rule"),
        (lambda x: value_only(x[0]), "gives a float64, and not its value and its", "value_only_ru"),
    ],
)
def test_rules_that_do_not_fit_are_refused_where_they_stand(
    function: Any, message: str, line: str
) -> None:
    with pytest.raises(NoRule, match=message) as caught:
        differentiate(function, (np.ones(2),), (True,), 1)
    (found,) = caught.value.diagnostics
    with open(__file__, encoding="utf-8") as file:
        lines = file.read().splitlines()
    assert any(line in text for text in lines[found.span.line - 2 : found.span.line])


def keyword(x):
    return np.i0(x=x[0])


def test_what_has_no_source_is_called_by_position() -> None:
    with pytest.raises(UnsupportedSyntax, match="`i0` takes 1 arguments, as its rule has them"):
        differentiate(keyword, (X,), (True,), 1)


def test_only_functions_are_registered() -> None:
    for pair in ((3.0, scaled_rule), (scaled, None)):
        with pytest.raises(TypeError, match="takes two functions"):
            register_jvp(*pair)
