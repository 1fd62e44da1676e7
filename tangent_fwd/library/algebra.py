"""Linear algebra: how factorisations and solutions move with their matrices.

Each function `<name>_tangent` gives the tangent of `np.linalg.<name>`, whose row in the rules names
it. It may ask for the value (`out`), the arguments, and their tangents (`d_a`), which are None
where an argument stands still.

The formulas are those of M. Giles, "Collected matrix derivative results for forward and reverse
mode algorithmic differentiation" (2008), and for the pseudo-inverse of G. Golub and V. Pereyra,
SIAM J. Numer. Anal. 10 (1973). Where LAPACK reads the lower triangle of a symmetric matrix, so do
the tangents. Vectors of equal eigenvalues are not determined, and what they would do is NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def inv_tangent(out: Any, d_a: Any) -> Any:
    """A⁻¹ moves by −A⁻¹ dA A⁻¹."""
    return np.asfortranarray(-(out @ d_a @ out))


def solve_tangent(out: Any, a: Any, d_a: Any, d_b: Any) -> Any:
    """The solution x of A x = b moves by that of A dx = db − dA x."""
    if d_a is None:
        return np.linalg.solve(a, d_b)
    if d_b is None:
        return np.linalg.solve(a, -(d_a @ out))
    return np.linalg.solve(a, d_b - d_a @ out)


def det_tangent(out: Any, a: Any, d_a: Any) -> Any:
    """By Jacobi's formula; where the determinant is 0, column by column."""
    if out != 0.0:
        return out * np.trace(np.linalg.solve(a, d_a))
    total = out
    for k in range(a.shape[1]):
        moved = a.copy()
        moved[:, k] = d_a[:, k]
        total += np.linalg.det(moved)
    return total


def slogdet_tangent(out: Any, a: Any, d_a: Any) -> Any:
    """The logarithm moves by the trace of A⁻¹ dA; a sign that is complex turns by its imaginary
    part.
    """
    if out[0] == 0.0:
        return 0.0 * out[0], np.nan
    moved = np.trace(np.linalg.solve(a, d_a))
    return out[0] * (moved - np.real(moved)), np.float64(np.real(moved))


def cholesky_tangent(out: Any, d_a: Any) -> Any:
    """L times the lower triangle of L⁻¹ dA L⁻ᴴ, with half of its diagonal."""
    inner = np.linalg.solve(out, _adjoint(np.linalg.solve(out, _hermitian(d_a))))
    return out @ (np.tril(inner, -1) + np.diag(0.5 * np.diag(inner)))


def eigh_tangent(out: Any, d_a: Any) -> Any:
    """Values move by the diagonal of Vᴴ dA V, vectors by V times the rest over the gaps. LAPACK
    leaves the first entry of a complex vector real.
    """
    w, v = out
    turned = _adjoint(v) @ _hermitian(d_a) @ v
    d_v = v @ _mixing(w, turned)
    if np.iscomplexobj(d_a):
        d_v -= v * _turns(v, d_v, _first(v, d_v))
    return _steps(w, turned), np.asfortranarray(d_v)


def eigvalsh_tangent(a: Any, d_a: Any) -> Any:
    """The values of `eigh`, without its vectors."""
    w, v = np.linalg.eigh(a)
    return _steps(w, _adjoint(v) @ _hermitian(d_a) @ v)


def eig_tangent(out: Any, d_a: Any) -> Any:
    """As for `eigh`, with V⁻¹ in place of Vᴴ; the vectors keep their length of one, and complex
    ones their largest entry real.
    """
    w, v = out
    turned = np.linalg.solve(v, d_a @ v)
    d_v = v @ _mixing(w, turned)
    for k in range(w.size):
        d_v[:, k] -= v[:, k] * np.sum(np.conj(v[:, k]) * d_v[:, k])
    d_v -= v * _turns(v, d_v, _largest(v))
    return _simple_steps(w, turned), np.asfortranarray(d_v)


def eigvals_tangent(a: Any, d_a: Any) -> Any:
    """The values of `eig`, without its vectors."""
    w, v = np.linalg.eig(a)
    return _simple_steps(w, np.linalg.solve(v, d_a @ v))


