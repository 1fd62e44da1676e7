"""What a rule is: one line of a calculus table, checked when it is written down.

A partial is a Python expression over the row's own argument names, `out` for the value of the
function, and the bare names in `FUNCTIONS`.
Whoever emits it gives those names the namespace of the primal (`cos` beside `math.sin` is
`math.cos`), and casts float literals to the dtype of the result, so that float32 stays float32.
Integer literals stay integers, and `cast(n)` brings an integer argument to that dtype.
"""

from __future__ import annotations

import ast
import inspect
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

BUILTINS = frozenset({"abs", "cast", "real", "imag"})
"""Names that mean the same beside `math` and beside `numpy`; the parts are of complex numbers."""

LIBRARY = frozenset(
    ("sin", "cos", "sinh", "cosh", "exp", "exp2", "log", "log1p", "sqrt", "hypot", "copysign")
    + ("ldexp", "isfinite", "isnan", "inf", "floor")
)
"""Names that are taken from the namespace of the primal; `math` serves an operator."""

HELPERS = frozenset(
    (
        "bell beta_slope digamma erfcx_slope exprel_slope fisher_slope gamma_slope gauss "
        "kolmogorov_slope log1prel_slope noncentral_slope noncentral_slope_df sinc_curve "
        "sinc_slope student_slope trigamma vonmises_slope wald_slope_mean wald_slope_scale"
    ).split()
)
"""Functions of `tangent_fwd.rules.helpers`, whose text travels with the emitted module."""

PARTS = frozenset(("gauss_legendre", "log_over_digamma", "mills", "odds_slope"))
"""Functions that some of them call, whose text travels with theirs."""

SCIPY = frozenset(
    (
        "bei beip ber berp besselpoly betaln binom cosdg elliprd elliprf erf erfcx eval_chebys "
        "eval_chebyu eval_gegenbauer eval_genlaguerre eval_hermite eval_hermitenorm eval_jacobi "
        "eval_sh_chebyu expit expn gamma gammaln hyp0f1 hyp1f1 hyp2f1 hyperu i0 i0e i1 i1e iv ive "
        "j0 j1 jv k0 k0e k1 k1e kei keip ker kerp kn kv kve log_wright_bessel lpmv modstruve "
        "ndtr polygamma psi sindg spherical_in spherical_jn spherical_kn spherical_yn struve "
        "wright_bessel xlog1py xlogy y0 y1 yn yv zeta"
    ).split()
)
"""Functions of `scipy.special` that partials call; each has a row of its own."""

FUNCTIONS = BUILTINS | LIBRARY | HELPERS | SCIPY

UNKNOWN = "unknown"
"""Stands for a partial without a formula: that argument must not be active."""

CANCELS = "a difference, of which only the absolute bound holds where it is small"

_PARAMETER = "no formula for the derivative in the parameter"

KINDS = frozenset({"elementwise", "linear", "multilinear", "constant", "custom"})

DOMAINS: dict[str, tuple[float, float]] = {
    "real": (-math.inf, math.inf),
    "positive": (0.0, math.inf),
    "angle": (-1e4, 1e4),
    "unit": (-1.0, 1.0),
    "above one": (1.0, math.inf),
    "above minus one": (-1.0, math.inf),
    "exponent": (-700.0, 700.0),
    "power": (-30.0, 30.0),
    "one and up": (1.0, 30.0),
    "half": (0.5, 0.5),
    "below one": (0.0, 1.0),
    "negative": (-30.0, 0.0),
    "tail": (-27.0, 27.0),
    "factorial": (-20.0, 30.0),
    "integer": (-8, 8),
    "truth": (0, 1),
    "far out": (30.0, 1e3),
    "degree": (0, 8),
    "trials": (5, 12),
    "order": (0.0, 6.0),
    "shape": (0.05, 30.0),
    "moderate": (-30.0, 30.0),
    "oscillating": (-60.0, 60.0),
    "wave": (0.01, 60.0),
    "short wave": (0.01, 8.0),
    "share": (1e-6, 0.999999),
    "mirrored": (0.0, 2.0),
    "up to one": (-50.0, 1.0),
    "upper share": (0.51, 0.999999),
    "lower share": (1e-6, 0.9),
    "below zero": (-30.0, -0.01),
    "tame": (-4.0, 4.0),
    "small": (0.1, 3.9),
    "two and up": (2.0, 30.0),
    "two to four": (2.0, 4.0),
    "ten and up": (10.0, 30.0),
    "mild": (-0.9, 0.9),
    "order one": (1.0, 1.0),
    "angles": (0.3, 5.0),
    "above minus a third": (-0.35, 30.0),
}
"""Open intervals in which an argument may be sampled, at every scale that they reach;
one without length is the point itself.

A point is left out where the function itself is not a normal number in the dtype at hand.
"""

