"""Names that stand for nothing."""

import math

import numpy as np

LEARNING_RATE = 0.1


def unknown_name(s):
    return s * scael


def misspelt_constant(s):
    return s * LEARNING_RATTE


def misspelt_local(s):
    total = s * s
    return totel


def misspelt_parameter(scale):
    return scal * 2.0


def far_from_every_name(s):
    return s * qqqqqqqq


def unknown_function(s):
    return sqrtt(s)


def unknown_attribute_of_numpy(s):
    return np.sinn(s)


def unknown_constant_of_numpy(s):
    return s * np.pie


def unknown_attribute_of_math(s):
    return math.expp(s)


def unknown_in_a_submodule(A):
    return np.linalg.sovle(A, A)[0, 0]


def unknown_module(s):
    return nq.sin(s)


def unknown_method(x):
    return x.summ()


def method_that_numpy_has(x):
    return x.byteswap()


def unknown_attribute_of_an_array(x):
    return x[0] * x.length


def unknown_field(params):
    return params.wieght


def attribute_of_a_number(s):
    return s.T


def used_before_assignment(s):
    r = total + s
    total = r
    return total


def assigned_on_no_path(s):
    if s > 0.0:
        return s
    return never
    never = 1.0


def deleted_builtin(s):
    return prnt(s)
