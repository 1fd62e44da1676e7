"""The house itself: imports go down, files stay short, what is public is explained."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import tangent_fwd

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "tangent_fwd"

# From the ground up. What stands on a floor imports only from below it; the modules of one
# folder may import each other, without going in a circle.
FLOORS = (
    ("source", "options", "marks", "custom", "choices", "library", "fixpoint", "fields"),
    ("errors", "boundary"),
    ("dispatch", "apart", "fitting", "parts"),
    ("ir", "rules"),
    ("frontend", "analysis", "backend"),
    ("transform",),
    ("program",),
    ("front",),
    ("pipeline",),
    ("second_order",),
    ("specialise",),
    ("seeds",),
    ("blocks", "guarded"),
    ("gradient", "jacobian", "curvature", "callable", "report"),
    ("routes", "compiled"),
    ("forward",),
    ("api",),
    ("samples", "testing", "data", "optim"),
    # Its random numbers are the optimizer's.
    ("nn",),
    ("doctor",),
    ("cli",),
    ("__init__", "__main__"),
)
LEVEL = {room: level for level, floor in enumerate(FLOORS) for room in floor}

LONGEST = 400

# Modules of the passes, each of which is explained by a program before and a program after.
PASSES = (
    "frontend/lower",
    "frontend/iteration",
    "frontend/caught",
    "frontend/lastly",
    "frontend/generators",
    "frontend/jumps",
    "frontend/derivatives",
    "frontend/optional",
    "frontend/present",
    "transform/asked",
    "transform/absent",
    "transform/bound",
    "transform/split",
    "analysis/infer",
    "transform/loops",
    "transform/fuse",
    "transform/flatten",
    "transform/simplify",
    "analysis/activity",
    "transform/tangent",
    "transform/outer",
    "transform/unread",
    "transform/stack",
    "transform/pack",
    "transform/workspace",
    "transform/second",
    "transform/ruled",
    "transform/again",
    "transform/nest",
    "transform/signs",
    "transform/constants",
    "transform/naming",
    "transform/failing",
    "transform/threads",
    "backend/emit",
)


def modules() -> dict[str, Path]:
    """Every module by its dotted name below `tangent_fwd`; packages by their `__init__`."""
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
        for path in sorted(PACKAGE.rglob("*.py"))
    }


MODULES = modules()
EACH = pytest.mark.parametrize("name", MODULES)


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, at its top or inside a function, by its full name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            base = node.module or ""
            for alias in node.names:
                # `__version__` is a word that any floor may read.
                if (base, alias.name) == ("tangent_fwd", "__version__"):
                    continue
                full = f"{base}.{alias.name}"
                inner = full.removeprefix("tangent_fwd.")
                ours = inner in MODULES or f"{inner}.__init__" in MODULES
                yield full if full != inner and ours else base


def ours(path: Path) -> set[str]:
    """The modules of the package that a file imports, by their dotted names below it."""
    found = set()
    for name in imported(path):
        if name.split(".")[0] == "tangent_fwd":
            inner = name.removeprefix("tangent_fwd").removeprefix(".") or "__init__"
            found.add(inner if inner in MODULES else f"{inner}.__init__")
    return found


@EACH
def test_imports_go_down_only(name: str) -> None:
    room = name.split(".")[0]
    wrong = [
        other
        for other in ours(MODULES[name])
        if other.split(".")[0] != room and LEVEL[other.split(".")[0]] >= LEVEL[room]
    ]
    # The map of the package names what stands directly below the roof, whatever the floor.
    assert name == "__init__" or not wrong


def test_no_circles_inside_a_folder() -> None:
    graph = {name: ours(path) - {name} for name, path in MODULES.items()}
    while leaves := [name for name, others in graph.items() if not others]:
        for leaf in leaves:
            del graph[leaf]
        graph = {name: others - set(leaves) for name, others in graph.items()}
    assert not graph


@EACH
def test_only_the_emitter_knows_the_printer(name: str) -> None:
    knows = any(other.split(".")[0] == "astor" for other in imported(MODULES[name]))
    assert knows == (name == "backend.emit")


@EACH
def test_files_stay_short(name: str) -> None:
    lines = len(MODULES[name].read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST


@EACH
def test_compiled_code_says_what_it_thinks_of_fastmath(name: str) -> None:
    """Otherwise numba compiles a function as the first of its callers, for all of them."""
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("njit", "numba.njit"):
            said = {keyword.arg for keyword in node.keywords}
            assert said & {"fastmath", None}, f"line {node.lineno}"


@pytest.mark.parametrize("name", PASSES)
def test_passes_show_what_they_do(name: str) -> None:
    text = ast.get_docstring(ast.parse((PACKAGE / f"{name}.py").read_text(encoding="utf-8")))
    assert text is not None
    assert ">>>" in text


@pytest.mark.parametrize("name", tangent_fwd.__all__)
def test_public_names_are_explained(name: str) -> None:
    found = getattr(tangent_fwd, name)
    assert found.__doc__
    if isinstance(found, type):
        methods = {k: v for k, v in vars(found).items() if not k.startswith("_")}
        assert not [k for k, v in methods.items() if callable(v) and not v.__doc__]
        assert not [k for k, v in methods.items() if isinstance(v, property) and not v.__doc__]


def texts() -> Iterator[Path]:
    """Every text file that belongs to the project."""
    yield from (path for path in ROOT.iterdir() if path.suffix in {".md", ".toml"})
    yield from (ROOT / name for name in ("Makefile", ".ci/run"))
    for folder in ("tangent_fwd", "tests", "examples", "docs"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in {".py", ".md", ".txt", ".pyi"}:
                yield path


def test_no_file_knows_whose_machine_it_was_written_on() -> None:
    private = re.compile(r"(?<![\w.~}])/(?:home|root|Users|work|farm|mnt)/\w")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in texts()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if private.search(line)
    ]
    assert not found
