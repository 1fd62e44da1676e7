"""Every elementwise rule can be differentiated once more: its second derivative against mpmath."""

from __future__ import annotations

import importlib.util
import inspect
import itertools
import math
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import mpmath
import numpy as np
import pytest

from tangent_fwd import forward_grad
from tangent_fwd.errors import NoRule
from tangent_fwd.rules import RULES, Rule
from tangent_fwd.rules.draws import DRAWS
from tangent_fwd.rules.elementary import PARTIALS
from tests.harness import differentiate, plain
from tests.rule_oracle import FEW, PRIMALS, exists

# Partials of these are functions whose own derivatives have no formula.
ONCE = frozenset(
    (
        "agm boxcox boxcox1p ellipe ellipeinc ellipk ellipkinc ellipkm1 elliprc exprel inv_boxcox "
        "inv_boxcox1p kolmogi kolmogorov tklmbda"
    ).split()
)
# Partials in the shape of a distribution, which have no derivative either.
SLOPES = "beta_slope fisher_slope gamma_slope noncentral_slope_df student_slope".split()
ROWS = [r for r in RULES if r.kind == "elementwise" and r not in PARTIALS + DRAWS]
# Of each row the first name, and one of `math`, whose partials are of `math` too.
NAMES = [
    (row, name)
    for row in ROWS
    for name in dict.fromkeys([row.names[0], *[n for n in row.names if n.startswith("math.")][:1]])
    if exists(name)
    and name not in {"math.cbrt", "math.exp2", "math.fmod"}
    and len(row.unknown) < len(row.args)
]

# Away from kinks, at moderate sizes; what happens far out is the rules' own affair.
POINTS: dict[str, tuple[Any, ...]] = {
    "real": (0.7, -1.3, 2.4, -0.05),
    "positive": (0.3, 2.7, 1.2),
    "angle": (0.8, -2.1, 5.3),
    "unit": (0.4, -0.8, 0.0),
    "above one": (1.2, 3.0),
    "above minus one": (-0.6, 1.5),
    "exponent": (0.9, 0.9, -2.2),
    "power": (0.7, 2.5, -1.4, 0.0, 1.0, 2.0),
    "one and up": (2.5,),
    "half": (0.5,),
    "below one": (0.3,),
    "negative": (-1.4,),
    "tail": (0.3, -1.7, 0.0),
    "factorial": (0.6, 3.4, -1.3, 11.0),
    "integer": (3, -2, 1, 0, 2),
    "truth": (0, 1),
    "degree": (0, 1, 3),
    "order": (0.6, 2.0),
    "shape": (0.7, 2.3),
    "moderate": (0.7, -1.3, 2.4),
    "oscillating": (0.7, -1.3, 5.4),
    "wave": (0.7, 5.4),
    "short wave": (0.7, 2.4),
    "share": (0.3, 0.7),
    "mirrored": (0.3, 1.6),
    "up to one": (0.4, -1.5),
    "above minus a third": (0.4, -0.2),
    "upper share": (0.8,),
    "lower share": (0.3,),
    "below zero": (-0.7,),
    "small": (3,),
    "trials": (7,),
    "two and up": (2.6,),
    "ten and up": (12.5,),
    "two to four": (3.1,),
    "tame": (0.7, -0.4),
    "mild": (0.6, -0.3),
    "order one": (1,),
    "angles": (0.9,),
}
OPERATORS = {
    "add": "x + y", "sub": "x - y", "mul": "x * y", "truediv": "x / y", "mod": "x % y",
    "neg": "-x", "pos": "+x", "pow": "x ** y", "pow.int": "x ** n", "pow.const": "x ** 2.5",
    "pow.half": "x ** 0.5", "pow.root": "x ** 0.3", "pow.negative": "x ** -1.4",
    "ifelse": "x if c else y", "and": "x and y", "or": "x or y",
}  # fmt: skip


