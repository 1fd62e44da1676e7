"""The text of one step: draw, one pass of the derivative, update in place.

The derivative's own module comes first, as it was emitted. What the step calls follows as text,
too (the optimizer's kernel, the schedule, helpers), so that it is compiled with the same flags,
read in the same place, and covered by the key under which the machine code is kept. Only the
random numbers are imported; a digest of their module stands beside the import, so that another
version of it is another text.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tangent_fwd.optim.directions import RANDOM, Directions, Strand
from tangent_fwd.optim.optimizers import Optimizer
from tangent_fwd.optim.schedules import Schedule
from tangent_fwd.optim.tree import Branch, Leaf, Tree
from tangent_fwd.pipeline import Program

# Entries of `state.clock` and `state.report`, by the names that the text has for them.
CLOCK = ("STEP", "SEED", "EPOCH", "ROW", "FAILED")
REPORT = ("LOSS", "SLOPE", "RATE", "TOTAL", "ROWS")
STEP, SEED, EPOCH, ROW, FAILED = range(len(CLOCK))
LOSS, SLOPE, RATE, TOTAL, ROWS = range(len(REPORT))

_WIDTH = 100

# Variables of the text that are not made from the user's words.
_OURS = """
    np njit state clock report numbers work count seed rate loss i j rows size first last order
    step run change gram weights shared factor min max range
""".split()


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything that decides how a step is written, except the types of the batch."""

    tree: Tree
    optimizer: Optimizer
    directions: Directions
    k: int
    clip: float | None

    def numbers(self) -> list[float]:
        """What the text reads from `state.numbers`, in that order."""
        found: list[float] = []
        self._rate_text(found)
        found += [value for _, value in self.optimizer.settings]
        if self.clip is not None:
            found.append(self.clip)
        return found

    def rate_text(self) -> tuple[str, int]:
        """The rate as an expression, and how many numbers it reads."""
        found: list[float] = []
        return self._rate_text(found), len(found)

    def given(self) -> dict[str, Any]:
        """Compiled functions of the user's that the text calls."""
        found = dict(self.directions.given())
        if not isinstance(self.optimizer.lr, Schedule):
            found["schedule"] = self.optimizer.lr
        return found

    def _rate_text(self, found: list[float]) -> str:
        lr = self.optimizer.lr
        if not isinstance(lr, Schedule):
            return "schedule(count)"

        def written(number: float) -> str:
            found.append(number)
            return f"numbers[{len(found) - 1}]"

        return lr.expression("count", written)


def compose(
    derivative: Program, plan: Plan, batch: Sequence[str], arrays: Sequence[bool]
) -> Program:
    """The derivative's module with `step` and `run` behind it.

    Args:
        derivative: the emitted derivative, in `plan.k` lanes.
        plan: how to step.
        batch: the loss's arguments after the parameters.
        arrays: which of them are arrays, whose rows `run` gathers.
    """
    taken = _defined(derivative.text)
    names = {cls: name for name, cls in derivative.classes.items()}
    definitions = []
    for branch in plan.tree.branches():
        if branch.cls is not None and branch.cls not in names:
            name = _unused(branch.label or branch.cls.__name__, taken | set(_OURS))
            taken.add(name)
            names[branch.cls] = name
            fields = ", ".join(f'"{field}"' for field in branch.cls._fields)  # type: ignore[attr-defined]
            definitions.append(f'{name} = namedtuple("{name}", [{fields}])')

    functions = [plan.optimizer.kernel, plan.optimizer.constants, *plan.directions.helpers()]
    if isinstance(plan.optimizer.lr, Schedule):
        functions += plan.optimizer.lr.rules()
    functions = list(dict.fromkeys(functions))
    ours = [f.__name__ for f in functions]
    ours += [*plan.directions.imports(), *plan.given(), *CLOCK, *REPORT, "step", "run"]
    renamed = {name: _unused(name, taken | set(ours)) for name in ours if name in taken}

    head = f'@njit(error_model="numpy"{_flags(derivative.text)})\n'
    writer = _Writer(plan, batch, taken | set(ours), lambda branch: names[branch.cls or tuple])
    tail = "\n\n\n".join(
        [
            "\n".join([*definitions, _numbered(CLOCK), _numbered(REPORT)]),
            *(head + text for text in map(pasted, functions)),
            head + writer.step(derivative.entry),
            head + writer.run(arrays),
        ]
    )
    imports = ["import numpy as np", *_imports(plan.directions.imports(), renamed)]
    if definitions:
        imports.insert(0, "from collections import namedtuple")
    front, line_map = _with_imports(derivative, imports)
    given = {renamed.get(name, name): value for name, value in plan.given().items()}
    return replace(
        derivative,
        text=f"{front.rstrip()}\n\n\n{_rename(tail, renamed)}\n",
        entry=renamed.get("step", "step"),
        line_map=line_map,
        report={**derivative.report, "loop": renamed.get("run", "run")},
        classes={**derivative.classes, **{n: c for c, n in names.items()}, **given},
    )


