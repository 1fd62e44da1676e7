"""What is known of array shapes at a point of the program.

The size of an axis is known by an expression, its *key*: the shape of the array it first came
from, a variable, or a literal. Equal keys are equal sizes; keys that were proved equal by a
check at run time (a matrix product) are joined.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

from tangent_fwd.ir.nodes import Expr, Lit, Op, Var

ONE = Lit(1)
Dims = tuple[Expr, ...]


def shape_of(name: str, axis: int, ndim: int) -> Expr:
    """How a person writes the size of an axis: `x.size` for a vector, `x.shape[k]` otherwise."""
    if ndim == 1:
        return Op("attr", (Var(name), Lit("size")))
    return Op("getitem", (Op("attr", (Var(name), Lit("shape"))), Lit(axis)))


def axis_of(size: Expr, values: Mapping[str, Expr]) -> tuple[str, int] | None:
    """The array and the axis whose size an expression is, as far as it is read off a shape.

    `values` holds what each variable is that is bound once: `n = s[1]` with `s = x.shape` is the
    size of axis 1 of x.
    """
    size = followed(size, values)
    if not isinstance(size, Op) or size.fn != "getitem" or not isinstance(size.args[-1], Lit):
        return None
    shape, axis = followed(size.args[0], values), size.args[-1].value
    if not isinstance(shape, Op) or shape.fn != "attr" or shape.args[1] != Lit("shape"):
        return None
    array = shape.args[0]
    return (array.name, axis) if isinstance(array, Var) else None


def followed(expr: Expr, values: Mapping[str, Expr]) -> Expr:
    """What a variable stands for, through all copies."""
    while isinstance(expr, Var) and expr.name in values:
        expr = values[expr.name]
    return expr


def any_of(tests: Sequence[Expr]) -> Expr:
    """Whether at least one of several tests holds."""
    result, *rest = tests
    for other in rest:
        result = Op("or", (result, other))
    return result


UNFIT = "operands could not be broadcast together"
"""What is raised where sizes differ and none of them is 1."""

UNEQUAL = "incompatible array sizes for np.dot(a, b) ({})"
"""What is raised where the sizes of the factors of a product differ."""


def unlike(pairs: Sequence[tuple[Expr, Expr, bool]]) -> list[Expr]:
    """Of pairs of sizes of which some differ: whether an axis of the first size cannot be repeated
    to the second; where a pair says `True`, nor the other way round.
    """
    tests: list[Expr] = []
    for a, b, either in pairs:
        sizes = (a, b) if either else (a,)
        parts = [Op("ne", (size, ONE)) for size in sizes if not isinstance(size, Lit)]
        if len(pairs) > 1 or not parts:
            parts.insert(0, Op("ne", (a, b)))
        tests.append(reduce(lambda p, q: Op("and", (p, q)), parts))
    return tests


class Shapes:
    """Sizes known on one straight piece of the program; `fork` before entering a branch."""

    def __init__(self, types: dict[str, Any]) -> None:
        self.types = types
        self.dims: dict[str, Dims] = {}
        self.joined: dict[Expr, Expr] = {}
        self.shown: dict[Expr, Expr] = {}
        self.scalars: dict[str, Expr] = {}
        self.epoch = 0

    def fork(self) -> Shapes:
        """An independent copy."""
        other = Shapes(self.types)
        other.dims, other.joined = dict(self.dims), dict(self.joined)
        other.shown, other.scalars = dict(self.shown), dict(self.scalars)
        other.epoch = self.epoch + 1000
        return other

    def ndim(self, name: str) -> int:
        return int(getattr(self.types.get(name), "ndim", 0) or 0)

    def find(self, key: Expr) -> Expr:
        while key in self.joined:
            key = self.joined[key]
        return key

    def join(self, a: Expr, b: Expr) -> None:
        """Record that two sizes are equal from here on."""
        a, b = self.find(a), self.find(b)
        if a != b:
            if isinstance(a, Lit):
                a, b = b, a
            self.joined[a] = b
            if a in self.shown and b not in self.shown:
                self.shown[b] = self.shown[a]

    def root(self, name: str) -> Dims:
        """Forget what was known: each axis is as long as this array says now."""
        self.forget(name)
        self.epoch += 1
        ndim = self.ndim(name)
        keys = tuple(Op("dim", (Var(name), Lit(k), Lit(self.epoch))) for k in range(ndim))
        for k, key in enumerate(keys):
            self.shown[key] = shape_of(name, k, ndim)
        self.dims[name] = keys
        return keys

    def set(self, name: str, dims: Dims) -> None:
        self.forget(name)
        self.dims[name] = tuple(self.find(d) for d in dims)
        for k, key in enumerate(self.dims[name]):
            if isinstance(key, Lit):
                continue
            if key not in self.shown or _is_older(self.shown[key], name):
                self.shown[key] = shape_of(name, k, len(dims))

    def forget(self, name: str) -> None:
        """The name is bound anew: sizes are no longer shown through it."""
        self.dims.pop(name, None)
        self.scalars.pop(name, None)
        for key in [k for k, shown in self.shown.items() if _mentions(shown, name)]:
            del self.shown[key]
            for other, dims in self.dims.items():
                if key in dims:
                    self.shown[key] = shape_of(other, dims.index(key), len(dims))
                    break

    def of(self, name: str) -> Dims:
        """The keys of an array's axes."""
        if name not in self.dims:
            return self.root(name)
        return tuple(self.find(d) for d in self.dims[name])

    def text(self, key: Expr, holders: list[tuple[str, int]]) -> Expr:
        """An expression for a size; `holders` are arrays (and axes) at hand that have it."""
        key = self.find(key)
        if isinstance(key, Lit):
            return key
        if key in self.shown:
            return self.shown[key]
        for name, axis in holders:
            return shape_of(name, axis, self.ndim(name))
        raise AssertionError(f"no array at hand has the size {key}")

    def count(self, key: Expr, holders: list[tuple[str, int]]) -> Expr:
        """How often a loop over an axis runs, as people write it: `range(x.size - 1)` over `x[1:]`
        does nothing where x is empty, though the size of `x[1:]` is not -1.
        """
        key = self.find(key)
        if isinstance(key, Op) and key.fn == "trim" and self.find(key.args[0]) in self.shown:
            return Op("sub", (self.shown[self.find(key.args[0])], key.args[1]))
        return self.text(key, holders)

    def scalar(self, expr: Expr) -> Expr:
        """The key of a size given as a scalar: `n` that was `x.size` is the size of x."""
        if isinstance(expr, Lit):
            return expr
        if isinstance(expr, Var):
            return self.find(self.scalars.get(expr.name, expr))
        return expr

    def learn_scalar(self, name: str, value: Expr, fixed: bool) -> None:
        """Note `name = value` where value is a size; `fixed` says that name is bound once."""
        key = self.size_key(value)
        if key is None or not fixed:
            return
        self.scalars[name] = key
        if not name.startswith("%") and not isinstance(key, Lit):
            self.shown[self.find(key)] = Var(name)

    def size_key(self, value: Expr) -> Expr | None:
        """The key of the size that an expression reads off an array, if it does."""
        if isinstance(value, Var):
            return self.scalars.get(value.name)
        if not isinstance(value, Op) or not value.args or not isinstance(value.args[0], Var):
            return None
        name = value.args[0].name
        if value.fn == "builtins.len" and self.ndim(name):
            return self.of(name)[0]
        if value.fn == "attr" and value.args[1] == Lit("size") and self.ndim(name) == 1:
            return self.of(name)[0]
        if value.fn == "getitem" and name in self.dims and self.types.get(name) is None:
            return None
        if value.fn == "getitem" and isinstance(value.args[1], Lit):
            shape = self.scalars.get(name)
            if isinstance(shape, Op) and shape.fn == "tuple":
                return self.find(shape.args[value.args[1].value])
        return None


