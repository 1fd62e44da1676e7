"""Branches, ternaries, boolean logic, early and multiple returns."""

import math

import numpy as np


def branch(s, t):
    if s > t:
        a = s * t
    else:
        a = s + t
    return a * a


def branch_without_else(s, t):
    a = s
    if t < 0.0:
        a = a * t
    return a + 1.0


def ladder(s):
    if s < -1.0:
        return -s
    elif s < 0.5:
        return s * s
    elif s < 2.0:
        return s**3 + 0.25
    return 4.0 * s


def ternary(s, t):
    return s * 2.0 if s > 0.0 else t * 3.0


def ternary_inside(s, t):
    return math.exp(s if t < 0.0 else t) * (1.0 if s > 0.0 else -1.0)


def early_return(s, t):
    if t > 1.0:
        return s
    s = s * t
    return s * s


def return_in_both(s, flag):
    if flag:
        return math.sin(s)
    else:
        return math.cos(s)


def nested_branches(s, t, u):
    if s > 0.0:
        if t > 0.0:
            a = s * t
        else:
            a = s - t
            if u > 1.0:
                a = a * u
    else:
        a = u
    return a


def boolean_logic(s, t, u):
    a = s
    if s > 0.0 and t < 0.0 or u < 0.0:
        a = s * t
    if not (s > 1.0 or t > 1.0):
        a = a + u
    return a


def chained_comparison(s, t):
    if -1.0 < s < 1.0 <= 1.5:
        return s * t
    return t


def chain_in_a_loop(x):
    total = 0.0
    for a in x:
        if 0.0 < a < 0.9:
            total += a * a
        elif a <= 0.0:
            total -= a
    return total


def comparisons_as_values(s, t):
    above = s > t
    if above:
        return s
    return t


def count_as_boolean(x, n):
    total = 0.0
    while n:
        total += x[n]
        n -= 1
    return total


def value_defined_in_both(s, t):
    if s > t:
        a = s
        c = 2.0
    else:
        a = t
        c = 3.0
    return a * c


def constant_on_one_side(s, flag):
    if flag:
        a = s * s
    else:
        a = 0.0
    return a


def integer_on_one_side(s, t):
    if t > 5.0:
        a = 1
    else:
        a = s * t
    return a * 2


def huber(x, p):
    total = 0.0
    for i in range(x.size):
        a = abs(x[i])
        if a <= p:
            total += 0.5 * a * a
        else:
            total += p * (a - 0.5 * p)
    return total


def piecewise_array(x, flag):
    if flag:
        a = np.sin(x)
    else:
        a = np.zeros_like(x)
    return a * x


def arrays_of_two_layouts(x, n):
    if n > 3:
        a = x[::2]
    else:
        a = x[:3].copy()
    return a * 2.0


def dead_branch(s):
    if False:
        s = s * 100.0
    return s * 2.0


def dead_code(s, t):
    unused = math.exp(s) * t
    unused = unused + 1.0
    return s * t


def two_returned(s, t):
    return s * t, s - t


def three_returned(x, s):
    top = np.max(x)
    return x * s, top, np.sum(x)


def returned_with_an_integer(x):
    i = np.argmax(x)
    return x[i] * x[0], i


def different_returns(s, t):
    if s > 1.0:
        return s, t
    return t * s, s


def sign_by_hand(s, t):
    sign = 1 if s > 0 else -1
    return sign * s * t


def assertion(p, q):
    assert p > 0.0
    return math.log(p) * q


def passes(s):
    if s > 100.0:
        pass
    else:
        s = s * 2.0
    return s


def bisection(p):
    low = 0.0
    high = 2.0 + p
    for _ in range(5):
        middle = 0.5 * (low + high)
        if middle * middle > 0.777:
            high = middle
        else:
            low = middle
    return low * p


def clamp_by_hand(s, t, u):
    lo = min(t, u)
    hi = max(t, u)
    return lo if s < lo else hi if s > hi else s


def chain_of_four(s, t):
    return s * t if -9.0 < s < s + 1.0 < s + 2.0 < 99.0 else s


FLAG = True


def after_what_always_leaves(s):
    if FLAG:
        return s * s
    return s * s * s


def truth_as_a_number(s, t):
    low = s < t
    return s * low - t * (t < 0.0), -s * low, t - low * s * t, (low - t) * -low - s / (3.0 + low)


def truth_in_arrays(x, y):
    low = x < y
    return x - y * (y < 0.0), -x * low, np.sum(y - low * x * y)


def optional_left_out(x, absent):
    if absent is None:
        absent = 2.0
    return x * absent


def optional_of_another_type(x, y, absent):
    weights = x if absent is None else absent
    if absent is not None and absent > 0.0:
        return 0.0
    if y is None or not absent is None:  # noqa: E714
        return 1.0
    return np.sum(weights * y)


def optional_in_a_loop(s, t, absent):
    total = 0.0
    for _ in range(3):
        if absent is None:
            total += s * t
        elif absent > 1.0:
            total += absent
        total = total * s
    return total


def optional_of_helper(s, t):
    return _scaled(s) * _scaled(s, t) + _scaled(t, None, s)


def _scaled(a, factor=None, shift=None):
    if factor is None:
        factor = 3.0
    if shift is None:
        return a * factor
    return a * factor + shift


def or_guards_the_index(x, s):
    total = s
    i = 0
    while not (i == x.size or x[i] < -0.5):
        total += x[i] * s
        i += 1
    if i == x.size or x[i] > 0.0:
        return total
    if i < x.size and x[i] * s < total:
        total = total * x[i]
    return total


def meaning_changes_after_a_while(x, s):
    a = s
    while a < 3.0:
        a = a * 1.5 + s
    b = a
    a = x * b
    return np.sum(a * a)


def meaning_changes_before_a_while(x, s, n):
    limit = n
    total = s * limit
    limit = x * s
    while total < limit[0] + 5.0:
        total = total * 1.5 + limit[1]
    return total


def meaning_changes_in_a_loop(x, n):
    total = 0.0
    for i in range(n):
        a = x[i] * 2.0
        total += a
        if a < 0.0:
            continue
        a = x * a
        total += np.sum(a)
    return total


def bound_where_conditions_agree(x, s, n):
    if n > 0:
        scale = s * s
        shifted = x * s
    elif n <= 0:
        scale = 2.0
    total = scale
    for k in range(x.size):
        if k == 0:
            seen = x[0] > 100.0
        if not seen:
            last = x * x[k]
            seen = k == 2
        if n > 0:
            shifted[k] *= scale
            total += last[k] * shifted[k]
    try:
        found = total * s
    except Exception:
        total = 0.0
    return found * scale
