"""Dicts and sets in which tangents would be lost, or that numba does not take."""

import numpy as np
from numba import types
from numba.experimental import jitclass
from numba.typed import Dict

KIND = np.dtype([("x", float), ("id", int)])


@jitclass([("x", types.float64)])
class Point:
    def __init__(self, x):
        self.x = x


def floats_of_a_set(s, t):
    total = 0.0
    for v in {s, t}:
        total += v
    return total


def float_popped_from_a_set(s, t):
    values = {s, t}
    return values.pop()


def set_of_floats_returned(s, t):
    values = {s, t}
    return values


def floats_as_keys(s, t):
    table = {s: 1.0, t: 2.0}
    total = 0.0
    for k in table:
        total += k
    return total


def floats_as_keys_of_a_helper(s, t):
    return sum(k for k in _table(s, t))


def _table(s, t):
    return {s: 1.0, t: 2.0}


def dict_that_shrinks_while_it_is_walked(s):
    table = {1: s, 2: 2.0}
    for k in table:
        if table[k] > 1.0:
            del table[k]
    return table[1]


def set_that_grows_while_it_is_walked(s, n):
    seen = {1, n}
    for k in seen:
        seen.add(k + 1)
    return s * len(seen)


def dict_of_several_kinds(x, s):
    table = {"x": x}
    table["s"] = s
    return table["s"]


def array_under_a_key_of_numbers(x, s):
    table = {1: s}
    table[2] = x
    return table[1]


def _made(s):
    return {1: s}


def dict_of_a_helper_that_is_not_known_yet(s, n):
    table = {}
    for i in range(n):
        other = table
        for k in other:
            s += k * s
        table[i] = s
    return s


def dict_with_a_wrong_call(s):
    table = {1: s}
    return table.get(1, 2.0, 3.0)


def set_joined_in_place(s, n):
    both = {1, 2}
    both |= {n}
    return s * len(both)


def dict_that_is_never_filled(s):
    table = dict()
    return s * len(table)


def type_of_no_empty_dict(s):
    table = Dict.empty(int, float)
    table[1] = s
    return table[1]


def structured_array_of_ones(s, n):
    made = np.ones(n, KIND)
    made["x"][0] = s
    return made["x"][0]


def structured_arrays_added(s, n):
    made = np.zeros(n, KIND)
    made["x"] = s
    return made + made


def dicts_joined(s):
    return ({1: s} | {2: s})[1]


def instance_of_a_jitclass(s):
    return Point(s).x
