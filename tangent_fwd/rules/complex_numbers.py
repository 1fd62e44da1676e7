"""Complex numbers: a tangent is the real-linear derivative, so that `conj` and `abs` have one too.

Most rows of the other tables hold for complex arguments as they stand, because their functions
are holomorphic; `HOLOMORPHIC` names them. The rest have a row here, or are refused.
"""

from __future__ import annotations

from tangent_fwd.rules.rule import Rule, linear, row

HOLOMORPHIC = frozenset(
    "ifelse add sub mul truediv neg pos pow.int pow.const pow.half pow.negative".split()
    + [
        f"numpy.{name}"
        for name in (
            "sin cos tan sinh cosh tanh arctan arccosh arctanh exp exp2 expm1 log log2 log10 log1p "
            "sqrt square reciprocal"
        ).split()
    ]
)
"""The first names of rows whose formulas hold for complex numbers."""

COMPLEX: tuple[Rule, ...] = (
    row(
        "builtins.abs, operator.abs, numpy.absolute, numpy.abs",
        "x",
        tangent="(real(x) * real(d_x) + imag(x) * imag(d_x)) / out if out != 0.0 else 0.0",
        kink="slope 0 at the origin",
    ),
    row(
        "numpy.angle",
        "x",
        tangent="(real(x) * imag(d_x) - imag(x) * real(d_x))"
        " / (real(x) * real(x) + imag(x) * imag(x)) if x != 0.0 else 0.0",
        kink="slope 0 at the origin",
    ),
    # A square root for each factor, so that none leaves its branch (DLMF 4.24, 4.37)
    row("numpy.arcsin, numpy.asin", "x", "1.0 / (sqrt(1.0 - x) * sqrt(1.0 + x))"),
    row("numpy.arccos, numpy.acos", "x", "-1.0 / (sqrt(1.0 - x) * sqrt(1.0 + x))"),
    row("numpy.arcsinh, numpy.asinh", "x", "1.0 / (sqrt(1.0 - 1.0j * x) * sqrt(1.0 + 1.0j * x))"),
    row(
        "pow, operator.pow, numpy.power",
        "x, y",
        "y * out / x if x != 0.0 else 0.0",
        "out * log(x) if x != 0.0 else 0.0",
        strong_zero=True,
    ),
    linear("numpy.real, numpy.imag, numpy.conjugate, numpy.conj", "x"),
)

SAME_FOR_ALL = frozenset(
    "eq ne not is is_not numpy.equal numpy.not_equal numpy.isnan numpy.isinf numpy.isfinite "
    "numpy.isreal numpy.iscomplex numpy.isclose numpy.allclose numpy.array_equal builtins.len "
    "builtins.bool builtins.print builtins.isinstance numpy.shape numpy.size numpy.ndim "
    "numpy.zeros_like numpy.ones_like numpy.empty_like numpy.linalg.inv numpy.linalg.solve "
    "numpy.linalg.det numpy.linalg.slogdet numpy.linalg.cholesky numpy.linalg.eigh "
    "numpy.linalg.eigvalsh numpy.linalg.eig numpy.linalg.eigvals numpy.linalg.svd numpy.linalg.qr "
    "numpy.linalg.pinv numpy.linalg.lstsq numpy.linalg.matrix_rank numpy.iscomplexobj".split()
)
"""Functions whose rows hold for complex numbers too: constants, and programs; not `np.sign`."""
