"""What a decorator declares, as casts in the function's text: numba converts what a call passes to
the types of `@njit("float32(float32)")`, and what comes back.

Before:

>>> import numba
>>> from tangent_fwd.frontend.lower import lower
>>> from tangent_fwd.frontend.parse import parse
>>> from tangent_fwd.ir.show import show
>>> @numba.njit("float32(float32)")
... def third(x):
...     return x / 3.0

After, for a call with a float64:

>>> function, result = taken(parse(third), (numba.float64,))
>>> print(show(lower(given(function, result))))
def third(x):
    x = numpy.float32(x)
    %1 = x / 3.0
    %2 = numpy.float32(%1)
    return %2
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tangent_fwd.frontend.parse import UserFunction
from tangent_fwd.ir.walk import unused


def taken(function: UserFunction, arg_types: Sequence[Any]) -> tuple[UserFunction, Any]:
    """The function with its numbers of other types than declared cast first, and the declared type
    of the result; None where nothing is declared for such arguments.
    """
    signature = _signature(function.declares, tuple(arg_types))
    if signature is None or len(signature.args) != len(arg_types):
        return function, None
    each = zip(function.params, arg_types, signature.args)
    casts = {p: kind for p, had, kind in each if _is_number(kind) and kind != had}
    if not casts:
        return function, signature.return_type
    function, word = _spelled(function)
    text = "\n".join(f"{p} = {word}.{kind}({p})" for p, kind in casts.items())
    return _with_body(function, [*_placed(text, function.node), *function.node.body]), (
        signature.return_type
    )


def is_castable(had: Any, wanted: Any) -> bool:
    """Whether a result of one type is to be cast to another: both numbers, or tuples of them."""
    from numba.core import types

    if wanted is None or types.unliteral(had) == wanted:
        return False
    if isinstance(had, types.BaseTuple) and isinstance(wanted, types.BaseTuple):
        return len(had) == len(wanted) and all(map(_is_number, (*had, *wanted)))
    return _is_number(types.unliteral(had)) and _is_number(wanted)


def given(function: UserFunction, wanted: Any) -> UserFunction:
    """The function with what it returns cast to a declared type."""
    function, word = _spelled(function)
    body = [_Returns(word, wanted).visit(s) for s in copy.deepcopy(function.node).body]
    flat = [s for part in body for s in (part if isinstance(part, list) else [part])]
    return _with_body(function, flat)


class _Returns(ast.NodeTransformer):
    """Casts in the returns of a function, not of those inside it."""

    def __init__(self, word: str, wanted: Any) -> None:
        self.word, self.wanted = word, wanted

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        return node

    def visit_Return(self, node: ast.Return) -> Any:
        from numba.core import types

        if node.value is None:
            return node
        if not isinstance(self.wanted, types.BaseTuple):
            node.value = self.cast(node.value, self.wanted, node)
            return node
        name = f"{self.word}_given"
        held = ast.copy_location(ast.Assign([ast.Name(name, ast.Store())], node.value), node)
        parts = [
            self.cast(
                ast.Subscript(ast.Name(name, ast.Load()), ast.Constant(k), ast.Load()), kind, node
            )
            for k, kind in enumerate(self.wanted)
        ]
        back = ast.copy_location(ast.Return(ast.Tuple(parts, ast.Load())), node)
        return [ast.fix_missing_locations(held), ast.fix_missing_locations(back)]

    def cast(self, value: ast.expr, kind: Any, node: ast.AST) -> ast.expr:
        callee = ast.Attribute(ast.Name(self.word, ast.Load()), str(kind), ast.Load())
        return ast.fix_missing_locations(ast.copy_location(ast.Call(callee, [value], []), node))


def _signature(dispatcher: Any, arg_types: tuple[Any, ...]) -> Any:
    """What numba makes of a call of a function whose types are declared."""
    from numba.core import errors, types
    from numba.core.registry import cpu_target

    if dispatcher is None:
        return None
    context = cpu_target.typing_context
    try:
        return context.resolve_function_type(types.Dispatcher(dispatcher), arg_types, {})
    except (errors.NumbaError, TypeError):  # numba refuses the call; here it may go on
        return None


def _is_number(kind: Any) -> bool:
    from numba.core import types

    return isinstance(kind, (types.Number, types.Boolean))


def _spelled(function: UserFunction) -> tuple[UserFunction, str]:
    """The function with NumPy among its names, and by which name."""
    inside = {n.id for n in ast.walk(function.node) if isinstance(n, ast.Name)}
    word = unused("numpy", inside | {*function.params})
    return replace(function, namespace={**function.namespace, word: np}), word


def _placed(text: str, node: ast.AST) -> list[ast.stmt]:
    body = ast.parse(text).body
    for statement in body:
        for inner in ast.walk(statement):
            if hasattr(inner, "lineno"):
                ast.copy_location(inner, node)
    return body


def _with_body(function: UserFunction, body: list[ast.stmt]) -> UserFunction:
    old = function.node
    made: Any = ast.FunctionDef(old.name, old.args, body, old.decorator_list, old.returns)
    made.type_params = []
    return replace(function, node=ast.copy_location(made, old))
