"""Again: the program of value and tangent as a program like any other, to be differentiated.

It is the derivative in the form in which it can be read as the user's own: names without marks,
one operation a line, choices as branches. What it may not become is its own text: there a product
`p * d if d != 0.0 else 0.0` says that nothing changes where d is zero, though d itself does.
Such a product stays an operation, `strong`, whose tangent the pass knows.

Before, what `second.first` gives:

>>> from tangent_fwd.analysis.activity import Activity
>>> from tangent_fwd.analysis.infer import infer
>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> from tangent_fwd.transform.second import first
>>> import numba, math
>>> def f(x):
...     return math.sqrt(math.sin(x))
>>> parsed = parse(f)
>>> typed = infer(lower(parsed), (numba.float64,), parsed.source, None)
>>> once = first(typed, Activity(typed, (True,), None))
>>> print(show(once))
def f(x, d::x):
    d::%1 = math.cos(x) * d::x  # float64
    %1 = math.sin(x)  # float64
    %o1 = math.sqrt(%1)  # float64
    d::%o1 = strong(0.5 / %o1, d::%1)  # float64
    d::%2 = d::%o1  # float64
    %2 = %o1  # float64
    return (%2, d::%2)

After:

>>> print(show(again(once, ("x", "dx"), (numba.float64, numba.float64))))
def f(x, dx):
    %f1 = math.cos(x)  # float64
    %d1 = %f1 * dx  # float64
    %1 = math.sin(x)  # float64
    %to1 = math.sqrt(%1)  # float64
    %f2 = 0.5 / %to1  # float64
    %do1 = strong(%f2, %d1)  # float64
    %d2 = %do1  # float64
    %2 = %to1  # float64
    return (%2, %d2)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tangent_fwd.analysis.activity import holds_float
from tangent_fwd.analysis.alias import is_array, is_container, is_tuple
from tangent_fwd.errors import Diagnostic
from tangent_fwd.frontend.parse import Differentiated
from tangent_fwd.ir import build
from tangent_fwd.ir.nodes import Block, Expr, Function, If, Let, Lit, Op, Return, Stmt, Var
from tangent_fwd.ir.walk import (
    assigned,
    blocks,
    map_block,
    map_expr,
    map_exprs,
    rename,
    with_blocks,
)
from tangent_fwd.source import NOWHERE, Span
from tangent_fwd.transform.flatten import flatten


def again(once: Function, params: Sequence[str], kinds: Sequence[Any]) -> Function:
    """The program of value and tangent in the form in which it can be differentiated.

    Arguments: what `first` gave; the names of the parameters, tangents included; their types.
    """
    names = _plain_names(once, params)
    types = {names.get(name, name): kind for name, kind in once.types.items()}
    types["return"] = _with_tangent(once.types.get("return"))
    work = _Branches(types)
    body = work.block(rename(once.body, names))
    head = [
        Let(name, change, NOWHERE)
        for name, given in zip(params, kinds)
        if (change := _fitted(name, given, types[name])) is not None
    ]
    made = replace(once, params=tuple(params), body=(*head, *body), types=work.types)
    return flatten(made)


def spelt(function: Function) -> Function:
    """Strong products as the choices that they are."""

    def spell(e: Expr) -> Expr:
        if isinstance(e, Op) and e.fn == "strong":
            partial, direction = e.args
            kind = function.typeof(direction.name) if isinstance(direction, Var) else None
            zero = Lit(0.0, "float32" if str(kind) == "float32" else None)
            return build.strong(partial, direction, zero) or zero
        return e

    return replace(function, body=map_block(lambda x: map_expr(spell, x), function.body))


def misfits(
    function: Differentiated, kinds: Sequence[Any], written: Sequence[int]
) -> list[Diagnostic]:
    """What keeps a derivative from being taken for arguments of these types.

    Arguments: the derivative; the types of its arguments, tangents included; the positions of
    those that it writes to.
    """
    base = function.base
    found = []
    ways = iter(kinds[len(base.params) :])
    for position, (name, on) in enumerate(zip(base.params, function.active)):
        if not on:
            continue
        kind, way = kinds[position], next(ways)
        if not holds_float(kind):
            message = (
                f"`{base.name}` cannot be differentiated with respect to `{name}`: it is {kind}"
            )
        elif _unfit(way, kind, position in written):
            message = f"the tangent of `{name}` of `{base.name}` is {way}, but `{name}` is {kind}"
        else:
            continue
        found.append(Diagnostic("activity", message, Span.of(base.node)))
    return found


def _unfit(given: Any, wanted: Any, written: bool) -> bool:
    if is_tuple(wanted) or is_container(wanted):
        return str(given) != str(wanted)
    if is_array(wanted):
        if not is_array(given) or (given.dtype, given.ndim) != (wanted.dtype, wanted.ndim):
            return True
        return written and wanted.layout not in ("A", given.layout)
    return is_array(given) or is_tuple(given) or not hasattr(given, "bitwidth")


def _fitted(name: str, given: Any, wanted: Any) -> Expr | None:
    """The tangent in the dtype and layout of its primal, where it differs from that."""
    if is_array(wanted):
        if wanted.layout in ("A", given.layout):
            return None
        word = "ascontiguousarray" if wanted.layout == "C" else "asfortranarray"
        return Op(f"numpy.{word}", (Var(name),))
    same = given == wanted or is_tuple(wanted) or is_container(wanted)
    return None if same else Op(f"numpy.{wanted}", (Var(name),))


def _plain_names(once: Function, params: Sequence[str]) -> dict[str, str]:
    """Tangents by names that a user could have given them, `dx` for that of `x`; and other names
    for what the pass that made them will make again.
    """
    names = dict(zip(once.params, params))
    every = {*once.params, *assigned(once.body), *once.types}
    taken = {name for name in every if ":" not in name} | set(params)
    for name in sorted(every - names.keys()):
        primal = name.rsplit(":", 1)[-1]
        if ":" in name:
            word = f"%d{primal[1:]}" if primal.startswith("%") else f"d{primal}"
        elif name.startswith(("%p", "%o")):
            word = f"%t{name[1:]}"
        else:
            continue
        while word in taken:
            word = f"{word[0]}t{word[1:]}" if word.startswith("%") else f"d{word}"
        names[name] = word
        taken.add(word)
    return names


def _with_tangent(kind: Any) -> Any:
    from numba.core import types

    return types.BaseTuple.from_types((kind, moved(kind)))


def moved(kind: Any) -> Any:
    """The type of the tangent of a result."""
    from numba.core import types

    if is_tuple(kind):
        parts = list(map(moved, kind))
        if isinstance(kind, types.BaseNamedTuple):
            return types.NamedTuple(parts, kind.instance_class)
        return types.BaseTuple.from_types(parts)
    if is_array(kind):
        return kind if holds_float(kind) else types.Array(types.float64, kind.ndim, "C")
    return kind if holds_float(kind) or kind == types.none else types.float64


class _Branches:
    """Conditional expressions with work in them become branches, which do only what they must."""

    def __init__(self, types: dict[str, Any]) -> None:
        self.types = types
        self.count = 0

    def block(self, block: Block) -> Block:
        out: list[Stmt] = []
        for stmt in block:
            inner = blocks(stmt)
            if inner:
                stmt = with_blocks(stmt, tuple(map(self.block, inner)))
            elif isinstance(stmt, Return):
                kind = self.types["return"]
                stmt = replace(stmt, value=self.returned(stmt.value, kind, out, stmt))
            else:
                stmt = self.statement(stmt, out)
            out.append(stmt)
        return tuple(out)

    def statement(self, stmt: Stmt, out: list[Stmt]) -> Stmt:
        target = stmt.target if isinstance(stmt, Let) else getattr(stmt, "array", None)
        kind: Any = self.types.get(target) if target else None
        if isinstance(stmt, Let) and isinstance(stmt.value, Op) and stmt.value.fn == "tuple":
            value = stmt.value
            parts = (self.part(a, k, out, stmt) for a, k in zip(value.args, kind))
            return replace(stmt, value=replace(value, args=tuple(parts)))
        scalar = kind.dtype if is_array(kind) else kind
        return map_exprs(lambda e: self.plain(e, out, scalar, stmt), stmt)

    def returned(self, value: Expr, kind: Any, out: list[Stmt], at: Stmt) -> Expr:
        """What is returned, with a name for all that is more than a tuple of names."""
        if not isinstance(value, Op):
            return value
        if value.fn == "tuple":
            kind = kind if is_tuple(kind) else kind.type  # of a tuple that may be None
            parts = (self.returned(a, k, out, at) for a, k in zip(value.args, kind))
            return replace(value, args=tuple(parts))
        return self.name(value, out, kind, at)

    def part(self, value: Expr, kind: Any, out: list[Stmt], at: Stmt) -> Expr:
        """An entry of a tuple that is kept: a name for all that is computed, tuples too."""
        found = self.returned(value, kind, out, at)
        return self.name(found, out, kind, at) if isinstance(found, Op) else found

    def name(self, value: Expr, out: list[Stmt], kind: Any, at: Stmt) -> Var:
        name = self.fresh(kind)
        out.append(Let(name, value, at.span))
        return Var(name)

    def fresh(self, kind: Any) -> str:
        self.count += 1
        while f"%b{self.count}" in self.types:
            self.count += 1
        name = f"%b{self.count}"
        self.types[name] = kind
        return name

    def plain(self, expr: Expr, out: list[Stmt], kind: Any, at: Stmt) -> Expr:
        if not isinstance(expr, Op) or "ifelse" not in expr.functions:
            return expr
        if expr.fn != "ifelse" or not any(isinstance(a, Op) for a in expr.args[1:]):
            args = tuple(self.plain(a, out, kind, at) for a in expr.args)
            return replace(expr, args=args)
        cond = self.plain(expr.args[0], out, None, at)
        cond = self.name(cond, out, None, at) if isinstance(cond, Op) else cond
        chosen = self.fresh(kind)
        sides = []
        for side in expr.args[1:]:
            inside: list[Stmt] = []
            value = self.plain(side, inside, kind, at)
            sides.append((*inside, Let(chosen, value, at.span)))
        out.append(If(cond, sides[0], sides[1], at.span))
        return Var(chosen)
