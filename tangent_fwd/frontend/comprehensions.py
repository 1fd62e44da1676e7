"""Comprehensions that something is made of at once: `sum(… for …)` and its like become loops.

Before:

>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> def f(x):
...     return sum(a * a for a in x if a > 0.0)

After:

>>> print(show(lower(parse(f))))
def f(x):
    %1 = 0
    %3 = builtins.len(x)
    for %4 in range(%3):
        a = x[%4]
        %5 = a > 0.0
        if %5:
            %2 = a * a
            %1 = %1 + %2
    return %1
"""

from __future__ import annotations

import ast
import copy
from typing import Any

import numpy as np

from tangent_fwd.frontend.grids import Grids
from tangent_fwd.ir.nodes import Expr, For, If, Let, Lit, Op, Raise, Store, Var
from tangent_fwd.source import Span

# What is done with each element, and the value before the first.
_EACH = {
    sum: ("result = result + element", 0),
    any: ("if element:\n    result = True\n    break", False),
    list: ("result.append(element)", None),
    set: ("result.add(element)", None),
    dict: ("result[place] = element", None),
    all: ("if not element:\n    result = False\n    break", True),
}
_GROWN = (ast.ListComp, ast.SetComp, ast.DictComp)
_FIRST = {max: "gt", min: "lt", np.array: "", np.asarray: ""}


