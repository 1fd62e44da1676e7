"""Structured arrays: fields of floats have tangents in the same fields of another."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from tangent_fwd import forward_grad
from tangent_fwd.errors import TangentError
from tests.harness import differentiate, plain

KIND = np.dtype([("x", np.float64), ("v", np.float64), ("id", np.int64), ("w", np.float64, (3,))])


def moved(a, s):
    t = 0.0
    for i in range(a.size):
        t += a[i]["x"] * a[i]["v"] + a["x"][i] * a["v"][i] * a[i]["id"]
        a[i]["v"] = a[i]["x"] * s
        a[i]["x"] += t
    for r in a:
        t += r["x"] * r["v"]
        r["v"] = r["x"] * 2.0
    a["w"][1:] = a["x"][0] * s
    a["v"][1] = 3.0
    b = a.copy()
    b["x"][0] = t
    y = a["x"] * 2.0 + b["v"]
    return t + np.sum(a["x"]) + np.sum(y) + np.sum(a["w"][1]) + b["x"][0] + a["w"][0, 2]


def by_attributes(a):
    t = 0.0
    for r in a:
        r.x += r.v * r.v
        t += r.x * r.id
    a[0].v = t
    return t * a[1].x + a.v.sum() + len(a)


def _drawn(seed):
    rng = np.random.default_rng(seed)
    made = np.zeros(3, KIND)
    for name in ("x", "v", "w"):
        made[name] = rng.normal(size=made[name].shape)
    made["id"] = [1, 2, 3]
    return made


def _shifted(a, way, h):
    made = a.copy()
    for name in ("x", "v", "w"):
        made[name] += h * way[name]
    return made


A, WAY = _drawn(0), _drawn(1)


def _differences(function, *rest):
    """The tangents of the result, and of each field afterwards."""
    up, down = _shifted(A, WAY, 1e-6), _shifted(A, WAY, -1e-6)
    slope = function(up, *rest) - function(down, *rest)
    return slope / 2e-6, {name: (up[name] - down[name]) / 2e-6 for name in ("x", "v", "w")}


@pytest.mark.parametrize("compiled", [False, True])
def test_fields_are_read_and_written(compiled) -> None:
    made = forward_grad(moved).jvp if compiled else None
    slope, after = _differences(moved, 0.7)
    a, way = A.copy(), WAY.copy()
    if compiled:
        value, found = made((a, 0.7), (way,))
    else:
        value, found = plain(differentiate(moved, (a, 0.7), (True, False), 1))(a, 0.7, way)
    b = A.copy()
    assert value == pytest.approx(moved(b, 0.7), rel=1e-13)
    assert found == pytest.approx(slope, rel=1e-7)
    for name, expected in after.items():
        np.testing.assert_allclose(a[name], b[name], rtol=1e-13)
        np.testing.assert_allclose(way[name], expected, rtol=1e-6, atol=1e-8)


def test_fields_are_attributes_too() -> None:
    def with_items(a):
        t = 0.0
        for r in a:
            r["x"] += r["v"] * r["v"]
            t += r["x"] * r["id"]
        a[0]["v"] = t
        return t * a[1]["x"] + np.sum(a["v"]) + len(a)

    slope, after = _differences(with_items)
    way = WAY.copy()
    assert forward_grad(by_attributes).jvp((A.copy(),), (way,))[1] == pytest.approx(slope, rel=1e-7)
    np.testing.assert_allclose(way["v"], after["v"], rtol=1e-6)
    lanes = differentiate(by_attributes, (A,), (True,), 2)
    both = plain(lanes)(A.copy(), WAY.copy(), _shifted(WAY, WAY, 1.0))[1]
    assert both[1] == pytest.approx(2.0 * both[0], rel=1e-12)


def test_compiled_code_passes_them_on() -> None:
    f = forward_grad(by_attributes)

    @numba.njit
    def inside(a, way):
        return f.tangent(a, way)

    assert inside(A.copy(), WAY.copy()) == f.jvp((A.copy(),), (WAY.copy(),))


@pytest.mark.slow
def test_gradients_are_structured_arrays() -> None:
    """Against central differences along one direction, of the value and of the gradient."""
    f = forward_grad(by_attributes)
    slope = (f(_shifted(A, WAY, 1e-6)) - f(_shifted(A, WAY, -1e-6))) / 2e-6
    a = A.copy()
    value, found = f.value_and_grad(a)
    b = A.copy()
    assert value == by_attributes(b.view(np.recarray))
    np.testing.assert_array_equal(a, b)
    assert found.dtype == KIND
    assert not found["id"].any()
    assert sum(np.vdot(found[n], WAY[n]) for n in ("x", "v", "w")) == pytest.approx(slope, rel=1e-7)
    blocks = f.jacobian(A.copy())
    assert blocks["id"] is None
    product = f.hvp((A.copy(),), WAY)[1]
    hessian = f.hessian(A.copy())
    up, down = f.grad(_shifted(A, WAY, 1e-6)), f.grad(_shifted(A, WAY, -1e-6))
    for name in ("x", "v", "w"):
        np.testing.assert_array_equal(blocks[name], found[name])
        bent = (up[name] - down[name]) / 2e-6
        np.testing.assert_allclose(product[name], bent, rtol=1e-6, atol=1e-7)
        along = sum(np.tensordot(hessian[name][n], WAY[n], WAY[n].ndim) for n in ("x", "v", "w"))
        np.testing.assert_allclose(along, product[name], rtol=1e-12, atol=1e-13)


def test_gradients_of_them_in_tuples() -> None:
    f = forward_grad(lambda p: p[0]["x"][1] * p[1] ** 2)
    found, other = f.grad((A, 3.0))
    np.testing.assert_array_equal(found["x"], [0.0, 9.0, 0.0])
    assert other == pytest.approx(6.0 * A["x"][1])


def nested_in_a_record(a):
    return np.sum(a[1].w)


def renamed(a):
    r = a[0]
    if r.x > 0.0:
        r = a[1]
    return r.x


def kept(a):
    r = a[0]
    a[1].x = 2.0
    a[0] = a[1]
    a[1] = r
    return r.x * a[1].v


def added(a):
    return np.sum(a + a)


def _read(r):
    return r.x


def passed_on(a):
    return _read(a[0])


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (nested_in_a_record, "take the field first"),
        (renamed, "a record of a structured array is not supported like this"),
        (added, "not defined for|not supported"),
        (passed_on, "a record of a structured array is not supported like this"),
    ],
)
def test_records_themselves_are_refused(function, words) -> None:
    with pytest.raises(TangentError, match=words):
        forward_grad(function).jvp((A.copy(),), (WAY.copy(),))


def test_a_record_is_a_view_of_its_place() -> None:
    """As in NumPy: what `r` reads is what stands in its place by then."""
    a, b, way = A.copy(), A.copy(), WAY.copy()
    slope = sum((kept(_shifted(A, WAY, h).view(np.recarray)) / (2 * h)) for h in (1e-6, -1e-6))
    value, found = forward_grad(kept).jvp((a,), (way,))
    assert value == kept(b.view(np.recarray))
    np.testing.assert_array_equal(a, b)
    assert found == pytest.approx(slope, rel=1e-7)
    np.testing.assert_array_equal(way["w"][0], WAY["w"][1])
    np.testing.assert_array_equal(way["v"][:2], WAY["v"][1])


def test_what_cannot_be_an_argument_is_refused() -> None:
    f = forward_grad(by_attributes)
    with pytest.raises(TypeError, match="is one record"):
        f.jvp((A[0],), (WAY[0],))
    with pytest.raises(TypeError, match="has dtype"):
        f.jvp((A,), (np.zeros(3, KIND.descr[:3]),))
