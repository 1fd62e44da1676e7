"""Statements that have no place in a numeric function."""

import contextlib

import numba
import numpy as np

COUNTER = 0


def a_class(s):
    class Pair:
        pass

    return s


def a_nested_function_in_a_branch(s):
    if s > 0.0:

        def g(v):
            return v * s

    return g(s)


def a_nested_function_bound_twice(s):
    def g(v):
        return v * s

    first = g(s)
    g = lambda v: v + s  # noqa: E731
    return first + g(s)


def a_nested_function_with_a_decorator(s):
    @np.vectorize
    def g(v):
        return v * s

    return g(s)


def a_nested_function_with_any_keywords(s):
    def g(v, **options):
        return v * s

    return g(s)


def a_nested_function_that_reads_a_slice(x):
    s = slice(1, 3)
    g = lambda y: y[s]  # noqa: E731

    return g(x)


def a_nested_function_that_only_calls_itself(s):
    def g(v):
        return g(v * 0.5)

    return g(s)


def a_nested_function_as_a_result(s):
    def g(v):
        return v * s

    return g


def _gives_back(g):
    return g


def a_nested_function_given_back(s):
    def g(v):
        return v * s

    return _gives_back(g)


def a_nested_function_called_before_it_is_there(s):
    r = g(s)

    def g(v):
        return v * s

    return r


def a_nested_function_with_nonlocal_in_an_expression(s):
    total = 0.0

    def g(v):
        nonlocal total
        total += v
        return v

    return total + g(s)


def a_nested_function_with_nonlocal_passed_on(s):
    total = 0.0

    def g(v):
        nonlocal total
        total += v
        return v

    return _called_with(g, s) + total


def _called_with(g, s):
    return g(s)


def a_nested_function_with_nonlocal_that_another_calls(s):
    total = 0.0

    def g(v):
        nonlocal total
        total += v

    def h(v):
        g(v)
        return v

    return h(s) + total


def a_nested_function_called_with_too_much(s):
    def g(v):
        return v * s

    return g(s, 2.0)


def with_block(s):
    with contextlib.suppress(ValueError):
        s = s * 2.0
    return s


def try_block(s):
    try:
        r = 1.0 / s
    except ZeroDivisionError:
        r = 0.0
    return r


def match_block(s, n):
    match (s, n):
        case (_, 0):
            return s
        case _:
            return s * s


def match_class(s, n):
    match n:
        case int():
            return s
    return s * s


def object_mode(s):
    with numba.objmode():
        print(s)
    return s


def shape_assigned(X):
    X.shape = (12,)
    return X[0]


def delete_a_name(s):
    r = s * s
    del r
    return s


def delete_an_entry(x):
    del x[0]
    return x[1]


def global_statement(s):
    global COUNTER
    COUNTER = 1
    return s


def _counts():
    total = 0.0

    def nonlocal_statement(s):
        nonlocal total
        total = total + s
        return total

    return nonlocal_statement


nonlocal_statement = _counts()


def import_inside(s):
    import math

    return math.sin(s)


def from_import_inside(s):
    from math import sin

    return sin(s)


def yields(s):
    yield s
    yield s * s


def yields_from(x):
    yield from x


def keeps_what_is_sent(s):
    r = yield s
    return r


async def waits(s):
    return s


async def awaits(s):
    r = await s
    return r


def attribute_assignment(x):
    x.flat = 0.0
    return x[0]


def attribute_of_a_tuple_assigned(params):
    params.scale = 2.0
    return params.scale


def attribute_augmented(params):
    params.scale += 2.0
    return params.scale


def starred_unpacking(x):
    first, *rest = x
    return first


def starred_unpacking_of_too_few(pair):
    first, second, third, *rest = pair
    return first[0]


def leaving_a_loop_that_is_written_out(layers):
    total = 0.0
    for W in layers:
        total += np.sum(W)
        if total > 1.0:
            break
    return total


def too_many_names(s, t):
    a, b, c = s, t
    return a


def raise_with_an_array(x):
    if x[0] < 0.0:
        raise ValueError(x)
    return x[0]


def raise_from_another(s):
    if s < 0.0:
        raise ValueError("negative") from None
    return s


def raise_again(s):
    if s < 0.0:
        raise
    return s


def assert_that_says_an_array(x):
    assert x[0] > 0.0, f"{x} is not positive"
    return x[0]


def one_exception_of_many(s):
    try:
        y = s * s
    except ValueError:
        y = s
    return y


def several_exceptions(s):
    try:
        y = s * s
    except ValueError:
        y = s
    except Exception:
        y = 0.0
    return y


def finally_that_returns(s):
    try:
        y = s * s
    finally:
        return s
    return y


def finally_that_leaves_a_loop(x):
    total = 0.0
    for v in x:
        try:
            total += v
        finally:
            if v > 1.0:
                break
    return total


def what_was_caught(s):
    try:
        y = s * s
    except Exception as error:
        print(error)
        y = s
    return y


def deleted_name(s):
    y = s * s
    del y
    return s


def every_second_deleted(s):
    values = [s, s]
    del values[::2]
    return values[0]


def places_of_nothing(s):
    for place in np.ndindex():
        s += 1.0
    return s


def places_of_a_number(s):
    for place, v in np.ndenumerate(s):
        s += v
    return s


def places_under_one_name(X):
    total = 0.0
    for place in np.ndenumerate(X):
        total += 1.0
    return total


def memory_order_of_a_view(X):
    total = 0.0
    for v in np.nditer(X.T):
        total += v.item()
    return total


def assign_into_a_number(s):
    3.0[0] = s
    return s


def range_over_a_keyword(s, n):
    for _ in range(stop=n):
        s = s * 2.0
    return s


def range_binds_two_names(s, n):
    for i, j in range(n):
        s = s * 2.0
    return s


def enumerate_with_two_starts(x):
    total = 0.0
    for i, v in enumerate(x, 1, start=2):
        total += i * v
    return total


def enumerate_binds_one_name(x):
    total = 0.0
    for pair in enumerate(x):
        total += pair[1]
    return total


def zip_binds_too_few_names(x, y, z):
    total = 0.0
    for a, b in zip(x, y, z):
        total += a * b
    return total


def reversed_pairs(x):
    total = 0.0
    for k, v in reversed(enumerate(x)):
        total += k * v
    return total


def zip_of_nothing(x):
    total = 0.0
    for _ in zip():
        total += x[0]
    return total


def map_with_a_name(x):
    each = map(abs, x)
    return sum(each)


def loop_target_is_an_element(x, n):
    for x[0] in range(n):
        pass
    return x[0]


def type_alias_of_a_local(s):
    r: list = s
    r.real = s
    return r
