"""Ways of writing a call as others, one function each (see `rewrites.py`)."""

from __future__ import annotations

import ast
from typing import Any

from tangent_fwd.frontend import names
from tangent_fwd.frontend.functions import Closure
from tangent_fwd.frontend.rewrites import NONE, Rewrites, call, placed, subscript, tuple_of, way
from tangent_fwd.ir.nodes import Lit, Op, Store, Var
from tangent_fwd.library import indexing, polynomials, rearranged
from tangent_fwd.source import Span

_FULL = ast.Slice(None, None, None)


# --- choices -----------------------------------------------------------------------------------


@way("numpy.select", "condlist, choicelist, default=0")
def _select(self: Rewrites, node: ast.Call, condlist: Any, choicelist: Any, default: Any) -> Any:
    conditions = self.pieces_of(condlist, "the conditions of `np.select`")
    choices = self.pieces_of(choicelist, "the choices of `np.select`")
    if conditions is None or choices is None:
        return ast.Constant(0.0)
    if len(conditions) != len(choices):
        self.refuse(node, "`np.select` needs as many choices as conditions", code="function")
        return ast.Constant(0.0)
    conditions = [self.once(c) for c in conditions]
    choices = [self.once(c) for c in choices]
    made = default if isinstance(default, ast.expr) else ast.Constant(default)
    for condition, choice in zip(conditions[::-1], choices[::-1]):
        made = call("np.where", condition, choice, made)
    return made


@way("numpy.choose", "a, choices")
def _choose(self: Rewrites, node: ast.Call, a: Any, choices: Any) -> Any:
    found = self.pieces_of(choices, "the choices of `np.choose`")
    if found is None:
        return ast.Constant(0.0)
    among = call(self.keep(indexing.choose_among), a, ast.Constant(len(found)))
    place = self.once(ast.copy_location(among, node))
    made = found[-1]
    for k in range(len(found) - 2, -1, -1):
        test = ast.Compare(place, [ast.Eq()], [ast.Constant(k)])
        made = call("np.where", test, found[k], made)
    return made


@way("numpy.piecewise", "x, condlist, funclist")
def _piecewise(self: Rewrites, node: ast.Call, x: Any, condlist: Any, funclist: Any) -> Any:
    conditions = self.pieces_of(condlist, "the conditions of `np.piecewise`")
    pieces = self.pieces_of(funclist, "the functions of `np.piecewise`")
    if conditions is None or pieces is None:
        return ast.Constant(0.0)
    if not len(conditions) <= len(pieces) <= len(conditions) + 1:
        self.refuse(node, "`np.piecewise` needs as many functions as conditions, or one more")
        return ast.Constant(0.0)
    at, span = self.at, Span.of(node)
    place = self.once(x)
    tests = [self.atom(c) for c in conditions]
    if len(pieces) > len(tests):
        rest = tests[0]
        for test in tests[1:]:
            rest = self.name(Op("numpy.logical_or", (rest, test), (), span))
        tests.append(self.name(Op("numpy.logical_not", (rest,), (), span)))
    result = self.name(Op("numpy.zeros_like", (self.atom(place),), (), span))
    for test, piece in zip(tests, pieces):
        function = self.known(piece)
        value = self.atom(piece) if function is None else None
        if value is None:
            held = self.written(test if isinstance(test, Var) else self.name(test))
            asked = placed(ast.Call(piece, [subscript(place, held)], []), node)
            assert isinstance(asked, ast.Call)
            ours = isinstance(function, Closure) or names.is_helper(function)
            made = self.helper_call(asked, function) if ours else self.call(asked)
            value = self.name(made) if isinstance(made, Op) else made
        self.out.append(Store(result.name, (test,), value, at))
    return self.written(result)


# --- joining and parting -----------------------------------------------------------------------


@way("numpy.dstack", "tup")
def _dstack(self: Rewrites, node: ast.Call, tup: Any) -> Any:
    found = self.pieces_of(tup, "the arrays of `np.dstack`")
    deep = [call("np.atleast_3d", e) for e in found or [node]]
    return ast.Constant(0.0) if found is None else call("np.concatenate", tuple_of(deep), axis=2)


