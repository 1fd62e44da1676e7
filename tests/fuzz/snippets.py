"""Short pieces of the wider language, as tables of text with holes in it.

A hole that is filled anew each time: `{s}` a number of at most `LIMIT`, `{e}` a name or an element,
`{k}` a constant, `{c}` a condition, `{n}` 0 or 1, `{i}` and `{j}` an index into `{v}` and `{A}`.
A hole that stands for one name throughout: `{v}` a vector of at least three elements, `{w}` one
as long, `{A}` a matrix that is contiguous, `{B}` any matrix of its shape, `{Q}` three by three,
`{f}` a float, `{pair}`, `{params}`, `{mode}` and `{maybe}` arguments of those kinds, `{out}` a
float that is bound, `{arr}` an array that is bound, `{q}` a number to make names new.

Behind the text: what is left behind, by hole, as `"f"`, the hole with the same shape, or a shape.
"""

from __future__ import annotations

Snippet = tuple[str, dict[str, str | tuple[int, ...]]]

OUT: dict[str, str | tuple[int, ...]] = {"out": "f"}
LIKE_V: dict[str, str | tuple[int, ...]] = {"arr": "v"}
NONE: dict[str, str | tuple[int, ...]] = {}

LISTS: list[Snippet] = [
    ("xs{q} = [{s}, {k}]\nxs{q}.append({s})\n{out} = np.tanh(xs{q}[{n}] - xs{q}[-1] * xs{q}[1])",
     OUT),
    ("xs{q} = [{s}, {s}]\nys{q} = xs{q}\nys{q}[{n}] = {s}\n{out} = 0.4 * xs{q}[0] - ys{q}[1]", OUT),
    ("xs{q} = [a{q} * {e} for a{q} in {v} if a{q} > {k}]\n{out} = 0.3\nfor b{q} in xs{q}:\n"
     "    {out} = np.tanh({out} - b{q})", OUT),
    ("rows{q} = [{v}, {v} * {e}]\nrows{q}.append({w} + 0.0)\nrows{q}[{n}][{i}] = {s}\n"
     "{arr} = np.tanh(rows{q}[{n}] - rows{q}[-1])", LIKE_V),
    ("stack{q} = [{s}, {s}, {k}]\n{out} = {k}\nwhile len(stack{q}) > 0:\n"
     "    {out} = np.sin({out} + stack{q}.pop())\n    if {c} and len(stack{q}) > 1:\n"
     "        stack{q}.pop(0)", OUT),
    ("ps{q} = [({s}, 2), ({s}, 1)]\nps{q}.append(({s}, 3))\n{out} = 0.0\n"
     "for p{q}, k{q} in ps{q}:\n    {out} = np.sin({out} * 0.5 + p{q} * k{q})", OUT),
    ("table{q} = [[{s}, {k}], [{s}, {s}]]\ntable{q}[{n}][1] = {s}\n"
     "{out} = 0.3 * table{q}[0][1] * table{q}[1][{n}]", OUT),
    ("xs{q} = [{s} for _ in range(3)]\nxs{q}.insert(1, {s})\nxs{q}.extend([{s}])\nxs{q}.reverse()\n"
     "{arr} = np.arctan(np.array(xs{q}[:3]))", {"arr": (3,)}),
    ("{out} = sum([0.1 * a{q} * b{q} for a{q} in {v} for b{q} in {w} if a{q} > b{q}], 0.0)\n"
     "{out} = np.tanh({out})", OUT),
    ("kept{q} = [{s}, {k}]\nkept{q}[{n}] = np.mean({v})\n"
     "{arr} = np.tanh({v} * kept{q}[{n}] - kept{q}[0])", LIKE_V),
    ("named{q} = {1: {s}, 4: {k}}\nnamed{q}[4] = np.sum({v} * {e})\n"
     "{arr} = np.tanh({w} * named{q}[4] + named{q}[1])", LIKE_V),
]  # fmt: skip

