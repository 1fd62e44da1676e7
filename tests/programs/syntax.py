"""Other ways of writing what loops, branches and assignments say."""

import numpy as np

NEEDS_REWRITING = (
    "walrus_in_a_branch",
    "walrus_in_a_while",
    "walrus_behind_and",
    "walrus_twice",
    "walrus_in_a_comprehension",
    "match_with_guards",
    "sum_of_products",
    "sum_over_pairs",
    "sum_from_a_start",
    "sum_whose_name_is_taken",
    "sum_over_what_is_called_the_same",
    "largest_and_smallest",
    "any_of_them",
    "all_of_them",
)


def for_else_not_left(x, s):
    total = s
    for a in x:
        if a > 100.0:
            break
        total += a * s
    else:
        total *= s
    return total


def for_else_left(x, s):
    total = s
    for a in x:
        if a > 1.0:
            break
        total += a * s
    else:
        total *= s
    return total


def for_else_without_break(x, s):
    total = s
    for a in x:
        total += a * s
    else:
        total *= s
    return total


def while_else(s, t):
    a = s
    while a < 3.0:
        a = a * 1.5 + 0.1
        if a > 2.9 and t > 0.0:
            break
    else:
        a = a * t
    return a


def else_within_else(x, s, n):
    left = 1.5
    for _ in range(n):
        for a in x:
            if a > 100.0:
                break
            s += a * s
        else:
            s *= 0.5
            continue
        break
    else:
        s = s * s * left
    return s


def break_in_an_inner_else(x, s, n):
    for i in range(n):
        for a in x:
            s += a * s
        else:
            if i > 1:
                break
    else:
        s = 0.0
    return s


def match_numbers(x, n):
    match n:
        case 0 | 1:
            y = x[0]
        case 4:
            y = x[1] * x[2]
        case _:
            y = x[3]
    return y


def match_with_guards(s, t, n):
    match n * 2:
        case k if k > 100:
            y = s
        case 8 as k if t > 0.0:
            y = t * k
        case 8 if s > 0.0:
            y = s * t
        case k:
            y = s * k
    return y


def match_in_a_loop(x, n):
    y = 1.0
    for i in range(n):
        match i:
            case 1:
                continue
            case 3:
                break
        y *= x[i]
    return y


def walrus_in_a_branch(s, t):
    if (a := s * t) > 1.0:
        return a
    return a * s


def walrus_in_a_while(p):
    total = 0.0
    while (p := p * 0.5) > 0.1:
        total += p * p
    return total


def walrus_behind_and(s, t):
    a = s
    if t < 0.0 and (a := s * t) < 0.0:
        return a * a
    return a


def walrus_twice(s, t):
    return (a := s * t) * (b := a + s) + b


def walrus_in_a_comprehension(x):
    total = sum(last := a * a for a in x)
    return total * last


def sum_of_products(x, y):
    return sum(a * b for a, b in zip(x, y))


def sum_of_chosen_ones(x, s):
    return sum([a * s for a in x if a > 0.0])


def sum_over_pairs(x, y):
    return sum(a * b for a in x for b in y if a > b)


def sum_from_a_start(x, s):
    return sum((a * k for k, a in enumerate(x, 1)), s)


def sum_whose_name_is_taken(x, s):
    a = s * s
    return a * sum(a * a for a in x)


def sum_over_what_is_called_the_same(x):
    return sum(x * x for x in x)


def largest_and_smallest(x, y):
    return max(a * a for a in x) * min([a * b for a, b in zip(x, y)])


def any_of_them(x, s):
    return s * x[0] if any(a > 1.0 for a in x) else s


def all_of_them(x, s):
    return s * x[0] if all(a > -1.0 for a in x) else s * s


def array_of_results(x, s):
    y = np.array([a * s for a in x])
    return y * y


def array_of_results_over_a_range(x, n):
    y = np.array([x[i] * x[i + 1] for i in range(n)])
    return np.sum(y)


def a_number_or_none(s, t, n):
    y = None
    if n > 2:
        y = s * s
    z = None
    for i in range(n):
        if z is None or z < 3.0:
            z = t * i
    if y is None:
        return s
    return y * 2.0 * z
