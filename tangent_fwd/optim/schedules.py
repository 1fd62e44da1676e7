"""Learning rates that change with the step: small rules, their numbers, and what they are made of.

A schedule is called with the number of the step, from 0, and gives the rate. In a compiled step
the rule stands as text and its numbers are read from memory, so another number compiles nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tangent_fwd.optim.checks import number


@dataclass(frozen=True)
class Schedule:
    """A rate for every step.

    `rule(step, *numbers, *values)` is a plain function of scalars that numba can compile and that
    refers to nothing but `np`; `values` are those of `parts`, schedules that each begin at a step
    of their own.
    """

    rule: Callable[..., Any]
    numbers: tuple[float, ...]
    parts: tuple[tuple[Schedule, float], ...] = ()

    def __call__(self, step: int) -> float:
        """The rate at a step, counted from 0."""
        values = [part(max(step - start, 0)) for part, start in self.parts]  # type: ignore[arg-type]
        return float(self.rule(step, *self.numbers, *values))

    def expression(self, step: str, written: Callable[[float], str]) -> str:
        """The same as text; `written` says how a number is written."""
        numbers = [written(number) for number in self.numbers]
        values = [
            part.expression(f"max({step} - {written(start)}, 0.0)" if start else step, written)
            for part, start in self.parts
        ]
        return f"{self.rule.__name__}({', '.join([step, *numbers, *values])})"

    def rules(self) -> list[Callable[..., Any]]:
        """The functions that the text calls."""
        return [self.rule, *(rule for part, _ in self.parts for rule in part.rules())]


# A user's own rule is any function of the step that numba can compile.
Rate = Schedule | Callable[[int], float]


def as_rate(lr: Any) -> Rate:
    """The schedule that a number, a schedule or a function of the step stands for.

    Raises TypeError or ValueError naming `lr`.
    """
    if isinstance(lr, Schedule):
        return lr
    if callable(lr):
        found: Rate = lr
        return found
    return constant(number("lr", lr, least=0.0))


def constant(rate: float) -> Schedule:
    """The same rate at every step."""
    return Schedule(fixed, (number("rate", rate, least=0.0),))


def exponential(rate: float, decay: float) -> Schedule:
    """From `rate` down by the factor exp(−decay) at every step.

    The schedule of Baydin et al. (2022), whose decay is 1e-4.
    """
    return Schedule(
        exponential_decay, (number("rate", rate, least=0.0), number("decay", decay, least=0.0))
    )


def linear(start: float, end: float, steps: int) -> Schedule:
    """From `start` to `end` in equal steps, then `end`."""
    return Schedule(
        straight_line,
        (
            number("start", start, least=0.0),
            number("end", end, least=0.0),
            number("steps", steps, least=1),
        ),
    )


def cosine(rate: float, steps: int, final: float = 0.0) -> Schedule:
    """From `rate` down to `final` along half a wave of the cosine, then `final`.

    Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts" (2017), eq. 5.
    """
    return Schedule(
        half_cosine,
        (
            number("rate", rate, least=0.0),
            number("steps", steps, least=1),
            number("final", final, least=0.0),
        ),
    )


def sequence(first: Schedule, steps: int, then: Schedule) -> Schedule:
    """`first` for some steps, then another, which counts from its own beginning."""
    at = number("steps", steps, least=0)
    parts = (_schedule("first", first), 0.0), (_schedule("then", then), at)
    return Schedule(one_of_two, (at,), parts)


def warm_up(steps: int, then: Schedule | float) -> Schedule:
    """A straight line up from 1/steps of the rate that `then` begins with, then `then`."""
    after = then if isinstance(then, Schedule) else constant(then)
    count = number("steps", steps, least=1)
    top = after(0)
    return sequence(linear(top / count, top, max(int(count) - 1, 1)), int(count), after)


def _schedule(name: str, value: Any) -> Schedule:
    if not isinstance(value, Schedule):
        raise TypeError(f"{name} must be a schedule, such as optim.constant(0.1), not {value!r}")
    return value


# The rules. Their text is copied into the compiled step.


def fixed(step: Any, rate: Any) -> Any:
    """The same rate at every step."""
    return rate


def exponential_decay(step: Any, rate: Any, decay: Any) -> Any:
    """A rate that falls by the same share at every step."""
    return rate * np.exp(-step * decay)


def straight_line(step: Any, start: Any, end: Any, steps: Any) -> Any:
    """From start to end, then end."""
    return start + (end - start) * min(step / steps, 1.0)


def half_cosine(step: Any, rate: Any, steps: Any, final: Any) -> Any:
    """From rate down to final along half a wave."""
    return final + 0.5 * (rate - final) * (1.0 + np.cos(np.pi * min(step / steps, 1.0)))


def one_of_two(step: Any, start: Any, before: Any, after: Any) -> Any:
    """One schedule until a step, another from there on."""
    return before if step < start else after
