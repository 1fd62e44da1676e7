"""The long way into a compiled function, taken once for each signature.

Everything is checked here with messages, what is missing is compiled, and a short way is left
behind for the next call (see `dispatch.py`).
A call whose arguments fail the short comparisons comes back here to be told why.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from numba import typeof
from numba.core import types

from tangent_fwd import apart, boundary, dispatch, fitting
from tangent_fwd.boundary import Branch, Leaf, Tree, values
from tangent_fwd.curvature import Curvatures
from tangent_fwd.fields import as_tuples, direction, has_fields, like
from tangent_fwd.frontend.functions import is_passed
from tangent_fwd.frontend.parse import differentiated
from tangent_fwd.gradient import Gradients
from tangent_fwd.jacobian import Jacobians
from tangent_fwd.marks import Outer
from tangent_fwd.specialise import Specialiser, tangent_type, tuple_of
from tangent_fwd.transform.pairs import form_of, vector_types

# Numba gives no fingerprint for strings, functions and the like, nor for integers beyond 64 bits.
NO_FINGERPRINT = (NotImplementedError, OverflowError)


def _settling(
    method: Callable[[Any], Callable[..., Any]], directed: bool = False, back: bool = False
) -> Callable[[Any], Any]:
    """Where arguments are functions, ask `method` of the function of the others instead; where
    they are dicts or dataclasses, of named tuples.

    `directed`: a direction follows the arguments; `back`: the second result looks like them.
    """

    def change(slow: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(slow)
        def run(self: Router, primals: Any, *more: Any) -> Any:
            settled = self.settled(primals)
            if settled is None:
                return slow(self, primals, *more)
            made, rest, active = settled
            if directed:
                more = (self._direction(active, more[0], alone=back),)
            result = method(made)(rest, *more)
            if not back:
                return result
            value, found = result
            return value, like(active if len(active) > 1 else active[0], found)

        return run

    return change


def _is_settled(value: Any) -> bool:
    return callable(value) or has_fields(value)


class Router:
    """Checks, compiles and remembers for one function.

    `table` maps a fingerprint of `(primals, tangents)` to the short way; a plain call has `()`
    for tangents, a gradient None, and in second order a 2 stands behind them.
    """

    def __init__(
        self,
        name: str,
        signature: inspect.Signature,
        specialiser: Specialiser,
        table: dict[Any, dispatch.Call],
        fingerprint: Callable[[Any], Any],
        settle: Callable[[dict[int, Any]], Any],
    ) -> None:
        self._name = name
        self._settle = settle
        self._signature = signature
        self._names = tuple(signature.parameters)
        self._specialiser = specialiser
        self._active = specialiser.options.argnums
        self._table = table
        self._fingerprint = fingerprint
        self._known: dict[Any, dispatch.Route] = {}
        self._swept: dict[Any, Any] = {}

    def settled(self, primals: Any) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]] | None:
        """Where some arguments are functions, dicts or dataclasses: the function without the
        functions, the other arguments with named tuples for what has fields, and the active
        arguments as they were given.
        """
        if not isinstance(primals, (tuple, list)) or not any(map(_is_settled, primals)):
            defaults = (p.default for p in self._signature.parameters.values())
            if not any(callable(d) and d is not inspect.Parameter.empty for d in defaults):
                return None
        every = boundary.positional(self._name, self._signature, primals)
        functions = {i: value for i, value in enumerate(every) if is_passed(value)}
        if not functions and not any(map(has_fields, every)):
            return None
        for i in self._active:
            if i in functions:
                fitting.check_active(self._name, Leaf(self._names[i], None))
        rest = tuple(
            as_tuples(value, self._names[i]) for i, value in enumerate(every) if i not in functions
        )
        return self._settle(functions), rest, tuple(every[i] for i in self._active)

    def _direction(self, active: tuple[Any, ...], ways: Any, alone: bool) -> Any:
        """A direction with named tuples where the active arguments have them now.

        `alone`: that of one argument may stand alone, as `hvp` takes it.
        """
        wrapped = isinstance(ways, (tuple, list)) and len(ways) == 1
        if alone and len(self._active) == 1 and not wrapped:
            ways = (ways,)
        if not isinstance(ways, (tuple, list)) or len(ways) != len(self._active):
            return ways
        names = (self._names[i] for i in self._active)
        return tuple(map(direction, active, ways, names))

    @_settling(lambda made: lambda primals, _: made(*primals))
    def call(self, primals: Any, tangents: Any) -> Any:
        """The primal."""
        every, trees, kinds = self.examine(primals)
        compiled = self._specialiser.compile(kinds, 0)
        writes = compiled.program.mutated
        apart.check_apart(self._groups(trees, every), writes)
        route = self._route(
            (trees, kinds, len(primals), "call"), every, (), (), writes, compiled.entry, self.call
        )
        return self._enter(route, primals, ())

    @_settling(lambda made: made.jvp, directed=True)
    def jvp(self, primals: Any, tangents: Any) -> Any:
        """Value and tangent."""
        return self._along(primals, tangents, "jvp", 1, self.jvp)

    @_settling(lambda made: made.directional2, directed=True)
    def directional2(self, primals: Any, tangents: Any) -> Any:
        """Value, tangent and second tangent."""
        return self._along(primals, tangents, "directional2", 2, self.directional2)

    def _along(
        self, primals: Any, tangents: Any, method: str, order: int, slow: dispatch.Call
    ) -> Any:
        self._check_tuple(primals, method)
        every, trees, kinds = self.examine(primals)
        self._check_active(trees)
        active = [trees[i] for i in self._active]
        fitting.check_tangents(self._name, active, [every[i] for i in self._active], tangents)
        pairs = tuple(map(with_pairs, (kinds[i] for i in self._active), tangents))
        outer = self._specialiser.pairs(kinds, pairs)
        if outer is not None and order == 2:
            raise TypeError(f"`{self._name}.{method}`: tangents must be arrays, not outer products")
        compiled = self._specialiser.compile(kinds, 1, order, outer)
        writes = compiled.program.mutated
        groups = self._groups(trees, every)
        for i, tree, tangent in zip(self._active, active, tangents):
            arrays = apart.arrays(tree, tangent, floating=True)
            groups.append((f"the tangent of `{self._names[i]}`", i, arrays))
            if i in writes:
                apart.check_writable(tree, tangent)
        apart.check_apart(groups, writes)
        route = self._route(
            (trees, kinds, len(primals), order, *map(dispatch.form, tangents)),
            every,
            self._active,
            tangents,
            writes,
            compiled.entry,
            slow,
        )
        return self._enter(route, primals, tangents, order)

    @_settling(lambda made: lambda primals, _: made.value_and_grad(*primals), back=True)
    def gradient(self, primals: Any, tangents: Any) -> Any:
        """Value and exact gradient."""
        every, trees, kinds = self.examine(primals)
        self._check_active(trees)
        key = (trees, kinds, len(primals), "gradient")
        if key not in self._known:
            made = Gradients(
                self._name,
                lambda lanes: self._specialiser.compile(kinds, lanes),
                trees,
                self._active,
            )
            writes = self._specialiser.program(kinds, 1).mutated
            self._route(key, every, (), (), writes, made, self.gradient)
        apart.check_apart(self._groups(trees, every), self._specialiser.program(kinds, 1).mutated)
        return self._enter(self._known[key], primals, None)

    @_settling(lambda made: lambda primals, out: made.jacobian(*primals, out=out))
    def jacobian(self, primals: Sequence[Any], out: Any) -> Any:
        """The exact Jacobian."""
        plain, trees, kinds = self._apart(primals)
        made = self._swept.get((trees, kinds, "jacobian"))
        if made is None:
            compile = partial(self._specialiser.compile, kinds)
            made = Jacobians(self._name, compile, trees, self._active)
            self._swept[trees, kinds, "jacobian"] = made
        return made(plain, out)

    @_settling(lambda made: made.hvp, directed=True, back=True)
    def hvp(self, primals: Any, way: Any) -> tuple[Any, Any]:
        """Value and product with the Hessian."""
        self._check_tuple(primals, "hvp")
        plain, trees, kinds = self._apart(primals)
        active = [trees[i] for i in self._active]
        if len(active) == 1:
            wrapped = isinstance(way, (tuple, list)) and len(way) == 1
            whole = tuple if isinstance(active[0], Branch) else active[0].holder
            inside = wrapped and (whole is None or isinstance(way[0], whole))
            way = way if inside else (way,)
        fitting.check_tangents(self._name, active, [plain[i] for i in self._active], way)
        if any(isinstance(v, Outer) for tree, t in zip(active, way) for v in values(tree, t)):
            raise TypeError(f"`{self._name}.hvp`: v must hold arrays, not outer products")
        return self._curvatures(trees, kinds).product(plain, way)

    @_settling(lambda made: lambda primals, out: made.hessian(*primals, out=out))
    def hessian(self, primals: Sequence[Any], out: Any) -> Any:
        """The exact Hessian."""
        plain, trees, kinds = self._apart(primals)
        return self._curvatures(trees, kinds).hessian(plain, out)

    def _curvatures(self, trees: tuple[Tree, ...], kinds: tuple[Any, ...]) -> Curvatures:
        made = self._swept.get((trees, kinds, "curvature"))
        if made is None:
            active = self._specialiser.active(len(kinds))
            ways = (tangent_type(kind) for kind, on in zip(kinds, active) if on)
            again = Specialiser(
                differentiated(self._specialiser.function, active), self._specialiser.options
            )
            compile = partial(again.compile, (*kinds, *ways))
            every = (*trees, *(trees[i] for i in self._active))
            made = Curvatures(self._name, compile, every, self._active)
            self._swept[trees, kinds, "curvature"] = made
        return made

    def _apart(self, primals: Sequence[Any]) -> tuple[Any, tuple[Tree, ...], tuple[Any, ...]]:
        """Checked arguments as compiled code takes them, what they are made of, their types."""
        every, trees, kinds = self.examine(primals)
        self._check_active(trees)
        writes = self._specialiser.program(kinds, 1).mutated
        apart.check_apart(self._groups(trees, every), writes)
        return tuple(map(boundary.scalars, every)), trees, kinds

    def examine(self, primals: Sequence[Any]) -> tuple[Any, tuple[Tree, ...], tuple[Any, ...]]:
        """All arguments, what they are made of, and their numba types."""
        every = boundary.positional(self._name, self._signature, primals)
        trees = tuple(map(boundary.read, every, self._names))
        return every, trees, tuple(map(_type, map(boundary.scalars, every), self._names))

    def types_of(self, every: Sequence[Any]) -> tuple[Any, ...]:
        """The numba types of arguments of which some may be numba types themselves."""
        kinds = []
        for value, name in zip(every, self._names):
            if not isinstance(value, types.Type):
                boundary.read(value, name)
                value = _type(boundary.scalars(value), name)
            kinds.append(value)
        return tuple(kinds)

    def _check_tuple(self, primals: Any, method: str) -> None:
        if not isinstance(primals, (tuple, list)):
            raise TypeError(
                f"`{self._name}.{method}`: primals must be the tuple of all arguments, "
                f"not {type(primals).__name__}; write {method}((x,), (v,)) for one argument"
            )

    def _check_active(self, trees: Sequence[Tree]) -> None:
        for i in self._active:
            fitting.check_active(self._name, trees[i])

    def _groups(self, trees: Sequence[Tree], every: Sequence[Any]) -> list[apart.Group]:
        return [
            (f"`{name}`", i, apart.arrays(tree, value))
            for i, (name, tree, value) in enumerate(zip(self._names, trees, every))
        ]

    def _route(
        self,
        key: Any,
        every: Sequence[Any],
        active: Sequence[int],
        tangents: Sequence[Any],
        writes: Sequence[int],
        entry: Callable[..., Any],
        slow: dispatch.Call,
    ) -> dispatch.Route:
        route = self._known.get(key)
        if route is None:
            trees, _, given = key[:3]
            route = dispatch.build(trees, every, given, active, tangents, writes, entry, slow)
            self._known[key] = route
        return route

    def _enter(self, route: dispatch.Route, primals: Any, tangents: Any, order: int = 1) -> Any:
        # numba looks only at the first item of a list, so a list must never become a short way.
        # One inside them is looked at anew in every call.
        held = any(map(boundary.is_holder, primals))
        if type(primals) is tuple and type(tangents) is not list and not held:
            call = (primals, tangents) if order == 1 else (primals, tangents, order)
            with contextlib.suppress(*NO_FINGERPRINT):
                self._table[self._fingerprint(call)] = route.call
        return route.enter(primals, tangents)


def with_pairs(kind: Any, tangent: Any) -> Any:
    """The numba type of a checked tangent, whose outer products are tuples of their factors."""
    if isinstance(tangent, Outer) and isinstance(kind, types.Array):
        return types.BaseTuple.from_types(vector_types(kind, form_of(kind, tangent)))
    if isinstance(kind, types.BaseTuple):
        return tuple_of(kind, list(map(with_pairs, kind, tangent)))
    return tangent_type(kind)


def _type(value: Any, name: str) -> Any:
    """The numba type of the argument called `name`; TypeError where it has none."""
    try:
        kind = typeof(value)
    except (ValueError, NotImplementedError, OverflowError) as error:
        told = f"{type(value).__module__}.{type(value).__qualname__}"
        raise TypeError(f"numba cannot take `{name}`, which is a {told}") from error
    if isinstance(kind, types.FunctionType):
        raise TypeError(
            f"`{name}` is a compiled function without Python source, so it has no derivative; "
            "pass the function that it was made of"
        )
    return types.unliteral(kind)
