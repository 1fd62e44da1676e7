"""Lowering of dicts and sets, and of what changes them or lists in place.

What is asked of a dict beyond reading, writing and testing for a key is said with these.

Before:

>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> def f(x, k):
...     table = {k: x}
...     table[k] += table.get(2, 0.0)
...     return table

After:

>>> print(show(lower(parse(f))))
def f(x, k):
    table = dict(k, x)
    %1 = table[k]
    %2 = 2 in table
    if %2:
        %3 = table[2]
    else:
        %3 = 0.0
    %4 = %1 + %3
    table[k] = %4
    return table
"""

from __future__ import annotations

import ast
from collections import namedtuple
from functools import cache, cached_property
from typing import Any

from tangent_fwd.frontend.emptied import emptied, made_type
from tangent_fwd.frontend.lists import Lists
from tangent_fwd.frontend.trees import bindings, own_nodes
from tangent_fwd.ir.nodes import Do, Expr, If, Let, Lit, Op, Raise, Stmt, Store, Var
from tangent_fwd.source import Span

# Methods that change a list, a dict or a set, and with how many arguments they are called.
METHODS = {
    "append": (1,),
    "extend": (1,),
    "insert": (2,),
    "pop": (0, 1, 2),
    "clear": (0,),
    "reverse": (0,),
    "update": (1,),
    "setdefault": (2,),
    "popitem": (0,),
    "add": (1,),
    "discard": (1,),
    "remove": (1,),
    "intersection_update": (1,),
    "difference_update": (1,),
    "symmetric_difference_update": (1,),
}
# Those that only look, and what a loop can go over.
_LOOKS = {
    "get": (1, 2),
    **dict.fromkeys(
        "union intersection difference symmetric_difference issubset issuperset isdisjoint".split(),
        (1,),
    ),
}
VIEWED = frozenset("keys values items".split())


@cache
def _fields(*names: str) -> type:
    """One class for each choice of keys."""
    return namedtuple("Fields", names)


