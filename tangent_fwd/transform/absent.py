"""Arrays and tuples that may be None: a flag says it, and the name holds what is there.

Before:

>>> from numba import float64, types
>>> from tangent_fwd.ir.nodes import Function
>>> from tangent_fwd.ir.show import show
>>> from tangent_fwd.source import NOWHERE, Source
>>> array = types.Array(float64, 1, "C")
>>> body = (
...     If(Var("c"), (Let("y", Var("x"), NOWHERE),), (Let("y", Lit(None), NOWHERE),), NOWHERE),
...     Let("%1", Op("is", (Var("y"), Lit(None))), NOWHERE),
...     Return(Var("y"), NOWHERE),
... )
>>> kinds = {"y": types.Optional(array), "x": array, "c": types.boolean, "%1": types.boolean}

After:

>>> print(show(absent(Function("f", ("x", "c"), body, None, kinds), Source("", ""))))
def f(x, c):
    if c:
        y = x  # array(float64, 1d, C)
        no_y = False  # bool
    else:
        no_y = True  # bool
    %1 = no_y  # bool
    if no_y:
        return None
    return y
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tangent_fwd.analysis.alias import class_of, is_array, is_tuple
from tangent_fwd.errors import Diagnostic, raise_all
from tangent_fwd.ir.nodes import (
    Block,
    Expr,
    Function,
    If,
    Let,
    Lit,
    Op,
    Raise,
    Return,
    Stmt,
    Store,
    Var,
)
from tangent_fwd.ir.walk import (
    assigned,
    blocks,
    own_exprs,
    statements,
    subexpressions,
    unused,
    variables,
    with_blocks,
)
from tangent_fwd.source import Source, Span
from tangent_fwd.transform.asked import as_number


def absences(function: Function) -> dict[str, Any]:
    """The variables that hold several values or None, with the types of what they hold."""
    from numba.core import types

    return {
        name: kind.type
        for name, kind in function.types.items()
        if isinstance(kind, types.Optional) and name != "return"
        and not as_number(kind.type)
    }  # fmt: skip


def optional(function: Function) -> bool:
    """Whether a function has values that may be None and that must be asked first: numba computes
    with floats that may be None as they are, but makes no float of such an integer.
    """
    from numba.core import types

    easy = (types.Float, types.Complex, types.Boolean)
    kinds = (kind.type for kind in function.types.values() if isinstance(kind, types.Optional))
    return any(not isinstance(kind, easy) for kind in kinds)


def absent(function: Function, source: Source) -> Function:
    """The function in which only what a call has just given may be None. Raises TypingFailure
    where a value is used of which no test tells that it is there, and for lists and dicts.
    """
    if not any(type(kind).__name__ == "Optional" for kind in function.types.values()):
        return function
    return _Flags(function, absences(function), source).run()


class _Flags:
    def __init__(self, function: Function, maybe: dict[str, Any], source: Source) -> None:
        self.function = function
        self.maybe = maybe
        self.source = source
        self.found: list[Diagnostic] = []
        self.taken_names = {*function.params, *assigned(function.body)}
        self.flags = {name: self.named("no", name) for name in sorted(maybe)}
        self.types = {**function.types, **maybe}
        self.count = 0
        self.early = _read_early(function.body, set(function.params))

    def named(self, word: str, name: str) -> str:
        """A new name made of a word and a variable's own."""
        return unused(f"{word}_{name.split('%')[0] or 'value'}", self.taken_names)

    def run(self) -> Function:
        from numba.core import types

        self.types |= dict.fromkeys(self.flags.values(), types.boolean)
        body = self.block(self.function.body)
        raise_all(self.found, self.source)
        return replace(self.function, body=body, types=self.types)

    def block(self, block: Block) -> Block:
        out: list[Stmt] = []
        for stmt in block:
            if isinstance(stmt, Let):
                out.extend(self.let(stmt))
            elif isinstance(stmt, Return) and self.is_maybe(stmt.value):
                out.append(self.nothing(stmt.value, (Return(Lit(None), stmt.span),), stmt.span))
                out.append(stmt)
            else:
                self.refuse_reads(stmt)
                out.append(with_blocks(stmt, tuple(map(self.block, blocks(stmt)))))
        return tuple(out)

    def tests(self, op: Op) -> bool:
        nothing = op.fn in ("is", "is_not") and op.args[1] == Lit(None)
        return nothing and self.is_maybe(op.args[0])

    def is_maybe(self, expr: Expr) -> bool:
        return isinstance(expr, Var) and expr.name in self.maybe

    def flag(self, expr: Expr) -> Var:
        assert isinstance(expr, Var)
        return Var(self.flags[expr.name])

    def nothing(self, value: Expr, then: Block, at: Span) -> If:
        return If(self.flag(value), then, (), at)

    def let(self, stmt: Let) -> Block:
        value = stmt.value
        if isinstance(value, Op) and self.tests(value):
            flag = self.flag(value.args[0])
            told: Expr = flag if value.fn == "is" else Op("not", (flag,), (), value.span)
            return (replace(stmt, value=told),)
        if isinstance(value, Op) and value.fn == "some":
            number = as_number(self.types[stmt.target])
            found = replace(value, keywords=number) if number else value.args[0]
            return (*self.told(value), replace(stmt, value=found))
        if stmt.target not in self.maybe:
            self.refuse_reads(stmt)
            return (stmt,)
        flag = Var(self.flags[stmt.target])
        if value == Lit(None):
            return (*self.blank(stmt), Let(flag.name, Lit(True), stmt.span))
        if isinstance(value, Op) and value.fn == "call":
            return self.called(stmt, flag.name)
        if self.is_maybe(value):
            there = If(self.flag(value), (), (stmt,), stmt.span)
            return (Let(flag.name, self.flag(value), stmt.span), there)
        self.refuse_reads(stmt)
        return (stmt, Let(flag.name, Lit(False), stmt.span))

    def told(self, some: Op) -> Block:
        """The check before what only a value that is there can be asked for, as numba has it."""
        (value,) = some.args
        if "untold" not in dict(some.keywords) or not self.is_maybe(value):
            return ()
        assert isinstance(value, Var) and some.span is not None
        message = f"expected {self.maybe[value.name]}, got None"
        return (self.nothing(value, (Raise("TypeError", message, some.span),), some.span),)

    def blank(self, stmt: Let) -> Block:
        """What stands under a name that a loop reads above where it binds it: numba goes by the
        text, in which the name must have a value before.
        """
        if stmt.target not in self.early:
            return ()
        out: list[Stmt] = []
        value = self.blank_of(self.maybe[stmt.target], stmt.span, out)
        return (*out, Let(stmt.target, value, stmt.span))

    def blank_of(self, kind: Any, at: Span, out: list[Stmt]) -> Expr:
        if is_tuple(kind):
            parts = [self.blank_of(part, at, out) for part in kind]
            for k, part in enumerate(parts):
                if isinstance(part, Op):
                    name = self.fresh(kind[k])
                    parts[k] = Var(name)
                    out.append(Let(name, part, at))
            return Op("tuple", tuple(parts), class_of(kind), at)
        if is_array(kind):
            sizes = Op("tuple", (Lit(0),) * kind.ndim)
            return Op("empty", (sizes, Lit(str(kind.dtype))), (("owned", True),), at)
        return Lit(False) if str(kind) == "bool" else Lit(0 if "int" in str(kind) else 0.0)

    def called(self, stmt: Let, flag: str) -> Block:
        """What a call gives is looked at once."""
        from numba.core import types

        kind = self.maybe[stmt.target]
        if not is_array(kind) and not is_tuple(kind):
            word = spoken_kind(kind)
            self.refuse(f"{word} or None is not supported", stmt.span, "return a tuple or an array")
        given = self.named("maybe", stmt.target)
        self.types[given] = types.Optional(kind)
        self.refuse_reads(stmt)
        return (
            Let(given, stmt.value, stmt.span),
            Let(flag, Op("is", (Var(given), Lit(None)), (), stmt.span), stmt.span),
            If(Var(flag), (), self.taken(stmt.target, given, kind, stmt.span), stmt.span),
        )

    def taken(self, target: str, given: str, kind: Any, at: Span) -> Block:
        """What is there under its own name; of a named tuple, part by part."""
        from numba.core import types

        if not is_tuple(kind):
            return (Let(target, Op("some", (Var(given),), (), at), at),)
        some = Op("some", (Var(given),), (("parts", len(kind)),), at)
        if not class_of(kind):
            return (Let(target, some, at),)
        made = self.named("parts_of", target)
        self.types[made] = types.Tuple(tuple(kind))
        parts = tuple(Op("getitem", (Var(made), Lit(k)), (), at) for k in range(len(kind)))
        names = [self.fresh(part) for part in kind]
        read = (Let(name, part, at) for name, part in zip(names, parts))
        whole = Op("tuple", tuple(map(Var, names)), class_of(kind), at)
        return (Let(made, some, at), *read, Let(target, whole, at))

    def fresh(self, kind: Any) -> str:
        """A new variable for a value of a type."""
        self.count += 1
        self.types[f"%m{self.count}"] = kind
        return f"%m{self.count}"

    def refuse_reads(self, stmt: Stmt) -> None:
        """Whatever else is done with a value takes one that is there."""
        reads = [e.name for x in own_exprs(stmt) for e in subexpressions(x) if isinstance(e, Var)]
        reads += [stmt.array] if isinstance(stmt, Store) else []
        for name in reads:
            if name in self.maybe:
                word = name.split("%")[0]
                said = f"`{word}` may be None here" if word else "what this gives may be None"
                advice = f"test it before: `if {word or 'y'} is not None: …`"
                self.refuse(said, stmt.span, advice)

    def refuse(self, message: str, at: Span, advice: str) -> None:
        self.found.append(Diagnostic("typing", message, at, help=advice))


def _read_early(block: Block, bound: set[str]) -> set[str]:
    """The names that the text reads above every value that it gives them."""
    found: set[str] = set()
    for stmt in statements(block):
        for x in own_exprs(stmt):
            found |= {name for name in variables(x) if name not in bound}
        if isinstance(stmt, Let) and stmt.value != Lit(None):
            bound.add(stmt.target)
    return found


def spoken_kind(kind: Any) -> str:
    """How a message calls a value of a numba type."""
    return {"List": "a list", "ListType": "a list", "DictType": "a dict", "Set": "a set"}.get(
        type(kind).__name__, "a named tuple" if hasattr(kind, "fields") else "such a value"
    )
