"""What numba and NumPy offer, as a table of calls, and small functions made from them.

`surface.csv` has a row for each callable: its name, its kind, whether it moves with its argument
(`yes`), is locally constant (`zero`) or has no derivative (`none`), the part it belongs to, and
calls of it. `numpy` is what numba compiles, `beyond` what NumPy has besides; parts that are not in
`PARTS` are left out.
The names in a call stand for inputs (`INPUTS`); a call leaves its result in `r`.
"""

from __future__ import annotations

import ast
import csv
import importlib.util
import itertools
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

TABLE = Path(__file__).with_name("surface.csv")
PARTS = {
    "numpy": "NumPy as numba takes it",
    "beyond": "NumPy beyond numba",
    "linear algebra": "Linear algebra",
    "complex": "Complex numbers",
    "scipy": "SciPy's special functions",
    "containers": "Lists, tuples, dicts and sets",
}
"""The parts that are looked after here, and what the command calls them."""

WIDER = {
    "r = np.trapezoid(X)",
    "r = np.histogram(x, 5, (0.0, 2.0))",
    "r = np.logspace(s, t, 5)",
    "r = np.heaviside(x, 0.5)",
    "r = np.trapezoid(X, axis=0)",
    "r = np.linspace(s, t, 5, endpoint=False)",
    "r = np.logspace(s, t, 5, base=2.0)",
}
"""Calls that give float64 for float32, where NumPy gives float32."""

AT_A_QUANTILE = re.compile(
    r"random\.(\w*gamma\w*|beta\w*|chisquare|noncentral_chisquare|dirichlet|f|standard_t"
    r"|vonmises\w*|wald)\("
)
"""Draws whose derivative is not that of the path of a sampler: see `tests/test_draws.py`."""

DOUBLE_ONLY = {
    "r = math.trunc(s)",
    "r = np.lib.stride_tricks.as_strided(x, (2, 2), (16, 8))",
}
"""Calls that Python itself refuses for NumPy's float32, or that count the bytes of a float64."""

_HEAD = """\
import cmath
import heapq
import math
import operator
import random
from collections import namedtuple

import numpy as np
import numpy.polynomial.polynomial as P
import numpy.polynomial.polyutils as PU
import scipy.special as sc
from numba import literal_unroll
from numba.np.extensions import cross2d
from numba.typed import List

NT = namedtuple("NT", ["a", "b"])
"""


def _inputs() -> dict[str, Any]:
    rng = np.random.default_rng(7)

    def draw(*shape: int) -> np.ndarray:
        """Different numbers in (0.05, 0.95), no two of which are close."""
        size = int(np.prod(shape))
        steps = (rng.permutation(size) + rng.uniform(0.3, 0.7, size)) / size
        return (0.05 + 0.9 * steps).reshape(shape)

    symmetric = draw(4, 4)
    return {
        "s": 0.7, "t": 1.3, "u": 0.21, "p": 2.53, "n": 3, "k": 1, "c": 0.4 + 0.3j,
        "x": draw(4), "y": draw(4), "w": draw(4), "X": draw(3, 4), "Y": draw(3, 4),
        "Q": symmetric @ symmetric.T + np.eye(4), "R": draw(4, 4), "Z": draw(2, 3, 4),
        "ix": np.array([1, 2, 0]), "iy": np.array([2, 0, 1]), "jx": np.array([1, 2, 0, 1]),
        "I2": np.array([[1, 2], [0, 1]]), "I2a": np.array([[0, 1], [2, 0], [1, 1]]),
        "m": np.array([True, False, True, True]),
        "M": np.array([[True, False, True, True], [False, True, False, True], [True] * 4]),
        "xi": np.array([1, 2, 3, 1]),
    }  # fmt: skip


INPUTS = _inputs()
# What calls write to is made in the function.
_BUFFERS = {"o": "o = np.zeros_like(x)", "O": "O = np.zeros_like(X)"}


@dataclass(frozen=True)
class Row:
    """One callable of the table."""

    name: str
    kind: str
    derivative: str
    part: str
    calls: tuple[str, ...]

    @property
    def moves(self) -> bool:
        """Whether it moves with its argument."""
        return self.derivative == "yes"


def rows() -> list[Row]:
    """The table, in order."""
    with TABLE.open(newline="") as file:
        found = [
            Row(r["name"], r["kind"], r["derivative"], r["part"],
                tuple(c.replace("\\n", "\n") for c in r["calls"].split(" ;; ") if c))
            for r in csv.DictReader(file)
        ]  # fmt: skip
    assert len({(r.name, r.part) for r in found}) == len(found)
    return found


def names(calls: Sequence[str]) -> list[str]:
    """The inputs that calls read, in the order of the table of inputs."""
    used = {n.id for c in calls for n in ast.walk(ast.parse(_whole(c))) if isinstance(n, ast.Name)}
    return [name for name in INPUTS if name in used]


def _whole(call: str) -> str:
    used = {n.id for n in ast.walk(ast.parse(call)) if isinstance(n, ast.Name)}
    return "\n".join([*(_BUFFERS[b] for b in _BUFFERS if b in used), call])


class _Renamed(ast.NodeTransformer):
    """The names that a call binds, made its own."""

    def __init__(self, tree: ast.AST, mark: int) -> None:
        self.mark = mark
        self.bound = {
            n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }

    def visit_Name(self, node: ast.Name) -> ast.Name:
        word = f"{node.id}_{self.mark}" if node.id in self.bound else node.id
        return ast.copy_location(ast.Name(word, node.ctx), node)


def text(name: str, calls: Sequence[str]) -> str:
    """A function of the inputs that returns what each of the calls gives."""
    lines = [f"def {name}({', '.join(names(calls))}):"]
    for k, call in enumerate(calls):
        tree = ast.parse(_whole(call))
        body = ast.unparse(_Renamed(tree, k).visit(tree))
        lines += [f"    {line}" for line in body.splitlines()]
    results = ", ".join(f"r_{k}" for k in range(len(calls)))
    return "\n".join([*lines, f"    return {results}"])


_COUNT = itertools.count()


def functions(groups: Sequence[Sequence[str]], folder: Path) -> list[Callable[..., Any]]:
    """One function for each group of calls, from a file in the folder, so that it has a source."""
    word = f"surface_{next(_COUNT)}"
    path = folder / f"{word}.py"
    words = [f"group_{k}" for k in range(len(groups))]
    path.write_text("\n\n".join([_HEAD, *map(text, words, groups)]) + "\n")
    spec = importlib.util.spec_from_file_location(word, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[word] = module
    spec.loader.exec_module(module)
    return [getattr(module, name) for name in words]


def single(value: Any) -> Any:
    """An input in float32."""
    if isinstance(value, float):
        return np.float32(value)
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        return value.astype(np.float32)
    return value


def double(value: Any) -> Any:
    """An input in float64, for the oracle."""
    if isinstance(value, np.float32):
        return float(value)
    if isinstance(value, np.ndarray) and value.dtype == np.float32:
        return value.astype(np.float64)
    return value
