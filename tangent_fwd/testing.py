"""`check_jvp`: compare a derivative with differences of the function itself.

The differences are taken of the plain Python function, in double precision, on a ladder of steps
and extrapolated to step zero; that is good to ten digits or more, and owes nothing to the
compiler that it checks.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tangent_fwd import boundary
from tangent_fwd.api import forward_grad
from tangent_fwd.boundary import Array, Branch, Tree
from tangent_fwd.forward import ForwardGrad

_LEVELS = 12
_FIRST = 2.0**-4
# Below this relative uncertainty the differences are taken to have settled.
_SETTLED = 1e-3


@dataclass(frozen=True)
class Row:
    """One direction and one output: the largest `error`, what was `allowed`, and where."""

    direction: str
    output: str
    error: float
    allowed: float
    note: str = ""

    @property
    def where(self) -> str:
        """Direction and output in words; without a direction, it is the value that was compared."""
        if self.direction:
            return f"tangent of {self.output} along {self.direction}: "
        return f"{self.output}: "

    @property
    def passed(self) -> bool:
        """Whether the error is within what was allowed; an undefined error is not."""
        return not self.note and self.error <= self.allowed


@dataclass(frozen=True)
class Check:
    """What `check_jvp` found, one row for each direction and output; `print` shows it."""

    name: str
    rows: tuple[Row, ...]

    @property
    def passed(self) -> bool:
        """Whether every row passed."""
        return all(row.passed for row in self.rows)

    def __str__(self) -> str:
        wrong = sum(not row.passed for row in self.rows)
        told = f"{wrong} of {len(self.rows)} comparisons differ" if wrong else "all agree"
        lines = [f"jvp of `{self.name}` against extrapolated differences: {told}"]
        for row in self.rows:
            mark = "ok   " if row.passed else "WRONG"
            note = f"  ({row.note})" if row.note else ""
            lines.append(
                f"  {mark} {row.where}off by {row.error:.2e}, allowed {row.allowed:.2e}{note}"
            )
        return "\n".join(lines)


def check_jvp(
    function: Callable[..., Any],
    args: Sequence[Any],
    *,
    reference: Callable[..., Any] | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    seed: int = 0,
) -> Check:
    """Compare `function.jvp` with central differences, and raise where they disagree.

    One random direction is tried for each active argument alone, then one for all of them
    together, because an error in one argument hides behind the others.
    A zero direction must give a zero tangent, the value must be the function's own, and what the
    function writes into its arguments is compared like what it returns.

    Args:
        function: decorated with `forward_grad`, or a plain function of one active argument.
        args: a tuple of all arguments, at a point where the function is smooth.
        reference: what to take differences of; the plain Python function if left out. It gets
            float64 copies of the floating arguments.
        rtol: error allowed relative to the largest entry of an output; 1e-6, or 2e-3 where an
            argument or an output is float32.
        atol: error allowed in any case; 1e-9, or 1e-5 where one is float32.
        seed: of the directions.

    Returns:
        A `Check`, when everything agrees.

    Raises:
        AssertionError: something disagrees, or the differences do not settle (a kink or a jump
            nearby); the message is the whole table.
        TypeError, ValueError, TangentError: as `jvp`.
    """
    checked = function if isinstance(function, ForwardGrad) else forward_grad(function)
    if boundary.starred(checked.signature) is not None:
        raise TypeError(f"`{checked.__name__}` takes `*args`: check one that names its arguments")
    every = boundary.positional(checked.__name__, checked.signature, tuple(args))
    names = list(checked.parameters)
    trees = [boundary.read(value, name) for value, name in zip(every, names)]
    active = checked.options.argnums
    plain = reference or checked.py_func
    written = _written(checked, plain, every)
    single = _has_float32(checked)
    rtol = rtol if rtol is not None else 2e-3 if single else 1e-6
    atol = atol if atol is not None else 1e-5 if single else 1e-9
    oracle = _Oracle(plain, trees, every, active, written)
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    groups: list[tuple[str, tuple[int, ...]]] = [(f"`{names[i]}`", (i,)) for i in active]
    if len(active) > 1:
        groups.append((" and ".join(f"`{names[i]}`" for i in active), active))
    for label, moved in groups:
        drawn = [_direction(trees[i], every[i], rng if i in moved else None) for i in active]
        found = _run(checked, every, drawn, written)
        expected = oracle.along(drawn)
        if not rows:
            rows += _compare("", found.values, oracle.values, rtol, atol)
        rows += _compare(label, found.tangents, expected, rtol, atol)
    still = [_direction(trees[i], every[i], None) for i in active]
    rest = _run(checked, every, still, written).tangents
    zeros = [_Entry(e.path, np.zeros_like(e.numbers)) for e in rest]
    rows += _compare("zero", rest, zeros, 0.0, 0.0)
    result = Check(checked.__name__, tuple(rows))
    if not result.passed:
        raise AssertionError(str(result))
    return result


@dataclass(frozen=True)
class _Entry:
    """One output as a flat array; `doubt` is how far a difference may be off."""

    path: str
    numbers: Array
    doubt: Array | None = None


@dataclass(frozen=True)
class _Run:
    values: list[_Entry]
    tangents: list[_Entry]


def _has_float32(checked: ForwardGrad) -> bool:
    """Whether the function, as it was last called, takes or returns float32 anywhere."""
    last = checked.specialiser.last
    assert last is not None
    primal = checked.specialiser.compile(last, 0)
    return any("float32" in str(kind) for kind in (*primal.types, primal.result))


def _written(
    checked: ForwardGrad, plain: Callable[..., Any], every: Sequence[Any]
) -> tuple[int, ...]:
    """The active arguments that the plain or the compiled function changes."""
    one, two = [_wide(value) for value in every], copy.deepcopy(list(every))
    with np.errstate(all="ignore"):
        plain(*one)
    checked(*two)
    before = [_wide(value) for value in every]
    return tuple(
        i
        for i in checked.options.argnums
        if any(_differ(before[i], _wide(after[i])) for after in (one, two))
    )


def _differ(before: Any, after: Any) -> bool:
    pairs = zip(_flat(before, ""), _flat(after, ""))
    return any(a.numbers.tobytes() != b.numbers.tobytes() for a, b in pairs)


def _run(
    checked: ForwardGrad, every: Sequence[Any], drawn: Sequence[Any], written: Sequence[int]
) -> _Run:
    """One jvp on copies: what it returns, and what it leaves in its arguments."""
    primals, tangents = copy.deepcopy(tuple(every)), copy.deepcopy(tuple(drawn))
    value, tangent = checked.jvp(primals, tangents)
    names, active = list(checked.parameters), checked.options.argnums
    values = [*_flat(value, "the value"), *_after(names, primals, written)]
    moved = dict(zip(active, tangents))
    slopes = [*_flat(tangent, "the value"), *_after(names, moved, written)]
    # A tangent entry beside an integer means nothing, and is left out with the integer.
    floats = {entry.path for entry in values}
    return _Run(values, [entry for entry in slopes if entry.path in floats])


def _after(names: Sequence[str], arguments: Any, written: Sequence[int]) -> Iterator[_Entry]:
    for i in written:
        yield from _flat(arguments[i], f"`{names[i]}` after the call")


class _Oracle:
    """Differences of a plain function around one point."""

    def __init__(
        self,
        function: Callable[..., Any],
        trees: Sequence[Tree],
        every: Sequence[Any],
        active: Sequence[int],
        written: Sequence[int],
    ) -> None:
        self._written = written
        self._function = function
        self._trees = trees
        self._names = [tree.path for tree in trees]
        self._every = [_wide(value) for value in every]
        self._active = active
        self.values = self._at(0.0, None)

    def along(self, drawn: Sequence[Any]) -> list[_Entry]:
        """The slope of every output along a direction, by extrapolation."""
        ladder: list[list[Array]] = []
        for level in range(_LEVELS):
            step = _FIRST / 2**level
            high, low = self._try(step, drawn), self._try(-step, drawn)
            ladder.append([(h - b) / (2 * step) for h, b in zip(high, low)])
        return [
            _Entry(entry.path, *_extrapolate([rung[k] for rung in ladder]))
            for k, entry in enumerate(self.values)
        ]

    def _try(self, step: float, drawn: Sequence[Any]) -> list[Array]:
        try:
            numbers = [entry.numbers for entry in self._at(step, drawn)]
            shapes = [entry.numbers.shape for entry in self.values]
            if [n.shape for n in numbers] == shapes:
                return numbers
        except (ValueError, ArithmeticError):
            pass  # the step left the domain; smaller ones may not
        return [np.full(entry.numbers.shape, np.nan) for entry in self.values]

    def _at(self, step: float, drawn: Sequence[Any] | None) -> list[_Entry]:
        arguments = copy.deepcopy(self._every)
        for k, i in enumerate(self._active):
            if drawn is not None:
                arguments[i] = _moved(self._trees[i], arguments[i], drawn[k], step)
        with np.errstate(all="ignore"):
            value = self._function(*arguments)
        return [*_flat(value, "the value"), *_after(self._names, arguments, self._written)]


def _extrapolate(slopes: Sequence[Array]) -> tuple[Array, Array]:
    """Neville's table for error terms in even powers of the step; best entry and its doubt."""
    best = np.full(slopes[0].shape, np.nan)
    doubt = np.full(slopes[0].shape, np.inf)
    previous: list[Array] = []
    for slope in slopes:
        row = [slope]
        for order, before in enumerate(previous, start=1):
            row.append(row[-1] + (row[-1] - before) / (4.0**order - 1.0))
            # An entry is as good as its two parents agree with it.
            change = np.maximum(abs(row[-1] - row[-2]), abs(row[-1] - before))
            better = change < doubt
            best = np.where(better, row[-1], best)
            doubt = np.where(better, change, doubt)
        previous = row
    return best, doubt


