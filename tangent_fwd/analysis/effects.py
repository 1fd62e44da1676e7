"""What statements touch: which may be dropped, repeated, moved or shared."""

from __future__ import annotations

from functools import cache

from tangent_fwd.analysis.alias import VIEWS, Aliases, has_array
from tangent_fwd.ir.nodes import Block, Do, Expr, Function, Let, Op, Store, Var
from tangent_fwd.ir.walk import own_exprs, statements, subexpressions, variables

# Making one of these twice makes two pieces of memory.
ALLOCATES = frozenset(
    "empty zeros array numpy.zeros numpy.ones numpy.empty numpy.full numpy.zeros_like "
    "numpy.ones_like numpy.empty_like numpy.full_like numpy.copy numpy.arange matmul add.arrays "
    "numpy.flatten stretch numpy.ascontiguousarray list repeated dict set emptied zeroed "
    "builtins.list".split()
)

# What makes an array whose entries are written later, and what makes one of zeros.
BLANKS = frozenset(["empty", "numpy.empty", "numpy.empty_like"])
ZEROS = frozenset(["zeros", "numpy.zeros", "numpy.zeros_like"])

# What gives its argument on, itself or as a view.
_PASSES_ON = VIEWS | {"call", "tuple"}


def calls(expr: Expr) -> bool:
    """Whether computing an expression may do something beyond giving a value."""
    return isinstance(expr, Op) and any(map(_acts, expr.functions))


@cache
def _acts(fn: str) -> bool:
    acting = "numpy.random", "random.", "builtins.print", "container."
    return fn == "call" or fn.startswith(acting)


def block_calls(block: Block) -> bool:
    """Whether a block may do something beyond binding names and storing elements."""
    return any(isinstance(s, Do) or any(calls(e) for e in own_exprs(s)) for s in statements(block))


def is_temporary(name: str) -> bool:
    """Whether a name is ours: a value of the user's that had no name, or its tangent."""
    return name.rsplit(":", 1)[-1].startswith("%")


def is_used_up(function: Function, name: str) -> bool:
    """Whether a value without a name only goes into others, and not into views of it."""
    readers = [
        s for s in statements(function.body) if any(name in variables(e) for e in own_exprs(s))
    ]
    return is_temporary(name) and all(
        isinstance(s, Let) and isinstance(s.value, Op) and s.value.fn not in _PASSES_ON
        for s in readers
    )


class Memory:
    """Which memory an expression loads from and a statement stores to."""

    def __init__(self, function: Function) -> None:
        self.aliases = Aliases(function)
        self.function = function
        self.roots: dict[str, str] = {}

    def root(self, name: str) -> str:
        return self.aliases.find(name)

    def loads(self, expr: Expr) -> set[str]:
        """Classes of memory whose contents an expression depends on."""
        found: set[str] = set()
        for e in subexpressions(expr):
            if isinstance(e, Op) and e.fn not in ("attr", "numpy.zeros_like", "numpy.empty_like"):
                for arg in e.args:
                    if isinstance(arg, Var) and has_array(self.function.typeof(arg.name)):
                        found |= self.aliases.of(arg.name)
        return found

    def stores(self, block: Block) -> set[str]:
        """Classes of memory that a block writes to; a call may write to all it is given."""
        found: set[str] = set()
        for stmt in statements(block):
            if isinstance(stmt, Store):
                found.add(self.root(stmt.array))
            for expr in own_exprs(stmt):
                in_place = isinstance(expr, Op) and dict(expr.keywords).get("inplace")
                if calls(expr) or in_place:
                    found |= self.loads(expr)
        return found

    def rebinds_memory(self, stmt: Let) -> bool:
        return has_array(self.function.typeof(stmt.target))
