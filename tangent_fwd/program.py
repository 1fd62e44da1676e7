"""What the pipeline makes: a program, and its functions on their way through the passes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tangent_fwd.analysis.activity import Activity
from tangent_fwd.backend.quoting import Piece
from tangent_fwd.frontend.parse import UserFunction
from tangent_fwd.ir.nodes import Expr, Function, Lit, Op, Ref, Var
from tangent_fwd.ir.show import show
from tangent_fwd.ir.walk import own_exprs, statements, subexpressions

Types = tuple[Any, ...]
Flags = tuple[bool, ...]


@dataclass(frozen=True)
class Program:
    """The outcome: a module's text, the name of the function in it to call, and what was learnt.

    `stages` holds (name, text) of every pass for the entry; `line_map` leads from lines of the
    text to the user's; `mutated` are the positions of arguments that are written to; `report`
    says which variables are active and which rules were used; `classes` are the user's own named
    tuples, for which the text has stand-ins of the same names.
    """

    text: str
    entry: str
    name: str
    stages: tuple[tuple[str, str], ...] = ()
    line_map: dict[int, int] = field(default_factory=dict)
    mutated: tuple[int, ...] = ()
    report: dict[str, Any] = field(default_factory=dict)
    classes: dict[str, type] = field(default_factory=dict)


class Stages(list[tuple[str, str]]):
    """(name, text) of the passes so far."""

    def add(self, name: str, result: Function) -> Function:
        self.append((name, show(result)))
        return result


@dataclass
class Typed:
    """A function up to the point where activity matters."""

    source: UserFunction
    ready: Function
    stages: Stages
    result: Any
    origins: dict[str, Expr]


@dataclass
class Made:
    """A finished function of the module."""

    name: str
    piece: Piece
    stages: Stages
    mutated: tuple[int, ...]
    report: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Derivative:
    """What a call of a helper's derivative needs; it is made when the tangents' kinds are known."""

    helper: UserFunction
    arg_types: Types
    active: tuple[bool, ...]


def typeof(program: Function, arg: Expr) -> Any:
    """The numba type of an argument of a call."""
    from numba import typeof as numba_type
    from numba.core import types

    if isinstance(arg, Op) and arg.fn == "tuple":
        return types.BaseTuple.from_types([typeof(program, a) for a in arg.args])
    if isinstance(arg, Var):
        return types.unliteral(program.typeof(arg.name))
    assert isinstance(arg, (Lit, Ref))
    return types.none if arg == Lit(None) else types.unliteral(numba_type(arg.value))


def findings(activity: Activity) -> dict[str, Any]:
    """What a report tells of a function: the active variables, and the rules that they met."""
    operations = {
        e.fn
        for s in statements(activity.function.body)
        for x in own_exprs(s)
        for e in subexpressions(x)
        if isinstance(e, Op) and activity.is_active(e)
    }
    names = sorted(n for n in activity.names if "%" not in n)
    return {"active": names, "rules": sorted(operations)}


def with_respect_to(function: UserFunction, active: tuple[bool, ...]) -> str:
    """The function and its active arguments, for headers."""
    names = ", ".join(f"`{p}`" for p, a in zip(function.params, active) if a)
    return f"`{function.name}` with respect to {names}"
