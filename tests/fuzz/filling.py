"""Fills the holes of the snippets with what a scope has to offer."""

from __future__ import annotations

import random
import re
from typing import Any

from tests.fuzz.scope import Helper, Variable
from tests.fuzz.snippets import ANYWHERE, HELPERS, INNER, Snippet
from tests.fuzz.statements import ARRAYS, Statements

# The holes that stand for an argument of another kind than a number or an array.
ARGUMENTS = {"pair": "t", "params": "d", "mode": "m", "maybe": "o"}
HOLE = re.compile(r"\{(\w+)\}")


def helpers_of(text: str) -> str:
    """The functions of the module that a program calls."""
    return "".join(f"\n{made}\n\n" for name, made in HELPERS.items() if f"{name}" in text)


class Filling(Statements):
    """Writes statements from the tables of snippets."""

    def __init__(self, rng: random.Random, helpers: list[Helper], gives: str) -> None:
        super().__init__(rng, helpers, gives)
        self.snippets = 0

    def snippet(self, depth: int) -> list[str]:
        top = depth == 2 and self.loops == 0
        inner = top and self.rng.random() < 0.15
        made = self.filled(self.rng.choice(INNER if inner else self.table()))
        # What a nested function reads keeps its type: a call has the one type of a variable.
        self.settled = self.settled or inner or (made is not None and "lambda" in made[0])
        return self.assign(depth) if made is None else made

    def table(self) -> list[Snippet]:
        """Those to choose from: often one about an argument that few functions have."""
        special = [hole for hole, kind in ARGUMENTS.items() if self.scope.of(kind)]
        if not special or self.rng.random() < 0.7:
            return ANYWHERE
        hole = self.rng.choice(special)
        return [snippet for snippet in ANYWHERE if f"{{{hole}}}" in snippet[0]]

    def filled(self, snippet: Snippet) -> list[str] | None:
        """The lines of a snippet; None where nothing fits into one of its holes."""
        text, gives = snippet
        self.snippets += 1
        named: dict[str, Variable] = {}
        for hole in ("v", "w", "A", "B", "Q", "f", *ARGUMENTS):
            if f"{{{hole}}}" in text:
                known = self.fitting(hole, named)
                if not known:
                    return None
                named[hole] = self.rng.choice(known)
        bound: list[Variable] = []
        for hole, kind in gives.items():
            shape = named[kind].shape if kind in named else kind if isinstance(kind, tuple) else ()
            name = self.array_target(shape) if shape else self.target()
            if name is None:
                return None
            named[hole] = Variable(name, "a" if shape else "f", shape, dense=False)
            bound.append(named[hole])

        def fill(found: re.Match[str]) -> str:
            hole = found[1]
            return named[hole].name if hole in named else self.new(hole, named)

        lines = HOLE.sub(fill, text).split("\n")
        for variable in bound:
            self.scope.add(variable)
        return lines

    def fitting(self, hole: str, named: dict[str, Variable]) -> list[Variable]:
        """The variables that may stand in this hole beside those already chosen."""
        scope = self.scope
        arrays = scope.of("a")
        vectors = [a for a in arrays if len(a.shape) == 1 and a.shape[0] > 2]
        if hole == "v":
            return vectors
        if hole in "wB":
            other = named.get("v" if hole == "w" else "A")
            if other:
                return scope.of("a", other.shape)
            return vectors if hole == "w" else [a for a in arrays if len(a.shape) == 2]
        if hole in "AQ":
            tables = [a for a in arrays if len(a.shape) == 2 and a.dense]
            return [a for a in tables if a.shape == (3, 3)] if hole == "Q" else tables
        if hole == "f":
            return [f for f in scope.of("f") if f.name not in self.protected]
        return scope.of(ARGUMENTS[hole])

    def new(self, hole: str, named: dict[str, Variable]) -> str:
        """Text for a hole that is filled anew each time."""
        make: dict[str, Any] = {
            "q": lambda: str(self.snippets),
            "s": lambda: self.make.within(self.make.scalar(2)),
            "e": lambda: self.make.leaf()[0],
            "k": lambda: self.make.constant()[0],
            "c": lambda: self.make.condition(1),
            "n": lambda: str(self.rng.randrange(2)),
            "i": lambda: self.make.index(named["v"].shape[0]),
            "j": lambda: ", ".join(self.make.index(n) for n in named["A"].shape),
        }
        text: str = make[hole]()
        return text

    def array_target(self, shape: tuple[int, ...]) -> str | None:
        """An array name that is free or has this shape."""
        free = [n for n in ARRAYS if n not in self.protected and self.kind(n) in ("", "a")]
        fit = [n for n in free if n not in self.scope.variables
               or self.scope.variables[n].shape == shape]  # fmt: skip
        return self.rng.choice(fit) if fit else None
