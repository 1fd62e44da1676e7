"""Which array variables may be the same memory."""

from __future__ import annotations

from typing import Any

from tangent_fwd.ir.nodes import Do, Expr, Function, Let, Lit, Op, Return, Store, Var
from tangent_fwd.ir.walk import statements, variables

VIEWS = frozenset(
    "field getitem some numpy.reshape numpy.ravel numpy.transpose tangent_fwd.stop_gradient "
    "stretch attr numpy.ascontiguousarray numpy.asarray numpy.broadcast_to numpy.flip numpy.flipud "
    "numpy.fliplr numpy.rot90 numpy.swapaxes numpy.moveaxis numpy.squeeze numpy.expand_dims "
    "numpy.diagonal numpy.atleast_1d numpy.atleast_2d numpy.real numpy.asfortranarray "
    "numpy.lib.stride_tricks.as_strided numpy.lib.stride_tricks.sliding_window_view".split()
)

# What makes a list, a dict or a set of the values it is given.
MAKES = frozenset("list repeated dict set".split())


def is_array(kind: object) -> bool:
    """Whether a numba type is an array type."""
    return type(kind).__name__ == "Array"


def is_tuple(kind: object) -> bool:
    """Whether a numba type is a tuple type, named or not."""
    return hasattr(kind, "types") and hasattr(kind, "count")


def is_list(kind: object) -> bool:
    """Whether a numba type is that of a list, typed or not."""
    return type(kind).__name__ in ("List", "ListType")


def is_dict(kind: object) -> bool:
    """Whether a numba type is that of a dict whose keys are of one kind, as are its values."""
    return type(kind).__name__ == "DictType"


def is_set(kind: object) -> bool:
    """Whether a numba type is that of a set."""
    return type(kind).__name__ == "Set"


def is_container(kind: object) -> bool:
    """Whether a numba type is that of a list, a dict or a set."""
    return is_list(kind) or is_dict(kind) or is_set(kind)


def held(kind: Any) -> Any:
    """The numba type of what a list, a set or an array holds, and of the values of a dict."""
    return kind.value_type if is_dict(kind) else kind.dtype


def class_of(kind: Any) -> tuple[tuple[str, Any], ...]:
    """What the operation that makes a tuple of this type notes: the class of a named one."""
    return (("class", kind.instance_class),) if hasattr(kind, "instance_class") else ()


def has_array(kind: object) -> bool:
    """Whether values of this type hold memory that may be written to."""
    if is_tuple(kind):
        return any(has_array(t) for t in kind)  # type: ignore[attr-defined]  # numba has no types
    if type(kind).__name__ == "Optional":
        return has_array(kind.type)  # type: ignore[attr-defined]  # numba has no types
    return is_array(kind) or is_container(kind)


class Aliases:
    """Classes of variables that may share memory; different parameters never do.

    (The boundary refuses calls in which an argument that is written to overlaps another.)
    """

    def __init__(self, function: Function) -> None:
        self.parent: dict[str, str] = {}
        self.known: set[str] = set()
        self.function = function
        for stmt in statements(function.body):
            if isinstance(stmt, Let) and has_array(function.typeof(stmt.target)):
                for source in self.sources(stmt.value):
                    self.union(stmt.target, source)
                    self.known.add(source)
            if isinstance(stmt, Do) and isinstance(stmt.value, Op):
                self.join_held(stmt.value)
            if isinstance(stmt, Store) and is_container(function.typeof(stmt.array)):
                self.join_held(Op("container.", (Var(stmt.array), stmt.value)))
        # Where a tuple is indexed by a variable as well, its places can be told apart no longer.
        for place in [k for k in self.known if k.endswith("]")]:
            whole = place.split("[")[0]
            if whole in self.known:
                self.union(place, whole)

    def join_held(self, op: Op) -> None:
        """What a container is given is held by it."""
        if op.fn.startswith("container."):
            held = [a.name for a in op.args if isinstance(a, Var)
                    and has_array(self.function.typeof(a.name))]  # fmt: skip
            for name in held[1:]:
                self.union(held[0], name)

    def sources(self, value: Expr) -> list[str]:
        if isinstance(value, Var):
            return [value.name]
        if not isinstance(value, Op):
            return []
        if value.fn == "getitem" and isinstance(value.args[0], Op):
            return self.sources(value.args[0])  # `pair[1][0]` is part of what `pair[1]` is
        if value.fn == "getitem" and isinstance(value.args[0], Var):
            kind = self.function.typeof(value.args[0].name)
            if is_tuple(kind) and isinstance(value.args[1], Lit):
                return [self.leaf(value.args[0].name, value.args[1].value)]
        if value.fn == "attr" and isinstance(value.args[0], Var):
            kind = self.function.typeof(value.args[0].name)
            fields = getattr(kind, "fields", ())
            name = value.args[1]
            if isinstance(name, Lit) and name.value in fields:
                return [self.leaf(value.args[0].name, fields.index(name.value))]
        if value.fn == "ifelse":
            return [a.name for a in value.args[1:] if isinstance(a, Var)]
        if value.fn in VIEWS or dict(value.keywords).get("inplace"):
            return [a.name for a in value.args[:1] if isinstance(a, Var)]
        if value.fn in ("call", "tuple", *MAKES, "container.pop", "container.copy"):
            # What a helper returns may be any of its arguments, unless it is known which.
            kept = dict(value.keywords).get("shares", range(len(value.args)))
            return [
                a.name
                for k, a in enumerate(value.args, start=-1 if value.fn == "call" else 0)
                if isinstance(a, Var) and has_array(self.function.typeof(a.name)) and k in kept
            ]
        return []

    def leaf(self, name: str, position: int) -> str:
        """Each place of a tuple parameter is memory of its own; a tuple made here is its parts."""
        if self.find(name) == name and name in self.function.params:
            kind = self.function.typeof(name)
            return f"{name}[{position % len(kind)}]"
        return name

    def find(self, name: str) -> str:
        while self.parent.get(name, name) != name:
            name = self.parent[name]
        return name

    def union(self, a: str, b: str) -> None:
        a, b = self.find(a), self.find(b)
        if a != b:
            # A parameter, or a place in one, names its class.
            if a.split("[")[0] in self.function.params:
                a, b = b, a
            self.parent[a] = b

    def of(self, name: str) -> set[str]:
        """The classes of the memory that a variable holds; a tuple parameter, in all its places."""
        found = {self.find(name)}
        if name in self.function.params and is_tuple(self.function.typeof(name)):
            places = (c for c in (*self.parent, *self.known) if c.startswith(f"{name}["))
            found |= set(map(self.find, places))
        return found

    def returned(self) -> tuple[int, ...]:
        """Positions of the parameters whose memory may leave the function by `return`."""
        found = {
            found
            for stmt in statements(self.function.body)
            if isinstance(stmt, Return)
            for name in variables(stmt.value)
            for found in self.of(name)
        }
        return tuple(k for k, p in enumerate(self.function.params) if self.of(p) & found)
