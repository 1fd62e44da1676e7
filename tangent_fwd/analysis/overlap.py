"""Overlap: helpers that write to an argument take it for memory of its own."""

from __future__ import annotations

import math
from collections.abc import Callable

from tangent_fwd.analysis.activity import Activity
from tangent_fwd.analysis.alias import has_array
from tangent_fwd.errors import Diagnostic
from tangent_fwd.ir.nodes import Expr, Let, Lit, Op, Ref, Var
from tangent_fwd.ir.walk import own_exprs, statements, subexpressions


def overlaps(
    found: Activity, written: Callable[[Op], tuple[str, tuple[int, ...]]]
) -> list[Diagnostic]:
    """Calls that pass one piece of memory twice to a helper that writes to it.

    Arguments: the activity of the caller; `written(op)` gives a helper's name and the positions
    of the arguments that it writes to.
    """
    body = found.function.body
    made = {s.target: s.value for s in statements(body) if isinstance(s, Let)}
    wrong = []
    for stmt in statements(body):
        for op in (e for x in own_exprs(stmt) for e in subexpressions(x)):
            if not isinstance(op, Op) or op.fn != "call" or not isinstance(op.args[0], Ref):
                continue
            arrays = {
                k: a.name
                for k, a in enumerate(op.args[1:])
                if isinstance(a, Var) and has_array(found.function.typeof(a.name))
            }
            name, positions = written(op) if len(arrays) > 1 else ("", ())
            if any(
                found.aliases.find(arrays[k]) == found.aliases.find(other)
                and not _apart(made.get(arrays[k]), made.get(other))
                for k in positions
                for m, other in arrays.items()
                if k != m and k in arrays
            ):
                message = f"`{name}` writes to an argument that shares memory with another"
                advice = "pass a copy of one of them"
                wrong.append(Diagnostic("activity", message, op.span or stmt.span, help=advice))
    return wrong


def _apart(one: Expr | None, other: Expr | None) -> bool:
    """Whether two views are taken to be apart: rows picked by integers, `a[i]` and `a[j]`, and
    slices whose bounds say so, `a[2:]` and `a[:2]`.
    """
    if not isinstance(one, Op) or not isinstance(other, Op):
        return False
    if one.fn != "getitem" or other.fn != "getitem" or one.args[0] != other.args[0]:
        return False
    first, second = one.args[1], other.args[1]
    if not isinstance(first, Op) and not isinstance(second, Op):
        return not any(e in (Lit(None), Lit(...)) for e in (first, second))
    if isinstance(first, Op) and isinstance(second, Op) and first.args[2] == second.args[2]:
        starts = [0 if e.args[0] == Lit(None) else e.args[0] for e in (first, second)]
        begin, end = (s.value if isinstance(s, Lit) else s for s in starts)
        step = first.args[2]
        if isinstance(begin, int) and isinstance(end, int) and min(begin, end) >= 0:
            if isinstance(step, Lit) and isinstance(step.value, int) and step.value > 1:
                return (begin - end) % step.value != 0  # `a[::2]` and `a[1::2]`
    low, high = _bounds(first), _bounds(second)
    return low is not None and high is not None and (low[1] <= high[0] or high[1] <= low[0])


def _bounds(entry: Expr) -> tuple[float, float] | None:
    """The literal bounds of a slice that counts from the front."""
    if not isinstance(entry, Op) or entry.fn != "slice" or entry.args[2] not in (Lit(None), Lit(1)):
        return None
    start, stop = entry.args[:2]
    low = 0 if start == Lit(None) else start.value if isinstance(start, Lit) else None
    high = math.inf if stop == Lit(None) else stop.value if isinstance(stop, Lit) else None
    return None if low is None or high is None or low < 0 or high < 0 else (low, high)
