"""Lowering, the half that deals with values: every operation gets a name of its own."""

from __future__ import annotations

import ast
from collections.abc import Container
from functools import cached_property

from tangent_fwd.frontend import names
from tangent_fwd.frontend.fold import FOLDED, folded
from tangent_fwd.frontend.meanings import Meanings
from tangent_fwd.frontend.trees import bindings, own_nodes
from tangent_fwd.ir.nodes import Expr, If, Let, Lit, Op, Ref, Stmt, Var
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
    ast.In: "in",
    ast.NotIn: "not_in",
}

# Operations that may be computed although the user's program would have skipped them.
HARMLESS = frozenset(
    "add sub mul neg pos not lt le gt ge eq ne is is_not in not_in and or attr".split()
)

_SYNTAX = {
    "Lambda": "a lambda",
    "ListComp": "a list comprehension",
    "SetComp": "a set comprehension",
    "DictComp": "a dict comprehension",
    "GeneratorExp": "a generator expression",
    "Dict": "a dict",
    "Set": "a set",
    "List": "a list",
    "JoinedStr": "an f-string",
    "Starred": "a starred argument",
    "Yield": "`yield`",
    "YieldFrom": "`yield from`",
    "Await": "`await`",
}


class Expressions(Meanings):
    """Values on their way down: what is computed goes to `out`, what comes back is an atom."""

    def call(self, node: ast.Call) -> Expr:
        raise NotImplementedError

    def atom(self, node: ast.expr) -> Expr:
        """Lower an expression; what comes back is a variable, a literal or a constant."""
        value = self.value(node)
        return self.name(value) if isinstance(value, Op) else value

    def variable(self, node: ast.expr) -> str:
        """Lower an expression that must be a variable, because it is stored into."""
        value = self.elements_of(node, stored=True) or self.atom(node)
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
        if node.value is None or isinstance(node.value, (bool, int, float, complex, str)):
            return Lit(node.value)
        if node.value is ...:
            self.refuse(node, "`...` is supported as an index only")
            return Lit(0.0)
        self.refuse(node, f"a {type(node.value).__name__} literal is not supported")
        return Lit(0.0)

    def on_BinOp(self, node: ast.BinOp) -> Expr:
        fn = BINARY[type(node.op)]
        left, right = self.atom(node.left), self.atom(node.right)
        if isinstance(left, Lit) and isinstance(right, Lit) and fn in FOLDED:
            known = folded(fn, left, right)
            if known is not None:
                return known
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
        fn = COMPARE[type(node.ops[k])]
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
        ours = [s for s in pending if isinstance(s, Let) and s.target[0] == "%"]
        needed = [s.value for s in ours] + [right]
        asks = isinstance(left, Op) and Lit(None) in left.args  # None has no attributes
        harmless = HARMLESS - {"attr"} if asks else HARMLESS
        if len(ours) == len(pending) and all(
            not isinstance(e, Op) or e.fn in harmless for e in needed
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

    def on_NamedExpr(self, node: ast.NamedExpr) -> Expr:
        self.let(node.target.id, self.value(node.value))
        return Var(node.target.id)

    def on_Subscript(self, node: ast.Subscript) -> Expr:
        obj = self.resolve(node)
        if obj is not ...:
            return self.captured(node, ast.unparse(node), obj)
        holder = self.resolve(node.value)
        place = self.place(node.slice) if isinstance(holder, tuple) else None
        if place is not None:
            text = f"`{ast.unparse(node.value)}` has {len(holder)} elements"
            self.refuse(node, f"the index {place} is out of range: {text}")
            return Lit(0.0)
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            # Parameters in a dict reach compiled code as a named tuple.
            return Op(
                "attr",
                (self.atom(node.value), Lit(node.slice.value)),
                (("key", True),),
                Span.of(node),
            )
        value = self.elements_of(node.value) or self.atom(node.value)
        nowhere = isinstance(node.slice, ast.Tuple) and not node.slice.elts
        return self.element(value, self.index(node.slice), nowhere, Span.of(node))

    def element(self, value: Expr, index: tuple[Expr, ...], nowhere: bool, span: Span) -> Expr:
        """What is read at a place; `nowhere` is the number in an array without axes."""
        if nowhere and getattr(self.kind(value), "ndim", None) == 0:
            index = (Op("tuple", ()),)
        return Op("getitem", (value, *index), (), span)

    def has_no_axes(self, name: str) -> bool:
        """Whether a name is that of an array without axes."""
        return name in self.made_by_shape and getattr(self.kind(Var(name)), "ndim", None) == 0

    @cached_property
    def made_by_shape(self) -> frozenset[str]:
        """Names that may be arrays without axes: the type of every other need not be asked for."""
        found = {p for p, kind in self.arg_kinds.items() if getattr(kind, "ndim", None) == 0}
        bound = [pair for n in own_nodes(self.function.node) for pair in bindings(n)]
        before = -1
        while len(found) > before:
            before = len(found)
            for target, value in bound:
                if isinstance(target, ast.Name) and self.may_have_no_axes(value, found):
                    found.add(target.id)
        return frozenset(found)

    def may_have_no_axes(self, node: ast.expr | None, found: Container[str]) -> bool:
        """Whether a value may be an array without axes, as far as its text tells; `found` are the
        names that may.
        """
        if not isinstance(node, ast.Call):
            return isinstance(node, ast.Name) and node.id in found
        key = names.key_of(self.resolve(node.func)) or ""
        first = node.args[0] if node.args else None
        if key in names.SHAPED:
            return isinstance(first, ast.Tuple) and not first.elts
        if isinstance(node.func, ast.Attribute) and node.func.attr == "copy":
            first = node.func.value
        elif key not in ("numpy.array", "numpy.asarray") and not key.endswith("_like"):
            return False
        kind = self.kinds.get(first.id) if isinstance(first, ast.Name) else None
        return not isinstance(first, (ast.List, ast.ListComp)) and not getattr(kind, "ndim", 0)

    def elements_of(self, node: ast.expr, stored: bool = False) -> Var | None:
        """What `a.flat` is indexed as: its elements in order; None for anything else."""
        if not isinstance(node, ast.Attribute) or node.attr != "flat":
            return None
        if self.resolve(node) is not ...:
            return None
        array = self.atom(node.value)
        if stored and getattr(self.kind(array), "layout", "") != "C":
            message = "writing through `.flat` into an array that may not be contiguous"
            self.refuse(node, f"{message} is not supported", "write it as a loop")
        given = (array, Lit(-1)) if stored else (array,)
        fn = "numpy.reshape" if stored else "numpy.ravel"
        return self.name(Op(fn, given, (), Span.of(node)))

    def index(self, node: ast.expr) -> tuple[Expr, ...]:
        """The entries of a subscript: atoms, `slice` operations, None and Ellipsis, which `()` is
        where something is stored.
        """
        node = self.outer_index(node)
        nodes = node.elts if isinstance(node, ast.Tuple) else [node]
        entries: list[Expr] = []
        for each in nodes:
            starred = isinstance(each, ast.Starred)
            entries.extend(self.entries([each]) if starred else [self.index_entry(each)])
        return tuple(entries) or (Lit(...),)

    def entries(self, nodes: list[ast.expr]) -> tuple[Expr, ...]:
        raise NotImplementedError

    def index_entry(self, node: ast.expr) -> Expr:
        if isinstance(node, ast.Slice):
            parts = [Lit(None) if p is None else self.atom(p) for p in
                     (node.lower, node.upper, node.step)]  # fmt: skip
            return Op("slice", tuple(parts), (), Span.of(node))
        if isinstance(node, ast.Constant) and node.value is ...:
            return Lit(...)
        if isinstance(node, ast.List) and node.elts:
            return self.name(self.as_array(node))
        return self.atom(node)

    def as_array(self, node: ast.List) -> Expr:
        raise NotImplementedError

    def outer_index(self, node: ast.expr) -> ast.expr:
        raise NotImplementedError
