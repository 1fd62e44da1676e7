"""Rules by hand: the derivative of a function that has one is a call of the rule for each lane.

Before, for the argument types that it is called with:

>>> import numba
>>> from tangent_fwd.ir.nodes import Function
>>> number = numba.float64
>>> plain = Function("f", ("x", "n"), (), None, {"x": number, "n": numba.int64, "return": number})

After, for a rule of that name:

>>> from tangent_fwd.ir.nodes import Ref
>>> from tangent_fwd.ir.show import show
>>> print(show(ruled(plain, Ref("rule", None), (True, False), 1)))
def f(x, n, d::x):
    %r1 = rule(x, n, d::x, None)  # UniTuple(float64 x 2)
    %out = %r1[0]  # float64
    d::%out = %r1[1]  # float64
    return (%out, d::%out)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tangent_fwd.analysis.activity import holds_float
from tangent_fwd.analysis.alias import class_of, is_array, is_tuple
from tangent_fwd.analysis.numba_typing import spoken
from tangent_fwd.errors import Diagnostic, raise_all
from tangent_fwd.frontend.parse import UserFunction
from tangent_fwd.ir.nodes import Expr, Function, Let, Lit, Op, Ref, Return, Stmt, Var
from tangent_fwd.source import NOWHERE, Span
from tangent_fwd.transform.partials import shadow

_OUT = "%out"


def ruled(function: Function, rule: Ref, active: tuple[bool, ...], lanes: int) -> Function:
    """The program of value and tangent, from a function's parameters and types.

    Arguments: the typed function, whose body does not count; what names its rule; which of its
    arguments are active; how many directions at once.
    """
    return _Ruled(function, active, lanes).program(rule)


class _Ruled:
    def __init__(self, function: Function, active: tuple[bool, ...], lanes: int) -> None:
        self.function, self.active, self.lanes = function, active, lanes
        self.types: dict[str, Any] = dict(function.types)
        self.body: list[Stmt] = []

    def named(self, value: Expr, kind: Any) -> Var:
        """A new name for a value."""
        name = f"%r{len(self.body) + 1}"
        self.bind(name, value, kind)
        return Var(name)

    def bind(self, name: str, value: Expr, kind: Any) -> None:
        self.types[name] = kind
        self.body.append(Let(name, value, NOWHERE))

    def program(self, rule: Ref) -> Function:
        from numba.core import types

        given = dict(zip(self.function.params, self.active))
        for name, moves in given.items():
            for k in range(self.lanes if moves else 0):
                self.types[shadow(name, k, self.lanes)] = self.function.typeof(name)
        params = (*given, *(n for n in self.types if n.startswith("d:")))
        result = self.function.typeof("return")
        zeros = {p: self.still(Var(p), self.types[p]) for p, moves in given.items() if not moves}
        pairs = [
            self.named(
                Op("call", (rule, *map(Var, given), *(zeros.get(p) or Var(shadow(p, k, self.lanes))
                                                      for p in given)), (("rule", "pair"),)),
                types.UniTuple(result, 2),
            )
            for k in range(self.lanes)
        ]  # fmt: skip
        self.bind(_OUT, Op("getitem", (pairs[0], Lit(0))), result)
        tangents = [shadow(_OUT, k, self.lanes) for k in range(self.lanes)]
        for name, pair in zip(tangents, pairs):
            self.bind(name, Op("getitem", (pair, Lit(1))), result)
        found = tuple(map(Var, tangents))
        both = Op("tuple", (Var(_OUT), found[0] if self.lanes == 1 else Op("tuple", found)))
        body = (*self.body, Return(both, NOWHERE))
        return replace(self.function, params=params, body=body, types=self.types)

    def still(self, value: Var, kind: Any) -> Expr:
        """The tangent of an argument that stands still, as a rule is given it."""
        if not holds_float(kind):
            return Lit(None)
        if is_array(kind):
            return self.named(Op("numpy.zeros_like", (value,)), kind)
        if not is_tuple(kind):
            return Lit(0.0, "float32" if str(kind) == "float32" else None)
        places = (Op("getitem", (value, Lit(k))) for k in range(len(kind)))
        parts = [self.still(self.named(e, t), t) for e, t in zip(places, kind)]
        return Op("tuple", tuple(parts), class_of(kind))


# --- what a rule must be -----------------------------------------------------------------------


def rule_for(function: UserFunction) -> Callable[..., Any]:
    """The rule of a function that has one."""
    if function.rule is None:
        advice = f"decorate one with `@{function.name}.defjvp`"
        found = _told(f"`{function.name}` has no rule yet", function, advice)
        raise_all([found], function.source)
    assert function.rule is not None
    return function.rule


def rule_types(function: UserFunction, rule: UserFunction, kinds: tuple[Any, ...]) -> Any:
    """What a rule is called with: arguments of these types, and a tangent for each."""
    from numba.core import types

    if len(rule.params) != 2 * len(kinds):
        wanted = (
            f"the rule of `{function.name}` takes its {len(kinds)} arguments and as many tangents"
        )
        raise_all([_told(wanted, rule)], rule.source)
    return (*kinds, *(kind if holds_float(kind) else types.none for kind in kinds))


def check_rule(function: UserFunction, rule: UserFunction, made: Any, wanted: Any) -> None:
    """Refuse a rule that gives something else than a value and a tangent of this type."""
    if tuple(getattr(made, "types", ())) != (wanted, wanted):
        gives = f"the rule of `{function.name}` gives a {spoken(str(made))}"
        text = f"{gives}, and not its value and its tangent, a {spoken(str(wanted))} each"
        raise_all([_told(text, rule)], rule.source)


def writes(function: UserFunction) -> Diagnostic:
    """What is said of a function with a rule that writes to its arguments."""
    return _told(f"`{function.name}` has a rule of its own, and writes to its arguments", function)


def _told(message: str, function: UserFunction, advice: str = "") -> Diagnostic:
    return Diagnostic("no-rule", message, Span.of(function.node), help=advice)
