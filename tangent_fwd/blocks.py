"""Blocks: arrays that results are written into, in the structure of the result; made here, or
given by the caller.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tangent_fwd.boundary import Array
from tangent_fwd.fields import remade
from tangent_fwd.seeds import number


@dataclass(eq=False)
class Slot:
    """The block of one result and one argument; `array` is where it goes."""

    shape: tuple[int, ...]
    dtype: Any
    array: Any = None


def place(name: str, template: Any, out: Any, primals: Sequence[Any]) -> None:
    """Make room for the blocks of a structure, or take that which was given.

    Args:
        name: what is asked for, for messages.
        template: tuples with a slot in the place of each array, None where there is none.
        out: arrays of these shapes and dtypes in the same structure, or None.
        primals: the arguments, which must not be overwritten.

    Raises:
        TypeError, ValueError: `out` does not fit, or shares memory; the message says where.
    """
    if out is not None:
        _take(name, template, out, "out")
    arrays = [array for value in primals for array in _arrays(value)]
    for slot in _slots(template):
        if slot.array is None:
            slot.array = np.zeros(slot.shape, slot.dtype)
        elif any(np.may_share_memory(slot.array, array) for array in arrays):
            raise ValueError(f"{name}: out shares memory with an argument or with itself")
        else:
            arrays.append(slot.array)


def filled(template: Any) -> Any:
    """The arrays of a structure in it; a number for one without axes."""
    if isinstance(template, tuple):
        return remade(template, list(map(filled, template)))
    return number(template.array) if isinstance(template, Slot) else None


def _take(name: str, template: Any, out: Any, path: str) -> None:
    """Give each slot of a template the array in its place."""
    if isinstance(template, tuple):
        if not isinstance(out, tuple) or len(out) != len(template):
            got = f"{len(out)}" if isinstance(out, tuple) else type(out).__name__
            raise TypeError(f"{name}: {path} must be a tuple of {len(template)}, got {got}")
        for k, (part, mine) in enumerate(zip(template, out)):
            _take(name, part, mine, f"{path}[{k}]")
    elif template is not None:
        if type(out) is not np.ndarray:
            wanted = f"an array of shape {template.shape}"
            raise TypeError(f"{name}: {path} must be {wanted}, got {type(out).__name__}")
        if out.dtype != template.dtype:
            raise TypeError(f"{name}: {path} has dtype {out.dtype}, expected {template.dtype}")
        if out.shape != template.shape:
            raise ValueError(f"{name}: {path} has shape {out.shape}, expected {template.shape}")
        if not out.flags.writeable:
            raise ValueError(f"{name}: {path} is read-only")
        template.array = out


def _slots(template: Any) -> Iterator[Slot]:
    if isinstance(template, tuple):
        for part in template:
            yield from _slots(part)
    elif template is not None:
        yield template


def _arrays(value: Any) -> Iterator[Array]:
    if isinstance(value, tuple):
        for part in value:
            yield from _arrays(part)
    elif isinstance(value, np.ndarray):
        yield value
