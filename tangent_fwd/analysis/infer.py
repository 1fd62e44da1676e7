"""Types: the lowered program is printed one equation a line, and numba types the lines.

Before:

>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> import numba
>>> def f(x):
...     s = 0
...     for i in range(x.size):
...         s = s + x[i]
...     return s
>>> parsed = parse(f)
>>> print(show(lower(parsed)))
def f(x):
    s = 0
    %1 = x.size
    for i in range(%1):
        %2 = x[i]
        s = s + %2
    return s

After, `s` has one type for the whole loop, a float:

>>> print(show(infer(lower(parsed), (numba.float32[::1],), parsed.source, None)))
def f(x):
    s = 0  # float64
    %1 = x.size  # int64
    for i in range(%1):
        %2 = x[i]  # float32
        s = s + %2  # float64
    return s

What numba lacks, or types only by compiling it, is printed as a stub whose result follows from
numba's answer for a plainer function (analysis/stubs.py).
Nothing here knows a dtype or a rank rule that numba knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from tangent_fwd.analysis.alias import is_array, is_container, is_dict, is_set
from tangent_fwd.analysis.mistakes import mistaken, overloaded
from tangent_fwd.analysis.numba_typing import InferenceError, Stub, type_lines, unify
from tangent_fwd.analysis.records import fields
from tangent_fwd.analysis.stubs import GETITEM, KEPT, NAMED, TURNED, callee
from tangent_fwd.analysis.weak import weak_positions
from tangent_fwd.errors import Diagnostic, raise_all
from tangent_fwd.ir.nodes import (
    Block,
    Break,
    Continue,
    Do,
    Expr,
    For,
    Function,
    If,
    Let,
    Lit,
    Nest,
    Op,
    Raise,
    Ref,
    Return,
    Stmt,
    Store,
    Try,
    Var,
    While,
)
from tangent_fwd.ir.show import INFIX, PREFIX, display
from tangent_fwd.ir.walk import (
    blocks,
    map_block,
    map_expr,
    statements,
    with_blocks,
)
from tangent_fwd.source import Source, Span

CallTyper = Callable[[Ref, tuple[Any, ...]], Any]


def infer(
    function: Function, arg_types: tuple[Any, ...], source: Source, typeof_call: CallTyper
) -> Function:
    """The same program with the numba type of every variable.

    Arguments: numba types of the parameters; `typeof_call` gives the return type of a helper.
    Raises TypingFailure at the user's line.
    """
    from numba.core import types

    raise_all(overloaded(function), source)
    printer = _Printer(function, typeof_call)
    text = printer.text()
    try:
        found, result = type_lines(text, printer.entry, printer.namespace, arg_types)
    except InferenceError as error:
        raise_all([printer.restated(error)], source)
        raise
    by_name: dict[str, list[Any]] = {}
    for (_, safe), kind in sorted(found.items()):
        if safe in printer.names:
            by_name.setdefault(printer.names[safe], []).append(kind)
    known: dict[str, Any] = dict(zip(function.params, arg_types))
    for name, kinds in by_name.items():
        if name in known:
            kinds = [known[name], *kinds]
        shared = unify(kinds)
        if shared is None:
            spans = [printer.spans[line] for (line, s) in found if printer.names.get(s) == name]
            message = f"`{name}` is {' here and '.join(map(str, kinds))} there"
            raise_all([Diagnostic("typing", message, min(spans))], source)
        known[name] = types.unliteral(shared)
    known["return"] = types.unliteral(result)
    body = map_block(lambda e: map_expr(partial(_settled, known), e), function.body)
    body, records = fields(replace(function, body=body), known)
    raise_all(records, source)
    raise_all(mistaken(replace(function, body=body), known), source)
    body = _with_counts(body, known)
    return replace(function, types=known, body=map_block(_counted, body))


_OF_SETS = {
    "bitor": "union", "bitand": "intersection", "sub": "difference",
    "bitxor": "symmetric_difference", "le": "issubset", "ge": "issuperset",
}  # fmt: skip
"""The operators of sets, by the methods of the same meaning."""


def _settled(known: dict[str, Any], expr: Expr) -> Expr:
    """What is written in one way for several kinds of values, as the operation on what it is."""
    if not isinstance(expr, Op) or not expr.args or not isinstance(expr.args[0], Var):
        return expr
    kind = known.get(expr.args[0].name)
    if is_set(kind) and expr.fn in _OF_SETS and not expr.keywords:
        return replace(expr, fn=f"container.{_OF_SETS[expr.fn]}")
    if expr.fn == "numpy.copy" and is_container(kind):
        return replace(expr, fn="container.copy")
    if expr.fn == "attr" and is_dict(kind):
        return replace(expr, fn="getitem")
    return expr


def _with_counts(block: Block, known: dict[str, Any]) -> Block:
    """The block with a check before each array that is unpacked, as Python has one."""
    out: list[Stmt] = []
    for stmt in block:
        op = stmt.value if isinstance(stmt, Let) else None
        wanted = dict(op.keywords).get("of") if isinstance(op, Op) else None
        if isinstance(op, Op) and wanted is not None and op.args[1] == Lit(0):
            array = op.args[0]
            if isinstance(array, Var) and is_array(known.get(array.name)):
                test = Op("ne", (Op("builtins.len", (array,)), Lit(wanted)))
                fail = Raise("ValueError", f"expected {wanted} values to unpack", stmt.span)
                out.append(If(test, (fail,), (), stmt.span))
        out.append(with_blocks(stmt, tuple(_with_counts(b, known) for b in blocks(stmt))))
    return tuple(out)


def _counted(expr: Expr) -> Expr:
    """The expression without the note of how many names a value was unpacked into."""
    if isinstance(expr, Op) and expr.fn == "getitem" and expr.keywords:
        return replace(expr, keywords=())
    return expr


class _Printer:
    """The program as text for numba: names made safe, calls bound to objects it can type."""

    def __init__(self, function: Function, typeof_call: CallTyper) -> None:
        self.function = function
        self.typeof_call = typeof_call
        self.entry = "tf_entry"
        self.lines: list[str] = []
        self.spans: dict[int, Span] = {}
        self.safe: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.namespace: dict[str, Any] = {}
        self.bound: dict[Any, str] = {}
        self.calls: dict[str, Span] = {}
        self.counters = {s.var for s in statements(function.body) if isinstance(s, For)}

    def restated(self, error: InferenceError) -> Diagnostic:
        """What numba could not type, at the user's line and in the user's names."""
        nowhere = self.function.body[0].span if self.function.body else Span(1, 0, 1, 1)
        span = self.spans.get(error.line or 0, nowhere)
        reason = error.reason
        if reason.startswith("every `return`"):
            # Which of them numba names depends on the order of a set.
            returns = [s.span for s in statements(self.function.body) if isinstance(s, Return)]
            span = min(returns, default=span)
        if "OptionalType(" in reason:
            advice = "test it before: `if y is not None: …`"
            return Diagnostic("typing", "a value that may be None is used", span, help=advice)
        for safe, name in self.names.items():
            if name.startswith("%"):
                reason = reason.replace(f"`{safe}`", "this value")
            else:
                reason = re.sub(rf"\b{safe}\b", name.split("%")[0], reason)
        for key, safe in self.bound.items():
            if f"`{safe}`" in reason and isinstance(key, tuple):
                name = display(str(key[0]))
                return Diagnostic(
                    "function",
                    f"`{name}` is not supported",
                    self.calls.get(safe, span),
                    help="neither numba nor the rules (docs/rules.md) know it",
                )
        return Diagnostic("typing", f"cannot compile this: {reason}", span)

    def text(self) -> str:
        params = ", ".join(self.safe_name(p) for p in self.function.params)
        self.line(f"def {self.entry}({params}):", 0, Span(1, 0, 1, 1))
        self.block(self.function.body, 1)
        return "\n".join(self.lines) + "\n"

    def line(self, text: str, depth: int, span: Span) -> None:
        self.lines.append("    " * depth + text)
        self.spans[len(self.lines)] = span

    def safe_name(self, name: str) -> str:
        if name not in self.safe:
            safe = f"v{len(self.safe)}_{''.join(c if c.isalnum() else '_' for c in name)}"
            self.safe[name], self.names[safe] = safe, name
        return self.safe[name]

    def glob(self, value: Any, key: Any) -> str:
        if key not in self.bound:
            name = f"g{len(self.bound)}"
            self.bound[key] = name
            self.namespace[name] = value
        return self.bound[key]

    def block(self, block: Block, depth: int) -> None:
        if not block:
            self.lines.append("    " * depth + "pass")
        for stmt in block:
            self.stmt(stmt, depth)

    def stmt(self, stmt: Stmt, depth: int) -> None:
        expr, span = self.expr, stmt.span
        if isinstance(stmt, (Let, Do)) and isinstance(stmt.value, Op):
            span = stmt.value.span or span  # the smallest that is known
        if isinstance(stmt, Let):
            self.line(f"{self.safe_name(stmt.target)} = {expr(stmt.value)}", depth, span)
        elif isinstance(stmt, Store):
            index = ", ".join(map(expr, stmt.index))
            target = f"{self.safe_name(stmt.array)}[{index}]"
            self.line(f"{target} = {expr(stmt.value)}", depth, span)
        elif isinstance(stmt, Do):
            self.line(expr(stmt.value), depth, span)
        elif isinstance(stmt, Return):
            self.line(f"return {expr(stmt.value)}", depth, span)
        elif isinstance(stmt, Raise):
            own = stmt.cls is not None or not stmt.exception  # what was caught is of no other type
            exception = "Exception" if own else stmt.exception
            self.line(f"raise {exception}({stmt.message!r})", depth, span)
        elif isinstance(stmt, Break):
            self.line("break", depth, span)
        elif isinstance(stmt, Continue):
            self.line("continue", depth, span)
        elif isinstance(stmt, If):
            self.line(f"if {expr(stmt.cond)}:", depth, span)
            self.block(stmt.body, depth + 1)
            if stmt.orelse:
                self.line("else:", depth, span)
                self.block(stmt.orelse, depth + 1)
        elif isinstance(stmt, For):
            bounds = ", ".join(map(expr, stmt.bounds))
            self.line(f"for {self.safe_name(stmt.var)} in range({bounds}):", depth, span)
            self.block(stmt.body, depth + 1)
        elif isinstance(stmt, Try):
            self.line("try:", depth, span)
            self.block(stmt.body, depth + 1)
            self.line("except Exception:", depth, span)
            self.block(stmt.handler, depth + 1)
        elif isinstance(stmt, While):
            self.line("while True:", depth, span)
            for inner in stmt.test:
                self.stmt(inner, depth + 1)
            self.line(f"if not {expr(stmt.cond)}: break", depth + 1, span)
            self.block(stmt.body, depth + 1)
        else:
            assert not isinstance(stmt, Nest), "inference runs before loops are made"

    def expr(self, expr: Expr) -> str:
        if isinstance(expr, Var):
            return self.safe_name(expr.name)
        if isinstance(expr, Ref):
            return self.glob(expr.value, ("ref", expr.name, id(expr.value)))
        if isinstance(expr, Lit):
            if expr.value is ...:
                return "..."
            if isinstance(expr.value, float):
                return self.glob(expr.value, ("lit", repr(expr.value)))
            return repr(expr.value)
        return self.op(expr)

    def op(self, op: Op) -> str:
        fn = op.fn
        if fn == "tuple":
            inner = ", ".join(map(self.expr, op.args))
            cls = dict(op.keywords).get("class")
            if cls is not None:
                return f"{self.glob(cls, ('class', cls))}({inner})"
            return f"({inner},)" if inner else "()"
        if fn == "list":
            return f"[{', '.join(map(self.expr, op.args))}]"
        if fn == "field":
            assert isinstance(op.args[1], Lit)
            return f"{self.expr(op.args[0])}.{op.args[1].value}"
        if fn == "dict":
            pairs = zip(op.args[::2], op.args[1::2])
            return f"{{{', '.join(f'{self.expr(k)}: {self.expr(v)}' for k, v in pairs)}}}"
        if fn == "set":
            return f"{{{', '.join(map(self.expr, op.args))}}}" if op.args else "set()"
        if fn == "emptied":
            kind = dict(op.keywords)["type"]
            return f"{self.glob(Stub('emptied', lambda context: kind), ('emptied', kind))}()"
        if fn == "repeated":
            return f"[{', '.join(map(self.expr, op.args[1:]))}] * {self.expr(op.args[0])}"
        if fn.startswith("container."):
            first, *rest = map(self.expr, op.args)
            return f"{first}.{fn.partition('.')[2]}({', '.join(rest)})"
        if fn == "fstring":
            return " + ".join(a if a[0] in "'\"" else f"str({a})" for a in map(self.expr, op.args))
        if fn == "slice":
            return ":".join("" if a == Lit(None) else self.expr(a) for a in op.args)
        if fn == "getitem":
            index = ", ".join(map(self.expr, op.args[1:]))
            last = op.args[-1]
            if len(op.args) == 2 and isinstance(last, Var) and last.name not in self.counters:
                return f"{self.glob(GETITEM, 'getitem')}({self.expr(op.args[0])}, {index})"
            return f"{self.expr(op.args[0])}[{index}]"
        if fn == "attr":
            name = op.args[1]
            assert isinstance(name, Lit)
            if name.value == "mT":
                return f"{self.glob(TURNED, 'mT')}({self.expr(op.args[0])})"
            if op.keywords:
                return f"{self.glob(NAMED, 'named')}({self.expr(op.args[0])}, {name.value!r})"
            return f"{self.expr(op.args[0])}.{name.value}"
        if fn == "dtype":
            name = op.args[0]
            assert isinstance(name, Lit)
            return self.glob(getattr(np, str(name.value).replace("bool", "bool_")), fn + name.value)
        args = self.weak_literals(op)
        if fn in INFIX and fn != "matmul" and len(args) == 2:
            made = f"{args[0]} {INFIX[fn]} {args[1]}"
            inplace = dict(op.keywords).get("inplace")
            return f"{self.glob(KEPT, 'kept')}({args[0]}, {made})" if inplace else made
        if fn in PREFIX:
            return f"{PREFIX[fn]}{args[0]}"
        target = callee(op, self.typeof_call)
        bound = self.glob(target, (fn, op.keywords, op.args[0] if fn == "call" else len(op.args)))
        if op.span is not None:
            self.calls.setdefault(bound, op.span)
        return f"{bound}({', '.join(args[1:] if fn == 'call' else args)})"

    def weak_literals(self, op: Op) -> list[str]:
        """Arguments as text; a literal beside a float takes the float's dtype, as in NumPy 2."""
        args = [self.expr(a) for a in op.args]
        for position, beside in weak_positions(op):
            like = self.glob(callee(Op("like", ()), self.typeof_call), "like")
            args[position] = f"{like}({args[position]}, {args[beside]})"
        return args
