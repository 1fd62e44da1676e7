"""Lowering, the half that deals with values: every operation gets a name of its own."""

from __future__ import annotations

import ast
import inspect
import types
from typing import Any

import numpy as np

from tangent_fwd.errors import Diagnostic, nearest
from tangent_fwd.frontend import names
from tangent_fwd.frontend.desugar import own_nodes
from tangent_fwd.frontend.fold import FOLDED, folded
from tangent_fwd.frontend.parse import UserFunction
from tangent_fwd.ir.nodes import Expr, If, Let, Lit, Op, Ref, Stmt, Var
from tangent_fwd.source import Span

BINARY: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "truediv",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.MatMult: "matmul",
    ast.BitAnd: "bitand",
    ast.BitOr: "bitor",
    ast.BitXor: "bitxor",
    ast.LShift: "lshift",
    ast.RShift: "rshift",
}
UNARY: dict[type[ast.unaryop], str] = {
    ast.USub: "neg",
    ast.UAdd: "pos",
    ast.Not: "not",
    ast.Invert: "invert",
}
COMPARE: dict[type[ast.cmpop], str] = {
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.Eq: "eq",
    ast.NotEq: "ne",
    ast.Is: "is",
    ast.IsNot: "is_not",
}

# Operations that may be computed although the user's program would have skipped them.
HARMLESS = frozenset("add sub mul neg pos not lt le gt ge eq ne is is_not and or attr".split())

_SYNTAX = {
    "Lambda": "a lambda",
    "ListComp": "a list comprehension",
    "SetComp": "a set comprehension",
    "DictComp": "a dict comprehension",
    "GeneratorExp": "a generator expression",
    "Dict": "a dict",
    "Set": "a set",
    "List": "a list",
    "JoinedStr": "an f-string",
    "Starred": "a starred argument",
    "Yield": "`yield`",
    "YieldFrom": "`yield from`",
    "Await": "`await`",
}


