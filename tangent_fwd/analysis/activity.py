"""Activity: which values carry a tangent.

A value is active when it can hold floats and depends on an active argument through something
that is not locally constant. What is stored into an array makes every name of that memory
active, so the answer is a fixed point.

Before:

>>> from tangent_fwd.analysis.infer import infer
>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> import numba, numpy as np
>>> def f(x, n):
...     held = np.zeros(n)
...     view = held[1:]
...     scale = 0.5 * n
...     held[0] = scale * x
...     return view[0]
>>> parsed = parse(f)
>>> typed = infer(lower(parsed), (numba.float64, numba.int64), parsed.source, None)

After: `view` is active because the array under it is, `scale` is not.

>>> found = Activity(typed, (True, False), None)
>>> sorted(name for name in found.names if "%" not in name)
['held', 'view', 'x']
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tangent_fwd.analysis.alias import (
    MAKES,
    Aliases,
    has_array,
    held,
    is_array,
    is_container,
    is_set,
    is_tuple,
)
from tangent_fwd.analysis.records import is_record, is_structured
from tangent_fwd.errors import Diagnostic
from tangent_fwd.ir.nodes import Expr, Function, Let, Lit, Op, Return, Stmt, Store, Var
from tangent_fwd.ir.show import display
from tangent_fwd.ir.walk import own_exprs, statements, subexpressions, variables
from tangent_fwd.rules import Rule, rule

# Attributes of arrays that hold no tangent, or one that is the same attribute of the tangent.
MOVING = frozenset("T real imag".split())
PLAIN = MOVING | frozenset("shape size ndim dtype strides itemsize nbytes".split())
# Whole-array operations whose tangent is the same operation on the tangent.
STRUCTURAL = MAKES | frozenset(
    "field getitem some tuple stretch gather strong container.pop container.copy".split()
)
# Operations on shapes and integers only.
INERT = frozenset(
    "empty common overlap dtype dim trim slice row fstring in not_in emptied zeroed "
    "builtins.list".split()
)

# What puts values into a list or a dict, which is the first argument.
GROWS = frozenset("container.append container.insert container.extend container.update".split())

# Of a call with active arguments: whether its result is active, which arguments are so afterwards,
# and the positions of those that are written to.
Effects = tuple[bool, tuple[bool, ...], tuple[int, ...]]
CallActivity = Callable[[Op, tuple[bool, ...]], Effects]


def holds_float(kind: Any) -> bool:
    """Whether values of a numba type can carry a tangent."""
    from numba.core import types

    if is_tuple(kind):
        return any(holds_float(t) for t in kind)
    if isinstance(kind, types.Optional):
        return holds_float(kind.type)
    if is_container(kind):
        # A set has no order, so no other could hold the tangents.
        return not is_set(kind) and holds_float(held(kind))
    if is_record(kind):
        return any(holds_float(part.type) for part in kind.fields.values())
    if is_structured(kind) or type(kind).__name__ == "NestedArray":
        return holds_float(kind.dtype)
    if is_array(kind):
        return isinstance(kind.dtype, (types.Float, types.Complex))
    return isinstance(kind, (types.Float, types.Complex))


def is_complex(kind: Any) -> bool:
    """Whether a numba type is that of complex numbers, or of an array of them."""
    from numba.core import types

    return isinstance(getattr(kind, "dtype", kind), types.Complex)


class Activity:
    """The active variables of a function, for one choice of active parameters.

    `call_activity(op, active_args)` tells what a helper call does.
    """

    def __init__(
        self, function: Function, active: tuple[bool, ...], call_activity: CallActivity
    ) -> None:
        self.function = function
        self.aliases = Aliases(function)
        self.call_activity = call_activity
        self.names = {p for p, a in zip(function.params, active) if a}
        self.given = set(self.names)
        self.memory = {self.aliases.find(n) for n in self.names if has_array(function.typeof(n))}
        self.diagnostics: list[Diagnostic] = []
        while self.step():
            pass
        ours = {
            s.target
            for s in statements(function.body)
            if isinstance(s, Let)
            and isinstance(s.value, Op)
            and dict(s.value.keywords).get("owned")
        }
        self.written = {
            self.aliases.find(s.array)
            for s in statements(function.body)
            if isinstance(s, Store) and s.array not in ours
        } | {self.aliases.find(name) for name in changed_containers(function)}
        self.refuse_unknown()

    def step(self) -> bool:
        """One round over the program; whether anything was learnt."""
        before = (len(self.names), len(self.memory))
        for stmt in statements(self.function.body):
            for expr in own_exprs(stmt):
                for e in subexpressions(expr):
                    if isinstance(e, Op) and e.fn == "call":
                        self.note_call(e)
                    if isinstance(e, Op) and e.fn in GROWS and any(map(self.is_active, e.args[1:])):
                        assert isinstance(e.args[0], Var)
                        self.note(e.args[0].name)
            if isinstance(stmt, Let) and self.is_active(stmt.value):
                self.note(stmt.target)
            if isinstance(stmt, Store) and self.is_active(stmt.value):
                if holds_float(self.function.typeof(stmt.array)):
                    self.note(stmt.array)
        for name in list(self.function.params) + list(self.function.types or ()):
            kind = self.function.typeof(name)
            if has_array(kind) and holds_float(kind):
                if self.aliases.find(name) in self.memory:
                    self.names.add(name)
        for param in self.function.params:
            if self.aliases.of(param) & self.memory:
                self.names.add(param)
        return before != (len(self.names), len(self.memory))

    def note(self, name: str) -> None:
        kind = self.function.typeof(name)
        if kind is not None and not holds_float(kind):
            return
        self.names.add(name)
        if has_array(kind):
            self.memory.add(self.aliases.find(name))

    def note_call(self, op: Op) -> None:
        flags = tuple(self.is_active(a) for a in op.args[1:])
        if not any(flags):
            return
        _, after, _ = self.call_activity(op, flags)
        for arg, becomes in zip(op.args[1:], after):
            if becomes and isinstance(arg, Var):
                self.note(arg.name)

    def is_active(self, expr: Expr) -> bool:
        if isinstance(expr, Var):
            return expr.name in self.names
        if not isinstance(expr, Op) or expr.fn in INERT:
            return False
        if expr.fn == "call":
            flags = tuple(self.is_active(a) for a in expr.args[1:])
            return any(flags) and self.call_activity(expr, flags)[0]
        if expr.fn in ("getitem", "container.pop", "field"):
            return self.is_active(expr.args[0])
        if expr.fn == "dict":
            return any(map(self.is_active, expr.args[1::2]))
        if expr.fn == "attr":
            name = expr.args[1]
            base = expr.args[0]
            if isinstance(base, Var) and is_array(self.function.typeof(base.name)):
                moves = isinstance(name, Lit) and name.value in MOVING
                return moves and self.is_active(base)
            return self.is_active(base)
        if expr.fn == "tangent_fwd.stop_gradient":
            return False
        active = any(self.is_active(a) for a in expr.args)
        if expr.fn in STRUCTURAL or not active:
            return active
        row = self.rule(expr)
        return row is None or row.kind != "constant"

    def rule(self, op: Op) -> Rule | None:
        """The row that holds for the types of an operation's arguments."""
        return rule(op.fn, any(is_complex(self.function.typeof(n)) for n in variables(op)))

    def refuse_unknown(self) -> None:
        """Every operation that an active value goes through must have a rule."""
        for stmt in statements(self.function.body):
            self.refuse_frozen_writes(stmt)
            for expr in own_exprs(stmt):
                for op in subexpressions(expr):
                    if not isinstance(op, Op) or op.fn in INERT or op.fn in STRUCTURAL - {"gather"}:
                        continue
                    if op.fn in ("call", "tangent_fwd.stop_gradient"):
                        continue
                    if op.fn.startswith("container."):
                        continue
                    if op.fn == "attr":
                        self.refuse_attribute(op, stmt.span)
                        continue
                    culprit = next((a for a in op.args if self.is_active(a)), None)
                    if culprit is None:
                        continue
                    chooses = op.fn in ("builtins.max", "builtins.min") and len(op.args) == 1
                    if chooses and isinstance(culprit, Var):
                        whole = is_array(self.function.typeof(culprit.name))
                        of = "an array" if whole else "a tuple"
                        message = f"`{display(op.fn)}` of {of} is not supported"
                        numpys = f"`{op.fn.replace('builtins', 'np')}`"
                        advice = numpys if whole else "pass its elements one by one"
                        at = op.span or stmt.span
                        self.diagnostics.append(Diagnostic("no-rule", message, at, help=advice))
                        continue
                    row = self.rule(op)
                    if row is not None:
                        self.refuse_parameter(op, row, stmt.span)
                        continue
                    if op.fn == "builtins.print":
                        continue
                    if op.fn == "gather" and self.is_list(op.args[1:]):
                        continue
                    of_complex = rule(op.fn) is not None
                    self.diagnostics.append(_no_rule(op, culprit, stmt.span, of_complex))

    def is_list(self, index: tuple[Expr, ...]) -> bool:
        """Whether an index selects by arrays of integers, and by masks of one axis at most."""
        kinds = [self.function.typeof(e.name) for e in index if isinstance(e, Var)]
        return all(kind.ndim == 1 or str(kind.dtype) != "bool" for kind in kinds if is_array(kind))

    def refuse_parameter(self, op: Op, row: Rule, at: Any) -> None:
        """Some functions are differentiable in some arguments only."""
        for position in row.unknown:
            if position < len(op.args) and self.is_active(op.args[position]):
                word = row.args[position]
                missing = _no_rule(op, op.args[position], at)
                message = f"{missing.message} in its argument `{word}`"
                self.diagnostics.append(replace(missing, message=message))

    def refuse_attribute(self, op: Op, at: Any) -> None:
        """Of an active array, sizes and `.T` are known; others would lose the tangent."""
        base, name = op.args
        if not (isinstance(base, Var) and isinstance(name, Lit) and self.is_active(base)):
            return
        if is_array(self.function.typeof(base.name)) and name.value not in PLAIN:
            message = f"no derivative rule for the attribute `.{name.value}` of an array"
            label = f"`{base.name}` is active here" if "%" not in base.name else "active here"
            self.diagnostics.append(Diagnostic("no-rule", message, op.span or at, label))

    def refuse_frozen_writes(self, stmt: Stmt) -> None:
        """`stop_gradient(x)` is x itself: a store would reach x without its tangent."""
        if not isinstance(stmt, Let) or not isinstance(stmt.value, Op):
            return
        if stmt.value.fn != "tangent_fwd.stop_gradient":
            return
        if self.aliases.find(stmt.target) in self.written & self.memory:
            self.diagnostics.append(
                Diagnostic(
                    "activity",
                    "an array passed through `stop_gradient` is written to",
                    stmt.value.span or stmt.span,
                    help="write to a copy of it: `stop_gradient(x).copy()`",
                )
            )

    def result_active(self) -> bool:
        """Whether any return value is active."""
        return any(
            self.is_active(s.value) for s in statements(self.function.body) if isinstance(s, Return)
        )

    def active_after(self) -> tuple[bool, ...]:
        """For each parameter, whether its memory holds active values when the function ends."""
        return tuple(
            p in self.names and has_array(self.function.typeof(p)) for p in self.function.params
        )

    def effects(self) -> Effects:
        """What a call of the function does."""
        return self.result_active(), self.active_after(), self.mutated()

    def note_writes(self, written: Callable[[Op], tuple[int, ...]]) -> None:
        """Take in what helpers write to: `written(op)` are positions of a call's arguments."""
        for stmt in statements(self.function.body):
            for e in (e for x in own_exprs(stmt) for e in subexpressions(x)):
                if isinstance(e, Op) and e.fn == "call":
                    for position in written(e):
                        arg = e.args[1 + position]
                        if isinstance(arg, Var):
                            self.written.add(self.aliases.find(arg.name))

    def mutated(self) -> tuple[int, ...]:
        """Positions of the parameters that are written to."""
        params = enumerate(self.function.params)
        return tuple(k for k, p in params if self.aliases.of(p) & self.written)


