"""Complex numbers at the boundary, and what of them is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tangent_fwd import forward_grad
from tangent_fwd.errors import NoRule, TangentError, TypingFailure
from tests.harness import differentiate


@forward_grad
def power(z):
    return abs(z) ** 2 + z.imag


@forward_grad(argnums=(0, 1))
def energy(Z, s):
    return np.sum(np.abs(Z * s))


def test_directions_of_complex_arguments_may_be_complex_or_real() -> None:
    z = 0.6 - 0.8j
    for direction in (1.0, 1j, 2.0 - 1j, np.complex128(1j), np.float64(0.5), 3):
        value, slope = power.jvp((z,), (direction,))
        assert value == pytest.approx(0.2, abs=1e-15)
        d = complex(direction)
        wanted = 2.0 * (z.real * d.real + z.imag * d.imag) + d.imag
        assert slope == pytest.approx(wanted, rel=1e-14)


def test_arrays_of_both_kinds() -> None:
    Z, s = np.array([3.0 + 4.0j, 1j]), 2.0
    value, slope = energy.jvp((Z, s), (np.array([1j, 0.0]), 0.5))
    assert value == pytest.approx(12.0)
    assert slope == pytest.approx(2.0 * 0.8 + 0.5 * 6.0)


@pytest.mark.parametrize(
    ("primals", "tangents", "message"),
    [
        ((np.ones(2) * 1j, 2.0), (np.ones(2), 0.5), "dtype float64, but `Z` has complex128"),
        ((np.ones(2) * 1j, 2.0), (np.ones(2) * 1j, 0.5j), "tangent of `s` must be a real number"),
    ],
)
def test_a_direction_has_the_dtype_of_its_argument(
    primals: Any, tangents: Any, message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        energy.jvp(primals, tangents)


def test_there_is_no_one_gradient() -> None:
    with pytest.raises(TypeError, match="`z` is complex, and has a slope along 1 and one along"):
        power.grad(0.5 + 1j)


def sign(Z):
    return np.sign(Z)


def spread(Z):
    return np.var(Z)


def largest(Z):
    return np.max(Z)


def cut(Z):
    return np.maximum(Z, 1.0)


def waves(Z):
    return np.sinc(Z)


def inverse(H):
    return np.linalg.inv(H)


@pytest.mark.parametrize(
    ("function", "kind", "message"),
    [
        (sign, NoRule, "no derivative rule for `np.sign` of complex numbers"),
        (spread, TypingFailure, "`np.var` is not supported for 1-D array of complex128"),
        (largest, TypingFailure, "complex numbers have no order"),
        (cut, NoRule, "no derivative rule for `np.maximum` of complex numbers"),
        (waves, NoRule, "no derivative rule for `np.sinc` of complex numbers"),
    ],
)
def test_what_holds_for_real_numbers_only_is_refused(
    function: Any, kind: type[TangentError], message: str
) -> None:
    Z = np.array([1.0 + 2.0j, -0.5j])
    with pytest.raises(kind, match=message):
        differentiate(function, (Z,), (True,), 1)


@pytest.mark.slow
def test_the_inverse_of_a_complex_matrix() -> None:
    a = np.array([[1.0 + 2.0j, -0.5j], [0.3, 1.0 - 1.0j]])
    d_a = np.array([[0.5j, 1.0], [-1.0 + 1.0j, 2.0]])
    value, slope = forward_grad(inverse).jvp((a,), (d_a,))
    np.testing.assert_allclose(value, np.linalg.inv(a), rtol=1e-14)
    np.testing.assert_allclose(slope, -value @ d_a @ value, rtol=1e-14)
