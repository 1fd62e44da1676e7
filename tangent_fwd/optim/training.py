"""`fit`: passes over the data in compiled slices short enough for Ctrl-C.

Compiled code cannot be interrupted, so it is given only as many steps as take a fraction of a
second, and Ctrl-C is asked for after each slice. All that counts (parameters, slots, steps, the
place in the data) is changed by compiled code, a whole step at a time, so that even a second
Ctrl-C or a kill cannot tear it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tangent_fwd import boundary
from tangent_fwd.optim.history import DivergenceError, History, Row
from tangent_fwd.optim.interrupt import Interrupt
from tangent_fwd.optim.plan import EPOCH, FAILED, LOSS, RATE, ROW, ROWS, SEED, SLOPE, STEP, TOTAL
from tangent_fwd.optim.random import permutation
from tangent_fwd.optim.step import State, StepFunction, roomy

Array = NDArray[Any]

# What a slice aims at, in seconds, so that one that takes twice as long still ends in time.
SLICE = 0.1


class Trainer(Protocol):
    """What `fit` needs of the object it works for."""

    state: State
    step_fn: StepFunction
    history: History
    seconds: float

    def save(self, path: Path) -> None:
        """Keep everything."""


class Info(NamedTuple):
    """What a callback receives: the newest row of the history, and the object that is trained."""

    step: int
    epoch: float
    loss: float
    rate: float
    seconds: float
    trainer: Any


Callback = Callable[[Info], Any]


@dataclass(frozen=True)
class Course:
    """How a training goes; see `ForwardGradient.fit`."""

    goal: int
    batch_size: int
    shuffle: bool
    drop_last: bool
    every: int | None
    callbacks: Sequence[Callback]
    progress: bool
    checkpoint: Path | None
    save_every: float


def fit(trainer: Trainer, data: Any, course: Course) -> None:
    """Take steps until the goal is reached or a callback asks to stop."""
    batches = Batches(trainer, checked(data), course)
    saved = time.monotonic()
    with Interrupt() as interrupt, _bar(course.progress, batches.left(course.goal)) as bar:
        try:
            for steps in batches.slices(course.goal):
                _show(bar, trainer.state.report, steps)
                _check(trainer, course)
                if batches.row_due(course.goal):
                    row = _note(trainer, batches)
                    if _stops(trainer, course, row):
                        break
                interrupt.check()
                if course.checkpoint and time.monotonic() - saved >= course.save_every:
                    trainer.save(course.checkpoint)
                    saved = time.monotonic()
        except KeyboardInterrupt:
            if course.checkpoint:
                trainer.save(course.checkpoint)
            raise
        if course.checkpoint:
            trainer.save(course.checkpoint)


def checked(data: Any) -> tuple[Array, ...]:
    """`data`, if it is a tuple of arrays with as many rows each; TypeError, ValueError."""
    if not isinstance(data, (tuple, list)):
        raise TypeError(f"data must be a tuple of arrays, not {type(data).__name__}")
    if not data:
        raise ValueError(
            "data is empty; for a loss without data, call step_fn in a loop of your own"
        )
    for i, array in enumerate(data):
        if not isinstance(array, np.ndarray) or array.ndim == 0:
            raise TypeError(f"data[{i}] must be an array with one row for each example")
        boundary.read(array, f"data[{i}]")
    lengths = [len(array) for array in data]
    if len(set(lengths)) > 1:
        raise ValueError(f"the arrays of data have {lengths} rows; they must have the same number")
    if not lengths[0]:
        raise ValueError("data has no rows")
    return tuple(data)


class Batches:
    """Runs the compiled loop over batches of rows, a slice at a time."""

    def __init__(self, trainer: Trainer, data: tuple[Array, ...], course: Course) -> None:
        self.trainer = trainer
        self.course = course
        self.clock = trainer.state.clock
        rows = len(data[0])
        self.size = min(course.batch_size, rows)
        self.rows = rows - rows % self.size if course.drop_last else rows
        if self.clock[ROW] >= self.rows:
            raise ValueError(
                f"a pass over data was interrupted at row {self.clock[ROW]}, "
                f"but this data has {self.rows} rows"
            )
        self.order = np.arange(rows)
        self.ordered: int | None = None
        step = trainer.step_fn
        gathered = [np.zeros((self.size, *array.shape[1:]), array.dtype) for array in data]
        bound = boundary.bind(step.__name__, step.signature, (trainer.state, *gathered), {})[1:]
        odd = [value for value in bound[len(data) :] if isinstance(value, np.ndarray)]
        if odd:
            raise TypeError(f"`{step.__name__}`: an argument left to its default is an array")
        compiled = step.compiled(bound)
        self.arguments = (*data, *bound)
        self.run = step.loop(compiled)
        self.count = 1
        self.call(0, 0)  # compiles; there is nothing between row 0 and row 0

    def left(self, goal: int) -> int:
        """Steps until the goal."""
        whole, part = goal - int(self.clock[EPOCH]), int(self.clock[ROW])
        return max(0, whole * -(-self.rows // self.size) - -(-part // self.size))

    def slices(self, goal: int) -> Iterator[int]:
        """Take steps up to the goal; gives how many were taken, after each slice."""
        while self.clock[EPOCH] < goal:
            self.arrange()
            before = int(self.clock[STEP])
            began = time.perf_counter()
            self.call(int(self.clock[ROW]), self.last())
            spent = time.perf_counter() - began
            steps = int(self.clock[STEP]) - before
            self.trainer.seconds += spent
            if steps:
                self.count = max(1, min(2 * self.count, int(SLICE * steps / max(spent, 1e-9))))
            yield steps

    def call(self, first: int, last: int) -> None:
        """The compiled loop, which also turns to the next epoch behind the last row."""
        state = self.trainer.state
        self.run(state, self.order, first, last, self.rows, self.size, *self.arguments)
        self.trainer.state = roomy(state)

    def last(self) -> int:
        """The row at which the next slice ends: no later than the next row of the history."""
        steps = self.count
        if self.course.every:
            steps = min(steps, self.course.every - int(self.clock[STEP]) % self.course.every)
        return min(self.rows, int(self.clock[ROW]) + steps * self.size)

    def arrange(self) -> None:
        """The order of the present epoch, which depends on the seed and its number only."""
        epoch = int(self.clock[EPOCH])
        if self.course.shuffle and self.ordered != epoch:
            permutation(self.order, int(self.clock[SEED]), epoch)
            self.ordered = epoch

    def row_due(self, goal: int) -> bool:
        """Whether the history gets a row now."""
        ended = bool(self.clock[ROW] == 0)
        if not self.course.every:
            return ended
        over = ended and self.clock[EPOCH] >= goal
        return bool(over or self.clock[STEP] % self.course.every == 0)


def _check(trainer: Trainer, course: Course) -> None:
    """Raise DivergenceError if the last step failed."""
    clock, report = trainer.state.clock, trainer.state.report
    if clock[FAILED]:
        loss, slope = float(report[LOSS]), float(report[SLOPE])
        raise DivergenceError(int(clock[STEP]), loss, slope, course.checkpoint)


def _show(bar: Any, report: Array, steps: int) -> None:
    """Move the bar, if there is one."""
    if bar is not None:
        loss = report[TOTAL] / report[ROWS] if report[ROWS] else report[LOSS]
        bar.set_postfix(loss=f"{loss:.4g}", rate=f"{report[RATE]:.3g}", refresh=False)
        bar.update(steps)


def _note(trainer: Trainer, batches: Batches) -> Row:
    """Add a row to the history and begin the next one."""
    clock, report = trainer.state.clock, trainer.state.report
    row = Row(
        step=int(clock[STEP]),
        epoch=int(clock[EPOCH]) + int(clock[ROW]) / batches.rows,
        loss=float(report[TOTAL] / report[ROWS]),
        rate=float(report[RATE]),
        seconds=trainer.seconds,
    )
    trainer.history.append(row)
    report[TOTAL : ROWS + 1] = 0.0
    return row


def _stops(trainer: Trainer, course: Course, row: Row) -> bool:
    """Whether one of the callbacks asks to stop; all of them are called."""
    stop = False
    for callback in course.callbacks:
        try:
            stop = callback(Info(*row, trainer)) is True or stop
        except StopIteration:
            stop = True
    return stop


@contextmanager
def _bar(wanted: bool, steps: int) -> Iterator[Any]:
    """A progress bar, or None where it is not wanted or tqdm is not installed."""
    try:
        from tqdm import tqdm  # type: ignore[import-untyped]
    except ImportError:
        wanted = False
    if not wanted:
        yield None
        return
    with tqdm(total=steps, unit="step") as bar:
        yield bar


def check_callbacks(callbacks: Iterable[Callback]) -> tuple[Callback, ...]:
    """The callbacks as a tuple; TypeError if one cannot be called."""
    found = (callbacks,) if callable(callbacks) else tuple(callbacks)
    for callback in found:
        if not callable(callback):
            raise TypeError(f"callbacks must be functions of one argument, not {callback!r}")
    return found
