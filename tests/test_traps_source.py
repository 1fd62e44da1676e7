"""Known traps of source handling, and of meaning: what is read, what is kept, what happens once."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import math
import pickle
import re
import sys
import types
from collections.abc import Callable
from math import sqrt as root
from pathlib import Path
from typing import Any

import numpy
import numpy as jnp
import numpy as np
import pytest
from numba import njit
from numpy import sin

from tangent_fwd import ForwardGrad, forward_grad
from tangent_fwd.errors import SourceUnavailable, UnsupportedFunction
from tangent_fwd.frontend.parse import parse
from tangent_fwd.frontend.unchanged import unchanged
from tests.harness import differentiate, plain
from tests.trap_support import again, agrees, array, in_python, written


def slope_of(function: Any, *args: float) -> Any:
    """The tangent in the direction of the first argument, by the emitted text."""
    return in_python(function, args, (1.0, *(None for _ in args[1:])))[1]


# --- S: finding the text ----------------------------------------------------------------------


def _marked(function: Any = None, **_: Any) -> Any:
    return function if function is not None else lambda f: f


def _wrapped(_: Any) -> Callable[..., Any]:
    return lambda function: function


@_marked(key=lambda s: s**5)
def after_a_lambda(s):
    return s * s


# fmt: off
@_wrapped(lambda v: (
    v + 1))
@_marked(
    key=lambda s: s ** 5,
)
def after_lambdas_on_several_lines(s):
    return s * s * s
# fmt: on


def test_S1_lambdas_in_decorators_are_not_the_function() -> None:
    """`inspect.getsource` stops at the first lambda that it meets."""
    assert slope_of(after_a_lambda, 3.0) == 6.0
    assert slope_of(after_lambdas_on_several_lines, 3.0) == 27.0


# fmt: off
THREE = [lambda s: s * 2.0, lambda s: s * 3.0, lambda s: s * s]
TWINS = (lambda s: s * 2.0), (lambda s: s * 2.0)
DEFAULTS = lambda s, k=2.0: s * k, lambda s, k=3.0: s * k
LONG = (
    lambda s: s
    * s
    * s
)
# fmt: on


def test_S2_several_lambdas_on_a_line() -> None:
    """Each is found by its place, and twins do not matter."""
    assert [slope_of(f, 4.0) for f in THREE] == [2.0, 3.0, 8.0]
    assert [slope_of(f, 4.0) for f in TWINS] == [2.0, 2.0]
    assert [forward_grad(f).jvp((4.0,), (1.0,)) for f in DEFAULTS] == [(8.0, 2.0), (12.0, 3.0)]
    assert slope_of(LONG, 2.0) == 12.0


class Holder:
    rate = 2.0

    # fmt: off
    @staticmethod
    def deep(s):
            # Indented more than it should be.

            return (s *
    s) + \
                1.0
    # fmt: on

    def method(self, s):
        return s * self.rate


def test_S3_indentation_continuation_and_tabs(tmp_path: Path) -> None:
    """The tree is cut out of the file's, so nothing is dedented."""
    assert slope_of(Holder.deep, 3.0) == slope_of(vars(Holder)["deep"].__func__, 3.0) == 6.0
    text = "if True:\n\tdef tabbed(s):\n\t\tif s > 0.0:\n\t\t\treturn s * s\n\t\treturn s\n"
    assert slope_of(written(tmp_path, text).tabbed, 3.0) == 6.0
    with pytest.raises(TypeError, match="expected a Python function"):
        forward_grad(Holder().method)


def test_S4_without_text_we_say_so() -> None:
    """What was executed from a string has no file to read; the message names the function."""
    namespace: dict[str, Any] = {}
    exec("def bodiless(s):\n    return s * s\n", namespace)
    with pytest.raises(SourceUnavailable, match=r"`bodiless` \(<string>\).*define it in a file"):
        forward_grad(namespace["bodiless"]).jvp((3.0,), (1.0,))

    def calls_it(s):
        return bodiless(s)

    bodiless = namespace["bodiless"]
    with pytest.raises(UnsupportedFunction, match="cannot read the source of `bodiless`") as caught:
        forward_grad(calls_it).jvp((3.0,), (1.0,))
    assert caught.value.diagnostics


ORIGINAL = "def changed(s):\n    return abs(s)\n"


