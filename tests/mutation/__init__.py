"""How good the tests of `transform/` and `rules/` are: small faults are put in, and must be found.

    pip install -e '.[test,mutation]'
    python -m tests.mutation --sample 300 --seed 0 --out found.jsonl -- tests/test_golden.py ...

The faults are those of mutmut 3 (`mutants.py`). One process collects the tests that pytest is asked
for, runs them once to see which lines each of them reaches, and then makes a copy of itself for
every fault: the copy takes the changed code in (`transplant.py`) and runs the tests that reach it,
the quickest first, until one fails. So numba, SciPy and the corpus are loaded once, not once for
each fault.
"""
