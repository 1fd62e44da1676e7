"""Calls of what `numba.vectorize` made: of the function for numbers, of each element for arrays.

Before:

>>> import numba, numpy
>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> @numba.vectorize
... def hinge(a, b):
...     return max(a, b)
>>> def f(x, s):
...     return hinge(x, s) * 2.0

After, of arrays as `np.array([hinge(a, s) for a in np.ravel(x)])` in the shape of `x`, of numbers:

>>> print(show(lower(parse(f))))
def f(x, s):
    %1 = hinge(x, s)
    %2 = %1 * 2.0
    return %2
"""

from __future__ import annotations

import ast
from typing import Any

from tangent_fwd.frontend.rewrites import call, placed, subscript
from tangent_fwd.frontend.told import Told
from tangent_fwd.ir.nodes import Expr, Lit, Var


def is_vectorized(obj: Any) -> bool:
    """Whether an object is what `numba.vectorize` made of a function."""
    from numba.np.ufunc.dufunc import DUFunc

    return isinstance(obj, DUFunc)


class Vectorized(Told):
    """Calls of functions that go over arrays element by element."""

    def vectorized_call(self, node: ast.Call, callee: Any) -> Expr:
        """The call of such a function, which takes its arguments in order."""
        floats = "d" * callee.nin + "->d"
        if callee.types and floats not in callee.types:
            self.refuse(node, f"`{callee.__name__}` is vectorized for other types than float64")
            return Lit(0.0)
        if node.keywords or len(node.args) != callee.nin:
            text = f"`{callee.__name__}` takes {callee.nin} arguments, and none by its name"
            self.refuse(node, text)
            return Lit(0.0)
        outer, self.here = self.here, node
        held = [self.once(a) for a in node.args]
        arrays = [k for k, a in enumerate(held) if self.has_axes(a)]
        if arrays:
            value = self.value(placed(self.of_each(node, held, arrays), node))
        else:
            plain = ast.copy_location(ast.Call(node.func, held, []), node)
            value = self.helper_call(plain, callee.__wrapped__)
        self.here = outer
        return value

    def has_axes(self, node: ast.expr) -> bool:
        kind = self.kind(Var(node.id)) if isinstance(node, ast.Name) else None
        return getattr(kind, "ndim", 0) > 0

    def of_each(self, node: ast.Call, held: list[ast.expr], arrays: list[int]) -> ast.expr:
        """`np.array([f(a, s) for a in np.ravel(x)])`, in the shape of `x`."""
        whole = [held[k] for k in arrays]
        if len(whole) > 1:
            alike = self.once(call("np.broadcast_arrays", *whole))
            whole = [self.once(subscript(alike, ast.Constant(k))) for k in range(len(whole))]
        flat = [call("np.ravel", x) for x in whole]
        words = [self.fresh() for _ in arrays]
        given = list(held)
        for k, word in zip(arrays, words):
            given[k] = ast.Name(word, ast.Load())
        targets: list[ast.expr] = [ast.Name(word, ast.Store()) for word in words]
        one = len(targets) == 1
        target = targets[0] if one else ast.Tuple(targets, ast.Store())
        over = flat[0] if one else ast.Call(ast.Name("zip", ast.Load()), flat, [])
        each = ast.ListComp(
            ast.Call(node.func, given, []), [ast.comprehension(target, over, [], 0)]
        )
        return call("np.reshape", call("np.array", each), call("np.shape", whole[0]))
