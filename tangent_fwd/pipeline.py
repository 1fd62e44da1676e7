"""The list of passes, read top to bottom: a function goes in, the text of its derivative comes out.

    lower      the user's syntax in named A-normal form
    split      one variable for one meaning
    infer      the numba type of every variable
    guard      checks before calls that may pass one piece of memory twice
    loops      array expressions as loop nests over scalars
    fuse       neighbouring nests joined, arrays between them gone
    flatten    one operation a line again
    simplify   nothing computed twice, nothing in vain
    tangent    each active equation joined by its tangent
    simplify
    nest       temporaries folded back into expressions
    naming     the names a person would have given
    emit       Python text

Only `tangent` differentiates. Without an active argument it is left out, and the same passes
give the primal alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from tangent_fwd.analysis.activity import Activity
from tangent_fwd.analysis.alias import Aliases
from tangent_fwd.analysis.infer import infer
from tangent_fwd.backend import support
from tangent_fwd.backend.emit import Piece, emit
from tangent_fwd.errors import Diagnostic, SourceUnavailable, UnsupportedFunction, raise_all
from tangent_fwd.frontend.lower import lower
from tangent_fwd.frontend.optional import decided
from tangent_fwd.frontend.parse import UserFunction, parse
from tangent_fwd.ir.nodes import Expr, Function, Let, Lit, Op, Ref, Var
from tangent_fwd.ir.show import show
from tangent_fwd.ir.walk import map_block, map_expr, own_exprs, statements, subexpressions
from tangent_fwd.options import Options
from tangent_fwd.rules import helpers as rule_helpers
from tangent_fwd.transform.constants import Constants
from tangent_fwd.transform.flatten import flatten
from tangent_fwd.transform.fuse import fuse
from tangent_fwd.transform.guard import guard
from tangent_fwd.transform.loops import loops
from tangent_fwd.transform.naming import RESERVED, naming
from tangent_fwd.transform.nest import nest
from tangent_fwd.transform.signs import signs
from tangent_fwd.transform.simplify import simplify
from tangent_fwd.transform.split import never_bound, split
from tangent_fwd.transform.tangent import tangent

Types = tuple[Any, ...]


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


def differentiate(
    function: UserFunction,
    arg_types: Types,
    active: tuple[bool, ...],
    lanes: int,
    options: Options,
) -> Program:
    """The derivative of a function for argument types, active arguments and a number of lanes.

    Arguments: the parsed function; the numba type of each argument; which of them are active
    (none: the primal alone); how many directions one call takes.
    Raises what the passes refuse, located at the user's line.
    """
    module = Module(lanes)
    entry = module.function(function, arg_types, active)
    header = f"Forward-mode derivative of {with_respect_to(function, active)}"
    return module.program(function, entry, header if any(active) else f"`{function.name}`", options)


def with_respect_to(function: UserFunction, active: tuple[bool, ...]) -> str:
    """The function and its active arguments, for headers."""
    names = ", ".join(f"`{p}`" for p, a in zip(function.params, active) if a)
    return f"`{function.name}` with respect to {names}"


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
            _helpers(pieces),
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
        """Parse a helper, once; an unreadable one is refused by name."""
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
        if function.original in self.typing:
            from tangent_fwd.source import Span

            found = Diagnostic(
                "function", f"`{function.name}` calls itself; recursion is not supported",
                Span.of(function.node),
            )  # fmt: skip
            raise_all([found], function.source)
        self.typing.append(function.original)
        try:
            self.typed[key] = self.typed_anew(function, arg_types)
        finally:
            self.typing.pop()
        return self.typed[key]

    def typed_anew(self, function: UserFunction, arg_types: Types) -> Typed:
        from numba.core import types

        stages = Stages()
        stage = stages.add
        absent = {p: t == types.none for p, t in zip(function.params, arg_types)}
        lowered = stage("lower", decided(lower(function), absent))
        raise_all(never_bound(lowered), function.source)
        program = stage("split", split(lowered))
        origins = {s.target: s.value for s in statements(program.body) if isinstance(s, Let)}
        program = stage("infer", infer(program, arg_types, function.source, self.typeof_call))
        result = program.typeof("return")
        program = self.with_shares(program)
        program = stage("guard", guard(program, partial(self.written, program), function.source))
        program = stage("loops", loops(program, function.source))
        program = stage("fuse", fuse(program))
        program = stage("simplify", simplify(flatten(program)))
        return Typed(function, program, stages, result, origins)

    def typeof_call(self, ref: Ref, arg_types: Types) -> Any:
        from numba.core import types

        plain = tuple(types.unliteral(t) for t in arg_types)
        return self.type(self.parse(ref.value), plain).result

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
        from numba import typeof
        from numba.core import types

        def of(arg: Expr) -> Any:
            if isinstance(arg, Var):
                return types.unliteral(caller.typeof(arg.name))
            if isinstance(arg, Lit):
                return types.unliteral(typeof(arg.value)) if arg.value is not None else types.none
            assert isinstance(arg, Ref)
            return typeof(arg.value)

        return tuple(of(a) for a in op.args[1:])

    # --- activity and what follows -------------------------------------------------------------

    def activity(
        self, function: UserFunction, arg_types: Types, active: tuple[bool, ...]
    ) -> Activity:
        key = (function.original, arg_types, active)
        if key not in self.activities:
            typed = self.type(function, arg_types)

            def of_call(op: Op, flags: tuple[bool, ...]) -> tuple[bool, tuple[bool, ...]]:
                found = self.activity(self.callee(op), self.arg_types(typed.ready, op), flags)
                return found.result_active(), found.active_after()

            found = Activity(typed.ready, active, of_call)
            raise_all(found.diagnostics, function.source)
            found.note_writes(lambda op: self.written(typed.ready, op)[1])
            self.activities[key] = found
        return self.activities[key]

    def function(self, function: UserFunction, arg_types: Types, active: tuple[bool, ...]) -> Made:
        """Run the remaining passes, helpers first."""
        key = (function.original, arg_types, active)
        if key in self.made:
            return self.made[key]
        typed = self.type(function, arg_types)
        stages = Stages(typed.stages)
        activity = self.activity(function, arg_types, active)
        program = typed.ready
        if any(active):
            program = tangent(program, activity, self.lanes, self.call_tangent(typed.ready))
            stages.add("tangent", program)
            program = stages.add("simplify", simplify(program))
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
        program = self.place_support(program)
        taken = frozenset(self.names | set(self.constants.values))
        program = stages.add("naming", naming(program, taken, typed.origins))
        program = replace(program, name=self.unique(name))
        made = Made(program.name, Piece(program, typed.source.source), stages, activity.mutated(),
                     self.report(program, activity))  # fmt: skip
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

    def report(self, program: Function, activity: Activity) -> dict[str, Any]:
        operations = {
            e.fn
            for s in statements(activity.function.body)
            for x in own_exprs(s)
            for e in subexpressions(x)
            if isinstance(e, Op) and activity.is_active(e)
        }
        names = sorted(n for n in activity.names if "%" not in n)
        return {"active": names, "rules": sorted(operations)}

    # --- helpers, constants, support -----------------------------------------------------------

    def call_tangent(self, caller: Function) -> Callable[[Op, tuple[bool, ...]], Ref]:
        def make(op: Op, flags: tuple[bool, ...]) -> Ref:
            ref = op.args[0]
            assert isinstance(ref, Ref)
            made = self.function(self.parse(ref.value), self.arg_types(caller, op), flags)
            return Ref(made.name, None)

        return make

    def link(self, program: Function, caller: Function) -> Function:
        """Calls without active arguments call the helper's primal."""

        def change(e: Expr) -> Expr:
            if isinstance(e, Op) and e.fn == "call":
                ref = e.args[0]
                if isinstance(ref, Ref) and ref.value is not None:
                    arg_types = self.arg_types(program, e)
                    none = (False,) * len(arg_types)
                    made = self.function(self.parse(ref.value), arg_types, none)
                    return replace(e, args=(Ref(made.name, None), *e.args[1:]))
            return e

        return replace(program, body=map_block(lambda x: map_expr(change, x), program.body))

    def place_support(self, program: Function) -> Function:
        """Stretching is one function for each number of dimensions."""

        def change(e: Expr) -> Expr:
            if isinstance(e, Op) and e.fn == "stretch":
                shape = e.args[1]
                assert isinstance(shape, Op)
                return Op("call", (Ref(f"stretch{len(shape.args)}", None), *e.args))
            if isinstance(e, Op) and e.fn in ("common", "overlap"):
                return Op("call", (Ref(e.fn, None), *e.args))
            return e

        return replace(program, body=map_block(lambda x: map_expr(change, x), program.body))


def _helpers(pieces: list[Piece]) -> list[str]:
    """The texts of the small functions that the pieces call."""
    used = {
        (e.args[0].name if e.fn == "call" and isinstance(e.args[0], Ref) else e.fn)
        for piece in pieces
        for s in statements(piece.function.body)
        for x in own_exprs(s)
        for e in subexpressions(x)
        if isinstance(e, Op)
    }
    texts = []
    texts += [text for name, text in support.TEXTS.items() if name in used]
    texts += [support.stretch(n) for n in range(1, 5) if f"stretch{n}" in used]
    for name in sorted(u for u in used if u.startswith("helper.")):
        texts.append(support.rule_helper(getattr(rule_helpers, name[7:])))
    return texts
