"""Calls of the user's own functions: helpers, inner functions, lambdas, functions as arguments.

An inner function becomes a helper that is passed the variables which it takes from around it, at
every call as they are then, which is when Python looks them up. A helper that is given a function
becomes one in which that function has a name of the module.

Before:

>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> def f(x, s):
...     def scaled(a):
...         return a * s
...     return scaled(x) + scaled(s)

After:

>>> print(show(lower(parse(f))))
def f(x, s):
    %1 = f.<locals>.scaled(x, s)
    %2 = f.<locals>.scaled(s, s)
    %3 = %1 + %2
    return %3
"""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tangent_fwd.errors import SourceUnavailable
from tangent_fwd.frontend import names, trees
from tangent_fwd.frontend.desugar import desugared
from tangent_fwd.frontend.parse import Differentiated, UserFunction, as_function, parse
from tangent_fwd.frontend.texts import Texts
from tangent_fwd.frontend.trees import own_nodes
from tangent_fwd.ir.nodes import Expr, Lit, Op, Ref, Var
from tangent_fwd.ir.walk import unused
from tangent_fwd.library import SETTLED, is_ours
from tangent_fwd.source import Span

_PLAIN = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD,
          inspect.Parameter.KEYWORD_ONLY)  # fmt: skip


@dataclass(frozen=True)
class Held:
    """The default of an inner function's parameter: it is computed where the function is defined,
    and taken along as what the function takes from around it, at this place.
    """

    place: int


@dataclass(frozen=True, eq=False)
class Closure:
    """A function that takes variables from around it, and what those are called where it is known
    by this object: every call passes them behind the arguments. One that `forward_grad` was given
    has active arguments, at `argnums`. What it binds around it comes back behind its value, if it
    `gives` one.
    """

    function: UserFunction
    captured: tuple[str, ...]
    signature: inspect.Signature
    argnums: tuple[int, ...] | None = None
    rebinds: tuple[str, ...] = ()
    gives: bool = True


