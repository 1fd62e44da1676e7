"""Calls that are a way of writing other calls: those with lists of arrays, and many options.

Before:

>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> import numpy as np
>>> def f(x, y):
...     return np.select([x > 1.0, x > 0.0], [y, x], default=0.5)

After:

>>> print(show(lower(parse(f))))
def f(x, y):
    %1 = x > 1.0
    %2 = x > 0.0
    %3 = numpy.where(%2, x, 0.5)
    %4 = numpy.where(%1, y, %3)
    return %4
"""

from __future__ import annotations

import ast
import builtins
import copy
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from tangent_fwd.frontend import names
from tangent_fwd.frontend.containers import Containers
from tangent_fwd.ir.nodes import Do, Expr, Lit, Op, Store, Var
from tangent_fwd.library import indexing, orders, rearranged
from tangent_fwd.source import Span

NONE = ast.Constant(None)

Way = Callable[..., "ast.expr | None"]
WAYS: dict[str, tuple[inspect.Signature, Way]] = {}


def way(key: str, parameters: str) -> Callable[[Way], Way]:
    """Mark what writes a call of the function `key` with these parameters in another way."""
    signature = inspect.signature(eval(f"lambda {parameters}: None"))

    def keep(function: Way) -> Way:
        for name in key.split():
            WAYS[name] = signature, function
        return function

    return keep


class Rewrites(Containers):
    """Writes calls as others, with pieces that are computed once."""

    here: ast.expr = NONE

    def rewritten(self, node: ast.Call, key: str) -> Expr | None:
        """The value of a call that is written as others; None for one that stays."""
        found = WAYS.get(key)
        if found is None:
            return None
        signature, function = found
        try:
            bound = signature.bind(*node.args, **{str(k.arg): k.value for k in node.keywords})
        except TypeError as error:
            name = ast.unparse(node.func)
            self.refuse(node, f"`{name}`: {error}", code="function")
            return Lit(0.0)
        bound.apply_defaults()
        outer, self.here = self.here, node
        made = function(self, node, *bound.args, **bound.kwargs)
        self.here = outer
        return None if made is None else self.value(placed(made, node))

    def is_list(self, node: ast.expr) -> bool:
        raise NotImplementedError

    # --- pieces --------------------------------------------------------------------------------

    def once(self, node: ast.expr) -> ast.expr:
        """An expression that may be read several times, computed here."""
        value = self.atom(placed(node, self.here))
        if isinstance(value, Lit) and value.dtype is None:
            return ast.copy_location(ast.Constant(value.value), node)
        if not isinstance(value, Var):
            value = self.name(value)
        return self.written(value)

    def once_array(self, node: ast.expr) -> ast.expr:
        """An array, or a list that is written out as one, computed here."""
        if isinstance(node, (ast.List, ast.Tuple)):
            node = placed(call("np.array", ast.List(list(node.elts), ast.Load())), node)
        return self.once(node)

    def written(self, value: Var) -> ast.expr:
        self.locals.add(value.name)
        return ast.Name(value.name, ast.Load())

    def pieces_of(self, node: ast.expr, what: str) -> list[ast.expr] | None:
        """The elements of a list or tuple that is written out."""
        if isinstance(node, (ast.List, ast.Tuple)) and node.elts:
            if not any(isinstance(e, ast.Starred) for e in node.elts):
                return list(node.elts)
        self.refuse(node, f"{what} must be written out as a list or tuple", code="function")
        return None

    def known_constant(self, node: Any, what: str) -> Any:
        """The constant that an option is; `...` where it is none, which is refused."""
        if not isinstance(node, ast.AST):
            return node
        try:
            return ast.literal_eval(node)
        except ValueError:
            pass
        found = self.resolve(node) if isinstance(node, ast.expr) else ...
        if found is ... or callable(found):
            self.refuse(node, f"`{what}` must be a constant")
            return ...
        return found

    def same_dtype(self, node: ast.expr, kind: Any) -> bool:
        """Whether what is written as a dtype is that of arrays of a numba type."""
        said: Any = node.value if isinstance(node, ast.Constant) else self.resolve(node)
        return said is not ... and np.dtype(said).name == str(kind)

    def into(self, out: ast.expr, value: ast.expr, node: ast.expr, whole: bool = False) -> ast.expr:
        """A value written into an array, which is then the result; `whole` is not broadcast."""
        array = self.variable(out)
        held = self.atom(placed(value, node))
        fits = (Var(array), held, *([Lit(True)] if whole else []))
        self.out.append(Do(Op("fits", fits, (), Span.of(node)), self.at))
        self.out.append(Store(array, (Lit(...),), held, self.at))
        return self.written(Var(array))

    # --- ufuncs with more than their arguments -------------------------------------------------

    def with_output(self, node: ast.Call, key: str) -> Expr | None:
        """`np.sin(x, out)`, `np.add(x, y, out=z, where=m)`: computed, then stored."""
        count = names.inputs(key)
        keywords = {str(k.arg): k.value for k in node.keywords}
        if not isinstance(count, int) or count not in (1, 2) or set(keywords) - {"out", "where"}:
            return None
        out = keywords.get("out", node.args[count] if len(node.args) == count + 1 else None)
        if out is None or "." not in key:
            return None
        if isinstance(out, ast.Tuple) and len(out.elts) == 1:
            out = out.elts[0]
        plain: ast.expr = ast.Call(node.func, node.args[:count], [])
        ast.copy_location(plain, node)
        if "where" in keywords:
            out = self.once(out)
            plain = self.once(plain)
            plain = call("np.where", self.once(keywords["where"]), plain, out)
            placed(plain, node)
        return self.value(self.into(out, plain, node))

    def ufunc_method(self, node: ast.Call) -> Expr | None:
        """`np.add.reduce(x)` and its like, by what they do."""
        func = node.func
        ufunc = self.resolve(func.value) if isinstance(func, ast.Attribute) else None
        if not isinstance(func, ast.Attribute) or not isinstance(ufunc, np.ufunc):
            return None
        name = f"{ufunc.__name__}.{func.attr}"
        keywords = list(node.keywords)
        args = list(node.args)
        made: ast.expr | None = None
        if name in _REDUCTIONS or name in _RUNNING:
            if len(args) == 1 and not any(k.arg == "axis" for k in keywords):
                keywords.append(ast.keyword("axis", ast.Constant(0)))
            known = _REDUCTIONS.get(name)
            if known is not None:
                made = ast.Call(ast.Name(known, ast.Load()), args, keywords)
            else:
                made = call(self.keep(_RUNNING[name]), *args)
                assert isinstance(made, ast.Call)
                made.keywords += keywords
        elif func.attr == "outer" and ufunc.nin == 2 and len(args) == 2 and not keywords:
            made = call(self.keep(rearranged.outer_of), func.value, *args)
        elif func.attr == "reduceat" and ufunc.nin == 2 and len(args) == 2 and not keywords:
            made = call(self.keep(indexing.reduceat), *args, func.value)
        elif func.attr == "at" and ufunc.nin == 2 and len(args) == 3 and not keywords:
            where = args[1]
            pair = isinstance(where, ast.Tuple)
            if not isinstance(where, ast.Tuple) or len(where.elts) <= 2:
                places = where.elts if isinstance(where, ast.Tuple) else [where]
                to = indexing.at_two if len(places) == 2 and pair else indexing.at
                made = call(self.keep(to), args[0], *places, args[2], func.value)
        if made is None:
            self.refuse(func, f"`np.{name}` is not supported for these arguments", code="function")
            return Lit(0.0)
        return self.value(placed(made, node))

    def keep(self, function: Callable[..., Any]) -> str:
        """A word by which a call names a function of the library."""
        word = f"{function.__module__}.{function.__name__}"
        _KEPT[word] = function
        return word

    def meant(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Name) and "." in node.id:
            return _KEPT[node.id] if node.id in _KEPT else _found(node.id)
        return super().meant(node)


