"""Names that may have no value yet: where Python would stop, so does the derivative.

A name that is bound on some paths only, which its author knows to be the ones that matter, gets a
flag beside it. Numba would read zero where the author is wrong.

Before:

>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> def f(x, n):
...     if n > 1:
...         y = x * x
...     z = x
...     if n > 1:
...         z = y
...     return z

After:

>>> function = parse(f)
>>> print(show(bound(lower(function), function.source)))
def f(x, n):
    no_y = True
    %1 = n > 1
    if %1:
        y = x * x
        no_y = False
    z = x
    %2 = n > 1
    if %2:
        if no_y:
            raise UnboundLocalError(...)
        z = y
    return z
"""

from __future__ import annotations

import sys
from dataclasses import replace

from tangent_fwd.errors import raise_all
from tangent_fwd.ir.nodes import Block, For, Function, If, Let, Lit, Raise, Stmt, Var, While
from tangent_fwd.ir.walk import assigned, blocks, defined, unused, with_blocks
from tangent_fwd.source import NOWHERE, Source, Span
from tangent_fwd.transform.split import Path, Webs


def bound(function: Function, source: Source) -> Function:
    """A check before each read of a name that some path leaves without a value; raises
    ActivityError where nothing above a read binds the name, which numba refuses as well.
    """
    webs = Webs(function)
    raise_all(webs.unbound, source)
    reads: dict[Path, list[tuple[str, Span]]] = {}
    for (path, name), span in webs.without.items():
        reads.setdefault(path, []).append((name, span))
    taken = {*function.params, *assigned(function.body)}
    names = sorted({name for found in reads.values() for name, _ in found})
    flags = {name: unused(f"no_{name}", taken) for name in names}
    start = tuple(Let(flag, Lit(True), NOWHERE) for flag in flags.values())
    return replace(function, body=start + _checked(function.body, (), reads, flags))


def _checked(
    block: Block, at: Path, reads: dict[Path, list[tuple[str, Span]]], flags: dict[str, str]
) -> Block:
    out: list[Stmt] = []
    for k, stmt in enumerate(block):
        path = (*at, k)
        inner = [_checked(b, (*path, j), reads, flags) for j, b in enumerate(blocks(stmt))]
        checks = tuple(
            If(Var(flags[name]), (Raise("UnboundLocalError", _SAID.format(name), span),), (), span)
            for name, span in reads.get(path, ())
        )
        told: Block = ()
        if defined(stmt) in flags:
            told = (Let(flags[str(defined(stmt))], Lit(False), stmt.span),)
        if isinstance(stmt, While):
            inner[0] += checks
        else:
            out.extend(checks)
        if isinstance(stmt, For):
            inner[0] = told + inner[0]
        out.append(with_blocks(stmt, tuple(inner)))
        if isinstance(stmt, Let):
            out.extend(told)
    return tuple(out)


# What Python says.
_SAID = (
    "cannot access local variable '{}' where it is not associated with a value"
    if sys.version_info >= (3, 11)
    else "local variable '{}' referenced before assignment"
)