@way("numpy.block", "arrays")
def _block(self: Rewrites, node: ast.Call, arrays: Any) -> Any:
    found = self.pieces_of(arrays, "the arrays of `np.block`")
    if found is None:
        return ast.Constant(0.0)
    nested = [isinstance(e, (ast.List, ast.Tuple)) for e in found]
    if not any(nested):
        row = [call("np.atleast_1d", e) for e in found]
        return call("np.concatenate", tuple_of(row), axis=-1)
    rows: list[ast.expr] = []
    for e in found:
        inner = self.pieces_of(e, "the rows of `np.block`")
        if inner is None or any(isinstance(i, (ast.List, ast.Tuple)) for i in inner):
            self.refuse(e, "`np.block` takes rows of arrays, or rows of such rows")
            return ast.Constant(0.0)
        row = [call("np.atleast_2d", i) for i in inner]
        rows.append(call("np.concatenate", tuple_of(row), axis=-1))
    return call("np.concatenate", tuple_of(rows), axis=-2)


@way("numpy.linalg.multi_dot", "arrays")
def _multi_dot(self: Rewrites, node: ast.Call, arrays: Any) -> Any:
    found = self.pieces_of(arrays, "the arrays of `multi_dot`")
    if found is None:
        return ast.Constant(0.0)
    made = found[0]
    for e in found[1:]:
        made = ast.BinOp(made, ast.MatMult(), e)
    return made


@way("numpy.meshgrid", "*xi, indexing='xy', sparse=False, copy=True")
def _meshgrid(
    self: Rewrites, node: ast.Call, *xi: Any, indexing: Any, sparse: Any, copy: Any
) -> Any:
    order = self.known_constant(indexing, "indexing")
    thin = self.known_constant(sparse, "sparse")
    if order not in ("xy", "ij") or len(xi) < 2:
        self.refuse(node, "`np.meshgrid` is not supported with these arguments", code="function")
        return ast.Constant(0.0)
    held = [self.once(x) for x in xi]
    axes = list(range(len(xi)))
    if order == "xy":
        axes[:2] = [1, 0]
    sizes = [call("np.size", held[axes.index(k)]) for k in range(len(xi))]
    shape = self.once(ast.copy_location(tuple_of(sizes), node)) if not thin else None
    found: list[ast.expr] = []
    for x, axis in zip(held, axes):
        entries = [_FULL if k == axis else NONE for k in range(len(xi))]
        part = subscript(x, *entries)
        if shape is not None:
            part = call("np.copy", call("np.broadcast_to", part, shape))
        found.append(part if shape is not None or not copy else call("np.copy", part))
    return tuple_of(found)


@way("numpy.broadcast_arrays", "*args")
def _broadcast_arrays(self: Rewrites, node: ast.Call, *args: Any) -> Any:
    held = [self.once(a) for a in args]
    shapes = [call("np.shape", a) for a in held]
    whole = self.once(placed(call("np.broadcast_shapes", *shapes), node))
    return tuple_of([call("np.broadcast_to", a, whole) for a in held])


@way("numpy.polynomial.polyutils.as_series", "alist, trim=True")
def _as_series(self: Rewrites, node: ast.Call, alist: Any, trim: Any) -> Any:
    found = self.pieces_of(alist, "the series of `as_series`")
    if found is None:
        return ast.Constant(0.0)
    ends = self.keep(polynomials.trimseq)
    copies = [call("np.copy", call("np.atleast_1d", e)) for e in found]
    return tuple_of([call(ends, e) if self.known_constant(trim, "trim") else e for e in copies])


@way("numpy.lexsort", "keys")
def _lexsort(self: Rewrites, node: ast.Call, keys: Any) -> Any:
    found = self.pieces_of(keys, "the keys of `np.lexsort`")
    if found is None:
        return ast.Constant(0.0)
    order = self.once(placed(call("np.argsort", found[0], kind="mergesort"), node))
    for key in found[1:]:
        later = call("np.argsort", subscript(key, order), kind="mergesort")
        order = self.once(placed(subscript(order, later), node))
    return order