def pasted(function: Callable[..., Any]) -> str:
    """The text of one of our plain functions, without its annotations."""
    node = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(node, ast.FunctionDef)
    node.returns = None
    node.decorator_list = []
    for argument in node.args.args:
        argument.annotation = None
    return ast.unparse(node)


class _Writer:
    """Writes `step` and `run` for a plan, with words that are free."""

    def __init__(
        self, plan: Plan, batch: Sequence[str], taken: set[str], name_of: Callable[[Branch], str]
    ) -> None:
        self.plan = plan
        self.name_of = name_of
        self.taken = taken | set(_OURS)
        self.batch = [self.word(name) for name in batch]
        self.leaves = [self.word(_spelled(leaf)) for leaf in plan.tree.leaves]
        self.flats = [self.flat(w, leaf) for w, leaf in zip(self.leaves, plan.tree.leaves)]
        self.lanes = [self.strands(lane) for lane in range(plan.k)]
        self.slopes = self.numbered("slope")
        self.weights = self.numbered("weight")

    def word(self, wanted: str) -> str:
        found = _unused(wanted, self.taken)
        self.taken.add(found)
        return found

    def numbered(self, word: str) -> list[str]:
        return [self.word(f"{word}_{lane}") for lane in range(self.plan.k)]

    def flat(self, word: str, leaf: Leaf) -> str:
        return word if leaf.array.ndim == 1 else self.word(f"{word}_flat")

    def strands(self, lane: int) -> list[Strand]:
        suffix = "" if self.plan.k == 1 else f"_{lane}"
        words = [self.word(f"d_{word}{suffix}") for word in self.leaves]
        return [
            Strand(leaf, word, self.flat(word, leaf))
            for leaf, word in zip(self.plan.tree.leaves, words)
        ]

    def moved(self, lane: int) -> list[Strand]:
        return [strand for strand in self.lanes[lane] if strand.leaf.moved]

    def step(self, derivative: str) -> str:
        """The function that takes one step."""
        plan = self.plan
        lanes = [self.moved(lane) for lane in range(plan.k)]
        lines = [
            "clock, report, numbers, work = state.clock, state.report, state.numbers, state.work",
            "count, seed = clock[STEP], clock[SEED]",
            f"{_tuple(self.leaves)} = state.params",
        ]
        for lane, strands in enumerate(self.lanes):
            lines.append(f"{_tuple([s.word for s in strands])} = state.directions[{lane}]")
        for word, flat, leaf in zip(self.leaves, self.flats, plan.tree.leaves):
            lines += _flattened(word, flat) if leaf.moved else []
        lines += [line for strands in lanes for s in strands for line in _flattened(s.word, s.flat)]
        lines += ["", "# Directions, each one the same for the same seed, step and lane."]
        for lane, strands in enumerate(lanes):
            lines += plan.directions.draw(lane, strands)
        lines += plan.directions.after(lanes)
        lines += ["", "# The loss, and its slope along each direction, in one pass."]
        lines += self.one_pass(derivative)
        lines += ["", "# Slope times direction is the gradient, on average."]
        lines += self.scalars(lanes)
        for leaf_number, leaf in enumerate(plan.tree.moved):
            lines += self.update(leaf_number, leaf)
        lines += ["", "clock[STEP] = count + 1", "return loss"]
        words = ", ".join(["state", *self.batch])
        return _function(f"step({words})", ['"""Take one step in place; see the state."""', *lines])

    def one_pass(self, derivative: str) -> list[str]:
        plan = self.plan

        def values(strands: Sequence[Strand]) -> str:
            return plan.tree.written([self.tangent(s) for s in strands], self.name_of)

        words = [f"{w}[0]" if leaf.scalar else w for w, leaf in zip(self.leaves, plan.tree.leaves)]
        params = plan.tree.written(words, self.name_of)
        passed = ", ".join([params, *self.batch, *map(values, self.lanes)])
        slopes = self.slopes[0] if plan.k == 1 else f"({', '.join(self.slopes)})"
        finite = " and ".join(f"np.isfinite({word})" for word in ["loss", *self.slopes])
        return [
            f"loss, {slopes} = {derivative}({passed})",
            f"report[LOSS], report[SLOPE] = loss, {self.slopes[0]}",
            f"clock[FAILED] = 0 if {finite} else 1",
            "if clock[FAILED] != 0:",
            "    return loss",
        ]

    def tangent(self, strand: Strand) -> str:
        if not strand.leaf.moved:
            return f"{strand.word}[0]" if strand.leaf.scalar else strand.word
        return self.plan.directions.tangent(strand)

    def scalars(self, lanes: Sequence[Sequence[Strand]]) -> list[str]:
        """The rate, the kernel's constants and the weights, in the dtypes of the leaves."""
        plan = self.plan
        rate, start = plan.rate_text()
        settings = [f"numbers[{start + i}]" for i in range(len(plan.optimizer.settings))]
        names = [n if n == "rate" else self.word(n) for n in plan.optimizer.constant_names()]
        arguments = ", ".join(["count", "rate", *settings])
        lines = [
            f"rate = {rate}",
            "report[RATE] = rate",
            f"{', '.join(names)} = {plan.optimizer.constants.__name__}({arguments})",
        ]
        if plan.clip is not None:
            bound = f"numbers[{start + len(settings)}]"
            lines += [f"{s} = min(max({s}, -{bound}), {bound})" for s in self.slopes]
        # The family calls its weights by number; the words here may differ.
        fixed = {f"weight_{lane}": word for lane, word in enumerate(self.weights)}
        lines += [_rename(line, fixed) for line in plan.directions.weights(self.slopes, lanes)]
        words = [*names, *self.weights]
        self.constants = {"float64": words}
        if any(leaf.array.dtype == np.float32 for leaf in plan.tree.moved):
            narrow = [self.word(f"{word}_32") for word in words]
            lines += [f"{new} = np.float32({old})" for new, old in zip(narrow, words)]
            self.constants["float32"] = narrow
        return lines

    def update(self, number: int, leaf: Leaf) -> list[str]:
        plan = self.plan
        where = plan.tree.leaves.index(leaf)
        word, flat = self.leaves[where], self.flats[where]
        count = len(plan.optimizer.constant_names())
        cast = self.constants[leaf.array.dtype.name]
        constants, weights = cast[:count], cast[count:]
        slots = [self.word(f"{slot}_{word}") for slot in plan.optimizer.slots]
        lines = [""]
        lines += [f"{slot} = state.slots[{i}][{number}]" for i, slot in enumerate(slots)]
        elements = [plan.directions.element(lane[where], "i") for lane in self.lanes]
        terms = [f"{weight} * {element}" for weight, element in zip(weights, elements)]
        gradient = terms[0] if len(terms) == 1 else self.word("g")
        kept = [f"{slot}[i]" for slot in slots]
        lines.append(f"for i in range({flat}.size):")
        if len(terms) > 1:
            lines.append(f"    {gradient} = {' + '.join(terms)}")
        called = ", ".join([f"{flat}[i]", gradient, *kept, *constants])
        lines += [
            f"    {', '.join(['change', *kept])} = {plan.optimizer.kernel.__name__}({called})",
            f"    {flat}[i] += change",
        ]
        return lines

    def run(self, arrays: Sequence[bool]) -> str:
        """The function that takes steps over batches of rows."""
        rows = [word for word, is_array in zip(self.batch, arrays) if is_array]
        every = [self.word(f"all_{word}") for word in rows]
        gathered = [f"        {word}[i] = {source}[j]" for word, source in zip(rows, every)]
        passed = [f"{w}[:rows]" if is_array else w for w, is_array in zip(self.batch, arrays)]
        lines = [
            '"""Take steps over the rows order[first:last], `size` at a time."""',
            "clock, report = state.clock, state.report",
            "while first < last:",
            "    rows = min(size, last - first)",
            "    for i in range(rows):",
            "        j = order[first + i]",
            *gathered,
            f"    loss = step({', '.join(['state', *passed])})",
            "    if clock[FAILED] != 0:",
            "        return",
            "    report[TOTAL] += loss * rows",
            "    report[ROWS] += rows",
            "    first += rows",
            "    clock[ROW] = first",
        ]
        words = ", ".join(["state", "order", "first", "last", "size", *every, *self.batch])
        return _function(f"run({words})", lines)


