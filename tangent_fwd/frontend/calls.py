"""Lowering of calls: which function a name stands for, and its arguments in order."""

from __future__ import annotations

import ast
import inspect
from typing import Any

import numpy as np

from tangent_fwd.custom import has_rule, rule_of
from tangent_fwd.errors import nearest
from tangent_fwd.frontend import names, options, ways
from tangent_fwd.frontend.functions import Closure
from tangent_fwd.frontend.opaque import opaque
from tangent_fwd.frontend.rewrites import WAYS
from tangent_fwd.frontend.vectorized import Vectorized, is_vectorized
from tangent_fwd.ir.nodes import Expr, Let, Lit, Op, Raise, Ref, Var
from tangent_fwd.ir.show import display
from tangent_fwd.library import definition
from tangent_fwd.source import Span

# Their ways of writing calls are known once they are imported.
TABLES = (ways, options)
# What takes a list as it is.
_OF_LISTS = frozenset(
    "builtins.len builtins.print builtins.list builtins.tuple builtins.next builtins.sorted "
    "random.shuffle numpy.array numpy.asarray".split()
)
_ARRAYS = ("numpy.array", "numpy.asarray")


class Calls(Vectorized):
    """Calls of library functions and of array methods."""

    def on_Call(self, node: ast.Call) -> Expr:
        return self.call(node)

    def call(self, node: ast.Call) -> Expr:
        node = self.of_its_type(self.written_keywords(node))
        if any(k.arg is None for k in node.keywords):
            advice = "write each as `name=…`"
            self.refuse(node, "arguments passed with `**` are not supported", advice)
            return Lit(0.0)
        derivative = self.derivative_call(node)
        if derivative is not None:
            return derivative
        node = self.without_stars(node)
        if isinstance(node.func, ast.Lambda):
            return self.helper_call(node, self.known(node.func))
        callee = self.resolve(node.func)
        if callee is ...:
            method = self.ufunc_method(node)
            return self.method_call(node) if method is None else method
        if has_rule(callee) and not names.is_helper(callee):
            return self.opaque_call(node, callee)
        key = names.key_of(callee)
        if key in ("builtins.isinstance", "builtins.hasattr") and len(node.args) == 2:
            told = self.is_instance(node) if callee is isinstance else self.has_attribute(node)
            if told is not None:
                return Lit(told)
        made = self.container_call(node, callee)
        if made is not None:
            return made
        if key is not None and key.startswith("builtins.") and key not in names.BUILTINS:
            advice = "it stands in the head of a `for` only" if callee in names.WALKS else ""
            if callee is slice:
                advice = "give it a name of its own, `s = slice(a, b)`, for all of the function"
            if callee is iter:
                advice = "count the places yourself: `x[k]`, then `k += 1`"
            self.refuse(node.func, f"`{display(key)}` is not supported", advice, "function")
            return Lit(0.0)
        if key is not None:
            return self.known_call(node, key)
        if isinstance(callee, Closure) or names.is_helper(callee):
            return self.helper_call(node, callee)
        if names.is_named_tuple(callee):
            return self.named_tuple(node, callee)
        if is_vectorized(callee):
            return self.vectorized_call(node, callee)
        name = ast.unparse(node.func)
        kind = "class" if inspect.isclass(callee) else type(callee).__name__
        self.refuse(
            node.func,
            f"cannot call `{name}`: it is a {kind}, not a function with Python source",
            code="function",
        )
        return Lit(0.0)

    def opaque_call(self, node: ast.Call, callee: Any) -> Expr:
        """A call of a function that has a rule of its own, and no Python source."""
        rule = rule_of(callee)
        assert rule is not None
        function = opaque(callee, rule)
        if node.keywords or len(node.args) != len(function.params):
            text = f"`{function.name}` takes {len(function.params)} arguments, as its rule has them"
            self.refuse(node, text)
            return Lit(0.0)
        args = map(self.atom, node.args)
        return Op("call", (Ref(function.name, function), *args), (), Span.of(node))

    def known_call(self, node: ast.Call, key: str) -> Expr:
        """The call of a library's function: written in another way, defined, or an operation."""
        if names.is_foreign(key):
            advice = "give it a rule with `register_jvp`, or write it as a loop"
            message = f"numba does not know `{display(key)}`"
            self.refuse(node.func, message, advice, "function")
            return Lit(0.0)
        if key not in _OF_LISTS and not key.startswith("heapq."):
            plain, node = node, self.as_arrays(node)
            if node is not plain and key in ("builtins.max", "builtins.min"):
                key = key.replace("builtins", "numpy")
        made = self.rewritten(node, key)
        made = self.with_output(node, key) if made is None else made
        if made is not None:
            return made
        if key in ("numpy.einsum", "numpy.tensordot"):
            return self.contraction(node, key)
        row = definition(key, len(node.args), bool(node.keywords))
        # A definition may use what it defines, where the rules know that.
        if row is not None and not self.within(row.function):
            return self.helper_call(node, row.function)
        return self.library_call(node, key, [])

    def within(self, function: Any) -> bool:
        """Whether this is the text of a function of the library."""
        mine = self.function
        return (mine.module, mine.qualname) == (function.__module__, function.__qualname__)

    def method_call(self, node: ast.Call) -> Expr:
        func = node.func
        if isinstance(func, ast.Name):
            if func.id in self.refused and self.diagnostics:
                return Lit(0.0)
            if str(self.kind(Var(func.id))) == "none":
                # A function left out, in a branch that asks for it: `if jac is not None:`.
                self.out.append(Raise("TypeError", "'NoneType' object is not callable", self.at))
            elif func.id in self.locals:
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
        of_list = self.of_list(node, func)
        if of_list is not None:
            return of_list
        if self.is_method(func.attr):
            return self.container_method(node, func.value, func.attr)
        if func.attr not in names.METHODS:
            advice = nearest(func.attr, names.METHODS) if func.attr[0] != "_" else ""
            self.refuse(func, f"the method `.{func.attr}()` is not supported", advice, "function")
            return Lit(0.0)
        key = f"numpy.{names.METHOD_NAMES.get(func.attr, func.attr)}"
        given = [func.value, *node.args]
        if func.attr == "compress":
            given[:2] = given[1::-1]  # the condition comes first
        row = definition(key, len(given), bool(node.keywords))
        if (row is not None and not self.within(row.function)) or key in WAYS:
            function = ast.copy_location(ast.Name(key.replace("numpy", "np"), ast.Load()), func)
            whole = ast.Call(function, given, node.keywords)
            return self.known_call(ast.copy_location(whole, node), key)
        return self.library_call(node, key, [self.atom(func.value)])

    def library_call(self, node: ast.Call, key: str, first: list[Expr]) -> Expr:
        span = Span.of(node)
        if key in _ARRAYS and node.args and isinstance(node.args[0], (ast.List, ast.Tuple)):
            return self.array_literal(node)
        if key.startswith("cmath."):
            return self.of_complex(node, key)
        signature = names.SIGNATURES.get(key)
        if key == "builtins.print":
            if node.keywords:
                self.refuse(node, "`print` with keywords is not supported")
            return Op(key, self.said(node.args), (), span)
        args = first + [self.argument(key, a) for a in node.args]
        keywords = {
            str(k.arg): (self.shape_arg(k.value) if k.arg == "shape" else
                         self.dtype_or_atom(k.value)) for k in node.keywords
        }  # fmt: skip
        if key == "numpy.arange" and list(keywords) == ["dtype"] and 1 <= len(args) <= 3:
            start, stop, step = complete(tuple(args))
            return Op(key, (start, stop, step, keywords["dtype"]), (), span)
        if key == "numpy.transpose" and len(args) > 2:
            args = [args[0], self.name(Op("tuple", tuple(args[1:]), (), span))]
        if key == "numpy.argsort" and keywords == {"kind": Lit("mergesort")}:
            return Op(key, tuple(args), (("kind", "mergesort"),), span)
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
        exactly = "." not in key or key.startswith("scipy.special.")
        if exactly and len(args) != names.inputs(key) < 9:
            self.refuse(node, f"`{ast.unparse(node.func)}` takes {names.inputs(key):.0f} arguments")
            return Lit(0.0)
        if len(args) > names.inputs(key):
            message = f"`{display(key)}` with an array to write into is not supported"
            self.refuse(node, message, code="function")
            return Lit(0.0)
        if key == "tangent_fwd.stop_gradient" and len(args) == 1:
            return self.still(args[0], span)
        if key == "builtins.divmod" and len(args) == 2:
            parts = [self.name(Op(fn, tuple(args), (), span)) for fn in ("floordiv", "mod")]
            return Op("tuple", tuple(parts), (), span)
        if key == "math.frexp" and len(args) == 1:
            return self.frexp(args[0], span)
        if key in ("builtins.min", "builtins.max") and len(args) == 1:
            args = self.entries_of(args[0])
        if key in ("builtins.min", "builtins.max") and len(args) > 2:
            result = args[0]
            for other in args[1:-1]:
                result = self.name(Op(key, (result, other), (), span))
            return Op(key, (result, args[-1]), (), span)
        return Op(key, tuple(args), (), span)

    def entries_of(self, value: Expr) -> list[Expr]:
        """The entries of a tuple; alone, what is none."""
        kind: Any = self.kind(value)
        if not hasattr(kind, "types") or not hasattr(kind, "count") or len(kind) < 2:
            return [value]
        return [self.name(Op("getitem", (value, Lit(k)))) for k in range(len(kind))]

    def named_tuple(self, node: ast.Call, cls: Any) -> Expr:
        """`Point(x, y)` is a tuple that remembers its class."""
        args = [self.atom(a) for a in node.args]
        keywords = {str(k.arg): self.atom(k.value) for k in node.keywords}
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        fields = inspect.Signature([inspect.Parameter(f, kind) for f in cls._fields])
        defaults = {
            f: self.captured(node, f, v) for f, v in cls._field_defaults.items()
            if f not in keywords and f not in cls._fields[: len(args)]
        }  # fmt: skip
        try:
            bound = fields.bind(*args, **keywords, **defaults)
        except TypeError as error:
            self.refuse(node, f"`{cls.__name__}`: {error}")
            return Lit(0.0)
        values = tuple(bound.arguments[f] for f in cls._fields)
        return Op("tuple", values, (("class", cls),), Span.of(node))

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
        if isinstance(value, Ref) and isinstance(value.value, tuple):
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
        if isinstance(node, ast.List) and key.startswith("numpy.") and key not in names.SHAPED:
            return self.name(self.as_array(node))
        return self.shape_arg(node) if key in names.SHAPED else self.dtype_or_atom(node)

    def shape_arg(self, node: ast.expr) -> Expr:
        """A shape: a tuple keeps its entries, so that each axis is known."""
        if isinstance(node, (ast.Tuple, ast.List)):
            return self.on_Tuple(node)
        return self.dtype_or_atom(node)

    def dtype_or_atom(self, node: ast.expr) -> Expr:
        """An argument; NumPy scalar classes and their names stand for a dtype."""
        obj = self.resolve(node)
        numbers = (float, int, bool, complex)
        if inspect.isclass(obj) and (issubclass(obj, np.generic) or obj in numbers):
            return Op("dtype", (Lit(np.dtype(obj).name),), (), Span.of(node))
        if isinstance(obj, np.dtype) and obj.names is not None:
            return Ref(ast.unparse(node), obj)  # a constant of the module
        if isinstance(obj, np.dtype):
            return Op("dtype", (Lit(obj.name),), (), Span.of(node))
        return self.atom(node)

    def as_array(self, node: ast.List) -> Expr:
        whole = ast.Call(node, [node], [])
        return self.array_literal(ast.copy_location(whole, node))

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
                rows.append(Op("row", self.entries(row.elts)))
            return Op("array", (*rows, *dtype), (("dtype", bool(dtype)),), Span.of(node))
        entries = self.entries(literal.elts)
        return Op("array", (*entries, *dtype), (("dtype", bool(dtype)),), Span.of(node))


def complete(bounds: tuple[Expr, ...]) -> tuple[Expr, Expr, Expr]:
    """Start, stop and step of a `range` or an `arange`."""
    start, stop = (Lit(0), bounds[0]) if len(bounds) == 1 else bounds[:2]
    return start, stop, bounds[2] if len(bounds) > 2 else Lit(1)
