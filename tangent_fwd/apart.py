"""Which arguments a function writes to, and whether their memory is theirs alone.

Compiled loops assume that what is written to is apart from everything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tangent_fwd.boundary import Leaf, Tree, all_owners, leaves, values
from tangent_fwd.marks import Outer

# How hard NumPy tries to tell interleaved views apart, in its own unit.
_WORK: Any = 10_000


def check_writable(tree: Tree, tangent: Any) -> None:
    """Raise ValueError where the tangent of an argument that is written to is read-only."""
    for leaf, moved in zip(leaves(tree), values(tree, tangent)):
        if leaf.is_array and leaf.floating and not moved.flags.writeable:
            raise ValueError(
                f"the function writes to `{leaf.path}`, so its tangent cannot be read-only"
            )


# A name for messages, the position of the argument it belongs to, and the arrays in it.
Group = tuple[str, int, list[Any]]


def arrays(tree: Tree, value: Any, floating: bool = False) -> list[Any]:
    """The arrays in `value`, or only the floating ones."""
    return [
        array
        for leaf, part in zip(leaves(tree), values(tree, value))
        if (leaf.is_array or leaf.holder is not None) and (leaf.floating or not floating)
        for array in _memory(leaf, part)
    ]


def _memory(leaf: Leaf, value: Any) -> Sequence[Any]:
    """What may be written to in a value: the vectors of an outer product, a list and its arrays."""
    if isinstance(value, Outer):
        return value
    if leaf.holder is None or leaf.ndim == 0:
        return (value,)
    return (value, *(value.values() if hasattr(value, "values") else value))


def check_apart(groups: Sequence[Group], writes: Sequence[int]) -> None:
    """Raise ValueError where an argument that is written shares memory with another.

    `writes` holds the positions of the arguments that the function writes to; with a primal, its
    tangent is written too.
    Compiled loops assume that such arrays are apart.
    """
    if all_owners(*(array for _, _, held in groups for array in held)):
        return
    for mine, (name, position, written) in enumerate(groups):
        if position not in writes:
            continue
        if any(_share(a, b) for k, a in enumerate(written) for b in written[:k]):
            raise ValueError(
                f"{name} is written to and two of its arrays share memory; pass a copy of one"
            )
        for its, (other, _, read_) in enumerate(groups):
            if mine != its and any(_share(a, b) for a in written for b in read_):
                raise ValueError(
                    f"{name} is written to and shares memory with {other}; "
                    "pass a copy of one of them"
                )


def _share(first: Any, second: Any) -> bool:
    if type(first) is not np.ndarray or type(second) is not np.ndarray:
        return first is second
    if not np.may_share_memory(first, second):
        return False
    try:
        # Interleaved views have overlapping bounds without sharing an element.
        return np.shares_memory(first, second, max_work=_WORK)
    except Exception:  # TooHardError moved between NumPy 1 and 2; undecided counts as shared
        return True