TUPLES: list[Snippet] = [
    ("two{q} = ({s}, {v})\ntwo{q}[1][{i}] = {s}\n{out} = np.tanh(two{q}[0] * two{q}[1][{i}])", OUT),
    ("state{q} = ({s}, {s})\nfor _ in range({n} + 1):\n"
     "    state{q} = (state{q}[1], np.tanh(state{q}[0] - {e}))\n{out} = state{q}[0]", OUT),
    ("{out}, (p{q}, k{q}) = {s}, ({s}, 2)\n{out} = np.sin({out} * p{q} + k{q})", OUT),
    ("first{q}, *rest{q} = ({s}, {s}, {s})\n{out} = 0.3 * rest{q}[1] * first{q}", OUT),
    ("up{q} = ({v}, {v} + {e})\n{arr} = up{q}[{n}] * 0.5 - 0.25 * up{q}[1]", LIKE_V),
    ("d{q}, {out} = {s} * 0.5, {s}\n{out}, d{q} = d{q}, {out}\n{out} = 0.5 * {out} * d{q}", OUT),
    ("b{q}, c{q} = {v} + 0.0, {w} * {e}\nfor _ in range(3):\n    b{q}, c{q} = c{q}, b{q}\n"
     "    b{q}[{i}] = {s}\n{arr} = np.tanh(b{q} - 0.3 * c{q})", LIKE_V),
    ("{arr}, {out} = {pair}\n{arr}[{n}] = {s}\n{out} = 0.5 * {out}", {"arr": (3,), "out": "f"}),
    ("{pair}[0][{n}] *= 0.5\n{out} = np.sin({pair}[1] + np.sum({pair}[0]))", OUT),
    ("for a{q}, b{q} in (({s}, {k}), ({s}, {s})):\n    {v}[{i}] = 0.4 * a{q} * b{q}", NONE),
]  # fmt: skip

FIELDS: list[Snippet] = [
    ('{params}["W"][{n}] = {s}\n{out} = np.sin({params}["scale"] + np.sum({params}["W"]))', OUT),
    ("{arr} = np.tanh({params}.W * {params}.scale)\n{params}.W[{n}] *= {e}", {"arr": (3,)}),
    ('{arr} = {params}["W"]\n{arr}[{n}] = 0.5 * {params}.rest[1] - {e}\n'
     '{out} = np.tanh({params}["W"][0] * {s})', {"arr": (3,), "out": "f"}),
    ("b{q}, {out} = {params}.rest\nb{q} *= 0.4\nb{q}[{n}] = {s}\n"
     '{out} = 0.3 * {out} * {params}["rest"][0][1]', OUT),
    ("for m{q} in range(3):\n    {params}.W[m{q}] = 0.5 * {params}.W[m{q} - 1] + 0.2 * "
     "{params}.scale", NONE),
    ("{out} = weighed({params}, {s})\n{out} = 0.5 * {out} - {params}.W[{n}]", OUT),
]  # fmt: skip

VIEWS: list[Snippet] = [
    ("b{q} = {v}[::-1]\nb{q}[{i}] = {s}\n{v}[{i}] *= 0.5\n{out} = 0.5 * b{q}[{i}] - {v}[{i}]", OUT),
    ("up{q} = {A}.T\nup{q}[0, 1] = {s}\nup{q}[1] *= 0.5\n{out} = 0.3 * {A}[0, 1] * up{q}[2, 0]",
     OUT),
    ("flat{q} = {A}.ravel()\nflat{q}[{n}:4] = {s}\n{A}[{j}] = {s}\n{out} = flat{q}[2]", OUT),
    ("flat{q} = {A}.reshape(-1)\nflat{q}[::2] -= 0.2 * flat{q}[::2]\n{out} = 0.4 * {A}[{j}]", OUT),
    ("b{q} = {v}\nb{q} *= 0.4\nb{q} += 0.5 * ({s})\n{out} = {v}[{i}]", OUT),
    ("b{q} = {v}[1:]\nc{q} = b{q}[:2]\nc{q}[{n}] = {s}\nb{q}[1] *= {v}[{i}] * 0.3", NONE),
    ("row{q} = {A}[{n}]\nfor m{q} in range(2):\n    row{q}[m{q}] = {s}\n    row{q} = {A}[m{q}]\n"
     "    row{q} *= 0.7", NONE),
    ("{arr} = {v}\nfor m{q} in range({n} + 1):\n    {arr}[m{q}] = {s}\n"
     "    {arr} = 0.5 * {arr} + 0.2", LIKE_V),
    ("b{q} = {A}[:, {n}]\nb{q} -= 0.5 * b{q}\nb{q}[::-1][{n}] = {s}", NONE),
    ("{v}[::-1] *= 0.5\n{v}[-2::-1] = 0.3 * {v}[1:]", NONE),
    ("e{q} = {A}[:0]\n{out} = np.sum(e{q}) + {s}\nfor r{q} in e{q}:\n    {out} = r{q}[0]", OUT),
    ("b{q} = {v} if {c} else {w}\nb{q}[{i}] = {s}\n{out} = 0.4 * {v}[{i}]", OUT),
    ("b{q} = np.zeros(1)\nb{q}[0] = {s}\n{arr} = np.tanh({v} - b{q})", LIKE_V),
    ("{v}[:] = np.tanh({w}[::-1] * {e})", NONE),
    ("{B}[...] = 0.5 * {B} + 0.3 * {A}", NONE),
    ("np.transpose({A})[1, 0] = {s}\n{A}[0] = {A}[1] * 0.5", NONE),
]  # fmt: skip

