"""Lowering, the half that deals with values: every operation gets a name of its own."""

from __future__ import annotations

import ast
import inspect
import math
import operator
import types
from typing import Any

import numpy as np

from tangent_fwd.errors import Diagnostic, SourceUnavailable, nearest
from tangent_fwd.frontend import names
from tangent_fwd.frontend.parse import UserFunction, parse
from tangent_fwd.ir.nodes import Expr, If, Let, Lit, Op, Ref, Stmt, Var
from tangent_fwd.ir.show import display
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
_HARMLESS = frozenset("add sub mul neg pos not lt le gt ge eq ne is is_not and or attr".split())

_FOLD: dict[str, Any] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "pow": operator.pow,
}

_SYNTAX = {
    "Lambda": "a lambda",
    "ListComp": "a list comprehension",
    "SetComp": "a set comprehension",
    "DictComp": "a dict comprehension",
    "GeneratorExp": "a generator expression",
    "NamedExpr": "the walrus operator `:=`",
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
        # What imports and inner definitions bind: those are refused, and once is enough.
        self.refused: set[str] = set()
        for node in ast.walk(ast.Module(body=list(function.node.body), type_ignores=[])):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                self.locals.add(node.id)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                self.refused.add(node.name)
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                self.refused |= {(a.asname or a.name).split(".")[0] for a in node.names}

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
        if isinstance(node.value, (bool, int, float, str)) or node.value in (None, ...):
            return Lit(node.value)
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
        if (
            isinstance(obj, tuple)
            and not hasattr(obj, "_fields")
            and all(names.constant(e) is not ... for e in obj)
        ):
            return Ref(name, obj)
        if isinstance(obj, types.ModuleType) or callable(obj):
            self.refuse(node, f"`{name}` is used as a value; only calls of functions are supported")
            return Lit(0.0)
        self.refuse(
            node,
            f"the captured value `{name}` is a {type(obj).__name__}; "
            "numbers, tuples of numbers and small arrays are supported",
        )
        return Lit(0.0)

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
            if node.id in self.locals or node.id not in self.function.namespace:
                return ...
            return self.function.namespace[node.id]
        if isinstance(node, ast.Attribute):
            holder = self.resolve(node.value)
            if isinstance(holder, types.ModuleType) or inspect.isclass(holder):
                return getattr(holder, node.attr, ...)
        return ...

    def on_BinOp(self, node: ast.BinOp) -> Expr:
        fn = BINARY[type(node.op)]
        left, right = self.atom(node.left), self.atom(node.right)
        if isinstance(left, Lit) and isinstance(right, Lit) and fn in _FOLD:
            folded = _fold(fn, left, right)
            if folded is not None:
                return folded
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
        needed = [s.value for s in pending if isinstance(s, Let)] + [right]
        if len(needed) == len(pending) + 1 and all(
            not isinstance(e, Op) or e.fn in _HARMLESS for e in needed
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

    def on_Tuple(self, node: ast.Tuple | ast.List) -> Expr:
        return Op("tuple", tuple(self.atom(e) for e in node.elts), (), Span.of(node))

    def on_Subscript(self, node: ast.Subscript) -> Expr:
        base = self.atom(node.value)
        index = self.index(node.slice)
        if isinstance(base, Ref) and isinstance(base.value, tuple):
            if len(index) == 1 and isinstance(index[0], Lit) and isinstance(index[0].value, int):
                if not -len(base.value) <= index[0].value < len(base.value):
                    text = f"`{base.name}` has {len(base.value)} elements"
                    self.refuse(node, f"the index {index[0].value} is out of range: {text}")
                    return Lit(0.0)
                return Lit(base.value[index[0].value])
        return Op("getitem", (base, *index), (), Span.of(node))

    def index(self, node: ast.expr) -> tuple[Expr, ...]:
        """The entries of a subscript: atoms, `slice` operations, None and Ellipsis."""
        entries = node.elts if isinstance(node, ast.Tuple) else [node]
        return tuple(self.index_entry(e) for e in entries)

    def index_entry(self, node: ast.expr) -> Expr:
        if isinstance(node, ast.Slice):
            parts = [Lit(None) if p is None else self.atom(p) for p in
                     (node.lower, node.upper, node.step)]  # fmt: skip
            return Op("slice", tuple(parts), (), Span.of(node))
        return self.atom(node)

    # --- calls -----------------------------------------------------------------------------

    def on_Call(self, node: ast.Call) -> Expr:
        return self.call(node)

    def call(self, node: ast.Call) -> Expr:
        if any(isinstance(a, ast.Starred) for a in node.args) or any(
            k.arg is None for k in node.keywords
        ):
            self.refuse(node, "starred arguments are not supported")
            return Lit(0.0)
        callee = self.resolve(node.func)
        if callee is ...:
            return self.method_call(node)
        key = names.key_of(callee)
        if key is not None and key.startswith("builtins.") and key not in names.BUILTINS:
            advice = "it stands in the head of a `for` only" if callee in names.WALKS else ""
            self.refuse(node.func, f"`{display(key)}` is not supported", advice, "function")
            return Lit(0.0)
        if key is not None:
            return self.library_call(node, key, [])
        if names.is_helper(callee):
            return self.helper_call(node, callee)
        name = ast.unparse(node.func)
        kind = "class" if inspect.isclass(callee) else type(callee).__name__
        self.refuse(
            node.func,
            f"cannot call `{name}`: it is a {kind}, not a function with Python source",
            code="function",
        )
        return Lit(0.0)

    def method_call(self, node: ast.Call) -> Expr:
        func = node.func
        if isinstance(func, ast.Name):
            if func.id in self.locals:
                self.refuse(node.func, f"calling the local name `{func.id}` is not supported")
            else:
                self.on_Name(func)
            return Lit(0.0)
        if not isinstance(func, ast.Attribute):
            self.refuse(node, "only named functions can be called")
            return Lit(0.0)
        base: ast.expr = func
        while isinstance(base, ast.Attribute):
            base = base.value
        if isinstance(base, ast.Name) and base.id not in self.locals:
            if not isinstance(self.function.namespace.get(base.id), np.ndarray):
                self.on_Attribute(func)
                if not self.diagnostics:
                    self.refuse(func, f"cannot call `{ast.unparse(func)}`", code="function")
                return Lit(0.0)
        if func.attr not in names.METHODS:
            advice = nearest(func.attr, names.METHODS)
            self.refuse(func, f"the method `.{func.attr}()` is not supported", advice, "function")
            return Lit(0.0)
        return self.library_call(node, f"numpy.{func.attr}", [self.atom(func.value)])

    def library_call(self, node: ast.Call, key: str, first: list[Expr]) -> Expr:
        span = Span.of(node)
        if key == "numpy.array" and node.args and isinstance(node.args[0], (ast.List, ast.Tuple)):
            return self.array_literal(node)
        signature = names.SIGNATURES.get(key)
        args = first + [self.argument(key, a) for a in node.args]
        keywords = {
            str(k.arg): (self.shape_arg(k.value) if k.arg == "shape" else
                         self.dtype_or_atom(k.value)) for k in node.keywords
        }  # fmt: skip
        if key == "builtins.print":
            if keywords:
                self.refuse(node, "`print` with keywords is not supported")
            return Op(key, tuple(args), (), span)
        if signature is not None:
            if key == "numpy.clip":
                keywords = {{"min": "a_min", "max": "a_max"}.get(k, k): v
                            for k, v in keywords.items()}  # fmt: skip
            bound = self.bind_library(node, key, signature, args, keywords)
            if bound is not None and key == "numpy.clip":
                return self.clip(node, bound[0], span)
            return Lit(0.0) if bound is None else Op(key, *bound, span)
        if keywords:
            name = display(key)
            word = next(iter(keywords))
            self.refuse(
                node, f"`{name}` with the keyword `{word}` is not supported", code="function"
            )
            return Lit(0.0)
        if len(args) > names.inputs(key):
            message = f"`{display(key)}` with an array to write into is not supported"
            self.refuse(node, message, code="function")
            return Lit(0.0)
        if key in ("builtins.min", "builtins.max") and len(args) > 2:
            result = args[0]
            for other in args[1:-1]:
                result = self.name(Op(key, (result, other), (), span))
            return Op(key, (result, args[-1]), (), span)
        return Op(key, tuple(args), (), span)

    def clip(self, node: ast.Call, args: tuple[Expr, ...], span: Span) -> Expr:
        """`np.clip(x, a, b)` is the smaller of b and the larger of a and x, as NumPy has it."""
        value = args[0]
        for key, bound in zip(("numpy.maximum", "numpy.minimum"), args[1:], strict=True):
            if bound != Lit(None):
                value = self.name(Op(key, (value, bound), (), span))
        return value

    def bind_library(
        self,
        node: ast.Call,
        key: str,
        signature: tuple[tuple[str, Any], ...],
        args: list[Expr],
        keywords: dict[str, Expr],
    ) -> tuple[tuple[Expr, ...], tuple[tuple[str, Any], ...]] | None:
        """Arguments in order; `axis` and `keepdims` become static keywords of the operation."""
        name = display(key)
        known = [p for p, _ in signature]
        for word in keywords:
            if word not in known:
                self.refuse(
                    node, f"`{name}` with the keyword `{word}` is not supported", code="function"
                )
                return None
        if len(args) > len(known):
            self.refuse(node, f"`{name}` takes at most {len(known)} arguments here")
            return None
        values = {**dict(zip(known, args)), **keywords}
        positional: list[Expr] = []
        static: list[tuple[str, Any]] = []
        said = 0
        for parameter, default in signature:
            value = values.get(parameter, default)
            if value is ...:
                self.refuse(node, f"`{name}` needs the argument `{parameter}`", code="function")
                return None
            if parameter in ("axis", "keepdims"):
                given = parameter in values
                constant = self.static(node, name, parameter, value) if given else default
                if constant is ...:
                    return None
                if constant != default:
                    static.append((parameter, constant))
            else:
                positional.append(value if isinstance(value, (Var, Lit, Ref, Op)) else Lit(value))
                # Defaults at the end stay unsaid, and `None` is one wherever it is allowed.
                if (parameter in values and value != Lit(None)) or key == "numpy.clip":
                    said = len(positional)
        return tuple(positional[:said]), tuple(static)

    def static(self, node: ast.Call, name: str, parameter: str, value: Any) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, Lit) and isinstance(value.value, (int, bool, type(None))):
            return value.value
        if isinstance(value, Var):
            made = next((s for s in reversed(self.out) if isinstance(s, Let)
                         and s.target == value.name), None)  # fmt: skip
            if made is not None and isinstance(made.value, Op) and made.value.fn == "tuple":
                entries = made.value.args
                if all(isinstance(e, Lit) and isinstance(e.value, int) for e in entries):
                    self.out.remove(made)
                    return tuple(e.value for e in entries if isinstance(e, Lit))
        self.refuse(node, f"`{parameter}` of `{name}` must be a constant")
        return ...

    def argument(self, key: str, node: ast.expr) -> Expr:
        if key in names.JOINS and isinstance(node, ast.List):
            return self.name(self.on_Tuple(node))  # numba wants a tuple
        return self.shape_arg(node) if key in names.SHAPED else self.dtype_or_atom(node)

    def shape_arg(self, node: ast.expr) -> Expr:
        """A shape: a tuple keeps its entries, so that each axis is known."""
        if isinstance(node, (ast.Tuple, ast.List)):
            return Op("tuple", tuple(self.atom(e) for e in node.elts), (), Span.of(node))
        return self.dtype_or_atom(node)

    def dtype_or_atom(self, node: ast.expr) -> Expr:
        """An argument; NumPy scalar classes and their names stand for a dtype."""
        obj = self.resolve(node)
        if inspect.isclass(obj) and (issubclass(obj, np.generic) or obj in (float, int, bool)):
            return Op("dtype", (Lit(np.dtype(obj).name),), (), Span.of(node))
        if isinstance(obj, np.dtype):
            return Op("dtype", (Lit(obj.name),), (), Span.of(node))
        return self.atom(node)

    def array_literal(self, node: ast.Call) -> Expr:
        """`np.array([a, b, c])` of scalars, and a nested one of rows."""
        literal = node.args[0]
        assert isinstance(literal, (ast.List, ast.Tuple))
        dtype = [self.dtype_or_atom(k.value) for k in node.keywords if k.arg == "dtype"]
        dtype += [self.dtype_or_atom(a) for a in node.args[1:2]]
        if any(k.arg != "dtype" for k in node.keywords) or not literal.elts:
            self.refuse(node, "only `np.array([...])`, with a dtype or without, is supported")
            return Lit(0.0)
        if any(isinstance(e, (ast.List, ast.Tuple)) for e in literal.elts):
            rows = []
            for row in literal.elts:
                if not isinstance(row, (ast.List, ast.Tuple)) or any(
                    isinstance(e, (ast.List, ast.Tuple)) for e in row.elts
                ):
                    self.refuse(
                        node, "only `np.array` of scalars or of rows of scalars is supported"
                    )
                    return Lit(0.0)
                rows.append(Op("row", tuple(self.atom(e) for e in row.elts)))
            return Op("array", (*rows, *dtype), (("dtype", bool(dtype)),), Span.of(node))
        entries = [self.atom(e) for e in literal.elts]
        return Op("array", (*entries, *dtype), (("dtype", bool(dtype)),), Span.of(node))

    def helper_call(self, node: ast.Call, callee: Any) -> Expr:
        """A call of the user's own function: keywords and defaults become positions."""
        plain = callee if isinstance(callee, types.FunctionType) else callee.py_func
        try:
            parse(plain)
        except SourceUnavailable as error:
            self.refuse(node.func, str(error), code="function")
            return Lit(0.0)
        signature = inspect.signature(plain)
        args = [self.atom(a) for a in node.args]
        keywords = {str(k.arg): self.atom(k.value) for k in node.keywords}
        try:
            bound = signature.bind(*args, **keywords)
        except TypeError as error:
            self.refuse(node, f"`{plain.__name__}`: {error}")
            return Lit(0.0)
        kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        if any(p.kind in kinds for p in signature.parameters.values()):
            self.refuse(node, f"`{plain.__name__}` takes a variable number of arguments")
            return Lit(0.0)
        values: list[Expr] = []
        for parameter in signature.parameters.values():
            if parameter.name in bound.arguments:
                values.append(bound.arguments[parameter.name])
            else:
                values.append(self.captured(node, parameter.name, parameter.default))
        return Op("call", (Ref(plain.__qualname__, plain), *values), (), Span.of(node))


def _fold(fn: str, left: Lit, right: Lit) -> Lit | None:
    """Arithmetic on two literals, where Python and numba agree on the answer."""
    a, b = left.value, right.value
    if left.dtype or right.dtype or isinstance(a, bool) or isinstance(b, bool):
        return None
    if not isinstance(a, (int, float)) or not isinstance(b, (int, float)):
        return None
    if fn == "pow" and isinstance(a, int) and isinstance(b, int) and b < 0:
        return None  # numba's integers: 2 ** -1 is 0 there
    try:
        value = _FOLD[fn](a, b)
    except (ArithmeticError, ValueError):
        return None
    if isinstance(value, complex) or (isinstance(value, int) and abs(value) >= 2**63):
        return None
    return Lit(value) if not isinstance(value, float) or math.isfinite(value) else None