def svd_tangent(out: Any, d_a: Any) -> Any:
    """The values move by the diagonal of Uᴴ dA V; vectors by what mixes them, over the gaps, and by
    what of dA lies outside of them. Vectors that belong to no value are not determined. LAPACK
    leaves the first entry of a complex vector real, on the right of a tall matrix or a square one,
    on the left of a wide one.
    """
    count = out[1].size
    u, s, vt = np.ascontiguousarray(out[0][:, :count]), out[1], np.ascontiguousarray(out[2][:count])
    turned = _adjoint(u) @ d_a @ _adjoint(vt)
    even = _mixing(s, 0.5 * (turned + _adjoint(turned)))
    odd = np.zeros_like(turned)
    for i in range(count):
        for j in range(count):
            apart = turned[i, j] - np.conj(turned[j, i])
            if apart != 0.0:
                total = s[i] + s[j]
                odd[i, j] = 0.5 * apart / total if total != 0.0 else np.nan
    unknown = np.nan * u[0, 0]  # both parts of a complex number
    d_u = np.full_like(out[0], unknown)
    d_vt = np.full_like(out[2], unknown)
    d_u[:, :count] = u @ (even + odd)
    d_vt[:count] = _adjoint(even - odd) @ vt
    if d_a.shape[0] > count:
        beyond = d_a @ _adjoint(vt)
        d_u[:, :count] += (beyond - u @ (_adjoint(u) @ beyond)) / s
    if d_a.shape[1] > count:
        beyond = _adjoint(u) @ d_a
        d_vt[:count] += (beyond - (beyond @ _adjoint(vt)) @ vt) / s.reshape((count, 1))
    if np.iscomplexobj(d_a):
        if d_a.shape[0] < d_a.shape[1]:
            turns = _turns(u, d_u, _first(u, d_u))
        else:
            turns = -_turns(vt.T, d_vt.T, _first(vt.T, d_vt.T))
        d_u[:, :count] -= u * turns
        d_vt[:count] += vt * turns.reshape((count, 1))
    return d_u, _singular_steps(s, turned), d_vt


def qr_tangent(out: Any, d_a: Any) -> Any:
    """Q turns by the antihermitian matrix that has the lower triangle of Qᴴ dA R⁻¹; the diagonal
    of R stays real, as LAPACK has it.
    """
    q, r = np.ascontiguousarray(out[0]), out[1]
    count = q.shape[1]
    square = np.ascontiguousarray(r[:, :count])
    spread = np.linalg.solve(square.T, np.ascontiguousarray(d_a[:, :count]).T).T
    inner = _adjoint(q) @ spread
    turn = np.tril(inner, -1) - _adjoint(np.tril(inner, -1))
    if np.iscomplexobj(d_a):
        turn += np.diag(_imaginary(np.diag(inner)))
    d_q = q @ (turn - inner) + spread
    return np.asfortranarray(d_q), np.asfortranarray(np.triu(_adjoint(q) @ d_a - turn @ r))


def pinv_tangent(out: Any, a: Any, d_a: Any) -> Any:
    """−P dA P, and what the spaces that P and A leave out give, which P takes in by turning."""
    moved = -(out @ d_a @ out)
    d_h, out_h = _adjoint(d_a), _adjoint(out)
    beside = d_h - (d_h @ a) @ out
    before = d_h - out @ (a @ d_h)
    moved = moved + out @ (out_h @ beside) + (before @ out_h) @ out
    rank = int(np.round(np.real(np.sum(a * out.T))))
    if rank < min(a.shape[0], a.shape[1]):
        u, s, vt = np.linalg.svd(a, False)
        if s[rank] > _rounding(s):
            moved += _left_out(u, s, vt, rank, d_a)
    return np.asfortranarray(moved)


def lstsq_tangent(out: Any, a: Any, b: Any, d_a: Any, d_b: Any) -> Any:
    """The solution as that of the pseudo-inverse; the squared residual as what is left over."""
    x, squares, rank, s = out
    u, values, vt = np.linalg.svd(a, False)
    inverse = (_adjoint(vt[:rank]) / values[:rank]) @ np.ascontiguousarray(_adjoint(u[:, :rank]))
    left = b - a @ x
    moved = np.zeros_like(b)
    d_s = np.zeros_like(s)
    if d_b is not None:
        moved += d_b
    if d_a is not None:
        moved -= d_a @ x
        turned = _adjoint(u) @ d_a @ _adjoint(vt)
        d_s += _singular_steps(s, turned)
    d_x = inverse @ moved
    if d_a is not None:
        beside = _adjoint(d_a) @ (_adjoint(inverse) @ x)
        more = inverse @ (_adjoint(inverse) @ (_adjoint(d_a) @ left))
        d_x += more + beside - inverse @ (a @ beside)
        if rank < s.size and values[rank] > _rounding(s):
            d_x += _left_out(u, values, vt, rank, d_a) @ b
    d_squares = np.zeros_like(squares)
    if squares.size > 0:
        d_squares += 2.0 * np.sum(_real_product(left, moved), axis=0)
    return d_x, d_squares, 0, d_s


def matrix_power(a: Any, n: Any) -> Any:
    """The product of n times the same matrix; of its inverse for n below 0."""
    base = a.copy()
    if n < 0:
        base = np.ascontiguousarray(np.linalg.inv(a))
    result = np.eye(a.shape[0]).astype(a.dtype)
    left = abs(n)
    while left > 0:
        if left % 2 == 1:
            result = result @ base
        base = base @ base
        left //= 2
    return result


def cond(a: Any, ord: Any = None) -> Any:
    """The norm of a matrix times that of its inverse."""
    if ord is None or ord == 2 or ord == -2:
        s = np.linalg.svd(a)[1]
        return s[s.size - 1] / s[0] if ord == -2 else s[0] / s[s.size - 1]
    return np.linalg.norm(a, ord) * np.linalg.norm(np.linalg.inv(a), ord)


