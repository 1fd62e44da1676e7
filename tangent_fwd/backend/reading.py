"""What the compiler reads off emitted text, beyond what numba sees: free sums, upward loops, and
lanes that lie side by side.
"""

from __future__ import annotations

import ast
import functools
import linecache

from tangent_fwd.ir.nodes import Let, Op, Stmt, Store

ANY_ORDER = "# any order"
SIDE_BY_SIDE = "# side by side"


def remark(stmt: Stmt) -> str:
    """What is written behind a statement for the compiler, and for readers."""
    if isinstance(stmt, (Let, Store)) and stmt.any_order:
        return f"  {ANY_ORDER}"
    made = stmt.value if isinstance(stmt, Let) else None
    holds_lanes = isinstance(made, Op) and "lanes" in dict(made.keywords)
    return f"  {SIDE_BY_SIDE}" if holds_lanes else ""


def any_order_lines(filename: str) -> frozenset[int]:
    """Lines of a file that belong to a statement whose last line ends in `# any order`.

    numba reports the first line of a statement and the emitter may wrap a long one, so every
    line of the statement counts.

    Args:
        filename: a name that `linecache` can read: a real file, or text registered there.
    """
    return _marked_lines("".join(linecache.getlines(filename)))


@functools.lru_cache(maxsize=64)
def _marked_lines(text: str) -> frozenset[int]:
    lines = text.split("\n")
    if not any(line.endswith(ANY_ORDER) for line in lines):
        return frozenset()
    marked: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Assign, ast.AugAssign)):
            last = node.end_lineno or node.lineno
            if lines[last - 1].endswith(ANY_ORDER):
                marked.update(range(node.lineno, last + 1))
    return frozenset(marked)


@functools.lru_cache(maxsize=256)
def forward_indices(filename: str, function: str) -> frozenset[str]:
    """Names in a function that only loops bind, counting up from zero or more.

    Args:
        filename: a name that `linecache` can read.
        function: the function's name.
    """
    found = _function(linecache.getlines(filename), function)
    return frozenset() if found is None else _forward_names(found)


def side_by_side(filename: str, function: str) -> bool:
    """Whether a function has an array that holds the lanes side by side.

    Args:
        filename: a name that `linecache` can read.
        function: the function's name.
    """
    lines = linecache.getlines(filename)
    if not any(line.rstrip().endswith(SIDE_BY_SIDE) for line in lines):
        return False
    found = _function(lines, function)
    own = [] if found is None else lines[found.lineno : found.end_lineno]
    return any(line.rstrip().endswith(SIDE_BY_SIDE) for line in own)


def _function(lines: list[str], name: str) -> ast.FunctionDef | None:
    for node in ast.parse("".join(lines)).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return node
    return None


def _forward_names(function: ast.FunctionDef) -> frozenset[str]:
    loops = [n for n in ast.walk(function) if isinstance(n, ast.For)]
    names = {loop.target.id for loop in loops if isinstance(loop.target, ast.Name)}
    targets = {id(loop.target) for loop in loops}
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            if id(node) not in targets:
                names.discard(node.id)
        elif isinstance(node, ast.arg):
            names.discard(node.arg)
    while True:  # a loop may start at the index of another
        kept = {
            name
            for name in names
            if all(_counts_up(loop, names) for loop in loops if _binds(loop, name))
        }
        if kept == names:
            return frozenset(names)
        names = kept


def _binds(loop: ast.For, name: str) -> bool:
    return isinstance(loop.target, ast.Name) and loop.target.id == name


def _counts_up(loop: ast.For, names: set[str]) -> bool:
    call = loop.iter
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
        return False
    if call.func.id != "range" or len(call.args) > 2:
        return False
    return len(call.args) == 1 or _not_negative(call.args[0], names)


def _not_negative(start: ast.expr, names: set[str]) -> bool:
    if isinstance(start, ast.Constant):
        return isinstance(start.value, int) and start.value >= 0
    if isinstance(start, ast.Name):
        return start.id in names
    return (
        isinstance(start, ast.BinOp)
        and isinstance(start.op, ast.Add)
        and _not_negative(start.left, names)
        and _not_negative(start.right, names)
    )
