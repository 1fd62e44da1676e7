"""Derivatives that a function takes of others: `g.tangent(…)`, `g.jvp(…)`, `jvp(g, …)`.

They become calls of a function that has no text of its own, the derivative of `g`, so whatever is
asked of the function around it (types, activity, its own derivative) is asked of that one, too.
A variable of the outer function that `g` takes from around it is an argument like any other,
which the inner derivative holds fixed and the outer one moves: no direction is mistaken for
another, however deep they are nested.

Before:

>>> from tangent_fwd import jvp
>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> def f(x):
...     return x * jvp(lambda y: x * y, (3.0,), (1.0,))[1]

After:

>>> print(show(lower(parse(f))))
def f(x):
    %1 = f.<locals>.lambda_.tangent(3.0, x, 1.0)
    %2 = %1[1]
    %3 = x * %2
    return %3
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tangent_fwd import choices
from tangent_fwd.errors import SourceUnavailable
from tangent_fwd.frontend.functions import Closure, Functions
from tangent_fwd.frontend.parse import UserFunction, derived, differentiated, parse
from tangent_fwd.ir.nodes import Expr, Lit, Op, Ref
from tangent_fwd.source import Span


class Derivatives(Functions):
    """Calls of derivatives, and definitions of functions that have them."""

    def derivative_call(self, node: ast.Call) -> Expr | None:
        """The call of a derivative, or of what `forward_grad` gives; None for any other call."""
        if isinstance(node.func, ast.Call):
            made = self.differentiable(node.func)
            return None if made is None else self.helper_call(node, made[0])
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("tangent", "jvp"):
            made = self.differentiable(node.func.value)
            if made is not None:
                return self.asked(node, node.func.attr, *made)
        obj = self.resolve(node.func)
        if (known := derived(obj)) is not None:
            return self.asked(node, "tangent", obj.owner, known[1])
        whole: Any = obj.__self__ if inspect.ismethod(obj) and obj.__name__ == "jvp" else None
        if _is_ours(whole):
            return self.asked(node, "jvp", whole, whole.options.argnums)
        if _is_twin(obj, "jvp"):
            return self.twin(node)
        return None

    def differentiable(self, node: ast.expr) -> tuple[Any, tuple[int, ...]] | None:
        """The function that an expression is, and its active arguments, if it has a derivative."""
        if isinstance(node, ast.Call):
            return self.decorated(node)
        obj = self.resolve(node)
        if isinstance(obj, Closure):
            return None if obj.argnums is None else (obj, obj.argnums)
        return (obj, obj.options.argnums) if _is_ours(obj) else None

    def decorated(self, node: ast.Call) -> tuple[Any, tuple[int, ...]] | None:
        """`forward_grad(g, …)` in the function's own text."""
        if not _is_twin(self.resolve(node.func), "forward_grad") or len(node.args) != 1:
            return None
        callee = self.known(node.args[0])
        if callee is None:
            self.refuse(node, "only a function can be given to `forward_grad` here")
            return None
        return callee, self.argnums(node, callee)

    def argnums(self, node: ast.expr, callee: Any) -> tuple[int, ...]:
        """The active arguments that the keywords of `forward_grad` choose."""
        given: dict[str, Any] = {}
        for keyword in node.keywords if isinstance(node, ast.Call) else ():
            if keyword.arg in ("argnums", "argnames"):
                try:
                    given[keyword.arg] = ast.literal_eval(keyword.value)
                except ValueError:
                    self.refuse(keyword, f"`{keyword.arg}` must be a constant here")
        try:
            found = self.definition(callee)
            return choices.active_arguments(
                found.function.name,
                list(found.signature.parameters),
                given.get("argnums"),
                given.get("argnames"),
            )
        except (TypeError, ValueError, SourceUnavailable) as error:
            self.refuse(node, str(error))
            return (0,)

    def asked(self, node: ast.Call, word: str, callee: Any, argnums: Sequence[int]) -> Expr:
        """`g.tangent(…)` or `g.jvp((…), (…))`, whose arguments are told apart here."""
        if word == "tangent":
            count = len(self.definition(callee).signature.parameters)
            primals, ways = node.args[:count], node.args[count:]
        else:
            halves = self.written_out(node, node.args)
            if halves is None:
                return Lit(0.0)
            primals, ways = halves
        if node.keywords:
            self.refuse(node, f"`.{word}` takes its arguments by position here")
            return Lit(0.0)
        return self.derivative(node, callee, argnums, primals, ways)

    def twin(self, node: ast.Call) -> Expr:
        """`jvp(g, (…), (…))`; of a plain function, with None for what is held fixed."""
        if len(node.args) != 3 or node.keywords:
            self.refuse(node, "`jvp` takes a function and two tuples, by position")
            return Lit(0.0)
        made = self.differentiable(node.args[0])
        callee = self.known(node.args[0]) if made is None else made[0]
        halves = self.written_out(node, node.args[1:])
        if callee is None or halves is None:
            self.refuse(node, "the first argument of `jvp` must be a function that is known here")
            return Lit(0.0)
        primals, ways = halves
        if made is not None:
            return self.derivative(node, callee, made[1], primals, ways)
        if len(primals) != len(ways):
            message = f"`jvp` of {len(primals)} primals takes as many tangents, got {len(ways)}"
            self.refuse(node, message, "None stands for what is held fixed")
            return Lit(0.0)
        still = [isinstance(way, ast.Constant) and way.value is None for way in ways]
        argnums = [k for k, at_rest in enumerate(still) if not at_rest]
        return self.derivative(node, callee, argnums, primals, [ways[k] for k in argnums])

    def written_out(
        self, node: ast.Call, halves: Sequence[ast.expr]
    ) -> tuple[list[ast.expr], list[ast.expr]] | None:
        """The entries of the tuple of primals and of that of tangents."""
        if len(halves) == 2 and all(isinstance(h, (ast.Tuple, ast.List)) for h in halves):
            primals, ways = halves
            assert isinstance(primals, (ast.Tuple, ast.List))
            assert isinstance(ways, (ast.Tuple, ast.List))
            return primals.elts, ways.elts
        self.refuse(
            node,
            "`jvp` takes a tuple of primals and a tangent of each here, written out",
            "write `g.jvp((x,), (v,))`, or `g.tangent(x, v)`",
        )
        return None

    def derivative(
        self,
        node: ast.Call,
        callee: Any,
        argnums: Sequence[int],
        primals: Sequence[ast.expr],
        ways: Sequence[ast.expr],
    ) -> Expr:
        """The call of the derivative: primals, what the function takes from around it, tangents."""
        plain = self.helper_call(
            ast.copy_location(ast.Call(node.func, list(primals), []), node), callee
        )
        if not isinstance(plain, Op):
            return plain
        own = list(self.definition(callee).signature.parameters)
        if len(ways) != len(argnums):
            names = ", ".join(f"`{own[k]}`" for k in argnums)
            self.refuse(
                node, f"the derivative takes a tangent for each of {names}, got {len(ways)}"
            )
            return Lit(0.0)
        ref = plain.args[0]
        assert isinstance(ref, Ref)
        function = ref.value if isinstance(ref.value, UserFunction) else parse(ref.value)
        chosen = {own[k] for k in argnums}
        flags = tuple(name in chosen for name in function.params)
        if sum(flags) != len(chosen):
            self.refuse(node, "there is no derivative with respect to a function")
            return Lit(0.0)
        made = differentiated(function, flags)
        moved = tuple(self.atom(way) for way in ways)
        return Op("call", (Ref(made.qualname, made), *plain.args[1:], *moved), (), Span.of(node))

    # --- definitions ---------------------------------------------------------------------------

    def do_FunctionDef(self, node: ast.FunctionDef) -> None:
        """A nested function may be decorated with `forward_grad`, and with nothing else."""
        given = node.decorator_list
        if len(given) != 1 or not self.is_decorator(given[0]):
            super().do_FunctionDef(node)
            return
        node.decorator_list = []
        super().do_FunctionDef(node)
        node.decorator_list = given
        self.mark(node.name, given[0])

    def is_decorator(self, node: ast.expr) -> bool:
        named = node.func if isinstance(node, ast.Call) and not node.args else node
        return _is_twin(self.resolve(named), "forward_grad")

    def is_definition(self, node: ast.Assign) -> bool:
        """`d = forward_grad(g)` defines a function, too."""
        target = node.targets[0]
        named = isinstance(target, ast.Name) and len(node.targets) == 1
        made = self.decorated(node.value) if isinstance(node.value, ast.Call) and named else None
        if made is None:
            return super().is_definition(node)
        assert isinstance(target, ast.Name)
        if self.may_define(target.id, node):
            self.inner[target.id] = replace(self.definition(made[0]), argnums=made[1])
            self.locals.discard(target.id)
        self.refused.add(target.id)
        return True

    def mark(self, name: str, decorator: ast.expr) -> None:
        """Note of a nested function that it has a derivative."""
        if isinstance(found := self.inner.get(name), Closure):
            self.inner[name] = replace(found, argnums=self.argnums(decorator, found))


def _is_ours(obj: Any) -> bool:
    """Whether an object is what `forward_grad` gives."""
    return derived(getattr(obj, "tangent", None)) is not None


def _is_twin(obj: Any, name: str) -> bool:
    """Whether an object is a function of this package."""
    return getattr(obj, "__name__", "") == name and obj.__module__ == "tangent_fwd.api"
