"""Loops over `prange`: which of them keep the word in the derivative, and that they are right."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from numba import njit, prange

from tangent_fwd import forward_grad
from tangent_fwd.frontend.parse import parse
from tangent_fwd.options import Options
from tangent_fwd.pipeline import differentiate
from tangent_fwd.program import Program
from tests.harness import plain

X = np.array([0.62, -0.31, 1.21, 0.47, -0.97])


def program(function: Callable[..., Any], *args: Any, lanes: int = 1, active: int = 1) -> Program:
    """The derivative with respect to the first arguments, for threads; none: the primal alone."""
    kinds = tuple(map(numba.typeof, args))
    flags = tuple(k < active for k in range(len(args)))
    return differentiate(parse(function), kinds, flags, lanes, Options(parallel=True, cache=False))


# --- what is kept ------------------------------------------------------------------------------


def own_places(x, out):
    """Stores at places of the round's own, through a view and one place further on; a temporary."""
    n = x.size
    table = np.empty((n, 2))
    for i in prange(n):
        row = table[i]
        scratch = np.zeros(2)
        for j in range(2):
            scratch[j] = x[i] * j
            row[j] = scratch[j] + 1.0
        out[i + 1] = row[1]
    return table


def _scaled(a, factor):
    b = a * factor
    return b * b


def sums(x, out):
    """Sums in one place and in several, under a condition, in a loop inside, and of integers."""
    total = 0.0
    lost = 1.0
    count = 0
    for i in prange(1, x.size):
        value = _scaled(x[i], 2.0)
        if x[i] > 0.0:
            total += value
            count += 1
        else:
            total = 0.5 + total + x[i - 1]
        for _ in range(3):
            lost -= value
    return total, lost, count


def nested(x, out):
    total = 0.0
    for i in prange(x.size):
        for j in prange(3):
            total += x[i] * j
    return total


def skipped(x, out):
    total = 0.0
    for i in prange(x.size):
        if x[i] < 0.0:
            continue
        total += x[i] * x[i]
    return total


def by_columns(x, out):
    """Sizes read in the loop are no places; an axis before the round's own may be counted down."""
    grid = np.zeros((3, x.size))
    for i in prange(x.size):
        for j in range(1, 4):
            grid[j - 1, i] = x[i] * j / x.size
        out[i] = grid[2, i] * len(out)
    return grid


def checked(x, out):
    for i in prange(x.size):
        if x[i] > 9.0:
            raise ValueError("too large")
        out[i] = x[i]
    return out


def drawn(x, out):
    for i in prange(x.size):
        np.random.seed(i)
        out[i] = x[i] * np.random.normal()
    return out


def multiplied(x, out):
    """Products and arithmetic of arrays whose sizes the text does not tell to agree."""
    grid = np.ones((3, 5))
    rows = np.zeros((5, 3))
    for i in prange(x.size):
        y = grid @ x
        for _ in range(i):
            y = y + 0.1 * x[:3]
        rows[i] = y * x[2:]
        place = np.searchsorted(x[:1], y[0])
        out[i] = np.dot(rows[i], y) + place
    return rows


@pytest.mark.parametrize("lanes", [1, 3])
@pytest.mark.parametrize(
    "function", [own_places, sums, nested, skipped, by_columns, checked, drawn, multiplied]
)
def test_loops_without_races_stay(function, lanes):
    made = program(function, X, np.empty(6), lanes=lanes, active=2)
    assert len(made.report["parallel"]) == 1 and not made.report["serial"]
    text = made.text
    assert len(re.findall(r"^ +for .* in prange\(", text, re.MULTILINE)) == 1
    assert "parallel=True)\ndef " in text
    # As plain Python it is the same text over `range`.
    directions = [np.linspace(0.1, 1.0, n) * k for n in (5, 6) for k in range(1, lanes + 1)]
    threaded = plain(made)(X, np.zeros(6), *directions)
    serial = differentiate(
        parse(function), (numba.typeof(X),) * 2, (True, True), lanes, Options(cache=False)
    )
    assert "import njit\n" in serial.text and "parallel=True" not in serial.text
    alone = plain(serial)(X, np.zeros(6), *directions)
    for one, two in zip(_numbers(threaded), _numbers(alone), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-14)


def _numbers(value: Any) -> list[Any]:
    if isinstance(value, (tuple, list)):
        return [number for part in value for number in _numbers(part)]
    return [value]


def test_what_follows_is_added_once_a_round():
    """numba takes a sum only where one statement adds to it."""
    text = program(sums, X, np.empty(6)).text
    assert "d_total_part = 0.0\n" in text and "        d_total += d_total_part\n" in text
    assert "d_lost -= d_value" in text and "d_lost_part" not in text


