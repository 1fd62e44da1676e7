"""All expressions of the table in one function for numba; one by one would take minutes."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import numba
import numpy as np

from tangent_fwd.backend import special
from tangent_fwd.rules import RULES, Rule, helper
from tangent_fwd.rules.rule import HELPERS, LIBRARY, PARTS, SCIPY, WHOLE

from . import rule_oracle as oracle

Case = tuple[Rule, str, int]
"""A rule, the name that it is used under, and the argument that is active."""

WRITTEN = {
    "add": "{0} + {1}",
    "sub": "{0} - {1}",
    "mul": "{0} * {1}",
    "truediv": "{0} / {1}",
    "mod": "{0} % {1}",
    "neg": "-{0}",
    "pos": "+{0}",
    "ifelse": "{1} if {0} else {2}",
    "and": "{1} if {0} else {0}",
    "or": "{0} if {0} else {1}",
}
UNKNOWN_TO_NUMBA = (
    "math.fmod",
    "math.cbrt",
    "numpy.abs",
    "numpy.clip",
    "numpy.where",
    "numpy.nan_to_num",
)
"""Not there, or there only for arrays, which are loops by the time a rule is used."""


def cases(rules: list[Rule], active: Callable[[Rule], list[int]]) -> Iterator[Case]:
    """Each rule once beside numpy and once beside math, where it has a name there."""
    for rule in rules:
        by_module = {name.partition(".")[0]: name for name in reversed(rule.names)}
        for module in ("numpy", "math"):
            name = by_module.get(module)
            if name is not None and name not in UNKNOWN_TO_NUMBA and oracle.exists(name):
                yield from ((rule, name, i) for i in active(rule))
        if not {"numpy", "math"} & set(by_module) or rule.names[0] in WRITTEN:
            yield from ((rule, rule.names[0], i) for i in active(rule))


class _Qualify(ast.NodeTransformer):
    def __init__(self, module: str, dtype: str) -> None:
        self.module, self.dtype = module, dtype

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in SCIPY:
            return ast.Name(f"special.{node.id}", node.ctx)
        if node.id in LIBRARY:
            return ast.Name(f"{self.module}.{node.id}", node.ctx)
        return ast.Name(f"np.{self.dtype}", node.ctx) if node.id == "cast" else node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        is_helper = isinstance(node.func, ast.Name) and node.func.id in HELPERS | SCIPY
        self.generic_visit(node)
        return ast.Call(ast.Name(f"np.{self.dtype}", ast.Load()), [node], []) if is_helper else node


def compile_all(cases: list[Case], dtype: type) -> Any:
    """A compiled function from the arguments of all rules to the partials of all cases."""
    short = dtype.__name__
    starts: dict[str, int] = {}
    lines = ["def partials(given):"]
    for rule, _, _ in cases:
        starts.setdefault(rule.names[0], sum(len(r.args) for r in _before(rule)))
    for k, (rule, name, i) in enumerate(cases):
        module = "math" if name.startswith("math.") else "np"
        for j, (arg, domain) in enumerate(zip(rule.args, rule.domain, strict=True)):
            place = f"given[{starts[rule.names[0]] + j}]"
            lines.append(f"    {arg} = {_read(domain, place)}")
        lines.append(f"    out = np.{short}({_primal_text(rule, name)})")
        tree = ast.parse(oracle.text(rule, i), mode="eval").body
        written = ast.unparse(ast.fix_missing_locations(_Qualify(module, short).visit(tree)))
        lines.append(f"    r{k} = {written}")
    lines.append(f"    return ({', '.join(f'r{k}' for k in range(len(cases)))})")
    known: dict[str, Any] = {"np": np, "math": math, "special": special.stand_in()}
    known["__name__"] = __name__
    for name in HELPERS | PARTS:  # which call each other, as they do in an emitted module
        found = FunctionType(helper(name).__code__, known, name)
        known[name] = numba.njit(error_model="numpy")(found)
    exec("\n".join(lines), known)
    return numba.njit(error_model="numpy")(known["partials"])


def _before(rule: Rule) -> list[Rule]:
    rules = [r for r in RULES if r.kind == "elementwise"]
    return rules[: rules.index(rule)]


def _read(domain: str, place: str) -> str:
    if domain == "truth":
        return f"{place} != 0"
    return f"int({place})" if domain in WHOLE else place


def _primal_text(rule: Rule, name: str) -> str:
    module, _, function = name.partition(".")
    if module in ("numpy", "math"):
        return f"{'np' if module == 'numpy' else module}.{function}({', '.join(rule.args)})"
    if module == "scipy":
        return f"{name[6:]}({', '.join(rule.args)})"
    if module == "pow":
        return " ** ".join(rule.args)
    if module in ("builtins", "helper"):
        return f"{function}({', '.join(rule.args)})"
    return WRITTEN[name].format(*rule.args)
