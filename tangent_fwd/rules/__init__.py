"""The derivative of every function we know, as tables: a new derivative is one row.

Begin with `elementary`, which reads like the table at the back of a calculus book; `several` has
the functions of several arguments, `special` those of SciPy, `maps` those that need no formula,
`algebra` those that take a program, `draws` random numbers; `rule` says what a row may hold.
A function without a row is refused where it meets an active value: there is no default.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tangent_fwd.rules import helpers, implicit
from tangent_fwd.rules.algebra import ALGEBRA
from tangent_fwd.rules.complex_numbers import COMPLEX, HOLOMORPHIC, SAME_FOR_ALL
from tangent_fwd.rules.draws import DRAWS
from tangent_fwd.rules.elementary import ELEMENTARY, PARTIALS
from tangent_fwd.rules.maps import MAPS
from tangent_fwd.rules.rule import BadRule, Rule
from tangent_fwd.rules.several import SEVERAL, power
from tangent_fwd.rules.special import SPECIAL

__all__ = ["RULES", "BadRule", "Rule", "helper", "index", "power", "rule"]

RULES: tuple[Rule, ...] = ELEMENTARY + PARTIALS + SEVERAL + SPECIAL + MAPS + ALGEBRA + DRAWS


def index(rules: tuple[Rule, ...]) -> dict[str, Rule]:
    """The rules by name; raises `BadRule` where two rows claim one name."""
    table: dict[str, Rule] = {}
    for entry in rules:
        for name in entry.names:
            if name in table:
                raise BadRule(f"rule {name}: written down twice")
            table[name] = entry
    return table


_TABLE = index(RULES)


_COMPLEX = index(COMPLEX)


def helper(name: str) -> Callable[..., Any]:
    """The function of ours that partials call by a name."""
    found: Callable[..., Any] = getattr(helpers, name, None) or getattr(implicit, name)
    return found


def rule(name: str, of_complex: bool = False) -> Rule | None:
    """The rule of an operation, by its key ("mul", "numpy.exp"), or `None` if there is none.

    `of_complex` asks for the one that holds where an argument is a complex number.
    """
    found = _TABLE.get(name)
    if not of_complex or found is None:
        return found
    if name in _COMPLEX:
        return _COMPLEX[name]
    kept = found.kind in ("linear", "multilinear") or name in SAME_FOR_ALL
    return found if kept or found.names[0] in HOLOMORPHIC else None
