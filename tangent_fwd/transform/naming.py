"""Naming: every value gets the name a person would have given it.

A value keeps the user's name; a second version of a name is made only where two values live at
the same time. The tangent of `x` is `d_x`; in the lanes of a wide pass it is `d_x_0`, `d_x_1`, …
A temporary is named after what it is.

Before:

>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> from tangent_fwd.transform.split import split
>>> import math
>>> def f(x):
...     x = math.sin(x)
...     return x * x + math.cos(math.exp(x) + x)
>>> before = split(lower(parse(f)))
>>> sorted({s.target for s in before.body if hasattr(s, "target")})
['%1', '%2', '%3', '%4', '%5', 'x%2']

After:

>>> print(show(naming(before, frozenset())))
def f(x):
    x = math.sin(x)
    x_squared = x * x
    exp_x = math.exp(x)
    plus = exp_x + x
    cos_plus = math.cos(plus)
    plus = x_squared + cos_plus
    return plus
"""

from __future__ import annotations

import keyword
from dataclasses import replace

from tangent_fwd.analysis.alias import is_array
from tangent_fwd.analysis.live import Interference
from tangent_fwd.ir.nodes import Block, Expr, For, Function, If, Let, Lit, Op, Ref, Stmt, Store, Var
from tangent_fwd.ir.walk import blocks, defined, rename, statements, with_blocks

# Names that the emitted module uses itself.
RESERVED = frozenset(
    "np math njit range len min max abs float int bool print round tuple pow sum any all "
    "ValueError stretch common".split()
) | frozenset(keyword.kwlist)

_WORDS = {
    "add": "plus", "sub": "diff", "mul": "prod", "truediv": "ratio", "pow": "power",
    "floordiv": "floor", "mod": "rest", "neg": "minus", "matmul": "product", "tuple": "pair",
    "common": "size", "ifelse": "chosen", "and": "both", "or": "either", "not": "isnt",
    "lt": "less", "le": "less", "gt": "more", "ge": "more", "eq": "same", "ne": "differs",
    "stretch": "wide", "call": "result",
}  # fmt: skip

# How short products and powers are called, and how long such a name may get.
_TIMES = {0.5: "half", 2.0: "twice"}
_TO_THE = {2: "squared", 3: "cubed"}
_LONGEST = 14


def naming(function: Function, taken: frozenset[str]) -> Function:
    """The program with identifiers for names; `taken` are names it must not use."""
    function = _coalesce(function)
    names = _Names(function, taken).choose()
    body = rename(function.body, names)
    params = tuple(names.get(p, p) for p in function.params)
    types = {names.get(n, n): t for n, t in (function.types or {}).items()}
    body = _without_self_copies(body)
    return replace(function, params=params, body=body, types=types or function.types)


def core(name: str) -> str:
    """The primal variable that a name belongs to: `d:1:x%2` is a tangent of `x%2`."""
    return name.rsplit(":", 1)[-1]


def lane(name: str) -> str | None:
    """The lane of a tangent: "" when it is alone; None for a primal."""
    return name.split(":")[1] if name.startswith("d:") else None


def base(name: str) -> str:
    """The user's name inside a version of it; empty for a temporary."""
    return core(name).split("%")[0]


# --- one name for values that never meet ----------------------------------------------------------


