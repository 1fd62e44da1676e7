"""The same objects inside the user's own compiled code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba import cfunc, njit, prange, types, vectorize
from numba.core.errors import TypingError

from tangent_fwd import forward_grad, stop_gradient
from tangent_fwd.errors import TangentError
from tangent_fwd.testing import check_jvp


@forward_grad
def energy(x, scale=0.5):
    """Half the squared length."""
    total = 0.0
    for i in range(x.size):
        total += x[i] * x[i]
    return scale * total


@forward_grad(argnums=(0, 1))
def ratio(a, b):
    return a / b


X = np.array([3.0, 4.0])
V = np.array([1.0, 0.5])


def test_as_globals():
    @njit
    def run(x, v):
        primal = energy(x, 0.5)
        value, slope = energy.tangent(x, 0.5, v)
        again, twice = energy.jvp((x, 0.5), (v,))
        return primal, value, slope, again, twice

    assert run(X, V) == (12.5, 12.5, 5.0, 12.5, 5.0)


def test_as_a_closure_variable():
    def make(tangent):
        @njit
        def run(x, v):
            return tangent(x, 0.5, v)

        return run

    assert make(energy.tangent)(X, V) == (12.5, 5.0)


def test_as_arguments():
    @njit
    def run(f, tangent, a, b):
        return f(a, b), tangent(a, b, 1.0, 0.0)

    assert run(ratio, ratio.tangent, 6.0, 3.0) == (2.0, (2.0, 1.0 / 3.0))


def test_as_a_local_name():
    @njit
    def run(x, v):
        f = energy
        slope = f.tangent
        return f(x) + slope(x, 0.5, v)[1]

    assert run(X, V) == 17.5


def test_defaults_and_keywords():
    @njit
    def run(x):
        return energy(x), energy(x, scale=2.0), energy(x=x), energy(scale=2.0, x=x)

    assert run(X) == (12.5, 50.0, 12.5, 50.0)

    @njit
    def divide():
        return ratio(b=2.0, a=3.0)

    assert divide() == 1.5


@forward_grad
def with_defaults(a, n=2, flag=True, name="b", absent=None, rates=X, pair=(1, 2.0)):
    if absent is None and flag and name == "b":
        a = a * rates[1] * pair[1]
    return n, a, flag, pair


def test_defaults_that_are_returned():
    """A number that stands in the code has a type of its own in numba, which no result has."""

    @njit
    def run(a):
        return with_defaults(a), with_defaults(a, 3)

    scaled = 0.5 * X[1] * 2.0
    assert run(0.5) == ((2, scaled, True, (1, 2.0)), (3, scaled, True, (1, 2.0)))


def test_each_type_gets_its_own_code():
    @njit
    def run(x, v):
        return energy.tangent(x, x[0], v)

    for x, v in ((X, V), (X.astype(np.float32), V.astype(np.float32)), (X[::-1], V[::-1])):
        value, slope = run(x, v)
        assert value == x[0] * 25.0
        assert slope == x[0] * 2.0 * (x @ v)
    kinds = energy.report().signatures
    assert ("array(float32, 1d, C)", "float32") in kinds
    assert ("array(float64, 1d, A)", "float64") in kinds


def test_integer_literals_become_floats_where_a_direction_is_meant():
    @njit
    def run(a):
        return ratio.tangent(a, 2.0, 1, 0)

    assert run(6.0) == (3.0, 0.5)


def test_a_whole_loop_of_steps():
    @njit
    def descend(x, rate, steps):
        v = np.zeros(x.size)
        g = np.zeros(x.size)
        for _ in range(steps):
            for i in range(x.size):
                v[i] = 1.0
                g[i] = energy.tangent(x, 0.5, v)[1]
                v[i] = 0.0
            for i in range(x.size):
                x[i] -= rate * g[i]
        return energy(x)

    x = X.copy()
    assert descend(x, 0.5, 10) == pytest.approx(12.5 * 0.25**10, rel=1e-12)


def test_exceptions_reach_the_caller():
    @forward_grad
    def guarded(x):
        if x < 0.0:
            raise ValueError("negative")
        return x * x

    @njit
    def run(x):
        return guarded.tangent(x, 1.0)

    assert run(2.0) == (4.0, 4.0)
    with pytest.raises(ValueError, match="negative"):
        run(-1.0)
    with pytest.raises(ValueError, match="negative"):
        guarded.jvp((-1.0,), (1.0,))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda x: energy.tangent(x, 0.5), "takes 2 primals and 1 tangents, got 2 arguments"),
        (lambda x: energy.tangent(x, 0.5, 1.0), "`d_x` has type float64, expected array"),
        (lambda x: energy(), "takes 2 arguments; the call lacks `x`"),
        (lambda x: energy(x, 1.0, 2.0), "the call got 3 arguments"),
        (lambda x: energy(x, size=1.0), "cannot place the argument `size`"),
        (lambda x: energy.jvp(x, x), "takes a tuple of primals and a tuple of tangents"),
        (lambda x: energy.slope(x), "Unknown attribute 'slope'"),
    ],
)
def test_wrong_calls_are_typing_errors_with_a_sentence(wrong, message):
    with pytest.raises(TypingError, match=message):
        njit(wrong)(X)


def test_what_we_refuse_is_refused_with_our_own_error():
    @forward_grad
    def strange(x):
        return np.random.poisson(x)

    @njit
    def run(x):
        return strange.tangent(x, 1.0)

    with pytest.raises(TangentError, match="poisson"):
        run(1.0)


def test_stop_gradient_is_the_identity_in_compiled_code():
    @njit
    def run(x):
        return stop_gradient(x) + 1.0

    assert run(2.0) == 3.0


def test_the_types_are_one_for_each_object():
    kind = energy._numba_type_
    assert kind is energy._numba_type_
    assert kind != ratio._numba_type_
    assert kind != energy.tangent._numba_type_
    assert isinstance(kind, types.Callable)


MODULE = """
import numpy as np
from numba import njit
from tangent_fwd import forward_grad

