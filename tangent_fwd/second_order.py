"""Value, slope and curvature in one pass: the pipeline with one pass more.

    tangent    each active equation joined by its tangent
    second     each tangent joined by its own
    simplify

`transform/second.py` has the pass; here it meets modules, whose helpers are differentiated twice
as well, once for each choice of tangents that change along the direction themselves.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from tangent_fwd.analysis.activity import Activity, Effects
from tangent_fwd.errors import raise_all
from tangent_fwd.fixpoint import Fixpoint
from tangent_fwd.front import Known
from tangent_fwd.frontend.parse import UserFunction
from tangent_fwd.ir.nodes import Function, Op, Ref
from tangent_fwd.options import Options
from tangent_fwd.pipeline import Module
from tangent_fwd.program import Flags, Made, Program, Stages, Types, with_respect_to
from tangent_fwd.transform.second import first, second
from tangent_fwd.transform.simplify import simplify, sweep
from tangent_fwd.transform.unread import unread


def differentiate(
    function: UserFunction,
    arg_types: Types,
    active: Flags,
    options: Options,
    known: Known | None = None,
) -> Program:
    """The program that takes a direction and returns value, slope and curvature along it.

    Arguments: the parsed function; the numba type of each argument; which of them are active;
    what other derivatives of the function have found out, which this one adds to.
    Raises what the passes refuse, located at the user's line.
    """
    module = _Twice(1, known)
    entry = module.second(function, arg_types, active, (False,) * sum(active))
    if known is not None:
        known.learn(module)
    header = f"Forward-mode second derivative of {with_respect_to(function, active)}"
    return module.program(function, entry, header, options)


class _Twice(Module):
    """The functions of a module that goes to second order."""

    def __init__(self, lanes: int, known: Known | None = None) -> None:
        super().__init__(lanes, known)
        self.firsts: dict[tuple[object, Types, Flags], Function] = {}
        self.changes: Fixpoint[Activity] = Fixpoint(Activity.effects)

    def second(
        self,
        function: UserFunction,
        arg_types: Types,
        active: Flags,
        moving: Flags,
    ) -> Made:
        """Value, tangent and second tangent; `moving` are the tangents that have one themselves."""
        key = (function.original, arg_types, active, moving)
        if key not in self.made:
            self.begun[key] = None
            typed = self.type(function, arg_types)
            stages = Stages(typed.stages)
            once = stages.add("tangent", self.once(function, arg_types, active))
            activity = self.change(function, arg_types, active, moving)

            def call(op: Op, flags: Flags) -> Ref:
                if "rule" in dict(op.keywords):
                    return self.call_tangent(once)(op, flags)
                helper, kinds, given = self.plain(once, op)
                further = (helper.original, kinds, given, flags[len(given) :])
                if further in self.begun:
                    return Ref(self.name_ahead(further, f"{helper.name}_directional2"), None)
                return Ref(self.second(helper, *further[1:]).name, None)

            program = stages.add("second", second(once, activity, call))
            program = stages.add("simplify", simplify(program))
            mine = self.activity(function, arg_types, active)
            self.finish(key, typed, program, stages, f"{function.name}_directional2", mine)
        return self.made[key]

    def once(self, function: UserFunction, arg_types: Types, active: Flags) -> Function:
        """The program of value and tangent that is to be differentiated again."""
        key = (function.original, arg_types, active)
        if key not in self.firsts:
            typed = self.type(function, arg_types)
            if function.is_ruled:
                self.firsts[key] = self.by_rule(function, typed, active, 1)
            else:
                activity = self.activity(function, arg_types, active)
                program = sweep(first(typed.ready, activity))
                self.firsts[key] = unread(program, partial(self.unmoved, program))
        return self.firsts[key]

    def unmoved(self, caller: Function, op: Op) -> Op | None:
        """The call of a helper in place of that of its derivative, unless it writes somewhere."""
        helper, kinds, given = self.plain(caller, op)
        if self.effects(helper, kinds, (False,) * len(kinds))[2]:
            return None
        return replace(op, args=op.args[: 1 + len(given)], keywords=())

    def change(
        self,
        function: UserFunction,
        arg_types: Types,
        active: Flags,
        moving: Flags,
    ) -> Activity:
        """What changes in the program of value and tangent along the direction."""
        self.changing(function, arg_types, active, moving)
        return self.changes.answers[function.original, arg_types, active, moving]

    def changing(
        self, function: UserFunction, arg_types: Types, active: Flags, moving: Flags
    ) -> Effects:
        """Whether the result of such a program changes, and which of its arguments afterwards."""

        def compute() -> Activity:
            once = self.once(function, arg_types, active)

            def of_call(op: Op, flags: Flags) -> Effects:
                if "rule" in dict(op.keywords):
                    return self.effects(self.callee(op), self.arg_types(once, op), flags)
                if "pair" not in dict(op.keywords):
                    return False, flags, ()  # it moves nothing, or it would not be as it was
                helper, kinds, given = self.plain(once, op)
                return self.changing(helper, kinds, given, flags[len(given) :])

            found = Activity(once, (*active, *moving), of_call)
            raise_all(found.diagnostics, function.source)
            return found

        key = (function.original, arg_types, active, moving)
        count = len(active) + len([a for a in active if a])
        least = (False, (False,) * count, ())
        found: Effects = self.changes.of(key, least, compute)
        return found

    def plain(self, caller: Function, op: Op) -> tuple[UserFunction, Types, Flags]:
        """Of a call in such a program: the helper, its argument types, which are active."""
        given: Flags = dict(op.keywords)["pair"]
        plain = replace(op, args=op.args[: 1 + len(given)])
        return self.callee(op), self.arg_types(caller, plain), given
