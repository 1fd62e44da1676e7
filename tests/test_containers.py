"""Lists as results and of other makes, and arrays without axes."""

from __future__ import annotations

import numpy as np
from numba import typed

from tangent_fwd import forward_grad
from tangent_fwd.testing import check_jvp


def powers(s, n):
    found = [1.0]
    for _ in range(n):
        found.append(found[-1] * s)
    return found


def mixed(s):
    return [s, 1.0], [2.0, 3.0]


def test_a_list_comes_back_with_its_tangents() -> None:
    value, slope = forward_grad(powers).jvp((3.0, 3), (1.0,))
    assert value == [1.0, 3.0, 9.0, 27.0]
    assert slope == [0.0, 1.0, 6.0, 27.0]


def test_a_list_that_stands_still_comes_back_with_zeros() -> None:
    assert forward_grad(mixed).jvp((3.0,), (1.0,)) == (
        ([3.0, 1.0], [2.0, 3.0]),
        ([1.0, 0.0], [0.0, 0.0]),
    )


def grown(x):
    xs, ys = typed.List(), typed.List()
    for a in x:
        xs.append(a * a)
        ys.append(2.0)
    ys[1] = x[0]
    return sum(xs) * ys[1] * ys[0] + np.mean(xs)


def test_typed_lists_are_lists() -> None:
    check_jvp(grown, (np.array([0.5, -1.0, 2.0]),))


def test_curvatures_are_in_a_third_list() -> None:
    third = forward_grad(powers).directional2((3.0, 3), (1.0,))[2]
    assert third == [0.0, 0.0, 2.0, 18.0]


def test_the_text_reads_as_the_users_did() -> None:
    text = forward_grad(powers).source_for(3.0, 3)
    assert "d_found = [0.0]" in text
    assert "    found.append(" in text
    assert "    d_found.append(" in text


def over_memory(X, s):
    total = s
    for v in np.nditer(X):
        total += v.item() * s + v[()] ** 2
    return total


def test_arrays_without_axes_are_their_elements() -> None:
    check_jvp(over_memory, (np.array([[0.5, -1.0], [2.0, 0.25]]), 0.7))