@pytest.mark.parametrize(
    ("now", "complaint"),
    [
        ("\n\n" + ORIGINAL, "no definition is at its line"),
        (ORIGINAL.replace("changed", "renamed"), "no definition is at its line"),
        (ORIGINAL.replace("(s)", "(t)"), "its file was changed after import"),
        (ORIGINAL.replace("abs", "max"), "its file was changed after import"),
        (ORIGINAL.replace("abs(s)", "abs(-s)"), "its file was changed after import"),
        (ORIGINAL.replace("abs(s)", "abs(s) + 1.0"), "its file was changed after import"),
        ("def changed(s:\n", "does not parse: it was changed after import"),
    ],
)
def test_S5_a_file_that_was_edited_is_noticed(tmp_path: Path, now: str, complaint: str) -> None:
    """What runs is no longer what stands there."""
    function = written(tmp_path, ORIGINAL).changed
    Path(function.__code__.co_filename).write_text(now)
    with pytest.raises(SourceUnavailable, match=complaint):
        forward_grad(function).jvp((3.0,), (1.0,))


EDITS = [
    ("s * 2.0", "s * 3.0"),
    ("s * 2.0", "s * 2"),
    ("s + s * 2.0", "s - s * 2.0"),
    ("s * 0.0", "s * -0.0"),
    ("math.sin(s) + math.cos(2.0 * s)", "math.cos(s) + math.sin(2.0 * s)"),
    ("s * t", "t * s"),
    ("s if s < t else t", "s if s > t else t"),
    ("s if 'a' in 'ab' else t", "s if 'b' in 'ab' else t"),
]


@pytest.mark.parametrize(("before", "now"), EDITS)
@pytest.mark.parametrize(
    "text",
    [
        "import math\ndef edited(s, t):\n    return {}\n",
        "import math\nedited = lambda s, t: {}\n",
        "import math\nclass Held:\n    @staticmethod\n    def edited(s, t):\n        return {}\n"
        "edited = Held.edited\n",
        "import math\ndef made(t):\n    def edited(s, u):\n        return {} + t\n"
        "    return edited\n"
        "edited = made(1.0)\n",
    ],
    ids=["def", "lambda", "static", "closure"],
)
def test_S5_an_edit_that_keeps_every_name_is_noticed(
    tmp_path: Path, text: str, before: str, now: str
) -> None:
    """The text is compiled again and compared with what runs, to the instruction."""
    function = written(tmp_path, text.format(before)).edited
    path = Path(function.__code__.co_filename)
    assert parse(function)
    path.write_text(text.format(now))
    with pytest.raises(SourceUnavailable, match=rf"{path.name}:\d+\): its file was changed"):
        parse(function)
    path.write_text(text.format(before) + "\n# Another line.\n")
    assert parse(function)


def _with_an_assertion(s):
    assert s > -2.0, "too small"
    return s * 3.0


def test_S5_what_pytest_does_to_assertions_is_no_edit(tmp_path: Path) -> None:
    """This file's own assertions are rewritten while it is imported."""
    assert "@py_assert1" in _with_an_assertion.__code__.co_varnames
    assert slope_of(_with_an_assertion, 2.0) == 3.0
    text = Path(__file__).read_text(encoding="utf-8")
    edited = compile(text.replace("s * 3.0", "s * 4.0"), __file__, "exec")
    codes = {c.co_name: c for c in edited.co_consts if isinstance(c, types.CodeType)}
    rewritten = _with_an_assertion.__code__
    assert unchanged(rewritten, ast.parse(text), __file__)
    assert not unchanged(rewritten, ast.parse(text.replace("s * 3.0", "s * 4.0")), __file__)
    assert not unchanged(codes["_with_an_assertion"], ast.parse(text), __file__)


def test_S5_a_tracer_is_no_edit(tmp_path: Path) -> None:
    """Tracing and profiling see the calls of a function and leave its instructions alone."""
    function = written(tmp_path, ORIGINAL).changed
    seen: list[str] = []

    def trace(frame: Any, event: str, _: Any) -> Any:
        seen.append(event)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        for _ in range(100):  # often enough for the interpreter to specialise the instructions
            function(-2.0)
        assert parse(function)
    finally:
        sys.settrace(before)
    assert "return" in seen
    assert parse(function)


