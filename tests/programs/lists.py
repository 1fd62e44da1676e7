"""Lists that grow and shrink; the tangents of what is in one are in another."""

import heapq
import math

import numpy as np

NEEDS_REWRITING = (
    "lists_where_arrays_are_asked_for",
    "loops_over_functions",
    "mapped_and_filtered",
)


def grown_and_made_an_array(x, s):
    xs = []
    for a in x:
        if a > 0.0:
            xs.append(a * s)
    kept = np.array([a * b * s for a in x for b in x if a > b])
    y = np.array(xs)
    return np.sum(y * y) + np.sum(kept * kept) + kept.size


def changed_in_place(x, s):
    ys = [a * s for a in x]
    total = 0.0
    for i in range(len(ys)):
        total += ys[i] * ys[-1]
    ys[0] = s * s
    ys[1] = 2.0
    for v in ys:
        total *= 1.0 + v * v
    xs = [1.0, 2.0]
    xs.insert(0, s)
    xs.extend([x[0], s * s])
    xs.reverse()
    del xs[1]
    other = xs
    other[0] = other[0] * x[1]
    return total + xs[0] * xs[1] + xs[2] * xs[3]


def stacks_and_queues(x, s, n):
    stack = [s, 1.0, x[0]]
    stack.append(2.0)
    total = 0.0
    while len(stack) > 0:
        total = total * 0.5 + stack.pop() * s
    queue = [0.0] * n
    for i in range(n):
        queue[i] = x[i] * s
    while len(queue) > 1:
        total = total * queue.pop(0) + s
    places = [1, 2]
    places.append(n)
    for i in places:
        total += x[i] * x[i]
    return total


def _filled(xs, s):
    for i in range(3):
        xs.append(s * i)
    return xs[-1]


def _positive(x, s):
    return [a * a * s for a in x if a > 0.0]


def _doubled(xs):
    xs[0] = xs[0] * 2.0
    return xs


def lists_of_helpers(x, s):
    xs = [1.0, x[1]]
    total = _filled(xs, s) * xs[1] + xs[-2] * xs[0]
    ys = _positive(x, s)
    total += ys[len(ys) - 1] * ys[0] + sum(ys)
    zs = _doubled(xs)
    zs[1] = s
    copied = xs.copy()
    copied[0] = s * s
    return total + xs[0] * xs[1] + copied[0] * copied[1]


def lists_of_arrays(x, s):
    rows = [x, x * s]
    a = x * 2.0
    rows.append(a)
    a[0] = s
    for i in range(3):
        a = a * s
        rows.append(a)
        a[i] = 1.0
    rows[1][2] = s * s
    total = 0.0
    for r in rows:
        total = total * 0.5 + r[0] * r[2] + np.sum(r)
    pairs = [(s, 1), (s * s, 2)]
    pairs.append((x[0], 3))
    for p, k in pairs:
        total += p * k
    both = [x, rows[1]] + [x * s]
    both[1][0] = s
    return total + np.sum(rows[-1] * rows[2]) + both[2][0] * both[1][1] + rows[1][0]


def lists_of_lists(x, s):
    table = [[s, 1.0], [2.0, x[0]]]
    xs = [a for a in x]
    products = [[a * b for b in xs] for a in xs]
    return table[0][0] * table[1][1] + products[1][2] * products[0][3] * s


def lists_where_arrays_are_asked_for(x, s):
    xs = []
    for a in x:
        xs.append(a * s)
    part = xs[1:3]
    return max(xs) + np.mean(part) * min(xs) + np.sum(xs) * np.sum(np.asarray(part))


def _square(a):
    return a * a


def _cube(a):
    return a * a * a


def loops_over_functions(x, s):
    total = 0.0
    for f in (_square, _cube, np.sin):
        total += f(s) * x[0]
    for f in (lambda v: v * s, _cube):
        total += f(x[1])
    return total


def _weighted(found):
    return found["weight"] * found["bias"]


def fields_by_name(x, s):
    found = {"weight": x, "bias": s}
    if not isinstance(x, tuple):
        return _weighted(found) + found["weight"]
    return x


def order_of_lists(x, y):
    values = [v * y[0] for v in x] + [y[1]]
    best = sorted(values, reverse=True)[0]
    values.sort()
    values.remove(values[1])
    heap = values.copy()
    heapq.heapify(heap)
    heapq.heappush(heap, best * y[0])
    least = heapq.heappop(heap)
    return best * values[0] + least * heap[1] + values.index(values[0]) + next(iter(x))


def means_kept_in_a_list_and_a_dict(x):
    kept, named = [0.0, 2.0], {"mean": 1.0}
    kept[0] = np.mean(x)
    named["mean"] = np.mean(x * x)
    return x * kept[0] + named["mean"] * x


def _trimmed(xs, n):
    del xs[n:]
    xs[0:0] = [1.0, 2.0]


def parts_of_lists(x, s, n):
    xs = [a * s for a in x]
    same = xs
    xs[1:n] = [s * s, x[0]]
    xs[-2:-1] = same
    _trimmed(xs, n + 1)
    xs[::-2] = [x[1], s, x[2] * s, 3.0]
    same += [s, x[3]] * 2
    del xs[n - 2 : 1], xs[:1]
    ys = xs * 2
    ys[:] = ys[::-1]
    ys *= n - 2
    try:
        ys[::2] = [s]
    except Exception:
        ys[0] = s * x[4]
    places = [0, 1]
    places[1:1] = [n, 3]
    total = s if ys == xs else 1.0
    for a in ys:
        total = total * 0.8 + a
    for k in places:
        total = total * x[k] + xs[k]
    return total * len(ys)


def _positive_one(v):
    return v > 0.0


def _halved(v):
    return v * v * 0.5


def mapped_and_filtered(x, y, s):
    total = s
    for k, (a, b) in enumerate(zip(map(_halved, x), y)):
        total = total * 0.5 + a * b * k
    v = s
    for v in filter(_positive_one, map(lambda a, b: a * b + s, x, y)):
        if v > 2.0:
            continue
        total = total * v
    for a in map(_halved, filter(_positive_one, y)):
        total += a * a
    for k in filter(None, [0, 1, 3]):
        total += x[k] * v
    largest = max(map(abs, x)) * len(list(filter(_positive_one, x)))
    rows = [[a * b for b in y] for a in x]
    seen = {1, 2}
    more = seen.copy()
    more.add(3)
    sums = sum([sum(r) * s for r in rows]) * len(more) * len(seen)
    return total + largest * sum(map(math.sin, x)) + sums
