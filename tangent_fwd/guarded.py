"""The way from compiled code into a function that writes to an argument: memory is looked at first.

It is what `apart` sees to when the call comes from Python, and says the same.

    def call(a0, a1, a2):
        if overlap(a0, a1):
            raise ValueError("`out` is written to and shares memory with `x`; pass a copy ...")
        ...
        return entry(a0, a1, a2)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numba import njit
from numba.core import cgutils
from numba.extending import intrinsic, types

from tangent_fwd.analysis.alias import held, is_array, is_container, is_dict, is_list, is_tuple
from tangent_fwd.backend.support import OVERLAP
from tangent_fwd.specialise import Specialisation


@intrinsic  # type: ignore[untyped-decorator]
def _same(context: Any, a: Any, b: Any) -> Any:
    """Whether two lists or two dicts are one; numba has `is` for lists only."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        memory = [
            cgutils.create_struct_proxy(kind)(context, builder, value=value).meminfo
            for kind, value in zip(signature.args, args)
        ]
        return builder.icmp_unsigned("==", *memory)

    return types.boolean(a, b), generate


_NAMESPACE: dict[str, Any] = {"np": np, "njit": njit, "same": _same}
exec(compile(OVERLAP, "<tangent_fwd overlap>", "exec"), _NAMESPACE)


def entry(compiled: Specialisation, names: Sequence[str], active: Sequence[int]) -> Any:
    """The compiled function, behind a look whether what it writes to shares memory.

    Why: inside, what is written to is taken to be apart from every other argument; where it is
    not, the numbers would be wrong.

    Args:
        compiled: the function, with a lane of tangents or none.
        names: of its arguments, without tangents.
        active: positions of those that have a tangent.

    Returns:
        A numba dispatcher that takes what `compiled` takes.
    """
    writes = compiled.program.mutated
    if not writes:
        return compiled.dispatcher
    words = [f"a{i}" for i in range(len(compiled.types))]
    owners = [*range(len(names)), *active]
    shown = [f"`{name}`" for name in names]
    shown += [f"the tangent of {shown[i]}" for i in active]
    lines: list[str] = []
    for k, owner in enumerate(owners):
        if owner not in writes:
            continue
        told = f"{shown[k]} is written to and two of its arrays share memory; pass a copy of one"
        lines += _inside((words[k], compiled.types[k]), told)
        for j, other in enumerate(owners):
            if j == k or (j < k and other in writes):
                continue
            told = f"{shown[k]} is written to and shares memory with {shown[j]}; pass a copy of one"
            both = (words[k], compiled.types[k]), (words[j], compiled.types[j])
            lines += _between(*both, f"{told} of them")
    if not lines:
        return compiled.dispatcher
    lines.append(f"return entry({', '.join(words)})")
    text = f"def call({', '.join(words)}):\n" + "".join(f"    {line}\n" for line in lines)
    return written(text, {**_NAMESPACE, "entry": compiled.dispatcher})


def written(text: str, namespace: dict[str, Any]) -> Any:
    """The function `call` of a text, for numba to compile."""
    exec(compile(text, "<tangent_fwd call>", "exec"), namespace)
    return njit(error_model="numpy", fastmath=False)(namespace["call"])


# What stands in a function: its text and its type.
_Value = tuple[str, Any]


def _between(first: _Value, second: _Value, message: str) -> list[str]:
    """Lines that raise where two values share memory."""
    lines = []
    for loops, a, kind in _held(*first, "p"):
        for more, b, other in _held(*second, "q"):
            if is_array(kind) and is_array(other):
                lines += _nested([*loops, *more], f"overlap({a}, {b})", message)
            elif kind == other:
                lines += _nested([*loops, *more], f"same({a}, {b})", message)
    return lines


def _inside(value: _Value, message: str) -> list[str]:
    """Lines that raise where two arrays inside a value share memory."""
    lines = []
    first, again = ([part for part in _held(*value, w) if is_array(part[2])] for w in "pq")
    for k, (loops, a, _) in enumerate(first):
        for more, b, _ in again[:k]:
            lines += _nested([*loops, *more], f"overlap({a}, {b})", message)
        if loops:
            places = (", ".join(f"{word}_at{n}" for n in range(len(loops))) for word in "pq")
            earlier = " < ".join(f"({place},)" for place in places)
            test = f"{earlier} and overlap({a}, {again[k][1]})"
            lines += _nested([*loops, *again[k][0]], test, message)
    return lines


def _nested(loops: Sequence[str], test: str, message: str) -> list[str]:
    lines = [*loops, f"if {test}:", f"    raise ValueError({message!r})"]
    return ["    " * min(k, len(loops)) + line for k, line in enumerate(lines)]


def _held(name: str, kind: Any, word: str, depth: int = 0) -> Iterator[tuple[list[str], str, Any]]:
    """The arrays, lists, dicts and sets in a value: loops that reach one, its text, its type."""
    if is_array(kind) or is_container(kind):
        yield [], name, kind
    if is_tuple(kind):
        for k, part in enumerate(kind):
            yield from _held(f"{name}[{k}]", part, word, depth)
    elif is_list(kind) or is_dict(kind):
        each, over = f"{word}{depth}", f"{name}.values()" if is_dict(kind) else name
        loop = f"for {word}_at{depth}, {each} in enumerate({over}):"
        for loops, inner, what in _held(each, held(kind), word, depth + 1):
            yield [loop, *loops], inner, what
