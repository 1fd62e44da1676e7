"""Complex numbers at the boundary, and what of them is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tangent_fwd import forward_grad
from tangent_fwd.errors import NoRule, TangentError, TypingFailure
from tests.harness import differentiate, plain


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


def along(function: Any, a: Any, d_a: Any) -> Any:
    """The tangent of a function of one matrix, in plain Python."""
    return plain(differentiate(function, (a,), (True,), 1))(a.copy(), d_a.copy())[1]


def singular(A):
    return np.linalg.svd(A, True)


def states(A):
    return np.linalg.eigh(A)


def factors(A):
    u, s, vt = np.linalg.svd(A, True)
    q, r = np.linalg.qr(A)
    return u, s, vt, q, r


@pytest.mark.parametrize(
    ("kind", "near"),
    [(np.complex128, 1e-12), pytest.param(np.complex64, 1e-4, marks=pytest.mark.slow)],
)
def test_the_factors_move_as_their_product_does(kind: Any, near: float) -> None:
    """Whatever the phases: d(U S Vᴴ) = dA, and what LAPACK leaves real stays so."""
    rng = np.random.default_rng(8)
    derivative = plain(differentiate(factors, (np.ones((3, 3), kind),), (True,), 1))
    for m, n in ((3, 3), (4, 2), (2, 4)):
        a, d_a = (rng.normal(size=(2, m, n)) + 1j * rng.normal(size=(2, m, n))).astype(kind)
        k = min(m, n)
        (u, s, vt, q, r), tangents = derivative(a, d_a)
        assert [d.dtype for d in tangents] == [kind, s.dtype, kind, kind, kind]
        d_u, d_s, d_vt, d_q, d_r = tangents
        assert np.isnan(d_u[:, k:].imag).all()
        assert np.isnan(d_vt[k:].imag).all()
        moved = (d_u[:, :k] * s + u[:, :k] * d_s) @ vt[:k] + (u[:, :k] * s) @ d_vt[:k]
        np.testing.assert_allclose(moved, d_a, atol=near)
        np.testing.assert_allclose(d_q @ r + q @ d_r, d_a, atol=near)
        kept = d_vt[:k, 0] if m >= n else d_u[0]
        np.testing.assert_allclose(np.append(kept, np.diag(d_r)).imag, 0.0, atol=near)


def test_a_phase_that_is_not_determined_is_nan() -> None:
    """In both parts of the number; so is a vector whose phase jumps, and no other."""
    split = np.diag([3.0, 2.0]) + 0j
    turning = np.array([[0.0, -1j], [1j, 0.0]])
    d_v = along(states, split, turning)[1]
    assert np.isnan(d_v[:, 0].imag).any() == (states(split)[1][0, 0] == 0.0)
    assert np.isnan(d_v[:, 1].imag).any() == (states(split)[1][0, 1] == 0.0)
    d_u, d_s, d_vt = along(singular, split, turning)
    assert np.isnan(d_u[:, 1].imag).all()
    assert np.isnan(d_vt[1].imag).all()
    assert not np.isnan(d_u[:, 0]).any()
    assert d_s.tolist() == [0.0, 0.0]
    # Two values are equal; one is 0 and moves as the size of a complex number does there.
    assert np.isnan(along(singular, np.eye(2) + 0j, turning)[0].imag).all()
    zero = along(singular, np.diag([2.0, 0.0]) + 0j, np.diag([1.0, 1j]))[1]
    assert zero[0] == 1.0
    assert np.isnan(zero[1])


def sizes(A):
    return np.linalg.norm(A, 1, keepdims=True)


def sizes_of_both_axes(A):
    return np.linalg.norm(A, np.inf, axis=(0, 1))


def test_an_order_of_a_matrix_is_not_that_of_a_vector() -> None:
    for function in (sizes, sizes_of_both_axes):
        for a in (np.ones((2, 3)), np.ones((2, 3)) * 1j):
            with pytest.raises(ValueError, match="neither `axis` nor `keepdims`"):
                along(function, a, a)


def parts(A):
    if np.iscomplexobj(A):
        return np.sum(A.imag)
    return np.sum(A)


def test_whether_an_argument_is_complex_is_known_beforehand() -> None:
    a = np.array([[1.0 + 2.0j, 3.0]])
    assert along(parts, a, 3j * a) == 12.0
    assert along(parts, a.real, a.real) == 4.0
    text = differentiate(parts, (a,), (True,), 1).text
    assert "iscomplexobj" not in text.replace("# if np.iscomplexobj(A):", "")
