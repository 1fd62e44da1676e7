"""Complex numbers: tangents are complex too, and real-linear in the direction."""

from __future__ import annotations

import cmath

import numpy as np

_HALF_TURN = 1j * np.pi
_PHASE = np.exp(0.3j)  # a number of NumPy's
_KICK = np.array([[1.0, complex(-0.0, 0.5)], [-0.5j, 2.0]])

# There is no imaginary part left for the complex step.
OBJECTS_REFUSED = (
    "phasors",
    "elementary_functions",
    "powers_of_a_number",
    "size_and_angle",
    "parts_of_arrays",
    "julia_escape",
    "filled_by_conjugates",
    "products_of_vectors",
    "fourier_sum",
    "norm_of_a_state",
    "chosen_by_size",
    "transfer_function",
    "functions_of_cmath",
    "impedances32",
    "spectrum_of_a_hamiltonian",
    "determinants_of_complex_matrices",
    "factors_of_complex_matrices",
    "fitted_amplitudes",
)


def phasors(s, t):
    z = complex(s, t)
    real = complex(s, 1.0).real - np.sqrt(np.complex128(-s)).imag
    return (z * z + 1j * z - z / (2.0 + 1j)).real * z.imag * real


def elementary_functions(zeta):
    w = np.exp(1j * zeta) + np.sin(zeta) * np.cosh(zeta) - np.tanh(zeta)
    return w + np.log(zeta) + np.sqrt(zeta) + np.arctan(zeta) / np.square(zeta)


def powers_of_a_number(zeta, s):
    return zeta**3 + zeta**-2 + zeta**0.5 + zeta**2.5 + zeta**s + s**zeta


def size_and_angle(zeta, s):
    return abs(pow(zeta - s, 2)) * np.angle(zeta) + np.abs(zeta.conjugate() * 1j)


def parts_of_arrays(Z, x):
    V = Z.conj() * x
    return V.real * Z.imag + np.real(V) + np.imag(V) * np.mean(Z).real + np.abs(Z)


def julia_escape(zeta):
    w = 0j
    for _ in range(20):
        if abs(w) > 2.0:
            break
        w = w * w + zeta
    return w


def filled_by_conjugates(Z, x):
    out = np.zeros(Z.size, np.complex128)
    for i in range(Z.size):
        out[i] = Z[i] * x[i] + np.conj(Z[i - 1])
    out[1:3] *= 2j
    out[0] = x[0]
    return out


def products_of_vectors(H, Z):
    v = Z[:3].copy()
    return np.vdot(v, H @ v) + np.dot(v, v) + np.sum(H.T @ np.conj(v))


def fourier_sum(x):
    total = 0.0
    for k in range(x.size):
        s = 0j
        for n in range(x.size):
            s += x[n] * np.exp(-2.0 * _HALF_TURN * k * n / x.size)
        total += k * abs(s)
    return total


def norm_of_a_state(Z, s):
    """A step of a quantum system, Crank and Nicolson's."""
    psi = _PHASE * Z - 0.05j * s * np.roll(Z, 1) + _KICK[0, 1]
    psi[:2] = np.linalg.solve(_KICK + 0.1j * s * np.outer(psi[:2], Z[1:3]), psi[:2])
    return np.sqrt(np.sum(psi.real**2 + psi.imag**2))


def chosen_by_size(Z, zeta):
    kept = np.where(np.abs(Z) > 0.9, Z * Z, Z * zeta)
    return kept if kept[0] != 0.0 else -kept


def transfer_function(r, s):
    """What a filter lets through at each frequency."""
    gain = np.empty(r.size)
    for i in range(r.size):
        h = 1.0 / (1.0 + 1j * r[i] * s + (1j * r[i]) ** 2)
        gain[i] = 20.0 * np.log10(abs(h))
    return gain


def functions_of_cmath(s, zeta):
    return cmath.exp(1j * s) * cmath.sqrt(s - 1.0) + cmath.phase(zeta) * cmath.log(zeta)


def impedances32(x32):
    z = 1j * x32 + np.complex64(2.0)
    return (z * z).real + np.abs(1.0 / z)


def spectrum_of_a_hamiltonian(H, s):
    """Levels, and how a state is spread over them."""
    hamiltonian = H + np.conj(H).T + s * np.diag(np.arange(3.0))
    energies, states = np.linalg.eigh(hamiltonian)
    along, vectors = np.linalg.eig(H * s)
    spread = np.abs(states[:, 0]) ** 2 * energies + np.linalg.eigvalsh(hamiltonian * s)
    return spread * states[1, 2] + vectors[:, 1] * along + np.linalg.eigvals(H)


def determinants_of_complex_matrices(H, s):
    sign, logarithm = np.linalg.slogdet(H * s)
    lower = np.linalg.cholesky(H @ np.conj(H).T + s * np.eye(3))
    return np.linalg.det(H) * sign + logarithm * lower[2, 1] * np.linalg.matrix_power(H, 2)[0, 1]


def factors_of_complex_matrices(H, s):
    """Vectors with the phase that LAPACK leaves them, on either side."""
    u, values, vh = np.linalg.svd(H[:, :2] * s, False)
    left, few, right = np.linalg.svd(H[:1] + s, full_matrices=False)
    square, all_values, wide = np.linalg.svd(H)
    q, r = np.linalg.qr(H[:2] * s)
    moved = u[:, 1] * vh[1, 1] * values[0] + left[0, 0] * right[0] * few
    return moved * q[0, 1] + r[0] * square[2, 1] * wide[1] * all_values


def fitted_amplitudes(H, Z):
    """Least squares, with a value left out; what comes of it is measured by several norms."""
    x, squares, _, values = np.linalg.lstsq(H[:, :2], Z[:3])
    low = np.linalg.pinv(H, 0.5) @ np.linalg.lstsq(H, np.outer(Z[:3], Z[1:3]), 0.5)[0]
    sizes = np.linalg.norm(x) * np.linalg.norm(Z, np.inf) + np.linalg.norm(H, 1) * np.linalg.norm(H)
    spread = np.linalg.cond(H) + np.linalg.norm(H, 2) * np.linalg.svdvals(low)[0]
    return low * squares[0] * sizes + spread * values[1] * np.linalg.matrix_rank(low)