_KEPT: dict[str, Any] = {}
_REDUCTIONS = {
    "add.reduce": "np.sum", "multiply.reduce": "np.prod", "maximum.reduce": "np.max",
    "minimum.reduce": "np.min", "logical_and.reduce": "np.all", "logical_or.reduce": "np.any",
    "add.accumulate": "np.cumsum", "multiply.accumulate": "np.cumprod",
}  # fmt: skip
_RUNNING = {
    "maximum.accumulate": orders.running_max,
    "minimum.accumulate": orders.running_min,
}


def _found(word: str) -> Any:
    found: Any = {"np": np, "builtins": builtins}[word.split(".")[0]]
    for part in word.split(".")[1:]:
        found = getattr(found, part)
    return found


def placed(made: ast.expr, node: ast.AST) -> ast.expr:
    """A new expression, whose parts stand where a node of the user's does."""
    for inner in ast.walk(made):
        if isinstance(inner, (ast.expr, ast.keyword)) and not hasattr(inner, "lineno"):
            ast.copy_location(inner, node)
    return made


def call(word: str, *args: ast.expr, **keywords: Any) -> ast.expr:
    """A call of `np.…`, or of a function that was kept."""
    given = [ast.keyword(k, v if isinstance(v, ast.expr) else ast.Constant(v))
             for k, v in keywords.items()]  # fmt: skip
    # One piece may stand in several places, which are told apart by the piece.
    return ast.Call(ast.Name(word, ast.Load()), [copy.copy(a) for a in args], given)


def tuple_of(elements: list[ast.expr]) -> ast.expr:
    """A tuple of pieces."""
    return ast.Tuple(elements, ast.Load())


def subscript(array: ast.expr, *entries: ast.expr) -> ast.expr:
    """`array[entries]`."""
    index = entries[0] if len(entries) == 1 else ast.Tuple(list(entries), ast.Load())
    return ast.Subscript(array, index, ast.Load())
