"""Linear algebra: maps whose tangent takes a program of its own, in `library/algebra.py`."""

from __future__ import annotations

from tangent_fwd.library import algebra
from tangent_fwd.rules.rule import custom

LOWER = "of the lower triangle, which is all that is read"
SIMPLE = "of simple values; where they are equal, what is not determined is NaN"

OF_REAL = "of a real matrix real values only"
PHASE = "a complex vector keeps its {} entry real, as LAPACK has it"
QR = "of full rank; of a complex matrix the diagonal of R stays real, as LAPACK has it"
SVD = (
    f"{SIMPLE}; vectors beyond the values are not determined either; a complex right vector keeps "
    "its first entry real, as LAPACK has it, and of a wide matrix the left one"
)
STAYS = "where the rank stays"
EIGH = f"{LOWER}; {SIMPLE}; {PHASE.format('first')}"
EIG = f"{OF_REAL}; {SIMPLE}; {PHASE.format('largest')}"

ALGEBRA = (
    custom("numpy.linalg.inv", "a", algebra.inv_tangent),
    custom("numpy.linalg.solve", "a, b", algebra.solve_tangent),
    custom("numpy.linalg.det", "a", algebra.det_tangent),
    custom("numpy.linalg.slogdet", "a", algebra.slogdet_tangent, note="a real sign stands still"),
    custom("numpy.linalg.cholesky", "a", algebra.cholesky_tangent, note=LOWER),
    custom("numpy.linalg.eigh", "a", algebra.eigh_tangent, note=EIGH),
    custom("numpy.linalg.eigvalsh", "a", algebra.eigvalsh_tangent, note=LOWER),
    custom("numpy.linalg.eig", "a", algebra.eig_tangent, note=EIG),
    custom("numpy.linalg.eigvals", "a", algebra.eigvals_tangent, note=f"{OF_REAL}; {SIMPLE}"),
    custom("numpy.linalg.svd", "a, full_matrices", algebra.svd_tangent, note=SVD),
    custom("numpy.linalg.qr", "a", algebra.qr_tangent, note=QR),
    custom("numpy.linalg.pinv", "a, rcond", algebra.pinv_tangent, note=STAYS),
    custom("numpy.linalg.lstsq", "a, b, rcond", algebra.lstsq_tangent, note=STAYS),
)
