"""Between any two passes a program is still one, for every program of the corpus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import pytest

from tangent_fwd import pipeline
from tangent_fwd import program as program_module
from tangent_fwd.errors import ActivityError
from tangent_fwd.frontend.parse import parse
from tangent_fwd.ir.check import BrokenProgram, check
from tangent_fwd.ir.nodes import (
    Function,
    If,
    Let,
    Lit,
    Nest,
    Op,
    Return,
    Store,
    Var,
    While,
)
from tangent_fwd.ir.show import show
from tangent_fwd.source import Span
from tests.harness import OPTIONS, patterns, programs
from tests.inputs import inputs

PROGRAMS = list(programs())
AT = Span(3, 0, 3, 1)
slow = pytest.mark.slow


@pytest.mark.parametrize(
    ("function", "lanes"),
    [
        pytest.param(f, lanes, id=f"{f.__name__}-{lanes}", marks=slow if place % 4 else ())
        for place, (_, f) in enumerate(PROGRAMS[::3])
        for lanes in ((1, 3) if place % 2 else (1,))
    ],
)
def test_every_pass_makes_a_program(
    function: Callable[..., Any], lanes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every pass prints its result for `show(stages=True)`; here it is checked on the way."""
    seen = []

    def checked(program: Function) -> str:
        check(program)
        seen.append(program.name)
        return show(program)

    monkeypatch.setattr(program_module, "show", checked)
    args = inputs(function)
    types = tuple(map(numba.typeof, args))
    try:
        # From the beginning, without what other tests have found out about the function.
        pipeline.differentiate(parse(function), types, patterns(args)[-1], lanes, OPTIONS)
    except ActivityError:
        assert seen  # it writes into an argument without a tangent
        return
    assert len(seen) >= 10


def _program(*body: Any, params: tuple[str, ...] = ("x",), types: Any = None) -> Function:
    return Function("f", params, body, types=types)


SAME = Let("y", Lit(1.0), AT)

BROKEN = {
    "a statement stands in two places": _program(If(Var("x"), (SAME,), (SAME,), AT)),
    "`y` is read before it is bound": _program(Return(Var("y"), AT)),
    "`k` is read before it is bound": _program(
        Nest("k", Lit(3), (Let("y", Var("k"), AT),), AT), Return(Var("k"), AT)
    ),
    "`out` is stored into before it is bound": _program(Store("out", (Lit(0),), Var("x"), AT)),
    "`add` has 1 arguments, not 2": _program(Let("y", Op("add", (Var("x"),)), AT)),
    "`plus` is no operation": _program(Let("y", Op("plus", (Var("x"), Var("x"))), AT)),
    "a nest inside a nest over the same index `i`": _program(
        Nest("i", Lit(3), (Nest("i", Lit(3), (), AT),), AT)
    ),
    "nothing may return from it": _program(Nest("i", Lit(3), (Return(Lit(0), AT),), AT)),
    "is stored into, but is 1.5": _program(Store("x", (Lit(0),), Lit(1.0), AT), types={"x": 1.5}),
    "two parameters have one name": _program(params=("x", "x")),
    "a store into `x` without an index": _program(Store("x", (), Lit(1.0), AT)),
    "`getitem` without an index": _program(Let("y", Op("getitem", (Var("x"),)), AT)),
}


@pytest.mark.parametrize("reason", BROKEN)
def test_a_broken_program_is_found(reason: str) -> None:
    with pytest.raises(BrokenProgram) as caught:
        check(BROKEN[reason])
    assert reason in str(caught.value)


def test_a_name_bound_on_one_path_counts() -> None:
    """Whether that path was taken is known at run time only."""
    check(_program(If(Var("x"), (Let("y", Lit(1.0), AT),), (), AT), Return(Var("y"), AT)))


def test_a_loop_sees_what_its_last_round_bound() -> None:
    body = (Let("y", Lit(1.0), AT),)
    check(_program(While((), Lit(True), (Let("z", Var("y"), AT), *body), AT)))
