"""What the names in a user's function stand for: the key of each callable, and the constants."""

from __future__ import annotations

import random
import sys
import types
from typing import Any

import numpy as np

from tangent_fwd.frontend.parse import derived
from tangent_fwd.ir.nodes import Lit
from tangent_fwd.rules import rule

# Names that are another spelling of a function we know under one key.
ALIASES = {
    "numpy.amax": "numpy.max",
    "numpy.amin": "numpy.min",
    "numpy.abs": "numpy.absolute",
    "numpy.true_divide": "numpy.divide",
    "numpy.row_stack": "numpy.vstack",
    "numpy.matmul": "matmul",
    "numpy.i0": "scipy.special.i0",
    **{f"scipy.special.{name}": f"numpy.{name}" for name in ("cbrt", "exp2", "expm1", "log1p")},
    "numpy.fix": "numpy.trunc",
    "numpy.asanyarray": "numpy.asarray",
    "numpy.linalg.matmul": "matmul",
    **{f"numpy.linalg.{name}": f"numpy.{name}" for name in (
        "outer trace diagonal cross matrix_transpose tensordot vecdot").split()},
    "_operator.abs": "builtins.abs",
    "_operator.truth": "builtins.bool",
    "_operator.not_": "not",
    "_operator.is_": "is",
    **{f"_operator.{name}": name for name in (
        "add sub mul truediv floordiv mod pow matmul lt le gt ge eq ne is_not lshift rshift "
        "neg pos invert").split()},
    **{f"_operator.{name}": f"bit{name.strip('_')}" for name in ("and_", "or_", "xor")},
}  # fmt: skip
# Functions of `cmath`, which are those of NumPy for complex numbers.
OF_COMPLEX = {
    f"cmath.{name}": f"numpy.{known}"
    for name, known in {
        **{n: n for n in "exp log log10 sqrt sin cos tan sinh cosh tanh".split()},
        **{n: n for n in "isnan isinf isfinite".split()},
        "asin": "arcsin", "acos": "arccos", "asinh": "arcsinh",
        "atan": "arctan", "acosh": "arccosh", "atanh": "arctanh", "phase": "angle",
    }.items()
}  # fmt: skip
UNARY = frozenset(("neg", "pos", "invert", "not"))

# Builtins that can be called for a value, and those that only a `for` understands.
BUILTINS = frozenset(
    f"builtins.{name}"
    for name in (
        "abs all any bool complex divmod float int len list max min next pow print range round "
        "sorted str sum tuple"
    ).split()
)
# What the functions of the module `random` are methods of.
_DRAWS = getattr(random.random, "__self__", None)
WALKS = (enumerate, zip, reversed, map, filter)

# Array methods that are the NumPy function of the same name with the array first.
METHODS = frozenset(
    "sum mean max min prod argmax argmin reshape ravel flatten transpose copy astype dot "
    "all any std var cumsum cumprod fill item clip round conj conjugate trace diagonal swapaxes "
    "squeeze repeat take argsort nonzero partition searchsorted compress is_integer view".split()
)
METHOD_NAMES = {"conj": "conjugate"}

# What takes a shape, and what puts arrays together.
SHAPED = frozenset(f"numpy.{name}" for name in "zeros ones empty full reshape".split())
JOINS = frozenset(
    f"numpy.{name}" for name in "concatenate stack hstack vstack column_stack".split()
)

# Parameters of the NumPy functions that take keywords, in order, and their defaults.
SIGNATURES: dict[str, tuple[tuple[str, Any], ...]] = {
    **{
        f"numpy.{name}": (("a", ...), ("axis", None), ("keepdims", False))
        for name in ("sum", "mean", "max", "min", "prod")
    },
    **{f"numpy.{name}": (("a", ...), ("axis", None)) for name in ("argmax", "argmin")},
    **{f"numpy.{name}": (("shape", ...), ("dtype", None)) for name in ("zeros", "ones", "empty")},
    **{
        f"numpy.{name}": (("a", ...), ("dtype", None))
        for name in ("zeros_like", "ones_like", "empty_like")
    },
    "numpy.full": (("shape", ...), ("fill_value", ...), ("dtype", None)),
    "numpy.full_like": (("a", ...), ("fill_value", ...), ("dtype", None)),
    "numpy.clip": (("a", ...), ("a_min", Lit(None)), ("a_max", Lit(None))),
    "numpy.transpose": (("a", ...), ("axes", None)),
    "numpy.where": (("condition", ...), ("x", ...), ("y", ...)),
    "numpy.astype": (("a", ...), ("dtype", ...)),
    "numpy.array": (("object", ...), ("dtype", None)),
    **{f"numpy.{name}": (("arrays", ...), ("axis", 0)) for name in ("concatenate", "stack")},
    "numpy.lib.stride_tricks.sliding_window_view": (
        ("x", ...),
        ("window_shape", ...),
        ("axis", None),
    ),
    "numpy.eye": (("N", ...), ("M", None), ("k", 0), ("dtype", None)),
    "numpy.identity": (("n", ...), ("dtype", None)),
    **{f"numpy.{name}": (("m", ...), ("k", 0)) for name in ("tril", "triu")},
    "numpy.trace": (("a", ...), ("offset", 0)),
    "numpy.diag": (("v", ...), ("k", 0)),
    "numpy.searchsorted": (("a", ...), ("v", ...), ("side", "left")),
    "numpy.digitize": (("x", ...), ("bins", ...), ("right", False)),
    "numpy.linalg.svd": (("a", ...), ("full_matrices", Lit(True))),
    "numpy.linalg.pinv": (("a", ...), ("rcond", Lit(None))),
    "numpy.linalg.lstsq": (("a", ...), ("b", ...), ("rcond", Lit(None))),
    "numpy.random.seed": (("seed", ...),),
    "numpy.random.randint": (("low", ...), ("high", None), ("size", None)),
    "numpy.random.choice": (("a", ...), ("size", None), ("replace", True)),
    **{
        f"numpy.random.{name}": (*parameters, ("size", None))
        for name, parameters in {
            "random": (),
            "random_sample": (),
            "standard_normal": (),
            "standard_exponential": (),
            "uniform": (("low", 0.0), ("high", 1.0)),
            "normal": (("loc", 0.0), ("scale", 1.0)),
            "lognormal": (("mean", 0.0), ("sigma", 1.0)),
            "exponential": (("scale", 1.0),),
            "gamma": (("shape", ...), ("scale", 1.0)),
            "beta": (("a", ...), ("b", ...)),
            "standard_gamma": (("shape", ...),),
            "chisquare": (("df", ...),),
            "noncentral_chisquare": (("df", ...), ("nonc", ...)),
            "dirichlet": (("alpha", ...),),
            "f": (("dfnum", ...), ("dfden", ...)),
            "standard_t": (("df", ...),),
            "vonmises": (("mu", ...), ("kappa", ...)),
            "wald": (("mean", ...), ("scale", ...)),
            "poisson": (("lam", 1.0),),
            "binomial": (("n", ...), ("p", ...)),
        }.items()
    },
}


