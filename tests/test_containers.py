"""Lists as results and of other makes, and arrays without axes."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from numba import typed
from numba.experimental import jitclass

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
    xs[1:2] = ys
    xs += ys[1:]
    del xs[:1]
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


@forward_grad
def rescaled(xs, s):
    total = 0.0
    for v in xs:
        total += v * v * s
    xs[0] = s * total
    xs.append(total)
    return total


@forward_grad(argnums=(0, 1))
def of_all_makes(rows, table, places):
    total = 0.0
    for r in rows:
        total += r[0] * np.sum(r)
    for k, v in table.items():
        total += k * v * v
    for p in places:
        total += table[p]
    table[7] = total
    return total


@numba.njit
def _inside(a):
    xs, d_xs = [a, 2.0 * a], [1.0, 0.5]
    return rescaled.tangent(xs, 0.5, d_xs), xs, d_xs


def _table(pairs):
    made = typed.Dict()
    for key, value in pairs:
        made[key] = value
    return made


def test_a_list_is_passed_with_a_list() -> None:
    expected = ((2.5, 2.0), [1.25, 2.0, 2.5], [1.0, 0.5, 2.0])
    for make in (list, typed.List):
        xs, d_xs = make([1.0, 2.0]), make([1.0, 0.5])
        assert (rescaled.jvp((xs, 0.5), (d_xs,)), list(xs), list(d_xs)) == expected
    assert _inside(1.0) == expected
    assert rescaled([1.0, 2.0], 2.0) == 10.0
    assert rescaled.directional2(([1.0, 2.0], 0.5), ([1.0, 0.5],)) == (2.5, 2.0, 1.25)


@pytest.mark.slow
def test_other_containers_are_passed() -> None:
    rows, ways = [np.arange(3.0), np.ones(2)], [np.ones(3), np.ones(2)]
    table, moved = _table([(1, 2.0), (3, 1.0)]), _table([(1, 1.0), (3, 0.5)])
    found = of_all_makes.jvp((rows, table, {1, 3}), (ways, moved))
    assert found == (12.0, 15.5)
    assert dict(table) == {1: 2.0, 3: 1.0, 7: 12.0}
    assert dict(moved) == {1: 1.0, 3: 0.5, 7: 15.5}


XS = [1.0, 2.0]
REFUSED = [
    (([1.0, 2.0], 0.5), [1.0], ValueError, "holds 1 values, but `xs` holds 2"),
    (([1.0, 2.0], 0.5), (1.0, 2.0), TypeError, "must be a list as `xs` is, got tuple"),
    (([1.0, 2.0], 0.5), [1.0, 2], TypeError, r"tangent of `xs\[1\]` must be float64, got 2"),
    ((typed.List([1.0]), 0.5), typed.List([1]), TypeError, "must be a List of float64"),
    ((XS, 0.5), XS, ValueError, "is `xs` itself"),
    (([], 0.5), [], TypeError, "is an empty list"),
    (([1.0, 2], 0.5), [1.0, 1.0], TypeError, "values of different kinds"),
    (([[1.0]], 0.5), [[1.0]], TypeError, "inside a tuple or a list"),
    (({1.0}, 0.5), {1.0}, TypeError, "a set of floats"),
    (({1: 1.0}, 0.5), {1: 1.0}, TypeError, "`xs` has the key 1; keys must be names"),
    (([1.0], slice(3)), [1.0], TypeError, "`s` is a slice"),
]


@pytest.mark.parametrize(("primals", "way", "kind", "words"), REFUSED)
def test_what_compiled_code_would_not_look_at_is_refused_before(primals, way, kind, words) -> None:
    with pytest.raises(kind, match=words):
        rescaled.jvp(primals, (way,))


def test_arrays_in_lists_are_laid_out_alike() -> None:
    table, moved = _table([(1, 2.0)]), _table([(1, 1.0)])
    with pytest.raises(ValueError, match=r"`rows\[0\]` is not laid out"):
        of_all_makes.jvp(([np.ones(2)], table, {1}), ([np.ones(4)[::2]], moved))
    with pytest.raises(ValueError, match="lacks the key 1"):
        of_all_makes.jvp(([np.ones(2)], table, {1}), ([np.ones(2)], _table([(2, 1.0)])))


@pytest.mark.parametrize("make", [list, pytest.param(typed.List, marks=pytest.mark.slow)])
def test_gradients_are_lists_as_the_arguments_are(make) -> None:
    """Also where the function makes its list longer, and needs several passes."""
    given = [float(k) for k in range(9)]
    xs = make(given)
    value, found = rescaled.value_and_grad(xs, 0.5)
    assert value == 102.0
    assert type(found) is type(xs)
    assert list(found) == given
    assert list(xs) == [51.0, *given[1:], 102.0]
    assert rescaled.jacobian(make([1.0, 2.0]), 0.5) == [1.0, 2.0]
    assert rescaled.hessian(make([1.0, 2.0]), 0.5) == [[1.0, 0.0], [0.0, 1.0]]
    for ways in ((make([3.0]),), make([3.0])):
        value, product = rescaled.hvp((make([1.0]), 2.0), ways)
        assert (value, list(product), type(product)) == (2.0, [12.0], type(xs))


@forward_grad(argnums=(0, 1))
def curved(rows, table):
    total = rows[0][0] * table[1] ** 3
    table[2] = total
    return total


@pytest.mark.slow
def test_gradients_are_dicts_as_the_arguments_are() -> None:
    rows, table = [np.array([2.0])], _table([(1, 3.0)])
    value, (ways, moved) = curved.value_and_grad(rows, table)
    assert value == 54.0
    np.testing.assert_array_equal(ways, [[27.0]])
    assert type(moved) is type(table)
    assert dict(moved) == {1: 54.0}
    assert dict(table) == {1: 3.0, 2: 54.0}
    of_rows, of_table = curved.hessian(rows, _table([(1, 3.0)]))
    assert of_table[1][1] == {1: 36.0}
    np.testing.assert_array_equal(of_table[1][0], [[27.0]])
    np.testing.assert_array_equal(of_rows[0][1][1], [27.0])


@forward_grad(argnums=1)
def appended(xs, v):
    xs.append(1.0)
    return len(xs) * np.sum(v * v), [v[0] * v[1], v[0]]


def test_a_list_that_stands_still_is_made_longer_once() -> None:
    """Each pass begins with the list as it was given."""
    xs = [1.0]
    first, (product, other) = appended.jacobian(xs, np.ones(9))
    np.testing.assert_array_equal(first, np.full(9, 4.0))
    np.testing.assert_array_equal(product[:3], [1.0, 1.0, 0.0])
    np.testing.assert_array_equal(other[:2], [1.0, 0.0])
    assert xs == [1.0, 1.0]
    assert appended.jacobian([1.0], np.ones(9), out=(first, [product, other]))[0] is first
    with pytest.raises(TypeError, match=r"out\[1\] must be a list of 2, got tuple"):
        appended.jacobian([1.0], np.ones(9), out=(first, (product, other)))


def test_complex_entries_have_no_one_slope() -> None:
    with pytest.raises(TypeError, match=r"`xs\[0\]` is complex"):
        forward_grad(lambda xs: abs(xs[0])).grad([1j])


@jitclass([("x", numba.float64)])
class Point:
    def __init__(self, x):
        self.x = x


def _abscissa(p):
    return p.x


def test_instances_of_compiled_classes_are_refused() -> None:
    with pytest.raises(TypeError, match="pass its fields as a tuple or a named tuple"):
        forward_grad(_abscissa).jvp((Point(1.0),), (Point(1.0),))
