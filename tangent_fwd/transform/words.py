"""Words: what a temporary is called, after what it is.

A short value is called by its parts: `dt / 6.0` is `dt_over_6`, `np.sin(x)` is `sin_x`, an
element `x[i]` is `x_i`. A longer one is called by its kind: `diff`, `total`, `prod`.
"""

from __future__ import annotations

from tangent_fwd.analysis.alias import MAKES, is_array
from tangent_fwd.ir.nodes import FULL, Expr, Function, Let, Lit, Op, Ref, Return, Store, Var
from tangent_fwd.ir.walk import statements

# What an operation is called whose operands make too long a name.
_WORDS = {
    "add": "total", "sub": "diff", "mul": "prod", "truediv": "ratio", "pow": "power",
    "floordiv": "floor", "mod": "rest", "neg": "minus", "matmul": "product", "tuple": "pair",
    "common": "size", "ifelse": "chosen", "and": "both", "or": "either", "not": "isnt",
    "lt": "less", "le": "less", "gt": "more", "ge": "more", "eq": "same", "ne": "differs",
    "overlap": "overlap", "stretch": "wide", "call": "result", "getitem": "entry",
    "numpy.ascontiguousarray": "packed", "numpy.flatten": "flat",
}  # fmt: skip
# What a function's value is called whose arguments make too long a name.
_KINDS = {
    "sum": "total", "max": "largest", "min": "smallest", "abs": "size", "absolute": "size",
    "float32": "count",
}  # fmt: skip
_BETWEEN = {"add": "_plus_", "sub": "_minus_", "mul": "_", "matmul": "_", "truediv": "_over_"}
_NUMBERS = {"0.5": "half", "2.0": "twice", "2": "twice", "1.0": "one", "1": "one"}
_ROOM = 16


def core(name: str) -> str:
    """The primal variable that a name belongs to: `d:1:x%2` is a tangent of `x%2`."""
    return name.rsplit(":", 1)[-1]


def mark(name: str) -> str | None:
    """What makes a name that of a tangent: `d:` when it is alone, `d:0` in the first of many
    lanes, `d:d` for a second one, `u:` and `v:` for the vectors of one; None for a primal.
    """
    return name.rsplit(":", 1)[0] if ":" in name else None


def base(name: str) -> str:
    """The user's name inside a version of it; empty for a temporary."""
    return core(name).split("%")[0]


