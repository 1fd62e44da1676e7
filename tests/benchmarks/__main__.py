"""The command line: `python -m tests.benchmarks [--quick] [--only NAME] [--peers]`."""

from __future__ import annotations

import os

# Before anything that starts threads is imported: the ratios are those of one thread.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NPROC"):
    os.environ[_name] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
# A shell that pins OpenBLAS to an older processor would have it compared with an XLA that uses
# all of this one.
UNPINNED = {
    name: os.environ.pop(name)
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
    if name in os.environ
}

import argparse
import platform
import sys

from tests.benchmarks import compile_time, overhead, peers, random_numbers
from tests.benchmarks.cases import all_cases
from tests.benchmarks.runs import Effort, run_case
from tests.benchmarks.table import render, render_variants


def main(arguments: list[str] | None = None) -> int:
    """Measure what was asked for and print it."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="Ratios of emitted, hand-written and peers' derivatives, side by side.",
    )
    parser.add_argument("--quick", action="store_true", help="few and short rounds")
    parser.add_argument("--only", metavar="NAME", help="cases whose name contains NAME")
    parser.add_argument("--peers", action="store_true", help="also JAX, PyTorch and Enzyme")
    parser.add_argument("--variants", action="store_true", help="other hand-written forms too")
    parser.add_argument("--source", action="store_true", help="print the emitted modules")
    options = parser.parse_args(arguments)

    chosen = [case for case in all_cases() if not options.only or options.only in case.name]
    extras = ("call overhead", "compile time", "random numbers")
    wanted = [name for name in extras if not options.only or options.only in name]
    if not chosen and not wanted:
        known = [case.name for case in all_cases()] + list(extras)
        print(f"no case is called like {options.only!r}; there are: {', '.join(known)}")
        return 2

    present = tuple(peer for peer in peers.MODULES if options.peers and peers.installed(peer))
    if options.peers:
        for peer, module in peers.MODULES.items():
            if peer not in present:
                print(f"{peers.COLUMNS[peer]}: skipped, {module} is not installed")
    effort = Effort(
        rounds=5 if options.quick else 15,
        seconds=0.01 if options.quick else 0.04,
        peers=present,
        variants=options.variants,
    )
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    for name, value in UNPINNED.items():
        print(f"{name}={value} is ignored: OpenBLAS chooses its kernels for this processor")
    rows = []
    for case in chosen:
        print(f"measuring {case.name} ...", file=sys.stderr, flush=True)
        rows.append(run_case(case, effort))
    if rows:
        print(render(rows))
    if options.variants:
        print(render_variants(rows))
    if options.source:
        for row in rows:
            print(f"\n# ---- {row.case.name}\n{row.text}")
    if "call overhead" in wanted:
        print(overhead.report(effort.rounds))
    if "compile time" in wanted:
        print(compile_time.report())
    if "random numbers" in wanted:
        print(random_numbers.report(effort.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