def _text(row: Rule, name: str) -> str:
    module, _, function = name.partition(".")
    call = f"{function if module == 'builtins' else name}({', '.join(row.args)})"
    word = name.replace(".", "_")
    return f"def rule_{word}({', '.join(row.args)}):\n    return {OPERATORS.get(name, call)}\n\n\n"


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    path = Path(tmp_path_factory.mktemp("rules")) / "every_rule.py"
    head = "import math\nimport operator\n\nimport numpy\nimport scipy.special\n\n\n"
    path.write_text(head + "".join(_text(row, name) for row, name in NAMES))
    spec = importlib.util.spec_from_file_location("every_rule", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _arguments(row: Rule) -> list[tuple[Any, ...]]:
    """Points of the domain, enough to meet each value of each argument in some company."""
    lists = [POINTS[domain] for domain in row.domain]
    if PRIMALS[row.names[0]] in FEW:
        lists = [values[:1] for values in lists]  # mpmath takes seconds for each
    chosen = list(itertools.product(*lists))
    return [args for args in chosen if len(set(args)) == len(args) or _smooth(row)]


def _smooth(row: Rule) -> bool:
    return row.names[0].startswith("numpy.logaddexp")


def _truth(primal: Callable[..., Any], args: tuple[Any, ...], way: tuple[Any, ...]) -> Any:
    with mpmath.workdps(60):
        return mpmath.diff(
            lambda t: primal(*(a if d is None else mpmath.mpf(a) + t * d
                               for a, d in zip(args, way, strict=True))), 0, 2
        )  # fmt: skip


def _once(name: str) -> bool:
    return name.rpartition(".")[2] in ONCE


TWICE = [pytest.param(row, name, id=name) for row, name in NAMES if not _once(name)]


@pytest.mark.parametrize("name", [name for _, name in NAMES if _once(name)])
def test_what_has_no_second_derivative_says_so(functions: ModuleType, name: str) -> None:
    function = getattr(functions, f"rule_{name.replace('.', '_')}")
    args = tuple(0.4 for _ in inspect.signature(function).parameters)
    with pytest.raises(NoRule, match=name):
        differentiate(function, args, (True,) * len(args), 1, order=2)


@pytest.mark.parametrize("name", ["gammainc", "betaincinv", "chdtr", "gdtrix"])
def test_shapes_of_distributions_move_once(functions: ModuleType, name: str) -> None:
    function = getattr(functions, f"rule_scipy_special_{name}")
    args = tuple(0.4 for _ in inspect.signature(function).parameters)
    with pytest.raises(NoRule, match=r"no second derivative: `\w+_slope`"):
        differentiate(function, args, (True,) * len(args), 1, order=2)


@pytest.mark.parametrize(("row", "name"), TWICE)
def test_second_derivative_of_every_rule(functions: ModuleType, row: Rule, name: str) -> None:
    function = getattr(functions, f"rule_{name.replace('.', '_')}")
    rng = np.random.default_rng(len(name))
    made: dict[Any, Any] = {}
    for args in _arguments(row):
        fixed = [isinstance(a, int) or i in row.unknown or (name.startswith("pow.") and i == 1)
                 or any(slope in text for text in row.partials[i : i + 1] for slope in SLOPES)
                 for i, a in enumerate(args)]  # fmt: skip
        for on in itertools.product((False, True), repeat=len(args)):
            if not any(on) or any(a and b for a, b in zip(on, fixed)):
                continue
            if name.endswith("pow") and "." not in name and on[1] and args[0] <= 0.0:
                continue
            if on not in made:
                made[on] = plain(differentiate(function, args, on, 1, order=2))
            way = tuple(float(rng.uniform(0.3, 1.1)) if active else None for active in on)
            exact = _truth(PRIMALS[row.names[0]], args, way)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)
                _, _, found = made[on](*args, *(d for d in way if d is not None))
            close = 2e-9 if row.bound > 1e3 else 2e-12 if name.startswith("scipy.") else 2e-13
            assert abs(found - exact) <= close * max(1.0, abs(exact)), (args, way)


# --- special points -------------------------------------------------------------------------


def root(x):
    return math.sqrt(x)


def root_of_sum(x):
    return math.sqrt(1.0 + x * x)


def size(x):
    return abs(x)


def squared(x):
    return x**2


def cubed(x):
    return x**3


def three_halves(x):
    return x**1.5


def logarithm(x):
    return np.log(x)


def equal_parts(x):
    return np.logaddexp(x, 2.0 * x)


def length(x):
    return np.hypot(x, 2.0 * x)


SPECIAL = [
    (root, 0.0, 0.0, (0.0, 0.0, 0.0)),
    # The direction of 1 + x * x vanishes at 0, but what it does next does not.
    (root_of_sum, 0.0, 1.0, (1.0, 0.0, 1.0)),
    (root_of_sum, 0.0, 0.0, (1.0, 0.0, 0.0)),
    (size, 0.0, 1.0, (0.0, 1.0, 0.0)),
    (size, 0.0, -1.0, (0.0, -1.0, 0.0)),
    (squared, 0.0, 3.0, (0.0, 0.0, 18.0)),
    (cubed, 0.0, 3.0, (0.0, 0.0, 0.0)),
    (three_halves, 0.0, 0.0, (0.0, 0.0, 0.0)),
    (logarithm, 0.0, 0.0, (-math.inf, 0.0, 0.0)),
    (equal_parts, 0.0, 1.0, (math.log(2.0), 1.5, 0.25)),
    (equal_parts, 800.0, 1.0, (1600.0, 2.0, 0.0)),
    (equal_parts, -800.0, 1.0, (-800.0, 1.0, 0.0)),
    (length, 0.0, 0.0, (0.0, 0.0, 0.0)),
]


@pytest.mark.parametrize(("function", "x", "v", "expected"), SPECIAL)
def test_special_points(function: Any, x: float, v: float, expected: tuple[float, ...]) -> None:
    found = forward_grad(function).directional2((x,), (v,))
    np.testing.assert_allclose(found, expected, rtol=1e-15, atol=0.0)