def _coalesce(function: Function) -> Function:
    """Give versions of one user name, and copies, one name where they do not interfere."""
    conflicts = Interference(function)
    everything = _all_names(function)
    families: dict[str, list[str]] = {}
    for name in everything:
        families.setdefault(core(name), []).append(name)
    joined: dict[str, str] = {}
    owners = {name: {base(name)} - {""} for name in families}

    def find(name: str) -> str:
        while name in joined:
            name = joined[name]
        return name

    def join(keep: str, drop: str) -> None:
        keep, drop = find(keep), find(drop)
        if keep == drop or str(function.typeof(keep)) != str(function.typeof(drop)):
            return
        lanes = {lane(n) for n in families.get(drop, [])} | {lane(n) for n in families[keep]}
        pairs = [(_as(keep, k), _as(drop, k)) for k in lanes]
        if any(conflicts.between(a, b) for a, b in pairs):
            return
        if len(owners[keep] | owners[drop]) > 1:
            return  # two names of the user's stay two
        if drop in function.params or any(_as(drop, k) in function.params for k in lanes):
            if keep in function.params:
                return
            keep, drop, pairs = drop, keep, [(b, a) for a, b in pairs]
        joined[drop] = keep
        owners[keep] |= owners[drop]
        for a, b in pairs:
            conflicts.merge(a, b)
        families[keep] = sorted({*families[keep], *(a for a, _ in pairs)})

    copies = [
        (s.target, s.value.name)
        for s in statements(function.body)
        if isinstance(s, Let) and isinstance(s.value, Var)
    ]
    for target, source in copies:
        if lane(target) is None and lane(source) is None:
            if base(target) and not base(source):
                join(target, source)
            else:
                join(source, target)
    for name in sorted(families):
        if "%" in name and base(name) and base(name) in families:
            join(base(name), name)
    mapping = {}
    for name in everything:
        final = find(core(name))
        if final != core(name):
            mapping[name] = _as(final, lane(name))
    return replace(function, body=rename(function.body, mapping))


def _as(name: str, which: str | None) -> str:
    return name if which is None else f"d:{which}:{name}"


def _all_names(function: Function) -> list[str]:
    found = dict.fromkeys(function.params)
    for stmt in statements(function.body):
        name = defined(stmt)
        if name is not None:
            found[name] = None
    return list(found)


def _without_self_copies(block: Block) -> Block:
    out: list[Stmt] = []
    for stmt in block:
        if isinstance(stmt, Let) and stmt.value == Var(stmt.target):
            continue
        inner = blocks(stmt)
        if inner:
            stmt = with_blocks(stmt, tuple(map(_without_self_copies, inner)))
        if isinstance(stmt, If) and not stmt.body:
            stmt = replace(stmt, cond=_negation(stmt.cond), body=stmt.orelse, orelse=())
            if not stmt.body:
                continue
        out.append(stmt)
    return tuple(out)


# --- words ---------------------------------------------------------------------------------


def _negation(cond: Expr) -> Expr:
    return cond.args[0] if isinstance(cond, Op) and cond.fn == "not" else Op("not", (cond,))


def _plural(word: str) -> str:
    return word if word.endswith("s") else f"{word}s"


