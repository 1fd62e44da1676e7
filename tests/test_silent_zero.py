"""The worst that could happen: an active value goes through something, and its tangent is lost.

Every function of NumPy and of `math`, and every attribute and method of an array, is put on an
active value. Each is either refused, with a message at its place, or its derivative is right.
"""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tangent_fwd.errors import TangentError
from tests import harness, oracle

# Calls that open files, print for ever or end the process; their tangent is nobody's question.
# The last ones give whatever the memory held.
LEAVE = {"empty", "empty_like", "test",
         "show_config", "show_runtime", "info", "fromfile", "save", "savez", "savetxt",
         "savez_compressed", "load", "loadtxt", "genfromtxt", "memmap", "DataSource", "get_include",
         "setbufsize", "seterr", "set_printoptions", "seterrcall", "source", "lookfor",
         "array2string", "printoptions", "errstate", "nested_iters"}  # fmt: skip
VECTOR = np.array([0.31, 0.72, 0.55])
MATRIX = np.array([[0.4, 0.3], [0.2, 0.9]])


def _callables(holder: ModuleType) -> list[str]:
    return [
        name
        for name in sorted(dir(holder))
        if not name.startswith("_")
        and name not in LEAVE
        and callable(getattr(holder, name))
        and not (isinstance(getattr(holder, name), type) and issubclass(getattr(holder, name),
                                                                        Exception))
    ]  # fmt: skip


def _texts() -> dict[str, str]:
    """Programs of one line, by name."""
    made = {}
    for name in _callables(np):
        made[f"np_{name}"] = f"np.sum(np.{name}(x) * 1.5)"
        made[f"np_{name}_two"] = f"np.sum(np.{name}(x, y) * 1.5)"
    for name in _callables(np.linalg):
        made[f"linalg_{name}"] = f"np.sum(np.linalg.{name}(A) * 1.5)"
    for name in _callables(math):
        made[f"math_{name}"] = f"math.{name}(x[0]) * 1.5"
        made[f"math_{name}_two"] = f"math.{name}(x[0], x[1]) * 1.5"
    for name in (n for n in dir(np.ndarray) if not n.startswith("_")):
        if name in ("tofile", "dump", "dumps"):
            continue
        if callable(getattr(np.ndarray, name)):
            made[f"method_{name}"] = f"np.sum(x.{name}() * 1.5)"
        else:
            made[f"attribute_{name}"] = f"np.sum(x.{name} * 1.5)"
            made[f"attribute_{name}_element"] = f"x.{name}[0] * 1.5"
    return made


TEXTS = _texts()


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The programs, in a file as programs are."""
    path = Path(tmp_path_factory.mktemp("silent")) / "one_liners.py"
    functions = [
        f"def {name}({'A' if 'A)' in text else 'x, y'}):\n    return {text}\n"
        for name, text in TEXTS.items()
    ]
    path.write_text("import math\n\nimport numpy as np\n\n\n" + "\n\n".join(functions))
    spec = importlib.util.spec_from_file_location("one_liners", path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.mark.parametrize(
    "name",
    # Most functions refuse a second array, at some cost of time.
    [
        pytest.param(n, marks=pytest.mark.slow if n.endswith("_two") or place % 4 else ())
        for place, n in enumerate(TEXTS)
        if not n.endswith("_two") or place % 3 == 0
    ],
)
def test_refused_or_right(name: str, module: Any) -> None:
    function = getattr(module, name)
    args = (MATRIX,) if "A)" in TEXTS[name] else (VECTOR, VECTOR[::-1] * 0.7)
    active = tuple(i == 0 for i in range(len(args)))
    try:
        program = harness.differentiate(function, args, active, 1)
    except TangentError:
        return
    way = (np.linspace(0.4, 1.1, args[0].size).reshape(args[0].shape),
           *(None for _ in args[1:]))  # fmt: skip
    try:
        truth = oracle.extrapolated_difference(function, args, way, 0.005)
    except Exception:
        # NumPy refuses the call when it runs, and so may what we made of it.
        return
    try:
        value, (slope,), _, _ = harness.run(harness.plain(program), args, [way])
    except ValueError as error:
        # Of real numbers numba makes no complex ones, and neither does what we made of the call.
        assert "domain change" in str(error)  # noqa: PT017
        return
    assert oracle.distance(value, function(*args)) < 1e-12
    assert oracle.distance(slope, truth.value) < 1e-7 + 10.0 * truth.error
