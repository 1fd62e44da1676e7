"""The subscripts of `np.einsum`, a letter for each axis, and what `np.tensordot` is in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def read(subscripts: str, axes: Sequence[int]) -> tuple[list[str], str]:
    """The letters of each operand, which has so many axes, and of the result.

    Raises ValueError for what `np.einsum` does not take either.
    """
    given, arrow, output = subscripts.replace(" ", "").partition("->")
    inputs = given.split(",")
    if len(inputs) != len(axes):
        raise ValueError(f"{len(inputs)} subscripts for {len(axes)} operands")
    used = set(subscripts) & set(LETTERS)
    spare = [c for c in LETTERS if c not in used]
    wide = max(count - len(own.replace("...", "")) for own, count in zip(inputs, axes))
    rest = "".join(spare[: max(wide, 0)]) if "..." in subscripts else ""
    found = []
    for own, count in zip(inputs, axes):
        letters = own.replace("...", "")
        more = count - len(letters)
        if more < 0 or ("..." not in own and more > 0):
            raise ValueError(f"the subscript `{own}` does not fit an array of {count} dimensions")
        found.append(own.replace("...", rest[len(rest) - more :] if more else ""))
    if not arrow:
        whole = "".join(inputs).replace("...", "")
        output = rest + "".join(sorted(c for c in set(whole) if whole.count(c) == 1))
    else:
        output = output.replace("...", rest)
    every = "".join(found)
    if any(c not in LETTERS for c in every + output):
        raise ValueError("a subscript is a letter")
    if any(output.count(c) > 1 or c not in every for c in output):
        raise ValueError(f"the output `{output}` must have each letter of the operands once")
    return found, output


def tensordot(axes: Any, left: int, right: int) -> str:
    """The subscripts of `np.tensordot(a, b, axes)` for arrays of so many axes."""
    if isinstance(axes, int):
        pairs = [(left - axes + k, k) for k in range(axes)]
    else:
        first, second = (p if isinstance(p, (tuple, list)) else (p,) for p in axes)
        if len(first) != len(second):
            raise ValueError("as many axes of one array as of the other are summed over")
        pairs = list(zip(first, second))
    if any(not (-left <= i < left and -right <= j < right) for i, j in pairs):
        raise ValueError(f"the axes {axes} do not fit arrays of {left} and {right} dimensions")
    one = list(LETTERS[:left])
    other = list(LETTERS[left : left + right])
    for i, j in pairs:
        other[j] = one[i]
    gone = {one[i] for i, _ in pairs}
    kept = "".join(c for c in one + other if c not in gone)
    return f"{''.join(one)},{''.join(other)}->{kept}"