@forward_grad
def loss(x):
    return np.sum(np.exp(x))

@njit(cache=True)
def slope(x, v):
    return loss.tangent(x, v)[1]
"""

SCRIPT = """
import numpy as np, mine
x = np.linspace(0.0, 1.0, 1000)
slope = mine.slope(x, np.ones(1000))
assert abs(slope / np.sum(np.exp(x)) - 1.0) < 1e-12, slope
print(sum(mine.slope.stats.cache_hits.values()), sum(mine.slope.stats.cache_misses.values()))
"""


def test_a_cached_caller_is_read_back_with_the_derivative_inside(tmp_path: Path):
    (tmp_path / "mine.py").write_text(MODULE)
    said = []
    root = str(Path(__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, str(tmp_path)])}
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", SCRIPT],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        said.append(done.stdout.split())
    assert said == [["0", "1"], ["1", "0"]]


# ---- other kinds of compiled code --------------------------------------------------------------


def test_in_parallel_loops():
    @njit(parallel=True)
    def slopes(xs, vs):
        found = np.zeros(xs.shape[0])
        total = 0.0
        for i in prange(xs.shape[0]):
            found[i] = energy.tangent(xs[i], 0.5, vs[i])[1] + energy(xs[i])
            total += energy.jvp((xs[i], 0.5), (vs[i],))[1]
        return found, total

    factors = np.linspace(1.0, 2.0, 37)
    found, total = slopes(np.outer(factors, X), np.tile(V, (37, 1)))
    np.testing.assert_allclose(found, factors * (X @ V) + 12.5 * factors**2, rtol=1e-14)
    assert total == pytest.approx(5.0 * np.sum(factors), rel=1e-14)


def test_in_callbacks_ufuncs_and_classes():
    @cfunc(types.float64(types.float64))
    def callback(a):
        return (
            ratio.tangent(a, 2.0, 1.0, 0.0)[1] + ratio(a, 2.0) + ratio.jvp((a, 2.0), (1.0, 0.0))[0]
        )

    assert callback.ctypes(3.0) == 3.5

    @vectorize(["float64(float64)"])
    def slope(a):
        return ratio.tangent(a, 2.0, 1.0, 0.0)[1]

    assert slope(np.ones(3)).tolist() == [0.5] * 3


@vectorize
def hinge(a, b):
    return a * a if a > b else np.sin(a) * b


@pytest.mark.slow
def test_functions_of_vectorize_go_over_arrays():
    @vectorize(["float64(float64)"])
    def cube(a):
        return a * a * a

    def both(x, X, s):
        return np.sum(hinge(x, s)) + hinge(X, x) * hinge(2.0, s) + cube(x) * cube(s)

    x, s = np.array([0.3, 1.2, 0.5]), 0.7
    args = x, np.array([[1.0, 0.2, 3.0], [0.1, 2.0, 0.3]]), s
    made = forward_grad(both, argnums=(0, 1, 2))
    np.testing.assert_allclose(made(*args), njit(both)(*args), rtol=1e-14)
    check_jvp(made, args)


def test_methods_are_values_as_well():
    @njit
    def run(f, jvp, a, b):
        return f.jvp((a, b), (1.0, 0.0)), f.tangent(a, b, 0.0, 1.0), jvp((a, b), (1.0, 0.0))

    both = (2.0, 1.0 / 3.0)
    assert run(ratio, ratio.jvp, 6.0, 3.0) == (both, (2.0, -2.0 / 3.0), both)

    @njit
    def pairs(functions, a, b):
        return functions[0](a, b), functions[1](a, b, 1.0, 0.0)

    assert pairs((ratio, ratio.tangent), 6.0, 3.0) == (2.0, both)
    step = ratio.jvp

    @njit
    def captured(a):
        return step((a, 3.0), (1.0, 0.0))

    assert captured(6.0) == both


def test_second_order_in_compiled_code():
    @njit
    def newton(a):
        """Where the square of a ratio's distance to 3 is least."""
        for _ in range(3):
            _, slope, curvature = distance.directional2((a,), (1.0,))
            a -= slope / curvature
        return a

    @forward_grad
    def distance(a):
        return (ratio(a, 2.0) - 3.0) ** 2

    assert newton(1.0) == pytest.approx(6.0, rel=1e-15)
    way = distance.directional2

    @njit
    def run(way):
        return way((1.0,), (1.0,))

    assert run(way) == distance.directional2((1.0,), (1.0,)) == (6.25, -2.5, 0.5)


@pytest.mark.parametrize("name", ["value_and_grad", "grad", "jacobian", "hvp", "hessian"])
def test_what_works_from_python_only_says_so(name):
    namespace = {"energy": energy}
    exec(f"def run(x):\n    return energy.{name}(x)\n", namespace)
    with pytest.raises(TypingError, match=f"`energy.{name}` works from Python only"):
        njit(namespace["run"])(X)


def test_a_declared_function_type_takes_a_wrapper():
    """Numba asks an object for one address, but these have one for each combination of types."""
    kind = types.FunctionType(types.float64(types.float64, types.float64))

    @njit(types.float64(kind, types.float64, types.float64))
    def apply(f, a, b):
        return f(a, b)

    with pytest.raises(TypeError, match=r"No matching definition .*forward_grad\(ratio\)"):
        apply(ratio, 6.0, 3.0)

    @njit
    def wrapped(a, b):
        return ratio(a, b)

    assert apply(wrapped, 6.0, 3.0) == 2.0