INDEXING: list[Snippet] = [
    ("m{q} = {v} > {k}\n{v}[m{q}] = {s}", NONE),
    ("{v}[{v} > {k}] *= 0.5", NONE),
    ("m{q} = {w} > {k}\n{v}[m{q}] = 0.4 * {w}[m{q}]", NONE),
    ("{out} = np.tanh(np.sum({v}[{v} > {k}]))", OUT),
    ("{out} = np.tanh(np.sum({A}[{A} < {k}]))", OUT),
    ("at{q} = np.array([2, 0, 1])\n{arr} = {v}[at{q}]\n{arr}[{n}] = {s}", {"arr": (3,)}),
    ("at{q} = np.array([2, 0])\n{v}[at{q}] = 0.5 * {v}[at{q}[::-1]] + 0.2", NONE),
    ("at{q} = np.array([1, 0, 1, 2])\n{v}[at{q}] += 0.1\n{v} *= 0.9", NONE),
    ("at{q} = np.array([0, 1])\n{A}[at{q}] *= 0.5\n{A}[at{q}, at{q}[::-1]] = {s}", NONE),
    ("for m{q} in np.argsort({v}):\n    {v}[m{q}] = np.sin({v}[m{q}] + {w}[{i}])", NONE),
    ("{arr} = {v}[np.argsort({w})]", LIKE_V),
    ("{arr} = np.take({v}, np.array([1, 2, -1]))", {"arr": (3,)}),
    ("{arr} = np.where({w} > {k}, {v}, {s})", LIKE_V),
]  # fmt: skip

LIBRARY: list[Snippet] = [
    ("{arr} = np.sort({v})", LIKE_V),
    ("{v}.sort()", NONE),
    ("{arr} = np.tanh(np.cumsum({v}) - {e})", LIKE_V),
    ("{out} = np.tanh(np.prod({v}))", OUT),
    ("{out} = 0.2 * np.var({v}) + 0.1 * np.std({A} + {e})", OUT),
    ("{arr} = np.roll({v}, {n} + 1)", LIKE_V),
    ("{arr} = np.concatenate(({v}[:1], {w}[1:]))", LIKE_V),
    ("{arr} = np.diff(np.append({v}, {s})) * 0.4", LIKE_V),
    ("{arr} = np.linspace({s}, {s}, 4)", {"arr": (4,)}),
    ("{arr} = np.arange(3) * ({s} * 0.4)", {"arr": (3,)}),
    ("{arr} = np.sum({A} * {B}, axis=1)[:3] * 0.05", {"arr": (3,)}),
    ("{out} = np.tanh(np.einsum('ij,ij->', {A}, {B}))", OUT),
    ("{arr} = np.tanh(np.einsum('ij,j->i', {Q}, {Q}[{n}]))", {"arr": (3,)}),
    ("{arr} = np.linalg.solve(0.2 * {Q} + 3.0 * np.eye(3), {Q}[{n}] - {e})", {"arr": (3,)}),
    ("{arr} = np.arctan(np.linalg.inv(0.2 * {Q} + 3.0 * np.eye(3)) @ np.ones(3))", {"arr": (3,)}),
    ("{out} = 0.01 * np.linalg.det(0.3 * {Q} + 3.0 * np.eye(3))", OUT),
    ("{out} = np.tanh(np.linalg.norm({v} + 4.0) * {e})", OUT),
    ("{out} = np.tanh(np.trace({Q}) + np.sum(np.diag({Q})))", OUT),
    ("z{q} = {s} + 1j * {s}\n{out} = 0.1 * abs(z{q} * z{q} * 0.1 + 5.0)", OUT),
    ("{out} = (np.exp(1j * ({s})) * {e}).real", OUT),
    ("z{q} = {v} + 1j * {w}[::-1]\nz{q}[{i}] = {s}\n{arr} = 0.2 * (z{q} * z{q}).imag", LIKE_V),
    ("{arr} = 0.2 * np.maximum({v}, {e}) - np.minimum({w}, 0.37)", LIKE_V),
    ("{out} = np.tanh(np.max(np.abs({A}), axis=0)[{n}] + np.mean({B}, axis=1)[{n}])", OUT),
    ("{out} = {k} if {v}.argmax() == {n} else np.median({v})", OUT),
    ("{out} = math.sin({s}) ** 2 + 3 ** -2 + ({s}) ** 0 + (2 + abs({e})) ** -1", OUT),
    ("{out} = np.sin(({s} // 0.77) + ({e} % 1.31) * (7 // 2) + divmod({e}, 0.83)[1])", OUT),
]  # fmt: skip