def _spelled(leaf: Leaf) -> str:
    """A word for a leaf: `layer_0_W`, or `params_0` where the path begins with a number."""
    word = "_".join(leaf.parts)
    root = re.split(r"\W", leaf.path)[0]
    return word if word.isidentifier() else f"{root}_{word}".rstrip("_")


def _tuple(words: Sequence[str]) -> str:
    return f"({words[0]},)" if len(words) == 1 else ", ".join(words)


def _flattened(word: str, flat: str) -> list[str]:
    return [] if word == flat else [f"{flat} = {word}.reshape(-1)"]


def _function(heading: str, lines: Iterable[str]) -> str:
    rows = (row for line in lines for row in _broken(f"    {line}".rstrip()))
    return "\n".join([f"def {heading}:", *rows])


def _broken(line: str) -> list[str]:
    """A line as several, broken behind the bracket that closes at its end."""
    if len(line) <= _WIDTH or not line.endswith(")"):
        return [line]
    depth, at = 1, len(line) - 1
    while depth:
        at -= 1
        depth += {")": 1, "(": -1}.get(line[at], 0)
    indent = " " * (len(line) - len(line.lstrip()))
    inner = textwrap.wrap(
        line[at + 1 : -1].rstrip(","),
        _WIDTH,
        initial_indent=indent + "    ",
        subsequent_indent=indent + "    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line[: at + 1], *inner, indent + ")"]


