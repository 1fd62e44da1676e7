"""Derivatives asked where none can be carried."""

import numpy as np

from tangent_fwd import stop_gradient
from tests.ui.marks import active

TABLE = np.array([0.5, 1.5])
PAIR = (1.0, 2.0)


@active("n")
def integer(s, n):
    return s * n


@active("flag")
def boolean(s, flag):
    return s if flag else s * s


@active("m")
def integer_array(x, m):
    return x[m[0]]


def write_to_a_module_constant(s):
    TABLE[0] = s
    return TABLE[0]


def augment_a_module_constant(s):
    TABLE[0] += s
    return TABLE[0]


def write_to_a_constant_tuple(s):
    PAIR[0] = s
    return PAIR[0]


def fill_a_module_constant(s):
    TABLE.fill(s)
    return TABLE[0]


def what_stands_still_written_to(x):
    still = stop_gradient(x * 2.0)
    still[0] = 1.0
    return np.sum(x * still)
