"""The page of the documentation that lists every rule: the tables, in a form for readers.

`python -m tangent_fwd.rules.page > docs/rules.md` renews it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable

from tangent_fwd.library import DEFINITIONS, Definition
from tangent_fwd.rules import RULES
from tangent_fwd.rules.algebra import ALGEBRA
from tangent_fwd.rules.complex_numbers import COMPLEX, HOLOMORPHIC
from tangent_fwd.rules.draws import DRAWS
from tangent_fwd.rules.elementary import ELEMENTARY, PARTIALS
from tangent_fwd.rules.maps import CONSTANT, LINEAR, MULTILINEAR
from tangent_fwd.rules.rule import DOMAINS, Rule
from tangent_fwd.rules.several import SEVERAL
from tangent_fwd.rules.special import SPECIAL

HEAD = """\
# Rules

Every function that may meet an active value has a row here; a function without one is refused.
This page is made from the tables in `tangent_fwd/rules/` by `python -m tangent_fwd.rules.page`.

In a partial, `out` is the value of the function, and `d_x` the tangent of `x`.
Where a row shows one expression for several arguments, the terms of inactive arguments go.
*Strong zero* means that a zero direction gives a zero tangent even where the partial is
infinite or NaN, each lane for itself.

The error of a partial is at most so many ulp (units in its last place); "of one" counts units in
the last place of one, for forms that reuse a value which saturates.
The bounds hold for float64 and float32, over the whole domain, with library functions that are
good to one place, as those of the C library are.
Vectorised ones may add a few.
"""


def page() -> str:
    """The whole page, as Markdown, ending in a newline."""
    parts = [
        HEAD,
        "## Kinks\n",
        "At a kink the derivative is that of the branch a reader would write.\n",
        table(("function", "convention"), kinks()),
        "## One argument\n",
        formulas(ELEMENTARY),
        "## Several arguments\n",
        "`pow` has an exponent that is only known when the code runs; `pow.int` an integer one;\n"
        "`pow.const`, `pow.half`, `pow.root` and `pow.negative` a constant real one: from 1 up,\n"
        "1/2, between 0 and 1, and below 0.\n",
        formulas(SEVERAL),
        "## SciPy's special functions\n",
        "`unknown` is a derivative without a known formula: that argument must not be active.\n"
        "Whole numbers carry no tangent. The bounds hold where the domain says, with the errors\n"
        "that SciPy's functions have themselves.\n",
        formulas(SPECIAL),
        "## Random numbers\n",
        "What was drawn stays at its quantile: `-(dF/da) / (dF/dx)` of the distribution function\n"
        "`F`. The bounds are those of shapes from 1e-3 to 1e5 (for the gamma distribution to 1e6)\n"
        "and quantiles from 1e-12 to 1 - 1e-12, in float64.\n",
        formulas(DRAWS),
        "## Partials of the partials\n",
        "Some partials above are functions of ours, whose text travels with the emitted module.\n",
        formulas(PARTIALS),
        "## Domains\n",
        table(
            ("name", "from", "to"), ((n, f"{lo:g}", f"{hi:g}") for n, (lo, hi) in DOMAINS.items())
        ),
        "## Linear maps\n",
        "The function itself, applied to the tangents of the arguments named here.\n",
        table(("function", "linear in"), ((keys(r), places(r)) for r in LINEAR)),
        "## Products\n",
        "The function itself, applied with one tangent at a time, and the results added.\n",
        table(("function", "linear in each of"), ((keys(r), places(r)) for r in MULTILINEAR)),
        "## Programs\n",
        "The value, and a function of `tangent_fwd/library/algebra.py` for its tangent.\n",
        table(("function", "how it moves", "where"), map(_program, ALGEBRA)),
        "## No tangent\n",
        "Locally constant, or a value that no direction can move.\n",
        table(("function", "why"), ((keys(r), r.note or r.kink or "") for r in CONSTANT)),
        "## Complex numbers\n",
        "Tangents are complex, too, and real-linear in the direction. Where an argument is complex"
        " these\nrows take the place of others; besides them hold linear maps, products, and"
        f"\n{code(sorted(HOLOMORPHIC))}.\n",
        table(("function", "of", "tangent", "kink"), map(_of_complex, COMPLEX)),
        "## Definitions\n",
        "Written in the language that the compiler takes (`tangent_fwd/library/`), and so"
        " differentiated\nlike functions of yours; the parameters in brackets must be constants.\n",
        table(("function", "what it is"), map(_definition, DEFINITIONS.items())),
    ]
    return "\n".join(parts)


def kinks() -> list[tuple[str, str]]:
    """The functions that have a kink, each with the convention that is followed there."""
    return [(keys(rule), rule.kink) for rule in RULES if rule.kink is not None]


def formulas(rules: Iterable[Rule]) -> str:
    """The table of elementwise rules."""
    heads = ("function", "of", "partials or tangent", "domain", "error", "strong zero", "why so")
    return table(heads, (_formula(rule) for rule in rules))


def _formula(rule: Rule) -> tuple[str, ...]:
    domains = rule.domain if len(set(rule.domain)) > 1 else rule.domain[:1]
    bounds = ((rule.bound, "ulp"), (rule.absolute, "ulp of one"))
    return (
        keys(rule),
        code(rule.args),
        code(rule.expressions),
        ", ".join(domains),
        " + ".join(f"{size:g} {unit}" for size, unit in bounds if size),
        "yes" if rule.strong_zero else "",
        rule.note,
    )


def _program(rule: Rule) -> tuple[str, str, str]:
    told = inspect.cleandoc(rule.function.__doc__ or "")
    return keys(rule), told.replace("\n", " "), rule.note


def _of_complex(rule: Rule) -> tuple[str, ...]:
    tangent = code(rule.expressions) or "linear"
    return keys(rule), code(rule.args), tangent, rule.kink or ""


def _definition(row: tuple[str, Definition]) -> tuple[str, str]:
    name, definition = row
    settled = f" [{', '.join(definition.static)}]" if definition.static else ""
    told = inspect.cleandoc(definition.function.__doc__ or "").partition("\n\n")[0]
    return f"`{name}`{settled}", told.replace("\n", " ")


def places(rule: Rule) -> str:
    """The arguments that the rule is linear in."""
    return code(rule.args[place] for place in rule.linear_in)


def keys(rule: Rule) -> str:
    """The names that the rule serves."""
    return code(rule.names)


def code(words: Iterable[str]) -> str:
    """Words set as code, with commas."""
    return ", ".join(f"`{word}`" for word in words)


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")