@forward_grad
@njit
def ours_above(s):
    return s * s


@functools.lru_cache
@_wrapped(None)
@njit
def many_deep(s):
    return s * s


def below_others(s):
    return many_deep(s) + ours_above(s)


class CallableObject:
    def __call__(self, s):
        return s * s


def test_S6_decorators_that_stack() -> None:
    """numba's, ours, `functools` and `staticmethod`, above and below; others are refused."""
    assert isinstance(ours_above, ForwardGrad)
    assert ours_above.jvp((3.0,), (1.0,)) == (9.0, 6.0)
    assert forward_grad(many_deep).jvp((3.0,), (1.0,)) == (9.0, 6.0)
    assert forward_grad(forward_grad(vars(Holder)["deep"])).jvp((3.0,), (1.0,)) == (10.0, 6.0)
    assert forward_grad(below_others).jvp((3.0,), (1.0,)) == (18.0, 12.0)
    for other in (CallableObject(), functools.partial(ours_above.py_func)):
        with pytest.raises(TypeError, match="expected a Python function"):
            forward_grad(other)


# --- S: names ---------------------------------------------------------------------------------


def tangents_of_their_own(x, d_x, da, dx, out):
    d_y = x * dx
    d = d_y * d_x
    out = d * da + out
    total = out + x
    result = total * 2.0
    slope = result * total
    return slope * d


def tangent_of_a_tangent(s, n):
    lambda_ = s * 2.0
    d_lambda_ = lambda_ * n
    d_d_lambda_ = d_lambda_ * lambda_
    return d_d_lambda_ + d_lambda_


def builtins_of_their_own(s, np_):
    range = s * 2.0
    len = range * 3.0
    float32 = len * np_
    total = 0.0
    for v in np.sqrt(np.array([len, range, float32])):
        total += v
    return total


def elements_of_their_own(x, x_0, x_1):
    x_0 = x_0 * x[0]
    i = x[1] * x_1
    x_2 = np.sum(np.sin(x) * i)
    return x_2 * x_0 * x[2]


# Names of what an emitted module brings along.
def common(a, b):
    return a * b


def stretch2(a, b):
    return a * 2.0 + b


def gauss(a):
    return a * 3.0


def helpers_of_their_own_jvp(a):
    return a * 7.0


def helpers_of_their_own(X, Y, s):
    common_jvp = common(np.sum(X * Y), 2.0)
    total = common_jvp + common(s, common_jvp)
    return total * stretch2(s, 1.0) + gauss(s) * math.erf(s) + helpers_of_their_own_jvp(2.0)


def test_S7_names_that_we_would_have_chosen() -> None:
    """Users write `d_x` too, and `total`, and `range`; nobody's names are mixed up."""
    agrees(tangents_of_their_own, (1.0, 2.0, 3.0, 4.0, 5.0), (1.0, 0.5, 2.0, -1.0, 3.0))
    agrees(tangents_of_their_own, (1.0, 2.0, 3.0, 4.0, 5.0), (1.0, None, 2.0, None, None))
    agrees(tangent_of_a_tangent, (1.5, 3), (1.0, None))
    agrees(builtins_of_their_own, (1.5, 0.7), (1.0, 2.0))
    agrees(
        elements_of_their_own, (array(1.0, 2.0, 3.0), 1.5, 0.4), (array(1.0, 0.5, 2.0), 1.0, 3.0)
    )
    X, Y = np.ones((1, 3)), np.arange(6.0).reshape(2, 3)
    agrees(helpers_of_their_own, (X, Y, 0.5), (X, None, 1.0))


def under_other_names(x):
    return numpy.sin(x).sum() + jnp.cos(x).sum() + sin(x)[0] + root(x[0]) + x.mean() * x.max()


def under_their_names(np, x):
    sin = np * x.sum()
    abs = sin * sin
    return abs * np


def _lookalike() -> types.ModuleType:
    """A module whose `sin` is a function of the user's."""

    def doubled(s):
        return s * 2.0

    made = types.ModuleType("lookalike")
    made.sin = doubled
    return made


def uses_a_lookalike(s):
    return numpy_lookalike.sin(s) * s


numpy_lookalike = _lookalike()


