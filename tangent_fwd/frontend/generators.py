"""Generators: a loop over one is the text of the generator with the loop's body at each `yield`.

Before:

>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> def f(x, s):
...     def scaled(n):
...         for i in range(n):
...             yield x[i] * s
...     total = 0.0
...     for a in scaled(3):
...         if a > 1.0:
...             break
...         total += a
...     return total

After:

>>> print(show(lower(parse(f))))
def f(x, s):
    total = 0.0
    n = 3
    for i in range(n):
        %3 = x[i]
        a = %3 * s
        %4 = a > 1.0
        if %4:
            break
        total = total + a
    return total
"""

from __future__ import annotations

import ast
import copy
import inspect
from dataclasses import replace
from functools import cached_property
from typing import Any

from tangent_fwd.errors import SourceUnavailable
from tangent_fwd.frontend import names, trees
from tangent_fwd.frontend.caught import Caught
from tangent_fwd.frontend.functions import Closure
from tangent_fwd.frontend.jumps import without
from tangent_fwd.frontend.parse import UserFunction
from tangent_fwd.frontend.trees import Statements, own_nodes
from tangent_fwd.ir.nodes import Expr, Lit, Op, Var
from tangent_fwd.source import Span

_YIELDS = (ast.Yield, ast.YieldFrom)


# How many loops over one generator may lie inside each other; more are one that goes over itself.
_NESTED = 3


class Leave(ast.Pass):
    """The generator is left."""


class _GoOn(ast.Pass):
    """The generator goes on behind its `yield`."""


