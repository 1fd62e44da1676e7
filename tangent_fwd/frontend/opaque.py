"""Functions without Python source that were given a derivative: their value comes from the rule
as well, which is then asked with tangents of zero.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from tangent_fwd.frontend.parse import UserFunction, parse


class Opaque(NamedTuple):
    """What tells such a function from others."""

    function: Any
    rule: Any


def opaque(function: Any, rule: Callable[..., Any]) -> UserFunction:
    """A function of which only the rule can be read."""
    given = parse(rule)
    parameters = list(given.signature.parameters.values())
    return replace(
        given,
        name=function.__name__,
        qualname=function.__name__,
        signature=given.signature.replace(parameters=parameters[: len(parameters) // 2]),
        original=Opaque(function, rule),
        rule=given.original,
    )


def spelled(function: UserFunction, arg_types: tuple[Any, ...]) -> UserFunction:
    """Its text for argument types: the first of what the rule returns."""
    rule = function.rule
    assert rule is not None
    zeros = map(_zero, function.params, arg_types)
    text = f"return {rule.__name__}({', '.join((*function.params, *zeros))})[0]"
    node = function.node
    body = ast.parse(text).body
    for inner in ast.walk(body[0]):
        if hasattr(inner, "lineno"):
            ast.copy_location(inner, node)
    made: Any = ast.FunctionDef(function.name, node.args, body, [], None)
    made.type_params = []
    namespace = {rule.__name__: rule, "np": np}
    return replace(function, node=ast.copy_location(made, node), namespace=namespace)


def _zero(name: str, kind: Any) -> str:
    """A tangent of zero for an argument, None where it can have none."""
    from numba.core import types

    if isinstance(kind, types.BaseTuple):
        parts = (_zero(f"{name}[{k}]", part) for k, part in enumerate(kind))
        return f"({', '.join(parts)},)"
    if isinstance(kind, types.Array) and isinstance(kind.dtype, types.Float):
        return f"np.zeros_like({name})"
    if isinstance(kind, types.Float):
        return "0.0" if kind == types.float64 else f"np.{kind}(0.0)"
    return "None"
