"""Maps that need no formula: linear ones, products, and those that are locally constant."""

from __future__ import annotations

from tangent_fwd.rules.rule import constant, linear, multilinear

LINEAR = (
    # The same numbers in another shape, order or place
    linear("numpy.reshape", "a, shape"),
    linear("numpy.ravel, numpy.flatten", "a"),
    linear("numpy.item", "a", note="the method of an array of one element"),
    linear("numpy.transpose, numpy.permute_dims", "a, axes"),
    linear("numpy.swapaxes", "a, axis1, axis2"),
    linear("numpy.moveaxis", "a, source, destination"),
    linear("numpy.expand_dims", "a, axis"),
    linear("numpy.atleast_1d", "a"),
    linear("numpy.atleast_2d", "a"),
    linear("numpy.atleast_3d", "a"),
    linear("numpy.lib.stride_tricks.sliding_window_view", "x, window_shape"),
    linear("numpy.lib.stride_tricks.as_strided", "x, shape, strides", note="of contiguous arrays"),
    linear("numpy.broadcast_to", "a, shape"),
    linear("numpy.flip, numpy.fliplr, numpy.flipud", "a"),
    linear("numpy.rot90", "a, k"),
    linear("numpy.roll", "a, shift"),
    linear("numpy.repeat", "a, repeats"),
    linear("numpy.take", "a, indices"),
    linear("numpy.diag", "a, k"),
    linear("numpy.tril, numpy.triu", "a, k"),
    linear("numpy.concatenate, numpy.stack", "a, axis", note="of a tuple of arrays"),
    linear("numpy.hstack, numpy.vstack, numpy.column_stack", "a", note="of a tuple of arrays"),
    linear("numpy.copy, numpy.array, numpy.asarray", "a"),
    linear("numpy.ascontiguousarray, numpy.asfortranarray", "a"),
    linear("numpy.astype", "a, dtype", note="to a floating dtype; an integer one is constant"),
    linear("numpy.full", "shape, value", (1,)),
    linear("numpy.full_like", "a, value", (1,)),
    linear("builtins.float, numpy.float64, numpy.double, numpy.float32, numpy.single", "x"),
    linear("numpy.real, numpy.conjugate, numpy.conj", "x", note="of a real number"),
    linear("builtins.complex, numpy.complex128, numpy.complex64", "re, im", (0, 1)),
    # Weighted sums
    linear("builtins.sum, numpy.sum, numpy.mean, numpy.cumsum", "a, axis"),
    linear("numpy.trace", "a, offset"),
    linear("numpy.diff", "a, n"),
    linear("numpy.linspace", "start, stop, num", (0, 1)),
)

MULTILINEAR = (
    multilinear("matmul, operator.matmul, numpy.matmul, numpy.dot", "a, b"),
    multilinear("numpy.vdot", "a, b", note="real arrays"),
    multilinear("numpy.outer", "a, b"),
    multilinear("numpy.kron", "a, b"),
    multilinear("numpy.cross", "a, b"),
    multilinear("numpy.convolve, numpy.correlate", "a, v"),
)

STEP = "slope 0, at the jumps as well"

CONSTANT = (
    constant("floordiv, operator.floordiv, numpy.floor_divide", kink=STEP),
    constant("numpy.floor, numpy.ceil, numpy.trunc, numpy.rint", kink=STEP),
    constant("math.floor, math.ceil, math.trunc", kink=STEP),
    constant("numpy.around, numpy.round, builtins.round", kink=STEP),
    constant("numpy.sign, numpy.signbit", kink=STEP),
    constant("numpy.spacing, numpy.imag, numpy.angle", note="of a real number"),
    constant("lt, le, gt, ge, eq, ne, is, is_not, in, not_in, not, invert", kink=STEP),
    constant(
        "operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne, "
        "operator.not_, operator.truth, operator.is_, operator.is_not, operator.contains",
        kink=STEP,
    ),
    constant(
        "numpy.less, numpy.less_equal, numpy.greater, numpy.greater_equal, numpy.equal, "
        "numpy.not_equal, numpy.logical_and, numpy.logical_or, numpy.logical_xor, "
        "numpy.logical_not",
        kink=STEP,
    ),
    constant(
        "numpy.isnan, numpy.isinf, numpy.isfinite, numpy.isposinf, numpy.isneginf, "
        "numpy.isreal, numpy.iscomplex, numpy.isclose, numpy.allclose, numpy.array_equal, "
        "math.isnan, math.isinf, math.isfinite"
    ),
    constant(
        "builtins.int, builtins.bool, numpy.bool, numpy.int8, numpy.int16, numpy.int32, "
        "numpy.int64, numpy.intp, numpy.uint8, numpy.uint16, numpy.uint32, numpy.uint64",
        note="an integer carries no tangent",
        kink=STEP,
    ),
    constant(
        "bitand, bitor, bitxor, lshift, rshift, operator.and_, operator.or_, operator.xor, "
        "operator.invert, operator.lshift, operator.rshift, numpy.bitwise_and, "
        "numpy.bitwise_or, numpy.bitwise_xor, numpy.invert, numpy.left_shift, "
        "numpy.right_shift, numpy.gcd, numpy.lcm, math.gcd, math.lcm",
        note="of integers",
    ),
    constant(
        "numpy.argmax, numpy.argmin, numpy.argsort, numpy.argpartition, numpy.nanargmax, "
        "numpy.nanargmin, numpy.searchsorted, numpy.digitize, numpy.nonzero, "
        "numpy.flatnonzero, numpy.argwhere, numpy.count_nonzero, numpy.all, numpy.any, "
        "numpy.isin, numpy.linalg.matrix_rank, builtins.all, builtins.any",
        kink=STEP,
    ),
    constant(
        "builtins.len, builtins.range, builtins.isinstance, builtins.type, builtins.print, "
        "numpy.shape, numpy.size, numpy.ndim, numpy.isscalar, numpy.iscomplexobj, "
        "numpy.zeros_like, numpy.ones_like, numpy.empty_like",
        note="looks at the form of its argument, or only shows it",
    ),
    constant(
        "numpy.zeros, numpy.ones, numpy.empty, numpy.eye, numpy.identity, numpy.tri, "
        "numpy.ndindex, numpy.indices",
        note="made from integers",
    ),
)

MAPS = LINEAR + MULTILINEAR + CONSTANT