def _compare(
    label: str, found: Sequence[_Entry], expected: Sequence[_Entry], rtol: float, atol: float
) -> Iterator[Row]:
    if [e.path for e in found] != [e.path for e in expected]:
        yield Row(label, "value", np.inf, 0.0, "another structure than the function returns")
        return
    for mine, other in zip(found, expected):
        if mine.numbers.shape != other.numbers.shape:
            told = f"shape {mine.numbers.shape}, expected {other.numbers.shape}"
            yield Row(label, mine.path, np.inf, 0.0, told)
            continue
        if not mine.numbers.size:
            continue
        size = float(np.max(abs(other.numbers)))
        off = abs(mine.numbers - other.numbers)
        # Equal infinities agree; so do values that both are undefined.
        same = (mine.numbers == other.numbers) | (np.isnan(mine.numbers) & np.isnan(other.numbers))
        error = float(np.max(np.where(same, 0.0, off)))
        note = ""
        if other.doubt is not None and not np.all(other.doubt <= _SETTLED * size + atol):
            note = "the differences do not settle: is there a kink, a jump or an edge nearby?"
        yield Row(label, mine.path, error, atol + rtol * size, note)


def _flat(value: Any, path: str) -> Iterator[_Entry]:
    """The floating numbers in `value`."""
    if isinstance(value, tuple):
        for i, part in enumerate(value):
            yield from _flat(part, f"{path}[{i}]")
    elif isinstance(value, (float, np.floating)) or (
        isinstance(value, np.ndarray) and value.dtype.kind == "f"
    ):
        yield _Entry(path, np.asarray(value, dtype=np.float64))


