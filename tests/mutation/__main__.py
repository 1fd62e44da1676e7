"""Puts faults in, one at a time, and counts how many the tests find; see `tests/mutation`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import pytest

from tests.mutation.mutants import sample
from tests.mutation.server import Server, prepare

ROOT = Path(__file__).parents[2]
FOLDERS = ("transform", "rules")


def main() -> int:
    """Sample, try, report; faults that the file of results knows already are not tried again."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("--sample", type=int, default=300, help="how many faults")
    parser.add_argument("--seed", type=int, default=0, help="which ones")
    parser.add_argument("--then", type=int, default=0, help="how many of the next seed after that")
    parser.add_argument("--out", type=Path, required=True, help="results, a line of JSON for each")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for one fault")
    parser.add_argument("--again", type=Path, help="try those that survived in these results")
    parser.add_argument("--only", default="", help="of files with this in their names")
    parser.add_argument("--all", action="store_true", help="do not ask which tests reach a fault")
    parser.add_argument("--unchanged", action="store_true", help="files as they are: none may fail")
    parser.add_argument("tests", nargs="*", help="what pytest is asked for")
    options = parser.parse_args()
    paths = [p for folder in FOLDERS for p in sorted((ROOT / "tangent_fwd" / folder).glob("*.py"))]
    mutants = sample(paths, options.sample, options.seed)
    mutants += sample(paths, options.then, options.seed + 1)
    mutants = [m for m in mutants if options.only in m.name]
    if options.unchanged:
        mutants = [m.without_fault() for m in mutants]
    prepare()
    server = Server(mutants, options.out, options.again, options.limit, options.all)
    off = [f"-pno:{plugin}" for plugin in ("cacheprovider", "xdist", "unraisableexception")]
    os.chdir(ROOT)
    return int(pytest.main(["-q", "-s", *off, *options.tests], plugins=[server]))


if __name__ == "__main__":
    sys.exit(main())
