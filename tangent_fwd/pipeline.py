"""The list of passes, read top to bottom: a function goes in, the text of its derivative comes out.

    lower      the user's syntax in named A-normal form
    bound      checks before reads of names that have no value on some path
    present    names for what a test has told not to be None
    split      one variable for one meaning
    infer      the numba type of every variable
    asked      calls with what may be None, once with None and once with what is there
    absent     arrays and tuples that may be None, as what is there and a flag
    defined    what the library defines for these types as calls of it
    guard      checks before calls that may pass one piece of memory twice
    loops      array expressions as loop nests over scalars
    fuse       neighbouring nests joined, arrays between them gone
    flatten    one operation a line again
    simplify   nothing computed twice, nothing in vain
    tangent    each active equation joined by its tangent
    outer      directions that are outer products kept as two factors
    simplify
    unread     helpers of which only the value is read called themselves
    stack      products with one right factor, a value's and its tangent's, as one product
    pack       tangents that are read again and again, lane beside lane
    workspace  arrays cut from memory that is kept between calls, where a caller asks for it
    nest       temporaries folded back into expressions
    naming     the names a person would have given
    threads    loops over `prange` that stay so
    emit       Python text

Only `tangent` differentiates; `ruled` takes its place where a rule is given by hand. Without an
active argument it is left out, and the same passes give the primal alone. Where the function calls
`f.tangent`, or is one, `transform/again.py` makes a program of that derivative first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from tangent_fwd.analysis.activity import Activity
from tangent_fwd.backend import support
from tangent_fwd.backend.emit import emit
from tangent_fwd.backend.quoting import Piece
from tangent_fwd.errors import raise_all
from tangent_fwd.front import Front, Known
from tangent_fwd.frontend.parse import UserFunction
from tangent_fwd.ir.nodes import Expr, Function, Op, Ref, Var
from tangent_fwd.ir.walk import map_block, map_expr, unused
from tangent_fwd.options import Options
from tangent_fwd.program import (
    Derivative,
    Made,
    Program,
    Stages,
    Typed,
    Types,
    findings,
    typeof,
    with_respect_to,
)
from tangent_fwd.transform.again import spelt
from tangent_fwd.transform.constants import Constants
from tangent_fwd.transform.naming import RESERVED, naming
from tangent_fwd.transform.nest import nest
from tangent_fwd.transform.outer import outer
from tangent_fwd.transform.pack import pack
from tangent_fwd.transform.pairs import holds_pair, refused
from tangent_fwd.transform.signs import signs
from tangent_fwd.transform.simplify import simplify
from tangent_fwd.transform.stack import stack
from tangent_fwd.transform.tangent import tangent
from tangent_fwd.transform.threads import on_one_thread, threads
from tangent_fwd.transform.unread import unread
from tangent_fwd.transform.workspace import workspace


def differentiate(
    function: UserFunction,
    arg_types: Types,
    active: tuple[bool, ...],
    lanes: int,
    options: Options,
    tangents: Types | None = None,
    kept: bool = False,
    known: Known | None = None,
) -> Program:
    """The derivative of a function for argument types, active arguments and a number of lanes.

    Arguments: the parsed function; the numba type of each argument; which of them are active
    (none: the primal alone); how many directions one call takes; the numba type of the tangent
    of each active argument, where some hold pairs that stand for outer products;
    whether it takes a workspace as its last argument (see `transform/workspace.py`);
    what other derivatives of the function have found out, which this one adds to.
    Raises what the passes refuse, located at the user's line.
    """
    module = Module(lanes, known)
    entry = module.function(function, arg_types, active, tangents, kept)
    if known is not None:
        known.learn(module)
    header = f"Forward-mode derivative of {with_respect_to(function, active)}"
    return module.program(function, entry, header if any(active) else f"`{function.name}`", options)


class Module(Front):
    """The functions of one emitted module: the entry and the helpers it calls, once for each
    combination of argument types and activity.
    """

    def __init__(self, lanes: int, known: Known | None = None) -> None:
        super().__init__(known)
        self.lanes = lanes
        self.made: dict[tuple[Any, ...], Made] = {}
        # Functions on their way, with their names where others call them already.
        self.begun: dict[tuple[Any, ...], str | None] = {}
        self.order: list[Made] = []
        self.names: set[str] = set(RESERVED)
        self.constants = Constants(self.unique)
        self.calls: dict[str, tuple[Any, Types]] = {}

    def program(
        self, function: UserFunction, entry: Made, header: str, options: Options
    ) -> Program:
        """The module as text, and what is known of its entry."""
        from tangent_fwd import __version__

        functions = [made.piece.function for made in self.order]
        report = entry.report
        if options.parallel:
            taken = frozenset(self.names | set(self.constants.values))
            functions, found = threads(functions, taken)
            entry.stages.add("threads", functions[-1])
            report = {**report, **found}
        else:
            functions = list(map(on_one_thread, functions))
        pieces = [replace(made.piece, function=f) for made, f in zip(self.order, functions)]
        text = emit(
            pieces,
            f"{header}.\n\nGenerated by tangent_fwd {__version__}.",
            self.constants.values,
            support.texts(functions),
            options.fastmath,
        )
        return Program(
            text="\n".join(text.lines) + "\n",
            entry=entry.name,
            name=function.name,
            stages=tuple(entry.stages),
            line_map=text.line_map,
            mutated=entry.mutated,
            report=report,
            classes=self.constants.classes(),
        )

    # --- tangents and what follows -------------------------------------------------------------

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
        self.begun[key] = None
        typed = self.type(function, arg_types)
        stages = Stages(typed.stages)
        activity = self.activity(function, arg_types, active)
        program = typed.ready
        if any(active):
            if function.is_ruled:
                program = self.by_rule(function, typed, active, self.lanes)
            else:
                program = tangent(program, activity, self.lanes, self.call_tangent(typed.ready))
            program = stages.add("tangent", spelt(program))
            if tangents is not None:
                given = (p for p in program.params[len(active) :])
                kinds = (kind for kind in tangents for _ in range(self.lanes))
                written = [function.params[k] for k in activity.mutated()]
                pairs = dict(zip(given, kinds))
                raise_all(refused(program, pairs, written, function.node), function.source)
                program = outer(program, pairs, self.writes)
                stages.add("outer", program)
            program = stages.add("simplify", simplify(program))
            program = stages.add("unread", unread(program, self.primal))
            program = stages.add("stack", stack(program))
        else:
            program = spelt(program)
        if self.lanes > 1 and any(active) and not kept:
            program = stages.add("pack", pack(program, self.lanes))
        if kept:
            program = stages.add("workspace", workspace(program))
        self.finish(
            key, typed, program, stages, self.suffixed(function.name, any(active)), activity
        )
        return self.made[key]

    def finish(
        self,
        key: tuple[Any, ...],
        typed: Typed,
        program: Function,
        stages: Stages,
        name: str,
        activity: Activity,
    ) -> None:
        """The passes after tangents; the function joins the module."""
        program = self.link(program, typed.ready)
        program = stages.add("nest", signs(nest(program)))
        program = self.constants.place(program)
        program = support.placed(program)
        taken = frozenset(self.names | set(self.constants.values))
        program = stages.add("naming", naming(program, taken, typed.origins))
        program = replace(program, name=self.begun.pop(key) or self.unique(name))
        made = Made(program.name, Piece(program, typed.source.source), stages, activity.mutated(),
                     findings(activity))  # fmt: skip
        self.order.append(made)
        self.made[key] = made

    def name_ahead(self, key: tuple[Any, ...], name: str) -> str:
        """The name of a function that is called before it is finished: one that calls itself."""
        found = self.begun[key] = self.begun[key] or self.unique(name)
        return found

    def suffixed(self, name: str, differentiated: bool) -> str:
        if not differentiated:
            return name
        return f"{name}_jvp" if self.lanes == 1 else f"{name}_jvp{self.lanes}"

    def unique(self, name: str) -> str:
        return unused(name, self.names)

    # --- helpers, constants, support -----------------------------------------------------------

    def call_tangent(self, caller: Function) -> Callable[[Op, tuple[bool, ...]], Ref]:
        def make(op: Op, flags: tuple[bool, ...]) -> Ref:
            ref = op.args[0]
            assert isinstance(ref, Ref)
            helper = self.parse(ref.value)
            called = Derivative(helper, self.arg_types(caller, op), flags)
            return Ref(self.suffixed(helper.name, True), called)

        return make

    def primal(self, op: Op) -> Op | None:
        """The call of a helper in place of that of its derivative, unless it writes somewhere."""
        ref = op.args[0]
        if not isinstance(ref, Ref) or not isinstance(ref.value, Derivative) or self.writes(op):
            return None
        count = len(ref.value.arg_types)
        called = replace(ref.value, active=(False,) * count)
        return Op("call", (Ref(called.helper.name, called), *op.args[1 : 1 + count]), (), op.span)

    def link(self, program: Function, caller: Function) -> Function:
        """Calls become those of functions of this module: of a helper's derivative, or of its
        primal where no argument is active.
        """

        def change(e: Expr) -> Expr:
            ref = e.args[0] if isinstance(e, Op) and e.fn == "call" else None
            if not isinstance(e, Op) or not isinstance(ref, Ref) or ref.value is None:
                return e
            called = ref.value
            if not isinstance(called, Derivative):
                kinds = self.arg_types(program, e)
                called = Derivative(self.parse(called), kinds, (False,) * len(kinds))
            work = dict(e.keywords).get("work")
            name, kept = self.called(called, program, e, work is not None)
            last = (Var(work),) if kept and work is not None else ()
            return replace(e, args=(Ref(name, None), *e.args[1:], *last))

        return replace(program, body=map_block(lambda x: map_expr(change, x), program.body))

    def writes(self, op: Op) -> tuple[int, ...]:
        """Of the call of a helper's derivative: the arguments that the helper writes to."""
        ref = op.args[0]
        if not isinstance(ref, Ref) or not isinstance(ref.value, Derivative):
            return ()
        called = ref.value
        none = (False,) * len(called.arg_types)
        return self.effects(called.helper, called.arg_types, none)[2]

    def called(self, called: Derivative, program: Function, op: Op, kept: bool) -> tuple[str, bool]:
        """The name of what is called for the kinds of tangents that a call passes, and whether it
        takes a workspace: who calls itself does not, because nobody knows how often.
        """
        helper, kinds, active = called.helper, called.arg_types, called.active
        given = op.args[1 + len(kinds) :: self.lanes]
        primals = (t for t, a in zip(kinds, active) if a)
        moved = tuple(map(partial(typeof, program), given))
        tangents = moved if any(map(holds_pair, primals, moved)) else None
        kept = kept and (helper.original, kinds, active, tangents, True) not in self.begun
        key = (helper.original, kinds, active, tangents, kept)
        if key in self.begun:
            return self.name_ahead(key, self.suffixed(helper.name, any(active))), kept
        return self.function(helper, kinds, active, tangents, kept).name, kept
