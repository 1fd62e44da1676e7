"""What decides how a step is written, and where in the state its numbers stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tangent_fwd.optim.directions import Directions
from tangent_fwd.optim.optimizers import Optimizer
from tangent_fwd.optim.schedules import Schedule
from tangent_fwd.optim.tree import Tree

# Entries of `state.clock` and `state.report`, by the names that the text has for them.
CLOCK = ("STEP", "SEED", "EPOCH", "ROW", "FAILED")
REPORT = ("LOSS", "SLOPE", "RATE", "TOTAL", "ROWS")
STEP, SEED, EPOCH, ROW, FAILED = range(len(CLOCK))
LOSS, SLOPE, RATE, TOTAL, ROWS = range(len(REPORT))


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything that decides how a step is written, except the types of the batch."""

    tree: Tree
    optimizer: Optimizer
    directions: Directions
    k: int
    clip: float | None

    @property
    def share(self) -> float | None:
        """How much of its distance to the last estimate the remembered gradient makes up."""
        return self.directions.share(self.tree.size, self.k)

    def numbers(self) -> list[float]:
        """What the text reads from `state.numbers`, in that order."""
        found: list[float] = []
        self._rate_text(found)
        found += [value for _, value in self.optimizer.settings]
        found += [value for value in (self.clip, self.share) if value is not None]
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