class _Names:
    def __init__(self, function: Function, taken: frozenset[str]) -> None:
        self.function = function
        self.taken = set(taken) | RESERVED
        self.chosen: dict[str, str] = {}
        self.wide = any(lane(n) for n in _all_names(function))
        self.names = _all_names(function)
        self.conflicts = Interference(function)
        # The words given out, each with the temporaries that have it and the word they asked for.
        self.holders: dict[str, list[tuple[str, str]]] = {}
        self.made: dict[str, Expr] = {}
        self.stored: dict[str, Expr] = {}
        self.summed: dict[str, Expr] = {}
        for stmt in statements(function.body):
            if isinstance(stmt, Let):
                self.made.setdefault(stmt.target, stmt.value)
                value = stmt.value
                if isinstance(value, Op) and value.fn == "add" and len(value.args) == 2:
                    if value.args[0] == Var(stmt.target):
                        self.summed.setdefault(stmt.target, value.args[1])
            if isinstance(stmt, Store):
                value = stmt.value
                if isinstance(value, Var):
                    value = self.made.get(value.name, value)
                self.stored.setdefault(stmt.array, value)

    def choose(self) -> dict[str, str]:
        everything = _all_names(self.function)
        primals = list(dict.fromkeys(core(n) for n in everything))
        for name in primals:  # the user's names come first
            if "%" not in name:
                self.chosen[name] = self.unique(name) if name in self.taken else name
                self.taken.add(self.chosen[name])
        for stmt in statements(self.function.body):
            if isinstance(stmt, For) and "%" in stmt.var and not base(stmt.var):
                free = (c for c in "ijklmn" if c not in self.taken)
                self.chosen[stmt.var] = next(free, None) or self.unique("index")
                self.taken.add(self.chosen[stmt.var])
        for name in primals:
            if "%" in name and name not in self.chosen:
                self.chosen[name] = self.shared(name, self.word(name))
        lanes = [n for n in everything if lane(n) is not None]
        tangents: dict[tuple[str, str | None], str] = {}
        for name in lanes:
            number = lane(name)
            place = (self.chosen[core(name)], number)
            if place not in tangents:
                tangents[place] = self.unique("_".join(p for p in ("d", *place) if p))
                self.taken.add(tangents[place])
            self.chosen[name] = tangents[place]
        return self.chosen

    def shared(self, name: str, word: str) -> str:
        """The word for a temporary; scalars of one type that never meet have it in common."""
        kind = self.function.typeof(name)
        alike = [w for w, others in self.holders.items() if others[0][1] == word]
        for candidate in alike if str(kind) in ("float64", "float32") else ():
            others = [other for other, _ in self.holders[candidate]]
            if all(self.function.typeof(other) == kind for other in others):
                if not any(self.meet(name, other) for other in others):
                    self.holders[candidate].append((name, word))
                    return candidate
        found = self.unique(word)
        self.taken.add(found)
        self.holders[found] = [(name, word)]
        return found

    def meet(self, one: str, other: str) -> bool:
        lanes = {lane(n) for n in self.names if core(n) in (one, other)}
        return any(self.conflicts.between(_as(one, k), _as(other, k)) for k in lanes)

    def unique(self, word: str) -> str:
        if word not in self.taken:
            return word
        # In a wide pass `d_total_2` is a lane of `total`; its second version is `total2`.
        gap, count = ("" if self.wide else "_"), 2
        while f"{word}{gap}{count}" in self.taken:
            count += 1
        return f"{word}{gap}{count}"

    def word(self, name: str) -> str:
        """What a temporary is called, after how it is made."""
        mine = base(name)
        if name.endswith("%s"):
            whole = name[:-2]
            if whole in self.chosen or (mine and mine in self.taken):
                return f"{mine or self.word(whole)}_{self.subscript(whole)}"
            return mine or self.described(self.made.get(name), "value")
        if mine:
            return f"{mine}_wide" if name[len(mine) :].startswith("%x") else mine
        if is_array(self.function.typeof(name)):
            stored, made = self.stored.get(name), self.made.get(name)
            if stored is not None and isinstance(made, Op) and made.fn == "empty":
                return _plural(self.described(stored, "value"))
        if isinstance(self.made.get(name), Lit):
            summed = self.summed.get(name)
            if isinstance(summed, Var):
                summed = self.made.get(summed.name)
            if isinstance(summed, Op) and summed.fn.startswith(("numpy.", "math.")):
                return f"sum_{summed.fn.rsplit('.', 1)[-1]}"
        default = "slope" if name.startswith("%p") else "value"
        return self.described(self.made.get(name), default)

    def subscript(self, array: str) -> str:
        for stmt in statements(self.function.body):
            if isinstance(stmt, Store) and stmt.array == array:
                letters = [e.name for e in stmt.index if isinstance(e, Var)]
                return "".join(letters) or "0"
        return "i"

    def described(self, value: Expr | None, default: str) -> str:
        if isinstance(value, Lit):
            return {"-inf": "largest", "inf": "smallest"}.get(str(value.value), "total")
        if isinstance(value, Var):
            return self.chosen.get(value.name, "copy")
        if not isinstance(value, Op):
            return default
        if value.fn == "getitem" and isinstance(value.args[0], Var):
            return self.element(value)
        if value.fn == "mul" and all(map(_is_size, value.args)):
            return "count"
        joint = self.joint(value)
        if joint:
            return joint
        if default == "slope" and value.fn in ("add", "sub", "mul", "truediv", "neg", "pow"):
            return "slope"
        if value.fn == "call" and isinstance(value.args[0], Ref):
            return _WORDS.get(value.args[0].name, "result")
        if value.fn in _WORDS:
            return _WORDS[value.fn]
        if value.fn == "attr" and isinstance(value.args[1], Lit):
            return str(value.args[1].value)
        word = value.fn.rsplit(".", 1)[-1]
        word = {"float32": "count", "ascontiguousarray": "packed"}.get(word, word)
        first = value.args[0] if value.args else None
        if isinstance(first, Var):
            inner = self.chosen.get(first.name, "")
            if inner and len(inner) <= 8 and "." in value.fn:
                return f"{word}_{inner}"
        return word if word.isidentifier() else default

    def joint(self, value: Op) -> str:
        """A short product, quotient or power is called by its parts: `half_dt`, `x_over_y`."""
        if value.fn not in ("mul", "truediv", "pow") or len(value.args) != 2:
            return ""
        left, right = value.args
        if value.fn == "mul" and isinstance(right, Lit):
            left, right = right, left
        first, second = (
            self.chosen.get(e.name, "") if isinstance(e, Var) else "" for e in (left, right)
        )
        if value.fn == "mul":
            before = _TIMES.get(left.value, "") if isinstance(left, Lit) else first
            word = f"{before}_{second}" if before and second else ""
            if left == right and second:
                word = f"{second}_squared"
        elif value.fn == "pow":
            after = _TO_THE.get(right.value, "") if isinstance(right, Lit) else ""
            word = f"{first}_{after}" if first and after else ""
        elif isinstance(left, Lit):
            word = f"inverse_{second}" if left.value == 1.0 and second else ""
        else:
            below = second
            if isinstance(right, Lit) and float(right.value).is_integer() and right.value > 0:
                below = str(int(right.value))
            word = f"{first}_over_{below}" if first and below else ""
        return word if len(word) <= _LONGEST else ""

    def element(self, value: Op) -> str:
        array = value.args[0]
        assert isinstance(array, Var)
        holder = self.chosen.get(array.name) or base(array.name) or "row"
        parts = []
        for entry in value.args[1:]:
            if isinstance(entry, Var):
                parts.append(self.chosen.get(entry.name) or base(entry.name) or "k")
            elif isinstance(entry, Lit) and isinstance(entry.value, int) and entry.value >= 0:
                parts.append(str(entry.value))
            elif isinstance(entry, Op) and entry.fn == "slice":
                start, stop, _ = entry.args
                if stop == Lit(None) and start != Lit(None):
                    parts.append("tail")
                elif start == Lit(None) and stop != Lit(None):
                    parts.append("head")
            elif isinstance(entry, Op) and entry.fn == "add" and entry.args[1] == Lit(1):
                parts.append("next")
            elif isinstance(entry, Op) and entry.fn == "sub" and entry.args[1] == Lit(1):
                parts.append("before")
            else:
                parts.append("k")
        suffix = "_".join(p for p in parts if len(p) <= 6)
        return f"{holder}_{suffix}" if suffix else f"{holder}_view"


def _is_size(expr: Expr) -> bool:
    """Whether an expression is `x.size`, `x.shape[k]`, or a product of such."""
    if not isinstance(expr, Op):
        return False
    if expr.fn == "mul":
        return all(map(_is_size, expr.args))
    if expr.fn == "getitem":
        return isinstance(expr.args[0], Op) and _is_size(expr.args[0])
    return expr.fn == "attr" and expr.args[1] in (Lit("size"), Lit("shape"))