@way("numpy.apply_along_axis", "func1d, axis, arr")
def _apply_along_axis(self: Rewrites, node: ast.Call, func1d: Any, axis: Any, arr: Any) -> Any:
    along = self.known_constant(axis, "axis")
    if along is ...:
        return ast.Constant(0.0)
    return call(self.keep(rearranged.along_axis), func1d, ast.Constant(along), arr)


@way("cmath.polar", "x")
def _polar(self: Rewrites, node: ast.Call, x: Any) -> Any:
    held = self.once(placed(call("builtins.complex", x), node))
    return tuple_of([call("builtins.abs", held), call("np.angle", held)])


@way("cmath.rect", "r, phi")
def _rect(self: Rewrites, node: ast.Call, r: Any, phi: Any) -> Any:
    length, angle = self.once(r), self.once(phi)
    parts = [ast.BinOp(length, ast.Mult(), call(f"np.{f}", angle)) for f in ("cos", "sin")]
    return call("builtins.complex", *parts)


def _parts(self: Rewrites, node: ast.Call, array: Any, sections: Any, axis: int, even: bool) -> Any:
    held = self.once(array)
    count = self.known_constant(sections, "indices_or_sections") if not isinstance(
        sections, (ast.List, ast.Tuple)) else None  # fmt: skip
    if count is ...:
        return ast.Constant(0.0)
    if isinstance(count, int):
        part = self.keep(rearranged.part)
        given = [ast.Constant(v) for v in (count, axis, even)]
        return tuple_of([call(part, held, ast.Constant(k), *given) for k in range(count)])
    bounds = sections.elts if isinstance(sections, (ast.List, ast.Tuple)) else [
        ast.Constant(int(c)) for c in count or ()]  # fmt: skip
    bounds = [self.once(b) for b in bounds]
    found = []
    for low, high in zip([None, *bounds], [*bounds, None]):
        before: list[ast.expr] = [_FULL] * axis if axis >= 0 else [ast.Constant(...)]
        behind: list[ast.expr] = [_FULL] * (-axis - 1) if axis < 0 else []
        found.append(subscript(held, *before, ast.Slice(low, high, None), *behind))
    return tuple_of(found)


@way("numpy.split numpy.array_split", "ary, indices_or_sections, axis=0")
def _split(self: Rewrites, node: ast.Call, ary: Any, sections: Any, axis: Any) -> Any:
    along = self.known_constant(axis, "axis")
    even = isinstance(node.func, ast.Attribute) and node.func.attr == "split"
    return ast.Constant(0.0) if along is ... else _parts(self, node, ary, sections, along, even)


@way("numpy.vsplit", "ary, indices_or_sections")
def _vsplit(self: Rewrites, node: ast.Call, ary: Any, sections: Any) -> Any:
    return _parts(self, node, ary, sections, 0, True)


@way("numpy.dsplit", "ary, indices_or_sections")
def _dsplit(self: Rewrites, node: ast.Call, ary: Any, sections: Any) -> Any:
    return _parts(self, node, ary, sections, 2, True)


@way("numpy.hsplit", "ary, indices_or_sections")
def _hsplit(self: Rewrites, node: ast.Call, ary: Any, sections: Any) -> Any:
    # A vector is split along its only axis, which is the last one as well as the first.
    count = self.known_constant(sections, "indices_or_sections")
    if isinstance(count, int):
        held = self.once(ary)
        part = self.keep(rearranged.column_part)
        given = ast.Constant(count)
        return tuple_of([call(part, held, ast.Constant(k), given) for k in range(count)])
    self.refuse(node, "`np.hsplit` needs a constant number of parts", "write it as `np.split`")
    return ast.Constant(0.0)


