"""The list of passes, read top to bottom: a function goes in, the text of its derivative comes out.

    lower      the user's syntax in named A-normal form
    split      one variable for one meaning
    infer      the numba type of every variable
    defined    what the library defines for these types as calls of it
    guard      checks before calls that may pass one piece of memory twice
    loops      array expressions as loop nests over scalars
    fuse       neighbouring nests joined, arrays between them gone
    flatten    one operation a line again
    simplify   nothing computed twice, nothing in vain
    tangent    each active equation joined by its tangent
    outer      directions that are outer products kept as two factors
    simplify
    stack      products with one right factor, a value's and its tangent's, as one product
    pack       tangents that are read again and again, lane beside lane
    workspace  arrays cut from memory that is kept between calls, where a caller asks for it
    nest       temporaries folded back into expressions
    naming     the names a person would have given
    emit       Python text

Only `tangent` differentiates. Without an active argument it is left out, and the same passes
give the primal alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from tangent_fwd.analysis.activity import Activity
from tangent_fwd.analysis.alias import Aliases
from tangent_fwd.analysis.infer import infer, typeof_arg
from tangent_fwd.analysis.numba_typing import spoken
from tangent_fwd.backend import support
from tangent_fwd.backend.emit import Piece, emit
from tangent_fwd.errors import (
    Diagnostic,
    SourceUnavailable,
    TangentError,
    UnsupportedFunction,
    raise_all,
)
from tangent_fwd.frontend.lower import lower
from tangent_fwd.frontend.optional import decided
from tangent_fwd.frontend.parse import UserFunction, parse
from tangent_fwd.ir.nodes import Expr, Function, Let, Op, Ref, Var
from tangent_fwd.ir.walk import map_block, map_expr, own_exprs, statements, subexpressions
from tangent_fwd.library import is_ours, user_name
from tangent_fwd.options import Options
from tangent_fwd.program import Derivative, Made, Program, Stages, Typed, Types, operations
from tangent_fwd.source import NOWHERE, Span
from tangent_fwd.transform.constants import Constants
from tangent_fwd.transform.defined import defined
from tangent_fwd.transform.flatten import flatten
from tangent_fwd.transform.fuse import fuse
from tangent_fwd.transform.guard import guard
from tangent_fwd.transform.loops import loops
from tangent_fwd.transform.naming import RESERVED, naming
from tangent_fwd.transform.nest import nest
from tangent_fwd.transform.outer import outer
from tangent_fwd.transform.pack import pack
from tangent_fwd.transform.pairs import holds_pair, refused
from tangent_fwd.transform.signs import signs
from tangent_fwd.transform.simplify import simplify
from tangent_fwd.transform.split import never_bound, split
from tangent_fwd.transform.stack import stack
from tangent_fwd.transform.tangent import tangent
from tangent_fwd.transform.workspace import workspace


def differentiate(
    function: UserFunction,
    arg_types: Types,
    active: tuple[bool, ...],
    lanes: int,
    options: Options,
    tangents: Types | None = None,
    kept: bool = False,
) -> Program:
    """The derivative of a function for argument types, active arguments and a number of lanes.

    Arguments: the parsed function; the numba type of each argument; which of them are active
    (none: the primal alone); how many directions one call takes; the numba type of the tangent
    of each active argument, where some hold pairs that stand for outer products;
    whether it takes a workspace as its last argument (see `transform/workspace.py`).
    Raises what the passes refuse, located at the user's line.
    """
    module = Module(lanes)
    entry = module.function(function, arg_types, active, tangents, kept)
    header = f"Forward-mode derivative of {with_respect_to(function, active)}"
    return module.program(function, entry, header if any(active) else f"`{function.name}`", options)


def with_respect_to(function: UserFunction, active: tuple[bool, ...]) -> str:
    """The function and its active arguments, for headers."""
    names = ", ".join(f"`{p}`" for p, a in zip(function.params, active) if a)
    return f"`{function.name}` with respect to {names}"


class Module:
    """The functions of one emitted module: the entry and the helpers it calls, once for each
    combination of argument types and activity.
    """

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        self.parsed: dict[Any, UserFunction] = {}
        self.typed: dict[tuple[Any, Types], Typed] = {}
        self.typing: list[Any] = []
        self.activities: dict[tuple[Any, Types, tuple[bool, ...]], Activity] = {}
        self.made: dict[tuple[Any, ...], Made] = {}
        self.order: list[Made] = []
        self.names: set[str] = set(RESERVED)
        self.constants = Constants(self.unique)
        self.calls: dict[str, tuple[Any, Types]] = {}

    def program(
        self, function: UserFunction, entry: Made, header: str, options: Options
    ) -> Program:
        """The module as text, and what is known of its entry."""
        from tangent_fwd import __version__

        pieces = [made.piece for made in self.order]
        text = emit(
            pieces,
            f"{header}.\n\nGenerated by tangent_fwd {__version__}.",
            self.constants.values,
            support.texts([piece.function for piece in pieces]),
            options.fastmath,
        )
        return Program(
            text="\n".join(text.lines) + "\n",
            entry=entry.name,
            name=function.name,
            stages=tuple(entry.stages),
            line_map=text.line_map,
            mutated=entry.mutated,
            report=entry.report,
            classes=self.constants.classes(),
        )

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

    # --- passes up to activity -----------------------------------------------------------------

    def type(self, function: UserFunction, arg_types: Types) -> Typed:
        key = (function.original, arg_types)
        if key in self.typed:
            return self.typed[key]
        # A definition of the library may call itself for arrays of fewer axes.
        open_ = key if is_ours(function.module) else function.original
        if open_ in self.typing:
            found = Diagnostic(
                "function", f"`{function.name}` calls itself; recursion is not supported",
                Span.of(function.node),
            )  # fmt: skip
            raise_all([found], function.source)
        self.typing.append(open_)
        try:
            self.typed[key] = self.typed_anew(function, arg_types)
        finally:
            self.typing.pop()
        return self.typed[key]

    def typed_anew(self, function: UserFunction, arg_types: Types) -> Typed:
        stages = Stages()
        stage = stages.add
        kinds = dict(zip(function.params, arg_types))
        lowered = stage("lower", decided(lower(function), kinds))
        raise_all(never_bound(lowered), function.source)
        program = stage("split", split(lowered))
        origins = {s.target: s.value for s in statements(program.body) if isinstance(s, Let)}
        typeof_call = partial(self.typeof_call, function, program)
        program = stage("infer", infer(program, arg_types, function.source, typeof_call))
        called = defined(program, function.source)
        if called is not program:
            typeof_call = partial(self.typeof_call, function, called)
            program = stage("defined", infer(called, arg_types, function.source, typeof_call))
        result = program.typeof("return")
        program = self.with_shares(program)
        program = stage("guard", guard(program, partial(self.written, program), function.source))
        program = stage("loops", loops(program, function.source))
        program = stage("fuse", fuse(program))
        program = stage("simplify", simplify(flatten(program)))
        return Typed(function, program, stages, result, origins)

    def typeof_call(
        self, caller: UserFunction, program: Function, ref: Ref, arg_types: Types
    ) -> Any:
        from numba.core import types

        plain = tuple(types.unliteral(t) for t in arg_types)
        helper = self.parse(ref.value)
        try:
            return self.type(helper, plain).result
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
            if isinstance(e, Op) and e.fn == "call" and isinstance(e.args[0], Ref):
                callee = self.type(self.parse(e.args[0].value), self.arg_types(program, e))
                shares = Aliases(callee.ready).returned()
                return replace(e, keywords=(*e.keywords, ("shares", shares)))
            return e

        return replace(program, body=map_block(lambda x: map_expr(change, x), program.body))

    def callee(self, op: Op) -> UserFunction:
        ref = op.args[0]
        assert isinstance(ref, Ref)
        return self.parse(ref.value)

    def written(self, caller: Function, op: Op) -> tuple[str, tuple[int, ...]]:
        """The helper that a call calls, and the positions of the arguments that it writes to."""
        helper, kinds = self.callee(op), self.arg_types(caller, op)
        return helper.name, self.activity(helper, kinds, (False,) * len(kinds)).mutated()

    def arg_types(self, caller: Function, op: Op) -> Types:
        return tuple(typeof_arg(caller, arg) for arg in op.args[1:])

    # --- activity and what follows -------------------------------------------------------------

    def activity(
        self, function: UserFunction, arg_types: Types, active: tuple[bool, ...]
    ) -> Activity:
        key = (function.original, arg_types, active)
        if key not in self.activities:
            typed = self.type(function, arg_types)

            def of_call(op: Op, flags: tuple[bool, ...]) -> tuple[bool, tuple[bool, ...]]:
                helper = self.callee(op)
                try:
                    found = self.activity(helper, self.arg_types(typed.ready, op), flags)
                except TangentError as error:
                    if not is_ours(helper.module) or is_ours(function.module):
                        raise
                    name = user_name(helper.original)
                    message = f"no derivative rule for `{name}` with these active values"
                    at = Diagnostic("no-rule", message, op.span or NOWHERE)
                    raise_all([at], function.source)
                    raise AssertionError from error
                return found.result_active(), found.active_after()

            found = Activity(typed.ready, active, of_call)
            raise_all(found.diagnostics, function.source)
            found.note_writes(lambda op: self.written(typed.ready, op)[1])
            self.activities[key] = found
        return self.activities[key]

    def function(
        self,
        function: UserFunction,
        arg_types: Types,
        active: tuple[bool, ...],
        tangents: Types | None = None,
        kept: bool = False,
    ) -> Made:
        """Run the remaining passes, helpers first."""
        key = (function.original, arg_types, active, tangents, kept)
        if key in self.made:
            return self.made[key]
        typed = self.type(function, arg_types)
        stages = Stages(typed.stages)
        activity = self.activity(function, arg_types, active)
        program = typed.ready
        if any(active):
            program = tangent(program, activity, self.lanes, self.call_tangent(typed.ready))
            stages.add("tangent", program)
            if tangents is not None:
                given = (p for p in program.params[len(active) :])
                kinds = (kind for kind in tangents for _ in range(self.lanes))
                written = [function.params[k] for k in activity.mutated()]
                pairs = dict(zip(given, kinds))
                raise_all(refused(program, pairs, written, function.node), function.source)
                program = outer(program, pairs, self.writes)
                stages.add("outer", program)
            program = stages.add("simplify", simplify(program))
            program = stages.add("stack", stack(program))
        if self.lanes > 1 and any(active) and not kept:
            program = stages.add("pack", pack(program, self.lanes))
        if kept:
            program = stages.add("workspace", workspace(program))
        name = self.suffixed(function.name, any(active))
        self.made[key] = self.finish(typed, program, stages, name, activity)
        return self.made[key]

    def finish(
        self, typed: Typed, program: Function, stages: Stages, name: str, activity: Activity
    ) -> Made:
        """The passes after tangents; the function joins the module."""
        program = self.link(program, typed.ready)
        program = stages.add("nest", signs(nest(program)))
        program = self.constants.place(program)
        program = support.placed(program)
        taken = frozenset(self.names | set(self.constants.values))
        program = stages.add("naming", naming(program, taken, typed.origins))
        program = replace(program, name=self.unique(name))
        made = Made(program.name, Piece(program, typed.source.source), stages, activity.mutated(),
                     operations(activity))  # fmt: skip
        self.order.append(made)
        return made

    def suffixed(self, name: str, differentiated: bool) -> str:
        if not differentiated:
            return name
        return f"{name}_jvp" if self.lanes == 1 else f"{name}_jvp{self.lanes}"

    def unique(self, name: str) -> str:
        word, count = name, 2
        while word in self.names:
            word, count = f"{name}_{count}", count + 1
        self.names.add(word)
        return word

    # --- helpers, constants, support -----------------------------------------------------------

    def call_tangent(self, caller: Function) -> Callable[[Op, tuple[bool, ...]], Ref]:
        def make(op: Op, flags: tuple[bool, ...]) -> Ref:
            ref = op.args[0]
            assert isinstance(ref, Ref)
            helper = self.parse(ref.value)
            called = Derivative(helper, self.arg_types(caller, op), flags)
            return Ref(self.suffixed(helper.name, True), called)

        return make

    def link(self, program: Function, caller: Function) -> Function:
        """Calls become those of functions of this module: of a helper's derivative, or of its
        primal where no argument is active.
        """

        def change(e: Expr) -> Expr:
            ref = e.args[0] if isinstance(e, Op) and e.fn == "call" else None
            if not isinstance(e, Op) or not isinstance(ref, Ref) or ref.value is None:
                return e
            work = dict(e.keywords).get("work")
            if isinstance(ref.value, Derivative):
                made = self.derivative(ref.value, program, e, work is not None)
            else:
                arg_types = self.arg_types(program, e)
                none = (False,) * len(arg_types)
                made = self.function(self.parse(ref.value), arg_types, none, None, work is not None)
            last = () if work is None else (Var(work),)
            return replace(e, args=(Ref(made.name, None), *e.args[1:], *last))

        return replace(program, body=map_block(lambda x: map_expr(change, x), program.body))

    def writes(self, op: Op) -> tuple[int, ...]:
        """Of the call of a helper's derivative: the arguments that the helper writes to."""
        ref = op.args[0]
        if not isinstance(ref, Ref) or not isinstance(ref.value, Derivative):
            return ()
        called = ref.value
        none = (False,) * len(called.arg_types)
        return self.activity(called.helper, called.arg_types, none).mutated()

    def derivative(self, called: Derivative, program: Function, op: Op, kept: bool) -> Made:
        """The derivative of a helper, for the kinds of tangents that a call passes."""
        given = op.args[1 + len(called.arg_types) :: self.lanes]
        primals = (t for t, a in zip(called.arg_types, called.active) if a)
        kinds = tuple(map(partial(typeof_arg, program), given))
        pairs = any(map(holds_pair, primals, kinds))
        return self.function(
            called.helper, called.arg_types, called.active, kinds if pairs else None, kept
        )
