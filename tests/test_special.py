"""SciPy's special functions in compiled code: where they are found, and that they stay found."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest
from scipy import special as scipys

from tangent_fwd import forward_grad
from tangent_fwd.backend import load as loading
from tangent_fwd.backend import special
from tangent_fwd.frontend.names import key_of
from tangent_fwd.rules.dtypes import special_result
from tangent_fwd.rules.rule import SCIPY

NAMES = sorted(special.rows())
# These have no entry in C; numba compiles what we wrote.
WRITTEN = {"zeta", "polygamma"}


def test_every_function_with_a_rule_is_found():
    assert set(NAMES) == set(special.library()) | WRITTEN
    assert set(NAMES) >= SCIPY


@pytest.mark.parametrize("name", NAMES)
def test_dtypes_are_scipys(name):
    row = special.rows()[name]
    kinds = [("i8",) if k in row.whole else ("f8", "f4", "i8") for k in range(len(row.args))]
    for dtypes in itertools.product(*kinds):
        arrays = [np.full(2, 0.5 if dtype[0] == "f" else 1, dtype) for dtype in dtypes]
        with np.errstate(all="ignore"):
            expected = getattr(scipys, name)(*arrays).dtype
        given = tuple(numba.typeof(a).dtype for a in arrays)
        assert str(special_result(f"scipy.special.{name}", given)) == str(expected), dtypes


def test_names_in_a_compiled_module_are_those_of_scipy():
    """So that the derivative of a derivative finds its rules."""
    inside = special.stand_in()
    for name in NAMES:
        found = getattr(inside, name)
        assert key_of(found) == key_of(getattr(scipys, name)) == f"scipy.special.{name}"
    assert inside.j0(0.5) == scipys.j0(0.5)
    assert inside.polygamma(1, 0.5) == scipys.polygamma(1, 0.5)


@pytest.mark.parametrize("x", [1.0, 1.5, 3.0, 25.0, 120.0, 0.5])
@pytest.mark.parametrize("q", [0.05, 1.0, 7.5, 11.9, 300.0, -1.5, -2.0, 0.0])
def test_zeta_is_scipys(x, q):
    zeta = special.stand_in().zeta

    @numba.njit
    def compiled(x, q):
        return zeta(x, q)

    np.testing.assert_allclose(compiled(x, q), scipys.zeta(x, q), rtol=4e-15)


SCRIPT = """
import sys
import numba, numpy as np
from scipy import special
from tangent_fwd import forward_grad

@forward_grad
def f(x):
    return np.sum(special.gammainc(2.5, x) * special.j1(x)) + special.zeta(2.0, x[0])

@numba.njit(cache=True)
def g(x, v):
    return f.tangent(x, v)

x, v = np.linspace(0.3, 2.0, 5), np.ones(5)
first = g(x, v) if sys.argv[1] == "callers" else f.jvp((x,), (v,))
print(*map(float.hex, first), sum(g.stats.cache_hits.values()), f.report())
"""


@pytest.mark.parametrize("who", ["callers", pytest.param("ours", marks=pytest.mark.slow)])
def test_cached_code_runs_in_a_second_process(who, tmp_path, monkeypatch):
    """Code that a user's cached function carries too, which is read before anything of ours."""
    monkeypatch.setenv("TANGENT_FWD_CACHE", str(tmp_path / "cache"))
    (tmp_path / "script.py").write_text(SCRIPT)
    found = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "script.py", who],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            env={**__import__("os").environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
        )
        assert done.returncode == 0, done.stderr
        found.append(done.stdout)
    assert found[0].split()[:2] == found[1].split()[:2]
    assert found[1].split()[2] == ("1" if who == "callers" else "0")
    assert len(list(tmp_path.rglob("*_jvp-*.object"))) == 1


def test_the_version_of_scipy_is_in_the_key_where_it_matters(monkeypatch):
    text = f"\n{special.IMPORT}\n"
    options = loading.Options()
    keys = [loading._key(t, options, "") for t in (text, "")]
    monkeypatch.setattr("scipy.__version__", "0.0")
    assert loading._key(text, options, "") != keys[0]
    assert loading._key("", options, "") == keys[1]


def test_a_saved_module_runs_alone(tmp_path):
    @forward_grad
    def ripple(x):
        return special_j0(x) * x

    expected = ripple.jvp((0.5,), (1.0,))
    ripple.save(tmp_path / "saved.py")
    done = subprocess.run(
        [sys.executable, "-c", "import saved; print(*map(float, saved.ripple_jvp(0.5, 1.0)))"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.split() == list(map(str, expected)), done.stderr


special_j0 = scipys.j0


def test_a_users_own_compiled_functions_are_left_alone():
    """Nothing is registered with numba for SciPy's functions."""
    special.stand_in()
    with pytest.raises(numba.core.errors.TypingError):
        numba.njit(lambda x: special_j0(x))(0.5)


def arguments(name, row):
    """Some that the function is defined for."""
    for given in ((1.6, 0.35, 0.2, 0.7), (0.35, 0.7, 0.2), (1.0, 0.7, 0.2), (0.35,), (-0.35,)):
        reals = iter(given)
        count = len(row.args) - len(row.whole)
        if count > len(given) or (count == 1 and len(given) > 1):
            continue
        found = tuple(2 if k in row.whole else next(reals) for k in range(len(row.args)))
        if not np.isnan(getattr(scipys, name)(*found)):
            return found
    raise AssertionError(name)


def test_each_name_stands_for_its_own_function():
    """All in one function: compiling each alone would take minutes."""
    calls = {name: arguments(name, row) for name, row in special.rows().items()}
    texts = ", ".join(f"special.{name}{args}".replace(",)", ")") for name, args in calls.items())
    known = {"special": special.stand_in()}
    exec(f"def values():\n    return ({texts})\n", known)
    values = numba.njit(known["values"])()
    expected = [getattr(scipys, name)(*args) for name, args in calls.items()]
    assert not np.isnan(expected).any()
    np.testing.assert_allclose(values, expected, rtol=1e-15)