class Ruled(Activity):
    """The activity of a function whose derivative is given: what it is made of does not count."""

    def __init__(self, function: Function, active: tuple[bool, ...]) -> None:
        super().__init__(function, (False,) * len(active), lambda op, flags: (False, (), ()))
        self.moves = any(active)

    def result_active(self) -> bool:
        return self.moves and holds_float(self.function.typeof("return"))


def changed_containers(function: Function) -> set[str]:
    """The lists, dicts and sets that a function changes in place."""
    return {
        e.args[0].name for s in statements(function.body) for x in own_exprs(s)
        for e in subexpressions(x)
        if isinstance(e, Op) and e.fn.startswith("container.") and isinstance(e.args[0], Var)
    }  # fmt: skip


_COUNTS = frozenset(
    "binomial geometric hypergeometric logseries multinomial negative_binomial poisson zipf".split()
)
"""Random numbers that count something."""


def _no_rule(op: Op, culprit: Expr, span: Any, of_complex: bool = False) -> Diagnostic:
    name = display(op.fn)
    shown = culprit.name.split("%")[0] if isinstance(culprit, Var) else ""
    label = f"`{shown}` is active here" if shown else "its argument is active here"
    if op.fn == "gather":
        message = "no derivative rule for indexing with a mask of several axes beside others"
        return Diagnostic("no-rule", message, op.span or span, label, help="write it as a loop")
    advice = (
        "write it with operations that have one (docs/rules.md), give it one with "
        "`register_jvp`, or take it out of the derivative with `stop_gradient`"
    )
    if op.fn in ("numpy.random.normal", "numpy.random.uniform"):
        advice = "draw from the standard distribution and move it: `mean + width * draw`"
    if op.fn == "numpy.random.dirichlet":
        advice = "give it an array: `np.array((...))`"
    if op.fn.startswith("helper."):
        message = f"no second derivative: `{op.fn[7:]}`, a slope, has no derivative rule"
        advice = "a first derivative has one; `stop_gradient(...)` keeps an argument from moving"
        return Diagnostic("no-rule", message, op.span or span, label, help=advice)
    if op.fn.rpartition(".")[2] in _COUNTS and op.fn.startswith("numpy.random."):
        message = f"`{name}` draws whole numbers, which have no derivative"
        advice = "give it what stands still, `stop_gradient(...)`, or compute with its mean"
        return Diagnostic("no-rule", message, op.span or span, label, help=advice)
    message = f"no derivative rule for `{name}`" + of_complex * " of complex numbers"
    return Diagnostic("no-rule", message, op.span or span, label, help=advice)
