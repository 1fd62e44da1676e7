"""The language we think in: one page of frozen nodes.

A program is a `Function` whose body is a tuple of statements.
After lowering every `Let` holds one operation on atoms (A-normal form); the `nest` pass folds
temporaries back, so from there on operations nest.
Operations are named by strings, the keys of the rule tables: "add", "numpy.sin", "getitem".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Union

from tangent_fwd.source import Span

# --- expressions ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Var:
    """A named value."""

    name: str


@dataclass(frozen=True)
class Lit:
    """A literal; `dtype` ("float32") is set where the bare number would widen a result."""

    value: Any
    dtype: str | None = None

    def __eq__(self, other: object) -> bool:
        # 1, 1.0 and True are three different literals, and so are 0.0 and -0.0.
        return isinstance(other, Lit) and repr((self.value, self.dtype)) == repr(
            (other.value, other.dtype)
        )

    def __hash__(self) -> int:
        return hash((repr(self.value), self.dtype))


@dataclass(frozen=True)
class Ref:
    """A captured object: a module constant or a function to call. Equal by name."""

    name: str
    value: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ref) and other.name == self.name and other.value is self.value

    def __hash__(self) -> int:
        return hash(self.name)


@dataclass(frozen=True)
class Op:
    """One operation on arguments; `span` is where the user wrote it and does not count in ==."""

    fn: str
    args: tuple[Expr, ...]
    keywords: tuple[tuple[str, Any], ...] = ()
    span: Span | None = None

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Op)
            and other.fn == self.fn
            and other.args == self.args
            and other.keywords == self.keywords
        )

    def __hash__(self) -> int:
        return self._hash

    # Every pass asks these of every operation, so each answer is kept.

    @cached_property
    def _hash(self) -> int:
        return hash((self.fn, self.args))

    @cached_property
    def within(self) -> tuple[Expr, ...]:
        """The operation and everything inside it, outermost first."""
        found: list[Expr] = [self]
        for arg in self.args:
            found.extend(arg.within if isinstance(arg, Op) else (arg,))
        return tuple(found)

    @cached_property
    def reads(self) -> tuple[str, ...]:
        """Names of the variables inside it, once per occurrence."""
        return tuple(e.name for e in self.within if isinstance(e, Var))

    @cached_property
    def functions(self) -> frozenset[str]:
        """The functions of it and of the operations inside it."""
        return frozenset(e.fn for e in self.within if isinstance(e, Op))


Expr = Union[Var, Lit, Ref, Op]

FULL = Op("slice", (Lit(None),) * 3)
"""The slice `:`."""

# --- statements ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Let:
    """`target = value`; `any_order` marks an accumulation whose order NumPy leaves open."""

    target: str
    value: Expr
    span: Span
    any_order: bool = False


@dataclass(frozen=True)
class Store:
    """`array[index] = value`; an index entry may be a slice operation."""

    array: str
    index: tuple[Expr, ...]
    value: Expr
    span: Span
    any_order: bool = False


@dataclass(frozen=True)
class Do:
    """A call for its effect."""

    value: Expr
    span: Span


@dataclass(frozen=True)
class If:
    """`if cond: body` / `else: orelse`."""

    cond: Expr
    body: Block
    orelse: Block
    span: Span


@dataclass(frozen=True)
class For:
    """The user's loop: `for var in range(*bounds)`; `parallel` where it says `prange`."""

    var: str
    bounds: tuple[Expr, ...]
    body: Block
    span: Span
    parallel: bool = False


@dataclass(frozen=True)
class Nest:
    """A loop of ours over one axis of an array expression: its iterations may run in any order
    but for the accumulations inside. A kernel for another target would be cut from these.
    """

    index: str
    extent: Expr
    body: Block
    span: Span


@dataclass(frozen=True)
class While:
    """`test` computes what `cond` needs, again before every round."""

    test: Block
    cond: Expr
    body: Block
    span: Span


@dataclass(frozen=True)
class Try:
    """`handler` runs where an exception leaves `body`; it may have come as far as any statement."""

    body: Block
    handler: Block
    span: Span


@dataclass(frozen=True)
class Break:
    """Leave the innermost loop of the user's."""

    span: Span


@dataclass(frozen=True)
class Continue:
    """Go on with the next round."""

    span: Span


@dataclass(frozen=True)
class Raise:
    """`raise exception(message)`, or with values in the place of the message.

    Without an exception, at the end of a handler, what was caught passes on; the handler is then
    what runs last (`finally`), unless the one of `values` tells that it has run already.
    `cls` is the exception where it is a class of the user's.
    """

    exception: str
    message: str
    span: Span
    values: tuple[Expr, ...] = ()
    cls: type | None = None


@dataclass(frozen=True)
class Return:
    """Leave the function with a value; `Lit(None)` for none."""

    value: Expr
    span: Span


Stmt = Union[Let, Store, Do, If, For, Nest, While, Try, Break, Continue, Raise, Return]
Block = tuple[Stmt, ...]


@dataclass(frozen=True)
class Function:
    """A whole program: parameters and a body; `types` names the numba type of each variable
    once they have been inferred, and `doc` is the user's docstring.
    """

    name: str
    params: tuple[str, ...]
    body: Block
    doc: str | None = None
    types: Any = None

    def typeof(self, name: str) -> Any:
        """The numba type of a variable; None before inference."""
        return None if self.types is None else self.types.get(name)
