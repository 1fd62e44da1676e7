"""Lowering of names: what each stands for, a variable or an object of the module."""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Mapping
from typing import Any

import numpy as np

from tangent_fwd.errors import Diagnostic, nearest
from tangent_fwd.frontend import names
from tangent_fwd.frontend.parse import UserFunction
from tangent_fwd.frontend.sofar import SoFar, Typing
from tangent_fwd.frontend.trees import own_nodes
from tangent_fwd.ir.nodes import Expr, Let, Lit, Op, Ref, Var
from tangent_fwd.source import Span


class Meanings(SoFar):
    """Names of variables, and of what the module holds: functions and constants."""

    def __init__(
        self, function: UserFunction, kinds: Mapping[str, Any], typing: Typing | None
    ) -> None:
        bound = {n.id for n in own_nodes(function.node)
                 if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}  # fmt: skip
        super().__init__({p: kind for p, kind in kinds.items() if p not in bound}, typing)
        self.arg_kinds = kinds
        self.function = function
        self.diagnostics: list[Diagnostic] = []
        self.at = Span.of(function.node)
        self.count = 0
        self.locals = set(function.params)
        # Functions inside this one, from where they are defined.
        self.inner: dict[str, Any] = {}
        # What imports and inner definitions bind: where those are refused, once is enough.
        self.refused: set[str] = set()
        for node in own_nodes(function.node):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                self.locals.add(node.id)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                self.refused.add(node.name)
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                self.refused |= {(a.asname or a.name).split(".")[0] for a in node.names}

    def atom(self, node: ast.expr) -> Expr:
        raise NotImplementedError

    # --- small tools -----------------------------------------------------------------------

    def refuse(self, node: ast.AST, message: str, help: str = "", code: str = "syntax") -> None:
        self.diagnostics.append(Diagnostic(code, message, Span.of(node), help=help))

    def fresh(self) -> str:
        self.count += 1
        return f"%{self.count}"

    def let(self, target: str, value: Expr) -> None:
        self.out.append(Let(target, value, self.at))

    def name(self, value: Expr) -> Var:
        target = self.fresh()
        self.let(target, value)
        return Var(target)

    # --- names ---------------------------------------------------------------------------------

    def on_Name(self, node: ast.Name) -> Expr:
        if node.id in self.locals:
            return Var(node.id)
        if node.id not in self.function.namespace:
            known = {*self.locals, *self.function.namespace}
            self.undefined(node, nearest(node.id, known))
            return Lit(0.0)
        return self.captured(node, node.id, self.function.namespace[node.id])

    def undefined(self, node: ast.Name, advice: str) -> None:
        raise NotImplementedError(node.id)

    def captured(self, node: ast.expr, name: str, obj: Any) -> Expr:
        """A global or closure value: numbers become literals, arrays and tuples constants."""
        number = names.constant(obj)
        if number is not ...:
            return Lit(number)
        if isinstance(obj, np.generic) and isinstance(obj.item(), (bool, int, float, complex)):
            return Lit(obj.item(), obj.dtype.name if obj.dtype.kind in "fc" else None)
        if isinstance(obj, np.ndarray) and type(obj) is np.ndarray and obj.dtype.kind in "fiubc":
            if obj.size <= 4096:
                return self.name(Ref(name, obj))  # an array like any other
            self.refuse(
                node,
                f"the module constant `{name}` has {obj.size} elements",
                "pass large arrays as arguments, so that they are not frozen into the code",
            )
            return Lit(0.0)
        if names.is_plain_tuple(obj):
            return Ref(name, obj)
        if isinstance(obj, types.ModuleType) or callable(obj):
            self.refuse(node, f"`{name}` is used as a value; only calls of functions are supported")
            return Lit(0.0)
        if type(obj) is tuple or names.is_named_tuple(type(obj)):
            return self.captured_parts(node, name, obj)
        self.refuse(
            node,
            f"the captured value `{name}` is a {type(obj).__name__}; "
            "numbers, tuples of numbers and small arrays are supported",
        )
        return Lit(0.0)

    def captured_parts(self, node: ast.expr, name: str, obj: Any) -> Expr:
        """A tuple of the module that holds more than numbers, or is named: made from its parts."""
        values = [self.captured(node, f"{name}[{k}]", part) for k, part in enumerate(obj)]
        keywords = (("class", type(obj)),) if hasattr(obj, "_fields") else ()
        return self.name(Op("tuple", tuple(values), keywords, Span.of(node)))

    def on_Attribute(self, node: ast.Attribute) -> Expr:
        obj = self.resolve(node)
        if obj is not ...:
            return self.captured(node, ast.unparse(node), obj)
        base = node.value
        while isinstance(base, ast.Attribute):
            base = base.value
        if isinstance(base, ast.Name) and base.id not in self.locals:
            holder = self.resolve(node.value)
            if isinstance(holder, types.ModuleType):
                advice = nearest(node.attr, dir(holder))
                text = ast.unparse(node)
                self.refuse(node, f"`{text}` does not exist", advice, "unknown-name")
                return Lit(0.0)
        return Op("attr", (self.atom(node.value), Lit(node.attr)), (), Span.of(node))

    def resolve(self, node: ast.expr) -> Any:
        """The object a dotted name stands for; `...` where it hangs on a local variable. What numba
        takes for a class of NumPy's is that class.
        """
        return names.as_numpy(self.meant(node))

    def meant(self, node: ast.expr) -> Any:
        """The very object that a dotted name names."""
        if isinstance(node, ast.Name):
            if node.id in self.inner:
                return self.inner[node.id]
            if node.id in self.locals or node.id not in self.function.namespace:
                return ...
            return self.function.namespace[node.id]
        if isinstance(node, ast.Attribute):
            holder = self.resolve(node.value)
            named = isinstance(holder, tuple) and node.attr in getattr(holder, "_fields", ())
            if isinstance(holder, types.ModuleType) or inspect.isclass(holder) or named:
                return getattr(holder, node.attr, ...)
        if isinstance(node, ast.Subscript):
            holder = self.resolve(node.value)
            place = self.place(node.slice) if isinstance(holder, tuple) else None
            if place is not None and -len(holder) <= place < len(holder):
                return holder[place]
        return ...

    def place(self, node: ast.expr) -> int | None:
        """The whole number that an index is known to be."""
        value = node.value if isinstance(node, ast.Constant) else self.resolve(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            value = self.place(node.operand)
            return None if value is None else -value
        return value if type(value) is int else None
