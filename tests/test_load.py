"""Emitted text becomes a module: where it lives, what it computes, and when it is compiled."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import threading
import traceback
from pathlib import Path

import numpy as np
import pytest

from tangent_fwd.backend import cpu
from tangent_fwd.backend.load import load
from tangent_fwd.options import Options

HEAD = '''"""Forward-mode derivative, generated."""
import numpy as np
try:
    from numba import njit
except ImportError:
    def njit(**options):
        return lambda function: function

'''

SQUARES = (
    HEAD
    + '''@njit(error_model="numpy")
def square_jvp(a, d_a):
    return a * a, 2.0 * a * d_a


@njit(error_model="numpy")
def squares_jvp(x, d_x):
    """Sum of squares."""
    d_total = 0.0
    total = 0.0
    for i in range(x.size):
        term, d_term = square_jvp(x[i], d_x[i])
        d_total += d_term  # any order
        total += term  # any order
    return total, d_total
'''
)

OTHER_PROCESS = """
import sys
from pathlib import Path
import numpy as np
from tangent_fwd.backend.load import load
from tangent_fwd.options import Options

text = Path(sys.argv[1]).read_text()
module = load(text, "squares", "squares_jvp", Options(), "f8[::1], f8[::1]")
x = np.arange(5.0)
assert module.squares_jvp(x, np.ones(5)) == (30.0, 20.0)
stats = module.squares_jvp.stats
print(sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
"""


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder that nothing was put in yet."""
    monkeypatch.setenv("TANGENT_FWD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def squares(**options: bool):
    return load(SQUARES, "squares", "squares_jvp", Options(**options), "f8[::1], f8[::1]")


def run_python(script: str, *arguments: str, **environment: str) -> str:
    """Run a script in a new process and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, *arguments],
        env={**os.environ, **environment},
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_module_computes_and_is_a_real_file(fresh):
    module = squares()
    assert module.squares_jvp(np.arange(4.0), np.ones(4)) == (14.0, 12.0)
    assert Path(module.__file__).read_text() == SQUARES
    assert Path(module.__file__).is_relative_to(fresh)
    assert sys.modules[module.__name__] is module
    assert inspect.getsource(module.square_jvp.py_func).startswith("@njit")


def test_every_function_of_the_module_is_compiled_by_us(fresh):
    text = HEAD + (
        "@njit\ndef ratio(a):\n    return 1.0 / a\n\n\n@njit\ndef entry(a):\n    return ratio(a)\n"
    )
    module = load(text, "ratio", "entry", Options(), "f8")
    # numba's own error model, which the text asks for, would raise ZeroDivisionError.
    assert module.entry(0.0) == np.inf
    assert module.ratio.targetoptions["error_model"] == "numpy"


def test_functions_from_elsewhere_are_left_alone(fresh):
    first = squares()
    text = HEAD + (
        f"from {first.__name__} import square_jvp\n\n\n"
        "@njit\ndef entry(a):\n    return square_jvp(a, 1.0)[1]\n"
    )
    module = load(text, "borrower", "entry", Options(), "f8")
    assert module.square_jvp is first.square_jvp
    assert module.entry(3.0) == 6.0


def test_the_same_text_is_the_same_module(fresh):
    assert squares() is squares()


@pytest.mark.parametrize("option", ["fastmath", "parallel"])
def test_options_make_another_module(fresh, option):
    assert squares(**{option: True}) is not squares()


def test_signature_makes_another_module(fresh):
    other = load(SQUARES, "squares", "squares_jvp", Options(), "f4[::1], f4[::1]")
    assert other is not squares()


def test_traceback_shows_the_emitted_line(fresh):
    text = HEAD + "def entry(x):\n    return x[3]  # the fourth\n"
    module = load(text, "short", "entry", Options(), "")
    with pytest.raises(IndexError) as caught:
        module.entry([])
    assert "return x[3]  # the fourth" in "".join(traceback.format_tb(caught.value.__traceback__))


@pytest.mark.parametrize("way", ["option", "variable"])
def test_without_a_cache_the_text_stays_in_memory(fresh, monkeypatch, way):
    if way == "variable":
        monkeypatch.setenv("TANGENT_FWD_CACHE", "0")
    module = squares(cache=way == "variable")
    assert module.squares_jvp(np.arange(4.0), np.ones(4)) == (14.0, 12.0)
    assert not fresh.exists()
    assert not os.path.exists(module.__file__)
    assert inspect.getsource(module.squares_jvp.py_func).startswith("@njit")
    assert module.squares_jvp.stats.cache_path is None


def test_a_missing_entry_is_an_error(fresh):
    with pytest.raises(ValueError, match="'nothing'"):
        load(SQUARES, "squares", "nothing", Options(), "")


def test_a_text_that_fails_leaves_no_module(fresh):
    before = set(sys.modules)
    with pytest.raises(ZeroDivisionError):
        load("1 / 0\n", "broken", "entry", Options(), "")
    assert not {name for name in set(sys.modules) - before if "broken" in name}


def test_a_name_may_be_anything(fresh):
    module = load(SQUARES, "<lambda> ../é", "squares_jvp", Options(), "strange name")
    assert Path(module.__file__).parent.parent == fresh
    assert module.__name__.rpartition(".")[2].isidentifier()


def test_functions_in_a_circle_are_not_kept(fresh):
    text = HEAD + (
        "@njit\ndef even(n):\n    if n == 0:\n        return True\n    return odd(n - 1)\n\n\n"
        "@njit\ndef odd(n):\n    if n == 0:\n        return False\n    return even(n - 1)\n"
    )
    module = load(text, "circle", "even", Options(), "i8")
    assert module.even(10)
    assert not list(fresh.rglob("*.object"))


def test_a_second_process_compiles_nothing(fresh, tmp_path):
    text = tmp_path / "text.py"
    text.write_text(SQUARES)
    assert run_python(OTHER_PROCESS, str(text)).split() == ["0", "1"]
    assert run_python(OTHER_PROCESS, str(text)).split() == ["1", "0"]


def test_eight_threads_at_the_first_call(fresh):
    gate = threading.Barrier(8)
    results: list[object] = []

    def call() -> None:
        gate.wait()
        module = squares()
        results.append((module, module.squares_jvp(np.arange(4.0), np.ones(4))))

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [(squares(), (14.0, 12.0))] * 8
    assert len(squares().squares_jvp.overloads) == 1


def test_numba_switched_off(fresh, tmp_path):
    text = tmp_path / "text.py"
    text.write_text(SQUARES)
    script = OTHER_PROCESS.split("stats =")[0]
    run_python(script, str(text), NUMBA_DISABLE_JIT="1")


def test_importing_the_backend_does_not_import_numba():
    run_python(
        "import sys\n"
        "from tangent_fwd.backend import cache, cpu, load, vector_math\n"
        "vector_math.library()\n"
        "assert 'numba' not in sys.modules and 'llvmlite' not in sys.modules\n"
    )


def test_fast_flags_keep_the_checks_for_nan(fresh):
    text = HEAD + "@njit\ndef entry(x):\n    return np.isnan(x) or x != x or np.isinf(x)\n"
    module = load(text, "checks", "entry", Options(fastmath=True), "f8")
    assert module.entry(np.nan) and module.entry(np.inf) and not module.entry(1.0)


def test_a_signature_given_beforehand_is_kept_too(fresh):
    dispatcher = squares().square_jvp
    dispatcher.compile("(f8, f8)")
    assert list(fresh.rglob("square_jvp-*.object"))
    assert cpu.is_dispatcher(dispatcher)


USERS_MODULE = """
import sys
from pathlib import Path
import numpy as np
from numba import njit
import tangent_fwd.backend

def derivative(text):
    from tangent_fwd.backend.load import load
    from tangent_fwd.options import Options
    return load(text, "squares", "squares_jvp", Options(), "f8[::1], f8[::1]").squares_jvp

squares_jvp = derivative(Path(sys.argv[1]).read_text()) if sys.argv[2] == "first" else None

@njit(cache=True)
def own(x):
    return squares_jvp(x, np.ones(5))

assert own(np.arange(5.0)) == (30.0, 20.0)
print(sum(own.stats.cache_hits.values()))
"""


def test_a_users_cached_function_finds_what_it_was_compiled_with(fresh, tmp_path):
    text = tmp_path / "text.py"
    # Something that calls the vector library and NumPy's BLAS, which must be there before it is.
    one = "np.tanh(a * a + 50.0) * (np.ones((2, 2)) @ np.full((2, 2), 0.5))[0, 0]"
    text.write_text(SQUARES.replace("return a * a,", f"return a * a * {one},"))
    user = tmp_path / "user.py"
    user.write_text(USERS_MODULE)
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import user"
    assert run_python(script, str(text), "first").split() == ["0"]
    assert run_python(script, str(text), "second").split() == ["1"]
