"""The inputs that the parameter names of the program corpus stand for."""

from __future__ import annotations

import copy
import inspect
from collections import namedtuple
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Params = namedtuple("Params", ["W", "b", "scale"])


class Fields(NamedTuple):
    """What compiled code sees of a dict or a dataclass, read in the way of either."""

    W: Any
    scale: Any
    rest: Any

    def __getitem__(self, key: Any) -> Any:
        return getattr(self, key) if isinstance(key, str) else tuple.__getitem__(self, key)


def _table() -> dict[str, Any]:
    rng = np.random.default_rng(20)

    def draw(*shape: int) -> np.ndarray:
        """Numbers of either sign whose distance from 0, and so from most kinks, is 0.2."""
        return rng.uniform(0.2, 1.3, shape) * rng.choice([-1.0, 1.0], shape)

    table: dict[str, Any] = {
        "s": 0.7,
        "t": -0.4,
        "d_s": -0.4,
        "u": 1.3,
        "scale": 2.5,
        "p": 0.83,
        "q": 1.9,
        "n": 4,
        "k": 3,
        "flag": True,
        "absent": None,
        "x": np.array([0.62, -0.31, 1.21, 0.47, -0.97]),
    }
    for name in "yzw":
        table[name] = draw(5)
    table["r"] = rng.uniform(0.3, 1.6, 5)
    for name, shape in {
        "b": (3,),
        "c": (2,),
        "X": (4, 3),
        "Y": (4, 3),
        "W": (3, 2),
        "A": (4, 4),
        "T": (2, 3, 4),
        "Q": (2, 2, 3, 2),
        "row": (1, 3),
        "col": (4, 1),
        "one": (1,),
        "one_one": (1, 1),
        "nothing": (0,),
        "out": (5,),
        "OUT": (4, 3),
    }.items():
        table[name] = draw(*shape)
    table["strided"] = draw(10)[::2]
    table["s32"] = np.float32(0.61)
    for name, shape in {"X32": (4, 3), "W32": (3, 2)}.items():
        table[name] = draw(*shape).astype(np.float32)
    table["y32"] = np.array([0.9, -1.1, 0.3, -0.2, 1.2], dtype=np.float32)
    table["x32"] = np.array([-0.4, 0.7, -1.0, 0.55, 0.8], dtype=np.float32)
    table["zeta"] = complex(0.6, -0.45)
    table["Z"] = draw(5) + 1j * draw(5)
    table["H"] = draw(3, 3) + 1j * draw(3, 3)
    table["m"] = np.array([2, 0, 3, 1, 4])
    table["labels"] = np.array([0, 2, 1, 0])
    table["mask"] = np.array([True, False, True, True, False])
    table["pair"] = (draw(5), draw(5))
    table["layers"] = (draw(3, 2), draw(2), draw(2, 2), draw(2))
    table["params"] = Params(draw(3, 2), draw(2), 0.9)
    return table


TABLE = _table()


def like(value: Any, parts: list[Any]) -> Any:
    """A tuple of parts, of the class of a tuple or a named tuple."""
    return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)


def fresh(value: Any) -> Any:
    """A copy of an input that shares no memory with it and keeps its strides."""
    if isinstance(value, tuple):
        parts = [fresh(part) for part in value]
        return like(value, parts)
    if isinstance(value, np.ndarray) and not value.flags.c_contiguous:
        base = np.repeat(value, 2, axis=0)
        return base[::2]
    return copy.deepcopy(value)


def inputs(function: Callable[..., Any]) -> tuple[Any, ...]:
    """Fresh arguments for a program, one per parameter."""
    return tuple(fresh(TABLE[name]) for name in inspect.signature(function).parameters)


def is_float(value: Any) -> bool:
    """Whether an argument can carry a tangent: numbers but integers, arrays and tuples of them."""
    if isinstance(value, tuple):
        return all(is_float(part) for part in value)
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "fc"
    return isinstance(value, (float, np.floating, complex))


def direction(value: Any, rng: np.random.Generator) -> Any:
    """A random tangent with the structure, shape and dtype of a float argument."""
    if isinstance(value, tuple):
        parts = [direction(part, rng) for part in value]
        return like(value, parts)
    if isinstance(value, np.ndarray):
        made = fresh(value)
        made[...] = rng.uniform(-1.0, 1.0, value.shape)
        if np.iscomplexobj(value):
            made += 1j * rng.uniform(-1.0, 1.0, value.shape)
        return made
    if isinstance(value, complex):
        return complex(*rng.uniform(-1.0, 1.0, 2))
    return type(value)(rng.uniform(-1.0, 1.0))
