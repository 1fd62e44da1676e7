"""What the README shows is what comes out."""

from __future__ import annotations

import contextlib
import io
import linecache
import re
from pathlib import Path

import numpy as np
import pytest

README = (Path(__file__).parent.parent / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.S)


def test_the_first_screen_runs_and_prints_what_it_says() -> None:
    first, derivative, step = BLOCKS[:3]
    name = "readme.py"
    linecache.cache[name] = (len(first), None, first.splitlines(keepends=True), name)
    scope: dict[str, object] = {"__name__": "readme"}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(first, name, "exec"), scope)
    assert printed.getvalue().strip().endswith(derivative.strip())
    assert (scope["value"], scope["slope"]) == (201.0, -400.0)
    exec("rng = np.random.default_rng(0)\n" + step, scope)


@pytest.mark.slow
def test_the_training_lines_train() -> None:
    block = next(b for b in BLOCKS if "ForwardGradient" in b)
    setup, fit = block.split("trainer.fit", 1)
    name = "readme_training.py"
    linecache.cache[name] = (len(setup), None, setup.splitlines(keepends=True), name)
    rng = np.random.default_rng(0)
    layers = (rng.normal(size=(6, 4)), np.zeros(4)), (rng.normal(size=(4, 3)), np.zeros(3))
    scope: dict[str, object] = {"__name__": "readme", "params": layers}
    exec(compile(setup, name, "exec"), scope)
    scope |= {"images": rng.normal(size=(64, 6)), "labels": rng.integers(0, 3, 64)}
    exec("trainer.fit" + fit.replace(', checkpoint="run.npz"', ", progress=False"), scope)
    assert scope["trainer"].steps == 10  # type: ignore[attr-defined]
