"""The functions of a module up to where tangents begin: parsed, typed, and known to be active.

A function that calls itself has no type before its calls have one. It is typed first without what
follows such a call, then again with what the other ways out of it give, until that stays.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from functools import partial
from typing import Any

from tangent_fwd.analysis.activity import Activity, Effects, Ruled, is_complex
from tangent_fwd.analysis.alias import Aliases, has_array
from tangent_fwd.analysis.infer import infer
from tangent_fwd.analysis.mistakes import returned
from tangent_fwd.analysis.numba_typing import spoken, unify
from tangent_fwd.errors import (
    Diagnostic,
    SourceUnavailable,
    TangentError,
    TypingFailure,
    UnsupportedFunction,
    raise_all,
)
from tangent_fwd.fixpoint import Fixpoint
from tangent_fwd.frontend.declared import given, is_castable, taken
from tangent_fwd.frontend.lower import lower
from tangent_fwd.frontend.opaque import Opaque, spelled
from tangent_fwd.frontend.optional import decided
from tangent_fwd.frontend.parse import Differentiated, UserFunction, differentiated, parse
from tangent_fwd.frontend.present import present
from tangent_fwd.frontend.prune import cut, leaves, pruned
from tangent_fwd.ir.nodes import Block, Expr, Function, Let, Op, Ref, Return
from tangent_fwd.ir.walk import (
    map_block,
    map_expr,
    own_exprs,
    statements,
    subexpressions,
)
from tangent_fwd.library import is_ours, takes_complex, user_name
from tangent_fwd.program import Flags, Stages, Typed, Types, typeof
from tangent_fwd.source import NOWHERE, Span
from tangent_fwd.transform.absent import absent, optional
from tangent_fwd.transform.again import again, misfits
from tangent_fwd.transform.asked import asked
from tangent_fwd.transform.bound import bound
from tangent_fwd.transform.defined import defined
from tangent_fwd.transform.flatten import flatten
from tangent_fwd.transform.fuse import fuse
from tangent_fwd.transform.guard import guard
from tangent_fwd.transform.loops import loops
from tangent_fwd.transform.ruled import check_rule, rule_for, rule_types, ruled, writes
from tangent_fwd.transform.second import first
from tangent_fwd.transform.simplify import simplify
from tangent_fwd.transform.split import split

# A function, and the types of its arguments.
Key = tuple[Any, Types]

# So many calls of one function inside each other, each with other types, never end.
_DEEPEST = 20


class _Circle(TangentError):
    """A function is called while it is being typed, and its result has no type yet."""

    def __init__(self, key: Key) -> None:
        super().__init__("a function that calls itself")
        self.key = key
        self.through: Ref | None = None  # what the function itself calls on the way round


class Known:
    """What is known of a function and its helpers before tangents: the same for every number of
    lanes, every order and every choice of active arguments, so the next derivative starts from it.
    """

    def __init__(self) -> None:
        self.parsed: dict[Any, UserFunction] = {}
        self.typed: dict[Key, Typed] = {}

    def learn(self, front: Front) -> None:
        """Keep what one derivative has found out, once it is whole."""
        self.parsed.update(front.parsed)
        self.typed.update(front.typed)


class Front:
    """Functions by what they are called with, each taken through the first passes once."""

    def __init__(self, known: Known | None = None) -> None:
        known = known or Known()
        self.parsed: dict[Any, UserFunction] = dict(known.parsed)
        self.typed: dict[Key, Typed] = dict(known.typed)
        self.typing: list[Key] = []
        self.results: dict[Key, Any] = {}  # of functions that are being typed, as far as known
        self.activities: Fixpoint[Activity] = Fixpoint(Activity.effects)

    def parse(self, function: Any) -> UserFunction:
        """Parse a helper, once; an unreadable one is refused by name. What has no text of its own,
        such as a nested function, comes parsed.
        """
        if isinstance(function, UserFunction):
            return function
        if function not in self.parsed:
            try:
                self.parsed[function] = parse(function)
            except SourceUnavailable as error:
                raise UnsupportedFunction(str(error)) from error
        return self.parsed[function]

    # --- types -----------------------------------------------------------------------------------

    def type(self, function: UserFunction, arg_types: Types) -> Typed:
        """The function with the types of its variables, ready for tangents."""
        key = (function.original, arg_types)
        if key not in self.typed:
            self.check_depth(function)
            self.typing.append(key)
            known = set(self.activities.answers)
            try:
                self.typed[key] = self.typed_anew(function, arg_types)
            finally:
                self.typing.pop()
                if self.results.pop(key, None) is not None:
                    # What was asked of it so far was answered by all that a function can do.
                    for early in self.activities.answers.keys() - known:
                        del self.activities.answers[early]
        return self.typed[key]

    def check_depth(self, function: UserFunction) -> None:
        if [original for original, _ in self.typing].count(function.original) > _DEEPEST:
            message = f"`{function.name}` calls itself with arguments of ever new types"
            raise_all([Diagnostic("function", message, Span.of(function.node))], function.source)

    def typed_anew(self, function: UserFunction, arg_types: Types) -> Typed:
        if isinstance(function, Differentiated):
            return self.again(function, arg_types)
        if isinstance(function.original, Opaque):
            function = spelled(function, arg_types)
        function, wanted = taken(function, arg_types)
        typed = self.typed_as_is(function, arg_types)
        if is_castable(typed.result, wanted):
            return self.typed_as_is(given(function, wanted), arg_types)
        return typed

    def typed_as_is(self, function: UserFunction, arg_types: Types) -> Typed:
        stages = Stages()
        stage = stages.add
        kinds = dict(zip(function.params, arg_types))
        typeof_part = partial(self.typeof_part, function, arg_types)
        program = stage("lower", decided(lower(function, kinds, typeof_part), kinds))
        program = stage("bound", bound(program, function.source))
        program, found = self.told_apart(function, program, arg_types)
        origins = {s.target: s.value for s in statements(program.body) if isinstance(s, Let)}
        stage("split", program)
        program = stage("infer", found)
        called = defined(program, function.source)
        if called is not program:
            program = stage("defined", self.inferred(function, called, arg_types))
        raise_all(returned(program), function.source)
        result = program.typeof("return")
        program = self.with_shares(program)
        program = stage("guard", guard(program, partial(self.written, program), function.source))
        program = stage("loops", loops(program, function.source))
        program = stage("fuse", fuse(program))
        program = stage("simplify", simplify(flatten(program)))
        return Typed(function, program, stages, result, origins)

    def told_apart(
        self, function: UserFunction, program: Function, arg_types: Types
    ) -> tuple[Function, Function]:
        """The program with one variable for one meaning, and with types; values that may be None
        are asked first.
        """
        named = present(program)
        if named is not program:
            named = split(named)
            try:
                found = self.inferred(function, named, arg_types)
            except TangentError:
                found = None  # what is wrong without these names as well is told of it so
            if found is not None and optional(found):
                return named, self.flagged(function, found)
        program = split(program)
        return program, self.flagged(function, self.inferred(function, program, arg_types))

    def flagged(self, function: UserFunction, program: Function) -> Function:
        """The program in which no helper is called with, and no array is, what may be None."""

        def result(program: Function, op: Op) -> Any:
            ref, kinds = op.args[0], self.arg_types(program, op)
            assert isinstance(ref, Ref)
            with contextlib.suppress(TypingFailure):
                return self.typeof_call(function, program, ref, kinds)

        return absent(asked(program, result), function.source)

    def again(self, function: Differentiated, arg_types: Types) -> Typed:
        """A derivative as a function: its program is that of value and tangent."""
        base, active = function.base, function.active
        primals = arg_types[: len(base.params)]
        typed = self.type(base, primals)
        activity = self.activity(base, primals, active)
        raise_all(misfits(function, arg_types, activity.mutated()), base.source)

        def call(op: Op, flags: Flags) -> Ref:
            made = differentiated(self.callee(op), flags)
            return Ref(made.qualname, made)

        stages = Stages(typed.stages)
        if base.is_ruled:
            program = stages.add("ruled", self.by_rule(base, typed, active, 1))
        else:
            program = stages.add("first", first(typed.ready, activity, call))
        program = self.with_shares(again(program, function.params, arg_types))
        program = stages.add("again", simplify(program))
        return Typed(function, program, stages, program.typeof("return"), typed.origins)

    def by_rule(self, function: UserFunction, typed: Typed, active: Flags, lanes: int) -> Function:
        """The program of value and tangent of a function with a rule of its own."""
        kinds = tuple(typed.ready.typeof(p) for p in function.params)
        rule = self.parse(rule_for(function))
        result = self.type(rule, rule_types(function, rule, kinds)).result
        check_rule(function, rule, result, typed.result)
        if self.activity(function, kinds, active).mutated():
            raise_all([writes(function)], function.source)
        return ruled(typed.ready, Ref(rule.name, rule.original), active, lanes)

    def inferred(self, function: UserFunction, program: Function, arg_types: Types) -> Function:
        """The program with types. What it gives itself is a guess that must come true."""
        key = (function.original, arg_types)
        typeof_call = partial(self.typeof_call, function, program)
        while True:
            known = set(self.typed)
            try:
                found = infer(program, arg_types, function.source, typeof_call)
                result = found.typeof("return")
                if self.results.get(key, result) == result:
                    return found
                result = unify([self.results[key], result])
            except _Circle as circle:
                if circle.key != key:
                    raise
                result = self.without(function, program, arg_types, circle)
            if result is None or result == self.results.get(key):
                message = f"`{function.name}` gives values of different types, of which some are "
                message += "what it gives itself"
                at = Span.of(function.node)
                raise_all([Diagnostic("typing", message, at)], function.source)
            self.results[key] = result
            for early in self.typed.keys() - known:
                del self.typed[early]

    def without(
        self, function: UserFunction, program: Function, arg_types: Types, circle: _Circle
    ) -> Any:
        """The type of what a function gives without its calls of itself."""
        cuts = [circle.through]
        while True:
            body = pruned(cut(program.body, cuts))
            if not any(isinstance(s, Return) for s in statements(body)) and leaves(body[-1]):
                message = f"`{function.name}` calls itself on every path that gives a value"
                found = Diagnostic("function", message, Span.of(function.node))
                raise_all([found], function.source)
            part = replace(program, body=body)
            typeof_call = partial(self.typeof_call, function, part)
            try:
                return infer(part, arg_types, function.source, typeof_call).typeof("return")
            except _Circle as another:
                if another.key != circle.key:
                    raise
                cuts.append(another.through)

    def typeof_part(self, function: UserFunction, arg_types: Types, body: Block) -> Any:
        """The type of what the first statements of a function lead to; None where it has none."""
        part = Function(function.name, function.params, body)
        part = split(decided(part, dict(zip(function.params, arg_types))))
        typeof_call = partial(self.typeof_call, function, part)
        try:
            return infer(part, arg_types, function.source, typeof_call).typeof("return")
        except TangentError:
            return None

    def typeof_call(
        self, caller: UserFunction, program: Function, ref: Ref, arg_types: Types
    ) -> Any:
        """The type of what a call gives; of what may be None, with it and without it, if the
        helper takes that.
        """
        from numba.core import types

        for k, kind in enumerate(arg_types):
            if isinstance(kind, types.Optional):
                before, after = arg_types[:k], arg_types[k + 1 :]
                there = self.typeof_call(caller, program, ref, (*before, kind.type, *after))
                try:
                    nothing = self.typeof_call(caller, program, ref, (*before, types.none, *after))
                except TypingFailure:
                    return there
                return unify([there, nothing])
        plain = tuple(types.unliteral(t) for t in arg_types)
        helper = self.parse(ref.value)
        key = (helper.original, plain)
        foreign = is_ours(helper.module) and not is_ours(caller.module)
        try:
            if foreign and any(map(is_complex, plain)) and not takes_complex(helper.original):
                raise TypingFailure("of complex numbers")
            if key in self.typing and key not in self.results:
                raise _Circle(key)
            return self.results[key] if key in self.results else self.type(helper, plain).result
        except _Circle as circle:
            circle.through = ref
            raise
        except TangentError as error:
            if not is_ours(helper.module):
                raise
            # What is wrong is not in our file, but how the user calls it.
            called = (
                e for s in statements(program.body) for x in own_exprs(s)
                for e in subexpressions(x) if isinstance(e, Op) and ref in e.args[:1]
            )  # fmt: skip
            kinds = ", ".join(spoken(str(kind)) for kind in plain)
            message = f"`{user_name(helper.original)}` is not supported for {kinds}"
            found = Diagnostic("typing", message, next(called).span or NOWHERE)
            raise_all([found], caller.source)
            raise AssertionError from error

    def with_shares(self, program: Function) -> Function:
        """Calls of helpers, each with the arguments whose memory the result may be."""

        def change(e: Expr) -> Expr:
            known = isinstance(e, Op) and "shares" in dict(e.keywords)
            if isinstance(e, Op) and e.fn == "call" and isinstance(e.args[0], Ref) and not known:
                helper, kinds = self.callee(e), self.arg_types(program, e)
                if (helper.original, kinds) not in self.typing:
                    shares = Aliases(self.type(helper, kinds).ready).returned()
                    return replace(e, keywords=(*e.keywords, ("shares", shares)))
            return e

        return replace(program, body=map_block(lambda x: map_expr(change, x), program.body))

    def callee(self, op: Op) -> UserFunction:
        """The helper that a call calls."""
        ref = op.args[0]
        assert isinstance(ref, Ref)
        return self.parse(ref.value)

    def arg_types(self, caller: Function, op: Op) -> Types:
        """The types of the arguments of a call."""
        return tuple(typeof(caller, arg) for arg in op.args[1:])

    def written(self, caller: Function, op: Op) -> tuple[str, tuple[int, ...]]:
        """The helper that a call calls, and the positions of the arguments that it writes to."""
        helper, kinds = self.callee(op), self.arg_types(caller, op)
        return helper.name, self.effects(helper, kinds, (False,) * len(kinds))[2]

    # --- activity --------------------------------------------------------------------------------

    def effects(self, function: UserFunction, arg_types: Types, active: Flags) -> Effects:
        """What a call does with active arguments; all that it can where that is not yet known."""
        if (function.original, arg_types) in self.typing:
            arrays = tuple(map(has_array, arg_types))
            return True, arrays, tuple(k for k, array in enumerate(arrays) if array)
        key = (function.original, arg_types, active)
        least = (False, (False,) * len(arg_types), ())
        compute = partial(self.activity_anew, function, arg_types, active)
        found: Effects = self.activities.of(key, least, compute)
        return found

    def activity(self, function: UserFunction, arg_types: Types, active: Flags) -> Activity:
        """Which variables of a function are active when these arguments are."""
        self.effects(function, arg_types, active)
        return self.activities.answers[function.original, arg_types, active]

    def activity_anew(self, function: UserFunction, arg_types: Types, active: Flags) -> Activity:
        typed = self.type(function, arg_types)
        if function.is_ruled:
            return Ruled(typed.ready, active)

        def of_call(op: Op, flags: Flags) -> Effects:
            helper = self.callee(op)
            try:
                return self.effects(helper, self.arg_types(typed.ready, op), flags)
            except TangentError as error:
                if not is_ours(helper.module) or is_ours(function.module):
                    raise
                name = user_name(helper.original)
                message = f"no derivative rule for `{name}` with these active values"
                at = Diagnostic("no-rule", message, op.span or NOWHERE)
                raise_all([at], function.source)
                raise AssertionError from error

        found = Activity(typed.ready, active, of_call)
        raise_all(found.diagnostics, function.source)
        found.note_writes(lambda op: self.written(typed.ready, op)[1])
        return found