@way("numpy.pad", "array, pad_width, mode='constant', constant_values=0")
def _pad(self: Rewrites, node: ast.Call, array: Any, pad_width: Any, mode: Any, value: Any) -> Any:
    kind = self.known_constant(mode, "mode")
    if kind not in ("constant", "edge", "reflect", "symmetric", "wrap"):
        if kind is not ...:
            self.refuse(node, f"`np.pad` with mode {kind!r} is not supported", code="function")
        return ast.Constant(0.0)
    filling = value if isinstance(value, ast.expr) else ast.Constant(value)
    if not isinstance(pad_width, (ast.Tuple, ast.List)):
        width = self.once(pad_width)
        return call(self.keep(rearranged.pad), array, width, width, ast.Constant(kind), filling)
    found = list(pad_width.elts)
    pairs = [e for e in found if isinstance(e, (ast.Tuple, ast.List))]
    if not pairs and len(found) <= 2:
        before, behind = self.once(found[0]), self.once(found[-1])
        return call(self.keep(rearranged.pad), array, before, behind, ast.Constant(kind), filling)
    if len(pairs) == 1 and len(found) == 1:
        sides = pairs[0].elts
        return call(self.keep(rearranged.pad), array, sides[0], sides[-1],
                    ast.Constant(kind), filling)  # fmt: skip
    if len(pairs) != len(found) or any(len(p.elts) != 2 for p in pairs):
        self.refuse(pad_width, "`pad_width` must be written out as pairs", code="function")
        return ast.Constant(0.0)
    made, filling = self.once(array), self.once(filling)
    for axis, pair in enumerate(pairs):
        made = call(self.keep(rearranged.pad_axis), made, *pair.elts,
                    ast.Constant(kind), filling, ast.Constant(axis))  # fmt: skip
    return made


@way("numpy.tile", "A, reps")
def _tile(self: Rewrites, node: ast.Call, A: Any, reps: Any) -> Any:
    if not isinstance(reps, (ast.Tuple, ast.List)):
        return call(self.keep(rearranged.tile), A, reps)
    if len(reps.elts) == 1:
        return call(self.keep(rearranged.tile), A, reps.elts[0])
    if len(reps.elts) == 2:
        return call(self.keep(rearranged.tile_rows), A, *reps.elts)
    self.refuse(reps, "`np.tile` with more than two repetitions is not supported", code="function")
    return ast.Constant(0.0)


def sorted_in_place(self: Rewrites, node: ast.Call) -> bool:
    """`a.sort()` stores the array in order, `a.partition(k)` the partitioned one."""
    target = node.func
    if not isinstance(target, ast.Attribute) or target.attr not in ("sort", "partition"):
        return False
    if self.resolve(target) is not ... or self.is_list(target.value):
        return False
    array = self.variable(target.value)
    held = self.written(Var(array))
    made = ast.Call(ast.Name(f"np.{target.attr}", ast.Load()), [held, *node.args], node.keywords)
    for inner in ast.walk(made):
        if not hasattr(inner, "lineno"):
            ast.copy_location(inner, node)
    self.out.append(Store(array, (Lit(...),), self.atom(made), self.at))
    return True


def outer_index(self: Rewrites, node: ast.expr) -> ast.expr:
    """An index made by `np.ix_`, each array along an axis of its own, or by `np.where` of a mask,
    which picks what the mask does.
    """
    key = names.key_of(self.resolve(node.func)) if isinstance(node, ast.Call) else None
    if not isinstance(node, ast.Call) or key not in ("numpy.ix_", "numpy.where", "numpy.nonzero"):
        return node
    if key != "numpy.ix_":
        if len(node.args) != 1 or node.keywords:
            return node
        mask = node.args[0]
        if isinstance(mask, ast.Compare):
            return mask
        return placed(ast.Compare(mask, [ast.NotEq()], [ast.Constant(0)]), node)
    count = len(node.args)
    found: list[ast.expr] = []
    for k, arg in enumerate(node.args):
        entries = [_FULL if j == k else NONE for j in range(count)]
        found.append(subscript(arg, *entries))
    return placed(tuple_of(found), node)


# --- text --------------------------------------------------------------------------------------


@way("builtins.str", "object")
def _str(self: Rewrites, node: ast.Call, object: Any) -> Any:
    return ast.JoinedStr([ast.FormattedValue(object, -1, None)])
