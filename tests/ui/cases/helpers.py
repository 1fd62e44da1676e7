"""What is wrong in a helper is shown in the helper's own file."""

from tests.ui.cases import elsewhere


def _local_helper(v):
    return v * len(b"ab")


def in_this_file(s):
    return _local_helper(s)


def in_another_file(s):
    return elsewhere.comprehends(s)


def two_calls_deep(s):
    return elsewhere.calls_one_that_comprehends(s)


def no_rule_in_a_helper(x):
    return elsewhere.drawn(x) * 2.0


def typing_in_a_helper(s):
    return elsewhere.indexes(s) * 2.0


def unknown_name_in_a_helper(s):
    return elsewhere.misspells(s)


def writes_a_constant_in_a_helper(s):
    return elsewhere.remembers(s)


def both_in_a_helper_and_here(s):
    r = elsewhere.comprehends(s)
    return len({r})


def helper_without_source(s):
    return elsewhere.WITHOUT_SOURCE(s)


def generator_helper(s):
    return elsewhere.generates(s)


def async_helper(s):
    return elsewhere.waits(s)


def helper_with_a_mutable_default(s):
    return elsewhere.with_history(s)


def helper_result_is_none(s):
    return s * elsewhere.returns_nothing(s)


def active_argument_through_an_integer(s):
    return elsewhere.counted(s)


def one_array_twice_to_a_helper_that_writes(x):
    a = x * 1.0
    _shift(a, a)
    return a[0]


def written_to_after_a_reshape_that_may_copy(x):
    a = x * 1.0
    b = a[::2].reshape(2, 1)
    b[0] = 1.0
    return a[0]


def _shift(out, v):
    out[1:] = v[:-1]


def a_tuple_and_a_place_of_it_to_a_helper_that_writes(pair):
    v = pair[0]
    return _poke(pair, v)


def _poke(places, v):
    places[0][0] = 2.0 * v[1]
    return v[0]


def calls_a_stub(x, out):
    elsewhere.overloaded(out)
    return x[0] * out[0]