# --- what is not -------------------------------------------------------------------------------


def product(x, out):
    s = 1.0
    for i in prange(x.size):
        s *= x[i]
    return s


def largest(x, out):
    s = -1.0
    for i in prange(x.size):
        s = max(s, x[i])
    return s


def recurrence(x, out):
    s = 0.0
    for i in prange(x.size):
        s = 0.5 * s + x[i]
    return s


def running(x, out):
    s = 0.0
    for i in prange(x.size):
        s += x[i]
        out[i] = s
    return s


def last_one(x, out):
    t = 0.0
    for i in prange(x.size):
        t = x[i] * 2.0
    return t


def neighbours(x, out):
    for i in prange(1, x.size):
        out[i] = out[i - 1] * x[i]
    return out


def through_a_view(x, out):
    shifted = out[1:]
    for i in prange(x.size):
        shifted[i] = out[i] * x[i]
    return out


def from_the_end(x, out):
    for i in prange(x.size):
        out[i - 2] = x[i]
    return out


def histogram(x, out):
    for i in prange(x.size):
        out[int(x[i] * 2.0)] += x[i]
    return out


def one_place(x, out):
    for i in prange(x.size):
        out[0] += x[i]
    return out


def shared_scratch(x, out):
    scratch = np.zeros(2)
    for i in prange(x.size):
        for j in range(2):
            scratch[j] = x[i] * j
        out[i] = scratch[1]
    return out


def by_steps(x, out):
    for i in prange(0, x.size, 2):
        out[i] = x[i]
    return out


def told_of(x, out):
    for i in prange(x.size):
        if x[i] > 9.0:
            raise ValueError("too large", i)
        out[i] = x[i]
    return out


def with_another_end(x, out):
    n = x.size
    for i in prange(n):
        n = int(x[i])
        if x[i] > 9.0:
            raise ValueError("too large")
        for _ in range(n):
            out[i] += x[i] * n
    return out


def _multiplies(grid, x):
    return (grid @ x)[0]


def multiplied_by_another(x, out):
    grid = np.ones((3, 5))
    for i in prange(x.size):
        out[i] = _multiplies(grid, x)
    return out


def _positive(a):
    if a > 9.0:
        raise ValueError("too large")
    return a


def checked_by_another(x, out):
    for i in prange(x.size):
        out[i] = _positive(x[i])
    return out


def _fills(a, v):
    a[0] = v


def filled_by_another(x, out):
    for i in prange(x.size):
        _fills(out, x[i])
    return out


def printed(x, out):
    for i in prange(x.size):
        print(i)
        out[i] = x[i]
    return out


def into_a_list(x, out):
    rows = [x[0], x[1]]
    for i in prange(2):
        rows[i] = x[i]
    return rows[0]


def of_sizes(x, out):
    for i in prange(x.size):
        scratch = np.zeros(3 - i)
        for j in range(3 - i):
            scratch[j] = x[i] * j
        out[i] = np.sum(scratch)
    return out


def of_items(x, out):
    factors = (0.5, 1.0, 2.0)
    for i in prange(x.size):
        out[i] = x[i] * factors[i]
    return out


def of_a_list(x, out):
    factors = [v * 2.0 for v in x[:3]]
    for i in prange(x.size):
        out[i] = x[i] * factors[i]
    return out


def of_steps(x, out):
    for i in prange(x.size):
        for j in range(0, 4, i):
            out[i] += x[i] * j
    return out


def of_slices(x, out):
    for i in prange(x.size):
        out[i] = np.sum(x[::i])
    return out


def _drawn(v, n):
    return v * np.random.randint(0, n)


def of_draws(x, out):
    for i in prange(x.size):
        out[i] = _drawn(x[i], i)
    return out


