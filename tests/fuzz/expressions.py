"""Random expressions with a known bound, so that no program overflows or leaves a domain.

Every variable holds numbers of magnitude at most `LIMIT`; an expression knows how large it can
get, and is squeezed back under the limit when it is assigned.
"""

from __future__ import annotations

import random

from tests.fuzz.scope import Helper, Scope

LIMIT = 3.0


Term = tuple[str, float]

SMOOTH = ("sin", "cos", "tanh", "arctan", "arcsinh")


class Expressions:
    """Makes expressions from the variables of a scope."""

    def __init__(self, rng: random.Random, helpers: list[Helper]) -> None:
        self.rng = rng
        self.helpers = helpers
        self.scope = Scope()

    # scalars
    def constant(self) -> Term:
        value = round(self.rng.uniform(-2.0, 2.0), 2) + 0.003
        return (f"{value:.3f}" if value >= 0 else f"({value:.3f})"), abs(value)

    def index(self, size: int) -> str:
        """An integer expression that surely lies inside an axis of this size."""
        rng = self.rng
        known = [v for v in self.scope.of("i") if 0 < v.below <= size]
        if known and rng.random() < 0.6:
            return rng.choice(known).name
        whole = self.scope.of("i")
        if whole and rng.random() < 0.3:
            return f"({rng.choice(whole).name} + {rng.randrange(3)}) % {size}"
        return str(rng.randrange(-size, size))

    def leaf(self) -> Term:
        rng, scope = self.rng, self.scope
        options: list[str] = ["constant"]
        options += ["float"] * 6 if scope.of("f") else []
        options += ["element"] * 5 if scope.of("a") else []
        options += ["integer"] if scope.of("i") else []
        pick = rng.choice(options)
        if pick == "float":
            return rng.choice(scope.of("f")).name, LIMIT
        if pick == "integer":
            return rng.choice(scope.of("i")).name, 8.0
        if pick == "element":
            return self.element(), LIMIT
        return self.constant()

    def element(self) -> str:
        array = self.rng.choice(self.scope.of("a"))
        return f"{array.name}[{', '.join(self.index(n) for n in array.shape)}]"

    def scalar(self, depth: int = 2) -> Term:
        rng = self.rng
        if depth <= 0 or rng.random() < 0.15:
            return self.leaf()
        made = [self.binary, self.unary, self.choice, self.guarded, self.reduction, self.called]
        weights = [9, 5, 2, 4, 3 if self.scope.of("a") else 0, 2 if self.helpers else 0]
        return rng.choices(made, weights)[0](depth)

    def binary(self, depth: int) -> Term:
        (a, size_a), (b, size_b) = self.scalar(depth - 1), self.scalar(depth - 1)
        op = self.rng.choice("++--***")
        return f"({a} {op} {b})", size_a * size_b if op == "*" else size_a + size_b

    def unary(self, depth: int) -> Term:
        rng = self.rng
        a, size = self.scalar(depth - 1)
        name = rng.choice(SMOOTH)
        if rng.random() < 0.2:
            return f"(-{a})", size
        if name in ("sin", "cos", "tanh"):
            return f"{rng.choice(['math', 'np'])}.{name}({a})", 1.0
        return f"np.{name}({a})", max(1.6, min(size, 4.0))

    def choice(self, depth: int) -> Term:
        rng = self.rng
        (a, size_a), (b, size_b) = self.scalar(depth - 1), self.scalar(depth - 1)
        size = max(size_a, size_b)
        pick = rng.randrange(4)
        if pick == 0:
            return f"({a} if {self.condition(1)} else {b})", size
        if pick == 1:
            return f"{rng.choice(['min', 'max'])}({a}, {b})", size
        if pick == 2:
            return f"np.{rng.choice(['minimum', 'maximum'])}({a}, {b})", size
        return f"abs({a})", size_a

    def guarded(self, depth: int) -> Term:
        """Functions with a domain, each with its argument pushed into it."""
        rng = self.rng
        a, size = self.scalar(depth - 1)
        b, size_b = self.leaf()
        pick = rng.randrange(12)
        if pick == 0:
            return f"math.sqrt(1.2 + {a} * {a})", 1.1 + size
        if pick == 1:
            return f"np.log(1.5 + abs({a}))", 0.5 + size
        if pick == 2:
            return f"({b} / (1.3 + {a} * {a}))", size_b
        if pick == 3:
            return f"math.exp(-abs({a}))", 1.0
        if pick == 4:
            return f"np.arcsin(0.9 * math.sin({a}))", 1.6
        if pick == 5:
            return (
                f"(1.1 + abs(math.sin({a}))) ** {rng.choice(['1.7', '-0.6', '2', '-1', '3'])}",
                10.0,
            )
        if pick == 6:
            power = rng.choice([2, 3])
            return f"{b} ** {power}", size_b**power
        if pick == 7:
            return f"(1.2 + math.cos({a}) ** 2) ** np.tanh({b})", 2.3
        if pick == 8:
            return f"math.atan2({a}, 1.5 + abs({b}))", 1.6
        if pick == 9:
            return f"np.hypot({a}, 0.8)", size + 0.8
        if pick == 10:
            return f"({a} % {rng.choice(['0.7', '1.3', '(1.1 + abs(' + b + '))'])})", 1.1 + size_b
        return f"math.erf({a}) * np.log1p({b} * {b})", 1.0 + size_b

    def reduction(self, depth: int) -> Term:
        rng = self.rng
        array = rng.choice(self.scope.of("a"))
        count = 1
        for n in array.shape:
            count *= n
        name = array.name
        pick = rng.randrange(7)
        if pick == 0:
            return f"np.sum({name})", LIMIT * count
        if pick == 1:
            return f"{name}.mean()", LIMIT
        if pick == 2:
            return f"np.{rng.choice(['max', 'min'])}({name})", LIMIT
        if pick == 3 and len(array.shape) == 1:
            a, size = self.array(array.shape, depth - 1)
            return f"np.sum({name} * {a})", LIMIT * size * count
        if pick == 4 and len(array.shape) == 1:
            return f"{name}[np.arg{rng.choice(['max', 'min'])}({name})]", LIMIT
        others = [v for v in self.scope.of("a", array.shape) if v.dense]
        if pick == 5 and len(array.shape) == 1 and array.dense and others:
            return f"np.dot({name}, {rng.choice(others).name})", LIMIT * LIMIT * count
        shape = array.shape
        if pick == 6 and len(shape) == 1:
            # Something to bring a column and a row together.
            shape += rng.choice([v for v in self.scope.of("a") if len(v.shape) == 1]).shape
        a, size = self.array(shape, depth)
        return f"np.mean({a})", size

    def called(self, depth: int) -> Term:
        known = [h for h in self.helpers if h.gives == "f"]
        if not known:
            return self.binary(depth)
        helper = self.rng.choice(known)
        given = self.arguments(helper, depth)
        return (f"{helper.name}({given})", LIMIT) if given is not None else self.binary(depth)

    def arguments(self, helper: Helper, depth: int) -> str | None:
        parts = []
        for wanted in helper.takes:
            if wanted == "f":
                parts.append(self.within(self.scalar(depth - 1)))
            elif wanted == "i":
                parts.append(self.index(3) if self.rng.random() < 0.5 else "2")
            else:
                assert isinstance(wanted, tuple)
                known = [v for v in self.scope.of("a", wanted) if v.dense]
                if not known:
                    return None
                parts.append(self.rng.choice(known).name)
        return ", ".join(parts)

    # conditions
    def condition(self, depth: int = 2) -> str:
        rng = self.rng
        pick = rng.randrange(10)
        if depth > 0 and pick < 2:
            return f"({self.condition(depth - 1)} {rng.choice(['and', 'or'])} {self.condition(0)})"
        if depth > 0 and pick == 2:
            return f"(not {self.condition(depth - 1)})"
        if pick == 3 and self.scope.of("b"):
            return rng.choice(self.scope.of("b")).name
        if pick == 4 and self.scope.of("i"):
            whole = rng.choice(self.scope.of("i")).name
            test = ["% 2 == 0", "> 1", "!= 2", "< 3"]
            return f"{whole} {rng.choice(test)}"
        a, b = self.scalar(1)[0], self.scalar(0)[0]
        if pick == 5:
            return f"(-1.017 < {a} <= 1.513)"
        return f"{a} {rng.choice(['<', '>', '<=', '>='])} {b}"

    # arrays
    def array(self, shape: tuple[int, ...], depth: int = 2) -> Term:
        rng, scope = self.rng, self.scope
        known = scope.of("a", shape)
        if depth <= 0 or rng.random() < 0.2:
            if known:
                return rng.choice(known).name, LIMIT
            a, size = self.leaf()
            return f"np.full({shape if len(shape) > 1 else shape[0]}, float({a}))", size
        made = [
            self.array_binary,
            self.array_unary,
            self.array_scalar,
            self.array_choice,
            self.array_view,
            self.array_product,
        ]
        return rng.choices(made, [6, 4, 4, 3, 3, 7])[0](shape, depth)

    def array_binary(self, shape: tuple[int, ...], depth: int) -> Term:
        (a, size_a), (b, size_b) = self.array(shape, depth - 1), self.array(shape, depth - 1)
        if len(shape) == 2 and self.rng.random() < 0.3 and self.scope.of("a", shape[1:]):
            b, size_b = self.rng.choice(self.scope.of("a", shape[1:])).name, LIMIT
        op = self.rng.choice("+-**")
        return f"({a} {op} {b})", size_a * size_b if op == "*" else size_a + size_b

    def array_unary(self, shape: tuple[int, ...], depth: int) -> Term:
        rng = self.rng
        a, size = self.array(shape, depth - 1)
        pick = rng.randrange(7)
        if pick == 0:
            return f"np.sqrt(1.1 + {a} * {a})", 1.1 + size
        if pick == 1:
            return f"np.exp(-np.abs({a}))", 1.0
        if pick == 2:
            return f"{a} ** 2", size * size
        if pick == 3:
            return f"({a} / (1.4 + np.cos({a})))", size / 0.4
        name = rng.choice(SMOOTH)
        return f"np.{name}({a})", max(1.6, min(size, 4.0))

    def array_scalar(self, shape: tuple[int, ...], depth: int) -> Term:
        (a, size_a), (b, size_b) = self.array(shape, depth - 1), self.scalar(depth - 1)
        op = self.rng.choice("+-**")
        size = size_a * size_b if op == "*" else size_a + size_b
        return (f"({a} {op} {b})" if self.rng.random() < 0.5 else f"({b} {op} {a})"), size

    def array_choice(self, shape: tuple[int, ...], depth: int) -> Term:
        rng = self.rng
        (a, size_a), (b, size_b) = self.array(shape, depth - 1), self.array(shape, depth - 1)
        size = max(size_a, size_b)
        pick = rng.randrange(4)
        if pick == 0:
            return f"np.where({a} > {self.scalar(0)[0]}, {a}, {b})", size
        if pick == 1:
            return f"np.{rng.choice(['maximum', 'minimum'])}({a}, {b})", size
        if pick == 2:
            return f"np.where({a} < {b}, {self.constant()[0]}, {b})", max(size, 2.1)
        return f"np.clip({a}, -1.137, 1.271)", 1.3

    def array_view(self, shape: tuple[int, ...], depth: int) -> Term:
        view = self.view(shape)
        return (view[0], LIMIT) if view is not None else self.array_unary(shape, depth)

    def view(self, shape: tuple[int, ...]) -> tuple[str, bool] | None:
        """A view of this shape into some array, and whether it is surely C-contiguous."""
        rng = self.rng
        found: list[tuple[str, bool]] = []
        for v in self.scope.of("a"):
            if len(shape) == 1 and len(v.shape) == 1:
                n, have = shape[0], v.shape[0]
                if n == have:
                    found.append((f"{v.name}[::-1]", False))
                if n < have:
                    first = rng.randrange(have - n + 1)
                    found.append((f"{v.name}[{first}:{first + n}]", v.dense))
                if n == (have + 1) // 2:
                    found.append((f"{v.name}[::2]", False))
            elif len(shape) == 1 and len(v.shape) == 2:
                if v.shape[1] == shape[0]:
                    found.append((f"{v.name}[{self.index(v.shape[0])}]", v.dense))
                if v.shape[0] == shape[0]:
                    found.append((f"{v.name}[:, {self.index(v.shape[1])}]", False))
                if v.dense and v.shape[0] * v.shape[1] == shape[0]:
                    found.append((f"{v.name}.ravel()", True))
            elif len(shape) == 2 and v.shape == shape[::-1]:
                found.append((f"{v.name}.T", False))
        return rng.choice(found) if found else None

    def array_product(self, shape: tuple[int, ...], depth: int) -> Term:
        rng, scope = self.rng, self.scope
        dense = [v for v in scope.of("a") if v.dense]
        found: list[Term] = []
        for m in dense:
            for v in dense:
                product = m.shape[:1] + v.shape[1:]
                if len(m.shape) == 2 and m.shape[1] == v.shape[0] and product == shape:
                    found.append((f"({m.name} @ {v.name})", LIMIT**2 * m.shape[1]))
                if len(m.shape) == len(v.shape) == 1 and m.shape + v.shape == shape:
                    found.append((f"np.outer({m.name}, {v.name})", LIMIT**2))
        if len(shape) == 2:
            found += self.stretched(shape)
        for m in scope.of("a"):
            if len(m.shape) == 2 and len(shape) == 1:
                for axis in (0, 1):
                    if m.shape[1 - axis] == shape[0]:
                        name = rng.choice(["sum", "mean", "max"])
                        size = LIMIT * (m.shape[axis] if name == "sum" else 1)
                        found.append((f"np.{name}({m.name}, axis={axis})", size))
        return rng.choice(found) if found else self.array_binary(shape, depth)

    def stretched(self, shape: tuple[int, ...]) -> list[Term]:
        """A column against a row, and what one axis leaves against the whole."""
        rng, scope = self.rng, self.scope
        columns, rows = scope.of("a", shape[:1]), scope.of("a", shape[1:])
        found: list[Term] = []
        if columns and rows:
            column, row = rng.choice(columns).name, rng.choice(rows).name
            stood = rng.choice([f"{column}[:, None]", f"{column}.reshape(-1, 1)"])
            found.append((f"({stood} - {row})", 2 * LIMIT))
            found.append((f"({row} * {column}[:, np.newaxis])", LIMIT**2))
        for m in scope.of("a", shape):
            name = rng.choice(["mean", "max", "min"])
            axis = rng.randrange(2)
            found.append((f"({m.name} - {m.name}.{name}(axis={axis}, keepdims=True))", 2 * LIMIT))
        return found

    # back under the limit
    def within(self, term: Term) -> str:
        text, size = term
        if size <= LIMIT:
            return text
        pick = self.rng.randrange(4)
        if pick == 0 and size < 20.0:
            return f"{LIMIT / size:.4f} * {text}"
        if pick == 1:
            return f"2.0 * np.sin({text})"
        if pick == 2:
            return f"{text} / (1.0 + abs({text}))" if len(text) < 60 else f"np.arctan({text})"
        return f"np.tanh({text})"

    def array_within(self, term: Term) -> str:
        text, size = term
        if size <= LIMIT:
            return text
        pick = self.rng.randrange(3)
        if pick == 0 and size < 20.0:
            return f"{LIMIT / size:.4f} * {text}"
        if pick == 1:
            return f"np.clip({text}, -2.917, 2.873)"
        return f"np.{self.rng.choice(['sin', 'tanh', 'arctan'])}({text})"
