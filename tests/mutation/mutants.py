"""The faults: what the operators of mutmut make of each node of a file.

They are those of mutmut 3, with three differences. Formulas in tables are code to us, so their text
is parsed and its nodes are changed, too. Text for people, which is what has spaces and is neither a
formula nor a list of words, stays. Of the three changes of a string only the first is made.
"""

from __future__ import annotations

import ast
import difflib
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper, ParentNodeProvider, PositionProvider
from mutmut.mutation.mutators import mutation_operators

# As in mutmut: whether these are called is seldom what a test is about.
_NEVER = ("len", "isinstance")
# What a row of a table says to people, and what it lets tests allow.
_SAID = ("note", "bound", "absolute")
# So many lines are one row of a table; more are the table.
_ROW = 15


@dataclass(frozen=True)
class Mutant:
    """A file with one fault: its name, the whole text, and the lines around the fault, from the
    node itself outwards to the function or, where there is none, the file.
    """

    path: Path
    number: int
    text: str
    places: tuple[tuple[int, int], ...]
    inside: bool

    @property
    def name(self) -> str:
        return f"{self.path.parent.name}/{self.path.name}:{self.number}"

    def without_fault(self) -> Mutant:
        """The file as it is, under the same name."""
        return replace(self, text=self.path.read_text())

    @property
    def words(self) -> tuple[str, ...]:
        """What is quoted close to the fault: the names of a row of a table."""
        if self.inside:
            return ()
        lines = self.path.read_text().splitlines()
        found: list[str] = []
        for first, last in self.places:
            if last - first < _ROW:
                found += re.findall(r"[a-zA-Z_.0-9]{2,}", " ".join(lines[first - 1 : last]))
        return tuple(dict.fromkeys(found))

    @property
    def difference(self) -> str:
        """The changed lines, before and after."""
        before, after = self.path.read_text().splitlines(), self.text.splitlines()
        lines = list(difflib.unified_diff(before, after, n=0, lineterm=""))[2:]
        return "\n".join(lines)


def sample(paths: list[Path], count: int, seed: int) -> list[Mutant]:
    """So many faults, spread over the files by their lines, the same for every run of a seed."""
    lines = {path: len(path.read_text().splitlines()) for path in paths}
    draw = random.Random(seed)
    found: list[Mutant] = []
    for path in paths:
        share = count * lines[path] / sum(lines.values())
        number = int(share) + (draw.random() < share % 1)
        if not number:
            continue
        there = File(path)
        every = range(len(there.changes))
        found += there.mutants(draw.sample(every, min(number, len(every))))
    draw.shuffle(found)  # what is left undone is as likely to be of one file as of another
    return found


class File:
    """A file and all changes that the operators make of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        wrapper = MetadataWrapper(cst.parse_module(path.read_text()), unsafe_skip_copy=True)
        self.tree = wrapper.module
        self.parents = wrapper.resolve(ParentNodeProvider)
        self.positions = wrapper.resolve(PositionProvider)
        self.changes = list(self._changes(self.tree))

    def mutants(self, numbers: list[int]) -> list[Mutant]:
        """The files with these changes."""
        return [self._mutant(number) for number in sorted(numbers)]

    def _mutant(self, number: int) -> Mutant:
        old, new = self.changes[number]
        text = self.tree.visit(_Replace(old, new)).code
        places = []
        node, inside = old, False
        while node is not self.tree and not inside:
            where = self.positions[node]
            places.append((where.start.line, where.end.line))
            inside = isinstance(node, cst.FunctionDef)
            node = self.parents[node]
        return Mutant(self.path, number, text, tuple(dict.fromkeys(places)), inside)

    def _changes(self, node: cst.CSTNode) -> Iterator[tuple[cst.CSTNode, cst.CSTNode]]:
        if isinstance(node, (cst.Annotation, cst.Decorator, cst.Import, cst.ImportFrom)):
            return
        if isinstance(node, cst.Call) and getattr(node.func, "value", None) in _NEVER:
            return
        if isinstance(node, (cst.SimpleString, cst.ConcatenatedString)):
            yield from ((node, new) for new in self._strings(node))
            return
        if isinstance(node, cst.Arg) and getattr(node.keyword, "value", None) in _SAID:
            return
        if isinstance(node, cst.Assign) and self._is_prose(node.value):
            return
        for kind, operator in mutation_operators:
            if isinstance(node, kind):
                yield from ((node, new) for new in operator(node) if not _says_less(node, new))
        for child in node.children:
            yield from self._changes(child)

    def _strings(
        self, node: cst.SimpleString | cst.ConcatenatedString
    ) -> Iterator[cst.BaseExpression]:
        value = node.evaluated_value
        if not isinstance(value, str) or "\n" in value:
            return  # bytes, what is made of values, and docstrings
        if self._is_prose(node):
            return
        tree = _parsed(value)
        if self.path.parent.name == "rules" and _is_formula(tree):
            formula = cst.parse_expression(value)
            for old, new in self._changes(formula):
                replaced = formula.visit(_Replace(old, new)) if old is not formula else new
                yield cst.SimpleString(repr(cst.Module([]).code_for_node(replaced)))
        else:
            yield cst.SimpleString(repr(f"XX{value}XX"))

    def _is_prose(self, node: cst.CSTNode) -> bool:
        """Whether a node is text for people: it has spaces, but no formula and no list of words."""
        value = getattr(node, "evaluated_value", None)
        if not isinstance(value, str) or " " not in value:
            return False
        return _parsed(value) is None and not self._is_split(node)

    def _is_split(self, node: cst.CSTNode) -> bool:
        parent = self.parents[node]
        return isinstance(parent, cst.Attribute) and parent.attr.value == "split"


def _says_less(node: cst.CSTNode, new: cst.CSTNode) -> bool:
    """Whether all that differs between two calls is what is said to people."""
    if not isinstance(node, cst.Call) or not isinstance(new, cst.Call):
        return False
    lost = [arg for arg in node.args if all(arg is not other for other in new.args)]
    return bool(lost) and all(getattr(arg.keyword, "value", None) in _SAID for arg in lost)


def _parsed(text: str) -> ast.expr | None:
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError:
        return None


def _is_formula(tree: ast.expr | None) -> bool:
    """Whether a text computes something, and does not only name things."""
    names = (ast.Name, ast.Attribute, ast.Tuple, ast.expr_context)
    return tree is not None and not all(isinstance(node, names) for node in ast.walk(tree))


class _Replace(cst.CSTTransformer):
    """One node by another; which one is asked for by identity, not by equality."""

    def __init__(self, old: cst.CSTNode, new: cst.CSTNode) -> None:
        super().__init__()
        self.old, self.new = old, new

    def on_visit(self, node: cst.CSTNode) -> bool:
        return node is not self.old

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> cst.CSTNode:
        return self.new if original_node is self.old else updated_node