FROM_ROUND_TO_ROUND = "from one round to the next, and not as a plain sum"
NOT_OWN = "not seen to be at a place of the round's own"


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (product, FROM_ROUND_TO_ROUND),
        (largest, FROM_ROUND_TO_ROUND),
        (recurrence, FROM_ROUND_TO_ROUND),
        (running, FROM_ROUND_TO_ROUND),
        (last_one, "needed after the last round"),
        (neighbours, NOT_OWN),
        (through_a_view, NOT_OWN),
        (from_the_end, NOT_OWN),
        (histogram, NOT_OWN),
        (one_place, NOT_OWN),
        (shared_scratch, NOT_OWN),
        (by_steps, "its step is not 1"),
        (told_of, "it may raise"),
        (with_another_end, "it may raise"),
        (checked_by_another, "`_positive_jvp`: it may raise"),
        (filled_by_another, NOT_OWN),
        (printed, "it does more than compute"),
        (into_a_list, "is written to, and is no array"),
        (of_sizes, "a size may be negative"),
        (of_items, "an item may be missing"),
        (of_a_list, "an item may be missing"),
        (of_steps, "the step of a `range` may be 0"),
        (of_slices, "the step of a slice may be 0"),
        (of_draws, "`_drawn_jvp`: `np.random.randint` raises for some"),
        (multiplied_by_another, "`_multiplies_jvp`: its arrays may not agree in size"),
    ],
)
def test_a_loop_that_could_race_runs_on_one_thread_and_the_report_says_why(function, reason):
    made = program(function, X, np.empty(6), active=2)
    assert not made.report["parallel"] and len(made.report["serial"]) == 1
    assert reason in made.report["serial"][0]
    assert "numba import njit\n" in made.text and "parallel=True" not in made.text


def test_what_a_round_raises_comes_out_as_on_one_thread():
    """In threads numba would go on with what the other rounds made."""
    for function, raised in ((of_sizes, ValueError), (of_items, IndexError)):
        made = forward_grad(function, argnums=(0, 1), parallel=True, cache=False)
        with pytest.raises(raised):
            made.jvp((X, np.zeros(6)), (X, np.zeros(6)))


def inside_one_that_races(x, out):
    s = 0.0
    for i in prange(3):
        t = 0.0
        for j in prange(x.size):
            t += x[j] * i
        s = 0.5 * s + t
    return s


def test_a_loop_stays_inside_one_that_does_not():
    made = program(inside_one_that_races, X, np.empty(6))
    assert [len(made.report[word]) for word in ("parallel", "serial")] == [1, 1]
    assert re.findall(r"^ +for (.) in prange\(", made.text, re.MULTILINE) == ["j"]


@pytest.mark.parametrize("function", [product, largest])
def test_the_function_itself_may_have_what_its_derivative_may_not(function):
    """A tangent of a product or of a largest value is no plain sum; the value alone is one."""
    assert program(function, X, np.empty(6), active=0).report["parallel"]


# --- what runs ---------------------------------------------------------------------------------


def everything(x, out):
    """Stores, sums of all kinds, a helper, temporaries, and a loop on one thread between two."""
    n = x.size
    total = 0.25
    lost = 1.0
    count = 0
    table = np.empty((n, 2))
    for i in prange(n):
        row = table[i]
        scratch = np.empty(3)
        acc = 0.0
        for j in range(3):
            scratch[j] = np.sin(x[i] * j)
            acc += scratch[j] * (i - 1)
        row[0] = acc
        row[1] = acc * acc
        if acc > 0.0:
            total += acc
            count += 1
        else:
            total -= 0.5 * x[i]
        lost -= _scaled(x[i], 0.3)
    for i in prange(1, n):
        out[i] = table[i, 1] * table[i - 1, 0]
    weight = 1.0
    for i in prange(n):
        weight *= 1.0 + 0.001 * x[i]
    return total + np.sum(out) * weight, lost, count


