"""The warm path: one short function per signature, which checks, unpacks and calls.

A signature is recognised by numba's fingerprint of the arguments, which tells dtypes, ranks,
layouts and tuple structures apart in a third of a microsecond.
It does not tell apart subclasses of arrays, byte orders, two named tuples with equal fields, or
shapes: those comparisons are written out here, one expression per signature, because a loop over
a description of the arguments would cost more than the derivative of a small function.

    def call(primals, tangents):
        p0, p1, = primals
        t0, = tangents
        if (p0.__class__ is ndarray and p0.dtype is dtype0 and ... and t0.shape == p0.shape):
            return entry(p0, p1, t0)
        return slow(primals, tangents)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tangent_fwd.boundary import Branch, Leaf, Tree, all_owners
from tangent_fwd.marks import Outer

Call = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Route:
    """The functions for one signature: `call` checks first, `enter` is for the already checked."""

    call: Call
    enter: Call


@dataclass
class _Writer:
    """Collects the lines of one pair of functions and the objects that they refer to."""

    names: dict[str, Any]
    unpack: list[str] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)

    def const(self, value: Any) -> str:
        for name, known in self.names.items():
            if known is value:
                return name
        name = f"k{len(self.names)}"
        self.names[name] = value
        return name


def form(tangent: Any) -> Any:
    """What decides how a checked tangent is passed on: its structure and its memory layout."""
    if isinstance(tangent, tuple):  # of an outer product as well
        return type(tangent), *map(form, tangent)
    if not isinstance(tangent, np.ndarray):
        return None
    flags = tangent.flags
    return tangent.ndim, flags.c_contiguous, flags.f_contiguous, flags.aligned


def build(
    trees: Sequence[Tree],
    primals: Sequence[Any],
    given: int,
    active: Sequence[int],
    tangents: Sequence[Any],
    writes: Sequence[int],
    entry: Callable[..., Any],
    slow: Call,
) -> Route:
    """Write the functions for arguments that look like these.

    Args:
        trees: descriptions of all arguments.
        primals: all arguments of one call that has passed the checks, 0-d arrays included.
        given: how many of them the caller passes; the others are defaults.
        active: positions of those that carry a tangent here (none for a plain call).
        tangents: the tangents of that call, one for each of `active`.
        writes: positions of the arguments that the function writes to.
        entry: the compiled function: primals, then tangents.
        slow: what to call, with the same arguments, when a comparison fails.
    """
    writer = _Writer(
        {
            "ndarray": np.ndarray,
            "entry": entry,
            "slow": slow,
            "apart": _apart,
            "owners": all_owners,
            "ascontiguousarray": np.ascontiguousarray,
            "asfortranarray": np.asfortranarray,
        }
    )
    writer.names |= {f"p{i}": primals[i] for i in range(given, len(trees))}
    writer.unpack.append("".join(f"p{i}, " for i in range(given)) + "= primals" if given else "")
    writer.unpack.append("".join(f"t{i}, " for i in active) + "= tangents" if active else "")
    arguments = [_primal(writer, tree, f"p{i}") for i, tree in enumerate(trees)]
    for i, tangent in zip(active, tangents):
        arguments.append(_tangent(writer, trees[i], f"p{i}", f"t{i}", tangent, i in writes))
    _overlaps(writer, trees, active, tangents, writes)
    returned = f"entry({', '.join(arguments)})"
    if writer.after:
        tail = [f"result = {returned}", *writer.after, "return result"]
    else:
        tail = [f"return {returned}"]
    body = [*writer.before, *tail]
    checks = " and ".join(writer.checks)
    checked = [f"if {checks}:", *(f"    {line}" for line in body), "return slow(primals, tangents)"]
    unpack = [line for line in writer.unpack if line]
    text = _function("call", [*unpack, *(checked if checks else body)])
    text += _function("enter", [*unpack, *body])
    exec(compile(text, "<tangent_fwd dispatch>", "exec"), writer.names)
    return Route(writer.names["call"], writer.names["enter"])


def _function(name: str, lines: Sequence[str]) -> str:
    return f"def {name}(primals, tangents):\n" + "".join(f"    {line}\n" for line in lines)


def _primal(writer: _Writer, tree: Tree, name: str) -> str:
    """Check one primal; return the expression that compiled code receives."""
    if isinstance(tree, Branch):
        if tree.cls is not tuple:
            writer.checks.append(f"{name}.__class__ is {writer.const(tree.cls)}")
        parts = _parts(writer, tree, name)
        inner = [_primal(writer, child, part) for child, part in zip(tree.children, parts)]
        return name if inner == parts else _rebuild(writer, tree.cls, inner)
    if tree.is_array or tree.zero_d:
        dtype = writer.const(tree.dtype)
        writer.checks.append(f"{name}.__class__ is ndarray and {name}.dtype is {dtype}")
    return f"{name}[()]" if tree.zero_d else name


def _tangent(
    writer: _Writer, tree: Tree, primal: str, name: str, tangent: Any, written: bool
) -> str:
    """Check one tangent against its primal; return the expression that compiled code receives."""
    if isinstance(tree, Branch):
        parts = _parts(writer, tree, name)
        primals = [f"{primal}_{i}" for i in range(len(parts))]
        inner = [
            _tangent(writer, child, p, t, value, written)
            for child, p, t, value in zip(tree.children, primals, parts, tangent)
        ]
        return (
            name
            if inner == parts and type(tangent) is tree.cls
            else (_rebuild(writer, tree.cls, inner))
        )
    if not tree.floating:
        return "0"
    if not tree.is_array:
        return f"{name}[()]" if isinstance(tangent, np.ndarray) else name
    if isinstance(tangent, Outer):
        return _outer(writer, tree, primal, name, tangent)
    dtype = writer.const(tree.dtype)
    writer.checks.append(f"{name}.__class__ is ndarray and {name}.dtype is {dtype}")
    writer.checks.append(f"{name}.shape == {primal}.shape")
    return _laid_out(writer, tree, name, tangent, written)


def _outer(writer: _Writer, tree: Leaf, primal: str, name: str, tangent: Outer) -> str:
    """Check the vectors of an outer product; compiled code receives a plain tuple of them."""
    writer.checks.append(f"{name}.__class__ is {writer.const(Outer)}")
    dtype = writer.const(tree.dtype)
    front = "" if tangent.v.ndim == 1 else f"{primal}.shape[:-2] + "
    shapes = f"{primal}.shape[:-1]", f"{front}{primal}.shape[-1:]"
    layouts = "CC"
    if tangent.u.ndim == tree.ndim:  # a sum of products
        rank = f"{name}.u.shape[-1:]"
        shapes = f"{shapes[0]} + {rank}", f"{primal}.shape[-1:] + {rank}"
        layouts = "CF"
        writer.checks.append(f"{rank} != (0,)")
    inner = []
    for letter, part, shape, layout in zip("uv", tangent, shapes, layouts):
        vector = f"{name}.{letter}"
        writer.checks.append(f"{vector}.__class__ is ndarray and {vector}.dtype is {dtype}")
        writer.checks.append(f"{vector}.shape == {shape}")
        inner.append(_laid_out(writer, replace(tree, layout=layout), vector, part, False))
    return _rebuild(writer, tuple, inner)


def _laid_out(writer: _Writer, tree: Leaf, name: str, tangent: Any, written: bool) -> str:
    """The tangent in the memory layout of its primal, for which the function was compiled."""
    flags = tangent.flags
    # The fingerprint calls what is in both orders C, so other arrays come here by the same route.
    fortran = flags.f_contiguous and not flags.c_contiguous
    fits = {"C": flags.c_contiguous, "F": fortran}.get(tree.layout, True)
    if fits and flags.aligned:
        return name
    copier = "asfortranarray" if tree.layout == "F" else "ascontiguousarray"
    copied = f"{name}.copy()" if fits else f"{copier}({name})"
    if not written:
        return copied
    writer.before.append(f"c{name} = {copied}")
    writer.after.append(f"{name}[...] = c{name}")
    return f"c{name}"


def _parts(writer: _Writer, tree: Branch, name: str) -> list[str]:
    parts = [f"{name}_{i}" for i in range(len(tree.children))]
    if parts:
        writer.unpack.append("".join(f"{part}, " for part in parts) + f"= {name}")
    return parts


def _rebuild(writer: _Writer, cls: type, inner: Sequence[str]) -> str:
    if cls is tuple:
        return "(" + "".join(f"{part}, " for part in inner) + ")"
    return f"{writer.const(cls)}({', '.join(inner)})"


# So many pairs are looked at one by one faster than it is asked who owns their memory.
_MANY = 8


def _overlaps(
    writer: _Writer,
    trees: Sequence[Tree],
    active: Sequence[int],
    tangents: Sequence[Any],
    writes: Sequence[int],
) -> None:
    groups = [_arrays(tree, f"p{i}") for i, tree in enumerate(trees)]
    owners = list(range(len(trees)))
    for i, tangent in zip(active, tangents):
        groups.append(_arrays(trees[i], f"t{i}", tangent))
        owners.append(i)
    checks: list[str] = []
    for k, group in enumerate(groups):
        if owners[k] not in writes:
            continue
        checks += [f"apart({a}, {b})" for n, a in enumerate(group) for b in group[:n]]
        for j, other in enumerate(groups):
            if j == k or (j < k and owners[j] in writes):
                continue
            checks += [f"apart({mine}, {its})" for mine in group for its in other]
    if len(checks) > _MANY:
        held = ", ".join(array for group in groups for array in group)
        checks = [f"(owners({held}) or {' and '.join(checks)})"]
    writer.checks += checks


def _arrays(tree: Tree, name: str, tangent: Any = None) -> list[str]:
    """The arrays of an argument, or the floating ones of its tangent."""
    if isinstance(tree, Branch):
        moved = [None] * len(tree.children) if tangent is None else tangent
        parts = [_arrays(c, f"{name}_{i}", t) for i, (c, t) in enumerate(zip(tree.children, moved))]
        return [array for part in parts for array in part]
    if not tree.is_array or (tangent is not None and not tree.floating):
        return []
    return [f"{name}.u", f"{name}.v"] if isinstance(tangent, Outer) else [name]


def _apart(first: Any, second: Any) -> bool:
    return not np.may_share_memory(first, second)
