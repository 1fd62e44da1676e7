"""Overlap: helpers that write to an argument take it for memory of its own."""

from __future__ import annotations

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
                and not (_is_row(made.get(arrays[k])) and _is_row(made.get(other)))
                for k in positions
                for m, other in arrays.items()
                if k != m and k in arrays
            ):
                message = f"`{name}` writes to an argument that shares memory with another"
                advice = "pass a copy of one of them"
                wrong.append(Diagnostic("activity", message, op.span or stmt.span, help=advice))
    return wrong


def _is_row(value: Expr | None) -> bool:
    """Whether a view is picked by an integer: `a[i]` and `a[j]` are taken to be apart."""
    return (
        isinstance(value, Op)
        and value.fn == "getitem"
        and not any(isinstance(e, Op) or e in (Lit(None), Lit(...)) for e in value.args[1:2])
    )
