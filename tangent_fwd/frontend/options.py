"""Ways of writing calls with options as plainer ones (see `rewrites.py`)."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from tangent_fwd.frontend.rewrites import NONE, Rewrites, call, subscript, tuple_of, way
from tangent_fwd.library import elementary, sequences


def _absent(node: Any) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)


# --- several at once ---------------------------------------------------------------------------


@way("numpy.atleast_1d numpy.atleast_2d numpy.atleast_3d", "*arys")
def _at_least(self: Rewrites, node: ast.Call, *arys: Any) -> Any:
    if len(arys) < 2:
        return None
    return tuple_of([ast.Call(node.func, [a], []) for a in arys])


@way("builtins.sum", "iterable, start=None")
def _sum(self: Rewrites, node: ast.Call, iterable: Any, start: Any) -> Any:
    if isinstance(iterable, (ast.List, ast.Tuple)) and iterable.elts:
        made = iterable.elts[0] if start is None else start
        for e in iterable.elts[0 if start is not None else 1 :]:
            made = ast.BinOp(made, ast.Add(), e)
        return made
    if start is None:
        return None
    first = self.once(start)
    return ast.BinOp(first, ast.Add(), ast.Call(node.func, [iterable], []))


@way("builtins.max builtins.min", "*values")
def _extreme(self: Rewrites, node: ast.Call, *values: Any) -> Any:
    if len(values) == 1 and isinstance(values[0], (ast.List, ast.Tuple)) and values[0].elts:
        found = values[0].elts
        return found[0] if len(found) == 1 else ast.Call(node.func, list(found), [])
    return None


@way("math.prod math.fsum", "iterable")
def _of_several(self: Rewrites, node: ast.Call, iterable: Any) -> Any:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else "prod"
    found = self.once_array(iterable)
    return call("np.prod", found) if name == "prod" else call(self.keep(elementary.fsum), found)


@way("math.dist", "p, q")
def _dist(self: Rewrites, node: ast.Call, p: Any, q: Any) -> Any:
    return call(self.keep(elementary.dist), self.once_array(p), self.once_array(q))


# --- options -----------------------------------------------------------------------------------


@way(
    "numpy.sum numpy.prod numpy.mean numpy.cumsum numpy.cumprod",
    "a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=None",
)
def _reduction(
    self: Rewrites, node: ast.Call, a: Any, axis: Any, dtype: Any, out: Any, keepdims: Any,
    initial: Any, where: Any,
) -> Any:  # fmt: skip
    given = [k for k, v in (("dtype", dtype), ("out", out), ("initial", initial),
                            ("where", where)) if not _absent(v)]  # fmt: skip
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(
        node.func, "id", "sum")  # fmt: skip
    name = name.rsplit(".", 1)[-1]
    turned = isinstance(axis, ast.Name) and self.resolve(axis) is ... and name == "sum"
    if not given and not turned:
        return None
    array = a
    if "where" in given:
        if name not in ("sum", "prod"):
            self.refuse(node, f"`np.{name}` with the keyword `where` is not supported")
            return ast.Constant(0.0)
        neutral = ast.Constant(0.0 if name == "sum" else 1.0)
        array = call("np.where", where, array, neutral)
    if "dtype" in given:
        array = ast.Call(ast.Attribute(array, "astype", ast.Load()), [dtype], [])
    options = {k: v for k, v in (("axis", axis), ("keepdims", keepdims))
               if not _absent(v) and v is not False}  # fmt: skip
    if turned and "keepdims" not in options:
        array = call("np.moveaxis", array, axis, ast.Constant(-1))
        options["axis"] = ast.UnaryOp(ast.USub(), ast.Constant(1))
    made = call(f"np.{name}", array, **options)
    if "initial" in given:
        made = ast.BinOp(initial, ast.Add() if name == "sum" else ast.Mult(), made)
    if "out" in given:
        made = self.into(out, made, node, whole=True)
    return made


@way("numpy.clip", "a, a_min=None, a_max=None, out=None, min=None, max=None")
def _clip(
    self: Rewrites, node: ast.Call, a: Any, a_min: Any, a_max: Any, out: Any, min: Any, max: Any
) -> Any:
    if _absent(out):
        return None
    low, high = (v if w is None else w for v, w in ((a_min, min), (a_max, max)))
    bounds = [b if isinstance(b, ast.expr) else NONE for b in (low, high)]
    return self.into(out, call("np.clip", a, *bounds), node)


@way("numpy.where", "condition, x=None, y=None")
def _where(self: Rewrites, node: ast.Call, condition: Any, x: Any, y: Any) -> Any:
    return call("np.nonzero", condition) if x is None and y is None else None


@way("numpy.asarray", "a, dtype=None")
def _asarray(self: Rewrites, node: ast.Call, a: Any, dtype: Any) -> Any:
    if _absent(dtype) or isinstance(a, (ast.List, ast.Tuple)):
        return None
    held = self.once(a)
    kind = self.kind(self.atom(held))
    plain = call("np.asarray", held)
    if self.same_dtype(dtype, getattr(kind, "dtype", None)):
        return plain
    return ast.Call(ast.Attribute(plain, "astype", ast.Load()), [dtype], [])


@way("numpy.nan_to_num", "x, copy=True, nan=0.0")
def _nan_to_num(self: Rewrites, node: ast.Call, x: Any, copy: Any, nan: Any) -> Any:
    if len(node.args) == 1 and not node.keywords:
        return None
    kept = self.known_constant(copy, "copy")
    if kept is ...:
        return ast.Constant(0.0)
    held = self.once(x)
    made: ast.expr = ast.Call(node.func, [held], [])
    if isinstance(nan, ast.expr):
        made = call("np.where", call("np.isnan", held), nan, made)
    return made if kept else self.into(x, made, node)


@way(
    "numpy.percentile numpy.quantile numpy.nanpercentile numpy.nanquantile",
    "a, q, axis=None, keepdims=False",
)
def _quantiles(self: Rewrites, node: ast.Call, a: Any, q: Any, axis: Any, keepdims: Any) -> Any:
    if not isinstance(q, (ast.List, ast.Tuple)):
        return None
    return ast.Call(node.func, [a, self.once_array(q), *node.args[2:]], node.keywords)


@way("numpy.dot numpy.outer numpy.round numpy.around", "a, b=None, out=None")
def _out_last(self: Rewrites, node: ast.Call, a: Any, b: Any, out: Any) -> Any:
    if _absent(out):
        return None
    plain = ast.Call(node.func, [a, b], [])
    return self.into(out, plain, node, whole=True)


@way("numpy.delete", "arr, obj, axis=None")
def _delete(self: Rewrites, node: ast.Call, arr: Any, obj: Any, axis: Any) -> Any:
    import builtins

    if not isinstance(obj, ast.Call) or self.resolve(obj.func) is not builtins.slice:
        return None
    held = self.once(arr)
    bounds = [None, *obj.args] if len(obj.args) == 1 else [*obj.args, None, None]
    size = ast.Attribute(held, "size", ast.Load())
    if not _absent(axis):
        shape = ast.Attribute(held, "shape", ast.Load())
        size = ast.Subscript(shape, axis, ast.Load())  # type: ignore[assignment]
    places = subscript(call("np.arange", size), ast.Slice(*bounds[:3]))
    options = {} if _absent(axis) else {"axis": axis}
    return call("np.delete", held, places, **options)


@way("builtins.any builtins.all", "iterable")
def _any(self: Rewrites, node: ast.Call, iterable: Any) -> Any:
    name = node.func.id if isinstance(node.func, ast.Name) else "any"
    if isinstance(iterable, (ast.List, ast.Tuple)) and iterable.elts:
        tests: list[ast.expr] = [call("builtins.bool", e) for e in iterable.elts]
        return (
            ast.BoolOp(ast.Or() if name == "any" else ast.And(), tests) if tests[1:] else tests[0]
        )
    return None if isinstance(iterable, ast.GeneratorExp) else call(f"np.{name}", iterable)


@way("_operator.getitem", "a, b")
def _getitem(self: Rewrites, node: ast.Call, a: Any, b: Any) -> Any:
    return ast.Subscript(a, b, ast.Load())


@way("numpy.vecdot", "x1, x2")
def _vecdot(self: Rewrites, node: ast.Call, x1: Any, x2: Any) -> Any:
    return call(
        "np.sum", ast.BinOp(x1, ast.Mult(), x2), axis=ast.UnaryOp(ast.USub(), ast.Constant(1))
    )


@way("builtins.list builtins.tuple", "iterable=None")
def _sequence(self: Rewrites, node: ast.Call, iterable: Any) -> Any:
    of_list = isinstance(node.func, ast.Name) and self.resolve(node.func) is list
    if isinstance(iterable, (ast.List, ast.Tuple)):
        return (ast.List if of_list else ast.Tuple)(iterable.elts, ast.Load())
    if of_list:
        nothing = ast.List([], ast.Load())
        return nothing if iterable is None else call(self.keep(sequences.listed), iterable)
    value = self.once(iterable) if iterable is not None else ast.Tuple([], ast.Load())
    kind = self.kind(self.atom(value))
    if not hasattr(kind, "count"):
        self.refuse(node, "how many elements this tuple has is not known", code="function")
    return value


@way("builtins.next", "iterator")
def _next(self: Rewrites, node: ast.Call, iterator: Any) -> Any:
    fresh = isinstance(iterator, ast.Call) and self.resolve(iterator.func) is iter
    if not fresh or len(iterator.args) != 1:
        advice = "write `for v in …:` with a `break`"
        self.refuse(node, "`next` is supported for `next(iter(...))` only", advice, "function")
        return ast.Constant(0.0)
    return call(self.keep(sequences.first), iterator.args[0])


@way("builtins.pow", "base, exp, mod=None")
def _pow(self: Rewrites, node: ast.Call, base: Any, exp: Any, mod: Any) -> Any:
    return ast.BinOp(base, ast.Pow(), exp) if mod is None else None


@way("numpy.astype", "a, dtype")
def _astype(self: Rewrites, node: ast.Call, a: Any, dtype: Any) -> Any:
    word = dtype.value if isinstance(dtype, ast.Constant) else None
    if not isinstance(word, str) or not isinstance(getattr(np, word, None), type):
        return None
    return ast.Call(ast.Attribute(a, "astype", ast.Load()), [ast.Name(f"np.{word}")], [])


@way("numpy.view", "a, dtype=None")
def _view(self: Rewrites, node: ast.Call, a: Any, dtype: Any) -> Any:
    array = self.once(a)
    kind = self.kind(self.atom(array))
    if dtype is None or self.same_dtype(dtype, getattr(kind, "dtype", None)):
        return subscript(array, ast.Constant(...))
    message = "`.view()` as another dtype reads bits, which have no derivative"
    self.refuse(node, message, "convert the numbers with `.astype()`", "no-rule")
    return ast.Constant(0.0)


@way("numpy.rollaxis", "a, axis, start=0")
def _rollaxis(self: Rewrites, node: ast.Call, a: Any, axis: Any, start: Any) -> Any:
    one, other = self.known_constant(axis, "axis"), self.known_constant(start, "start")
    if not isinstance(one, int) or not isinstance(other, int) or min(one, other) < 0:
        self.refuse(node, "`np.rollaxis` needs axes that count from the front", code="function")
        return ast.Constant(0.0)
    return call("np.moveaxis", a, ast.Constant(one), ast.Constant(other - (one < other)))


@way("numpy.squeeze", "a, axis=None")
def _squeeze(self: Rewrites, node: ast.Call, a: Any, axis: Any) -> Any:
    if _absent(axis):
        message = "which axes `np.squeeze` takes away depends on the sizes"
        self.refuse(node, message, "name one of size 1: `np.squeeze(a, axis=0)`", "function")
        return ast.Constant(0.0)
    return None


@way("numpy.argmax numpy.argmin", "a, axis=None, out=None, keepdims=False")
def _arg_kept(self: Rewrites, node: ast.Call, a: Any, axis: Any, out: Any, keepdims: Any) -> Any:
    if _absent(axis) or not self.known_constant(keepdims, "keepdims") or not _absent(out):
        return None
    found = ast.Call(node.func, [a], [ast.keyword("axis", axis)])
    return call("np.expand_dims", found, axis)
