"""What the rule tests compare with: mpmath primals, sampled points, and a reader of expressions.

The reader does to an expression what the compiler does: it casts literals to the dtype, drops the
terms of arguments that are not active, and looks bare names up beside the primal.
The truth comes from difference quotients of functions that know nothing of the table.
"""

from __future__ import annotations

import ast
import builtins
import math
import operator
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
from scipy import special

from tangent_fwd.rules import Rule, helper, helpers
from tangent_fwd.rules.rule import DOMAINS, HELPERS, LIBRARY, SCIPY, WHOLE

from .rule_special import SPECIAL

ZERO = None
Mp = Callable[..., Any]


def mod(x: Any, y: Any) -> Any:
    return x - y * mpmath.floor(x / y)


def sinc(x: Any) -> Any:
    return mpmath.sin(mpmath.pi * x) / (mpmath.pi * x)


def logaddexp2(x: Any, y: Any) -> Any:
    return mpmath.log(mpmath.mpf(2) ** x + mpmath.mpf(2) ** y) / mpmath.log(2)


PRIMALS: dict[str, Mp] = {
    "numpy.sin": mpmath.sin,
    "numpy.cos": mpmath.cos,
    "numpy.tan": mpmath.tan,
    "numpy.arcsin": mpmath.asin,
    "numpy.arccos": mpmath.acos,
    "numpy.arctan": mpmath.atan,
    "numpy.degrees": mpmath.degrees,
    "numpy.radians": mpmath.radians,
    "numpy.sinc": sinc,
    "numpy.sinh": mpmath.sinh,
    "numpy.cosh": mpmath.cosh,
    "numpy.tanh": mpmath.tanh,
    "numpy.arcsinh": mpmath.asinh,
    "numpy.arccosh": mpmath.acosh,
    "numpy.arctanh": mpmath.atanh,
    "numpy.exp": mpmath.exp,
    "numpy.exp2": lambda x: mpmath.mpf(2) ** x,
    "numpy.expm1": lambda x: mpmath.exp(x) - 1,
    "numpy.log": mpmath.log,
    "numpy.log2": lambda x: mpmath.log(x) / mpmath.log(2),
    "numpy.log10": lambda x: mpmath.log(x) / mpmath.log(10),
    "numpy.log1p": lambda x: mpmath.log(1 + x),
    "numpy.sqrt": mpmath.sqrt,
    "numpy.cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
    "numpy.square": lambda x: x * x,
    "numpy.reciprocal": lambda x: 1 / x,
    "math.erf": mpmath.erf,
    "math.erfc": mpmath.erfc,
    "math.gamma": mpmath.gamma,
    "math.lgamma": lambda x: mpmath.log(abs(mpmath.gamma(x))),
    "neg": operator.neg,
    "pos": operator.pos,
    "builtins.abs": abs,
    "numpy.nan_to_num": operator.pos,
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "mod": mod,
    "numpy.fmod": lambda x, y: mpmath.sign(x) * mod(abs(x), abs(y)),
    "numpy.ldexp": lambda x, n: x * mpmath.mpf(2) ** n,
    "pow": mpmath.power,
    "pow.int": mpmath.power,
    "pow.const": mpmath.power,
    "pow.half": mpmath.power,
    "pow.root": mpmath.power,
    "pow.negative": mpmath.power,
    "numpy.hypot": lambda x, y: mpmath.sqrt(x * x + y * y),
    "numpy.arctan2": mpmath.atan2,
    "numpy.logaddexp": lambda x, y: mpmath.log(mpmath.exp(x) + mpmath.exp(y)),
    "numpy.logaddexp2": logaddexp2,
    "numpy.maximum": max,
    "numpy.minimum": min,
    "numpy.fmax": max,
    "numpy.fmin": min,
    "builtins.max": max,
    "builtins.min": min,
    "numpy.clip": lambda x, lo, hi: min(max(x, lo), hi),
    "ifelse": lambda c, x, y: x if c else y,
    "and": lambda x, y: x and y,
    "or": lambda x, y: x or y,
    "numpy.copysign": lambda x, y: abs(x) if y > 0 else -abs(x),
    "numpy.nextafter": lambda x, y: x,
    "helper.gauss": lambda x: mpmath.exp(-x * x),
    "helper.digamma": mpmath.digamma,
    "helper.bell": lambda x: mpmath.exp(-x * x / 2),
    "helper.erfcx_slope": lambda x: (
        2 * x * mpmath.exp(x * x) * mpmath.erfc(x) - 2 / mpmath.sqrt(mpmath.pi)
    ),
    **{f"scipy.special.{name}": function for name, function in SPECIAL.items()},
    "helper.sinc_slope": lambda x: (mpmath.cos(mpmath.pi * x) - sinc(x)) / x,
}

