"""The command line of the fuzzer.

python -m tests.fuzz.run --start 0 --count 2000
python -m tests.fuzz.run --start 0 --count 0 --numba 60
python -m tests.fuzz.run --start 0 --count 500 --threads
python -m tests.fuzz.run --reduce 1234
python -m tests.fuzz.run --show 1234
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import time
from collections import Counter

from tqdm import tqdm  # type: ignore[import-untyped]

from tests.fuzz.check import Verdict, check
from tests.fuzz.generate import generate
from tests.fuzz.reduce import reduce


def kind(verdict: Verdict) -> str:
    """What sort of disagreement this is, so that a reduction does not drift to another one."""
    first = verdict.detail.splitlines()[0] if verdict.detail else ""
    return first.split(":")[0]


def reduced(seed: int, *, compiled: bool = False) -> str:
    """The program of a seed, as small as it can be made while disagreeing in the same way."""
    case = generate(seed)
    wanted = check(case, compiled=compiled)
    if wanted.outcome != "disagrees":
        return case.text

    def fails(text: str) -> bool:
        found = check(case, compiled=compiled, text=text)
        return found.outcome == "disagrees" and kind(found) == kind(wanted)

    return reduce(case.text, fails)


def survey(
    seeds: range, *, compiled: bool = False, threads: bool = False
) -> tuple[Counter[str], list[int]]:
    """Check the programs of these seeds; print each disagreement; return counts and seeds, of
    those that were checked where the run is interrupted. With `threads` their loops are over
    `prange`, and rounds that could run at the same time run backwards.
    """
    counts: Counter[str] = Counter()
    wrong = []
    with contextlib.suppress(KeyboardInterrupt):
        for seed in tqdm(seeds):
            case = generate(seed)
            verdict = check(case.in_threads() if threads else case, compiled=compiled)
            counts[verdict.outcome] += 1
            if verdict.oracle:
                counts[f"by {verdict.oracle}"] += 1
            if verdict.outcome == "disagrees":
                wrong.append(seed)
                print(f"--- seed {seed}\n{verdict.detail[:1500]}", flush=True)
            elif verdict.outcome == "invalid":
                print(f"--- seed {seed} is not a valid program: {verdict.detail}", flush=True)
    return counts, wrong


def main() -> int:
    """Run as asked on the command line; the exit status is 1 where anything disagrees."""
    parser = argparse.ArgumentParser(description="Random programs against the oracle.")
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--count", type=int, default=2000, help="programs run as plain Python")
    parser.add_argument("--numba", type=int, default=0, help="programs run through numba")
    parser.add_argument("--threads", action="store_true", help="loops over prange, backwards")
    parser.add_argument("--reduce", type=int, metavar="SEED")
    parser.add_argument("--show", type=int, metavar="SEED")
    options = parser.parse_args()
    if options.show is not None:
        case = generate(options.show)
        case = case.in_threads() if options.threads else case
        print(case.text)
        print(f"# {case.kinds}, active {case.pattern()}, {case.lanes} lanes")
        print(check(case))
        return 0
    if options.reduce is not None:
        print(reduced(options.reduce, compiled=options.numba > 0))
        return 0
    # Of a compiler's many objects few are garbage at any moment: to look for it less often saves a
    # tenth of the time.
    gc.set_threshold(200_000)
    status = 0
    for compiled, count in ((False, options.count), (True, options.numba)):
        if not count:
            continue
        began = time.perf_counter()
        seeds = range(options.start, options.start + count)
        counts, wrong = survey(seeds, compiled=compiled, threads=options.threads)
        took = time.perf_counter() - began
        way = "through numba" if compiled else "as plain Python"
        done = sum(n for word, n in counts.items() if not word.startswith("by "))
        print(f"{done} programs {way} in {took:.0f} s: {dict(counts)}; disagree: {wrong}")
        status |= bool(wrong)
    return int(status)


if __name__ == "__main__":
    raise SystemExit(main())