def _wide(value: Any) -> Any:
    """`value` in double precision; integers stay as they are."""
    if isinstance(value, tuple):
        return _rebuilt(value, map(_wide, value))
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        wide = np.array(value, dtype=np.float64)
        return wide if value.ndim else wide[()]
    return float(value) if isinstance(value, (float, np.floating)) else value


def _direction(tree: Tree, value: Any, rng: np.random.Generator | None) -> Any:
    """A random direction for one argument; zero without `rng`."""
    if isinstance(tree, Branch):
        parts = zip(tree.children, value)
        return _rebuilt(value, (_direction(child, part, rng) for child, part in parts))
    if not tree.floating:
        return None
    shape = np.shape(value)
    drawn = np.zeros(shape) if rng is None else rng.uniform(0.25, 1.0, shape)
    if rng is not None:
        drawn *= rng.choice([-1.0, 1.0], shape)
    return np.asarray(drawn, dtype=tree.dtype) if tree.is_array else float(drawn)


def _moved(tree: Tree, value: Any, direction: Any, step: float) -> Any:
    if isinstance(tree, Branch):
        parts = zip(tree.children, value, direction)
        return _rebuilt(value, (_moved(c, v, d, step) for c, v, d in parts))
    if not tree.floating:
        return value
    return value + step * (direction if not tree.is_array else _wide(direction))


def _rebuilt(value: Any, parts: Iterator[Any]) -> Any:
    return tuple(parts) if type(value) is tuple else type(value)(*parts)
