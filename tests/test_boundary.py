"""Arguments that do not fit: named in the message, at every call, the warm ones included."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest

from tangent_fwd import forward_grad

Pair = namedtuple("Pair", "first second")


@forward_grad
def scaled(x, factor):
    total = 0.0
    for i in range(x.size):
        total += x[i] * factor
    return total


@forward_grad(argnums=(0, 1))
def both(a, b):
    return a[0] * b[0]


@forward_grad
def nested(pair, x):
    return pair[0][0] * x + pair[1]


@forward_grad(argnums=(0, 1))
def accumulate(out, x):
    for i in range(x.size):
        out[i] = out[i] + x[i] * x[i]
    return out[0]


@forward_grad
def chosen(x, kind):
    if kind == "double":
        return 2.0 * x
    return x


@pytest.fixture(params=["cold", "warm"])
def calls(request: pytest.FixtureRequest):
    """Functions that were called before with good arguments, and such that were not."""
    if request.param == "warm":
        x = np.ones(3)
        scaled(x, 2.0)
        scaled.jvp((x, 2.0), (x,))
        scaled.grad(x, 2.0)
        return scaled
    return forward_grad(scaled.__wrapped__)


class Sub(np.ndarray):
    pass


X = np.array([1.0, 2.0, 3.0])
UNFIT = [
    (np.ma.masked_array(X, [True, False, False]), TypeError, r"`x` is a numpy.*MaskedArray"),
    (X.view(np.matrix), TypeError, r"`x` is a numpy.*matrix"),
    (X.view(Sub), TypeError, r"`x` is a .*Sub"),
    (X.astype(X.dtype.newbyteorder()), TypeError, "`x` has dtype .* foreign byte order"),
    (X.astype(np.float16), TypeError, "`x` has dtype float16"),
    (X.astype(np.longdouble), TypeError, "`x` has dtype .*, which numba does not compile"),
    (X.astype(object), TypeError, "`x` has dtype object"),
    (list(X), TypeError, "must be a list as `x` is|has no attribute `size`|none; use `jvp`"),
]


@pytest.mark.parametrize(("x", "error", "message"), UNFIT)
def test_arrays_that_compiled_code_would_misread(calls, x, error, message):
    for _ in range(2):
        with pytest.raises(error, match=message):
            calls.jvp((x, 2.0), (X,))
        with pytest.raises(error, match=message):
            calls(x, 2.0)
        with pytest.raises(error, match=message):
            calls.grad(x, 2.0)


@pytest.mark.parametrize(
    ("tangent", "error", "message"),
    [
        (np.ones(2), ValueError, r"tangent of `x` has shape \(2,\), but `x` has \(3,\)"),
        (np.ones((3, 1)), ValueError, r"tangent of `x` has shape \(3, 1\)"),
        (np.ones(3, np.float32), TypeError, "tangent of `x` has dtype float32, but .* float64"),
        (np.ones(3, np.int64), TypeError, "tangent of `x` has dtype int64, but .* float64"),
        (X.astype(X.dtype.newbyteorder()), TypeError, "tangent of `x` has dtype"),
        (np.ma.masked_array(X), TypeError, "tangent of `x` must be an array, got numpy.*Masked"),
        (X.view(Sub), TypeError, "tangent of `x` must be an array, got .*Sub"),
        (1.0, TypeError, "tangent of `x` must be an array, got float"),
        ([1.0, 1.0, 1.0], TypeError, "tangent of `x` must be an array, got list"),
        (None, TypeError, "tangent of `x` is missing"),
    ],
)
def test_directions_that_do_not_fit(calls, tangent, error, message):
    for _ in range(2):
        with pytest.raises(error, match=message):
            calls.jvp((X, 2.0), (tangent,))


def test_X1_shapes_are_compared_at_every_warm_call():
    assert scaled.jvp((X, 2.0), (X,)) == (12.0, 12.0)
    with pytest.raises(ValueError, match="has shape"):
        scaled.jvp((X, 2.0), (X[:2].copy(),))
    assert scaled.jvp((X[:2].copy(), 2.0), (X[:2].copy(),)) == (6.0, 6.0)


def test_missing_and_extra():
    with pytest.raises(TypeError, match="tangents lacks an entry for `b`"):
        both.jvp((X, X), (X,))
    with pytest.raises(TypeError, match="tangents lacks an entry for `a`, `b`"):
        both.jvp((X, X), ())
    with pytest.raises(TypeError, match="3 entries, but only `a`, `b` are active"):
        both.jvp((X, X), (X, X, X))
    with pytest.raises(TypeError, match="`both`: primals lacks `b`"):
        both.jvp((X,), (X, X))
    with pytest.raises(TypeError, match="`both` takes 2 arguments, but primals holds 3"):
        both.jvp((X, X, X), (X, X))
    with pytest.raises(TypeError, match=r"primals must be the tuple .* not ndarray"):
        both.jvp(X, X)
    with pytest.raises(TypeError, match=r"tangents must be a tuple .* `a`, `b`, not .*ndarray"):
        both.jvp((X, X), X)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (3, "with respect to `x`: it is of type int64; pass a float"),
        (True, "with respect to `x`: it is of type bool"),
        (np.int32(3), "of type int32"),
        ("text", "neither a float nor an array"),
        (None, "neither a float nor an array"),
        (np.arange(3), r"an array of int64; pass x.astype\(float\)"),
        (np.array([True]), "an array of bool"),
        ((1, 2), "a tuple without floats"),
        ((), "a tuple without floats"),
    ],
)
def test_X3_what_carries_no_tangent_is_refused_by_name(x, message):
    for _ in range(2):
        with pytest.raises(TypeError, match=message):
            chosen.jvp((x, "double"), (1.0,))
        with pytest.raises(TypeError, match=message):
            chosen.grad(x, "double")


def test_structures_must_agree():
    pair, x = ((X, 1), 2.0), 3.0
    with pytest.raises(TypeError, match="tangent of `pair` must be a tuple of 2 entries, got 1"):
        nested.jvp((pair, x), (((X, 1),),))
    with pytest.raises(TypeError, match=r"tangent of `pair\[0\]` must be a tuple of 2 entries"):
        nested.jvp((pair, x), ((X, 1.0),))
    with pytest.raises(ValueError, match=r"tangent of `pair\[0\]\[0\]` has shape"):
        nested.jvp((pair, x), (((X[:1], 1), 1.0),))
    with pytest.raises(TypeError, match=r"tangent of `pair\[1\]` must be a real number, got str"):
        nested.jvp((pair, x), (((X, 1), "1.5"),))
    with pytest.raises(TypeError, match=r"`pair\[0\]\[0\]` is a .*MaskedArray"):
        nested.jvp((((np.ma.masked_array(X), 1), 2.0), x), (((X, 1), 1.0),))


def test_two_named_tuples_of_equal_fields_are_told_apart():
    @forward_grad
    def swap(pair):
        return pair.first * pair.second

    other = namedtuple("Pair", "first second")
    assert swap.jvp((Pair(2.0, 3.0),), (Pair(1.0, 0.0),)) == (6.0, 3.0)
    assert swap.jvp((other(2.0, 3.0),), (other(0.0, 1.0),)) == (6.0, 2.0)
    assert swap.jvp((Pair(2.0, 3.0),), (Pair(0.0, 1.0),)) == (6.0, 2.0)


def test_A8_written_arguments_must_not_overlap():
    one, two, v, w = np.ones(4), np.ones(4), np.ones(4), np.ones(4)
    assert accumulate.jvp((one, two), (v, w)) == (2.0, 3.0)
    for _ in range(2):
        with pytest.raises(ValueError, match="`out` is written to and shares memory with `x`"):
            accumulate.jvp((one, one), (v, w))
        with pytest.raises(ValueError, match="`out` is written to and shares memory with `x`"):
            accumulate(one[:3], one[1:])
        with pytest.raises(ValueError, match=r"the tangent of `out` .* with the tangent of `x`"):
            accumulate.jvp((one, two), (v, v))
        with pytest.raises(ValueError, match=r"`out` .* shares memory with the tangent of `x`"):
            accumulate.jvp((one, two), (v, one))
        with pytest.raises(ValueError, match="`out` is written to and shares memory with `x`"):
            accumulate.grad(one, one)


def test_interleaved_views_do_not_overlap():
    pool = np.ones(8)
    v, w = np.ones(4), np.ones(4)
    assert accumulate.jvp((pool[::2], pool[1::2]), (v, w)) == (2.0, 3.0)
    assert accumulate.jvp((pool[::2], pool[1::2]), (np.ones(4), np.ones(4))) == (3.0, 3.0)


def test_the_same_array_twice_is_fine_where_nothing_is_written():
    assert both.jvp((X, X), (X, X)) == (1.0, 2.0)


def test_the_tangent_of_a_written_argument_must_be_writable():
    frozen = np.ones(4)
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="writes to `out`, so its tangent cannot be read-only"):
        accumulate.jvp((np.ones(4), np.ones(4)), (frozen, np.ones(4)))


def test_strings_and_None_pass_through_as_inactive():
    for _ in range(2):
        assert chosen.jvp((3.0, "double"), (1.0,)) == (6.0, 2.0)
        assert chosen.jvp((3.0, "single"), (1.0,)) == (3.0, 1.0)


def test_unknown_objects_are_refused_by_name():
    with pytest.raises(TypeError, match=r"numba cannot take `kind`, which is a builtins.object"):
        chosen(3.0, object())


def test_scalars_are_converted():
    assert scaled.jvp((X, 2), (X,)) == (12.0, 12.0)
    made = forward_grad(lambda x: x * x)
    for tangent in (1, 1.0, np.float32(1.0), np.int8(1), np.array(1.0), True):
        assert made.jvp((3.0,), (tangent,)) == (9.0, 6.0)
    for tangent in ("1", np.ones(1), 1j, (1.0,)):
        with pytest.raises(TypeError, match="tangent of `x` must be a real number"):
            made.jvp((3.0,), (tangent,))


def test_arrays_of_one_tuple_that_share_memory() -> None:
    @forward_grad
    def crossed(pair):
        a, b = pair
        a[0] = b[1] * 2.0
        return a[0] * b[0]

    y = np.array([1.0, 2.0])
    for _ in range(2):  # on the long way in, and on the short one
        with pytest.raises(ValueError, match="two of its arrays share memory"):
            crossed.jvp(((y, y),), ((y.copy(), y.copy()),))
        assert crossed.jvp(((y.copy(), y.copy()),), ((y.copy(), y.copy()),))[0] == 4.0


def test_many_arguments_are_still_told_apart():
    """Where there are many pairs, arrays that own their memory are not compared one by one."""

    @forward_grad(argnums=(0, 1, 2, 3), cache=False)
    def moved(a, b, c, d):
        for i in range(a.size):
            a[i] += b[i] * c[i] + d[i]
        return a[0]

    x = np.arange(8.0)
    args = [np.ones(4), x[:4].copy(), x[4:].copy(), np.zeros(4)]
    ways = [np.ones(4) for _ in args]
    assert moved.jvp(tuple(args), tuple(ways)) == (1.0, 6.0)
    for k in (1, 3):
        shared = [*args[:k], args[0][:4], *args[k + 1 :]]
        with pytest.raises(ValueError, match="shares memory"):
            moved.jvp(tuple(shared), tuple(ways))
    with pytest.raises(ValueError, match="shares memory"):
        moved.jvp(tuple(args), (ways[0], ways[1], ways[0], ways[3]))