class Expressions:
    """Values on their way down: what is computed goes to `out`, what comes back is an atom."""

    def __init__(self, function: UserFunction) -> None:
        self.function = function
        self.diagnostics: list[Diagnostic] = []
        self.out: list[Stmt] = []
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

    def call(self, node: ast.Call) -> Expr:
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

    def atom(self, node: ast.expr) -> Expr:
        """Lower an expression; what comes back is a variable, a literal or a constant."""
        value = self.value(node)
        return self.name(value) if isinstance(value, Op) else value

    def variable(self, node: ast.expr) -> str:
        """Lower an expression that must be a variable, because it is stored into."""
        value = self.atom(node)
        last = self.out[-1] if self.out else None
        if isinstance(last, Let) and value == Var(last.target) and isinstance(last.value, Ref):
            value = last.value
        if isinstance(value, Var):
            return value.name
        if isinstance(value, Ref):
            self.refuse(
                node,
                f"`{value.name}` is a module constant: it cannot be written to",
                code="activity",
            )
        else:
            self.refuse(node, "this value cannot be indexed for writing")
        return self.fresh()

    # --- expressions -----------------------------------------------------------------------

    def value(self, node: ast.expr) -> Expr:
        """Lower an expression; the outermost operation is returned, not yet named."""
        method = getattr(self, f"on_{type(node).__name__}", None)
        if method is None:
            what = _SYNTAX.get(type(node).__name__, f"this expression ({type(node).__name__})")
            self.refuse(node, f"{what} is not supported")
            return Lit(0.0)
        result: Expr = method(node)
        return result

    def on_Constant(self, node: ast.Constant) -> Expr:
        if node.value is None or isinstance(node.value, (bool, int, float, str)):
            return Lit(node.value)
        if node.value is ...:
            self.refuse(node, "`...` is supported as an index only")
            return Lit(0.0)
        self.refuse(node, f"a {type(node.value).__name__} literal is not supported")
        return Lit(0.0)

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
        if isinstance(obj, np.generic) and isinstance(obj.item(), (bool, int, float)):
            return Lit(obj.item(), obj.dtype.name if obj.dtype.kind == "f" else None)
        if isinstance(obj, np.ndarray) and type(obj) is np.ndarray and obj.dtype.kind in "fiub":
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
        """The object a dotted name stands for; `...` where it hangs on a local variable."""
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

    def on_BinOp(self, node: ast.BinOp) -> Expr:
        fn = BINARY[type(node.op)]
        left, right = self.atom(node.left), self.atom(node.right)
        if isinstance(left, Lit) and isinstance(right, Lit) and fn in FOLDED:
            known = folded(fn, left, right)
            if known is not None:
                return known
        return Op(fn, (left, right), (), Span.of(node))

    def on_UnaryOp(self, node: ast.UnaryOp) -> Expr:
        value = self.atom(node.operand)
        if isinstance(value, Lit) and isinstance(value.value, (int, float)):
            if isinstance(node.op, ast.USub):
                return Lit(-value.value, value.dtype)
            if isinstance(node.op, ast.UAdd):
                return value
        return Op(UNARY[type(node.op)], (value,), (), Span.of(node))

    def on_Compare(self, node: ast.Compare) -> Expr:
        pending, result = self.chain(self.atom(node.left), node, 0)
        self.out.extend(pending)
        return result

    def chain(self, left: Expr, node: ast.Compare, k: int) -> tuple[list[Stmt], Expr]:
        """The k-th comparison of a chain and those after it; each operand is computed once, and
        only if the comparisons before it hold.
        """
        fn = COMPARE.get(type(node.ops[k]))
        if fn is None:
            self.refuse(node, "`in` is not supported")
            return [], Lit(False)
        right, pending = self.aside(node.comparators[k])
        test = Op(fn, (left, right), (), Span.of(node))
        if k + 1 == len(node.ops):
            return pending, test
        rest, result = self.chain(right, node, k + 1)
        outer, self.out = self.out, list(pending)
        both = self.lazily("and", test, rest, result, Span.of(node))
        made, self.out = self.out, outer
        return made, both

    def on_BoolOp(self, node: ast.BoolOp) -> Expr:
        fn = "and" if isinstance(node.op, ast.And) else "or"
        result = self.value(node.values[0])
        for value in node.values[1:]:
            outer, self.out = self.out, []
            right = self.value(value)
            pending, self.out = self.out, outer
            result = self.lazily(fn, result, pending, right, Span.of(node))
        return result

    def aside(self, node: ast.expr) -> tuple[Expr, list[Stmt]]:
        """Lower to an atom, keeping what it needs apart."""
        outer, self.out = self.out, []
        value = self.atom(node)
        pending, self.out = self.out, outer
        return value, pending

    def lazily(self, fn: str, left: Expr, pending: list[Stmt], right: Expr, at: Span) -> Expr:
        """`left and right` where the right side must not be computed in vain if it can fail."""
        ours = [s for s in pending if isinstance(s, Let) and s.target[0] == "%"]
        needed = [s.value for s in ours] + [right]
        if len(ours) == len(pending) and all(
            not isinstance(e, Op) or e.fn in HARMLESS for e in needed
        ):
            first = self.name(left) if isinstance(left, Op) else left
            self.out.extend(pending)
            second = self.name(right) if isinstance(right, Op) else right
            return Op(fn, (first, second), (), at)
        result = self.fresh()
        self.let(result, left)
        test: Expr = Var(result) if fn == "and" else self.name(Op("not", (Var(result),), (), at))
        self.out.append(If(test, (*pending, Let(result, right, self.at)), (), self.at))
        return Var(result)

    def on_IfExp(self, node: ast.IfExp) -> Expr:
        cond = self.atom(node.test)
        result = self.fresh()
        branches: list[tuple[Stmt, ...]] = []
        for branch in (node.body, node.orelse):
            outer, self.out = self.out, []
            self.let(result, self.value(branch))
            branches.append(tuple(self.out))
            self.out = outer
        self.out.append(If(cond, branches[0], branches[1], self.at))
        return Var(result)

    def on_NamedExpr(self, node: ast.NamedExpr) -> Expr:
        self.let(node.target.id, self.value(node.value))
        return Var(node.target.id)

    def on_Tuple(self, node: ast.Tuple | ast.List) -> Expr:
        return Op("tuple", tuple(self.atom(e) for e in node.elts), (), Span.of(node))

    def on_Subscript(self, node: ast.Subscript) -> Expr:
        obj = self.resolve(node)
        if obj is not ...:
            return self.captured(node, ast.unparse(node), obj)
        holder = self.resolve(node.value)
        place = self.place(node.slice) if isinstance(holder, tuple) else None
        if place is not None:
            text = f"`{ast.unparse(node.value)}` has {len(holder)} elements"
            self.refuse(node, f"the index {place} is out of range: {text}")
            return Lit(0.0)
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            # Parameters in a dict reach compiled code as a named tuple.
            return Op("attr", (self.atom(node.value), Lit(node.slice.value)), (), Span.of(node))
        return Op("getitem", (self.atom(node.value), *self.index(node.slice)), (), Span.of(node))

    def index(self, node: ast.expr) -> tuple[Expr, ...]:
        """The entries of a subscript: atoms, `slice` operations, None and Ellipsis."""
        node = self.outer_index(node)
        entries = node.elts if isinstance(node, ast.Tuple) else [node]
        if not entries:
            self.refuse(node, "the index `()` is not supported")
        return tuple(self.index_entry(e) for e in entries)

    def index_entry(self, node: ast.expr) -> Expr:
        if isinstance(node, ast.Slice):
            parts = [Lit(None) if p is None else self.atom(p) for p in
                     (node.lower, node.upper, node.step)]  # fmt: skip
            return Op("slice", tuple(parts), (), Span.of(node))
        if isinstance(node, ast.Constant) and node.value is ...:
            return Lit(...)
        if isinstance(node, ast.List) and node.elts:
            return self.name(self.listed(node))
        return self.atom(node)

    def listed(self, node: ast.List) -> Expr:
        raise NotImplementedError

    def outer_index(self, node: ast.expr) -> ast.expr:
        raise NotImplementedError
