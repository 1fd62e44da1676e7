"""Lowering of exceptions: those that are raised, those that are caught, and what runs last.

Before:

>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> def f(x, n):
...     try:
...         y = g(x)
...     finally:
...         print(n)
...     return y
>>> def g(x):
...     return x

After; what was caught passes on where `raise` names nothing but what tells whether it has to:

>>> print(show(lower(parse(f))))
def f(x, n):
    done = False
    try:
        y = g(x)
        done = True
    except Exception:
        builtins.print(n)
        raise unless done
    builtins.print(n)
    return y
"""

from __future__ import annotations

import ast
import inspect
from typing import Any

from tangent_fwd.frontend.comprehensions import Comprehensions
from tangent_fwd.frontend.lastly import leaving
from tangent_fwd.ir.nodes import If, Let, Lit, Op, Raise, Try, Var
from tangent_fwd.ir.walk import unused
from tangent_fwd.source import NOWHERE

_ALIKE = "compiled code does not tell exceptions apart"


class Caught(Comprehensions):
    """`raise`, `assert` and `try`."""

    def do_Try(self, node: ast.Try) -> None:
        if node.finalbody:
            self.run_last(node)
            return
        if len(node.handlers) != 1:
            self.refuse(node.handlers[1], "more than one `except` is not supported", _ALIKE)
            return
        handler = node.handlers[0]
        if handler.type is not None and self.resolve(handler.type) is not Exception:
            message = "only `except:` and `except Exception:` are supported"
            self.refuse(handler, message, _ALIKE)
            return
        names = {n.id for s in handler.body for n in ast.walk(s) if isinstance(n, ast.Name)}
        if handler.name in names:
            self.refuse(handler, f"what was caught cannot be used: `{handler.name}` has no value")
            return
        at, done = self.at, unused("done", {*self.locals, *self.function.namespace})
        if node.orelse:
            self.locals.add(done)
            self.out.append(Let(done, Lit(False), NOWHERE))
        body = self.block(node.body)
        body += (Let(done, Lit(True), NOWHERE),) if node.orelse else ()
        self.out.append(Try(body, self.block(handler.body), at))
        if node.orelse:
            self.out.append(If(Var(done), self.block(node.orelse), (), at))

    def run_last(self, node: ast.Try) -> None:
        """A `try` with `finally` as `lastly.py` leaves it: what runs last if an exception came."""
        leaves = leaving(node.finalbody)
        if leaves is not None:
            self.refuse(leaves, "leaving `finally` is not supported: it would stop an exception",
                        "write it after the `try`")  # fmt: skip
            return
        (final,) = node.finalbody
        assert isinstance(final, ast.If) and isinstance(final.test, ast.UnaryOp)
        assert isinstance(final.test.operand, ast.Name)
        at, done = self.at, Var(final.test.operand.id)
        body = self.block(node.body)
        passed_on = Raise("", "", NOWHERE, (done,))
        self.out.append(Try(body, (*self.block(final.body), passed_on), at))

    def do_Assert(self, node: ast.Assert) -> None:
        cond = self.name(Op("not", (self.atom(node.test),), (), self.at))
        outer, self.out = self.out, []
        self.complain("AssertionError", [] if node.msg is None else [node.msg])
        fail, self.out = tuple(self.out), outer
        self.out.append(If(cond, fail, (), self.at))

    def do_Raise(self, node: ast.Raise) -> None:
        exc = node.exc
        call = isinstance(exc, ast.Call)
        named = exc.func if isinstance(exc, ast.Call) else exc
        callee: Any = self.resolve(named) if named is not None else ...
        raised = inspect.isclass(callee) and issubclass(callee, BaseException)
        if not raised or node.cause is not None:
            self.refuse(node, 'only `raise SomeError("text")` is supported')
            return
        args = exc.args if isinstance(exc, ast.Call) else []
        if call and getattr(exc, "keywords", None):
            self.refuse(node, "an exception takes no keywords")
            return
        own = None if callee.__module__ == "builtins" else callee
        self.complain(callee.__name__, args, own)

    def complain(self, exception: str, args: list[ast.expr], own: type | None = None) -> None:
        """`raise` with a constant message or with values, whose tangents nobody asks for."""
        first = args[0] if len(args) == 1 else None
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            self.out.append(Raise(exception, first.value, self.at, (), own))
            return
        said = self.said(args)
        if len(said) == 1 and isinstance(said[0], Lit) and isinstance(said[0].value, str):
            self.out.append(Raise(exception, said[0].value, self.at, (), own))
        else:
            self.out.append(Raise(exception, "", self.at, said, own))