PLAIN: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "mod": operator.mod,
    "pow": operator.pow,
    "pow.int": operator.pow,
    "pow.const": operator.pow,
    "pow.half": operator.pow,
    "pow.root": operator.pow,
    "pow.negative": operator.pow,
    "neg": operator.neg,
    "pos": operator.pos,
    "ifelse": lambda c, x, y: x if c else y,
    "and": lambda x, y: x and y,
    "or": lambda x, y: x or y,
    "helper.gauss": helpers.gauss,
    "helper.digamma": helpers.digamma,
    "helper.bell": helpers.bell,
    "helper.erfcx_slope": helpers.erfcx_slope,
    "helper.sinc_slope": helpers.sinc_slope,
}


SLOW = frozenset(
    SPECIAL[name]
    for name in (
        "y0 y1 yv yve yn k0 k1 k0e k1e kv kve kn ber bei ker kei berp beip kerp keip jv "
        "eval_jacobi eval_genlaguerre polygamma zeta gammainccinv betaincinv gammaincinv "
        "ellipeinc ellipkinc chdtrc erfinv iv ive struve modstruve spence owens_t kolmogi "
        "tklmbda bdtri nbdtri pdtri chndtr chndtrix chndtrinc ncfdtr ncfdtri nctdtr nctdtrit "
        "hyp1f1 hyp2f1 hyperu itstruve0 itmodstruve0 it2struve0 wright_bessel log_wright_bessel "
        "lpmv besselpoly gammasgn round eval_sh_jacobi fdtri betainccinv chdtri gdtria gdtrix "
        "stdtrit elliprg"
    ).split()
)
"""Functions that mpmath evaluates slowly; their rows have no tiny arguments in their domains."""


SLOWEST = frozenset(
    SPECIAL[name]
    for name in (
        "nctdtrit chndtrix chndtrinc ncfdtri itstruve0 itmodstruve0 it2struve0 owens_t"
    ).split()
)
"""Functions that have to be solved for or integrated."""


FEW = SLOW | {SPECIAL[name] for name in ("erfcinv", "ndtri", "gamma", "psi", "gammaln", "binom")}
"""Functions at which fewer points are tried in every run."""


def primal(name: str, dtype: type) -> Callable[..., Any]:
    """The function of that key, rounded to `dtype`.

    It is computed in float64, for NumPy's own float32 functions may be several places off where
    the C library that numba calls is not.
    """
    module, _, function = name.partition(".")
    plain: Callable[..., Any]
    if module == "numpy":
        plain = getattr(np, function)
    elif module == "scipy":
        plain = getattr(special, function.partition(".")[2])
    elif module == "math":
        # numba gives a float where Python's `math` raises.
        plain = _quiet(getattr(math, function))
    elif module in ("builtins", "operator"):
        plain = getattr(builtins if module == "builtins" else operator, function)
    else:
        plain = PLAIN[name]
    return _rounded(plain, dtype)


def exists(name: str) -> bool:
    """Whether this Python and this NumPy have the function of that key."""
    module, _, function = name.partition(".")
    modules = {"numpy": np, "math": math, "operator": operator, "builtins": builtins}
    return module not in modules or hasattr(modules[module], function)


