"""Lowering of what is said: the arguments of `print` and of exceptions.

numba writes no floats into text. An f-string that has some stands as its parts, one by one, which
`print` puts a space between; how many digits are asked for is left out.
"""

from __future__ import annotations

import ast

from tangent_fwd.frontend.stars import Stars
from tangent_fwd.ir.nodes import Expr, Lit, Op
from tangent_fwd.source import Span


class Texts(Stars):
    """f-strings, as text where numba can make it."""

    def on_JoinedStr(self, node: ast.JoinedStr) -> Expr:
        parts = self.whole(node)
        if parts is None:
            self.refuse(
                node,
                "text of anything but integers and strings is not supported",
                "numba writes no floats into text: pass them to `print` as they are",
            )
            return Lit("")
        return parts

    def said(self, nodes: list[ast.expr]) -> tuple[Expr, ...]:
        """The values that `print` and exceptions are given."""
        found: list[Expr] = []
        for node in nodes:
            whole = self.whole(node) if isinstance(node, ast.JoinedStr) else None
            if whole is not None:
                found.append(whole if isinstance(whole, Lit) else self.name(whole))
            elif isinstance(node, ast.JoinedStr):
                found.extend(self.pieces(node))
            else:
                found.append(self.atom(node))
        return tuple(found)

    def whole(self, node: ast.JoinedStr) -> Op | Lit | None:
        """An f-string as one text, None where it writes something that numba cannot."""
        from numba.core import types

        if all(isinstance(v, ast.Constant) for v in node.values):
            return Lit("".join(str(v.value) for v in node.values if isinstance(v, ast.Constant)))
        parts: list[Expr] = []
        outer, self.out = self.out, []
        for value in node.values:
            if isinstance(value, ast.Constant):
                parts.append(Lit(value.value))
                continue
            assert isinstance(value, ast.FormattedValue)
            part = self.atom(value.value)
            kind = types.unliteral(self.kind(part)) if value.format_spec is None else None
            plain = isinstance(kind, (types.Integer, types.Boolean, types.UnicodeType))
            if not plain or value.conversion not in (-1, ord("s")):
                self.out = outer
                return None
            parts.append(part)
        made, self.out = self.out, outer
        self.out.extend(made)
        return Op("fstring", tuple(parts), (), Span.of(node))

    def pieces(self, node: ast.JoinedStr) -> list[Expr]:
        """The parts of an f-string; where `print` puts a space, they have none."""
        found: list[Expr] = []
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                found.append(self.atom(value.value))
            elif isinstance(value, ast.Constant):
                first, last = value is node.values[0], value is node.values[-1]
                text = str(value.value)
                text = text if first else text.removeprefix(" ")
                text = text if last else text.removesuffix(" ")
                if text:
                    found.append(Lit(text))
        return found