def test_S8_names_are_resolved_to_what_they_stand_for() -> None:
    """numpy under other names, other things under numpy's."""
    agrees(under_other_names, (array(1.0, 2.0),), (array(1.0, -1.0),))
    agrees(under_their_names, (2.0, array(1.0, 2.0)), (1.0, array(1.0, 3.0)))
    assert slope_of(uses_a_lookalike, 3.0) == 12.0


def test_S9_helpers_of_one_name_stay_apart(tmp_path: Path) -> None:
    """From two modules, and before and after one of them was replaced."""
    one = written(tmp_path, "RATE = 2.0\n\n\ndef scale(s):\n    return s * RATE\n")
    two = written(tmp_path, "RATE = 5.0\n\n\ndef scale(s):\n    return s * s * RATE\n")
    user = written(
        tmp_path,
        "def program(s):\n    return scale(s) + one.scale(s) * two.scale(s) + other(s)\n",
    )
    user.one, user.two, user.scale, user.other = one, two, one.scale, two.scale
    before = forward_grad(user.program)
    assert before.jvp((3.0,), (1.0,)) == (321.0, 302.0)
    user.scale = two.scale
    after = forward_grad(user.program)
    assert after.jvp((3.0,), (1.0,)) == (360.0, 330.0)
    assert before.jvp((3.0,), (1.0,)) == (321.0, 302.0)


# --- S: what stays as it was ------------------------------------------------------------------


def documented(x: float, n: "int" = 2) -> float:  # noqa: UP037
    """Say "so" with a \\ in it.

    And more.
    """
    # A comment of the user's.
    y: float = x * n

    z: float
    z = (
        y * x  # at the end
    )
    return z


def test_S10_the_users_lines_stand_above_ours() -> None:
    """Comments go, so each group begins with the line that it was made from."""
    program = differentiate(documented, (3.0, 2), (True, False), 1)
    lines = [line.strip() for line in program.text.splitlines()]
    assert "# y: float = x * n" in lines
    assert any(line.startswith("# z = (") for line in lines)
    text = Path(__file__).read_text(encoding="utf-8").splitlines()
    number = next(k for k, line in enumerate(lines, 1) if line.startswith("d_y ="))
    assert text[program.line_map[number] - 1].strip() == "y: float = x * n"


def test_S10_lines_are_counted_as_python_counts_them(tmp_path: Path) -> None:
    """A form feed or a line separator is no end of a line, in the user's file or in ours."""
    text = (
        "import numpy as np\n\x0c\n"
        "PLACE = 'one\u2028two\x0cthree\x85four\x1cfive'\n"
        "def below(x):\n"
        "    t = x * x if '\u2028\x0c' != PLACE else x  # \x0c a form feed \u2028\n"
        "    return np.sum(\n"
        "        t * x)  # \x0b\n"
    )
    function = written(tmp_path, text).below
    made = forward_grad(function, cache=False)
    x = array(1.0, 2.0)
    assert made.jvp((x,), (x,)) == (9.0, 27.0)
    lines = [line.strip() for line in made.source.split("\n")]
    assert "# return np.sum(t * x)" in lines
    (program,) = made.specialiser._programs.values()
    user = text.split("\n")
    behind = {user[line - 1].strip() for line in program.line_map.values()}
    assert behind == {line.strip() for line in user[4:6]}
    refused = written(tmp_path, "\x0c\n# \u2028\ndef f(s):\n    return eval('s')\n").f
    with pytest.raises(UnsupportedFunction, match=r"\n4 \|     return eval"):
        forward_grad(refused).jvp((3.0,), (1.0,))


def test_S12_docstrings_and_annotations_do_not_disturb() -> None:
    """The docstring is kept; annotations, even those that are strings, are no expressions."""
    assert slope_of(documented, 3.0, 2) == 12.0
    entry = plain(differentiate(documented, (3.0, 2), (True, False), 1))
    assert inspect.getdoc(entry) == inspect.getdoc(documented)
    assert forward_grad(documented).__doc__ == documented.__doc__


def _with_defaults(rate: float) -> Callable[..., Any]:
    def scaled(s, scale=rate, *, shift=2.0 * rate, weights=np.array([rate, 1.0])):  # noqa: B008
        return s * scale * weights[0] + shift

    return scaled


twofold, fivefold = _with_defaults(2.0), _with_defaults(5.0)


def calls_with_defaults(s):
    return twofold(s) + fivefold(s, 3.0) + twofold(s, shift=0.5 * s)