def _numbered(names: Sequence[str]) -> str:
    return f"{', '.join(names)} = range({len(names)})"


def _flags(text: str) -> str:
    """The flags that the emitted functions have after their error model."""
    found = re.search(r'@njit\(error_model="numpy"(.*)\)', text)
    return found.group(1) if found else ""


def _defined(text: str) -> set[str]:
    """The names that a module defines at its top."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name)
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign):
            names |= {n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    return names


def _unused(word: str, taken: set[str]) -> str:
    found, count = word, 2
    while found in taken:
        found, count = f"{word}_{count}", count + 1
    return found


def _rename(text: str, names: dict[str, str]) -> str:
    """Replace whole words that are not attributes."""
    for old, new in names.items():
        text = re.sub(rf"(?<![\w.]){old}\b", new, text)
    return text


def _imports(functions: Sequence[str], renamed: dict[str, str]) -> list[str]:
    if not functions:
        return []
    source = importlib.import_module(RANDOM).__file__
    assert source is not None
    digest = hashlib.sha256(Path(source).read_bytes()).hexdigest()[:16]
    return [
        f"from {RANDOM} import {name}"
        + (f" as {renamed[name]}" if name in renamed else "")
        + f"  # version {digest}"
        for name in dict.fromkeys(functions)
    ]


def _with_imports(derivative: Program, imports: Sequence[str]) -> tuple[str, dict[int, int]]:
    """The derivative's text with further imports, and where its lines come from then."""
    lines = derivative.text.splitlines()
    guard = lines.index("try:")  # around the import of numba, behind all others
    present = [line for line in lines[:guard] if line.startswith(("import ", "from "))]
    added = [line for line in imports if line not in present]
    at = guard - 1 if present else guard
    lines[at:at] = added if present else [*added, ""]
    shift = len(lines) - len(derivative.text.splitlines())
    return "\n".join(lines), {
        number + shift if number > at else number: line
        for number, line in derivative.line_map.items()
    }
