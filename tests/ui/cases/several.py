"""Everything that is wrong with a function is said at once."""

import numpy as np


def three_kinds(s, n):
    values = [s, s]
    if n == b"12":
        with open("log.txt") as log:
            pass
    return s * sclae


def two_on_one_line(x):
    return [v for v in x][0] * (v for v in x)


def two_without_rule(x):
    a = np.random.poisson(x[0])
    b = np.random.zipf(x[1])
    return a * b


def the_same_twice(x):
    a = np.random.poisson(x[0])
    return a * np.random.poisson(x[0])


def in_both_branches(s, flag):
    if flag:
        del s
        return s
    else:
        return unknown * s


def inside_a_loop(x):
    total = 0.0
    for i in range(x.size):
        del total
        total += np.sinn(x[i])
    return total


def signature_and_body(s, *rest):
    import math

    return s
