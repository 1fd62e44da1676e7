"""Loops: over ranges, elements, rows, pairs; while, break, continue."""

import math

import numpy as np

NEEDS_REWRITING = {
    "backwards_over_a_range",
    "backwards_over_an_array",
    "backwards_with_a_stride",
}


def rosenbrock(x):
    total = 0.0
    for i in range(x.size - 1):
        total += (1.0 - x[i]) ** 2 + 100.0 * (x[i + 1] - x[i] ** 2) ** 2
    return total


def repeat(s, n):
    a = s
    for _ in range(n):
        a = math.sin(a) + 0.5 * s
    return a


def range_with_start_and_step(x):
    total = 0.0
    for i in range(1, len(x), 2):
        total += x[i] * i
    for i in range(len(x) - 1, -1, -1):
        total = 0.5 * total + x[i]
    return total


def over_elements(x, s):
    total = s
    for a in x:
        total = total * 0.5 + a * a
    return total


def over_rows(X, b):
    total = 0.0
    for v in X:
        total += np.sum(v * b) ** 2
    return total


def with_enumerate(x):
    total = 0.0
    for i, a in enumerate(x):
        total += a ** (i + 1)
    return total


def with_zip(x, y):
    total = 0.0
    for a, c in zip(x, y):
        total += a * math.exp(-c)
    return total


def with_zip_of_three(x, y, z):
    total = 1.0
    for a, c, e in zip(x, y, z):
        total = total * 0.5 + a * c * e
    return total


def enumerate_zip(x, y):
    total = 0.0
    for i, (a, c) in enumerate(zip(x, y)):
        total += (i + 1.0) * a * c
    return total


def nested(X):
    total = 0.0
    for i in range(X.shape[0]):
        inner = 1.0
        for j in range(X.shape[1]):
            inner *= 1.0 + 0.1 * X[i, j]
        total += inner
    return total


def triangular(A):
    total = 0.0
    for i in range(A.shape[0]):
        for j in range(i):
            total += A[i, j] * A[j, i]
    return total


def newton_square_root(p):
    a = p
    for _ in range(30):
        a = 0.5 * (a + p / a)
    return a


def while_until_small(s):
    a = s * s + 4.0
    count = 0
    while a > 0.1:
        a = a * 0.5
        count += 1
    return a + count * s


def while_with_counter(x, n):
    i = 0
    total = 0.0
    while i < n:
        total += x[i] * total + x[i]
        i += 1
    return total


def break_out(x):
    total = 0.0
    for a in x:
        if total > 0.9:
            break
        total += a * a
    return total


def continue_over(x):
    total = 0.0
    for i in range(x.size):
        if x[i] < 0.0:
            continue
        total += x[i] ** 3
    return total


def break_and_continue(x, s):
    total = s
    for i in range(20):
        if i % 3 == 0:
            continue
        total = total * 0.9 + x[i % 5]
        if i > 12:
            break
    return total


def break_inner(X):
    total = 0.0
    for i in range(X.shape[0]):
        for j in range(X.shape[1]):
            if j > i:
                break
            total += X[i, j] ** 2
    return total


def while_true(s):
    a = s
    while True:
        a = a + s * s
        if a > 3.0:
            break
    return a * a


def loop_that_never_runs(x, s):
    a = s
    for i in range(0):
        a = a * x[i]
    return a


def loop_over_nothing(nothing, s):
    total = s
    for a in nothing:
        total += a
    return total + np.sum(nothing)


def carried_pair(s, n):
    a = s
    c = 1.0
    for _ in range(n):
        a, c = a + c * 0.5, c - a * 0.25
    return a * c


def fibonacci_like(s, t, n):
    for _ in range(n):
        s, t = t, s + 0.5 * t
    return s * t


def horner(x, s):
    total = x[x.size - 1]
    for i in range(x.size - 2, -1, -1):
        total = total * s + x[i]
    return total


def accumulate_integers_and_floats(x, n):
    count = 0
    total = 0.0
    for i in range(n):
        count += i
        total += count * x[i]
    return total / count


def integer_start(x):
    total = 0
    for a in x:
        total += a
    return total


def loop_variable_after_the_loop(x):
    total = 0.0
    for i in range(x.size):
        total += x[i]
    return total * x[i]


def variable_reused_in_two_loops(x, y):
    total = 0.0
    for a in x:
        total += a * a
    for a in y:
        total += 2.0 * a
    return total + a


def loop_over_a_tuple(s, t, u):
    total = 1.0
    for a in (s, t, u):
        total = total * (1.0 + a * a)
    return total


