"""Bare literals, which take the dtype of a value beside them, as in NumPy 2."""

from __future__ import annotations

from tangent_fwd.ir.nodes import Lit, Op
from tangent_fwd.rules import rule


def weak_positions(op: Op) -> list[tuple[int, int]]:
    """Positions of bare literals, each with the position of the value whose dtype they take."""
    fn = op.fn
    if fn in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow") or fn in _TWO:
        pairs = [(0, 1), (1, 0)]
    elif fn == "numpy.where" and len(op.args) == 3:
        pairs = [(1, 2), (2, 1)]
    elif fn.startswith("scipy.special."):
        pairs = _beside(op)
    else:
        return []
    found = []
    for position, beside in pairs:
        if position >= len(op.args) or beside >= len(op.args):
            continue
        arg = op.args[position]
        if not isinstance(arg, Lit) or arg.dtype or isinstance(op.args[beside], Lit):
            continue
        if isinstance(arg.value, bool) or not isinstance(arg.value, (int, float)):
            continue
        if (
            fn in ("pow", "numpy.power", "math.pow")
            and position == 1
            and isinstance(arg.value, int)
        ):
            continue  # an integer power stays an integer power
        found.append((position, beside))
    return found


def _beside(op: Op) -> list[tuple[int, int]]:
    """Each number that a special function takes, and one whose dtype it has if it is a literal."""
    row = rule(op.fn)
    whole = () if row is None else row.whole
    numbers = [k for k in range(len(op.args)) if k not in whole]
    typed = [k for k in numbers if not isinstance(op.args[k], Lit)]
    return [(k, typed[0]) for k in numbers if typed and k != typed[0]]


_TWO = frozenset(
    [f"numpy.{n}" for n in (
        "add subtract multiply divide power float_power maximum minimum fmax fmin arctan2 hypot "
        "logaddexp logaddexp2 remainder mod fmod floor_divide copysign"
    ).split()]
    + ["math.atan2", "math.hypot", "math.pow", "math.copysign", "math.fmod"]
    + ["builtins.min", "builtins.max", "builtins.pow"]
)  # fmt: skip
