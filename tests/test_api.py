"""What users call, from decoration to the saved module."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

import numba
import numpy as np
import pytest
from numba.core.errors import TypingError

import tangent_fwd
from tangent_fwd import (
    ForwardGrad,
    TypingFailure,
    UnsupportedSyntax,
    forward_grad,
    jvp,
    pipeline,
    stop_gradient,
    value_and_grad,
)
from tangent_fwd.program import Program

Model = namedtuple("Model", "weights bias steps")


@forward_grad
def weighted(x, w, power=2):
    """The weighted sum of powers."""
    total = 0.0
    for i in range(x.size):
        total += w[i] * x[i] ** power
    return total


@forward_grad(argnums=(0, 2))
def line(slope, at, offset):
    return slope * at + offset


@forward_grad
def predict(model, x):
    total = model.bias
    for i in range(model.weights.size):
        total += model.weights[i] * x[i] * model.steps
    return total


@forward_grad
def double_in_place(x):
    total = 0.0
    for i in range(x.size):
        x[i] = 2.0 * x[i] * x[i]
        total += x[i]
    return total


@forward_grad
def squares(x):
    return x * x


@forward_grad
def constant(x):
    return 3.0


@forward_grad
def held(x):
    return x * stop_gradient(x)


# ---- decoration ----------------------------------------------------------------------------


def test_it_looks_like_the_function():
    assert weighted.__name__ == "weighted"
    assert weighted.__doc__ == "The weighted sum of powers."
    assert weighted.__module__ == __name__
    assert list(inspect.signature(weighted).parameters) == ["x", "w", "power"]
    assert weighted.__wrapped__(np.ones(2), np.ones(2)) == 2.0
    assert isinstance(weighted, ForwardGrad)


def test_bare_with_options_a_lambda_and_a_dispatcher_agree():
    def cube(x):
        return x * x * x

    for made in (
        forward_grad(cube),
        forward_grad()(cube),
        forward_grad(argnums=0)(cube),
        forward_grad(cube, argnames="x"),
        forward_grad(lambda x: x * x * x),
        forward_grad(numba.njit(cube)),
        forward_grad(forward_grad(cube)),
    ):
        assert made.jvp((2.0,), (1.0,)) == (8.0, 12.0)


@pytest.mark.parametrize("thing", [int, len, np.sin, 3, "x", complex(1)])
def test_what_has_no_python_body_is_refused(thing):
    with pytest.raises(TypeError, match="expected a Python function"):
        forward_grad(thing)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"argnums": 3}, ValueError, r"argnums=3 is out of range: `f` has 2 arguments"),
        ({"argnums": -3}, ValueError, "out of range"),
        ({"argnums": (0, -2)}, ValueError, "`x` of `f` is chosen twice"),
        ({"argnums": 0, "argnames": "x"}, ValueError, "`x` of `f` is chosen twice"),
        ({"argnums": ()}, ValueError, "no argument of `f` is active"),
        ({"argnums": True}, TypeError, "takes positions"),
        ({"argnums": 1.0}, TypeError, "takes positions"),
        ({"argnums": "x"}, TypeError, "use argnames"),
        ({"argnames": "z"}, ValueError, "`f` has no argument `z`; it has `x`, `n`"),
        ({"argnames": (0,)}, TypeError, "takes argument names"),
        ({"target": "cuda"}, NotImplementedError, "cuda"),
        ({"target": "tpu"}, ValueError, "unknown target 'tpu'"),
    ],
)
def test_a_wrong_choice_is_met_at_the_decorator(options, error, message):
    def f(x, n):
        return x * n

    with pytest.raises(error, match=message):
        forward_grad(f, **options)


def test_active_arguments_by_position_from_the_end_and_by_name():
    def f(x, y, z):
        return x * y * z

    assert forward_grad(f, argnums=-1).options.argnums == (2,)
    assert forward_grad(f, argnames=("z", "x")).options.argnums == (0, 2)
    assert forward_grad(f, argnums=1, argnames="x").options.argnums == (0, 1)
    made = forward_grad(f, argnames="y")
    assert made.jvp((2.0, 3.0, 5.0), (1.0,)) == (30.0, 10.0)


# ---- calling -------------------------------------------------------------------------------


def test_the_call_is_the_primal_with_keywords_and_defaults():
    x, w = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    assert weighted(x, w) == weighted.__wrapped__(x, w) == 19.0
    assert weighted(w=w, x=x) == 19.0
    assert weighted(x, w, power=3) == 35.0
    with pytest.raises(TypeError, match=r"`weighted`.*missing a required argument: 'w'"):
        weighted(x=x)
    with pytest.raises(TypeError, match="`weighted`: primals lacks `w`"):
        weighted(x)


def test_jvp_with_defaults_lists_and_several_active_arguments():
    x, w, v = np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.array([1.0, -1.0])
    assert weighted.jvp((x, w), (v,)) == (19.0, -10.0)
    assert weighted.jvp((x, w, 3), (v,)) == (35.0, -39.0)
    assert weighted.jvp([x, w], [v]) == (19.0, -10.0)
    assert line.jvp((2.0, 3.0, 1.0), (1.0, 10.0)) == (7.0, 13.0)


def test_directional2_gives_value_slope_and_curvature():
    made = forward_grad(weighted, argnums=(0, 1))
    x, w = np.array([1.0, 2.0]), np.array([3.0, 0.5])
    d_x, d_w = np.array([1.0, -1.0]), np.array([0.5, 2.0])
    value, slope, curvature = made.directional2((x, w, 3), (d_x, d_w))
    assert (value, slope) == made.jvp((x, w, 3), (d_x, d_w))
    # The sum of w x ** 3, along x + t d_x and w + t d_w.
    assert curvature == pytest.approx(np.sum(6.0 * w * x * d_x**2 + 6.0 * x**2 * d_x * d_w))
    assert made.directional2([x, w, 3], [d_x, d_w])[2] == curvature
    assert [row.kind for row in made.report().compiled] == ["second order", "jvp"]


@pytest.mark.parametrize(
    ("primals", "tangents"),
    [
        (np.ones(3), (np.ones(3),)),
        ((np.ones(3),), ()),
        ((np.ones(3),), (np.ones(2),)),
        ((np.ones(3),), (np.ones(3, np.float32),)),
        ((np.arange(3),), (np.ones(3),)),
        ((), (np.ones(3),)),
    ],
)
def test_directional2_refuses_what_jvp_refuses(primals, tangents):
    made = forward_grad(squares)
    with pytest.raises((TypeError, ValueError)) as first:
        made.jvp(primals, tangents)
    with pytest.raises(first.type) as second:
        made.directional2(primals, tangents)
    assert str(second.value) == str(first.value).replace("jvp", "directional2")


def test_directional2_updates_a_written_argument_and_its_tangent_as_jvp_does():
    made = forward_grad(double_in_place)
    once, twice = [(np.array([1.0, 2.0]), np.array([0.5, 0.0])) for _ in range(2)]
    value, slope = made.jvp(once[:1], once[1:])
    assert made.directional2(twice[:1], twice[1:])[:2] == (value, slope)
    np.testing.assert_array_equal(once, twice)


def test_directional2_is_kept_on_disk_and_shown(capsys):
    made = forward_grad(squares)
    text = made.source_for(np.ones(2), order=2)
    assert "def squares_directional2(x, d_x):" in text
    made.directional2((np.ones(2),), (np.ones(2),))
    made.show(order=2)
    assert capsys.readouterr().out.rstrip() == text.rstrip()
    (made_here,) = made.specialiser.compiled.values()
    assert Path(made_here.dispatcher.py_func.__code__.co_filename).read_text() == text
    with pytest.raises(ValueError, match="order is 1 or 2"):
        made.source_for(np.ones(2), order=3)


def test_arguments_that_cannot_be_counted_are_refused_at_their_place():
    @forward_grad
    def gather(x, **more):
        return x

    with pytest.raises(UnsupportedSyntax) as caught:
        gather.jvp((1.0,), (1.0,))
    told = str(caught.value)
    assert "`**more` parameters are not supported" in told
    assert caught.value.text.strip() == "def gather(x, **more):"


def test_keyword_only_arguments():
    @forward_grad
    def scale(x, *, factor=2.0):
        return x * factor

    assert scale.jvp((3.0,), (1.0,)) == (6.0, 2.0)
    assert scale.jvp((3.0, 5.0), (1.0,)) == (15.0, 5.0)
    assert scale(3.0, factor=4.0) == 12.0


def test_without_jit_the_emitted_python_runs(tmp_path: Path):
    (tmp_path / "mine.py").write_text(
        "import numpy as np\nfrom tangent_fwd import forward_grad\n\n\n"
        "@forward_grad\ndef f(x):\n    return np.sum(x * x)\n\n\n"
        "x = np.arange(3.0)\n"
        "print(f(x), *f.jvp((x,), (x,)), f.grad(x).tolist())\n"
    )
    root = str(Path(tangent_fwd.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "mine.py"],
        cwd=tmp_path,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "5.0 5.0 10.0 [0.0, 2.0, 4.0]"


def test_0_d_arrays_are_scalars():
    assert line.jvp((np.array(2.0), 3.0, 1.0), (np.array(1.0), 10)) == (7.0, 13.0)
    assert line(np.array(2.0), np.array(3), 1.0) == 7.0


def test_tuples_keep_integers_without_a_tangent():
    model = Model(np.array([1.0, 2.0]), 0.5, 3)
    moved = Model(np.array([1.0, 0.0]), 1.0, None)
    x = np.array([10.0, 20.0])
    assert predict.jvp((model, x), (moved,)) == (150.5, 31.0)
    assert predict.jvp((model, x), (tuple(moved),)) == (150.5, 31.0)
    assert predict.jvp((model, x), (moved._replace(steps="anything"),)) == (150.5, 31.0)


def test_the_tangent_is_laid_out_like_its_primal():
    x, w = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    spread = np.array([1.0, 7.0, -1.0])[::2]
    readonly = np.array([1.0, -1.0])
    readonly.flags.writeable = False
    assert weighted.jvp((x, w), (spread,)) == (19.0, -10.0)
    assert weighted.jvp((x, w), (readonly,)) == (19.0, -10.0)
    before = weighted.report().signatures
    assert weighted.jvp((x, w), (spread.copy(),)) == (19.0, -10.0)
    assert weighted.report().signatures == before


def test_a_written_argument_and_its_tangent_are_updated_together():
    x, v = np.array([1.0, 3.0]), np.array([1.0, 10.0])
    value, slope = double_in_place.jvp((x,), (v,))
    assert (value, slope) == (20.0, 124.0)
    assert x.tolist() == [2.0, 18.0]
    assert v.tolist() == [4.0, 120.0]
    x, spread = np.array([1.0, 3.0]), np.array([1.0, 7.0, 10.0])
    double_in_place.jvp((x,), (spread[::2],))
    assert spread.tolist() == [4.0, 7.0, 120.0]


def test_tangent_is_jvp_with_its_arguments_in_a_row():
    x, w, v = np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.array([1.0, -1.0])
    assert weighted.tangent(x, w, 2, v) == (19.0, -10.0)
    assert line.tangent(2.0, 3.0, 1.0, 1.0, 10.0) == (7.0, 13.0)
    with pytest.raises(TypeError, match="takes 3 primals and 1 tangents, got 3 arguments"):
        weighted.tangent(x, w, v)


# ---- gradients -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 8, 11, 17])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_X8_the_gradient_is_exact_for_sizes_that_fill_no_whole_pass(size, dtype):
    x = np.arange(1, size + 1, dtype=dtype)
    w = np.arange(size, 0, -1).astype(dtype)
    for _ in range(2):
        value, gradient = weighted.value_and_grad(x, w)
        assert value == weighted.__wrapped__(x, w)
        assert gradient.dtype == dtype
        assert gradient.tolist() == (2 * w * x).tolist()


def test_gradients_have_the_structure_of_the_active_arguments():
    assert line.grad(2.0, 3.0, 1.0) == (3.0, 1.0)
    gradient = line.grad(np.float32(2.0), np.float32(3.0), 1.0)
    assert [type(part) for part in gradient] == [np.float32, float]
    model = Model(np.array([1.0, 2.0]), 0.5, 3)
    found = predict.grad(model, np.array([10.0, 20.0]))
    assert type(found) is Model
    assert found.weights.tolist() == [30.0, 60.0]
    assert found.bias == 1.0
    assert found.steps is None


def test_a_gradient_of_another_size_after_the_first():
    for size in (11, 3, 12, 11):
        x, w = np.arange(1.0, size + 1), np.ones(size)
        assert weighted.grad(x, w, 3).tolist() == (3 * x**2).tolist()


@pytest.mark.parametrize("order", ["C", "F", "A"])
def test_gradients_of_any_layout(order):
    @forward_grad
    def volume(x):
        total = 0.0
        for i in range(x.shape[0]):
            for j in range(x.shape[1]):
                total += (i + 1) * (j + 10) * x[i, j]
        return total

    base = np.arange(30.0).reshape(6, 5)
    x = {"C": base, "F": np.asfortranarray(base), "A": base[::2]}[order]
    expected = np.outer(np.arange(1, len(x) + 1), np.arange(10, 15))
    assert np.array_equal(volume.grad(x), expected)


def test_a_gradient_leaves_a_written_argument_as_one_call_does():
    x = np.arange(1.0, 12.0)
    once = x.copy()
    value = double_in_place.__wrapped__(once)
    found, gradient = double_in_place.value_and_grad(x)
    assert found == value
    assert x.tolist() == once.tolist()
    assert gradient.tolist() == [4.0 * k for k in range(1, 12)]


def test_X4_a_function_independent_of_its_argument_has_zero_slope():
    assert constant.jvp((2.0,), (1.0,)) == (3.0, 0.0)
    assert constant.value_and_grad(np.ones(3))[1].tolist() == [0.0, 0.0, 0.0]


def test_a_gradient_wants_one_float():
    with pytest.raises(TypeError, match=r"returns one float; `squares` returns array"):
        squares.grad(np.ones(3))


def sometimes(s):
    if s > 0.0:
        return s * s
    return None


def test_a_gradient_wants_one_float_on_every_path():
    with pytest.raises(TypeError, match="returns float64 on one path and None on another"):
        forward_grad(sometimes).value_and_grad(2.0)


def copied_before(x):
    still = stop_gradient(x.copy())
    still[0] = 10.0
    return np.sum(x * still)


def copied_after(x):
    still = stop_gradient(x).copy()
    still[0] = 10.0
    return np.sum(x * still)


def test_a_copy_of_what_stands_still_may_be_written_to():
    x, d_x = np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 2.0])
    for function in (copied_before, copied_after):
        assert forward_grad(function).jvp((x,), (d_x,)) == (23.0, 18.0)


def test_stop_gradient_holds_a_value():
    assert stop_gradient(held) is held
    assert held.jvp((3.0,), (1.0,)) == (9.0, 3.0)


# ---- twins ---------------------------------------------------------------------------------


def product(x, y):
    return x * y


def test_twins_take_plain_and_decorated_functions():
    assert jvp(product, (2.0, 3.0), (1.0, 10.0)) == (6.0, 23.0)
    assert jvp(product, (2.0, 3), (1.0, None)) == (6.0, 3.0)
    assert jvp(line, (2.0, 3.0, 1.0), (1.0, 10.0)) == (7.0, 13.0)
    assert value_and_grad(product)(2.0, 3.0) == (6.0, 3.0)
    assert value_and_grad(product, argnums=1)(2.0, 3.0) == (6.0, 2.0)
    assert value_and_grad(product, argnums=(0, 1))(2.0, 3.0) == (6.0, (3.0, 2.0))
    assert value_and_grad(line)(2.0, 3.0, 1.0) == (7.0, (3.0, 1.0))
    assert value_and_grad(line, argnums=1)(2.0, 3.0, 1.0) == (7.0, 2.0)
    with pytest.raises(TypeError, match="one entry for each of primals"):
        jvp(product, (2.0, 3.0), (1.0,))


def test_twins_remember_their_work():
    first = value_and_grad(product, argnums=(0, 1)).__self__
    assert value_and_grad(product, argnums=[0, 1]).__self__ is first


# ---- reading -------------------------------------------------------------------------------


def test_source_is_that_of_the_last_call_and_of_any_signature(capsys):
    @forward_grad
    def area(x):
        return x * x

    with pytest.raises(ValueError, match="`area` has not been called yet"):
        _ = area.source
    for_float = area.source_for(2.0)
    assert "def area_jvp(x, d_x):" in for_float
    assert area.source_for(numba.float64) == for_float
    assert str(area.report()).endswith("area: nothing compiled yet")
    area(2.0)
    assert area.source == for_float
    area.jvp((np.ones(2),), (np.ones(2),))
    assert area.source == area.source_for(np.ones(3)) != for_float
    area.show()
    assert capsys.readouterr().out.strip() == area.source.strip()
    area.show(2.0, stages=True)
    shown = capsys.readouterr().out
    assert shown.count("# ---- ") >= 3
    assert for_float.strip() in shown


def test_a_saved_module_runs_alone_without_numba(tmp_path: Path):
    x, w, v = np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.array([1.0, -1.0])
    expected = weighted.jvp((x, w), (v,))
    weighted.save(tmp_path / "saved.py")
    script = (
        "import sys; sys.modules['numba'] = None\n"
        "import numpy as np, saved\n"
        "x, w, v = np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.array([1.0, -1.0])\n"
        "print(tuple(map(float, saved.weighted_jvp(x, w, 2, v))))\n"
        "assert not any(name.startswith('tangent_fwd') for name in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(expected)


def test_a_failure_of_numba_is_restated_at_the_users_line(monkeypatch: pytest.MonkeyPatch):
    text = "from numba import njit\n\n\n@njit\ndef spoilt(x):\n    return x.nothing\n"

    @forward_grad
    def spoilt(x):
        y = x + 1.0
        return y * y

    line = spoilt.specialiser.function.node.lineno + 2
    program = Program(text, "spoilt", "spoilt", line_map={6: line})
    monkeypatch.setattr(pipeline, "differentiate", lambda *_, **__: program)
    with pytest.raises(TypingFailure) as caught:
        spoilt(2.0)
    told = str(caught.value)
    assert f"test_api.py:{line}:" in told
    assert "return y * y" in told
    assert "note: Unknown attribute 'nothing' of type float64" in told
    assert isinstance(caught.value.__cause__, TypingError)


def test_report_lists_what_was_compiled():
    @forward_grad
    def third(x):
        return x / 3.0

    third(1.0)
    third.jvp((1.0,), (1.0,))
    third.jvp((np.float32(1.0),), (np.float32(1.0),))
    report = third.report()
    assert [row.kind for row in report.compiled] == ["primal", "jvp", "jvp"]
    assert report.signatures == (("float64",), ("float32",))
    assert "jvp (float32)" in str(report)


# ---- the package ---------------------------------------------------------------------------


def test_importing_and_decorating_do_not_import_numba():
    script = (
        "import sys, time; start = time.perf_counter()\n"
        "import tangent_fwd\n"
        "took = time.perf_counter() - start\n"
        "tangent_fwd.forward_grad(lambda x: x)\n"
        "assert 'numba' not in sys.modules\n"
        "print(took)\n"
    )
    took = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
        )
        took.append(float(done.stdout))
        time.sleep(0.05)
    assert min(took) <= 0.3


def test_every_public_name_is_there():
    for name in tangent_fwd.__all__:
        assert getattr(tangent_fwd, name) is not None
        assert name in dir(tangent_fwd)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = tangent_fwd.nothing
