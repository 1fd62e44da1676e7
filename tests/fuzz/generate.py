"""From one integer to one program: source text, inputs and an activity pattern."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tangent_fwd.options import Options
from tests.fuzz.filling import Filling, helpers_of
from tests.fuzz.scope import Helper, Variable
from tests.fuzz.statements import ARRAYS, NAMES, SHAPES, WHOLE
from tests.harness import OPTIONS
from tests.inputs import Fields

# Statements of a program, those inside others not counted. Short ones are many in the same time,
# long ones let statements meet.
SIZES = (1, 2, 2, 3, 3, 4, 5, 7, 9)


def _pair(rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """A vector and a number."""
    return rng.uniform(-1.5, 1.5, 3), float(rng.uniform(-1.5, 1.5))


# The head of a loop that does not count down.
_COUNTS = re.compile(r"(for \w+ in )range\(([^-\n]*)\):")


@dataclass(frozen=True)
class Case:
    """A program with all that is needed to differentiate and to check it."""

    seed: int
    text: str
    kinds: tuple[tuple[int, ...] | str, ...]
    lanes: int
    options: Options = OPTIONS

    def in_threads(self) -> Case:
        """The same over `prange` where it counts by ones, so that loops may run in threads."""
        text = _COUNTS.sub(r"\1prange(\2):", self.text)
        text = text.replace(
            "import numpy as np\n", "import numpy as np\nfrom numba import prange\n"
        )
        return replace(self, text=text, options=Options(parallel=True))

    def arguments(self) -> tuple[object, ...]:
        """The inputs, the same at every call."""
        rng = np.random.default_rng(self.seed)
        made: list[object] = []
        for kind in self.kinds:
            if kind == "f":
                made.append(float(rng.uniform(-1.5, 1.5)))
            elif kind == "i":
                made.append(int(rng.integers(1, 5)))
            elif kind == "b":
                made.append(bool(rng.integers(0, 2)))
            elif kind == "t":
                made.append(_pair(rng))
            elif kind == "d":
                made.append(Fields(*_pair(rng), _pair(rng)))
            elif kind == "m":
                made.append(("sin", "cube", "other")[int(rng.integers(0, 3))])
            elif kind == "none":
                made.append(None)
            else:
                assert isinstance(kind, tuple)
                made.append(rng.uniform(-1.5, 1.5, kind))
        return tuple(made)

    def pattern(self) -> tuple[bool, ...]:
        """Which arguments are active: at least one, half of them on the average."""
        rng = random.Random(self.seed + 1)
        able = [kind not in ("i", "b", "m", "none") for kind in self.kinds]
        chosen = [on and rng.random() < 0.6 for on in able]
        if not any(chosen):
            chosen[able.index(True)] = True
        return tuple(chosen)


class Body(Filling):
    """Writes the statements of one function."""

    wide = 0  # how often a statement comes from the tables of the wider language

    def block(self, count: int, depth: int) -> list[str]:
        """Statements; every name that they define is in the scope afterwards."""
        lines: list[str] = []
        for _ in range(count):
            lines += self.statement(depth)
        return lines

    def statement(self, depth: int) -> list[str]:
        kinds: list[tuple[Callable[[int], list[str]], int]] = [
            (self.assign, 6),
            (self.augment, 4),
            (self.whole, 2),
            (self.flag, 1),
            (self.new_array, 4),
            (self.store, 6),
            (self.store_slice, 4),
            (self.augment_array, 2),
            (self.take_view, 3),
            (self.swap, 2),
            (self.call, 3 if self.helpers else 0),
            (self.branch, 4 if depth > 0 else 0),
            (self.loop, 5 if depth > 0 and self.trips < 20 else 0),
            (self.repeat_while, 2 if depth > 0 and self.trips < 20 else 0),
            (self.snippet, self.wide),
            (self.leave, 2 if self.loops else 0),
            (self.early_return, 1),
        ]
        makers, weights = zip(*kinds, strict=True)
        made: list[str] = self.rng.choices(makers, weights)[0](depth)
        return made

    def branch(self, depth: int) -> list[str]:
        rng = self.rng
        before = self.scope.copy()
        lines = [f"if {self.make.condition()}:"]
        lines += indent(self.block(rng.randint(1, 3), depth - 1))
        ends = [self.scope]
        if rng.random() < 0.25:
            self.make.scope = before.copy()
            lines += [f"elif {self.make.condition(1)}:"]
            lines += indent(self.block(rng.randint(1, 2), depth - 1))
            ends.append(self.scope)
        self.make.scope = before.copy()
        if rng.random() < 0.6:
            lines += ["else:", *indent(self.block(rng.randint(1, 2), depth - 1))]
        for end in ends:
            self.scope.merge(end)
        return lines

    def inside(self, added: list[Variable], trips: int, depth: int, first: list[str]) -> list[str]:
        """A loop body. What it defines is dropped: the loop might not run."""
        saved, protected = self.scope.copy(), self.protected
        # An integer that the body turns into a float is one from the start of the loop.
        for v in self.scope.of("i"):
            whole = v.below or self.settled or v.name in protected
            if self.rng.random() < 0.3 and not whole:
                saved.add(Variable(v.name, "f"))
        # `below` and `dense` are promises about the first round only, unless nothing rebinds them.
        for v in list(saved.variables.values()):
            if v.kind == "i":
                self.protected = self.protected | {v.name}
            if v.kind == "a":
                self.scope.add(v)
        self.make.scope = saved.copy()
        for v in added:
            self.scope.add(v)
            self.protected = self.protected | {v.name}
        loosened = [v for v in self.scope.of("a") if v.name not in self.protected]
        for v in loosened:
            self.scope.add(Variable(v.name, "a", v.shape, dense=False))
        self.loops, self.trips = self.loops + 1, self.trips * trips
        lines = first + self.block(self.rng.randint(1, 4), depth - 1)
        self.loops, self.trips = self.loops - 1, self.trips // trips
        self.protected = protected
        for v in loosened:
            saved.add(Variable(v.name, "a", v.shape, dense=False))
        self.make.scope = saved
        return indent(lines)

    def loop(self, depth: int) -> list[str]:
        rng = self.rng
        free = [n for n in WHOLE if self.kind(n) == ""]
        if not free:
            return self.assign(depth)
        name = rng.choice(free)
        arrays = self.scope.of("a")
        vectors = [v for v in arrays if len(v.shape) == 1]
        tables = [v for v in arrays if len(v.shape) == 2]
        item = rng.choice([n for n in NAMES if self.kind(n) in ("", "f")])
        pick = rng.randrange(8)
        if pick == 0 and vectors:
            v = rng.choice(vectors)
            body = self.inside([Variable(item, "f")], v.shape[0], depth, [])
            return [f"for {item} in {v.name}:", *body]
        if pick == 1 and vectors:
            v = rng.choice(vectors)
            size = v.shape[0]
            body = self.inside(
                [Variable(name, "i", below=size), Variable(item, "f")], size, depth, []
            )
            return [f"for {name}, {item} in enumerate({v.name}):", *body]
        if pick == 2 and len(vectors) > 1:
            v, w = rng.sample(vectors, 2)
            other = rng.choice([n for n in NAMES if self.kind(n) in ("", "f") and n != item])
            size = min(v.shape[0], w.shape[0])
            body = self.inside([Variable(item, "f"), Variable(other, "f")], size, depth, [])
            return [f"for {item}, {other} in zip({v.name}, {w.name}):", *body]
        if pick == 3 and tables:
            v = rng.choice(tables)
            row = rng.choice(ARRAYS)
            if self.kind(row) == "":
                added = [Variable(row, "a", v.shape[1:], dense=False)]
                return [f"for {row} in {v.name}:", *self.inside(added, v.shape[0], depth, [])]
        if pick == 4 and self.scope.of("i"):
            count = rng.choice(self.scope.of("i")).name
            body = self.inside([Variable(name, "i")], 5, depth, [])
            return [f"for {name} in range({count} % 5):", *body]
        if pick == 5:
            first = rng.randrange(4)
            body = self.inside([Variable(name, "i", below=first + 1)], first + 1, depth, [])
            return [f"for {name} in range({first}, -1, -1):", *body]
        size = rng.choice((0, 1, 3, 3, 4, 4, 6))
        length = f"range({size})"
        if pick == 6 and vectors:
            v = rng.choice(vectors)
            size, length = v.shape[0], f"range({v.name}.size)"
        body = self.inside([Variable(name, "i", below=max(size, 1))], max(size, 1), depth, [])
        return [f"for {name} in {length}:", *body]

    def repeat_while(self, depth: int) -> list[str]:
        rng = self.rng
        free = [n for n in WHOLE if self.kind(n) == ""]
        if not free:
            return self.assign(depth)
        name = rng.choice(free)
        trips = rng.randint(2, 5)
        first = [f"{name} += 1"]
        body = self.inside([Variable(name, "i", below=trips + 1)], trips, depth, first)
        # The test runs again after the body, so it may use only what the body leaves as it was.
        test = f"{name} < {trips}"
        if rng.random() < 0.6:
            test += f" and {self.make.scalar(1)[0]} > {self.make.constant()[0]}"
        self.scope.add(Variable(name, "i"))
        return [f"{name} = 0", f"while {test}:", *body]

    def leave(self, depth: int) -> list[str]:
        way = self.rng.choice(["break", "continue"])
        return [f"if {self.make.condition(1)}:", f"    {way}"]

    def early_return(self, depth: int) -> list[str]:
        if self.rng.random() < 0.5:
            return self.assign(depth)
        return [f"if {self.make.condition(1)}:", f"    {self.returned()}"]


def indent(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _parameters(rng: random.Random, count: int) -> list[Variable]:
    made: list[Variable] = []
    arrays, floats, whole = list("xyzXY"), list("spqt"), list("nk")
    for _ in range(count):
        pick = rng.random()
        if pick < 0.55:
            made.append(Variable(arrays.pop(0), "a", rng.choice(SHAPES)))
        elif pick < 0.9 or not whole:
            made.append(Variable(floats.pop(0), "f"))
        else:
            made.append(Variable(whole.pop(0), "i"))
    return made


def _function(
    rng: random.Random, name: str, parameters: list[Variable], helpers: list[Helper], gives: str,
    size: int,
) -> tuple[list[str], Body]:  # fmt: skip
    body = Body(rng, helpers, gives)
    body.wide = rng.choice((0, 20, 40, 80))
    for p in parameters:
        body.scope.add(p)
    lines = [f"def {name}({', '.join(p.name for p in parameters)}):"]
    lines += indent(body.block(size, 2))
    lines += indent([body.returned()]) if gives != "none" else []
    return lines, body


def generate(seed: int) -> Case:
    """The program of this seed: a few helpers and a function ``program``."""
    rng = random.Random(seed)
    helpers: list[Helper] = []
    text: list[str] = []
    for number in range(rng.choice((0, 0, 1, 1, 2))):
        parameters = _parameters(rng, rng.randint(1, 3))
        gives = rng.choice(("f", "f", "ff", "a", "none"))
        if gives == "none" and not any(p.kind == "a" for p in parameters):
            gives = "f"
        name = f"helper_{number}"
        lines, body = _function(rng, name, parameters, list(helpers), gives, rng.randint(1, 3))
        takes = tuple(p.shape if p.kind == "a" else p.kind for p in parameters)
        helpers.append(Helper(name, takes, gives, body.shape))
        text += ["", *lines, ""]
    parameters = _parameters(rng, rng.randint(1, 4))
    if not any(p.kind in "fa" for p in parameters):
        parameters.append(Variable("s", "f"))
    extras = [
        Variable("pair", "t"), Variable("params", "d"), Variable("mode", "m"),
        Variable("maybe", "o"),
    ]  # fmt: skip
    parameters += [extra for extra in extras if rng.random() < 0.25]
    gives = rng.choice(("f", "f", "f", "a", "fa", "ff"))
    lines, _ = _function(rng, "program", parameters, helpers, gives, rng.choice(SIZES))
    text += ["", *lines, ""]
    kinds = tuple(
        p.shape if p.kind == "a" else rng.choice(("f", "none")) if p.kind == "o" else p.kind
        for p in parameters
    )
    body_text = "\n".join(text)
    head = f"import math\n\nimport numpy as np\n\n{helpers_of(body_text)}"
    return Case(seed, head + body_text, kinds, rng.choice((1, 1, 1, 2, 3)))
