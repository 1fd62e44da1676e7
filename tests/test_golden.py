"""What we emit, kept in files and read: `make golden` writes them anew."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tangent_fwd
from tangent_fwd import forward_grad
from tests import harness, oracle
from tests.golden_functions import CASES, Case
from tests.inputs import direction, fresh

FOLDER = Path(__file__).parent / "golden"
EACH = pytest.mark.parametrize("case", CASES, ids=[c.name for c in CASES])
# The longest run of blank lines that a formatter leaves.
BLANK = 2


def _emitted(case: Case) -> str:
    active = tuple(i in case.active for i in range(len(case.args)))
    return harness.differentiate(case.function, case.args, active, case.lanes, case.order).text


def _kept(case: Case) -> str:
    # The version in the first lines changes with every release; the code does not.
    return _emitted(case).replace(tangent_fwd.__version__, "VERSION")


def _file(case: Case) -> Path:
    return FOLDER / f"{case.name}.py"


def _entry(case: Case) -> str:
    """The name of the entry: the last function of the module that is named after the user's."""
    functions = [
        node.name
        for node in ast.parse(_file(case).read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith(case.function.__name__)
    ]
    return functions[-1]


def test_there_are_enough_cases_and_no_file_without_one() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names)) >= 28
    assert {p.stem for p in FOLDER.glob("*.py")} == set(names)


@EACH
def test_source(case: Case, renew: bool) -> None:
    """The emitted source is the one that was read and accepted."""
    found = _kept(case)
    if renew:
        _file(case).write_text(found)
    assert found == _file(case).read_text()


@pytest.mark.parametrize("case", CASES[::4], ids=[c.name for c in CASES[::4]])
def test_what_an_earlier_derivative_found_out_changes_nothing(case: Case) -> None:
    """The text does not depend on what the function was differentiated for before."""
    harness.before_tangents.cache_clear()
    active = harness.patterns(case.args)[0]
    harness.differentiate(case.function, case.args, active, 2)
    assert _kept(case) == _file(case).read_text()


@EACH
def test_layout(case: Case) -> None:
    """Tidy as a formatter would leave it: width, blanks, and no name without use."""
    text = _emitted(case)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    lines = text.split("\n")
    assert [line for line in lines if len(line) > 100] == []
    assert [line for line in lines if line != line.rstrip()] == []
    assert "\t" not in text
    assert "\n" * (BLANK + 2) not in text
    assert "%" not in text.replace(" % ", ""), "one of our own names"


@EACH
def test_every_name_is_bound_and_every_import_used(case: Case) -> None:
    """What a linter would say of the module: nothing unknown, nothing in vain."""
    run = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F,E9,W,PLE", "-"],
        input=_emitted(case),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout


@EACH
def test_imports_nothing_of_ours(case: Case) -> None:
    found = set()
    for node in ast.walk(ast.parse(_emitted(case))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module).split(".")[0])
    assert found <= {"math", "numpy", "numba"}


def _ways(case: Case) -> list[tuple[Any, ...]]:
    rng = np.random.default_rng(4)
    return [
        tuple(direction(a, rng) if i in case.active else None for i, a in enumerate(case.args))
        for _ in range(case.lanes)
    ]


# What goes on in one goes on in its neighbours; the others are compiled in the slow tests.
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case.name, marks=pytest.mark.slow if place % 4 else ())
        for place, case in enumerate(CASES)
    ],
)
def test_the_file_gives_the_numbers_of_the_compiled_derivative(case: Case) -> None:
    """The kept text, run where numba cannot be imported, against our own calls and the oracle."""
    text = _file(case).read_text()
    program = tangent_fwd.program.Program(text, _entry(case), case.function.__name__)
    run = harness.plain(program)
    function = getattr(case.function, "py_func", case.function)
    tolerance = 1e-5 if harness.single(case.args) else 1e-12
    if not case.active:
        found = run(*fresh(case.args))
        assert oracle.distance(found, function(*fresh(case.args))) < tolerance
        assert oracle.distance(found, forward_grad(case.function)(*fresh(case.args))) < tolerance
        return
    ways = _ways(case)
    if case.order == 2:
        tangents = tuple(ways[0][i] for i in case.active)
        made = forward_grad(case.function, argnums=case.active)
        expected = made.directional2(fresh(case.args), fresh(tangents))
        assert oracle.distance(run(*fresh(case.args), *fresh(tangents)), expected) < tolerance
        return
    value, slopes, _, _ = harness.run(run, case.args, ways)
    made = forward_grad(case.function, argnums=case.active)
    for way, slope in zip(ways, slopes, strict=True):
        tangents = fresh(tuple(way[i] for i in case.active))
        expected = made.jvp(fresh(case.args), tangents)
        assert oracle.distance((value, slope), expected) < tolerance
        truth = oracle.tangent(function, case.args, way)
        assert oracle.distance(slope, truth.value) < max(tolerance, 1e-9)


def test_a_module_runs_in_a_process_without_numba_and_without_us(tmp_path: Path) -> None:
    """Not only with the import blocked: another interpreter, nothing but NumPy on its path."""
    site = Path(np.__file__).parents[1]
    (tmp_path / "numpy").symlink_to(site / "numpy")
    if (site / "numpy.libs").exists():
        (tmp_path / "numpy.libs").symlink_to(site / "numpy.libs")
    (tmp_path / "emitted.py").write_text((FOLDER / "rosenbrock.py").read_text())
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import numpy as np;"
        "from emitted import rosenbrock_jvp;"
        "value, slope = rosenbrock_jvp(np.array([0.5, 0.25, 2.0]), np.array([1.0, 0.0, 0.0]));"
        "print(float(value), float(slope), {'numba', 'tangent_fwd'} & set(sys.modules) or '')"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    value, slope = map(float, run.stdout.split())  # a third word would be a module too many
    # By hand: the terms are 1/2, 0, 3/4 and 2 - 1/16; the slope is -2 (1 - x) where x1 = x0 ** 2.
    assert value == pytest.approx(0.25 + 0.5625 + 100.0 * 1.9375**2)
    assert slope == pytest.approx(-1.0)
