"""The second tangent: how the tangent itself changes when one goes on along the same direction.

The program of value and tangent is differentiated once more. Its primal statements need no second
look, because the tangent of `x` along the direction is already there, as `d::x`; only statements
that make tangents get one of their own, `d:d:x`.

Before, the program of value and tangent:

>>> from tangent_fwd.analysis.activity import Activity
>>> from tangent_fwd.analysis.infer import infer
>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> import numba, math
>>> def f(x):
...     y = math.sin(x)
...     return y * y
>>> parsed = parse(f)
>>> typed = infer(lower(parsed), (numba.float64,), parsed.source, None)
>>> once = first(typed, Activity(typed, (True,), None))
>>> print(show(once))
def f(x, d::x):
    d::y = math.cos(x) * d::x  # float64
    y = math.sin(x)  # float64
    d::%1 = (2.0 * y) * d::y  # float64
    %1 = y * y  # float64
    return (%1, d::%1)

After:

>>> print(show(second(once, Activity(once, (True, False), None), None)))
def f(x, d::x):
    d:d:y = -((math.sin(x) * d::x) * d::x)  # float64
    d::y = math.cos(x) * d::x  # float64
    y = math.sin(x)  # float64
    d:d:%1 = ((2.0 * d::y) * d::y) + ((2.0 * y) * d:d:y)  # float64
    d::%1 = (2.0 * y) * d::y  # float64
    %1 = y * y  # float64
    return (%1, d::%1, d:d:%1)
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tangent_fwd.analysis.activity import Activity
from tangent_fwd.analysis.alias import has_array, is_tuple
from tangent_fwd.analysis.effects import is_temporary
from tangent_fwd.ir import build
from tangent_fwd.ir.build import MaybeZero
from tangent_fwd.ir.nodes import Expr, Function, Let, Lit, Op, Stmt, Store, Var
from tangent_fwd.ir.walk import assigned, subexpressions, variables
from tangent_fwd.rules import Rule, rule
from tangent_fwd.source import NOWHERE, Span
from tangent_fwd.transform.again import spelt
from tangent_fwd.transform.calls import CallTangent
from tangent_fwd.transform.formula import Formula
from tangent_fwd.transform.tangent import Tangents

# The value of an equation whose partial uses it, under a name that is bound once.
_KEPT = "%o"


def first(function: Function, activity: Activity, call: CallTangent | None = None) -> Function:
    """The program of value and tangent, in a form that can be differentiated once more.

    Calls are those of what `call` gives. Without it they still name the user's helpers, and carry
    in "pair" which arguments are active.
    """
    return _First(function, activity, 1, call).run()


def second(function: Function, activity: Activity, call: CallTangent | None) -> Function:
    """The program of value, tangent and second tangent.

    Arguments: what `first` gave; its activity, where the primals are active and those tangents
    that have a second tangent themselves; and how to get the second derivative of a helper.
    Returns a program whose parameters are followed by those second tangents.
    """
    return _Second(function, activity, 1, call).run()


def core(name: str) -> str:
    """The primal variable that a tangent belongs to."""
    return name.rsplit(":", 1)[-1]


class _First(Tangents):
    """Each tangent is one expression over names whose own tangents are known where it stands."""

    def share_reciprocal(self, start: int, made: Stmt, inverse: Stmt) -> None:
        """The tangents would read the reciprocal before its tangent is there."""

    def shared(self, partial: Expr, span: Span) -> Expr:
        return partial

    def strong(self, partial: Expr, direction: Expr) -> MaybeZero:
        """A product of its own kind: `p * d if d != 0.0 else 0.0` alone would say that nothing
        changes where d is zero, though d itself does.
        """
        return None if build.is_zero(partial) else Op("strong", (partial, direction))

    def helper(self, op: Op) -> Op:
        if self.call_tangent is not None:
            return super().helper(op)
        flags = tuple(self.active(a) for a in op.args[1:])
        if not any(flags):
            return op
        tangents = [Var(self.d(a.name, 0)) for a in op.args[1:]
                    if isinstance(a, Var) and self.active(a)]  # fmt: skip
        # What the tangent of the result may be follows from what the result may be.
        moved, count = [k for k, active in enumerate(flags) if active], len(flags)
        kept = dict(op.keywords).get("shares", range(count))
        shares = (*kept, *(count + moved.index(k) for k in kept if k in moved))
        keywords = (("pair", flags), ("shares", shares))
        return replace(op, args=(*op.args, *tangents), keywords=keywords)

    def elementwise(self, stmt: Let, value: Op) -> None:
        """As for a single derivative, but what a partial reads of the result has a name that is
        bound once.
        """
        coefficients = self.gather(stmt.target, value) if self.gatherable(value) else []
        if not self.reads_result(value, coefficients):
            self.tangents(stmt, value, coefficients, Var(stmt.target))
            self.out.append(stmt)
            return
        self.fresh += 1
        kept = f"{_KEPT}{self.fresh}"
        d_kept = self.d(kept, 0)
        self.types[kept] = self.types[d_kept] = self.types[stmt.target]
        self.emit(kept, value, stmt.span, stmt.any_order)
        self.tangents(replace(stmt, target=kept), value, coefficients, Var(kept))
        self.emit(self.d(stmt.target, 0), Var(d_kept), stmt.span)
        self.emit(stmt.target, Var(kept), stmt.span)


class _Second(Tangents):
    def __init__(
        self, function: Function, activity: Activity, lanes: int, call: CallTangent | None
    ) -> None:
        super().__init__(function, activity, lanes, call)
        known = {*function.params, *assigned(function.body)}
        # The primals whose tangents the program makes already.
        self.moved = {n for n in known if not n.startswith("d:") and f"d::{n}" in known}
        self.fresh = len(known)  # beyond the numbers that the first pass gave out
        self.pairs: set[str] = set()
        self.still = False
        # Tangents that are another one or its negative, which is written in their place.
        self.signed: dict[str, Expr] = {}
        self.settled = {n for n in known if self.bound[n] == 1 and is_temporary(n)}

    def run(self) -> Function:
        function, given = self.function, self.activity.given
        tangents = [p for p in function.params if p not in self.moved]
        params = [*function.params, *(self.d(p, 0) for p in tangents if p in given)]
        head: list[Stmt] = [
            Let(self.d(p, 0), self.zero(Var(p), self.types[p]), NOWHERE)
            for p in tangents
            if p in self.activity.names and p not in given
        ]
        body = (*head, *self.block(function.body))
        for name in list(self.types):
            if name in self.activity.names:
                self.types.setdefault(self.d(name, 0), self.types[name])
        return spelt(replace(function, params=tuple(params), body=body, types=self.types))

    def d(self, name: str, lane: int) -> str:
        return f"d:d:{core(name)}" if name.startswith("d:") else f"d::{name}"

    def find_inner(self, block: Any) -> dict[str, Let]:
        """Statements were put together by the first pass."""
        return {}

    def share_reciprocal(self, start: int, made: Stmt, inverse: Stmt) -> None:
        """What was divided stays divided."""

    # --- statements ----------------------------------------------------------------------------

    def statement(self, stmt: Stmt) -> None:
        if not isinstance(stmt, Store):
            super().statement(stmt)
            return
        if stmt.array in self.activity.names and stmt.array not in self.moved:
            value = self.moving(stmt.value, stmt.array)
            self.out.append(replace(stmt, array=self.d(stmt.array, 0), value=value))
        self.out.append(stmt)

    def shadowed(self, name: str) -> bool:
        return name in self.activity.names and name not in self.moved

    def let(self, stmt: Let) -> None:
        target, value = stmt.target, stmt.value
        if isinstance(value, Op) and value.fn == "call":
            if "rule" in dict(value.keywords):
                self.program(stmt, value)
            else:
                self.call(stmt, value)
            return
        place = self.place(value)
        if place == 1 and target in self.activity.names:
            self.out.append(stmt)
            self.emit(self.d(target, 0), _item(value, 2), stmt.span)
            return
        if place is not None or target in self.moved or target not in self.activity.names:
            self.out.append(stmt)
            return
        if not isinstance(value, Op) or not self.activity.is_active(value):
            super().let(stmt)
            return
        row = rule(value.fn, self.is_complex(value))
        whole = has_array(self.types[target]) or is_tuple(self.types[target])
        multilinear = row is not None and row.kind == "multilinear"
        if whole or multilinear or value.fn in ("getitem", "container.pop", "container.copy"):
            super().let(stmt)
            return
        moving = self.moving(value, target)
        if self.once(stmt) and _is_signed(moving) and set(variables(moving)) <= self.settled:
            self.signed[target] = moving
        made = Let(self.d(target, 0), moving, stmt.span, stmt.any_order)
        # A tangent that reads the value just made has to be there before its own tangent.
        after = core(target).startswith(_KEPT) and core(target) in variables(value)
        self.out += [stmt, made] if after else [made, stmt]

    def place(self, value: Expr) -> int | None:
        """Which part of a helper's value and tangent is taken."""
        if isinstance(value, Op) and value.fn == "getitem" and isinstance(value.args[0], Var):
            if value.args[0].name in self.pairs and isinstance(value.args[1], Lit):
                return int(value.args[1].value)
        return None

    def solid(self, expr: Expr, lane: int, kind: Any = None) -> Expr:
        # What stands in the place of a tangent and is not active is a zero.
        if isinstance(expr, Var):
            return super().solid(expr, lane, kind)
        return expr

    def pair(self, value: Expr) -> Expr:
        assert isinstance(value, Op) and value.fn == "tuple"
        return Op("tuple", (*value.args, self.returned(value.args[1], 0)))

    def helper(self, op: Op) -> Op:
        if "pair" not in dict(op.keywords):
            return op
        flags = tuple(self.active(a) for a in op.args[1:])
        assert self.call_tangent is not None
        ref = self.call_tangent(op, flags)
        count = len(dict(op.keywords)["pair"])
        seconds = [Var(self.d(a.name, 0)) for a in op.args[1 + count :]
                   if isinstance(a, Var) and self.active(a)]  # fmt: skip
        return Op("call", (ref, *op.args[1:], *seconds), (("pair", True),), op.span)

    def call(self, stmt: Let, value: Op) -> None:
        from numba.core import types

        made = self.helper(value)
        if made is not value:
            self.pairs.add(stmt.target)
            one = self.types[stmt.target].types[0]
            self.types[stmt.target] = types.Tuple((one, one, one))
        self.out.append(replace(stmt, value=made))

    def program(self, stmt: Let, value: Op) -> None:
        """The tangent that a program computes, and then the tangent of that: its derivative reads
        the tangent of what it computes itself from.
        """
        from numba.core import types

        self.out.append(stmt)
        if stmt.target not in self.activity.names:
            return
        kind = self.types[stmt.target]
        self.fresh += 1
        both = f"%q{self.fresh}"
        self.types[both] = types.Tuple((kind, kind))
        self.emit(both, super().helper(value), stmt.span)
        self.emit(self.d(stmt.target, 0), Op("getitem", (Var(both), Lit(1))), stmt.span)

    # --- expressions ---------------------------------------------------------------------------

    def moving(self, value: Expr, target: str) -> Expr:
        """The tangent of a whole expression, in the dtype of what it is bound to.

        A tangent is a sum of partials times directions. What the partials do comes first, and
        what the directions do last: that is what a loop may have to wait for.
        """
        own = Var(self.d(target, 0))
        self.still = False
        bent = self.change(value, target)
        self.still = True
        straight = _without(self.change(value, target), own)
        found = build.add(bent, straight[0])
        found = build.add(found, own) if straight[1] else found
        return self.typed(Lit(0.0) if found is None else found, target)

    def atom(self, e: Expr) -> MaybeZero:
        """The tangent of an atom; primals or tangents stand still in turn."""
        if not isinstance(e, Var) or e.name.startswith("d:") != self.still:
            return None
        return self.signed.get(e.name) or self.tangent_of(e, 0)

    def change(self, e: Expr, target: str) -> MaybeZero:
        """The tangent of an expression; None where it is zero."""
        if not isinstance(e, Op):
            return self.atom(e)
        if not self.activity.is_active(e):
            return None
        if e.fn in ("getitem", "attr", "some"):
            base = self.change(e.args[0], target)
            return None if base is None else replace(e, args=(base, *e.args[1:]))
        moved = [self.change(a, target) for a in e.args]
        zero = Lit(0.0)
        if e.fn == "strong":
            bent = build.strong(moved[0], e.args[1], zero)
            return build.add(bent, build.strong(e.args[0], moved[1], zero))
        if e.fn == "mul":
            return build.add(build.mul(moved[0], e.args[1]), build.mul(e.args[0], moved[1]))
        if e.fn in ("truediv", "numpy.divide"):
            return self.quotient(e, moved)
        row = self.row_of(e)
        if row.kind == "linear" and not any(moved):
            return None
        if row.kind == "linear":
            return replace(e, args=tuple(Lit(0.0) if m is None else m for m in moved))
        names: dict[str, MaybeZero] = {"out": e}
        for arg, value, d_value in zip(row.args, e.args, moved):
            names[arg], names[f"d_{arg}"] = value, d_value
        namespace = "math" if e.fn.startswith("math.") else "numpy"
        read = Formula(names, self.dtype(target), namespace).read
        if row.tangent is not None:
            return read(row.tangent)
        total: MaybeZero = None
        for position, direction in enumerate(moved):
            if direction is not None:
                partial = self.partial(e, row, position, read)
                if row.strong_zero:
                    total = build.add(total, build.strong(partial, direction, zero))
                else:
                    total = build.add(total, build.mul(partial, direction))
        return total

    def quotient(self, e: Op, moved: list[MaybeZero]) -> MaybeZero:
        d_x, d_y = moved
        if d_x is None:
            over = e.args[0]
            if isinstance(over, Lit) and build.is_power_of_two(over):
                # c / y², without another division.
                rest = build.mul(e, e)
                rest = (
                    rest
                    if build.is_one(over)
                    else build.mul(replace(over, value=1.0 / over.value), rest)
                )
            else:
                rest = build.div(e, e.args[1])
            return build.neg(build.mul(rest, d_y))
        return build.div(build.sub(d_x, build.mul(e, d_y)), e.args[1])

    def row_of(self, op: Op) -> Rule:
        first_ = rule(op.fn)
        if first_ is not None and first_.names[0] == "pow" and not isinstance(op.args[1], Lit):
            leaves = [e for e in subexpressions(op.args[1]) if not isinstance(e, Op)]
            if all(self.is_integer(e) for e in leaves):
                row = rule("pow.int")
                assert row is not None
                return row
        return super().row_of(op)

    def is_integer(self, atom: Expr) -> bool:
        if isinstance(atom, Lit):
            return isinstance(atom.value, int)
        return isinstance(atom, Var) and "int" in str(self.types.get(atom.name))


def _is_signed(value: Expr) -> bool:
    """Whether a value is a name or the negative of one."""
    return isinstance(build.positive(value), Var)


def _without(total: MaybeZero, own: Var) -> tuple[MaybeZero, bool]:
    """A sum without one of its terms, and whether that was there."""
    if total == own:
        return None, True
    if isinstance(total, Op) and total.fn in ("add", "sub"):
        first, last = total.args
        if first == own:
            return (last if total.fn == "add" else build.neg(last)), True
        if last == own and total.fn == "add":
            return first, True
    return total, False


def _item(value: Expr, place: int) -> Expr:
    assert isinstance(value, Op)
    return replace(value, args=(value.args[0], Lit(place)))