def test_S11_defaults_are_those_of_the_function() -> None:
    """They were computed when it was defined, and differ between closures of one text."""
    assert forward_grad(twofold).jvp((3.0,), (1.0,)) == (16.0, 4.0)
    assert forward_grad(fivefold).jvp((3.0,), (1.0,)) == (85.0, 25.0)
    assert in_python(calls_with_defaults, (3.0,), (1.0,)) == (84.5, 23.5)


def remembers(s, history=[]):  # noqa: B006
    return s


def test_S11_a_default_that_can_change_is_refused() -> None:
    """By name, before it is frozen into anything."""
    with pytest.raises(TypeError, match="`history` is an empty list"):
        forward_grad(remembers).jvp((3.0,), (1.0,))


def _counts(x, step):
    x[0] += 1.0
    return step * x[0]


def conditions_that_count(x):
    if _counts(x, 1.0) > 1.0 and _counts(x, 2.0) > 0.0:
        y = _counts(x, 3.0) * _counts(x, 4.0)
    else:
        y = x[0]
    while _counts(x, 1.0) < 10.0:
        y += x[0]
    z = y if _counts(x, 0.5) > 0.0 and not _counts(x, 1.0) < 0.0 else _counts(x, 7.0)
    if 0.0 < _counts(x, 1.0) < _counts(x, 2.0) or _counts(x, 9.0) > 0.0:
        z = z * _counts(x, 1.0)
    return z * x[0]


def indices_that_count(x):
    x[int(_counts(x, 0.0))] *= 2.0
    x[int(_counts(x, 0.0)) : int(_counts(x, 1.0))] += x[1]
    return x * 1.0


def test_S13_what_has_an_effect_happens_once_and_in_order() -> None:
    """Conditions, indices of augmented stores, and operands that are skipped."""
    agrees(conditions_that_count, (array(1.0, 2.0),), (array(1.0, 0.5),))
    agrees(indices_that_count, (array(-1.5, 2.0, 3.0),), (array(1.0, 0.5, 2.0),))


def nested_text(depth: int) -> str:
    inside = "s"
    for _ in range(depth):
        inside = f"np.sin({inside} * s) * {inside.count('(') + 1}.0"
    return f"import numpy as np\n\n\ndef nested(s):\n    return {inside}\n"


def chained_text(depth: int) -> str:
    steps = "    y = y * y + y * s\n" * depth
    return f"def chained(s):\n    y = s * s\n{steps}    return y\n"


@pytest.mark.parametrize(("name", "text"), [("nested", nested_text), ("chained", chained_text)])
def test_S14_text_grows_with_the_program_and_no_faster(
    tmp_path: Path, name: str, text: Callable[[int], str]
) -> None:
    """Twice as deep is twice as long: what is used twice has a name."""

    def size(depth: int) -> int:
        function = getattr(written(tmp_path, text(depth)), name)
        program = differentiate(function, (0.3,), (True,), 1)
        code = [line for line in program.text.splitlines() if not line.strip().startswith("#")]
        return sum(map(len, code))

    one, two, four = size(5), size(10), size(20)
    assert four - two < 2.5 * (two - one)


def cube(s):
    return s * s * s


def of_arrays(x):
    y = np.tanh(x * 2.0)
    for i in range(1, x.size):
        y[i] *= y[i - 1]
    return np.sum(y * y) / x.size + np.sqrt(np.sum(x * x))


def of_products(W, x):
    return np.sum(np.exp(W @ x) * np.max(W, axis=1))


def of_helpers(s, t):
    if s > t:
        return _inner(s, t) * _inner(t, s)
    return s**t


def _inner(a, b):
    return a * b * b


W23 = np.arange(6.0).reshape(2, 3) / 7.0


@pytest.mark.parametrize(
    ("function", "args"),
    [
        (cube, (2.0,)),
        (of_arrays, (array(0.1, 0.2, 0.3),)),
        (of_products, (W23, array(0.1, 0.2, 0.3))),
        (of_helpers, (1.5, 0.7)),
        (of_helpers, (0.7, 1.5)),
    ],
)
def test_S15_our_text_goes_in_again(
    function: Callable[..., Any], args: tuple[Any, ...], tmp_path: Path
) -> None:
    """The second derivative, and the third, are derivatives of what we emitted."""
    ways = tuple(np.ones_like(a) if isinstance(a, np.ndarray) else 1.0 for a in args)
    still = tuple(None for _ in args)
    first = again(function, args, (True,) * len(args), tmp_path)
    agrees(first, (*args, *ways), (*ways, *still))
    if function is cube:
        second = again(first, (2.0, 1.0), (True, False), tmp_path)
        assert in_python(second, (2.0, 1.0, 1.0), (1.0, None, None))[1] == (
            (12.0, 12.0),
            (12.0, 6.0),
        )


