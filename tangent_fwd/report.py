"""What `f.report()` tells: signatures, compile times, cache hits, and the compiler's findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tangent_fwd.specialise import Specialiser


@dataclass(frozen=True)
class Compiled:
    """One compiled form.

    `kind` is "primal", "jvp", "jvp, 8 lanes" or "second order"; `seconds` is what it took to make,
    from text to machine code; `cached` says whether the machine code came from disk; `findings`
    holds the names that are active, the rules used, and what became of loops over `prange`.
    """

    kind: str
    types: tuple[str, ...]
    seconds: float
    cached: bool
    findings: dict[str, Any]


@dataclass(frozen=True)
class Report:
    """Everything compiled for one function so far; `print` shows it."""

    name: str
    compiled: tuple[Compiled, ...]

    @classmethod
    def of(cls, name: str, specialisers: Sequence[Specialiser]) -> Report:
        """Read the report off a function's compilers: one for each choice of the functions that
        it is given, none before it is used.
        """
        rows = [row for each in specialisers for row in each.compiled.items()]
        return cls(
            name,
            tuple(
                Compiled(
                    _kind(lanes, order),
                    tuple(map(str, kinds)),
                    made.seconds,
                    made.cached,
                    made.program.report,
                )
                for (kinds, lanes, order, _), made in rows
            ),
        )

    @property
    def signatures(self) -> tuple[tuple[str, ...], ...]:
        """The argument types met, each once."""
        return tuple(dict.fromkeys(row.types for row in self.compiled))

    @property
    def cache_hits(self) -> int:
        """How many compiled forms came from disk."""
        return sum(row.cached for row in self.compiled)

    def __str__(self) -> str:
        if not self.compiled:
            return f"{self.name}: nothing compiled yet"
        head = f"{self.name}: {len(self.compiled)} compiled, {self.cache_hits} of them from disk"
        lines = [head]
        for row in self.compiled:
            origin = "from disk" if row.cached else "compiled"
            lines.append(f"  {row.kind} ({', '.join(row.types)}): {origin} in {row.seconds:.3f} s")
            for name, found in row.findings.items():
                if found:
                    lines.append(f"    {name}: {', '.join(map(str, found))}")
        return "\n".join(lines)


def _kind(lanes: int, order: int) -> str:
    if order == 2:
        return "second order"
    return {0: "primal", 1: "jvp"}.get(lanes, f"jvp, {lanes} lanes")