class Functions(Texts):
    """Definitions inside the function, and calls of what has Python source."""

    def do_FunctionDef(self, node: ast.FunctionDef) -> None:
        if node.decorator_list:
            self.refuse(node.decorator_list[0], "a decorator on a nested function is not supported")
        else:
            self.define(node.name, node, node)

    def is_definition(self, node: ast.Assign) -> bool:
        """`g = lambda y: …` defines a function as `def` does."""
        target = node.targets[0]
        if isinstance(target, ast.Name) and len(node.targets) == 1:
            held = self.functions_in(node.value)
            if held is not None:
                if self.may_define(target.id, node):
                    self.inner[target.id] = held
                    self.locals.discard(target.id)
                self.refused.add(target.id)
                return True
        if not isinstance(node.value, ast.Lambda) or not isinstance(target, ast.Name):
            return False
        if len(node.targets) == 1:
            self.define(target.id, as_function(node.value, target.id), node)
        return len(node.targets) == 1

    def functions_in(self, node: ast.expr) -> Any:
        """A function or a dtype that an expression names, or several in a tuple or a list."""
        if isinstance(node, (ast.Name, ast.Attribute)):
            obj = self.resolve(node)
            return obj if is_passed(obj) else None
        if isinstance(node, (ast.Tuple, ast.List)) and node.elts:
            inner = (ast.Name, ast.Attribute, ast.Lambda)
            found = [self.known(e) if isinstance(e, inner) else None for e in node.elts]
            return None if None in found else tuple(found)
        return None

    def define(self, name: str, node: ast.FunctionDef, at: ast.stmt) -> None:
        """An inner function has its name from here on."""
        if self.may_define(name, at):
            count = len(self.diagnostics)
            found = self.closure(node, name)
            if len(self.diagnostics) == count:
                self.inner[name] = found
                self.locals.discard(name)
        self.refused.add(name)

    def may_define(self, name: str, at: ast.stmt) -> bool:
        """Whether a name can stand for one function wherever it is called."""
        if at not in self.function.node.body and not self.is_near(name, at):
            message = "a nested function inside a branch or a loop is not supported"
            self.refuse(at, message, "define it before, or use it behind it in the same block only")
            return False
        if self.bindings(name) > 1:
            self.refuse(at, f"`{name}` is bound more than once, so a call may mean either")
            return False
        return True

    def is_near(self, name: str, at: ast.stmt) -> bool:
        """Whether a function is used only behind its definition, in the block that this is in."""
        reads = [n for n in ast.walk(self.function.node) if isinstance(n, ast.Name)
                 and n.id == name and isinstance(n.ctx, ast.Load)]  # fmt: skip
        later = trees.behind(self.function.node, at)
        found = [n for stmt in later for n in ast.walk(stmt) if n in reads]
        return len(found) == len(reads)

    def bindings(self, name: str) -> int:
        """How often a name is bound in the function."""
        found = [n.id for n in own_nodes(self.function.node)
                 if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]  # fmt: skip
        found += [n.name for n in own_nodes(self.function.node) if isinstance(n, ast.FunctionDef)]
        nonlocals = (n for n in ast.walk(self.function.node) if isinstance(n, ast.Nonlocal))
        found += [word for n in nonlocals for word in n.names]
        return [*found, *self.function.params].count(name)

    def closure(self, node: ast.FunctionDef, name: str) -> Closure:
        """A function in the text of this one, with what it reads of its variables as arguments."""
        captured: dict[str, None] = {}
        signature = self.written_signature(node, captured)
        bound = {n.id for n in own_nodes(node)
                 if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}  # fmt: skip
        bound |= {n.name for n in own_nodes(node) if isinstance(n, ast.FunctionDef)}
        bound -= {w for n in own_nodes(node) if isinstance(n, ast.Nonlocal) for w in n.names}
        free = [n.id for n in ast.walk(ast.Module(list(node.body), []))
                if isinstance(n, ast.Name) and n.id not in bound
                and n.id not in signature.parameters]  # fmt: skip
        for word in free:
            if word in self.slices:
                self.refuse(node, f"`{word}`, which is a slice, is read in a nested function",
                            "give it where the slice starts and stops")  # fmt: skip
            if word in self.inner:
                held = self.inner[word]
                for each in held if isinstance(held, tuple) else (held,):
                    captured |= dict.fromkeys(getattr(each, "captured", ()))
            elif word in self.locals and word != name:
                captured[word] = None
        made = UserFunction(
            name=name,
            qualname=f"{self.function.qualname}.<locals>.{name}",
            module=self.function.module,
            node=desugared(node),
            source=self.function.source,
            namespace={**self.function.namespace, **self.inner},
            signature=_longer(signature, tuple(captured)),
            original=(self.function.original, node.lineno, node.col_offset),
        )
        found = Closure(made, tuple(captured), signature)
        made.namespace[name] = found  # what calls itself is told so
        return found

    def written_signature(
        self, node: ast.FunctionDef, captured: dict[str, None]
    ) -> inspect.Signature:
        """The parameters of an inner function. A default that is no constant is computed here, and
        joins what is captured.
        """
        args = node.args
        if args.kwarg is not None:
            self.refuse(args.kwarg, "keywords of any name are not supported")
        found = []
        plain = [*args.posonlyargs, *args.args]
        given = [None] * (len(plain) - len(args.defaults)) + list(args.defaults)
        for arg, default in zip((*plain, *args.kwonlyargs), (*given, *args.kw_defaults)):
            value: Any = inspect.Parameter.empty
            if default is not None:
                try:
                    value = ast.literal_eval(default)
                except ValueError:
                    value = Held(len(captured))
                    captured[self.kept(f"{arg.arg}_default", default)] = None
            kind = _PLAIN[2 if arg in args.kwonlyargs else 0 if arg in args.posonlyargs else 1]
            found.append(inspect.Parameter(arg.arg, kind, default=value))
        if args.vararg is not None:
            starred = inspect.Parameter(args.vararg.arg, inspect.Parameter.VAR_POSITIONAL)
            found.insert(len(plain), starred)
        return inspect.Signature(found)

    def kept(self, word: str, node: ast.expr) -> str:
        """A variable of ours that holds what an expression is here."""
        taken = {n.id for n in ast.walk(self.function.node) if isinstance(n, ast.Name)}
        name = unused(word, taken | self.locals)
        self.let(name, self.value(node))
        self.locals.add(name)
        return name

    def captured(self, node: ast.expr, name: str, obj: Any) -> Expr:
        if isinstance(obj, Closure):
            self.refuse(node, f"`{name}` is a function: it can be called, and passed to one")
            return Lit(0.0)
        return super().captured(node, name, obj)

    def on_Compare(self, node: ast.Compare) -> Expr:
        """What says whether a function was passed or left out is settled here."""
        nothing = getattr(node.comparators[0], "value", ...) is None
        if nothing and isinstance(node.left, ast.Name) and self.known(node.left) is not None:
            if [type(op) for op in node.ops] in ([ast.Is], [ast.IsNot]):
                return Lit(isinstance(node.ops[0], ast.IsNot))
        return super().on_Compare(node)

    # --- calls ---------------------------------------------------------------------------------

    def known(self, node: ast.expr) -> Any:
        """The function that an expression is, or None if it is none that can be passed on."""
        if isinstance(node, ast.Lambda):
            return self.closure(as_function(node, "lambda_"), "lambda_")
        if isinstance(node, ast.Name) and node.id in self.inner:
            return self.inner[node.id]
        obj = self.resolve(node)
        return obj if is_passed(obj) else None

    def helper_call(self, node: ast.Call, callee: Any) -> Expr:
        """A call of a function with Python source: keywords and defaults become positions. In the
        library, options are settled here.
        """
        static: tuple[str, ...] = ()
        try:
            found = self.definition(callee)
        except SourceUnavailable as error:
            self.refuse(node.func, str(error), code="function")
            return Lit(0.0)
        function, own = found.function, found.signature
        if is_ours(function.module):
            static = tuple(p for p in own.parameters if p in SETTLED)
        try:
            bound = own.bind(*node.args, **{str(k.arg): k.value for k in node.keywords}).arguments
        except TypeError as error:
            self.refuse(node, f"`{function.name}`: {error}")
            return Lit(0.0)
        if any(p.kind == p.VAR_KEYWORD for p in own.parameters.values()):
            self.refuse(node, f"`{function.name}` takes keywords of any name")
            return Lit(0.0)
        several: dict[str, list[Expr]] = {
            p.name: [] for p in own.parameters.values() if p.kind == p.VAR_POSITIONAL
        }
        parameter_of = {id(arg): name for name, bound_to in bound.items()
                        for arg in (bound_to if name in several else (bound_to,))}  # fmt: skip
        chosen: dict[str, Any] = {}
        given: dict[str, Expr] = {}
        for arg in (*node.args, *(k.value for k in node.keywords)):  # as Python evaluates them
            name = parameter_of[id(arg)]
            if name in several:
                several[name].append(self.atom(arg))
                continue
            passed = self.settled(arg, name) if name in static else self.known(arg)
            if passed is None and name not in static:
                given[name] = self.atom(arg)
            else:
                chosen[name] = passed
        given |= {name: self.name(Op("tuple", tuple(parts))) for name, parts in several.items()}
        values: list[Expr] = []
        for name, parameter in own.parameters.items():
            if name in given:
                values.append(given[name])
            elif name in static or names.is_helper(parameter.default):
                chosen.setdefault(name, parameter.default)
            elif name not in chosen:
                values.append(self.default(found, node, parameter))
        behind = [*found.captured]
        if chosen:
            function = settled(function, chosen)
            behind += [n for c in chosen.values() if isinstance(c, Closure) for n in c.captured]
        values += map(Var, behind)
        inside = isinstance(callee, Closure) or chosen or isinstance(function, Differentiated)
        ref = Ref(function.qualname, function if inside else function.original)
        return Op("call", (ref, *values), (), Span.of(node))

    def default(self, closure: Closure, call: ast.Call, parameter: inspect.Parameter) -> Expr:
        """What a parameter is where a call leaves it out."""
        if isinstance(parameter.default, Held):
            return Var(closure.captured[parameter.default.place])
        return self.captured(call, parameter.name, parameter.default)

    def settled(self, node: ast.expr, name: str) -> Any:
        """The constant that an argument is."""
        obj = self.resolve(node)
        if obj is ... and isinstance(node, (ast.Tuple, ast.List)):
            places = [self.place(e) for e in node.elts]
            if None not in places:
                return tuple(places)
        value = self.atom(node) if obj is ... else Lit(obj)
        if isinstance(value, Lit):
            return value.value
        self.refuse(node, f"`{name}` must be a constant here")
        return None

    def definition(self, callee: Any) -> Closure:
        """What a callable's text says; SourceUnavailable where there is none."""
        if isinstance(callee, Closure):
            return callee
        function = parse(callee)
        return Closure(function, (), function.signature)