def test_S16_a_module_that_is_found_again(tmp_path: Path, monkeypatch) -> None:
    """By name in another process, by content after a reload: names of ours hold no counter."""
    monkeypatch.syspath_prepend(tmp_path)
    text = "from tangent_fwd import forward_grad\n\n\n@forward_grad\ndef f(s):\n    return s * s\n"
    (tmp_path / "trap_reloaded.py").write_text(text)
    module = importlib.import_module("trap_reloaded")
    first = module.f
    assert pickle.loads(pickle.dumps(first)) is first
    assert first.jvp((3.0,), (1.0,)) == (9.0, 6.0)
    again_ = importlib.reload(module).f
    assert again_ is not first
    assert again_.source_for(3.0) == first.source
    assert again_.jvp((3.0,), (1.0,)) == (9.0, 6.0)
    (tmp_path / "trap_reloaded.py").write_text(text.replace("s * s", "s * s * s * s"))
    importlib.invalidate_caches()
    assert importlib.reload(module).f.jvp((3.0,), (1.0,)) == (81.0, 108.0)
    del sys.modules["trap_reloaded"]


# --- X: what a derivative means ---------------------------------------------------------------


def several_values(s, x):
    return s * s, x * s, 3


def test_X2_the_value_comes_first() -> None:
    """From every way in, and the tangent has the structure of the value."""
    x = array(1.0, 2.0)
    made = forward_grad(several_values)
    for value, tangent in (
        made.jvp((3.0, x), (1.0,)),
        made.tangent(3.0, x, 1.0),
        in_python(several_values, (3.0, x), (1.0, None)),
    ):
        assert (value[0], tangent[0]) == (9.0, 6.0)
        assert (value[1].tolist(), tangent[1].tolist()) == ([3.0, 6.0], [1.0, 2.0])
        assert (value[2], tangent[2]) == (3, 0)
    assert forward_grad(cube).value_and_grad(2.0) == (8.0, 12.0)


# pytest rewrites `assert` in test modules, so this one has a file of its own.
GUARDED = """
def guarded(x, n):
    if n < 0:
        raise ValueError("n is negative")
    assert x[0] > 0.0, "x begins with nothing"
    y = x * x
    if n > 1:
        raise IndexError("n is large")
    return y[n] * x[0]
"""


def test_X5_exceptions_are_the_functions_own(tmp_path: Path) -> None:
    """Class and message, at the same inputs and in the same order, with and without numba."""
    guarded = written(tmp_path, GUARDED).guarded
    x, d = array(1.0, 2.0), array(1.0, 1.0)
    made, entry = forward_grad(guarded), plain(differentiate(guarded, (x, 1), (True, False), 1))

    def told(call: Callable[..., Any], *args: Any) -> tuple[type, tuple[Any, ...]]:
        with pytest.raises((ValueError, AssertionError, IndexError)) as caught:
            call(*args)
        return caught.type, caught.value.args

    for args in ((x, -1), (-x, 1), (x, 2), (-x, -1)):
        assert told(made.jvp, args, (d,)) == told(entry, *args, d) == told(guarded, *args)
    assert made.jvp((x, 1), (d,)) == (4.0, 8.0)


def shapes_that_differ(x, y):
    return np.sum(x + y)


def test_X5_shapes_that_numpy_refuses() -> None:
    """Loops would run on beside the end of the shorter array."""
    for call in (shapes_that_differ, forward_grad(shapes_that_differ)):
        with pytest.raises(ValueError, match="operands could not be broadcast together"):
            call(np.ones(2), np.ones(3))


def noisy(x):
    total = 0.0
    for i in range(x.size):
        if np.random.random() < 0.5:
            total += x[i] * np.random.normal()
    return total


