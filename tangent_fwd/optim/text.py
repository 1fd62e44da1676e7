"""The text of one step: draw, one pass of the derivative, update in place.

The derivative's own module comes first, as it was emitted. What the step calls follows as text,
too (the optimizer's kernel, the schedule, helpers), so that it is compiled with the same flags,
read in the same place, and covered by the key under which the machine code is kept. Only the
random numbers are imported; a digest of this folder's source stands in the text, so that another
version of them, or of the state, is another text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from tangent_fwd.ir.walk import unused
from tangent_fwd.optim.directions import RANDOM, Strand
from tangent_fwd.optim.plan import CLOCK, REPORT, Plan
from tangent_fwd.optim.schedules import Schedule
from tangent_fwd.optim.tree import BLOCK, Branch, Leaf
from tangent_fwd.optim.writing import (
    defined,
    digest,
    enumerated,
    flags,
    flattened,
    function,
    listed,
    pasted,
    rename,
)
from tangent_fwd.program import Program

# Variables of the text that are not made from the user's words.
_OURS = """
    np njit state clock report numbers work count seed rate loss i j rows size first last end order
    step run change gram weights shared factor min max range g n used curves turned spare abs
""".split()


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
    taken = defined(derivative.text)
    names = {cls: name for name, cls in derivative.classes.items()}
    definitions = []
    for branch in plan.tree.branches():
        if branch.cls is not None and branch.cls not in names:
            name = unused(branch.label or branch.cls.__name__, taken | set(_OURS))
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
    renamed = {name: unused(name, taken | set(ours)) for name in ours if name in taken}

    version = f"# What follows fits tangent_fwd.optim from source {digest()}."
    head = f'@njit(error_model="numpy"{flags(derivative.text)})\n'
    writer = _Writer(plan, batch, taken | set(ours), lambda branch: names[branch.cls or tuple])
    tail = "\n\n\n".join(
        [
            "\n".join([*definitions, version, enumerated(CLOCK), enumerated(REPORT)]),
            *(head + text for text in map(pasted, functions)),
            head + writer.step(derivative.entry),
            head + writer.run(arrays),
        ]
    )
    called = [name for name in plan.directions.imports() if f"{name}(" in tail]
    imports = ["import numpy as np", *_imports(called, renamed)]
    if definitions:
        imports.insert(0, "from collections import namedtuple")
    front, line_map = _with_imports(derivative, imports)
    given = {renamed.get(name, name): value for name, value in plan.given().items()}
    return replace(
        derivative,
        text=f"{front.rstrip()}\n\n\n{rename(tail, renamed)}\n",
        entry=renamed.get("step", "step"),
        line_map=line_map,
        report={**derivative.report, "loop": renamed.get("run", "run")},
        classes={**derivative.classes, **{n: c for c, n in names.items()}, **given},
    )


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
        self.memories = [self.word(f"memory_{word}") for word in self.leaves]
        self.places = [self.word(f"at_{word}") for word in self.leaves]
        self.lanes = [self.strands(lane) for lane in range(plan.k)]
        self.slopes = self.numbered("slope")
        self.bent = self.numbered("bent")
        self.weights = self.numbered("weight")

    def word(self, wanted: str) -> str:
        return unused(wanted, self.taken)

    def numbered(self, word: str) -> list[str]:
        return [self.word(f"{word}_{lane}") for lane in range(self.plan.k)]

    def flat(self, word: str, leaf: Leaf) -> str:
        return word if leaf.array.ndim == 1 else self.word(f"{word}_flat")

    def strands(self, lane: int) -> list[Strand]:
        suffix = "" if self.plan.k == 1 else f"_{lane}"
        words = [self.word(f"d_{word}{suffix}") for word in self.leaves]
        found = []
        for leaf, word, memory, place in zip(
            self.plan.tree.leaves, words, self.memories, self.places
        ):
            count, name = self.plan.directions.pairs(leaf), word.removeprefix("d_")
            names = [name] if count == 1 else [f"{name}_{t}" for t in range(count)]
            pairs = tuple((self.word(f"u_{n}"), self.word(f"v_{n}")) for n in names)
            flat = "" if pairs else self.flat(word, leaf)
            found.append(Strand(leaf, word, flat, memory, place, pairs))
        return found

    def moved(self, lane: int) -> list[Strand]:
        return [strand for strand in self.lanes[lane] if strand.leaf.moved]

    def step(self, derivative: str) -> str:
        """The function that takes one step."""
        plan = self.plan
        lanes = [self.moved(lane) for lane in range(plan.k)]
        lines = [
            "clock, report, numbers, work = state.clock, state.report, state.numbers, state.work",
            "count, seed = clock[STEP], clock[SEED]",
            f"{listed(self.leaves)} = state.params",
        ]
        for lane, strands in enumerate(self.lanes):
            lines.append(f"{listed([s.word for s in strands])} = state.directions[{lane}]")
        for word, flat, leaf in zip(self.leaves, self.flats, plan.tree.leaves):
            lines += flattened(word, flat) if leaf.moved else []
        lines += [line for strands in lanes for s in strands for line in plan.directions.views(s)]
        if plan.share is not None:
            lines.append(f"{listed([strand.memory for strand in lanes[0]])} = state.memory")
        lines += ["", "# Directions, each one the same for the same seed, step and lane."]
        lines += self.positions()
        for lane, strands in enumerate(lanes):
            lines += plan.directions.draw(lane, strands)
        lines += plan.directions.after(lanes)
        lines += ["", "# The loss, and its slope along each direction, in one pass."]
        lines += self.one_pass(derivative)
        lines += ["", "# Slope times direction is the gradient, on average."]
        lines += self.scalars(lanes)
        lines += self.guard()
        for leaf_number, leaf in enumerate(plan.tree.moved):
            lines += self.update(leaf_number, leaf)
        lines += ["", "clock[STEP] = count + 1", "return loss"]
        words = ", ".join(["state", *self.batch])
        told = '"""Take one step, all of it in place; the loss before it comes back."""'
        return function(f"step({words})", [told, *lines])

    def positions(self) -> list[str]:
        """The address of each leaf's first random number, as `Leaf.position` has it: whole blocks
        for each leaf. They are added up when the step runs, so that its text knows no sizes.
        """
        before = ["0"]
        for place, word in zip(self.places, self.leaves):
            before.append(f"{place} + ({word}.size + {BLOCK - 1}) // {BLOCK} * {BLOCK}")
        return [f"{place} = {address}" for place, address in zip(self.places, before)]

    def one_pass(self, derivative: str) -> list[str]:
        plan = self.plan

        def values(strands: Sequence[Strand]) -> str:
            return plan.tree.written([self.tangent(s) for s in strands], self.name_of)

        words = [f"{w}[0]" if leaf.scalar else w for w, leaf in zip(self.leaves, plan.tree.leaves)]
        params = plan.tree.written(words, self.name_of)
        ways = [values(strands) for strands in self.lanes]

        def call(*held: int) -> str:
            given = [params, *self.batch, *(ways[lane] for lane in held), *ways, "state.kept"]
            return f"{derivative}({', '.join(given)})"

        return [
            "used = state.kept.used",
            "used[0], used[1] = 0, 0",
            *plan.directions.evaluate(self.slopes, self.bent, call),
            f"report[LOSS], report[SLOPE] = loss, {self.slopes[0]}",
        ]

    def tangent(self, strand: Strand) -> str:
        if not strand.leaf.moved and not strand.pairs:
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
        slopes = self.slopes
        if plan.clip is not None:
            bound, slopes = f"numbers[{start + len(settings)}]", self.numbered("clipped")
            lines += [
                f"{new} = min(max({s}, -{bound}), {bound})" for new, s in zip(slopes, self.slopes)
            ]
        # The family calls its weights by number; the words here may differ.
        fixed = {f"weight_{lane}": word for lane, word in enumerate(self.weights)}
        lines += [rename(line, fixed) for line in plan.directions.weights(slopes, lanes)]
        words = [*names, *self.weights]
        if plan.share is not None:
            words.append(self.word("share"))
            lines.append(f"{words[-1]} = numbers[{len(plan.numbers()) - 1}]")
        self.constants = {"float64": words}
        if any(leaf.array.dtype == np.float32 for leaf in plan.tree.moved):
            narrow = [self.word(f"{word}_32") for word in words]
            lines += [f"{new} = np.float32({old})" for new, old in zip(narrow, words)]
            self.constants["float32"] = narrow
        return lines

    def guard(self) -> list[str]:
        """Nothing moves unless all that the update multiplies with is finite."""
        count = len(self.plan.optimizer.constant_names())
        narrow = self.constants.get("float32", self.constants["float64"])
        weights = narrow[count : count + self.plan.k]
        words = dict.fromkeys(["loss", "rate", *self.slopes, *weights])
        finite = " and ".join(f"np.isfinite({word})" for word in words)
        return [
            f"clock[FAILED] = 0 if ({finite}) else 1",
            "if clock[FAILED] != 0:",
            "    return loss",
        ]

    def update(self, number: int, leaf: Leaf) -> list[str]:
        plan = self.plan
        where = plan.tree.leaves.index(leaf)
        word, flat = self.leaves[where], self.flats[where]
        count = len(plan.optimizer.constant_names())
        cast = self.constants[leaf.array.dtype.name]
        constants, weights = cast[:count], cast[count : count + plan.k]
        slots = [self.word(f"{slot}_{word}") for slot in plan.optimizer.slots]
        lines = [""]
        lines += [f"{slot} = state.slots[{i}][{number}]" for i, slot in enumerate(slots)]
        arrays = [flat, *slots, *([self.memories[where]] if plan.share is not None else [])]
        strands = [lane[where] for lane in self.lanes]
        if not strands[0].pairs:
            index = "0" if leaf.scalar else "i"
            elements = [f"{weight} * {s.flat}[{index}]" for weight, s in zip(weights, strands)]
            inner = self.elementwise(arrays, elements, constants, cast[-1], index)
            if leaf.scalar:  # no loop, of which LLVM would not know that it has one round
                return lines + inner
            return [*lines, f"for i in range({flat}.size):", *(f"    {line}" for line in inner)]
        return lines + self.by_rows(leaf, arrays, strands, weights, constants, cast[-1])

    def by_rows(
        self,
        leaf: Leaf,
        arrays: Sequence[str],
        strands: Sequence[Strand],
        weights: Sequence[str],
        constants: Sequence[str],
        share: str,
    ) -> list[str]:
        """The update of matrices whose directions are outer products: row by row, none formed."""
        terms = [(w, u, v) for w, s in zip(weights, strands) for u, v in s.pairs]
        _, u, v = terms[0]
        lines = [f"first, size = 0, {v}.shape[1]"]
        depth, number = "", "0"
        if leaf.array.ndim > 2:
            number = "n"
            lines.append(f"for n in range({u}.shape[0]):")
            depth = "    "
        lines.append(f"{depth}for i in range({u}.shape[1]):")
        rows = [self.word(f"{array.removesuffix('_flat')}_row") for array in arrays]
        pulls = [self.word(f"pull_{n}") for n in range(len(terms))]
        body = [f"{row} = {array}[first:first + size]" for row, array in zip(rows, arrays)]
        body += [f"{p} = {w} * {u}[{number}, i]" for p, (w, u, _) in zip(pulls, terms)]
        elements = [f"{p} * {v}[{number}, j]" for p, (_, _, v) in zip(pulls, terms)]
        body.append("for j in range(size):")
        body += [f"    {line}" for line in self.elementwise(rows, elements, constants, share, "j")]
        body.append("first += size")
        return lines + [f"{depth}    {line}" for line in body]

    def elementwise(
        self,
        arrays: Sequence[str],
        elements: Sequence[str],
        constants: Sequence[str],
        share: str,
        index: str,
    ) -> list[str]:
        """The body of the loop over a leaf; `arrays` are the parameter, its slots, its memory."""
        plan = self.plan
        theta, *rest = [f"{array}[{index}]" for array in arrays]
        kept = rest[: len(plan.optimizer.slots)]
        lines = []
        terms = list(elements)
        if plan.share is not None:
            terms.insert(0, rest[-1])
        gradient = terms[0]
        if len(terms) > 1:
            gradient = "g"
            lines.append(f"g = {' + '.join(terms)}")
        if plan.share is not None:
            lines.append(f"{rest[-1]} += {share} * (g - {rest[-1]})")
        called = ", ".join([theta, gradient, *kept, *constants])
        return [
            *lines,
            f"{', '.join(['change', *kept])} = {plan.optimizer.kernel.__name__}({called})",
            f"{theta} += change",
        ]

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
            "    if first >= end:",
            "        clock[EPOCH], clock[ROW] = clock[EPOCH] + 1, 0",
        ]
        words = ", ".join(["state", "order", "first", "last", "end", "size", *every, *self.batch])
        return function(f"run({words})", lines)


def _spelled(leaf: Leaf) -> str:
    """A word for a leaf: `layer_0_W`, or `params_0` where the path begins with a number."""
    word = "_".join(leaf.parts)
    root = re.split(r"\W", leaf.path)[0]
    return word if word.isidentifier() else f"{root}_{word}".rstrip("_")


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


def _imports(functions: Sequence[str], renamed: dict[str, str]) -> list[str]:
    return [
        f"from {RANDOM} import {name}" + (f" as {renamed[name]}" if name in renamed else "")
        for name in dict.fromkeys(functions)
    ]