class Generators(Caught):
    """Loops over generators, and calls that go over one."""

    inlining: tuple[Any, ...] = ()  # the generators whose text is being written
    words: frozenset[str] = frozenset()  # what stands in the texts so far

    @cached_property
    def waiting(self) -> dict[str, ast.Call]:
        """The calls of generators that have a name, by it."""
        return {}

    def generator(self, node: ast.expr) -> Closure | None:
        """The generator that an expression calls."""
        callee = self.callee(node)
        if isinstance(callee, Closure):
            yields = (isinstance(n, _YIELDS) for n in own_nodes(callee.function.node))
            return callee if any(yields) else None
        if not inspect.isgeneratorfunction(getattr(callee, "py_func", callee)):
            return None
        try:
            return self.definition(callee)
        except SourceUnavailable:
            return None

    def is_generator(self, node: ast.Assign) -> bool:
        """`g = made(x)`, where one loop goes over `g`: its arguments are what they are here."""
        target, call = node.targets[0], node.value
        if not isinstance(call, ast.Call) or self.generator(call) is None:
            return False
        if len(node.targets) > 1 or not isinstance(target, ast.Name) or not self.is_kept(node):
            return False
        made = copy.copy(self.without_stars(call))
        made.args = list(map(self.as_now, made.args))
        made.keywords = [ast.keyword(k.arg, self.as_now(k.value)) for k in made.keywords]
        self.waiting[target.id] = made
        self.locals.discard(target.id)
        return True

    def as_now(self, node: ast.expr) -> ast.expr:
        """An argument that is read later, as it is now."""
        if self.known(node) is not None or isinstance(node, ast.Constant):
            return node
        name = self.unique("given")
        self.let(name, self.atom(node))
        read: ast.expr = trees.at(node, trees.name(name))
        return read

    def is_kept(self, node: ast.Assign) -> bool:
        """Whether a name that is bound to a generator is read once, behind it, in the same round of
        whatever loops there are.
        """
        (target,) = node.targets
        assert isinstance(target, ast.Name)
        everywhere = [n for n in ast.walk(self.function.node) if isinstance(n, ast.Name)]
        same = [n for n in everywhere if n.id == target.id]
        if len(same) != 2 or self.bindings(target.id) != 1:
            return False
        later = trees.behind(self.function.node, node)
        return any(_reads_once(stmt, target.id) for stmt in later)

    def named_call(self, node: ast.expr) -> ast.expr:
        """What a loop goes over: for the name of a generator, its call."""
        return self.waiting.get(node.id, node) if isinstance(node, ast.Name) else node

    def do_For(self, node: ast.For) -> None:
        node = copy.copy(node)
        node.iter = self.named_call(node.iter)
        counted, pair = node.iter, node.target
        if isinstance(counted, ast.Call) and self.callee(counted) is enumerate and counted.args:
            counted = copy.copy(counted)
            counted.args = [self.named_call(counted.args[0]), *counted.args[1:]]
            found = self.generator(counted.args[0])
            if found is not None and isinstance(pair, ast.Tuple) and len(pair.elts) == 2:
                node = self.counting(node, counted, pair)
        found = self.generator(node.iter)
        if found is None:
            super().do_For(node)
            return
        assert isinstance(node.iter, ast.Call)
        refused = self.refused_in(found, node.iter)
        if refused is not None:
            self.refuse(node.iter, *refused)
            return
        outer, function = self.inlining, self.function
        self.inlining = (*outer, found.function.original)
        self.out.extend(self.block(self.inlined(found, node, node.iter)))
        self.inlining, self.function = outer, function

    def counting(self, node: ast.For, counted: ast.Call, pair: ast.Tuple) -> ast.For:
        """`for k, a in enumerate(g())` with a count of its own."""
        start = [*counted.args[1:], *(k.value for k in counted.keywords)]
        count = self.unique("count")
        self.let(count, self.atom(start[0]) if start else Lit(0))
        number = trees.at(node, ast.Assign([pair.elts[0]], trees.name(count)))
        more = ast.AugAssign(ast.Name(count, ast.Store()), ast.Add(), ast.Constant(1))
        body = [number, trees.at(node, more), *node.body]
        made: ast.For = trees.at(node, ast.For(pair.elts[1], counted.args[0], body, []))
        return made

    def unique(self, word: str) -> str:
        """A name for what another function calls so."""
        self.count += 1
        found = word if word not in self.words | self.locals else f"{word}%g{self.count}"
        self.locals.add(found)
        return found

    def words_beside(self, node: ast.FunctionDef) -> set[str]:
        """The names that stand in the text of the function, but for a definition in it."""
        place = node.lineno, node.col_offset

        def words(inner: ast.AST) -> set[str]:
            if isinstance(inner, ast.Name):
                return {inner.id}
            if isinstance(inner, ast.FunctionDef) and (inner.lineno, inner.col_offset) == place:
                return {inner.name}
            return {word for child in ast.iter_child_nodes(inner) for word in words(child)}

        return {word for stmt in self.function.node.body for word in words(stmt)}

    def refused_in(self, found: Closure, call: ast.Call) -> tuple[str, str] | None:
        """Why a generator cannot be written out here, and what to do; None where it can."""
        function = found.function
        inside = list(own_nodes(function.node))
        stated = {id(n.value) for n in inside if isinstance(n, ast.Expr)}
        if self.inlining.count(function.original) >= _NESTED:
            return f"`{function.name}` goes over itself", "write a loop"
        if any(isinstance(n, ast.YieldFrom) for n in inside):
            return "`yield from` is not supported", "write `for v in …: yield v`"
        if any(isinstance(n, ast.Yield) and id(n) not in stated for n in inside):
            return "what is sent to a generator is not supported", "`yield` is a statement here"
        guarded = (n for n in inside if isinstance(n, (ast.Try, ast.With)))
        if any(isinstance(n, ast.Yield) for g in guarded for n in ast.walk(g)):
            return "a `yield` inside `try` or `with` is not supported", "move it out of there"
        if any(isinstance(n, trees.SCOPES) for n in inside):
            return "a function inside a generator is not supported", "define it outside"
        return None

    def inlined(self, found: Closure, node: ast.For, call: ast.Call) -> list[ast.stmt]:
        """The generator's text, the loop's body in it."""
        function, own = found.function, found.signature
        call = self.without_stars(call)
        try:
            bound = own.bind(*call.args, **{str(k.arg): k.value for k in call.keywords}).arguments
        except TypeError as error:
            self.refuse(call, f"`{function.name}`: {error}")
            return []
        around = dict(zip(function.params[len(own.parameters) :], found.captured))
        words = {*function.params} | {n.id for n in own_nodes(function.node)
                 if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}  # fmt: skip
        self.words |= self.words_beside(function.node)
        values = self.given(found, bound, call)
        renamed = around | self.taken_over(function, values)
        self.locals |= {*renamed.values()}
        renamed |= {word: self.unique(word) for word in sorted(words - {*renamed})}
        for word, value in values.items():
            if not isinstance(value, (Var, Lit, Op)):
                self.inner[renamed[word]] = value
                self.locals.discard(renamed[word])
            elif value != Var(renamed[word]):
                self.let(renamed[word], value)
        renamed |= self.foreign(function.namespace, function.node, {*renamed})
        text = copy.deepcopy(function.node.body)
        if function.source.filename != self.function.source.filename:
            for inner in (n for s in text for n in ast.walk(s) if hasattr(n, "lineno")):
                ast.copy_location(inner, node)  # what is shown of it is the loop
        text = _Renamed(renamed).block(text)
        self.words |= {n.id for s in text for n in ast.walk(s) if isinstance(n, ast.Name)}
        body = without(_GoOn, _Jumps().block(copy.deepcopy(node.body)), self.locals)
        body += copy.deepcopy(node.orelse)
        text = _Yields(node.target, body).block(text)
        return [ast.fix_missing_locations(s) for s in without(Leave, text, self.locals)]

    def taken_over(self, function: UserFunction, values: dict[str, Any]) -> dict[str, str]:
        """Parameters that are another name for a variable which stays as it is."""
        stored = {n.id for n in own_nodes(function.node)
                  if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}  # fmt: skip
        return {
            word: value.name
            for word, value in values.items()
            if isinstance(value, Var) and word not in stored and self.bindings(value.name) < 2
        }

    def given(self, closure: Closure, bound: Any, call: ast.Call) -> dict[str, Any]:
        """What each parameter stands for: a value, or a function."""
        found: dict[str, Any] = {}
        for name, parameter in closure.signature.parameters.items():
            arg = bound.get(name, ())
            if parameter.kind is parameter.VAR_POSITIONAL:
                found[name] = self.name(Op("tuple", tuple(map(self.atom, arg))))
            elif name not in bound:
                value = parameter.default
                if not names.is_helper(value):
                    value = self.default(closure, call, parameter)
                found[name] = value
            else:
                function = self.known(arg)
                found[name] = self.atom(arg) if function is None else function
        return found

    def foreign(
        self, namespace: dict[str, Any], node: ast.FunctionDef, own: set[str]
    ) -> dict[str, str]:
        """New names for objects of the generator's module that have none or another one here."""
        here = {**self.function.namespace, **self.inner}
        free = {n.id for s in node.body for n in ast.walk(s) if isinstance(n, ast.Name)} - own
        new = {
            word: self.unique(f"{word}%g")
            for word in sorted(free)
            if word in namespace
            and (word in self.locals or here.get(word, ...) is not namespace[word])
        }  # fmt: skip
        self.locals -= {*new.values()}
        objects = {new[word]: namespace[word] for word in new}
        self.function = replace(self.function, namespace={**self.function.namespace, **objects})
        return new

    def call(self, node: ast.Call) -> Expr:
        """`sum(g(x))` goes over a generator; a generator is no value otherwise."""
        given = self.named_call(node.args[0]) if node.args else None
        callee = self.callee(node)
        taken = callee in (sum, any, all, list, max, min, sorted)
        if given is not None and taken and self.generator(given) is not None:
            part = ast.comprehension(ast.Name("a", ast.Store()), given, [], 0)
            each = trees.at(given, ast.GeneratorExp(trees.name("a"), [part]))
            if callee in (max, min):
                return self.extreme(callee, each, Span.of(node))
            if callee is sorted:
                name = self.unique("values")
                self.let(name, self.from_start(list, each, Op("list", (), (), Span.of(node))))
                each = trees.at(given, trees.name(name))
            return self.call(ast.copy_location(ast.Call(node.func, [each, *node.args[1:]],
                                                        node.keywords), node))  # fmt: skip
        if self.generator(node) is not None:
            advice = (
                "write one `for v in …:`, or give it to `list`, `sum`, `max`, `min` or `sorted`"
            )
            self.refuse(node, "a generator can be gone over at once only", advice)
            return Lit(0.0)
        return super().call(node)


