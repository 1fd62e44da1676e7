"""Threads, processes, pickles and copies."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numba import njit

from tangent_fwd import forward_grad

pytestmark = pytest.mark.filterwarnings(
    # From Python 3.12 on; BLAS has threads of its own, which do not matter here.
    "ignore:.*multi-threaded, use of fork:DeprecationWarning"
)


@forward_grad
def cubic(x):
    return x * x * x


def hidden(x):
    return x * x


renamed = forward_grad(hidden)


class Bag:
    @staticmethod
    def plain(x):
        return x

    inside = forward_grad(lambda x: x * x)


def slope(task):
    function, x = task
    return function.jvp((x,), (1.0,))


def test_module_level_functions_pickle_by_name():
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(cubic, protocol)) is cubic
        assert pickle.loads(pickle.dumps(cubic.tangent, protocol)) is cubic.tangent
    assert len(pickle.dumps(cubic)) < 100


def test_copies_are_the_function_itself():
    assert copy.copy(cubic) is cubic
    assert copy.deepcopy({"f": cubic})["f"] is cubic
    assert copy.deepcopy(cubic.tangent) is cubic.tangent

    @forward_grad
    def local(x):
        return x

    assert copy.deepcopy(local) is local


def test_what_cannot_be_found_by_name_says_so():
    @forward_grad
    def local(x):
        return x

    with pytest.raises(pickle.PicklingError, match=r"`.*local`: it is defined inside a function"):
        pickle.dumps(local)
    with pytest.raises(pickle.PicklingError, match=r"`hidden`: `.*hidden` is something else"):
        pickle.dumps(renamed)
    with pytest.raises(pickle.PicklingError, match="decorate a function at module level"):
        pickle.dumps(Bag.inside)


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(method, marks=() if method == "spawn" else pytest.mark.slow)
        for method in multiprocessing.get_all_start_methods()
    ],
)
def test_other_processes_compute_the_same(method):
    expected = [slope((cubic, float(k))) for k in range(6)]
    with multiprocessing.get_context(method).Pool(2) as pool:
        found = pool.map_async(slope, [(cubic, float(k)) for k in range(6)]).get(timeout=240)
    assert found == expected == [(float(k**3), float(3 * k * k)) for k in range(6)]


def test_eight_threads_make_the_first_call_at_once():
    @forward_grad
    def fresh(x):
        total = 0.0
        for i in range(x.size):
            total += np.sin(x[i]) * x[i]
        return total

    x = np.linspace(0.0, 1.0, 50)
    barrier = threading.Barrier(8)

    def work(number):
        barrier.wait(timeout=60)
        if number % 2:
            return fresh.jvp((x,), (np.ones(50),))[1]
        return fresh.grad(x).sum()

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, range(8)))
    expected = float(np.sum(np.cos(x) * x + np.sin(x)))
    assert found == pytest.approx([expected] * 8, rel=1e-12)
    assert sorted(row.kind for row in fresh.report().compiled) == ["jvp", "jvp, 8 lanes"]


def test_compiling_inside_and_outside_of_njit_does_not_lock_up():
    @forward_grad
    def inner(x):
        return x * x + 1.0

    @njit
    def outer(x):
        return inner.tangent(x, 1.0)

    barrier = threading.Barrier(2)
    found = []

    def work(call):
        barrier.wait(timeout=60)
        found.append(call())

    threads = [
        threading.Thread(target=work, args=(call,), daemon=True)
        for call in (lambda: outer(3.0), lambda: inner.jvp((3.0,), (1.0,)))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert found == [(10.0, 6.0), (10.0, 6.0)]


def test_threads_do_not_share_their_seeds():
    x = [np.full(20, float(k)) for k in range(8)]

    @forward_grad
    def sharp(x):
        total = 0.0
        for i in range(x.size):
            total += x[i] * x[i] * (i + 1)
        return total

    sharp.grad(x[0])

    def work(k):
        return [sharp.grad(x[k]) for _ in range(50)]

    with ThreadPoolExecutor(8) as pool:
        for k, gradients in enumerate(pool.map(work, range(8))):
            for gradient in gradients:
                assert gradient.tolist() == [2.0 * k * (i + 1) for i in range(20)]


SCRIPT = """
import numpy as np
from mine import loss
x = np.linspace(0.0, 1.0, 10)
value, slope = loss.jvp((x,), (np.ones(10),))
assert abs(slope - np.sum(np.exp(x))) < 1e-12, slope
print(loss.report().cache_hits)
"""


@pytest.mark.slow
def test_six_processes_compile_the_same_function_at_once(tmp_path: Path):
    (tmp_path / "mine.py").write_text(
        "import numpy as np\nfrom tangent_fwd import forward_grad\n\n\n"
        "@forward_grad\ndef loss(x):\n    return np.sum(np.exp(x))\n"
    )
    root = str(Path(__file__).parents[1])
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([root, str(tmp_path)]),
        "TANGENT_FWD_CACHE": str(tmp_path / "cache"),
    }

    def start():
        return subprocess.Popen(
            [sys.executable, "-W", "error", "-c", SCRIPT],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    running = [start() for _ in range(6)]
    for process in running:
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said
    warm = start()
    out, said = warm.communicate(timeout=300)
    assert warm.returncode == 0, said
    assert out.split() == ["1"], "the seventh process reads what the six wrote"