def test_X6_random_numbers_are_drawn_once() -> None:
    """The function is linear, so its value and its slope along x itself are one number."""
    x = np.linspace(1.0, 2.0, 40)
    value, tangent = forward_grad(noisy).jvp((x,), (x,))
    assert value != 0.0
    assert tangent == pytest.approx(value, rel=1e-12)
    np.random.seed(7)
    expected = noisy(x)
    drawn = np.random.random()
    np.random.seed(7)
    value, tangent = plain(differentiate(noisy, (x,), (True,), 1))(x, x)
    assert value == expected
    assert tangent == pytest.approx(value, rel=1e-12)
    assert np.random.random() == drawn, "as many numbers were drawn as by the function"


def scaled_noise(s):
    return np.random.normal(0.0, s)


def test_X6_draws_move_with_their_distribution() -> None:
    """Those of a normal distribution have a tangent: the draw itself, for its width."""
    np.random.seed(7)
    value, tangent = plain(differentiate(scaled_noise, (2.0,), (True,), 1))(2.0, 3.0)
    assert tangent == pytest.approx(1.5 * value, rel=1e-14)
    np.random.seed(7)
    assert value == scaled_noise(2.0)


def talkative(x):
    for i in range(x.size):
        if i != 1:
            print("at", i, x[i] * 2.0)
        x[i] = x[i] * x[i]
    return x[0] * x[1]


def test_X7_what_is_printed_is_printed_once(capfd) -> None:
    """In the order of the loop, with the values that were there."""
    x, d = array(1.0, 2.0, 3.0), array(1.0, 1.0, 1.0)
    talkative(x.copy())
    expected = capfd.readouterr().out
    forward_grad(talkative).jvp((x.copy(),), (d.copy(),))
    assert capfd.readouterr().out == expected
    plain(differentiate(talkative, (x,), (True,), 3))(x.copy(), d.copy(), d.copy(), d.copy())
    assert capfd.readouterr().out == expected


def test_S6_what_another_decorator_adds_is_not_left_out() -> None:
    def doubled(function):
        @functools.wraps(function)
        def both(*args):
            return 2.0 * function(*args)

        return both

    @doubled
    def square(x):
        return x * x

    with pytest.raises(TypeError, match="wrapped by another decorator"):
        forward_grad(square)


def sign_of_a_determinant(A):
    return A if np.linalg.det(A) > 0.0 else 2.0 * A


def test_what_only_a_decision_reads_has_no_tangent() -> None:
    """A determinant that is only compared needs no system solved."""
    made = forward_grad(sign_of_a_determinant, cache=False)
    A = np.zeros((2, 2))
    assert made.jvp((A,), (np.ones((2, 2)),))[1].tolist() == [[2.0, 2.0], [2.0, 2.0]]
    assert "solve" not in made.source


def _length(x):
    total = 0.0
    for i in range(x.size):
        total += x[i] * x[i]
    return math.sqrt(total)


def _enough(x, bound):
    return _length(x) - bound


def _shrunk(x):
    x *= 0.5
    return x[0]


def bounded(x):
    """Decides by helpers of helpers, and by one that writes."""
    while _enough(2.0 * x, 1.0) > 0.0:
        x = 0.9 * x
    if _shrunk(x) > 0.1:
        return x[0]
    return x[1] * x[1]


def test_a_helper_that_only_a_decision_reads_is_called_itself() -> None:
    made = forward_grad(bounded, cache=False)
    x, d = array(0.9, 0.4), array(1.0, 2.0)
    k = 0
    while 2.0 * np.linalg.norm(x * 0.9**k) > 1.0:
        k += 1
    found = made.jvp((x.copy(),), (d.copy(),))
    assert found == pytest.approx((0.5 * 0.9**k * x[0], 0.5 * 0.9**k * d[0]), rel=1e-14)
    names = set(re.findall(r"^def (\w+)", made.source, re.MULTILINE))
    assert names == {"_length", "_enough", "_shrunk_jvp", "bounded_jvp"}
    assert made.directional2((x.copy(),), (d.copy(),)) == (*found, 0.0)
    # The helper that is read for its slope as well keeps its derivative.
    both = forward_grad(lambda x: _length(x) if _length(x) > 1.0 else 0.0, cache=False)
    assert both.jvp((x,), (x,))[0] == 0.0
    assert "_length_jvp" in both.source
