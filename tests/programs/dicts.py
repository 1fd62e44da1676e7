"""Dicts and sets; the tangents of what is in a dict are in another with the same keys."""

import numpy as np

NEEDS_REWRITING = (
    "tables_made_at_once",
    "places_in_sets",
    "fields_one_by_one",
    "tables_of_words",
    "records_made_here",
)
BODY = np.dtype([("mass", np.float64), ("place", np.float64, (2,)), ("id", np.int64)])


def tables_of_numbers(x, s, k):
    table = {k: s, 2: x[0]}
    table[5] = s * x[1]
    table[k] += table[2] * s
    total = table.get(7, s * s) + table.get(5, 0.0) + table.setdefault(9, x[2])
    for i in table:
        total = total * 0.5 + table[i] * i
    for key, v in table.items():
        total += key * v * v
    del table[2]
    total += table.pop(5) + len(table) + table.pop(77, s)
    if 2 in table or 5 in table or 9 not in table:
        total += 100.0 * s
    other = table.copy()
    other.update({3: s, 4: 0.5})
    same = table
    same[9] = other[4] * s
    for place, v in enumerate(other.values()):
        total += v * v * place
    table.clear()
    return total + len(same) + other[9] * other[3]


def _filled(table, s):
    table[4] = s * s
    return table[1] * s


def _tallied(words, x):
    found = {}
    for i in range(len(words)):
        word = words[i]
        found[word] = found.get(word, 0.0) + x[i] * x[i]
    return found


def tables_of_words(x, s):
    found = _tallied(["a", "b", "a", "c", "b"], x)
    for name in found:
        found[name] = found[name] * s
    found["c"] = 2.0
    found["d"] = s
    found["d"] *= x[0]
    numbers = {1: x[0]}
    total = _filled(numbers, s) + numbers[4] * x[1]
    try:
        total += numbers[17] * s
    except Exception:
        total += s
    return total + found["a"] * found["b"] + found["c"] * found["d"]


def tables_of_arrays(x, s):
    rows = {"whole": x, "half": x * s}
    rows["still"] = np.ones(3)
    rows["half"][1] = s * s
    rows["still"][0] = x[0] * s
    pairs = {1: (s, 2), 2: (x[1], 5)}
    inner = {1: {2: s}}
    inner[1][3] = x[0]
    several = [{1: s}, {1: x[0], 2: s}]
    total = several[1][2] * several[0][1]
    for name, row in rows.items():
        total += np.sum(row) * row[0] + len(name)
    for p, q in pairs.values():
        total += p * p * q
    return total + inner[1][3] * inner[1][2]


def tables_made_at_once(x, s):
    kept = {i: a * s for i, a in enumerate(x) if a > 0.0}
    squares = dict()
    for i in kept:
        squares[i] = kept[i] * kept[i]
    both = {**kept, 77: s, 78: x[0]}
    total = sum(both.values()) * max(kept.values())
    for i in list(both):
        if i > 70:
            del both[i]
    named = dict(u=s, v=x[1])
    for a, v in zip(squares.values(), named.values()):
        total += a * v
    if len(x) > 3:
        chosen = {1: 2.0}
    else:
        chosen = {1: s}
    return total + named["u"] * sum(both.values()) + chosen[1] * s


def places_in_sets(x, s, m):
    seen = {1, 2}
    for i in m:
        if i in seen:
            seen.discard(i)
        seen.add(i + 1)
    odd = {i for i in m if i % 2 == 1}
    seen.remove(5)
    total = s * len(seen)
    for i in (seen | odd) - (seen & odd):
        total += x[i] * s
    shared = odd.intersection(seen)
    if shared <= seen and not shared.isdisjoint(odd):
        total *= len(seen ^ odd)
    for i in seen:
        total += x[i] * x[i] * s
    for i in set(m):
        total += x[i] * s
    return total + sum(odd) * s if 3 in odd and len(odd) in (1, 2) else s


def _weighted(layers, s):
    total = 0.0
    for word, values in layers.items():
        total += np.sum(values) * s * len(word)
    return total


def fields_one_by_one(x, s):
    return _weighted({"first": x * s, "second": np.ones((2, 2)), "third": x[:2]}, s)


def _bodies(x, n):
    made = np.empty((n, 2), dtype=BODY)
    made["mass"] = 1.0
    for i in range(n):
        made[i, 0]["mass"] = x[i] * x[i]
        made["place"][i] = x[i + 1]
        made["id"][i, :] = i
    return made


def _moved(bodies, s):
    for body in bodies:
        body["mass"] *= s
    return bodies["mass"][0] * bodies["place"][1, 0]


def records_made_here(x, s, n):
    bodies = _bodies(x, n)
    first, last = bodies[:, 0], bodies[1:, 1].copy()
    total = _moved(first, s)
    last["mass"] += bodies["mass"][1:, 0] * s
    others = np.zeros_like(last)
    others[:] = last
    others[0] = bodies[n - 1, 0]
    for body in first:
        last[2] = body
    others["place"][:, 1] = last["mass"]
    sums = np.zeros(first.size, first.dtype)
    sums[2]["mass"] = total * s
    for body in first:
        total += body["mass"] * body["id"]
    return total + np.sum(others["place"] * s) + sums["mass"][2] + np.sum(bodies["place"])
