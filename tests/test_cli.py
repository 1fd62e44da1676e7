"""The command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tangent_fwd.cli import main, numba_type


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    status = main(list(arguments))
    said = capsys.readouterr()
    return status, said.out, said.err


def test_show_guesses_types(capsys):
    status, out, err = run(capsys, "show", "tangent_fwd.samples:rosenbrock")
    assert (status, err) == (0, "")
    assert out.startswith("# for x: float64[:]\n")
    assert "def rosenbrock_jvp(x, d_x):" in out


def test_show_with_types_and_stages(capsys):
    _, plain, _ = run(capsys, "show", "tangent_fwd.samples:rosenbrock", "float32[:]")
    status, out, _ = run(capsys, "show", "tangent_fwd.samples:rosenbrock", "float32[:]", "--stages")
    assert status == 0
    assert out.count("# ---- ") >= 3
    assert plain.strip() in out


def test_show_takes_plain_functions_files_and_positions(capsys, tmp_path: Path):
    path = tmp_path / "shapes.py"
    path.write_text("def area(width: float, height: float):\n    return width * height\n")
    status, out, _ = run(capsys, "show", f"{path}:area", "--argnums", "1")
    assert status == 0
    assert "# for width: float64, height: float64" in out
    assert "def area_jvp(width, height, d_height):" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "rosenbrock"), "names no function"),
        (("show", "no.such.module:f"), "No module named"),
        (("show", "tangent_fwd.samples:nothing"), "no attribute 'nothing'"),
        (("show", "no_such_file.py:f"), "there is no file"),
        (("show", "tangent_fwd:TangentError"), "expected a Python function"),
        (("show", "tangent_fwd.samples:rosenbrock", "float65"), "'float65' is not a type"),
        (("show", "tangent_fwd.samples:rosenbrock", "float64", "int64"), "takes 1 arguments"),
    ],
)
def test_bad_usage_is_a_sentence(capsys, arguments, message):
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert message in err


def test_a_refusal_is_printed_with_its_place(capsys, tmp_path: Path):
    path = tmp_path / "draws.py"
    path.write_text("import numpy as np\n\n\ndef f(x):\n    return np.random.zipf(x)\n")
    status, _, err = run(capsys, "show", f"{path}:f", "float64")
    assert status == 1
    assert "draws.py:5:" in err
    assert "np.random.zipf(x)" in err


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("float64", "float64"),
        ("boolean", "bool"),
        ("float32[:]", "array(float32, 1d, C)"),
        ("int64[:, :]", "array(int64, 2d, C)"),
        ("(float64[:], int32)", "Tuple(array(float64, 1d, C), int32)"),
    ],
)
def test_types_are_written_as_numba_writes_them(text, name):
    assert str(numba_type(text)) == name


@pytest.mark.parametrize("text", ["", "x", "float64[3]", "__import__('os')", "float64 | int64"])
def test_what_is_no_type_is_never_evaluated(text):
    with pytest.raises(ValueError, match="is not a type"):
        numba_type(text)


def test_rules(capsys):
    status, out, _ = run(capsys, "rules", "tanh")
    assert status == 0
    assert "numpy.tanh" in out
    status, _, err = run(capsys, "rules", "no such rule")
    assert status == 1
    assert "no rule" in err


def test_cache(capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TANGENT_FWD_CACHE", str(tmp_path / "cache"))
    assert "0 entries" in run(capsys, "cache", "info")[1]
    assert run(capsys, "cache", "verify")[1] == "every file is what was written\n"
    assert run(capsys, "cache", "clear")[1] == "0 entries deleted\n"
    monkeypatch.setenv("TANGENT_FWD_CACHE", "0")
    assert "switched off" in run(capsys, "cache", "info")[1]


def test_doctor_finds_this_installation_well():
    done = subprocess.run(
        [sys.executable, "-m", "tangent_fwd", "doctor"], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert "derivative: right" in done.stdout
    assert "numba" in done.stdout


def test_a_reader_that_has_gone_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        done = subprocess.run(
            [sys.executable, "-m", "tangent_fwd", "rules"],
            stdout=gone,
            stderr=subprocess.PIPE,
            text=True,
            timeout=300,
        )
    assert done.returncode == 1 and done.stderr == ""


def test_usage():
    done = subprocess.run(
        [sys.executable, "-m", "tangent_fwd", "--help"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0
    for command in ("show", "doctor", "cache", "rules"):
        assert command in done.stdout
