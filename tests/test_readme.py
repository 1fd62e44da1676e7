"""What the README shows is what comes out."""

from __future__ import annotations

import contextlib
import io
import linecache
import re
from pathlib import Path

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
