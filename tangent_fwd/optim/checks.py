"""What users pass by name, checked in one place and refused in one manner."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def number(name: str, value: Any, least: float | None = None, below: float | None = None) -> float:
    """`value` as a float, if it is a finite real number within bounds; TypeError, ValueError."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(
        value, (int, float, np.integer, np.floating)
    ):
        raise TypeError(f"{name} must be a number, not {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite, not {value!r}")
    if least is not None and value < least:
        raise ValueError(f"{name} must be at least {least:g}, not {value!r}")
    if below is not None and value >= below:
        raise ValueError(f"{name} must be below {below:g}, not {value!r}")
    return float(value)


def positive(name: str, value: Any) -> float:
    """`value` as a float above zero; TypeError, ValueError."""
    found = number(name, value)
    if found <= 0:
        raise ValueError(f"{name} must be above 0, not {value!r}")
    return found


def fraction(name: str, value: Any) -> float:
    """`value` as a float above zero and at most one; TypeError, ValueError."""
    found = number(name, value)
    if not 0 < found <= 1:
        raise ValueError(f"{name} must be above 0 and at most 1, not {value!r}")
    return found


def whole(name: str, value: Any, least: int) -> int:
    """`value` as an int of at least `least`; TypeError, ValueError."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be an integer, not {value!r}")
    if not least <= value < 2**63:
        raise ValueError(f"{name} must be at least {least} and below 2**63, not {value!r}")
    return int(value)
