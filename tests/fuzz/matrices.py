"""Random programs of matrices that change places, for directions that are outer products.

Such a direction is two vectors beside an array, so what matters is where matrices go: through
names, tuples, slices, helpers, transposes, branches and the next turn of a loop.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

_HELPERS = """\
def multiplied(A, B):
    return A @ B


def second(A, B):
    return B


def turned(A, B):
    for i in range(2):
        A, B = B, A.T
    return A


"""
# How often a line is written, and the line; `{m}` and `{n}` are two matrices, `{o}` and `{p}` any.
_LINES = {
    "{m} = {o}": 16,
    "{m} = {o}.T": 12,
    "{m}, {n} = {o}, {p}": 10,
    "{m} = {o} @ {p} * 0.5": 8,
    "{m} = {o} * 0.5 + {p}": 4,
    "{m} = K[{place}]": 6,
    "{m} = pair[{place}]": 4,
    "{m}, {n} = pair": 3,
    "both = ({o}, {p})": 2,
    "both = pair": 2,
    "{m} = both[{place}]": 4,
    "x = {o} @ x * 0.3": 6,
    "x = x @ {o} * 0.3": 3,
    "total += {o}[{place}, 2]": 4,
    "{m} = {helper}({o}, {p})": 6,
    "if {test}:": 8,
    "for i in range(2):": 6,
}
_TESTS = ("i == 0", "i == 1", "total > 0.5", "x[0] > 0.3")
_DEEPEST = 3


class _Writer:
    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def line(self) -> str:
        (text,) = self.rng.choices([*_LINES], [*_LINES.values()])
        m, n = self.rng.sample("ABC", 2)
        o, p = self.rng.choices("ABC", k=2)
        return str(text).format(
            m=m, n=n, o=o, p=p,
            place=self.rng.randrange(2),
            helper=self.rng.choice(("multiplied", "second", "turned")),
            test=self.rng.choice(_TESTS),
        )  # fmt: skip

    def block(self, count: int, depth: int) -> Iterator[str]:
        for _ in range(count):
            line = self.line()
            while line.endswith(":") and depth == _DEEPEST:
                line = self.line()
            yield "    " * depth + line
            if line.endswith(":"):
                yield from self.block(self.rng.randint(1, 4), depth + 1)
                if line.startswith("if") and self.rng.random() < 0.5:
                    yield "    " * depth + "else:"
                    yield from self.block(self.rng.randint(1, 2), depth + 1)


def generate(seed: int) -> str:
    """The text of ``program(W, K, pair, x)``: a matrix, two in an array, two in a tuple, a vector;
    all of size 3.
    """
    writer = _Writer(seed)
    choose = writer.rng.choice
    lines = [
        "def program(W, K, pair, x):",
        "    total, i, A, both = 0.0, 0, W, pair",
        f"    B = {choose(('W', 'K[0]', 'pair[1]', 'W.T'))}",
        f"    C = {choose(('K[1]', 'pair[0]', 'W'))}",
        "    for i in range(2):",
        *writer.block(writer.rng.randint(3, 6), 2),
        *writer.block(writer.rng.randint(1, 3), 1),
        "    return A @ x, B @ x, C[0] * 1.0, both[0] @ x + total, x",
    ]
    return _HELPERS + "\n".join(lines) + "\n"
