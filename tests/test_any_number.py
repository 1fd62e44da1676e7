"""`*args` of the differentiated function itself: one argument, a tuple."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from tangent_fwd import forward_grad, jvp
from tangent_fwd.testing import check_jvp


def weighted(s, *args):
    return s * args[0] + np.sum(args[1]) * s**2


X = np.array([1.0, 2.0, 3.0])


def test_what_a_call_passes_is_counted() -> None:
    f = forward_grad(weighted)
    assert f(2.0, 3.0, X) == weighted(2.0, 3.0, X)
    assert f.jvp((2.0, 3.0, X), (1.0,)) == (30.0, 27.0)
    assert f.directional2((2.0, 3.0, X), (1.0,)) == (30.0, 27.0, 12.0)
    assert f.grad(2.0, 3.0, X) == 27.0
    assert "def weighted_jvp(s, args, d_s):" in f.source


def test_they_are_one_active_argument() -> None:
    f = forward_grad(weighted, argnames=("s", "args"))
    assert f.jvp((2.0, 3.0, X), (1.0, (1.0, X))) == (30.0, 27.0 + 2.0 + 4.0 * 6.0)
    slope, (first, second) = f.grad(2.0, 3.0, X)
    assert (slope, first, second.tolist()) == (27.0, 2.0, [4.0] * 3)


def test_the_twin_counts_them_one_by_one() -> None:
    assert jvp(weighted, (2.0, 3.0, X), (1.0, None, None)) == (30.0, 27.0)
    assert jvp(weighted, (2.0, 3.0, X), (1.0, 1.0, X)) == (30.0, 53.0)


def test_compiled_code_calls_it() -> None:
    f = forward_grad(weighted)

    @numba.njit
    def both(s, x):
        return f(s, 3.0, x), f.tangent(s, (3.0, x), 1.0)

    assert both(2.0, X) == (30.0, (30.0, 27.0))


def test_the_check_asks_for_names() -> None:
    with pytest.raises(TypeError, match=r"\*args"):
        check_jvp(weighted, (2.0, 3.0, X))
