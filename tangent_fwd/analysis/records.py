"""Structured arrays: what is read or written of one is a field of it, an array like any other.

`a[i].x`, `a[i]["x"]` and, in a loop over `a`, `r.x` are the element `i` of the field `a["x"]`,
and `a[i] = b[k]` copies each field, so the other passes see arrays of numbers, and views of what
holds them.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from tangent_fwd.analysis.alias import is_array
from tangent_fwd.errors import Diagnostic
from tangent_fwd.ir.nodes import Block, Expr, Function, Let, Lit, Op, Stmt, Store, Var
from tangent_fwd.ir.walk import bindings, blocks, map_exprs, own_exprs, subexpressions, with_blocks

# What makes a structured array, and what else may be done with one itself.
_MAKES = frozenset(
    "field getitem attr call numpy.copy numpy.zeros numpy.empty numpy.zeros_like "
    "numpy.empty_like".split()
)
_WHOLE = _MAKES | frozenset("tuple list builtins.len".split())


def is_record(kind: Any) -> bool:
    """Whether a numba type is that of one element of a structured array."""
    return type(kind).__name__ == "Record"


def is_structured(kind: Any) -> bool:
    """Whether a numba type is that of a structured array."""
    return is_array(kind) and is_record(kind.dtype)


def fields(function: Function, known: dict[str, Any]) -> tuple[Block, list[Diagnostic]]:
    """The body with fields in the place of records, and what it does that is none of a field.

    Arguments: a function, and the types of its variables, which gain those of the fields.
    """
    if not any(is_structured(kind) or is_record(kind) for kind in known.values()):
        return function.body, []
    work = _Fields(function, known)
    return work.block(function.body), work.diagnostics


class _Fields:
    def __init__(self, function: Function, known: dict[str, Any]) -> None:
        self.known = known
        self.times = bindings(function)
        self.records: dict[str, tuple[Var, tuple[Expr, ...]]] = {}
        self.diagnostics: list[Diagnostic] = []
        self.count = 0

    def block(self, block: Block) -> Block:
        before, out = dict(self.records), list[Stmt]()
        for stmt in block:
            if isinstance(stmt, Let) and is_record(self.known.get(stmt.target)):
                if self.note(stmt):
                    continue
            if not blocks(stmt):
                stmt = map_exprs(partial(self.expr, at=stmt, out=out), stmt)
            if isinstance(stmt, Store):
                copies = self.copies(stmt, out)
                if copies:
                    out += copies
                    continue
                stmt = self.store(stmt, out)
            self.refuse(stmt)
            out.append(with_blocks(stmt, tuple(map(self.block, blocks(stmt)))))
        self.records = before
        return tuple(out)

    def note(self, stmt: Let) -> bool:
        """Whether a record is an element of an array that stays the same as long as it is used."""
        op = stmt.value
        if not isinstance(op, Op) or op.fn != "getitem" or not is_structured(self.kind(op.args[0])):
            return False
        names = [e.name for e in op.args if isinstance(e, Var)]
        ours = stmt.target.startswith("%")
        if not ours and any(self.times[n] > 1 for n in (*names, stmt.target)):
            return False
        assert isinstance(op.args[0], Var)
        self.records[stmt.target] = op.args[0], op.args[1:]
        return True

    def kind(self, expr: Expr) -> Any:
        return self.known.get(expr.name) if isinstance(expr, Var) else None

    def field(self, array: Var, name: Expr, out: list[Stmt], at: Stmt) -> Var:
        """A field of a structured array under a name of its own."""
        assert isinstance(name, Lit)
        kind = _field_type(self.known[array.name], name.value)
        self.count += 1
        target = f"%field{self.count}"
        self.known[target] = kind
        out.append(Let(target, Op("field", (array, name)), at.span))
        return Var(target)

    def expr(self, expr: Expr, *, at: Stmt, out: list[Stmt]) -> Expr:
        """A field in the place of an attribute, an element of it in the place of a record's."""
        if not isinstance(expr, Op) or expr.fn not in ("attr", "getitem") or len(expr.args) != 2:
            return expr
        whole, name = expr.args
        if not isinstance(whole, Var) or not isinstance(name, Lit) or type(name.value) is not str:
            return expr
        kind = self.known.get(whole.name)
        if kind is not None and is_structured(kind) and name.value in kind.dtype.fields:
            return Op("field", (whole, name), (), expr.span)
        if whole.name in self.records:
            array, index = self.records[whole.name]
            return Op("getitem", (self.field(array, name, out, at), *index), (), expr.span)
        return expr

    def store(self, stmt: Store, out: list[Stmt]) -> Store:
        if stmt.array not in self.records:
            return stmt
        array, index = self.records[stmt.array]
        field = self.field(array, stmt.index[0], out, stmt)
        return replace(stmt, array=field.name, index=index)

    def copies(self, stmt: Store, out: list[Stmt]) -> list[Stmt]:
        """A record or a structured array written into another, field by field; nothing for what
        is none, or holds records itself.
        """
        value = stmt.value
        if not isinstance(value, Var):
            return []
        source, index = self.records.get(value.name, (value, ()))
        kinds = self.kind(Var(stmt.array)), self.kind(source)
        if not all(map(is_structured, kinds)) or kinds[0].dtype != kinds[1].dtype:
            return []
        names = list(map(Lit, kinds[0].dtype.fields))
        if any(is_structured(_field_type(kinds[0], name.value)) for name in names):
            return []
        made: list[Stmt] = []
        for name in names:
            to, part = (
                self.field(Var(stmt.array), name, out, stmt),
                self.field(source, name, out, stmt),
            )
            if index:
                self.count += 1
                element = f"%field{self.count}"
                self.known[element] = _element_type(self.known[part.name], len(index))
                out.append(Let(element, Op("getitem", (part, *index)), stmt.span))
                part = Var(element)
            made.append(replace(stmt, array=to.name, value=part))
        return made

    def refuse(self, stmt: Stmt) -> None:
        """Records that are more than their fields, and arrays of them in arithmetic."""
        advice = 'read and write its fields: `a[i]["x"]`, or go over it by `for r in a`'
        for op in (e for x in own_exprs(stmt) for e in subexpressions(x) if isinstance(e, Op)):
            for arg in op.args:
                kind = self.kind(arg)
                allowed = op.fn in _WHOLE or (op.fn == "attr" and is_structured(kind))
                if is_record(kind) or (is_structured(kind) and not allowed):
                    message = "a record of a structured array is not supported like this"
                    at = op.span or stmt.span
                    self.diagnostics.append(Diagnostic("function", message, at, help=advice))
                    return
        target = getattr(stmt, "target", None) or getattr(stmt, "array", None)
        kind = self.known.get(target) if target else None
        made = stmt.value if isinstance(stmt, Let) else None
        if isinstance(made, Op) and is_structured(kind) and made.fn not in _MAKES:
            message = "a structured array cannot be made like this"
            advice = "make one with `np.zeros`, `np.empty` or `.copy()`, and write its fields"
            at = made.span or stmt.span
            self.diagnostics.append(Diagnostic("function", message, at, help=advice))
            return
        whole = isinstance(stmt, Store) and is_structured(kind)
        if type(kind).__name__ == "NestedArray":
            message = "a field of a record that is an array itself is not supported"
            advice = 'take the field first: `a["w"][i]`'
            self.diagnostics.append(Diagnostic("function", message, stmt.span, help=advice))
        if is_record(kind) or whole:
            message = "a record of a structured array is not supported like this"
            self.diagnostics.append(Diagnostic("function", message, stmt.span, help=advice))


def field_shape(array: Any, name: Expr) -> tuple[int, ...]:
    """The sizes of the axes that a field of a structured array has beside those of the array."""
    assert isinstance(name, Lit)
    return getattr(array.dtype.fields[name.value].type, "shape", ())


def _element_type(field: Any, places: int) -> Any:
    """The type of what stands at so many places of the field of a structured array."""
    return field.dtype if field.ndim == places else field.copy(ndim=field.ndim - places)


def _field_type(array: Any, name: str) -> Any:
    from numba.core.registry import cpu_target

    return cpu_target.typing_context.resolve_getattr(array, name)