class Words:
    """The words for one function's temporaries; `chosen` holds the names that are settled, and
    `taken` all that must not be given again.

    `origins` are the operations of the user's from which the temporaries came.
    """

    def __init__(self, function: Function, taken: frozenset[str], origins: dict[str, Expr]) -> None:
        self.function = function
        self.taken = set(taken)
        self.chosen: dict[str, str] = {}
        self.made: dict[str, Expr] = {}
        self.place: dict[str, Store] = {}
        self.kept: dict[str, Expr] = {}
        for stmt in statements(function.body):
            if isinstance(stmt, Let):
                self.made.setdefault(stmt.target, stmt.value)
            if isinstance(stmt, Store):
                self.kept.setdefault(stmt.array, stmt.value)
                if isinstance(stmt.value, Var) and base(stmt.array):
                    self.place.setdefault(stmt.value.name, stmt)
        self.made |= origins
        self.result = _returned(function)

    def word(self, name: str) -> str:
        """What a temporary is called: after where it goes, or after how it is made."""
        mine = base(name)
        if name == self.result and is_array(self.function.typeof(name)):
            return "result"
        if name.endswith("%s"):
            whole = name[:-2]
            if whole in self.chosen or (mine and mine in self.taken):
                return f"{self.chosen.get(whole) or mine}_{self.subscript(whole)}"
            return mine or self.spelt(self.made.get(whole) or self.made.get(name)) or "value"
        if mine:
            made = self.made.get(name)
            if "%asked" in name:
                return f"{mine}_there"
            return f"{mine}_wide" if isinstance(made, Var) else f"{mine}_new"
        if name in self.place:
            store = self.place[name]
            return self.element(Op("getitem", (Var(store.array), *store.index))) or "entry"
        if name.startswith(("%p", "%f")):
            made = self.made.get(name)
            if made is not None and all(_is_size(e) for e in _leaves(made)):
                return "count"
            if name.startswith("%p"):
                called = isinstance(made, Op) and (made.fn == "matmul" or "." in made.fn)
                return (self.short(made) if called else None) or "slope"
        found = self.spelt(self.made.get(name))
        if found is None or found == "value":
            found = self.spelt(self.kept.get(name))
        return found or "value"

    def subscript(self, array: str) -> str:
        for stmt in statements(self.function.body):
            if isinstance(stmt, Store) and stmt.array == array:
                letters = [
                    self.chosen.get(e.name, e.name) for e in stmt.index if isinstance(e, Var)
                ]
                return "".join(letters) or "0"
        return "i"

    def spelt(self, value: Expr | None) -> str | None:
        """The name of a value: its operands where that is short, else the word for its kind."""
        found = self.short(value)
        if found is not None:
            return found
        if not isinstance(value, Op):
            return None
        if value.fn in MAKES:
            return "values"
        if value.fn == "attr" and isinstance(value.args[1], Lit):
            return f"{self.in_words(value.args[0]) or 'value'}_{value.args[1].value}"
        if value.fn == "builtins.list":
            return "keys"
        if value.fn in _WORDS:
            return _WORDS[value.fn]
        if value.fn == "call" or value.fn in ("empty", "zeros"):
            return None
        word = value.fn.rsplit(".", 1)[-1]
        word = _KINDS.get(word, word)
        return word if word.isidentifier() else None

    def short(self, value: Expr | None) -> str | None:
        """A value by its parts, where that is short."""
        found = self.in_words(value)
        fits = found is not None and found.isidentifier() and 1 < len(found) <= _ROOM
        return found if fits else None

    def in_words(self, value: Expr | None) -> str | None:
        """A value by its parts, however long; None where that cannot be said."""
        if isinstance(value, Var):
            if value.name in self.chosen:
                return self.chosen[value.name]
            if mark(value.name) is not None:
                primal = self.in_words(Var(core(value.name)))
                return primal and f"{value.name[0]}_{primal}"
            return base(value.name) or self.in_words(self.made.get(value.name))
        if isinstance(value, Lit):
            if isinstance(value.value, float) and value.value.is_integer():
                return _NUMBERS.get(repr(value.value), str(int(value.value)))
            return _NUMBERS.get(repr(value.value), str(value.value))
        if not isinstance(value, Op):
            return None
        if value.fn == "getitem":
            return self.element(value)
        if value.fn == "attr":
            assert isinstance(value.args[1], Lit)
            if value.args[1].value == "T":
                inner = self.in_words(value.args[0])
                return None if inner is None else f"{inner}_T"
            whole = value.args[0]
            moved = isinstance(whole, Var) and mark(whole.name) is not None
            return f"d_{value.args[1].value}" if moved else str(value.args[1].value)
        if value.fn == "field" and isinstance(value.args[1], Lit):
            return f"{self.in_words(value.args[0]) or 'record'}_{value.args[1].value}"
        if value.fn == "call":
            ref, rule = value.args[0], dict(value.keywords).get("rule")
            assert isinstance(ref, Ref)
            if rule == "pair":
                return "pair"
            word = ref.name.removesuffix("_jvp").strip("_")
            if word == ref.name and value.args[1:]:  # its own name is the function's
                first = self.in_words(value.args[1])
                word = f"{word}_{first}" if first else word
            return _WORDS.get(ref.name) or word
        if value.fn in _BETWEEN and any(self.is_composite(a) for a in value.args):
            return None
        args = [self.in_words(a) for a in value.args]
        if any(a is None for a in args) or not args:
            return None
        if value.fn == "truediv" and args[1] == "twice":
            return f"half_{args[0]}"
        if value.fn == "mul" and args[0] == args[1]:
            return f"{args[0]}_squared"
        if value.fn in _BETWEEN and len(args) == 2:
            return _BETWEEN[value.fn].join(map(str, args))
        if value.fn == "neg":
            return f"minus_{args[0]}"
        if value.fn == "pow":
            power = {"twice": "squared", "3": "cubed"}.get(str(args[1]))
            return f"{args[0]}_{power}" if power else None
        if "." in value.fn:
            word = value.fn.rsplit(".", 1)[-1].replace("absolute", "abs")
            if word == "transpose":
                return f"{args[0]}_T"
            if word in ("float32", "float64"):
                return "count"
            number = value.args[0]
            if isinstance(number, Lit) and isinstance(number.value, (int, float)):
                return f"{word}_{number.value:g}"
            return f"{word}_{args[0]}"
        return None

    def is_composite(self, expr: Expr) -> bool:
        """Whether the name of an operand would be made of several words itself."""
        if isinstance(expr, Var) and expr.name not in self.chosen and not base(expr.name):
            made = self.made.get(expr.name)
            return isinstance(made, Op) and made.fn in {*_BETWEEN, "neg", "pow"} - {"matmul"}
        return False

    def element(self, value: Op) -> str | None:
        """`x[i]` is `x_i`, `x[i + 1]` is `x_next`, `x[1:]` is `x_tail`, `x[:, None]` a column."""
        array = value.args[0]
        if not isinstance(array, Var):
            return None
        holder = self.chosen.get(array.name) or base(array.name)
        holder = holder or self.spelt(self.made.get(array.name)) or "row"
        if value.args[1:] in _TURNED:
            return f"{holder}_{_TURNED[value.args[1:]]}"
        parts = []
        for entry in value.args[1:]:
            if isinstance(entry, Var) and not base(entry.name):
                entry = self.made.get(entry.name, entry)
            if isinstance(entry, Var):
                parts.append(self.chosen.get(entry.name) or base(entry.name) or "k")
            elif isinstance(entry, Lit) and isinstance(entry.value, int) and entry.value >= 0:
                parts.append(str(entry.value))
            elif isinstance(entry, Lit) and isinstance(entry.value, str):
                parts.append(entry.value)
            elif isinstance(entry, Op) and entry.fn == "slice":
                start, stop, step = entry.args
                if step not in (Lit(None), Lit(1)):
                    parts.append("strided")
                elif start != Lit(None) and stop != Lit(None):
                    parts.append("middle")
                elif start != Lit(None):
                    parts.append("tail")
                elif stop != Lit(None):
                    parts.append("head")
            elif isinstance(entry, Op) and entry.fn == "add" and entry.args[1] == Lit(1):
                parts.append("next")
            elif isinstance(entry, Op) and entry.fn == "sub" and entry.args[1] == Lit(1):
                parts.append("before")
            else:
                parts.append("at")
        if all(p.isdigit() for p in parts):
            # `z0` beside `d_z0`, whose lanes are `d_z0_1`
            return f"{holder}{'_at_' if holder[-1].isdigit() else ''}{'_'.join(parts)}"
        gap = "" if all(len(p) == 1 for p in parts) else "_"
        suffix = gap.join(p for p in parts if len(p) <= 7)
        return f"{holder}_{suffix}" if suffix else f"{holder}_view"


_TURNED: dict[tuple[Expr, ...], str] = {
    (FULL, Lit(None)): "column",
    (Lit(None), FULL): "row",
}


def _returned(function: Function) -> str | None:
    """The temporary that is the value of the function, if it is one and always the same."""
    found = set()
    for stmt in statements(function.body):
        if isinstance(stmt, Return):
            value = stmt.value
            if isinstance(value, Op) and value.fn == "tuple":
                value = value.args[0]
            found.add(value)
    only = found.pop() if len(found) == 1 else None
    return only.name if isinstance(only, Var) and not base(only.name) else None


def _is_size(expr: Expr) -> bool:
    """Whether an expression is `x.size` or `x.shape[k]`."""
    if not isinstance(expr, Op):
        return False
    return expr.fn == "attr" or (expr.fn == "getitem" and isinstance(expr.args[0], Op))


def _leaves(expr: Expr) -> list[Expr]:
    """The factors of a product of sizes."""
    if isinstance(expr, Op) and expr.fn in ("mul", "numpy.float32"):
        return [e for a in expr.args for e in _leaves(a)]
    return [expr]