def _reads_once(node: ast.AST, name: str) -> bool:
    """Whether a statement reads a name, and not in the rounds of a loop or in another function."""
    if isinstance(node, (ast.While, *trees.ANEW)):
        return False
    if isinstance(node, ast.Name):
        return node.id == name
    inside = [node.iter] if isinstance(node, ast.For) else ast.iter_child_nodes(node)
    return any(_reads_once(child, name) for child in inside)


class _Renamed(Statements):
    """Other names for variables and objects."""

    def __init__(self, words: dict[str, str]) -> None:
        self.words = words

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self.words.get(node.id, node.id)
        return node


class _Jumps(Statements):
    """The body of a loop over a generator: `break` leaves that, `continue` goes on with it."""

    def visit_For(self, node: ast.For) -> ast.For:
        return node

    def visit_While(self, node: ast.While) -> ast.While:
        return node

    def visit_Break(self, node: ast.Break) -> ast.stmt:
        return ast.copy_location(Leave(), node)

    def visit_Continue(self, node: ast.Continue) -> ast.stmt:
        return ast.copy_location(_GoOn(), node)


class _Yields(Statements):
    """Puts the body of the loop in the place of each `yield`; `return` leaves the generator."""

    def __init__(self, target: ast.expr, body: list[ast.stmt]) -> None:
        self.target = target
        self.body = body

    def visit_Return(self, node: ast.Return) -> ast.stmt:
        return ast.copy_location(Leave(), node)

    def visit_Expr(self, node: ast.Expr) -> Any:
        if not isinstance(node.value, ast.Yield):
            return node
        value = node.value.value or ast.Constant(None)
        bind = ast.Assign([copy.deepcopy(self.target)], value)
        return [trees.at(node, bind), *copy.deepcopy(self.body)]