def _rounded(function: Callable[..., Any], dtype: type) -> Callable[..., Any]:
    def rounded(*args: Any) -> Any:
        value = function(*(np.float64(a) if isinstance(a, np.floating) else a for a in args))
        return value if isinstance(value, (bool, np.bool_)) else dtype(value)

    return rounded


def _quiet(function: Callable[..., float]) -> Callable[..., float]:
    def quiet(*args: Any) -> float:
        try:
            return function(*(a if isinstance(a, int) else float(a) for a in args))
        except OverflowError:
            return math.inf
        except ValueError:
            return math.nan

    return quiet


class _Cast(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if not isinstance(node.value, float):
            return node
        return ast.Call(ast.Name("cast", ast.Load()), [node], [])


def tangent_tree(rule: Rule, active: int) -> ast.expr:
    """The expression for a direction of one in argument `active` and none in the others."""
    if rule.tangent is None:
        return ast.parse(rule.partials[active], mode="eval").body
    kept = _drop(ast.parse(rule.tangent, mode="eval").body, f"d_{rule.args[active]}")
    return ast.Constant(0.0) if kept is ZERO else kept


def _drop(node: ast.expr, active: str) -> ast.expr | None:
    """`node` without the terms of inactive tangents; ZERO if nothing is left."""
    if isinstance(node, ast.Name) and node.id.startswith("d_"):
        return ast.Constant(1.0) if node.id == active else ZERO
    if isinstance(node, ast.IfExp):
        yes, no = _drop(node.body, active), _drop(node.orelse, active)
        return ast.IfExp(node.test, yes or ast.Constant(0.0), no or ast.Constant(0.0))
    if isinstance(node, ast.UnaryOp):
        inner = _drop(node.operand, active)
        return ZERO if inner is ZERO else ast.UnaryOp(node.op, inner)
    if isinstance(node, ast.BinOp):
        left, right = _drop(node.left, active), _drop(node.right, active)
        if isinstance(node.op, (ast.Mult, ast.Div)):
            return ZERO if left is ZERO or right is ZERO else ast.BinOp(left, node.op, right)
        if left is ZERO and isinstance(node.op, ast.Sub):
            return ast.UnaryOp(ast.USub(), right) if right is not ZERO else ZERO
        if left is ZERO:
            return right
        return left if right is ZERO else ast.BinOp(left, node.op, right)
    if isinstance(node, ast.Call):
        given = [_drop(argument, active) for argument in node.args]
        if any(kept is ZERO for kept in given):
            return ZERO
        return ast.Call(node.func, [kept for kept in given if kept is not ZERO], [])
    return node


def text(rule: Rule, active: int) -> str:
    """The expression as the compiler would write it, with `cast` for the dtype."""
    tree = _Cast().visit(tangent_tree(rule, active))
    return ast.unparse(ast.fix_missing_locations(tree))


def namespace(dtype: type) -> dict[str, Any]:
    """The names of `rule.FUNCTIONS`, as they are beside numpy."""
    known = {name: _rounded(getattr(np, name), dtype) for name in LIBRARY - {"inf"}}
    known |= {name: _rounded(getattr(special, name), dtype) for name in SCIPY}
    for name in HELPERS:
        known[name] = _rounded(helper(name), dtype)
    return {**known, "abs": abs, "cast": dtype, "inf": dtype(np.inf)}


def partial(rule: Rule, active: int, args: tuple[Any, ...], dtype: type) -> Any:
    """What the rule says for argument `active`, computed in `dtype`."""
    return _evaluate(rule, text(rule, active), args, {}, dtype)


def whole(rule: Rule, args: tuple[Any, ...], directions: tuple[Any, ...], dtype: type) -> Any:
    """The tangent with every floating argument active, computed in `dtype`."""
    tangents = {f"d_{name}": d for name, d in zip(rule.args, directions, strict=True)}
    if rule.tangent is not None:
        tree = _Cast().visit(ast.parse(rule.tangent, mode="eval").body)
        written = ast.unparse(ast.fix_missing_locations(tree))
        return _evaluate(rule, written, args, tangents, dtype)
    with np.errstate(all="ignore"):
        terms = [
            partial(rule, i, args, dtype) * d
            for i, d in enumerate(directions)
            if isinstance(d, np.floating)
        ]
        return sum(terms[1:], terms[0])


def _evaluate(
    rule: Rule, written: str, args: tuple[Any, ...], more: dict[str, Any], dtype: type
) -> Any:
    values = {**dict(zip(rule.args, args, strict=True)), **more}
    with np.errstate(all="ignore"):
        values["out"] = primal(rule.names[0], dtype)(*args)
        return eval(written, namespace(dtype), values)


def sample(domain: str, dtype: type, rng: np.random.Generator) -> Any:
    """One point of a domain, at any scale, or close to one of its ends."""
    lo, hi = DOMAINS[domain]
    if domain in WHOLE:
        return int(rng.integers(lo, hi + 1))
    if lo == hi:
        return dtype(lo)
    info = np.finfo(dtype)
    small, large = math.log10(info.tiny), math.log10(info.max)
    while True:
        way = rng.integers(4)
        sign = float(rng.choice((-1, 1)))
        if way == 0:
            x = rng.uniform(max(lo, -10.0), min(hi, 10.0 if lo < 10.0 else 2.0 * lo))
        elif way == 1:
            x = rng.uniform(max(lo, -1e3), min(hi, 1e3))
        elif way == 2:
            x = sign * 10.0 ** rng.uniform(small, large)
        else:
            end = lo if math.isfinite(lo) and (sign < 0 or math.isinf(hi)) else hi
            end = end if math.isfinite(end) else 0.0
            x = end + sign * 10.0 ** rng.uniform(math.log10(info.eps), 0)
        x = dtype(x)
        if lo < x < hi and abs(x) >= info.tiny:
            return x


def truth(function: Mp, args: tuple[Any, ...], active: int) -> Any:
    """The slope of an mpmath function in one argument, to some thirty digits; for those that are
    slow, to some twenty.
    """
    if function in SLOW:
        with mpmath.workdps(60):
            point = [mpmath.mpf(a) if isinstance(a, float) else a for a in args]
            x = point[active]
            step = mpmath.mpf(10) ** -18 * min(1, max(abs(x), mpmath.mpf(10) ** -6))
            point[active] = x + step
            above = function(*point)
            point[active] = x - step
            return (above - function(*point)) / (2 * step)
    reach = [abs(math.log10(abs(a))) for a in args if isinstance(a, float) and a != 0.0]
    digits = 120 + 2 * int(max(reach, default=0.0))
    while True:
        with mpmath.workdps(digits):
            point = [mpmath.mpf(a) if isinstance(a, float) else a for a in args]
            x = point[active]
            step = mpmath.mpf(10) ** -40 * min(1, abs(x) or 1)
            point[active] = x + step
            above = function(*point)
            point[active] = x - step
            below = function(*point)
            rise, size = above - below, max(abs(above), abs(below))
            # The digits that cancelled must leave enough; a slope below any float is zero.
            if abs(rise) > size * mpmath.mpf(10) ** (35 - digits) or digits > 1500:
                return rise / (2 * step)
        digits *= 2


def allowed(exact: Any, dtype: type, rule: Rule) -> float:
    """How far a computed partial may lie from the exact one.

    Below the smallest normal number there are no digits to speak of, and flushing is allowed.
    """
    info = np.finfo(dtype)
    place = float(np.spacing(dtype(abs(float(exact)))))
    bound = rule.bound * place + rule.absolute * float(info.eps)
    return max(bound, float(info.tiny)) if abs(exact) < float(info.tiny) else bound