class Comprehensions(Grids):
    """Calls of `sum`, `max`, `min`, `any`, `all` and `np.array` on a comprehension, and lists."""

    list_name: str | None = None  # the name that a list about to be made has

    def call(self, node: ast.Call) -> Expr:
        source = self.gone_over(node)
        if not isinstance(source, (ast.GeneratorExp, ast.ListComp)):
            return super().call(node)
        callee, alone = self.resolve(node.func), len(node.args) == 1 and not node.keywords
        if any(g.is_async for g in source.generators):
            self.refuse(source, "an async comprehension is not supported")
            return Lit(0.0)
        if callee in (np.array, np.asarray) and alone and isinstance(source, ast.ListComp):
            part = source.generators[0]
            if len(source.generators) > 1 or part.ifs or isinstance(source.elt, ast.ListComp):
                return Op("numpy.array", (self.name(self.on_ListComp(source)),), (), Span.of(node))
        if (
            callee in _FIRST
            and alone
            and (callee in (max, min) or isinstance(source, ast.ListComp))
        ):
            return self.from_first(callee, source, Span.of(node))
        if callee is sum and len(node.args) == 2 and not node.keywords:
            return self.from_start(callee, source, self.atom(node.args[1]))
        if callee is list and alone:
            return self.from_start(list, source, Op("list", (), (), Span.of(node)))
        if callee in _EACH and alone:
            return self.from_start(callee, source, Lit(_EACH[callee][1]))
        return super().call(node)

    def gone_over(self, node: ast.Call) -> ast.expr | None:
        """The first argument; a dict, a set and `d.values()` are written as comprehensions."""
        source = node.args[0] if node.args else None
        if source is None or self.resolve(node.func) not in (*_EACH, *_FIRST):
            return source
        if isinstance(source, ast.Name):
            known = source.id in self.listed | self.range_names
            kind = type(self.kind(Var(source.id))).__name__ if known else ""
            if kind not in ("DictType", "Set", "RangeType"):
                return source
        elif not self.is_view(source) and not self.gives_each(source):
            return source
        name = self.fresh()
        over = [ast.comprehension(ast.Name(name, ast.Store()), source, [], 0)]
        made = ast.copy_location(ast.ListComp(ast.Name(name, ast.Load()), over), source)
        for part in (made.elt, over[0].target):
            ast.copy_location(part, source)
        return made

    def gives_each(self, source: ast.expr) -> bool:
        """Whether an expression is a range, or a call of `map` or `filter`."""
        callee = self.callee(source)
        return self.is_range(callee) or callee in (map, filter)

    def on_ListComp(self, node: ast.ListComp) -> Expr:
        """A list, which grows by each element."""
        return self.grown(list, node)

    def on_SetComp(self, node: ast.SetComp) -> Expr:
        return self.grown(set, node)

    def on_DictComp(self, node: ast.DictComp) -> Expr:
        return self.grown(dict, node)

    def grown(self, callee: Any, node: ast.ListComp | ast.SetComp | ast.DictComp) -> Expr:
        if any(g.is_async for g in node.generators):
            self.refuse(node, "an async comprehension is not supported")
            return Lit(0.0)
        return self.from_start(callee, node, Op(callee.__name__, (), (), Span.of(node)))

    def named(self, name: str, node: ast.expr) -> None:
        """Bind a name; a list grows under it, where it does not grow out of what had that name."""
        words = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        self.list_name = name if isinstance(node, _GROWN) and name not in words else None
        value = self.value(node)
        self.list_name = None
        if value != Var(name):
            self.let(name, value)

    def from_start(self, callee: Any, source: Any, start: Expr) -> Expr:
        """The loop that changes a value with each element."""
        result, self.list_name = self.list_name or self.fresh(), None
        source = self.renamed(source)
        element = self.fresh()
        each = ast.parse(_EACH[callee][0])
        body: list[ast.stmt] = []
        names = {"result": result, "element": element}
        if isinstance(source, ast.DictComp):
            names["place"] = self.fresh()
            body.append(ast.Assign([ast.Name(names["place"], ast.Store())], source.key))
        elt = source.value if isinstance(source, ast.DictComp) else source.elt
        _Renamed(names).visit(each)
        self.locals |= {*names.values()}
        body += [ast.Assign([ast.Name(element, ast.Store())], elt), *each.body]
        for part in reversed(source.generators):
            for test in reversed(part.ifs):
                body = [ast.If(test, body, [])]
            body = [ast.For(part.target, part.iter, body, [])]
        for made in ast.walk(each):
            ast.copy_location(made, source)
        for made in ast.walk(ast.Module(body, [])):
            if not hasattr(made, "lineno"):
                ast.copy_location(made, source)
        at = self.at
        self.let(result, start)
        self.out.extend(self.block(body))
        self.at = at
        return Var(result)

    def from_first(self, callee: Any, source: ast.GeneratorExp | ast.ListComp, span: Span) -> Expr:
        """What begins with the first element, because only that tells of what kind it is."""
        source = self.renamed(source)
        part, at = source.generators[0], self.at
        if len(source.generators) > 1 or part.ifs:
            message = "how many elements this comprehension has is not known before it runs"
            self.refuse(source, message, "write a loop")
            return Lit(0.0)
        stored = (n for n in ast.walk(source) if isinstance(n, ast.Name))
        self.rebound = frozenset(n.id for n in stored if isinstance(n.ctx, ast.Store))
        walk = self.walk(part.iter)
        empty = self.name(Op("le", (walk.length, Lit(0)), (), span))
        self.out.append(If(empty, (Raise("ValueError", _complaint(callee), at),), (), at))
        walk.bind(part.target, Lit(0))
        first = self.atom(source.elt)
        made = Op("numpy.full", (walk.length, first), (), span) if _FIRST[callee] == "" else first
        result = self.name(made)
        index = self.fresh()
        self.counters.append(index)
        outer, self.out = self.out, []
        walk.bind(part.target, Var(index))
        element = self.atom(source.elt)
        if _FIRST[callee]:
            further = self.name(Op(_FIRST[callee], (element, result), (), span))
            self.out.append(If(further, (Let(result.name, element, at),), (), at))
        else:
            self.out.append(Store(result.name, (Var(index),), element, at))
        body, self.out = tuple(self.out), outer
        self.out.append(For(index, (Lit(1), walk.length), body, at))
        return result

    def extreme(self, callee: Any, source: ast.GeneratorExp, span: Span) -> Expr:
        """The largest or smallest of values of which it is not known how many there are."""
        values = self.from_start(list, source, Op("list", (), (), span))
        array = self.name(Op("numpy.array", (values,), (), span))
        size = self.name(Op("attr", (array, Lit("size")), (), span))
        empty = self.name(Op("eq", (size, Lit(0)), (), span))
        fail = Raise("ValueError", _complaint(callee), self.at)
        self.out.append(If(empty, (fail,), (), self.at))
        return Op(f"numpy.{callee.__name__}", (array,), (), span)

    def renamed(self, source: Any) -> Any:
        """The comprehension with other names for its variables where the function has those; what
        it goes over first is not inside it.
        """
        bound = {n.id for g in source.generators for n in ast.walk(g.target)
                 if isinstance(n, ast.Name)}  # fmt: skip
        names = {name: name for name in bound}
        for name in sorted(bound & self.locals):
            self.count += 1
            names[name] = f"{name}%c{self.count}"
        self.locals |= set(names.values())
        whole = source.generators[0].iter
        made = _Renamed(names).visit(copy.deepcopy(source))
        made.generators[0].iter = whole
        return made


class _Renamed(ast.NodeTransformer):
    """Other names for variables."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self.names.get(node.id, node.id)
        return node


def _complaint(callee: Any) -> str:
    """What Python says of the largest of nothing; of an array of nothing it would say nothing."""
    try:
        callee(())
    except ValueError as error:
        return str(error)
    return "of an array without elements it is not known what they would be"