WHOLE = frozenset({"integer", "truth", "degree", "trials"})
"""Domains of integers, which carry no tangent."""


class BadRule(ValueError):
    """A row that cannot be a rule; raised at import, before anything could use it."""


@dataclass(frozen=True)
class Rule:
    """How one function passes a direction on.

    An elementwise rule has either `partials`, one expression per argument, or `tangent`, one
    expression for the whole tangent; both may use the arguments and `out`, and `tangent` also
    `d_<argument>`, which is a symbolic zero for an argument that is not active.
    A linear rule applies the function itself with the tangents in the places `linear_in`, all at
    once; a multilinear rule does so in one place at a time and adds; a constant rule has no
    tangent; a custom rule has a function that computes it, written in the language that the
    compiler takes, whose parameters are some of `out`, the arguments and their tangents.
    """

    names: tuple[str, ...]
    args: tuple[str, ...]
    kind: str
    partials: tuple[str, ...] = ()
    tangent: str | None = None
    linear_in: tuple[int, ...] = ()
    strong_zero: bool = False
    domain: tuple[str, ...] = ()
    bound: float = 4.0
    absolute: float = 0.0
    kink: str | None = None
    note: str = ""
    function: Callable[..., Any] | None = None

    @property
    def parameters(self) -> tuple[str, ...]:
        """What the function of a custom rule asks for."""
        return () if self.function is None else tuple(inspect.signature(self.function).parameters)

    @property
    def expressions(self) -> tuple[str, ...]:
        """Everything that is to be emitted for this rule, as text."""
        return self.partials if self.tangent is None else (self.tangent,)

    @property
    def unknown(self) -> tuple[int, ...]:
        """The arguments in which the derivative has no known formula."""
        return tuple(i for i, text in enumerate(self.partials) if text == UNKNOWN)

    @property
    def whole(self) -> tuple[int, ...]:
        """The arguments that are integers."""
        return tuple(i for i, domain in enumerate(self.domain) if domain in WHOLE)

    @property
    def helpers(self) -> tuple[str, ...]:
        """The helper functions that the expressions call, in alphabetical order."""
        return tuple(sorted(_names(self.expressions) & HELPERS))


