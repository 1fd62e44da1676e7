"""Contractions: `np.einsum` and `np.tensordot` as products of matrices, where they are such, and
else as sums of products of the elements.

The operands are taken two at a time, from the left: each time, what neither the rest nor the
result asks for is summed over.
"""

from __future__ import annotations

from collections.abc import Callable

from tangent_fwd.ir.nodes import FULL, Expr, Lit, Op, Ref, Var
from tangent_fwd.library import products, rearranged

Name = Callable[[Op], Var]


class Contraction:
    """Writes one contraction; `name` gives an operation a name, in its place in the program."""

    def __init__(self, name: Name) -> None:
        self.name = name

    def expand(self, operands: list[Expr], inputs: list[str], output: str) -> Expr:
        """The result: an array, or a number where no letter is left."""
        array, letters = self.alone(operands[0], inputs[0], output + "".join(inputs[1:]))
        for k in range(1, len(operands)):
            needed = output + "".join(inputs[k + 1 :])
            other, own = self.alone(operands[k], inputs[k], needed + letters)
            array, letters = self.pair(array, letters, other, own, needed)
        return self.turned(array, letters, output)

    def alone(self, array: Expr, letters: str, needed: str) -> tuple[Expr, str]:
        """An operand as one with each letter once, without those that nothing else asks for."""
        for letter in dict.fromkeys(letters):
            while letters.count(letter) > 1:
                first = letters.index(letter)
                second = letters.index(letter, first + 1)
                rest = letters[:first] + letters[first + 1 : second] + letters[second + 1 :]
                array = self.turned(array, letters, rest, (first, second))
                array = self.name(Op("call", (Ref("diagonals", rearranged.diagonals), array)))
                letters = rest + letter
        gone = [k for k, c in enumerate(letters) if c not in needed]
        if gone:
            axes = tuple(gone) if len(gone) < len(letters) else None
            keywords = () if axes is None else (("axis", axes),)
            array = self.name(Op("numpy.sum", (array,), keywords))
            letters = "".join(c for c in letters if c in needed)
        return array, letters

    def turned(self, array: Expr, letters: str, output: str, last: tuple[int, ...] = ()) -> Expr:
        """The array with its axes in the order of the output, and some places behind."""
        free = [k for k in range(len(letters)) if k not in last]
        order = [next(k for k in free if letters[k] == c) for c in output] + list(last)
        if order == list(range(len(letters))):
            return array
        axes = Op("tuple", tuple(map(Lit, order)))
        if len(order) == 2:
            return self.name(Op("numpy.transpose", (array,)))
        return self.name(Op("numpy.transpose", (array, self.name(axes))))

    def pair(self, a: Expr, left: str, b: Expr, right: str, needed: str) -> tuple[Expr, str]:
        """The product of two operands, summed over what is needed no more."""
        batch = "".join(c for c in left if c in right and c in needed)
        summed = "".join(c for c in left if c in right and c not in needed)
        rows = "".join(c for c in left if c not in right)
        columns = "".join(c for c in right if c not in left)
        if summed and (rows or columns) and not (batch and not (rows and columns)):
            return self.matrices(a, left, b, right, (batch, rows, summed, columns))
        letters = batch + rows + columns + summed
        product = self.name(Op("mul", (self.spread(a, left, letters),
                                       self.spread(b, right, letters))))  # fmt: skip
        kept = batch + rows + columns
        if not summed:
            return product, kept
        axes = tuple(range(len(kept), len(letters)))
        keywords = (("axis", axes),) if kept else ()
        return self.name(Op("numpy.sum", (product,), keywords)), kept

    def spread(self, array: Expr, own: str, letters: str) -> Expr:
        """The array with an axis of size 1 for each letter that it lacks."""
        array = self.turned(array, own, "".join(c for c in letters if c in own))
        if not own or all(c in own for c in letters):
            return array
        entries = tuple(FULL if c in own else Lit(None) for c in letters)
        return self.name(Op("getitem", (array, *entries)))

    # --- products of matrices ------------------------------------------------------------------

    def matrices(
        self, a: Expr, left: str, b: Expr, right: str, groups: tuple[str, str, str, str]
    ) -> tuple[Expr, str]:
        """The product as one of matrices, or of stacks of them, whose axes are several letters."""
        batch, rows, summed, columns = groups
        a = self.turned(a, left, batch + rows + summed)
        b = self.turned(b, right, batch + summed + columns)
        sizes = {c: (a, k) for k, c in enumerate(batch + rows + summed)}
        sizes |= {c: (b, len(batch) + len(summed) + k) for k, c in enumerate(columns)}
        plain = all(len(g) == 1 for g in (summed, rows or "-", columns or "-")) and len(batch) < 2
        if not plain:
            self.check(a, b, batch, rows, summed)
            one = [g for g in (batch, rows, summed) if g]
            other = [g for g in (batch, summed, columns) if g]
            a, b = self.grouped(a, one, sizes), self.grouped(b, other, sizes)
        if batch:
            product: Expr = self.name(Op("call", (Ref("stacked", products.stacked), a, b)))
        else:
            product = self.name(Op("matmul", (a, b)))
        kept = batch + rows + columns
        if not plain:
            shape = Op("tuple", tuple(self.size(sizes, c) for c in kept))
            product = self.name(Op("numpy.reshape", (product, shape)))
        return product, kept

    def check(self, a: Expr, b: Expr, batch: str, rows: str, summed: str) -> None:
        """Axes that are joined by a letter must be as long as each other, each for itself."""
        for k in range(len(batch) + len(summed)):
            here = k if k < len(batch) else k + len(rows)
            sizes = [self.length(a, here), self.length(b, k)]
            self.name(Op("call", (Ref("same_length", products.same_length), *sizes)))

    def length(self, array: Expr, axis: int) -> Expr:
        shape = self.name(Op("attr", (array, Lit("shape"))))
        return self.name(Op("getitem", (shape, Lit(axis))))

    def size(self, sizes: dict[str, tuple[Expr, int]], letter: str) -> Expr:
        return self.length(*sizes[letter])

    def grouped(self, array: Expr, groups: list[str], sizes: dict[str, tuple[Expr, int]]) -> Expr:
        """The array with the axes of each group as one."""
        lengths: list[Expr] = []
        for group in groups:
            total = self.size(sizes, group[0])
            for letter in group[1:]:
                total = self.name(Op("mul", (total, self.size(sizes, letter))))
            lengths.append(total)
        return self.name(Op("numpy.reshape", (array, Op("tuple", tuple(lengths)))))
