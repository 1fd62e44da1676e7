"""Each rule is tested because it is in the table: accuracy, special values, kinks, dtype, numba."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

from tangent_fwd.rules import RULES, BadRule, Rule, helpers, index, power, rule
from tangent_fwd.rules.draws import DRAWS
from tangent_fwd.rules.page import page
from tangent_fwd.rules.rule import (
    HELPERS,
    SCIPY,
    UNKNOWN,
    WHOLE,
    check,
    constant,
    linear,
    multilinear,
    row,
)

from . import rule_compiled
from . import rule_oracle as oracle
from .rule_values import INF, NAN, SPECIAL

# What is drawn is no function of its arguments; see `tests/test_draws.py`.
ELEMENTWISE = [entry for entry in RULES if entry.kind == "elementwise" and entry not in DRAWS]
DTYPES = [np.float64, np.float32]
POINTS = 200


def first_name(entry: Rule) -> str:
    return entry.names[0]


each_rule = pytest.mark.parametrize("entry", ELEMENTWISE, ids=first_name)
each_dtype = pytest.mark.parametrize("dtype", DTYPES)


def active(entry: Rule) -> list[int]:
    """The arguments that may carry a tangent under this rule."""
    if entry.names[0].startswith("pow."):
        return [0]
    return [i for i, _ in enumerate(entry.args) if i not in (*entry.whole, *entry.unknown)]


def is_special(entry: Rule) -> bool:
    """Whether mpmath takes long over a function."""
    return entry.names[0].startswith("scipy.")


def points(entry: Rule, dtype: type, count: int) -> list[tuple[Any, ...]]:
    """Points of the domain at which the function is a normal number."""
    rng = np.random.default_rng(20)
    info = np.finfo(dtype)
    found: list[tuple[Any, ...]] = []
    for _ in range(20 * count):
        args = tuple(oracle.sample(domain, dtype, rng) for domain in entry.domain)
        with np.errstate(all="ignore"):
            out = abs(oracle.primal(entry.names[0], dtype)(*args))
            # A remainder of so many digits has its next jump within the step of the oracle.
            jumps = entry.names[0] in ("mod", "numpy.fmod") and abs(args[0] / args[1]) > 1e12
        if (out == 0.0 or info.tiny <= out <= info.max) and not jumps:
            found.append(args)
        if len(found) == count:
            return found
    raise AssertionError(f"{entry.names[0]}: only {len(found)} points in its domain")


@pytest.mark.parametrize(
    ("entry", "dtype"),
    [
        # Of what mpmath takes long over, float32 is asked at more points below; of the others
        # every second waits for the slow tests.
        pytest.param(
            entry,
            dtype,
            id=f"{first_name(entry)}-{dtype.__name__}",
            marks=pytest.mark.slow if place % (4 if is_special(entry) else 2) else (),
        )
        for place, entry in enumerate(ELEMENTWISE)
        for dtype in (DTYPES if not is_special(entry) else DTYPES[:1])
    ],
)
def test_partials_lie_within_their_bound(entry: Rule, dtype: type) -> None:
    count = POINTS
    if is_special(entry):
        count = 4 if oracle.PRIMALS[entry.names[0]] in oracle.FEW else 12
    _lie_within_their_bound(entry, dtype, count)


SPECIAL_ROWS = [*filter(is_special, ELEMENTWISE)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("entry", "dtype"),
    [
        pytest.param(entry, dtype, id=f"{first_name(entry)}-{dtype.__name__}")
        for place, entry in enumerate(SPECIAL_ROWS)
        for dtype in (DTYPES if place % 3 == 0 else DTYPES[1:])
    ],
)
def test_partials_of_special_functions_at_more_points(entry: Rule, dtype: type) -> None:
    """In float32, and for every third row in float64, too."""
    count = 8 if oracle.PRIMALS[entry.names[0]] in oracle.SLOWEST else 20
    _lie_within_their_bound(entry, dtype, count)


def _lie_within_their_bound(entry: Rule, dtype: type, count: int) -> None:
    function = oracle.PRIMALS[entry.names[0]]
    top = float(np.finfo(dtype).max)
    rng = np.random.default_rng(21)
    for args in points(entry, dtype, count):
        exact = tuple(float(a) if isinstance(a, np.floating) else a for a in args)
        slopes = {i: oracle.truth(function, exact, i) for i in active(entry)}
        directions = tuple(
            dtype(rng.normal()) if i in slopes else 0 for i, _ in enumerate(entry.args)
        )
        for i, slope in slopes.items():
            value = oracle.partial(entry, i, args, dtype)
            assert type(value) is dtype, f"d_{entry.args[i]} at {args} is {type(value)}"
            if abs(slope) > top:
                assert np.isinf(value), f"d_{entry.args[i]} at {args}"
                continue
            off = abs(float(value) - slope)
            bound = oracle.allowed(slope, dtype, entry)
            assert off <= bound, f"d_{entry.args[i]} at {args}: {value}, exactly {float(slope)}"
        if slopes and all(abs(slope) < top for slope in slopes.values()):
            terms = {i: slope * float(directions[i]) for i, slope in slopes.items()}
            size = sum(abs(term) for term in terms.values())
            if size < top:
                off = abs(float(oracle.whole(entry, args, directions, dtype)) - sum(terms.values()))
                slack = sum(
                    oracle.allowed(slope, dtype, entry) * abs(float(directions[i]))
                    for i, slope in slopes.items()
                )
                info = np.finfo(dtype)
                assert off <= slack + 2 * len(terms) * float(info.eps) * size + float(info.tiny), (
                    f"all together at {args} along {directions}"
                )


def special(dtype: type) -> list[Any]:
    info = np.finfo(dtype)
    smallest, largest = float(info.smallest_subnormal), float(info.max)
    values = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, INF, -INF, NAN]
    return [dtype(v) for v in [*values, smallest, -smallest, largest, -largest]]


@each_dtype
@each_rule
def test_a_zero_direction_gives_a_zero_tangent_wherever_the_value_is_finite(
    entry: Rule, dtype: type
) -> None:
    chosen = special(dtype)
    if is_special(entry):
        # What programs meet: at the ends of the range SciPy's functions themselves may give up.
        chosen = [dtype(v) for v in (0.0, -0.0, 0.5, -1.0, 40.0, -40.0)]
    if entry.names[0] == "helper.erfcx_slope":
        chosen = [dtype(40.0)]  # it is called far out only
    grids = [[-2, -1, 0, 1, 2] if d in WHOLE else chosen for d in entry.domain]
    for args in itertools.product(*grids):
        if not meant(entry, args) or any(np.isnan(a) for a in args):
            continue
        with np.errstate(all="ignore"):
            out = oracle.primal(entry.names[0], dtype)(*args)
        if not np.isfinite(out):
            continue
        still = tuple(dtype(0.0) if i in active(entry) else 0 for i, _ in enumerate(args))
        if active(entry) and (entry.tangent is not None or not entry.strong_zero):
            assert oracle.whole(entry, args, still, dtype) == 0.0, f"at {args}"


def meant(entry: Rule, args: tuple[Any, ...]) -> bool:
    """Whether the exponent is one that this variant of the power is chosen for."""
    key = entry.names[0]
    return (
        not key.startswith("pow.") or power(args[1] if key == "pow.int" else float(args[1])) == key
    )


@pytest.mark.parametrize(("name", "args", "slopes"), SPECIAL)
def test_special_values(name: str, args: tuple[Any, ...], slopes: tuple[float, ...]) -> None:
    entry = rule(name)
    assert entry is not None
    given = tuple(np.float64(a) if isinstance(a, float) else a for a in args)
    for i, slope in enumerate(slopes):
        if i in (*entry.unknown, *entry.whole) and is_special(entry):
            continue
        value = oracle.partial(entry, i, given, np.float64)
        np.testing.assert_allclose(value, slope, rtol=1e-15, atol=1e-300, err_msg=entry.args[i])


def test_every_kink_has_a_value_that_is_checked() -> None:
    """A convention is only as good as the number that holds it."""
    checked = {name for name, _, _ in SPECIAL}
    kinked = {entry.names[0] for entry in ELEMENTWISE if entry.kink is not None}
    assert kinked <= checked


def test_a_zero_direction_can_be_infinite_only_where_the_row_says_so() -> None:
    strong = {entry.names[0] for entry in ELEMENTWISE if entry.strong_zero}
    assert {"numpy.sqrt", "numpy.log", "pow", "pow.half", "numpy.hypot"} <= strong
    assert "mul" not in strong, "it would cost every product a comparison"


@pytest.mark.parametrize(
    ("exponent", "key"),
    [
        (2, "pow.int"),
        (0, "pow.int"),
        (-1, "pow.int"),
        (2.0, "pow.const"),
        (1.0, "pow.const"),
        (0.5, "pow.half"),
        (0.75, "pow.root"),
        (1 / 3, "pow.root"),
        (-0.5, "pow.negative"),
        (0.0, "pow"),
        (NAN, "pow"),
        (INF, "pow"),
    ],
)
def test_a_known_exponent_chooses_its_rule(exponent: float, key: str) -> None:
    assert power(exponent) == key
    assert rule(key) is not None


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (lambda: row("f", "x", "1.0", "2.0"), "2 partials for 1 arguments"),
        (lambda: row("f", "x, y", "1.0"), "1 partials for 2 arguments"),
        (lambda: row("f", "x", "cosine(x)"), "uses cosine"),
        (lambda: row("f", "x", "d_x"), "uses d_x"),
        (lambda: row("f", "x", tangent="d_y"), "uses d_y"),
        (lambda: row("f", "x", "cos(x"), "is not an expression"),
        (lambda: row("f", "x", "y = x"), "is not an expression"),
        (lambda: row("f", "x", "1.0", tangent="d_x"), "both partials and a tangent"),
        (lambda: row("f", "x, x", "1.0", "1.0"), "named twice"),
        (lambda: row("f", "x", "1.0", domain="everywhere"), "unknown domain"),
        (lambda: row("f", "x", "1.0", domain="real, real"), "2 domains for 1 arguments"),
        (lambda: row("f", "x", "1.0", bound=0.0), "no bound"),
        (lambda: row("f", "x", "1.0", bound=-1.0), "no bound"),
        (lambda: row("", "x", "1.0"), "has no name"),
        (lambda: linear("f", "x", (1,)), "linear in argument 1"),
        (lambda: linear("f", "x", ()), "linear places"),
        (lambda: multilinear("f", ""), "linear places"),
        (lambda: check(replace(constant("f"), kind="smooth")), "unknown kind"),
        (lambda: check(replace(constant("f"), tangent="d_x")), "needs no formula"),
        (lambda: index((row("f", "x", "1.0"), constant("g, f"))), "written down twice"),
    ],
)
def test_a_wrong_row_is_refused(wrong: Any, complaint: str) -> None:
    with pytest.raises(BadRule, match=complaint):
        wrong()


def test_what_has_no_row_has_no_rule() -> None:
    for name in (
        "numpy.i0",
        "math.frexp",
        "numpy.divmod",
        "builtins.divmod",
        "numpy.random.normal",
    ):
        assert rule(name) is None


@each_rule
def test_the_names_of_a_row_are_names_of_one_function(entry: Rule) -> None:
    there = [name for name in entry.names if oracle.exists(name)]
    for args in points(entry, np.float64, 20):
        with np.errstate(all="ignore"):
            values = {name: oracle.primal(name, np.float64)(*args) for name in there}
        for name, value in values.items():
            np.testing.assert_allclose(
                value, values[there[0]], rtol=1e-14, err_msg=f"{name} {args}"
            )


@pytest.mark.parametrize(
    "dtype", [np.float64, pytest.param(np.float32, marks=pytest.mark.slow)], ids=["64", "32"]
)
def test_numba_takes_every_expression_and_keeps_the_dtype_and_the_bound(dtype: type) -> None:
    """One function with all of them: compiling each alone would take minutes."""
    # SciPy's are the same functions for both.
    entries = [e for e in ELEMENTWISE if dtype == np.float32 or not is_special(e)]
    cases = list(rule_compiled.cases(entries, active))
    compiled = rule_compiled.compile_all(cases, dtype)
    chosen = {entry.names[0]: points(entry, dtype, 12) for entry in ELEMENTWISE}
    for k in range(12):
        given = [dtype(a) for entry in ELEMENTWISE for a in chosen[entry.names[0]][k]]
        values = compiled(np.array(given, dtype))
        for (entry, name, i), value in zip(cases, values, strict=True):
            args = chosen[entry.names[0]][k]
            exact = tuple(float(a) if isinstance(a, np.floating) else a for a in args)
            if is_special(entry):  # that this is right is found above
                slope = float(oracle.partial(entry, i, args, dtype))
            else:
                slope = oracle.truth(oracle.PRIMALS[entry.names[0]], exact, i)
            if abs(slope) < float(np.finfo(dtype).max):
                off = abs(float(value) - slope)
                assert off <= oracle.allowed(slope, dtype, entry), (
                    f"{name} d_{entry.args[i]} {args}"
                )
    (signature,) = compiled.nopython_signatures
    kinds = zip(cases, signature.return_type, strict=True)
    other = [f"{name} d_{e.args[i]}" for (e, name, i), t in kinds if str(t) != dtype.__name__]
    assert not other


def test_every_helper_is_called_and_every_call_has_its_helper() -> None:
    called = {name for entry in RULES for name in entry.helpers}
    assert called == HELPERS
    texts = [text for entry in RULES for text in entry.expressions if text != UNKNOWN]
    assert {word for text in texts for word in re.findall(r"\w+", text)} >= SCIPY
    erf = rule("math.erf")
    assert erf is not None
    assert erf.helpers == ("gauss",)


def test_the_page_is_current() -> None:
    """`python -m tangent_fwd.rules.page > docs/rules.md` renews it."""
    kept = Path(__file__).parent.parent / "docs" / "rules.md"
    assert kept.read_text(encoding="utf-8") == page()


NEAR = (1e-9, 1e-3, 0.05, 0.11, 0.2, 0.2499, 0.2501, 0.4, 0.7, 0.99)
BOTH = (*NEAR, *(-x for x in NEAR))


def _sinc(x: Any) -> Any:
    return mpmath.sin(mpmath.pi * x) / (mpmath.pi * x)


def _kolmogorov_slope(x: Any) -> Any:
    terms = ((-1) ** (k - 1) * k * k * mpmath.exp(-2 * k * k * x * x) for k in range(1, 60))
    return -8 * x * sum(terms)


# What each helper is, and points on both sides of every place where it changes its formula.
HELPED: dict[str, tuple[Any, tuple[float, ...]]] = {
    "gauss": (lambda x: mpmath.exp(-x * x), (*BOTH, 3.3, -9.7, 26.5)),
    "bell": (lambda x: mpmath.exp(-x * x / 2), (*BOTH, 3.3, -9.7, 26.5, 37.5)),
    "erfcx_slope": (
        lambda x: 2 * x * mpmath.exp(x * x) * mpmath.erfc(x) - 2 / mpmath.sqrt(mpmath.pi),
        (30.0, 31.7, 55.0, 400.0),
    ),
    "exprel_slope": (
        lambda x: (x * mpmath.exp(x) - mpmath.expm1(x)) / x / x,
        (*BOTH, 1.01, -1.01, 4.4, -7.5),
    ),
    "log1prel_slope": (lambda x: (x / (1 + x) - mpmath.log1p(x)) / x / x, (*BOTH, 3.0, 40.0)),
    "kolmogorov_slope": (_kolmogorov_slope, (0.2, 0.4, 0.6, 0.8, 0.819, 0.821, 1.3, 2.0, 3.5)),
    "digamma": (mpmath.digamma, (*BOTH, 1.7, 4.5, 9.99, 10.01, 33.3, -2.3, -7.8, -12.1)),
    "trigamma": (
        lambda x: mpmath.psi(1, x),
        (*BOTH, 1.7, 4.5, 11.99, 12.01, 33.3, -2.3, -7.8, -12.1),
    ),
    "sinc_slope": (lambda x: mpmath.diff(_sinc, x), (*BOTH, 1.3, -4.6)),
    "sinc_curve": (lambda x: mpmath.diff(_sinc, x, 2), (*BOTH, 1.3, -4.6)),
}


def test_every_helper_has_points() -> None:
    """Those of draws have theirs in `test_draws.py`."""
    assert set(HELPED) == {name for name in HELPERS if hasattr(helpers, name)}


@pytest.mark.parametrize("name", HELPED)
def test_helpers_hold_on_both_sides_of_their_branches(name: str) -> None:
    """Points drawn at random seldom fall where a series takes over from the formula."""
    truth, points = HELPED[name]
    with mpmath.workdps(60):
        for x in points:
            exact = truth(mpmath.mpf(x))
            off = abs(getattr(helpers, name)(x) - exact) / abs(exact)
            assert off < 16 * float(np.finfo(float).eps), f"at {x}"