def return_from_a_loop(x, s):
    for i in range(x.size):
        if x[i] > 0.7:
            return x[i] * s
    return s


def running_maximum(x):
    best = x[0]
    for i in range(1, x.size):
        if x[i] > best:
            best = x[i]
    return best * best


def logistic_map(s, p):
    a = 1.0 / (1.0 + s * s)
    for _ in range(8):
        a = (2.0 + 0.5 * p / (1.0 + p)) * a * (1.0 - a)
    return a


def continued_fraction(s, n):
    a = s
    i = n
    while i > 0:
        a = 1.0 / (i + a * a)
        i -= 1
    return a


def matrix_product_by_hand(A, X):
    out = np.zeros((4, 3))
    for i in range(4):
        for j in range(3):
            total = 0.0
            for l in range(4):  # noqa: E741
                total += A[i, l] * X[l, j]
            out[i, j] = total
    return out


def descent_with_decay(x, s):
    for _ in range(3):
        step = x * s
        s = s * 0.5
        x = x - step
    return x


def matrix_applied_again_and_again(A, b):
    v = A[0] * b[0]
    for _ in range(2):
        v = A @ v
    return v


def allocation_that_grows(s):
    n = 1
    total = 0.0
    for _ in range(2):
        block = np.full((n, 2), s)
        n += 4
        total += np.sum(block)
    return total


def range_beside_an_array(x, n):
    total = 0.0
    for k, a in zip(range(n), x):
        total += k * a * a
    for k, a, c in zip(range(9, -9, -4), x, range(2, n + 20, 3)):
        total += k * a * c
    return total


def range_counted(x, n):
    total = 0.0
    for k, i in enumerate(range(1, n)):
        total += k * x[i] * x[k]
        k = -i
        total += k * x[i]
    return total


def enumerate_from_one(x, y):
    total = 0.0
    for k, (a, c) in enumerate(zip(x, y), 1):
        total += k * a * c
    return total


def enumerate_from_a_variable(x, n):
    total = 0.0
    for k, a in enumerate(x, n):
        n = k * 2
        total += n * a * a
    return total


def backwards_over_a_range(x, n):
    total = 0.0
    for i in reversed(range(n)):
        total = total * x[i] + 1.0
    for i in reversed(range(1, x.size)):
        total = total + x[i] * x[i - 1] * i
    return total


def backwards_over_an_array(x, y):
    total = 0.0
    for a, c in zip(reversed(x), y):
        total = total * a + c
    return total


def backwards_with_a_stride(x, n):
    total = 0.0
    for i in reversed(range(0, n + 1, 2)):
        total = total * x[i] + 1.0
    for k, i in enumerate(reversed(range(n, 0, -2))):
        total = total * x[i] + k
    return total


def over_its_own_name(x):
    total = 0.0
    for x in x:
        total = total * x + x
    return total


def one_name_twice(x, y):
    total = 0.0
    for i, (i, a) in enumerate(zip(x, y)):
        total += i * i * a
    return total


def bound_in_the_first_round(x):
    total = 0.0
    for k in range(x.size):
        if k == 0:
            first = x[0] * x[1]
        total += first * x[k]
    return total


def previous_element(x, n):
    total = 0.0
    for k, a in enumerate(x):
        if k == 0:
            last = a
            continue
        total += last * a
        last = a
    start = n - 3
    for i in range(start, x.size):
        if i == start:
            kept = x[i] * total
        else:
            total += kept * x[i]
            kept = x[i]
    return total


def _over(x, places):
    total = 0.0
    for i in places:
        total += x[i] * x[i]
    return total + sum(places) + (3 in places)


def ranges_with_names(x, s, n, k):
    r, back = range(1, n + 1, 2), range(n - 1, 0, -1)
    if s < 0.0:
        back = range(0)
    total = s * len(r) + r.start * s + x[r.stop - 1] * r.step + len(range(n, 0, -2)) * s
    for i in r:
        for j in back:
            if j == 2 and i == 1:
                continue
            total = total * 0.7 + x[i] * x[j]
        if i == 7:
            break
    else:
        total = total * s
    for j, i in enumerate(back):
        total += x[i] * j
    for i, a in zip(range(0, n, k - 1), x):
        total = total * 0.5 + a * i
    for places in (range(2), r):
        total = total * _over(x, places)
    if k in r and n not in r:
        total *= x[1]
    return total + sum(range(n)) * s + max(range(1, n)) * x[0] + sum([x[i] for i in r])
