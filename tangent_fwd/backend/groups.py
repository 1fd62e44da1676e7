"""Groups: statements of one line of the user's that people write as one assignment.

The passes speak of single bindings; `a, b = t` reached them as `a = t[0]` and `b = t[1]`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tangent_fwd.ir.nodes import Block, Expr, Function, Let, Lit, Op, Store, Var
from tangent_fwd.ir.walk import own_exprs, statements, variables


@dataclass(frozen=True)
class Group:
    """Assignments `targets = values` that stand for `count` statements; a single value is unpacked
    into all targets.
    """

    lines: tuple[tuple[tuple[str, ...], tuple[Expr, ...]], ...]
    count: int


def grouped(function: Function, block: Block, k: int) -> Group | None:
    """The group that begins at the k-th statement of a block, if one does."""
    first = block[k]
    if not isinstance(first, Let):
        return None
    return (
        _pair(function, block, k) or _unpacked(function, block, k) or _swapped(function, block, k)
    )


def _pair(function: Function, block: Block, k: int) -> Group | None:
    """`r = g(x, d_x)`, `y = r[0]`, `d_y = r[1]` is `y, d_y = g(x, d_x)`."""
    call = block[k]
    if not isinstance(call, Let) or not isinstance(call.value, Op):
        return None
    if not dict(call.value.keywords).get("pair"):
        return None
    names: list[str] = []
    length = _length(function, Var(call.target))
    for part in block[k + 1 : k + 1 + (length or 0)]:
        place = Op("getitem", (Var(call.target), Lit(len(names))))
        if isinstance(part, Let) and part.value == place:
            names.append(part.target)
    reads = sum(
        n == call.target for s in statements(function.body) for e in own_exprs(s)
        for n in variables(e)
    )  # fmt: skip
    if len(names) != length or reads != len(names):
        return None
    return Group(((tuple(names), (call.value,)),), 1 + len(names))


def _unpacked(function: Function, block: Block, k: int) -> Group | None:
    """`a = t[0]`, `b = t[1]` is `a, b = t`."""
    found: dict[Expr, list[str]] = {}
    count = 0
    for stmt in _same_line(block, k):
        value = stmt.value
        if not (isinstance(value, Op) and value.fn == "getitem" and len(value.args) == 2):
            break
        names = found.setdefault(value.args[0], [])
        if value.args[1] != Lit(len(names)):
            return None
        names.append(stmt.target)
        count += 1
    lengths = {whole: _length(function, whole) for whole in found}
    if not found or any(len(names) != lengths[w] or len(names) < 2 for w, names in found.items()):
        return None
    return Group(tuple((tuple(names), (whole,)) for whole, names in found.items()), count)


def _length(function: Function, whole: Expr) -> int | None:
    """How many elements a tuple or a shape has."""
    if isinstance(whole, Var):
        kind = function.typeof(whole.name)
        return len(kind) if hasattr(kind, "types") else None
    if isinstance(whole, Op) and whole.fn == "attr" and isinstance(whole.args[0], Var):
        if whole.args[1] == Lit("shape"):
            return int(function.typeof(whole.args[0].name).ndim)
    return None


def _swapped(function: Function, block: Block, k: int) -> Group | None:
    """Copies of one line that only exchange names are `a, b = b, a`."""
    run = []
    value: dict[str, str] = {}
    for stmt in _same_line(block, k):
        if not isinstance(stmt.value, Var):
            break
        value[stmt.target] = value.get(stmt.value.name, stmt.value.name)
        run.append(stmt)
    if len(run) < 3:
        return None
    mine = {id(s) for s in run}
    others = [s for s in statements(function.body) if id(s) not in mine]
    read = {n for s in others for e in own_exprs(s) for n in variables(e)}
    read |= {s.array for s in others if isinstance(s, Store)}
    kept = {t: v for t, v in value.items() if t in read and t != v}
    if not kept or set(kept) != set(kept.values()):
        return None
    lines = []
    while kept:
        ring = [next(iter(kept))]
        while kept[ring[-1]] != ring[0]:
            ring.append(kept[ring[-1]])
        lines.append((tuple(ring), tuple(Var(kept[n]) for n in ring)))
        for name in ring:
            del kept[name]
    return Group(tuple(lines), len(run))


def _same_line(block: Block, k: int) -> Iterator[Let]:
    """The bindings from the k-th statement on that came from one line of the user's."""
    for stmt in block[k:]:
        if not isinstance(stmt, Let) or stmt.span.line != block[k].span.line:
            return
        yield stmt