def test_threads_give_what_one_thread_gives():
    rng = np.random.default_rng(3)
    x, d_x, d_out = rng.normal(size=(3, 2003))
    # Without vector functions, which round in another way where they take several elements at once.
    options: dict[str, Any] = {"argnums": (0, 1), "cache": False, "vector_math": False}
    threaded = forward_grad(everything, parallel=True, **options)
    alone = forward_grad(everything, **options)
    outs = []
    for f in (threaded, alone):
        out, moved = np.zeros(2003), d_out.copy()
        outs.append((f.jvp((x, out), (d_x, moved)), out, moved))
    (one, out_one, moved_one), (two, out_two, moved_two) = outs
    for a, b in zip(_numbers(one), _numbers(two), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    # Only the order of sums differs.
    np.testing.assert_array_equal(out_one, out_two)
    np.testing.assert_array_equal(moved_one, moved_two)
    (row,) = (row for row in threaded.report().compiled if row.kind == "jvp")
    assert len(row.findings["parallel"]) == 2 and len(row.findings["serial"]) == 1
    made = threaded.specialiser.compile((numba.typeof(x),) * 2, 1)
    (overload,) = made.dispatcher.overloads.values()
    assert overload.metadata["parfor_diagnostics"].count_parfors() == 2


def fails(x, w, out):
    """Several exceptions, of which the first round that fails decides, also where sizes differ."""
    total = 0.0
    for i in prange(x.size):
        assert x[i] < 9.0, "too large"
        if x[i] == 0.0:
            continue
        for k in range(i):
            if x[k] == x[i]:
                raise IndexError("twice")
        for k in range(3):
            for j in range(k):
                if x[i] < -9.0 - j:
                    raise ArithmeticError("too small")
        out[i] = np.sum(w * x[:3]) + np.dot(w, x[1:4])
        total += x[i]
    return total + np.sum(out)


def test_the_first_round_that_fails_raises():
    options: dict[str, Any] = {"argnums": 0, "cache": False}
    threaded, alone = forward_grad(fails, parallel=True, **options), forward_grad(fails, **options)
    x = np.linspace(-3.0, 3.0, 600)
    cases = [(x, np.ones(3), None), (x, np.ones(2), ValueError), (x, np.ones(1), ValueError)]
    for changes, expected in (
        ({7: 10.0}, AssertionError), ({500: 10.0, 400: -10.5}, ArithmeticError),
        ({300: x[299], 301: 20.0}, IndexError), ({30: 0.0}, None),
    ):  # fmt: skip
        other = x.copy()
        other[list(changes)] = list(changes.values())
        cases.append((other, np.ones(3), expected))
    for x, w, expected in cases:
        told = []
        for f in (threaded, alone):
            try:
                told.append(f.jvp((x, w, np.zeros(600)), (np.ones(600),)))
            except Exception as error:
                told.append((type(error), error.args))
        assert expected in (None, told[1][0])
        if expected is None:
            np.testing.assert_allclose(*told, rtol=1e-12)
        else:
            assert told[0] == told[1]
    (row,) = threaded.report().compiled
    assert len(row.findings["parallel"]) == 1


def weighted(layers, x):
    total = 0.0
    for i in prange(x.size):
        total += layers[0][i] * layers[1][0] * x[i]
    return total


def test_what_numba_fails_to_make_for_threads_runs_on_one(monkeypatch):
    """Nested tuples are known for that; here numba is asked all the same."""
    layers, d = (X, (2.0, 0.5)), (X * X, (1.0, 0.0))
    made = program(weighted, layers, X)
    assert "holds tuples" in made.report["serial"][0] and not made.report["parallel"]
    monkeypatch.setattr("tangent_fwd.transform.races.is_tuple", lambda kind: False)
    f = forward_grad(weighted, parallel=True, cache=False)
    np.testing.assert_allclose(f.jvp((layers, X), (d,))[1], (2.0 * X**3 + X**2).sum())
    (row,) = f.report().compiled
    assert not row.findings["parallel"] and "numba:" in row.findings["serial"][0]
    assert "import njit\n" in f.source


@pytest.mark.slow
def test_gradients_and_second_order_in_threads():
    def energy(x):
        total = 0.0
        for i in prange(x.size):
            total += np.sin(x[i]) * x[0]
            total += x[i] ** 3
        return total

    x, v = np.linspace(0.2, 1.4, 3), np.cos(np.arange(3.0))
    threaded, alone = forward_grad(energy, parallel=True), forward_grad(energy)
    np.testing.assert_allclose(threaded.grad(x), alone.grad(x), rtol=1e-14)
    np.testing.assert_allclose(threaded.hessian(x), alone.hessian(x), rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(
        threaded.directional2((x,), (v,)), alone.directional2((x,), (v,)), rtol=1e-13
    )
    rows = threaded.report().compiled
    assert rows and all(row.findings["parallel"] for row in rows)


@njit(parallel=True)
def _compiled(x):
    total = 0.0
    for i in prange(x.size):
        total += x[i] * x[i]
    return total


def test_a_function_compiled_for_threads_has_a_derivative_for_threads():
    assert "prange(x.size)" in forward_grad(_compiled).source_for(X)
    assert "import njit\n" in forward_grad(_compiled, parallel=False).source_for(X)
    assert forward_grad(njit(_compiled.py_func)).options.parallel is False


@pytest.mark.slow
def test_another_process_finds_the_threads_on_disk(tmp_path: Path):
    script = (
        "import numpy as np\nfrom tests.test_parallel import _compiled\n"
        "from tangent_fwd import forward_grad\nf = forward_grad(_compiled)\n"
        "x = np.arange(2000.0)\nvalue, slope = f.jvp((x,), (x,))\nassert slope == 2 * value\n"
        "assert value == 2664667000.0\nprint(f.report().cache_hits)\n"
    )
    environment = {**os.environ, "TANGENT_FWD_CACHE": str(tmp_path / "cache")}
    for hits in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", script],
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.stdout.strip() == hits, done.stderr
