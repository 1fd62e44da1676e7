"""What numba would take, or would refuse without saying where, and we refuse at the user's line."""

from __future__ import annotations

from typing import Any

from tangent_fwd.analysis.activity import holds_float
from tangent_fwd.analysis.alias import (
    has_array,
    held,
    is_container,
    is_dict,
    is_list,
    is_set,
    is_tuple,
)
from tangent_fwd.analysis.numba_typing import is_overloaded
from tangent_fwd.errors import Diagnostic
from tangent_fwd.ir.nodes import (
    Expr,
    For,
    Function,
    Let,
    Op,
    Raise,
    Ref,
    Return,
    Stmt,
    Var,
)
from tangent_fwd.ir.show import INFIX, display
from tangent_fwd.ir.walk import own_exprs, statements, subexpressions


def mistaken(function: Function, known: dict[str, Any]) -> list[Diagnostic]:
    """Everything in a program that its types, which are `known` by now, rule out."""
    checks = (
        fractional_bounds, miscounted, lists, said, containers, walked, unordered,
    )  # fmt: skip
    return [found for check in checks for found in check(function, known)]


def overloaded(function: Function) -> list[Diagnostic]:
    """Calls of functions whose Python text is not what runs when they are compiled."""
    calls = (
        (e, s) for s in statements(function.body) for x in own_exprs(s) for e in subexpressions(x)
        if isinstance(e, Op) and e.fn == "call"
    )  # fmt: skip
    return [
        Diagnostic(
            "function",
            f"`{display(ref.name)}` has an `@overload`, so its own text is not what numba compiles",
            op.span or stmt.span,
            help="call a function whose text is the computation itself",
        )
        for op, stmt in calls
        for ref in op.args[:1]
        if isinstance(ref, Ref) and is_overloaded(ref.value)
    ]


def fractional_bounds(function: Function, known: dict[str, Any]) -> list[Diagnostic]:
    """Numba cuts a float bound of `range` to an integer; Python and NumPy refuse it."""
    from numba.core import types

    return [
        Diagnostic(
            "typing",
            f"a bound of `range` is {known.get(e.name)}, not an integer",
            s.span,
            help="write `int(...)` around it, as numba reads it",
        )
        for s in statements(function.body)
        if isinstance(s, For)
        for e in s.bounds
        if isinstance(e, Var) and isinstance(known.get(e.name), types.Float)
    ]


def miscounted(function: Function, known: dict[str, Any]) -> list[Diagnostic]:
    """Tuples unpacked into more or fewer names than they have elements."""
    found = []
    for stmt in statements(function.body):
        op = stmt.value if isinstance(stmt, Let) else None
        wanted = dict(op.keywords).get("of") if isinstance(op, Op) else None
        if wanted is None or not isinstance(op, Op) or not isinstance(op.args[0], Var):
            continue
        kind: Any = known.get(op.args[0].name)
        if is_tuple(kind) and len(kind) != wanted:
            message = f"cannot unpack {len(kind)} values into {wanted} names"
            found.append(Diagnostic("typing", message, op.span or stmt.span))
    return found


# What a list, a dict or a set may be given to.
_OF_LISTS = frozenset(
    "getitem call tuple list dict in not_in not builtins.len builtins.list builtins.print "
    "numpy.array numpy.asarray".split()
)


def lists(function: Function, known: dict[str, Any]) -> list[Diagnostic]:
    """Lists, dicts and sets where only arrays have a meaning to the passes."""
    return [
        Diagnostic(
            "function",
            f"`{INFIX.get(e.fn) or display(e.fn)}` of a {_word(kind)} is not supported",
            e.span or s.span,
            help=_instead(e, kind),
        )
        for s in statements(function.body)
        for x in own_exprs(s)
        for e in subexpressions(x)
        if isinstance(e, Op) and e.fn not in _OF_LISTS and not e.fn.startswith("container.")
        for kinds in [[known.get(a.name) for a in e.args if isinstance(a, Var)]]
        for kind in kinds
        if is_container(kind) and not (e.fn in ("eq", "ne") and all(map(is_list, kinds)))
    ]  # fmt: skip