def key_of(obj: Any) -> str | None:
    """The key under which the rules know a callable; None for one that is not a library's."""
    if getattr(obj, "__self__", None) is _DRAWS:
        return f"random.{obj.__name__}"
    if isinstance(obj, np.ufunc) or (isinstance(obj, type) and issubclass(obj, np.generic)):
        name = f"{'scipy.special' if _is_special(obj) else 'numpy'}.{obj.__name__}"
    elif isinstance(obj, type) and obj in (float, int, bool, complex, list, tuple):
        name = f"builtins.{obj.__name__}"
    else:
        module = getattr(obj, "__module__", None)
        own = getattr(obj, "__name__", None)
        if not isinstance(own, str):
            return None
        root = str(module).split(".")[0]
        if root == "tangent_fwd" and own == "stop_gradient":
            return "tangent_fwd.stop_gradient"
        if root in ("heapq", "_heapq"):
            return f"heapq.{own}"
        if root not in ("numpy", "math", "cmath", "builtins", "_operator", "scipy"):
            return None
        if root == "numpy" and getattr(np, own, None) is obj:
            module = "numpy"
        if root == "scipy" and _is_special(obj):
            module = "scipy.special"
        name = f"{module}.{own}"
    return ALIASES.get(name, name)


def as_numpy(obj: Any) -> Any:
    """NumPy's class for a numba type of numbers, such as `numba.float64`: it calls the one like the
    other, and takes both as a dtype. Any other object is itself.
    """
    if not type(obj).__module__.startswith("numba.core.types.scalars"):
        return obj
    return getattr(np, str(obj), obj) if str(obj) != "bool" else np.bool_


def is_foreign(key: str) -> bool:
    """Whether a function computes with complex numbers and is one that numba does not know."""
    transform = key.startswith(("numpy.fft.", "scipy.fft")) and not key.endswith(("freq", "shift"))
    return transform or key in ("scipy.special.lambertw", "scipy.special.wofz")


def _is_special(obj: Any) -> bool:
    """Whether a callable is a function of `scipy.special`, which whoever has it has imported."""
    special = sys.modules.get("scipy.special")
    name = obj.__name__
    return getattr(np, name, None) is not obj and getattr(special, name, None) is obj


def inputs(key: str) -> float:
    """How many arguments an elementwise function reads; one more would be written into."""
    if "." not in key:
        return 1 if key in UNARY else 2
    if key in ("numpy.isposinf", "numpy.isneginf"):
        return 1
    module, _, name = key.rpartition(".")
    row = rule(key) if module == "scipy.special" else None
    if row is not None:
        return len(row.args)
    ufunc = getattr(np, name, None) if module == "numpy" else None
    return ufunc.nin if isinstance(ufunc, np.ufunc) else float("inf")


def is_helper(obj: Any) -> bool:
    """Whether an object is a function whose body we can read: plain, compiled by numba, or ours."""
    plain = getattr(obj, "py_func", obj)
    return isinstance(plain, types.FunctionType) or derived(plain) is not None


def is_named_tuple(obj: Any) -> bool:
    """Whether an object is a class of named tuples."""
    return isinstance(obj, type) and issubclass(obj, tuple) and hasattr(obj, "_fields")


def is_list(obj: Any) -> bool:
    """Whether an object is the class of lists, or that of numba's typed lists."""
    return obj is list or (isinstance(obj, type) and obj.__module__ == "numba.typed.typedlist")


def constant(obj: Any) -> Any:
    """A Python number for a captured number, `...` where the object is not one."""
    if obj is None or isinstance(obj, (bool, int, float, complex, str)):
        # A NumPy float64 is a Python float by inheritance, but it is not a weak literal.
        if isinstance(obj, np.generic):
            return ...
        if isinstance(obj, int) and not isinstance(obj, bool):
            return int(obj)  # a member of an enumeration too
        return obj
    return ...


def is_plain_tuple(obj: Any) -> bool:
    """Whether an object is a tuple of numbers and of such tuples."""
    return type(obj) is tuple and all(constant(e) is not ... or is_plain_tuple(e) for e in obj)
