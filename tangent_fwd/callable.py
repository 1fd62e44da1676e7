"""Our objects inside compiled code: `f(x)`, `f.tangent(...)` and others under `@njit`.

A `ForwardGrad` is to numba a value without content whose type knows the object.
A call asks that type for a signature; it compiles the derivative for the types at hand and
answers with a call to it, which LLVM then inlines like any other.
So the same object works as a global, a closure variable and an argument, for every combination of
dtypes and ranks that the calling code turns out to need.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping, Sequence
from types import MethodType
from typing import Any, Protocol

from numba.core import errors, typing
from numba.core.imputils import lower_constant, lower_getattr_generic
from numba.core.registry import cpu_target
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import (
    NativeValue,
    models,
    register_model,
    typeof_impl,
    types,
    unbox,
)

from tangent_fwd import boundary, guarded
from tangent_fwd.specialise import Specialisation, Specialiser


class Compilable(Protocol):
    """What a function object must offer to be called from compiled code."""

    __name__: str
    tangent: Any

    @property
    def specialiser(self) -> Specialiser:
        """The object's compiler."""

    @property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """The arguments, in order."""

    @property
    def signature(self) -> inspect.Signature:
        """That of the function."""


class CompiledType(types.Callable, types.Opaque):  # type: ignore[misc]  # numba has no types
    """The numba type of one function object; a call is the primal, or with `lanes` its tangent,
    or in second `order` both tangents.
    """

    def __init__(self, owner: Compilable, lanes: int, order: int = 1) -> None:
        self.owner = owner
        self.lanes = lanes
        self.order = order
        self._found: dict[tuple[Any, ...], Any] = {}
        word = {0: "", 1: ", tangent", 2: ", directional2"}[lanes * order]
        super().__init__(f"forward_grad({owner.__name__}{word})")

    @property
    def key(self) -> tuple[int, int, int]:
        """Identity: two functions of one name are two types."""
        return id(self.owner), self.lanes, self.order

    def get_call_type(self, context: Any, args: Sequence[Any], kws: Mapping[str, Any]) -> Any:
        """Compile for these types and return the signature to call."""
        whole = self.owner.tangent.__signature__.parameters if self.lanes else self.owner.parameters
        names = list(whole)
        given = _by_name(self.owner.__name__, names, args, kws)
        types_given = [_plain(t) for t in given]
        functions = {i: f for i, kind in enumerate(types_given) if (f := _function(kind))}
        settle = getattr(self.owner, "settle", None)
        if functions and settle is not None:
            return self._settling(context, types_given, functions, settle(functions))
        first = boundary.starred(self.owner.signature)
        if first is not None and not self.lanes:
            return self._packing(types_given, first)
        arguments, defaults = self._complete(types_given)
        specialiser = self.owner.specialiser
        try:
            pairs = specialiser.pairs(arguments, tuple(types_given[len(arguments) :]))
        except TypeError as error:
            raise errors.TypingError(f"`{self.owner.__name__}.tangent`: {error}") from error
        if pairs is not None and self.order == 2:
            message = "tangents must be arrays, not outer products"
            raise errors.TypingError(f"`{self.owner.__name__}.directional2`: {message}")
        compiled = specialiser.compile(arguments, self.lanes, self.order, pairs)
        for name, have, want in zip(names, types_given, compiled.types):
            if have != want and context.can_convert(have, want) is None:
                raise errors.TypingError(
                    f"`{self.owner.__name__}.tangent`: `{name}` has type {have}, expected {want}"
                )
        wanted = compiled.types[: len(types_given)]
        if wanted not in self._found:
            dispatcher = self._entry(compiled)
            if defaults:
                dispatcher = _with_defaults(dispatcher, len(types_given), defaults)
            dispatcher.compile(wanted)
            self._found[wanted] = dispatcher
        kinds = inspect.Parameter.POSITIONAL_OR_KEYWORD
        pysig = inspect.Signature([inspect.Parameter(n, kinds) for n in names[: len(wanted)]])
        return typing.signature(compiled.result, *wanted).replace(pysig=pysig)

    def _settling(
        self, context: Any, given: list[Any], functions: Collection[int], made: Compilable
    ) -> Any:
        """The signature of a call of which some arguments are functions; `made` is the function
        of the others.
        """
        inner = CompiledType(made, self.lanes, self.order)
        rest = [kind for i, kind in enumerate(given) if i not in functions]
        signature = inner.get_call_type(context, rest, {})
        words = [f"a{i}" for i in range(len(given))]
        passed = ", ".join(word for i, word in enumerate(words) if i not in functions)
        left = list(signature.args)
        wanted = tuple(given[i] if i in functions else left.pop(0) for i in range(len(given)))
        self._found[wanted] = dispatcher = guarded.written(
            f"def call({', '.join(words)}):\n    return entry({passed})\n",
            {"entry": _Typed(inner)},
        )
        dispatcher.compile(wanted)
        return typing.signature(signature.return_type, *wanted)

    def _packing(self, given: list[Any], first: int) -> Any:
        """The signature of a call whose last arguments go to `*args` in a tuple."""
        if len(given) < first or len(self.owner.parameters) > first + 1:
            raise errors.TypingError(
                f"`{self.owner.__name__}`: inside compiled code, `*args` comes last and every "
                "argument before it is passed"
            )
        arguments = (*given[:first], types.BaseTuple.from_types(given[first:]))
        compiled = self.owner.specialiser.compile(arguments, 0)
        words = [f"a{i}" for i in range(len(given))]
        rest = "".join(f"{word}, " for word in words[first:])
        text = f"entry({', '.join([*words[:first], f'({rest})'])})"
        self._found[tuple(given)] = dispatcher = guarded.written(
            f"def call({', '.join(words)}):\n    return {text}\n",
            {"entry": self._entry(compiled)},
        )
        dispatcher.compile(tuple(given))
        return typing.signature(compiled.result, *given)

    def _entry(self, compiled: Specialisation) -> Any:
        """The function to call, with a look at shared memory before it where it writes."""
        names = list(self.owner.parameters)
        active = self.owner.specialiser.active(len(names))
        moving = [i for i, on in enumerate(active) if on and self.lanes]
        return guarded.entry(compiled, names, moving)

    def _complete(self, given: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The types of all arguments, and the defaults that stand for those not passed."""
        from numba import typeof

        parameters = list(self.owner.parameters.values())
        arguments = tuple(given[: len(parameters)])
        rest = parameters[len(arguments) :]
        if self.lanes:
            active = self.owner.specialiser.options.argnums
            if len(given) != len(parameters) + len(active):
                raise errors.TypingError(
                    f"`{self.owner.__name__}.tangent` takes {len(parameters)} primals and "
                    f"{len(active)} tangents, got {len(given)} arguments"
                )
            return arguments, {}
        missing = [f"`{p.name}`" for p in rest if p.default is p.empty]
        if missing or len(given) > len(parameters):
            told = f"lacks {', '.join(missing)}" if missing else f"got {len(given)} arguments"
            raise errors.TypingError(
                f"`{self.owner.__name__}` takes {len(parameters)} arguments; the call {told}"
            )
        defaults = {p.name: p.default for p in rest}
        return (*arguments, *(typeof(value) for value in defaults.values())), defaults

    def get_call_signatures(self) -> tuple[list[Any], bool]:
        """Numba's question for its error messages: there is no fixed list."""
        return [], True

    def get_impl_key(self, sig: Any) -> Any:
        """The compiled function behind a signature that `get_call_type` returned."""
        return self._found[sig.args].get_overload(sig.args)


class JvpType(types.Callable, types.Opaque):  # type: ignore[misc]  # numba has no types
    """The numba type of `f.jvp`, which takes a tuple of primals and a tuple of tangents, and in
    second `order` of `f.directional2`.
    """

    def __init__(self, owner: Compilable, order: int = 1) -> None:
        self.owner = owner
        self.order = order
        self.method = f"{owner.__name__}.{'jvp' if order == 1 else 'directional2'}"
        self._found: dict[tuple[Any, ...], Any] = {}
        super().__init__(f"forward_grad({self.method})")

    @property
    def key(self) -> tuple[int, int]:
        """Identity: two functions of one name are two types."""
        return id(self.owner), self.order

    def get_call_type(self, context: Any, args: Sequence[Any], kws: Mapping[str, Any]) -> Any:
        """Write the call of the tangent for tuples of these lengths, and compile it."""
        given = _by_name(self.method, ("primals", "tangents"), args, kws)
        if len(given) != 2 or not all(isinstance(kind, types.BaseTuple) for kind in given):
            raise errors.TypingError(
                f"`{self.method}` takes a tuple of primals and a tuple of tangents"
            )
        wanted = tuple(map(_plain, given))
        if wanted not in self._found:
            parts = [
                f"{name}[{i}]"
                for name, kind in zip(("primals", "tangents"), wanted)
                for i in range(len(kind))
            ]
            self._found[wanted] = guarded.written(
                f"def call(primals, tangents):\n    return tangent({', '.join(parts)})\n",
                {"tangent": _Typed(CompiledType(self.owner, 1, self.order))},
            )
        dispatcher = self._found[wanted]
        dispatcher.compile(wanted)
        result = dispatcher.overloads[wanted].signature.return_type
        kinds = inspect.Parameter.POSITIONAL_OR_KEYWORD
        names = ("primals", "tangents")
        pysig = inspect.Signature([inspect.Parameter(n, kinds) for n in names])
        return typing.signature(result, *wanted).replace(pysig=pysig)

    def get_call_signatures(self) -> tuple[list[Any], bool]:
        """Numba's question for its error messages: there is no fixed list."""
        return [], True

    def get_impl_key(self, sig: Any) -> Any:
        """The compiled function behind a signature that `get_call_type` returned."""
        return self._found[sig.args].get_overload(sig.args)


class _Typed:
    """An object of a type."""

    def __init__(self, kind: CompiledType) -> None:
        self._numba_type_ = kind


def _by_name(
    name: str, names: Sequence[str], args: Sequence[Any], kws: Mapping[str, Any]
) -> list[Any]:
    given = list(args)
    rest = dict(kws)
    for wanted in names[len(given) :]:
        if wanted not in rest:
            break
        given.append(rest.pop(wanted))
    if rest:
        raise errors.TypingError(
            f"`{name}`: cannot place the argument {', '.join(f'`{n}`' for n in rest)}; inside "
            "compiled code, pass every argument before it too"
        )
    return given


def _function(kind: Any) -> Any:
    """The function that a type stands for; None where it is no function with Python source."""
    if isinstance(kind, CompiledType) and not kind.lanes:
        return kind.owner
    return kind.dispatcher if isinstance(kind, types.Dispatcher) else None


def _plain(given: Any) -> Any:
    """The type of the value itself: literals and omitted defaults are types of their own."""
    if isinstance(given, types.Omitted):
        from numba import typeof

        return typeof(given.value)
    return types.unliteral(given)


def _with_defaults(entry: Any, count: int, defaults: Mapping[str, Any]) -> Any:
    """A function that adds the defaults, as constants, to the `count` arguments it is given."""
    given = [f"a{i}" for i in range(count)]
    # Out of a tuple they have plain types; a number by itself would be a type of its own.
    names = [f"defaults[{i}]" for i in range(len(defaults))]
    return guarded.written(
        f"def call({', '.join(given)}):\n    return entry({', '.join(given + names)})\n",
        {"entry": entry, "defaults": tuple(defaults.values())},
    )


_PYTHON_ONLY = frozenset("value_and_grad grad jacobian hvp hessian source show save report".split())


@typeof_impl.register(MethodType)  # type: ignore[untyped-decorator]
def _bound(method: MethodType, c: Any) -> Any:
    """`f.jvp` as an argument or a captured variable; numba knows no type of other methods."""
    kind = getattr(method.__self__, "_numba_type_", None)
    order = {"jvp": 1, "directional2": 2}.get(method.__name__)
    if order is None or not isinstance(kind, CompiledType) or kind.lanes:
        return None
    return JvpType(kind.owner, order)


register_model(CompiledType)(models.OpaqueModel)
register_model(JvpType)(models.OpaqueModel)


@lower_constant(JvpType)  # type: ignore[untyped-decorator]
@lower_constant(CompiledType)  # type: ignore[untyped-decorator]
def _constant(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    return context.get_dummy_value()


@unbox(JvpType)  # type: ignore[untyped-decorator]
@unbox(CompiledType)  # type: ignore[untyped-decorator]
def _unbox(kind: Any, value: Any, c: Any) -> Any:
    return NativeValue(c.context.get_dummy_value())


@infer_getattr
class _Attributes(AttributeTemplate):  # type: ignore[misc]  # numba has no types
    """`f.tangent` and `f.jvp` in compiled code: values without content, of their own types."""

    key = CompiledType

    def resolve_tangent(self, function: CompiledType) -> CompiledType | None:
        return None if function.lanes else CompiledType(function.owner, 1)

    def resolve_jvp(self, function: CompiledType) -> JvpType | None:
        return None if function.lanes else JvpType(function.owner)

    def resolve_directional2(self, function: CompiledType) -> JvpType | None:
        return None if function.lanes else JvpType(function.owner, 2)

    def generic_resolve(self, function: CompiledType, name: str) -> None:
        """What allocates and decides as Python does stays there, and is told so."""
        if not function.lanes and name in _PYTHON_ONLY:
            owner = function.owner.__name__
            raise errors.TypingError(
                f"`{owner}.{name}` works from Python only; compiled code has `{owner}`, "
                f"`{owner}.tangent`, `{owner}.jvp` and `{owner}.directional2`"
            )


@lower_getattr_generic(CompiledType)  # type: ignore[untyped-decorator]
def _attribute(context: Any, builder: Any, kind: Any, value: Any, name: str) -> Any:
    return context.get_dummy_value()


# numba reads new definitions when a compilation begins; this module is often imported in the
# middle of the first one that needs it.
cpu_target.typing_context.refresh()
cpu_target.target_context.refresh()