def _longer(signature: inspect.Signature, words: tuple[str, ...]) -> inspect.Signature:
    """A signature with further parameters behind those it has."""
    before = [p.replace(kind=_PLAIN[1]) for p in signature.parameters.values()]
    return inspect.Signature([
        *(p.replace(default=inspect.Parameter.empty) for p in before),
        *(inspect.Parameter(word, _PLAIN[1]) for word in words),
    ])  # fmt: skip


def is_passed(obj: Any) -> bool:
    """Whether an object is a function that calls can be told to call."""
    if isinstance(obj, Closure) or names.is_helper(obj):
        return True
    if inspect.isclass(obj):
        return issubclass(obj, np.generic) or obj in (bool, int, float, complex)
    return callable(obj) and names.key_of(obj) is not None


def settled(function: UserFunction, chosen: dict[str, Any]) -> UserFunction:
    """A function for which some parameters are settled, functions and constants. What functions
    take from around them comes behind the other arguments.
    """
    namespace = dict(function.namespace)
    taken = {n.id for n in ast.walk(function.node) if isinstance(n, ast.Name)}
    taken |= set(function.params)
    words: list[str] = []
    keys, called = [], [function.name]
    for parameter, passed in chosen.items():
        key = passed
        if isinstance(passed, Closure):
            own = tuple(unused(word, taken) for word in passed.captured)
            words += own
            key = passed.function.original, own
            passed = replace(passed, captured=own)
        if callable(passed) or isinstance(passed, Closure):
            word = passed.function.name if isinstance(passed, Closure) else passed.__name__
            called.append(word.strip("<>"))
        namespace[parameter] = passed
        keys.append((parameter, key))
    kept = [p for name, p in function.signature.parameters.items() if name not in chosen]
    return replace(
        function,
        name="_".join(called),
        namespace=namespace,
        signature=_longer(function.signature.replace(parameters=kept), tuple(words)),
        original=(function.original, *keys),
    )
