"""Random statements that do not branch: assignments, stores, views, calls."""

from __future__ import annotations

import random

from tests.fuzz.expressions import Expressions
from tests.fuzz.scope import Helper, Scope, Variable

SHAPES: tuple[tuple[int, ...], ...] = ((4,), (3,), (3, 4), (4, 3), (3, 3))
NAMES = ("a", "c", "e", "g", "h", "total", "d_a", "d_x", "t1", "d_x_0", "value", "out", "step")
ARRAYS = ("u", "v", "w", "z", "d_u", "buffer", "grid", "tmp")
WHOLE = ("i", "j", "k", "m", "count")


class Statements:
    """Writes straight-line statements, and keeps account of what they define."""

    def __init__(self, rng: random.Random, helpers: list[Helper], gives: str) -> None:
        self.rng = rng
        self.make = Expressions(rng, helpers)
        self.helpers = helpers
        self.gives = gives
        self.shape = rng.choice(SHAPES)
        self.loops = 0  # loops around the statement that is being written
        self.trips = 1  # how often it runs
        self.settled = False  # integers do not become floats any more

    @property
    def scope(self) -> Scope:
        return self.make.scope

    def returned(self) -> str:
        make = self.make
        scalar = make.within(make.scalar())
        if self.gives == "f":
            return f"return {scalar} * 1.0"
        if self.gives == "ff":
            return f"return {scalar} * 1.0, {make.within(make.scalar(1))} * 1.0"
        if self.gives == "none":
            return "return"
        known = self.scope.of("a", self.shape)
        if known and self.rng.random() < 0.4:
            array = self.rng.choice(known).name
        else:
            array = make.array_within(make.array(self.shape))
        if self.gives == "a":
            return f"return {array} + 0.0" if self.rng.random() < 0.8 else f"return 1.0 * ({array})"
        return f"return {scalar} * 1.0, {array} * 1.0"

    # assignments
    def target(self) -> str:
        """A float name: one that exists, so that it is carried on, or a new one."""
        known = self.scope.of("f")
        if known and self.rng.random() < 0.6:
            return self.rng.choice(known).name
        return self.rng.choice([n for n in NAMES if self.kind(n) in ("", "f")])

    def kind(self, name: str) -> str:
        found = self.scope.variables.get(name)
        return found.kind if found else ""

    def assign(self, depth: int) -> list[str]:
        text = self.make.within(self.make.scalar(3))
        name = self.target()
        whole = [v for v in self.scope.of("i") if not v.below]
        if whole and not self.loops and not self.settled and self.rng.random() < 0.2:
            name = self.rng.choice(whole).name  # an integer becomes a float
        self.scope.add(Variable(name, "f"))
        return [f"{name} = {text} * 1.0"]

    def augment(self, depth: int) -> list[str]:
        known = self.scope.of("f")
        if not known:
            return self.assign(depth)
        name = self.rng.choice(known).name
        term = self.make.scalar(2)
        pick = self.rng.randrange(4)
        if pick == 0:
            return [f"{name} /= 1.0 + abs({term[0]})"]
        if pick == 1:
            return [f"{name} *= {self.make.within(term)}", f"{name} = np.arctan({name})"]
        sign = self.rng.choice("+-")
        return [f"{name} *= 0.5", f"{name} {sign}= 0.5 * ({self.make.within(term)})"]

    def whole(self, depth: int) -> list[str]:
        name = self.rng.choice([n for n in WHOLE if self.kind(n) in ("", "i")])
        if name in self.protected:
            return self.assign(depth)
        old = [v.name for v in self.scope.of("i")]
        size = self.rng.choice((3, 4, 5))
        if old and self.rng.random() < 0.6:
            text = f"({self.rng.choice(old)} * 2 + {self.rng.randrange(4)}) % {size}"
        elif self.rng.random() < 0.3:
            text = f"int(abs({self.make.scalar(1)[0]})) % {size}"
        else:
            text = str(self.rng.randrange(size))
        self.scope.add(Variable(name, "i", below=0 if self.rng.random() < 0.3 else size))
        return [f"{name} = {text}"]

    protected: frozenset[str] = frozenset()

    def flag(self, depth: int) -> list[str]:
        text = self.make.condition()
        self.scope.add(Variable("flag", "b"))
        return [f"flag = {text}"]

    def swap(self, depth: int) -> list[str]:
        rng = self.rng
        arrays = self.scope.of("a")
        floats = self.scope.of("f")
        if arrays and rng.random() < 0.5:
            array = rng.choice(arrays)
            a, c = [
                f"{array.name}[{', '.join(self.make.index(n) for n in array.shape)}]"
                for _ in range(2)
            ]
            return [f"{a}, {c} = {c}, 0.9 * {a}"]
        if len(floats) < 2:
            return self.assign(depth)
        a, c = rng.sample([v.name for v in floats], 2)
        first, second = self.make.within(self.make.scalar(1)), self.make.within(self.make.scalar(1))
        if rng.random() < 0.5:
            return [f"{a}, {c} = {c}, {a}"]
        return [f"{a}, {c} = {first} * 1.0, {second} * 1.0"]

    # arrays
    def new_array(self, depth: int) -> list[str]:
        rng = self.rng
        known = self.scope.of("a")
        dense = False
        if known and rng.random() < 0.3:
            old = rng.choice(known)
            name, shape = old.name, old.shape
        else:
            name, shape = rng.choice(ARRAYS), rng.choice(SHAPES)
            if name in self.scope.variables:
                shape = self.scope.variables[name].shape
        size = shape if len(shape) > 1 else shape[0]
        same = self.scope.of("a", shape)
        pick = rng.randrange(6)
        if pick == 0:
            text, dense = f"np.{rng.choice(['zeros', 'ones'])}({size})", True
        elif pick == 1 and same:
            old = rng.choice(same)
            text, dense = f"{old.name}.copy()", old.dense
        elif pick == 2 and same:
            old = rng.choice(same)
            text, dense = f"np.{rng.choice(['zeros', 'ones'])}_like({old.name})", old.dense
        elif pick == 3:
            text, dense = f"np.full({size}, {self.make.within(self.make.scalar(1))} * 1.0)", True
        else:
            text = self.make.array_within(self.make.array(shape)) + " + 0.0"
        if self.kind(name) in ("f", "i", "b") or name in self.protected:
            return self.assign(depth)
        self.scope.add(Variable(name, "a", shape, dense))
        return [f"{name} = {text}"]

    def store(self, depth: int) -> list[str]:
        known = self.scope.of("a")
        if not known:
            return self.new_array(depth)
        element = self.make.element()
        term = self.make.scalar(2)
        pick = self.rng.randrange(4)
        if pick == 0:
            return [f"{element} *= 0.5", f"{element} += 0.5 * ({self.make.within(term)})"]
        if pick == 1:
            return [f"{element} = {self.make.constant()[0]}"]
        return [f"{element} = {self.make.within(term)}"]

    def store_slice(self, depth: int) -> list[str]:
        rng, make = self.rng, self.make
        known = self.scope.of("a")
        if not known:
            return self.new_array(depth)
        array = rng.choice(known)
        n = array.shape[0]
        if len(array.shape) == 1:
            first = rng.randrange(n - 1)
            last = rng.randrange(first + 1, n + 1)
            place = rng.choice([f"{first}:{last}", ":", "::2"])
            length = {":": n, "::2": (n + 1) // 2}.get(place, last - first)
            shape: tuple[int, ...] = (length,)
        else:
            pick = rng.randrange(3)
            place = [make.index(n), f":, {make.index(array.shape[1])}", f"1:, 1:{array.shape[1]}"][
                pick
            ]
            shape = [(array.shape[1],), (n,), (n - 1, array.shape[1] - 1)][pick]
        same = self.own_slice(array) if len(array.shape) == 1 else None
        if same is not None and rng.random() < 0.4 and shape == (same[1],):
            text = same[0]
        elif rng.random() < 0.3 or not (self.scope.of("a", shape) or make.view(shape)):
            text = make.within(make.scalar(1))
        else:
            # NumPy itself reads what it has just written in `a[1] = a[:, 0]`, a plain copy between
            # views of unlike steps; a sum is a new array.
            text = make.array_within(make.array(shape)) + " + 0.0"
        if rng.random() < 0.25:
            return [
                f"{array.name}[{place}] *= 0.5",
                f"{array.name}[{place}] += 0.5 * ({text})",
            ]
        return [f"{array.name}[{place}] = {text}"]

    def own_slice(self, array: Variable) -> tuple[str, int]:
        """A slice of a vector to be stored into the same vector, and its length."""
        n = array.shape[0]
        first = self.rng.randrange(n - 1)
        last = self.rng.randrange(first + 1, n + 1)
        place = self.rng.choice([f"{first}:{last}", "::-1", "::2"])
        length = {"::-1": n, "::2": (n + 1) // 2}.get(place, last - first)
        return f"{array.name}[{place}]", length

    def augment_array(self, depth: int) -> list[str]:
        known = self.scope.of("a")
        if not known:
            return self.new_array(depth)
        array = self.rng.choice(known)
        other = self.make.array_within(self.make.array(array.shape, 1))
        return [f"{array.name} *= 0.5", f"{array.name} -= 0.5 * ({other})"]

    def take_view(self, depth: int) -> list[str]:
        names = [n for n in ARRAYS if self.kind(n) in ("", "a") and n not in self.protected]
        name = self.rng.choice(names)
        old = self.scope.variables.get(name)
        shape = old.shape if old else self.rng.choice(((4,), (3,), (2,), (3, 4), (4, 3)))
        if self.rng.random() < 0.2 and self.scope.of("a", shape):
            same = self.rng.choice(self.scope.of("a", shape))
            self.scope.add(Variable(name, "a", shape, same.dense))
            return [f"{name} = {same.name}"]
        view = self.make.view(shape)
        if view is None:
            return self.store(depth)
        self.scope.add(Variable(name, "a", shape, view[1]))
        return [f"{name} = {view[0]}"]

    def call(self, depth: int) -> list[str]:
        helper = self.rng.choice(self.helpers)
        given = self.make.arguments(helper, 2)
        if given is None:
            return self.assign(depth)
        text = f"{helper.name}({given})"
        if helper.gives == "none":
            return [text]
        if helper.gives == "a":
            name = self.rng.choice([n for n in ARRAYS if n not in self.protected])
            old = self.scope.variables.get(name)
            if old is not None and old.shape != helper.shape:
                return self.assign(depth)
            self.scope.add(Variable(name, "a", helper.shape, dense=False))
            return [f"{name} = {text}"]
        if helper.gives == "f":
            name = self.target()
            self.scope.add(Variable(name, "f"))
            return [f"{name} = {text}"]
        first, second = self.rng.sample([n for n in NAMES if self.kind(n) in ("", "f")], 2)
        self.scope.add(Variable(first, "f"))
        self.scope.add(Variable(second, "f"))
        return [f"{first}, {second} = {text}"]