def _instead(op: Op, kind: Any) -> str:
    """What to write in the place of an operation with a list, a dict or a set."""
    method = _IN_PLACE.get(op.fn)
    if is_set(kind) and method is not None:
        return f"`.{method}()` changes a set"
    return "make it an array: `np.array(…)`" if is_list(kind) else "write a loop over it"


_IN_PLACE = {
    "bitor": "update", "bitand": "intersection_update", "sub": "difference_update",
    "bitxor": "symmetric_difference_update",
}  # fmt: skip

# Numba's names of what holds values and has no tangent beside it, and what people call them.
_CONTAINERS = {
    "LiteralList": "a list of values of different kinds",
    "Poison": "a list of values of different kinds",  # what numba makes of the former
    "LiteralStrKeyDict": "a dict of values of different kinds",
    "Generator": "a generator",
}


def containers(function: Function, known: dict[str, Any]) -> list[Diagnostic]:
    """Variables that hold other values in a way which the passes do not know."""
    return [
        Diagnostic("function", f"{what} is not supported", s.span, help="a tuple can hold any")
        for s in statements(function.body)
        if isinstance(s, Let)
        for what in [_CONTAINERS.get(type(known.get(s.target)).__name__)]
        if what is not None
    ]


def said(function: Function, known: dict[str, Any]) -> list[Diagnostic]:
    """Exceptions are given numbers, texts and tuples of those."""
    return [
        Diagnostic("function", "an exception cannot be given an array or a list", s.span)
        for s in statements(function.body)
        if isinstance(s, Raise)
        and any(isinstance(v, Var) and has_array(known.get(v.name)) for v in s.values)
    ]


def walked(function: Function, known: dict[str, Any]) -> list[Diagnostic]:
    """Dicts that are gone over where it is not known yet that they are dicts."""
    return [
        Diagnostic(
            "typing",
            "what the keys of this dict are is not known here yet",
            e.span or s.span,
            help="write `for k in d.keys()`",
        )
        for s in statements(function.body)
        for x in own_exprs(s)
        for e in subexpressions(x)
        if isinstance(e, Op) and dict(e.keywords).get("walk") and isinstance(e.args[0], Var)
        and (is_dict(known.get(e.args[0].name)) or is_set(known.get(e.args[0].name)))
    ]  # fmt: skip


def unordered(function: Function, known: dict[str, Any]) -> list[Diagnostic]:
    """Floats that are found again as keys or in a set: there their tangents are not."""
    found: list[tuple[Expr, Stmt, str, str]] = []
    for stmt in statements(function.body):
        for e in (e for x in own_exprs(stmt) for e in subexpressions(x)):
            taken = isinstance(e, Op) and e.fn in ("builtins.list", "container.pop")
            if not taken or not isinstance(e, Op) or not isinstance(e.args[0], Var):
                continue
            kind: Any = known.get(e.args[0].name)
            if is_set(kind) and holds_float(kind.dtype):
                found.append((e, stmt, "a set of floats", "keep them in a list"))
            elif is_dict(kind) and e.fn == "builtins.list" and holds_float(kind.key_type):
                found.append((e, stmt, "the keys of a dict that are floats", "keep them in a list"))
    return [
        Diagnostic(
            "activity",
            f"what is taken out of {what} has no tangent",
            getattr(e, "span", None) or stmt.span,
            help=advice,
        )
        for e, stmt, what, advice in found
    ]


def returned(function: Function) -> list[Diagnostic]:
    """Results whose tangents are lost: a set has no places for them."""
    what = _lost(function.typeof("return"))
    return [
        Diagnostic("activity", f"{what} has no tangent", s.span, help="return a list")
        for s in statements(function.body)
        if isinstance(s, Return) and what
    ]


def _lost(kind: Any) -> str:
    """What values of a type hold that has no tangent although it is floats."""
    if is_tuple(kind):
        return next(filter(None, map(_lost, kind)), "")
    if is_set(kind):
        return "a set of floats" if holds_float(kind.dtype) else ""
    if is_dict(kind) and holds_float(kind.key_type):
        return "a key that is a float"
    return _lost(held(kind)) if is_container(kind) else ""


def _word(kind: Any) -> str:
    return "list" if is_list(kind) else "dict" if is_dict(kind) else "set"