def check(rule: Rule) -> Rule:
    """Give the rule back if its parts fit together.

    A wrong row would otherwise surface as a broken derivative of somebody's function, so every
    expression is parsed, every name in it must have a meaning, and the counts must agree.

    Raises `BadRule`, naming the row and the part that is wrong.
    """

    def refuse(what: str) -> None:
        raise BadRule(f"rule {rule.names[0] if rule.names else '?'}: {what}")

    if not rule.names:
        refuse("has no name")
    if rule.kind not in KINDS:
        refuse(f"unknown kind {rule.kind!r}")
    if len(set(rule.args)) != len(rule.args):
        refuse("an argument is named twice")
    if rule.kind == "elementwise":
        if rule.tangent is not None and rule.partials:
            refuse("has both partials and a tangent")
        if rule.tangent is None and len(rule.partials) != len(rule.args):
            refuse(f"{len(rule.partials)} partials for {len(rule.args)} arguments")
        if len(rule.domain) != len(rule.args):
            refuse(f"{len(rule.domain)} domains for {len(rule.args)} arguments")
        if not rule.bound >= 0.0 <= rule.absolute or rule.bound == rule.absolute == 0.0:
            refuse("no bound on the error of its partials")
    elif rule.expressions:
        refuse(f"a {rule.kind} map needs no formula")
    if (rule.kind in ("linear", "multilinear")) != bool(rule.linear_in):
        refuse("linear places belong to linear and multilinear maps")
    for place in rule.linear_in:
        if not 0 <= place < len(rule.args):
            refuse(f"linear in argument {place}, but it has {len(rule.args)}")
    for domain in rule.domain:
        if domain not in DOMAINS:
            refuse(f"unknown domain {domain!r}")
    known = {*rule.args, "out", *FUNCTIONS}
    if rule.tangent is not None:
        known |= {f"d_{name}" for name in rule.args}
    for text in rule.expressions:
        if text == UNKNOWN:
            continue
        try:
            unknown = _names([text]) - known
        except SyntaxError:
            refuse(f"{text!r} is not an expression")
        if unknown:
            refuse(f"{text!r} uses {', '.join(sorted(unknown))}, which nobody defines")
    if (rule.kind == "custom") != (rule.function is not None):
        refuse("a function belongs to a custom rule")
    asked = {*rule.parameters} - {"out", *rule.args, *(f"d_{name}" for name in rule.args)}
    if asked:
        refuse(f"its function asks for {', '.join(sorted(asked))}, which nobody defines")
    return rule


def _names(expressions: Iterable[str]) -> set[str]:
    trees = (ast.parse(text, mode="eval") for text in expressions)
    return {node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)}


def words(text: str) -> tuple[str, ...]:
    """The comma-separated words of a string, without the spaces around them."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def row(
    names: str,
    args: str,
    *partials: str,
    tangent: str | None = None,
    domain: str = "real",
    strong_zero: bool = False,
    bound: float = 4.0,
    absolute: float = 0.0,
    kink: str | None = None,
    note: str = "",
) -> Rule:
    """One elementwise function: its names, its arguments, and one partial for each of them.

    `domain` names one domain per argument, or a single one for all of them.
    The computed partial lies within `bound` units in its last place, plus `absolute` units in
    the last place of one.
    """
    arguments, domains = words(args), words(domain)
    return check(
        Rule(
            names=words(names),
            args=arguments,
            kind="elementwise",
            partials=partials,
            tangent=tangent,
            domain=domains * len(arguments) if len(domains) == 1 else domains,
            strong_zero=strong_zero,
            bound=bound,
            absolute=absolute,
            kink=kink,
            note=note,
        )
    )


def scipy(
    names: str,
    args: str,
    *partials: str,
    domain: str = "real",
    strong_zero: bool = False,
    bound: float = 8.0,
    absolute: float = 0.0,
    kink: str | None = None,
    note: str = "",
) -> Rule:
    """One function of `scipy.special`, under the names that it has there."""
    return row(
        ", ".join(f"scipy.special.{name}" for name in words(names)),
        args,
        *partials,
        domain=domain,
        strong_zero=strong_zero,
        bound=bound,
        absolute=absolute,
        kink=kink,
        note=note or (_PARAMETER if UNKNOWN in partials else ""),
    )


def linear(names: str, args: str, places: tuple[int, ...] = (0,), note: str = "") -> Rule:
    """A map that is linear in the arguments at `places`, taken together."""
    return check(Rule(words(names), words(args), "linear", linear_in=places, note=note))


def multilinear(names: str, args: str, note: str = "") -> Rule:
    """A product: linear in each of its arguments while the others stay as they are."""
    arguments = words(args)
    places = tuple(range(len(arguments)))
    return check(Rule(words(names), arguments, "multilinear", linear_in=places, note=note))


def constant(names: str, note: str = "", kink: str | None = None) -> Rule:
    """Maps that are locally constant, or whose values carry no tangent at all."""
    return check(Rule(words(names), (), "constant", kink=kink, note=note))


def custom(names: str, args: str, function: Callable[..., Any], note: str = "") -> Rule:
    """A map whose tangent a function of the library computes."""
    return check(Rule(words(names), words(args), "custom", function=function, note=note))