def _is_older(shown: Expr, name: str) -> bool:
    """Whether a size is shown through what a variable of this name held before."""
    while isinstance(shown, Op):
        shown = shown.args[0]
    word = name.split("%")[0]
    return isinstance(shown, Var) and word != "" and shown.name.split("%")[0] == word


def _mentions(expr: Expr, name: str) -> bool:
    if isinstance(expr, Var):
        return expr.name == name
    return isinstance(expr, Op) and any(_mentions(a, name) for a in expr.args)


def sliced(dim: Expr, entry: Op) -> Expr | None:
    """The key of an axis after a slice, where it follows from the axis alone.

    `x[1:]` and `x[:-1]` both have max(n - 1, 0) elements, so both get the key trim(n, 1).
    """
    start, stop, step = entry.args
    if entry.args == (Lit(None), Lit(None), Lit(-1)):
        return dim
    if step not in (Lit(None), Lit(1)):
        return None
    low = 0 if start == Lit(None) else start.value if isinstance(start, Lit) else None
    high = 0 if stop == Lit(None) else stop.value if isinstance(stop, Lit) else None
    if stop != Lit(None) and high == 0:
        return Lit(0)
    if not isinstance(low, int) or not isinstance(high, int) or low < 0 or high > 0:
        return None
    trim = low - high
    if trim == 0:
        return dim
    if isinstance(dim, Lit):
        return Lit(max(dim.value - trim, 0))
    if isinstance(dim, Op) and dim.fn == "trim" and isinstance(dim.args[1], Lit):
        return Op("trim", (dim.args[0], Lit(dim.args[1].value + trim)))
    return Op("trim", (dim, Lit(trim)))