FLOW: list[Snippet] = [
    ("on{q} = {c}\nif on{q}:\n    late{q} = {s}\n{out} = late{q} if on{q} else {k}", OUT),
    ("for m{q} in range(3):\n    if m{q} == {n}:\n        first{q} = {s}\n"
     "    if m{q} > {n}:\n        {v}[{i}] = first{q} - 0.5 * {v}[m{q}]", NONE),
    ("if (a{q} := {s}) > {k}:\n    {out} = a{q} * 0.5\nelse:\n    {out} = 0.3 * a{q} * a{q}", OUT),
    ("{out} = 0.3 * (b{q} := {s}) * b{q}", OUT),
    ("for m{q} in range(3):\n    if {v}[{i}] * m{q} > {k}:\n        {out} = {s}\n        break\n"
     "else:\n    {out} = {s}", OUT),
    ("m{q} = 0\nwhile m{q} < 3:\n    m{q} += 1\n    {v}[{i}] *= 0.6\n    if {c}:\n        break\n"
     "else:\n    {v}[{i}] = {s}", NONE),
    ("if {mode} == 'sin':\n    {out} = np.sin({s})\nelif {mode} == 'cube':\n"
     "    {out} = ({s}) ** 3 * 0.1\nelse:\n    {out} = {k}", OUT),
    ("if {maybe} is not None:\n    {out} = np.tanh({maybe} * ({s}))\nelse:\n    {out} = {s}", OUT),
    ("{out} = {s}\nif {maybe} is None:\n    {out} = 0.5 * {out}", OUT),
    ("{out} = 1\nfor a{q} in {v}:\n    {out} = {out} * np.sin(a{q})", OUT),
    ("last{q} = {s}\nfor a{q} in {v}[::-1]:\n    {out} = last{q}\n    last{q} = 0.4 * a{q} + 0.2\n"
     "{out} = 0.4 * last{q} + {s}", OUT),
    ("for m{q}, a{q} in enumerate({v}):\n    if a{q} > {k}:\n        continue\n"
     "    {v}[m{q}] = 0.4 * a{q} + 0.5 * {v}[m{q} - 1]", NONE),
    ("for r{q} in {A}:\n    r{q} *= 0.8\n    for m{q} in range(3):\n        r{q}[m{q}] = 0.6 * "
     "r{q}[m{q} - 1]", NONE),
    ("if {c}:\n    raise ValueError('out of range')", NONE),
    ("assert {e} < 2.5, 'too large'", NONE),
]  # fmt: skip

CALLS: list[Snippet] = [
    ("{out} = clamped({s})", OUT),
    ("{out} = clamped({s}, {e}, gain={s})", OUT),
    ("{out} = clamped(gain=0.7, a={s}, low={e})", OUT),
    ("{out} = by_steps({s}, 3)", OUT),
    ("{out} = descend({v}, {n})", OUT),
    ("scale_first({v}, {s})\n{out} = 0.5 * {v}[0]", OUT),
    ("b{q} = tail({v})\nb{q}[0] = {s}\n{out} = {v}[1]", OUT),
    ("{out}, {arr} = both({v}, {s})\n{arr}[{i}] = {e}", {"out": "f", "arr": "v"}),
    ("{out} = chosen({s}, 'sin') + chosen({e} * 0.3, scale={e})", OUT),
    ("{arr} = same_or_new({v}, {s})\n{arr}[{i}] = {s}", LIKE_V),
    ("{out} = twice(tilted, {s})", OUT),
    ("{out} = np.tanh(summed({s}, {s}, {e}))", OUT),
    ("fill({A}, {s})\n{out} = {A}[{j}]", OUT),
    ("{out} = twice(lambda a{q}: np.sin(a{q} + {s}), {s})", OUT),
    ("{out} = {s}\ntry:\n    {v}[{i}] = {s}\n    {out} = checked({e}, {k}) * 0.5\n"
     "    {v}[{i}] = {out}\nexcept Exception:\n    {out} = 0.5 * {out} + 0.2 * {v}[{i}]", OUT),
    ("try:\n    {out} = checked({s}, {k}) * 0.5\nexcept Exception:\n    {out} = {s}", OUT),
]  # fmt: skip

