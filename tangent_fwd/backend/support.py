"""Small functions that an emitted module carries along when it needs them, as text.

`overlap` tells whether two arguments of a helper share memory. `stretch` and `common` are NumPy's
broadcasting of axes of size 1, for operands whose shapes are only found to differ when the program
runs. `take32` and its like cut arrays out of a workspace. `products2` and its like multiply
several matrices by one. `empty_list` and `empty_dict` make what holds nothing yet.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tangent_fwd.ir.nodes import FULL, Expr, Function, Op, Ref, Var
from tangent_fwd.ir.walk import map_block, map_expr, own_exprs, statements, subexpressions
from tangent_fwd.rules import helper
from tangent_fwd.rules.rule import HELPERS, PARTS

COMMON = '''@njit(error_model="numpy")
def common(m, n):
    """The size that axes of sizes m and n broadcast to."""
    if m != n and m != 1 and n != 1:
        raise ValueError("operands could not be broadcast together")
    return n if m == 1 else m'''

OVERLAP = '''@njit(error_model="numpy")
def overlap(a, b):
    """Whether two arrays may share memory."""
    if a.size == 0 or b.size == 0:
        return False
    low_a = high_a = a.ctypes.data
    for size, stride in zip(a.shape, a.strides):
        low_a += min((size - 1) * stride, 0)
        high_a += max((size - 1) * stride, 0)
    low_b = high_b = b.ctypes.data
    for size, stride in zip(b.shape, b.strides):
        low_b += min((size - 1) * stride, 0)
        high_b += max((size - 1) * stride, 0)
    if high_a < low_b or high_b < low_a:
        return False
    if a.ndim == 1 and b.ndim == 1 and a.strides[0] == b.strides[0] != 0:
        # The elements of two columns of one matrix lie between each other.
        return (low_a - low_b) % a.strides[0] == 0
    if a.ndim == 2 and b.ndim == 2 and a.strides == b.strides:
        # So do the rows of two blocks of one matrix.
        long, short = (0, 1) if abs(a.strides[0]) > abs(a.strides[1]) else (1, 0)
        line = abs(a.strides[long])
        wide_a = (a.shape[short] - 1) * abs(a.strides[short]) + a.itemsize
        wide_b = (b.shape[short] - 1) * abs(b.strides[short]) + b.itemsize
        if wide_a <= line and wide_b <= line:
            start = (low_a - low_b) % line
            return start < wide_b or start + wide_a > line
    return True'''

# Rounded up to whole cache lines, so that no two arrays share one, and some lines more: arrays
# whose distance is a power of two fall into the same sets of the cache, which the lanes of a wide
# pass then take from each other.
_TAKE = '''@njit(error_model="numpy")
def take{bits}(work, shape):
    """An array of this shape, out of memory that is kept between calls if there is enough."""
    size = 1
    for n in shape:
        if n < 0:
            raise ValueError("negative dimensions are not allowed")
        size *= n
    start = work.used[{place}]
    work.used[{place}] = start + (size + 95) // 16 * 16
    if work.used[{place}] > work.{name}.size:
        return np.empty(shape, np.float{bits})
    return work.{name}[start:start + size].reshape(shape)'''

_CLEAR = '''@njit(error_model="numpy")
def clear{bits}(work, shape):
    """The same, filled with zeros."""
    zeros = take{bits}(work, shape)
    zeros[...] = 0.0
    return zeros'''

_KINDS = ({"bits": 32, "place": 0, "name": "single"}, {"bits": 64, "place": 1, "name": "double"})

_EMPTY_LIST = '''@njit(error_model="numpy")
def empty_list(sample):
    """A list of nothing, which may hold what the sample is."""
    made = [sample]
    made.clear()
    return made'''

_EMPTY_DICT = '''@njit(error_model="numpy")
def empty_dict(key, sample):
    """A dict of nothing, which may hold what the samples of a key and a value are."""
    made = {key: sample}
    made.clear()
    return made'''

TEXTS = {
    "empty_list": _EMPTY_LIST,
    "empty_dict": _EMPTY_DICT,
    "common": COMMON,
    "overlap": OVERLAP,
    **{f"take{kind['bits']}": _TAKE.format(**kind) for kind in _KINDS},
    **{f"clear{kind['bits']}": _CLEAR.format(**kind) for kind in _KINDS},
}


_CHECK_VECTOR = (
    "    if a.size != shape[0] and a.size != 1:",
    '        raise ValueError("operands could not be broadcast together")',
)
_CHECK = (
    "    for axis in range(a.ndim):",
    "        if a.shape[axis] != shape[axis] and a.shape[axis] != 1:",
    '            raise ValueError("operands could not be broadcast together")',
)


def stretch(ndim: int) -> str:
    """The text of the function that stretches arrays of so many dimensions."""
    letters = "ijkl"[:ndim]
    lines = [
        '@njit(error_model="numpy")',
        f"def stretch{ndim}(a, shape):",
        '    """A copy of an array, its axes of size 1 repeated as NumPy broadcasts them."""',
        *(_CHECK if ndim > 1 else _CHECK_VECTOR),
        "    out = np.empty(shape, a.dtype)",
    ]
    for k, letter in enumerate(letters):
        lines.append("    " * (k + 1) + f"for {letter} in range(shape[{k}]):")
    source = ", ".join(f"{c} % a.shape[{k}]" for k, c in enumerate(letters))
    lines.append("    " * (ndim + 1) + f"out[{', '.join(letters)}] = a[{source}]")
    lines.append("    return out")
    return "\n".join(lines)


# Up to so many rows, BLAS takes noticeably longer to read the right factor than to multiply by it;
# below so many columns, the left factors are read too often for a copy of them to pay.
_FEW_ROWS = 256
_MANY_COLUMNS = 256


def products(name: str) -> str:
    """The text of the function that multiplies so many matrices by one: `products2`, or
    `products2_take32` where what it makes is cut from a workspace of single precision.
    """
    head, _, take = name.partition("_")
    letters = "abcdefghijklmnop"[: int(head.removeprefix("products"))]
    listed = ", ".join(letters)
    work, made, given = "", "np.empty({}, a.dtype)", "np.dot({}, W)"
    if take:
        work = ", work"
        made = take + "(work, {})"
        given = "np.dot({0}, W, " + take + "(work, ({0}.shape[0], W.shape[1])))"
    rows = [f"[{_times(k)}:{_times(k + 1)}]" for k in range(len(letters))]
    into = [f"{_times(k)} + row".removeprefix(" + ") for k in range(len(letters))]
    same = " or ".join(f"{letter}.shape != a.shape" for letter in letters[1:])
    lines = [
        '@njit(error_model="numpy")',
        f"def {name}({listed}, W{work}):",
        '    """The products with W, as one while the rows are few, because that reads W once."""',
        "    n = a.shape[0]",
        f"    if n > {_FEW_ROWS} or W.shape[1] < {_MANY_COLUMNS} or {same}:",
        *(f"        {letter}_W = {given.format(letter)}" for letter in letters),
        f"        return {', '.join(f'{letter}_W' for letter in letters)}",
        f"    stacked = {made.format(f'({len(letters)} * n, a.shape[1])')}",
        # Element by element: numba takes seconds to compile its first store into a slice.
        "    for row in range(n):",
        "        for col in range(a.shape[1]):",
        *(
            f"            stacked[{k}, col] = {letter}[row, col]"
            for k, letter in zip(into, letters)
        ),
        f"    product = {made.format(f'({len(letters)} * n, W.shape[1])')}",
        "    np.dot(stacked, W, product)",
        f"    return {', '.join(f'product{row}' for row in rows)}",
    ]
    return "\n".join(lines)


def parts(count: int) -> str:
    """The text of the function that takes a tuple of so many which might have been None."""
    names = ", ".join(f"part{k}" for k in range(count)) + ","
    return "\n".join(
        (
            '@njit(error_model="numpy")',
            f"def parts{count}(found):",
            '    """The same tuple, which is not None."""',
            f"    {names} = found",
            f"    return {names}",
        )
    )


def _of_a_list(program: Function, op: Op) -> bool:
    """Whether an array is made of a list of numbers. After a loop that fills two lists, numba
    (0.68) takes one for the other where it sees `np.array` of one, and then finds no list.
    """
    (first, *more) = op.args
    kind = program.typeof(first.name) if isinstance(first, Var) else None
    number = hasattr(getattr(kind, "dtype", None), "bitwidth")
    return not more and not op.keywords and type(kind).__name__ == "List" and number


def _there(op: Op) -> Expr:
    """What might have been None, as what it is: numba looks once here, or else at every use."""
    number = dict(op.keywords).get("number")
    if number is not None:
        return replace(op, fn="builtins.bool" if number == "bool" else "pos", keywords=())
    count = dict(op.keywords).get("parts")
    if count is not None:
        return Op("call", (Ref(f"parts{count}", None), *op.args))
    return Op("getitem", (*op.args, FULL))


def _times(count: int) -> str:
    return ("", "n")[count] if count < 2 else f"{count} * n"


def rule_helper(function: Any) -> str:
    """The text of a function that some partials call, made a function of the module."""
    return '@njit(error_model="numpy")\n' + inspect.getsource(function).rstrip()


def placed(program: Function) -> Function:
    """The program with its operations that are such functions as calls of them; stretching is
    one function for each number of dimensions.
    """

    def change(e: Expr) -> Expr:
        if isinstance(e, Op) and e.fn == "stretch":
            shape = e.args[1]
            assert isinstance(shape, Op)
            return Op("call", (Ref(f"stretch{len(shape.args)}", None), *e.args))
        if isinstance(e, Op) and e.fn == "numpy.array" and _of_a_list(program, e):
            return replace(e, fn="numpy.asarray")
        if isinstance(e, Op) and e.fn == "some":
            return _there(e)
        if isinstance(e, Op) and e.fn in ("common", "overlap"):
            return Op("call", (Ref(e.fn, None), *e.args))
        return e

    return replace(program, body=map_block(lambda x: map_expr(change, x), program.body))


def texts(functions: list[Function]) -> list[str]:
    """The texts of the small functions that a module's functions call."""
    used = {
        (e.args[0].name if e.fn == "call" and isinstance(e.args[0], Ref) else e.fn)
        for function in functions
        for s in statements(function.body)
        for x in own_exprs(s)
        for e in subexpressions(x)
        if isinstance(e, Op)
    }
    used |= {
        word
        for function in functions
        for s in statements(function.body)
        for x in own_exprs(s)
        for e in subexpressions(x)
        if isinstance(e, Op) and e.fn == "emptied"
        for word in ("empty_list", "empty_dict")
        if word in dict(e.keywords)["text"]
    }
    used |= {name.replace("clear", "take") for name in used if name in ("clear32", "clear64")}
    used |= {name.partition("_")[2] for name in used if name.startswith("products")}
    found = [text for name, text in TEXTS.items() if name in used]
    found += [stretch(n) for n in range(1, 5) if f"stretch{n}" in used]
    found += [parts(int(n)) for n in sorted(u[5:] for u in used if u.startswith("parts"))]
    found += [products(name) for name in sorted(used) if name.startswith("products")]
    called = [u.removeprefix("helper.") for u in used if u.startswith("helper.")]
    return found + [rule_helper(helper(name)) for name in sorted(_with_parts(called))]


def _with_parts(called: Iterable[str]) -> set[str]:
    """The names of helpers, and of those that they call."""
    found: set[str] = set()
    open_ = [*called]
    while open_:
        name = open_.pop()
        if name not in found:
            found.add(name)
            open_ += (HELPERS | PARTS) & {*helper(name).__code__.co_names}
    return found
