"""What a random program knows about its names."""

from __future__ import annotations

from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Variable:
    """A name that can be read: a float, an integer, a bool or an array of a fixed shape.

    `dense` says that the array is surely C-contiguous, which `@` and reshape ask for.
    `below` bounds an integer that may index (0 <= value < below).
    """

    name: str
    kind: str  # "f", "i", "b", "a"
    shape: tuple[int, ...] = ()
    dense: bool = True
    below: int = 0


@dataclass(frozen=True)
class Helper:
    """A function that a program can call: the shapes it takes and what it gives back."""

    name: str
    takes: tuple[tuple[int, ...] | str, ...]  # a shape, or "f" or "i"
    gives: str  # "f", "ff", "a" or "none"
    shape: tuple[int, ...] = ()


@dataclass
class Scope:
    """The variables that are surely defined here."""

    variables: dict[str, Variable] = field(default_factory=dict)

    def copy(self) -> Scope:
        return Scope(dict(self.variables))

    def of(self, kind: str, shape: tuple[int, ...] | None = None) -> list[Variable]:
        return [
            v
            for v in self.variables.values()
            if v.kind == kind and (shape is None or v.shape == shape)
        ]

    def add(self, variable: Variable) -> None:
        self.variables[variable.name] = variable

    def merge(self, other: Scope) -> None:
        """Keep what both sides define; an integer on one side and a float on the other is float."""
        kept: dict[str, Variable] = {}
        for name, mine in self.variables.items():
            its = other.variables.get(name)
            if its is None:
                continue
            if mine.kind == its.kind and mine.shape == its.shape:
                below = max(mine.below, its.below) if mine.below and its.below else 0
                kept[name] = replace(mine, dense=mine.dense and its.dense, below=below)
            elif {mine.kind, its.kind} == {"i", "f"}:
                kept[name] = Variable(name, "f")
        self.variables = kept