class Containers(Lists):
    """A dict is a value as a list is: its tangents are in another with the same keys."""

    def on_Dict(self, node: ast.Dict) -> Expr:
        """A dict that nobody changes or searches, and whose keys are words, is a tuple with named
        fields, as one that is passed in is.
        """
        words = [k.value for k in node.keys if isinstance(k, ast.Constant)]
        plain = all(isinstance(w, str) and w.isidentifier() and w[0] != "_" for w in words)
        settled = words and plain and len(set(words)) == len(words) == len(node.keys)
        if settled and node not in self.searched:
            values = self.entries(node.values)
            return Op("tuple", values, (("class", _fields(*map(str, words))),), Span.of(node))
        first: list[Expr] = []
        for key, value in zip(node.keys, node.values):
            if key is None:
                return self.merged(node)
            first += [self.atom(key), self.atom(value)]
        return Op("dict", tuple(first), (), Span.of(node))

    def merged(self, node: ast.Dict) -> Expr:
        """`{**a, k: x}` is a copy of `a` that is added to."""
        made: Var | None = None
        for key, value in zip(node.keys, node.values):
            if key is None and made is None:
                made = self.name(Op("container.copy", (self.atom(value),), (), Span.of(node)))
            elif made is None:
                assert key is not None
                pair = (self.atom(key), self.atom(value))
                made = self.name(Op("dict", pair, (), Span.of(node)))
            elif key is None:
                more = Op("container.update", (made, self.atom(value)), (), Span.of(node))
                self.out.append(Do(more, self.at))
            else:
                place = self.atom(key)
                self.out.append(Store(made.name, (place,), self.atom(value), self.at))
        assert made is not None
        return made

    @cached_property
    def searched(self) -> frozenset[ast.Dict]:
        """Displays of dicts with a name whose keys are not all known from the text."""
        nodes = list(own_nodes(self.function.node))
        found: set[str] = set()
        for n in nodes:
            held: Any = None
            if isinstance(n, ast.Subscript):
                words = isinstance(n.slice, ast.Constant) and isinstance(n.slice.value, str)
                held = None if words and isinstance(n.ctx, ast.Load) else n.value
            elif isinstance(n, ast.Attribute) and n.attr in {*METHODS, *_LOOKS, *VIEWED, "copy"}:
                held = n.value
            elif isinstance(n, (ast.For, ast.comprehension)):
                held = n.iter
            elif isinstance(n, ast.Compare) and isinstance(n.ops[0], (ast.In, ast.NotIn)):
                held = n.comparators[0]
            if isinstance(held, ast.Name):
                found.add(held.id)
        return frozenset(
            value for n in nodes for target, value in bindings(n)
            if isinstance(value, ast.Dict) and isinstance(target, ast.Name) and target.id in found
        )  # fmt: skip

    @cached_property
    def tables(self) -> frozenset[str]:
        """Names that are bound to new dicts and sets only, whatever these hold."""
        kept: dict[str, bool] = dict.fromkeys(self.function.params, False)
        for n in own_nodes(self.function.node):
            if isinstance(n, ast.Assign) and all(isinstance(t, ast.Name) for t in n.targets):
                value, made = n.value, (ast.DictComp, ast.Set, ast.SetComp)
                new = isinstance(value, made) or value in self.searched
                if isinstance(value, ast.Call):
                    callee = self.resolve(value.func)
                    owner = getattr(callee, "__self__", callee)
                    new = _KINDS.get(_qualified(owner)) in ("dict", "set")
                for t in n.targets:
                    assert isinstance(t, ast.Name)
                    kept[t.id] = kept.get(t.id, True) and new
        bound = [n.id for n in own_nodes(self.function.node)
                 if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]  # fmt: skip
        given = [t.id for n in own_nodes(self.function.node) if isinstance(n, ast.Assign)
                 for t in n.targets if isinstance(t, ast.Name)]  # fmt: skip
        return frozenset(w for w, on in kept.items() if on and bound.count(w) == given.count(w))

    def on_Set(self, node: ast.Set) -> Expr:
        return Op("set", self.entries(node.elts), (), Span.of(node))

    # --- methods -------------------------------------------------------------------------------

    def is_method(self, word: str) -> bool:
        """Whether a method is one of lists, dicts or sets."""
        return word in METHODS or word in _LOOKS

    def container_method(self, node: ast.Call, base: ast.expr, method: str) -> Expr:
        """`xs.append(x)`, `d.get(k, 0.0)` and their like."""
        if node.keywords or len(node.args) not in {**METHODS, **_LOOKS}[method]:
            self.refuse(node, f"`.{method}()` does not take these arguments", code="function")
            return Lit(0.0)
        name, span = Var(self.variable(base)), Span.of(node)
        args = tuple(map(self.atom, node.args))
        if method == "get" or (method == "pop" and len(args) == 2):
            return self.looked_up(name, args, method, span)
        if method == "popitem":
            return self.popped(name, span)
        if method == "setdefault":
            absent = self.name(Op("not_in", (args[0], name), (), span))
            store = Store(name.name, args[:1], args[1], self.at)
            self.out.append(If(absent, (store,), (), self.at))
            return Op("getitem", (name, args[0]), (), span)
        return Op(f"container.{method}", (name, *args), (), span)

    def looked_up(self, name: Var, args: tuple[Expr, ...], method: str, span: Span) -> Expr:
        """What a dict holds under a key, or something else where it has no such key."""
        here = self.name(Op("in", (args[0], name), (), span))
        fn, result = "getitem" if method == "get" else "container.pop", self.fresh()
        found: Stmt = Let(result, Op(fn, (name, args[0]), (), span), self.at)
        other = Let(result, args[1] if len(args) == 2 else Lit(None), self.at)
        self.out.append(If(here, (found,), (other,), self.at))
        return Var(result)

    def popped(self, name: Var, span: Span) -> Expr:
        """The last key and what is under it."""
        keys = self.name(Op("builtins.list", (name,), (), span))
        none = self.name(Op("eq", (self.name(Op("builtins.len", (keys,))), Lit(0)), (), span))
        fail = Raise("KeyError", "popitem(): dictionary is empty", self.at)
        self.out.append(If(none, (fail,), (), self.at))
        key = self.name(Op("getitem", (keys, Lit(-1)), (), span))
        value = self.name(Op("container.pop", (name, key), (), span))
        return Op("tuple", (key, value), (), span)

    def take_out(self, target: ast.Subscript) -> bool:
        raise NotImplementedError

    def do_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Subscript) and not isinstance(target.slice, ast.Slice):
                name = Var(self.variable(target.value))
                taken = Op("container.pop", (name, self.atom(target.slice)), (), Span.of(node))
                self.out.append(Do(taken, self.at))
            elif not isinstance(target, ast.Subscript) or not self.take_out(target):
                what = "`del` is supported for elements and parts of lists, and keys of dicts, only"
                self.refuse(target, what)

    # --- calls of classes ----------------------------------------------------------------------

    def container_call(self, node: ast.Call, callee: Any) -> Expr | None:
        """`dict()`, `List()`, `Dict.empty(…)` and their like; None for any other call."""
        owner = getattr(callee, "__self__", None)
        kind = _KINDS.get(_qualified(callee)) or _KINDS.get(_qualified(owner))
        if kind is None:
            return None
        if owner is not None and kind in ("list", "dict"):
            return self.emptied(node, kind)
        if not node.args and not node.keywords:
            return Op(kind, (), (), Span.of(node))
        if kind == "dict" and not node.args and all(k.arg for k in node.keywords):
            pairs = ((Lit(k.arg), self.atom(k.value)) for k in node.keywords)
            return Op(kind, tuple(part for pair in pairs for part in pair), (), Span.of(node))
        if len(node.args) != 1 or node.keywords:
            self.refuse(node, f"`{kind}` does not take these arguments", code="function")
            return Lit(0.0)
        return self.made_of(node, kind)

    def made_of(self, node: ast.Call, kind: str) -> Expr:
        """`list(xs)` is `[each for each in xs]`."""
        names = [self.fresh() for _ in range(2 if kind == "dict" else 1)]
        stored: list[ast.expr] = [ast.Name(n, ast.Store()) for n in names]
        loaded: list[ast.expr] = [ast.Name(n, ast.Load()) for n in names]
        target = ast.Tuple(stored, ast.Store()) if kind == "dict" else stored[0]
        over = [ast.comprehension(target, node.args[0], [], 0)]
        made: ast.expr
        if kind == "dict":
            made = ast.DictComp(loaded[0], loaded[1], over)
        else:
            made = (ast.ListComp if kind == "list" else ast.SetComp)(loaded[0], over)
        for part in ast.walk(made):
            if "lineno" in part._attributes and not hasattr(part, "lineno"):
                ast.copy_location(part, node)
        return self.value(made)

    def emptied(self, node: ast.Call, kind: str) -> Expr:
        """`Dict.empty(types.int64, types.float64)`, which holds nothing yet and may hold that."""
        given = [*node.args, *(k.value for k in node.keywords)]
        kinds = [self.type_said(each) for each in given]
        text = emptied(kind, kinds)
        if text is None:
            self.refuse(node, f"a {kind} of these types is not supported", code="function")
            return Lit(0.0)
        return Op("emptied", (), (("text", text), ("type", made_type(kind, kinds))), Span.of(node))

    def type_said(self, node: ast.expr) -> Any:
        """The numba type that an expression is; None where it is none."""
        if isinstance(node, ast.Subscript):
            axes = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            places = tuple(
                slice(None, None, 1 if a.step is not None else None)
                for a in axes if isinstance(a, ast.Slice)
            )  # fmt: skip
            dtype = self.type_said(node.value)
            return dtype[places] if dtype is not None and len(places) == len(axes) else None
        if isinstance(node, ast.Call):
            maker, parts = self.resolve(node.func), list(map(self.type_said, node.args))
            known = getattr(maker, "__module__", "").startswith("numba.core.types")
            return maker(*parts) if known and None not in parts and not node.keywords else None
        found = self.meant(node)
        return None if found is ... else found


# The classes, and numba's of the same use.
_KINDS = {
    "builtins.list": "list",
    "builtins.dict": "dict",
    "builtins.set": "set",
    "numba.typed.typedlist.List": "list",
    "numba.typed.typeddict.Dict": "dict",
}


def _qualified(obj: Any) -> str:
    return f"{getattr(obj, '__module__', '')}.{getattr(obj, '__qualname__', '')}"
