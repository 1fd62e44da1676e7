"""Calls that a type or the text answers: `isinstance`, `hasattr`, `type(x)(y)`, `g(**{"a": y})`."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from tangent_fwd.frontend.replaced import Replaced


class Told(Replaced):
    """What numba's types tell before anything runs."""

    def is_instance(self, node: ast.Call) -> bool | None:
        """Whether a value is of a class, which its type tells; None where it does not."""
        from numba.core import types

        classes: dict[Any, Any] = {
            float: types.Float, int: types.Integer, bool: types.Boolean, str: types.UnicodeType,
            complex: types.Complex, tuple: types.BaseTuple, list: (types.List, types.ListType),
            dict: types.DictType, set: types.Set,
            np.ndarray: types.Array,
        }  # fmt: skip
        wanted = node.args[1].elts if isinstance(node.args[1], ast.Tuple) else [node.args[1]]
        asked: list[Any] = [classes.get(self.resolve(c)) for c in wanted]
        kind = self.kind(self.atom(node.args[0]))
        if None in asked or kind is None:
            return None
        return isinstance(types.unliteral(kind), tuple(asked))

    def has_attribute(self, node: ast.Call) -> bool | None:
        """Whether a value has an attribute, which its type tells; None where it does not."""
        from numba.core.registry import cpu_target

        word = node.args[1].value if isinstance(node.args[1], ast.Constant) else None
        kind = self.kind(self.atom(node.args[0]))
        if not isinstance(word, str) or kind is None:
            return None
        return cpu_target.typing_context.resolve_getattr(kind, word) is not None

    def of_its_type(self, node: ast.Call) -> ast.Call:
        """`type(x)(y)` of a number calls a class."""
        cls = self.class_of(node.func)
        if cls is None:
            return node
        word = f"{'np' if cls.__module__ == 'numpy' else 'builtins'}.{cls.__name__}"
        named = ast.copy_location(ast.Name(word, ast.Load()), node.func)
        return ast.copy_location(ast.Call(named, node.args, node.keywords), node)

    def functions_in(self, node: ast.expr) -> Any:
        """`T = type(x)` names a class for good."""
        cls = self.class_of(node)
        return super().functions_in(node) if cls is None else cls

    def class_of(self, node: ast.expr) -> type | None:
        """The class that `type(x)` of a number is; None for anything else."""
        if not isinstance(node, ast.Call) or self.resolve(node.func) is not type:
            return None
        kind = self.kind(self.atom(node.args[0])) if len(node.args) == 1 else None
        return _CLASSES.get(str(kind))

    def written_keywords(self, node: ast.Call) -> ast.Call:
        """The call with the keywords that `**{…}` spells out."""
        keywords: list[ast.keyword] = []
        for each in node.keywords:
            given = each.value
            if each.arg is None and isinstance(given, ast.Dict):
                words = [str(k.value) for k in given.keys
                         if isinstance(k, ast.Constant) and isinstance(k.value, str)]  # fmt: skip
                if len(words) == len(given.keys):
                    pairs = zip(words, given.values)
                    keywords += [ast.copy_location(ast.keyword(w, v), v) for w, v in pairs]
                    continue
            keywords.append(each)
        return ast.copy_location(ast.Call(node.func, node.args, keywords), node)


_CLASSES: dict[str, type] = {
    "float64": float, "int64": int, "bool": bool, "complex128": complex,
    "float32": np.float32, "complex64": np.complex64,
}  # fmt: skip
