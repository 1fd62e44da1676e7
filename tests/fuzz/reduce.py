"""Makes a disagreeing program small by deleting statements while it still disagrees."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator


def _blocks(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        for name in ("body", "orelse"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                yield block


def _find(tree: ast.AST, number: int) -> tuple[list[ast.stmt], int]:
    """The block and the place in it of the statement with this number."""
    for block in _blocks(tree):
        if number < len(block):
            return block, number
        number -= len(block)
    raise IndexError(number)


def _without_statements(text: str) -> Iterator[str]:
    """The program with one statement less, or with a compound statement replaced by its body."""
    for number in range(sum(len(block) for block in _blocks(ast.parse(text)))):
        for way in ("delete", "body", "orelse"):
            tree = ast.parse(text)
            block, place = _find(tree, number)
            statement = block[place]
            kept = [] if way == "delete" else getattr(statement, way, [])
            if way != "delete" and (not kept or isinstance(statement, ast.FunctionDef)):
                continue
            block[place : place + 1] = kept or ([ast.Pass()] if len(block) == 1 else [])
            yield ast.unparse(tree)


class _Swap(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else super().generic_visit(node)


def _parts(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    return list(node.args) if isinstance(node, ast.Call) else []


def _with_simpler_expressions(text: str) -> Iterator[str]:
    """The program with one expression replaced by one of its parts."""
    for number, seen in enumerate(ast.walk(ast.parse(text))):
        for part in range(len(_parts(seen))):
            tree = ast.parse(text)
            node = list(ast.walk(tree))[number]
            yield ast.unparse(_Swap(node, _parts(node)[part]).visit(tree))


def reduce(text: str, fails: Callable[[str], bool], attempts: int = 3000) -> str:
    """The smallest text found for which ``fails`` still holds, in at most so many attempts."""
    text = ast.unparse(ast.parse(text))
    progress = True
    while progress:
        progress = False
        for source in (_without_statements, _with_simpler_expressions):
            for candidate in source(text):
                if attempts <= 0:
                    return text
                attempts -= 1
                if len(candidate) < len(text) and fails(candidate):
                    text, progress = candidate, True
                    break
    return text