# Bound once, at the top of the function around them.
INNER: list[Snippet] = [
    ("def inner{q}(a{q}, b{q}={k}):\n    return np.tanh(a{q} * {f} + b{q} - {s})\n\n"
     "{out} = inner{q}({s})\n{f} = 0.5 * {f} + {k}\n"
     "{out} = 0.5 * {out} + 0.3 * inner{q}({s}, b{q}={s})", OUT),
    ("line{q} = lambda a{q}: np.sin(a{q} + {s})\n{out} = line{q}({s}) - 0.4 * line{q}({k})", OUT),
    ("def put{q}(m{q}, a{q}):\n    {v}[m{q}] = np.sin(a{q} + {v}[m{q}])\n\n"
     "put{q}({n}, {s})\nfor m{q} in range(2):\n    put{q}(m{q}, {s})", NONE),
    ("def walk{q}(a{q}):\n    for m{q} in range(3):\n        if a{q} > {k}:\n"
     "            return a{q} * 0.5\n        a{q} = np.sin(a{q} + {f})\n    return {s}\n\n"
     "{out} = walk{q}({s}) - 0.5 * twice(walk{q}, {s})", OUT),
]  # fmt: skip

# Functions of the module, each written where a program calls it.
HELPERS = {
    "clamped": (
        "def clamped(a, low=-1.013, *, gain=0.81):\n    if a < low:\n        return 0.3 * low\n"
        "    if a > 1.719:\n        return 1.0\n    return np.tanh(a * gain)"
    ),
    "by_steps": (
        "def by_steps(a, n):\n    if n <= 0:\n        return 0.3 * a\n"
        "    return np.sin(a + by_steps(0.7 * a, n - 1))"
    ),
    "descend": (
        "def descend(v, k):\n    if k >= v.size:\n        return 0.4\n    v[k] = 0.5 * v[k] + 0.1\n"
        "    return np.tanh(v[k] - 0.5 * descend(v, k + 1))"
    ),
    "scale_first": "def scale_first(v, a):\n    v[0] = 0.3 * v[0] * a\n    v[1:] *= 0.9",
    "tail": "def tail(v):\n    return v[1:]",
    "both": "def both(v, a):\n    w = np.sin(v * a)\n    return np.tanh(w[0] + a), w",
    "chosen": (
        "def chosen(a, mode='cube', scale=None):\n    if mode == 'sin':\n"
        "        return math.sin(a)\n    if scale is None:\n        return 0.2 * a\n"
        "    return np.tanh(a * a * a * scale)"
    ),
    "same_or_new": (
        "def same_or_new(v, a):\n    if a > 0.313:\n        return v\n    return np.tanh(v + a)"
    ),
    "tilted": "def tilted(a):\n    return np.cos(a) - 0.1 * a",
    "twice": "def twice(f, a):\n    return 0.4 * f(0.5 * f(a))",
    "summed": (
        "def summed(first, *rest):\n    total = first\n    for a in rest:\n"
        "        total = 0.5 * total + a\n    return total"
    ),
    "fill": (
        "def fill(m, a):\n    for i in range(m.shape[0]):\n        for j in range(m.shape[1]):\n"
        "            m[i, j] = np.sin(m[i, j] * a + i)\n            if m[i, j] > 0.871:\n"
        "                return"
    ),
    "weighed": (
        "def weighed(params, a):\n    params.W[0] = np.tanh(params['scale'] * a)\n"
        "    return np.sum(params['W'] * params.rest[0]) * 0.2"
    ),
    "checked": (
        "def checked(a, bound):\n    if a > bound:\n        raise ValueError('beyond')\n"
        "    return np.sin(a * bound)"
    ),
}

ANYWHERE = LISTS + TUPLES + FIELDS + VIEWS + INDEXING + LIBRARY + FLOW + CALLS
