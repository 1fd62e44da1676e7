"""Fusing: neighbouring nests over the same axis become one loop, and arrays that only carried
values from one to the next become scalars.

Before:

>>> from tangent_fwd.analysis.infer import infer
>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> from tangent_fwd.transform.loops import loops
>>> import numba, numpy as np
>>> def f(x):
...     y = np.sin(x)
...     return np.sum(y * x)
>>> parsed = parse(f)
>>> typed = infer(lower(parsed), (numba.float64[::1],), parsed.source, None)
>>> nests = loops(typed, parsed.source)
>>> show(nests).count("nest")
3

After:

>>> print(show(fuse(nests)))
def f(x):
    %2 = 0.0  # float64
    nest i in range(x.size):
        y%s = numpy.sin(x[i])  # float64
        %1%s = y%s * x[i]  # float64
        %2 = %2 + %1%s  # float64
    return %2
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tangent_fwd.analysis.alias import Aliases, is_array, is_container
from tangent_fwd.analysis.effects import block_calls
from tangent_fwd.ir.nodes import (
    Block,
    Break,
    Continue,
    Expr,
    Function,
    If,
    Let,
    Nest,
    Op,
    Raise,
    Return,
    Stmt,
    Store,
    Try,
    Var,
)
from tangent_fwd.ir.walk import (
    assigned,
    blocks,
    map_block,
    own_exprs,
    rename,
    statements,
    subexpressions,
    substitute,
    variables,
    with_blocks,
)


def fuse(function: Function) -> Function:
    """Join nests and shrink arrays, until nothing changes; the numbers stay the same."""
    work = _Fuse(function)
    body = work.block(function.body)
    body = _contract(replace(function, body=body), body)
    return replace(function, body=body)


@dataclass(frozen=True)
class _Access:
    array: str
    index: tuple[Expr, ...]
    write: bool


class _Fuse:
    def __init__(self, function: Function) -> None:
        self.function = function
        self.aliases = Aliases(function)
        self.caught = False  # whether a `try` stands around, whose handler sees what was done
        self.given = {found for p in function.params for found in self.aliases.of(p)}

    def block(self, block: Block) -> Block:
        out: list[Stmt] = []
        for stmt in block:
            outside = self.caught
            self.caught = outside or isinstance(stmt, Try)
            inner = tuple(self.block(b) for b in blocks(stmt))
            self.caught = outside
            stmt = with_blocks(stmt, inner) if inner else stmt
            if not (isinstance(stmt, Nest) and self.join(out, stmt)):
                out.append(stmt)
        return tuple(out)

    def join(self, out: list[Stmt], nest: Nest) -> bool:
        """Fuse `nest` with an earlier one, moving what stands between out of the way."""
        for place in range(len(out) - 1, max(-1, len(out) - 40), -1):
            earlier = out[place]
            if not isinstance(earlier, Nest):
                if isinstance(earlier, (Return, Break, Continue)) or _is_user_control(earlier):
                    return False
                continue
            if not self.fusable(earlier, nest):
                continue
            above: list[Stmt] = []
            below: list[Stmt] = []
            possible = True
            for other in out[place + 1 :]:
                if self.commute(earlier, other) and all(self.commute(b, other) for b in below):
                    above.append(other)
                elif not _jumps(other) and self.commute(other, nest):
                    # A check never goes below: the loop may read what only the check makes safe.
                    below.append(other)
                else:
                    possible = False
                    break
            if not possible:
                continue
            renamed = rename(nest.body, {nest.index: earlier.index})
            body = self.block((*earlier.body, *renamed))
            out[place:] = [*above, replace(earlier, body=body), *below]
            return True
        return False

    # --- what depends on what --------------------------------------------------------------------

    def accesses(self, block: Block) -> Iterator[_Access]:
        for stmt in statements(block):
            if isinstance(stmt, Store):
                yield _Access(stmt.array, stmt.index, True)
            for expr in own_exprs(stmt):
                yield from self.reads(expr)

    def reads(self, expr: Expr) -> Iterator[_Access]:
        elements = set()
        for e in subexpressions(expr):
            if isinstance(e, Op) and e.args and isinstance(e.args[0], Var):
                if e.fn == "getitem" and self.is_memory(e.args[0].name):
                    elements.add(id(e.args[0]))
                    yield _Access(e.args[0].name, e.args[1:], False)
                elif e.fn == "attr":
                    elements.add(id(e.args[0]))
            if isinstance(e, Var) and id(e) not in elements and self.is_memory(e.name):
                yield _Access(e.name, (), False)

    def is_memory(self, name: str) -> bool:
        """Whether what a variable holds may be stored into."""
        kind = self.function.typeof(name)
        return is_array(kind) or is_container(kind)

    def fusable(self, a: Nest, b: Nest) -> bool:
        if a.extent != b.extent or _branchy(a) != _branchy(b):
            return False
        for first in self.accesses(a.body):
            for second in self.accesses(b.body):
                if not (first.write or second.write):
                    continue
                if self.aliases.find(first.array) != self.aliases.find(second.array):
                    continue
                aligned = first.array == second.array and any(
                    _moves_with(a.index, i) and i == substitute(j, {b.index: Var(a.index)})
                    for i, j in zip(first.index, second.index)
                )
                if not aligned:
                    return False
        mine, theirs = assigned((a,)) - {a.index}, assigned((b,)) - {b.index}
        mine -= _indices(a)
        theirs -= _indices(b)
        if mine & (theirs | _names(b.body)) or theirs & _names(a.body):
            return False
        return not (block_calls(a.body) or block_calls(b.body))

    def commute(self, a: Stmt, b: Stmt) -> bool:
        """Whether two statements may change places."""
        if self.caught:
            return False
        if _jumps(a) or _jumps(b):
            guard, other = (a, b) if _jumps(a) else (b, a)
            if not _is_guard(guard) or not self.invisible(other):
                return False
        if block_calls((a,)) or block_calls((b,)):
            return False
        wa, wb = assigned((a,)) - _indices(a), assigned((b,)) - _indices(b)
        ra, rb = _names((a,)) - _indices(a), _names((b,)) - _indices(b)
        if wa & (wb | rb) or wb & ra:
            return False
        first, second = list(self.accesses((a,))), list(self.accesses((b,)))
        return not any(
            (p.write or q.write) and self.aliases.find(p.array) == self.aliases.find(q.array)
            for p in first
            for q in second
        )

    def invisible(self, stmt: Stmt) -> bool:
        """Whether nobody could tell that a statement ran before an exception."""
        written = {self.aliases.find(a.array) for a in self.accesses((stmt,)) if a.write}
        return not _jumps(stmt) and not written & self.given


def _moves_with(index: str, place: Expr) -> bool:
    """Whether another round of a loop means another place: `i`, `i + 1`, `2 * i`."""
    return index in variables(place) and all(
        not isinstance(e, Op) or e.fn in ("add", "mul") for e in subexpressions(place)
    )


def _is_user_control(stmt: Stmt) -> bool:
    return bool(blocks(stmt)) and not isinstance(stmt, (Nest, If))


def _is_guard(stmt: Stmt) -> bool:
    """Whether a statement raises or does nothing but bind names."""
    return not any(isinstance(s, (Return, Break, Continue, Store)) for s in statements((stmt,)))


def _jumps(stmt: Stmt) -> bool:
    kinds = (Return, Break, Continue, Raise)
    return any(isinstance(s, kinds) or _compares_shapes(s) for s in statements((stmt,)))


def _compares_shapes(stmt: Stmt) -> bool:
    """Whether a statement raises where shapes do not agree."""
    found = (e for x in own_exprs(stmt) for e in subexpressions(x))
    return any(isinstance(e, Op) and e.fn in ("stretch", "common") for e in found)


def _branchy(nest: Nest) -> bool:
    """A branch in a loop keeps LLVM from vectorising it; do not spread that to other loops."""
    return any(isinstance(s, If) for s in statements(nest.body))


def _indices(nest: Stmt) -> set[str]:
    return {s.index for s in statements((nest,)) if isinstance(s, Nest)}


def _names(block: Block) -> set[str]:
    found = {n for s in statements(block) for e in own_exprs(s) for n in variables(e)}
    return found | {s.array for s in statements(block) if isinstance(s, Store)}


# --- arrays that need not exist ----------------------------------------------------------------


def _contract(function: Function, body: Block) -> Block:
    """Turn arrays that are written and read at the same point of one nest into scalars."""
    owned = {
        s.target
        for s in statements(body)
        if isinstance(s, Let) and isinstance(s.value, Op) and dict(s.value.keywords).get("owned")
    }
    for name in sorted(owned):
        body = _contract_one(body, name)
    return body


def _mentions(stmt: Stmt, name: str) -> int:
    """How often a statement itself reads a variable or stores into it."""
    count = sum(n == name for e in own_exprs(stmt) for n in variables(e))
    return count + (isinstance(stmt, Store) and stmt.array == name)


def _contract_one(body: Block, name: str) -> Block:
    stores = [s for s in statements(body) if isinstance(s, Store) and s.array == name]
    if len(stores) != 1:
        return body
    store = stores[0]
    home = _home(body, store)
    position = next(k for k, s in enumerate(home) if s is store)
    element = Op("getitem", (Var(name), *store.index))
    after = home[position + 1 :]
    reads = sum(
        e == element for s in statements(after) for x in own_exprs(s) for e in subexpressions(x)
    )
    if reads + 1 != sum(_mentions(s, name) for s in statements(body)):
        return body
    moved = {n for e in store.index for n in variables(e)} & assigned(after)
    value = store.value
    if moved or any(n in assigned(after) for n in variables(value)):
        return body
    if isinstance(value, Op) and reads > 1:
        return body
    if isinstance(value, Op) and not _still(value, after):
        return body

    def swap(expr: Expr) -> Expr:
        return value if expr == element else expr

    def change(expr: Expr) -> Expr:
        from tangent_fwd.ir.walk import map_expr

        return map_expr(swap, expr)

    new_home = (*home[:position], *map_block(change, after))
    return _without_allocation(_replace_block(body, home, new_home), name)


def _still(value: Expr, after: Block) -> bool:
    """Whether an expression means the same at every place after: nothing it loads is stored to."""
    loads = {e.args[0].name for e in subexpressions(value)
             if isinstance(e, Op) and e.fn == "getitem" and isinstance(e.args[0], Var)}  # fmt: skip
    return not loads


def _home(block: Block, target: Stmt) -> Block:
    for stmt in block:
        if stmt is target:
            return block
        for inner in blocks(stmt):
            if any(s is target for s in statements(inner)):
                return _home(inner, target)
    raise AssertionError("the statement is not in the block")


def _replace_block(block: Block, old: Block, new: Block) -> Block:
    if block is old:
        return new
    result = []
    for stmt in block:
        inner = blocks(stmt)
        if inner:
            stmt = with_blocks(stmt, tuple(_replace_block(b, old, new) for b in inner))
        result.append(stmt)
    return tuple(result)


def _without_allocation(block: Block, name: str) -> Block:
    result = []
    for stmt in block:
        if isinstance(stmt, Let) and stmt.target == name:
            continue
        inner = blocks(stmt)
        if inner:
            stmt = with_blocks(stmt, tuple(_without_allocation(b, name) for b in inner))
        result.append(stmt)
    return tuple(result)