def svdvals(a: Any) -> Any:
    """The singular values, the largest first."""
    return np.linalg.svd(a, False)[1]


def _adjoint(a: Any) -> Any:
    """The matrix on its side, conjugate where it is complex."""
    if np.iscomplexobj(a):
        return np.conj(a).T
    return a.T


def _hermitian(a: Any) -> Any:
    """The symmetric matrix that has this lower triangle; of complex numbers, the Hermitian one."""
    below = np.tril(a, -1)
    return below + _adjoint(below) + np.diag(np.real(np.diag(a)))


def _imaginary(a: Any) -> Any:
    """What of a number is not real, which is nothing of a float."""
    return a - np.real(a)


def _real_product(a: Any, b: Any) -> Any:
    """The real part of conj(a) b."""
    if np.iscomplexobj(a):
        return np.real(a) * np.real(b) + np.imag(a) * np.imag(b)
    return a * b


def _rounding(s: Any) -> Any:
    """What of singular values may be rounding: they are 0 where a matrix has a lower rank."""
    return 10.0 * np.finfo(s.dtype).eps * s[0]


def _left_out(u: Any, s: Any, vt: Any, rank: Any, d_a: Any) -> Any:
    """What moves a pseudo-inverse more because the values from `rank` on are left out although they
    are not 0: their vectors mix with the others over a smaller gap.
    """
    turned = _adjoint(u) @ d_a @ _adjoint(vt)
    mixed = np.zeros_like(turned)
    for i in range(rank):
        for j in range(rank, s.size):
            below, across = turned[j, i], np.conj(turned[i, j])
            share = s[j] / ((s[i] - s[j]) * (s[i] + s[j]) * s[i] * s[i])
            mixed[j, i] = share * (s[i] * below + s[j] * across)
            mixed[i, j] = share * np.conj(s[j] * below + s[i] * across)
    return _adjoint(vt) @ mixed @ _adjoint(u)


def _first(v: Any, d_v: Any) -> Any:
    """Where each complex column has its first entry that is not 0, or leaves the real numbers."""
    places = np.zeros(v.shape[1], np.int64)
    for k in range(v.shape[1]):
        while places[k] < v.shape[0] - 1 and v[places[k], k] == 0.0:
            if np.imag(d_v[places[k], k]) != 0.0:
                break
            places[k] += 1
    return places


def _largest(v: Any) -> Any:
    """Where each column has its largest entry."""
    places = np.zeros(v.shape[1], np.int64)
    for k in range(v.shape[1]):
        places[k] = np.argmax(np.abs(v[:, k]))
    return places


def _turns(v: Any, d_v: Any, places: Any) -> Any:
    """How much of each complex vector to take from its tangent, so that one entry stays real; NaN
    where the one of which LAPACK says so is not, or is 0.
    """
    turns = np.zeros_like(v[0])
    for k in range(v.shape[1]):
        entry = v[places[k], k]
        if abs(np.imag(entry)) > 1e-4 * abs(entry) or entry == 0.0:
            turns[k] = np.nan
        else:
            turns[k] = _imaginary(d_v[places[k], k]) / entry
    return turns


def _mixing(w: Any, turned: Any) -> Any:
    """How much of each vector the others take in: what mixes them, over the gap of their values."""
    mixed = np.zeros_like(turned)
    for i in range(w.size):
        for j in range(w.size):
            if i != j and turned[i, j] != 0.0:
                gap = w[j] - w[i]
                mixed[i, j] = turned[i, j] / gap if gap != 0.0 else np.nan
    return mixed


def _steps(w: Any, turned: Any) -> Any:
    """How values in order move: alone each by its own entry, equal ones as their block has it."""
    steps = np.real(np.diag(turned)).copy()
    first = 0
    while first < w.size:
        end = first + 1
        while end < w.size and w[end] == w[first]:
            end += 1
        if end - first > 1:
            block = np.ascontiguousarray(turned[first:end, first:end])
            steps[first:end] = np.linalg.eigvalsh(block)
        first = end
    return steps


def _singular_steps(s: Any, turned: Any) -> Any:
    """How singular values move; those that are 0 only as the size of one real number does."""
    steps = -_steps(-s, -0.5 * (turned + _adjoint(turned)))
    for i in range(s.size):
        for j in range(s.size):
            if s[i] == 0.0 and s[j] == 0.0:
                if (i != j and turned[i, j] != 0.0) or np.imag(turned[i, j]) != 0.0:
                    steps[i] = np.nan
                    steps[j] = np.nan
    return steps


def _simple_steps(w: Any, turned: Any) -> Any:
    """How simple values move; equal ones may have no derivative."""
    steps = np.diag(turned).copy()
    for i in range(w.size):
        for j in range(w.size):
            if i != j and w[i] == w[j] and turned[i, j] != 0.0:
                steps[i] *= np.nan  # both parts of a complex number
    return steps
