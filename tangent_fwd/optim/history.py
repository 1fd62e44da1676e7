"""What a training leaves behind: rows of numbers, and the error that ends one."""

from __future__ import annotations

import csv
from os import PathLike
from pathlib import Path
from typing import NamedTuple


class Row(NamedTuple):
    """One row of the history.

    Attributes:
        step: steps taken.
        epoch: passes over the data, with the part of the present one, so 2.5 is halfway
            through the third.
        loss: mean over all rows of data since the row before, each before its step.
        rate: the learning rate of the last step.
        seconds: time spent in `fit`, over all its calls.
    """

    step: int
    epoch: float
    loss: float
    rate: float
    seconds: float


class History(list[Row]):
    """Rows, in order."""

    def to_csv(self, path: str | PathLike[str]) -> None:
        """Write the rows to a file, under a line of names."""
        with Path(path).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(Row._fields)
            writer.writerows(self)


class DivergenceError(ArithmeticError):
    """The loss or a slope is not finite.

    The parameters are those from before the failing step.

    Attributes:
        step: the step that failed, counted from 0, which is also how many were taken.
        loss: the loss of that step.
        slope: its first slope.
        checkpoint: the file with the last state that was kept, or None.
    """

    def __init__(
        self, step: int, loss: float, slope: float, checkpoint: Path | None = None
    ) -> None:
        self.step = step
        self.loss = loss
        self.slope = slope
        self.checkpoint = checkpoint
        kept = f"; the last state on disk is in {checkpoint}" if checkpoint else ""
        super().__init__(
            f"training diverged at step {step}: the loss is {loss:g} and its slope {slope:g}; "
            f"the parameters are those after {step} good steps{kept}; try a smaller rate, "
            "more directions, or clip"
        )
