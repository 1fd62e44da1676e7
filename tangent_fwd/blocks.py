"""Blocks: arrays that results are written into, in the structure of the result; made here, or
given by the caller.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tangent_fwd.boundary import Array, is_holder
from tangent_fwd.fields import parts_of, remade
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
    parts = parts_of(template)
    if parts is not None:
        return remade(template, list(map(filled, parts)))
    return number(template.array) if isinstance(template, Slot) else None


def _take(name: str, template: Any, out: Any, path: str) -> None:
    """Give each slot of a template the array in its place."""
    parts, given = parts_of(template), parts_of(out)
    if parts is not None:
        kind = next(kind for kind in (tuple, list, dict) if isinstance(template, kind))
        if given is None or not isinstance(out, kind) or len(given) != len(parts):
            got = f"{len(given or ())}" if isinstance(out, kind) else type(out).__name__
            raise TypeError(f"{name}: {path} must be a {kind.__name__} of {len(parts)}, got {got}")
        if isinstance(out, dict) and list(out) != list(template):
            raise ValueError(f"{name}: {path} must have the keys {list(template)}")
        for k, (part, mine) in enumerate(zip(parts, given)):
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
    parts = parts_of(template)
    if parts is not None:
        for part in parts:
            yield from _slots(part)
    elif template is not None:
        yield template


def _arrays(value: Any) -> Iterator[Array]:
    if isinstance(value, tuple) or is_holder(value):
        for part in value.values() if hasattr(value, "keys") else value:
            yield from _arrays(part)
    elif isinstance(value, np.ndarray):
        yield value
